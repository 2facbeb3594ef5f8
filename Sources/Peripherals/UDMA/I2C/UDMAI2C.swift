// The uDMA's I2C master: registers, FIFOs, sequencer and bus controller put together.
//
// Follows `udma_i2c_top.sv` and `udma_i2c_reg_if.sv` of udma_i2c v3.0.0 (reference section 5.5). The error event is not
// synchronised, as in the RTL: it is high for a peripheral clock cycle. Left out: metastability.

import HardwareModel

/// The two lines of an I2C bus; false is low.
public struct I2CLines: Equatable, Sendable {
  public var scl = true
  public var sda = true

  public init(scl: Bool = true, sda: Bool = true) {
    self.scl = scl
    self.sda = sda
  }
}

/// What is wired to an I2C master's lines.
public protocol I2CBus: Stateful {
  /// The master releases or pulls its lines in `cycle`; returns the levels of the bus from then on.
  func linesChanged(_ master: I2CLines, at cycle: Cycle) -> I2CLines
}

/// An I2C master in a slot of the uDMA (UDMA_I2C).
public final class UDMAI2C: UDMAPeripheral {
  /// The lines that the master pulls low change in `cycle`, `quarter` quarters of a cycle after its start.
  public var onPins: ((_ old: I2CLines, _ new: I2CLines, Cycle, _ quarter: UInt8) -> Void)?
  /// What is wired to the lines.
  public var bus: (any I2CBus)?
  /// The levels of the bus.
  var busLines = I2CLines()
  /// Told about data that the hardware would lose.
  public var diagnostics: DiagnosticSink?
  /// Says so when TX data wait while no WR is under way: P7's hardware drops them, this model keeps them.
  public var warnsOfDrops = false

  public let transmitChannels: [UDMATransmitChannel]
  public let receiveChannels: [UDMAReceiveChannel]
  /// The event of an EOT command.
  public let endEvent: Int
  /// The bus was found busy, or arbitration was lost.
  public let errorEvent: Int
  /// A byte sent was not acknowledged.
  public let noAcknowledgeEvent: Int

  private var sequencer: I2CSequencer
  private var commandFIFO = UDMAClockCrossingFIFO()
  private var transmitFIFO = UDMAClockCrossingFIFO()
  private var receiveFIFO = UDMAClockCrossingFIFO()
  private var triggerEdges = Array(repeating: EdgePropagator(), count: 4)
  private var endEdge = EdgePropagator()
  private var noAcknowledgeEdge = EdgePropagator()
  // Registers.
  private var isReset = false
  private var wasBusy = false
  private var lostArbitration = false
  private var wasNotAcknowledged = false
  // Accesses and triggers of this cycle.
  private var written: (offset: UInt32, value: UInt32)?
  private var readOffset: UInt32?
  private var triggers: UInt8 = 0
  /// What the last clock cycle saw if it moved nothing but the counters that run for ever.
  private var still: I2CSequencer.Inputs?

  /// A master whose four events (RX, TX, CMD, end of transfer) start at `firstEvent`. `dropsData`: as in P7's hardware,
  /// TX data are lost while no WR waits for them.
  public init(firstEvent: Int, errorEvent: Int, noAcknowledgeEvent: Int, dropsData: Bool = false) {
    receiveChannels = [UDMAReceiveChannel(event: firstEvent)]
    transmitChannels = [
      UDMATransmitChannel(event: firstEvent + 1), UDMATransmitChannel(event: firstEvent + 2, dataSize: 2),
    ]
    endEvent = firstEvent + 3
    self.errorEvent = errorEvent
    self.noAcknowledgeEvent = noAcknowledgeEvent
    sequencer = I2CSequencer(dropsData: dropsData)
  }

  public var registers: RegisterBlock { UDMAI2CRegisters.block }

  /// What the master does to the lines in this cycle.
  public var pins: I2CLines { I2CLines(scl: sequencer.bus.scl, sda: sequencer.bus.sda) }

  // MARK: Registers

