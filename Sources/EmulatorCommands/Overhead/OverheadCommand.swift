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
    abstract: "Measure what the accelerator costs its host, and the host the accelerator.",
    discussion: """
      Runs each image and prints who did what with the time between the first trigger and the end of the last job (or \
      between two symbols): accelerator busy, stalled or idle, host cycles by cause, register accesses, interrupts, \
      instructions by function, latencies, what contention costs each side (the program runs a second time without it), \
      an energy estimate, and the intervention ratio (host cycles not asleep per accelerator busy cycle). Behind the \
      first image, factors relative to it.

      Examples:
        pulpemu overhead firmware/build/retnet-generate-*.elf
        pulpemu overhead --region main:exit_program --stats out.json program.elf
        pulpemu overhead --csv figures.csv --jobs jobs.csv firmware/build/*.elf

      Exit status: 0 if every image ended itself with code 0, else that of the first that did not, as `pulpemu run`.
      """)

  @Argument(help: "The ELF files.")
  var firmware: [String]

  @OptionGroup(title: "Machine") var machine: MachineOptions
  @OptionGroup(title: "Board") var board: BoardOptions

  @OptionGroup(title: "Measurement") var measurement: MeasurementOptions

  @Option(help: ArgumentHelp("Write statistics as JSON; - for standard output.", valueName: "FILE"))
  var stats: String?

  @Option(help: ArgumentHelp("Write the comparison as CSV; - for standard output.", valueName: "FILE"))
  var csv: String?

  @Option(help: ArgumentHelp("Write a row a job as CSV: when it was triggered, ran, was noticed.", valueName: "FILE"))
  var jobs: String?

  @OptionGroup(title: "Pictures") var pictures: PictureOptions

  @Option(help: ArgumentHelp("Functions shown for each image; 0 for none.", valueName: "N"))
  var functions = 8

  @Flag(help: "No remarks on standard error.")
  var quiet = false

  func run() throws {
    var status: Int32 = 0
    try Console.reporting { status = try execute() }
    if status != 0 { throw ExitCode(status) }
  }

  private func execute() throws -> Int32 {
    let measurements = try measurement.measurements(of: firmware, machine, board, isQuiet: quiet)
    for path in [stats, csv, jobs].compactMap({ $0 }) where path != "-" { try HostFiles.checkWritable(path) }
    guard functions >= 0 else { throw HostError.usage("--functions takes a number, not '\(functions)'") }
    try pictures.check()
    if measurements.count > 1, pictures.timeline != nil || pictures.waves != nil {
      throw HostError.usage("--timeline and --waves draw one image; `pulpemu report` draws several")
    }
    Interrupts.catchSignals()
    var columns: [OverheadColumn] = []
    var status: Int32 = 0
    for measurement in measurements {
      var drawn = Pictures()
      let (session, end, statistics) = try measurement.run { drawn = pictures.attach(to: $0) }
      try pictures.write(drawn, session, end)
      if !quiet { Console.error(session.lastLine(end)) }
      if status == 0 { status = Session.status(end) }
      columns.append(OverheadColumn(name: Self.name(measurement.path), statistics: statistics))
      if Interrupts.isRaised { break }
    }
    if ![stats, csv, jobs].contains("-") { show(columns) }
    if let csv { try HostFiles.put(CSV.comparison(columns), to: csv) }
    if let jobs { try HostFiles.put(CSV.jobs(columns), to: jobs) }
    if let stats {
      if columns.count == 1 {
        try StatisticsFile.write(columns[0].statistics, to: stats)
      } else {
        try StatisticsFile.write(columns.map(\.statistics), to: stats)
      }
    }
    return status
  }

  /// `retnet-generate-list` of `firmware/build/retnet-generate-list.elf`.
  static func name(_ path: String) -> String {
    let file = (path as NSString).lastPathComponent
    return file.hasSuffix(".elf") ? String(file.dropLast(4)) : file
  }

  private func show(_ columns: [OverheadColumn]) {
    Console.output(OverheadTable(columns).text)
    if functions > 0 {
      let details = OverheadDetails(columns, functions: functions).text
      if !details.isEmpty { Console.output("\n" + details) }
    }
    guard let energy = columns.first?.statistics.energy else { return }
    Console.output("\nenergy: an estimate, not sign-off (replace with --energy NAME=PICOJOULES)")
    for constant in EnergyAssumptions.constants {
      Console.output(
        "  \(constant.name) = \(energy.assumptions[keyPath: constant.keyPath]) \(constant.unit): \(constant.basis)")
    }
  }
}

/// What is measured and for how long; shared by `overhead` and `report`.
struct MeasurementOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Measure from one symbol to another instead.", valueName: "BEGIN_SYMBOL:END_SYMBOL"))
  var region: String?

  @Option(help: ArgumentHelp("Put a raw file into memory before the start. Repeatable.", valueName: "FILE@ADDRESS"))
  var load: [String] = []

  @Option(
    help: ArgumentHelp("A constant of the energy estimate: E_MAC, E_L2, P_IDLE, E_HOST.", valueName: "NAME=PICOJOULES"))
  var energy: [String] = []

  @Flag(name: .customLong("skip-contention-free"), help: "Do not run the programs a second time without contention.")
  var skipsContentionFree = false

  @Option(name: .customLong("max-cycles"), help: ArgumentHelp("Stop at this SoC cycle (124).", valueName: "N"))
  var maxCycles: UInt64?

  @Option(help: ArgumentHelp("Host wall-clock limit for each run (124).", valueName: "SECONDS"))
  var timeout: Double?

  /// A measurement of each image; refuses what is impossible before anything runs.
  func measurements(
    of paths: [String], _ machine: MachineOptions, _ board: BoardOptions, isQuiet: Bool
  ) throws -> [Measurement] {
    var configuration = try machine.configuration()
    // Each image finds the files as they are; what it changes is not written back.
    configuration.board = try board.files(configuration.profile).description
    if let timeout, !(timeout > 0 && timeout < 1e9) {
      throw HostError.usage("--timeout takes a number of seconds above 0 and below 1e9")
    }
    let assumptions = try assumptions()
    return try paths.map { path in
      let image = try Session.image(path)
      let files = try load.map { try RawFile($0, image) }
      return Measurement(
        path: path, image: image, configuration: configuration, differences: machine.differences(configuration),
        bootFromROM: machine.boot == "rom", region: try region.map { try Self.addresses($0, in: image) },
        limits: RunLimits(cycles: maxCycles ?? UInt64.max - 1), timeout: timeout,
        prepare: { session in for file in files { try file.load(into: session.machine) } }, energy: assumptions,
        comparesContention: !skipsContentionFree, isQuiet: isQuiet)
    }
  }

  private func assumptions() throws -> EnergyAssumptions {
    var result = EnergyAssumptions()
    for text in energy {
      let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2, let value = Double(parts[1]), value >= 0, value < 1e12,
        let constant = EnergyAssumptions.constants.first(where: { $0.name == parts[0] })
      else {
        let names = EnergyAssumptions.constants.map(\.name).joined(separator: ", ")
        throw HostError.usage("--energy takes NAME=PICOJOULES with one of \(names), not '\(text)'")
      }
      result[keyPath: constant.keyPath] = value
    }
    return result
  }

  /// The addresses of BEGIN_SYMBOL:END_SYMBOL.
  static func addresses(_ region: String, in image: FirmwareImage) throws -> (begin: UInt32, end: UInt32) {
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
