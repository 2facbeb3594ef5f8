// The advanced timer: four 16-bit timers with four PWM channels each, and four events.
//
// Follows `apb_adv_timer.sv` v1.0.4 and its register traces, cycle for cycle (reference section 6.5). Counters are
// computed when somebody looks; events are scheduled only while an event is enabled or somebody watches the outputs.
// Left out: nothing; tables and filters are stored and drive nothing, as in the hardware.

import HardwareModel

/// The advanced timer (ADV_TIMER).
public final class AdvancedTimer: BusTarget {
  /// The channel outputs (bit 4 x timer + channel) change, from that cycle on.
  public var onOutput: ((UInt16, Cycle) -> Void)? {
    didSet { predict() }
  }
  /// Event `index` (0...3: SoC event 135 + index, line 17 + index) changes its level; it is a pulse of one cycle.
  public var onEvent: ((_ index: Int, Bool, Cycle) -> Void)?

  fileprivate struct State: Equatable {
    var timers = [AdvancedTimerModule](repeating: AdvancedTimerModule(), count: 4)
    var configs = [AdvancedTimerModule.Configuration](repeating: .init(), count: 4)
    /// For each event the output sampled last (bit 1) and the one before (bit 0).
    var eventSamples: [UInt8] = [0, 0, 0, 0]
    var eventCfg: UInt32 = 0
    var clocks: UInt32 = 0

    var outputs: UInt16 {
      (0..<4).reduce(0) { $0 | UInt16(timers[$1].outputs) << UInt16(4 * $1) }
    }

    /// Bit i: event i is high.
    var events: UInt8 {
      (0..<4).reduce(0) { eventCfg >> UInt32(16 + $1) & 1 != 0 && eventSamples[$1] == 2 ? $0 | 1 << UInt8($1) : $0 }
    }

    var usesReference: Bool { (0..<4).contains { clocks >> UInt32($0) & 1 != 0 && configs[$0].usesReference } }
  }

  private let queue: EventQueue
  private let reference: ReferenceClock
  private let bank = RegisterBank(AdvancedTimerRegisters.block)
  private var slot: EventQueue.Slot?
  private var now: Cycle = 0
  private var state = State()
  private var inputs: UInt32 = 0
  private var written: (offset: UInt32, value: UInt32)?
  private var shown: (outputs: UInt16, events: UInt8) = (0, 0)

  /// A timer on `queue` that can count edges of `reference`.
  public init(queue: EventQueue, reference: ReferenceClock) {
    self.queue = queue
    self.reference = reference
    slot = queue.register("ADV_TIMER") { [unowned(unsafe) self] cycle in
      run(to: cycle)
      drive()
      predict()
    }
    reference.onRetune { [unowned(unsafe) self] cycle in
      guard let slot else { return }
      let due = self.queue.dueCycle(of: slot)
      if due != .never { self.queue.schedule(slot, at: min(due, cycle &+ 1)) }
    }
  }

  public var registers: RegisterBlock { bank.block }

  /// The levels of the 32 GPIO inputs from `cycle` on.
  public func setInputs(_ levels: UInt32, at cycle: Cycle) {
    guard levels != inputs else { return }
    run(to: cycle)
    inputs = levels
    predict()
  }

  /// The channel outputs in `cycle`, bit 4 x timer + channel.
  public func outputs(at cycle: Cycle) -> UInt16 {
    run(to: cycle)
    return state.outputs
  }

  /// The events in `cycle`, one bit each.
  public func events(at cycle: Cycle) -> UInt8 {
    run(to: cycle)
    return state.events
  }

  public func possibleLines(at cycle: Cycle) -> UInt32 { UInt32(possible(at: cycle)) << 17 }

  public func possibleEvents(at cycle: Cycle) -> EventSet {
    let possible = possible(at: cycle)
    var events = EventSet()
    for index in 0..<4 where possible >> UInt8(index) & 1 != 0 { events.insert(135 + index) }
    return events
  }

