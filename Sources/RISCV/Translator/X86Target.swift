// Translated code for x86-64.
//
// rsp: frame with x0...x31 at 4 bytes each; the place of x0 holds the number of the last exit. rbp: base of the guest's
// data memory. ebx: budget. xmm0: counters. rax, rcx, rdx: free within an instruction. The other ten registers hold guest
// registers; which ones was found by counting in compiled code.

import HardwareModel
import MachineCode

struct X86Target: TranslationTarget {
  private var code: X86Assembler
  private let leaveOffset: Int

  /// Distances from the memory's base need arithmetic of 32 bits.
  private var isHigh = false
  var block = BlockEmission<X86Assembler.Jump, X86Register>()

  init(_ bytes: UnsafeMutablePointer<UInt8>, from start: Int, to end: Int, leave: Int) {
    code = X86Assembler(bytes, from: start, to: end)
    leaveOffset = leave
  }

  var count: Int { code.count }
  var isFull: Bool { code.isFull }

  // MARK: Registers

  /// Guest registers that live in host registers.
  private static let mapping: [(guest: UInt8, host: X86Register)] = [
    (15, .rsi), (14, .rdi), (10, .r8), (11, .r9), (12, .r10), (13, .r11), (8, .r12), (9, .r13), (2, .r14), (16, .r15),
  ]
  private static let hosts: [X86Register?] = {
    var hosts = [X86Register?](repeating: nil, count: 33)
    for (guest, host) in mapping { hosts[Int(guest)] = host }
    return hosts
  }()

  private static func frame(_ guest: UInt8) -> X86Operand { .memory(.rsp, Int32(guest) * 4) }
  private func host(_ guest: UInt8) -> X86Register? { Self.hosts[Int(guest)] }
  private func place(_ guest: UInt8) -> X86Operand { host(guest).map { .register($0) } ?? Self.frame(guest) }

  /// The register that holds an operand: its own, or `scratch` after loading it.
  private mutating func value(_ operand: GuestOperand, _ scratch: X86Register) -> X86Register {
    switch operand {
    case .constant(let value): code.mov(.register(scratch), immediate: value)
    case .register(let guest):
      if let host = host(guest) { return host }
      code.load(.mov, scratch, Self.frame(guest))
    }
    return scratch
  }

  private mutating func copy(_ operand: GuestOperand, to register: X86Register) {
    switch operand {
    case .constant(let value): code.mov(.register(register), immediate: value)
    case .register(let guest): code.load(.mov, register, place(guest))
    }
  }

  // MARK: Way in and out

  private static let frameSize: UInt32 = 152
  private static let divisionSlot: Int32 = 132
  private static let stateSlot: Int32 = 136
  private static let saved: [X86Register] = [.rbx, .rbp, .r12, .r13, .r14, .r15]

  mutating func entrance() -> (enter: Int, leave: Int) {
    code.align(16)
    let enter = code.count
    for register in Self.saved { code.push(register) }
    code.arithmetic(.sub, .register(.rsp), immediate: Self.frameSize, wide: true)
    for block in 0..<8 as Range<Int32> {
      code.loadVector(0, .memory(.rdi, 16 * block))
      code.storeVector(.memory(.rsp, 16 * block), 0)
    }
    code.movQuad(.memory(.rsp, Self.stateSlot), .rdi)
    code.mov(.memory(.rsp, 0), immediate: TranslatedState.noExit)
    code.load(.mov, .rbx, .memory(.rdi, TranslatedState.budgetOffset))
    code.movQuad(.rbp, .memory(.rdi, TranslatedState.memoryOffset))
    code.movQuad(.rax, .register(.rsi))
    for (guest, host) in Self.mapping { code.load(.mov, host, Self.frame(guest)) }
    code.clearVector(0)
    code.jump(to: .register(.rax))

    code.align(16)
    let leave = code.count
    for (guest, host) in Self.mapping { code.mov(Self.frame(guest), host) }
    code.movQuad(.rdi, .memory(.rsp, Self.stateSlot))
    code.load(.mov, .rcx, .memory(.rsp, 0))
    code.mov(.memory(.rdi, TranslatedState.lastExitOffset), .rcx)
    code.load(.mov, .rcx, .memory(.rsp, Self.divisionSlot))
    code.mov(.memory(.rdi, TranslatedState.beforeDivisionOffset), .rcx)
    code.mov(.memory(.rsp, 0), immediate: 0)
    code.mov(.memory(.rdi, TranslatedState.budgetOffset), .rbx)
    code.mov(.memory(.rdi, TranslatedState.recordOffset), .rax)
    code.mov(.memory(.rdi, TranslatedState.targetOffset), .rdx)
    code.storeVector(.memory(.rdi, TranslatedState.countsOffset), 0)
    for block in 0..<8 as Range<Int32> {
      code.loadVector(0, .memory(.rsp, 16 * block))
      code.storeVector(.memory(.rdi, 16 * block), 0)
    }
    code.arithmetic(.add, .register(.rsp), immediate: Self.frameSize, wide: true)
    for register in Self.saved.reversed() { code.pop(register) }
    code.ret()
    return (enter, leave)
  }

