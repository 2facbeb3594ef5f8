// What has happened of late, for `monitor timeline`: jobs, interrupts, transfers of the uDMA and sleeps, as spans of cycles.
//
// Listens to the recorder, which works with every engine. The last spans are kept, as many as `most`. All of it is a
// value, so that a debugger that goes back in time takes the history of that time with it.

import HardwareModel
import Instrumentation
import PULPissimo
import RISCV
import RetentionAccelerator

final class DebugHistory: RunListener {
  struct Span: Equatable {
    var start: Cycle
    /// Behind the last cycle.
    var end: Cycle
    var what: String
  }

  struct State {
    fileprivate(set) var spans: [Span] = []
    fileprivate var interrupts: [(line: Int, cycle: Cycle, pc: Address)] = []
    fileprivate var transfers: TransferTracker
    /// TRIGGER stores whose jobs have not started, oldest first.
    fileprivate var triggers: [Address] = []
    /// The TRIGGER store of the running job, and of the one that has ended last.
    fileprivate(set) var cause: Address?
    fileprivate(set) var lastCause: Address?
  }

  static let most = 512

  private unowned let machine: Machine
  var state: State

  init(_ machine: Machine, _ recorder: RunRecorder) {
    self.machine = machine
    state = State(transfers: TransferTracker(machine))
    recorder.listeners.append(self)
    let completions = machine.udma.onEvent
    machine.udma.onEvent = { [unowned self] event, cycle in
      completions?(event, cycle)
      if let transfer = state.transfers.fired(event, at: cycle) { ended(transfer, at: cycle) }
    }
  }

  private func add(_ start: Cycle, _ end: Cycle, _ what: String) {
    if state.spans.count >= 2 * Self.most { state.spans.removeFirst(Self.most) }
    state.spans.append(Span(start: start, end: end, what: what))
  }

  func jobStarted(_ job: JobRecord) { state.cause = state.triggers.isEmpty ? nil : state.triggers.removeFirst() }

  func jobEnded(_ job: JobRecord) {
    state.lastCause = state.cause
    state.cause = nil
    add(job.start, job.end + 1, "RETA: \(Self.describe(job))")
  }

  /// `job 3 retention in context 1`, with what went wrong.
  static func describe(_ job: JobRecord) -> String {
    "job \(job.id) \(job.operation) in context \(job.context)"
      + (job.error == .none ? "" : ", \(job.error.name)") + (job.aborted ? ", aborted" : "")
  }

  func accessed(_ access: BusAccess, _ block: RegisterBlock?, _ register: Register?) {
    guard access.isWrite, let block, let register else { return }
    if block.name == RETARegisters.block.name, register.offset == RETARegisters.trigger.offset {
      // A job that starts at once has started before its store is reported.
      if let job = machine.accelerator.currentJob, job.start == access.phase + 1, state.cause == nil {
        state.cause = access.pc
      } else {
        state.triggers = (state.triggers + [access.pc]).suffix(RETA.contextCount)
      }
    }
    if block.name == RETARegisters.block.name, register.offset == RETARegisters.softClear.offset { state.triggers = [] }
    for (transfer, cycle) in state.transfers.wrote(block.name, register.name, access.value, at: access.phase + 1) {
      ended(transfer, at: cycle)
    }
  }

  private static func describe(_ transfer: TransferTracker.Transfer) -> String {
    "uDMA: \(transfer.channel), \(transfer.size) bytes \(transfer.isWrite ? "to" : "from") \(Session.hex(transfer.address))"
  }

  private func ended(_ transfer: TransferTracker.Transfer, at cycle: Cycle) {
    add(transfer.start, max(cycle, transfer.start), Self.describe(transfer))
  }

  func tookInterrupt(_ line: Int, at cycle: Cycle, pc: Address) {
    state.interrupts = (state.interrupts + [(line, cycle, pc)]).suffix(Self.most)
  }

  func returned(at cycle: Cycle) {
    guard let last = state.interrupts.popLast() else { return }
    add(last.cycle, cycle + 1, "core: interrupt \(last.line), taken before \(Session.hex(last.pc))")
  }

  func coreSlept(from: Cycle, until: Cycle) { add(from, until, "core: asleep") }

  // MARK: Text

  /// The `count` spans that have ended last, in order of their starts, and what is under way.
  func text(_ count: Int) -> String {
    let cycle = machine.hart.cycle
    var lines = state.spans.suffix(min(count, Self.most)).sorted { ($0.start, $1.end) < ($1.start, $0.end) }.map {
      span in
      "cycles \(span.start) to \(span.end - min(span.end, 1)) (\(span.end - min(span.start, span.end))): \(span.what)"
    }
    func isUnderWay(since start: Cycle, _ what: String) {
      lines.append("since cycle \(start) (\(cycle - min(start, cycle))): \(what), under way")
    }
    if let job = machine.accelerator.currentJob { isUnderWay(since: job.start, "RETA: \(Self.describe(job))") }
    for interrupt in state.interrupts { isUnderWay(since: interrupt.cycle, "core: interrupt \(interrupt.line)") }
    for transfer in state.transfers.open { isUnderWay(since: transfer.start, Self.describe(transfer)) }
    if machine.hart.isAsleep {
      let asleep = machine.hart.sleepCycles(at: cycle) - machine.hart.counters.sleepCycles
      isUnderWay(since: cycle - min(asleep, cycle), "core: asleep")
    }
    guard !lines.isEmpty else { return "nothing has happened yet\n" }
    return (lines + ["now: cycle \(cycle)"]).joined(separator: "\n") + "\n"
  }
}
