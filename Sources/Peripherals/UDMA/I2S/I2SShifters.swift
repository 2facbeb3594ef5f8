// The I2S interface's receiver and transmitter, on the serial clock.
//
// `i2s_rx_channel.sv` and `i2s_tx_channel.sv` of udma_i2s v2.0.0, flip-flop for flip-flop, with what follows from them: the
// first word that is received lacks its first bit, and with one data line the transmitter loses its second datum.

import HardwareModel

/// The receiver (`i2s_rx_channel`).
struct I2SReceiver: Equatable {
  private var lines: (UInt32, UInt32) = (0, 0)
  private var words: (UInt32, UInt32) = (0, 0)
  private var hasWord: (Bool, Bool) = (false, false)
  private var bit: UInt8 = 0
  private var wordSelect = false
  private var hasStarted: (Bool, Bool) = (false, false)

  static func == (a: Self, b: Self) -> Bool {
    a.lines == b.lines && a.words == b.words && a.hasWord == b.hasWord && a.bit == b.bit
      && a.wordSelect == b.wordSelect && a.hasStarted == b.hasStarted
  }

  /// The datum offered to the FIFO.
  var output: UInt32? { hasWord.0 ? words.0 : hasWord.1 ? words.1 : nil }

  mutating func clockRises(
    _ format: I2SFormat, isEnabled: Bool, wordSelect level: Bool, data: (Bool, Bool), isReady: Bool
  ) {
    let old = self
    if old.hasStarted.1 {
      let isDone = old.bit == format.lastBit
      lines.0 = Self.shifted(old.lines.0, data.0, format)
      if format.hasTwoLines { lines.1 = Self.shifted(old.lines.1, data.1, format) }
      if isDone {
        words.0 = old.lines.0
        hasWord.0 = true
        if format.hasTwoLines {
          words.1 = old.lines.1
          hasWord.1 = true
        }
      }
      bit = isDone ? 0 : (old.bit + 1) & 31
    }
    // The later assignment wins: a word that is passed on in the cycle in which the next one is done takes it along.
    if old.hasWord.0 {
      if isReady { hasWord.0 = false }
    } else if old.hasWord.1, isReady {
      hasWord.1 = false
    }
    wordSelect = level
    hasStarted = (level != old.wordSelect ? isEnabled : old.hasStarted.0, old.hasStarted.0)
  }

  private static func shifted(_ word: UInt32, _ bit: Bool, _ format: I2SFormat) -> UInt32 {
    guard format.isLowFirst else { return word << 1 | (bit ? 1 : 0) }
    let place = UInt32(1) << UInt32(format.lastBit)
    let moved = word >> 1
    return bit ? moved | place : moved & ~place
  }
}

/// The transmitter (`i2s_tx_channel`).
struct I2STransmitter: Equatable {
  private enum State: UInt8 { case start, second, wait, running }
  private var state = State.start
  private var lines: (UInt32, UInt32) = (0, 0)
  private var shadow: UInt32 = 0
  private var bit: UInt8 = 0
  private var wordSelect = false
  /// The levels of the two data pins.
  private(set) var pins: (Bool, Bool) = (false, false)

  static func == (a: Self, b: Self) -> Bool {
    a.state == b.state && a.lines == b.lines && a.shadow == b.shadow && a.bit == b.bit && a.wordSelect == b.wordSelect
      && a.pins == b.pins
  }

  /// The transmitter has begun to send.
  var isRunning: Bool { state == .running }

  /// True if the clock edge takes the datum at the FIFO's front.
  func takes(_ format: I2SFormat, hasDatum: Bool) -> Bool {
    switch state {
    case .start, .second: return hasDatum
    case .wait: return false
    case .running:
      return bit == format.lastBit || format.hasTwoLines && bit == (format.lastBit &- 1) & 31 && format.lastBit > 0
    }
  }

  /// `datum` is what the FIFO shows, also if that is stale.
  mutating func clockRises(_ format: I2SFormat, wordSelect level: Bool, datum: UInt32, hasDatum: Bool) {
    let old = self
    switch old.state {
    case .start:
      if hasDatum {
        lines.0 = datum
        state = .second
      }
    case .second:
      if hasDatum {
        lines.1 = datum
        state = .wait
      }
    case .wait:
      if level != old.wordSelect { state = .running }
    case .running:
      let isDone = old.bit == format.lastBit
      if format.hasTwoLines, format.lastBit > 0, old.bit == format.lastBit - 1 { shadow = datum }
      if isDone {
        lines.0 = format.hasTwoLines ? old.shadow : datum
        if format.hasTwoLines { lines.1 = datum }
      } else {
        lines.0 = format.isLowFirst ? old.lines.0 >> 1 : old.lines.0 << 1
        if format.hasTwoLines { lines.1 = format.isLowFirst ? old.lines.1 >> 1 : old.lines.1 << 1 }
      }
      bit = isDone ? 0 : (old.bit + 1) & 31
    }
    wordSelect = level
  }

  mutating func clockFalls(_ format: I2SFormat) {
    let place = format.isLowFirst ? 0 : UInt32(format.lastBit)
    pins = (lines.0 >> place & 1 != 0, lines.1 >> place & 1 != 0)
  }
}

extension I2SReceiver: StateValue {
  mutating func visitState(_ archive: StateArchive) {
    archive.visit("lines", &lines)
    archive.visit("words", &words)
    archive.visit("hasWord", &hasWord)
    archive.visit("bit", &bit, in: 0...31)
    archive.visit("wordSelect", &wordSelect)
    archive.visit("hasStarted", &hasStarted)
  }
}

extension I2STransmitter: StateValue {
  mutating func visitState(_ archive: StateArchive) {
    archive.visit("state", &state)
    archive.visit("lines", &lines)
    archive.visit("shadow", &shadow)
    archive.visit("bit", &bit, in: 0...31)
    archive.visit("wordSelect", &wordSelect)
    archive.visit("pins", &pins)
  }
}
