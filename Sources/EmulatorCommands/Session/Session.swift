// One run of one image: builds the machine, loads the firmware, runs it in slices, and knows where everything is.

import FirmwareImage
import Foundation
import Instrumentation
import PULPissimo
import RISCV
import Semihosting

/// A machine with a firmware image in it.
final class Session {
  let machine: Machine
  let image: FirmwareImage
  let sourceLines: SourceLines
  let recorder: RunRecorder
  let output: GuestOutput
  /// What is wired to UART 0, if not standard output alone.
  var uart: UARTConnection?
  var trace: InstructionTrace?
  /// The driver checker, if it is on.
  var checker: CheckReport?
  var semihosting: Semihosting?
  var faults: FaultInjector?
  private(set) var wallSeconds = 0.0
  /// Cycles, in ascending order, at which the run is cut for `onCut`.
  var cuts: [UInt64] = []
  var onCut: ((_ cycle: UInt64) -> Void)?
  /// Called when the run has ended and nothing of it has been closed yet.
  var onEnd: (() -> Void)?
  private let isQuiet: Bool
  private let diagnosticLimit = 100
  private var diagnosticCount = 0

  /// Builds the machine and loads `image`, unless the boot ROM will load it from the flash; refusals are host errors.
  init(
    image: FirmwareImage, configuration: MachineConfiguration, bootFromROM: Bool = false,
    region: (begin: UInt32, end: UInt32)? = nil, profiles: Bool = false, output: GuestOutput, isQuiet: Bool
  ) throws {
    self.image = image
    self.output = output
    self.isQuiet = isQuiet
    sourceLines = SourceLines(image)
    var configuration = configuration
    if configuration.strict { configuration.executableRanges = Self.executableRanges(image) }
    machine = Machine(configuration)
    recorder = RunRecorder(machine, region: region, profiles: profiles)
    machine.onCharacter = { [unowned output] in output.put($0) }
    machine.onDiagnostic = { [unowned self] in show($0) }
    if bootFromROM {
      let isPreloaded = configuration.bootSelect == 3
      if isPreloaded { try Self.load(image, into: machine) }
      machine.bootFromROM(preloaded: isPreloaded ? image.entry : nil)
    } else {
      try Self.load(image, into: machine)
      machine.boot(at: image.entry)
    }
  }

  /// Reads an ELF file; 65 and 66 as `cli.md` says.
  static func image(_ path: String) throws -> FirmwareImage {
    do throws(FirmwareImageError) {
      return try FirmwareImage.load(path: path)
    } catch {
      throw HostError(status: error.exitStatus, description: error.description)
    }
  }

  /// Where the image's instructions lie and where it copies them to; nothing if it marks no segment as executable.
  private static func executableRanges(_ image: FirmwareImage) -> [Range<UInt64>] {
    image.segments.filter(\.isExecutable).flatMap { segment in
      Set([segment.physicalAddress, segment.virtualAddress]).sorted().map {
        UInt64($0)..<UInt64($0) + UInt64(segment.memorySize)
      }
    }
  }

  private static func load(_ image: FirmwareImage, into machine: Machine) throws {
    do throws(FirmwareImageError) {
      for part in try image.place(in: machine.loadableRanges, aliases: machine.loadableAliases) {
        machine.write(Array(part.data), at: part.address)
        machine.write([UInt8](repeating: 0, count: part.zeroCount), at: part.address &+ UInt32(part.data.count))
      }
    } catch {
      throw HostError(status: error.exitStatus, description: error.description)
    }
  }

  /// Puts `files` into memory, and connects UART 0 and the host of semihosting calls.
  func connect(_ files: [RawFile], uart: UARTConnection?, _ host: ProgramHost?, arguments: String?) throws {
    for file in files { try file.load(into: machine) }
    uart?.attach(to: machine)
    self.uart = uart
    if let host { attachSemihosting(host, arguments: arguments) }
  }

  // MARK: Running