  // MARK: Blocks

  mutating func counts(_ instructions: UInt32, _ loads: UInt32, _ stores: UInt32, _ notThroughSP: UInt32) -> Int {
    code.align(16)
    let place = code.count
    for value in [instructions, loads, stores, notThroughSP] { code.word(value) }
    return place
  }

  mutating func begin(
    number: UInt32, longest: UInt32, straddle: UInt32, memory: TranslatedMemory
  ) -> (indirect: Int, body: Int) {
    isHigh = memory.isHigh
    block = BlockEmission(number: number, longest: longest, straddle: straddle)
    code.align(16)
    let indirect = code.count
    code.arithmetic(.sub, .register(.rbx), immediate: longest + straddle)
    block.tooLate = code.jump(.s)
    block.body = code.count
    return (indirect, block.body)
  }

  mutating func bind(_ jump: X86Assembler.Jump) { code.bind(jump) }
  mutating func bind(_ jump: X86Assembler.Jump, to offset: Int) { code.bind(jump, to: offset) }

  mutating func checkSecondRange(_ back: Int, _ base: X86Register, _ check: AddressCheck, index: UInt16) {
    code.lea(.rcx, .memory(base, Int32(bitPattern: check.displacement &- check.secondOffset)))
    if check.alignment > 0 { code.shift(.ror, .register(.rcx), by: check.alignment) }
    code.arithmetic(.cmp, .register(.rcx), immediate: check.secondLimit ?? 0)
    code.jump(.be, to: back)
    block.leaves.append((code.jump(), index))
  }

  mutating func goOutTooLate() {
    code.arithmetic(.add, .register(.rbx), immediate: block.longest + block.straddle)
    code.load(.mov, .rax, .memory(.rsp, 0))
    code.jump(to: leaveOffset)
  }

  mutating func goOut(record: UInt32) {
    code.mov(.register(.rax), immediate: record)
    code.jump(to: leaveOffset)
  }

  // MARK: Arithmetic

  mutating func constant(_ rd: UInt8, _ value: UInt32) {
    if value == 0, let host = host(rd) {
      code.arithmetic(.xor, host, .register(host))
    } else {
      code.mov(place(rd), immediate: value)
    }
  }

  mutating func move(_ rd: UInt8, _ rs: UInt8) {
    if let to = host(rd) {
      code.load(.mov, to, place(rs))
    } else {
      code.mov(place(rd), value(.register(rs), .rax))
    }
  }

  mutating func binary(_ operation: MicroCode, _ rd: UInt8, _ a: GuestOperand, _ b: GuestOperand) {
    switch operation {
    case .add, .addi: addition(rd, a, b)
    case .sub: plain(.sub, rd, a, b, commutes: false)
    case .and, .andi: plain(.and, rd, a, b, commutes: true)
    case .or, .ori: plain(.or, rd, a, b, commutes: true)
    case .xor, .xori: plain(.xor, rd, a, b, commutes: true)
    case .sll, .slli: shift(.shl, rd, a, b)
    case .srl, .srli: shift(.shr, rd, a, b)
    case .sra, .srai: shift(.sar, rd, a, b)
    case .slt, .slti: compare(rd, a, b, .blt)
    case .sltu, .sltiu: compare(rd, a, b, .bltu)
    case .mul: multiply(rd, a, b)
    case .mulh, .mulhsu, .mulhu: multiplyHigh(operation, rd, a, b)
    default: break
    }
  }

