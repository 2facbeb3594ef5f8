// What a diagnostic says of a word of the Xpulp extension, which this core lacks.
//
// Expected names and what is reserved: `cv32e40p_decoder.sv` (7a49867) with PULP_XPULP = 1, PULP_CLUSTER = 0, read by hand.

import HardwareModel
import PULPissimo
import TestSupport
import Testing

@testable import RISCV

@Suite struct XpulpTests {
  private typealias Group = XpulpInstruction.Group

  /// Name, group and a word with rd = a0, rs1 = a1, rs2 = a2 where the instruction has them.
  private static let known: [(String, Group, UInt32)] = [
    ("lp.starti", .hardwareLoop, 0x0100_007B), ("lp.endi", .hardwareLoop, 0x0200_10FB),
    ("lp.count", .hardwareLoop, 0x0005_A07B), ("lp.counti", .hardwareLoop, 0x0640_307B),
    ("lp.setup", .hardwareLoop, 0x0085_C07B), ("lp.setupi", .hardwareLoop, 0x0645_50FB),
    ("p.lb", .postIncrement, 0x0045_850B), ("p.lh", .postIncrement, 0x0045_950B),
    ("p.lw", .postIncrement, 0x0045_A50B), ("p.lbu", .postIncrement, 0x0045_C50B),
    ("p.lhu", .postIncrement, 0x0045_D50B), ("p.lw", .postIncrement, 0x20C5_F50B),
    ("p.lbu", .postIncrement, 0x40C5_F50B), ("p.sb", .postIncrement, 0x00C5_822B),
    ("p.sh", .postIncrement, 0x00C5_922B), ("p.sw", .postIncrement, 0x00C5_A22B),
    ("p.sw", .postIncrement, 0x00C5_E52B),
    ("p.lw", .registerOffset, 0x20C5_F503), ("p.lhu", .registerOffset, 0x50C5_F503),
    ("p.sb", .registerOffset, 0x00C5_C523), ("p.sw", .registerOffset, 0x00C5_E523),
    ("p.elw", .eventLoad, 0x0045_E503),
    ("p.beqimm", .immediateBranch, 0x0055_A463), ("p.bneimm", .immediateBranch, 0x0055_B463),
    ("p.extract", .bitManipulation, 0xC0C5_8533), ("p.extractu", .bitManipulation, 0xDEC5_9533),
    ("p.insert", .bitManipulation, 0xC0C5_A533), ("p.bclr", .bitManipulation, 0xC0C5_B533),
    ("p.bset", .bitManipulation, 0xC0C5_C533), ("p.bitrev", .bitManipulation, 0xC0C5_D533),
    ("p.extractr", .bitManipulation, 0x80C5_8533), ("p.bsetr", .bitManipulation, 0x80C5_C533),
    ("p.ror", .bitManipulation, 0x08C5_D533), ("p.ff1", .bitManipulation, 0x1005_8533),
    ("p.fl1", .bitManipulation, 0x1005_9533), ("p.clb", .bitManipulation, 0x1005_A533),
    ("p.cnt", .bitManipulation, 0x1005_B533),
    ("p.abs", .general, 0x0405_8533), ("p.slet", .general, 0x04C5_A533), ("p.sletu", .general, 0x04C5_B533),
    ("p.min", .general, 0x04C5_C533), ("p.minu", .general, 0x04C5_D533), ("p.max", .general, 0x04C5_E533),
    ("p.maxu", .general, 0x04C5_F533), ("p.exths", .general, 0x1005_C533), ("p.exthz", .general, 0x1005_D533),
    ("p.extbs", .general, 0x1005_E533), ("p.extbz", .general, 0x1005_F533), ("p.clip", .general, 0x14C5_9533),
    ("p.clipu", .general, 0x14C5_A533), ("p.clipr", .general, 0x14C5_D533), ("p.clipur", .general, 0x14C5_E533),
    ("p.mac", .multiply, 0x42C5_8533), ("p.msu", .multiply, 0x42C5_9533), ("p.mulsN", .multiply, 0x80C5_855B),
    ("p.mulhhuRN", .multiply, 0x46C5_C55B), ("p.macuN", .multiply, 0x00C5_955B),
    ("p.machhsRN", .multiply, 0xC6C5_D55B),
    ("p.addN", .normalization, 0x04C5_A55B), ("p.adduRN", .normalization, 0x84C5_E55B),
    ("p.subN", .normalization, 0x04C5_B55B), ("p.subuRNr", .normalization, 0xC0C5_F55B),
    ("cv.add", .simd, 0x00C5_8557), ("cv.add", .simd, 0x00C5_D557), ("cv.sub", .simd, 0x0A65_F557),
    ("cv.abs", .simd, 0x7005_8557), ("cv.dotsp", .simd, 0x98C5_9557), ("cv.sdotup", .simd, 0xA0C5_8557),
    ("cv.shuffle", .simd, 0xC0C5_9557), ("cv.shuffleI2", .simd, 0xF0C5_F557), ("cv.pack", .simd, 0xD2C5_8557),
    ("cv.extract", .simd, 0x7805_E557), ("cv.insert", .simd, 0xB005_F557), ("cv.cmpeq", .simd, 0x04C5_8557),
    ("cv.cmpleu", .simd, 0x4CC5_8557), ("cv.cplxmul", .simd, 0x56C5_E557), ("cv.subrotmj", .simd, 0x6CC5_8557),
    ("cv.cplxconj", .simd, 0x5C05_8557), ("cv.add.div", .simd, 0x74C5_A557), ("cv.sub.div", .simd, 0x64C5_C557),
  ]

