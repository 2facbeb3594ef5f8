// The table of 16-bit instructions: one row each with its expansion.
//
// Source: The RISC-V Instruction Set Manual, chapter "C"; which encodings CV32E40P refuses:
// `cv32e40p_compressed_decoder.sv`. Hints execute as what they expand to.

/// Which register fields a compressed instruction has, and which registers it implies.
enum CompressedOperands: Sendable {
  /// rd' at 4:2, rs1 = sp (C.ADDI4SPN).
  case ciw
  /// rd' at 4:2, rs1' at 9:7 (C.LW).
  case cl
  /// rs2' at 4:2, rs1' at 9:7 (C.SW).
  case cs
  /// rd = rs1 at 11:7 (C.ADDI, C.SLLI).
  case ci
  /// rd at 11:7, rs1 = x0 (C.LI) or none (C.LUI).
  case destination
  /// rd at 11:7, rs1 = sp (C.LWSP).
  case loadStack
  /// rd = rs1 = sp (C.ADDI16SP).
  case adjustStack
  /// rd' = rs1' at 9:7 (C.SRLI, C.ANDI).
  case cbArithmetic
  /// rd' = rs1' at 9:7, rs2' at 4:2 (C.SUB).
  case ca
  /// rs1' at 9:7, rs2 = x0 (C.BEQZ).
  case cb
  /// No fields; rd is implied (C.J: x0, C.JAL: ra).
  case cj(link: UInt8)
  /// rs1 at 11:7; rd is implied (C.JR: x0, C.JALR: ra).
  case cr(link: UInt8)
  /// rd at 11:7, rs1 = x0, rs2 at 6:2 (C.MV).
  case move
  /// rd = rs1 at 11:7, rs2 at 6:2 (C.ADD).
  case add
  /// rs2 at 6:2, rs1 = sp (C.SWSP).
  case css
  case none
}

/// Bits of an immediate: `bits[k]` lies at bit `place[k]` of the instruction.
struct CompressedImmediate: Sendable {
  /// (bit of the immediate, bit of the instruction).
  let pairs: [(immediate: Int, instruction: Int)]
  /// Number of the sign bit; nil for unsigned immediates.
  let sign: Int?

  init(_ pairs: [(Int, Int)], sign: Int? = nil) {
    self.pairs = pairs.map { (immediate: $0.0, instruction: $0.1) }
    self.sign = sign
  }

  func extract(_ word: UInt16) -> UInt32 {
    var value: UInt32 = 0
    for pair in pairs where word >> UInt16(pair.instruction) & 1 != 0 { value |= 1 << UInt32(pair.immediate) }
    if let sign, value >> UInt32(sign) & 1 != 0 { value |= .max << UInt32(sign) }
    return value
  }

  func insert(_ value: UInt32) -> UInt16 {
    pairs.reduce(0) { $0 | UInt16(value >> UInt32($1.immediate) & 1) << UInt16($1.instruction) }
  }

  static let none = CompressedImmediate([])
  static let addi4spn = CompressedImmediate([
    (5, 12), (4, 11), (9, 10), (8, 9), (7, 8), (6, 7), (2, 6), (3, 5),
  ])
  static let word = CompressedImmediate([(5, 12), (4, 11), (3, 10), (2, 6), (6, 5)])
  static let ci = CompressedImmediate([(5, 12), (4, 6), (3, 5), (2, 4), (1, 3), (0, 2)], sign: 5)
  static let shift = CompressedImmediate([(4, 6), (3, 5), (2, 4), (1, 3), (0, 2)])
  static let lui = CompressedImmediate([(17, 12), (16, 6), (15, 5), (14, 4), (13, 3), (12, 2)], sign: 17)
  static let addi16sp = CompressedImmediate([(9, 12), (4, 6), (6, 5), (8, 4), (7, 3), (5, 2)], sign: 9)
  static let jump = CompressedImmediate(
    [(11, 12), (4, 11), (9, 10), (8, 9), (10, 8), (6, 7), (7, 6), (3, 5), (2, 4), (1, 3), (5, 2)], sign: 11)
  static let branch = CompressedImmediate(
    [(8, 12), (4, 11), (3, 10), (7, 6), (6, 5), (2, 4), (1, 3), (5, 2)], sign: 8)
  static let loadStack = CompressedImmediate([(5, 12), (4, 6), (3, 5), (2, 4), (7, 3), (6, 2)])
  static let storeStack = CompressedImmediate([(5, 12), (4, 11), (3, 10), (2, 9), (7, 8), (6, 7)])
}