  private mutating func addition(_ rd: UInt8, _ a: GuestOperand, _ b: GuestOperand) {
    if let to = host(rd), case .register(let first) = a, first != rd, let left = host(first) {
      switch b {
      case .constant(let value):
        code.lea(to, .memory(left, Int32(bitPattern: value)))
        return
      case .register(let second):
        if second != rd, let right = host(second) {
          code.lea(to, .indexed(left, right, scale: 1, 0))
          return
        }
      }
    }
    plain(.add, rd, a, b, commutes: true)
  }

  private mutating func plain(
    _ operation: X86Arithmetic, _ rd: UInt8, _ a: GuestOperand, _ b: GuestOperand, commutes: Bool
  ) {
    if a == .register(rd) {
      apply(operation, to: place(rd), b)
      return
    }
    if b == .register(rd), commutes {
      apply(operation, to: place(rd), a)
      return
    }
    if let to = host(rd), b != .register(rd) {
      copy(a, to: to)
      apply(operation, to: .register(to), b)
    } else {
      copy(a, to: .rax)
      apply(operation, to: .register(.rax), b)
      code.mov(place(rd), .rax)
    }
  }

  /// destination = destination op operand.
  private mutating func apply(_ operation: X86Arithmetic, to destination: X86Operand, _ operand: GuestOperand) {
    switch operand {
    case .constant(let value): code.arithmetic(operation, destination, immediate: value)
    case .register(let guest):
      if case .register(let to) = destination {
        code.arithmetic(operation, to, place(guest))
      } else {
        code.arithmetic(operation, destination, value(operand, .rcx))
      }
    }
  }

  private mutating func shift(_ kind: X86Shift, _ rd: UInt8, _ a: GuestOperand, _ b: GuestOperand) {
    if case .constant(let amount) = b {
      let target: X86Operand
      if a == .register(rd) {
        target = place(rd)
      } else {
        let to = host(rd) ?? .rax
        copy(a, to: to)
        target = .register(to)
      }
      if amount & 31 != 0 { code.shift(kind, target, by: UInt8(amount & 31)) }
      if a != .register(rd), host(rd) == nil { code.mov(place(rd), .rax) }
      return
    }
    copy(b, to: .rcx)
    if a == .register(rd), b != a {
      code.shiftByCL(kind, place(rd))
    } else if let to = host(rd), b != .register(rd) {
      copy(a, to: to)
      code.shiftByCL(kind, .register(to))
    } else {
      copy(a, to: .rax)
      code.shiftByCL(kind, .register(.rax))
      code.mov(place(rd), .rax)
    }
  }

  private mutating func compare(_ rd: UInt8, _ a: GuestOperand, _ b: GuestOperand, _ condition: MicroCode) {
    let holds = compare(a, b, condition)
    code.set(holds, .rax)
    if let to = host(rd) {
      code.load(.movzxByte, to, .register(.rax))
    } else {
      code.load(.movzxByte, .rax, .register(.rax))
      code.mov(place(rd), .rax)
    }
  }

  private mutating func multiply(_ rd: UInt8, _ a: GuestOperand, _ b: GuestOperand) {
    let to = host(rd) ?? .rax
    if case .constant(let value) = b, case .register(let first) = a {
      code.multiply(to, place(first), immediate: value)
    } else if case .register(let second) = b, host(rd) != nil, a == .register(rd) {
      code.multiply(to, place(second))
      return
    } else if case .register(let first) = a, host(rd) != nil, b == .register(rd) {
      code.multiply(to, place(first))
      return
    } else {
      copy(a, to: to)
      if case .register(let second) = b { code.multiply(to, place(second)) }
    }
    if host(rd) == nil { code.mov(place(rd), to) }
  }

  private mutating func multiplyHigh(_ operation: MicroCode, _ rd: UInt8, _ a: GuestOperand, _ b: GuestOperand) {
    extend(a, to: .rax, signed: operation != .mulhu)
    extend(b, to: .rcx, signed: operation == .mulh)
    code.multiply(.rax, .register(.rcx), wide: true)
    code.shift(.shr, .register(.rax), by: 32, wide: true)
    code.mov(place(rd), .rax)
  }

  private mutating func extend(_ operand: GuestOperand, to register: X86Register, signed: Bool) {
    guard signed else { return copy(operand, to: register) }
    switch operand {
    case .constant(let value):
      code.mov(.register(register), immediate: value)
      code.movsxd(register, .register(register))
    case .register(let guest): code.movsxd(register, place(guest))
    }
  }

