// The SPI master's command sequencer.
//
// Follows `udma_spim_ctrl.sv` of udma_qspi v2.0.0 flip-flop for flip-flop (reference section 5.4), with what is peculiar
// about it: a repeat loop runs its first command once more, a body of six commands loses the mark of the first and
// never ends, a match outside a loop ends the next loop, RX_CHECK compares 16 bits whatever its size.

import HardwareModel

/// Opcodes, bits 31:28 of a command word.
enum SPIMCommand {
  static let configure: UInt32 = 0
  static let startOfTransfer: UInt32 = 1
  static let sendBits: UInt32 = 2
  static let dummy: UInt32 = 4
  static let wait: UInt32 = 5
  static let transmit: UInt32 = 6
  static let receive: UInt32 = 7
  static let repeatLoop: UInt32 = 8
  static let endOfTransfer: UInt32 = 9
  static let repeatEnd: UInt32 = 10
  static let check: UInt32 = 11
  static let fullDuplex: UInt32 = 12
  static let setupAddress: UInt32 = 13
  static let setupSize: UInt32 = 14
}

/// The commands of a repeat loop, with a mark at the first (`io_generic_fifo` of six places).
private struct SPIMReplayBuffer: Equatable {
  private static let depth = 6
  private var words: [UInt64] = Array(repeating: 0, count: depth)
  private var input = 0
  private var output = 0
  private var count = 0

  var isValid: Bool { count > 0 }
  /// The oldest entry, or what was there last.
  var front: UInt64 { words[output] }

  mutating func clear() {
    input = 0
    output = 0
    count = 0
  }

  mutating func clock(written: UInt64?, isTaken: Bool) {
    let isFull = count == Self.depth
    let takes = isTaken && isValid
    if let written, !isFull {
      words[input] = written
      input = (input + 1) % Self.depth
      count += 1
    }
    if takes {
      output = (output + 1) % Self.depth
      count -= 1
    }
  }
}

/// The sequencer, one rising edge of the SPI master's clock at a time.
struct SPIMSequencer: Equatable {
  enum State: UInt8 { case idle, waitDone, waitCheck, waitEvent, doRepeat, waitCycle, clearSelect }

  /// What the sequencer sees in a clock cycle.
  struct Inputs: Equatable {
    var command: UInt32?
    var data: UInt32?
    /// Triggers 0 to 3 that fire in this cycle.
    var triggers: UInt8 = 0
  }

  /// What a clock cycle of the sequencer brings about.
  struct Outcome: Equatable {
    var takesCommand = false
    var takesData = false
    /// A datum for the receive channel.
    var received: UInt32?
    var isEndOfTransfer = false
  }

  private(set) var state = State.idle
  private(set) var clockPolarity = false
  private(set) var clockPhase = false
  private(set) var divider: UInt8 = 0
  /// A new divider is handed to the clock generator in this cycle.
  private(set) var updatesDivider = false
  /// Chip selects, active low.
  private(set) var selects: UInt8 = 0xF
  /// STATUS: how the last loop ended.
  private(set) var status: UInt32 = 0

  private var isQuad = false
  private var isDummy = false
  private var isFull = false
  private var wasTransmitDone = false
  private var wasReceiveDone = false
  private(set) var waitedTrigger: UInt8 = 0
  private var checkValue: UInt16 = 0
  private var checkMode: UInt8 = 0
  private var hasMatched = false
  private var repeats: UInt16 = 0
  private var isReplaying = false
  private var marksFirst = false
  private var replay = SPIMReplayBuffer()
  private var isCounting = false
  private var count: UInt8 = 0
  private var countTarget: UInt8 = 0

  private func word(_ inputs: Inputs) -> UInt32 {
    isReplaying ? UInt32(truncatingIfNeeded: replay.front) : inputs.command ?? 0
  }

  private func hasCommand(_ inputs: Inputs) -> Bool { isReplaying ? replay.isValid : inputs.command != nil }

