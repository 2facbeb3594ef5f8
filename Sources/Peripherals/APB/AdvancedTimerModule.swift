// One of the advanced timer's four timers: input stage, prescaler, counter and four comparators.
//
// Follows `timer_module.sv`, `timer_cntrl.sv`, `input_stage.sv`, `prescaler.sv`, `up_down_counter.sv` and
// `comparator.sv` of apb_adv_timer v1.0.4, flip-flop for flip-flop (reference section 6.5).

import HardwareModel

/// The flip-flops of one timer.
struct AdvancedTimerModule: Equatable {
  /// A comparator and its output.
  struct Channel: Equatable {
    var threshold: UInt16 = 0
    var action: UInt8 = 0
    var output = false
    var isSecondMatch = false

    /// What a valid count does to the output.
    mutating func count(matches: Bool, isEnd: Bool, isSawtooth: Bool) {
      let first: Bool
      let second: Bool
      switch action {
      case 0:
        if matches { output = true }
        return
      case 3:
        if matches { output.toggle() }
        return
      case 4:
        if matches { output = false }
        return
      case 1: (first, second) = (!output, false)
      case 2: (first, second) = (true, false)
      case 5: (first, second) = (!output, true)
      case 6: (first, second) = (false, true)
      default:
        isSecondMatch = false
        return
      }
      if isSawtooth {
        if matches { output = first } else if isEnd { output = second }
      } else if matches {
        output = isSecondMatch ? second : first
        isSecondMatch.toggle()
      }
    }
  }

  /// A timer's registers as the flip-flops see them.
  struct Configuration: Equatable {
    var command: UInt32 = 0
    var cfg: UInt32 = 1 << 12
    var range: UInt32 = 0
    var thresholds: [UInt32] = [0, 0, 0, 0]

    var usesReference: Bool { cfg >> 11 & 1 != 0 }
    func has(_ command: UInt32) -> Bool { self.command >> command & 1 != 0 }
  }

  var isActive = false
  // Input stage.
  var mode: UInt8 = 0
  var select: UInt8 = 0
  var isArmed = false
  var armedEvent = false
  var oldSignal = false
  /// Three samples of the reference clock, the newest in bit 0.
  var reference: UInt8 = 0
  // Prescaler.
  var prescaler: UInt8 = 0
  var prescalerCount: UInt8 = 0
  var prescalerEvent = false
  // Counter.
  var counter: UInt16 = 0
  var start: UInt16 = 0
  var end: UInt16 = 0
  var isCountingDown = false
  var isSawtooth = true
  var hasCounted = false
  var hasPendingUpdate = false
  var channels = [Channel](repeating: Channel(), count: 4)

  var outputs: UInt8 { (0..<4).reduce(0) { channels[$1].output ? $0 | 1 << UInt8($1) : $0 } }

  private var isAtEnd: Bool {
    isSawtooth ? counter == end : isCountingDown && start != 0 && counter == start &- 1
  }

  /// One clock edge. `signals`: 32 GPIOs, then the 16 channel outputs.
  mutating func clock(_ config: Configuration, signals: UInt64, referenceLevel: Bool) {
    let old = self
    let signal = old.select < 48 && signals >> UInt64(old.select) & 1 != 0
    let rise = !old.oldSignal && signal
    let fall = old.oldSignal && !signal
    let referenceRise = old.reference & 0b110 == 0b010
    let wanted: Bool
    switch old.mode {
    case 0: wanted = true
    case 1: wanted = !signal
    case 2: wanted = signal
    case 3: wanted = rise
    case 4: wanted = fall
    case 5: wanted = rise || fall
    case 6: wanted = old.isArmed && (rise || old.armedEvent)
    default: wanted = old.isArmed && (fall || old.armedEvent)
    }
    let tick = wanted && (!config.usesReference || referenceRise)
    let counted = old.isActive && old.hasCounted
    let ended = counted && old.isAtEnd
    let starts = config.has(0) && !old.isActive
    let resets = starts || config.has(3)
    let updatesCounter = starts || config.has(2)
    let updatesAll = starts || counted

    if config.has(0) { isActive = true } else if config.has(1) { isActive = false }

    // Input stage.
    if updatesAll {
      mode = UInt8(config.cfg >> 8 & 7)
      select = UInt8(config.cfg & 0xFF)
    }
    if old.isArmed { armedEvent = wanted } else if ended { armedEvent = false }
    if config.has(4) { isArmed = true } else if ended { isArmed = false }
    if old.isActive, !config.usesReference || referenceRise { oldSignal = signal }
    reference = (old.reference << 1 | (referenceLevel ? 1 : 0)) & 7

    // Prescaler.
    if updatesAll { prescaler = UInt8(config.cfg >> 16 & 0xFF) }
    if resets || !old.isActive {
      prescalerCount = 0
      prescalerEvent = false
    } else if tick {
      if old.prescaler == 0 {
        prescalerEvent = true
      } else {
        prescalerEvent = old.prescalerCount == old.prescaler
        prescalerCount = prescalerEvent ? 0 : old.prescalerCount &+ 1
      }
    } else {
      prescalerEvent = false
    }

    // Counter.
    var reloads = false
    if updatesCounter || old.hasPendingUpdate {
      if updatesCounter, !old.isActive {
        hasPendingUpdate = false
        reloads = true
      } else if old.isAtEnd {
        hasPendingUpdate = false
        reloads = old.prescalerEvent
      } else {
        hasPendingUpdate = true
      }
    } else if resets {
      hasPendingUpdate = false
      reloads = true
    }
    if old.isActive { hasCounted = old.prescalerEvent }
    if reloads {
      start = UInt16(truncatingIfNeeded: config.range)
      end = UInt16(truncatingIfNeeded: config.range >> 16)
      isSawtooth = config.cfg >> 12 & 1 != 0
      counter = start
      isCountingDown = false
    } else if old.prescalerEvent, old.isActive {
      if !old.isCountingDown, old.counter == old.end {
        counter = old.isSawtooth ? old.start : old.counter &- 1
        isCountingDown = !old.isSawtooth
      } else if old.isCountingDown, old.counter == old.start {
        counter = old.counter &+ 1
        isCountingDown = false
      } else {
        counter = old.isCountingDown ? old.counter &- 1 : old.counter &+ 1
      }
    }

    // Comparators.
    for index in 0..<4 {
      if resets {
        channels[index].output = false
        channels[index].isSecondMatch = false
      } else if counted {
        channels[index].count(
          matches: old.channels[index].threshold == old.counter, isEnd: ended, isSawtooth: old.isSawtooth)
      }
      if updatesAll {
        channels[index].threshold = UInt16(truncatingIfNeeded: config.thresholds[index])
        channels[index].action = UInt8(config.thresholds[index] >> 16 & 7)
      }
    }
  }