  mutating func divide(
    _ operation: MicroCode, _ rd: UInt8, _ a: GuestOperand, _ b: GuestOperand, isTimed: Bool
  ) {
    let isSigned = operation == .div || operation == .rem
    let isRemainder = operation == .rem || operation == .remu
    copy(b, to: .rcx)
    if isTimed {
      code.mov(.memory(.rsp, Self.divisionSlot), .rbx)
      // The budget shrinks by the leading zeros of the divisor (signed: of its magnitude's complement, less 1 if it is
      // negative): 32 less the bits of it, which are those of 2 d + 1 less 1.
      if isSigned {
        code.mov(.rdx, .rcx)
        code.shift(.sar, .register(.rdx), by: 31)
        code.mov(.rax, .rdx)
        code.arithmetic(.xor, .rax, .register(.rcx))
        code.arithmetic(.sub, .rbx, .register(.rdx))
        code.lea(.rax, .indexed(.rax, .rax, scale: 1, 1), wide: true)
      } else {
        code.lea(.rax, .indexed(.rcx, .rcx, scale: 1, 1), wide: true)
      }
      code.bitScanReverseQuad(.rax, .register(.rax))
      code.lea(.rbx, .indexed(.rbx, .rax, scale: 1, -32))
    }
    guard rd < 32 else { return }
    copy(a, to: .rax)
    let special: X86Assembler.Jump
    if isSigned {
      // By 0 and by -1 apart: the processor's own division traps on both.
      code.lea(.rdx, .memory(.rcx, 1))
      code.arithmetic(.cmp, .register(.rdx), immediate: 1)
      special = code.jump(.be)
      code.cdq()
      code.unary(.idiv, .register(.rcx))
    } else {
      code.test(.register(.rcx), .rcx)
      special = code.jump(.e)
      code.arithmetic(.xor, .rdx, .register(.rdx))
      code.unary(.div, .register(.rcx))
    }
    let end = code.jump()
    code.bind(special)
    if isSigned {
      code.test(.register(.rcx), .rcx)
      let byZero = code.jump(.e)
      // a / -1 = -a, remainder 0
      code.unary(.neg, .register(.rax))
      code.arithmetic(.xor, .rdx, .register(.rdx))
      let done = code.jump()
      code.bind(byZero)
      code.mov(.rdx, .rax)
      code.mov(.register(.rax), immediate: .max)
      code.bind(done)
    } else {
      code.mov(.rdx, .rax)
      code.mov(.register(.rax), immediate: .max)
    }
    code.bind(end)
    code.mov(place(rd), isRemainder ? .rdx : .rax)
  }

  mutating func csr(_ access: BlockCSRAccess, _ rd: UInt8, _ operand: GuestOperand, index: UInt16) {
    code.movQuad(.rcx, .memory(.rsp, Self.stateSlot))
    let word = X86Operand.memory(.rcx, Int32(access.csr.word) * 4)
    if access.kind != .read { copy(operand, to: .rdx) }
    code.load(.mov, .rax, word)
    switch access.kind {
    case .read: break
    case .write: break
    case .set: code.arithmetic(.or, .rdx, .register(.rax))
    case .clear:
      code.unary(.not, .register(.rdx))
      code.arithmetic(.and, .rdx, .register(.rax))
    }
    if access.kind != .read {
      if access.csr.writable != .max { code.arithmetic(.and, .register(.rdx), immediate: access.csr.writable) }
      if access.csr.fixed != 0 { code.arithmetic(.or, .register(.rdx), immediate: access.csr.fixed) }
      if access.csr == .mstatus {
        code.test(.memory(.rcx, TranslatedState.forbiddenOffset), .rdx)
        block.leaves.append((code.jump(.ne), index))
      }
      code.mov(word, .rdx)
    }
    if rd < 32 { code.mov(place(rd), .rax) }
  }

  // MARK: Memory

  mutating func check(_ check: AddressCheck, index: UInt16) {
    let base = value(check.base, .rdx)
    code.lea(.rcx, .memory(base, Int32(bitPattern: check.displacement)))
    if check.alignment > 0 { code.shift(.ror, .register(.rcx), by: check.alignment) }
    code.arithmetic(.cmp, .register(.rcx), immediate: check.limit)
    let jump = code.jump(.a)
    if check.secondLimit != nil {
      block.secondChecks.append((jump, code.count, base, check, index))
    } else {
      block.leaves.append((jump, index))
    }
  }

