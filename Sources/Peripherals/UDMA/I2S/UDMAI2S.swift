// The uDMA's I2S interface (profile P7): registers, clocks, receiver and transmitter put together.
//
// Follows `udma_i2s_top.sv`, `i2s_clkws_gen.sv`, `i2s_txrx.sv` and `udma_i2s_reg_if.sv` of udma_i2s v2.0.0 flip-flop for
// flip-flop, by reading: no traces of it exist. P7 locks v1.1.2, whose receiver floods the channel with two data lines (a
// dangling else); that, its CLR at bit 5 and its three-bit WORDS are not copied. Left out: PDM, the DSP format, external clocks.

import HardwareModel

/// An I2S interface in a slot of the uDMA (UDMA_I2S).
public final class UDMAI2S: UDMAPeripheral {
  /// What is wired to the receiver's and the transmitter's pins.
  public var bus: (any I2SBus)?
  public var diagnostics: DiagnosticSink?
  public let transmitChannels: [UDMATransmitChannel]
  public let receiveChannels: [UDMAReceiveChannel]

  private var clocks: UInt32 = 0
  /// CLKCFG as the peripheral clock's side has taken it over.
  private var activeClocks: UInt32 = 0
  private var isUpdating = false
  private var updateEdge = EdgePropagator()
  private var slave: UInt32 = 0
  private var master: UInt32 = 0
  private var pdm: UInt32 = 0
  private var dsp: (slave: UInt32, master: UInt32) = (0, 0)
  private var written: (offset: UInt32, value: UInt32)?

  private var generators = (I2SClockGenerator(), I2SClockGenerator())
  /// Of the transmitter's (0) and the receiver's (1) clock.
  private var wordSelects = (I2SWordSelect(), I2SWordSelect())
  private var receiver = I2SReceiver()
  private var transmitter = I2STransmitter()
  private var transmitFIFO = UDMAClockCrossingFIFO()
  private var receiveFIFO = UDMAClockCrossingFIFO()
  private var lastDatum: UInt32 = 0
  private var levels: (master: Bool, slave: Bool) = (false, false)

  /// An interface whose two events start at `firstEvent`.
  public init(firstEvent: Int) {
    receiveChannels = [UDMAReceiveChannel(event: firstEvent, dataSize: 2, dataSizeIsWritable: true)]
    transmitChannels = [UDMATransmitChannel(event: firstEvent + 1, dataSize: 2, dataSizeIsWritable: true)]
  }

  public var registers: RegisterBlock { UDMAI2SRegisters.block }

  // MARK: Registers

  public func value(_ offset: UInt32) -> UInt32 {
    switch offset {
    case UDMAI2SRegisters.clocks.offset: return clocks & 0xF3FF_FFFF
    case UDMAI2SRegisters.slave.offset: return slave
    case UDMAI2SRegisters.master.offset: return master
    case UDMAI2SRegisters.pdm.offset: return pdm
    case UDMAI2SRegisters.slaveDSP.offset: return dsp.slave
    case UDMAI2SRegisters.masterDSP.offset: return dsp.master
    default: return 0
    }
  }

  public func willWrite(_ offset: UInt32, _ value: UInt32) { written = (offset, value) }

  private func apply(_ offset: UInt32, _ value: UInt32) {
    switch offset {
    case UDMARegisters.receiveOffset..<UDMARegisters.receiveOffset + 0x10:
      receiveChannels[0].config.write(word: offset / 4, value, dataSizeIsWritable: true)
    case UDMARegisters.transmitOffset..<UDMARegisters.transmitOffset + 0x10:
      transmitChannels[0].config.write(word: offset / 4 & 3, value, dataSizeIsWritable: true)
    case UDMAI2SRegisters.clocks.offset:
      clocks = value & 0xF7FF_FFFF
      isUpdating = true
      if value >> 26 & 1 != 0 { lacks("pdm", "the PDM clock is not modelled") }
      if value >> 24 & 1 != 0 && value >> 28 & 1 != 0 || value >> 25 & 1 != 0 && value >> 30 & 1 != 0 {
        lacks("external", "external I2S clocks are not modelled: no clock comes")
      }
    case UDMAI2SRegisters.slave.offset: slave = value & 0x8003_1F0F
    case UDMAI2SRegisters.master.offset: master = value & 0x8003_1F0F
    case UDMAI2SRegisters.pdm.offset:
      pdm = value & 0x8000_7FFF
      if value >> 31 != 0 { lacks("pdm", "PDM is not modelled: nothing is received") }
    case UDMAI2SRegisters.slaveDSP.offset: dsp.slave = dspSetup(value)
    case UDMAI2SRegisters.masterDSP.offset: dsp.master = dspSetup(value)
    default: break
    }
  }

