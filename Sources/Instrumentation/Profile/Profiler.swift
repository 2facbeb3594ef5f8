// A profile of a run: what each instruction, each function and each call cost, and how often branches were taken.
//
// The cycles from T of an instruction to T of the next one belong to it; those from K of a trap to T of the handler's
// first instruction belong to the trap. So every cycle of the run belongs to exactly one place, and sums are exact.
// Listens to every instruction: the exact engine runs then, with the same cycles. Which function calls which is
// `CallStack`'s business.

import HardwareModel
import PULPissimo
import RISCV

/// Profiles one machine's run.
public final class Profiler: InstructionObserver {
  /// A function, or an interrupt or exception.
  public struct Function: Sendable {
    public let name: String
    /// Its first address; nil for an interrupt or exception.
    public let address: Address?
  }

  /// What was executed at one address.
  struct Cell {
    let address: Address
    /// Index of the function that it belongs to.
    let function: Int
    var costs = ProfileCosts()
    /// Times that a branch there was taken.
    var taken: UInt64 = 0
  }

  struct Call: Hashable {
    let caller: Int
    let site: Address
    let callee: Int
  }

  struct CallCosts {
    var count: UInt64 = 0
    /// What happened from the call to the return. Of a function that calls itself, directly or not, only the outermost
    /// stay counts.
    var inclusive = ProfileCosts()
  }

  /// A function in the context of its callers.
  struct Node {
    let parent: Int
    let function: Int
    var cycles: UInt64 = 0
    var sleep: UInt64 = 0
  }

  private struct Stay {
    let call: Call?
    let function: Int
    let node: Int
    /// `running` when it began.
    let start: ProfileCosts
    let isOutermost: Bool
    /// What ran before the trap that this stays for.
    let interrupted: ProfileCosts?
  }

  private static let base = MemoryMap.privateBank0
  private static let slots = Int(2 * MemoryMap.privateBankSize + MemoryMap.interleavedWindow) / 2
  private static let mostNodes = 200_000

  private unowned let machine: Machine
  private var calls: CallStack

  public private(set) var functions: [Function] = []
  private var functionNumbers: [UInt64: Int] = [:]
  private(set) var cells: [Cell] = []
  /// Cells by half-word of L2, where code lies, plus 1; everything else by address.
  private var inside = [Int32](repeating: 0, count: slots)
  private var elsewhere: [UInt64: Int] = [:]
  private(set) var callCosts: [Call: CallCosts] = [:]
  private(set) var nodes: [Node] = [Node(parent: -1, function: -1)]
  private var nodeNumbers: [UInt64: Int] = [:]
  private var stays: [Stay] = []
  private var active: [Int] = []
  /// What has happened so far outside the traps below the present one.
  private var running = ProfileCosts()
  public private(set) var total = ProfileCosts()

  // The instruction, or trap, whose cycles run now.
  private var current = -1
  private var since: Cycle = 0
  private var timing = TimingClass.alu
  private var loaded: UInt8 = 0
  private var fallThrough: Address = 0
  private var counters: HartCounters
  /// Cells of the last loads and stores, whose accesses may take place later.
  private var accesses = [(issued: Cycle, cell: Int)](repeating: (.never, 0), count: 4)
  private var nextAccess = 0

  /// Attaches to `machine`, before it runs. `place`: the function of an address.
  public init(_ machine: Machine, place: @escaping (Address) -> FunctionPlace) {
    self.machine = machine
    counters = machine.hart.counters
    calls = CallStack(deepest: 1024, place)
    let others = machine.hart.instructionObserver
    machine.hart.instructionObserver = others.map { InstructionObservers([$0, self]) } ?? self
  }

  // MARK: Places

  private func number(of frame: CallStack.Frame) -> Int {
    let address = Address(truncatingIfNeeded: frame.place.range.lowerBound)
    let key = frame.cause.map { UInt64(1) << 32 | UInt64($0) } ?? UInt64(address)
    if let known = functionNumbers[key] { return known }
    functions.append(Function(name: frame.place.name, address: frame.cause == nil ? address : nil))
    active.append(0)
    functionNumbers[key] = functions.count - 1
    return functions.count - 1
  }

  private func cell(at pc: Address, of function: Int) -> Int {
    let slot = Int(pc &- Self.base) >> 1
    if slot < Self.slots {
      if inside[slot] != 0 { return Int(inside[slot]) - 1 }
      cells.append(Cell(address: pc, function: function))
      inside[slot] = Int32(truncatingIfNeeded: cells.count)
      return cells.count - 1
    }
    return cell(key: UInt64(pc), pc, function)
  }

  private func cell(key: UInt64, _ pc: Address, _ function: Int) -> Int {
    if let known = elsewhere[key] { return known }
    cells.append(Cell(address: pc, function: function))
    elsewhere[key] = cells.count - 1
    return cells.count - 1
  }

  private func node(below parent: Int, _ function: Int) -> Int {
    let key = UInt64(parent) << 32 | UInt64(function)
    if let known = nodeNumbers[key] { return known }
    guard nodes.count < Self.mostNodes else { return parent }
    nodes.append(Node(parent: parent, function: function))
    nodeNumbers[key] = nodes.count - 1
    return nodes.count - 1
  }

