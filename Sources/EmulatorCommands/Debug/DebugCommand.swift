// `pulpemu debug`: a firmware image under gdb.

import ArgumentParser
import FirmwareImage
import Foundation
import GDBServer
import Instrumentation
import PULPissimo

/// Waits for gdb and runs a firmware image as it says.
struct DebugCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "debug",
    abstract: "Debug a firmware image with gdb.",
    discussion: """
      Waits for gdb on the loopback interface; simulated time stands still while the program is stopped, and the run is \
      the same as without a debugger. gdb's `monitor help` lists what else can be asked: decoded registers, the \
      accelerator, the uDMA, a timeline, stops at jobs and events, checkpoints. The driver checker warns on gdb's console.

      Examples:
        pulpemu debug firmware/build/hello.elf
        gdb-multiarch -ex 'target remote :3333' firmware/build/hello.elf

      When gdb goes away without a word, the program stands and waits for the next one; --once ends it.

      Exit status: as `pulpemu run` when the program has ended, also after a detach; 0 when gdb has killed it, or gone \
      away with --once; 73 if the port is not to be had; 130 interrupted.
      """)

  @Argument(help: "The ELF file.")
  var firmware: String

  @Option(
    help: ArgumentHelp(
      "Port on 127.0.0.1 (default: 3333); 0: a free one. It is told on standard error.", valueName: "N"))
  var port: UInt16?

  @Option(
    help: ArgumentHelp(
      """
      Where to wait for gdb, instead of --port: 0.0.0.0:3333 for all interfaces. Whoever can reach the port controls the \
      program; gdb's protocol has no password.
      """, valueName: "HOST:PORT"))
  var listen: String?

  @Flag(help: "End with the first gdb, also if it goes away without a word.")
  var once = false

  @Option(
    help: ArgumentHelp(
      "Memory for the snapshots that going back starts from; 0: none, going back starts at the start (default: 128).",
      valueName: "MIB"))
  var snapshotMemory: UInt32 = 128

  @Option(
    help: ArgumentHelp("Cycles from one snapshot to the next (default: 4M).", valueName: "CYCLES"))
  var snapshotEvery = "4M"

  @OptionGroup(title: "Machine") var machine: MachineOptions
  @OptionGroup(title: "Connections") var uart: UARTOptions
  @OptionGroup(title: "Board") var board: BoardOptions
  @OptionGroup(title: "Semihosting") var semihosting: SemihostingOptions
  @OptionGroup(title: "Snapshots") var snapshots: LoadStateOptions

  @Option(
    help: ArgumentHelp("Put a raw file into memory before the start. Repeatable.", valueName: "FILE@ADDRESS"))
  var load: [String] = []

  @Option(help: ArgumentHelp("Write statistics as JSON when the program has ended.", valueName: "FILE"))
  var stats: String?

  @OptionGroup(title: "Driver checker") var check: CheckOptions

  func run() throws {
    var status: Int32 = 0
    try Console.reporting { status = try execute() }
    if status != 0 { throw ExitCode(status) }
  }

  private func execute() throws -> Int32 {
    var configuration = try machine.configuration()
    let boardFiles = try board.files(configuration.profile)
    configuration.board = boardFiles.description
    let image = try Session.image(firmware)
    if let stats, stats != "-" { try HostFiles.checkWritable(stats) }
    let files = try load.map { try RawFile($0, image) }
    // The driver checker must have seen what the program did before.
    let checking = try check.settings(standard: snapshots.loadState == nil ? .warn : .off)
    if checking.mode != .off, snapshots.loadState != nil { throw HostError.usage(LoadStateOptions.noChecker) }
    let programHost = try semihosting.host()
    let connection = try uart.connection()
    Interrupts.catchSignals()
    let target = try makeTarget(
      image, configuration, files, checking, host: programHost, uart: connection)
    if port != nil, listen != nil { throw HostError.usage("--port and --listen say the same thing; give one of them") }
    let server = try DebugConnection(
      listen ?? "127.0.0.1:\(port ?? 3333)", option: listen.map { "--listen \($0)" } ?? "--port \(port ?? 3333)")
    if let announcement = connection?.announcement { Console.error("pulpemu: \(announcement)") }
    if !server.isLoopback {
      Console.error("pulpemu: anybody who can reach \(server.name) can control this program: there is no password")
    }
    connection?.begin(until: { Interrupts.isRaised })
    let status = DebugServer(target, server, isOnce: once).run()
    try boardFiles.writeBack(target.machine.board)
    try target.checkReport?.write(to: check.report)
    if let stats, let end = target.end {
      let statistics = target.session.statistics(end, configuration: machine.differences(configuration))
      try StatisticsFile.write(statistics, to: stats)
    }
    return status
  }

  /// The machine to be debugged, with what the options say.
  private func makeTarget(
    _ image: FirmwareImage, _ configuration: MachineConfiguration, _ files: [RawFile], _ checking: CheckSettings,
    host: ProgramHost?, uart: UARTConnection?
  ) throws -> DebugMachine {
    guard let period = Numbers.parse(snapshotEvery), period >= 1000, period < 1 << 40 else {
      throw HostError.usage("--snapshot-every takes cycles, at least 1000, for example 4M, not '\(snapshotEvery)'")
    }
    let settings = DebugMachine.Settings(
      // Only a run in which nobody outside takes part can be run again.
      canReverse: host == nil && uart?.input == nil, isChecked: checking.mode != .off,
      snapshotBytes: Int(min(snapshotMemory, 1 << 20)) << 20, snapshotPeriod: period)
    return try DebugMachine(settings) { isChecked in
      let session = try Session(
        image: image, configuration: configuration, bootFromROM: machine.boot == "rom", output: GuestOutput(),
        isQuiet: false)
      try session.connect(files, uart: uart, host, arguments: semihosting.arguments)
      if isChecked { try session.attachChecker(checking, isQuiet: false) }
      if let tohost = image.symbols["tohost"] { session.machine.watchTohost(at: tohost.address) }
      try snapshots.load(into: session)
      return session
    }
  }
}
