// The I2C master's command sequencer.
//
// Follows `udma_i2c_control.sv` of udma_i2c v3.0.0 flip-flop for flip-flop (reference section 5.5). The version in P7
// (v2.0.0) differs in one line: while it waits for a command it takes and drops data of the TX channel.

import HardwareModel

/// Opcodes, bits 31:28 of a command word.
enum I2CCommand {
  static let start: UInt32 = 0x0
  static let waitEvent: UInt32 = 0x1
  static let stop: UInt32 = 0x2
  static let setupAddress: UInt32 = 0x3
  static let readAcknowledge: UInt32 = 0x4
  static let setupSize: UInt32 = 0x5
  static let readNoAcknowledge: UInt32 = 0x6
  static let writeByte: UInt32 = 0x7
  static let write: UInt32 = 0x8
  static let endOfTransfer: UInt32 = 0x9
  static let wait: UInt32 = 0xA
  static let repeatNext: UInt32 = 0xC
  static let configure: UInt32 = 0xE
}

/// The sequencer with its bus controller, one rising edge of the peripheral clock at a time.
struct I2CSequencer: Equatable {
  enum State: UInt8 {
    case waitForCommand, waitForEvent, commandDone, read, write, writeByte, storeData, skipCommand, getData, getWait
    case getRepeat, getConfiguration
  }

  /// What the sequencer sees in a clock cycle.
  struct Inputs: Equatable {
    var command: UInt32?
    var data: UInt32?
    var canStore = false
    /// Triggers 0 to 3 that fire in this cycle.
    var triggers: UInt8 = 0
    var isReset = false
    var scl = true
    var sda = true
  }

  /// What a clock cycle shows before its edge.
  struct Outcome: Equatable {
    var takesCommand = false
    var takesData = false
    /// A byte for the receive channel.
    var received: UInt32?
    var isEndOfTransfer = false
    var isNotAcknowledged = false
  }

  let dropsData: Bool
  private(set) var state = State.waitForCommand
  private(set) var bus = I2CBusController()
  private(set) var waitedTrigger: UInt8 = 0
  private(set) var divider: UInt16 = 0x100
  private var argument: UInt32 = 0
  private var repeats: UInt16 = 0
  private var data: UInt8 = 0
  private var bits: UInt8 = 0
  /// The bit that answers a byte received: 1 is NACK.
  private var acknowledgeBit = false
  private var wasBusy = false
  private var hadLostArbitration = false

  init(dropsData: Bool) { self.dropsData = dropsData }

  /// The bus was found busy in this cycle.
  var findsBusy: Bool { bus.isBusy && !wasBusy }
  /// Arbitration was lost in this cycle.
  var losesArbitration: Bool { bus.hasLostArbitration && !hadLostArbitration }

  /// A byte sent was not acknowledged: known in this cycle.
  var isNotAcknowledged: Bool { state == .write && bus.isDone && bits == 0 && bus.output }

