// The SoC event generator: counts event pulses and passes them on, one a cycle, to core, cluster and uDMA.
//
// Follows `soc_event_generator.sv`, `soc_event_queue.sv` and `soc_event_arbiter.sv` of pulp_soc v5.0.1 and their
// register traces (reference section 4). State is kept for one cycle (`now`) with the inputs of that cycle; while
// nothing is counted and nothing fires, any number of cycles costs nothing. Left out: nothing.

import HardwareModel

/// The SoC event generator (SOC_EVENT) with its 169 event inputs.
public final class SoCEventGenerator: BusTarget {
  /// Number of event inputs.
  public static let eventCount = 169
  /// The first of the eight software events.
  public static let firstSoftwareEvent = 160
  /// Rising edge of the reference clock.
  public static let referenceClockEvent = 168

  /// Who can be sent an event.
  public enum Target: Int, Sendable, CaseIterable {
    case fabricController, cluster, uDMA
  }

  /// What the generator offers to its targets in a cycle.
  public struct Offer: Equatable, Sendable {
    public var event: Int
    public var toFabricController: Bool
    public var toCluster: Bool
    public var toUDMA: Bool
  }

  /// True if the target takes an event in that cycle; by default always.
  public var isReady: ((Target, Cycle) -> Bool)?
  /// Room in the cluster's event FIFO, which nobody drains in PULPissimo; nil: asked by `isReady` alone.
  public var clusterRoom: Int? = 8
  /// An event that a target takes in that cycle.
  public var onEvent: ((Target, _ event: UInt8, Cycle) -> Void)?
  /// Line 29: some event fires in this cycle while its counter is full.
  public var onErrorLine: ((Bool, Cycle) -> Void)?
  /// Line 30 (event 7) or 31 (event 8): the event's level changes.
  public var onDirectLine: ((_ line: Int, Bool, Cycle) -> Void)?
  /// Asked before a pulse of `raise` is heard; false: it is lost. For injected faults.
  public var admits: ((_ event: Int, Cycle) -> Bool)?
  /// The timer's event inputs, in the cycle of the event itself.
  public var onTimerEvent: ((_ isHigh: Bool, Cycle) -> Void)?

  fileprivate struct State: Equatable {
    var counts = [UInt8](repeating: 0, count: SoCEventGenerator.eventCount)
    var requests = EventBits()
    /// The event from which the round-robin search starts.
    var pointer = 0
    var fcMask = EventBits.all
    var clMask = EventBits.all
    var prMask = EventBits.all
    var err = EventBits()
    var timerSelHi: UInt32 = 0
    var timerSelLo: UInt32 = 0
    /// Software events that fire in this cycle.
    var software: UInt8 = 0
  }

  private let queue: EventQueue
  private let reference: ReferenceClock?
  private var slot: EventQueue.Slot?

  private var now: Cycle = 0
  private var state = State()
  // Inputs of cycle `now`.
  private var levels = EventBits()
  private var pulses = EventBits()
  private var written: UInt32?
  private var writtenValue: UInt32 = 0
  private var readErrWord: Int?
  // What was already done for cycle `now`.
  private var isServed = false
  private var served = -1
  private var servedTarget = false
  private var timerEventsSent: UInt8 = 0
  private var errorLevel = false
  private var directLevels: (Bool, Bool) = (false, false)
  /// The last clock edge changed nothing although levels are high.
  private var isSteady = false

  /// A generator on `queue`, with event 168 from `reference`.
  public init(queue: EventQueue, reference: ReferenceClock?) {
    self.queue = queue
    self.reference = reference
    slot = queue.register("SOC_EVENT") { [unowned(unsafe) self] cycle in
      advance(to: cycle)
      evaluate()
    }
    reference?.onRetune { [unowned(unsafe) self] cycle in
      guard let slot else { return }
      let due = self.queue.dueCycle(of: slot)
      if due != .never { self.queue.schedule(slot, at: min(due, cycle &+ 1)) }
    }
    evaluate()
  }

  public var registers: RegisterBlock { SoCEventGeneratorRegisters.block }

  // MARK: Inputs

  /// Event `event` fires in `cycle`.
  public func raise(_ event: Int, at cycle: Cycle) {
    guard (0..<Self.eventCount).contains(event) else { return }
    if let admits, !admits(event, cycle) { return }
    advance(to: cycle)
    pulses.insert(event)
    lookAgain()
  }

