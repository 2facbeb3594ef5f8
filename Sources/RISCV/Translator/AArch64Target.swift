// Translated code for AArch64.
//
// x8: the state, which is the frame too: guest registers without a host register stay in it. x4: what to add to a guest
// address for the host's. w5: budget. w6: number of the last exit. w7: the budget before the last division. v0:
// counters. x0 to x3: free within an instruction. x18 is the platform's. The other 21 registers hold guest registers:
// those that compressed instructions and calling conventions use most.
//
// Host registers that hold guest registers have upper halves of 0. Compiled and run for other hosts' tests too; no AArch64 machine
// has run it yet (Documentation/Performance.md).

import HardwareModel
import MachineCode

struct AArch64Target: TranslationTarget {
  private var code: AArch64Assembler
  private let leaveOffset: Int
  /// The guest's address of the data memory.
  private var memoryBase: UInt32 = 0
  var block = BlockEmission<AArch64Assembler.Jump, AArch64Register>()

  init(_ bytes: UnsafeMutablePointer<UInt8>, from start: Int, to end: Int, leave: Int) {
    code = AArch64Assembler(bytes, from: start, to: end)
    leaveOffset = leave
  }

  var count: Int { code.count }
  var isFull: Bool { code.isFull || code.isRefused }

  // MARK: Registers

  private static let memory = AArch64Register.x4
  private static let budget = AArch64Register.x5
  private static let lastExit = AArch64Register.x6
  private static let beforeDivision = AArch64Register.x7
  private static let state = AArch64Register.x8

  /// Guest registers that live in host registers, in the order of the guest's.
  private static let mapping: [(guest: UInt8, host: AArch64Register)] = [
    (1, .x9), (2, .x19), (5, .x10), (6, .x11), (7, .x12), (8, .x20), (9, .x21), (10, .x22), (11, .x23), (12, .x24),
    (13, .x25), (14, .x26), (15, .x27), (16, .x28), (17, .x29), (18, .x30), (19, .x13), (20, .x14), (21, .x15),
    (28, .x16), (29, .x17),
  ]
  private static let hosts: [AArch64Register?] = {
    var hosts = [AArch64Register?](repeating: nil, count: 33)
    for (guest, host) in mapping { hosts[Int(guest)] = host }
    return hosts
  }()

  private func host(_ guest: UInt8) -> AArch64Register? { Self.hosts[Int(guest)] }

  /// The register that holds an operand: its own, or `scratch` after loading it.
  private mutating func value(_ operand: GuestOperand, _ scratch: AArch64Register) -> AArch64Register {
    switch operand {
    case .constant(0): return .zero
    case .constant(let value): code.mov(scratch, immediate: value)
    case .register(let guest):
      if let host = host(guest) { return host }
      code.access(.ldr, scratch, Self.state, offset: UInt32(guest) * 4)
    }
    return scratch
  }

  /// Where a result is computed that `write` then brings to its place.
  private func destination(_ rd: UInt8) -> AArch64Register { host(rd) ?? .x0 }

  private mutating func write(_ rd: UInt8, from register: AArch64Register) {
    if let host = host(rd) {
      if host != register { code.mov(host, register) }
    } else {
      code.access(.str, register, Self.state, offset: UInt32(rd) * 4)
    }
  }

  // MARK: Way in and out

  private static let saved: [(AArch64Register, AArch64Register)] = [
    (.x29, .x30), (.x19, .x20), (.x21, .x22), (.x23, .x24), (.x25, .x26), (.x27, .x28),
  ]

  /// Moves the registers that live in host registers, two at a time where they are neighbours.
  private mutating func moveGuestRegisters(_ one: AArch64Access, _ two: AArch64Pair) {
    var index = 0
    while index < Self.mapping.count {
      let (guest, first) = Self.mapping[index]
      if index + 1 < Self.mapping.count, Self.mapping[index + 1].guest == guest + 1 {
        code.pair(two, first, Self.mapping[index + 1].host, Self.state, offset: Int32(guest) * 4)
        index += 2
      } else {
        code.access(one, first, Self.state, offset: UInt32(guest) * 4)
        index += 1
      }
    }
  }

