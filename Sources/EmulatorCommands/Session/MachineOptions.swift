// Options that describe the machine and what is put into it; shared by all commands that run one.

import ArgumentParser
import Foundation
import PULPissimo

/// The machine, as the command line describes it.
struct MachineOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Hardware revision: p8 (default) or p7. With `run` also a file to write a profile to; repeatable (see below).",
      valueName: "p8|p7|FILE"))
  var profile: [String] = []

  @Option(help: ArgumentHelp("direct: start at the ELF's entry; rom: reset state, boot ROM.", valueName: "direct|rom"))
  var boot = "direct"

  @Option(
    name: .customLong("bootsel"),
    help: ArgumentHelp(
      "Boot mode pins; with --boot rom: 1 wait for a debugger, 2 SPI flash (default), 3 start the loaded image.",
      valueName: "0-3"))
  var bootSelect: UInt32?

  @Option(
    name: .customLong("l2-interleaved"), help: ArgumentHelp("Interleaved L2 fitted.", valueName: "256K|512K"))
  var interleaved: String?

  @Flag(help: "End the run at the first unmapped access, write to read-only memory or execution of data (121).")
  var strict = false

  @Option(help: ArgumentHelp("Add plain RAM, for example 0x80000000:2M. Repeatable.", valueName: "BASE:SIZE"))
  var memory: [String] = []

  @Option(
    help: ArgumentHelp(
      "How instructions are executed; the result is the same.", valueName: "interpreter|translator|auto"))
  var engine = "auto"

  @Option(help: ArgumentHelp("rtl: the cycle model; none: one cycle an instruction.", valueName: "rtl|none"))
  var timing = "rtl"

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "Set a machine parameter (`pulpemu parameters` lists them). Repeatable.", valueName: "PATH=VALUE")
  )
  var parameters: [String] = []

  /// The hardware revision, from those values of `--profile` that are no files.
  private func revision() throws -> MachineConfiguration.Profile {
    let named = Set(profile.compactMap { MachineConfiguration.Profile(rawValue: $0) })
    guard named.count <= 1 else { throw HostError.usage("--profile: p8 or p7, not both") }
    return named.first ?? .p8
  }

  /// The files that profiles go to (64 for a name of no known form).
  func profileFiles() throws -> [ProfileFile] {
    try profile.filter { MachineConfiguration.Profile(rawValue: $0) == nil }.map { try ProfileFile($0) }
  }

  /// The configuration, or what is wrong with the options (64). `takesProfiles`: the command writes profiles.
  func configuration(takesProfiles: Bool = false) throws -> MachineConfiguration {
    var configuration = MachineConfiguration()
    let revision = try revision()
    if let file = try profileFiles().first, !takesProfiles {
      throw HostError.usage("--profile \(file.path): only `pulpemu run` writes profiles")
    }
    configuration.profile = revision
    guard boot == "direct" || boot == "rom" else {
      throw HostError.usage("--boot takes direct or rom, not '\(boot)'")
    }
    if boot == "rom" { configuration.bootSelect = 2 }
    if let bootSelect {
      guard bootSelect <= 3 else { throw HostError.usage("--bootsel takes 0 to 3, not \(bootSelect)") }
      configuration.bootSelect = bootSelect
    }
    guard ["interpreter", "translator", "auto"].contains(engine) else {
      throw HostError.usage("--engine takes interpreter, translator or auto, not '\(engine)'")
    }
    if engine == "interpreter" { configuration.hart.translator = false }
    switch timing {
    case "rtl": break
    case "none": configuration.hart.cycleModel = false
    default: throw HostError.usage("--timing takes rtl or none, not '\(timing)'")
    }
    switch interleaved?.uppercased() {
    case nil: break
    case "256K": configuration.interleavedKiB = 256
    case "512K": configuration.interleavedKiB = 512
    case let value?: throw HostError.usage("--l2-interleaved takes 256K or 512K, not '\(value)'")
    }
    for text in parameters {
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2 else { throw HostError.usage("--set takes PATH=VALUE, not '\(text)'") }
      guard let parameter = MachineParameter.all.first(where: { $0.path == parts[0] }) else {
        throw HostError.usage("no machine parameter '\(parts[0])': `pulpemu parameters` lists them")
      }
      if let problem = parameter.set(String(parts[1]), in: &configuration) { throw HostError.usage(problem) }
    }
    do {
      try configuration.accelerator.validate()
    } catch {
      throw HostError.usage("\(error)")
    }
    configuration.strict = strict
    configuration.extraMemories = try extraMemories()
    return configuration
  }

  private func extraMemories() throws -> [ExtraMemory] {
    var result: [ExtraMemory] = []
    for text in memory {
      let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 2, let base = Numbers.parse(parts[0]), let size = Numbers.parse(parts[1]),
        base <= UInt64(UInt32.max), size > 0, size <= 1 << 31, base + size <= 1 << 32, base % 4 == 0, size % 4 == 0
      else {
        throw HostError.usage("--memory takes BASE:SIZE, for example 0x80000000:2M, not '\(text)'")
      }
      let range = base..<base + size
      let taken: [(Range<UInt64>, String)] =
        [
          (0..<0x10_0000, "the data alias"), (0x1000_0000..<0x1040_0000, "the cluster plug"),
          (0x1A00_0000..<0x1A04_0000, "the boot ROM"), (0x1A10_0000..<0x1A40_0000, "the peripherals"),
          (0x1C00_0000..<0x1C09_0000, "the L2"),
        ] + result.map { (UInt64($0.base)..<UInt64($0.base) + UInt64($0.size), "another --memory") }
      if let overlap = taken.first(where: { $0.0.overlaps(range) }) {
        throw HostError.usage("--memory \(text) overlaps \(overlap.1)")
      }
      result.append(ExtraMemory(base: UInt32(base), size: UInt32(size)))
    }
    return result
  }

  /// Every parameter that is not at its default, by name, for the statistics.
  func differences(_ configuration: MachineConfiguration) -> [String: String] {
    var result: [String: String] = [:]
    var standard = MachineConfiguration()
    // How instructions are executed is no part of the machine: the results are the same.
    if engine == "interpreter" { standard.hart.translator = false }
    for parameter in MachineParameter.all
    where parameter.text(in: configuration) != parameter.text(in: standard) {
      result[parameter.path] = parameter.text(in: configuration)
    }
    if configuration.profile != .p8 { result["profile"] = configuration.profile.rawValue }
    if boot != "direct" { result["boot"] = boot }
    if let bootSelect { result["bootsel"] = String(bootSelect) }
    if timing != "rtl" { result["timing"] = timing }
    if strict { result["strict"] = "true" }
    if !memory.isEmpty { result["memory"] = memory.joined(separator: ",") }
    return result
  }
}

/// Numbers as people write them.
enum Numbers {
  /// Decimal or 0x…, optionally with K, M or G (powers of 1024). Nil if `text` is no such number.
  static func parse(_ text: String) -> UInt64? {
    var digits = Substring(text)
    var factor: UInt64 = 1
    let isHexadecimal = digits.hasPrefix("0x") || digits.hasPrefix("0X")
    if let last = digits.last, let shift = ["k": 10, "m": 20, "g": 30][last.lowercased()] {
      factor = 1 << UInt64(shift)
      digits = digits.dropLast()
    }
    let value = isHexadecimal ? UInt64(digits.dropFirst(2), radix: 16) : UInt64(digits)
    guard let value else { return nil }
    let product = value.multipliedReportingOverflow(by: factor)
    return product.overflow ? nil : product.partialValue
  }
}

extension BidirectionalCollection<UInt8> {
  /// The bytes as a number, the lowest first; of more than four, the first four.
  var littleEndian: UInt32 { prefix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) } }
}
