// Control and status registers: reset values, writable bits, counters.
//
// Source: `cv32e40p-timing.md` section 5 (measured on the RTL).

import PULPissimo
import RISCV
import TestSupport
import Testing

@Suite struct CSRTests {
  @Test func theValuesAfterReset() {
    let bench = CoreBench()
    bench.machine.bootFromROM()
    let expected: [UInt16: UInt32] = [
      0x301: 0x4000_1104, 0x300: 0x0000_1800, 0x305: 1, 0x304: 0, 0x344: 0, 0x341: 0, 0x342: 0, 0x343: 0, 0x340: 0,
      0xF11: 0x602, 0xF12: 4, 0xF13: 0, 0xF14: 0x3E0, 0x320: 0xD, 0xB00: 0, 0xB80: 0, 0xB02: 0, 0xB82: 0, 0x323: 0,
      0x7A1: 0x2800_1040, 0x7A4: 4, 0x7A0: 0,
    ]
    for (csr, value) in expected { #expect(bench.csr(csr) == value, "\(CSRNames.name(csr))") }
  }

  @Test func aDirectlyLoadedProgramFindsEveryInterruptEnabledInMie() {
    let bench = CoreBench()
    bench.machine.boot(at: CoreBench.code)
    #expect(bench.csr(0x304) == .max)
    #expect(bench.csr(0x300) == 0x1800)
  }

  /// What all ones written reads back as.
  static let allOnes: [(csr: UInt16, value: UInt32)] = [
    (0x300, 0x1888), (0x304, 0xFFFF_FFFF), (0x305, 0xFFFF_FF01), (0x341, 0xFFFF_FFFE), (0x342, 0x8000_001F),
    (0x343, 0), (0x340, 0xFFFF_FFFF), (0x320, 0xD), (0x323, 0xFFFF), (0x324, 0), (0x33F, 0), (0xB04, 0), (0xB1F, 0),
    (0x301, 0x4000_1104), (0x344, 0), (0x7A1, 0x2800_1040), (0x7A0, 0), (0x7A2, 0), (0x7A3, 0), (0x7A4, 4),
  ]

  @Test(arguments: allOnes)
  func allOnesWrittenReadBackAsTheBitsThatExist(_ csr: UInt16, _ value: UInt32) {
    let bench = CoreBench()
    bench.start([
      Instruction(.addi, rd: 5, immediate: .max),
      Instruction(.csrrw, rd: 6, rs1: 5, csr: csr),
      Instruction(.csrrs, rd: 7, csr: csr),
      Instruction(.csrrc, rd: 8, rs1: 5, csr: csr),
      Instruction(.csrrs, rd: 9, csr: csr),
    ])
    bench.step(5)
    #expect(bench.hart[register: 7] == value, "\(CSRNames.name(csr)) after writing all ones")
    #expect(bench.hart[register: 8] == value, "\(CSRNames.name(csr)): csrrc returns the old value")
    let fixed: [UInt16: UInt32] = [0x300: 0x1800, 0x301: 0x4000_1104, 0x7A1: 0x2800_1040, 0x7A4: 4]
    #expect(bench.hart[register: 9] == fixed[csr] ?? 0, "\(CSRNames.name(csr)) after clearing all bits")
    #expect(bench.hart.counters.exceptions == 0)
  }

  @Test func setAndClearFormsChangeOnlyTheirBits() {
    let bench = CoreBench()
    bench.start(
      CoreBench.constant(5, 0x0F0F_0F0F) + CoreBench.constant(6, 0x00FF_00FF) + [
        Instruction(.csrrw, rs1: 5, csr: 0x340),
        Instruction(.csrrs, rd: 7, rs1: 6, csr: 0x340),
        Instruction(.csrrc, rd: 8, rs1: 5, csr: 0x340),
        Instruction(.csrrwi, rd: 9, immediate: 21, csr: 0x340),
        Instruction(.csrrsi, rd: 10, immediate: 10, csr: 0x340),
        Instruction(.csrrci, rd: 11, immediate: 16, csr: 0x340),
        Instruction(.csrrs, rd: 12, csr: 0x340),
      ])
    bench.step(11)
    let hart = bench.hart
    #expect(hart[register: 7] == 0x0F0F_0F0F)
    #expect(hart[register: 8] == 0x0FFF_0FFF)
    #expect(hart[register: 9] == 0x00F0_00F0)
    #expect(hart[register: 10] == 21)
    #expect(hart[register: 11] == 31)
    #expect(hart[register: 12] == 15)
  }

  // MARK: Counters

  @Test func theCountersStandStillAfterReset() {
    let bench = CoreBench()
    bench.start([Instruction](repeating: Instruction(.addi), count: 40))
    bench.step(30)
    #expect(bench.csr(0xB00) == 0)
    #expect(bench.csr(0xB02) == 0)
  }

  /// mcycle written at T(w) and read at T(r): value + T(r) - T(w) - 1. CSR accesses take 4 cycles, nops 1.
  @Test(arguments: [0, 1, 5, 30])
  func mcycleCountsFromTheCycleAfterItsWrite(_ nops: Int) {
    let bench = CoreBench()
    bench.start(
      [Instruction(.csrrwi, immediate: 0, csr: 0x320), Instruction(.csrrw, rs1: 5, csr: 0xB00)]
        + [Instruction](repeating: Instruction(.addi), count: nops) + [Instruction(.csrrs, rd: 6, csr: 0xB00)],
      registers: [5: 1000])
    bench.step(UInt64(3 + nops))
    #expect(bench.hart[register: 6] == UInt32(1000 + 4 + nops - 1))
  }

  @Test func twoReadsOfMcycleAreFourCyclesApart() {
    let bench = CoreBench()
    bench.start([
      Instruction(.csrrwi, immediate: 0, csr: 0x320), Instruction(.csrrs, rd: 6, csr: 0xB00),
      Instruction(.csrrs, rd: 7, csr: 0xC00),
    ])
    bench.step(3)
    #expect(bench.hart[register: 7] &- bench.hart[register: 6] == 4)
  }

  /// The writing instruction is not counted after the write; a read does not include itself.
  @Test(arguments: [0, 1, 7])
  func minstretCountsFromTheInstructionAfterItsWrite(_ nops: Int) {
    let bench = CoreBench()
    bench.start(
      [Instruction(.csrrwi, immediate: 0, csr: 0x320), Instruction(.csrrw, rs1: 5, csr: 0xB02)]
        + [Instruction](repeating: Instruction(.addi), count: nops) + [Instruction(.csrrs, rd: 6, csr: 0xB02)],
      registers: [5: 500])
    bench.step(UInt64(3 + nops))
    #expect(bench.hart[register: 6] == UInt32(500 + nops))
  }

  @Test(arguments: [(0xB00, 0xB80), (0xB02, 0xB82)] as [(UInt16, UInt16)])
  func theCarryReachesTheUpperHalf(_ low: UInt16, _ high: UInt16) {
    let bench = CoreBench()
    bench.start(
      [
        Instruction(.csrrwi, immediate: 0, csr: 0x320), Instruction(.csrrwi, immediate: 7, csr: high),
        Instruction(.csrrw, rs1: 5, csr: low), Instruction(.addi), Instruction(.addi), Instruction(.addi),
        Instruction(.csrrs, rd: 6, csr: low), Instruction(.csrrs, rd: 7, csr: high),
      ], registers: [5: .max])
    bench.step(8)
    #expect(bench.hart[register: 7] == 8)
    #expect(bench.hart[register: 6] < 20)
    #expect(bench.csr(low &+ 0x100) == bench.csr(low), "the read-only mirror")
    #expect(bench.csr(high &+ 0x100) == 8)
  }

  @Test func theUpperHalfKeepsCountingWhenTheLowerIsWritten() {
    let bench = CoreBench()
    bench.start(
      [
        Instruction(.csrrwi, immediate: 0, csr: 0x320), Instruction(.csrrwi, immediate: 3, csr: 0xB80),
        Instruction(.csrrwi, immediate: 9, csr: 0xB00), Instruction(.csrrs, rd: 6, csr: 0xB80),
      ])
    bench.step(4)
    #expect(bench.hart[register: 6] == 3)
  }

  /// ECALL, EBREAK and illegal instructions are not counted; MRET and FENCE are.
  @Test func minstretCountsWhatRetires() {
    for (word, counts) in [
      (0x0000_0073, false), (0x0010_0073, false), (0x9002, false), (0x0000_0000, false), (0x0FF0_000F, true),
      (0x0000_100F, true), (0x0000_0013, true),
    ] as [(UInt32, Bool)] {
      let bench = CoreBench()
      // The handler skips the instruction: mepc += 4 (all of them stand in four bytes).
      bench.machine.write(
        [
          Instruction(.csrrs, rd: 28, csr: 0x341), Instruction(.addi, rd: 28, rs1: 28, immediate: 4),
          Instruction(.csrrw, rs1: 28, csr: 0x341), Instruction(.mret),
        ], at: CoreBench.vectors)
      let padding: [UInt32] = ProgramWord.size(word) == 2 ? [0x0001] : []
      bench.machine.write(
        Program.bytes([Instruction(.csrrwi, immediate: 0, csr: 0x320), Instruction(.csrrs, rd: 6, csr: 0xB02)])
          + ProgramWord.bytes([word] + padding)
          + Program.bytes([Instruction(.csrrs, rd: 7, csr: 0xB02), Instruction(.jal)]),
        at: CoreBench.code)
      bench.boot()
      bench.run(cycles: 60)
      let handler: UInt32 = bench.hart.counters.exceptions > 0 ? 4 : 0
      let skipped: UInt32 = padding.isEmpty || handler > 0 ? 0 : 1
      #expect(
        bench.hart[register: 7] &- bench.hart[register: 6] == 1 + handler + skipped + (counts ? 1 : 0),
        "0x\(String(word, radix: 16))")
    }
  }

