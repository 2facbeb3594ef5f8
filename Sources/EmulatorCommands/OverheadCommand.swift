// `pulpemu overhead`: what the accelerator costs its host.

import ArgumentParser
import FirmwareImage
import Foundation
import Instrumentation
import PULPissimo

/// Runs images and shows side by side who did what with the time.
struct OverheadCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "overhead",
    abstract: "Measure what the accelerator costs its host.",
    discussion: """
      Runs each image and prints who did what with the time between the first trigger and the end of the last job (or \
      between two symbols): accelerator busy, stalled or idle, host cycles by cause, register accesses, interrupts, \
      latencies, and the intervention ratio (host cycles not asleep per accelerator busy cycle).

      Examples:
        pulpemu overhead firmware/build/retnet-generate-*.elf
        pulpemu overhead --region main:exit_program --stats out.json program.elf

      Exit status: 0 if every image ended itself with code 0, else that of the first that did not, as `pulpemu run`.
      """)

  @Argument(help: "The ELF files.")
  var firmware: [String]

  @OptionGroup(title: "Machine") var machine: MachineOptions
  @OptionGroup(title: "Board") var board: BoardOptions

  @Option(
    help: ArgumentHelp("Measure from one symbol to another instead.", valueName: "BEGIN_SYMBOL:END_SYMBOL"))
  var region: String?

  @Option(help: ArgumentHelp("Write statistics as JSON; - for standard output.", valueName: "FILE"))
  var stats: String?

  @Option(name: .customLong("max-cycles"), help: ArgumentHelp("Stop at this SoC cycle (124).", valueName: "N"))
  var maxCycles: UInt64?

  @Option(help: ArgumentHelp("Host wall-clock limit for each image (124).", valueName: "SECONDS"))
  var timeout: Double?

  @Flag(help: "No remarks on standard error.")
  var quiet = false

  func run() throws {
    var status: Int32 = 0
    try Console.reporting { status = try execute() }
    if status != 0 { throw ExitCode(status) }
  }

  private func execute() throws -> Int32 {
    var configuration = try machine.configuration()
    // Each image finds the files as they are; what it changes is not written back.
    configuration.board = try board.files(configuration.profile).description
    if let stats, stats != "-" { try HostFiles.checkWritable(stats) }
    let images = try firmware.map { try Session.image($0) }
    Interrupts.catchSignals()
    var columns: [(name: String, statistics: Statistics)] = []
    var status: Int32 = 0
    for (path, image) in zip(firmware, images) {
      let session = try Session(
        image: image, configuration: configuration, bootFromROM: machine.boot == "rom",
        region: try addresses(in: image), output: GuestOutput(descriptor: -1), isQuiet: quiet)
      let end = session.run(limits: RunLimits(cycles: maxCycles ?? UInt64.max - 1), timeout: timeout)
      if !quiet { Console.error(session.lastLine(end)) }
      if status == 0 { status = Session.status(end) }
      columns.append(
        (
          (path as NSString).lastPathComponent.replacingOccurrences(of: ".elf", with: ""),
          Statistics(
            session.machine, session.recorder, end: end,
            firmware: .init(path: path, sha256: HostFiles.sha256(image.fileBytes)),
            configuration: machine.differences(configuration), wallSeconds: session.wallSeconds)
        ))
      if Interrupts.isRaised { break }
    }
    if stats != "-" { Console.output(OverheadTable(columns).text) }
    if let stats {
      if columns.count == 1 {
        try StatisticsFile.write(columns[0].statistics, to: stats)
      } else {
        try StatisticsFile.write(columns.map(\.statistics), to: stats)
      }
    }
    return status
  }

  private func addresses(in image: FirmwareImage) throws -> (begin: UInt32, end: UInt32)? {
    guard let region else { return nil }
    let names = region.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard names.count == 2 else { throw HostError.usage("--region takes BEGIN_SYMBOL:END_SYMBOL, not '\(region)'") }
    let places = try names.map { name in
      guard let symbol = image.symbols[name] else {
        throw HostError.usage("--region: \(image.path) has no symbol '\(name)'")
      }
      return symbol.address
    }
    return (places[0], places[1])
  }
}
