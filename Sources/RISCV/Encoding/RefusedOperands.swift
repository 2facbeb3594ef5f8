// What the decoder takes for operands in an encoding that it refuses: an illegal instruction waits in ID for a load
// like any other.
//
// Source: `cv32e40p_decoder.sv` (`rega_used_o`, `regb_used_o`, `regfile_alu_we_dec_o` are set before an encoding is found
// to be illegal) and `cv32e40p_compressed_decoder.sv` (what a reserved 16-bit encoding expands to), XPULP = FPU = 0.

/// The operands of a refused encoding, as the hazard logic of ID sees them.
struct RefusedOperands {
  private var readsRs1 = false
  private var readsRs2 = false
  private var writesRd = false
  private let word: UInt32

  /// `word`: 32 bits, or the expansion of a 16-bit encoding.
  init(_ word: UInt32) {
    self.word = word
    let funct3 = word >> 12 & 7
    switch word & 0x7F {
    case 0x03, 0x67: readsRs1 = true  // LOAD, JALR
    case 0x23, 0x63: (readsRs1, readsRs2) = (true, true)  // STORE, BRANCH
    case 0x13: (readsRs1, writesRd) = (true, true)  // OP-IMM
    case 0x33 where word >> 31 == 0:  // OP; with bit 31 set it belongs to XPULP
      (readsRs1, writesRd) = (true, true)
      readsRs2 = word >> 28 & 1 == 0
    case 0x73 where funct3 != 0:  // CSR access of a kind that does not exist
      writesRd = true
      readsRs1 = funct3 < 4
    default: break
    }
  }

  func set(in instruction: inout Instruction) {
    if readsRs1 { instruction.rs1 = UInt8(word >> 15 & 31) }
    if readsRs2 { instruction.rs2 = UInt8(word >> 20 & 31) }
    if writesRd {
      instruction.rd = UInt8(word >> 7 & 31)
      instruction.csr = 1
    }
  }

  /// The 32-bit word that a reserved 16-bit encoding expands to, as far as operands go; 0 if it has none.
  static func expansion(_ word: UInt16) -> UInt32 {
    let rd = UInt32(word >> 7 & 31)
    let high = UInt32(word >> 7 & 7) + 8
    let low = UInt32(word >> 2 & 7) + 8
    switch (word & 3, word >> 13) {
    case (0, 0): return 2 << 15 | low << 7 | 0x13  // C.ADDI4SPN of 0
    case (1, 4) where word >> 11 & 1 == 0: return high << 15 | high << 7 | 0x13  // C.SRLI, C.SRAI by 32 and more
    case (2, 0): return rd << 15 | rd << 7 | 0x13  // C.SLLI by 32 and more
    case (2, 2): return 2 << 15 | 0x03  // C.LWSP to x0
    default: return 0
    }
  }
}
