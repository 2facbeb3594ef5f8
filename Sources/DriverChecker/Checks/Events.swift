// The way from an event to a handler: masks, the FIFO, handlers (rules event-…, irq-…).

import HardwareModel
import PULPissimo
import Peripherals
import RISCV
import RetentionAccelerator

/// What is known about events and interrupts.
struct EventState {
  /// Events in the FIFO, oldest first.
  var fifo: [UInt8] = []
  /// An event has been lost and nobody has looked which.
  var overflowed = false
  /// ERR0..7 as seen last.
  fileprivate var lost = [UInt32](repeating: 0, count: 8)
  private var lastLine = -1
  private var repetitions = 0
  /// Instructions of the program, outside of handlers.
  var instructionsOutside: UInt64 = 0
  private var instructionsAtEnd: UInt64 = 0
  /// The line that is handled.
  fileprivate(set) var line = -1
  fileprivate var reportedHandler = false

  /// Counts interrupts that follow each other at once; true at a storm.
  fileprivate mutating func took(_ line: Int) -> Bool {
    let isSame = line == lastLine && instructionsOutside &- instructionsAtEnd <= 4
    repetitions = isSame ? repetitions + 1 : 0
    lastLine = line
    self.line = line
    reportedHandler = false
    return repetitions == 256
  }

  mutating func handlerEnded() { instructionsAtEnd = instructionsOutside }
}

extension DriverChecker {
  /// Names that default handlers go by.
  private static let defaultHandlers: Set<String> = [
    "unexpected", "unexpected_interrupt", "default_handler", "Default_Handler", "DefaultHandler", "default_irq_handler",
    "__no_irq_handler", "no_irq_handler", "default_exception_handler", "_default_handler", "irq_default",
  ]

  /// True if FC_MASK keeps `event` from the core.
  func isMasked(_ event: Int) -> Bool {
    let register = SoCEventGeneratorRegisters.fcMask[event / 32]
    let mask = machine.bus.peek(MemoryMap.eventGenerator &+ register.offset, at: machine.hart.cycle) ?? 0
    return mask >> UInt32(event % 32) & 1 != 0
  }

  func tookInterrupt(_ line: Int, pc: Address, target: Address, at cycle: Cycle) {
    if line == InterruptController.eventLine { popped(at: cycle) } else if line >= 30 { observeTransfers() }
    if events.took(line) {
      report(
        EventRules.storm, at: Site(cycle: cycle, pc: pc, callers: trace.callers), pc: pc, part: "\(line)",
        subject: "line \(line)", message: "interrupt \(line) has been taken 256 times, and the program did not get on")
    }
    guard !program.code.isEmpty, !program.code.contains(where: { $0.contains(UInt64(target)) }),
      !(MemoryMap.rom..<MemoryMap.romEnd).contains(target)
    else { return }
    noHandler("the vector \(hexadecimal(target)) holds no code of the program", Site(cycle: cycle, pc: pc, callers: []))
  }

  private func noHandler(_ why: String, _ site: Site) {
    guard !events.reportedHandler else { return }
    events.reportedHandler = true
    let line = events.line
    report(
      EventRules.noHandler, at: site, pc: site.pc, part: "\(line)", subject: "line \(line)",
      message: "interrupt \(line) is taken, and no handler is installed for it: \(why)")
  }

  /// A handler jumps to itself.
  func handlerSpins() { noHandler("the handler is a jump to itself", here) }

  /// The program has come to a function in a handler.
  func enteredInHandler(_ function: String) {
    if Self.defaultHandlers.contains(function) { noHandler("\(function) handles it", here) }
  }

  // MARK: The FIFO

  private func popped(at cycle: Cycle) {
    guard !events.fifo.isEmpty else { return }
    observeEvent(events.fifo.removeFirst(), at: cycle)
  }

  func interruptControllerAccessed(_ access: BusAccess, _ register: Register?) {
    typealias Registers = InterruptControllerRegisters
    let bit = UInt32(1) << UInt32(InterruptController.eventLine)
    switch register?.offset {
    case Registers.intClr.offset where access.isWrite && access.value & bit != 0: popped(at: access.phase)
    case Registers.int.offset where access.isWrite:
      if access.value & bit == 0 { popped(at: access.phase) }
    case Registers.int.offset:
      // Who sees that an event waits, and listens to one only, knows which.
      if access.value & bit != 0, let first = events.fifo.first { observeEvent(first, at: access.phase) }
      if access.value >> 30 != 0 { observeTransfers() }
    default: break
    }
  }

  /// Some event has been lost since the last look.
  func eventOverflowed() {
    events.overflowed = false
    // Who looks at the jobs themselves, with the line open, may lose a wake-up: three of its kind are still to come.
    let line = UInt32(1) << UInt32(InterruptController.eventLine)
    let isForgiven = protocolState.looksAtJobs && machine.interruptController.mask & line != 0
    for (word, register) in SoCEventGeneratorRegisters.err.enumerated() {
      let bits = machine.bus.peek(MemoryMap.eventGenerator &+ register.offset, at: machine.hart.cycle) ?? 0
      let new = bits & ~events.lost[word]
      events.lost[word] = bits
      for bit in 0..<32 where new >> UInt32(bit) & 1 != 0 {
        let event = 32 * word + bit
        if isMasked(event) || isForgiven && (event == RETA.doneEvent || event == RETA.errorEvent) { continue }
        report(
          EventRules.overflow, part: "\(event)", subject: "SOC_EVENT.\(register.name) bit \(bit)",
          message: "event \(event) is lost: the FIFO and its counter are full")
      }
    }
  }
}