  /// Event `event` fires in every cycle from `cycle` on, or ceases to.
  public func setLevel(_ event: Int, _ level: Bool, at cycle: Cycle) {
    guard (0..<Self.eventCount).contains(event), levels.contains(event) != level else { return }
    advance(to: cycle)
    if level { levels.insert(event) } else { levels.remove(event) }
    isSteady = false
    lookAgain()
  }

  /// Outputs of this cycle are driven by the queue, after every source of this cycle has been heard.
  private func lookAgain() {
    if let slot { queue.schedule(slot, at: now) }
  }

  /// A target that was not ready takes events from `cycle` on.
  public func targetBecomesReady(at cycle: Cycle) {
    guard let slot, !state.requests.isEmpty else { return }
    let due = queue.dueCycle(of: slot)
    if cycle < due { queue.schedule(slot, at: max(cycle, now)) }
  }

  /// What is offered to the targets in `cycle`, whether or not they take it.
  public func offer(at cycle: Cycle) -> Offer? {
    advance(to: cycle)
    guard let event = state.requests.first(from: state.pointer) else { return nil }
    return Offer(
      event: event, toFabricController: !state.fcMask.contains(event), toCluster: !state.clMask.contains(event),
      toUDMA: !state.prMask.contains(event))
  }

  /// The interrupt lines that `events` can reach with the masks as they are.
  public func lines(of events: EventSet) -> UInt32 {
    var lines: UInt32 = 0
    if events.contains(7) { lines |= 1 << 30 }
    if events.contains(8) { lines |= 1 << 31 }
    let mask = state.fcMask
    let isPassed = events.contains { $0 < Self.eventCount && !mask.contains($0) }
    return isPassed ? lines | 1 << UInt32(InterruptController.eventLine) : lines
  }

  /// Those of `events` that reach the uDMA's triggers with the masks as they are.
  public func triggers(of events: EventSet) -> EventSet {
    var passed = EventSet()
    for event in 0..<Self.eventCount where events.contains(event) && !state.prMask.contains(event) {
      passed.insert(event)
    }
    return passed
  }

  /// The event routed to the timer's high or low event input.
  public func timerSelection(isHigh: Bool) -> Int {
    Int(isHigh ? state.timerSelHi : state.timerSelLo)
  }

  public func possibleLines(at cycle: Cycle) -> UInt32 {
    advance(to: cycle)
    var events = EventSet(Self.referenceClockEvent)
    for event in 0..<Self.eventCount
    where state.requests.contains(event) || pulses.contains(event) || levels.contains(event) {
      events.insert(event)
    }
    for bit in 0..<8 where state.software & 1 << UInt8(bit) != 0 { events.insert(Self.firstSoftwareEvent + bit) }
    if written == SoCEventGeneratorRegisters.event.offset {
      for bit in 0..<8 where writtenValue & 1 << UInt32(bit) != 0 { events.insert(Self.firstSoftwareEvent + bit) }
    }
    return lines(of: events)
  }

  public func possibleEvents(at cycle: Cycle) -> EventSet { EventSet(Self.referenceClockEvent) }

  // MARK: Bus

  public func read(_ offset: UInt32, at cycle: Cycle) -> UInt32 {
    let value = peek(offset, at: cycle)
    let word = offset & 0xFC
    if let first = SoCEventGeneratorRegisters.err.first?.offset, word >= first, word < first + 32 {
      readErrWord = Int(word - first) / 4
      lookAgain()
    }
    return value
  }

  public func peek(_ offset: UInt32, at cycle: Cycle) -> UInt32 {
    advance(to: cycle)
    let word = offset & 0xFC
    switch word {
    case SoCEventGeneratorRegisters.event.offset: return 0
    case SoCEventGeneratorRegisters.timerSelHi.offset: return state.timerSelHi
    case SoCEventGeneratorRegisters.timerSelLo.offset: return state.timerSelLo
    default:
      guard let (group, index) = Self.maskIndex(word) else { return 0 }
      switch group {
      case 0: return state.fcMask[word: index]
      case 1: return state.clMask[word: index]
      case 2: return state.prMask[word: index]
      default: return state.err[word: index]
      }
    }
  }

