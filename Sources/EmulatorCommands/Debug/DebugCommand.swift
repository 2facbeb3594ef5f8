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
      the same as without a debugger. gdb's `monitor help` lists what else can be asked.

      Examples:
        pulpemu debug firmware/build/hello.elf
        gdb-multiarch -ex 'target remote :3333' firmware/build/hello.elf

      Exit status: as `pulpemu run` when the program has ended, also after a detach; 0 when gdb has killed it or gone \
      away; 73 if the port is not to be had; 130 interrupted.
      """)

  @Argument(help: "The ELF file.")
  var firmware: String

  @Option(help: ArgumentHelp("Port on 127.0.0.1; 0: a free one. It is told on standard error.", valueName: "N"))
  var port: UInt16 = 3333

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
    let options = self
    // Only a run in which nobody outside takes part can be run again.
    let canReverse = programHost == nil && connection?.input == nil
    let target = try DebugMachine(canReverse: canReverse) { [configuration] in
      let session = try Session(
        image: image, configuration: configuration, bootFromROM: options.machine.boot == "rom", output: GuestOutput(),
        isQuiet: false)
      try session.connect(files, uart: connection, programHost, arguments: options.semihosting.arguments)
      try session.attachChecker(checking, isQuiet: false)
      if let tohost = image.symbols["tohost"] { session.machine.watchTohost(at: tohost.address) }
      try options.snapshots.load(into: session)
      return session
    }
    let server = try DebugConnection(port: port)
    if let announcement = connection?.announcement { Console.error("pulpemu: \(announcement)") }
    Console.error("pulpemu: waiting for gdb on 127.0.0.1:\(server.port)")
    guard server.accept() else { return ExitStatus.interrupted }
    connection?.begin(until: { Interrupts.isRaised })
    let status = serve(target, server)
    try boardFiles.writeBack(target.machine.board)
    try target.session.checker?.write(to: check.report)
    if let stats, let end = target.end {
      let statistics = target.session.statistics(end, configuration: machine.differences(configuration))
      try StatisticsFile.write(statistics, to: stats)
    }
    return status
  }

  /// Answers gdb until one of the two has enough.
  private func serve(_ target: DebugMachine, _ server: DebugConnection) -> Int32 {
    let stub = GDBStub(target)
    var hasGone = false
    /// Takes what has come; true if the connection still stands.
    func listen(waiting milliseconds: Int32) -> Bool {
      guard let bytes = server.read(waiting: milliseconds) else {
        hasGone = true
        return false
      }
      stub.receive(bytes)
      server.write(stub.takeOutput())
      return true
    }
    target.isInterrupted = { !listen(waiting: 0) || stub.wantsInterrupt }
    defer {
      server.end()
      target.session.output.flush()
    }
    var current: Resumption?
    while !hasGone, !stub.isKilled, !stub.isDetached {
      if Interrupts.isRaised { return ExitStatus.interrupted }
      guard listen(waiting: stub.resumption == nil ? 200 : 0) else { break }
      guard let resumption = stub.resumption else { continue }
      if current == nil { target.resume(resumption) }
      current = resumption
      var event = target.advance(resumption)
      if event == nil, stub.wantsInterrupt { event = .interrupted }
      guard let event else { continue }
      current = nil
      if let remark = target.remark { stub.show(remark) }
      stub.stopped(event)
      server.write(stub.takeOutput())
    }
    if let end = target.end, end.reason == .exit {
      Console.error(target.session.lastLine(end))
      return Session.status(end)
    }
    guard stub.isDetached else {
      if !stub.isKilled { Console.error("pulpemu: gdb has gone away; the program ends here") }
      return 0
    }
    server.end()
    let end = target.runAlone()
    Console.error(target.session.lastLine(end))
    return Session.status(end)
  }
}
