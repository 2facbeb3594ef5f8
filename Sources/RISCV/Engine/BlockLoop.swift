// The loop that executes the operations of blocks one by one.
//
// It goes up to the very instruction that comes too close to a deadline; between deadlines `ThreadedLoop` does the same
// faster. In a build without optimisation, where that would need a stack frame for each operation, this loop does both.

import HardwareModel

extension Hart {
  /// Runs from `run.block` until a deadline, an unknown target or an instruction for the exact engine. `divisions`: all
  /// ones if a division takes the time that its divisor asks for, 0 if every instruction takes one cycle. `infos`: counts the
  /// blocks, and ends with `.deadline` before one that has machine code or has now run `threshold` times.
  @inline(never)
  static func loop(
    _ run: inout BlockRun, x: UnsafeMutablePointer<UInt32>, exits: UnsafeMutablePointer<BlockExit>,
    table: UnsafeMutablePointer<UnsafeMutablePointer<MicroOp>?>, codeBase: Address, codeSize: UInt32,
    data: BlockMemory, deadline: Cycle, divisions: Cycle, infos: UnsafeMutablePointer<BlockInfo>? = nil,
    threshold: UInt32 = 0
  ) -> BlockOutcome {
    #if DEBUG
      interpret(
        &run, x: x, exits: exits, table: table, codeBase: codeBase, codeSize: codeSize, data: data, deadline: deadline,
        divisions: divisions, isCareful: false)
    #else
      ThreadedLoop.run(
        &run, x: x, exits: exits, table: table, codeBase: codeBase, codeSize: codeSize, data: data, deadline: deadline,
        divisions: divisions, infos: infos, threshold: threshold)
    #endif
  }

  /// Runs up to the first instruction that comes too close to the deadline, or up to a block that may run as a whole.
  @inline(never)
  static func loopCarefully(
    _ run: inout BlockRun, x: UnsafeMutablePointer<UInt32>, exits: UnsafeMutablePointer<BlockExit>,
    table: UnsafeMutablePointer<UnsafeMutablePointer<MicroOp>?>, codeBase: Address, codeSize: UInt32,
    data: BlockMemory, deadline: Cycle, divisions: Cycle
  ) -> BlockOutcome {
    interpret(
      &run, x: x, exits: exits, table: table, codeBase: codeBase, codeSize: codeSize, data: data, deadline: deadline,
      divisions: divisions, isCareful: true)
  }