  public func value(_ offset: UInt32) -> UInt32 {
    switch offset {
    case UDMAI2CRegisters.status.offset: return (wasBusy ? 1 : 0) | (lostArbitration ? 2 : 0)
    case UDMAI2CRegisters.setup.offset: return isReset ? 1 : 0
    case UDMAI2CRegisters.ack.offset: return wasNotAcknowledged ? 1 : 0
    case UDMAI2CRegisters.dst.offset: return receiveChannels[0].config.destination
    default: return 0
    }
  }

  /// What is set while it is read stays set.
  public func changesWhenRead(_ offset: UInt32) -> Bool {
    switch offset {
    case UDMAI2CRegisters.status.offset: wasBusy || lostArbitration
    case UDMAI2CRegisters.ack.offset: wasNotAcknowledged
    default: false
    }
  }

  public func willRead(_ offset: UInt32) { readOffset = offset }
  public func willWrite(_ offset: UInt32, _ value: UInt32) { written = (offset, value) }

  private func apply(_ offset: UInt32, _ value: UInt32) {
    let word = offset / 4 & 3
    switch offset {
    case UDMAI2CRegisters.setup.offset: isReset = value & 1 != 0
    case UDMAI2CRegisters.dst.offset: receiveChannels[0].config.destination = value & 3
    case UDMARegisters.receiveOffset..<UDMARegisters.receiveOffset + 0xC:
      receiveChannels[0].config.write(word: word, value, dataSizeIsWritable: false)
    case UDMARegisters.transmitOffset..<UDMARegisters.transmitOffset + 0xC:
      transmitChannels[0].config.write(word: word, value, dataSizeIsWritable: false)
    case UDMARegisters.commandOffset..<UDMARegisters.commandOffset + 0xC:
      transmitChannels[1].config.write(word: word, value, dataSizeIsWritable: false)
    default: break
    }
  }

  /// SETUP_UCA and SETUP_UCS act when the word is fetched, and win over a write in the same cycle.
  private func setUpChannel(_ word: UInt32) -> Bool {
    let isTransmit = word >> 27 & 1 != 0
    func change(_ body: (inout UDMAChannelConfiguration) -> Void) {
      if isTransmit { body(&transmitChannels[0].config) } else { body(&receiveChannels[0].config) }
    }
    switch word >> 28 {
    case I2CCommand.setupAddress: change { $0.startAddress = word & UDMAChannelConfiguration.addressMask }
    case I2CCommand.setupSize:
      change {
        $0.size = word & UDMAChannelConfiguration.sizeMask
        $0.enable = true
      }
    default: return false
    }
    return true
  }

  // MARK: Clock

  public func trigger(_ index: Int) { triggers |= 1 << UInt8(index & 3) }

  public func present() { receiveChannels[0].offered = receiveFIFO.front }

  public func emitEvents(at cycle: Cycle, to sink: ((Int, Cycle) -> Void)?) {
    if endEdge.output { sink?(endEvent, cycle) }
    if noAcknowledgeEdge.output { sink?(noAcknowledgeEvent, cycle) }
    if sequencer.findsBusy || sequencer.losesArbitration { sink?(errorEvent, cycle) }
  }

  private var inputs: I2CSequencer.Inputs {
    var fired: UInt8 = 0
    for (index, edge) in triggerEdges.enumerated() where edge.output { fired |= 1 << UInt8(index) }
    return I2CSequencer.Inputs(
      command: commandFIFO.front, data: transmitFIFO.front, canStore: receiveFIFO.isReady, triggers: fired,
      isReset: isReset, scl: busLines.scl, sda: busLines.sda)
  }

  public func clock(system: Bool, pins: Bool, at cycle: Cycle) {
    step(system: system, pins: pins, at: 4 &* (cycle &+ 1))
    triggers = 0
    written = nil
    readOffset = nil
  }

  public func clockPinsMidway(at cycle: Cycle) { step(system: false, pins: true, at: 4 &* cycle &+ 2) }

