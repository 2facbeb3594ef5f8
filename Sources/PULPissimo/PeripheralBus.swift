// The way from the core's data port to the peripherals: address decode, latencies, and what answers where nothing is.
//
// Source: `pulpissimo.md` sections 1.2, 1.3 and 7.4 (latencies measured on the RTL of the bridges).

import HardwareModel
import Peripherals
import RISCV
import RetentionAccelerator

/// The AXI and APB side of the interconnect, as the core sees it.
public final class PeripheralBus: HartBus {
  struct Slot {
    let base: Address
    let size: UInt32
    let target: any BusTarget
    /// The same if it holds several blocks.
    let segments: (any SegmentedTarget)?
  }

  private(set) var slots: [Slot] = []
  private let sameDirectionWait: Bool
  private let clusterAnswers: Bool
  /// Answer cycles of the last read and the last write on the AXI side.
  private var lastAnswer: (read: Cycle, write: Cycle) = (.never, .never)

  // All of these live as long as the machine that owns them and this bus. Not weak: a weak reference makes every
  // retain of its object slow.
  unowned(unsafe) var queue: EventQueue?
  /// The pins, which may still be driven from outside.
  unowned(unsafe) var pads: PadRing?
  unowned(unsafe) var udma: UDMA?
  unowned(unsafe) var accelerator: RETA?
  unowned(unsafe) var interruptController: InterruptController?
  unowned(unsafe) var eventGenerator: SoCEventGenerator?
  /// Told of an access that has taken place. For injected faults.
  var onAccess: ((Address, _ isWrite: Bool, Cycle) -> Void)?
  /// Slots answer so many cycles later to what is requested before a cycle, an injected fault.
  var slowdown: (cycles: Cycle, until: Cycle) = (0, 0)
  /// Events that an injected fault holds back.
  var delayedEvents = EventSet()
  var onDiagnostic: DiagnosticSink?
  var currentAccess: (() -> (pc: Address, cycle: Cycle))?
  private var reportedPlaces: Set<UInt64> = []
  private static let mostReported = 4096

  /// Cycles from the grant to the APB access phase.
  private static let accessPhase: Cycle = 3
  /// D of a zero-wait APB access.
  private static let slotDelay: Cycle = 3
  /// D inside the APB range where no slot answers.
  private static let noSlotDelay: Cycle = 2

  init(sameDirectionWait: Bool, clusterAnswers: Bool) {
    self.sameDirectionWait = sameDirectionWait
    self.clusterAnswers = clusterAnswers
  }

  func add(_ target: some BusTarget, at base: Address, size: UInt32) {
    slots.append(Slot(base: base, size: size, target: target, segments: nil))
  }

  func add(_ target: some SegmentedTarget, at base: Address, size: UInt32) {
    slots.append(Slot(base: base, size: size, target: target, segments: target))
  }

  /// The number of the slot that an access found last: the next one is often for the same. Slots do not overlap.
  private var lastSlot = 0

  private func slotIndex(at address: Address) -> Int? {
    if lastSlot < slots.count, address &- slots[lastSlot].base < slots[lastSlot].size { return lastSlot }
    guard let index = slots.firstIndex(where: { address &- $0.base < $0.size }) else { return nil }
    lastSlot = index
    return index
  }

  private func slot(at address: Address) -> Slot? { slotIndex(at: address).map { slots[$0] } }

  /// The block and the register that an access to `address` reaches.
  public func register(at address: Address) -> (block: RegisterBlock, register: Register?)? {
    guard let slot = slot(at: address) else { return nil }
    let block = slot.segments?.block(at: address &- slot.base) ?? slot.target.registers
    let offset = (address &- slot.base) & (block.size &- 1)
    return (block, block.register(at: offset))
  }

  /// The value that a debugger sees at a peripheral's address. The core may stand in a cycle (`Hart.cycle`) behind which
  /// an event is still to fire; no block is moved past it.
  public func peek(_ address: Address, at cycle: Cycle) -> UInt32? {
    let due = queue?.next ?? .never
    return slot(at: address).map { $0.target.peek(address &- $0.base, at: min(cycle, due)) }
  }

  /// Writes a register behind the core's back; false where no block is.
  func poke(_ address: Address, _ value: UInt32, at cycle: Cycle) -> Bool {
    guard let slot = slot(at: address) else { return false }
    slot.target.write(address &- slot.base, value, at: cycle)
    return true
  }

  // MARK: HartBus