  mutating func checkLine(
    _ base: GuestOperand, _ displacement: UInt32, _ lines: UnsafeMutablePointer<UInt8>, index: UInt16
  ) {
    switch base {
    case .constant: code.mov(.register(.rcx), immediate: displacement)
    case .register: code.lea(.rcx, .memory(value(base, .rdx), Int32(bitPattern: displacement)))
    }
    code.shift(.shr, .register(.rcx), by: UInt8(CodeRegion.lineShift))
    code.movQuad(.rax, immediate: UInt64(UInt(bitPattern: lines)))
    code.compareByte(.indexed(.rax, .rcx, scale: 1, 0), immediate: 0)
    block.leaves.append((code.jump(.ne), index))
  }

  /// The place of an access. The base's upper half is 0, and the sum cannot wrap where the check has passed.
  private mutating func address(_ base: GuestOperand, _ displacement: UInt32) -> X86Operand {
    switch base {
    case .constant: return .memory(.rbp, Int32(bitPattern: displacement))
    case .register:
      let register = value(base, .rdx)
      guard isHigh else { return .indexed(.rbp, register, scale: 1, Int32(bitPattern: displacement)) }
      code.lea(.rcx, .memory(register, Int32(bitPattern: displacement)))
      return .indexed(.rbp, .rcx, scale: 1, 0)
    }
  }

  mutating func load(_ operation: MicroCode, _ rd: UInt8, _ base: GuestOperand, _ displacement: UInt32) {
    let kind: X86Load
    switch operation {
    case .lb: kind = .movsxByte
    case .lbu: kind = .movzxByte
    case .lh: kind = .movsxWord
    case .lhu: kind = .movzxWord
    default: kind = .mov
    }
    let from = address(base, displacement)
    if let to = host(rd) {
      code.load(kind, to, from)
    } else {
      code.load(kind, .rax, from)
      code.mov(place(rd), .rax)
    }
  }

  mutating func store(_ operation: MicroCode, _ value: GuestOperand, _ base: GuestOperand, _ displacement: UInt32) {
    let to = address(base, displacement)
    if case .constant(let number) = value {
      switch operation {
      case .sb: code.movByte(to, immediate: UInt8(truncatingIfNeeded: number))
      case .sh: code.movWord(to, immediate: UInt16(truncatingIfNeeded: number))
      default: code.mov(to, immediate: number)
      }
      return
    }
    let from = self.value(value, .rax)
    switch operation {
    case .sb: code.movByte(to, from)
    case .sh: code.movWord(to, from)
    default: code.mov(to, from)
    }
  }

  // MARK: Control

  mutating func leave(index: UInt16) { block.leaves.append((code.jump(), index)) }

  /// Sets the flags for a condition between two operands and says which one it is.
  private mutating func compare(_ a: GuestOperand, _ b: GuestOperand, _ condition: MicroCode) -> X86Condition {
    switch (a, b) {
    case (.register(let first), .constant(let value)):
      if value == 0, let register = host(first) {
        code.test(.register(register), register)
      } else {
        code.arithmetic(.cmp, place(first), immediate: value)
      }
    case (.constant(let value), .register(let second)):
      // The other way round.
      code.arithmetic(.cmp, place(second), immediate: value)
      switch condition {
      case .beq: return .e
      case .bne: return .ne
      case .blt: return .g
      case .bge: return .le
      case .bltu: return .a
      default: return .be
      }
    case (.register(let first), .register(let second)):
      if let left = host(first) {
        code.arithmetic(.cmp, left, place(second))
      } else {
        code.arithmetic(.cmp, place(first), value(b, .rcx))
      }
    case (.constant(let left), .constant):
      code.mov(.register(.rax), immediate: left)
      apply(.cmp, to: .register(.rax), b)
    }
    switch condition {
    case .beq: return .e
    case .bne: return .ne
    case .blt: return .l
    case .bge: return .ge
    case .bltu: return .b
    default: return .ae
    }
  }