  mutating func entrance() -> (enter: Int, leave: Int) {
    code.align(16)
    let enter = code.count
    let frame = Int32(Self.saved.count) * 16
    for (index, pair) in Self.saved.enumerated() {
      if index == 0 {
        code.pair(.stpQuad, pair.0, pair.1, .sp, offset: -frame, .preIndex)
      } else {
        code.pair(.stpQuad, pair.0, pair.1, .sp, offset: Int32(index) * 16)
      }
    }
    code.mov(Self.state, .x0, wide: true)
    code.access(.ldr, Self.budget, Self.state, offset: UInt32(TranslatedState.budgetOffset))
    code.access(.ldrQuad, Self.memory, Self.state, offset: UInt32(TranslatedState.memoryOffset))
    code.access(.ldr, .x2, Self.state, offset: UInt32(TranslatedState.memoryBaseOffset))
    code.sum(.sub, Self.memory, Self.memory, .x2, wide: true)
    code.mov(Self.lastExit, immediate: TranslatedState.noExit)
    code.mov(Self.beforeDivision, Self.budget)
    code.clearVector(0)
    moveGuestRegisters(.ldr, .ldp)
    code.jump(to: .x1)

    code.align(16)
    // Out through the last exit.
    code.mov(.x0, Self.lastExit)
    let leave = code.count
    moveGuestRegisters(.str, .stp)
    code.access(.str, Self.lastExit, Self.state, offset: UInt32(TranslatedState.lastExitOffset))
    code.access(.str, Self.beforeDivision, Self.state, offset: UInt32(TranslatedState.beforeDivisionOffset))
    code.access(.str, Self.budget, Self.state, offset: UInt32(TranslatedState.budgetOffset))
    code.access(.str, .x0, Self.state, offset: UInt32(TranslatedState.recordOffset))
    code.access(.str, .x1, Self.state, offset: UInt32(TranslatedState.targetOffset))
    code.storeVector(0, Self.state, offset: UInt32(TranslatedState.countsOffset))
    for (index, pair) in Self.saved.enumerated().reversed() {
      if index == 0 {
        code.pair(.ldpQuad, pair.0, pair.1, .sp, offset: frame, .postIndex)
      } else {
        code.pair(.ldpQuad, pair.0, pair.1, .sp, offset: Int32(index) * 16)
      }
    }
    code.ret()
    return (enter, leave)
  }

  /// Out through the last exit: the instruction before `leaveOffset`.
  private var leaveThroughExit: Int { leaveOffset - 4 }

  // MARK: Blocks

  /// The cycles of any block whose exits' numbers for the budget, those of the next block added, fit in an instruction.
  private static let longestBlock: UInt32 = 4000

  mutating func counts(_ instructions: UInt32, _ loads: UInt32, _ stores: UInt32, _ notThroughSP: UInt32) -> Int {
    code.align(16)
    let place = code.count
    for value in [instructions, loads, stores, notThroughSP] { code.word(value) }
    return place
  }

  mutating func begin(
    number: UInt32, longest: UInt32, straddle: UInt32, memory: TranslatedMemory
  ) -> (indirect: Int, body: Int) {
    memoryBase = memory.base
    block = BlockEmission(number: number, longest: longest, straddle: straddle)
    if longest > Self.longestBlock { code.refuse() }
    code.align(16)
    let indirect = code.count
    Self.shrinkBudget(&code, by: longest &+ straddle)
    block.tooLate = code.jump(.mi)
    block.body = code.count
    return (indirect, block.body)
  }

  /// One instruction; its flags tell whether the budget is negative.
  private static func shrinkBudget(_ code: inout AArch64Assembler, by cycles: UInt32) {
    let isNegative = cycles >> 31 != 0
    let amount = isNegative ? 0 &- cycles : cycles
    if amount >= 0x1000 { code.refuse() }
    code.sum(isNegative ? .adds : .subs, budget, budget, immediate: amount)
  }

  mutating func bind(_ jump: AArch64Assembler.Jump) { code.bind(jump) }
  mutating func bind(_ jump: AArch64Assembler.Jump, to offset: Int) { code.bind(jump, to: offset) }

