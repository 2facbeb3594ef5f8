// The two counters of the APB timer unit as registers and one clock edge, plus the arithmetic that skips dull cycles.
//
// Follows `apb_timer_unit.sv` and `timer_unit_counter*.sv` v1.0.3 register for register, oddities included (reference
// section 6.4). `TimerUnit` puts bus, lines and time around it.

import HardwareModel

/// Masks of the configuration's fields, computed from their declarations once: a clock edge looks at all of them.
private struct TimerMasks {
  let enable = TimerRegisters.enable.mask
  let reset = TimerRegisters.reset.mask
  let irqEnable = TimerRegisters.irqEnable.mask
  let eventStart = TimerRegisters.eventStart.mask
  let compareClear = TimerRegisters.compareClear.mask
  let oneShot = TimerRegisters.oneShot.mask
  let prescalerEnable = TimerRegisters.prescalerEnable.mask
  let referenceClock = TimerRegisters.referenceClock.mask
  let mode64 = TimerRegisters.mode64.mask
  let prescalerMask = TimerRegisters.prescaler.mask
  let prescalerShift = UInt32(TimerRegisters.prescaler.mask.trailingZeroBitCount)
  let offsets = (
    cfgLo: TimerRegisters.cfgLo.offset, cfgHi: TimerRegisters.cfgHi.offset, cntLo: TimerRegisters.cntLo.offset,
    cntHi: TimerRegisters.cntHi.offset, cmpLo: TimerRegisters.cmpLo.offset, cmpHi: TimerRegisters.cmpHi.offset,
    startLo: TimerRegisters.startLo.offset, startHi: TimerRegisters.startHi.offset,
    resetLo: TimerRegisters.resetLo.offset, resetHi: TimerRegisters.resetHi.offset
  )
  static let all = TimerMasks()

  /// The prescaler's limit in a configuration.
  func limit(_ cfg: UInt32) -> UInt32 { (cfg & prescalerMask) >> prescalerShift }
}

/// The flip-flops of the timer unit.
struct TimerCounters: Equatable {
  /// One half: a 32-bit counter with its prescaler.
  struct Half: Equatable {
    var cfg: UInt32 = 0 { didSet { if cfg != oldValue { settings = Settings(cfg) } } }
    var compare: UInt32 = 0
    var count: UInt32 = 0
    /// The counter equalled the compare value at the last clock edge.
    var flag = false
    var prescaler: UInt32 = 0
    var prescalerFlag = false

    /// What is asked of the configuration all the time.
    fileprivate struct Settings: Equatable {
      var counts = false
      var clears = false
      var interrupts = false
      var is64 = false
      /// Does something else than to count cycles.
      var isSpecial = false
      var countsReference = false
      var limit: UInt32 = 0

      init() {}

      init(_ cfg: UInt32) {
        let m = TimerMasks.all
        counts = cfg & m.enable != 0
        clears = cfg & m.compareClear != 0
        interrupts = cfg & m.irqEnable != 0
        is64 = cfg & m.mode64 != 0
        isSpecial = cfg & (m.reset | m.oneShot | m.prescalerEnable | m.referenceClock) != 0
        countsReference = counts && cfg & m.referenceClock != 0
        limit = m.limit(cfg)
      }
    }

    fileprivate var settings = Settings()

    func has(_ field: Field) -> Bool { cfg & field.mask != 0 }
    func has(_ mask: UInt32) -> Bool { cfg & mask != 0 }
    var countsReference: Bool { settings.countsReference }
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

  var is64: Bool { lo.settings.is64 }
  var irqLo: Bool { lo.flag && lo.settings.interrupts && (!is64 || hi.flag) }
  var irqHi: Bool { !is64 && hi.flag && hi.settings.interrupts }
  /// A running half counts edges of the reference clock.
  var usesReference: Bool { lo.countsReference || hi.countsReference }

