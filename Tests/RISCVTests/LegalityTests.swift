// Which encodings trap and which do not, found by executing them.
//
// Source: `cv32e40p-timing.md` section 5 (measured on the RTL with XPULP = FPU = 0).

import PULPissimo
import RISCV
import TestSupport
import Testing

@Suite struct LegalityTests {
  /// Executes one word at a 4-aligned and at a 2-aligned address; both must do the same. Nil: no trap.
  private func execute(_ word: UInt32, xpulpCSRs: Bool = false) -> UInt32? {
    var causes: [UInt32?] = []
    for place in [CoreBench.code, CoreBench.code + 2] {
      let bench = CoreBench { $0.hart.xpulpCSRs = xpulpCSRs }
      bench.machine.write([Instruction(.jal)], at: CoreBench.vectors)
      bench.machine.write(ProgramWord.bytes([word, 0x0001, 0x0000_006F]), at: place)
      bench.boot(at: place)
      for index in 1..<32 { bench.hart[register: index] = CoreBench.data + 0x100 }
      bench.step()
      let hart = bench.hart
      if hart.counters.exceptions == 0 {
        causes.append(nil)
        continue
      }
      causes.append(hart.peekCSR(0x342))
      #expect(hart.peekCSR(0x341) == place, "mepc of 0x\(String(word, radix: 16))")
      #expect(hart.peekCSR(0x343) == 0, "mtval")
      #expect(hart.pc == CoreBench.vectors, "exceptions enter at the base")
    }
    #expect(causes[0] == causes[1], "0x\(String(word, radix: 16))")
    return causes[0]
  }

  private static func csrRead(_ csr: UInt32) -> UInt32 { csr << 20 | 0x0000_22F3 }  // csrrs t0, csr, x0
  private static func csrWrite(_ csr: UInt32) -> UInt32 { csr << 20 | 0x0003_1073 }  // csrrw x0, csr, t1

  static let illegal: [(name: String, word: UInt32)] = {
    var words: [(String, UInt32)] = [
      ("all zeros", 0x0000), ("all ones", 0xFFFF_FFFF),
      ("andn (Zbb)", 0x4073_72B3), ("sh1add (Zba)", 0x2073_22B3), ("min (Zbb)", 0x0A73_42B3),
      ("czero.eqz (Zicond)", 0x0E73_52B3), ("rol (Zbb)", 0x6073_12B3), ("clz (Zbb)", 0x6003_1293),
      ("rev8 (Zbb)", 0x6983_5293), ("slli shamt[5] (RV64)", 0x0203_1293), ("srli shamt[5] (RV64)", 0x0203_5293),
      ("srai shamt[5] (RV64)", 0x4203_5293), ("addw (OP-32)", 0x0073_02BB), ("addiw (OP-IMM-32)", 0x0013_029B),
      ("LOAD funct3 3", 0x0003_3283), ("LOAD funct3 6", 0x0003_6283), ("LOAD funct3 7", 0x0003_7283),
      ("STORE funct3 3", 0x0053_3023), ("STORE funct3 4", 0x0053_4023), ("STORE funct3 7", 0x0053_7023),
      ("BRANCH funct3 2", 0x0053_2463), ("BRANCH funct3 3", 0x0053_3463), ("JALR funct3 1", 0x0003_1067),
      ("JALR funct3 7", 0x0003_7067), ("MISC-MEM funct3 2", 0x0000_200F), ("MISC-MEM funct3 7", 0x0000_700F),
      ("lr.w", 0x1003_22AF), ("amoadd.w", 0x0073_22AF), ("flw", 0x0003_2287), ("fsw", 0x0053_2027),
      ("fmadd.s", 0x0073_02C3), ("fadd.s", 0x0073_02D3), ("custom-0", 0x0073_028B), ("custom-1", 0x0073_02AB),
      ("custom-2", 0x0073_02DB), ("custom-3", 0x0073_02FB),
      ("uret", 0x0020_0073), ("sret", 0x1020_0073), ("dret", 0x7B20_0073), ("sfence.vma", 0x1200_0073),
      ("ecall with rd", 0x0000_00F3), ("ecall with rs1", 0x0000_8073), ("ebreak with rd", 0x0010_00F3),
      ("mret with rs1", 0x3020_8073), ("wfi with rd", 0x1050_00F3), ("SYSTEM funct3 4", 0x3000_4073),
      ("c.addi4spn 0", 0x0004), ("c.fld", 0x2000), ("c.flw", 0x6000), ("c.fsd", 0xA000), ("c.fsw", 0xE000),
      ("c.fldsp", 0x2002), ("c.flwsp", 0x6002), ("c.fsdsp", 0xA002), ("c.fswsp", 0xE002), ("c.addi16sp 0", 0x6101),
      ("c.lui 0", 0x6281), ("c.slli shamt[5]", 0x1282), ("c.srli shamt[5]", 0x9001), ("c.srai shamt[5]", 0x9401),
      ("c.subw", 0x9C01), ("c.addw", 0x9C21), ("reserved 9C41", 0x9C41), ("reserved 9C61", 0x9C61),
      ("c.lwsp x0", 0x4002), ("c.jr x0", 0x8002), ("reserved quadrant 0 funct3 4", 0x8000),
    ]
    for csr: UInt32 in [
      0xC01, 0xC81, 0x001, 0x002, 0x003, 0x100, 0x104, 0x105, 0x140, 0x141, 0x142, 0x143, 0x144, 0x180, 0x310, 0x302,
      0x303, 0x306, 0x30A, 0x31A, 0xF15, 0x747, 0x757, 0x3A0, 0x3A3, 0x3B0, 0x3BF, 0x7A5, 0x7B0, 0x7B1, 0x7B2, 0x7B3,
      0x000, 0x004, 0x005, 0x041, 0x042, 0x7C0, 0x7C1, 0x7C2, 0x7E0, 0x800, 0xCC0, 0xCC1,
    ] {
      words.append(("read of CSR 0x\(String(csr, radix: 16))", csrRead(csr)))
      words.append(("write of CSR 0x\(String(csr, radix: 16))", csrWrite(csr)))
    }
    for csr: UInt32 in [0xC00, 0xC02, 0xC03, 0xC1F, 0xC80, 0xC82, 0xC9F, 0xF11, 0xF12, 0xF13, 0xF14] {
      words.append(("write of CSR 0x\(String(csr, radix: 16))", csrWrite(csr)))
    }
    words.append(("csrrs mhartid with rs1", 0xF143_2073))
    words.append(("csrrc mhartid with rs1", 0xF143_3073))
    words.append(("csrrsi mhartid with 1", 0xF140_E073))
    return words
  }()

