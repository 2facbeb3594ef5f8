// The vocabulary of instructions: operations, timing classes, formats, and an instruction as decoded.

/// What an instruction does. Compressed forms decode to the operation that they expand to.
public enum Operation: UInt8, Sendable, CaseIterable {
  /// Not decoded yet: what zeroed memory of a decode cache reads as.
  case undecoded
  case illegal
  case lui, auipc, jal, jalr
  case beq, bne, blt, bge, bltu, bgeu
  case lb, lh, lw, lbu, lhu
  case sb, sh, sw
  case addi, slti, sltiu, xori, ori, andi, slli, srli, srai
  case add, sub, sll, slt, sltu, xor, srl, sra, or, and
  case fence, fenceI
  case ecall, ebreak, mret, wfi
  case csrrw, csrrs, csrrc, csrrwi, csrrsi, csrrci
  case mul, mulh, mulhsu, mulhu, div, divu, rem, remu
}

/// How an instruction moves through the pipeline: one rule of `cv32e40p-timing.md` section 3.2 each.
public enum TimingClass: UInt8, Sendable {
  /// One cycle in EX.
  case alu
  /// Five cycles in EX.
  case multiplyHigh
  /// A number of cycles in EX that depends on the divisor.
  case divide
  case load
  case store
  case branch
  case jump
  case jumpRegister
  /// CSR access; whether it flushes the pipeline depends on the CSR.
  case csr
  /// FENCE and FENCE.I: refetch.
  case fence
  /// ECALL, EBREAK, and CSR accesses of the kind that does not exist (funct3 4).
  case environment
  case machineReturn
  case waitForInterrupt
  case illegal
}

/// Where operands and immediate lie in a 32-bit word.
public enum Format: Sendable {
  case r, i, shift, load, s, b, u, j, csr, csrImmediate, fence, none
}

/// The part of the instruction set that an instruction belongs to.
public enum InstructionSet: String, Sendable {
  case i = "I"
  case m = "M"
  case c = "C"
  case zicsr = "Zicsr"
  case zifencei = "Zifencei"
  case privileged = "privileged"
}

/// An instruction as the engines see it. Sixteen bytes; all zero means "not decoded".
public struct Instruction: Sendable, Equatable {
  public var operation: Operation = .undecoded
  public var timing: TimingClass = .alu
  /// Bytes: 2 or 4.
  public var length: UInt8 = 0
  /// Destination register; 0 when there is none.
  public var rd: UInt8 = 0
  /// Source registers; 0 when the field is no register operand.
  public var rs1: UInt8 = 0
  public var rs2: UInt8 = 0
  /// CSR number of a CSR access; of an illegal encoding 1 if the decoder takes `rd` for a destination of the ALU.
  public var csr: UInt16 = 0
  /// Immediate, sign-extended; LUI and AUIPC: in place; CSR…I: the zero-extended 5 bits; illegal: the word itself.
  public var immediate: UInt32 = 0

  public init() {}

  /// The destination written through the ALU port (x0 counts), -1 if there is none: the overwrite hazard's operand.
  @inlinable
  public var aluDestination: Int {
    switch timing {
    case .alu, .multiplyHigh, .divide, .jump, .jumpRegister, .csr: Int(rd)
    default: -1
    }
  }

  /// The destination that ID compares with that of a load on its way: also that of an encoding which it refuses
  /// (`regfile_alu_we_dec_o` of `cv32e40p_decoder.sv`), although nothing is written then.
  @inlinable
  public var overwriteOperand: Int {
    operation == .illegal ? (csr != 0 ? Int(rd) : -1) : aluDestination
  }

  /// True if control can go elsewhere than to the next instruction.
  @inlinable
  public var endsBlock: Bool {
    switch timing {
    case .branch, .jump, .jumpRegister, .csr, .fence, .environment, .machineReturn, .waitForInterrupt, .illegal: true
    default: false
    }
  }
}
