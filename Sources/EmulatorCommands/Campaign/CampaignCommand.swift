// `pulpemu campaign`: how a program gets on with random faults.

import ArgumentParser
import FirmwareImage
import Foundation
import PULPissimo

/// Runs a program many times, each with one random fault.
struct CampaignCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "campaign",
    abstract: "Run a program with random faults and tell how it gets on.",
    discussion: """
      Each run has one fault, made from the seed, the run's number and what the program does without a fault (the golden \
      run). A run is

        recovered  output and results are those of the golden run: the fault was masked or put right
        detected   the program ended with another exit code, or printed one of the --error-text
        hung       it locked up or reached --max-cycles
        silent     it ended like the golden run, with other output or results

      Compared are standard output, but for lines that begin with 'driver: ' and those that --ignore matches, and the \
      memory that --dump names. --save-runs writes a fault file for each run, which `pulpemu run --inject` takes.

      Kinds of faults: \(CampaignKind.names(CampaignKind.standard)) (the default: all outside the \
      processor); also \(CampaignKind.names(CampaignKind.allCases.filter { !CampaignKind.standard.contains($0) })).

      Examples:
        pulpemu campaign firmware/build/reta-guarded-irq.elf --seed 1 --runs 200
        pulpemu campaign firmware/build/reta-naive.elf --faults event,memory --json result.json --save-runs runs

      Exit status: 0 if no run was hung or silent, 1 if one was; 65 if the program does not end well without a fault.
      """)

  @Argument(help: "The ELF file.")
  var firmware: String

  @OptionGroup(title: "Machine") var machine: MachineOptions
  @OptionGroup(title: "Board") var board: BoardOptions

  @Option(help: ArgumentHelp("Seed of the faults.", valueName: "S"))
  var seed: UInt64 = 1

  @Option(help: ArgumentHelp("Number of runs.", valueName: "N"))
  var runs = 100

  @Option(name: .customLong("run"), help: ArgumentHelp("Only this run of the campaign, from 0.", valueName: "I"))
  var single: Int?

  @Option(help: ArgumentHelp("Kinds of faults, with commas.", valueName: "KIND,…"))
  var faults: String?

  @Option(
    help: ArgumentHelp("What the program prints without a fault; default: what it prints then.", valueName: "FILE"))
  var golden: String?

  @Option(
    help: ArgumentHelp("Memory that is a result. Repeatable.", valueName: "SYMBOL[:TYPE[:COUNT]]"))
  var dump: [String] = []

  @Option(help: ArgumentHelp("Lines of the output that are not compared. Repeatable.", valueName: "REGEX"))
  var ignore: [String] = []

  @Option(
    name: .customLong("error-text"),
    help: ArgumentHelp("Output that says that something is wrong. Repeatable.", valueName: "TEXT"))
  var errorTexts: [String] = []

  @Option(help: ArgumentHelp("Put a raw file into memory before the start. Repeatable.", valueName: "FILE@ADDRESS"))
  var load: [String] = []

  @Option(
    name: .customLong("max-cycles"),
    help: ArgumentHelp("A run that gets here is hung; default: 4 times the golden run and 2 million.", valueName: "N"))
  var maxCycles: UInt64?

  @Option(help: ArgumentHelp("Write all runs as JSON; - for standard output.", valueName: "FILE"))
  var json: String?

  @Option(name: .customLong("save-runs"), help: ArgumentHelp("Write each run's fault file here.", valueName: "DIR"))
  var saveRuns: String?

  @Flag(help: "Only the table, not the runs that were hung or silent.")
  var quiet = false

  func run() throws {
    var status: Int32 = 0
    try Console.reporting { status = try execute() }
    if status != 0 { throw ExitCode(status) }
  }

  private func kinds() throws -> [CampaignKind] {
    guard let faults else { return CampaignKind.standard }
    return try faults.split(separator: ",").map { name in
      guard let kind = CampaignKind(rawValue: String(name)) else {
        let known = CampaignKind.allCases.map(\.rawValue).joined(separator: ", ")
        throw HostError.usage("--faults takes \(known), not '\(name)'")
      }
      return kind
    }
  }

  private func campaign() throws -> Campaign {
    var configuration = try machine.configuration()
    configuration.board = try board.files(configuration.profile).description
    guard machine.boot == "direct" else { throw HostError.usage("campaign: only --boot direct") }
    let image = try Session.image(firmware)
    let patterns = try ignore.map { text in
      do { return try Regex(text) } catch { throw HostError.usage("--ignore '\(text)' is no regular expression") }
    }
    return Campaign(
      image: image, configuration: configuration, files: try load.map { try RawFile($0, image) },
      dumps: try dump.map { try MemoryDump($0, image) }, ignored: patterns, errorTexts: errorTexts)
  }

  private func execute() throws -> Int32 {
    guard (1...1_000_000).contains(runs) else { throw HostError.usage("--runs takes 1 to 1000000, not \(runs)") }
    if let single, !(0..<runs).contains(single) { throw HostError.usage("--run takes 0 to \(runs - 1), not \(single)") }
    let wanted = try kinds()
    let campaign = try campaign()
    if let json, json != "-" { try HostFiles.checkWritable(json) }
    if let saveRuns {
      do {
        try FileManager.default.createDirectory(atPath: saveRuns, withIntermediateDirectories: true)
      } catch {
        throw HostError.cannotCreate("\(saveRuns): cannot be created")
      }
    }
    Interrupts.catchSignals()
    let (golden, targets) = try campaign.golden(maxCycles: maxCycles ?? 1 << 36)
    if golden.end.reason == .interrupted {
      throw HostError(
        status: ExitStatus.interrupted, description: "interrupted before the run without a fault had ended")
    }
    guard golden.end.reason == .exit, golden.end.code == 0 else {
      throw HostError.data(
        "\(firmware): does not end well without a fault: \(golden.end.reason.rawValue) \(golden.end.message)")
    }
    if let path = self.golden {
      let expected = String(decoding: try HostFiles.read(path), as: UTF8.self)
      guard campaign.comparable(expected) == campaign.comparable(golden.output) else {
        throw HostError.data("\(path): not what \(firmware) prints without a fault")
      }
    }
    let possible = FaultGenerator.possible(wanted, targets)
    guard !possible.isEmpty else {
      throw HostError.data("\(firmware) gives no occasion for faults of the kinds wanted")
    }
    let limit = maxCycles ?? golden.end.cycles * 4 + 2_000_000
    var done: [CampaignRun] = []
    for index in single.map({ $0..<$0 + 1 }) ?? 0..<runs where !Interrupts.isRaised {
      guard let ended = try run(index, possible, targets, campaign, golden, limit: limit) else { break }
      done.append(ended)
    }
    let report = CampaignReport(
      firmware: campaign.image.path, sha256: HostFiles.sha256(campaign.image.fileBytes), seed: seed,
      goldenCycles: golden.end.cycles, runs: done)
    if let json { try StatisticsFile.write(report, to: json) }
    if json != "-" { Console.output(report.table) }
    if Interrupts.isRaised { return ExitStatus.interrupted }
    return report.summary["hung", default: 0] + report.summary["silent", default: 0] == 0 ? 0 : 1
  }

  /// Nil if a signal has cut the run off.
  private func run(
    _ index: Int, _ kinds: [CampaignKind], _ targets: CampaignTargets, _ campaign: Campaign, _ golden: Campaign.Result,
    limit: UInt64
  ) throws -> CampaignRun? {
    var generator = FaultGenerator(seed: seed, run: index, targets)
    let (kind, text) = generator.next(kinds)
    let file = InjectFile(path: "run \(index)", image: campaign.image, configuration: campaign.configuration)
    let plans = try file.plans(text)
    if let saveRuns {
      let digits = String(index)
      let name = String(repeating: "0", count: max(0, 6 - digits.count)) + digits
      let head = "# \(campaign.image.path), seed \(seed), run \(index), \(kind.rawValue)\n"
      try HostFiles.put(head + text, to: "\(saveRuns)/run-\(name).yaml")
    }
    let result = try campaign.run(plans, maxCycles: limit)
    if result.end.reason == .interrupted { return nil }
    let outcome = campaign.outcome(result, golden: golden)
    if !quiet, outcome == .hung || outcome == .silent {
      Console.error("pulpemu: run \(index), \(outcome.rawValue): \(text.split(separator: "\n").last ?? "")")
      for record in result.session.faults?.records ?? [] {
        Console.error("pulpemu:   cycle \(record.cycle), at \(result.session.place(record.pc)): \(record.fault)")
      }
      Console.error("pulpemu:   \(result.session.lastLine(result.end).dropFirst(9))")
    }
    return CampaignRun(
      run: index, kind: kind.rawValue, plan: text, outcome: outcome, faults: result.session.faults?.records ?? [],
      reason: result.end.reason.rawValue, code: result.end.code, cycles: result.end.cycles,
      message: result.end.message)
  }
}

