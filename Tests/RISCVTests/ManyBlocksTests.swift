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

  /// Unrolled code without a branch, as ciphers have it: where a block ends, the next one begins, whatever was executed last.
  /// Left once for the exact engine, such code came back only at its next branch.
  @Test func straightCodeIsNotLeftForTheExactEngine() {
    var random = RandomSource(seed: 256)
    var code: [Instruction] = []
    let registers: [UInt8] = [5, 6, 7, 10, 11, 12, 13, 14, 15, 28, 29, 30, 31]
    for _ in 0..<1500 {
      let (rd, a, b) = (random.pick(registers), random.pick(registers), random.pick(registers))
      switch random.below(10) {
      case 0: code.append(Instruction(.lw, rd: rd, rs1: 2, immediate: UInt32(4 * random.below(32))))
      case 1 where random.chance(40):
        code.append(Instruction(.sw, rs1: 2, rs2: b, immediate: UInt32(4 * random.below(32))))
      default: code.append(Instruction(random.pick([.add, .xor, .or, .and, .sub]), rd: rd, rs1: a, rs2: b))
      }
    }
    func run(_ engine: Engine) -> Machine {
      var configuration = MachineConfiguration()
      engine.choose(&configuration.hart)
      let machine = Machine(configuration)
      let start: UInt32 = 0x1C00_0080
      let loop = code + ProgramBuilder.constant(6, start) + [Instruction(.jalr, rs1: 6)]
      machine.write(loop, at: start)
      machine.boot(at: start)
      machine.hart[register: 2] = 0x1C01_0000
      _ = machine.run(limits: RunLimits(cycles: 100_000))
      return machine
    }
    let (expected, machine) = (run(.exact), run(.blocks))
    #expect(machine.hart.cycle == expected.hart.cycle)
    #expect((0..<32).allSatisfy { machine.hart.x[$0] == expected.hart.x[$0] })
    let blocks = machine.hart.blocks
    #expect(blocks.count > 25 && blocks.count < 40)
    // One is: the jump back.
    #expect((0..<blocks.count).count { blocks.infos[$0].entry[Int(blocks.infos[$0].opCount) - 1].code == .leave } <= 2)
  }
}
