// The hot loop of the block engine.
//
// One switch over the operation kind, everything in locals, no call and no reference count inside. Registers are indexed
// without checks: numbers come from 5-bit fields, and 32 takes what is written to x0.

import HardwareModel

extension Hart {
  /// Runs from `run.block` until a deadline, an unknown target or an instruction for the exact engine. `divisions`: all
  /// ones if a division takes the time that its divisor asks for, 0 if every instruction takes one cycle.
  @inline(never)
  static func loop(
    _ run: inout BlockRun, x: UnsafeMutablePointer<UInt32>, exits: UnsafeMutablePointer<BlockExit>,
    table: UnsafeMutablePointer<UnsafeMutablePointer<MicroOp>?>, codeBase: Address, codeSize: UInt32,
    data: BlockMemory, deadline: Cycle, divisions: Cycle
  ) -> BlockOutcome {
    interpret(
      &run, x: x, exits: exits, table: table, codeBase: codeBase, codeSize: codeSize, data: data, deadline: deadline,
      divisions: divisions, isCareful: false)
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
        case .constant: x[Int(op.rd)] = op.immediate
        case .move: x[Int(op.rd)] = x[Int(op.rs1)]
        case .addi: x[Int(op.rd)] = x[Int(op.rs1)] &+ op.immediate
        case .slti: x[Int(op.rd)] = Int32(bitPattern: x[Int(op.rs1)]) < Int32(bitPattern: op.immediate) ? 1 : 0
        case .sltiu: x[Int(op.rd)] = x[Int(op.rs1)] < op.immediate ? 1 : 0
        case .xori: x[Int(op.rd)] = x[Int(op.rs1)] ^ op.immediate
        case .ori: x[Int(op.rd)] = x[Int(op.rs1)] | op.immediate
        case .andi: x[Int(op.rd)] = x[Int(op.rs1)] & op.immediate
        case .slli: x[Int(op.rd)] = x[Int(op.rs1)] &<< op.immediate
        case .srli: x[Int(op.rd)] = x[Int(op.rs1)] &>> op.immediate
        case .srai:
          x[Int(op.rd)] = UInt32(bitPattern: Int32(bitPattern: x[Int(op.rs1)]) &>> Int32(bitPattern: op.immediate))
        case .add: x[Int(op.rd)] = x[Int(op.rs1)] &+ x[Int(op.rs2)]
        case .sub: x[Int(op.rd)] = x[Int(op.rs1)] &- x[Int(op.rs2)]
        case .sll: x[Int(op.rd)] = x[Int(op.rs1)] &<< x[Int(op.rs2)]
        case .slt: x[Int(op.rd)] = Int32(bitPattern: x[Int(op.rs1)]) < Int32(bitPattern: x[Int(op.rs2)]) ? 1 : 0
        case .sltu: x[Int(op.rd)] = x[Int(op.rs1)] < x[Int(op.rs2)] ? 1 : 0
        case .xor: x[Int(op.rd)] = x[Int(op.rs1)] ^ x[Int(op.rs2)]
        case .srl: x[Int(op.rd)] = x[Int(op.rs1)] &>> x[Int(op.rs2)]
        case .sra:
          x[Int(op.rd)] = UInt32(bitPattern: Int32(bitPattern: x[Int(op.rs1)]) &>> Int32(bitPattern: x[Int(op.rs2)]))
        case .or: x[Int(op.rd)] = x[Int(op.rs1)] | x[Int(op.rs2)]
        case .and: x[Int(op.rd)] = x[Int(op.rs1)] & x[Int(op.rs2)]
        case .mul: x[Int(op.rd)] = x[Int(op.rs1)] &* x[Int(op.rs2)]
        case .mulh:
          x[Int(op.rd)] = Arithmetic.multiplyHigh(
            Int64(Int32(bitPattern: x[Int(op.rs1)])), Int64(Int32(bitPattern: x[Int(op.rs2)])))
        case .mulhsu:
          x[Int(op.rd)] = Arithmetic.multiplyHigh(Int64(Int32(bitPattern: x[Int(op.rs1)])), Int64(x[Int(op.rs2)]))
        case .mulhu:
          x[Int(op.rd)] = UInt32(truncatingIfNeeded: (UInt64(x[Int(op.rs1)]) &* UInt64(x[Int(op.rs2)])) >> 32)
        case .div:
          let extra =
            (PipelineTiming.divideOccupancy(divisor: x[Int(op.rs2)], signed: true) &- PipelineTiming.shortestDivision)
            & divisions
          now &+= extra
          run.lastDivision = extra
          x[Int(op.rd)] = Arithmetic.divide(x[Int(op.rs1)], x[Int(op.rs2)])
        case .divu:
          let extra =
            (PipelineTiming.divideOccupancy(divisor: x[Int(op.rs2)], signed: false) &- PipelineTiming.shortestDivision)
            & divisions
          now &+= extra
          run.lastDivision = extra
          x[Int(op.rd)] = x[Int(op.rs2)] == 0 ? .max : x[Int(op.rs1)] / x[Int(op.rs2)]
        case .rem:
          let extra =
            (PipelineTiming.divideOccupancy(divisor: x[Int(op.rs2)], signed: true) &- PipelineTiming.shortestDivision)
            & divisions
          now &+= extra
          run.lastDivision = extra
          x[Int(op.rd)] = Arithmetic.remainder(x[Int(op.rs1)], x[Int(op.rs2)])
        case .remu:
          let extra =
            (PipelineTiming.divideOccupancy(divisor: x[Int(op.rs2)], signed: false) &- PipelineTiming.shortestDivision)
            & divisions
          now &+= extra
          run.lastDivision = extra
          x[Int(op.rd)] = x[Int(op.rs2)] == 0 ? x[Int(op.rs1)] : x[Int(op.rs1)] % x[Int(op.rs2)]
        case .lb:
          let offset = x[Int(op.rs1)] &+ op.immediate &- memoryBase
          if _slowPath(offset >= memorySize) && offset &- run.secondOffset >= run.secondSize {
            run.index = Int(op.index)
            break execution
          }
          x[Int(op.rd)] = UInt32(bitPattern: Int32(memory.load(fromByteOffset: Int(offset), as: Int8.self)))
        case .lbu:
          let offset = x[Int(op.rs1)] &+ op.immediate &- memoryBase
          if _slowPath(offset >= memorySize) && offset &- run.secondOffset >= run.secondSize {
            run.index = Int(op.index)
            break execution
          }
          x[Int(op.rd)] = UInt32(memory.load(fromByteOffset: Int(offset), as: UInt8.self))
        case .lh:
          let offset = x[Int(op.rs1)] &+ op.immediate &- memoryBase
          if _slowPath(offset >= memorySize) && offset &- run.secondOffset >= run.secondSize || offset & 3 > 2 {
            run.index = Int(op.index)
            break execution
          }
          x[Int(op.rd)] = UInt32(
            bitPattern: Int32(Int16(littleEndian: memory.loadUnaligned(fromByteOffset: Int(offset), as: Int16.self))))
        case .lhu:
          let offset = x[Int(op.rs1)] &+ op.immediate &- memoryBase
          if _slowPath(offset >= memorySize) && offset &- run.secondOffset >= run.secondSize || offset & 3 > 2 {
            run.index = Int(op.index)
            break execution
          }
          x[Int(op.rd)] = UInt32(
            UInt16(littleEndian: memory.loadUnaligned(fromByteOffset: Int(offset), as: UInt16.self)))
        case .lw:
          let offset = x[Int(op.rs1)] &+ op.immediate &- memoryBase
          if _slowPath(offset >= memorySize) && offset &- run.secondOffset >= run.secondSize || offset & 3 != 0 {
            run.index = Int(op.index)
            break execution
          }
          x[Int(op.rd)] = UInt32(littleEndian: memory.load(fromByteOffset: Int(offset), as: UInt32.self))
        case .sb:
          let offset = x[Int(op.rs1)] &+ op.immediate &- memoryBase
          if _slowPath(offset >= memorySize) && offset &- run.secondOffset >= run.secondSize
            || lines[Int(offset &>> lineShift)] != 0
          {
            run.index = Int(op.index)
            break execution
          }
          memory.storeBytes(
            of: UInt8(truncatingIfNeeded: x[Int(op.rs2)]), toByteOffset: Int(offset), as: UInt8.self)
        case .sh:
          let offset = x[Int(op.rs1)] &+ op.immediate &- memoryBase
          if _slowPath(offset >= memorySize) && offset &- run.secondOffset >= run.secondSize || offset & 3 > 2
            || lines[Int(offset &>> lineShift)] != 0
          {
            run.index = Int(op.index)
            break execution
          }
          memory.storeBytes(
            of: UInt16(truncatingIfNeeded: x[Int(op.rs2)]).littleEndian, toByteOffset: Int(offset), as: UInt16.self)
        case .sw:
          let offset = x[Int(op.rs1)] &+ op.immediate &- memoryBase
          if _slowPath(offset >= memorySize) && offset &- run.secondOffset >= run.secondSize || offset & 3 != 0
            || lines[Int(offset &>> lineShift)] != 0
          {
            run.index = Int(op.index)
            break execution
          }
          memory.storeBytes(
            of: UInt32(truncatingIfNeeded: x[Int(op.rs2)]).littleEndian, toByteOffset: Int(offset), as: UInt32.self)
        case .beq:
          if x[Int(op.rs1)] == x[Int(op.rs2)] { break dispatch }
        case .bne:
          if x[Int(op.rs1)] != x[Int(op.rs2)] { break dispatch }
        case .blt:
          if Int32(bitPattern: x[Int(op.rs1)]) < Int32(bitPattern: x[Int(op.rs2)]) { break dispatch }
        case .bge:
          if Int32(bitPattern: x[Int(op.rs1)]) >= Int32(bitPattern: x[Int(op.rs2)]) { break dispatch }
        case .bltu:
          if x[Int(op.rs1)] < x[Int(op.rs2)] { break dispatch }
        case .bgeu:
          if x[Int(op.rs1)] >= x[Int(op.rs2)] { break dispatch }
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
