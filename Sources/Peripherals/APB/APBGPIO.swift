// The GPIO block of profile P7: 32 pins with edge interrupts.
//
// Follows `apb_gpio.sv` 0e9f142 and its register traces, cycle for cycle (reference section 6.3). Left out: the pads
// that PADCFG configures, and pins 32 to 63, which PULPissimo does not fit.

import HardwareModel

/// The GPIO block (GPIO) in the layout of profile P7.
public final class APBGPIO: BusTarget {
  /// Output levels and directions (1 = output) change, from that cycle on.
  public var onOutput: ((_ levels: UInt32, _ directions: UInt32, Cycle) -> Void)?
  /// The interrupt (line 15, event 139) changes its level; it is a pulse of one cycle.
  public var onInterrupt: ((Bool, Cycle) -> Void)?

  fileprivate struct State: Equatable {
    var dir: UInt32 = 0
    var en: UInt32 = 0
    var out: UInt32 = 0
    var intEn: UInt32 = 0
    var status: UInt32 = 0
    var sync0: UInt32 = 0
    var sync1: UInt32 = 0
    var sampled: UInt32 = 0
    /// Bit 0 and bit 1 of each pin's interrupt type.
    var type0: UInt32 = 0
    var type1: UInt32 = 0

    var interrupts: UInt32 {
      let rise = sync1 & ~sampled
      let fall = ~sync1 & sampled
      let wanted = ~type1 & ~type0 & fall | ~type1 & type0 & rise | type1 & ~type0 & (rise | fall)
      return intEn & en & wanted
    }

    /// The groups of four pins in which any pin is enabled.
    var clocked: UInt32 {
      var groups: UInt32 = 0
      for group in 0..<8 where en >> UInt32(4 * group) & 0xF != 0 { groups |= 0xF << UInt32(4 * group) }
      return groups
    }
  }

  private let queue: EventQueue
  private var slot: EventQueue.Slot?
  private let padConfigurations = RegisterBank(APBGPIORegisters.block)
  private var now: Cycle = 0
  private var state = State()
  private var inputs: UInt32 = 0
  private var written: (offset: UInt32, value: UInt32)?
  private var readsStatus = false
  private var shown: (out: UInt32, dir: UInt32, interrupt: Bool) = (0, 0, false)

  public init(queue: EventQueue) {
    self.queue = queue
    slot = queue.register("GPIO") { [unowned(unsafe) self] cycle in
      advance(to: cycle)
      evaluate()
    }
  }

  public var registers: RegisterBlock { APBGPIORegisters.block }

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

