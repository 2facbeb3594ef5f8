// Instructions to text, in the manner of GNU objdump with its usual aliases.

/// Writes instructions as assembly text.
public enum Disassembler {
  /// ABI names of the integer registers.
  public static let registerNames = [
    "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7",
    "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
  ]

  /// The text of `instruction` at `pc`; `symbol` may name jump targets.
  public static func text(
    _ instruction: Instruction, at pc: UInt32, symbol: ((UInt32) -> String?)? = nil
  ) -> String {
    guard let row = InstructionTable.description(of: instruction.operation) else {
      return instruction.length == 2
        ? ".2byte\t" + hex(instruction.immediate) : ".4byte\t" + hex(instruction.immediate)
    }
    let rd = name(instruction.rd)
    let rs1 = name(instruction.rs1)
    let rs2 = name(instruction.rs2)
    let immediate = Int32(bitPattern: instruction.immediate)
    let target = pc &+ instruction.immediate
    let place = hex(target) + (symbol?(target).map { " <\($0)>" } ?? "")
    if let alias = alias(instruction, rd: rd, rs1: rs1, rs2: rs2, place: place) { return alias }
    let operands: String
    switch row.format {
    case .r: operands = "\(rd),\(rs1),\(rs2)"
    case .i where instruction.operation == .jalr: operands = "\(rd),\(immediate)(\(rs1))"
    case .i: operands = "\(rd),\(rs1),\(immediate)"
    case .shift: operands = "\(rd),\(rs1),0x" + String(instruction.immediate, radix: 16)
    case .load: operands = "\(rd),\(immediate)(\(rs1))"
    case .s: operands = "\(rs2),\(immediate)(\(rs1))"
    case .b: operands = "\(rs1),\(rs2),\(place)"
    case .u: operands = "\(rd),0x" + String(instruction.immediate >> 12, radix: 16)
    case .j: operands = "\(rd),\(place)"
    case .csr: operands = "\(rd),\(CSRNames.name(instruction.csr)),\(rs1)"
    case .csrImmediate: operands = "\(rd),\(CSRNames.name(instruction.csr)),\(instruction.immediate)"
    case .fence, .none: return row.mnemonic
    }
    return row.mnemonic + "\t" + operands
  }

  private static func alias(
    _ instruction: Instruction, rd: String, rs1: String, rs2: String, place: String
  ) -> String? {
    let immediate = Int32(bitPattern: instruction.immediate)
    switch instruction.operation {
    case .addi where instruction.rs1 == 0 && instruction.rd == 0 && immediate == 0: return "nop"
    case .addi where instruction.rs1 == 0: return "li\t\(rd),\(immediate)"
    case .addi where immediate == 0: return "mv\t\(rd),\(rs1)"
    case .add where instruction.rs1 == 0 && instruction.length == 2: return "mv\t\(rd),\(rs2)"
    case .xori where immediate == -1: return "not\t\(rd),\(rs1)"
    case .sub where instruction.rs1 == 0: return "neg\t\(rd),\(rs2)"
    case .sltiu where immediate == 1: return "seqz\t\(rd),\(rs1)"
    case .sltu where instruction.rs1 == 0: return "snez\t\(rd),\(rs2)"
    case .slt where instruction.rs2 == 0: return "sltz\t\(rd),\(rs1)"
    case .slt where instruction.rs1 == 0: return "sgtz\t\(rd),\(rs2)"
    case .jal where instruction.rd == 0: return "j\t\(place)"
    case .jal where instruction.rd == 1: return "jal\t\(place)"
    case .jalr where instruction.rd == 0 && instruction.rs1 == 1 && immediate == 0: return "ret"
    case .jalr where instruction.rd == 0 && immediate == 0: return "jr\t\(rs1)"
    case .jalr where instruction.rd == 0: return "jr\t\(immediate)(\(rs1))"
    case .jalr where instruction.rd == 1 && immediate == 0: return "jalr\t\(rs1)"
    case .jalr where instruction.rd == 1: return "jalr\t\(immediate)(\(rs1))"
    case .jalr where immediate == 0: return "jalr\t\(rd),\(rs1)"
    case .beq where instruction.rs2 == 0: return "beqz\t\(rs1),\(place)"
    case .bne where instruction.rs2 == 0: return "bnez\t\(rs1),\(place)"
    case .bge where instruction.rs1 == 0: return "blez\t\(rs2),\(place)"
    case .bge where instruction.rs2 == 0: return "bgez\t\(rs1),\(place)"
    case .blt where instruction.rs2 == 0: return "bltz\t\(rs1),\(place)"
    case .blt where instruction.rs1 == 0: return "bgtz\t\(rs2),\(place)"
    case .csrrs where instruction.rs1 == 0: return "csrr\t\(rd),\(CSRNames.name(instruction.csr))"
    case .csrrw where instruction.rd == 0: return "csrw\t\(CSRNames.name(instruction.csr)),\(rs1)"
    case .csrrs where instruction.rd == 0: return "csrs\t\(CSRNames.name(instruction.csr)),\(rs1)"
    case .csrrc where instruction.rd == 0: return "csrc\t\(CSRNames.name(instruction.csr)),\(rs1)"
    case .csrrwi where instruction.rd == 0:
      return "csrwi\t\(CSRNames.name(instruction.csr)),\(instruction.immediate)"
    case .csrrsi where instruction.rd == 0:
      return "csrsi\t\(CSRNames.name(instruction.csr)),\(instruction.immediate)"
    case .csrrci where instruction.rd == 0:
      return "csrci\t\(CSRNames.name(instruction.csr)),\(instruction.immediate)"
    default: return nil
    }
  }

  private static func name(_ register: UInt8) -> String { registerNames[Int(register & 31)] }
  private static func hex(_ value: UInt32) -> String { "0x" + String(value, radix: 16) }
}