  mutating func goOutTooLate() {
    code.sum(.add, Self.budget, Self.budget, immediate: block.longest &+ block.straddle)
    code.jump(to: leaveThroughExit)
  }

  mutating func goOut(record: UInt32) {
    code.mov(.x0, immediate: record)
    code.jump(to: leaveOffset)
  }

  // MARK: Arithmetic

  mutating func constant(_ rd: UInt8, _ value: UInt32) {
    if let host = host(rd) {
      code.mov(host, immediate: value)
    } else {
      write(rd, from: self.value(.constant(value), .x0))
    }
  }

  mutating func move(_ rd: UInt8, _ rs: UInt8) {
    if let to = host(rd), host(rs) == nil {
      code.access(.ldr, to, Self.state, offset: UInt32(rs) * 4)
    } else {
      write(rd, from: value(.register(rs), .x0))
    }
  }

  mutating func binary(_ operation: MicroCode, _ rd: UInt8, _ a: GuestOperand, _ b: GuestOperand) {
    let to = destination(rd)
    switch operation {
    case .slt, .slti: code.set(to, compare(a, b, .blt))
    case .sltu, .sltiu: code.set(to, compare(a, b, .bltu))
    default:
      let left = value(a, .x0)
      if case .constant(let constant) = b {
        withConstant(operation, to, left, constant)
      } else {
        withRegisters(operation, to, left, value(b, .x1))
      }
    }
    if host(rd) == nil { write(rd, from: to) }
  }

  private mutating func withRegisters(
    _ operation: MicroCode, _ to: AArch64Register, _ a: AArch64Register, _ b: AArch64Register
  ) {
    switch operation {
    case .add, .addi: code.sum(.add, to, a, b)
    case .sub: code.sum(.sub, to, a, b)
    case .and, .andi: code.logic(.and, to, a, b)
    case .or, .ori: code.logic(.orr, to, a, b)
    case .xor, .xori: code.logic(.eor, to, a, b)
    case .sll, .slli: code.binary(.lslv, to, a, b)
    case .srl, .srli: code.binary(.lsrv, to, a, b)
    case .sra, .srai: code.binary(.asrv, to, a, b)
    case .mul: code.product(.madd, to, a, b)
    case .mulh:
      code.product(.smaddl, .x0, a, b, wide: true)
      code.shift(.lsr, to, .x0, by: 32, wide: true)
    case .mulhu:
      code.product(.umaddl, .x0, a, b, wide: true)
      code.shift(.lsr, to, .x0, by: 32, wide: true)
    case .mulhsu:
      code.sxtw(.x0, a)
      code.product(.madd, .x0, .x0, b, wide: true)
      code.shift(.lsr, to, .x0, by: 32, wide: true)
    default: code.refuse()
    }
  }

  private mutating func withConstant(
    _ operation: MicroCode, _ to: AArch64Register, _ a: AArch64Register, _ constant: UInt32
  ) {
    switch operation {
    case .add, .addi: add(to, a, constant)
    case .sub: add(to, a, 0 &- constant)
    case .sll, .slli: code.shift(.lsl, to, a, by: constant & 31)
    case .srl, .srli: code.shift(.lsr, to, a, by: constant & 31)
    case .sra, .srai: code.shift(.asr, to, a, by: constant & 31)
    case .and, .andi: logic(.and, to, a, constant)
    case .or, .ori: logic(.orr, to, a, constant)
    case .xor, .xori: logic(.eor, to, a, constant)
    default: withRegisters(operation, to, a, value(.constant(constant), .x1))
    }
  }

  private mutating func logic(
    _ operation: AArch64Logic, _ to: AArch64Register, _ a: AArch64Register, _ constant: UInt32
  ) {
    if operation == .eor, constant == .max {
      code.logic(.orn, to, .zero, a)
    } else if AArch64Assembler.fitsLogic(constant) {
      code.logic(operation, to, a, immediate: UInt64(constant))
    } else {
      code.logic(operation, to, a, value(.constant(constant), .x1))
    }
  }

