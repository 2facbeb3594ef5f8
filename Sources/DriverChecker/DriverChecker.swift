// The driver checker: watches a run instruction by instruction and tells what its program does wrong with the hardware.
//
// Listens to the core (every instruction), to the accelerator's jobs and descriptors, to the uDMA's completions and to
// events; nothing that it does changes the run. Each family of rules has a file under Checks; what they share is here.
// Leaves out: what happens inside memory that --memory adds (always taken for initialised and nobody's).

import HardwareModel
import PULPissimo
import Peripherals
import RISCV
import RetentionAccelerator

/// Checks one machine's run.
public final class DriverChecker: InstructionObserver {
  unowned let machine: Machine
  let program: ProgramMap
  private let suppressions: [Suppression]
  /// Ends the run at the first finding that is not a note.
  private let stopsAtFinding: Bool
  /// Told of every finding when it is new.
  public var onFinding: ((Finding) -> Void)?
  /// The functions that an address belongs to, for suppressions: the symbol table's, and those that were inlined.
  public var functions: (Address) -> [String]
  /// In order of their first time.
  public private(set) var findings: [Finding] = []
  /// Findings that a suppression has swallowed, with repetitions.
  public private(set) var suppressedCount: UInt64 = 0
  /// The finding that ended the run.
  public private(set) var stopped: Finding?
  private var known: [Key: Int] = [:]

  private struct Key: Hashable {
    let rule: String
    let pc: Address
    let part: String
  }

  // MARK: What the checks share

  let memory: ShadowMemory
  let registers = ShadowRegisters()
  var trace = CallTrace()
  /// The instruction that executes now.
  private(set) var pc: Address = 0
  private(set) var cycle: Cycle = 0
  /// Interrupts under way.
  private(set) var handlerLevel = 0
  /// The last accesses to peripherals, with the calls that led to them: they take place later.
  private var accessSites: [Site] = []

  var codeRange: Range<UInt64> = 0..<0
  var stack = StackState()
  var code = CodeState()
  var jobs = JobState()
  var protocolState = ProtocolState()
  var transfers: TransferState
  var events = EventState()
  var sleep = SleepState()
  var recent = RecentAccesses()

  /// Attaches a checker to `machine`, which must not have run yet.
  public init(
    _ machine: Machine, _ program: ProgramMap, suppressions: [Suppression] = [], stopsAtFinding: Bool = false
  ) {
    self.machine = machine
    self.program = program
    functions = { [program] in [program.function(at: $0)?.name].compactMap { $0 } }
    self.suppressions = suppressions
    self.stopsAtFinding = stopsAtFinding
    memory = ShadowMemory(machine.l2)
    transfers = TransferState(machine)
    for range in program.initialised {
      guard let start = Address(exactly: range.lowerBound) else { continue }
      memory.fill(canonical(start), Int(clamping: range.count), isDefined: true)
    }
    attach()
  }

  deinit { registers.deallocate() }

  /// What the program asks of a checker: SLTI with x0 as destination, a hint that the ISA manual leaves to such uses.
  /// 0x7C1 keeps findings away until as many 0x7C2 follow (firmware/hal/checker.h).
  private func request(_ code: UInt32) {
    switch code {
    case 0x7C1: silence += 1
    case 0x7C2: silence = max(0, silence - 1)
    default: break
    }
  }
  private var silence = 0

  /// Puts this observer beside the ones that are there.
  private func attach() {
    let accelerator = machine.accelerator
    let started = accelerator.onJobStarted
    accelerator.onJobStarted = { [unowned self] job in
      started?(job)
      jobStarted(job)
    }
    let ended = accelerator.onJobEnded
    accelerator.onJobEnded = { [unowned self] job in
      ended?(job)
      jobEnded(job)
    }
    let descriptor = accelerator.onDescriptor
    accelerator.onDescriptor = { [unowned self] record in
      descriptor?(record)
      descriptorEnded(record)
    }
    let completed = machine.udma.onEvent
    machine.udma.onEvent = { [unowned self] event, cycle in
      completed?(event, cycle)
      transferCompleted(event, at: cycle)
    }
    let passed = machine.eventGenerator.onEvent
    machine.eventGenerator.onEvent = { [unowned self] target, event, cycle in
      passed?(target, event, cycle)
      if target == .fabricController { events.fifo.append(event) }
    }
    let written = machine.onOutsideWrite
    machine.onOutsideWrite = { [unowned self] address, count in
      written?(address, count)
      memory.fill(canonical(address), count, isDefined: true)
    }
    let overflow = machine.eventGenerator.onErrorLine
    machine.eventGenerator.onErrorLine = { [unowned self] level, cycle in
      overflow?(level, cycle)
      if level { events.overflowed = true }
    }
  }