  mutating func branch(
    _ condition: MicroCode, _ a: GuestOperand, _ b: GuestOperand, _ exit: ExitPlan, isLikely: Bool
  ) {
    let holds = compare(a, b, condition)
    if isLikely {
      let skip = code.jump(holds.inverted)
      self.exit(exit)
      code.bind(skip)
    } else {
      block.farExits.append((code.jump(holds), exit))
    }
  }

  mutating func exit(_ exit: ExitPlan) {
    account(exit)
    code.arithmetic(.sub, .register(.rbx), immediate: block.cycles(exit), long: true)
    let budget = code.count - 4
    let jump = code.jump(.ns)
    if exit.loop != nil { block.loops.append((jump, exit.number)) } else { code.bind(jump) }
    block.note(exit, budget: budget, jump: code.count - 4)
    goOut(record: exit.number)
  }

  mutating func leave(if condition: MicroCode, _ a: GuestOperand, _ b: GuestOperand, index: UInt16) {
    let holds = compare(a, b, condition)
    block.leaves.append((code.jump(holds), index))
  }

  mutating func beginTurns(_ plan: LoopPlan) -> (head: Int, start: Int) {
    code.align(16)
    let head = code.count
    code.arithmetic(.cmp, .register(.rbx), immediate: plan.reserve)
    code.jump(.l, to: block.body)
    return (head, code.count)
  }

  mutating func endTurns(_ plan: LoopPlan, start: Int) {
    code.addVector(0, .code(plan.counts[plan.turns]))
    code.arithmetic(.sub, .register(.rbx), immediate: UInt32(plan.turns) * plan.cycles)
    code.arithmetic(.cmp, .register(.rbx), immediate: plan.reserve)
    code.jump(.ge, to: start)
    code.test(.register(.rbx), .rbx)
    code.jump(.ns, to: block.body)
    goOut(record: plan.exit.number)
  }

  mutating func book(_ turns: Int, of plan: LoopPlan, goingTo offset: Int) {
    code.addVector(0, .code(plan.counts[turns]))
    code.arithmetic(.sub, .register(.rbx), immediate: UInt32(turns) * plan.cycles)
    code.jump(to: offset)
  }

  private mutating func account(_ exit: ExitPlan) {
    code.addVector(0, .code(exit.counts))
    code.mov(.memory(.rsp, 0), immediate: exit.number)
  }

  mutating func jumpRegister(
    _ rd: UInt8, _ rs1: GuestOperand, _ immediate: UInt32, link: UInt32, _ exit: ExitPlan, index: UInt16,
    codeBase: UInt32, codeSize: UInt32, table: UnsafeRawPointer
  ) {
    switch rs1 {
    case .constant(let value): code.mov(.register(.rdx), immediate: (value &+ immediate) & ~1)
    case .register:
      if immediate == 0 {
        copy(rs1, to: .rdx)
      } else {
        code.lea(.rdx, .memory(value(rs1, .rdx), Int32(bitPattern: immediate)))
      }
      code.arithmetic(.and, .register(.rdx), immediate: ~1)
    }
    code.lea(.rcx, .memory(.rdx, Int32(bitPattern: 0 &- codeBase)))
    code.arithmetic(.cmp, .register(.rcx), immediate: codeSize)
    block.leaves.append((code.jump(.ae), index))
    if rd < 32 { code.mov(place(rd), immediate: link) }
    account(exit)
    code.arithmetic(.sub, .register(.rbx), immediate: block.cycles(exit))
    code.movQuad(.rax, immediate: UInt64(UInt(bitPattern: table)))
    code.movQuad(.rax, .indexed(.rax, .rcx, scale: 4, 0))
    code.test(.register(.rax), .rax, wide: true)
    let unknown = code.jump(.e)
    code.jump(to: .register(.rax))
    code.bind(unknown)
    goOut(record: exit.number)
    block.links.append((exit.number, ExitLink()))
  }

  static func write(_ link: ExitLink, in bytes: UnsafeMutablePointer<UInt8>, budget: UInt32, to offset: Int?) {
    guard link.jump != 0 else { return }
    let raw = UnsafeMutableRawPointer(bytes)
    raw.storeBytes(of: budget.littleEndian, toByteOffset: Int(link.budget), as: UInt32.self)
    let distance = offset.map { UInt32(truncatingIfNeeded: $0 - Int(link.jump) - 4) } ?? 0
    raw.storeBytes(of: distance.littleEndian, toByteOffset: Int(link.jump), as: UInt32.self)
  }
}
