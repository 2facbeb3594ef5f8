// mhpmcounter3: what each event of mhpmevent3 counts.
//
// Source: `cv32e40p_cs_registers.sv`, `cv32e40p_id_stage.sv` and `cv32e40p_controller.sv` at 7a49867, read signal by
// signal; see Sources/RISCV/Core/PerformanceEvents.swift.

import HardwareModel
import PULPissimo
import RISCV
import TestSupport
import Testing

@Suite struct EventCounterTests {
  /// The event counter over `body` with `events` selected. The counter is started before and read behind it.
  private func count(_ events: UInt32, _ body: [Instruction], registers: [Int: UInt32] = [:]) -> UInt32 {
    let bench = CoreBench()
    let select =
      CoreBench.constant(28, events) + [
        Instruction(.csrrw, rs1: 28, csr: 0x323), Instruction(.csrrwi, immediate: 0, csr: 0x320),
        Instruction(.csrrwi, immediate: 0, csr: 0xB03),
      ]
    var all = registers
    all[8] = CoreBench.data + 0x100
    bench.start(select + body + [Instruction(.csrrs, rd: 29, csr: 0xB03), Instruction(.jal)], registers: all)
    bench.run(cycles: 400)
    return bench.hart[register: 29]
  }

  private let nop = Instruction(.addi)

  @Test func instructionsAndCyclesCountAsMinstretAndMcycleDo() {
    #expect(count(1 << 1, []) == 0)
    #expect(count(1 << 1, [nop, nop, nop]) == 3)
    // Value written + T(r) - T(w) - 1.
    #expect(count(1 << 0, []) == 3)
    #expect(count(1 << 0, [nop, nop, nop]) == 6)
    #expect(count(0x7FF, [nop, nop, nop]) == 6, "a cycle counts once, whatever happens in it")
  }

  @Test func kindsOfInstructionsCountOnceEach() {
    let body = [
      Instruction(.lw, rd: 5, rs1: 8), nop, nop, Instruction(.lbu, rd: 6, rs1: 8, immediate: 1), nop, nop,
      Instruction(.sw, rs1: 8, rs2: 5), Instruction(.jal, rd: 1, immediate: 4), Instruction(.beq, rs1: 1, immediate: 8),
      Instruction(.beq, immediate: 4), Instruction(.addi, rd: 9, rs1: 9, immediate: 1, length: 2),
      Instruction(.addi, rd: 9, rs1: 9, immediate: 1, length: 2), nop,
    ]
    #expect(count(1 << 5, body) == 2)
    #expect(count(1 << 6, body) == 1)
    #expect(count(1 << 7, body) == 1)
    #expect(count(1 << 8, body) == 2)
    #expect(count(1 << 9, body) == 1, "taken, although it leads to the next instruction")
    #expect(count(1 << 10, body) == 2)
    #expect(count(1 << 1, body) == 13)
    #expect(count(1 << 4 | 1 << 11 | 0xF000, body) == 0)
  }

  @Test func anEventOfTwoKindsInOneCycleCountsOnce() {
    let body = [Instruction(.lw, rd: 9, rs1: 8, length: 2), nop, nop]
    #expect(count(1 << 5 | 1 << 10, body) == 1)
    #expect(count(1 << 5 | 1 << 10 | 1 << 1, body) == 3)
  }

  @Test func aLoadUseStallCountsOnce() {
    let load = Instruction(.lw, rd: 5, rs1: 8)
    #expect(count(1 << 2, [load, Instruction(.add, rd: 6, rs1: 5, rs2: 0)]) == 1)
    #expect(count(1 << 2, [load, Instruction(.addi, rd: 5, immediate: 1)]) == 1, "an overwrite stalls too")
    #expect(count(1 << 2, [load, nop]) == 0)
    #expect(count(1 << 2, [Instruction(.lw, rd: 0, rs1: 8), nop]) == 1, "nop writes x0")
    #expect(count(1 << 2, [load, nop, Instruction(.add, rd: 6, rs1: 5, rs2: 0)]) == 0)
    #expect(count(1 << 2, [load, Instruction(.sw, rs1: 8, rs2: 5)]) == 1)
    // A split load: a reader stalls from its first cycle in ID on, an overwriter only later, which does not count.
    let split = Instruction(.lw, rd: 5, rs1: 8, immediate: 2)
    #expect(count(1 << 2, [split, Instruction(.add, rd: 6, rs1: 5, rs2: 0)]) == 1)
    #expect(count(1 << 2, [split, Instruction(.addi, rd: 5, immediate: 1)]) == 0)
    // An APB load holds its reader for four cycles: one stall.
    let page = Instruction(.lui, rd: 7, immediate: 0x1A10_B000)
    #expect(count(1 << 2, [page, Instruction(.lw, rd: 5, rs1: 7), Instruction(.add, rd: 6, rs1: 5, rs2: 0)]) == 1)
    #expect(count(1 << 2, [page, Instruction(.lw, rd: 5, rs1: 7), nop, Instruction(.add, rd: 6, rs1: 5, rs2: 0)]) == 1)
  }