  /// One rising clock edge.
  mutating func clock(_ inputs: Inputs) {
    let m = TimerMasks.all
    let old = self
    let write = inputs.offset
    let both = old.lo.flag && old.hi.flag

    // Counter and prescaler resets.
    var resetLo = old.lo.has(m.reset) || write == m.offsets.resetLo
    var resetHi = old.hi.has(m.reset) || write == m.offsets.resetHi
    var resetPrescalerLo = resetLo
    var resetPrescalerHi = resetHi
    if old.is64 {
      if old.lo.has(m.compareClear), both {
        resetLo = true
        resetHi = true
      }
    } else {
      if old.lo.has(m.compareClear), old.lo.flag { resetLo = true }
      if old.hi.has(m.compareClear), old.hi.flag { resetHi = true }
    }
    if old.lo.has(m.prescalerEnable), old.lo.prescalerFlag { resetPrescalerLo = true }
    if old.hi.has(m.prescalerEnable), old.hi.prescalerFlag { resetPrescalerHi = true }

    // Configuration.
    if write == m.offsets.cfgLo { lo.cfg = inputs.value }
    if write == m.offsets.cfgHi { hi.cfg = inputs.value }
    let enable = m.enable
    if inputs.eventLo && lo.has(m.eventStart) || write == m.offsets.startLo {
      lo.cfg |= enable
    } else if lo.has(m.oneShot), old.is64 ? both : old.lo.flag {
      lo.cfg &= ~enable
    }
    if inputs.eventHi && hi.has(m.eventStart) || write == m.offsets.startHi {
      hi.cfg |= enable
    } else if !old.hi.has(m.mode64), hi.has(m.oneShot), old.hi.flag {
      hi.cfg &= ~enable
    } else if lo.has(m.oneShot), both {
      hi.cfg &= ~enable
    }
    if resetLo { lo.cfg &= ~m.reset }
    if resetHi { hi.cfg &= ~m.reset }
    if write == m.offsets.cmpLo { lo.compare = inputs.value }
    if write == m.offsets.cmpHi { hi.compare = inputs.value }

    // Counters.
    let (countLo, prescaleLo) = Self.enables(old.lo, inputs.referenceEdge, m)
    var (countHi, prescaleHi) = Self.enables(old.hi, inputs.referenceEdge, m)
    if old.is64, old.lo.has(m.enable) {
      let carry = old.lo.count == .max
      let prescaled = old.lo.has(m.prescalerEnable)
      let referenced = old.lo.has(m.referenceClock)
      countHi =
        carry && (!prescaled || old.lo.prescalerFlag) && (!referenced || inputs.referenceEdgeDelayed)
    }
    lo.count = Self.counted(
      old.lo.count, reset: resetLo, write: write == m.offsets.cntLo ? inputs.value : nil, step: countLo)
    hi.count = Self.counted(
      old.hi.count, reset: resetHi, write: write == m.offsets.cntHi ? inputs.value : nil, step: countHi)
    lo.flag = lo.count == old.lo.compare
    hi.flag = hi.count == old.hi.compare
    lo.prescaler = Self.counted(
      old.lo.prescaler, reset: resetPrescalerLo || old.lo.prescalerFlag, write: nil, step: prescaleLo)
    hi.prescaler = Self.counted(
      old.hi.prescaler, reset: resetPrescalerHi || old.hi.prescalerFlag, write: nil, step: prescaleHi)
    lo.prescalerFlag = lo.prescaler == m.limit(old.lo.cfg)
    hi.prescalerFlag = hi.prescaler == m.limit(old.hi.cfg)
  }

  /// Whether a half's counter and prescaler count in this cycle.
  private static func enables(
    _ half: Half, _ referenceEdge: Bool, _ m: TimerMasks
  ) -> (counter: Bool, prescaler: Bool) {
    guard half.has(m.enable) else { return (false, false) }
    let tick = half.has(m.referenceClock) ? referenceEdge : true
    return half.has(m.prescalerEnable) ? (half.prescalerFlag, tick) : (tick, false)
  }

  private static func counted(_ value: UInt32, reset: Bool, write: UInt32?, step: Bool) -> UInt32 {
    if reset { return 0 }
    return write ?? (step ? value &+ 1 : value)
  }

  // MARK: Plain counting

  /// Both halves do nothing but count cycles, on their own: what they do can be computed instead of stepped.
  var isPlain: Bool {
    !is64 && !lo.settings.isSpecial && !hi.settings.isSpecial && lo.isSettled && hi.isSettled
  }

  /// So many clock edges without inputs. Only where `isPlain`.
  @inline(__always)
  mutating func count(_ cycles: UInt64) {
    lo.count(cycles)
    hi.count(cycles)
  }