  /// True if an output may change by itself.
  public func isRunning(at cycle: Cycle) -> Bool {
    run(to: cycle)
    return written != nil
      || (0..<4).contains {
        state.clocks >> UInt32($0) & 1 != 0 && (state.timers[$0].isActive || state.configs[$0].command != 0)
      }
  }

  /// Events that can come: those enabled, while any timer runs or is about to.
  private func possible(at cycle: Cycle) -> UInt8 {
    let isRunning =
      isRunning(at: cycle)
      || state.eventSamples.contains { $0 != 0 && $0 != 3 }
    var enabled = UInt8(state.eventCfg >> 16 & 0xF)
    if let written, written.offset == AdvancedTimerRegisters.eventCfg.offset {
      enabled |= UInt8(written.value >> 16 & 0xF)
    }
    return isRunning ? enabled : state.events
  }

  // MARK: Bus

  public func read(_ offset: UInt32, at cycle: Cycle) -> UInt32 {
    run(to: cycle)
    let offset = offset & 0x3FC
    let timer = Int(offset / AdvancedTimerRegisters.stride)
    if timer < 4, offset % AdvancedTimerRegisters.stride == AdvancedTimerRegisters.counterOffset {
      return UInt32(state.timers[timer].counter)
    }
    if let written, written.offset == offset { return writtenBefore }
    return bank.read(offset)
  }

  /// The value before the write of this cycle of the register written.
  private var writtenBefore: UInt32 = 0

  public func peek(_ offset: UInt32, at cycle: Cycle) -> UInt32 { read(offset, at: cycle) }

  public func write(_ offset: UInt32, _ value: UInt32, at cycle: Cycle) {
    run(to: cycle)
    let offset = offset & 0x3FC
    writtenBefore = bank.read(offset)
    bank.write(offset, value)
    written = (offset, value)
    predict()
  }

  // MARK: Time

  private func clock() {
    let old = state
    let signals = UInt64(inputs) | UInt64(old.outputs) << 32
    let level = reference.level(at: now)
    for index in 0..<4 where old.clocks >> UInt32(index) & 1 != 0 {
      state.timers[index].clock(old.configs[index], signals: signals, referenceLevel: level)
    }
    for index in 0..<4 where old.eventCfg >> UInt32(16 + index) & 1 != 0 {
      let output = old.outputs >> UInt16(old.eventCfg >> UInt32(4 * index) & 0xF) & 1
      state.eventSamples[index] = UInt8(output) << 1 | old.eventSamples[index] >> 1
    }
    if let (offset, value) = written {
      apply(offset, value)
    } else {
      for index in 0..<4 { state.configs[index].command = 0 }
    }
    written = nil
    now &+= 1
  }

  private func apply(_ offset: UInt32, _ value: UInt32) {
    switch offset {
    case AdvancedTimerRegisters.eventCfg.offset: state.eventCfg = value & 0xF_FFFF
    case AdvancedTimerRegisters.chEn.offset: state.clocks = value & 0xF
    default:
      let timer = Int(offset / AdvancedTimerRegisters.stride)
      guard timer < 4 else { return }
      let register = offset % AdvancedTimerRegisters.stride
      switch register {
      case AdvancedTimerRegisters.cmdOffset: state.configs[timer].command = value & 0x1F
      case AdvancedTimerRegisters.cfgOffset: state.configs[timer].cfg = value
      case AdvancedTimerRegisters.thOffset: state.configs[timer].range = value
      case AdvancedTimerRegisters.channelThOffset..<AdvancedTimerRegisters.channelLUTOffset:
        state.configs[timer].thresholds[Int(register - AdvancedTimerRegisters.channelThOffset) / 4] = value
      default: break
      }
    }
  }

