// What each instruction does, and how it moves the pipeline: the reference semantics.
//
// Source: The RISC-V Instruction Set Manual. Values are computed with wrapping operators: no guest value can trap here.

import HardwareModel

extension Hart {
  /// Executes `instruction`, which leaves ID at `issue.t`.
  @inline(__always)
  func execute(_ instruction: Instruction, _ issue: PipelineTiming.Issue) {
    let t = issue.t
    switch instruction.timing {
    case .alu, .multiplyHigh, .divide:
      let result = arithmetic(instruction)
      finishArithmetic(instruction, t: t)
      write(instruction.rd, result)
      retire(instruction)
    case .load, .store: accessMemory(instruction, t: t)
    case .branch: branch(instruction, t: t)
    case .jump, .jumpRegister: jump(instruction, issue)
    case .csr: accessCSR(instruction, t: t)
    case .fence:
      let next = pc &+ UInt32(instruction.length)
      retire(instruction)
      flush(t: t, cycles: 3, target: next)
    case .environment:
      switch instruction.operation {
      case .ecall: raise(11, t: t, cycles: 3)
      case .ebreak:
        if instruction.length == 4, isHandledOutside(at: t) {
          pc = pc &+ 4
          flush(t: t, cycles: 3, target: pc)
        } else {
          raise(3, t: t, cycles: 3)
        }
      default:
        reportIllegal(instruction)
        raise(2, t: t, cycles: 3)
      }
    case .illegal:
      reportIllegal(instruction)
      raise(2, t: t, cycles: 4)
    case .machineReturn:
      csrs.interruptEnable = csrs.previousInterruptEnable
      csrs.previousInterruptEnable = true
      interruptsSensedFrom = t + 1
      counters.instructions += 1
      pc = csrs.mepc
      flush(t: t, cycles: 4, target: pc)
      observer?.returned(at: t)
      announcesNextIssue = observer != nil
    case .waitForInterrupt:
      retire(instruction)
      fallAsleep(t: t)
    }
  }

  /// Offers the EBREAK at `pc` to whoever is outside.
  private func isHandledOutside(at t: Cycle) -> Bool {
    guard let onBreakpoint else { return false }
    let (before, behind) = (instructionWord(pc &- 4), instructionWord(pc &+ 4))
    // What is on its way still arrives: the registers must hold what the program means.
    while !outstanding.isEmpty, queue.next != .never { queue.run(through: queue.next) }
    return onBreakpoint(self, before, behind)
  }

  /// The word of instructions at `address`, which need only be even.
  private func instructionWord(_ address: Address) -> UInt32 {
    UInt32(peekHalfword(address)) | UInt32(peekHalfword(address &+ 2)) << 16
  }

  @inline(__always)
  func write(_ rd: UInt8, _ value: UInt32) {
    // Index 32 takes what is written to x0.
    x[rd == 0 ? 32 : Int(rd)] = value
  }

  /// Counts the instruction and moves on to the next one in line.
  @inline(__always)
  func retire(_ instruction: Instruction) {
    counters.instructions += 1
    pc = pc &+ UInt32(instruction.length)
  }

  private func flush(t: Cycle, cycles: Cycle, target: Address) {
    if configuration.cycleModel {
      timing.finishFlush(t: t, cycles: cycles, straddles: straddles(target))
    } else {
      timing.avail = t + 1
    }
  }

  @inline(__always)
  private func finishArithmetic(_ instruction: Instruction, t: Cycle) {
    guard configuration.cycleModel else {
      timing.avail = t + 1
      return
    }
    timing.finishArithmetic(instruction, t: t, occupancy: occupancy(of: instruction))
  }

  /// Cycles that an instruction which only computes spends in EX.
  @inline(__always)
  func occupancy(of instruction: Instruction) -> Cycle {
    switch instruction.timing {
    case .multiplyHigh: return PipelineTiming.multiplyHigh
    case .divide:
      let signed = instruction.operation == .div || instruction.operation == .rem
      return PipelineTiming.divideOccupancy(divisor: x[Int(instruction.rs2)], signed: signed)
    default: return 1
    }
  }

