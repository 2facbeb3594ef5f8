// The uDMA subsystem: control slot, address decoding, clock gates, and the time of everything behind them.
//
// Follows `udma_subsystem.sv` of pulp-io v0.1.0 and `udma_core.sv`, `udma_ctrl.sv`, `udma_apb_if.sv` of udma_core
// v2.0.0 with their traces (reference sections 5.1, 5.2). While anything moves it is stepped cycle by cycle through
// one slot of the event queue; a long wait (a bit of the UART, a withheld grant) is one event. Left out: a peripheral
// clock that is neither the SoC clock divided by an integer nor twice as fast.

import HardwareModel

/// The uDMA subsystem, 4 KiB of slots of 128 bytes: slot 0 is the control slot (UDMA_CTRL), slot id + 1 a peripheral.
public final class UDMA: BusTarget {
  /// A SoC event that is high in this cycle.
  public var onEvent: ((_ event: Int, Cycle) -> Void)?
  /// A trigger (0...3) of the WAIT commands fires.
  public var onTrigger: ((_ trigger: Int, Cycle) -> Void)?
  public var diagnostics: DiagnosticSink? {
    didSet {
      for case let store as UDMARegisterStore in peripherals { store.diagnostics = diagnostics }
      for case let master as UDMAI2C in peripherals { master.diagnostics = diagnostics }
      for case let audio as UDMAI2S in peripherals { audio.diagnostics = diagnostics }
    }
  }
  /// The L2 memory, which must not own this subsystem; without one, reads give 0 at once.
  public var memory: (any UDMAMemoryPort)?

  /// By peripheral id.
  public let peripherals: [any UDMAPeripheral]

  private let queue: EventQueue
  private var slot: EventQueue.Slot?
  let transmit: UDMATransmitEngine
  let receive: UDMAReceiveEngine
  /// Changes whenever a channel may have changed.
  public private(set) var revision: UInt64 = 0
  private let transmitIndex: [ObjectIdentifier: Int]
  private let receiveIndex: [ObjectIdentifier: Int]
  private let control = RegisterBank(UDMARegisters.block)
  /// SoC cycles of a peripheral clock cycle.
  private let period: UInt64
  /// The peripheral clock runs at twice the SoC clock.
  private let isDoubled: Bool
  /// Called behind the peripheral clock's edge in the middle of a cycle.
  var afterMidway: ((Cycle) -> Void)?

  private var now: Cycle = 0
  private var hasEmitted = false
  private var written: (offset: UInt32, value: UInt32)?
  /// The clock gates as the two synchroniser stages of the peripheral clock see them.
  private var gates: (UInt32, UInt32) = (0, 0)

  /// A subsystem of `peripherals` in the order of their ids. `peripheralClockPeriod` counts SoC cycles; 0 is half of one. `transmitOrder` and `receiveOrder` give the channels in the
  /// order of arbitration, nil where a channel of the chip is not modelled.
  public init(
    queue: EventQueue, peripherals: [any UDMAPeripheral], transmitOrder: [UDMATransmitChannel?],
    receiveOrder: [UDMAReceiveChannel?], peripheralClockPeriod: UInt64 = 1
  ) {
    self.queue = queue
    self.peripherals = peripherals
    period = max(peripheralClockPeriod, 1)
    isDoubled = peripheralClockPeriod == 0
    transmit = UDMATransmitEngine(channels: transmitOrder)
    receive = UDMAReceiveEngine(channels: receiveOrder)
    var transmitIndex: [ObjectIdentifier: Int] = [:]
    for (index, channel) in transmitOrder.enumerated() {
      if let channel { transmitIndex[ObjectIdentifier(channel)] = index }
    }
    var receiveIndex: [ObjectIdentifier: Int] = [:]
    for (index, channel) in receiveOrder.enumerated() {
      if let channel { receiveIndex[ObjectIdentifier(channel)] = index }
    }
    receiveChannels = peripherals.flatMap(\.receiveChannels)
    transmitChannels = peripherals.flatMap(\.transmitChannels)
    selfClocked = peripherals.enumerated().reduce(0) { $1.element is UDMACPI ? $0 | 1 << UInt32($1.offset) : $0 }
    self.transmitIndex = transmitIndex
    self.receiveIndex = receiveIndex
    slot = queue.register("UDMA") { [unowned(unsafe) self] cycle in
      advance(to: cycle)
      evaluate()
    }
    for case let master as UDMASPIM in peripherals { master.periodQuarters = isDoubled ? 2 : 4 * period }
  }

  public var registers: RegisterBlock { UDMARegisters.block }

