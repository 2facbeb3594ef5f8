// One image measured: a run with everything that the comparison shows, and a second one without contention.

import FirmwareImage
import Foundation
import Instrumentation
import PULPissimo

/// What is run and what of it is kept.
struct Measurement {
  var path: String
  var image: FirmwareImage
  var configuration: MachineConfiguration
  /// The parameters that are not at their defaults, for the statistics.
  var differences: [String: String] = [:]
  var bootFromROM = false
  var region: (begin: UInt32, end: UInt32)?
  var limits = RunLimits()
  var timeout: Double?
  /// Puts requests into the machine before it starts.
  var prepare: (Session) throws -> Void = { _ in }
  var energy = EnergyAssumptions()
  /// Counts instructions by function.
  var profiles = true
  /// Runs the program a second time without contention.
  var comparesContention = true
  var isQuiet = false

  /// Runs the image. `listen` may attach to the first run before it starts.
  func run(listen: (Session) -> Void = { _ in }) throws -> (session: Session, end: RunEnd, statistics: Statistics) {
    let session = try session(configuration, profiles: profiles)
    listen(session)
    let end = session.run(limits: limits, timeout: timeout)
    var statistics = session.statistics(end, configuration: differences, path: path)
    statistics.timeline = session.recorder.timeline
    statistics.operations = session.recorder.operationTotals
    if let profile = session.recorder.profile { statistics.functions = functions(profile) }
    statistics.energy = EnergyReport(energy, statistics)
    if comparesContention, configuration.contention, end.reason == .exit, !Interrupts.isRaised {
      var alone = configuration
      alone.contention = false
      var other = self
      other.isQuiet = true
      let quiet = try other.session(alone, profiles: false)
      let otherEnd = quiet.run(limits: limits, timeout: timeout)
      if otherEnd.reason == .exit {
        statistics.contention = ContentionCost(
          contended: statistics, alone: quiet.statistics(otherEnd, configuration: differences, path: path))
      }
    }
    return (session, end, statistics)
  }

  private func session(_ configuration: MachineConfiguration, profiles: Bool) throws -> Session {
    let session = try Session(
      image: image, configuration: configuration, bootFromROM: bootFromROM, region: region, profiles: profiles,
      output: GuestOutput(descriptor: -1), isQuiet: isQuiet)
    try prepare(session)
    return session
  }

  /// Counts by function of the symbol table, the largest first, with what is inlined into each.
  private func functions(_ profile: ExecutionProfile) -> [FunctionCount] {
    let frames = InlinedFrames(image)
    var totals: [String: UInt64] = [:]
    var parts: [String: [String: UInt64]] = [:]
    for (address, count) in profile.counts {
      let names = frames.names(at: address)
      let function = image.symbols.symbol(at: address)?.symbol.name ?? names.last ?? Session.hex(address)
      totals[function, default: 0] += count
      if names.count > 1, let innermost = names.first { parts[function, default: [:]][innermost, default: 0] += count }
    }
    return totals.map { function, count in
      let inlined = (parts[function] ?? [:]).map { FunctionCount.Inlined(function: $0.key, instructions: $0.value) }
      return FunctionCount(
        function: function, instructions: count,
        inlined: inlined.sorted { ($1.instructions, $0.function) < ($0.instructions, $1.function) })
    }.sorted { ($1.instructions, $0.function) < ($0.instructions, $1.function) }
  }
}
