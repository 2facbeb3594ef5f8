// `pulpemu registers`: the register descriptions of the machine, from the one declaration.

import ArgumentParser
import Foundation
import HardwareModel
import PULPissimo
import RegisterExport

/// Prints the register blocks, or writes them to files.
public struct RegistersCommand: ParsableCommand {
  public static let configuration = CommandConfiguration(
    commandName: "registers",
    abstract: "Print the machine's register descriptions.",
    discussion: """
      All forms come from the declarations that the emulator itself runs on. Without --output-directory the text goes \
      to standard output; with it, into Registers.md, pulpissimo.svd, registers.json, registers.txt, or one \
      NAME_regs.h a block.

      Exit status: 64 for an unknown block, 73 if a file cannot be written.
      """)

  @Option(help: ArgumentHelp("Only this block (an instance's or a declaration's name).", valueName: "NAME"))
  public var block: String?

  @Option(help: "text, markdown, svd (CMSIS-SVD), header (C) or json.")
  public var format: RegisterFormat = .text

  @Option(help: ArgumentHelp("Write files there instead of printing.", valueName: "DIR"))
  public var outputDirectory: String?

  @Option(help: ArgumentHelp("Hardware revision: p8 (default) or p7.", valueName: "p8|p7"))
  public var profile = "p8"

  public init() {}

  public func run() throws {
    guard let profile = MachineConfiguration.Profile(rawValue: profile) else {
      throw ValidationError("--profile takes p8 or p7, not '\(profile)'")
    }
    let blocks = try Self.select(block, of: MachineDescription.placedBlocks(profile))
    guard let outputDirectory else {
      Console.output(format.render(blocks), terminator: "")
      return
    }
    for file in format.files(for: blocks) {
      let path = (outputDirectory as NSString).appendingPathComponent(file.name)
      try Console.reporting {
        // What cannot be created is told with the file's name.
        try? FileManager.default.createDirectory(atPath: outputDirectory, withIntermediateDirectories: true)
        try HostFiles.put(file.content, to: path)
      }
    }
  }

  /// The blocks with that name, all without one. Letter case does not matter.
  public static func select(_ name: String?, of blocks: [PlacedBlock]) throws -> [PlacedBlock] {
    guard let name else { return blocks }
    let found = blocks.filter { block in
      [block.name, block.block.name].contains { $0.caseInsensitiveCompare(name) == .orderedSame }
    }
    guard found.isEmpty else { return found }
    throw ValidationError("No block '\(name)'. The machine has: \(blocks.map(\.name).joined(separator: ", ")).")
  }
}

extension RegisterFormat: ExpressibleByArgument {}
