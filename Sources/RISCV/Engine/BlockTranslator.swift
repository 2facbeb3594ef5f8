// Instructions to blocks.
//
// A block begins with nothing under way in the pipeline (`PipelineTiming.isClean`), goes on through branches that are not
// taken and through direct jumps, and ends where the next instruction needs the exact engine or where control goes
// elsewhere. Since nothing is under way at its head and accesses to direct memory are answered at once, the cycle of
// every instruction in it is a constant from its head, found by running the timing model itself. Two things depend on
// data: a division adds the cycles by which its divisor exceeds the shortest one (the model shifts as a whole, because a
// division is always longer than what overlaps with it), and a split access leaves the block.

import HardwareModel

/// Translates the block at one pc.
struct BlockTranslator {
  /// Most instructions of a block: bounds what the exact engine must do before a deadline.
  static let longest = 56

  let hart: Hart
  let region: CodeRegion
  let window: MemoryWindow
  let start: Address

  private var ops: [MicroOp] = []
  private var exits: [BlockExit] = []
  private var ranges: [(start: Address, end: Address)] = []
  private var timing = PipelineTiming(cleanAt: Self.origin)
  private var instructions: UInt64 = 0
  private var loads: UInt64 = 0
  private var stores: UInt64 = 0
  private var storesNotThroughSP: UInt64 = 0
  /// Registers written so far, and those whose first use was a read, by bit; false after a store or a division.
  private var writtenRegisters: UInt32 = 0
  private var readFirst: UInt32 = 0
  private var isRepeatable = true
  private var last = Instruction()
  private var left = BlockLeave()
  /// Latest T so far, and cycles that divisions may add to it.
  private var lastIssue: Cycle = Self.origin
  private var divisions: Cycle = 0

  /// Where the block's own time begins: far enough from 0 that no subtraction can go below it.
  static let origin: Cycle = 1000

  init(hart: Hart, region: CodeRegion, window: MemoryWindow, start: Address) {
    self.hart = hart
    self.region = region
    self.window = window
    self.start = start
  }

  /// Translates and places the block; nil if not even its first instruction can run in one.
  mutating func translate() -> UnsafeMutablePointer<MicroOp>? {
    var pc = start
    var rangeStart = start
    var head = MicroOp(.enter)
    head.aux = start
    ops.append(head)
    translation: while true {
      guard window.contains(pc), window.contains(pc &+ 3), hart.watchedAddresses.isEmpty || !isWatched(pc) else {
        leave(at: pc)
        break
      }
      let instruction = hart.fetch(pc)
      let next = pc &+ UInt32(instruction.length)
      if Int(instructions) >= Self.longest && canEnd(before: instruction, at: pc) {
        fallThrough(to: pc)
        break
      }
      if Int(instructions) >= Self.longest + 8 {
        leave(at: pc)
        break
      }
      // Before a deadline a block runs only if its longest case fits: a loop does not wait for a division behind it.
      if instruction.timing == .divide, exits.contains(where: { $0.target == start }),
        canEnd(before: instruction, at: pc)
      {
        fallThrough(to: pc)
        break
      }
      let issue = issue(instruction)
      switch instruction.timing {
      case .alu, .multiplyHigh, .divide:
        arithmetic(instruction, pc: pc, issue)
      case .load, .store:
        // Near the end of a memory, fetches ahead may meet the access in the next one.
        guard hart.interconnect == nil || window.contains(pc &+ Hart.fetchedAhead) else {
          leave(at: pc)
          break translation
        }
        memory(instruction, pc: pc, issue)
      case .branch:
        guard branch(instruction, pc: pc, issue) else {
          leave(at: pc)
          break translation
        }
      case .jump:
        let target = pc &+ instruction.immediate
        if follow(instruction, pc: pc, target: target, issue) {
          ranges.append((rangeStart, next))
          pc = target
          rangeStart = target
          continue translation
        }
        if !jump(instruction, pc: pc, target: target, issue) { leave(at: pc) } else { pc = next }
        break translation
      case .jumpRegister:
        if !jumpRegister(instruction, pc: pc, issue) { leave(at: pc) } else { pc = next }
        break translation
      case .csr:
        guard let access = BlockCSRAccess(instruction) else {
          leave(at: pc)
          break translation
        }
        var op = MicroOp(.csr)
        op.rd = Self.destination(instruction.rd)
        op.rs1 = access.immediate == nil ? instruction.rs1 : 0
        op.immediate = access.packed
        op.aux = pc
        op.index = UInt16(instructions)
        book(instruction, issue)
        note(instruction)
        append(op, t: issue.t)
        instructions += 1
      default:
        leave(at: pc)
        break translation
      }
      pc = next
    }
    if pc > rangeStart { ranges.append((rangeStart, pc)) }
    guard instructions > 0 else { return nil }
    let longestCase = lastIssue - Self.origin + divisions + 2
    ops[0].immediate = UInt32(longestCase)
    ops[0].index = hart.configuration.cycleModel && hart.straddles(start) ? 1 : 0
    for index in exits.indices { exits[index].longest = UInt32(longestCase) }
    let base = UInt32(hart.blocks.exitCount)
    for index in ops.indices where Self.hasExit(ops[index].code) { ops[index].aux &+= base }
    return hart.blocks.place(
      ops, exits, slot: region.blocks + region.index(start), region: region, ranges: ranges, leave: left)
  }