/// What a campaign has found.
struct CampaignReport: Encodable {
  let schema = "pulpemu-campaign/1"
  let firmware: String
  let sha256: String
  let seed: UInt64
  let goldenCycles: UInt64
  let runs: [CampaignRun]
  let summary: [String: Int]

  init(firmware: String, sha256: String, seed: UInt64, goldenCycles: UInt64, runs: [CampaignRun]) {
    self.firmware = firmware
    self.sha256 = sha256
    self.seed = seed
    self.goldenCycles = goldenCycles
    self.runs = runs
    var summary = Dictionary(uniqueKeysWithValues: CampaignOutcome.allCases.map { ($0.rawValue, 0) })
    for run in runs { summary[run.outcome.rawValue, default: 0] += 1 }
    self.summary = summary
  }

  enum CodingKeys: String, CodingKey { case schema, firmware, sha256, seed, goldenCycles, runs, summary }

  /// Outcomes by kind of fault.
  var table: String {
    var rows = [["fault", "runs"] + CampaignOutcome.allCases.map(\.rawValue) + ["no occasion"]]
    let kinds = CampaignKind.allCases.map(\.rawValue).filter { kind in runs.contains { $0.kind == kind } }
    for kind in kinds + ["all"] {
      let part = kind == "all" ? runs : runs.filter { $0.kind == kind }
      rows.append(
        [kind, String(part.count)]
          + CampaignOutcome.allCases.map { outcome in String(part.count { $0.outcome == outcome }) }
          + [String(part.count { $0.faults.isEmpty })])
    }
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      row.enumerated().map { index, text in
        let space = String(repeating: " ", count: widths[index] - text.count)
        return index == 0 ? text + space : space + text
      }.joined(separator: "  ")
    }.joined(separator: "\n")
  }
}
