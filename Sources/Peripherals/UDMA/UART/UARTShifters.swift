// The UART's transmitter and receiver, one clock edge of the peripheral clock at a time.
//
// Follows `udma_uart_tx.sv` and `udma_uart_rx.sv` (reference section 5.3). Left out: nothing.

import HardwareModel

/// How characters are framed: sampled when transmitter or receiver is switched on.
struct UARTFormat: Equatable {
  /// Cycles of a bit - 1.
  var divider: UInt16 = 0
  /// Data bits - 5.
  var bits: UInt8 = 0
  var hasParity = false
  var hasTwoStopBits = false

  /// Number of data bits - 1.
  var lastBit: UInt8 { bits + 4 }
}

/// The counter that both shifters time their bits with.
struct UARTBaudCounter: Equatable {
  var count: UInt16 = 0
  var isBitDone = false

  mutating func clock(isRunning: Bool, target: UInt16) {
    guard isRunning else {
      self = UARTBaudCounter()
      return
    }
    isBitDone = count == target
    count = isBitDone ? 0 : count &+ 1
  }

  /// Clock edges that only count.
  func quietEdges(target: UInt16) -> UInt64 { isBitDone ? 0 : UInt64(target &- count) }
}

/// Sends characters.
struct UARTTransmitter: Equatable {
  enum Phase: UInt8 { case idle, start, data, parity, stopFirst, stopLast }

  var phase = Phase.idle
  var shift: UInt8 = 0xFF
  var bitCount: UInt8 = 0
  var parity = false
  var baud = UARTBaudCounter()
  /// The character under way.
  var character: UInt8 = 0
  /// The last character, if the transmitter was switched off in the middle of it.
  var cutOff: UInt8?

  var isBusy: Bool { phase != .idle }

  var pin: Bool {
    switch phase {
    case .idle, .stopFirst, .stopLast: return true
    case .start: return false
    case .data: return shift & 1 != 0
    case .parity: return parity
    }
  }

  /// True if the next character is taken at this clock edge.
  func takes(isEnabled: Bool) -> Bool { phase == .idle && isEnabled }

  /// One clock edge; returns the character whose last stop bit ends with it.
  mutating func clock(_ format: UARTFormat, isEnabled: Bool, input: UInt32?) -> UInt8? {
    var next = phase
    var done: UInt8?
    var parityNext = parity
    let bitDone = baud.isBitDone
    switch phase {
    case .idle:
      if let input {
        next = .start
        shift = UInt8(truncatingIfNeeded: input)
        character = shift
      }
    case .start:
      parityNext = false
      if bitDone { next = .data }
    case .data:
      parityNext = parity != (shift & 1 != 0)
      if bitDone {
        if bitCount == format.lastBit {
          bitCount = 0
          next = format.hasParity ? .parity : .stopFirst
        } else {
          bitCount = (bitCount + 1) & 7
          shift = shift >> 1 | 0x80
        }
      }
    case .parity:
      if bitDone { next = .stopFirst }
    case .stopFirst:
      if bitDone { next = format.hasTwoStopBits ? .stopLast : .idle }
    case .stopLast:
      if bitDone { next = .idle }
    }
    if bitDone { parity = parityNext }
    if phase == .stopFirst || phase == .stopLast, next == .idle { done = character }
    baud.clock(isRunning: phase != .idle, target: format.divider)
    guard isEnabled else {
      // What is switched off in a stop bit is whole on the line; before that it is lost.
      if phase == .stopFirst || phase == .stopLast { done = character } else if phase != .idle { cutOff = character }
      phase = .idle
      return done
    }
    if phase == .idle, next == .start { cutOff = nil }
    phase = next
    return done
  }
}

/// Receives characters.
struct UARTReceiver: Equatable {
  enum Phase: UInt8 { case idle, start, data, parity, stop }