  static func hasExit(_ code: MicroCode) -> Bool {
    switch code {
    case .fallThrough, .beq, .bne, .blt, .bge, .bltu, .bgeu, .jump, .jumpRegister: true
    default: false
    }
  }

  private func isWatched(_ pc: Address) -> Bool { hart.watchedAddresses.contains(pc) }

  /// The block may end before `instruction` if the state left behind cannot delay it or the one after it.
  private func canEnd(before instruction: Instruction, at pc: Address) -> Bool {
    if timing.isClean { return true }
    var dirty = timing
    var clean = PipelineTiming(cleanAt: timing.avail)
    var place = pc
    for _ in 0..<2 {
      let next = hart.fetch(place)
      switch next.timing {
      case .alu, .load, .store, .branch: break
      default: return false
      }
      let a = dirty.issue(next)
      let b = clean.issue(next)
      if a.t != b.t { return false }
      dirty.finishInBlock(next, a)
      clean.finishInBlock(next, b)
      place = place &+ UInt32(next.length)
      if !window.contains(place &+ 3) { return false }
    }
    return dirty.stripped(movedBackBy: 0) == clean.stripped(movedBackBy: 0)
  }

  // MARK: Parts of a block

  /// Keeps account of what the block reads and writes, to know whether it would do the same once more.
  private mutating func note(_ instruction: Instruction) {
    let sources = UInt32(1) << UInt32(instruction.rs1) | 1 << UInt32(instruction.rs2)
    readFirst |= sources & ~writtenRegisters & ~1
    writtenRegisters |= 1 << UInt32(instruction.rd) & ~1
    switch instruction.timing {
    case .store, .divide, .csr: isRepeatable = false
    default: break
    }
    last = instruction
  }

  private mutating func issue(_ instruction: Instruction) -> PipelineTiming.Issue {
    let issue =
      hart.configuration.cycleModel
      ? timing.issue(instruction) : PipelineTiming.Issue(t: timing.avail, jump: timing.avail)
    lastIssue = max(lastIssue, issue.t)
    return issue
  }

  /// Appends the operation of an instruction that leaves ID at `t`.
  private mutating func append(_ op: MicroOp, t: Cycle) {
    var op = op
    op.issue = UInt16(clamping: t - Self.origin)
    ops.append(op)
  }

  private mutating func leave(at pc: Address) {
    var op = MicroOp(.leave)
    op.aux = pc
    op.index = UInt16(instructions)
    ops.append(op)
    left = BlockLeave(
      position: Int(instructions), pc: pc, timing: timing, instructions: instructions, loads: loads, stores: stores,
      storesNotThroughSP: storesNotThroughSP, last: last)
  }