  static let legal: [(name: String, word: UInt32)] = {
    var words: [(String, UInt32)] = [
      ("fence", 0x0FF0_000F), ("fence.tso", 0x8330_000F), ("fence with rd and rs1", 0x0FF3_028F),
      ("fence.i", 0x0000_100F), ("fence.i with everything", 0xFFF3_128F),
      ("csrrsi mhartid with 0", 0xF140_6073), ("csrrci mhartid with 0", 0xF140_7073),
      ("csrrs mhartid with x0", 0xF140_2073),
      ("c.slli shamt 0", 0x0282), ("c.srli shamt 0", 0x8001), ("c.srai shamt 0", 0x8401), ("c.nop imm", 0x0005),
      ("c.li x0", 0x4005), ("c.lui x0", 0x6005), ("c.mv x0", 0x8006), ("c.add x0", 0x9006), ("c.addi 0", 0x0281),
      ("lui x0", 0x0000_1037), ("slti x0", 0x0013_2013), ("csrrw of x0", 0x3400_1073), ("wfi", 0x1050_0073),
    ]
    for csr: UInt32 in [
      0xC00, 0xC02, 0xC03, 0xC1F, 0xC80, 0xC82, 0xC83, 0xC9F, 0xB00, 0xB02, 0xB03, 0xB1F, 0xB80, 0xB82, 0xB83, 0xB9F,
      0x300, 0x301, 0x304, 0x305, 0x320, 0x323, 0x33F, 0x340, 0x341, 0x342, 0x343, 0x344, 0x7A0, 0x7A1, 0x7A2, 0x7A3,
      0x7A4, 0x7A8, 0x7AA, 0xF11, 0xF12, 0xF13, 0xF14,
    ] {
      words.append(("read of CSR 0x\(String(csr, radix: 16))", csrRead(csr)))
      if csr < 0xC00 { words.append(("write of CSR 0x\(String(csr, radix: 16))", csrWrite(csr))) }
    }
    return words
  }()

  @Test func anIllegalEncodingTrapsWithCause2() {
    for (name, word) in Self.illegal { #expect(execute(word) == 2, "\(name)") }
  }

  @Test func aLegalEncodingDoesNotTrap() {
    for (name, word) in Self.legal {
      // An access to mip shows a line, wfi sleeps: neither matters here.
      if word == 0x1050_0073 { continue }
      #expect(execute(word) == nil, "\(name)")
    }
  }

  @Test func ecallAndEbreakHaveTheirCauses() {
    #expect(execute(0x0000_0073) == 11)
    #expect(execute(0x0010_0073) == 3)
    #expect(execute(0x9002) == 3)
  }

  @Test func theLoopRegistersOfTheXPULPCoreAreThereIfAskedFor() {
    for csr: UInt32 in [0x800, 0x801, 0x802, 0x804, 0x805, 0x806] {
      #expect(execute(Self.csrRead(csr), xpulpCSRs: true) == nil)
      #expect(execute(Self.csrWrite(csr), xpulpCSRs: true) == nil)
      #expect(execute(Self.csrRead(csr), xpulpCSRs: false) == 2)
    }
    for csr: UInt32 in [0xCC0, 0xCC1] {
      #expect(execute(Self.csrRead(csr), xpulpCSRs: true) == nil)
      #expect(execute(Self.csrWrite(csr), xpulpCSRs: true) == 2)
    }
    for csr: UInt32 in [0x803, 0x807] { #expect(execute(Self.csrRead(csr), xpulpCSRs: true) == 2) }
  }

  /// The whole CSR space: what exists is what the list says.
  @Test func noOtherCSRExists() {
    var found: Set<UInt16> = []
    let hart = CoreBench { $0.hart.xpulpCSRs = false }.hart
    for csr in 0..<4096 as Range<UInt16> where hart.peekCSR(csr) != nil { found.insert(csr) }
    var expected: Set<UInt16> = [
      0x300, 0x301, 0x304, 0x305, 0x320, 0x340, 0x341, 0x342, 0x343, 0x344, 0x7A0, 0x7A1, 0x7A2, 0x7A3, 0x7A4, 0x7A8,
      0x7AA, 0xF11, 0xF12, 0xF13, 0xF14,
    ]
    expected.formUnion(0x323...0x33F)
    for base in [0xB00, 0xB80, 0xC00, 0xC80] as [UInt16] {
      expected.formUnion([base, base + 2])
      expected.formUnion(base + 3...base + 0x1F)
    }
    #expect(found == expected)
  }
}
