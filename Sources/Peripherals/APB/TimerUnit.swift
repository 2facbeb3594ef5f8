// The APB timer unit: two 32-bit counters, or one of 64 bits, with compare interrupts on lines 10 and 11.
//
// Follows `apb_timer_unit.sv` v1.0.3 and its register traces, cycle for cycle (reference section 6.4). The counters are
// computed when somebody looks; an event is scheduled only for the next change of an interrupt line. Left out: nothing.

import HardwareModel

/// The timer unit (TIMER).
public final class TimerUnit: BusTarget {
  /// The line of the low counter and of the 64-bit timer.
  public static let lowLine = 10
  /// The line of the high counter.
  public static let highLine = 11

  /// An interrupt line (10 or 11) changes its level.
  public var onLine: ((_ line: Int, Bool, Cycle) -> Void)? {
    didSet {
      wire = onLine.map { Wire($0) }
      uncountedWire = wire.map { Uncounted($0) }
    }
  }

  /// What `onLine` calls; constant, so that a call needs no reference of its own.
  private final class Wire {
    let body: (Int, Bool, Cycle) -> Void

    init(_ body: @escaping (Int, Bool, Cycle) -> Void) { self.body = body }
  }

  private var wire: Wire?
  private var uncountedWire: Uncounted<Wire>?
  /// True if the SoC event selected for a half (high or low) can still come; asked only for halves that it can start.
  public var isEventPossible: ((_ isHigh: Bool) -> Bool)?

  private let queue: EventQueue
  private let reference: ReferenceClock
  // A slot a line, so that one which nobody has enabled need not be looked at in time.
  private var lowSlot: EventQueue.Slot?
  private var highSlot: EventQueue.Slot?
  private var now: Cycle = 0
  private var counters = TimerCounters()
  /// Inputs of cycle `now`, without the reference clock's.
  private var inputs = TimerCounters.Inputs()
  private var lineLo = false
  private var lineHi = false
  /// `counters.isPlain` is known to hold: counting does not change it.
  private var isPlain = false

  /// A timer on `queue` that can count edges of `reference`.
  public init(queue: EventQueue, reference: ReferenceClock) {
    self.queue = queue
    self.reference = reference
    let timer = Uncounted(self)
    lowSlot = queue.register("TIMER low", lines: 1 << UInt32(Self.lowLine)) { cycle in
      timer.call { $0.lineMayChange(isHigh: false, at: cycle) }
    }
    highSlot = queue.register("TIMER high", lines: 1 << UInt32(Self.highLine)) { cycle in
      timer.call { $0.lineMayChange(isHigh: true, at: cycle) }
    }
    reference.onRetune { [unowned(unsafe) self] cycle in
      for case let slot? in [lowSlot, highSlot] {
        let due = self.queue.dueCycle(of: slot)
        if due != .never { self.queue.schedule(slot, at: min(due, cycle &+ 1)) }
      }
    }
  }

  public var registers: RegisterBlock { TimerRegisters.block }

  /// The SoC event selected for a half (high or low) fires in `cycle`.
  public func inputEvent(isHigh: Bool, at cycle: Cycle) {
    let half = isHigh ? counters.hi : counters.lo
    guard half.has(TimerRegisters.eventStart) || inputs.offset != nil || cycle > now else { return }
    advance(to: cycle)
    if isHigh { inputs.eventHi = true } else { inputs.eventLo = true }
    predict()
  }

  /// True if any half is enabled in `cycle`.
  public func isBusy(at cycle: Cycle) -> Bool {
    advance(to: cycle)
    return counters.lo.has(TimerRegisters.enable) || counters.hi.has(TimerRegisters.enable)
  }

  public func possibleLines(at cycle: Cycle) -> UInt32 {
    advance(to: cycle)
    var next = counters
    next.clock(referenced(inputs))
    var lines: UInt32 = 0
    if counters.irqLo || next.irqLo { lines |= 1 << UInt32(Self.lowLine) }
    if counters.irqHi || next.irqHi { lines |= 1 << UInt32(Self.highLine) }
    let startsLo = canRun(next.lo, isHigh: false)
    let startsHi = canRun(next.hi, isHigh: true)
    if next.lo.has(TimerRegisters.irqEnable), startsLo || next.is64 && startsHi { lines |= 1 << UInt32(Self.lowLine) }
    if !next.is64, next.hi.has(TimerRegisters.irqEnable), startsHi { lines |= 1 << UInt32(Self.highLine) }
    return lines
  }

  /// A running counter reaches every value sooner or later.
  private func canRun(_ half: TimerCounters.Half, isHigh: Bool) -> Bool {
    half.has(TimerRegisters.enable) || half.has(TimerRegisters.eventStart) && isEventPossible?(isHigh) ?? true
  }

  // MARK: Bus

  public func read(_ offset: UInt32, at cycle: Cycle) -> UInt32 {
    advance(to: cycle)
    switch offset & 0x3F {
    case TimerRegisters.cfgLo.offset: return counters.lo.cfg
    case TimerRegisters.cfgHi.offset: return counters.hi.cfg
    case TimerRegisters.cntLo.offset: return counters.lo.count
    case TimerRegisters.cntHi.offset: return counters.hi.count
    case TimerRegisters.cmpLo.offset: return counters.lo.compare
    case TimerRegisters.cmpHi.offset: return counters.hi.compare
    default: return 0
    }
  }

  public func peek(_ offset: UInt32, at cycle: Cycle) -> UInt32 { read(offset, at: cycle) }

  public func forecast(_ offset: UInt32, at cycle: Cycle) -> ReadForecast? {
    advance(to: cycle)
    guard onlyCounts else { return nil }
    switch offset & 0x3F {
    case TimerRegisters.cntLo.offset: return counters.forecast(isHigh: false, at: now)
    case TimerRegisters.cntHi.offset: return counters.forecast(isHigh: true, at: now)
    default: return .constant
    }
  }

