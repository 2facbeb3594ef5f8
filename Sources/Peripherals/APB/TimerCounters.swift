// The two counters of the APB timer unit as registers and one clock edge, plus the arithmetic that skips dull cycles.
//
// Follows `apb_timer_unit.sv` and `timer_unit_counter*.sv` v1.0.3 register for register, oddities included (reference
// section 6.4). `TimerUnit` puts bus, lines and time around it.

import HardwareModel

/// The flip-flops of the timer unit.
struct TimerCounters: Equatable {
  /// One half: a 32-bit counter with its prescaler.
  struct Half: Equatable {
    var cfg: UInt32 = 0
    var compare: UInt32 = 0
    var count: UInt32 = 0
    /// The counter equalled the compare value at the last clock edge.
    var flag = false
    var prescaler: UInt32 = 0
    var prescalerFlag = false

    func has(_ field: Field) -> Bool { cfg & field.mask != 0 }
    var countsReference: Bool { has(TimerRegisters.enable) && has(TimerRegisters.referenceClock) }
  }

  /// What reaches the flip-flops in one cycle.
  struct Inputs {
    var offset: UInt32?
    var value: UInt32 = 0
    var eventLo = false
    var eventHi = false
    /// The reference clock's edge in the synchroniser, and the same one cycle later.
    var referenceEdge = false
    var referenceEdgeDelayed = false

    var isEmpty: Bool { offset == nil && !eventLo && !eventHi && !referenceEdge && !referenceEdgeDelayed }
  }

  var lo = Half()
  var hi = Half()

  var is64: Bool { lo.has(TimerRegisters.mode64) }
  var irqLo: Bool { lo.flag && lo.has(TimerRegisters.irqEnable) && (!is64 || hi.flag) }
  var irqHi: Bool { !is64 && hi.flag && hi.has(TimerRegisters.irqEnable) }
  /// A running half counts edges of the reference clock.
  var usesReference: Bool { lo.countsReference || hi.countsReference }

  /// One rising clock edge.
  mutating func clock(_ inputs: Inputs) {
    let old = self
    let write = inputs.offset
    let both = old.lo.flag && old.hi.flag

    // Counter and prescaler resets.
    var resetLo = old.lo.has(TimerRegisters.reset) || write == TimerRegisters.resetLo.offset
    var resetHi = old.hi.has(TimerRegisters.reset) || write == TimerRegisters.resetHi.offset
    var resetPrescalerLo = resetLo
    var resetPrescalerHi = resetHi
    if old.is64 {
      if old.lo.has(TimerRegisters.compareClear), both {
        resetLo = true
        resetHi = true
      }
    } else {
      if old.lo.has(TimerRegisters.compareClear), old.lo.flag { resetLo = true }
      if old.hi.has(TimerRegisters.compareClear), old.hi.flag { resetHi = true }
    }
    if old.lo.has(TimerRegisters.prescalerEnable), old.lo.prescalerFlag { resetPrescalerLo = true }
    if old.hi.has(TimerRegisters.prescalerEnable), old.hi.prescalerFlag { resetPrescalerHi = true }

    // Configuration.
    if write == TimerRegisters.cfgLo.offset { lo.cfg = inputs.value }
    if write == TimerRegisters.cfgHi.offset { hi.cfg = inputs.value }
    let enable = TimerRegisters.enable.mask
    if inputs.eventLo && lo.has(TimerRegisters.eventStart) || write == TimerRegisters.startLo.offset {
      lo.cfg |= enable
    } else if lo.has(TimerRegisters.oneShot), old.is64 ? both : old.lo.flag {
      lo.cfg &= ~enable
    }
    if inputs.eventHi && hi.has(TimerRegisters.eventStart) || write == TimerRegisters.startHi.offset {
      hi.cfg |= enable
    } else if !old.hi.has(TimerRegisters.mode64), hi.has(TimerRegisters.oneShot), old.hi.flag {
      hi.cfg &= ~enable
    } else if lo.has(TimerRegisters.oneShot), both {
      hi.cfg &= ~enable
    }
    if resetLo { lo.cfg &= ~TimerRegisters.reset.mask }
    if resetHi { hi.cfg &= ~TimerRegisters.reset.mask }
    if write == TimerRegisters.cmpLo.offset { lo.compare = inputs.value }
    if write == TimerRegisters.cmpHi.offset { hi.compare = inputs.value }

    // Counters.
    let (countLo, prescaleLo) = Self.enables(old.lo, inputs.referenceEdge)
    var (countHi, prescaleHi) = Self.enables(old.hi, inputs.referenceEdge)
    if old.is64, old.lo.has(TimerRegisters.enable) {
      let carry = old.lo.count == .max
      let prescaled = old.lo.has(TimerRegisters.prescalerEnable)
      let referenced = old.lo.has(TimerRegisters.referenceClock)
      countHi =
        carry && (!prescaled || old.lo.prescalerFlag) && (!referenced || inputs.referenceEdgeDelayed)
    }
    lo.count = Self.counted(
      old.lo.count, reset: resetLo, write: write == TimerRegisters.cntLo.offset ? inputs.value : nil, step: countLo)
    hi.count = Self.counted(
      old.hi.count, reset: resetHi, write: write == TimerRegisters.cntHi.offset ? inputs.value : nil, step: countHi)
    lo.flag = lo.count == old.lo.compare
    hi.flag = hi.count == old.hi.compare
    lo.prescaler = Self.counted(
      old.lo.prescaler, reset: resetPrescalerLo || old.lo.prescalerFlag, write: nil, step: prescaleLo)
    hi.prescaler = Self.counted(
      old.hi.prescaler, reset: resetPrescalerHi || old.hi.prescalerFlag, write: nil, step: prescaleHi)
    lo.prescalerFlag = lo.prescaler == TimerRegisters.prescaler.extract(old.lo.cfg)
    hi.prescalerFlag = hi.prescaler == TimerRegisters.prescaler.extract(old.hi.cfg)
  }

