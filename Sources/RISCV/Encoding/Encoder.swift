// Instructions to words: the decoder's two tables read the other way.
//
// Used by tests, by generators of programs, and by whoever patches code. A word is returned only if it decodes to the
// very instruction that was asked for, so an operand that does not fit can never turn into another one.

/// Encodes instructions from the two tables.
public enum Encoder {
  /// The word of `instruction`; a 16-bit one in the low half. Nil if an operand does not fit its form.
  ///
  /// Fields that the core ignores (FENCE's and FENCE.I's operands) are encoded as 0. Where two compressed encodings mean
  /// the same (C.ADDI and C.ADDI16SP of sp, hints with destination x0), the first row of the table is used.
  public static func encode(_ instruction: Instruction) -> UInt32? {
    switch instruction.operation {
    case .undecoded: return nil
    case .illegal:
      return Decoder.decode(instruction.immediate) == instruction ? instruction.immediate : nil
    default:
      return instruction.length == 2 ? encode16(instruction) : encode32(instruction)
    }
  }

  private static func encode32(_ instruction: Instruction) -> UInt32? {
    guard let row = InstructionTable.description(of: instruction.operation) else { return nil }
    let immediate = instruction.immediate
    let rd = UInt32(instruction.rd & 31) << 7
    let rs1 = UInt32(instruction.rs1 & 31) << 15
    let rs2 = UInt32(instruction.rs2 & 31) << 20
    let fields: UInt32
    switch row.format {
    case .r: fields = rd | rs1 | rs2
    case .i, .load: fields = rd | rs1 | immediate << 20
    case .shift: fields = rd | rs1 | (immediate & 31) << 20
    case .s: fields = rs1 | rs2 | (immediate >> 5 & 0x7F) << 25 | (immediate & 31) << 7
    case .b:
      fields =
        rs1 | rs2 | (immediate >> 12 & 1) << 31 | (immediate >> 5 & 0x3F) << 25 | (immediate >> 1 & 15) << 8
        | (immediate >> 11 & 1) << 7
    case .u: fields = rd | immediate & 0xFFFF_F000
    case .j:
      fields =
        rd | (immediate >> 20 & 1) << 31 | (immediate >> 1 & 0x3FF) << 21 | (immediate >> 11 & 1) << 20
        | immediate & 0xF_F000
    case .csr: fields = rd | rs1 | UInt32(instruction.csr & 0xFFF) << 20
    case .csrImmediate: fields = rd | (immediate & 31) << 15 | UInt32(instruction.csr & 0xFFF) << 20
    case .fence: fields = immediate << 20
    case .none: fields = 0
    }
    let word = row.match | fields & ~row.mask
    return Decoder.decode(word) == instruction ? word : nil
  }

  private static func encode16(_ instruction: Instruction) -> UInt32? {
    for row in CompressedTable.rows where row.operation == instruction.operation {
      let wide = UInt16(instruction.rd & 31) << 7
      let base = UInt16(instruction.rs1 & 31) << 7
      let wide2 = UInt16(instruction.rs2 & 31) << 2
      let high = UInt16(instruction.rs1 & 7) << 7
      let fields: UInt16
      switch row.operands {
      case .ciw: fields = UInt16(instruction.rd & 7) << 2
      case .cl: fields = high | UInt16(instruction.rd & 7) << 2
      case .cs, .ca: fields = high | UInt16(instruction.rs2 & 7) << 2
      case .ci, .destination, .loadStack: fields = wide
      case .cbArithmetic, .cb: fields = high
      case .cr: fields = base
      case .move, .add: fields = wide | wide2
      case .css: fields = wide2
      case .adjustStack, .cj, .none: fields = 0
      }
      let free = ~row.mask
      let word = UInt32(row.match | fields & free | row.immediate.insert(instruction.immediate) & free)
      if Decoder.decode(word) == instruction { return word }
    }
    return nil
  }
}

extension Instruction {
  /// An instruction made by hand; its timing class is that of the table. `length` 2 asks for the compressed form.
  public init(
    _ operation: Operation, rd: UInt8 = 0, rs1: UInt8 = 0, rs2: UInt8 = 0, immediate: UInt32 = 0, csr: UInt16 = 0,
    length: UInt8 = 4
  ) {
    self.init()
    self.operation = operation
    self.timing = InstructionTable.description(of: operation)?.timing ?? .illegal
    self.length = length
    self.rd = rd
    self.rs1 = rs1
    self.rs2 = rs2
    self.csr = csr
    self.immediate = immediate
  }
}
