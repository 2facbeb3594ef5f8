// Programs with more code than any cache of decoded code was made for.

import PULPissimo
import TestSupport
import Testing

@testable import RISCV

@Suite struct ManyBlocksTests {
  /// 12,000 blocks of two instructions, five times over: the blocks' numbers reach beyond what fits into one byte of theirs.
  @Test(arguments: [Engine.blocks, .translated])
  func aProgramOfManyBlocksTakesTheCyclesOfTheExactEngine(_ engine: Engine) {
    let start: UInt32 = 0x1C01_0000
    let blocks: UInt32 = 12_000
    let toStart = ProgramBuilder.constant(6, start)
    let block = [Instruction(.addi, rd: 6, rs1: 6, immediate: 8), Instruction(.jalr, rs1: 6)]
    let end =
      [
        Instruction(.addi, rd: 5, rs1: 5, immediate: .max),
        Instruction(.beq, rs1: 5, immediate: 8 + UInt32(Program.bytes(toStart).count)),
      ] + toStart + [Instruction(.jalr, rs1: 6), Instruction(.jal)]
    func run(_ engine: Engine) -> Machine {
      var configuration = MachineConfiguration()
      engine.choose(&configuration.hart)
      let machine = Machine(configuration)
      machine.write(toStart + [Instruction(.addi, rd: 5, immediate: 5), Instruction(.jalr, rs1: 6)], at: 0x1C00_0080)
      for index in 0..<blocks { machine.write(block, at: start + 8 * index) }
      machine.write(end, at: start + 8 * blocks)
      machine.boot(at: 0x1C00_0080)
      _ = machine.run(limits: RunLimits(cycles: 600_000))
      return machine
    }
    let (expected, machine) = (run(.exact), run(engine))
    #expect(expected.hart.counters.instructions > UInt64(5 * 2 * blocks))
    #expect(machine.hart.counters.instructions == expected.hart.counters.instructions)
    #expect(machine.hart.cycle == expected.hart.cycle)
    #expect(machine.hart.pc == expected.hart.pc)
    #expect((0..<32).allSatisfy { machine.hart.x[$0] == expected.hart.x[$0] })
  }
}
