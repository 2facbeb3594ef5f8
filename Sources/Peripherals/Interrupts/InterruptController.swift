// The fabric controller's interrupt controller: 32 lines, a mask, pending bits, and the event FIFO behind line 26.
//
// Follows `apb_interrupt_cntrl.sv` v0.2.0 and its register traces, cycle for cycle (reference section 3). State is kept
// for one cycle (`now`) together with the inputs of that cycle; a later access clocks it forward. Once the state is
// steady any number of cycles costs nothing. Left out: the secure-mode outputs, which PULPissimo does not use.

import HardwareModel

/// The FC interrupt controller (FC_ITC). It presents the highest pending, enabled line to the core.
public final class InterruptController: BusTarget {
  /// The line that the event FIFO drives.
  public static let eventLine = 26
  /// The line that the reference clock drives.
  public static let referenceClockLine = 14

  fileprivate struct State: Equatable {
    var mask: UInt32 = 0
    var int: UInt32 = 0
    var ack: UInt32 = 0
    /// Oldest entry in the low byte.
    var fifo: UInt32 = 0
    var fifoCount = 0
    var poppedEvent: UInt32 = 0

    /// The line presented to the core, -1 for none.
    var request: Int {
      let active = int & mask
      return active == 0 ? -1 : 31 - active.leadingZeroBitCount
    }
  }

  /// Called when the presented line changes: the new line (-1: none) and the first cycle in which it is visible. A
  /// second call with the same cycle replaces the first.
  public var onRequestChange: ((_ line: Int, _ from: Cycle) -> Void)?
  /// Called when the event FIFO stops being full, with the first cycle in which it accepts.
  public var onFIFOReady: ((_ from: Cycle) -> Void)?

  private let queue: EventQueue
  private let reference: ReferenceClock?
  private var slot: EventQueue.Slot?

  private var now: Cycle = 0
  private var state = State()
  /// What the next cycle's state will be, if that is known.
  private var following: State?
  // Inputs of cycle `now`.
  private var levels: UInt32 = 0
  private var pulses: UInt32 = 0
  private var pushed: UInt8?
  private var acknowledged = -1
  private var written: Register?
  private var writtenValue: UInt32 = 0
  private var presented = -1

