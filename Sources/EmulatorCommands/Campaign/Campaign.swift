// A campaign: the same program again and again, each time with one fault, held against a run without any.

import FirmwareImage
import Foundation
import Instrumentation
import PULPissimo
import RetentionAccelerator

/// How a program got on with a fault.
enum CampaignOutcome: String, CaseIterable, Encodable {
  /// Output and results as without the fault.
  case recovered
  /// It said that something was wrong.
  case detected
  /// It did not come to an end.
  case hung
  /// It ended as if nothing had happened, with other results.
  case silent
}

/// One run of a campaign.
struct CampaignRun: Encodable {
  let run: Int
  let kind: String
  /// The fault file.
  let plan: String
  let outcome: CampaignOutcome
  /// What has happened; nothing if the program ended before the fault's time came.
  let faults: [FaultRecord]
  let reason: String
  let code: UInt32
  let cycles: UInt64
  let message: String
}

/// What is run and what of it counts.
struct Campaign {
  let image: FirmwareImage
  let configuration: MachineConfiguration
  let files: [RawFile]
  let dumps: [MemoryDump]
  /// Lines of the output that are not compared.
  let ignored: [Regex<AnyRegexOutput>]
  /// Texts that say that something is wrong.
  let errorTexts: [String]

  /// What a run left behind.
  struct Result {
    let session: Session
    let end: RunEnd
    let output: String
    let dumped: [[DumpedNumber]]
  }

  /// Lines that begin like this are remarks, for example of what a driver has put right.
  static let accountPrefix = "driver: "

  func run(_ plans: [FaultPlan], maxCycles: UInt64, listen: (Session) -> Void = { _ in }) throws -> Result {
    let session = try Session(
      image: image, configuration: configuration, output: GuestOutput(descriptor: -1, isKept: true), isQuiet: true)
    for file in files { try file.load(into: session.machine) }
    listen(session)
    session.inject(plans)
    let end = session.run(limits: RunLimits(cycles: maxCycles))
    return Result(
      session: session, end: end, output: String(decoding: session.output.text, as: UTF8.self),
      dumped: dumps.map { $0.values(session.machine) })
  }

  /// The run without a fault, and what faults can be aimed at.
  func golden(maxCycles: UInt64) throws -> (result: Result, targets: CampaignTargets) {
    final class Counter {
      var events: [Int: Int] = [:]
    }
    let counter = Counter()
    let result = try run([], maxCycles: maxCycles) { session in
      session.machine.eventGenerator.admits = { event, _ in
        counter.events[event, default: 0] += 1
        return true
      }
    }
    let jobs = result.session.recorder.jobs
    let fitted = UInt32(configuration.interleavedKiB) * 1024
    func objects(_ isMeant: (UInt32) -> Bool) -> [Symbol] {
      var names: Set<String> = []
      return image.symbols.all.filter { symbol in
        symbol.kind == .object && symbol.size > 0 && isMeant(symbol.address)
          && isMeant(symbol.address &+ symbol.size &- 1)
          && image.symbols[symbol.name] == symbol && names.insert(symbol.name).inserted
      }
    }
    let first = jobs.first?.start ?? 0
    return (
      result,
      CampaignTargets(
        cycles: result.end.cycles, jobCycles: first..<max(first + 1, jobs.last?.end ?? 0), jobs: jobs.count,
        events: counter.events.sorted { $0.key < $1.key }.filter { $0.key < 135 || (140..<160).contains($0.key) }
          .map { ($0.key, $0.value) },
        objects: objects { $0 >= MemoryMap.interleaved && $0 < MemoryMap.interleaved &+ fitted },
        hostObjects: objects { $0 >= MemoryMap.privateBank0 && $0 < MemoryMap.interleaved },
        hasArbiters: configuration.hart.cycleModel && configuration.contention)
    )
  }

  /// The output as it is compared.
  func comparable(_ output: String) -> String {
    output.split(separator: "\n", omittingEmptySubsequences: false).filter { line in
      !line.hasPrefix(Self.accountPrefix) && !ignored.contains { line.contains($0) }
    }.joined(separator: "\n")
  }

  func outcome(_ result: Result, golden: Result) -> CampaignOutcome {
    switch result.end.reason {
    case .exit: break
    case .strict, .check: return .detected
    case .limit, .lockup, .interrupted: return .hung
    }
    if result.end.code != golden.end.code { return .detected }
    if comparable(result.output) == comparable(golden.output), result.dumped == golden.dumped { return .recovered }
    return errorTexts.contains { result.output.contains($0) } ? .detected : .silent
  }
}