  /// What both do; `isCareful` is a constant.
  @inline(__always)
  private static func interpret(
    _ run: inout BlockRun, x: UnsafeMutablePointer<UInt32>, exits: UnsafeMutablePointer<BlockExit>,
    table: UnsafeMutablePointer<UnsafeMutablePointer<MicroOp>?>, codeBase: Address, codeSize: UInt32,
    data: BlockMemory, deadline: Cycle, divisions: Cycle, isCareful: Bool
  ) -> BlockOutcome {
    let memory = data.bytes
    let lines = data.lines
    let memoryBase = data.base
    let memorySize = data.size
    // Looked at only where the first range was missed.
    run.secondOffset = data.secondOffset
    run.secondSize = data.secondSize
    var block = run.block
    var p = run.place
    var now = run.now
    var instructionsAndLoads: UInt64 = 0
    var stores: UInt64 = 0
    let lineShift = CodeRegion.lineShift
    var exit: UnsafeMutablePointer<BlockExit>
    var outcome = BlockOutcome.exact
    var target: Address = 0

    execution: while true {
      let op = p.pointee
      // An access takes place in the cycle after T, and what is due in that cycle comes first.
      // What only frames a block takes no time: nothing can come too close to it, nor be executed in its place.
      if isCareful, op.isInstruction, now &+ Cycle(op.issue) &+ 2 > deadline {
        run.index = op.position
        run.place = p
        run.cameTooClose = true
        break execution
      }
      dispatch: do {
        switch op.code {
        case .enter:
          block = p
          if !isCareful, now &+ Cycle(op.immediate) > deadline {
            outcome = .deadline
            run.pc = op.aux
            break execution
          }
        case .leave:
          run.index = Int(op.index)
          break execution
        case .fallThrough:
          exit = exits + Int(op.aux)
          run.lastExit = exit
          now &+= Cycle(exit.pointee.cycles)
          instructionsAndLoads &+= exit.pointee.instructionsAndLoads
          stores &+= exit.pointee.stores
          guard let next = exit.pointee.slot.pointee, !isCareful || now &+ Cycle(next.pointee.immediate) > deadline
          else {
            outcome = .unknownTarget
            run.pc = exit.pointee.target & ~1
            run.jumped = false
            break execution
          }
          p = next
          continue execution
        case .div, .divu, .rem, .remu:
          let extra = MicroOp.divide(op.code, p, x) & divisions
          now &+= extra
          run.lastDivision = extra
        case .lb, .lbu, .lh, .lhu, .lw:
          let offset = x[Int(op.rs1)] &+ op.immediate &- memoryBase
          guard offset < memorySize || offset &- run.secondOffset < run.secondSize, MicroOp.isAligned(op.code, offset)
          else {
            run.index = Int(op.index)
            break execution
          }
          MicroOp.load(op.code, p, x, memory + Int(offset))
        case .sb, .sh, .sw:
          let offset = x[Int(op.rs1)] &+ op.immediate &- memoryBase
          guard offset < memorySize || offset &- run.secondOffset < run.secondSize, MicroOp.isAligned(op.code, offset),
            lines[Int(offset &>> lineShift)] == 0
          else {
            run.index = Int(op.index)
            break execution
          }
          MicroOp.store(op.code, p, x, memory + Int(offset))
        case .beq, .bne, .blt, .bge, .bltu, .bgeu:
          if MicroOp.isTaken(op.code, p, x) { break dispatch }
        case .csr:
          guard BlockCSRAccess.carryOut(op, x) else {
            run.index = Int(op.index)
            break execution
          }
        case .jump:
          x[Int(op.rd)] = op.immediate
          break dispatch
        case .jumpRegister:
          target = (x[Int(op.rs1)] &+ op.immediate) & ~1
          let distance = target &- codeBase
          if distance >= codeSize {
            // Into another memory, whose fetches may be late: the exact engine looks where it goes.
            run.index = Int(exits[Int(op.aux)].instructionsAndLoads & 0xFFFF_FFFF) - 1
            break execution
          }
          x[Int(op.rd)] = block.pointee.aux &+ UInt32(op.index)
          exit = exits + Int(op.aux)
          run.lastExit = exit
          now &+= Cycle(exit.pointee.cycles)
          instructionsAndLoads &+= exit.pointee.instructionsAndLoads
          stores &+= exit.pointee.stores
          guard let next = table[Int(distance &>> 1)], !isCareful || now &+ Cycle(next.pointee.immediate) > deadline
          else {
            outcome = .unknownTarget
            run.pc = target
            run.jumped = true
            break execution
          }
          now &+= Cycle(next.pointee.index)
          p = next
          continue execution
        default: MicroOp.compute(op.code, p, x)
        }
        p += 1
        continue execution
      }
      // A taken branch or a direct jump: on to the target's block.
      exit = exits + Int(op.aux)
      run.lastExit = exit
      now &+= Cycle(exit.pointee.cycles)
      instructionsAndLoads &+= exit.pointee.instructionsAndLoads
      stores &+= exit.pointee.stores
      guard let next = exit.pointee.slot.pointee, !isCareful || now &+ Cycle(next.pointee.immediate) > deadline else {
        outcome = .unknownTarget
        run.pc = exit.pointee.target
        run.jumped = true
        break execution
      }
      now &+= Cycle(next.pointee.index)
      p = next
    }
    run.blockPC = block.pointee.aux
    run.number = Int(block.pointee.number)
    run.blockStraddles = block.pointee.index != 0
    run.now = now
    run.instructionsAndLoads = instructionsAndLoads
    run.stores = stores
    return outcome
  }
}