  public func write(_ offset: UInt32, _ value: UInt32, at cycle: Cycle) {
    advance(to: cycle)
    inputs.offset = offset & 0x3F
    inputs.value = value
    predict()
  }

  // MARK: Time

  private func referenced(_ inputs: TimerCounters.Inputs) -> TimerCounters.Inputs {
    var all = inputs
    guard counters.usesReference else { return all }
    all.referenceEdge = isRising(2)
    all.referenceEdgeDelayed = isRising(3)
    return all
  }

  private func isRising(_ delay: Cycle) -> Bool {
    now >= delay && reference.nextRising(atOrAfter: now &- delay) == now &- delay
  }

  /// Clock edges until `cycle`, or until the chosen interrupt line differs from what it is now, or for `budget` steps.
  private func run(to cycle: Cycle, budget: Int = .max, stopsAtLine isHigh: Bool? = nil) {
    var steps = budget
    while now < cycle, steps > 0 {
      steps -= 1
      if onlyCounts {
        let count = min(cycle &- now, isHigh.map { counters.cyclesToChange(isHigh: $0) } ?? .max)
        counters.count(count)
        now &+= count
        return
      }
      let all = referenced(inputs)
      let old = counters
      counters.clock(all)
      isPlain = false
      inputs = TimerCounters.Inputs()
      now &+= 1
      if let isHigh, isHigh ? counters.irqHi != lineHi : counters.irqLo != lineLo { return }
      guard all.isEmpty, now < cycle else { continue }
      var limit = cycle &- now
      if counters.usesReference {
        // The next edge leaves the synchroniser two cycles after it was sampled; the delayed one must be past.
        guard !isRising(3) else { continue }
        let edge = reference.nextRising(atOrAfter: now >= 2 ? now &- 2 : 0)
        if edge != .never { limit = min(limit, edge &+ 2 > now ? edge &+ 2 &- now : 0) }
      }
      let count = counters.repeats(of: old, limit: limit)
      counters.skip(count, since: old)
      now &+= count
    }
  }

  /// Nothing reaches the counters in `now`, and all that they do is to count cycles.
  private var onlyCounts: Bool {
    guard inputs.isEmpty else { return false }
    if !isPlain { isPlain = counters.isPlain }
    return isPlain
  }

  @inline(__always)
  private func advance(to cycle: Cycle) {
    if isPlain, inputs.isEmpty {
      // Nearly always.
      guard now < cycle else { return }
      counters.count(cycle &- now)
      now = cycle
    } else {
      run(to: cycle)
    }
  }

  private func lineMayChange(isHigh: Bool, at cycle: Cycle) {
    advance(to: cycle)
    drive()
    if isPlain, inputs.isEmpty { predictPlain(isHigh: isHigh) } else { predict(isHigh: isHigh) }
  }

  private func drive() {
    if counters.irqLo != lineLo {
      lineLo = counters.irqLo
      uncountedWire?.call { $0.body(Self.lowLine, lineLo, now) }
    }
    if counters.irqHi != lineHi {
      lineHi = counters.irqHi
      uncountedWire?.call { $0.body(Self.highLine, lineHi, now) }
    }
  }

  /// Schedules the next change of each interrupt line.
  private func predict() {
    predict(isHigh: false)
    predict(isHigh: true)
  }

  /// `predict` where all that the counters do is to count, and the line is as they want it.
  private func predictPlain(isHigh: Bool) {
    guard let slot = isHigh ? highSlot : lowSlot else { return }
    let cycles = counters.interrupts(isHigh: isHigh) ? counters.cyclesToChange(isHigh: isHigh) : .max
    if cycles == .max { queue.cancel(slot) } else { queue.schedule(slot, at: now &+ cycles) }
  }

  /// Schedules the next change of one interrupt line, or a further look if it is far away. It stays where it is until
  /// something reaches the counters from outside.
  private func predict(isHigh: Bool) {
    guard let slot = isHigh ? highSlot : lowSlot else { return }
    let changes = isHigh ? counters.irqHi != lineHi : counters.irqLo != lineLo
    guard !changes else {
      queue.schedule(slot, at: now)
      return
    }
    if onlyCounts { return predictPlain(isHigh: isHigh) }
    var written = counters
    if !inputs.isEmpty { written.clock(inputs) }
    let configuration = isHigh ? counters.hi.cfg | written.hi.cfg : counters.lo.cfg | written.lo.cfg
    guard (isHigh ? lineHi : lineLo) || configuration & TimerRegisters.irqEnable.mask != 0 else {
      queue.cancel(slot)
      return
    }
    let saved = (now, counters, inputs)
    let horizon = now &+ 1 << 40
    run(to: horizon, budget: 256, stopsAtLine: isHigh)
    let due = now
    // What got that far either stands still, or counts towards a 64-bit value: then it is looked at again there.
    var next = counters
    next.clock(TimerCounters.Inputs())
    let isSteady = due >= horizon && next == counters
    (now, counters, inputs) = saved
    isPlain = false
    if isSteady { queue.cancel(slot) } else { queue.schedule(slot, at: due) }
  }
}

extension TimerUnit {
  public func visitState(_ archive: StateArchive) {
    archive.omits(
      "onLine", "isEventPossible", "queue", "reference", "lowSlot", "highSlot", "isPlain", "wire", "uncountedWire")
    archive.visit("now", cycle: &now)
    archive.visit("counters", &counters)
    archive.visit("inputs", &inputs)
    archive.visit("lineLo", &lineLo)
    archive.visit("lineHi", &lineHi)
    if archive.isLoading { isPlain = false }
  }
}
