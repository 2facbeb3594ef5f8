// The instruction trace: one line for each instruction, trap and sleep, with what it did.
//
// Listens to the hart and writes lines in program order. A load from a peripheral is answered while the core runs on:
// its line, and those behind it, wait until its value is known. Nothing here changes the run: registers, memory and
// registers of peripherals are only looked at.

import HardwareModel
import PULPissimo
import RISCV

/// Which instructions of a run are traced.
public struct TraceFilter: Sendable {
  /// Cycles in which traced instructions leave ID: from this one on, …
  public var from: Cycle
  /// … before this one.
  public var to: Cycle
  /// Addresses of traced instructions; empty: all.
  public var ranges: [Range<UInt64>]

  public init(from: Cycle = 0, to: Cycle = .never, ranges: [Range<UInt64>] = []) {
    self.from = from
    self.to = to
    self.ranges = ranges
  }

  func includes(_ pc: Address) -> Bool { ranges.isEmpty || ranges.contains { $0.contains(UInt64(pc)) } }
}

/// Writes a trace of one machine.
public final class InstructionTrace: InstructionObserver {
  private unowned let machine: Machine
  private let format: TraceFormat
  private let filter: TraceFilter
  private let symbol: (Address) -> String?
  private let source: (Address) -> String?
  /// Takes a piece of the trace; false: it could not be written, and no more is.
  private let write: (String) -> Bool
  private var pending: [TraceRecord] = []
  private var isAttached = false
  /// What the hart tells while the trace is on, and whom it told before: profile, checker, timeline, waves.
  private var observer: (any InstructionObserver)?
  private var others: (any InstructionObserver)?
  /// Lines written so far, without header and end.
  public private(set) var lines: UInt64 = 0
  public private(set) var hasFailed = false

  /// A trace of `machine`. `symbol` names code addresses (`main+0x10`), `source` their lines (`main.c:12`).
  public init(
    _ machine: Machine, format: TraceFormat, filter: TraceFilter, symbol: @escaping (Address) -> String?,
    source: @escaping (Address) -> String? = { _ in nil }, write: @escaping (String) -> Bool
  ) {
    self.machine = machine
    self.format = format
    self.filter = filter
    self.symbol = symbol
    self.source = source
    self.write = write
    let pads = machine.board.pads
    let before = pads.onLevels
    var levels = pads.levels
    pads.onLevels = { [unowned self] new, cycle in
      before?(new, cycle)
      if isAttached { append(.pins(cycle: cycle, changed: new ^ levels, levels: new)) }
      levels = new
    }
    put(format == .text ? "# pulpemu-trace/1" : "{\"schema\":\"pulpemu-trace/1\"}")
  }

  // MARK: The run

  /// Switches tracing on or off for a run that goes on at `cycle`. Only while it is on does it make the exact engine run
  /// everything.
  public func proceed(from cycle: Cycle) {
    let isWanted = cycle >= filter.from && cycle < filter.to && !hasFailed
    guard isWanted != isAttached else { return }
    if isWanted { attach() } else { detach() }
  }

  private func attach() {
    isAttached = true
    others = machine.hart.instructionObserver
    observer = others.map { InstructionObservers([$0, self]) } ?? self
    machine.hart.instructionObserver = observer
  }

  private func detach() {
    if isAttached, machine.hart.instructionObserver === observer { machine.hart.instructionObserver = others }
    isAttached = false
    observer = nil
    others = nil
    flush()
  }

  /// The next cycle at which a run has to be cut so that `proceed` can switch; nil if there is none.
  public func nextSwitch(after cycle: Cycle) -> Cycle? {
    if cycle < filter.from { return filter.from }
    return cycle < filter.to && filter.to != .never ? filter.to : nil
  }

  /// Writes what is pending and the last line. `reason`: why the run ended; a trace without this line is not complete.
  public func finish(_ reason: String, at cycle: Cycle) {
    detach()
    put(
      format == .text
        ? "# end: \(reason) at cycle \(cycle), \(lines) lines"
        : "{\"end\":{\"reason\":\"\(reason)\",\"cycle\":\(cycle),\"lines\":\(lines)}}")
  }

  private func put(_ line: String) {
    guard !hasFailed else { return }
    if !write(line + "\n") { hasFailed = true }
  }

  /// Writes all records at the head about which everything is known.
  private func drain() {
    var count = 0
    while count < pending.count, pending[count].isComplete {
      put(pending[count].line(format))
      lines += 1
      count += 1
    }
    if count > 0 { pending.removeFirst(count) }
  }