  /// How many further clock edges repeat the step from `old` to `self`, at most `limit`: nothing but counter and
  /// prescaler change, and neither reaches a value at which anything happens.
  func repeats(of old: AdvancedTimerModule, limit: UInt64) -> UInt64 {
    if self == old { return limit }
    var expected = old
    var room = limit
    if prescalerCount != old.prescalerCount {
      guard prescalerCount == old.prescalerCount &+ 1 else { return 0 }
      expected.prescalerCount = prescalerCount
      room = min(room, UInt64(prescaler &- prescalerCount))
    }
    if counter != old.counter {
      let isUp = counter == old.counter &+ 1
      guard isUp || counter == old.counter &- 1 else { return 0 }
      expected.counter = counter
      // One edge early: what happens at a value shows at the edge after it was reached.
      func approach(_ value: UInt16) {
        let distance = isUp ? value &- counter : counter &- value
        room = min(room, UInt64(distance > 1 ? distance - 1 : 0))
      }
      approach(start)
      approach(start &- 1)
      approach(end)
      approach(isUp ? .max : 0)
      for index in 0..<channels.count { approach(channels[index].threshold) }
    }
    return expected == self ? room : 0
  }

  /// Adds `count` repetitions of the step from `old` to `self`.
  mutating func skip(_ count: UInt64, since old: AdvancedTimerModule) {
    if prescalerCount != old.prescalerCount { prescalerCount &+= UInt8(truncatingIfNeeded: count) }
    if counter != old.counter {
      let steps = UInt16(truncatingIfNeeded: count)
      counter = counter == old.counter &+ 1 ? counter &+ steps : counter &- steps
    }
  }
}

extension AdvancedTimerModule.Channel: StateValue {
  mutating func visitState(_ archive: StateArchive) {
    archive.visit("threshold", &threshold)
    archive.visit("action", &action)
    archive.visit("output", &output)
    archive.visit("isSecondMatch", &isSecondMatch)
  }
}

extension AdvancedTimerModule.Configuration: StateValue {
  mutating func visitState(_ archive: StateArchive) {
    archive.visit("command", &command)
    archive.visit("cfg", &cfg)
    archive.visit("range", &range)
    archive.visit("thresholds", fixed: &thresholds)
  }
}

extension AdvancedTimerModule: StateValue {
  mutating func visitState(_ archive: StateArchive) {
    archive.visit("isActive", &isActive)
    archive.visit("mode", &mode, in: 0...7)
    archive.visit("select", &select)
    archive.visit("isArmed", &isArmed)
    archive.visit("armedEvent", &armedEvent)
    archive.visit("oldSignal", &oldSignal)
    archive.visit("reference", &reference, in: 0...7)
    archive.visit("prescaler", &prescaler)
    archive.visit("prescalerCount", &prescalerCount)
    archive.visit("prescalerEvent", &prescalerEvent)
    archive.visit("counter", &counter)
    archive.visit("start", &start)
    archive.visit("end", &end)
    archive.visit("isCountingDown", &isCountingDown)
    archive.visit("isSawtooth", &isSawtooth)
    archive.visit("hasCounted", &hasCounted)
    archive.visit("hasPendingUpdate", &hasPendingUpdate)
    archive.visit("channels", fixed: &channels)
  }
}
