// The GPIO block of profile P8: 32 pins with four drive modes and four kinds of interrupt.
//
// Follows `gpio.sv` and `gpio_input_stage.sv` (PULPissimo bfc3d9a) and their register traces, cycle for cycle
// (reference section 6.2). Left out: the pins' own interrupt lines, which PULPissimo does not connect.

import HardwareModel

/// The GPIO block (GPIO) in the layout of profile P8.
public final class GPIO: BusTarget {
  /// Output levels and drivers (1 = driven) change, from that cycle on.
  public var onOutput: ((_ levels: UInt32, _ drivers: UInt32, Cycle) -> Void)?
  /// The global interrupt (line 15, event 139) changes its level.
  public var onInterrupt: ((Bool, Cycle) -> Void)?

  fileprivate struct State: Equatable {
    var cfg: UInt32 = 0
    var mode: (UInt32, UInt32) = (0, 0)
    var en: UInt32 = 0
    var out: UInt32 = 0
    var riseEn: UInt32 = 0
    var fallEn: UInt32 = 0
    var highEn: UInt32 = 0
    var lowEn: UInt32 = 0
    var rise: UInt32 = 0
    var fall: UInt32 = 0
    var high: UInt32 = 0
    var low: UInt32 = 0
    // The input stage: two synchroniser stages, and the value before.
    var sync0: UInt32 = 0
    var sync1: UInt32 = 0
    var sampled: UInt32 = 0

    static func == (x: Self, y: Self) -> Bool {
      x.sync0 == y.sync0 && x.sync1 == y.sync1 && x.sampled == y.sampled && x.rise == y.rise && x.fall == y.fall
        && x.high == y.high && x.low == y.low && x.out == y.out && x.cfg == y.cfg && x.mode == y.mode && x.en == y.en
        && x.riseEn == y.riseEn && x.fallEn == y.fallEn && x.highEn == y.highEn && x.lowEn == y.lowEn
    }

    var status: UInt32 { rise | fall | high | low }
    var riseNow: UInt32 { sync1 & ~sampled & riseEn }
    var fallNow: UInt32 { ~sync1 & sampled & fallEn }
    var highNow: UInt32 { sampled & highEn }
    var lowNow: UInt32 { ~sampled & lowEn }
    var conditions: UInt32 { riseNow | fallNow | highNow | lowNow }
    var interrupt: Bool { cfg & 1 != 0 ? status != 0 : conditions != 0 }

    /// One bit a pin for those of the 32 mode fields that are `value`.
    func pins(inMode value: UInt32) -> UInt32 {
      Self.fields(of: mode.0, equalTo: value) | Self.fields(of: mode.1, equalTo: value) << 16
    }

    /// One bit for each of 16 fields of two bits that is `value`.
    private static func fields(of mode: UInt32, equalTo value: UInt32) -> UInt32 {
      let differences = mode ^ value &* 0x5555_5555
      var bits = ~(differences | differences >> 1) & 0x5555_5555
      bits = (bits | bits >> 1) & 0x3333_3333
      bits = (bits | bits >> 2) & 0x0F0F_0F0F
      bits = (bits | bits >> 4) & 0x00FF_00FF
      return (bits | bits >> 8) & 0xFFFF
    }

    var drivers: UInt32 { pins(inMode: 1) | pins(inMode: 2) & out | pins(inMode: 3) & ~out }
  }

  private let queue: EventQueue
  private var slot: EventQueue.Slot?
  private var now: Cycle = 0
  private var state = State()
  private var inputs: UInt32 = 0
  private var written: (offset: UInt32, value: UInt32)?
  private var shown: (out: UInt32, drivers: UInt32, interrupt: Bool) = (0, 0, false)

  public init(queue: EventQueue) {
    self.queue = queue
    slot = queue.register("GPIO") { [unowned(unsafe) self] cycle in
      advance(to: cycle)
      evaluate()
    }
  }

  public var registers: RegisterBlock { GPIORegisters.block }

  /// The levels outside on the pins, from `cycle` on.
  public func setInputs(_ levels: UInt32, at cycle: Cycle) {
    guard levels != inputs else { return }
    advance(to: cycle)
    inputs = levels
    evaluate()
  }

  /// The level outside on one pin, from `cycle` on.
  public func setInput(_ pin: Int, _ level: Bool, at cycle: Cycle) {
    let bit = UInt32(1) << UInt32(pin & 31)
    setInputs(level ? inputs | bit : inputs & ~bit, at: cycle)
  }

  /// The sampled levels in `cycle`.
  public func sampledInputs(at cycle: Cycle) -> UInt32 {
    advance(to: cycle)
    return state.sampled
  }

  /// The pins' own interrupt lines in `cycle`.
  public func pinInterrupts(at cycle: Cycle) -> UInt32 {
    advance(to: cycle)
    return state.cfg & 2 != 0 ? state.status : state.conditions
  }

  public func possibleLines(at cycle: Cycle) -> UInt32 { isInterruptPossible(at: cycle) ? 1 << 15 : 0 }

  public func possibleEvents(at cycle: Cycle) -> EventSet {
    isInterruptPossible(at: cycle) ? EventSet(139) : EventSet()
  }

  /// An interrupt is high, or comes from what the input stage or a write already holds.
  private func isInterruptPossible(at cycle: Cycle) -> Bool {
    advance(to: cycle)
    var ahead = state
    var write = written
    for _ in 0..<5 {
      if ahead.interrupt { return true }
      ahead = next(ahead, write)
      write = nil
    }
    return ahead.interrupt
  }

  // MARK: Bus