  /// What the shifter is asked in this cycle.
  func request(_ inputs: Inputs) -> SPIMShiftRequest {
    var request = SPIMShiftRequest()
    request.transmitsQuad = isQuad
    request.receivesQuad = isQuad
    if state == .waitDone { request.data = inputs.data }
    guard state == .idle, hasCommand(inputs) else { return request }
    let word = word(inputs)
    let wordBits = UInt8(word >> 16 & 31)
    let quad = word >> 27 & 1 != 0
    switch word >> 28 {
    case SPIMCommand.sendBits:
      request.transmits = true
      request.transmitsQuad = quad
      request.bits = wordBits
      request.data = word & 0xFFFF
    case SPIMCommand.dummy:
      request.receives = true
      request.receivesQuad = quad
      request.bits = wordBits
    case SPIMCommand.check:
      request.receives = true
      request.receivesQuad = quad
      request.bits = wordBits & 15
      request.isLSBFirst = word >> 26 & 1 != 0
    case SPIMCommand.transmit, SPIMCommand.receive, SPIMCommand.fullDuplex:
      let opcode = word >> 28
      request.transmits = opcode != SPIMCommand.receive
      request.receives = opcode != SPIMCommand.transmit
      if opcode == SPIMCommand.fullDuplex {
        request.transmitsQuad = false
        request.receivesQuad = false
      } else if opcode == SPIMCommand.transmit {
        request.transmitsQuad = quad
      } else {
        request.receivesQuad = quad
      }
      request.size = UInt16(truncatingIfNeeded: word)
      request.bits = wordBits
      switch word >> 21 & 3 {
      case 1: request.wordsPerDatum = 1
      case 2: request.wordsPerDatum = 3
      default: break
      }
      request.isLSBFirst = word >> 26 & 1 != 0
    default: break
    }
    return request
  }

  /// One rising edge of the clock for sequencer and shifter; `lines` are the levels of the data lines before it.
  mutating func clock(_ inputs: Inputs, _ shifter: inout SPIMShifter, lines: UInt8) -> Outcome {
    let old = self
    var outcome = Outcome()
    let shifted = shifter.clock(request(inputs), lines: lines)

    updatesDivider = false
    wasTransmitDone = shifted.isTransmitDone
    wasReceiveDone = shifted.isReceiveDone
    let isCountDone = old.isCounting && old.count == old.countTarget
    if old.isCounting {
      count = isCountDone ? 0 : old.count &+ 1
      if isCountDone { isCounting = false }
    }
    var replayWrite: UInt64?
    var takesReplay = false
    var clearsReplay = false

    switch old.state {
    case .idle:
      isFull = false
      guard old.hasCommand(inputs) else { break }
      if old.isReplaying {
        takesReplay = true
        let isFirst = old.replay.front >> 32 & 1 != 0
        if old.repeats == 0 && isFirst || old.hasMatched {
          status = old.hasMatched ? 1 : 2
          hasMatched = false
          isReplaying = false
        } else if isFirst {
          repeats = old.repeats &- 1
        }
      } else {
        outcome.takesCommand = true
      }
      execute(old.word(inputs), &outcome, &clearsReplay)
    case .doRepeat:
      guard let command = inputs.command else { break }
      marksFirst = false
      outcome.takesCommand = true
      if old.word(inputs) >> 28 == SPIMCommand.repeatEnd {
        isReplaying = true
        state = .idle
      } else {
        replayWrite = old.isReplaying ? old.replay.front : UInt64(command) | (old.marksFirst ? 1 << 32 : 0)
      }
    case .waitDone:
      let isDone =
        old.isFull
        ? (shifted.isTransmitDone || old.wasTransmitDone) && (shifted.isReceiveDone || old.wasReceiveDone)
        : shifted.isTransmitDone || shifted.isReceiveDone
      if isDone {
        state = .idle
        isDummy = false
      }
      outcome.takesData = shifted.takesData
      if !old.isDummy { outcome.received = shifted.received }
    case .waitCheck:
      if shifted.isReceiveDone {
        state = .idle
        isDummy = false
      }
      if let received = shifted.received { hasMatched = old.matches(UInt16(truncatingIfNeeded: received)) }
    case .waitEvent: if inputs.triggers >> old.waitedTrigger & 1 != 0 { state = .idle }
    case .waitCycle: if isCountDone { state = .idle }
    case .clearSelect:
      selects = 0xF
      state = .idle
    }

    if old.isReplaying, takesReplay, old.replay.isValid { replayWrite = old.replay.front }
    replay.clock(written: replayWrite, isTaken: takesReplay)
    if clearsReplay { replay.clear() }
    return outcome
  }

