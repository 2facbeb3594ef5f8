// Snapshots of a debugged run in memory: what going back starts from.
//
// The run is deterministic, so any place can be reached again from a snapshot before it. One is taken every `period` cycles,
// and on the way of each going back some more, the closer to its end the denser. When they are larger than
// `budget`, the one goes whose absence is felt least: the gap that it leaves is compared with how far back it lies. So
// snapshots are dense where the program is and thin far back, and going back costs in proportion to how far one goes.

import HardwareModel
import PULPissimo

/// A place in a run. In one position the core may sleep for many cycles.
struct DebugPlace: Comparable {
  /// Instructions retired and traps taken.
  var position: UInt64
  /// Where the machine stands (`Hart.cycle`).
  var cycle: Cycle

  static func < (a: Self, b: Self) -> Bool { (a.position, a.cycle) < (b.position, b.cycle) }
}

/// A change that the debugger has made, with its place in the run.
struct DebugChange {
  enum Kind {
    case register(Int, UInt32)
    case csr(UInt16, UInt32)
    case memory(UInt32, [UInt8])
  }

  let id: Int
  let place: DebugPlace
  let kind: Kind
}

/// The state of a run at a place.
final class DebugSnapshot {
  let place: DebugPlace
  /// Of the machine and its recorder.
  let state: [UInt8]
  /// The changes of the debugger that are in it, by number.
  let changes: [Int]
  let history: DebugHistory.State
  let pendingLoad: DebugObserver.PendingLoad?
  /// By stream, what the run had shown.
  let seen: [Int]

  init(
    place: DebugPlace, state: [UInt8], changes: [Int], history: DebugHistory.State,
    pendingLoad: DebugObserver.PendingLoad?, seen: [Int]
  ) {
    self.place = place
    self.state = state
    self.changes = changes
    self.history = history
    self.pendingLoad = pendingLoad
    self.seen = seen
  }

  var size: Int { state.count + 16 * 1024 }

  /// True if it lies on the run with `all` changes.
  func isPart(of all: [DebugChange]) -> Bool {
    guard changes.count <= all.count, zip(changes, all).allSatisfy({ $0 == $1.id }) else { return false }
    return changes.count == all.count || all[changes.count].place >= place
  }
}

/// The snapshots of the run, in order of place.
struct DebugSnapshots {
  /// Bytes that they may take together; 0: there are none.
  let budget: Int
  /// Cycles from one to the next.
  let period: Cycle
  private(set) var all: [DebugSnapshot] = []
  private(set) var bytes = 0

  init(budget: Int, period: Cycle) {
    self.budget = budget
    self.period = max(period, 1)
  }

  var isOn: Bool { budget > 0 }

  /// The last one with at least `lead` instructions from it to `position`.
  func last(before position: UInt64, lead: UInt64) -> DebugSnapshot? {
    all.last { $0.place.position &+ lead <= position }
  }

  mutating func add(_ new: DebugSnapshot) {
    guard isOn else { return }
    let index = all.firstIndex { $0.place >= new.place } ?? all.count
    if index < all.count, all[index].place == new.place {
      bytes -= all[index].size
      all.remove(at: index)
    }
    all.insert(new, at: index)
    bytes += new.size
    while bytes > budget, !all.isEmpty { removeOne() }
  }

  /// Removes the one whose absence costs least.
  private mutating func removeOne() {
    guard let last = all.last, all.count > 1 else {
      all = []
      bytes = 0
      return
    }
    let now = last.place.cycle
    var best = (index: 0, cost: Double.infinity)
    // The last one stays: it is the nearest to where the program is.
    for index in 0..<all.count - 1 {
      let before = index > 0 ? all[index - 1].place.cycle : 0
      let gap = all[index + 1].place.cycle - min(before, all[index + 1].place.cycle)
      let cost = Double(gap) / Double(now - min(before, now) + 1)
      if cost < best.cost { best = (index, cost) }
    }
    bytes -= all[best.index].size
    all.remove(at: best.index)
  }

  /// Keeps those that are part of the run with `changes`.
  mutating func keep(partsOf changes: [DebugChange]) {
    all.removeAll { !$0.isPart(of: changes) }
    bytes = all.reduce(0) { $0 + $1.size }
  }
}
