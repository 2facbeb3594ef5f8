// The uDMA's SPI master: registers, FIFOs, clock, sequencer and shifter put together.
//
// Follows `udma_spim_top.sv` and `udma_spim_reg_if.sv` of udma_qspi v2.0.0 (reference section 5.4). A divided clock is
// made by flip-flops of the peripheral clock, so what runs on it sees what the system side wrote at the same moment;
// the undivided clock does not (rule S5 of the traces). Left out: metastability.

import HardwareModel

/// An SPI master in a slot of the uDMA (UDMA_SPIM).
public final class UDMASPIM: UDMAPeripheral {
  /// The output pins change in `cycle`, `quarter` quarters of a cycle after its start.
  public var onPins: ((_ pins: SPIPins, Cycle, _ quarter: UInt8) -> Void)?
  /// What is wired to the pins.
  public var bus: (any SPIBus)?
  /// The levels of the four data lines.
  var inputPins: UInt8 = 0xF

  public let transmitChannels: [UDMATransmitChannel]
  public let receiveChannels: [UDMAReceiveChannel]
  /// The event of an EOT command.
  public let endEvent: Int
  /// SoC cycles of a peripheral clock cycle, in quarters.
  var periodQuarters: UInt64 = 4

  private var clockGenerator = SPIMClock()
  private var sequencer = SPIMSequencer()
  private var shifter = SPIMShifter()
  private var stage = SPIMPinStage()
  private var commandFIFO = UDMAClockCrossingFIFO(depth: 8)
  private var transmitFIFO = UDMAClockCrossingFIFO(depth: 8)
  private var receiveFIFO = UDMAClockCrossingFIFO(depth: 8)
  private var triggerEdges = Array(repeating: EdgePropagator(), count: 4)
  private var endEdge = EdgePropagator()
  // The request to change the divider (`edge_propagator_tx.sv`).
  private var isDividerRequested = false
  private var dividerAcknowledge = (false, false)
  private var shownPins = SPIPins()
  // Accesses and triggers of this cycle.
  private var written: (offset: UInt32, value: UInt32)?
  private var triggers: UInt8 = 0
  // What the last clock cycle saw if it changed nothing.
  fileprivate struct Seen: Equatable {
    var inputs: SPIMSequencer.Inputs
    var lines: UInt8
  }
  private var still: Seen?
  private var isStillSinceFall = false

  /// A master whose four events (RX, TX, CMD, end of transfer) start at `firstEvent`.
  public init(firstEvent: Int) {
    receiveChannels = [UDMAReceiveChannel(event: firstEvent, dataSize: 2, dataSizeIsWritable: true)]
    transmitChannels = [
      UDMATransmitChannel(event: firstEvent + 1, dataSize: 2, dataSizeIsWritable: true, hidesDataSize: true),
      UDMATransmitChannel(event: firstEvent + 2, dataSize: 2),
    ]
    endEvent = firstEvent + 3
  }

  public var registers: RegisterBlock { UDMASPIMRegisters.block }

  /// The output pins in this cycle.
  public var pins: SPIPins { shownPins }

  // MARK: Registers

  public func value(_ offset: UInt32) -> UInt32 {
    switch offset {
    case UDMASPIMRegisters.status.offset: return sequencer.status
    case UDMASPIMRegisters.dst.offset: return receiveChannels[0].config.destination
    default: return 0
    }
  }

  public func willWrite(_ offset: UInt32, _ value: UInt32) { written = (offset, value) }

  private func apply(_ offset: UInt32, _ value: UInt32) {
    let word = offset / 4 & 3
    switch offset & 0x70 {
    case UDMARegisters.receiveOffset:
      receiveChannels[0].config.write(word: word, value, dataSizeIsWritable: true)
    case UDMARegisters.transmitOffset:
      transmitChannels[0].config.write(word: word, value, dataSizeIsWritable: true)
    case UDMARegisters.commandOffset:
      transmitChannels[1].config.write(word: word, value, dataSizeIsWritable: false)
    default:
      if offset == UDMASPIMRegisters.dst.offset { receiveChannels[0].config.destination = value & 3 }
    }
  }

