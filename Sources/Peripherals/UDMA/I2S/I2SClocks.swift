// Clock and word select of the I2S interface.
//
// `i2s_clk_gen.sv` and `i2s_ws_gen.sv` of udma_i2s v2.0.0, flip-flop for flip-flop.

import HardwareModel

/// A divider of the peripheral clock (`i2s_clk_gen`).
struct I2SClockGenerator: Equatable {
  private var counter: UInt16 = 0
  private var divider: UInt16 = 0
  private var isRunning = false
  /// The clock's level.
  private(set) var level = false

  /// One edge of the peripheral clock.
  mutating func clock(isEnabled: Bool, divider wanted: UInt16) {
    let isEnd = counter == divider
    if isEnabled, !isRunning {
      isRunning = true
      divider = wanted
    } else if !isEnabled, !level {
      counter = 0
      isRunning = false
    } else if isEnd {
      counter = 0
      divider = wanted
      level = isEnabled ? !level : false
    } else {
      counter &+= 1
    }
  }

  /// Edges of the peripheral clock that only count.
  func quietEdges(isEnabled: Bool) -> UInt64 {
    if !isRunning, !level { return isEnabled || counter != 0 ? 0 : .max }
    if !isEnabled, !level { return 0 }
    // The counter may be beyond a divider that was made smaller: it runs around.
    return UInt64(divider &- counter)
  }

  mutating func skip(_ edges: UInt64) {
    if isRunning || level { counter &+= UInt16(truncatingIfNeeded: edges) }
  }
}

/// The word select of a clock (`i2s_ws_gen`), with the synchroniser of its enable.
struct I2SWordSelect: Equatable {
  private var enable: (Bool, Bool) = (false, false)
  private var bit: UInt8 = 0
  private var word: UInt8 = 0
  private(set) var level = false

  static func == (a: Self, b: Self) -> Bool {
    a.enable == b.enable && a.bit == b.bit && a.word == b.word && a.level == b.level
  }

  mutating func clockRises(isEnabled: Bool, _ format: I2SFormat) {
    if enable.1 {
      if bit == format.lastBit {
        bit = 0
        word = word == format.lastWord ? 0 : (word + 1) & 0xF
      } else {
        bit = (bit + 1) & 31
      }
    }
    enable = (isEnabled, enable.0)
  }

  mutating func clockFalls(_ format: I2SFormat) {
    if enable.1, bit == format.lastBit, word == format.lastWord { level.toggle() }
  }
}

/// SLV_SETUP or MST_SETUP.
struct I2SFormat: Equatable {
  var lastBit: UInt8
  var lastWord: UInt8
  var isLowFirst: Bool
  var hasTwoLines: Bool
  var isEnabled: Bool

  init(_ setup: UInt32) {
    lastBit = UInt8(setup >> 8 & 31)
    lastWord = UInt8(setup & 15)
    isLowFirst = setup >> 16 & 1 != 0
    hasTwoLines = setup >> 17 & 1 != 0
    isEnabled = setup >> 31 != 0
  }
}

extension I2SClockGenerator: StateValue {
  mutating func visitState(_ archive: StateArchive) {
    archive.visit("counter", &counter)
    archive.visit("divider", &divider)
    archive.visit("isRunning", &isRunning)
    archive.visit("level", &level)
  }
}

extension I2SWordSelect: StateValue {
  mutating func visitState(_ archive: StateArchive) {
    archive.visit("enable", &enable)
    archive.visit("bit", &bit, in: 0...31)
    archive.visit("word", &word, in: 0...15)
    archive.visit("level", &level)
  }
}
