// The hot loop of the block engine: each operation ends in a jump to its successor's.
//
// A handler is a C function that gets all it needs in registers and ends in a call of the next handler, which an optimised
// build makes a jump: no frame, no return, an indirect jump of its own for each kind of operation. Handlers of pairs
// execute operations that often follow each other without a jump between them (`ThreadedHandlers`). The optimiser does
// this, the language does not promise it: a build without optimisation uses `Hart.interpret`, and `ThreadedLoopTests`
// runs far more operations than a stack has room for.

import HardwareModel

/// Executes an operation and those behind it. Operation, integer registers, `ThreadedState`, host address of the data
/// memory, cycle in which the block was entered, guest address of the data memory.
typealias ThreadedHandler =
  @convention(c) (
    UnsafeMutableRawPointer, UnsafeMutableRawPointer, UnsafeMutableRawPointer, UnsafeMutableRawPointer, UInt64, UInt32
  ) -> Void

/// What handlers need less often than their arguments.
struct ThreadedState {
  let deadline: Cycle
  let exits: UnsafeMutablePointer<BlockExit>
  let memorySize: UInt32
  let secondOffset: UInt32
  let secondSize: UInt32
  let lines: UnsafeMutablePointer<UInt8>
  let table: UnsafeMutablePointer<UnsafeMutablePointer<MicroOp>?>
  let codeBase: Address
  let codeSize: UInt32
  let divisions: Cycle
  /// Where the runs of blocks are counted, and the count at which machine code is due; nil: nowhere. Then `deadline` is 0, so that
  /// it is looked at only where that was missed.
  let infos: UnsafeMutablePointer<BlockInfo>?
  let threshold: UInt32
  let countedDeadline: Cycle
  /// Goes on where `deadline` was missed.
  let missed: ThreadedHandler
  var block: UnsafeMutablePointer<MicroOp>
  var lastExit: UnsafeMutablePointer<BlockExit>?
  var instructionsAndLoads: UInt64 = 0
  var stores: UInt64 = 0
  var lastDivision: Cycle
  var now: Cycle = 0
  var index = 0
  var pc: Address = 0
  var jumped = false
  var outcome = BlockOutcome.exact
}

/// The loop, and what its handlers are made of.
enum ThreadedLoop {
  typealias Raw = UnsafeMutableRawPointer

  /// Runs from `run.block` until a deadline, an unknown target or an instruction for the exact engine.
  static func run(
    _ run: inout BlockRun, x: UnsafeMutablePointer<UInt32>, exits: UnsafeMutablePointer<BlockExit>,
    table: UnsafeMutablePointer<UnsafeMutablePointer<MicroOp>?>, codeBase: Address, codeSize: UInt32,
    data: BlockMemory, deadline: Cycle, divisions: Cycle, infos: UnsafeMutablePointer<BlockInfo>?, threshold: UInt32
  ) -> BlockOutcome {
    var state = ThreadedState(
      deadline: infos == nil ? deadline : 0, exits: exits, memorySize: data.size, secondOffset: data.secondOffset,
      secondSize: data.secondSize, lines: data.lines, table: table, codeBase: codeBase, codeSize: codeSize,
      divisions: divisions, infos: infos, threshold: threshold, countedDeadline: deadline,
      missed: infos == nil ? ThreadedHandlers.missed : ThreadedHandlers.counted,
      block: run.block, lastExit: run.lastExit, lastDivision: run.lastDivision)
    let place = run.place
    let now = run.now
    withUnsafeMutablePointer(to: &state) { state in
      place.pointee.handler(place, x, state, data.bytes, now, data.base)
    }
    run.lastExit = state.lastExit
    run.lastDivision = state.lastDivision
    run.index = state.index
    run.pc = state.pc
    run.jumped = state.jumped
    run.blockPC = state.block.pointee.aux
    run.number = Int(state.block.pointee.number)
    run.blockStraddles = state.block.pointee.index != 0
    run.now = state.now
    run.instructionsAndLoads = state.instructionsAndLoads
    run.stores = state.stores
    return state.outcome
  }

  @inline(__always)
  private static func micro(_ p: Raw) -> UnsafeMutablePointer<MicroOp> { p.assumingMemoryBound(to: MicroOp.self) }

  @inline(__always)
  private static func state(_ s: Raw) -> UnsafeMutablePointer<ThreadedState> {
    s.assumingMemoryBound(to: ThreadedState.self)
  }

