// The uDMA's camera interface: registers, the pixel pipeline on the sensor's clock, and the FIFO into the RX channel.
//
// Follows `camera_if.sv` and `camera_reg_if.sv` of udma_camera v2.0.0 (P8) and v1.1.2 (P7) flip-flop for flip-flop, by
// reading: no traces of it exist. The sensor's clock is a whole number of SoC cycles long. Left out: metastability.

import HardwareModel

/// A camera interface in a slot of the uDMA (UDMA_CPI).
public final class UDMACPI: UDMAPeripheral {
  /// Which RTL it follows.
  public enum Revision: Sendable {
    /// udma_camera v1.1.2: 8 data pins, no frame event.
    case v1
    /// udma_camera v2.0.0: 10 data pins, frame event, destination register.
    case v2
  }

  /// What is wired to the pins; nil: they are low and have no clock.
  public var sensor: CameraSensor?
  public let transmitChannels: [UDMATransmitChannel] = []
  public let receiveChannels: [UDMAReceiveChannel]
  /// The event of the end of VSYNC's active level; P8 only.
  public let frameEvent: Int
  private let revision: Revision

  // Registers, in the system clock.
  private var global: UInt32 = 0
  private var lowerLeft: UInt32 = 0
  private var upperRight: UInt32 = 0
  private var size: UInt32 = 0
  private var filter: UInt32 = 0
  private var polarity = false
  private var written: (offset: UInt32, value: UInt32)?
  private var pipeline = CPIPipeline()
  private var fifo = UDMAClockCrossingFIFO(depth: 8)
  /// The two synchroniser stages of VSYNC and the one behind them (`edge_detect.sv`).
  private var frame: (Bool, Bool, Bool) = (false, false, false)

  /// An interface whose events start at `firstEvent`.
  public init(firstEvent: Int, revision: Revision = .v2) {
    self.revision = revision
    receiveChannels = [UDMAReceiveChannel(event: firstEvent, dataSizeIsWritable: true)]
    frameEvent = firstEvent + 1
  }

  public var registers: RegisterBlock {
    revision == .v1 ? UDMACPIRegisters.blockP7 : UDMACPIRegisters.block
  }

  private var isEnabled: Bool { global >> 31 != 0 }

  // MARK: Registers

  public func value(_ offset: UInt32) -> UInt32 {
    switch offset {
    case UDMACPIRegisters.global.offset: return global & 0x7FFF_FFFF
    case UDMACPIRegisters.lowerLeft.offset: return lowerLeft
    case UDMACPIRegisters.upperRight.offset: return upperRight
    case UDMACPIRegisters.size.offset: return size
    case UDMACPIRegisters.filter.offset: return filter
    case UDMACPIRegisters.polarity.offset: return polarity ? 1 : 0
    case UDMACPIRegisters.dst.offset: return receiveChannels[0].config.destination
    default: return 0
    }
  }

  public func willWrite(_ offset: UInt32, _ value: UInt32) { written = (offset, value) }

  private func apply(_ offset: UInt32, _ value: UInt32, at cycle: Cycle) {
    switch offset {
    case UDMARegisters.receiveOffset..<UDMARegisters.receiveOffset + 0x10:
      receiveChannels[0].config.write(word: offset / 4, value, dataSizeIsWritable: true)
    case UDMACPIRegisters.global.offset:
      global = value
      if isEnabled { sensor?.interfaceEnabled(at: cycle &+ 1) }
    case UDMACPIRegisters.lowerLeft.offset: lowerLeft = value
    case UDMACPIRegisters.upperRight.offset: upperRight = value
    case UDMACPIRegisters.size.offset: size = value
    case UDMACPIRegisters.filter.offset: filter = value
    case UDMACPIRegisters.polarity.offset: polarity = value & 1 != 0
    case UDMACPIRegisters.dst.offset where revision == .v2: receiveChannels[0].config.destination = value & 3
    default: break
    }
  }

  // MARK: Clock

  public func present() { receiveChannels[0].offered = fifo.front }