  /// The result of an instruction that only computes.
  @inline(__always)
  private func arithmetic(_ instruction: Instruction) -> UInt32 {
    let a = x[Int(instruction.rs1)]
    let b = x[Int(instruction.rs2)]
    let immediate = instruction.immediate
    switch instruction.operation {
    case .lui: return immediate
    case .auipc: return pc &+ immediate
    case .addi: return a &+ immediate
    case .slti: return Int32(bitPattern: a) < Int32(bitPattern: immediate) ? 1 : 0
    case .sltiu: return a < immediate ? 1 : 0
    case .xori: return a ^ immediate
    case .ori: return a | immediate
    case .andi: return a & immediate
    case .slli: return a &<< immediate
    case .srli: return a &>> immediate
    case .srai: return UInt32(bitPattern: Int32(bitPattern: a) &>> Int32(bitPattern: immediate))
    case .add: return a &+ b
    case .sub: return a &- b
    case .sll: return a &<< (b & 31)
    case .slt: return Int32(bitPattern: a) < Int32(bitPattern: b) ? 1 : 0
    case .sltu: return a < b ? 1 : 0
    case .xor: return a ^ b
    case .srl: return a &>> (b & 31)
    case .sra: return UInt32(bitPattern: Int32(bitPattern: a) &>> Int32(b & 31))
    case .or: return a | b
    case .and: return a & b
    case .mul: return a &* b
    case .mulh: return Arithmetic.multiplyHigh(Int64(Int32(bitPattern: a)), Int64(Int32(bitPattern: b)))
    case .mulhsu: return Arithmetic.multiplyHigh(Int64(Int32(bitPattern: a)), Int64(b))
    case .mulhu: return UInt32(truncatingIfNeeded: (UInt64(a) &* UInt64(b)) >> 32)
    case .div: return Arithmetic.divide(a, b)
    case .divu: return b == 0 ? .max : a / b
    case .rem: return Arithmetic.remainder(a, b)
    case .remu: return b == 0 ? a : a % b
    default: return 0
    }
  }

  private func branch(_ instruction: Instruction, t: Cycle) {
    let taken = Arithmetic.condition(instruction.operation, x[Int(instruction.rs1)], x[Int(instruction.rs2)])
    if taken {
      counters.instructions += 1
      pc = pc &+ instruction.immediate
    } else {
      retire(instruction)
    }
    if configuration.cycleModel {
      timing.finishBranch(t: t, taken: taken, straddles: taken && straddles(pc))
    } else {
      timing.avail = t + 1
    }
  }

  private func jump(_ instruction: Instruction, _ issue: PipelineTiming.Issue) {
    let link = pc &+ UInt32(instruction.length)
    let target =
      instruction.operation == .jal
      ? pc &+ instruction.immediate : (x[Int(instruction.rs1)] &+ instruction.immediate) & ~1
    if configuration.cycleModel {
      timing.finishJump(instruction, issue, straddles: straddles(target))
    } else {
      timing.avail = issue.t + 1
    }
    counters.instructions += 1
    write(instruction.rd, link)
    pc = target
  }

  /// True if the CSR access at hand is none that traps.
  func isLegalCSRAccess(_ instruction: Instruction) -> Bool {
    readCSR(instruction.csr, at: timing.avail) != nil
      && !(Self.isWrite(instruction) && Self.isReadOnly(instruction.csr))
  }

  private func accessCSR(_ instruction: Instruction, t: Cycle) {
    let csr = instruction.csr
    let isImmediate = instruction.timing == .csr && instruction.operation.rawValue >= Operation.csrrwi.rawValue
    let operand = isImmediate ? instruction.immediate : x[Int(instruction.rs1)]
    let isWrite = Self.isWrite(instruction)
    guard let old = readCSR(csr, at: t), !(isWrite && Self.isReadOnly(csr)) else {
      reportIllegal(instruction)
      raise(2, t: t, cycles: 3)
      return
    }
    if isWrite {
      let new =
        switch instruction.operation {
        case .csrrw, .csrrwi: operand
        case .csrrs, .csrrsi: old | operand
        default: old & ~operand
        }
      writeCSR(csr, new, at: t)
    }
    if configuration.cycleModel {
      timing.finishCSR(instruction, t: t, flushes: Self.flushesPipeline(csr))
    } else {
      timing.avail = t + 1
    }
    // Counters are polled as registers are.
    if !isWrite, csr == 0xB00 || csr == 0xC00 { polls.note(pc, Address(csr), at: t) }
    write(instruction.rd, old)
    retire(instruction)
  }