  /// SETUP_UCA and SETUP_UCS act when the word is fetched, and win over a write in the same cycle.
  private func setUpChannel(_ word: UInt32) -> Bool {
    let isTransmit = word >> 27 & 1 != 0
    func change(_ body: (inout UDMAChannelConfiguration) -> Void) {
      if isTransmit { body(&transmitChannels[0].config) } else { body(&receiveChannels[0].config) }
    }
    switch word >> 28 {
    case SPIMCommand.setupAddress: change { $0.startAddress = word & UDMAChannelConfiguration.addressMask }
    case SPIMCommand.setupSize:
      change {
        $0.size = word & UDMAChannelConfiguration.sizeMask
        $0.dataSize = word >> 25 & 3
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
  }

  private var inputs: SPIMSequencer.Inputs {
    var fired: UInt8 = 0
    for (index, edge) in triggerEdges.enumerated() where edge.output { fired |= 1 << UInt8(index) }
    return SPIMSequencer.Inputs(command: commandFIFO.front, data: transmitFIFO.front, triggers: fired)
  }

  public func clock(system: Bool, pins: Bool, at cycle: Cycle) {
    step(system: system, pins: pins, at: 4 &* (cycle &+ 1))
    triggers = 0
    written = nil
  }

  public func clockPinsMidway(at cycle: Cycle) { step(system: false, pins: true, at: 4 &* cycle &+ 2) }

  /// A clock edge `quarters` quarters of a cycle after reset.
  private func step(system: Bool, pins: Bool, at quarters: UInt64) {
    var edges = SPIMClock.Edges()
    let acknowledge = clockGenerator.acknowledge
    if pins {
      edges = clockGenerator.clock(isRequested: isDividerRequested, requested: sequencer.divider)
    }
    let isTogether = edges.rises && clockGenerator.isUndivided
    if !isTogether { clockSides(system: system, engine: false, acknowledge: acknowledge) }
    if edges.rises {
      clockSides(system: system && isTogether, engine: true, acknowledge: isTogether ? acknowledge : nil)
      show(at: quarters)
    }
    if edges.falls || edges.fallsInTheMiddle {
      stage.fall(shifter, sequencer.request(inputs))
      isStillSinceFall = stage == stageBeforeRise
      show(at: edges.falls ? quarters : quarters &+ periodQuarters / 2)
    }
  }

  private var stageBeforeRise = SPIMPinStage()

  /// Clock edges of the system side, of the side on the SPI clock, or of both at once.
  private func clockSides(system: Bool, engine: Bool, acknowledge: Bool?) {
    let isAccepted = receiveChannels[0].isAccepted
    let fetched = (data: transmitChannels[0].fifo.front, command: transmitChannels[1].fifo.front)
    let isPassed = (data: transmitFIFO.isReady, command: commandFIFO.isReady)
    var outcome = SPIMSequencer.Outcome()
    if engine {
      let old = (sequencer, shifter)
      let seen = Seen(inputs: inputs, lines: inputPins)
      // Taken before the sequencer moves on.
      let wasUpdating = sequencer.updatesDivider
      outcome = sequencer.clock(seen.inputs, &shifter, lines: inputPins)
      let requested = wasUpdating || isDividerRequested && !dividerAcknowledge.0
      let isChanging =
        old.0 != sequencer || old.1 != shifter || outcome != SPIMSequencer.Outcome() || requested != isDividerRequested
      still = isChanging ? nil : seen
      isDividerRequested = requested
      dividerAcknowledge = (dividerAcknowledge.1, acknowledge ?? clockGenerator.acknowledge)
    }
    transmitFIFO.clock(source: system, written: fetched.data, destination: engine, isTaken: outcome.takesData)
    commandFIFO.clock(source: system, written: fetched.command, destination: engine, isTaken: outcome.takesCommand)
    receiveFIFO.clock(source: engine, written: outcome.received, destination: system, isTaken: system && isAccepted)
    for index in triggerEdges.indices {
      triggerEdges[index].clock(near: system, edge: triggers >> UInt8(index) & 1 != 0, far: engine)
    }
    endEdge.clock(near: engine, edge: outcome.isEndOfTransfer, far: system)
    if engine {
      stageBeforeRise = stage
      stage.rise(shifter, sequencer.request(inputs))
    }
    guard system else { return }
    for (index, channel) in transmitChannels.enumerated() {
      channel.fifo.clock(
        isGranted: channel.isGranted, delivered: channel.delivered,
        isTaken: index == 0 ? isPassed.data : isPassed.command)
      channel.config.enable = false
      channel.config.clear = false
    }
    receiveChannels[0].config.enable = false
    receiveChannels[0].config.clear = false
    if isPassed.command, let word = fetched.command, setUpChannel(word) { return }
    if let written { apply(written.offset, written.value) }
  }

  private func show(at quarters: UInt64) {
    let pins = stage.pins(sequencer)
    guard pins != shownPins else { return }
    shownPins = pins
    if let bus { inputPins = bus.pinsChanged(pins, at: quarters / 4) }
    onPins?(pins, quarters / 4, UInt8(quarters & 3))
  }

  // MARK: Skipping

  /// True if the sequencer and what feeds it stand still until something comes from outside.
  private var isStill: Bool {
    still == Seen(inputs: inputs, lines: inputPins) && isStillSinceFall && !dividerAcknowledge.0
      && !dividerAcknowledge.1
      && clockGenerator.isSteady && commandFIFO.isSettled && transmitFIFO.isSettled && receiveFIFO.isSourceSettled
      && endEdge.isSettled && triggerEdges.allSatisfy(\.isSettled)
  }

  public func quietEdges(hasClock: Bool, at cycle: Cycle) -> UInt64 {
    if written != nil || triggers != 0 { return 0 }
    guard hasClock else { return .max }
    guard commandFIFO.isSourceSettled, transmitFIFO.isSourceSettled, receiveFIFO.isDestinationSettled,
      !(transmitChannels[0].fifo.front != nil && transmitFIFO.isReady),
      !(transmitChannels[1].fifo.front != nil && commandFIFO.isReady)
    else { return 0 }
    if isStill { return .max }
    guard endEdge.isFarSettled, triggerEdges.allSatisfy(\.isNearSettled) else { return 0 }
    return clockGenerator.quietEdges
  }

  public func skip(_ edges: UInt64) {
    clockGenerator.skip(edges)
    stage.skip(isHigh: clockGenerator.level)
  }

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
    }
    return events
  }