  /// The next cycle in which anything may happen by itself, `.never` if nothing will.
  public var nextActivity: Cycle { slot.map { queue.dueCycle(of: $0) } ?? .never }

  /// CG, looked at in every cycle.
  private var enabledClocks: UInt32 = 0
  private let receiveChannels: [UDMAReceiveChannel]
  private let transmitChannels: [UDMATransmitChannel]
  /// Peripherals, by id, that were accessed since the last clock edge.
  private var accessed: UInt32 = 0
  /// Peripherals with a clock of their own from outside.
  private let selfClocked: UInt32
  /// Those whose flip-flops may change with the next clock edge.
  private var clocked: UInt32 { enabledClocks | gates.0 | gates.1 | accessed | selfClocked }

  /// Calls `body` with each peripheral that `clocked` names.
  @inline(__always)
  private func forEachClocked(_ body: (_ id: Int, any UDMAPeripheral) -> Void) {
    var left = clocked & ((1 << UInt32(peripherals.count)) &- 1)
    while left != 0 {
      let id = left.trailingZeroBitCount
      body(id, peripherals[id])
      left &= left &- 1
    }
  }

  // MARK: Inputs

  /// The event generator sends `event` to the uDMA in `cycle`.
  public func trigger(_ event: UInt8, at cycle: Cycle) {
    let selected = control[UDMARegisters.cfgEvt]
    for trigger in 0..<4 where UInt8(truncatingIfNeeded: selected >> UInt32(8 * trigger)) == event {
      advance(to: cycle)
      for (id, peripheral) in peripherals.enumerated() where enabledClocks >> UInt32(id) & 1 != 0 {
        peripheral.trigger(trigger)
      }
      evaluate()
      onTrigger?(trigger, cycle)
    }
  }

  /// The lines of `master`'s bus have these levels from `cycle` on.
  public func setBusLines(of master: UDMAI2C, scl: Bool, sda: Bool, at cycle: Cycle) {
    let lines = I2CLines(scl: scl, sda: sda)
    guard master.busLines != lines else { return }
    advance(to: cycle)
    master.busLines = lines
    evaluate()
  }

  /// The data lines of `master` have these levels from `cycle` on.
  public func setDataPins(of master: UDMASPIM, _ levels: UInt8, at cycle: Cycle) {
    guard master.inputPins != levels else { return }
    advance(to: cycle)
    master.inputPins = levels
    evaluate()
  }

  /// The receive pin of `uart` has level `level` from `cycle` on.
  public func setReceivePin(of uart: UDMAUART, _ level: Bool, at cycle: Cycle) {
    guard uart.inputPin != level else { return }
    advance(to: cycle)
    uart.inputPin = level
    evaluate()
  }

  /// Clocks everything up to `cycle`, so that the peripherals' own properties show that cycle.
  public func synchronize(to cycle: Cycle) { advance(to: cycle) }

  public func possibleEvents(at cycle: Cycle) -> EventSet {
    advance(to: cycle)
    var events = EventSet()
    // While the subsystem is clocked cycle by cycle something moves through its FIFOs, and may end in a channel's event.
    let isMoving = slot.map { queue.dueCycle(of: $0) <= cycle &+ 1 } ?? false
    for (id, peripheral) in peripherals.enumerated() where enabledClocks >> UInt32(id) & 1 != 0 {
      peripheral.synchronize(to: cycle)
      events.formUnion(peripheral.possibleEvents)
      guard isMoving else { continue }
      for channel in peripheral.receiveChannels { events.insert(channel.event) }
      for channel in peripheral.transmitChannels { events.insert(channel.event) }
    }
    return events
  }

  /// As `possibleEvents(at:)`, with what WAIT commands can go on with: `events` can come from elsewhere, and
  /// `triggeredBy` gives those that reach the trigger inputs.
  public func possibleEvents(
    at cycle: Cycle, triggeredBy triggers: (EventSet) -> EventSet, given events: EventSet
  ) -> EventSet {
    var all = possibleEvents(at: cycle)
    all.formUnion(events)
    let selected = control[UDMARegisters.cfgEvt]
    // What one master does may be what another waits for.
    for _ in peripherals {
      let before = all
      let reaching = triggers(all)
      for (id, peripheral) in peripherals.enumerated() where enabledClocks >> UInt32(id) & 1 != 0 {
        guard let trigger = peripheral.waitedTrigger,
          reaching.contains(Int(selected >> UInt32(8 * (trigger & 3)) & 0xFF))
        else { continue }
        all.formUnion(peripheral.eventsOnceTriggered)
      }
      if all == before { break }
    }
    return all
  }

