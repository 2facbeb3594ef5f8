// Watches a machine instruction by instruction for a debugger, and makes it pause between two of them.
//
// A pause is a cut of the run (`Hart.pauses`), so nothing that happens here changes a cycle. Who writes a watched byte is
// known from the way: the accelerator writes through the view `Machine.interleaved`, the core's stores are announced at
// their issue, and what else changes L2 is the uDMA.

import HardwareModel
import PULPissimo
import RISCV
import RetentionAccelerator

final class DebugObserver: InstructionObserver {
  /// What is waited for.
  enum Goal {
    case run
    /// The next instruction outside of the range.
    case step(while: Range<UInt32>)
    /// A position in the program's run.
    case position(UInt64)
    /// The end of the sleep.
    case awake
    /// A position; `candidate` collects the last place in the range where a debugger would have stopped.
    case scan(Range<UInt64>, until: UInt64)
  }

  /// A place where a debugger would have stopped.
  struct Candidate {
    var position: UInt64
    var hit: Hit?
    /// Behind the sleep that begins there.
    var isAwake = false
  }

  enum WatchKind { case write, read, access }

  struct Watch {
    let kind: WatchKind
    /// Where the memory or register lies.
    let range: Range<UInt64>
    /// The address as the debugger has named it.
    let address: UInt32
    /// Bytes of memory as last seen.
    var value: [UInt8]?
  }

  struct Hit {
    enum Kind { case watch(WatchKind), event }

    let kind: Kind
    let address: UInt32
    /// The position of the instruction that did it, if the effect comes later.
    var origin: UInt64?
    var isWatch: Bool { if case .watch = kind { true } else { false } }
    /// What has happened, for the debugger's console; found out only for the hit that is shown.
    let text: () -> String
  }

  /// A load that has left ID and whose value is still on its way.
  struct PendingLoad {
    let operation: Operation
    let rd: Int
    let address: UInt32
    let pc: UInt32
  }

  private unowned let machine: Machine
  private let history: DebugHistory
  /// An address with its place in the program.
  private let place: (UInt32) -> String
  var goal = Goal.run
  var breakpoints: Set<UInt32> = []
  var watches: [Watch] = []
  /// What else is stopped at.
  var catches: [Catchpoint] = []
  private(set) var hit: Hit?
  private(set) var candidate: Candidate?
  var pendingLoad: PendingLoad?
  /// A position at which the machine pauses whatever the goal is.
  var barrier: UInt64?
  /// The pause is one that the goal has asked for.
  private(set) var stopsHere = false
  /// The debugger itself writes.
  var isSilent = false
  private var acceleratorWrites = false
  /// The last loads and stores with their positions: what they do to a peripheral comes later.
  private var issues = [(pc: UInt32, position: UInt64)](repeating: (0, 0), count: 4)
  private var nextIssue = 0
  /// Words of stores that have been issued and have not taken place.
  private var stores: [UInt32] = []

  /// `place`: the text of an address of the program.
  init(_ machine: Machine, _ history: DebugHistory, place: @escaping (UInt32) -> String) {
    self.machine = machine
    self.history = history
    self.place = place
    for memory in machine.memories {
      let before = memory.onWrite
      memory.onWrite = { [unowned self] address, count in
        before?(address, count)
        wrote(address, count)
      }
    }
    machine.interleaved.onWrite = { [unowned self] _, _ in acceleratorWrites = true }
    followEvents()
  }

  /// Where `hart` is in the run: instructions retired, and traps taken.
  static func position(_ hart: Hart) -> UInt64 {
    hart.counters.instructions &+ hart.counters.interrupts &+ hart.counters.exceptions
  }

  /// The memory's own address behind an alias of it.
  static func canonical(_ address: UInt32) -> UInt32 {
    address < MemoryMap.dataAliasSize ? MemoryMap.privateBank0 &+ address : address
  }

  /// Begins to wait for `goal`.
  func start(_ goal: Goal) {
    self.goal = goal
    hit = nil
    candidate = nil
    barrier = nil
    stopsHere = false
    for index in watches.indices { watches[index].value = value(of: watches[index]) }
  }

  /// Forgets what was under way: the machine goes on unobserved.
  func detach() {
    pendingLoad = nil
    stores = []
  }

  private func value(of watch: Watch) -> [UInt8]? {
    UInt32(exactly: watch.range.lowerBound).flatMap { machine.read($0, count: watch.range.count) }
  }

  // MARK: Pauses