  @Test func anInhibitedCounterStandsStill() {
    let bench = CoreBench()
    bench.start([
      Instruction(.csrrwi, immediate: 0, csr: 0x320), Instruction(.addi), Instruction(.addi),
      Instruction(.csrrwi, immediate: 1, csr: 0x320), Instruction(.csrrs, rd: 6, csr: 0xB00),
      Instruction(.csrrs, rd: 7, csr: 0xB02), Instruction(.addi), Instruction(.csrrs, rd: 8, csr: 0xB00),
      Instruction(.csrrs, rd: 9, csr: 0xB02),
    ])
    bench.step(9)
    #expect(bench.hart[register: 8] == bench.hart[register: 6])
    // The read into x7, the nop and the read into x8.
    #expect(bench.hart[register: 9] == bench.hart[register: 7] + 3)
  }

  @Test func mcycleStandsStillInSleep() {
    let bench = CoreBench()
    // TIMER compare interrupt after 200 cycles wakes the core; MIE = 0: it goes on behind the WFI.
    bench.start(
      CoreBench.constant(5, 0x1A10_B000) + CoreBench.constant(6, 200) + [
        Instruction(.csrrwi, immediate: 0, csr: 0x320),
        Instruction(.sw, rs1: 5, rs2: 6, immediate: 0x10), Instruction(.addi, rd: 6, immediate: 0x15),
        Instruction(.sw, rs1: 5, rs2: 6, immediate: 0),
      ] + CoreBench.constant(5, 0x1A10_9800) + [
        Instruction(.addi, rd: 6, immediate: .max), Instruction(.sw, rs1: 5, rs2: 6),
      ] + [Instruction](repeating: Instruction(.addi), count: 8) + [
        Instruction(.csrrs, rd: 7, csr: 0xB00), Instruction(.wfi), Instruction(.csrrs, rd: 8, csr: 0xB00),
      ])
    bench.run(cycles: 400)
    #expect(bench.hart.counters.sleepCycles > 100)
    // Between the two reads: 4 cycles of the first, 6 of the WFI.
    #expect(bench.hart[register: 8] &- bench.hart[register: 7] == 10)
  }
}