  private mutating func fallThrough(to pc: Address) {
    var op = MicroOp(.fallThrough)
    op.aux = exit(to: pc, timing.avail)
    op.index = UInt16(instructions)
    exits[exits.count - 1].target |= 1
    ops.append(op)
  }

  /// Control that goes to another memory is the exact engine's matter: fetches there may be late.
  private func staysInside(_ target: Address) -> Bool { hart.interconnect == nil || window.contains(target) }

  private mutating func exit(to target: Address, _ available: Cycle) -> UInt32 {
    let isIdle = target == start && isRepeatable && writtenRegisters & readFirst == 0
    let slot: UnsafeMutablePointer<UnsafeMutablePointer<MicroOp>?> =
      window.contains(target) && !isIdle ? region.blocks + region.index(target) : hart.blocks.emptySlot
    exits.append(
      BlockExit(
        slot: slot, target: target, cycles: UInt32(available - Self.origin),
        instructionsAndLoads: instructions | loads << 32, stores: stores | storesNotThroughSP << 32, block: start,
        isIdle: isIdle))
    return UInt32(exits.count - 1)
  }

  /// Moves the block's timing past an instruction that control stays in the block with.
  private mutating func book(
    _ instruction: Instruction, _ issue: PipelineTiming.Issue, straddles: Bool = false
  ) {
    if hart.configuration.cycleModel {
      timing.finishInBlock(instruction, issue, straddles: straddles)
    } else {
      timing.avail = issue.t + 1
    }
  }

  private mutating func arithmetic(_ instruction: Instruction, pc: Address, _ issue: PipelineTiming.Issue) {
    if hart.configuration.cycleModel && instruction.timing == .divide {
      divisions += PipelineTiming.longestDivision - PipelineTiming.shortestDivision
    }
    book(instruction, issue)
    note(instruction)
    append(Self.microOp(instruction, pc: pc, index: UInt16(instructions)), t: issue.t)
    instructions += 1
  }

  private mutating func memory(_ instruction: Instruction, pc: Address, _ issue: PipelineTiming.Issue) {
    book(instruction, issue)
    note(instruction)
    append(Self.microOp(instruction, pc: pc, index: UInt16(instructions)), t: issue.t)
    instructions += 1
    if instruction.timing == .load {
      loads += 1
    } else {
      stores += 1
      if instruction.rs1 != 2 { storesNotThroughSP += 1 }
    }
  }

  /// False if the state at the taken exit is not clean.
  private mutating func branch(_ instruction: Instruction, pc: Address, _ issue: PipelineTiming.Issue) -> Bool {
    guard staysInside(pc &+ instruction.immediate) else { return false }
    var taken = timing
    if hart.configuration.cycleModel {
      taken.finishBranch(t: issue.t, taken: true, straddles: false)
      guard taken.isClean else { return false }
    } else {
      taken.avail = issue.t + 1
    }
    book(instruction, issue)
    note(instruction)
    var op = Self.microOp(instruction, pc: pc, index: UInt16(instructions))
    instructions += 1
    op.aux = exit(to: pc &+ instruction.immediate, taken.avail)
    append(op, t: issue.t)
    return true
  }

  /// Goes on at the target of a direct jump inside the block, if that is short and leads to new code.
  private mutating func follow(
    _ instruction: Instruction, pc: Address, target: Address, _ issue: PipelineTiming.Issue
  ) -> Bool {
    guard Int(instructions) < Self.longest / 2, window.contains(target), window.contains(target &+ 3),
      target != start, target != pc, !ranges.contains(where: { $0.start <= target && target < $0.end }),
      !(target <= pc && target >= start)
    else { return false }
    book(instruction, issue, straddles: hart.straddles(target))
    instructions += 1
    note(instruction)
    // Also without a link: the instruction needs its place in the block where a run may stop before it.
    var op = MicroOp(.constant)
    op.rd = Self.destination(instruction.rd)
    op.immediate = pc &+ UInt32(instruction.length)
    op.index = UInt16(instructions - 1)
    append(op, t: issue.t)
    return true
  }