  /// Clock edges without inputs until a half's flag differs from what it is now, `.max` for never. Only where `isPlain`.
  func cyclesToChange(isHigh: Bool) -> UInt64 { isHigh ? hi.cyclesToChange : lo.cyclesToChange }

  /// What a half's counter reads as from `now` on. Only where `isPlain`.
  func forecast(isHigh: Bool, at now: Cycle) -> ReadForecast {
    let half = isHigh ? hi : lo
    let course = half.settings.counts ? ReadForecast.Course.counting : .constant
    guard half.settings.clears else { return ReadForecast(course) }
    // Behind the compare value it goes back to 0.
    if half.flag { return ReadForecast(.constant, until: half.compare == 0 ? .never : now &+ 1) }
    return half.settings.counts ? ReadForecast(.counting, until: now &+ half.cyclesToChange) : .constant
  }

  /// True if a half's flag drives its interrupt line.
  func interrupts(isHigh: Bool) -> Bool { isHigh ? hi.settings.interrupts : lo.settings.interrupts }

  /// How many further cycles repeat the step from `old` to `self` without anything but counters changing, at most
  /// `limit`. `self` must be the state one clock edge without inputs after `old`.
  func repeats(of old: TimerCounters, limit: UInt64) -> UInt64 {
    if self == old { return limit }
    let m = TimerMasks.all
    var room = limit
    /// True if a counter stands still or has moved by one. Stay below the target: the step that reaches it also raises
    /// the flag.
    func follows(_ value: UInt32, _ before: UInt32, below target: UInt32) -> Bool {
      guard value != before else { return true }
      room = min(room, UInt64(target &- value &- 1))
      return value == before &+ 1
    }
    guard follows(lo.count, old.lo.count, below: lo.compare), follows(hi.count, old.hi.count, below: hi.compare),
      follows(lo.prescaler, old.lo.prescaler, below: m.limit(lo.cfg)),
      follows(hi.prescaler, old.hi.prescaler, below: m.limit(hi.cfg))
    else { return 0 }
    var expected = old
    expected.lo.count = lo.count
    expected.hi.count = hi.count
    expected.lo.prescaler = lo.prescaler
    expected.hi.prescaler = hi.prescaler
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

extension TimerCounters.Half {
  /// The flags are what a clock edge would make them again.
  fileprivate var isSettled: Bool {
    flag == (count == compare) && prescalerFlag == (prescaler == settings.limit) && (prescaler == 0 || !prescalerFlag)
  }

  private var counts: Bool { settings.counts }
  private var clears: Bool { settings.clears }

  @inline(__always)
  fileprivate mutating func count(_ cycles: UInt64) {
    guard cycles > 0, counts || flag && clears else { return }
    let toCompare = UInt64(compare &- count)
    if !clears {
      count &+= UInt32(truncatingIfNeeded: cycles)
    } else if cycles <= toCompare {
      count &+= UInt32(cycles)
    } else {
      // From the edge behind the compare value on it goes round; standing still it stays at 0.
      let around = cycles - toCompare - 1
      let period = UInt64(compare) + 1
      count = counts ? UInt32(around < period ? around : around % period) : 0
    }
    flag = count == compare
  }

  fileprivate var cyclesToChange: UInt64 {
    if flag {
      if clears { return compare == 0 ? .max : 1 }
      return counts ? 1 : .max
    }
    return counts ? UInt64(compare &- count) : .max
  }
}

extension TimerCounters.Half: StateValue {
  mutating func visitState(_ archive: StateArchive) {
    archive.omits("settings")
    archive.visit("cfg", &cfg)
    archive.visit("compare", &compare)
    archive.visit("count", &count)
    archive.visit("flag", &flag)
    archive.visit("prescaler", &prescaler)
    archive.visit("prescalerFlag", &prescalerFlag)
  }
}

extension TimerCounters.Inputs: StateValue {
  mutating func visitState(_ archive: StateArchive) {
    archive.visit("offset", &offset)
    archive.visit("value", &value)
    archive.visit("eventLo", &eventLo)
    archive.visit("eventHi", &eventHi)
    archive.visit("referenceEdge", &referenceEdge)
    archive.visit("referenceEdgeDelayed", &referenceEdgeDelayed)
  }
}

extension TimerCounters: StateValue {
  mutating func visitState(_ archive: StateArchive) {
    archive.visit("lo", &lo)
    archive.visit("hi", &hi)
  }
}
