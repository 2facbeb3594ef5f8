// The two instruction tables: no two rows overlap, and what was decoded encodes to the same word.

import RISCV
import TestSupport
import Testing

@Suite struct EncodingTests {
  @Test func noTwoRowsOfTheTableOf32BitInstructionsOverlap() {
    let rows = InstructionTable.rows
    for (index, row) in rows.enumerated() {
      #expect(row.match & ~row.mask == 0, "\(row.mnemonic)")
      for other in rows[(index + 1)...] {
        let common = row.mask & other.mask
        #expect(row.match & common != other.match & common, "\(row.mnemonic) and \(other.mnemonic)")
      }
    }
  }

  /// In the compressed table a special case stands before the general one: C.JR before C.MV, C.EBREAK before C.JALR.
  @Test func rowsOfTheCompressedTableOverlapOnlyWhereASpecialCaseComesFirst() {
    let rows = CompressedTable.rows
    var found: Set<String> = []
    for (index, row) in rows.enumerated() {
      #expect(row.match & ~row.mask == 0, "\(row.mnemonic)")
      for other in rows[(index + 1)...] where row.match & row.mask & other.mask == other.match & row.mask & other.mask {
        found.insert("\(row.mnemonic) \(other.mnemonic)")
        #expect(row.mask & other.mask == other.mask, "\(row.mnemonic) must be a special case of \(other.mnemonic)")
      }
    }
    #expect(
      found == [
        "c.addi16sp c.lui", "c.jr c.mv", "c.ebreak c.jalr", "c.ebreak c.add", "c.jalr c.add",
      ])
  }

  @Test func everyOperationHasOneRow() {
    var operations = InstructionTable.rows.map(\.operation)
    #expect(Set(operations).count == operations.count)
    operations += [.illegal, .undecoded]
    #expect(Set(operations) == Set(Operation.allCases))
    #expect(CompressedTable.rows.allSatisfy { InstructionTable.description(of: $0.operation) != nil })
  }

  @Test func a16BitWordEncodesBackToItself() {
    var others: [UInt32: UInt32] = [:]
    for word in DecoderComparisonTests.compressed {
      let instruction = Decoder.decode(word)
      #expect(instruction.length == 2)
      let encoded = Encoder.encode(instruction)
      if encoded == word { continue }
      // A second encoding of the same instruction.
      others[word] = encoded
      #expect(encoded.map { Decoder.decode($0) } == instruction, "0x\(String(word, radix: 16))")
    }
    // C.ADDI16SP by -32, -16 and 16 is C.ADDI of sp; C.LI and C.MV to x0 are C.ADDI and C.MV's twin C.ADD of x0.
    let sp = others.keys.filter { $0 & 0xEF83 == 0x6101 }
    let loads = others.keys.filter { $0 & 0xEF83 == 0x4001 }
    let adds = others.keys.filter { $0 & 0xFF83 == 0x9002 }
    #expect(sp.count == 3)
    #expect(loads.count == 64)
    #expect(adds.count == 31)
    #expect(others.count == 3 + 64 + 31)
  }

  @Test func a32BitWordEncodesBackToItself() {
    for word in DecoderComparisonTests.long {
      let instruction = Decoder.decode(word)
      var expected = word
      switch instruction.operation {
      // Fields that the core ignores.
      case .fence: expected &= 0xFFF0_707F
      case .fenceI: expected &= 0x0000_707F
      default: break
      }
      if Encoder.encode(instruction) != expected {
        Issue.record(
          "0x\(String(word, radix: 16)) encodes to \(Encoder.encode(instruction).map { String($0, radix: 16) } ?? "nothing")"
        )
      }
    }
  }

  @Test func anOperandThatDoesNotFitIsRefused() {
    #expect(Encoder.encode(Instruction(.addi, rd: 1, rs1: 1, immediate: 2048)) == nil)
    #expect(Encoder.encode(Instruction(.addi, rd: 1, rs1: 1, immediate: UInt32(bitPattern: -2048))) == 0x8000_8093)
    #expect(Encoder.encode(Instruction(.beq, rs1: 1, immediate: 1)) == nil)
    #expect(Encoder.encode(Instruction(.beq, rs1: 1, immediate: 4096)) == nil)
    #expect(Encoder.encode(Instruction(.jal, rd: 1, immediate: 1 << 20)) == nil)
    #expect(Encoder.encode(Instruction(.lui, rd: 1, immediate: 0x1001)) == nil)
    #expect(Encoder.encode(Instruction(.slli, rd: 1, rs1: 1, immediate: 32)) == nil)
    #expect(Encoder.encode(Instruction(.add, rd: 33)) == nil)
    #expect(Encoder.encode(Instruction(.lw, rd: 1, rs1: 8, length: 2)) == nil)
    #expect(Encoder.encode(Instruction(.mul, rd: 8, rs1: 8, rs2: 9, length: 2)) == nil)
  }
}