  /// What the instruction at `address` cost, and how often it branched, if it was executed.
  func cell(at address: Address) -> Cell? {
    let slot = Int(address &- Self.base) >> 1
    if slot < Self.slots { return inside[slot] != 0 ? cells[Int(inside[slot]) - 1] : nil }
    return elsewhere[UInt64(address)].map { cells[$0] }
  }

  // MARK: Costs

  /// Books what has happened since the present instruction left ID. `next`: what comes behind it, if it is known.
  private func charge(until cycle: Cycle, next: Instruction?, at pc: Address) {
    guard current >= 0 else { return }
    let now = machine.hart.counters
    let slept = machine.hart.sleepCycles(at: cycle) &- counters.sleepCycles
    let cycles = cycle > since ? cycle - since : 0
    var costs = ProfileCosts()
    costs[.cycles] = cycles
    costs[.instructions] = now.instructions &- counters.instructions
    let awake = cycles > slept ? cycles - slept : 0
    let stalls = awake > 0 ? awake - 1 : 0
    costs[.stalls] = stalls
    if stalls > 0 {
      switch timing {
      case .load where loaded != 0 && next.map { $0.rs1 == loaded || $0.rs2 == loaded } ?? false:
        costs[.loadUse] = stalls
      case .jump, .jumpRegister, .machineReturn: costs[.jump] = stalls
      case .branch where pc != fallThrough: costs[.jump] = stalls
      default: break
      }
    }
    if timing == .branch, pc != fallThrough { cells[current].taken += 1 }
    costs[.busWait] = now.dataStallCycles &- counters.dataStallCycles
    costs[.fetchWait] = now.fetchStallCycles &- counters.fetchStallCycles
    costs[.sleep] = slept
    counters = now
    counters.sleepCycles = machine.hart.sleepCycles(at: cycle)
    since = max(since, cycle)
    book(costs, current)
    if let node = stays.last?.node {
      nodes[node].cycles += cycles
      nodes[node].sleep += slept
    }
  }

  private func book(_ costs: ProfileCosts, _ cell: Int) {
    cells[cell].costs += costs
    running += costs
    total += costs
  }

  private func stackChanged(_ change: CallStack.Change) {
    switch change {
    case .entered(let frame, _):
      let function = number(of: frame)
      let isRoot = frame.cause != nil || stays.isEmpty
      let call =
        isRoot || stays.isEmpty
        ? nil
        : Call(
          caller: stays.last?.function ?? 0, site: frame.callSite ?? 0, callee: function)
      let parent = isRoot ? 0 : stays.last?.node ?? 0
      active[function] += 1
      let before = running
      if frame.cause != nil { running = ProfileCosts() }
      stays.append(
        Stay(
          call: call, function: function, node: node(below: parent, function), start: running,
          isOutermost: active[function] == 1, interrupted: frame.cause != nil ? before : nil))
      if let call { callCosts[call, default: CallCosts()].count += 1 }
    case .left:
      guard let stay = stays.popLast() else { return }
      active[stay.function] -= 1
      if let call = stay.call, stay.isOutermost {
        callCosts[call, default: CallCosts()].inclusive += running - stay.start
      }
      if let interrupted = stay.interrupted { running = interrupted }
    }
  }

  // MARK: InstructionObserver

  public func issuing(_ instruction: Instruction, pc: Address, at cycle: Cycle, hart: Hart) {
    charge(until: cycle, next: instruction, at: pc)
    calls.issue(instruction, pc: pc, at: cycle, stackPointer: hart[register: 2], stackChanged)
    current = cell(at: pc, of: stays.last?.function ?? 0)
    timing = instruction.timing
    loaded = instruction.timing == .load ? instruction.rd : 0
    fallThrough = pc &+ UInt32(instruction.length)
    if instruction.timing == .load || instruction.timing == .store {
      accesses[nextAccess] = (cycle, current)
      nextAccess = (nextAccess + 1) & 3
    }
  }

  public func executed(_ instruction: Instruction, pc: Address, at cycle: Cycle, hart: Hart) {}
  public func loaded(_ rd: Int, _ value: UInt32, pc: Address) {}

  public func accessed(_ access: BusAccess) {
    guard MemoryMap.peripherals.contains(access.address),
      let cell = accesses.first(where: { $0.issued == access.issued })?.cell
    else { return }
    var costs = ProfileCosts()
    costs[access.isWrite ? .writes : .reads] = 1
    book(costs, cell)
  }

  public func tookTrap(cause: UInt32, pc: Address, target: Address, at cycle: Cycle) {
    // What raises an exception is no branch; an interrupt comes before the instruction at `pc`.
    charge(until: cycle, next: nil, at: pc)
    calls.tookTrap(cause, at: cycle, pc: pc, stackPointer: machine.hart[register: 2], stackChanged)
    let function = stays.last?.function ?? 0
    current = cell(key: UInt64(1) << 32 | UInt64(cause), 0, function)
    timing = .alu
    loaded = 0
  }

  /// The run ends at `cycle`.
  public func finish(at cycle: Cycle) {
    charge(until: cycle, next: nil, at: machine.hart.pc)
    current = -1
    calls.finish(at: cycle, stackChanged)
    machine.hart.instructionObserver = nil
  }
}
