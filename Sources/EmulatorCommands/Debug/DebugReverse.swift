// Going back in time, from snapshots of a run that is the same each time.
//
// A step back runs a new machine from the last snapshot up to the place, as fast as the block engine goes; the last instructions
// are looked at one by one. Going back to a breakpoint or watchpoint looks at every instruction, from one snapshot to the
// next, beginning with the last one, until something is found. What the debugger has written is written again at its place.

import GDBServer
import HardwareModel
import PULPissimo

extension DebugMachine {
  /// Takes a snapshot of where the machine stands, if that can be done.
  func takeSnapshot(atLeast distance: Cycle) {
    let cycle = hart.cycle
    let isNear = snapshots.all.contains {
      max($0.place.cycle, cycle) - min($0.place.cycle, cycle) < distance
    }
    guard !isNear, let snapshot = snapshot() else { return }
    snapshots.add(snapshot)
  }

  func snapshot() -> DebugSnapshot? {
    guard let state = try? session.state() else { return nil }
    let here = place
    return DebugSnapshot(
      place: here, state: state, changes: changes.prefix(applied).map(\.id), history: history.state,
      pendingLoad: observer.pendingLoad, seen: seen)
  }

  /// A new machine, without the checker, at `snapshot` or at the start.
  func restore(_ snapshot: DebugSnapshot?) -> Bool {
    leaveFrontier()
    guard rebuild(isChecked: false) else { return false }
    applied = 0
    guard let snapshot else {
      nextSnapshot = start.cycle &+ snapshots.period
      return true
    }
    // Only what this process has saved itself is loaded here.
    guard session.load(state: snapshot.state) == nil else { return false }
    history.state = snapshot.history
    observer.pendingLoad = snapshot.pendingLoad
    seen = snapshot.seen
    applied = snapshot.changes.count
    nextSnapshot = snapshot.place.cycle &+ snapshots.period
    return true
  }

  // MARK: Commands

  func reverseStep() -> StopEvent {
    let here = position
    guard here > start.position else { return .start }
    return replay(to: here - 1) ? .trap : .interrupted
  }

  func reverseRun() -> StopEvent {
    let here = position
    guard here > start.position else { return .start }
    guard isWatching else { return replay(to: start.position) ? .start : .interrupted }
    let traps = traps
    var limit = here
    // What the last instructions of a part do to a peripheral takes place behind it. Behind the present place lies nothing.
    var until = here
    while true {
      let base = snapshots.last(before: limit - 1, lead: Self.lead)
      let floor = base.map { $0.place.position &+ Self.lead } ?? start.position
      let found: Candidate?
      switch scan(from: base, range: floor..<limit, until: until) {
      case .interrupted: return .interrupted
      case .done(let candidate): found = candidate
      }
      if let found {
        guard replay(to: found.position, traps: traps, isAwake: found.isAwake) else { return .interrupted }
        return describe(found.hit)
      }
      guard base != nil else { return replay(to: start.position) ? .start : .interrupted }
      limit = floor
      until = floor &+ Self.lead
    }
  }

  private typealias Candidate = DebugObserver.Candidate

  /// Instructions retired are at least positions less these.
  private var traps: UInt64 { hart.counters.interrupts &+ hart.counters.exceptions }

  // MARK: Runs of a new machine

  /// A new machine, run up to `wanted`, which lies before the present place; false if the debugger has interrupted that.
  /// `isAwake`: behind the sleep that begins there.
  private func replay(to wanted: UInt64, traps: UInt64? = nil, isAwake: Bool = false) -> Bool {
    let traps = traps ?? self.traps
    let hint = hart.cycle
    let base = snapshots.last(before: wanted, lead: Self.lead)
    guard restore(base) else { return false }
    for change in changes.dropFirst(base?.changes.count ?? 0) where change.place.position <= wanted {
      guard go(to: change.place.position, traps: traps, hint: hint), sleep(until: change.place.cycle) else {
        return false
      }
      apply(change.kind)
      applied += 1
    }
    guard go(to: wanted, traps: traps, hint: hint) else { return false }
    if isAwake, hart.isAsleep {
      observe(.awake)
      while hart.isAsleep {
        if isInterrupted() || Interrupts.isRaised { return false }
        guard slice().reason == .limit else { break }
      }
    }
    session.output.flush()
    return true
  }

