// The one door for time: what happens at which SoC cycle.
//
// Every unit that acts by itself (timers, uDMA channels, the accelerator, the core's outstanding bus access) registers
// a slot once, when the machine is built. A slot is either idle or due at one cycle; firing it calls its handler. No
// closure is created at run time, so the state of the queue is a plain array of cycles that a snapshot can hold.

/// A queue of due events in SoC cycles. Events of one cycle fire in the order in which their slots were registered,
/// so that every run of the same machine is the same.
public final class EventQueue {
  /// A registered source of events. Holds at most one due cycle.
  public struct Slot: Sendable, Hashable {
    let index: Int
  }

  /// What an event calls; constant, so that a call needs no reference of its own.
  private final class Handler {
    let body: (Cycle) -> Void

    init(_ body: @escaping (Cycle) -> Void) { self.body = body }
  }

  private var names: [String] = []
  private var handlers: [Handler] = []
  // By slot, in memory of their own: they are gone through at every event.
  private var calls: UnsafeMutablePointer<Uncounted<Handler>>
  private var count = 0
  private var capacity = 32
  private var due: UnsafeMutablePointer<Cycle>
  /// The slots that are due at some time, by bit: few of all. Those from the 64th on are looked at whether they are or not.
  private var active: UInt64 = 0
  /// The interrupt lines that a slot drives, or all of them and bit 32 if it does anything else.
  private var lines: UnsafeMutablePointer<UInt64>
  private static let anything: UInt64 = 0x1_FFFF_FFFF

  /// The earliest due cycle; `.never` when nothing is scheduled.
  public private(set) var next: Cycle = .never
  private var nextIndex = -1

  /// Counts changes: while it stands still, no event has fired and nothing has been scheduled.
  public private(set) var revision: UInt64 = 0
  /// Counts fired events that may have changed anything.
  public private(set) var effects: UInt64 = 0
  private var noticed: (revision: UInt64, lines: UInt64, cycle: Cycle) = (.max, 0, .never)

  public init() {
    due = .allocate(capacity: capacity)
    lines = .allocate(capacity: capacity)
    calls = .allocate(capacity: capacity)
  }

  deinit {
    calls.deallocate()
    due.deallocate()
    lines.deallocate()
  }

  /// Adds a slot. Called while the machine is built, never while it runs. `lines`: the interrupt lines that the core can
  /// notice the slot by; nil: it may notice anything, such as memory that changes. Who names lines may be fired late,
  /// in the right order, while these lines cannot interrupt the core: its handler goes by the cycle that it is given.
  public func register(
    _ name: String, lines: UInt32? = nil, _ handler: @escaping (_ cycle: Cycle) -> Void
  ) -> Slot {
    if count == capacity { grow() }
    names.append(name)
    let call = Handler(handler)
    handlers.append(call)
    (calls + count).initialize(to: Uncounted(call))
    (self.lines + count).initialize(to: lines.map(UInt64.init) ?? Self.anything)
    (due + count).initialize(to: .never)
    count += 1
    return Slot(index: count - 1)
  }

  private func grow() {
    func moved<T>(_ old: UnsafeMutablePointer<T>) -> UnsafeMutablePointer<T> {
      let new = UnsafeMutablePointer<T>.allocate(capacity: 2 * capacity)
      new.moveInitialize(from: old, count: count)
      old.deallocate()
      return new
    }
    due = moved(due)
    lines = moved(lines)
    calls = moved(calls)
    capacity *= 2
  }

  /// Makes `slot` due at `cycle`, replacing what it was due at. A cycle in the past fires at the next opportunity.
  public func schedule(_ slot: Slot, at cycle: Cycle) {
    due[slot.index] = cycle
    if slot.index < 64 { active |= 1 &<< UInt64(slot.index) }
    revision &+= 1
    if cycle < next || (cycle == next && slot.index < nextIndex) {
      next = cycle
      nextIndex = slot.index
    } else if slot.index == nextIndex {
      findNext()
    }
  }

  /// Makes `slot` idle.
  public func cancel(_ slot: Slot) {
    guard due[slot.index] != .never else { return }
    clear(slot.index)
    revision &+= 1
    if slot.index == nextIndex { findNext() }
  }

  /// The earliest cycle in which something is due that a core can notice which only `enabled` lines can interrupt.
  public func nextNoticed(through enabled: UInt32) -> Cycle {
    let interests = UInt64(enabled) | 1 << 32
    if noticed.revision == revision, noticed.lines == interests { return noticed.cycle }
    var best = Cycle.never
    forEachActive { if due[$0] < best && lines[$0] & interests != 0 { best = due[$0] } }
    noticed = (revision, interests, best)
    return best
  }

  /// The cycle at which `slot` is due, `.never` when it is idle.
  public func dueCycle(of slot: Slot) -> Cycle { due[slot.index] }

  /// Fires everything due at `cycle` or before, in order of time, then of registration. Handlers may schedule more.
  public func run(through cycle: Cycle) {
    while next <= cycle, nextIndex >= 0 {
      let index = nextIndex
      let at = next
      clear(index)
      revision &+= 1
      if lines[index] == Self.anything { effects &+= 1 }
      findNext()
      calls[index].call { $0.body(at) }
    }
  }

  @inline(__always)
  private func clear(_ index: Int) {
    due[index] = .never
    if index < 64 { active &= ~(1 &<< UInt64(index)) }
  }

  /// Calls `body` with the slots that are due, in order of registration.
  @inline(__always)
  private func forEachActive(_ body: (_ index: Int) -> Void) {
    var rest = active
    while rest != 0 {
      let index = rest.trailingZeroBitCount
      rest &= rest &- 1
      body(index)
    }
    if count > 64 { for index in 64..<count { body(index) } }
  }

  private func findNext() {
    var best = Cycle.never
    var bestIndex = -1
    forEachActive { index in
      guard due[index] < best else { return }
      best = due[index]
      bestIndex = index
    }
    next = best
    nextIndex = bestIndex
  }

  /// Names and due cycles of all slots that are scheduled, for diagnostics and debuggers.
  public var scheduled: [(name: String, cycle: Cycle)] {
    (0..<count).filter { due[$0] != .never }.map { (names[$0], due[$0]) }
  }
}

extension EventQueue: Stateful {
  public func visitState(_ archive: StateArchive) {
    archive.omits(
      "names", "handlers", "calls", "active", "count", "capacity", "lines", "next", "nextIndex", "revision", "effects",
      "noticed")
    // Slots are registered when the machine is built, so their number is the machine's.
    for index in 0..<count { archive.visit("due", due: &due[index]) }
    guard archive.isLoading else { return }
    active = (0..<min(count, 64)).reduce(0) { $0 | (due[$1] != .never ? 1 &<< UInt64($1) : 0) }
    findNext()
    revision &+= 1
    effects &+= 1
  }
}
