/// The two-context job queue of hwpe-ctrl.
///
/// Models: which context is programmed and which one runs, the lock, the start, STATUS, FINISHED and the job ids.
/// Follows: retention-accelerator.md 4.1, which corrects `hwpe_ctrl_slave.sv` and `hwpe_ctrl_regfile.sv` with
/// N_CONTEXT = 2; the differences are listed there.
/// Leaves out: the halt after an error and what a job does (`RETA`).

import HardwareModel

/// State of the contexts between ACQUIRE, TRIGGER and the end of a job.
struct JobQueue {
  /// FINISHED saturates here.
  static let finishedLimit: UInt32 = 2

  /// Words of both contexts.
  var contexts = InlineArray<2, DescriptorWords>(repeating: DescriptorWords(repeating: 0))
  /// The context that JOB0..15 reach; while all are committed, the oldest of them.
  private(set) var programmed = 0
  /// The context that runs or will run next.
  private(set) var running = 0
  /// Committed contexts whose job has not finished.
  private(set) var pending = 0
  private(set) var isLocked = false
  private(set) var isStarted = false
  /// STATUS[7:0] and STATUS[15:8].
  private(set) var statusBytes = InlineArray<2, UInt8>(repeating: 0)
  private(set) var finished: UInt32 = 0
  /// The cycle of the last access to FINISHED: a job that finishes in it is not counted.
  private var finishedAccess: Cycle = .never
  private(set) var nextID: UInt8 = 0
  private(set) var runningID: UInt8 = 0

  /// True if a job would start now, were the engine idle and not halted.
  var canStart: Bool { isStarted && pending > 0 }

  var status: UInt32 { UInt32(statusBytes[0]) | UInt32(statusBytes[1]) << 8 }

  /// True if a read of ACQUIRE takes a context.
  var canAcquire: Bool { !isLocked && pending < RETA.contextCount }

  /// A read of ACQUIRE.
  mutating func acquire() -> UInt32 {
    let answer = acquireAnswer
    if canAcquire {
      isLocked = true
      nextID &+= 1
    }
    return answer
  }

  /// What ACQUIRE reads, nothing taken.
  var acquireAnswer: UInt32 {
    if isLocked { return RETARegisters.lockHeld }
    if pending == RETA.contextCount { return RETARegisters.allCommitted }
    return UInt32(nextID)
  }

  /// A write to TRIGGER.
  mutating func trigger(_ value: UInt32) {
    if pending < RETA.contextCount {
      statusBytes[programmed] = value == 0 ? 1 : 0
      pending += 1
      programmed = 1 - programmed
      isLocked = false
    }
    if value == 0 { isStarted = true }
  }

  /// An access to FINISHED in `cycle`.
  mutating func readFinished(at cycle: Cycle) -> UInt32 {
    finishedAccess = cycle
    defer { finished = 0 }
    return finished
  }

  /// The running job's last cycle was `last`.
  mutating func finishJob(last: Cycle) {
    statusBytes[running] = 0
    running = 1 - running
    pending -= 1
    runningID &+= 1
    if finishedAccess != last { finished = min(finished + 1, Self.finishedLimit) }
    if pending == 0 { isStarted = false }
  }

  /// SOFT_CLEAR: drops all contexts; `everything` (the value 0) also clears words, ids and FINISHED.
  mutating func clear(everything: Bool) {
    programmed = 0
    running = 0
    pending = 0
    isLocked = false
    isStarted = false
    statusBytes = InlineArray(repeating: 0)
    guard everything else { return }
    contexts = InlineArray(repeating: DescriptorWords(repeating: 0))
    nextID = 0
    runningID = 0
    finished = 0
  }
}

extension JobQueue: StateValue {
  mutating func visitState(_ archive: StateArchive) {
    archive.group("contexts") {
      for context in 0..<RETA.contextCount { archive.visit("words", &contexts[context]) }
    }
    archive.visit("programmed", &programmed, in: 0...RETA.contextCount - 1)
    archive.visit("running", &running, in: 0...RETA.contextCount - 1)
    archive.visit("pending", &pending, in: 0...RETA.contextCount)
    archive.visit("isLocked", &isLocked)
    archive.visit("isStarted", &isStarted)
    archive.visit("statusBytes", &statusBytes)
    archive.visit("finished", &finished, in: 0...Self.finishedLimit)
    archive.visit("finishedAccess", due: &finishedAccess)
    archive.visit("nextID", &nextID)
    archive.visit("runningID", &runningID)
  }
}