  private mutating func jump(
    _ instruction: Instruction, pc: Address, target: Address, _ issue: PipelineTiming.Issue
  ) -> Bool {
    guard staysInside(target), finish(instruction, issue) else { return false }
    var op = MicroOp(.jump)
    op.rd = Self.destination(instruction.rd)
    op.immediate = pc &+ UInt32(instruction.length)
    op.index = UInt16(instructions)
    note(instruction)
    instructions += 1
    op.aux = exit(to: target, timing.avail)
    append(op, t: issue.t)
    return true
  }

  private mutating func jumpRegister(_ instruction: Instruction, pc: Address, _ issue: PipelineTiming.Issue) -> Bool {
    // The link fits in 16 bits as a distance from the block's start unless the block has followed a far jump.
    let link = pc &+ UInt32(instruction.length)
    guard instruction.rd == 0 || link &- start < 0x1_0000, finish(instruction, issue) else { return false }
    var op = MicroOp(.jumpRegister)
    op.rd = Self.destination(instruction.rd)
    op.rs1 = instruction.rs1
    op.immediate = instruction.immediate
    op.index = UInt16(truncatingIfNeeded: link &- start)
    op.rs2 = UInt8(truncatingIfNeeded: instructions)
    instructions += 1
    op.aux = exit(to: 0, timing.avail)
    exits[exits.count - 1].isIndirect = true
    append(op, t: issue.t)
    return true
  }

  /// Books a jump at the end of a block. False if the exact engine must do it: the state behind it is not clean, or a
  /// straddling target would cost more than the one cycle that the target's block adds.
  private mutating func finish(_ instruction: Instruction, _ issue: PipelineTiming.Issue) -> Bool {
    guard hart.configuration.cycleModel else {
      timing.avail = issue.t + 1
      return true
    }
    var plain = timing
    var straddling = timing
    plain.finishJump(instruction, issue, straddles: false)
    straddling.finishJump(instruction, issue, straddles: true)
    guard plain.isClean, straddling.isClean, straddling.avail == plain.avail + 1 else { return false }
    timing = plain
    return true
  }

  // MARK: Operations

  private static func destination(_ rd: UInt8) -> UInt8 { rd == 0 ? 32 : rd }

  private static func microOp(_ instruction: Instruction, pc: Address, index: UInt16) -> MicroOp {
    var op = MicroOp(code(instruction))
    op.rd = destination(instruction.rd)
    op.rs1 = instruction.rs1
    op.rs2 = instruction.rs2
    op.immediate = instruction.immediate
    op.aux = pc
    op.index = index
    switch instruction.operation {
    case .auipc: op.immediate = pc &+ instruction.immediate
    case .add where instruction.rs1 == 0:
      op.code = .move
      op.rs1 = instruction.rs2
    default: break
    }
    return op
  }

  private static func code(_ instruction: Instruction) -> MicroCode {
    switch instruction.operation {
    case .lui, .auipc: .constant
    case .addi: instruction.rs1 == 0 ? .constant : instruction.immediate == 0 ? .move : .addi
    case .slti: .slti
    case .sltiu: .sltiu
    case .xori: .xori
    case .ori: .ori
    case .andi: .andi
    case .slli: .slli
    case .srli: .srli
    case .srai: .srai
    case .add: .add
    case .sub: .sub
    case .sll: .sll
    case .slt: .slt
    case .sltu: .sltu
    case .xor: .xor
    case .srl: .srl
    case .sra: .sra
    case .or: .or
    case .and: .and
    case .mul: .mul
    case .mulh: .mulh
    case .mulhsu: .mulhsu
    case .mulhu: .mulhu
    case .div: .div
    case .divu: .divu
    case .rem: .rem
    case .remu: .remu
    case .lb: .lb
    case .lh: .lh
    case .lw: .lw
    case .lbu: .lbu
    case .lhu: .lhu
    case .sb: .sb
    case .sh: .sh
    case .sw: .sw
    case .beq: .beq
    case .bne: .bne
    case .blt: .blt
    case .bge: .bge
    case .bltu: .bltu
    case .bgeu: .bgeu
    default: .leave
    }
  }
}