  public func read(_ offset: UInt32, at cycle: Cycle) -> UInt32 {
    advance(to: cycle)
    switch offset & 0x7FF {
    case GPIORegisters.info.offset: return GPIORegisters.info.reset
    case GPIORegisters.cfg.offset: return state.cfg
    case GPIORegisters.mode[0].offset: return state.mode.0
    case GPIORegisters.mode[1].offset: return state.mode.1
    case GPIORegisters.en.offset: return state.en
    case GPIORegisters.input.offset: return state.sampled
    case GPIORegisters.out.offset: return state.out
    case GPIORegisters.set.offset, GPIORegisters.clear.offset, GPIORegisters.toggle.offset: return 0
    case GPIORegisters.riseEn.offset: return state.riseEn
    case GPIORegisters.fallEn.offset: return state.fallEn
    case GPIORegisters.highEn.offset: return state.highEn
    case GPIORegisters.lowEn.offset: return state.lowEn
    case GPIORegisters.status.offset: return state.status
    case GPIORegisters.riseStatus.offset: return state.rise
    case GPIORegisters.fallStatus.offset: return state.fall
    case GPIORegisters.highStatus.offset: return state.high
    case GPIORegisters.lowStatus.offset: return state.low
    default: return .max
    }
  }

  public func peek(_ offset: UInt32, at cycle: Cycle) -> UInt32 { read(offset, at: cycle) }

  /// Nothing changes once the input stage has settled.
  public func forecast(_ offset: UInt32, at cycle: Cycle) -> ReadForecast? {
    advance(to: cycle)
    return written == nil && next(state, nil) == state ? .constant : nil
  }

  public func write(_ offset: UInt32, _ value: UInt32, at cycle: Cycle) {
    advance(to: cycle)
    written = (offset & 0x7FF, value)
    evaluate()
  }

  // MARK: Clock

  private func next(_ old: State, _ written: (offset: UInt32, value: UInt32)?) -> State {
    var next = old
    let clocked = old.en & old.pins(inMode: 0)
    next.sync0 = old.sync0 & ~clocked | inputs & clocked
    next.sync1 = old.sync1 & ~clocked | old.sync0 & clocked
    next.sampled = old.sampled & ~clocked | old.sync1 & clocked
    next.rise |= old.riseNow
    next.fall |= old.fallNow
    next.high |= old.highNow
    next.low |= old.lowNow
    guard let (offset, value) = written else { return next }
    switch offset {
    case GPIORegisters.cfg.offset: next.cfg = value & 3
    case GPIORegisters.mode[0].offset: next.mode.0 = value
    case GPIORegisters.mode[1].offset: next.mode.1 = value
    case GPIORegisters.en.offset: next.en = value
    case GPIORegisters.out.offset: next.out = value
    case GPIORegisters.set.offset: next.out |= value
    case GPIORegisters.clear.offset: next.out &= ~value
    case GPIORegisters.toggle.offset: next.out ^= value
    case GPIORegisters.riseEn.offset: next.riseEn = value
    case GPIORegisters.fallEn.offset: next.fallEn = value
    case GPIORegisters.highEn.offset: next.highEn = value
    case GPIORegisters.lowEn.offset: next.lowEn = value
    case GPIORegisters.status.offset:
      next.rise &= ~value
      next.fall &= ~value
      next.high &= ~value
      next.low &= ~value
    case GPIORegisters.riseStatus.offset: next.rise &= ~value
    case GPIORegisters.fallStatus.offset: next.fall &= ~value
    case GPIORegisters.highStatus.offset: next.high &= ~value
    case GPIORegisters.lowStatus.offset: next.low &= ~value
    default: break
    }
    return next
  }

  private func advance(to cycle: Cycle) {
    while now < cycle {
      let next = next(state, written)
      if written == nil, next == state {
        now = cycle
        return
      }
      state = next
      written = nil
      now &+= 1
    }
  }

  private func evaluate() {
    guard let slot else { return }
    let drivers = state.drivers
    if state.out != shown.out || drivers != shown.drivers {
      shown.out = state.out
      shown.drivers = drivers
      onOutput?(state.out, drivers, now)
    }
    if state.interrupt != shown.interrupt {
      shown.interrupt = state.interrupt
      onInterrupt?(state.interrupt, now)
    }
    if written != nil || next(state, nil) != state {
      queue.schedule(slot, at: now &+ 1)
    } else {
      queue.cancel(slot)
    }
  }
}

extension GPIO.State: StateValue {
  fileprivate mutating func visitState(_ archive: StateArchive) {
    archive.visit("cfg", &cfg)
    archive.visit("mode", &mode)
    archive.visit("en", &en)
    archive.visit("out", &out)
    archive.visit("riseEn", &riseEn)
    archive.visit("fallEn", &fallEn)
    archive.visit("highEn", &highEn)
    archive.visit("lowEn", &lowEn)
    archive.visit("rise", &rise)
    archive.visit("fall", &fall)
    archive.visit("high", &high)
    archive.visit("low", &low)
    archive.visit("sync0", &sync0)
    archive.visit("sync1", &sync1)
    archive.visit("sampled", &sampled)
  }
}

extension GPIO {
  public func visitState(_ archive: StateArchive) {
    archive.omits("onOutput", "onInterrupt", "queue", "slot")
    archive.visit("now", cycle: &now)
    archive.visit("state", &state)
    archive.visit("inputs", &inputs)
    archive.visit("written", &written)
    archive.visit("shown", &shown.out)
    archive.visit("shown", &shown.drivers)
    archive.visit("shown", &shown.interrupt)
  }
}