  /// Cycles: what a sleep or a polling loop passes over at once says nothing of what the code behind it takes.
  private static let longestSlice: UInt64 = 1 << 28

  /// Runs to an end or a limit; `timeout`: host seconds.
  func run(limits: RunLimits, timeout: Double? = nil) -> RunEnd {
    let start = DispatchTime.now().uptimeNanoseconds
    func elapsed() -> Double { Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9 }
    defer {
      output.flush()
      wallSeconds = elapsed()
    }
    machine.isAbandoned = {
      if Interrupts.isRaised { return true }
      guard let timeout else { return false }
      return elapsed() >= timeout
    }
    defer { machine.isAbandoned = nil }
    func outsideEnd() -> RunEnd? {
      if Interrupts.isRaised { return machine.interruptedEnd("interrupted by a signal") }
      if let timeout, elapsed() >= timeout { return machine.limitEnd("the time limit of \(timeout) s was reached") }
      return nil
    }
    if !isQuiet, let announcement = uart?.announcement { Console.error("pulpemu: \(announcement)") }
    uart?.begin(until: { outsideEnd() != nil })
    var slice: UInt64 = 1 << 16
    // Up to where the run has come: a trace is switched on and off at cuts of it.
    var reached = machine.hart.cycle
    while true {
      trace?.proceed(from: reached)
      uart?.takeInput(machine)
      let before = elapsed()
      var part = limits
      let until = machine.hart.cycle.addingReportingOverflow(slice)
      part.cycles = until.overflow ? limits.cycles : min(limits.cycles, until.partialValue)
      if let cut = trace?.nextSwitch(after: reached) { part.cycles = min(part.cycles, cut) }
      if let cut = cuts.first { part.cycles = min(part.cycles, cut) }
      let end = machine.run(limits: part)
      reached = part.cycles
      if let cut = cuts.first, end.reason == .limit, end.cycles == cut, part.cycles == cut {
        cuts.removeFirst()
        onCut?(cut)
      }
      output.flush()
      uart?.flush()
      let isSliceEnd = end.reason == .limit && part.cycles < limits.cycles && end.cycles >= part.cycles
      guard isSliceEnd && machine.hart.counters.instructions < limits.instructions else {
        // Arithmetic that was given up ends the run as what was waited for in vain.
        return finish(end.reason == .interrupted ? outsideEnd() ?? end : end)
      }
      if let end = outsideEnd() { return finish(end) }
      // Slices of about 20 ms: short enough for Ctrl-C, long enough not to be noticed.
      let took = elapsed() - before
      if took < 0.01, slice < uart?.sliceLimit ?? Self.longestSlice {
        slice *= 2
      } else if took > 0.05, slice > 1 << 12 {
        slice /= 2
      }
    }
  }

  /// Lets the last characters out and closes what the run used.
  @discardableResult
  func finish(_ end: RunEnd) -> RunEnd {
    onEnd?()
    if end.reason == .exit { machine.drainUART() }
    output.flush()
    uart?.end()
    semihosting?.end()
    let end = checker?.finish(end) ?? end
    recorder.finish(at: end.cycles)
    trace?.finish(end.reason.rawValue, at: end.cycles)
    return end
  }

  /// 73 if not all that the firmware printed could be written.
  func checkOutput() throws {
    try output.check()
    if case .file(let file)? = uart?.output { try file.check() }
  }

  /// What the run did. `configuration`: what is not at its default; `path`: the image's name, if it is to be another one.
  func statistics(_ end: RunEnd, configuration: [String: String], path: String? = nil) -> Statistics {
    var statistics = Statistics(
      machine, recorder, end: end,
      firmware: .init(path: path ?? image.path, sha256: HostFiles.sha256(image.fileBytes)),
      configuration: configuration,
      wallSeconds: wallSeconds)
    statistics.check = checker?.statistics
    statistics.faults = faults?.records
    return statistics
  }

  // MARK: Places