  /// The function of the symbol table that `address` lies in.
  public func symbol(at address: Address) -> String? { program.function(at: address)?.name }

  /// Somebody outside has written registers of the core.
  public func registersLoaded() { registers.defineAll() }

  // MARK: Reporting

  /// Where the program is now.
  var here: Site { Site(cycle: cycle, pc: pc, callers: trace.callers) }

  /// Adds a finding, or counts it if it is known. `part` tells findings of one rule and place apart.
  func report(
    _ rule: Rule, at site: @autoclosure () -> Site, pc place: Address, part: String = "",
    subject: @autoclosure () -> String, message: @autoclosure () -> String,
    related: @autoclosure () -> [(what: String, site: Site)] = []
  ) {
    if silence > 0 {
      suppressedCount += 1
      return
    }
    let key = Key(rule: rule.id, pc: place, part: part)
    if let index = known[key] {
      if index < 0 { suppressedCount += 1 } else { findings[index].count += 1 }
      return
    }
    let site = site()
    let callers = [place] + site.callers
    if suppressions.contains(where: {
      $0.matches(rule.id, callers.lazy.flatMap { [functions] in functions($0) })
    }) {
      known[key] = -1
      suppressedCount += 1
      return
    }
    known[key] = findings.count
    let finding = Finding(rule: rule, site: site, subject: subject(), message: message(), related: related())
    findings.append(finding)
    onFinding?(finding)
    if stopsAtFinding, rule.severity != .note, stopped == nil {
      stopped = finding
      machine.endForCheck("\(rule.id): \(finding.message)", pc: place)
    }
  }

  /// Adds a finding at the present instruction.
  func report(
    _ rule: Rule, part: String = "", subject: @autoclosure () -> String, message: @autoclosure () -> String,
    related: @autoclosure () -> [(what: String, site: Site)] = []
  ) {
    report(rule, at: here, pc: pc, part: part, subject: subject(), message: message(), related: related())
  }

  /// `x+0x10 (0x1C010010)`.
  func describe(_ address: Address) -> String {
    let name = program.describe(address)
    let number = hexadecimal(address)
    return name == number ? number : "\(name) (\(number))"
  }

  // MARK: Addresses

  /// The memory's own address behind an alias.
  func canonical(_ address: Address) -> Address {
    if address < MemoryMap.dataAliasSize { return MemoryMap.privateBank0 &+ address }
    let fitted = UInt32(truncatingIfNeeded: machine.interleaved.size)
    let repetition = MemoryMap.interleaved &+ fitted
    if fitted < MemoryMap.interleavedWindow, address >= repetition, address &- repetition < fitted {
      return address &- fitted
    }
    return address
  }

  /// The offset in L2 of a data access.
  @inline(__always)
  private func offset(_ address: Address) -> Int? {
    if let offset = memory.offset(address) { return offset }
    let place = canonical(address)
    return place == address ? nil : memory.offset(place)
  }

  // MARK: InstructionObserver

