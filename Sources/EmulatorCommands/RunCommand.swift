// `pulpemu run`: runs a firmware image.

import ArgumentParser
import FirmwareImage
import Foundation
import Instrumentation
import PULPissimo

/// Runs a firmware image to its end.
struct RunCommand: ParsableCommand {
  // With the name of its root it does not look for a request of completions, which only the root answers (`Pulpemu.start`).
  static let configuration = CommandConfiguration(
    commandName: "run", _superCommandName: "pulpemu",
    abstract: "Run a firmware image.",
    discussion: """
      Standard output carries what the firmware prints; everything that the emulator says goes to standard error, whose \
      last line tells how the run ended.

      Examples:
        pulpemu run firmware/build/hello.elf
        pulpemu run --max-cycles 1000000 --stats stats.json firmware.elf
        pulpemu run --quiet --dump win_start:u32:4 build/micro-empty.elf
        pulpemu run --memory 0x80000000:2M --signature out.sig rv32ui-p-add
        pulpemu run --check=error firmware/build/hello.elf
        pulpemu run --boot rom --spi-flash hello.img firmware/build/hello.elf
        pulpemu run --max-cycles 5000000 --save-state boot.snap firmware.elf
        pulpemu run --load-state boot.snap --stats stats.json firmware.elf
        pulpemu run --profile callgrind.out.hello --profile hello.folded --coverage hello.info firmware/build/hello.elf

      --profile p8 and --profile p7 choose the hardware revision. Any other value is a file for a profile, and may be \
      given as well: FILE.folded gets folded stacks for flame graphs (weight: SoC cycles); callgrind.out…, \
      FILE.callgrind and FILE.out get callgrind's format. A revision's name that there is not, and a name of another \
      form, is refused.

      Exit status: the firmware's exit code & 0xff (255 if that is 0 and the code is not); 64 wrong usage, 65 not a \
      loadable ELF, 66 unreadable file, 73 output cannot be written, 120 lock-up, 121 --strict, 122 --check, 124 a \
      limit was reached, 130 interrupted.
      """)

  @Argument(help: "The ELF file. When the boot ROM loads the program from flash, only for symbols; may be left out.")
  var firmware: String?

  @OptionGroup(title: "Machine") var machine: MachineOptions
  @OptionGroup(title: "Connections") var uart: UARTOptions
  @OptionGroup(title: "Board") var board: BoardOptions

  @OptionGroup(title: "Semihosting") var semihosting: SemihostingOptions
  @OptionGroup(title: "Snapshots") var snapshots: SnapshotOptions

  @Option(name: .customLong("max-cycles"), help: ArgumentHelp("Stop at this SoC cycle (124).", valueName: "N"))
  var maxCycles: UInt64?

  @Option(
    name: .customLong("max-instructions"), help: ArgumentHelp("Stop when so many have retired (124).", valueName: "N"))
  var maxInstructions: UInt64?

  @Option(help: ArgumentHelp("Host wall-clock limit (124).", valueName: "SECONDS"))
  var timeout: Double?

  @Option(
    help: ArgumentHelp("riscv-tests ending: auto, off or the address to watch.", valueName: "auto|off|ADDRESS"))
  var tohost = "auto"

  @Option(help: ArgumentHelp("Write the words from begin_signature to end_signature.", valueName: "FILE"))
  var signature: String?

  @Option(
    help: ArgumentHelp(
      "Print memory at the end; TYPE u8 i8 u16 i16 u32 i32 u64 hex. Repeatable.", valueName: "SYMBOL[:TYPE[:COUNT]]"))
  var dump: [String] = []

  @Option(help: ArgumentHelp("Put a raw file into memory before the start. Repeatable.", valueName: "FILE@ADDRESS"))
  var load: [String] = []

  @Option(help: ArgumentHelp("Write statistics as JSON; - for standard output.", valueName: "FILE"))
  var stats: String?

  @OptionGroup(title: "Instruction trace") var trace: TraceOptions

  @OptionGroup(title: "Driver checker") var check: CheckOptions

  @OptionGroup(title: "Pictures") var pictures: PictureOptions

  @OptionGroup(title: "Faults") var faults: FaultOptions

  @OptionGroup(title: "Coverage") var coverage: CoverageOptions

  @Flag(help: "Nothing of our own on standard error but refusals and errors.")
  var quiet = false

  func run() throws {
    var status: Int32 = 0
    try Console.reporting { status = try execute() }
    if status != 0 { throw ExitCode(status) }
  }