  /// A controller on `queue`. `reference` drives line 14; without it that line is like any other.
  public init(queue: EventQueue, reference: ReferenceClock?) {
    self.queue = queue
    self.reference = reference
    slot = queue.register("FC_ITC", lines: .max) { [unowned(unsafe) self] cycle in
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

  public var registers: RegisterBlock { InterruptControllerRegisters.block }

  // MARK: Lines

  /// Line `line` is high in `cycle` only.
  public func pulse(_ line: Int, at cycle: Cycle) {
    advance(to: cycle)
    pulses |= 1 << UInt32(line & 31)
    evaluate()
  }

  /// Line `line` has level `level` from `cycle` on.
  public func setLine(_ line: Int, _ level: Bool, at cycle: Cycle) {
    let bit = UInt32(1) << UInt32(line & 31)
    guard (levels & bit != 0) != level else { return }
    if state.int & bit != 0, written == nil, acknowledged < 0 {
      // It is pending, and nothing under way ends that: a level more or less says nothing new.
      levels ^= bit
      return
    }
    advance(to: cycle)
    levels = level ? levels | bit : levels & ~bit
    evaluate()
  }

  /// True if the event FIFO accepts an event in `cycle`.
  public func isFIFOReady(at cycle: Cycle) -> Bool {
    advance(to: cycle)
    return state.fifoCount < 4
  }

  /// Offers `event` to the event FIFO in `cycle`; true if it is taken.
  @discardableResult
  public func push(_ event: UInt8, at cycle: Cycle) -> Bool {
    advance(to: cycle)
    guard state.fifoCount < 4 else { return false }
    pushed = event
    evaluate()
    return true
  }

  // MARK: Core

  /// The line presented to the core in `cycle`, -1 for none.
  public func request(at cycle: Cycle) -> Int {
    advance(to: cycle)
    return state.request
  }

  /// The core acknowledges `line` in `cycle`.
  public func acknowledge(_ line: Int, at cycle: Cycle) {
    advance(to: cycle)
    acknowledged = line & 31
    evaluate()
  }

  /// Enabled lines, as they will be in the next cycle.
  public var mask: UInt32 { written == nil ? state.mask : nextState().mask }
  /// Pending lines, as they will be in the next cycle.
  public var pending: UInt32 { nextState().int }

  /// Lines that this block itself can still make pending: whatever is high, the FIFO's line and the reference clock's.
  public func possibleLines(at cycle: Cycle) -> UInt32 {
    advance(to: cycle)
    let next = nextState()
    var lines = levels | pulses | next.int
    if next.fifoCount > 0 { lines |= 1 << UInt32(Self.eventLine) }
    if reference != nil { lines |= 1 << UInt32(Self.referenceClockLine) }
    return lines
  }

  // MARK: Bus

  public func read(_ offset: UInt32, at cycle: Cycle) -> UInt32 {
    advance(to: cycle)
    switch offset & 0x3C {
    case InterruptControllerRegisters.mask.offset: return state.mask
    case InterruptControllerRegisters.int.offset: return state.int
    case InterruptControllerRegisters.ack.offset: return state.ack
    case InterruptControllerRegisters.fifo.offset: return state.poppedEvent
    default: return 0
    }
  }

  public func peek(_ offset: UInt32, at cycle: Cycle) -> UInt32 { read(offset, at: cycle) }

  /// Only the reference clock changes anything by itself.
  public func forecast(_ offset: UInt32, at cycle: Cycle) -> ReadForecast? {
    advance(to: cycle)
    guard pulses == 0, pushed == nil, acknowledged < 0, written == nil, nextState() == state else { return nil }
    return ReadForecast(.constant, until: nextReferencePulse(after: now))
  }

  public func write(_ offset: UInt32, _ value: UInt32, at cycle: Cycle) {
    advance(to: cycle)
    written = registers.register(at: offset & 0x3C)
    writtenValue = value
    evaluate()
  }

  // MARK: Clock

  private func nextState() -> State {
    if let following { return following }
    var next = state
    let eventBit = UInt32(1) << UInt32(Self.eventLine)
    var events = (levels | pulses) & ~eventBit
    if state.fifoCount > 0 { events |= eventBit }
    let referenceBit = UInt32(1) << UInt32(Self.referenceClockLine)
    if let reference, state.int & referenceBit == 0 || written != nil || acknowledged >= 0, now >= 2,
      reference.nextEdge(atOrAfter: now &- 2) == now &- 2
    {
      events |= referenceBit
    }

    var isPopping = acknowledged == Self.eventLine
    next.int = state.int | events
    if let written {
      switch written.offset {
      case InterruptControllerRegisters.mask.offset: next.mask = writtenValue
      case InterruptControllerRegisters.maskSet.offset: next.mask |= writtenValue
      case InterruptControllerRegisters.maskClr.offset: next.mask &= ~writtenValue
      case InterruptControllerRegisters.int.offset:
        next.int = writtenValue
        if writtenValue & eventBit == 0 { isPopping = true }
      case InterruptControllerRegisters.intSet.offset: next.int |= writtenValue
      case InterruptControllerRegisters.intClr.offset:
        next.int &= ~writtenValue
        if writtenValue & eventBit != 0 { isPopping = true }
      case InterruptControllerRegisters.ack.offset: next.ack = writtenValue
      case InterruptControllerRegisters.ackSet.offset: next.ack |= writtenValue
      case InterruptControllerRegisters.ackClr.offset: next.ack &= ~writtenValue
      default: break
      }
    }
    if acknowledged >= 0 {
      let bit = UInt32(1) << UInt32(acknowledged)
      next.int &= ~bit
      next.ack |= bit
    }

    if isPopping, state.fifoCount > 0 {
      next.poppedEvent = state.fifo & 0xFF
      next.fifo >>= 8
      next.fifoCount -= 1
    }
    if let pushed, state.fifoCount < 4 {
      next.fifo |= UInt32(pushed) << UInt32(8 * next.fifoCount)
      next.fifoCount += 1
    }
    return next
  }

  private func advance(to cycle: Cycle) {
    while now < cycle {
      let hasInputs = pulses != 0 || pushed != nil || acknowledged >= 0 || written != nil
      let next = nextState()
      following = nil
      if !hasInputs, next == state {
        // Steady: only the reference clock can change anything, and only while its bit is not pending.
        now = min(cycle, nextReferencePulse(after: now))
        continue
      }
      state = next
      now &+= 1
      pulses = 0
      pushed = nil
      acknowledged = -1
      written = nil
    }
  }

  /// The next cycle in which line 14 would set a pending bit that is 0.
  private func nextReferencePulse(after cycle: Cycle) -> Cycle {
    guard let reference, state.int & (1 << UInt32(Self.referenceClockLine)) == 0 else { return .never }
    let edge = reference.nextEdge(atOrAfter: cycle >= 1 ? cycle &- 1 : 0)
    return edge == .never ? .never : edge &+ 2
  }

  /// Reports what the inputs of `now` make of the next cycle, and schedules what follows without further input.
  private func evaluate() {
    guard let slot else { return }
    following = nil
    let next = nextState()
    following = next
    let line = next.request
    if line != presented {
      presented = line
      onRequestChange?(line, now &+ 1)
    }
    if state.fifoCount == 4, next.fifoCount < 4 { onFIFOReady?(now &+ 1) }

    let eventBit = UInt32(1) << UInt32(Self.eventLine)
    var rising = levels & ~eventBit
    if next.fifoCount > 0 { rising |= eventBit }
    if rising & ~next.int != 0 {
      queue.schedule(slot, at: now &+ 1)
      return
    }
    let referenceBit = UInt32(1) << UInt32(Self.referenceClockLine)
    if let reference, next.mask & referenceBit != 0, next.int & referenceBit == 0 {
      let edge = reference.nextEdge(atOrAfter: now >= 1 ? now &- 1 : 0)
      if edge != .never {
        queue.schedule(slot, at: edge &+ 2)
        return
      }
    }
    queue.cancel(slot)
  }
}

extension InterruptController.State: StateValue {
  fileprivate mutating func visitState(_ archive: StateArchive) {
    archive.visit("mask", &mask)
    archive.visit("int", &int)
    archive.visit("ack", &ack)
    archive.visit("fifo", &fifo)
    archive.visit("fifoCount", &fifoCount, in: 0...4)
    archive.visit("poppedEvent", &poppedEvent)
  }
}

extension InterruptController {
  public func visitState(_ archive: StateArchive) {
    archive.omits("onRequestChange", "onFIFOReady", "queue", "reference", "slot", "following")
    if archive.isLoading { following = nil }
    archive.visit("now", cycle: &now)
    archive.visit("state", &state)
    archive.visit("levels", &levels)
    archive.visit("pulses", &pulses)
    archive.visit("pushed", &pushed)
    archive.visit("acknowledged", &acknowledged, in: -1...31)
    var offset = written?.offset
    archive.visit("written", &offset)
    if archive.isLoading { written = offset.flatMap { registers.register(at: $0) } }
    archive.visit("writtenValue", &writtenValue)
    archive.visit("presented", &presented, in: -1...31)
  }
}