  /// to = from + constant. May use x3.
  private mutating func add(_ to: AArch64Register, _ from: AArch64Register, _ constant: UInt32) {
    if constant == 0 {
      if to != from { code.mov(to, from) }
    } else if from != .zero, AArch64Assembler.fitsSum(constant) {
      code.sum(.add, to, from, immediate: constant)
    } else if from != .zero, AArch64Assembler.fitsSum(0 &- constant) {
      code.sum(.sub, to, from, immediate: 0 &- constant)
    } else {
      code.mov(.x3, immediate: constant)
      code.sum(.add, to, from, .x3)
    }
  }

  mutating func divide(
    _ operation: MicroCode, _ rd: UInt8, _ a: GuestOperand, _ b: GuestOperand, isTimed: Bool
  ) {
    let isSigned = operation == .div || operation == .rem
    let divisor = value(b, .x1)
    if isTimed {
      code.mov(Self.beforeDivision, Self.budget)
      // The budget shrinks by the leading zeros of the divisor; signed: of its magnitude's complement, less 1 if it is
      // negative. CLS counts those without the first one, so 1 comes back unless it is negative.
      if isSigned {
        code.unary(.cls, .x2, divisor)
        code.logic(.orn, .x3, .zero, divisor)
        code.sum(.add, .x2, .x2, .x3, .lsr, by: 31)
      } else {
        code.unary(.clz, .x2, divisor)
      }
      code.sum(.sub, Self.budget, Self.budget, .x2)
    }
    guard rd < 32 else { return }
    // A quotient by 0 is 0 here: right for the remainder, wrong for the quotient. -2^31 / -1 is what RISC-V wants.
    let dividend = value(a, .x0)
    code.binary(isSigned ? .sdiv : .udiv, .x2, dividend, divisor)
    let to = destination(rd)
    if operation == .rem || operation == .remu {
      code.product(.msub, to, .x2, divisor, plus: dividend)
    } else {
      compareConstant(divisor, 0)
      code.select(.csinv, to, .x2, .zero, .ne)
    }
    if host(rd) == nil { write(rd, from: to) }
  }

  mutating func csr(_ access: BlockCSRAccess, _ rd: UInt8, _ operand: GuestOperand, index: UInt16) {
    let word = UInt32(access.csr.word) * 4
    code.access(.ldr, .x0, Self.state, offset: word)
    if access.kind != .read {
      let operand = value(operand, .x1)
      switch access.kind {
      case .read, .write: if operand != .x1 { code.mov(.x1, operand) }
      case .set: code.logic(.orr, .x1, .x0, operand)
      case .clear: code.logic(.bic, .x1, .x0, operand)
      }
      if access.csr.writable != .max {
        code.mov(.x2, immediate: access.csr.writable)
        code.logic(.and, .x1, .x1, .x2)
      }
      if access.csr.fixed != 0 {
        code.mov(.x2, immediate: access.csr.fixed)
        code.logic(.orr, .x1, .x1, .x2)
      }
      if access.csr == .mstatus {
        code.access(.ldr, .x2, Self.state, offset: UInt32(TranslatedState.forbiddenOffset))
        code.logic(.ands, .zero, .x1, .x2)
        block.leaves.append((code.jump(.ne), index))
      }
      code.access(.str, .x1, Self.state, offset: word)
    }
    if rd < 32 { write(rd, from: .x0) }
  }

  // MARK: Memory

  /// Compares `span` bytes from base + displacement on with a range.
  private mutating func compareDistance(
    _ base: AArch64Register, _ displacement: UInt32, _ alignment: UInt8, limit: UInt32
  ) {
    add(.x0, base, displacement)
    if alignment > 0 { code.shift(.ror, .x0, .x0, by: UInt32(alignment)) }
    compareConstant(.x0, limit)
  }

  mutating func check(_ check: AddressCheck, index: UInt16) {
    let base = value(check.base, .x1)
    compareDistance(base, check.displacement, check.alignment, limit: check.limit)
    let jump = code.jump(.hi)
    if check.secondLimit != nil {
      block.secondChecks.append((jump, code.count, base, check, index))
    } else {
      block.leaves.append((jump, index))
    }
  }