  mutating func clock(_ inputs: Inputs) -> Outcome {
    let old = self
    var outcome = Outcome()
    var command: I2CBusController.Command?
    let isDone = old.bus.isDone
    // The bit that this cycle shows to the bus controller comes from the data after this edge.
    switch old.state {
    case .waitForCommand:
      outcome.takesData = dropsData
      outcome.takesCommand = true
      if let word = inputs.command { command = execute(word, &outcome) }
    case .commandDone:
      if isDone {
        if old.bits == 0 {
          state = .waitForCommand
        } else {
          command = .wait
          bits = old.bits &- 1
        }
      }
    case .waitForEvent:
      if inputs.triggers >> old.waitedTrigger & 1 != 0 {
        if old.bits == 0 { state = .waitForCommand } else { bits = old.bits &- 1 }
      }
    case .read:
      if isDone {
        if old.bits == 0 {
          state = .storeData
        } else {
          command = old.bits == 1 ? .write : .read
          bits = old.bits &- 1
          data = old.data << 1 | (old.bus.output ? 1 : 0)
        }
      }
    case .storeData:
      outcome.received = UInt32(old.data)
      if inputs.canStore {
        if old.repeats == 0 {
          state = .waitForCommand
        } else {
          command = .read
          bits = 8
          repeats = old.repeats &- 1
          state = .read
        }
      }
    case .getData:
      outcome.takesData = true
      if let byte = inputs.data {
        command = .write
        data = UInt8(truncatingIfNeeded: byte)
        bits = 8
        state = .write
      }
    case .skipCommand:
      outcome.takesData = true
      state = .waitForCommand
    case .getRepeat:
      if old.argument & 0xFF == 0 {
        repeats = 0
        state = .skipCommand
      } else {
        repeats = UInt16(truncatingIfNeeded: old.argument) &- 1
        state = .waitForCommand
      }
    case .getConfiguration:
      divider = UInt16(truncatingIfNeeded: old.argument)
      state = .waitForCommand
    case .getWait:
      command = .wait
      bits = UInt8(truncatingIfNeeded: old.argument)
      state = .commandDone
    case .write:
      if isDone {
        if old.bits == 0 {
          outcome.isNotAcknowledged = old.bus.output
          if old.repeats == 0 {
            state = .waitForCommand
          } else {
            bits = 8
            repeats = old.repeats &- 1
            state = .getData
          }
        } else {
          command = old.bits == 1 ? .read : .write
          data = old.data << 1
          bits = old.bits &- 1
        }
      }
    case .writeByte:
      command = .write
      data = UInt8(truncatingIfNeeded: old.argument)
      bits = 8
      state = .write
    }
    let input = old.state == .read ? old.acknowledgeBit : data & 0x80 != 0
    bus.clock(
      command, input: input, divider: old.divider, isReset: inputs.isReset, busSCL: inputs.scl, busSDA: inputs.sda)
    wasBusy = old.bus.isBusy
    hadLostArbitration = old.bus.hasLostArbitration
    if inputs.isReset {
      let bus = bus
      self = I2CSequencer(dropsData: dropsData)
      self.bus = bus
      outcome.takesData = true
      outcome.received = UInt32(old.data)
    }
    return outcome
  }

  private mutating func execute(_ word: UInt32, _ outcome: inout Outcome) -> I2CBusController.Command? {
    argument = word & 0x1FF_FFFF
    switch word >> 28 {
    case I2CCommand.start:
      state = .commandDone
      return .start
    case I2CCommand.stop:
      state = .commandDone
      return .stop
    case I2CCommand.wait: state = .getWait
    case I2CCommand.waitEvent:
      waitedTrigger = UInt8(word >> 24 & 3)
      state = .waitForEvent
    case I2CCommand.readAcknowledge, I2CCommand.readNoAcknowledge:
      acknowledgeBit = word >> 28 == I2CCommand.readNoAcknowledge
      bits = 8
      state = .read
      return .read
    case I2CCommand.write: state = .getData
    case I2CCommand.writeByte: state = .writeByte
    case I2CCommand.endOfTransfer: outcome.isEndOfTransfer = true
    case I2CCommand.repeatNext: state = .getRepeat
    case I2CCommand.configure: state = .getConfiguration
    default: break
    }
    return nil
  }

  // MARK: Skipping

  /// True if `other` differs at most in the counters of the bus controller that run for ever.
  func equalsBesidesCounters(_ other: Self) -> Bool {
    guard bus.equalsBesidesCounters(other.bus) else { return false }
    var copy = other
    copy.bus = bus
    return copy == self
  }

  mutating func skip(_ edges: UInt64) { bus.skip(edges, divider: divider) }
}

extension I2CSequencer.Inputs: StateValue {
  mutating func visitState(_ archive: StateArchive) {
    archive.visit("command", &command)
    archive.visit("data", &data)
    archive.visit("canStore", &canStore)
    archive.visit("triggers", &triggers)
    archive.visit("isReset", &isReset)
    archive.visit("scl", &scl)
    archive.visit("sda", &sda)
  }
}

extension I2CSequencer: StateValue {
  mutating func visitState(_ archive: StateArchive) {
    archive.omits("dropsData")
    archive.visit("state", &state)
    archive.visit("bus", &bus)
    archive.visit("waitedTrigger", &waitedTrigger, in: 0...3)
    archive.visit("divider", &divider)
    archive.visit("argument", &argument)
    archive.visit("repeats", &repeats)
    archive.visit("data", &data)
    archive.visit("bits", &bits)
    archive.visit("acknowledgeBit", &acknowledgeBit)
    archive.visit("wasBusy", &wasBusy)
    archive.visit("hadLostArbitration", &hadLostArbitration)
  }
}
