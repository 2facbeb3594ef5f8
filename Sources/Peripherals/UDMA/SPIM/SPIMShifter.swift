// The SPI master's shifter: serialises words onto the data lines and collects them from there.
//
// Follows `udma_spim_txrx.sv` of udma_qspi v2.0.0 flip-flop for flip-flop, including what makes a DUMMY or RX command
// right behind FULL_DUPL hang: the full-duplex flag falls only in a clock cycle in which both sides are idle.

import HardwareModel

/// What the sequencer asks of the shifter in a clock cycle.
struct SPIMShiftRequest: Equatable {
  var transmits = false
  var receives = false
  /// Words - 1.
  var size: UInt16 = 0
  /// Bits of a word - 1.
  var bits: UInt8 = 0
  /// Words of a datum - 1.
  var wordsPerDatum: UInt8 = 0
  var isLSBFirst = false
  var transmitsQuad = false
  var receivesQuad = false
  /// The datum that waits to be sent.
  var data: UInt32?
}

/// What a clock cycle of the shifter brings about.
struct SPIMShiftOutcome: Equatable {
  var isTransmitDone = false
  var isReceiveDone = false
  var takesData = false
  var received: UInt32?
}

/// The shifter, one rising edge of the SPI master's clock at a time.
struct SPIMShifter: Equatable {
  private enum Transmit: UInt8 { case idle, send, waitForData }
  private enum Receive: UInt8 { case idle, receive }
  /// How the four lines are driven.
  enum Mode: UInt8 { case standard, quadOut, quadIn }

  private var transmit = Transmit.idle
  private var receive = Receive.idle
  private var transmitShift: UInt32 = 0
  private var receiveShift: UInt32 = 0
  private var wordsLeft: UInt16 = 0
  private var bitCount: UInt8 = 0
  private var wordCount: UInt8 = 0
  private var wasReceiving = false
  private var isFull = false
  private var isLSBFirst = false
  private var bits: UInt8 = 0
  private var wordsPerDatum: UInt8 = 0
  private var bitOffset: UInt8 = 0
  private var isLastTransmitted = false
  private var isLastReceived = false

  private var bitIndex: UInt8 {
    (isLSBFirst ? bitOffset &+ bitCount : bitOffset &+ bits &- bitCount) & 31
  }
  private var bitOffsetStep: UInt8 { wordsPerDatum == 0 ? 0 : wordsPerDatum == 1 ? 16 : 8 }
  private var isWordDone: Bool { bitCount == bits }
  private var isDatumDone: Bool { wordCount == wordsPerDatum }

  private func isFull(_ request: SPIMShiftRequest) -> Bool { isFull || request.transmits && request.receives }

  /// SCK is enabled in this clock cycle.
  func isClocking(_ request: SPIMShiftRequest) -> Bool {
    transmit == .send || receive == .receive && !isFull(request)
  }

  /// True if no command is under way.
  var isIdle: Bool { transmit == .idle && receive == .idle }

  /// The transmit side has nothing to send.
  var isWaitingForData: Bool { transmit == .waitForData }

  /// The levels for the four lines at the falling edge of this clock cycle.
  func output(_ request: SPIMShiftRequest) -> UInt8 {
    if transmit == .idle, !request.transmits { return 0 }
    let index = Int(bitIndex)
    func bit(_ index: Int) -> UInt8 { UInt8(truncatingIfNeeded: transmitShift >> UInt32(index & 31)) & 1 }
    guard request.transmitsQuad else { return bit(index) }
    let first = isLSBFirst ? index - 3 : index
    return bit(first) | bit(first + 1) << 1 | bit(first + 2) << 2 | bit(first + 3) << 3
  }

  /// How the lines are driven from the falling edge of this clock cycle on.
  func mode(_ request: SPIMShiftRequest) -> Mode {
    switch transmit {
    case .idle where request.transmits: return .quadIn
    case .send, .waitForData: return request.transmitsQuad ? .quadOut : .standard
    case .idle:
      if receive == .idle, !request.receives { return .quadIn }
      return request.receivesQuad ? .quadIn : .standard
    }
  }

  private func sampled(_ lines: UInt8, isQuad: Bool) -> UInt32 {
    var value = receiveShift
    func set(_ index: Int, _ line: UInt8) {
      // Past the last bit it goes on at the first, as in the simulation.
      let shift = UInt32(index & 31)
      value = value & ~(1 << shift) | UInt32(lines >> line & 1) << shift
    }
    let index = Int(bitIndex)
    if isQuad {
      for line in 0..<4 { set(index + line, UInt8(line)) }
    } else {
      set(index, 1)
    }
    return value
  }