  // MARK: Groups of operations

  @inline(__always)
  static func single(_ a: MicroCode, _ p: Raw, _ x: Raw, _ s: Raw, _ m: Raw, _ now: UInt64, _ base: UInt32) {
    switch a {
    case .enter: enter(micro(p), x, s, m, now, base)
    case .leave: leave(micro(p), s, now)
    case .fallThrough: take(micro(p), jumps: false, x, s, m, now, base)
    case .jump: jump(micro(p), x, s, m, now, base)
    case .jumpRegister: jumpRegister(micro(p), x, s, m, now, base)
    case .beq, .bne, .blt, .bge, .bltu, .bgeu:
      if MicroOp.isTaken(a, micro(p), x.assumingMemoryBound(to: UInt32.self)) {
        take(micro(p), jumps: true, x, s, m, now, base)
      } else {
        go(micro(p) + 1, x, s, m, now, base)
      }
    default:
      var now = now
      guard execute(a, micro(p), x, s, m, &now, base) else {
        leave(micro(p), s, now)
        return
      }
      go(micro(p) + 1, x, s, m, now, base)
    }
  }

  @inline(__always)
  static func pair(
    _ a: MicroCode, _ b: MicroCode, _ p: Raw, _ x: Raw, _ s: Raw, _ m: Raw, _ now: UInt64, _ base: UInt32
  ) {
    var now = now
    guard execute(a, micro(p), x, s, m, &now, base) else {
      leave(micro(p), s, now)
      return
    }
    single(b, micro(p) + 1, x, s, m, now, base)
  }

  // MARK: Operations

  /// Executes an operation that control goes on behind; false if the exact engine must.
  @inline(__always)
  private static func execute(
    _ code: MicroCode, _ op: MicroOp.Pointer, _ x: Raw, _ s: Raw, _ m: Raw, _ now: inout Cycle, _ base: UInt32
  ) -> Bool {
    let registers = x.assumingMemoryBound(to: UInt32.self)
    switch code {
    case .lb, .lbu, .lh, .lhu, .lw:
      let offset = registers[Int(op.pointee.rs1)] &+ op.pointee.immediate &- base
      guard isInside(offset, s), MicroOp.isAligned(code, offset) else { return false }
      MicroOp.load(code, op, registers, m + Int(offset))
    case .sb, .sh, .sw:
      let offset = registers[Int(op.pointee.rs1)] &+ op.pointee.immediate &- base
      guard isInside(offset, s), MicroOp.isAligned(code, offset),
        state(s).pointee.lines[Int(offset &>> CodeRegion.lineShift)] == 0
      else { return false }
      MicroOp.store(code, op, registers, m + Int(offset))
    case .div, .divu, .rem, .remu:
      let extra = MicroOp.divide(code, op, registers) & state(s).pointee.divisions
      now &+= extra
      state(s).pointee.lastDivision = extra
    case .csr: return BlockCSRAccess.carryOut(op.pointee, registers)
    default: MicroOp.compute(code, op, registers)
    }
    return true
  }

  @inline(__always)
  private static func isInside(_ offset: UInt32, _ s: Raw) -> Bool {
    if _fastPath(offset < state(s).pointee.memorySize) { return true }
    return offset &- state(s).pointee.secondOffset < state(s).pointee.secondSize
  }

  // MARK: Control

  /// Goes on at `op`.
  @inline(__always)
  private static func go(_ op: MicroOp.Pointer, _ x: Raw, _ s: Raw, _ m: Raw, _ now: Cycle, _ base: UInt32) {
    op.pointee.handler(op, x, s, m, now, base)
  }

  /// Ends the run before the operation at `op`, which is the exact engine's.
  @inline(__always)
  private static func leave(_ op: MicroOp.Pointer, _ s: Raw, _ now: Cycle) {
    state(s).pointee.index = op.pointee.position
    state(s).pointee.now = now
    state(s).pointee.outcome = .exact
  }

  /// Ends the run before the block at `pc`.
  @inline(__always)
  private static func end(_ outcome: BlockOutcome, _ pc: Address, _ s: Raw, _ now: Cycle) {
    state(s).pointee.outcome = outcome
    state(s).pointee.pc = pc
    state(s).pointee.now = now
  }

