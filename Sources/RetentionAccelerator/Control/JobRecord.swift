/// What the accelerator tells about its work: jobs, descriptors and running totals.
///
/// Models: the per-job statistics of cli.md ("perJob") and the counters that PERF_CLEAR does not touch.
/// Leaves out: who caused the job; the machine adds that.

import HardwareModel

/// One job of the queue.
public struct JobRecord: Sendable, Equatable {
  /// RUNNING_JOB while it ran.
  public let id: UInt8
  /// `linear`, `retention`, `norm`, `map`, `list`, or `illegal` (unknown opcode, or CTRL as a register job).
  public let operation: String
  /// The context that holds it, 0 or 1.
  public var context = 0
  /// First cycle of the run.
  public let start: Cycle
  /// Last cycle of the run, included; while it runs, `start`.
  public var end: Cycle
  /// Cycles in which a beat waited for a grant, part of the run.
  public var stall: UInt64 = 0
  public var macs: UInt64 = 0
  public var bytesRead: UInt64 = 0
  public var bytesWritten: UInt64 = 0
  /// Descriptors executed without error.
  public var descriptors: UInt64 = 0
  public var error: ErrorCode = .none
  /// Ended by SOFT_CLEAR.
  public var aborted = false
}

/// One descriptor that ran, legal or not.
public struct DescriptorRecord: Sendable {
  /// Where it lies in a list; nil for a register job.
  public let address: Address?
  /// First and last cycle, both included; in a list the fetch is part of it, in a register job the run's start is.
  public let start: Cycle
  public let end: Cycle
  public let descriptor: Descriptor
  public let error: ErrorCode
}

/// Sums over the whole run of the machine.
public struct AcceleratorTotals: Sendable, Equatable {
  /// Jobs finished, also with an error; aborted jobs are not.
  public var jobs: UInt64 = 0
  /// Descriptors executed without error.
  public var descriptors: UInt64 = 0
  public var macs: UInt64 = 0
  public var bytesRead: UInt64 = 0
  public var bytesWritten: UInt64 = 0
  /// Errors recorded.
  public var errors: UInt64 = 0
  /// Cycles in which a job ran, those of `stallCycles` included (the register CYCLES).
  public var runCycles: UInt64 = 0
  /// Cycles in which a beat waited for a grant (the register STALLS).
  public var stallCycles: UInt64 = 0

  public init() {}

  /// Cycles in which a job ran and no beat waited.
  public var busyCycles: UInt64 { runCycles &- stallCycles }
}

extension JobRecord: StateValue {
  /// What a loaded record is put into.
  public static var empty: JobRecord { JobRecord(id: 0, operation: "", start: 0, end: 0) }

  public mutating func visitState(_ archive: StateArchive) {
    var (id, operation, start) = (id, operation, start)
    archive.visit("id", &id)
    archive.visit("operation", &operation, most: 16)
    archive.visit("context", &context, in: 0...RETA.contextCount - 1)
    archive.visit("start", cycle: &start)
    archive.visit("end", cycle: &end)
    archive.visit("stall", &stall)
    archive.visit("macs", &macs)
    archive.visit("bytesRead", &bytesRead)
    archive.visit("bytesWritten", &bytesWritten)
    archive.visit("descriptors", &descriptors)
    archive.visit("error", &error)
    archive.visit("aborted", &aborted)
    archive.require(start <= end, "a job that ends before it starts")
    self = JobRecord(
      id: id, operation: operation, context: context, start: start, end: end, stall: stall, macs: macs,
      bytesRead: bytesRead, bytesWritten: bytesWritten, descriptors: descriptors, error: error, aborted: aborted)
  }
}

extension AcceleratorTotals: StateValue {
  public mutating func visitState(_ archive: StateArchive) {
    archive.visit("jobs", cycle: &jobs)
    archive.visit("descriptors", cycle: &descriptors)
    archive.visit("macs", &macs)
    archive.visit("bytesRead", &bytesRead)
    archive.visit("bytesWritten", &bytesWritten)
    archive.visit("errors", cycle: &errors)
    archive.visit("runCycles", cycle: &runCycles)
    archive.visit("stallCycles", cycle: &stallCycles)
  }
}