  private func flush() {
    for record in pending {
      put(record.line(format))
      lines += 1
    }
    pending.removeAll()
  }

  private func append(_ record: TraceRecord) {
    pending.append(record)
    drain()
  }

  /// Changes the first pending instruction for which `isMeant` holds.
  private func update(
    _ isMeant: (TracedInstruction) -> Bool, _ change: (inout TracedInstruction) -> Void
  ) {
    for index in pending.indices {
      guard case .instruction(var record) = pending[index], isMeant(record) else { continue }
      change(&record)
      pending[index] = .instruction(record)
      return
    }
  }

  // MARK: InstructionObserver

  public func issuing(_ instruction: Instruction, pc: Address, at cycle: Cycle, hart: Hart) {
    guard filter.includes(pc) else { return }
    var record = TracedInstruction(
      cycle: cycle, number: hart.counters.instructions + 1, pc: pc, instruction: instruction, symbol: symbol(pc),
      source: source(pc), text: Disassembler.text(instruction, at: pc, symbol: symbol))
    let operation = instruction.operation
    switch instruction.timing {
    case .load, .store:
      let isWrite = instruction.timing == .store
      let address = hart[register: Int(instruction.rs1)] &+ instruction.immediate
      let size = Self.size(operation)
      let mask: UInt32 = size == 4 ? .max : (1 << UInt32(8 * size)) - 1
      record.memory = (address, size, isWrite, isWrite ? hart[register: Int(instruction.rs2)] & mask : 0)
      if !isWrite { record.destination = Int(instruction.rd) }
      record.expectedAccesses = expectedAccesses(address, size)
    default:
      if instruction.aluDestination > 0 { record.destination = instruction.aluDestination }
    }
    pending.append(.instruction(record))
  }

  /// Bus transactions of an access that do not go to plain memory.
  private func expectedAccesses(_ address: Address, _ size: Int) -> Int {
    let first = machine.memory(at: address) == nil ? 1 : 0
    guard address & 3 &+ UInt32(size) > 4 else { return first }
    return first + (machine.memory(at: (address & ~3) &+ 4) == nil ? 1 : 0)
  }

  private static func size(_ operation: Operation) -> Int {
    switch operation {
    case .lb, .lbu, .sb: 1
    case .lh, .lhu, .sh: 2
    default: 4
    }
  }

  public func executed(_ instruction: Instruction, pc: Address, at cycle: Cycle, hart: Hart) {
    update({ !$0.isExecuted && $0.pc == pc && $0.cycle == cycle }) { record in
      record.isExecuted = true
      guard !record.trapped else { return }
      if let rd = record.destination, record.memory == nil { record.value = hart[register: rd] }
      if instruction.timing == .csr, Self.isWrite(instruction), let value = hart.peekCSR(instruction.csr) {
        record.csr = (CSRNames.name(instruction.csr), value)
      }
    }
    drain()
  }

  private static func isWrite(_ instruction: Instruction) -> Bool {
    switch instruction.operation {
    case .csrrw, .csrrwi: true
    case .csrrs, .csrrc: instruction.rs1 != 0
    default: instruction.immediate != 0
    }
  }

  public func loaded(_ rd: Int, _ value: UInt32, pc: Address) {
    update({ $0.isLoad && $0.value == nil && $0.pc == pc }) { record in
      record.value = value
      record.memory?.value = value
    }
    drain()
  }

  public func accessed(_ access: BusAccess) {
    update({ $0.pc == access.pc && $0.cycle == access.issued }) { record in
      let reached = machine.bus.register(at: access.address)
      record.accesses.append(
        TracedAccess(
          address: access.address, isWrite: access.isWrite, value: access.value, cycle: access.phase,
          block: reached?.block.name, register: reached?.register?.name,
          fields: reached?.register?.describe(access.value) ?? ""))
    }
    drain()
  }

  public func tookTrap(cause: UInt32, pc: Address, target: Address, at cycle: Cycle) {
    if cause >> 31 == 0 {
      update({ !$0.isExecuted && $0.pc == pc && $0.cycle == cycle }) { $0.trapped = true }
    }
    guard filter.includes(pc) else { return }
    append(.trap(cycle: cycle, cause: cause, pc: pc, target: target, targetSymbol: symbol(target)))
  }

  public func slept(from: Cycle, until: Cycle) { append(.sleep(from: from, until: until)) }
}