  /// True if a CSR access writes: CSRRW always, the others unless their operand is x0 or 0.
  static func isWrite(_ instruction: Instruction) -> Bool {
    switch instruction.operation {
    case .csrrw, .csrrwi: true
    case .csrrs, .csrrc: instruction.rs1 != 0
    default: instruction.immediate != 0
    }
  }

  private func reportIllegal(_ instruction: Instruction) {
    guard let onDiagnostic else { return }
    let text: String
    if instruction.operation == .illegal {
      let word = "0x" + String(instruction.immediate, radix: 16)
      text = "illegal instruction \(word)\(IllegalEncoding.explanation(instruction).map { ": " + $0 } ?? "")"
    } else {
      text = "illegal access to CSR \(CSRNames.name(instruction.csr))"
    }
    onDiagnostic(Diagnostic(.illegalInstruction, key: "illegal@\(pc)", text + "; the core takes exception 2"))
  }
}

/// Integer operations with the RISC-V answers for the special cases.
enum Arithmetic {
  @inline(__always)
  static func multiplyHigh(_ a: Int64, _ b: Int64) -> UInt32 {
    UInt32(truncatingIfNeeded: (a &* b) >> 32)
  }

  /// Division by zero gives -1, the overflow case the dividend.
  @inline(__always)
  static func divide(_ a: UInt32, _ b: UInt32) -> UInt32 {
    if b == 0 { return .max }
    if a == 0x8000_0000 && b == .max { return a }
    return UInt32(bitPattern: Int32(bitPattern: a) / Int32(bitPattern: b))
  }

  /// The remainder by zero is the dividend, in the overflow case 0.
  @inline(__always)
  static func remainder(_ a: UInt32, _ b: UInt32) -> UInt32 {
    if b == 0 { return a }
    if a == 0x8000_0000 && b == .max { return 0 }
    return UInt32(bitPattern: Int32(bitPattern: a) % Int32(bitPattern: b))
  }

  @inline(__always)
  static func condition(_ operation: Operation, _ a: UInt32, _ b: UInt32) -> Bool {
    switch operation {
    case .beq: a == b
    case .bne: a != b
    case .blt: Int32(bitPattern: a) < Int32(bitPattern: b)
    case .bge: Int32(bitPattern: a) >= Int32(bitPattern: b)
    case .bltu: a < b
    default: a >= b
    }
  }

  /// The value that a load of kind `operation` takes out of `word`, the aligned word(s) at its address shifted to its
  /// first byte.
  @inline(__always)
  static func extend(_ operation: Operation, _ word: UInt32) -> UInt32 {
    switch operation {
    case .lb: UInt32(bitPattern: Int32(Int8(truncatingIfNeeded: word)))
    case .lbu: word & 0xFF
    case .lh: UInt32(bitPattern: Int32(Int16(truncatingIfNeeded: word)))
    case .lhu: word & 0xFFFF
    default: word
    }
  }

  /// Bytes that a load or store moves.
  @inline(__always)
  static func size(_ operation: Operation) -> UInt32 {
    switch operation {
    case .lb, .lbu, .sb: 1
    case .lh, .lhu, .sh: 2
    default: 4
    }
  }
}

/// Names what an illegal word would have been on another core.
enum IllegalEncoding {
  static func explanation(_ instruction: Instruction) -> String? {
    let word = instruction.immediate
    if instruction.length == 2 {
      if word == 0 { return "all zeros, as in empty memory" }
      switch (word & 3, word >> 13) {
      case (0, 1), (0, 3), (0, 5), (0, 7), (2, 1), (2, 3), (2, 5), (2, 7):
        return "a compressed floating-point load or store (F/D extension)"
      default: return nil
      }
    }
    if word == .max { return "all ones, as in erased flash" }
    if let found = XpulpEncoding.instruction(word) {
      let group = "the Xpulp extension (\(found.group.rawValue)), which this core is built without"
      return found.name.map { "\($0) of \(group)" } ?? "a reserved word of an opcode of \(group)"
    }
    switch word & 0x7F {
    case 0x07, 0x27, 0x43, 0x47, 0x4B, 0x4F, 0x53: return "floating point (F/D extension), which the core lacks"
    case 0x2F: return "an atomic (A extension), which the core lacks"
    case 0x3B, 0x1B: return "a 64-bit (RV64) instruction"
    case 0x03, 0x23: return "a load or store of another width (RV64), or reserved"
    case 0x13, 0x33: return "of a bit-manipulation extension (Zb…) or vectorial floating point (Xfvec), or reserved"
    default: return nil
    }
  }
}