  /// The trigger (0 to 3) that a WAIT command waits for.
  public var waitedTrigger: Int? { sequencer.state == .waitEvent ? Int(sequencer.waitedTrigger) : nil }

  public var eventsOnceTriggered: EventSet {
    EventSet(receiveChannels[0].event, transmitChannels[0].event, transmitChannels[1].event, endEvent)
  }

  /// What the command list waits for, if nothing inside the master will ever move it; nil if it is idle.
  public var standstill: String? {
    guard isStill else { return nil }
    switch sequencer.state {
    case .idle, .waitCycle, .clearSelect: return nil
    case .waitEvent: return "WAIT for trigger \(sequencer.waitedTrigger)"
    case .doRepeat: return "RPT whose RPT_END does not come"
    case .waitDone, .waitCheck:
      return shifter.isWaitingForData
        ? "TX_DATA without data in the TX channel"
        : "a DUMMY, RX_DATA or RX_CHECK right behind FULL_DUPL, which hangs (put CFG, SOT, WAIT or EOT between)"
    }
  }
}

extension UDMASPIM.Seen: StateValue {
  fileprivate mutating func visitState(_ archive: StateArchive) {
    archive.visit("inputs", &inputs)
    archive.visit("lines", &lines)
  }
}

extension UDMASPIM {
  public func visitState(_ archive: StateArchive) {
    archive.omits("onPins", "endEvent", "periodQuarters")
    archive.visit("bus", objects: bus.map { [$0] } ?? [])
    archive.visit("inputPins", &inputPins)
    archive.visit("transmitChannels", objects: transmitChannels)
    archive.visit("receiveChannels", objects: receiveChannels)
    archive.visit("clockGenerator", &clockGenerator)
    archive.visit("sequencer", &sequencer)
    archive.visit("shifter", &shifter)
    archive.visit("stage", &stage)
    archive.visit("commandFIFO", &commandFIFO)
    archive.visit("transmitFIFO", &transmitFIFO)
    archive.visit("receiveFIFO", &receiveFIFO)
    archive.visit("triggerEdges", fixed: &triggerEdges)
    archive.visit("endEdge", &endEdge)
    archive.visit("isDividerRequested", &isDividerRequested)
    archive.visit("dividerAcknowledge", &dividerAcknowledge)
    archive.visit("shownPins", &shownPins)
    archive.visit("written", &written)
    archive.visit("triggers", &triggers)
    archive.visit("still", &still, new: Seen(inputs: .init(), lines: 0))
    archive.visit("isStillSinceFall", &isStillSinceFall)
    archive.visit("stageBeforeRise", &stageBeforeRise)
  }
}