  private func matches(_ value: UInt16) -> Bool {
    switch checkMode {
    case 0: return value == checkValue
    case 1: return value & checkValue == checkValue
    case 2: return ~value & ~checkValue == ~checkValue
    default: return value & checkValue != checkValue
    }
  }

  private mutating func startCounter(_ target: UInt8) {
    isCounting = true
    countTarget = target
    state = .waitCycle
  }

  private mutating func execute(_ word: UInt32, _ outcome: inout Outcome, _ clearsReplay: inout Bool) {
    let quad = word >> 27 & 1 != 0
    switch word >> 28 {
    case SPIMCommand.configure:
      clockPolarity = word >> 9 & 1 != 0
      clockPhase = word >> 8 & 1 != 0
      divider = UInt8(truncatingIfNeeded: word)
      updatesDivider = true
      startCounter(1)
    case SPIMCommand.startOfTransfer:
      selects &= ~(1 << UInt8(word & 3))
      startCounter(UInt8(truncatingIfNeeded: word))
    case SPIMCommand.sendBits, SPIMCommand.transmit, SPIMCommand.receive:
      isQuad = quad
      state = .waitDone
    case SPIMCommand.dummy:
      isQuad = quad
      isDummy = true
      state = .waitDone
    case SPIMCommand.fullDuplex:
      isQuad = false
      isFull = true
      state = .waitDone
    case SPIMCommand.wait:
      switch word >> 8 & 3 {
      case 0:
        waitedTrigger = UInt8(word & 3)
        state = .waitEvent
      case 1: startCounter(UInt8(truncatingIfNeeded: word))
      default: break
      }
    case SPIMCommand.check:
      isQuad = quad
      checkMode = UInt8(word >> 24 & 3)
      checkValue = UInt16(truncatingIfNeeded: word)
      state = .waitCheck
    case SPIMCommand.repeatLoop:
      repeats = UInt16(truncatingIfNeeded: word)
      marksFirst = true
      status = 0
      clearsReplay = true
      state = .doRepeat
    case SPIMCommand.endOfTransfer:
      outcome.isEndOfTransfer = word & 1 != 0
      if word >> 1 & 1 == 0 { state = .clearSelect }
    default: break
    }
  }
}

extension SPIMReplayBuffer: StateValue {
  mutating func visitState(_ archive: StateArchive) {
    archive.visit("words", fixed: &words)
    archive.visit("input", &input, in: 0...Self.depth - 1)
    archive.visit("output", &output, in: 0...Self.depth - 1)
    archive.visit("count", &count, in: 0...Self.depth)
  }
}

extension SPIMSequencer.Inputs: StateValue {
  mutating func visitState(_ archive: StateArchive) {
    archive.visit("command", &command)
    archive.visit("data", &data)
    archive.visit("triggers", &triggers)
  }
}

extension SPIMSequencer: StateValue {
  mutating func visitState(_ archive: StateArchive) {
    archive.visit("state", &state)
    archive.visit("clockPolarity", &clockPolarity)
    archive.visit("clockPhase", &clockPhase)
    archive.visit("divider", &divider)
    archive.visit("updatesDivider", &updatesDivider)
    archive.visit("selects", &selects)
    archive.visit("status", &status)
    archive.visit("isQuad", &isQuad)
    archive.visit("isDummy", &isDummy)
    archive.visit("isFull", &isFull)
    archive.visit("wasTransmitDone", &wasTransmitDone)
    archive.visit("wasReceiveDone", &wasReceiveDone)
    archive.visit("waitedTrigger", &waitedTrigger, in: 0...3)
    archive.visit("checkValue", &checkValue)
    archive.visit("checkMode", &checkMode, in: 0...3)
    archive.visit("hasMatched", &hasMatched)
    archive.visit("repeats", &repeats)
    archive.visit("isReplaying", &isReplaying)
    archive.visit("marksFirst", &marksFirst)
    archive.visit("replay", &replay)
    archive.visit("isCounting", &isCounting)
    archive.visit("count", &count)
    archive.visit("countTarget", &countTarget)
  }
}