  @Test func `each instruction of Xpulp is called by its name and the part of the extension that it belongs to`() {
    for (name, group, word) in Self.known {
      let found = XpulpEncoding.instruction(word)
      #expect(found == XpulpInstruction(group: group, name: name), "0x\(String(word, radix: 16))")
      #expect(Decoder.decode(word).operation == .illegal, "\(name) must stay illegal")
    }
    // Every part of the extension occurs.
    #expect(Set(Self.known.map(\.1)).count == XpulpInstruction.Group.allCases.count)
  }

  @Test func `words that the decoder refuses even with the extension are called reserved`() {
    let reserved: [(XpulpInstruction.Group, UInt32)] = [
      (.hardwareLoop, 0x0105_807B),  // lp.starti with rs1
      (.hardwareLoop, 0x0015_A07B),  // lp.count with an immediate
      (.hardwareLoop, 0x0100_017B),  // bits 11:8
      (.hardwareLoop, 0x0100_607B),
      (.postIncrement, 0x0045_B50B),  // ld
      (.postIncrement, 0x0045_E50B),  // p.elw has no post-increment
      (.postIncrement, 0x02C5_F50B),
      (.postIncrement, 0x00C5_B22B),
      (.bitManipulation, 0xC8C5_D533),  // p.bitrev with bits 29:27
      (.bitManipulation, 0xC0C5_E533),
      (.normalization, 0x44C5_A55B),  // the shift in a register and in the instruction
      (.simd, 0x00C5_A557),  // cv.add with bits 14:12 = 2
      (.simd, 0x02C5_8557),  // bit 25
      (.simd, 0x7015_8557),  // cv.abs with rs2
      (.simd, 0xF8C5_9557),  // cv.shuffleI3 not immediate
      (.simd, 0x56C5_9557),  // complex numbers of bytes
      (.simd, 0xFC00_0057),
    ]
    for (group, word) in reserved {
      #expect(
        XpulpEncoding.instruction(word) == XpulpInstruction(group: group, name: nil), "0x\(String(word, radix: 16))")
    }
  }

  @Test func `no instruction that the core has is one of Xpulp, whatever its operands are`() {
    var random = SplitMix64(seed: 7)
    var count = 0
    for opcode in UInt32(0)..<32 {
      for _ in 0..<20_000 {
        let word = UInt32(truncatingIfNeeded: random.next()) & ~0x7F | opcode << 2 | 3
        guard Decoder.decode(word).operation != .illegal else { continue }
        count += 1
        guard XpulpEncoding.instruction(word) != nil else { continue }
        Issue.record("0x\(String(word, radix: 16))")
      }
    }
    #expect(count > 100_000)
  }

  @Test func `the remark names the extension, and the program takes exception 2, also in a strict run`() {
    var configuration = MachineConfiguration()
    configuration.strict = true
    let machine = Machine(configuration)
    let program = Assembly { p in
      p.li(.t0, 0x1C00_8100)
      p.csrw(0x305, .t0)
      p.word(0x42C5_8533)
      p.align(to: 0x1C00_8100)
      p.csrr(.a0, 0x342)
      p.exit(9)
    }
    machine.write(program.bytes, at: program.base)
    machine.boot(at: program.base)
    var remarks: [MachineDiagnostic] = []
    machine.onDiagnostic = { remarks.append($0) }
    let end = machine.run(limits: RunLimits(cycles: 1000))
    #expect(end.reason == .exit && end.code == 9)
    #expect(machine.hart[register: 10] == 2)
    #expect(remarks.count == 1)
    #expect(remarks.first?.diagnostic.kind == .illegalInstruction)
    #expect(remarks.first?.pc == program.base + 12)
    #expect(remarks.first?.diagnostic.message.contains("p.mac of the Xpulp extension (multiply") == true)
  }
}
