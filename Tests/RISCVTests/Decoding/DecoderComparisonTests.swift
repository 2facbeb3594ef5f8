// The decoder against two other disassemblers: every 16-bit word, and a dense sample of the 32-bit ones.
//
// Compared are legality and text. What differs has to be in the list of explained differences.

import RISCV
import TestSupport
import Testing

@Suite struct DecoderComparisonTests {
  static let compressed: [UInt32] = (0..<0x1_0000 as Range<UInt32>).filter { $0 & 3 != 3 }

  /// Every opcode, funct3 and funct7 twice with random operands; every CSR number with every access; and words
  /// without any structure. Words whose bits 4:2 are 111 begin longer instructions elsewhere and are tested apart.
  static let long: [UInt32] = {
    var random = RandomSource(seed: 32)
    var words: [UInt32] = []
    for opcode in 0..<32 as Range<UInt32> where opcode & 7 != 7 {
      for function in 0..<1024 as Range<UInt32> {
        for _ in 0..<2 {
          let operands = random.word() & 0x01FF_8F80
          words.append((function >> 3) << 25 | (function & 7) << 12 | opcode << 2 | 3 | operands)
        }
      }
    }
    for csr in 0..<4096 as Range<UInt32> {
      for function in 0..<8 as Range<UInt32> {
        let operands = random.word() & 0x000F_8F80
        words.append(csr << 20 | function << 12 | 0x73 | operands)
      }
    }
    // The words around the privileged instructions.
    for word in [
      0x0000_0073, 0x0010_0073, 0x0020_0073, 0x1020_0073, 0x3020_0073, 0x7B20_0073, 0x1050_0073, 0x1200_0073,
    ]
      as [UInt32]
    {
      words.append(word)
      for bit in 7..<32 as Range<UInt32> { words.append(word ^ 1 << bit) }
    }
    for _ in 0..<30_000 {
      let word = random.word() | 3
      words.append(word & 0x1C == 0x1C ? word & ~0x10 : word)
    }
    return words
  }()

  @Test(arguments: ForeignDisassembler.allCases)
  func every16BitWordIsWhatOthersSayThatItIs(_ tool: ForeignDisassembler) throws {
    try compare(Self.compressed, tool)
  }

  @Test(arguments: ForeignDisassembler.allCases)
  func a32BitWordIsWhatOthersSayThatItIs(_ tool: ForeignDisassembler) throws {
    try compare(Self.long, tool)
  }

  @Test func wordsThatBeginLongerInstructionsAreIllegal() {
    var random = RandomSource(seed: 48)
    let words = (0..<20_000).map { _ in random.word() | 0x1F }
    #expect(words.allSatisfy { Decoder.decode($0).operation == .illegal })
  }

  @Test func everyExplanationIsNeeded() throws {
    for explanation in ExplainedDifference.all {
      let words = explanation.isCompressed ? Self.compressed : Self.long
      #expect(words.contains { explanation.covers($0) }, "\(explanation.reason)")
    }
  }

  private func compare(_ words: [UInt32], _ tool: ForeignDisassembler) throws {
    let texts = try tool.disassemble(words)
    var address: UInt32 = 0
    var unexplained: [String] = []
    for (word, text) in zip(words, texts) {
      let instruction = Decoder.decode(word)
      let ours = NormalText(Disassembler.text(instruction, at: address))
      let theirs = NormalText(text, bareHexadecimal: tool == .gnu)
      address &+= UInt32(instruction.length)
      if ours.isIllegal && theirs.isIllegal { continue }
      if ours == theirs { continue }
      if ExplainedDifference.all.contains(where: { $0.explains(word, tool, ours, theirs) }) { continue }
      unexplained.append("\(String(word, radix: 16)): ours \(ours), \(tool) \(theirs)")
    }
    let isExplained = unexplained.isEmpty
    #expect(
      isExplained, "\(unexplained.count) unexplained, first ones:\n\(unexplained.prefix(40).joined(separator: "\n"))")
  }
}