  private func dspSetup(_ value: UInt32) -> UInt32 {
    if value >> 31 != 0 { lacks("dsp", "the DSP format is not modelled: words go on in I2S format") }
    return value & 0x9FF1_FFFF
  }

  private func lacks(_ key: String, _ text: String) {
    diagnostics?(Diagnostic(.notModelled, key: "i2s-\(key)", "UDMA_I2S: \(text)"))
  }

  // MARK: Clock

  private func active(_ bit: UInt32) -> Bool { activeClocks >> bit & 1 != 0 }
  private var isSlaveOn: Bool { active(24) }
  private var isMasterOn: Bool { active(25) }
  private var dividers: (UInt16, UInt16) {
    let common = UInt16(activeClocks >> 16 & 0xFF) << 8
    return (common | UInt16(activeClocks & 0xFF), common | UInt16(activeClocks >> 8 & 0xFF))
  }
  private var generatorEnables: (Bool, Bool) {
    let isOn = isSlaveOn || isMasterOn
    let (slaveInternal, masterInternal) = (!active(28), !active(30))
    return (
      isOn && (!active(31) && masterInternal || !active(29) && slaveInternal),
      isOn && (active(31) && masterInternal || active(29) && slaveInternal)
    )
  }
  /// The level of the clock that `number` and `isExternal` select.
  private func clockLevel(isExternal: Bool, number: Bool) -> Bool {
    if isExternal { return false }
    return number ? generators.1.level : generators.0.level
  }
  private func wordSelect(isExternal: Bool, number: Bool) -> Bool {
    if isExternal { return false }
    return number ? wordSelects.1.level : wordSelects.0.level
  }

  public func present() { receiveChannels[0].offered = receiveFIFO.front }

  public func clock(system: Bool, pins: Bool, at cycle: Cycle) {
    let transmit = transmitChannels[0]
    let receive = receiveChannels[0]
    let fifoFront = transmit.fifo.front
    let isPassedOn = transmitFIFO.isReady
    let isTaken = receive.isAccepted
    updateEdge.clock(near: system, edge: isUpdating, far: pins)
    let takesOver = updateEdge.output
    transmitFIFO.clock(source: system, written: fifoFront, destination: false, isTaken: false)
    receiveFIFO.clock(source: false, written: nil, destination: system, isTaken: isTaken)
    if system {
      transmit.fifo.clock(isGranted: transmit.isGranted, delivered: transmit.delivered, isTaken: isPassedOn)
      transmit.config.enable = false
      transmit.config.clear = false
      receive.config.enable = false
      receive.config.clear = false
      isUpdating = false
      if let written { apply(written.offset, written.value) }
    }
    written = nil
    guard pins else { return }
    let enables = generatorEnables
    let dividers = dividers
    generators.0.clock(isEnabled: enables.0, divider: dividers.0)
    generators.1.clock(isEnabled: enables.1, divider: dividers.1)
    if takesOver { activeClocks = clocks }
    clockSerial(at: cycle &+ 1)
  }