  mutating func checkSecondRange(_ back: Int, _ base: AArch64Register, _ check: AddressCheck, index: UInt16) {
    compareDistance(
      base, check.displacement &- check.secondOffset, check.alignment, limit: check.secondLimit ?? 0)
    code.jump(.ls, to: back)
    block.leaves.append((code.jump(), index))
  }

  mutating func checkLine(
    _ base: GuestOperand, _ displacement: UInt32, _ lines: UnsafeMutablePointer<UInt8>, index: UInt16
  ) {
    switch base {
    case .constant: code.mov(.x0, immediate: displacement)
    case .register: add(.x0, value(base, .x1), displacement)
    }
    code.shift(.lsr, .x0, .x0, by: CodeRegion.lineShift)
    code.movQuad(.x2, immediate: UInt64(UInt(bitPattern: lines)))
    code.access(.ldrb, .x0, .x2, index: .x0)
    block.leaves.append((code.jump(ifZero: false, .x0), index))
  }

  /// The register that holds an access's address, as the guest sees it.
  private mutating func address(_ base: GuestOperand, _ displacement: UInt32) -> AArch64Register {
    let offset = displacement &+ memoryBase
    switch base {
    case .constant: code.mov(.x1, immediate: offset)
    case .register:
      let register = value(base, .x1)
      if offset == 0 { return register }
      add(.x1, register, offset)
    }
    return .x1
  }

  mutating func load(_ operation: MicroCode, _ rd: UInt8, _ base: GuestOperand, _ displacement: UInt32) {
    let kind: AArch64Access
    switch operation {
    case .lb: kind = .ldrsb
    case .lbu: kind = .ldrb
    case .lh: kind = .ldrsh
    case .lhu: kind = .ldrh
    default: kind = .ldr
    }
    let to = destination(rd)
    let index = address(base, displacement)
    code.access(kind, to, Self.memory, index: index)
    if host(rd) == nil { write(rd, from: to) }
  }

  mutating func store(_ operation: MicroCode, _ value: GuestOperand, _ base: GuestOperand, _ displacement: UInt32) {
    let kind: AArch64Access
    switch operation {
    case .sb: kind = .strb
    case .sh: kind = .strh
    default: kind = .str
    }
    let index = address(base, displacement)
    code.access(kind, self.value(value, .x0), Self.memory, index: index)
  }

  // MARK: Control

  mutating func leave(index: UInt16) { block.leaves.append((code.jump(), index)) }

  /// Sets the flags for register - constant. May use x3.
  private mutating func compareConstant(_ register: AArch64Register, _ constant: UInt32) {
    if register != .zero, AArch64Assembler.fitsSum(constant) {
      code.sum(.subs, .zero, register, immediate: constant)
    } else if register != .zero, AArch64Assembler.fitsSum(0 &- constant) {
      // The same flags: the constant is neither 0 nor -2^31.
      code.sum(.adds, .zero, register, immediate: 0 &- constant)
    } else {
      code.mov(.x3, immediate: constant)
      code.sum(.subs, .zero, register, .x3)
    }
  }

  /// Sets the flags for a condition between two operands and says which one it is.
  private mutating func compare(_ a: GuestOperand, _ b: GuestOperand, _ condition: MicroCode) -> AArch64Condition {
    let left = value(a, .x0)
    if case .constant(let constant) = b {
      compareConstant(left, constant)
    } else {
      code.sum(.subs, .zero, left, value(b, .x1))
    }
    switch condition {
    case .beq: return .eq
    case .bne: return .ne
    case .blt: return .lt
    case .bge: return .ge
    case .bltu: return .lo
    default: return .hs
    }
  }

  /// Jumps if the condition holds, or if it does not.
  private mutating func jump(
    if expected: Bool, _ condition: MicroCode, _ a: GuestOperand, _ b: GuestOperand
  ) -> AArch64Assembler.Jump {
    if b == .constant(0), condition == .beq || condition == .bne {
      return code.jump(ifZero: (condition == .beq) == expected, value(a, .x0))
    }
    let holds = compare(a, b, condition)
    return code.jump(expected ? holds : holds.inverted)
  }