  private enum Scan {
    case interrupted
    case done(Candidate?)
  }

  /// The last place in `range` where a debugger would have stopped, looked for from `base` on up to `until`.
  private func scan(from base: DebugSnapshot?, range: Range<UInt64>, until: UInt64) -> Scan {
    guard restore(base) else { return .interrupted }
    observe(.scan(range, until: 0))
    // The very first instruction is reached without one before it.
    var found: Candidate?
    if base == nil, observer.breakpoints.contains(hart.pc) { found = Candidate(position: position) }
    func run(to wanted: UInt64) -> Bool {
      observer.start(.scan(range, until: wanted))
      while position < wanted {
        if isInterrupted() || Interrupts.isRaised { return false }
        let end = slice()
        if let candidate = observer.candidate { found = candidate }
        guard end.reason == .limit || end.reason == .interrupted else { break }
      }
      return true
    }
    for change in changes.dropFirst(base?.changes.count ?? 0) where change.place.position < until {
      guard run(to: change.place.position), sleep(until: change.place.cycle) else { return .interrupted }
      apply(change.kind)
      applied += 1
    }
    guard run(to: until) else { return .interrupted }
    session.output.flush()
    return .done(found)
  }

  /// Goes on to `wanted`. `hint`: the cycle of a place not far behind, before which more snapshots are taken.
  private func go(to wanted: UInt64, traps: UInt64, hint: Cycle) -> Bool {
    ignore()
    // So many instructions have retired at least when the place is near.
    let first = wanted > traps &+ Self.lead ? wanted - traps - Self.lead : 0
    // The core may stand before a cycle up to which it has been run: an instruction that waits.
    var reached = hart.cycle
    while hart.counters.instructions < first {
      if isInterrupted() || Interrupts.isRaised { return false }
      let middle = reached &+ (hint &- min(hint, reached)) / 2
      let isDense = snapshots.isOn && middle &- reached > snapshots.period / 8
      let end = slice(until: isDense ? middle : .never - 1, instructions: first)
      guard end.reason == .limit else { return true }
      reached = max(hart.cycle, min(end.cycles, reached &+ 1 << 21))
      if isDense, end.cycles == middle, hart.counters.instructions < first {
        takeSnapshot(atLeast: snapshots.period / 16)
      }
    }
    observe(.position(wanted))
    while position < wanted {
      if isInterrupted() || Interrupts.isRaised { return false }
      let end = slice()
      guard end.reason == .limit || end.reason == .interrupted else { return true }
    }
    return true
  }

  /// Sleeps on up to `cycle`, where the debugger has stopped the core in its sleep.
  private func sleep(until cycle: Cycle) -> Bool {
    while hart.isAsleep, hart.cycle < cycle {
      if isInterrupted() || Interrupts.isRaised { return false }
      guard slice(until: cycle).reason == .limit else { return true }
    }
    return true
  }

  /// Lets a machine with the checker do all that has been done up to here: the checker must have seen it.
  func catchUp() -> Bool {
    let here = place
    let traps = traps
    guard rebuild(isChecked: true) else { return false }
    shown = Stream.allCases.map { _ in .max }
    applied = 0
    nextSnapshot = start.cycle &+ snapshots.period
    defer {
      shown = seen
      farthest = place
    }
    for change in changes {
      guard go(to: change.place.position, traps: traps, hint: 0), sleep(until: change.place.cycle) else { return false }
      apply(change.kind)
      applied += 1
    }
    return go(to: here.position, traps: traps, hint: 0) && sleep(until: here.cycle)
  }
}