  private func execute() throws -> Int32 {
    var configuration = try machine.configuration(takesProfiles: true)
    if let timeout, !(timeout > 0 && timeout < 1e9) {
      throw HostError.usage("--timeout takes a number of seconds above 0 and below 1e9")
    }
    let boardFiles = try board.files(configuration.profile)
    configuration.board = boardFiles.description
    let image = try image(configuration)
    for path in [stats, signature].compactMap({ $0 }) where path != "-" { try HostFiles.checkWritable(path) }
    try pictures.check()
    try snapshots.check()
    if !faults.inject.isEmpty, snapshots.isUsed {
      throw HostError.usage(
        "--inject goes with neither --save-state nor --load-state: what is still to fail is in no snapshot")
    }
    let checking = try check.settings(standard: .off)
    if checking.mode != .off, snapshots.loading.loadState != nil {
      throw HostError.usage(LoadStateOptions.noChecker)
    }
    let profiles = try machine.profileFiles()
    try ProfileOutput.check(profiles, coverage: coverage.coverage)
    let dumps = try dump.map { try MemoryDump($0, image) }
    let files = try load.map { try RawFile($0, image) }
    let words = try signature.map { _ in try Signature(image) }
    let plans = try faults.inject.flatMap {
      try InjectFile(path: $0, image: image, configuration: configuration).read()
    }
    let traceSettings = try trace.settings(image)

    let programHost = try semihosting.host()
    let connection = try uart.connection()
    Interrupts.catchSignals()
    let session = try Session(
      image: image, configuration: configuration, bootFromROM: machine.boot == "rom", output: GuestOutput(),
      isQuiet: quiet)
    try session.connect(files, uart: connection, programHost, arguments: semihosting.arguments)
    try words?.check(session.machine)
    try watchTohost(session)
    try snapshots.loading.load(into: session)
    let saver = try snapshots.attach(to: session)
    let drawn = pictures.attach(to: session)
    try session.attachChecker(checking, isQuiet: quiet)
    let profile = ProfileOutput(profiles, coverage: coverage.coverage, session)
    let traceFile = try trace.trace.map { try TraceFile($0) }
    session.inject(plans)
    if let traceFile { session.attachTrace(traceFile, traceSettings) }
    if !quiet {
      for warning in image.attributes.warnings { Console.error("pulpemu: \(image.path): \(warning)") }
    }

    let limits = RunLimits(cycles: maxCycles ?? UInt64.max - 1, instructions: maxInstructions ?? .max)
    let end = session.run(limits: limits, timeout: timeout)

    try traceFile?.close(hasFailed: session.trace?.hasFailed ?? false)
    try pictures.write(drawn, session, end)
    try session.checker?.write(to: check.report)
    try profile?.write(session, end)
    try boardFiles.writeBack(session.machine.board)
    var dumped: [String: [DumpedNumber]] = [:]
    for dump in dumps {
      let values = dump.values(session.machine)
      dumped[dump.symbol] = values
      session.output.put(dump.line(values) + "\n")
    }
    session.output.flush()
    if let signature, let words {
      try HostFiles.put(words.text(session.machine), to: signature)
    }
    if let stats {
      var statistics = session.statistics(end, configuration: machine.differences(configuration))
      statistics.dump = dumped
      try StatisticsFile.write(statistics, to: stats)
    }
    try saver?.finish(isQuiet: quiet)
    try session.checkOutput()
    if !quiet { session.reportUnusedFaults() }
    // What ends a run against the program's will is an error, which --quiet does not silence.
    if !quiet || end.reason == .lockup || end.reason == .strict { Console.error(session.lastLine(end)) }
    return Session.status(end)
  }

  /// The program; without a file the bytes of the flash, which the boot ROM starts.
  private func image(_ configuration: MachineConfiguration) throws -> FirmwareImage {
    if let firmware { return try Session.image(firmware) }
    guard machine.boot == "rom", configuration.bootSelect != 3 else {
      throw HostError.usage(
        "Missing expected argument '<firmware>': without one only --boot rom can start something, from the flash")
    }
    let flash = configuration.board.flashes.first { $0.chipSelect == 0 }
    return .nothing(path: board.spiFlash ?? board.board ?? "no image", bytes: flash?.contents ?? [])
  }

  private func watchTohost(_ session: Session) throws {
    let address: UInt32
    switch tohost {
    case "off": return
    case "auto":
      guard let symbol = session.image.symbols["tohost"] else { return }
      address = symbol.address
    default:
      guard let number = Numbers.parse(tohost), number <= UInt64(UInt32.max) else {
        throw HostError.usage("--tohost takes auto, off or an address, not '\(tohost)'")
      }
      address = UInt32(number)
    }
    session.machine.watchTohost(at: address)
  }
}

/// Statistics as JSON.
enum StatisticsFile {
  static func write(_ value: some Encodable, to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    guard var data = try? encoder.encode(value) else { throw HostError.cannotCreate("\(path): cannot be encoded") }
    data.append(0x0A)
    if path == "-" {
      try Console.outputFile(data)
    } else {
      try HostFiles.write(data, to: path)
    }
  }
}
