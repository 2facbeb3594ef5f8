// Latencies between host and accelerator.
//
// Follows `cli.md`, "Latencies".

import HardwareModel

/// Number, minimum, lower median and maximum of a latency, in cycles.
public struct LatencySummary: Sendable, Equatable, Encodable {
  public let count: Int
  public let min: Cycle
  public let median: Cycle
  public let max: Cycle

  /// Nil if there are no samples.
  init?(_ samples: [Cycle]) {
    let sorted = samples.sorted()
    guard let first = sorted.first, let last = sorted.last else { return nil }
    count = sorted.count
    min = first
    median = sorted[(sorted.count - 1) / 2]
    max = last
  }
}

/// Samples of the latencies, with the done cycle of the job that each belongs to.
struct LatencyRecords {
  struct Job {
    /// TRIGGER write in effect, first cycle of the job.
    var trigger: Cycle?
    var start: Cycle
    var done: Cycle?
    /// No other job was committed when it was done.
    var isLast = false
    var interrupt: Cycle?
    /// The first instruction of the handler left ID.
    var handler: Cycle?
    var acknowledge: Cycle?
    var nextTrigger: Cycle?
  }

  private(set) var jobs: [Job] = []
  /// First job that still waits for an interrupt, an access, a trigger.
  private var openInterrupt = 0
  private var openHandler = 0
  private var openAcknowledge = 0
  private var openTrigger = 0

  /// TRIGGER writes whose jobs have not started, oldest first.
  private var waiting: [Cycle] = []

  /// A job starts. If the write that started it is being reported only after this, `triggered` gives it its trigger.
  mutating func started(at start: Cycle) {
    jobs.append(Job(trigger: waiting.isEmpty ? nil : waiting.removeFirst(), start: start))
  }

  /// A job was aborted: it has no latencies.
  mutating func aborted() {
    if let last = jobs.last, last.done == nil { jobs.removeLast() }
  }

  /// Committed jobs that have not started never will.
  mutating func dropCommitted() { waiting.removeAll() }

  mutating func finished(at done: Cycle, isLast: Bool) {
    guard let index = jobs.lastIndex(where: { $0.done == nil }) else { return }
    jobs[index].done = done
    jobs[index].isLast = isLast
  }

  mutating func interrupted(at cycle: Cycle) {
    while openInterrupt < jobs.count, let done = jobs[openInterrupt].done, done <= cycle {
      jobs[openInterrupt].interrupt = cycle
      openInterrupt += 1
    }
  }

  /// The first instruction of an interrupt's handler leaves ID.
  mutating func handled(at cycle: Cycle) {
    while openHandler < openInterrupt, openHandler < jobs.count {
      jobs[openHandler].handler = cycle
      openHandler += 1
    }
  }

  mutating func acknowledged(at cycle: Cycle) {
    while openAcknowledge < jobs.count, let done = jobs[openAcknowledge].done, done < cycle {
      jobs[openAcknowledge].acknowledge = cycle
      openAcknowledge += 1
    }
  }

  /// A TRIGGER write has taken effect; `commits`: a context was free for it.
  mutating func triggered(at cycle: Cycle, commits: Bool) {
    while openTrigger < jobs.count, let done = jobs[openTrigger].done, done < cycle {
      jobs[openTrigger].nextTrigger = cycle
      openTrigger += 1
    }
    guard commits else { return }
    if let last = jobs.indices.last, jobs[last].trigger == nil, jobs[last].start == cycle + 1 {
      jobs[last].trigger = cycle
    } else {
      waiting.append(cycle)
    }
  }

  /// The latencies of the jobs that were done in `region`.
  func summaries(in region: CycleIntervals) -> [String: LatencySummary] {
    let mine = jobs.filter { job in job.done.map(region.contains) ?? false }
    func samples(_ pick: (Job, Cycle) -> Cycle?) -> LatencySummary? {
      LatencySummary(mine.compactMap { job in job.done.flatMap { pick(job, $0) } })
    }
    var result: [String: LatencySummary] = [:]
    result["triggerToStart"] = samples { job, _ in job.trigger.map { job.start &- $0 } }
    result["doneToInterrupt"] = samples { job, done in job.interrupt.map { $0 &- done } }
    result["doneToAcknowledge"] = samples { job, done in job.acknowledge.map { $0 &- done } }
    func between(_ from: Cycle?, _ to: Cycle?) -> Cycle? {
      guard let from, let to, to >= from else { return nil }
      return to - from
    }
    result["interruptToHandler"] = samples { job, _ in between(job.interrupt, job.handler) }
    result["handlerToAcknowledge"] = samples { job, _ in between(job.handler, job.acknowledge) }
    result["acknowledgeToTrigger"] = samples { job, _ in job.isLast ? between(job.acknowledge, job.nextTrigger) : nil }
    result["doneToTrigger"] = samples { job, done in job.isLast ? job.nextTrigger.map { $0 &- done } : nil }
    return result
  }
}

extension LatencyRecords.Job: StateValue {
  mutating func visitState(_ archive: StateArchive) {
    archive.visit("trigger", due: &trigger)
    archive.visit("start", cycle: &start)
    archive.visit("done", due: &done)
    archive.visit("isLast", &isLast)
    archive.visit("interrupt", due: &interrupt)
    archive.visit("handler", due: &handler)
    archive.visit("acknowledge", due: &acknowledge)
    archive.visit("nextTrigger", due: &nextTrigger)
  }
}

extension LatencyRecords: StateValue {
  mutating func visitState(_ archive: StateArchive) {
    archive.visit("jobs", &jobs, most: 1 << 28, new: Job(start: 0))
    archive.visit("openInterrupt", &openInterrupt, in: 0...1 << 30)
    archive.visit("openHandler", &openHandler, in: 0...1 << 30)
    archive.visit("openAcknowledge", &openAcknowledge, in: 0...1 << 30)
    archive.visit("openTrigger", &openTrigger, in: 0...1 << 30)
    archive.elements("waiting", &waiting, most: 1 << 16, new: 0) { archive.visit("cycle", cycle: &$0) }
  }
}