  /// The second synchroniser stage in `cycle` (the port `gpio_in_sync`).
  public func synchronizedInputs(at cycle: Cycle) -> UInt32 {
    advance(to: cycle)
    return state.sync1
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
      if ahead.interrupts != 0 { return true }
      ahead = next(ahead, write, readsStatus: false)
      write = nil
    }
    return ahead.interrupts != 0
  }

  // MARK: Bus

  public func read(_ offset: UInt32, at cycle: Cycle) -> UInt32 {
    let value = peek(offset, at: cycle)
    if offset & 0x7C == APBGPIORegisters.intStatus.offset {
      readsStatus = true
      evaluate()
    }
    return value
  }

  public func peek(_ offset: UInt32, at cycle: Cycle) -> UInt32 {
    advance(to: cycle)
    let offset = offset & 0x7C
    switch offset {
    case APBGPIORegisters.padDir.offset: return state.dir
    case APBGPIORegisters.gpioEn.offset: return state.en
    case APBGPIORegisters.padIn.offset: return state.sampled
    case APBGPIORegisters.padOut.offset: return state.out
    case APBGPIORegisters.intEn.offset: return state.intEn
    case APBGPIORegisters.intStatus.offset: return state.status
    default: return padConfigurations.read(offset)
    }
  }

  /// Nothing changes once the input stage has settled.
  public func forecast(_ offset: UInt32, at cycle: Cycle) -> ReadForecast? {
    advance(to: cycle)
    guard offset & 0x7C != APBGPIORegisters.intStatus.offset else { return nil }
    return written == nil && !readsStatus && next(state, nil, readsStatus: false) == state ? .constant : nil
  }

  public func write(_ offset: UInt32, _ value: UInt32, at cycle: Cycle) {
    advance(to: cycle)
    written = (offset & 0x7C, value)
    padConfigurations.write(offset & 0x7C, value)
    evaluate()
  }

  // MARK: Clock

  private func next(_ old: State, _ written: (offset: UInt32, value: UInt32)?, readsStatus: Bool) -> State {
    var next = old
    let clocked = old.clocked
    next.sync0 = old.sync0 & ~clocked | inputs & clocked
    next.sync1 = old.sync1 & ~clocked | old.sync0 & clocked
    next.sampled = old.sampled & ~clocked | old.sync1 & clocked
    let interrupts = old.interrupts
    if interrupts != 0 {
      next.status |= interrupts
    } else if readsStatus {
      next.status = 0
    }
    guard let (offset, value) = written else { return next }
    switch offset {
    case APBGPIORegisters.padDir.offset: next.dir = value
    case APBGPIORegisters.gpioEn.offset: next.en = value
    case APBGPIORegisters.padOut.offset: next.out = value
    case APBGPIORegisters.padOutSet.offset: next.out |= value
    case APBGPIORegisters.padOutClr.offset: next.out &= ~value
    case APBGPIORegisters.intEn.offset: next.intEn = value
    case APBGPIORegisters.intType[0].offset, APBGPIORegisters.intType[1].offset:
      let first: UInt32 = offset == APBGPIORegisters.intType[0].offset ? 0 : 16
      next.type0 &= ~(0xFFFF << first)
      next.type1 &= ~(0xFFFF << first)
      for pin in 0..<16 as Range<UInt32> {
        next.type0 |= (value >> (2 * pin) & 1) << (first + pin)
        next.type1 |= (value >> (2 * pin + 1) & 1) << (first + pin)
      }
    default: break
    }
    return next
  }

  private func advance(to cycle: Cycle) {
    while now < cycle {
      let next = next(state, written, readsStatus: readsStatus)
      if written == nil, !readsStatus, next == state {
        now = cycle
        return
      }
      state = next
      written = nil
      readsStatus = false
      now &+= 1
    }
  }

  private func evaluate() {
    guard let slot else { return }
    if state.out != shown.out || state.dir != shown.dir {
      shown.out = state.out
      shown.dir = state.dir
      onOutput?(state.out, state.dir, now)
    }
    let interrupt = state.interrupts != 0
    if interrupt != shown.interrupt {
      shown.interrupt = interrupt
      onInterrupt?(interrupt, now)
    }
    if written != nil || readsStatus || next(state, nil, readsStatus: false) != state {
      queue.schedule(slot, at: now &+ 1)
    } else {
      queue.cancel(slot)
    }
  }
}

extension APBGPIO.State: StateValue {
  fileprivate mutating func visitState(_ archive: StateArchive) {
    archive.visit("dir", &dir)
    archive.visit("en", &en)
    archive.visit("out", &out)
    archive.visit("intEn", &intEn)
    archive.visit("status", &status)
    archive.visit("sync0", &sync0)
    archive.visit("sync1", &sync1)
    archive.visit("sampled", &sampled)
    archive.visit("type0", &type0)
    archive.visit("type1", &type1)
  }
}

extension APBGPIO {
  public func visitState(_ archive: StateArchive) {
    archive.omits("onOutput", "onInterrupt", "queue", "slot")
    archive.visit("padConfigurations", padConfigurations)
    archive.visit("now", cycle: &now)
    archive.visit("state", &state)
    archive.visit("inputs", &inputs)
    archive.visit("written", &written)
    archive.visit("readsStatus", &readsStatus)
    archive.visit("shown", &shown.out)
    archive.visit("shown", &shown.dir)
    archive.visit("shown", &shown.interrupt)
  }
}