  public func issuing(_ instruction: Instruction, pc: Address, at cycle: Cycle, hart: Hart) {
    self.pc = pc
    self.cycle = cycle
    let isOutside = handlerLevel == 0
    if !codeRange.contains(UInt64(pc)) { enteredOtherCode(hart) }
    if code.isStale { checkStaleCode(instruction) }
    if events.overflowed { eventOverflowed() }
    switch instruction.timing {
    case .alu, .multiplyHigh, .divide, .csr:
      if instruction.operation == .slti, instruction.rd == 0 { request(instruction.immediate) }
      if instruction.timing == .csr, instruction.csr == 0x300, handlerLevel == 0 {
        sleep.statusAt = events.instructionsOutside
      }
      registers.propagate(instruction, hart)
    case .load: load(instruction, hart)
    case .store: store(instruction, hart)
    case .branch:
      if !registers.isDecided(instruction, hart) { undecidedBranch(instruction) }
      if handlerLevel == 0 { sleep.branched(at: events.instructionsOutside) }
    case .jump:
      registers.propagate(instruction, hart)
      trace.jumped(instruction, at: pc, target: pc &+ instruction.immediate)
      if handlerLevel > 0, instruction.immediate == 0, instruction.rd == 0 { handlerSpins() }
    case .jumpRegister:
      if registers[instruction.rs1] != 0 { undefinedAddress(instruction, "the target of a jump") }
      let target = (hart[register: Int(instruction.rs1)] &+ instruction.immediate) & ~1
      if memory.offset(target) == nil { jumpsOutside(target) }
      registers.propagate(instruction, hart)
      trace.jumped(instruction, at: pc, target: target)
    case .machineReturn: returned()
    case .waitForInterrupt: goesToSleep(hart)
    case .fence: if instruction.operation == .fenceI { fenced() }
    case .environment, .illegal: break
    }
    if instruction.rd == 2 { stack.before = hart[register: 2] }
    if isOutside { events.instructionsOutside &+= 1 }
  }

  public func executed(_ instruction: Instruction, pc: Address, at cycle: Cycle, hart: Hart) {
    if instruction.rd == 2 { stackPointerChanged(instruction, hart) }
    // A host call may have filled registers.
    if instruction.operation == .ebreak { registers.set(10, 0) }
  }

  public func loaded(_ rd: Int, _ value: UInt32, pc: Address) {}

  @inline(__always)
  private func load(_ instruction: Instruction, _ hart: Hart) {
    if registers[instruction.rs1] != 0 { undefinedAddress(instruction, "the address of a load") }
    let address = hart[register: Int(instruction.rs1)] &+ instruction.immediate
    if instruction.rd == 1, instruction.rs1 == 2 { checkReturnAddress(address) }
    guard let offset = offset(address) else {
      registers.set(instruction.rd, 0)
      if MemoryMap.peripherals.contains(address) { rememberSite() }
      return
    }
    let bits = memory.undefinedBits(offset)
    registers.set(
      instruction.rd, bits == 0 ? 0 : ShadowRegisters.extend(instruction.operation, bits), origin: address)
    let size = Self.size(instruction.operation)
    recent.add(address: memory.base &+ UInt32(offset), size: size, isWrite: false, pc: pc, cycle: cycle)
    if !memory.uses(offset, bytes: size).isDisjoint(with: [.jobWrites, .transferWrites]) {
      hostTouches(memory.base &+ UInt32(offset), size, isWrite: false, at: here)
    }
    if handlerLevel == 0 { sleep.loaded(memory.base &+ UInt32(offset), pc: pc, at: events.instructionsOutside) }
  }

  @inline(__always)
  private func store(_ instruction: Instruction, _ hart: Hart) {
    if registers[instruction.rs1] != 0 { undefinedAddress(instruction, "the address of a store") }
    let address = hart[register: Int(instruction.rs1)] &+ instruction.immediate
    let size = Self.size(instruction.operation)
    let bits = registers[instruction.rs2]
    guard let offset = offset(address) else {
      guard MemoryMap.peripherals.contains(address) else { return }
      rememberSite()
      if MemoryMap.udma <= address { issuesStore(toTransfers: address, hart[register: Int(instruction.rs2)]) }
      if bits != 0, size == 4 || bits & (1 << UInt32(8 * size) &- 1) != 0 { undefinedRegister(instruction, address) }
      return
    }
    let place = memory.base &+ UInt32(offset)
    if instruction.rs2 == 1, instruction.rs1 == 2 { trace.saved(hart[register: 1], at: address) }
    memory.setUndefined(offset, bits, bytes: size)
    memory.wrote(offset, pc: pc)
    recent.add(address: place, size: size, isWrite: true, pc: pc, cycle: cycle)
    if !memory.uses(offset, bytes: size).isEmpty { hostTouches(place, size, isWrite: true, at: here) }
    if code.isGuarded(place) { storedToProgram(place, size) }
    if handlerLevel > 0 { handlerStores(place, hart) } else { sleep.stored(place) }
  }