  /// A clock edge `quarters` quarters of a cycle after reset.
  private func step(system: Bool, pins clocksPins: Bool, at quarters: UInt64) {
    let seen = inputs
    let status = (
      busy: sequencer.findsBusy, lost: sequencer.losesArbitration, refused: sequencer.isNotAcknowledged
    )
    let oldPins = pins
    let fetched = (data: transmitChannels[0].fifo.front, command: transmitChannels[1].fifo.front)
    let isPassed = (data: transmitFIFO.isReady, command: commandFIFO.isReady)
    var outcome = I2CSequencer.Outcome()
    if clocksPins {
      let old = sequencer
      outcome = sequencer.clock(seen)
      still = sequencer.equalsBesidesCounters(old) ? seen : nil
      warn(seen)
    }
    transmitFIFO.clock(source: system, written: fetched.data, destination: clocksPins, isTaken: outcome.takesData)
    commandFIFO.clock(source: system, written: fetched.command, destination: clocksPins, isTaken: outcome.takesCommand)
    receiveFIFO.clock(
      source: clocksPins, written: outcome.received, destination: system,
      isTaken: system && receiveChannels[0].isAccepted)
    for index in triggerEdges.indices {
      triggerEdges[index].clock(near: system, edge: triggers >> UInt8(index) & 1 != 0, far: clocksPins)
    }
    endEdge.clock(near: clocksPins, edge: outcome.isEndOfTransfer, far: system)
    noAcknowledgeEdge.clock(near: clocksPins, edge: outcome.isNotAcknowledged, far: system)
    if system { clockSystem(fetched, isPassed, status) }
    if pins != oldPins {
      if let bus { busLines = bus.linesChanged(pins, at: quarters / 4) }
      onPins?(oldPins, pins, quarters / 4, UInt8(quarters & 3))
    }
  }

  private func clockSystem(
    _ fetched: (data: UInt32?, command: UInt32?), _ isPassed: (data: Bool, command: Bool),
    _ status: (busy: Bool, lost: Bool, refused: Bool)
  ) {
    for (index, channel) in transmitChannels.enumerated() {
      channel.fifo.clock(
        isGranted: channel.isGranted, delivered: channel.delivered,
        isTaken: index == 0 ? isPassed.data : isPassed.command)
      channel.config.enable = false
      channel.config.clear = false
    }
    receiveChannels[0].config.enable = false
    receiveChannels[0].config.clear = false
    if readOffset == UDMAI2CRegisters.status.offset {
      wasBusy = false
      lostArbitration = false
    }
    if readOffset == UDMAI2CRegisters.ack.offset { wasNotAcknowledged = false }
    if status.busy { wasBusy = true }
    if status.lost { lostArbitration = true }
    if status.refused { wasNotAcknowledged = true }
    if isPassed.command, let word = fetched.command, setUpChannel(word) { return }
    if let written { apply(written.offset, written.value) }
  }

  private func warn(_ seen: I2CSequencer.Inputs) {
    guard warnsOfDrops, sequencer.state == .waitForCommand, seen.data != nil else { return }
    diagnostics?(
      Diagnostic(
        .misuse, key: "i2c-drop-\(endEvent)",
        "TX data wait in the I2C master while no WR is under way: profile P7's hardware would lose them (start the TX "
          + "channel when WR already waits); this model keeps them"))
  }

  // MARK: Skipping

  private var isStill: Bool {
    still == inputs && sequencer.bus.isAtRest(busSCL: busLines.scl, busSDA: busLines.sda) && commandFIFO.isSettled
      && transmitFIFO.isSettled && receiveFIFO.isSourceSettled && endEdge.isSettled && noAcknowledgeEdge.isSettled
      && triggerEdges.allSatisfy(\.isSettled)
  }

