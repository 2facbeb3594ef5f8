// Words to instructions, and back.

/// Decodes and encodes instructions from the two tables.
public enum Decoder {
  /// Decodes the instruction whose first halfword is the low half of `word`. For a 16-bit instruction the upper half
  /// is ignored. An encoding that the core refuses decodes to `.illegal` with the word as its immediate.
  public static func decode(_ word: UInt32) -> Instruction {
    word & 3 == 3 ? decode32(word) : decode16(UInt16(truncatingIfNeeded: word))
  }

  /// True if the halfword begins a 32-bit instruction.
  @inlinable
  public static func isLong(_ halfword: UInt16) -> Bool { halfword & 3 == 3 }

  private static func decode32(_ word: UInt32) -> Instruction {
    guard let row = InstructionTable.byOpcode[Int(word >> 2 & 31)].first(where: { word & $0.mask == $0.match }) else {
      return illegal(word, length: 4)
    }
    var result = Instruction()
    result.operation = row.operation
    result.timing = row.timing
    result.length = 4
    let rd = UInt8(word >> 7 & 31)
    let rs1 = UInt8(word >> 15 & 31)
    let rs2 = UInt8(word >> 20 & 31)
    let signed = Int32(bitPattern: word)
    switch row.format {
    case .r:
      (result.rd, result.rs1, result.rs2) = (rd, rs1, rs2)
    case .i, .load:
      (result.rd, result.rs1) = (rd, rs1)
      result.immediate = UInt32(bitPattern: signed >> 20)
    case .shift:
      (result.rd, result.rs1) = (rd, rs1)
      result.immediate = word >> 20 & 31
    case .s:
      (result.rs1, result.rs2) = (rs1, rs2)
      result.immediate = UInt32(bitPattern: (signed >> 25) << 5) | word >> 7 & 31
    case .b:
      (result.rs1, result.rs2) = (rs1, rs2)
      result.immediate =
        UInt32(bitPattern: (signed >> 31) << 12) | word << 4 & 0x800 | word >> 20 & 0x7E0 | word >> 7 & 0x1E
    case .u:
      result.rd = rd
      result.immediate = word & 0xFFFF_F000
    case .j:
      result.rd = rd
      result.immediate =
        UInt32(bitPattern: (signed >> 31) << 20) | word & 0xF_F000 | word >> 9 & 0x800 | word >> 20 & 0x7FE
    case .csr:
      (result.rd, result.rs1) = (rd, rs1)
      result.csr = UInt16(word >> 20)
    case .csrImmediate:
      result.rd = rd
      result.immediate = UInt32(rs1)
      result.csr = UInt16(word >> 20)
    case .fence:
      result.immediate = word >> 20
    case .none:
      break
    }
    return result
  }

  private static func decode16(_ word: UInt16) -> Instruction {
    guard let row = CompressedTable.row(for: word), row.nonZero == 0 || word & row.nonZero != 0 else {
      return illegal(UInt32(word), length: 2)
    }
    guard let base = InstructionTable.description(of: row.operation) else { return illegal(UInt32(word), length: 2) }
    var result = Instruction()
    result.operation = row.operation
    result.timing = base.timing
    result.length = 2
    result.immediate = row.immediate.extract(word)
    let wide = UInt8(word >> 7 & 31)
    let high = UInt8(word >> 7 & 7) + 8
    let low = UInt8(word >> 2 & 7) + 8
    let wide2 = UInt8(word >> 2 & 31)
    switch row.operands {
    case .ciw: (result.rd, result.rs1) = (low, 2)
    case .cl: (result.rd, result.rs1) = (low, high)
    case .cs: (result.rs1, result.rs2) = (high, low)
    case .ci: (result.rd, result.rs1) = (wide, wide)
    case .destination: result.rd = wide
    case .loadStack: (result.rd, result.rs1) = (wide, 2)
    case .adjustStack: (result.rd, result.rs1) = (2, 2)
    case .cbArithmetic: (result.rd, result.rs1) = (high, high)
    case .ca: (result.rd, result.rs1, result.rs2) = (high, high, low)
    case .cb: result.rs1 = high
    case .cj(let link): result.rd = link
    case .cr(let link): (result.rd, result.rs1) = (link, wide)
    case .move: (result.rd, result.rs2) = (wide, wide2)
    case .add: (result.rd, result.rs1, result.rs2) = (wide, wide, wide2)
    case .css: (result.rs1, result.rs2) = (2, wide2)
    case .none: break
    }
    return result
  }

  private static func illegal(_ word: UInt32, length: UInt8) -> Instruction {
    var result = Instruction()
    result.operation = .illegal
    // SYSTEM with funct3 4 is refused as a CSR access is: a cycle sooner.
    result.timing = length == 4 && word & 0x707F == 0x4073 ? .environment : .illegal
    result.length = length
    result.immediate = word
    RefusedOperands(length == 4 ? word : RefusedOperands.expansion(UInt16(truncatingIfNeeded: word))).set(in: &result)
    return result
  }
}
