// Adapters from the traces' signal names to interrupt controller, event generator, timer, and the three together.

import HardwareModel

/// `apb_interrupt_cntrl` with the signals of its traces.
public final class InterruptControllerReplay: ReplayTarget {
  public let queue = EventQueue()
  private let model: InterruptController
  private let base: Address
  private var lines: UInt64 = 0
  private var isPushing = false
  private var pushData: UInt8 = 0
  private var isAcknowledging = false
  private var acknowledgedLine = 0
  /// As the core sees it: told by `onRequestChange` alone.
  private var request = -1
  private var upcoming: (line: Int, from: Cycle)?

  public init(_ trace: RegisterTrace) {
    base = trace.base
    model = InterruptController(queue: queue, reference: nil)
    model.onRequestChange = { [unowned self] line, from in
      settle(from &- 1)
      upcoming = (line, from)
    }
  }

  private func settle(_ cycle: Cycle) {
    if let upcoming, upcoming.from <= cycle {
      request = upcoming.line
      self.upcoming = nil
    }
  }

  public func setInput(_ name: String, _ value: SignalValue, at cycle: Cycle) {
    switch name {
    case "events_i":
      for line in 0..<32 where (lines ^ value.number) >> UInt64(line) & 1 != 0 {
        model.setLine(line, value.number >> UInt64(line) & 1 != 0, at: cycle)
      }
      lines = value.number
    case "event_fifo_valid_i": isPushing = value.number != 0
    case "event_fifo_data_i": pushData = UInt8(truncatingIfNeeded: value.number)
    case "core_irq_ack_i": isAcknowledging = value.number != 0
    case "core_irq_id_i": acknowledgedLine = Int(value.number & 31)
    default: break
    }
  }

  public func read(_ address: Address, at cycle: Cycle) -> UInt32 { model.read(address &- base, at: cycle) }
  public func write(_ address: Address, _ value: UInt32, at cycle: Cycle) {
    model.write(address &- base, value, at: cycle)
  }

  public func output(_ name: String, at cycle: Cycle) -> SignalValue? {
    // The held inputs act once a cycle; the outputs depend on the state alone.
    if isPushing { model.push(pushData, at: cycle) }
    if isAcknowledging { model.acknowledge(acknowledgedLine, at: cycle) }
    settle(cycle)
    switch name {
    case "event_fifo_fulln_o": return .number(model.isFIFOReady(at: cycle) ? 1 : 0)
    case "core_irq_req_o": return .number(request >= 0 ? 1 : 0)
    case "core_irq_id_o": return .number(UInt64(max(request, 0)))
    default: return nil
    }
  }
}

/// `soc_event_generator` with the signals of its traces.
public final class SoCEventGeneratorReplay: ReplayTarget {
  public let queue = EventQueue()
  private let model: SoCEventGenerator
  private let base: Address
  private var events: Set<Int> = []
  private var ready: [SoCEventGenerator.Target: Bool] = [:]
  private var error = false
  private var direct = [false, false]
  private var timerEvents: [Bool: Cycle] = [:]

  public init(_ trace: RegisterTrace) {
    base = trace.base
    model = SoCEventGenerator(queue: queue, reference: ReferenceClock(edges: trace.edges(of: "low_speed_clk_i")))
    model.clusterRoom = nil
    model.isReady = { [unowned self] target, _ in ready[target] ?? false }
    model.onErrorLine = { [unowned self] level, _ in error = level }
    model.onDirectLine = { [unowned self] line, level, _ in direct[line - 30] = level }
    model.onTimerEvent = { [unowned self] isHigh, cycle in timerEvents[isHigh] = cycle }
  }

  public func setInput(_ name: String, _ value: SignalValue, at cycle: Cycle) {
    switch name {
    case "per_events_i":
      let new = Set(value.indices)
      for event in events.symmetricDifference(new).sorted() {
        model.setLevel(event, new.contains(event), at: cycle)
      }
      events = new
    case "fc_event_ready_i": setReady(.fabricController, value, at: cycle)
    case "cl_event_ready_i": setReady(.cluster, value, at: cycle)
    case "pr_event_ready_i": setReady(.uDMA, value, at: cycle)
    default: break
    }
  }