  public func write(_ offset: UInt32, _ value: UInt32, at cycle: Cycle) {
    advance(to: cycle)
    written = offset & 0xFC
    writtenValue = value
    lookAgain()
  }

  /// Which of the four groups of eight words (FC, CL, PR mask, ERR) an offset is in, and which word.
  private static func maskIndex(_ word: UInt32) -> (group: Int, index: Int)? {
    guard word >= 0x04, word < 0x84 else { return nil }
    let position = Int(word - 0x04) / 4
    return (position / 8, position % 8)
  }

  // MARK: Clock

  /// The events that fire in `now`.
  private func firing() -> EventBits {
    var events = pulses
    events.formUnion(levels)
    if state.software != 0 {
      for bit in 0..<8 where state.software & 1 << UInt8(bit) != 0 { events.insert(Self.firstSoftwareEvent + bit) }
    }
    if let reference, now >= 2, reference.nextRising(atOrAfter: now &- 2) == now &- 2 {
      events.insert(Self.referenceClockEvent)
    }
    return events
  }

  /// Serves the event whose turn it is in `now`, once.
  private func serve() {
    guard !isServed else { return }
    isServed = true
    served = -1
    servedTarget = false
    guard let event = state.requests.first(from: state.pointer) else { return }
    var targets: [Target] = []
    if !state.fcMask.contains(event) { targets.append(.fabricController) }
    if !state.clMask.contains(event) { targets.append(.cluster) }
    if !state.prMask.contains(event) { targets.append(.uDMA) }
    for target in targets {
      if target == .cluster, clusterRoom == 0 { return }
      if let isReady, !isReady(target, now) { return }
    }
    served = event
    for target in targets {
      servedTarget = true
      isSteady = false
      if target == .cluster, let room = clusterRoom { clusterRoom = room - 1 }
      onEvent?(target, UInt8(event), now)
    }
  }

  private func clock() {
    serve()
    let events = firing()
    let old = (requests: state.requests, pointer: state.pointer)
    var changed = state.software != 0
    var errors = EventBits()
    events.forEach { event in
      if state.counts[event] == 3 {
        errors.insert(event)
      } else if event != served {
        state.counts[event] += 1
        state.requests.insert(event)
        changed = true
      }
    }
    if served >= 0 {
      if !events.contains(served) {
        state.counts[served] -= 1
        if state.counts[served] == 0 { state.requests.remove(served) }
        changed = true
      }
      state.pointer = served + 1 == Self.eventCount ? 0 : served + 1
    }
    state.err.formUnion(errors)
    if let readErrWord { state.err[word: readErrWord] = 0 }
    state.software = 0
    if let written { apply(written, writtenValue) }
    isSteady =
      !changed && written == nil && readErrWord == nil && !servedTarget && pulses.isEmpty
      && old.pointer == state.pointer && old.requests == state.requests

    now &+= 1
    pulses = EventBits()
    written = nil
    readErrWord = nil
    isServed = false
    timerEventsSent = 0
  }

  private func apply(_ word: UInt32, _ value: UInt32) {
    switch word {
    case SoCEventGeneratorRegisters.event.offset: state.software = UInt8(truncatingIfNeeded: value)
    case SoCEventGeneratorRegisters.timerSelHi.offset: state.timerSelHi = value & 0xFF
    case SoCEventGeneratorRegisters.timerSelLo.offset: state.timerSelLo = value & 0xFF
    default:
      guard let (group, index) = Self.maskIndex(word) else { return }
      switch group {
      case 0: state.fcMask[word: index] = value
      case 1: state.clMask[word: index] = value
      case 2: state.prMask[word: index] = value
      default: break
      }
    }
  }

  /// True if a pulse of the reference clock has a consequence beyond moving the arbiter.
  private var isReferenceObservable: Bool {
    let event = Self.referenceClockEvent
    return !state.fcMask.contains(event) || !state.clMask.contains(event) || !state.prMask.contains(event)
      || state.timerSelHi == UInt32(event) || state.timerSelLo == UInt32(event) || !state.requests.isEmpty
      || written != nil
  }

  /// The first reference pulse after cycle `now`.
  private func nextReferencePulse() -> Cycle {
    guard let reference else { return .never }
    let edge = reference.nextRising(atOrAfter: now >= 1 ? now &- 1 : 0)
    return edge == .never ? .never : edge &+ 2
  }