  private static func size(_ operation: Operation) -> Int {
    switch operation {
    case .lb, .lbu, .sb: 1
    case .lh, .lhu, .sh: 2
    default: 4
    }
  }

  private func rememberSite() {
    if accessSites.count >= 4 { accessSites.removeFirst() }
    accessSites.append(here)
  }

  /// The place of an access that has taken place.
  func site(of access: BusAccess) -> Site {
    accessSites.last { $0.pc == access.pc && $0.cycle == access.issued }
      ?? Site(cycle: access.issued, pc: access.pc, callers: trace.callers)
  }

  public func accessed(_ access: BusAccess) {
    guard MemoryMap.peripherals.contains(access.address), let reached = machine.bus.register(at: access.address) else {
      return
    }
    switch reached.block.name {
    case RETARegisters.block.name: acceleratorAccessed(access, reached.register)
    case InterruptControllerRegisters.block.name: interruptControllerAccessed(access, reached.register)
    case let name where name.hasPrefix("UDMA_"): transferAccessed(access)
    default: break
    }
    if handlerLevel == 0 { notePoll(access, reached.block.name, reached.register) }
  }

  public func tookTrap(cause: UInt32, pc: Address, target: Address, at cycle: Cycle) {
    guard cause >> 31 != 0 else {
      if handlerLevel > 0 { handlerLevel += 1 }
      trace.interrupted(at: pc)
      return
    }
    if handlerLevel == 0 { sleep.interrupted(at: events.instructionsOutside, stackPointer: machine.hart[register: 2]) }
    handlerLevel += 1
    trace.interrupted(at: pc)
    tookInterrupt(Int(cause & 31), pc: pc, target: target, at: cycle)
  }

  private func returned() {
    trace.returned()
    guard handlerLevel > 0 else { return }
    handlerLevel -= 1
    if handlerLevel == 0 { events.handlerEnded() }
  }

  public func slept(from: Cycle, until: Cycle) { woke(from: from, at: until) }

  // MARK: The end

  /// The run has ended as `end` says: judges what can only be judged now. Returns another end if the run fails by it.
  public func finish(_ end: RunEnd) -> RunEnd? {
    cycle = max(cycle, end.cycles)
    let wasStopped = stopped != nil
    if !wasStopped {
      finishSleep(end)
      finishProtocol()
      finishCode()
      finishPolling()
    }
    guard let stopped, !wasStopped else { return nil }
    return RunEnd(
      reason: .check, code: 0, pc: stopped.site.pc, message: "\(stopped.rule.id): \(stopped.message)",
      cycles: end.cycles)
  }
}

/// Findings that the user does not want to see: `RULE` or `RULE@SYMBOL`; `*` stands for every rule.
public struct Suppression: Sendable {
  private let rule: String
  private let symbol: String?

  /// Nil if there is no such rule.
  public init?(_ text: String) {
    let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
    guard let first = parts.first, first == "*" || Rule.named(String(first)) != nil else { return nil }
    if parts.count == 2, parts[1].isEmpty { return nil }
    rule = String(first)
    symbol = parts.count == 2 ? String(parts[1]) : nil
  }

  /// True if it covers a finding of the rule in one of these functions, innermost first.
  func matches(_ id: String, _ functions: some Sequence<String>) -> Bool {
    guard rule == "*" || rule == id else { return false }
    guard let symbol else { return true }
    return functions.contains { $0 == symbol }
  }
}

/// The last accesses of the core to L2: what was issued right behind a store that starts a job or a transfer
/// comes before that store takes effect.
struct RecentAccesses {
  struct Access {
    var address: Address = 0
    var size = 0
    var isWrite = false
    var pc: Address = 0
    var cycle: Cycle = 0
  }

  private var ring = InlineArray<4, Access>(repeating: Access())
  private var next = 0

  @inline(__always)
  mutating func add(address: Address, size: Int, isWrite: Bool, pc: Address, cycle: Cycle) {
    ring[next & 3] = Access(address: address, size: size, isWrite: isWrite, pc: pc, cycle: cycle)
    next &+= 1
  }

  /// Accesses issued behind `cycle`.
  func since(_ cycle: Cycle) -> [Access] {
    (0..<4).map { ring[$0] }.filter { $0.size > 0 && $0.cycle > cycle }.sorted { $0.cycle < $1.cycle }
  }
}
