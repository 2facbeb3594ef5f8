// `pulpemu info`: what an image contains, whether it fits the machine, and what the emulator finds in it.

import ArgumentParser
import FirmwareImage
import Foundation
import PULPissimo
import RISCV

/// Describes a firmware image without running it.
public struct InfoCommand: ParsableCommand {
  public static let configuration = CommandConfiguration(
    commandName: "info",
    abstract: "Describe a firmware image.",
    discussion: """
      Prints segments, entry, memory use by bank, the instruction set that the image was built for, instructions \
      outside rv32imc, and the symbols that pulpemu looks for.

      Exit status: 65 if the file is not a loadable RV32 ELF or does not fit the memory map, 66 if it cannot be read.
      """)

  @Argument(help: "The ELF file.")
  public var firmware: String

  public init() {}

  public func run() throws {
    do throws(FirmwareImageError) {
      let image = try FirmwareImage.load(path: firmware)
      let report = InfoReport(image, memory: Self.memory, aliases: Self.aliases, decode: Self.decode)
      Console.output(report.text, terminator: "")
      if let misfit = report.misfit { throw misfit }
    } catch {
      Console.error("pulpemu: \(error)")
      throw ExitCode(error.exitStatus)
    }
  }

  /// The machine's loadable memory by bank.
  static var memory: [MemoryRange] {
    Machine.ranges(interleaved: UInt64(MemoryMap.interleavedWindow))
  }
  /// The second addresses under which the machine's memory answers.
  static var aliases: [AddressAlias] { [Machine.dataAlias] }
  /// The core's decoder.
  static var decode: InfoReport.Decode? {
    { word in
      let instruction = Decoder.decode(word)
      return (Int(instruction.length), instruction.operation != .illegal)
    }
  }
}

/// The text of `pulpemu info`.
public struct InfoReport {
  /// Length in bytes of the instruction whose first halfword is the low half of the word, and whether the core has it.
  public typealias Decode = (UInt32) -> (length: Int, isKnown: Bool)

  /// Symbols that give an image abilities, and what they do.
  static let wantedSymbols = [
    ("tohost", "a store ends the run (--tohost)"),
    ("begin_signature", "start of --signature"),
    ("end_signature", "end of --signature"),
    ("retnet_request", "the demo puts its prompt there"),
    ("retnet_result", "the demo reads the generated tokens there"),
  ]

  /// At most so many unknown instructions are listed.
  static let listedInstructions = 10

  /// Why the image cannot be loaded into this machine; nil when it can.
  public private(set) var misfit: FirmwareImageError?
  public private(set) var text = ""

  public init(_ image: FirmwareImage, memory: [MemoryRange], aliases: [AddressAlias], decode: Decode?) {
    line("file      \(image.path), \(image.fileBytes.count) bytes")
    line("entry     \(hex(image.entry))\(suffix(image, image.entry))")
    let attributes = image.attributes
    line("ISA       \(attributes.architecture ?? "not stated"), \(attributes.floatABI)-float ABI")
    for warning in attributes.warnings { line("          warning: \(warning)") }
    line("segments")
    for segment in image.segments {
      let end = segment.physicalAddress &+ (segment.memorySize &- 1)
      let rights = "R" + (segment.isWritable ? "W" : "-") + (segment.isExecutable ? "X" : "-")
      var text = "  \(segment.index)  \(hex(segment.physicalAddress))-\(hex(end))  \(rights)"
      text += "  \(segment.memorySize) bytes, \(segment.data.count) of them in the file"
      if segment.virtualAddress != segment.physicalAddress { text += ", used at \(hex(segment.virtualAddress))" }
      line(text)
    }
    addMemory(image, memory, aliases)
    if let decode { addInstructions(image, decode) }
    line("symbols   \(image.symbols.all.count)")
    for (name, use) in Self.wantedSymbols {
      let place = image.symbols[name].map { "\(hex($0.address)), \($0.size) bytes" } ?? "none"
      line("  \(name): \(place) (\(use))")
    }
  }

  private mutating func addMemory(_ image: FirmwareImage, _ memory: [MemoryRange], _ aliases: [AddressAlias]) {
    let parts: [FirmwareImage.Part]
    do {
      parts = try image.place(in: memory, aliases: aliases)
    } catch {
      misfit = error
      line("memory    does not fit this machine")
      return
    }
    line("memory")
    for range in memory where range.isWritable {
      let used = parts.filter { $0.address >= range.base && UInt64($0.address) < UInt64(range.base) + range.size }
        .reduce(0) { $0 + $1.data.count + $1.zeroCount }
      let share = (used * 1000 + Int(range.size) / 2) / max(1, Int(range.size))
      line("  \(range.name) at \(hex(range.base)): \(used) of \(range.size) bytes, \(share / 10).\(share % 10) %")
    }
  }

  private mutating func addInstructions(_ image: FirmwareImage, _ decode: Decode) {
    var count = 0
    var unknown = 0
    var listed: [String] = []
    for range in image.code {
      var offset = 0
      while offset + 2 <= range.bytes.count {
        func half(_ position: Int) -> UInt32 {
          guard position + 2 <= range.bytes.count else { return 0 }
          return UInt32(range.bytes[position]) | UInt32(range.bytes[position + 1]) << 8
        }
        let word = half(offset) | half(offset + 2) << 16
        let address = range.address &+ UInt32(truncatingIfNeeded: offset)
        let found = decode(word)
        let length = max(2, found.length)
        defer { offset += length }
        // The all-zero halfword is defined to be illegal; linkers pad with it.
        if word & 0xFFFF == 0 { continue }
        count += 1
        if found.isKnown && offset + length <= range.bytes.count { continue }
        unknown += 1
        guard listed.count < Self.listedInstructions else { continue }
        let digits = length == 2 ? hex(word & 0xFFFF, digits: 4) : hex(word)
        listed.append("  \(hex(address))\(suffix(image, address)): \(digits)")
      }
    }
    line("code      \(count) instructions, \(unknown == 0 ? "all in" : "\(unknown) outside") rv32imc_zicsr_zifencei")
    listed.forEach { line($0) }
    if unknown > listed.count { line("  and \(unknown - listed.count) more") }
  }

  private func suffix(_ image: FirmwareImage, _ address: UInt32) -> String {
    image.symbols.describe(address).map { " (\($0))" } ?? ""
  }

  private func hex(_ value: UInt32, digits: Int = 8) -> String {
    let text = String(value, radix: 16, uppercase: true)
    return "0x" + String(repeating: "0", count: max(0, digits - text.count)) + text
  }

  private mutating func line(_ content: String) { text += content + "\n" }
}