  /// The core stands before the instruction at `pc`. `asksForBreakpoints`: not if it sleeps first. `isAwake`: it has slept.
  private func boundary(
    _ hart: Hart, pc: UInt32, position: UInt64, asksForBreakpoints: Bool = true, isAwake: Bool = false
  ) {
    if let barrier, position >= barrier { hart.pauses = true }
    let isBreakpoint = asksForBreakpoints && !breakpoints.isEmpty && breakpoints.contains(pc)
    switch goal {
    case .run: if isBreakpoint || hit != nil { stop() }
    case .step(let range): if isBreakpoint || hit != nil || !range.contains(pc) { stop() }
    case .position(let wanted): if position >= wanted { hart.pauses = true }
    case .awake: if isAwake { hart.pauses = true }
    case .scan(let range, let wanted):
      // Going back ends where it has not yet taken place. At a watchpoint gdb makes the last step itself: on RISC-V it
      // takes the instruction of the access for one that has not been executed when the target stops.
      if let hit, position > 0 {
        let origin = hit.origin ?? position - 1
        if range.contains(origin) {
          candidate = Candidate(position: hit.isWatch ? origin + 1 : origin, hit: hit)
        }
      }
      hit = nil
      if isBreakpoint, range.contains(position) {
        candidate = Candidate(position: position, isAwake: isAwake)
      }
      if position >= wanted { hart.pauses = true }
    }
  }

  private func stop() {
    stopsHere = true
    machine.hart.pauses = true
  }

  func issuing(_ instruction: Instruction, pc: UInt32, at cycle: UInt64, hart: Hart) {
    guard instruction.timing == .load || instruction.timing == .store else { return }
    let address = hart[register: Int(instruction.rs1)] &+ instruction.immediate
    issues[nextIssue] = (pc, Self.position(hart))
    nextIssue = (nextIssue + 1) % issues.count
    if instruction.timing == .load {
      pendingLoad = PendingLoad(
        operation: instruction.operation, rd: Int(instruction.rd), address: address, pc: pc)
    }
    guard !watches.isEmpty, let (_, place) = machine.memory(at: address) else { return }
    let size = Self.size(instruction.operation)
    if instruction.timing == .store {
      let last = place &+ size &- 1
      stores.append(place & ~3)
      if (last ^ place) & ~3 != 0 { stores.append(last & ~3) }
      if stores.count > 16 { stores.removeFirst(8) }
    } else {
      note(place, size, isWrite: false, address: address, who: "the core read")
    }
  }

  func executed(_ instruction: Instruction, pc: UInt32, at cycle: UInt64, hart: Hart) {
    // Behind a WFI the core is asleep first: a breakpoint there is reached when it wakes.
    var sleepsFirst = false
    if instruction.operation == .wfi {
      switch goal {
      case .run, .scan: sleepsFirst = true
      case .step, .position, .awake: break
      }
    }
    boundary(hart, pc: hart.pc, position: Self.position(hart), asksForBreakpoints: !sleepsFirst)
  }

  func loaded(_ rd: Int, _ value: UInt32, pc: UInt32) {
    if pendingLoad?.pc == pc { pendingLoad = nil }
  }

  func tookTrap(cause: UInt32, pc: UInt32, target: UInt32, at cycle: UInt64) {
    // An exception is part of an instruction, behind which `executed` is called.
    guard cause >> 31 != 0 else { return }
    boundary(machine.hart, pc: target, position: Self.position(machine.hart) &+ 1)
  }

  func wokeUp(at cycle: UInt64) {
    // With interrupts on the handler comes first.
    guard machine.hart.peekCSR(0x300).map({ $0 & 8 == 0 }) ?? false else { return }
    switch goal {
    case .run, .scan, .awake:
      boundary(machine.hart, pc: machine.hart.pc, position: Self.position(machine.hart), isAwake: true)
    case .step, .position: break
    }
  }

  func accessed(_ access: BusAccess) {
    if !catches.isEmpty { caught(access) }
    guard !watches.isEmpty else { return }
    note(
      access.address, UInt32(truncatingIfNeeded: access.size), isWrite: access.isWrite, address: access.address,
      who: access.isWrite ? "the core wrote" : "the core read", origin: origin(of: access))
  }

  /// The position of the load or store behind `access`.
  private func origin(of access: BusAccess) -> UInt64? {
    issues.filter { $0.pc == access.pc }.map(\.position).max()
  }

  // MARK: Watchpoints

  private func wrote(_ address: UInt32, _ count: Int) {
    let isAccelerator = acceleratorWrites
    acceleratorWrites = false
    guard !watches.isEmpty, !isSilent else { return }
    var who = isAccelerator ? "RETA wrote" : "uDMA wrote"
    if !isAccelerator, let index = stores.firstIndex(of: address & ~3) {
      stores.remove(at: index)
      who = "the core wrote"
    }
    note(address, UInt32(truncatingIfNeeded: count), isWrite: true, address: address, who: who)
  }

