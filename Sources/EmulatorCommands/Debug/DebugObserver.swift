// Watches a machine instruction by instruction for a debugger, and makes it pause between two of them.
//
// A pause is a cut of the run (`Hart.pauses`), so nothing that happens here changes a cycle. Who writes a watched byte is
// known from the way: the accelerator writes through the view `Machine.interleaved`, the core's stores are announced at
// their issue, and what else changes L2 is the uDMA.

import PULPissimo
import RISCV

final class DebugObserver: InstructionObserver {
  /// What is waited for.
  enum Goal {
    case run
    /// The next instruction outside of the range.
    case step(while: Range<UInt32>)
    /// A position in the program's run.
    case position(UInt64)
    /// A position; `candidate` collects the last place on the way, before `limit`, where a debugger would have stopped.
    case scan(before: UInt64, until: UInt64)
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
    let kind: WatchKind
    let address: UInt32
    let text: String
  }

  /// A load that has left ID and whose value is still on its way.
  struct PendingLoad {
    let operation: Operation
    let rd: Int
    let address: UInt32
    let pc: UInt32
  }

  private unowned let machine: Machine
  var goal = Goal.run
  var breakpoints: Set<UInt32> = []
  var watches: [Watch] = []
  private(set) var hit: Hit?
  private(set) var candidate: (position: UInt64, hit: Hit?)?
  private(set) var pendingLoad: PendingLoad?
  /// The debugger itself writes.
  var isSilent = false
  private var acceleratorWrites = false
  /// Words of stores that have been issued and have not taken place.
  private var stores: [UInt32] = []

  init(_ machine: Machine) {
    self.machine = machine
    for memory in machine.memories {
      let before = memory.onWrite
      memory.onWrite = { [unowned self] address, count in
        before?(address, count)
        wrote(address, count)
      }
    }
    machine.interleaved.onWrite = { [unowned self] _, _ in acceleratorWrites = true }
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

  /// The core stands before the instruction at `pc`.
  private func boundary(_ hart: Hart, pc: UInt32, position: UInt64) {
    let isBreakpoint = !breakpoints.isEmpty && breakpoints.contains(pc)
    switch goal {
    case .run: if isBreakpoint || hit != nil { hart.pauses = true }
    case .step(let range): if isBreakpoint || hit != nil || !range.contains(pc) { hart.pauses = true }
    case .position(let wanted): if position >= wanted { hart.pauses = true }
    case .scan(let limit, let wanted):
      // Going back ends where the access has not yet taken place.
      if let hit, position > 0, position - 1 < limit { candidate = (position - 1, hit) }
      hit = nil
      if isBreakpoint, position < limit { candidate = (position, nil) }
      if position >= wanted { hart.pauses = true }
    }
  }

  func issuing(_ instruction: Instruction, pc: UInt32, at cycle: UInt64, hart: Hart) {
    guard instruction.timing == .load || instruction.timing == .store else { return }
    let address = hart[register: Int(instruction.rs1)] &+ instruction.immediate
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
    // Behind a WFI the core is asleep first: `slept`.
    if instruction.operation == .wfi, case .run = goal { return }
    boundary(hart, pc: hart.pc, position: Self.position(hart))
  }

  func loaded(_ rd: Int, _ value: UInt32, pc: UInt32) {
    if pendingLoad?.pc == pc { pendingLoad = nil }
  }

  func tookTrap(cause: UInt32, pc: UInt32, target: UInt32, at cycle: UInt64) {
    // An exception is part of an instruction, behind which `executed` is called.
    guard cause >> 31 != 0 else { return }
    boundary(machine.hart, pc: target, position: Self.position(machine.hart) &+ 1)
  }

  func slept(from: UInt64, until: UInt64) {
    // With interrupts on the handler comes first.
    if case .run = goal, machine.hart.peekCSR(0x300).map({ $0 & 8 == 0 }) ?? false {
      boundary(machine.hart, pc: machine.hart.pc, position: Self.position(machine.hart))
    }
  }

  func accessed(_ access: BusAccess) {
    guard !watches.isEmpty else { return }
    note(
      access.address, UInt32(truncatingIfNeeded: access.size), isWrite: access.isWrite, address: access.address,
      who: access.isWrite ? "the core wrote" : "the core read")
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

  private func note(_ place: UInt32, _ size: UInt32, isWrite: Bool, address: UInt32, who: String) {
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
        hit = Hit(
          kind: watch.kind, address: watch.address,
          text: "\(who) \(Session.hex(UInt32(truncatingIfNeeded: max(range.lowerBound, watch.range.lowerBound))))")
      }
      if case .scan = goal { continue }
      if case .position = goal { continue }
      machine.hart.pauses = true
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
