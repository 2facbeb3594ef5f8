// The threaded loop has no stack: however many operations follow each other, none leaves a frame behind.

import PULPissimo
import RISCV
import TestSupport
import Testing

@Suite struct ThreadedLoopTests {
  /// Were each operation to call the next instead of jumping to it, 8 MiB of stack would hold some hundred thousand frames.
  @Test func tenMillionOperationsRunWithoutAnEvent() {
    let bench = CoreBench { $0.hart.translator = false }
    let loop: [Instruction] = [
      Instruction(.addi, rd: 6, rs1: 6, immediate: 3), Instruction(.xor, rd: 7, rs1: 7, rs2: 6),
      Instruction(.sw, rs1: 8, rs2: 7), Instruction(.lw, rd: 9, rs1: 8),
      Instruction(.addi, rd: 5, rs1: 5, immediate: 0xFFFF_FFFF),
      Instruction(.bne, rs1: 5, immediate: 0xFFFF_FFEC),
    ]
    let rounds: UInt32 = 1_700_000
    bench.start(loop, registers: [5: rounds, 8: CoreBench.data])
    let end = bench.run(cycles: 40_000_000)
    #expect(end.reason == .limit)
    #expect(bench.hart[register: 5] == 0)
    #expect(bench.hart[register: 6] == 3 &* rounds)
    var expected: UInt32 = 0
    for round in 1...rounds { expected ^= 3 &* round }
    #expect(bench.hart[register: 7] == expected)
    #expect(bench.hart[register: 9] == expected)
  }
}
