// `pulpemu demo`: the RetNet generates text on the emulated PULPissimo.

import ArgumentParser
import Foundation
import Instrumentation
import PULPissimo

/// Runs the shipped RetNet in every host style.
struct DemoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Generate text with the shipped RetNet, in every host style.",
    discussion: """
      Without --examples: generates from the model's own prompts, compares with the expected text, classifies the \
      shipped digits, and prints what each host style costs. With --examples: runs every entry of FILE (the form of a \
      model manifest: `examples` with `prompt` and `n`, or `tests` with `tokens`) and compares with the expected values \
      that the entry already has.

      Examples:
        pulpemu demo
        pulpemu demo --style list --style irq
        pulpemu demo --examples prompts.json --output results.json

      Exit status: 1 if anything differs from what is expected, 65 for a file or prompt that cannot be used.
      """)

  @Option(help: ArgumentHelp("Host style; repeatable.", valueName: "poll|irq|queue|list|host"))
  var style: [String] = []

  @Option(help: ArgumentHelp("Prompts or images to run on.", valueName: "FILE.json"))
  var examples: String?

  @Option(help: ArgumentHelp("Write the examples with what came out.", valueName: "FILE.json"))
  var output: String?

  @Option(help: ArgumentHelp("Folder of the built firmware.", valueName: "DIR"))
  var firmware: String?

  @Flag(help: "No remarks on standard error.")
  var quiet = false

  func run() throws {
    var differences = 0
    try Console.reporting { differences = try execute() }
    if Interrupts.isRaised { throw ExitCode(ExitStatus.interrupted) }
    if differences > 0 { throw ExitCode(1) }
  }

  private func execute() throws -> Int {
    let styles = try style.map { name in
      guard let style = HostStyle(rawValue: name) else {
        throw HostError.usage("--style takes poll, irq, queue, list or host, not '\(name)'")
      }
      return style
    }
    if output != nil && examples == nil { throw HostError.usage("--output needs --examples") }
    if let output { try HostFiles.checkWritable(output) }
    let firmware = try DemoFirmware(firmware)
    Interrupts.catchSignals()
    guard let examples else {
      return try DemoShow(firmware: firmware, styles: styles.isEmpty ? HostStyle.allCases : styles, isQuiet: quiet)
        .run()
    }
    var file = try ExampleFile(path: examples)
    let runner = DemoExamples(
      firmware: firmware, styles: styles.isEmpty ? [.list] : styles, configuration: MachineConfiguration(),
      isQuiet: quiet)
    let differences = try runner.run(&file, path: examples)
    if Interrupts.isRaised { return differences }
    if let output { try HostFiles.write(try file.data(), to: output) }
    return differences
  }
}