  private func setReady(_ target: SoCEventGenerator.Target, _ value: SignalValue, at cycle: Cycle) {
    let isReady = value.number != 0
    guard ready[target] != isReady else { return }
    // Close the cycle before under the old value.
    if cycle > 0 { _ = model.offer(at: cycle) }
    ready[target] = isReady
    if isReady { model.targetBecomesReady(at: cycle) }
  }

  public func read(_ address: Address, at cycle: Cycle) -> UInt32 { model.read(address &- base, at: cycle) }
  public func write(_ address: Address, _ value: UInt32, at cycle: Cycle) {
    model.write(address &- base, value, at: cycle)
  }

  public func output(_ name: String, at cycle: Cycle) -> SignalValue? {
    let offer = model.offer(at: cycle)
    func bit(_ value: Bool?) -> SignalValue { .number(value ?? false ? 1 : 0) }
    switch name {
    case "fc_events_o": return .number((direct[0] ? 1 : 0) | (direct[1] ? 2 : 0))
    case "err_event_o": return bit(error)
    case "timer_event_lo_o": return bit(timerEvents[false] == cycle)
    case "timer_event_hi_o": return bit(timerEvents[true] == cycle)
    case "fc_event_valid_o": return bit(offer?.toFabricController)
    case "cl_event_valid_o": return bit(offer?.toCluster)
    case "pr_event_valid_o": return bit(offer?.toUDMA)
    case "fc_event_data_o":
      guard let offer, offer.toFabricController || offer.toCluster || offer.toUDMA else { return .number(0) }
      return .number(UInt64(offer.event))
    default: return nil
    }
  }
}

/// `apb_timer_unit` with the signals of its traces.
public final class TimerUnitReplay: ReplayTarget {
  public let queue = EventQueue()
  private let model: TimerUnit
  private let base: Address
  private var events: (lo: Bool, hi: Bool) = (false, false)
  private var lines: [Int: Bool] = [:]

  public init(_ trace: RegisterTrace) {
    base = trace.base
    model = TimerUnit(queue: queue, reference: ReferenceClock(edges: trace.edges(of: "ref_clk_i")))
    model.onLine = { [unowned self] line, level, _ in lines[line] = level }
  }

  public func setInput(_ name: String, _ value: SignalValue, at cycle: Cycle) {
    switch name {
    case "event_lo_i": events.lo = value.number != 0
    case "event_hi_i": events.hi = value.number != 0
    default: break
    }
  }

  public func read(_ address: Address, at cycle: Cycle) -> UInt32 { model.read(address &- base, at: cycle) }
  public func write(_ address: Address, _ value: UInt32, at cycle: Cycle) {
    model.write(address &- base, value, at: cycle)
  }

  public func output(_ name: String, at cycle: Cycle) -> SignalValue? {
    if events.lo { model.inputEvent(isHigh: false, at: cycle) }
    if events.hi { model.inputEvent(isHigh: true, at: cycle) }
    switch name {
    case "irq_lo_o": return .number(lines[TimerUnit.lowLine] ?? false ? 1 : 0)
    case "irq_hi_o": return .number(lines[TimerUnit.highLine] ?? false ? 1 : 0)
    case "busy_o": return .number(model.isBusy(at: cycle) ? 1 : 0)
    default: return nil
    }
  }
}

/// Event generator, timer and interrupt controller wired as in `soc_peripherals.sv` and `fc_subsystem.sv`.
public final class EventPathReplay: ReplayTarget {
  public let queue = EventQueue()
  private let generator: SoCEventGenerator
  private let timer: TimerUnit
  private let controller: InterruptController
  private let reference: ReferenceClock
  private var events: Set<Int> = []
  private var isAcknowledging = false
  private var acknowledgedLine = 0
  private var lines: UInt64 = 0
  private var request = -1
  private var upcoming: (line: Int, from: Cycle)?