  @Test func aJumpRegisterStallCountsOnce() {
    // auipc x5; [nop…;] jalr x0, x5
    func jump(_ between: [Instruction], rd: UInt8 = 0) -> [Instruction] {
      [Instruction(.auipc, rd: 5)] + between
        + [Instruction(.jalr, rd: rd, rs1: 5, immediate: UInt32(8 + 4 * between.count))]
    }
    #expect(count(1 << 3, jump([])) == 1)
    #expect(count(1 << 3, jump([nop])) == 0)
    #expect(count(1 << 3, jump([], rd: 5)) == 2, "rd = rs1: the jump sees its own result")
    #expect(count(1 << 3, jump([nop], rd: 5)) == 1)
    #expect(count(1 << 3, jump([nop], rd: 1)) == 0)
  }

  @Test func theCounterIsSixtyFourBitsWideAndStopsWhenInhibited() {
    let bench = CoreBench()
    bench.start(
      [
        Instruction(.csrrwi, immediate: 2, csr: 0x323), Instruction(.csrrwi, immediate: 0, csr: 0x320),
        Instruction(.csrrw, rs1: 5, csr: 0xB03), nop, nop, nop, Instruction(.csrrs, rd: 6, csr: 0xB83),
        Instruction(.csrrs, rd: 7, csr: 0xC03), Instruction(.csrrwi, immediate: 8, csr: 0x320), nop, nop,
        Instruction(.csrrs, rd: 9, csr: 0xB03), nop, Instruction(.csrrs, rd: 10, csr: 0xB03),
      ], registers: [5: .max])
    bench.run(cycles: 100)
    let hart = bench.hart
    #expect(hart[register: 6] == 1, "the carry")
    #expect(hart[register: 7] == 3)
    #expect(hart[register: 9] == 5, "reading and inhibiting instructions themselves count")
    #expect(hart[register: 10] == 5)
  }

  @Test func sleepDoesNotCount() {
    let body =
      CoreBench.constant(5, 0x1A10_B000) + CoreBench.constant(6, 200) + [
        Instruction(.sw, rs1: 5, rs2: 6, immediate: 0x10), Instruction(.addi, rd: 6, immediate: 0x15),
        Instruction(.sw, rs1: 5, rs2: 6, immediate: 0),
      ] + CoreBench.constant(5, 0x1A10_9800) + [
        Instruction(.addi, rd: 6, immediate: .max), Instruction(.sw, rs1: 5, rs2: 6), Instruction(.wfi),
      ]
    #expect(count(1 << 0, body) < 50)
    #expect(count(1 << 1, body) == UInt32(body.count))
  }

  /// What a program reads from the counter.
  private final class Readings: InstructionObserver {
    var values: [UInt32] = []
    func issuing(_ instruction: Instruction, pc: UInt32, at cycle: Cycle, hart: Hart) {}
    func executed(_ instruction: Instruction, pc: UInt32, at cycle: Cycle, hart: Hart) {
      if instruction.timing == .csr, instruction.csr == 0xB03 { values.append(hart[register: Int(instruction.rd)]) }
    }
    func loaded(_ rd: Int, _ value: UInt32, pc: UInt32) {}
    func tookTrap(cause: UInt32, pc: UInt32, target: UInt32, at cycle: Cycle) {}
  }

  /// The closed form books stalls by rules; the stepped engine evaluates the RTL's signals cycle by cycle.
  @Test(
    arguments: [1, 2, 3, 5, 6, 7, 8, 9, 10] as [UInt32])
  func theClosedFormCountsWhatTheSteppedEngineSees(_ event: UInt32) {
    var readings = 0
    for seed in 1...24 as ClosedRange<UInt64> {
      for events in [1 << event, 1 << event | 0x22C] as [UInt32] {
        var program = EngineProgram(seed: seed, limit: 6000)
        guard program.hasCycleModel else { continue }
        program.events = events
        // Reads of mcycle and of its mirror read the event counter instead.
        program.words = program.words.map { word in
          let csr = word >> 20
          return word & 0x7F == 0x73 && (csr == 0xB00 || csr == 0xC00) && word >> 12 & 7 == 2
            ? word & 0x000F_FFFF | 0xB030_0000 : word
        }
        func read(alwaysStepped: Bool) -> [UInt32] {
          let machine = program.machine(blockEngine: false) {
            $0.contention = false
            $0.hart.alwaysStepped = alwaysStepped
          }
          let observer = Readings()
          machine.hart.instructionObserver = observer
          _ = machine.run(limits: RunLimits(cycles: 6000))
          return observer.values
        }
        let closed = read(alwaysStepped: false)
        let stepped = read(alwaysStepped: true)
        readings += closed.count
        let first = zip(closed, stepped).enumerated().first { $1.0 != $1.1 }
        #expect(
          first == nil,
          "seed \(seed), events 0x\(String(events, radix: 16)): reading \(first?.offset ?? 0) is \(first?.element ?? (0, 0))"
        )
        #expect(abs(closed.count - stepped.count) <= 1)
      }
    }
    #expect(readings > 300)
  }
}