  /// Whether a half's counter and prescaler count in this cycle.
  private static func enables(_ half: Half, _ referenceEdge: Bool) -> (counter: Bool, prescaler: Bool) {
    guard half.has(TimerRegisters.enable) else { return (false, false) }
    let tick = half.has(TimerRegisters.referenceClock) ? referenceEdge : true
    return half.has(TimerRegisters.prescalerEnable) ? (half.prescalerFlag, tick) : (tick, false)
  }

  private static func counted(_ value: UInt32, reset: Bool, write: UInt32?, step: Bool) -> UInt32 {
    if reset { return 0 }
    return write ?? (step ? value &+ 1 : value)
  }

  /// How many further cycles repeat the step from `old` to `self` without anything but counters changing, at most
  /// `limit`. `self` must be the state one clock edge without inputs after `old`.
  func repeats(of old: TimerCounters, limit: UInt64) -> UInt64 {
    if self == old { return limit }
    var expected = old
    var room = limit
    for (path, target) in [
      (\TimerCounters.lo.count, lo.compare), (\TimerCounters.hi.count, hi.compare),
      (\TimerCounters.lo.prescaler, TimerRegisters.prescaler.extract(lo.cfg)),
      (\TimerCounters.hi.prescaler, TimerRegisters.prescaler.extract(hi.cfg)),
    ] {
      let value = self[keyPath: path]
      guard value != old[keyPath: path] else { continue }
      guard value == old[keyPath: path] &+ 1 else { return 0 }
      expected[keyPath: path] = value
      // Stay below the target: the step that reaches it also raises the flag.
      room = min(room, UInt64(target &- value &- 1))
    }
    guard expected == self, !lo.flag || lo.count == old.lo.count, !hi.flag || hi.count == old.hi.count else { return 0 }
    if is64, lo.count != old.lo.count { room = min(room, UInt64(UInt32.max - lo.count)) }
    if is64, lo.count != old.lo.count, hi.count != old.hi.count { return 0 }
    return room
  }

  /// Adds `count` repetitions of the step from `old` to `self`.
  mutating func skip(_ count: UInt64, since old: TimerCounters) {
    let steps = UInt32(truncatingIfNeeded: count)
    if lo.count != old.lo.count { lo.count &+= steps }
    if hi.count != old.hi.count { hi.count &+= steps }
    if lo.prescaler != old.lo.prescaler { lo.prescaler &+= steps }
    if hi.prescaler != old.hi.prescaler { hi.prescaler &+= steps }
  }
}
