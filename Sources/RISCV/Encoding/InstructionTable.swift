// The table of 32-bit instructions: one row each, used by decoder, encoder, disassembler, timing and tests.
//
// Source: The RISC-V Instruction Set Manual, volumes I and II; which fields CV32E40P checks: `cv32e40p_decoder.sv`
// (FENCE and FENCE.I accept any operand fields; OP and OP-IMM check funct7).

/// A row of the instruction table.
public struct InstructionDescription: Sendable {
  public let mnemonic: String
  public let operation: Operation
  /// Bits that must match, and their values.
  public let mask: UInt32
  public let match: UInt32
  public let format: Format
  public let timing: TimingClass
  public let set: InstructionSet

  init(
    _ mnemonic: String, _ operation: Operation, _ match: UInt32, _ mask: UInt32, _ format: Format,
    _ timing: TimingClass, _ set: InstructionSet = .i
  ) {
    self.mnemonic = mnemonic
    self.operation = operation
    self.match = match
    self.mask = mask
    self.format = format
    self.timing = timing
    self.set = set
  }
}

/// All 32-bit instructions of the core.
public enum InstructionTable {
  private static let opcode: UInt32 = 0x0000_007F
  private static let funct3: UInt32 = 0x0000_707F
  private static let funct7: UInt32 = 0xFE00_707F
  private static let whole: UInt32 = 0xFFFF_FFFF

  public static let rows: [InstructionDescription] = [
    .init("lui", .lui, 0x0000_0037, opcode, .u, .alu),
    .init("auipc", .auipc, 0x0000_0017, opcode, .u, .alu),
    .init("jal", .jal, 0x0000_006F, opcode, .j, .jump),
    .init("jalr", .jalr, 0x0000_0067, funct3, .i, .jumpRegister),
    .init("beq", .beq, 0x0000_0063, funct3, .b, .branch),
    .init("bne", .bne, 0x0000_1063, funct3, .b, .branch),
    .init("blt", .blt, 0x0000_4063, funct3, .b, .branch),
    .init("bge", .bge, 0x0000_5063, funct3, .b, .branch),
    .init("bltu", .bltu, 0x0000_6063, funct3, .b, .branch),
    .init("bgeu", .bgeu, 0x0000_7063, funct3, .b, .branch),
    .init("lb", .lb, 0x0000_0003, funct3, .load, .load),
    .init("lh", .lh, 0x0000_1003, funct3, .load, .load),
    .init("lw", .lw, 0x0000_2003, funct3, .load, .load),
    .init("lbu", .lbu, 0x0000_4003, funct3, .load, .load),
    .init("lhu", .lhu, 0x0000_5003, funct3, .load, .load),
    .init("sb", .sb, 0x0000_0023, funct3, .s, .store),
    .init("sh", .sh, 0x0000_1023, funct3, .s, .store),
    .init("sw", .sw, 0x0000_2023, funct3, .s, .store),
    .init("addi", .addi, 0x0000_0013, funct3, .i, .alu),
    .init("slti", .slti, 0x0000_2013, funct3, .i, .alu),
    .init("sltiu", .sltiu, 0x0000_3013, funct3, .i, .alu),
    .init("xori", .xori, 0x0000_4013, funct3, .i, .alu),
    .init("ori", .ori, 0x0000_6013, funct3, .i, .alu),
    .init("andi", .andi, 0x0000_7013, funct3, .i, .alu),
    .init("slli", .slli, 0x0000_1013, funct7, .shift, .alu),
    .init("srli", .srli, 0x0000_5013, funct7, .shift, .alu),
    .init("srai", .srai, 0x4000_5013, funct7, .shift, .alu),
    .init("add", .add, 0x0000_0033, funct7, .r, .alu),
    .init("sub", .sub, 0x4000_0033, funct7, .r, .alu),
    .init("sll", .sll, 0x0000_1033, funct7, .r, .alu),
    .init("slt", .slt, 0x0000_2033, funct7, .r, .alu),
    .init("sltu", .sltu, 0x0000_3033, funct7, .r, .alu),
    .init("xor", .xor, 0x0000_4033, funct7, .r, .alu),
    .init("srl", .srl, 0x0000_5033, funct7, .r, .alu),
    .init("sra", .sra, 0x4000_5033, funct7, .r, .alu),
    .init("or", .or, 0x0000_6033, funct7, .r, .alu),
    .init("and", .and, 0x0000_7033, funct7, .r, .alu),
    .init("fence", .fence, 0x0000_000F, funct3, .fence, .fence),
    .init("fence.i", .fenceI, 0x0000_100F, funct3, .none, .fence, .zifencei),
    .init("ecall", .ecall, 0x0000_0073, whole, .none, .environment),
    .init("ebreak", .ebreak, 0x0010_0073, whole, .none, .environment),
    .init("mret", .mret, 0x3020_0073, whole, .none, .machineReturn, .privileged),
    .init("wfi", .wfi, 0x1050_0073, whole, .none, .waitForInterrupt, .privileged),
    .init("csrrw", .csrrw, 0x0000_1073, funct3, .csr, .csr, .zicsr),
    .init("csrrs", .csrrs, 0x0000_2073, funct3, .csr, .csr, .zicsr),
    .init("csrrc", .csrrc, 0x0000_3073, funct3, .csr, .csr, .zicsr),
    .init("csrrwi", .csrrwi, 0x0000_5073, funct3, .csrImmediate, .csr, .zicsr),
    .init("csrrsi", .csrrsi, 0x0000_6073, funct3, .csrImmediate, .csr, .zicsr),
    .init("csrrci", .csrrci, 0x0000_7073, funct3, .csrImmediate, .csr, .zicsr),
    .init("mul", .mul, 0x0200_0033, funct7, .r, .alu, .m),
    .init("mulh", .mulh, 0x0200_1033, funct7, .r, .multiplyHigh, .m),
    .init("mulhsu", .mulhsu, 0x0200_2033, funct7, .r, .multiplyHigh, .m),
    .init("mulhu", .mulhu, 0x0200_3033, funct7, .r, .multiplyHigh, .m),
    .init("div", .div, 0x0200_4033, funct7, .r, .divide, .m),
    .init("divu", .divu, 0x0200_5033, funct7, .r, .divide, .m),
    .init("rem", .rem, 0x0200_6033, funct7, .r, .divide, .m),
    .init("remu", .remu, 0x0200_7033, funct7, .r, .divide, .m),
  ]

  /// Rows by bits 6:2 of the word, in table order.
  static let byOpcode: [[InstructionDescription]] = (0..<32).map { opcode in
    rows.filter { ($0.match >> 2) & 31 == UInt32(opcode) }
  }

  /// Row of each operation, by raw value.
  static let byOperation: [InstructionDescription?] = {
    var table = [InstructionDescription?](repeating: nil, count: Operation.allCases.count)
    for row in rows { table[Int(row.operation.rawValue)] = row }
    return table
  }()

  /// The row that describes `operation`; nil for `.illegal` and `.undecoded`.
  public static func description(of operation: Operation) -> InstructionDescription? {
    byOperation[Int(operation.rawValue)]
  }
}