  public func emitEvents(at cycle: Cycle, to sink: ((Int, Cycle) -> Void)?) {
    if revision == .v2, !frame.1, frame.2 { sink?(frameEvent, cycle) }
  }

  /// VSYNC with its polarity applied.
  private func vsync(_ pins: CameraPins) -> Bool { pins.vsync != polarity }

  public func clock(system: Bool, pins: Bool, at cycle: Cycle) {
    defer { written = nil }
    let levels = sensor?.pins(at: cycle) ?? CameraPins()
    let isEdge = sensor?.hasEdge(atEndOf: cycle) ?? false
    let receive = receiveChannels[0]
    let taken = isEnabled ? receive.isAccepted : true
    let output = isEnabled ? pipeline.output : nil
    if isEdge {
      let settings = CPISettings(
        global: global, lowerLeft: lowerLeft, upperRight: upperRight, size: size, filter: filter,
        dataMask: revision == .v1 ? 0xFF : 0x3FF, hasWideBypass: revision == .v2)
      pipeline.clock(settings, vsync: vsync(levels), hsync: levels.hsync, data: levels.data)
    }
    fifo.clock(source: isEdge, written: output, destination: system, isTaken: taken)
    guard system else { return }
    frame = (vsync(levels), frame.0, frame.1)
    receive.config.enable = false
    receive.config.clear = false
    if let written { apply(written.offset, written.value, at: cycle) }
  }

  public func quietEdges(hasClock: Bool, at cycle: Cycle) -> UInt64 {
    if written != nil { return 0 }
    let levels = sensor?.pins(at: cycle) ?? CameraPins()
    let vsync = vsync(levels)
    if hasClock {
      guard fifo.isDestinationSettled, isEnabled || fifo.front == nil, frame == (vsync, vsync, vsync) else { return 0 }
    }
    // With the interface off, edges of the sensor's clock change nothing, and without its own clock it sees no VSYNC.
    guard let sensor, hasClock || isEnabled else { return .max }
    if !fifo.isSourceSettled || !pipeline.isSettled(isEnabled: isEnabled, vsync: vsync, hsync: levels.hsync) {
      return sensor.cyclesToEdge(from: cycle)
    }
    // VSYNC is always looked at; HSYNC only while lines are taken in.
    let change = sensor.nextChange(after: cycle, hsync: pipeline.isActive)
    return change == .never ? .max : change &- cycle
  }

  public func synchronize(to cycle: Cycle) { _ = sensor?.pins(at: cycle) }

  public var possibleEvents: EventSet {
    var events = EventSet()
    let receive = receiveChannels[0]
    if receive.generator.event { events.insert(receive.event) }
    guard sensor?.isExpected ?? false else { return events }
    if revision == .v2 { events.insert(frameEvent) }
    if isEnabled, receive.config.enable || receive.generator.isEnabled { events.insert(receive.event) }
    return events
  }

  public var standstill: String? {
    guard isEnabled, receiveChannels[0].generator.isEnabled else { return nil }
    if sensor == nil { return "a capture: no camera is connected (--board)" }
    return sensor?.isExpected ?? false ? nil : "a capture: the camera has no more frames"
  }
}

extension UDMACPI {
  public func visitState(_ archive: StateArchive) {
    archive.omits("transmitChannels", "frameEvent", "revision")
    archive.visit("sensor", objects: sensor.map { [$0] } ?? [])
    archive.visit("receiveChannels", objects: receiveChannels)
    archive.visit("global", &global)
    archive.visit("lowerLeft", &lowerLeft)
    archive.visit("upperRight", &upperRight)
    archive.visit("size", &size)
    archive.visit("filter", &filter)
    archive.visit("polarity", &polarity)
    archive.visit("written", &written)
    archive.visit("pipeline", &pipeline)
    archive.visit("fifo", &fifo)
    archive.visit("frame", &frame.0)
    archive.visit("frame", &frame.1)
    archive.visit("frame", &frame.2)
  }
}
