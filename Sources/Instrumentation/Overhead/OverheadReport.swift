// Who did what with the time of the region.
//
// Follows `cli.md`, "Overhead": every host cycle of the region belongs to the first class that holds.

import HardwareModel
import RetentionAccelerator

/// The overhead figures of one run; names and meanings are those of the JSON contract.
public struct OverheadReport: Sendable, Encodable {
  public var regionCycles: Cycle = 0
  public var acceleratorBusyCycles: Cycle = 0
  public var acceleratorStallCycles: Cycle = 0
  public var acceleratorIdleCycles: Cycle = 0
  public var hostActiveCycles: Cycle = 0
  public var hostSleepCycles: Cycle = 0
  public var hostConfigureCycles: Cycle = 0
  public var hostPollCycles: Cycle = 0
  public var hostInterruptCycles: Cycle = 0
  public var hostOtherCycles: Cycle = 0
  public var mmioReads = 0
  public var mmioWrites = 0
  public var interrupts = 0
  public var hostInstructions: UInt64 = 0
  public var jobs = 0
  /// Host cycles not asleep per accelerator busy cycle; nil when the accelerator was never busy.
  public var interventionRatio: Double?
  public var setupCycles: Cycle = 0
  public var noticeCycles: Cycle = 0
  public var latencies: [String: LatencySummary] = [:]
  /// Stretches of the region in which no job ran; nil without one.
  public var gaps: LatencySummary?
  /// Accesses of the region by register.
  public var registers: [RunRecorder.RegisterAccesses] = []
  /// What the accelerator did in the region.
  public var work = AcceleratorWork()

  enum CodingKeys: String, CodingKey {
    case regionCycles, acceleratorBusyCycles, acceleratorStallCycles, acceleratorIdleCycles, hostActiveCycles
    case hostSleepCycles, hostConfigureCycles, hostPollCycles, hostInterruptCycles, hostOtherCycles, mmioReads
    case mmioWrites, interrupts, hostInstructions, jobs, interventionRatio, setupCycles, noticeCycles, latencies
    case gaps, registers, work
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(regionCycles, forKey: .regionCycles)
    try container.encode(acceleratorBusyCycles, forKey: .acceleratorBusyCycles)
    try container.encode(acceleratorStallCycles, forKey: .acceleratorStallCycles)
    try container.encode(acceleratorIdleCycles, forKey: .acceleratorIdleCycles)
    try container.encode(hostActiveCycles, forKey: .hostActiveCycles)
    try container.encode(hostSleepCycles, forKey: .hostSleepCycles)
    try container.encode(hostConfigureCycles, forKey: .hostConfigureCycles)
    try container.encode(hostPollCycles, forKey: .hostPollCycles)
    try container.encode(hostInterruptCycles, forKey: .hostInterruptCycles)
    try container.encode(hostOtherCycles, forKey: .hostOtherCycles)
    try container.encode(mmioReads, forKey: .mmioReads)
    try container.encode(mmioWrites, forKey: .mmioWrites)
    try container.encode(interrupts, forKey: .interrupts)
    try container.encode(hostInstructions, forKey: .hostInstructions)
    try container.encode(jobs, forKey: .jobs)
    // null, not absent, when the accelerator was never busy.
    try container.encode(interventionRatio, forKey: .interventionRatio)
    try container.encode(setupCycles, forKey: .setupCycles)
    try container.encode(noticeCycles, forKey: .noticeCycles)
    try container.encode(latencies, forKey: .latencies)
    try container.encodeIfPresent(gaps, forKey: .gaps)
    try container.encode(registers, forKey: .registers)
    try container.encode(work, forKey: .work)
  }
}

/// Work of the accelerator, as its performance counters count it.
public struct AcceleratorWork: Sendable, Equatable, Encodable {
  public var macs: UInt64 = 0
  public var bytesRead: UInt64 = 0
  public var bytesWritten: UInt64 = 0
  /// The register CYCLES: busy and stalled.
  public var cycles: Cycle = 0

  public init() {}

  mutating func add(from: AcceleratorTotals, to: AcceleratorTotals) {
    macs &+= to.macs &- from.macs
    bytesRead &+= to.bytesRead &- from.bytesRead
    bytesWritten &+= to.bytesWritten &- from.bytesWritten
    cycles &+= to.runCycles &- from.runCycles
  }
}

extension RunRecorder {
  /// The overhead of the run, which ended at `end`; `finish(at:)` has been called.
  public func overhead(end: Cycle) -> OverheadReport {
    var report = OverheadReport()
    var region = CycleIntervals()
    for mark in marks {
      region.insert(from: mark.begin.cycle, until: mark.end.cycle)
      report.acceleratorStallCycles &+= mark.end.accelerator.stallCycles &- mark.begin.accelerator.stallCycles
      report.acceleratorBusyCycles &+= mark.end.accelerator.runCycles &- mark.begin.accelerator.runCycles
      report.hostInstructions &+= mark.end.instructions &- mark.begin.instructions
      report.work.add(from: mark.begin.accelerator, to: mark.end.accelerator)
    }
    report.acceleratorBusyCycles &-= report.acceleratorStallCycles
    report.regionCycles = region.count
    report.acceleratorIdleCycles =
      report.regionCycles &- report.acceleratorBusyCycles &- report.acceleratorStallCycles

    var rest = region
    func take(_ cycles: CycleIntervals) -> Cycle {
      let part = rest.intersection(cycles).count
      rest = rest.subtracting(cycles)
      return part
    }
    report.hostSleepCycles = take(asleep)
    report.hostInterruptCycles = take(interrupt)
    report.hostPollCycles = take(polling)
    report.hostConfigureCycles = take(configuring)
    report.hostOtherCycles = rest.count
    report.hostActiveCycles = report.regionCycles &- report.hostSleepCycles

    report.mmioReads = Int(clamping: counts[.read])
    report.mmioWrites = Int(clamping: counts[.write])
    report.interrupts = Int(clamping: counts[.interrupt])
    report.registers = regionAccesses
    report.gaps = LatencySummary(gaps(in: region, end: end).map { $0.upperBound - $0.lowerBound })
    report.jobs = jobs.filter { !$0.aborted && region.contains($0.end) }.count
    if report.acceleratorBusyCycles > 0 {
      report.interventionRatio = Double(report.hostActiveCycles) / Double(report.acceleratorBusyCycles)
    }
    if let first = firstAcceleratorAccess, let trigger = firstTrigger, first <= trigger {
      report.setupCycles = active(first...trigger)
    }
    if let done = latencies.jobs.last?.done, let next = latencies.jobs.last?.acknowledge, done < next {
      report.noticeCycles = active(done + 1...next)
    }
    report.latencies = latencies.summaries(in: region)
    return report
  }

  /// The stretches of `region` in which no job ran, of a run that ended at `end`.
  func gaps(in region: CycleIntervals, end: Cycle) -> [Range<Cycle>] {
    var running = CycleIntervals()
    for job in jobs { running.insert(from: job.start, until: job.end + 1) }
    if let job = machine.accelerator.currentJob { running.insert(from: job.start, until: end) }
    return region.subtracting(running).intervals
  }

  /// Cycles of `range` in which the host was not asleep.
  private func active(_ range: ClosedRange<Cycle>) -> Cycle {
    var cycles = CycleIntervals()
    cycles.insert(from: range.lowerBound, until: range.upperBound + 1)
    return cycles.subtracting(asleep).count
  }
}
