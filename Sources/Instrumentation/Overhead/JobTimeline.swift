// One row a job: who waited for whom.

import HardwareModel
import RetentionAccelerator

/// A job with what happened around it. Cycles are SoC cycles; nil where it did not happen.
public struct JobTiming: Sendable, Equatable, Encodable {
  public let id: UInt8
  public let context: Int
  public let operation: String
  /// The TRIGGER write that committed it took effect.
  public let trigger: Cycle?
  public let start: Cycle
  public let end: Cycle
  public let stall: Cycle
  /// Cycles without a running job before it, since the job before.
  public let gapBefore: Cycle?
  /// K of the next interrupt 26.
  public let interrupt: Cycle?
  /// The first instruction of the handler left ID; known if instructions were observed.
  public let handler: Cycle?
  /// The core's next access to a register of the accelerator took effect.
  public let acknowledge: Cycle?
  /// The next TRIGGER write took effect.
  public let nextTrigger: Cycle?
}

extension RunRecorder {
  /// All jobs that have finished, in the order in which they ran.
  public var timeline: [JobTiming] {
    var timings: [Cycle: LatencyRecords.Job] = [:]
    for job in latencies.jobs { timings[job.start] = job }
    var last: Cycle?
    return jobs.map { job in
      let timing = timings[job.start]
      defer { last = job.end }
      return JobTiming(
        id: job.id, context: job.context, operation: job.operation, trigger: timing?.trigger, start: job.start,
        end: job.end, stall: job.stall, gapBefore: last.map { job.start &- $0 &- 1 }, interrupt: timing?.interrupt,
        handler: timing?.handler, acknowledge: timing?.acknowledge, nextTrigger: timing?.nextTrigger)
    }
  }
}