/// A row of the table of compressed instructions.
public struct CompressedDescription: Sendable {
  public let mnemonic: String
  /// What it expands to.
  public let operation: Operation
  public let match: UInt16
  public let mask: UInt16
  let operands: CompressedOperands
  let immediate: CompressedImmediate
  /// Bits of which at least one must be 1, else the encoding is reserved. 0: no such rule.
  let nonZero: UInt16

  init(
    _ mnemonic: String, _ operation: Operation, _ match: UInt16, _ mask: UInt16, _ operands: CompressedOperands,
    _ immediate: CompressedImmediate = .none, nonZero: UInt16 = 0
  ) {
    self.mnemonic = mnemonic
    self.operation = operation
    self.match = match
    self.mask = mask
    self.operands = operands
    self.immediate = immediate
    self.nonZero = nonZero
  }
}

/// All 16-bit instructions of the core. Where two rows match, the first one is meant.
public enum CompressedTable {
  public static let rows: [CompressedDescription] = [
    .init("c.addi4spn", .addi, 0x0000, 0xE003, .ciw, .addi4spn, nonZero: 0x1FE0),
    .init("c.lw", .lw, 0x4000, 0xE003, .cl, .word),
    .init("c.sw", .sw, 0xC000, 0xE003, .cs, .word),
    .init("c.addi", .addi, 0x0001, 0xE003, .ci, .ci),
    .init("c.jal", .jal, 0x2001, 0xE003, .cj(link: 1), .jump),
    .init("c.li", .addi, 0x4001, 0xE003, .destination, .ci),
    .init("c.addi16sp", .addi, 0x6101, 0xEF83, .adjustStack, .addi16sp, nonZero: 0x107C),
    .init("c.lui", .lui, 0x6001, 0xE003, .destination, .lui, nonZero: 0x107C),
    .init("c.srli", .srli, 0x8001, 0xFC03, .cbArithmetic, .shift),
    .init("c.srai", .srai, 0x8401, 0xFC03, .cbArithmetic, .shift),
    .init("c.andi", .andi, 0x8801, 0xEC03, .cbArithmetic, .ci),
    .init("c.sub", .sub, 0x8C01, 0xFC63, .ca),
    .init("c.xor", .xor, 0x8C21, 0xFC63, .ca),
    .init("c.or", .or, 0x8C41, 0xFC63, .ca),
    .init("c.and", .and, 0x8C61, 0xFC63, .ca),
    .init("c.j", .jal, 0xA001, 0xE003, .cj(link: 0), .jump),
    .init("c.beqz", .beq, 0xC001, 0xE003, .cb, .branch),
    .init("c.bnez", .bne, 0xE001, 0xE003, .cb, .branch),
    .init("c.slli", .slli, 0x0002, 0xF003, .ci, .shift),
    .init("c.lwsp", .lw, 0x4002, 0xE003, .loadStack, .loadStack, nonZero: 0x0F80),
    .init("c.jr", .jalr, 0x8002, 0xF07F, .cr(link: 0), nonZero: 0x0F80),
    .init("c.mv", .add, 0x8002, 0xF003, .move),
    .init("c.ebreak", .ebreak, 0x9002, 0xFFFF, .none),
    .init("c.jalr", .jalr, 0x9002, 0xF07F, .cr(link: 1)),
    .init("c.add", .add, 0x9002, 0xF003, .add),
    .init("c.swsp", .sw, 0xC002, 0xE003, .css, .storeStack),
  ]

  /// Rows by quadrant (bits 1:0) and funct3 (bits 15:13), in table order.
  static let buckets: [[CompressedDescription]] = (0..<32).map { index in
    rows.filter { Int($0.match & 3) * 8 + Int($0.match >> 13) == index }
  }

  /// The row that `word` matches, whether or not it is reserved; nil if there is none.
  static func row(for word: UInt16) -> CompressedDescription? {
    buckets[Int(word & 3) * 8 + Int(word >> 13)].first { word & $0.mask == $0.match }
  }
}