  mutating func leave(if condition: MicroCode, _ a: GuestOperand, _ b: GuestOperand, index: UInt16) {
    block.leaves.append((jump(if: true, condition, a, b), index))
  }

  mutating func branch(
    _ condition: MicroCode, _ a: GuestOperand, _ b: GuestOperand, _ exit: ExitPlan, isLikely: Bool
  ) {
    let jump = jump(if: !isLikely, condition, a, b)
    if isLikely {
      self.exit(exit)
      code.bind(jump)
    } else {
      block.farExits.append((jump, exit))
    }
  }

  mutating func exit(_ exit: ExitPlan) {
    account(exit)
    let budget = code.count
    Self.shrinkBudget(&code, by: block.cycles(exit))
    if exit.loop != nil {
      block.loops.append((code.jump(.pl), exit.number))
    } else {
      // A conditional jump does not reach every block.
      let out = code.jump(.mi)
      code.jump(to: code.count + 4)
      code.bind(out)
    }
    block.note(exit, budget: budget, jump: code.count - 4)
    code.jump(to: leaveThroughExit)
  }

  mutating func beginTurns(_ plan: LoopPlan) -> (head: Int, start: Int) {
    code.align(16)
    let head = code.count
    compareConstant(Self.budget, plan.reserve)
    code.jump(.lt, to: block.body)
    return (head, code.count)
  }

  mutating func endTurns(_ plan: LoopPlan, start: Int) {
    bookTurns(plan.turns, plan)
    compareConstant(Self.budget, plan.reserve)
    code.jump(.ge, to: start)
    compareConstant(Self.budget, 0)
    code.jump(.ge, to: block.body)
    code.jump(to: leaveThroughExit)
  }

  mutating func book(_ turns: Int, of plan: LoopPlan, goingTo offset: Int) {
    bookTurns(turns, plan)
    code.jump(to: offset)
  }

  private mutating func bookTurns(_ turns: Int, _ plan: LoopPlan) {
    code.loadVector(1, code: plan.counts[turns])
    code.addVector(0, 0, 1)
    Self.shrinkBudget(&code, by: UInt32(turns) * plan.cycles)
  }

  private mutating func account(_ exit: ExitPlan) {
    code.loadVector(1, code: exit.counts)
    code.addVector(0, 0, 1)
    code.mov(Self.lastExit, immediate: exit.number)
  }

  mutating func jumpRegister(
    _ rd: UInt8, _ rs1: GuestOperand, _ immediate: UInt32, link: UInt32, _ exit: ExitPlan, index: UInt16,
    codeBase: UInt32, codeSize: UInt32, table: UnsafeRawPointer
  ) {
    switch rs1 {
    case .constant(let value): code.mov(.x1, immediate: (value &+ immediate) & ~1)
    case .register:
      add(.x1, value(rs1, .x1), immediate)
      code.logic(.and, .x1, .x1, immediate: 0xFFFF_FFFE)
    }
    add(.x2, .x1, 0 &- codeBase)
    compareConstant(.x2, codeSize)
    block.leaves.append((code.jump(.hs), index))
    if rd < 32 { constant(rd, link) }
    account(exit)
    Self.shrinkBudget(&code, by: block.cycles(exit))
    code.movQuad(.x0, immediate: UInt64(UInt(bitPattern: table)))
    code.shift(.lsr, .x2, .x2, by: 1)
    code.access(.ldrQuad, .x0, .x0, index: .x2, isScaled: true)
    let unknown = code.jump(ifZero: true, .x0, wide: true)
    code.jump(to: .x0)
    code.bind(unknown)
    code.jump(to: leaveThroughExit)
    block.links.append((exit.number, ExitLink()))
  }

  static func write(_ link: ExitLink, in bytes: UnsafeMutablePointer<UInt8>, budget: UInt32, to offset: Int?) {
    guard link.jump != 0 else { return }
    var code = AArch64Assembler(bytes, from: Int(link.budget), to: Int(link.budget) + 4)
    shrinkBudget(&code, by: budget)
    var jump = AArch64Assembler(bytes, from: Int(link.jump), to: Int(link.jump) + 4)
    jump.jump(to: offset ?? Int(link.jump) + 4)
  }
}