  /// What masters wait for that nothing inside them will ever bring, for the explanation of a lock-up.
  public var standstills: [String] {
    var counts: [String: Int] = [:]
    var found: [String] = []
    for (id, peripheral) in peripherals.enumerated() {
      let name = peripheral.registers.name
      let number = counts[name, default: 0]
      counts[name] = number + 1
      guard enabledClocks >> UInt32(id) & 1 != 0, let reason = peripheral.standstill else { continue }
      found.append("\(name)\(number) stands still in \(reason)")
    }
    return found
  }

  // MARK: Bus

  public func answer(_ offset: UInt32, isWrite: Bool) -> BusAnswer {
    Int(offset >> 7 & 31) <= peripherals.count ? .waitStates(0) : .never
  }

  public func read(_ offset: UInt32, at cycle: Cycle) -> UInt32 {
    let value = peek(offset, at: cycle)
    let slot = Int(offset >> 7 & 31)
    if slot > 0, slot <= peripherals.count, peripherals[slot - 1].changesWhenRead(offset & 0x7C) {
      peripherals[slot - 1].willRead(offset & 0x7C)
      accessed |= 1 << UInt32(slot - 1)
      evaluate()
    }
    return value
  }

  /// Between two events nothing moves but counters that no register shows.
  public func forecast(_ offset: UInt32, at cycle: Cycle) -> ReadForecast? {
    advance(to: cycle)
    let slot = Int(offset >> 7 & 31)
    if slot == 0 { return written == nil ? .constant : nil }
    guard slot <= peripherals.count, !peripherals[slot - 1].changesWhenRead(offset & 0x7C) else { return nil }
    return .constant
  }

  public func peek(_ offset: UInt32, at cycle: Cycle) -> UInt32 {
    advance(to: cycle)
    let slot = Int(offset >> 7 & 31)
    let register = offset & 0x7C
    if slot == 0 { return control.read(register) }
    guard slot <= peripherals.count else { return 0 }
    let peripheral = peripherals[slot - 1]
    if register & 0xC != 0xC {
      if let channel = transmitChannel(peripheral, register) {
        return value(
          word: register >> 2 & 3, channel.config, channel.generator,
          isActive: transmitIndex[ObjectIdentifier(channel)].map(transmit.isActive) ?? false,
          hidesDataSize: channel.hidesDataSize)
      }
      if let channel = receiveChannel(peripheral, register) {
        return value(
          word: register >> 2 & 3, channel.config, channel.generator,
          isActive: receiveIndex[ObjectIdentifier(channel)].map(receive.isActive) ?? false)
      }
    }
    return peripheral.value(register)
  }

  public func write(_ offset: UInt32, _ value: UInt32, at cycle: Cycle) {
    advance(to: cycle)
    revision &+= 1
    let slot = Int(offset >> 7 & 31)
    if slot == 0 {
      written = (offset & 0x7C, value)
    } else if slot <= peripherals.count {
      peripherals[slot - 1].willWrite(offset & 0x7C, value)
      accessed |= 1 << UInt32(slot - 1)
      if enabledClocks >> UInt32(slot - 1) & 1 == 0 {
        diagnostics?(
          Diagnostic(
            .misuse, key: "udma-gated-\(slot)",
            "write to uDMA peripheral \(slot - 1) (\(peripherals[slot - 1].registers.name)) while its clock is off (CG): lost"
          ))
      }
    }
    evaluate()
  }

  private func transmitChannel(_ peripheral: any UDMAPeripheral, _ register: UInt32) -> UDMATransmitChannel? {
    let channels = peripheral.transmitChannels
    switch register & 0x70 {
    case UDMARegisters.transmitOffset: return channels.first
    case UDMARegisters.commandOffset: return channels.count > 1 ? channels[1] : nil
    default: return nil
    }
  }

  private func receiveChannel(_ peripheral: any UDMAPeripheral, _ register: UInt32) -> UDMAReceiveChannel? {
    register & 0x70 == UDMARegisters.receiveOffset ? peripheral.receiveChannels.first : nil
  }

  private func value(
    word: UInt32, _ config: UDMAChannelConfiguration, _ generator: UDMAAddressGenerator, isActive: Bool,
    hidesDataSize: Bool = false
  ) -> UInt32 {
    switch word {
    case 0: return generator.address
    case 1: return generator.bytesLeft
    default:
      return (config.isContinuous ? UDMAChannelConfiguration.continuousBit : 0)
        | (hidesDataSize ? 0 : config.dataSize << 1)
        | (isActive ? UDMAChannelConfiguration.enableBit : 0)
        | (generator.isPending ? UDMAChannelConfiguration.pendingBit : 0)
    }
  }