  /// What runs on the serial clocks: their generators' flip-flops make the edges, so it sees what those saw.
  private func clockSerial(at cycle: Cycle) {
    let new = (
      master: clockLevel(isExternal: active(30), number: active(31)),
      slave: clockLevel(isExternal: active(28), number: active(29))
    )
    let old = levels
    levels = new
    guard new != old else { return }
    let (masterFormat, slaveFormat) = (I2SFormat(master), I2SFormat(slave))
    let masterSelect = wordSelect(isExternal: active(30), number: active(31))
    let slaveSelect = wordSelect(isExternal: active(28), number: active(29))
    if new.master, !old.master {
      if isMasterOn {
        let front = transmitFIFO.front
        if let front { lastDatum = front }
        let takes = transmitter.takes(masterFormat, hasDatum: front != nil)
        bus?.transmitterRises(wordSelect: masterSelect, data: transmitter.pins, at: cycle)
        transmitter.clockRises(masterFormat, wordSelect: masterSelect, datum: lastDatum, hasDatum: front != nil)
        transmitFIFO.clock(source: false, written: nil, destination: true, isTaken: takes)
      }
      wordSelects.0.clockRises(isEnabled: isMasterOn, masterFormat)
    }
    if new.slave, !old.slave {
      if isSlaveOn {
        let data = bus?.receiverData(transmitter: transmitter.pins) ?? (false, false)
        let output = receiver.output
        let isReady = receiveFIFO.isReady
        receiver.clockRises(
          slaveFormat, isEnabled: slaveFormat.isEnabled && pdm >> 31 == 0, wordSelect: slaveSelect, data: data,
          isReady: isReady)
        receiveFIFO.clock(source: true, written: output, destination: false, isTaken: false)
        bus?.receiverRises(wordSelect: slaveSelect, at: cycle)
      }
      wordSelects.1.clockRises(isEnabled: isSlaveOn, slaveFormat)
    }
    if old.master, !new.master {
      if isMasterOn { transmitter.clockFalls(masterFormat) }
      wordSelects.0.clockFalls(masterFormat)
    }
    if old.slave, !new.slave {
      wordSelects.1.clockFalls(slaveFormat)
      if isSlaveOn { bus?.receiverFalls(at: cycle) }
    }
  }

  public func quietEdges(hasClock: Bool, at cycle: Cycle) -> UInt64 {
    if written != nil { return 0 }
    guard hasClock else { return .max }
    let transmit = transmitChannels[0]
    guard !isUpdating, updateEdge.isSettled, activeClocks == clocks, transmitFIFO.isSourceSettled,
      receiveFIFO.isDestinationSettled, !(transmit.fifo.front != nil && transmitFIFO.isReady)
    else { return 0 }
    let enables = generatorEnables
    return min(
      generators.0.quietEdges(isEnabled: enables.0), generators.1.quietEdges(isEnabled: enables.1))
  }

  public func skip(_ edges: UInt64) {
    generators.0.skip(edges)
    generators.1.skip(edges)
  }

  public var possibleEvents: EventSet {
    var events = EventSet()
    let (transmit, receive) = (transmitChannels[0], receiveChannels[0])
    if transmit.config.enable || transmit.generator.event
      || transmit.generator.isEnabled && (transmit.fifo.isReady || isMasterOn && !active(30))
    {
      events.insert(transmit.event)
    }
    let isReceiving = isSlaveOn && !active(28) && I2SFormat(slave).isEnabled && pdm >> 31 == 0
    if receive.generator.event || (receive.config.enable || receive.generator.isEnabled) && isReceiving {
      events.insert(receive.event)
    }
    return events
  }

  public var standstill: String? {
    if receiveChannels[0].generator.isEnabled, !isSlaveOn { return "a reception: SLAVE_CLK_EN is 0" }
    if transmitChannels[0].generator.isEnabled, !isMasterOn { return "a transmission: MASTER_CLK_EN is 0" }
    return nil
  }
}

extension UDMAI2S {
  public func visitState(_ archive: StateArchive) {
    archive.omits("diagnostics")
    archive.visit("bus", objects: bus.map { [$0] } ?? [])
    archive.visit("transmitChannels", objects: transmitChannels)
    archive.visit("receiveChannels", objects: receiveChannels)
    archive.visit("clocks", &clocks)
    archive.visit("activeClocks", &activeClocks)
    archive.visit("isUpdating", &isUpdating)
    archive.visit("updateEdge", &updateEdge)
    archive.visit("slave", &slave)
    archive.visit("master", &master)
    archive.visit("pdm", &pdm)
    archive.visit("dsp", &dsp.slave)
    archive.visit("dsp", &dsp.master)
    archive.visit("written", &written)
    archive.visit("generators", &generators)
    archive.visit("wordSelects", &wordSelects)
    archive.visit("receiver", &receiver)
    archive.visit("transmitter", &transmitter)
    archive.visit("transmitFIFO", &transmitFIFO)
    archive.visit("receiveFIFO", &receiveFIFO)
    archive.visit("lastDatum", &lastDatum)
    archive.visit("levels", &levels.master)
    archive.visit("levels", &levels.slave)
  }
}