  /// What a clock edge brings about, as seen in the cycle before it.
  struct Outcome: Equatable {
    var character: UInt8?
    var hasOverflow = false
    var hasParityError = false
  }

  var phase = Phase.idle
  var data: UInt8 = 0xFF
  var bitCount: UInt8 = 0
  var parity = false
  var parityError = false
  var baud = UARTBaudCounter()
  /// Three samples of the pin, the newest in bit 0.
  var samples: UInt8 = 7

  var isBusy: Bool { phase != .idle }

  private var isFalling: Bool { samples & 0b110 == 0b100 }

  /// True if the counter times the half bit that leads to the middle of the start bit.
  private var isStarting: Bool { phase == .idle && isFalling || phase == .start }

  func target(_ format: UARTFormat) -> UInt16 { isStarting ? format.divider >> 1 : format.divider }

  /// The end of a character in this cycle: it is written to the FIFO if that has room.
  func outcome(isFIFOReady: Bool) -> Outcome {
    guard phase == .stop, baud.isBitDone else { return Outcome() }
    if parityError { return Outcome(hasParityError: true) }
    return isFIFOReady ? Outcome(character: data) : Outcome(hasOverflow: true)
  }

  /// One clock edge.
  mutating func clock(_ format: UARTFormat, isEnabled: Bool, pin: Bool) {
    var next = phase
    let bitDone = baud.isBitDone
    let sample = samples & 0b100 != 0
    var parityNext = parity
    let isRunning = phase != .idle || isFalling
    let target = target(format)
    switch phase {
    case .idle:
      if isFalling {
        next = .start
        parityError = false
      }
    case .start:
      parityNext = false
      if bitDone { next = .data }
    case .data:
      parityNext = parity != sample
      if bitDone {
        // The character shifts in from above; narrower ones leave the upper bits 0.
        let width = format.lastBit + 1
        data = data >> 1 & UInt8(truncatingIfNeeded: (1 << UInt16(width - 1)) - 1) | (sample ? 1 << (width - 1) : 0)
        if bitCount == format.lastBit {
          bitCount = 0
          next = format.hasParity ? .parity : .stop
        } else {
          bitCount = (bitCount + 1) & 7
        }
      }
    case .parity:
      if bitDone {
        if parity != sample { parityError = true }
        next = .stop
      }
    case .stop:
      if bitDone { next = .idle }
    }
    if bitDone { parity = parityNext }
    baud.clock(isRunning: isRunning, target: target)
    samples = isEnabled ? (samples << 1 | (pin ? 1 : 0)) & 7 : 7
    phase = isEnabled ? next : .idle
  }
}

extension UARTFormat: StateValue {
  mutating func visitState(_ archive: StateArchive) {
    archive.visit("divider", &divider)
    archive.visit("bits", &bits, in: 0...3)
    archive.visit("hasParity", &hasParity)
    archive.visit("hasTwoStopBits", &hasTwoStopBits)
  }
}

extension UARTBaudCounter: StateValue {
  mutating func visitState(_ archive: StateArchive) {
    archive.visit("count", &count)
    archive.visit("isBitDone", &isBitDone)
  }
}

extension UARTTransmitter: StateValue {
  mutating func visitState(_ archive: StateArchive) {
    archive.visit("phase", &phase)
    archive.visit("shift", &shift)
    archive.visit("bitCount", &bitCount, in: 0...7)
    archive.visit("parity", &parity)
    archive.visit("baud", &baud)
    archive.visit("character", &character)
    archive.visit("cutOff", &cutOff)
  }
}

extension UARTReceiver: StateValue {
  mutating func visitState(_ archive: StateArchive) {
    archive.visit("phase", &phase)
    archive.visit("data", &data)
    archive.visit("bitCount", &bitCount, in: 0...7)
    archive.visit("parity", &parity)
    archive.visit("parityError", &parityError)
    archive.visit("baud", &baud)
    archive.visit("samples", &samples, in: 0...7)
  }
}