  // MARK: Time

  /// Drives the outputs of cycle `now`, once: L2 requests and events.
  private func emit() {
    guard !hasEmitted else { return }
    hasEmitted = true
    guard enabledClocks != 0 else { return }
    transmit.request(on: memory, at: now)
    receive.request(on: memory, at: now)
    for channel in receiveChannels where channel.generator.event { onEvent?(channel.event, now) }
    for channel in transmitChannels where channel.generator.event { onEvent?(channel.event, now) }
    if !isDoubled { emitPeripheralEvents() }
  }

  private func emitPeripheralEvents() {
    forEachClocked { _, peripheral in peripheral.emitEvents(at: now, to: onEvent) }
  }

  /// The additional edge of a doubled peripheral clock.
  private func clockMidway() {
    for (id, peripheral) in peripherals.enumerated() where gates.1 >> UInt32(id) & 1 != 0 {
      peripheral.clockPinsMidway(at: now)
    }
    gates = (enabledClocks, gates.0)
    afterMidway?(now)
    for peripheral in peripherals { peripheral.present() }
    if enabledClocks != 0 { emitPeripheralEvents() }
  }

  private func clock() {
    emit()
    if isDoubled { clockMidway() }
    let clocks = enabledClocks
    let isCoreOn = clocks != 0
    let pinEdge = (now &+ 1) % period == 0
    forEachClocked { _, peripheral in peripheral.present() }
    if isCoreOn {
      transmit.present()
      receive.present()
      transmit.sample()
      receive.sample()
    }
    forEachClocked { id, peripheral in
      peripheral.clock(
        system: clocks >> UInt32(id) & 1 != 0, pins: pinEdge && gates.1 >> UInt32(id) & 1 != 0, at: now)
    }
    if isCoreOn {
      transmit.clock(on: memory, at: now)
      receive.clock(on: memory, at: now)
    }
    accessed = 0
    if pinEdge { gates = (clocks, gates.0) }
    if let written {
      control.write(written.offset, written.value)
      enabledClocks = control[UDMARegisters.cg]
      transmit.sourcePrefix = control[UDMARegisters.l2Src]
      receive.destinationPrefix = control[UDMARegisters.l2Dest]
    }
    written = nil
    revision &+= 1
    now &+= 1
    hasEmitted = false
  }

  /// The first cycle from `now` on whose clock edge may change something other than counters that run.
  private func quietUntil() -> Cycle {
    guard written == nil, gates == (enabledClocks, enabledClocks) else { return now }
    var until = Cycle.never
    if enabledClocks != 0 { until = min(transmit.quietUntil(now), receive.quietUntil(now)) }
    forEachClocked { id, peripheral in
      guard until > now else { return }
      let edges = peripheral.quietEdges(hasClock: enabledClocks >> UInt32(id) & 1 != 0, at: now)
      if edges == .max { return }
      until = min(until, period == 1 && !isDoubled ? now &+ edges : now)
    }
    return until
  }

  private func advance(to cycle: Cycle) {
    while now < cycle {
      forEachClocked { _, peripheral in peripheral.present() }
      let until = min(quietUntil(), cycle)
      guard until > now else {
        clock()
        continue
      }
      let edges = until &- now
      for (id, peripheral) in peripherals.enumerated() where enabledClocks >> UInt32(id) & 1 != 0 {
        peripheral.skip(edges)
      }
      now = until
      hasEmitted = false
    }
  }

  private func evaluate() {
    guard let slot else { return }
    forEachClocked { _, peripheral in peripheral.present() }
    emit()
    let until = quietUntil()
    if until == .never {
      queue.cancel(slot)
    } else {
      queue.schedule(slot, at: until > now ? until : now &+ 1)
    }
  }
}

extension UDMA {
  public func visitState(_ archive: StateArchive) {
    archive.omits(
      "onEvent", "onTrigger", "diagnostics", "memory", "queue", "slot", "transmitIndex", "receiveIndex", "period",
      "isDoubled", "afterMidway", "receiveChannels", "transmitChannels", "selfClocked")
    archive.visit("peripherals", objects: peripherals)
    archive.visit("transmit", transmit)
    archive.visit("receive", receive)
    archive.visit("revision", &revision)
    archive.visit("control", control)
    archive.visit("now", cycle: &now)
    archive.visit("hasEmitted", &hasEmitted)
    archive.visit("written", &written)
    archive.visit("gates", &gates)
    archive.visit("enabledClocks", &enabledClocks)
    archive.visit("accessed", &accessed)
  }
}