  private func note(
    _ place: UInt32, _ size: UInt32, isWrite: Bool, address: UInt32, who: String, origin: UInt64? = nil
  ) {
    let range = UInt64(place)..<UInt64(place) + UInt64(max(size, 1))
    for index in watches.indices where watches[index].range.overlaps(range) {
      let watch = watches[index]
      switch watch.kind {
      case .read: if isWrite { continue }
      case .write: if !isWrite { continue }
      case .access: break
      }
      if isWrite, watch.value != nil {
        let value = value(of: watch)
        let isSame = value == watch.value
        watches[index].value = value
        // A watchpoint on writes is about the value: memory that is written over with what it holds does not count.
        if watch.kind == .write && isSame { continue }
      }
      if hit == nil {
        let first = UInt32(truncatingIfNeeded: max(range.lowerBound, watch.range.lowerBound))
        hit = Hit(kind: .watch(watch.kind), address: watch.address, origin: origin) { "\(who) \(Session.hex(first))" }
      }
      pause()
    }
  }

  /// Something was hit: the machine pauses if that is what it runs for.
  private func pause() {
    switch goal {
    case .run, .step: stop()
    case .scan, .position, .awake: break
    }
  }

  // MARK: Events

  /// Listens to what blocks other than the core do.
  private func followEvents() {
    let accelerator = machine.accelerator
    let ended = accelerator.onJobEnded
    accelerator.onJobEnded = { [unowned self] job in
      ended?(job)
      if !catches.isEmpty { caught(job) }
    }
    let descriptor = accelerator.onDescriptor
    accelerator.onDescriptor = { [unowned self] record in
      descriptor?(record)
      if !catches.isEmpty { caught(record) }
    }
    let admits = machine.eventGenerator.admits
    machine.eventGenerator.admits = { [unowned self] event, cycle in
      guard admits?(event, cycle) ?? true else { return false }
      if !catches.isEmpty { caught(event: event, at: cycle) }
      return true
    }
    let passed = machine.eventGenerator.onEvent
    machine.eventGenerator.onEvent = { [unowned self] target, event, cycle in
      passed?(target, event, cycle)
      if !catches.isEmpty, Catchpoint.isSeenWhenPassed(Int(event)) { caught(event: Int(event), at: cycle) }
    }
  }

  /// Notes a hit of each catchpoint whose condition `holds`.
  private func note(
    origin: UInt64? = nil, _ text: @escaping () -> String, _ holds: (Catchpoint.Condition) -> Bool
  ) {
    guard !isSilent, let first = catches.first(where: { holds($0.condition) }) else { return }
    if hit == nil {
      hit = Hit(kind: .event, address: 0, origin: origin) {
        "break-on \(first.number) (\(first.description)): \(text())"
      }
    }
    pause()
  }

  private func caught(_ job: JobRecord) {
    let committed = history.state.lastCause
    note({ [place] in
      "\(DebugHistory.describe(job)) ended, cycles \(job.start) to \(job.end)"
        + (committed.map { ", committed by the store at \(place($0))" } ?? "")
    }) { $0 == .jobDone || $0 == .error && job.error != .none }
  }

  private func caught(_ record: DescriptorRecord) {
    let committed = history.state.cause
    note({ [place] in
      let name = record.descriptor.opcode?.name ?? "illegal"
      return (record.address.map { "\(name) at \(place($0))" } ?? "\(name) of a job")
        + (record.error == .none ? "" : ", \(record.error.name)")
        + " ended, cycles \(record.start) to \(record.end)"
        + (committed.map { ", its job committed by the store at \(place($0))" } ?? "")
    }) { $0 == .descriptor }
  }

  private func caught(event: Int, at cycle: UInt64) {
    let pc = machine.hart.pc
    let isAsleep = machine.hart.isAsleep
    note({ [place] in
      "event \(event) in cycle \(cycle), while the core \(isAsleep ? "slept before" : "was at") \(place(pc))"
    }) { $0 == .event(event) }
  }

  private func caught(_ access: BusAccess) {
    note(
      origin: origin(of: access),
      { [place] in
        let value = Session.hex(access.value)
        return (access.isWrite ? "\(value) written" : "\(value) read")
          + " in cycle \(access.phase) by \(place(access.pc))"
      }
    ) {
      guard case .register(let address, _, let direction) = $0, address == access.address & ~3 else { return false }
      return direction == .access || (direction == .write) == access.isWrite
    }
  }

  /// Bytes of a load or store.
  static func size(_ operation: Operation) -> UInt32 {
    switch operation {
    case .lb, .lbu, .sb: 1
    case .lh, .lhu, .sh: 2
    default: 4
    }
  }
}