  public init(_ trace: RegisterTrace) {
    reference = ReferenceClock(edges: trace.edges(of: "slow_clk_i"))
    generator = SoCEventGenerator(queue: queue, reference: reference)
    timer = TimerUnit(queue: queue, reference: reference)
    controller = InterruptController(queue: queue, reference: reference)
    EventPath.connect(generator: generator, timer: timer, controller: controller)
    let lineToController = timer.onLine
    timer.onLine = { [unowned self] line, level, cycle in
      setLine(line, level)
      lineToController?(line, level, cycle)
    }
    let errorToController = generator.onErrorLine
    generator.onErrorLine = { [unowned self] level, cycle in
      setLine(29, level)
      errorToController?(level, cycle)
    }
    let directToController = generator.onDirectLine
    generator.onDirectLine = { [unowned self] line, level, cycle in
      setLine(line, level)
      directToController?(line, level, cycle)
    }
    controller.onRequestChange = { [unowned self] line, from in
      settle(from &- 1)
      upcoming = (line, from)
    }
  }

  private func setLine(_ line: Int, _ level: Bool) {
    lines = level ? lines | 1 << UInt64(line) : lines & ~(1 << UInt64(line))
  }

  private func settle(_ cycle: Cycle) {
    if let upcoming, upcoming.from <= cycle {
      request = upcoming.line
      self.upcoming = nil
    }
  }

  public func setInput(_ name: String, _ value: SignalValue, at cycle: Cycle) {
    switch name {
    case "s_events":
      let new = Set(value.indices)
      for event in events.symmetricDifference(new).sorted() {
        let level = new.contains(event)
        generator.setLevel(event, level, at: cycle)
        if let line = EventPath.line(of: event) {
          setLine(line, level)
          controller.setLine(line, level, at: cycle)
        }
      }
      events = new
    case "core_irq_ack_i": isAcknowledging = value.number != 0
    case "core_irq_id_i": acknowledgedLine = Int(value.number & 31)
    default: break
    }
  }

  private func block(_ address: Address) -> (any BusTarget, UInt32)? {
    switch address & 0x000F_F000 {
    case 0x06000: return (generator, address & 0xFFF)
    case 0x09000: return (controller, address & 0xFFF)
    case 0x0B000: return (timer, address & 0xFFF)
    default: return nil
    }
  }

  public func read(_ address: Address, at cycle: Cycle) -> UInt32 {
    block(address).map { $0.0.read($0.1, at: cycle) } ?? 0
  }

  public func write(_ address: Address, _ value: UInt32, at cycle: Cycle) {
    if let (block, offset) = block(address) { block.write(offset, value, at: cycle) }
  }

  public func output(_ name: String, at cycle: Cycle) -> SignalValue? {
    if isAcknowledging { controller.acknowledge(acknowledgedLine, at: cycle) }
    settle(cycle)
    let offer = generator.offer(at: cycle)
    switch name {
    case "fc_event_valid_o": return .number(offer?.toFabricController ?? false ? 1 : 0)
    case "fc_event_ready_i": return .number(controller.isFIFOReady(at: cycle) ? 1 : 0)
    case "fc_event_data_o":
      guard let offer, offer.toFabricController || offer.toCluster || offer.toUDMA else { return .number(0) }
      return .number(UInt64(offer.event))
    case "fc_interrupts_o":
      let slow = cycle >= 2 && reference.nextEdge(atOrAfter: cycle &- 2) == cycle &- 2
      return .number(lines | (slow ? 1 << UInt64(InterruptController.referenceClockLine) : 0))
    case "core_irq_req_o": return .number(request >= 0 ? 1 : 0)
    case "core_irq_id_o": return .number(UInt64(max(request, 0)))
    default: return nil
    }
  }
}