  public func plan(_ address: Address, isWrite: Bool, value: UInt32, request: Cycle) -> BusPlan {
    if !clusterAnswers, MemoryMap.clusterPlug.contains(address) {
      return BusPlan(delay: .init(), phase: 0, outcome: .never)
    }
    if address >= MemoryMap.rom && address < MemoryMap.romEnd { return BusPlan(delay: .init(), phase: 0) }
    var outcome = BusPlan.Outcome.answered
    var phase: Cycle = 0
    var answer: Cycle
    if !MemoryMap.peripherals.contains(address) {
      answer = isWrite ? 0 : 1
    } else if let index = slotIndex(at: address) {
      switch slots[index].target.answer(address &- slots[index].base, isWrite: isWrite) {
      case .waitStates(let count): answer = Self.slotDelay + Cycle(max(count, 0))
      case .never: return BusPlan(delay: .init(), phase: 0, outcome: .never)
      }
      phase = Self.accessPhase
      if request < slowdown.until { answer += slowdown.cycles }
      if isWrite, endsProgram(address, value) { outcome = .endsProgram }
    } else {
      answer = isErrorSlave(address) ? Self.slotDelay : Self.noSlotDelay
    }
    var grant: Cycle = 0
    if sameDirectionWait, request == (isWrite ? lastAnswer.write : lastAnswer.read) { grant = 1 }
    let answered = request + grant + 1 + answer
    if isWrite { lastAnswer.write = answered } else { lastAnswer.read = answered }
    return BusPlan(delay: AccessDelay(grant: grant, answer: answer), phase: phase, outcome: outcome)
  }

  /// A store to CORESTATUS with bit 31 set.
  private func endsProgram(_ address: Address, _ value: UInt32) -> Bool {
    guard value >> 31 != 0, let reached = register(at: address), let register = reached.register else { return false }
    return register.name == SoCControlRegisters.coreStatus.name
      && reached.block.name == SoCControlRegisters.block.name
      && (reached.block.source != SoCControlRegisters.block.source || address & 3 == 0)
  }

  private func isErrorSlave(_ address: Address) -> Bool { MemoryMap.chipControl.contains(address) }

  public func read(_ address: Address, at cycle: Cycle) -> UInt32 {
    defer { onAccess?(address, false, cycle) }
    if let index = slotIndex(at: address) {
      return slots[index].target.read(address &- slots[index].base, at: cycle)
    }
    if let word = romWord(address) { return word }
    let data = errorData(address)
    reportUnmapped(address, "load from", "it reads 0x" + String(data, radix: 16, uppercase: true))
    return data
  }

  public func write(_ address: Address, _ value: UInt32, size: Int, at cycle: Cycle) {
    defer { onAccess?(address, true, cycle) }
    if let index = slotIndex(at: address) {
      return slots[index].target.write(address &- slots[index].base, value, at: cycle)
    }
    if address >= MemoryMap.rom && address < MemoryMap.romEnd {
      onDiagnostic?(
        Diagnostic(.readOnly, key: "rom@\(address)", "store to the boot ROM at \(hex(address)): ignored"))
      return
    }
    reportUnmapped(address, "store to", "it is dropped")
  }

  public func forecast(_ address: Address, at cycle: Cycle) -> ReadForecast? {
    // An injected fault may wait for any access.
    guard onAccess == nil, cycle >= slowdown.until, let slot = slot(at: address) else { return nil }
    return slot.target.forecast(address &- slot.base, at: cycle)
  }

  public func skipped(_ cycles: Cycle) {
    if lastAnswer.read != .never { lastAnswer.read &+= cycles }
  }

  public func peekFetch(_ address: Address) -> UInt32 {
    romWord(address) ?? dataWord?(address) ?? errorData(address)
  }

  public func fetch(_ address: Address) -> UInt32 {
    if let word = romWord(address) { return word }
    if let word = dataWord?(address) {
      onDiagnostic?(
        Diagnostic(
          .execution, key: "data@\(address)",
          "instruction fetch from \(hex(address)), which lies in no executable segment of the image: data is executed"))
      return word
    }
    let data = errorData(address)
    onDiagnostic?(
      Diagnostic(
        .execution, key: "fetch@\(address)",
        "instruction fetch from \(hex(address)), where there is no memory: the core executes 0x"
          + String(data, radix: 16, uppercase: true)))
    return data
  }

  public func acknowledge(_ line: Int, at cycle: Cycle) {
    interruptController?.acknowledge(line, at: cycle)
  }

  public var enabledLines: UInt32 { interruptController?.mask ?? .max }