  private func advance(to cycle: Cycle) {
    while now < cycle {
      let isQuiet =
        pulses.isEmpty && written == nil && readErrWord == nil && state.software == 0
        && (levels.isEmpty && state.requests.isEmpty || isSteady)
      guard isQuiet, !firing().contains(Self.referenceClockEvent) else {
        clock()
        continue
      }
      let pulse = nextReferencePulse()
      if pulse >= cycle {
        now = cycle
      } else if let reference, let last = reference.lastRising(before: cycle &- 2), last &+ 2 > pulse &+ 16,
        !isReferenceObservable
      {
        // Each of the pulses in between was counted, served into nothing, and left the arbiter behind event 168.
        state.pointer = 0
        now = last &+ 2
      } else {
        now = pulse
      }
      isServed = false
      timerEventsSent = 0
      isSteady = false
    }
  }

  /// Drives the outputs of cycle `now` and schedules the next cycle in which they may change.
  private func evaluate() {
    guard let slot else { return }
    serve()
    let events = firing()
    var error = false
    events.forEach { event in
      if state.counts[event] == 3 { error = true }
      if event == Int(state.timerSelLo), timerEventsSent & 1 == 0 {
        timerEventsSent |= 1
        onTimerEvent?(false, now)
      }
      if event == Int(state.timerSelHi), timerEventsSent & 2 == 0 {
        timerEventsSent |= 2
        onTimerEvent?(true, now)
      }
    }
    if error != errorLevel {
      errorLevel = error
      onErrorLine?(error, now)
    }
    let direct = (events.contains(7), events.contains(8))
    if direct.0 != directLevels.0 { onDirectLine?(30, direct.0, now) }
    if direct.1 != directLevels.1 { onDirectLine?(31, direct.1, now) }
    directLevels = direct

    let isActive =
      !pulses.isEmpty || written != nil || state.software != 0 || served >= 0 && !isSteady || readErrWord != nil
      || !levels.isEmpty && !isSteady || events.contains(Self.referenceClockEvent)
    if isActive {
      queue.schedule(slot, at: now &+ 1)
    } else if isReferenceObservable {
      queue.schedule(slot, at: nextReferencePulse())
    } else {
      queue.cancel(slot)
    }
  }
}

extension SoCEventGenerator.State: StateValue {
  fileprivate mutating func visitState(_ archive: StateArchive) {
    archive.visit("counts", fixed: &counts, in: 0...3)
    archive.visit("requests", &requests)
    archive.visit("pointer", &pointer, in: 0...SoCEventGenerator.eventCount - 1)
    archive.visit("fcMask", &fcMask)
    archive.visit("clMask", &clMask)
    archive.visit("prMask", &prMask)
    archive.visit("err", &err)
    archive.visit("timerSelHi", &timerSelHi, in: 0...0xFF)
    archive.visit("timerSelLo", &timerSelLo, in: 0...0xFF)
    archive.visit("software", &software)
    archive.require(
      (0..<256).allSatisfy { requests.contains($0) == ($0 < counts.count && counts[$0] > 0) },
      "requests and counts of events differ")
  }
}

extension SoCEventGenerator {
  public func visitState(_ archive: StateArchive) {
    archive.omits(
      "isReady", "onEvent", "onErrorLine", "onDirectLine", "admits", "onTimerEvent", "queue", "reference", "slot")
    archive.visit("clusterRoom", &clusterRoom, in: 0...8)
    archive.visit("now", cycle: &now)
    archive.visit("state", &state)
    archive.visit("levels", &levels)
    archive.visit("pulses", &pulses)
    archive.visit("written", &written)
    archive.visit("writtenValue", &writtenValue)
    archive.visit("readErrWord", &readErrWord, in: 0...7)
    archive.visit("isServed", &isServed)
    archive.visit("served", &served, in: -1...Self.eventCount - 1)
    archive.visit("servedTarget", &servedTarget)
    archive.visit("timerEventsSent", &timerEventsSent)
    archive.visit("errorLevel", &errorLevel)
    archive.visit("directLevels", &directLevels)
    archive.visit("isSteady", &isSteady)
    archive.require(
      !(Self.eventCount..<256).contains { levels.contains($0) || pulses.contains($0) }, "an event that does not exist")
    archive.require(!isServed || served < 0 || state.counts[served] > 0, "an event is served that was not raised")
  }
}