  /// Enters the block at `op`.
  @inline(__always)
  private static func enter(
    _ op: MicroOp.Pointer, _ x: Raw, _ s: Raw, _ m: Raw, _ now: Cycle, _ base: UInt32
  ) {
    state(s).pointee.block = op
    guard now &+ Cycle(op.pointee.immediate) <= state(s).pointee.deadline else {
      state(s).pointee.missed(op, x, s, m, now, base)
      return
    }
    go(op + 1, x, s, m, now, base)
  }

  /// What follows where the block at `p` may not end before `ThreadedState.deadline`.
  @inline(__always)
  static func missed(_ p: Raw, _ x: Raw, _ s: Raw, _ m: Raw, _ now: Cycle, _ base: UInt32) {
    end(.deadline, micro(p).pointee.aux, s, now)
  }

  /// The same where runs of blocks are counted: goes on, unless the block may really not end in time or machine code for it
  /// is there or due.
  @inline(__always)
  static func counted(_ p: Raw, _ x: Raw, _ s: Raw, _ m: Raw, _ now: Cycle, _ base: UInt32) {
    let op = micro(p)
    guard let infos = state(s).pointee.infos, now &+ Cycle(op.pointee.immediate) <= state(s).pointee.countedDeadline
    else {
      end(.deadline, op.pointee.aux, s, now)
      return
    }
    let info = infos + Int(op.pointee.number)
    info.pointee.runs &+= 1
    guard info.pointee.body == 0, info.pointee.runs < state(s).pointee.threshold else {
      end(.deadline, op.pointee.aux, s, now)
      return
    }
    go(op + 1, x, s, m, now, base)
  }

  /// Books the exit of the block under way.
  @inline(__always)
  private static func book(_ op: MicroOp.Pointer, _ s: Raw, _ now: inout Cycle) -> UnsafeMutablePointer<BlockExit> {
    let exit = state(s).pointee.exits + Int(op.pointee.aux)
    state(s).pointee.lastExit = exit
    state(s).pointee.instructionsAndLoads &+= exit.pointee.instructionsAndLoads
    state(s).pointee.stores &+= exit.pointee.stores
    now &+= Cycle(exit.pointee.cycles)
    return exit
  }

  /// Enters `block`, or ends the run at `target` if none is known there. `jumps`: the way there is a jump, so that a target
  /// in two words costs a cycle more.
  @inline(__always)
  private static func enter(
    _ block: MicroOp.Pointer?, orEndAt target: Address, jumps: Bool, _ x: Raw, _ s: Raw, _ m: Raw, _ now: Cycle,
    _ base: UInt32
  ) {
    guard let block else {
      state(s).pointee.jumped = jumps
      end(.unknownTarget, target, s, now)
      return
    }
    enter(block, x, s, m, jumps ? now &+ Cycle(block.pointee.index) : now, base)
  }

  /// Takes the exit of a branch or a direct jump, or goes on behind the block without one.
  @inline(__always)
  private static func take(
    _ op: MicroOp.Pointer, jumps: Bool, _ x: Raw, _ s: Raw, _ m: Raw, _ now: Cycle, _ base: UInt32
  ) {
    var now = now
    let exit = book(op, s, &now)
    enter(exit.pointee.slot.pointee, orEndAt: exit.pointee.target & ~1, jumps: jumps, x, s, m, now, base)
  }

  @inline(__always)
  private static func jump(_ op: MicroOp.Pointer, _ x: Raw, _ s: Raw, _ m: Raw, _ now: Cycle, _ base: UInt32) {
    x.assumingMemoryBound(to: UInt32.self)[Int(op.pointee.rd)] = op.pointee.immediate
    take(op, jumps: true, x, s, m, now, base)
  }

  @inline(__always)
  private static func jumpRegister(_ op: MicroOp.Pointer, _ x: Raw, _ s: Raw, _ m: Raw, _ now: Cycle, _ base: UInt32) {
    let registers = x.assumingMemoryBound(to: UInt32.self)
    let target = (registers[Int(op.pointee.rs1)] &+ op.pointee.immediate) & ~1
    let distance = target &- state(s).pointee.codeBase
    guard distance < state(s).pointee.codeSize else {
      // Into another memory, whose fetches may be late: the exact engine looks where it goes.
      leave(op, s, now)
      return
    }
    registers[Int(op.pointee.rd)] = state(s).pointee.block.pointee.aux &+ UInt32(op.pointee.index)
    var now = now
    _ = book(op, s, &now)
    enter(state(s).pointee.table[Int(distance &>> 1)], orEndAt: target, jumps: true, x, s, m, now, base)
  }
}