  public func canWake(mie: UInt32, at cycle: Cycle) -> Bool {
    guard let interruptController, let eventGenerator else { return false }
    let wanted = interruptController.mask & mie
    // Asked at every event of a sleep: a transfer or a job that is under way is what most sleeps wait for.
    if let accelerator, eventGenerator.lines(of: accelerator.possibleEvents(at: cycle)) & wanted != 0 { return true }
    if let udma, eventGenerator.lines(of: udma.possibleEvents(at: cycle)) & wanted != 0 { return true }
    var lines = interruptController.possibleLines(at: cycle)
    var events = delayedEvents
    for slot in slots where slot.target !== interruptController {
      lines |= slot.target.possibleLines(at: cycle)
      events.formUnion(slot.target.possibleEvents(at: cycle))
    }
    let timer = slots.lazy.compactMap { $0.target as? AdvancedTimer }.first
    if let pads, pads.hasStimuli || pads.hasTimerPads && timer?.isRunning(at: cycle) ?? false {
      lines |= 1 << 15
      events.insert(139)
    }
    if let udma {
      events.formUnion(udma.possibleEvents(at: cycle, triggeredBy: { eventGenerator.triggers(of: $0) }, given: events))
    }
    lines |= eventGenerator.lines(of: events)
    return lines & wanted != 0
  }

  // MARK: Errors

  /// What an access that is never answered has reached.
  func unansweredPlace(_ address: Address) -> String {
    if MemoryMap.clusterPlug.contains(address) {
      return "the plug for an external cluster, which nothing is connected to"
    }
    switch slot(at: address)?.target {
    case is UDMA: return "a slot of the uDMA that has no peripheral"
    case is FLL: return "the registers of an FLL that does not exist"
    case let target?: return "a part of \(target.registers.name) that does not answer"
    case nil: return "nothing that answers"
    }
  }

  private func romWord(_ address: Address) -> UInt32? {
    guard address >= MemoryMap.rom && address < MemoryMap.romEnd else { return nil }
    return rom?.word(MemoryMap.rom &+ (address & (MemoryMap.romSize &- 1)))
  }
  unowned(unsafe) var rom: DirectMemory?
  /// Memory that holds no code, to the instruction port; nil where there is none.
  var dataWord: ((Address) -> UInt32?)?

  private func errorData(_ address: Address) -> UInt32 {
    MemoryMap.peripherals.contains(address) && !isErrorSlave(address)
      ? MemoryMap.slotErrorData : MemoryMap.decodeErrorData
  }

  private func reportUnmapped(_ address: Address, _ what: String, _ consequence: String) {
    let pc = currentAccess?().pc ?? 0
    // One remark for each instruction and page; a loop that goes on with it must not be slowed down by text.
    let place = UInt64(pc) << 32 | UInt64(address & ~0xFFF)
    guard reportedPlaces.count < Self.mostReported, reportedPlaces.insert(place).inserted else { return }
    onDiagnostic?(
      Diagnostic(
        .unmapped, key: "unmapped@\(pc):\(address & ~0xFFF)",
        "\(what) \(hex(address)), where nothing is mapped: \(consequence)"))
  }

  private func hex(_ address: Address) -> String {
    let digits = String(address, radix: 16)
    return "0x" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits
  }
}

/// A bus target that holds several register blocks side by side (the uDMA and its peripherals).
public protocol SegmentedTarget: BusTarget {
  /// The block that `offset` lies in; its registers count from `offset` modulo the block's size.
  func block(at offset: UInt32) -> RegisterBlock?
}

extension PeripheralBus: Stateful {
  public func visitState(_ archive: StateArchive) {
    archive.omits(
      "sameDirectionWait", "clusterAnswers", "lastSlot", "queue", "pads", "udma", "accelerator", "interruptController",
      "eventGenerator",
      "onAccess", "onDiagnostic", "currentAccess", "rom", "dataWord")
    archive.visit("slowdown", cycle: &slowdown.cycles)
    archive.visit("slowdown", cycle: &slowdown.until)
    archive.visit("delayedEvents", &delayedEvents)
    // A block may answer in two places.
    var seen: Set<ObjectIdentifier> = []
    for slot in slots where seen.insert(ObjectIdentifier(slot.target)).inserted { archive.visit("slots", slot.target) }
    archive.visit("lastAnswer", due: &lastAnswer.read)
    archive.visit("lastAnswer", due: &lastAnswer.write)
    var places = reportedPlaces.sorted()
    archive.visit("reportedPlaces", &places, most: Self.mostReported)
    if archive.isLoading { reportedPlaces = Set(places) }
  }
}