  public func quietEdges(hasClock: Bool, at cycle: Cycle) -> UInt64 {
    if written != nil || readOffset != nil || triggers != 0 { return 0 }
    guard hasClock else { return .max }
    guard still == inputs, commandFIFO.isSettled, transmitFIFO.isSettled, receiveFIFO.isSettled, endEdge.isSettled,
      noAcknowledgeEdge.isSettled, triggerEdges.allSatisfy(\.isSettled), !sequencer.findsBusy,
      !sequencer.losesArbitration, !(transmitChannels[0].fifo.front != nil && transmitFIFO.isReady),
      !(transmitChannels[1].fifo.front != nil && commandFIFO.isReady)
    else { return 0 }
    if sequencer.bus.isAtRest(busSCL: busLines.scl, busSDA: busLines.sda) { return .max }
    return sequencer.bus.quietEdges(busSCL: busLines.scl, busSDA: busLines.sda)
  }

  public func skip(_ edges: UInt64) { sequencer.skip(edges) }

  public var possibleEvents: EventSet {
    var events = EventSet()
    let isMoving = !isStill
    for channel in transmitChannels where channel.config.enable || channel.generator.isEnabled {
      if isMoving || channel.config.enable || channel.fifo.isReady { events.insert(channel.event) }
    }
    if isMoving || receiveFIFO.front != nil {
      for channel in receiveChannels where channel.config.enable || channel.generator.isEnabled {
        events.insert(channel.event)
      }
    }
    if isMoving || transmitChannels[1].config.enable || transmitChannels[1].generator.isEnabled {
      events.insert(endEvent)
      events.insert(errorEvent)
      events.insert(noAcknowledgeEvent)
    }
    return events
  }

  /// The trigger (0 to 3) that a WAIT_EV command waits for.
  public var waitedTrigger: Int? { sequencer.state == .waitForEvent ? Int(sequencer.waitedTrigger) : nil }

  public var eventsOnceTriggered: EventSet {
    EventSet(
      receiveChannels[0].event, transmitChannels[0].event, transmitChannels[1].event, endEvent, errorEvent,
      noAcknowledgeEvent)
  }

  /// What the command list waits for, if nothing inside the master will ever move it; nil if it is idle.
  public var standstill: String? {
    guard isStill else { return nil }
    switch sequencer.state {
    case .waitForCommand: return nil
    case .waitForEvent: return "WAIT_EV for trigger \(sequencer.waitedTrigger)"
    case .getData: return "WR without data in the TX channel"
    case .storeData: return "a byte read that no RX channel takes"
    case .commandDone, .read, .write:
      return "a command that ends with lost arbitration (the SETUP register's DO_RST frees the master)"
    default: return nil
    }
  }
}

extension I2CLines: StateValue {
  public mutating func visitState(_ archive: StateArchive) {
    archive.visit("scl", &scl)
    archive.visit("sda", &sda)
  }
}

extension UDMAI2C {
  public func visitState(_ archive: StateArchive) {
    archive.omits("onPins", "diagnostics", "warnsOfDrops", "endEvent", "errorEvent", "noAcknowledgeEvent")
    archive.visit("bus", objects: bus.map { [$0] } ?? [])
    archive.visit("busLines", &busLines)
    archive.visit("transmitChannels", objects: transmitChannels)
    archive.visit("receiveChannels", objects: receiveChannels)
    archive.visit("sequencer", &sequencer)
    archive.visit("commandFIFO", &commandFIFO)
    archive.visit("transmitFIFO", &transmitFIFO)
    archive.visit("receiveFIFO", &receiveFIFO)
    archive.visit("triggerEdges", fixed: &triggerEdges)
    archive.visit("endEdge", &endEdge)
    archive.visit("noAcknowledgeEdge", &noAcknowledgeEdge)
    archive.visit("isReset", &isReset)
    archive.visit("wasBusy", &wasBusy)
    archive.visit("lostArbitration", &lostArbitration)
    archive.visit("wasNotAcknowledged", &wasNotAcknowledged)
    archive.visit("written", &written)
    archive.visit("readOffset", &readOffset)
    archive.visit("triggers", &triggers)
    archive.visit("still", &still, new: I2CSequencer.Inputs())
  }
}