  /// Clock edges until `cycle`, or until outputs or events differ from what was shown, or for `budget` steps.
  private func run(to cycle: Cycle, budget: Int = .max, stopsAtChange: Bool = false) {
    var steps = budget
    while now < cycle, steps > 0 {
      steps -= 1
      if written == nil, state.clocks == 0, state.events == 0, !stopsAtChange || isShown,
        state.eventSamples.allSatisfy({ $0 == 0 || $0 == 3 }), state.configs.allSatisfy({ $0.command == 0 })
      {
        now = cycle
        return
      }
      let hadInput = written != nil
      let old = state
      clock()
      if stopsAtChange, !isShown { return }
      guard !hadInput, now < cycle, state.eventSamples == old.eventSamples, state.configs == old.configs,
        state.outputs == old.outputs
      else { continue }
      var count = cycle &- now
      for index in 0..<4 where state.clocks >> UInt32(index) & 1 != 0 {
        var aligned = old.timers[index]
        aligned.reference = state.timers[index].reference
        count = state.timers[index].repeats(of: aligned, limit: count)
      }
      if state.usesReference {
        // No edge may be in the synchroniser, nor come during the skip.
        let settled = (0..<4).allSatisfy {
          state.clocks >> UInt32($0) & 1 == 0 || [0, 7].contains(state.timers[$0].reference)
        }
        let edge = reference.nextEdge(atOrAfter: now)
        count = settled ? min(count, edge == .never ? count : edge &- now) : 0
      }
      guard count >= 4 else { continue }
      for index in 0..<4 where state.clocks >> UInt32(index) & 1 != 0 {
        state.timers[index].skip(count, since: old.timers[index])
      }
      now &+= count
      let samples = (1...3).reduce(UInt8(0)) { bits, age in
        reference.level(at: now &- Cycle(age)) ? bits | 1 << UInt8(age - 1) : bits
      }
      for index in 0..<4 where state.clocks >> UInt32(index) & 1 != 0 { state.timers[index].reference = samples }
    }
  }

  private var isShown: Bool { state.outputs == shown.outputs && state.events == shown.events }

  private func drive() {
    let outputs = state.outputs
    if outputs != shown.outputs {
      shown.outputs = outputs
      onOutput?(outputs, now)
    }
    let events = state.events
    let changed = events ^ shown.events
    shown.events = events
    for index in 0..<4 where changed >> UInt8(index) & 1 != 0 { onEvent?(index, events >> UInt8(index) & 1 != 0, now) }
  }

  /// Schedules the next change that somebody can notice, or a further look if it is far away.
  private func predict() {
    guard let slot else { return }
    var isObserved = onOutput != nil || state.eventCfg & 0xF_0000 != 0 || shown.events != 0
    if let written, written.offset == AdvancedTimerRegisters.eventCfg.offset { isObserved = true }
    guard isObserved, written != nil || state.clocks != 0 || !isShown || state.events != 0 else {
      queue.cancel(slot)
      return
    }
    guard isShown else {
      queue.schedule(slot, at: now)
      return
    }
    let saved = (now, state, written)
    let horizon = now &+ 1 << 40
    run(to: horizon, budget: 64, stopsAtChange: true)
    let due = now
    // Whatever got that far does nothing at all: these counters are 16 bits wide.
    let isSteady = due >= horizon
    (now, state, written) = saved
    if isSteady { queue.cancel(slot) } else { queue.schedule(slot, at: due) }
  }
}

extension AdvancedTimer.State: StateValue {
  fileprivate mutating func visitState(_ archive: StateArchive) {
    archive.visit("timers", fixed: &timers)
    archive.visit("configs", fixed: &configs)
    archive.visit("eventSamples", fixed: &eventSamples, in: 0...3)
    archive.visit("eventCfg", &eventCfg, in: 0...0xF_FFFF)
    archive.visit("clocks", &clocks, in: 0...0xF)
  }
}

extension AdvancedTimer {
  public func visitState(_ archive: StateArchive) {
    archive.omits("onOutput", "onEvent", "queue", "reference", "slot")
    archive.visit("bank", bank)
    archive.visit("now", cycle: &now)
    archive.visit("state", &state)
    archive.visit("inputs", &inputs)
    archive.visit("written", &written)
    archive.visit("shown", &shown.outputs)
    archive.visit("shown", &shown.events)
    archive.visit("writtenBefore", &writtenBefore)
  }
}