  /// One rising edge; `lines` are the levels of the four data lines before it.
  mutating func clock(_ request: SPIMShiftRequest, lines: UInt8) -> SPIMShiftOutcome {
    let old = self
    var outcome = SPIMShiftOutcome()
    let full = old.isFull(request)

    // Transmit side.
    var samplesTransmit = false
    var transmitBits: UInt8?
    var transmitWords: UInt8?
    var transmitLeft: UInt16?
    func fetch() {
      if let data = request.data {
        outcome.takesData = true
        transmit = .send
        transmitShift = data
      } else {
        transmit = .waitForData
      }
    }
    switch old.transmit {
    case .idle:
      if request.transmits {
        transmitBits = request.transmitsQuad ? 3 : 0
        isLastTransmitted = request.size == 0
        samplesTransmit = true
        fetch()
      }
    case .send:
      let first: UInt8 = request.transmitsQuad ? 3 : 0
      transmitBits = old.isWordDone ? first : (old.bitCount &+ first &+ 1) & 31
      if old.isWordDone {
        transmitWords = old.isDatumDone ? 0 : (old.wordCount &+ 1) & 3
        if old.wordsLeft == 0 {
          if old.isLastTransmitted {
            isLastTransmitted = false
            outcome.isTransmitDone = true
            if request.transmits {
              samplesTransmit = true
              fetch()
            } else {
              transmit = .idle
            }
          } else {
            isLastTransmitted = true
            if old.isDatumDone { fetch() }
          }
        } else {
          transmitLeft = old.wordsLeft &- 1
          if old.isDatumDone { fetch() }
        }
      }
    case .waitForData:
      if request.data != nil { fetch() }
    }

    // Receive side.
    var samplesReceive = false
    var receiveBits: UInt8?
    var receiveWords: UInt8?
    var receiveLeft: UInt16?
    switch old.receive {
    case .idle:
      if request.receives {
        samplesReceive = true
        receive = .receive
        receiveBits = request.receivesQuad ? 3 : 0
        isLastReceived = request.size == 0
      }
    case .receive:
      let first: UInt8 = request.receivesQuad ? 3 : 0
      receiveShift = old.sampled(lines, isQuad: request.receivesQuad)
      receiveBits = old.bitCount
      if !full || old.transmit == .send {
        receiveBits = old.isWordDone ? first : (old.bitCount &+ first &+ 1) & 31
        if old.wasReceiving, old.isWordDone {
          if old.isDatumDone {
            outcome.received = receiveShift
            receiveWords = 0
          } else {
            receiveWords = (old.wordCount &+ 1) & 3
          }
          if old.wordsLeft == 0 {
            if old.isLastReceived {
              isLastReceived = false
              outcome.isReceiveDone = true
              if request.receives { samplesReceive = true } else { receive = .idle }
            } else {
              isLastReceived = true
            }
          } else {
            receiveLeft = old.wordsLeft &- 1
          }
        }
      }
    }

    // Registers that both sides share: the transmit side goes first.
    wasReceiving = old.receive == .receive
    bitCount = transmitBits ?? receiveBits ?? old.bitCount
    wordCount = transmitWords ?? receiveWords ?? old.wordCount
    if request.transmits || request.receives {
      bitOffset = 0
    } else if transmitWords != nil || receiveWords != nil {
      bitOffset = (old.bitOffset &+ old.bitOffsetStep) & 31
    }
    if request.transmits, request.receives {
      isFull = true
    } else if old.transmit == .idle, !request.transmits, old.receive == .idle, !request.receives {
      isFull = false
    }
    if samplesTransmit || samplesReceive {
      isLSBFirst = request.isLSBFirst
      wordsPerDatum = request.wordsPerDatum
      bits = request.bits
      wordsLeft = request.size == 0 ? 0 : request.size &- 1
    } else {
      wordsLeft = transmitLeft ?? receiveLeft ?? old.wordsLeft
    }
    return outcome
  }
}

extension SPIMShifter: StateValue {
  mutating func visitState(_ archive: StateArchive) {
    archive.visit("transmit", &transmit)
    archive.visit("receive", &receive)
    archive.visit("transmitShift", &transmitShift)
    archive.visit("receiveShift", &receiveShift)
    archive.visit("wordsLeft", &wordsLeft)
    archive.visit("bitCount", &bitCount, in: 0...31)
    archive.visit("wordCount", &wordCount, in: 0...3)
    archive.visit("wasReceiving", &wasReceiving)
    archive.visit("isFull", &isFull)
    archive.visit("isLSBFirst", &isLSBFirst)
    archive.visit("bits", &bits, in: 0...31)
    archive.visit("wordsPerDatum", &wordsPerDatum, in: 0...3)
    archive.visit("bitOffset", &bitOffset, in: 0...31)
    archive.visit("isLastTransmitted", &isLastTransmitted)
    archive.visit("isLastReceived", &isLastReceived)
  }
}