  /// `0x1C008080 (main+0x10, main.c:12)`.
  func place(_ address: UInt32) -> String {
    if let name = BootROM.describe(address) { return Self.hex(address) + " (boot ROM, \(name))" }
    // Line tables have rows for code that the linker dropped, at addresses where something else may lie.
    guard image.hasCode(at: address) else { return Self.hex(address) }
    let parts = [image.symbols.describe(address), sourceLines.location(of: address).map { "\($0)" }].compactMap { $0 }
    return Self.hex(address) + (parts.isEmpty ? "" : " (\(parts.joined(separator: ", ")))")
  }

  static func hex(_ value: UInt32) -> String {
    let digits = String(value, radix: 16, uppercase: true)
    return "0x" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits
  }

  private func show(_ diagnostic: MachineDiagnostic) {
    guard !isQuiet, diagnosticCount <= diagnosticLimit else { return }
    diagnosticCount += 1
    output.flush()
    if diagnosticCount > diagnosticLimit {
      Console.error("pulpemu: more than \(diagnosticLimit) remarks; further ones are not shown")
      return
    }
    Console.error(
      "pulpemu: cycle \(diagnostic.cycle), at \(place(diagnostic.pc)): \(diagnostic.diagnostic.message)")
  }

  func showFault(_ record: FaultRecord) {
    guard !isQuiet else { return }
    output.flush()
    Console.error("pulpemu: fault at cycle \(record.cycle), pc \(place(record.pc)): \(record.place): \(record.fault)")
  }

  /// The last line of a run.
  func lastLine(_ end: RunEnd) -> String {
    var line = "pulpemu: \(end.reason.rawValue) \(end.message)"
    switch end.reason {
    case .exit: line += ", after \(end.cycles) cycles and \(machine.hart.counters.instructions) instructions"
    default: line += "; cycle \(end.cycles), at \(place(end.pc))"
    }
    return line
  }

  /// The process's exit status for `end`.
  static func status(_ end: RunEnd) -> Int32 {
    switch end.reason {
    case .exit: ExitStatus.firmware(end.code)
    case .limit: ExitStatus.limit
    case .lockup: ExitStatus.lockup
    case .strict: ExitStatus.strict
    case .check: ExitStatus.check
    case .interrupted: ExitStatus.interrupted
    }
  }
}

extension FirmwareImage {
  /// True if `address` lies in an executable segment.
  func hasCode(at address: UInt32) -> Bool {
    segments.contains { $0.isExecutable && address &- $0.physicalAddress < $0.memorySize }
  }
}

extension Machine {
  /// Memory that firmware can be loaded into.
  var loadableRanges: [MemoryRange] {
    Self.ranges(interleaved: UInt64(interleaved.size))
      + extraMemories.map { MemoryRange(name: $0.name, base: $0.base, size: UInt64($0.size)) }
  }

  /// L2 by bank; `interleaved`: bytes fitted.
  static func ranges(interleaved: UInt64) -> [MemoryRange] {
    [
      MemoryRange(
        name: "L2 private bank 0", base: MemoryMap.privateBank0, size: UInt64(MemoryMap.privateBankSize)),
      MemoryRange(
        name: "L2 private bank 1", base: MemoryMap.privateBank1, size: UInt64(MemoryMap.privateBankSize)),
      MemoryRange(name: "interleaved L2", base: MemoryMap.interleaved, size: interleaved),
    ]
  }

  /// Second addresses of loadable memory.
  var loadableAliases: [AddressAlias] {
    var aliases = [Self.dataAlias]
    let fitted = UInt32(interleaved.size)
    if fitted < MemoryMap.interleavedWindow {
      aliases.append(
        AddressAlias(
          name: "repetition of the interleaved L2", base: MemoryMap.interleaved &+ fitted, size: UInt64(fitted),
          target: MemoryMap.interleaved, isFetchable: true))
    }
    return aliases
  }

  static var dataAlias: AddressAlias {
    AddressAlias(
      name: "data alias of L2", base: MemoryMap.dataAlias, size: UInt64(MemoryMap.dataAliasSize),
      target: MemoryMap.privateBank0, isFetchable: false)
  }
}
