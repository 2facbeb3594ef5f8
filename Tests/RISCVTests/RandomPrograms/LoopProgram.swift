// Random programs of short loops that lead back to their own head, for the comparison of engines.
//
// What may end or leave such a loop is in them: counts from 1 to some dozens, exits in the middle, pointers that walk over the
// end of a bank or of the memory, over code, or that are not aligned, timer interrupts, stores into lines that hold code.

import RISCV
import TestSupport

extension EngineProgram {
  /// The loops with number `seed`.
  static func loops(seed: UInt64, limit: UInt64) -> EngineProgram {
    var program = EngineProgram(seed: seed, limit: limit)
    var random = RandomSource(seed: seed ^ 0x1005)
    var builder = ProgramBuilder(random: random, mix: ProgramMix(), destinations: [5], pointers: [])
    random = RandomSource(seed: seed ^ 0x10051)
    if random.chance(60) { startTimer(&builder) }
    builder.append(.plain([Instruction(.csrrwi, immediate: 0, csr: 0x320)]))
    builder.append(.plain([Instruction(.csrrsi, immediate: 8, csr: 0x300)]))
    let first = builder.items.count
    for _ in 0..<random.within(3...8) { loop(&builder, &random, code: program.base) }
    builder.append(.farJump(rd: 0, rs1: 5, to: first))
    program.words = builder.words()
    return program
  }

  private static let pointers: [UInt8] = [18, 9, 14]
  private static let counter: UInt8 = 28
  private static let values: [UInt8] = [5, 6, 7, 10, 11, 12, 15, 22]

  /// Where a loop's data may lie: inside memory, at the ends of banks and of the memory, in the program itself.
  private static func address(_ random: inout RandomSource, code: UInt32) -> UInt32 {
    let near = random.pick([0x1C00_FFE0, 0x1C01_0000, 0x1C08_FFD0, 0x1C00_8000, code &+ 0x200, 0x1C00_7FC0])
    let inside = random.pick([dataAddress + 0x700, dataAddress + 0x1000, sharedData + 0x200])
    let place = random.chance(70) ? inside &+ UInt32(4 * random.below(64)) : near &+ UInt32(4 * random.below(8))
    return random.chance(15) ? place &+ UInt32(random.below(4)) : place
  }

  private static func loop(_ builder: inout ProgramBuilder, _ random: inout RandomSource, code: UInt32) {
    var setup: [Instruction] = []
    for pointer in pointers { setup += ProgramBuilder.constant(pointer, address(&random, code: code)) }
    setup.append(
      Instruction(
        .addi, rd: counter, immediate: UInt32(random.chance(70) ? random.within(1...12) : random.within(1...60))))
    if random.chance(30) { setup.append(Instruction(.addi, rd: 5, rs1: 5, immediate: 1, length: 2)) }
    builder.append(.plain(setup))
    let start = builder.items.count
    let size = random.within(1...9)
    let end = start + size + 2
    let jumps = random.chance(20)
    for _ in 0..<size { builder.append(part(&random, end: end + (jumps ? 1 : 0))) }
    builder.append(.plain([Instruction(.addi, rd: counter, rs1: counter, immediate: .max)]))
    if jumps {
      builder.append(.jump(Instruction(.beq, rs1: counter), to: end + 1))
      builder.append(.jump(Instruction(.jal), to: start))
    } else {
      let back = random.pick([
        Instruction(.bne, rs1: counter), Instruction(.blt, rs1: 0, rs2: counter), Instruction(.bltu, rs2: counter),
        Instruction(.bge, rs1: counter, rs2: random.pick([5, 0])), Instruction(.bne, rs1: counter, rs2: 6),
      ])
      // Loops of some conditions would never end: the counter's end is tested too.
      if back.operation == .bge || back.rs2 == 6 {
        builder.append(.jump(Instruction(.beq, rs1: counter), to: end + 1))
        builder.append(.jump(back, to: start))
      } else {
        builder.append(.jump(back, to: start))
        builder.append(.plain([Instruction(.addi, length: 2)]))
      }
    }
    builder.append(.plain([Instruction(.addi, rd: 5, rs1: 28, immediate: 1)]))
  }

  private static func part(_ random: inout RandomSource, end: Int) -> ProgramItem {
    let rd = random.pick(values)
    let (a, b) = (random.pick(values), random.pick(values + [0, 28]))
    let pointer = random.pick(pointers)
    let offset = UInt32(bitPattern: Int32(random.pick([0, 0, 4, 8, -4, 12])))
    switch random.below(12) {
    case 0: return .plain([Instruction(random.pick([.add, .sub, .xor, .or, .and]), rd: rd, rs1: a, rs2: b)])
    case 1:
      return .plain([
        Instruction(random.pick([.slli, .srli, .srai]), rd: rd, rs1: a, immediate: UInt32(random.below(32)))
      ])
    case 2:
      return .plain([
        Instruction(random.pick([.addi, .xori, .andi, .sltiu]), rd: rd, rs1: a, immediate: random.immediate12())
      ])
    case 3: return .plain([Instruction(random.pick([.mul, .mul, .mulhu, .sltu, .sll]), rd: rd, rs1: a, rs2: b)])
    case 4, 5, 6:
      return .plain([Instruction(random.pick([.lw, .lw, .lhu, .lb, .lbu]), rd: rd, rs1: pointer, immediate: offset)])
    case 7, 8:
      return .plain([Instruction(random.pick([.sw, .sw, .sh, .sb]), rs1: pointer, rs2: b, immediate: offset)])
    case 9, 10:
      let step = random.pick([1, 2, 4, 4, 4, 8, -4, 64, 300, 1000])
      return .plain([Instruction(.addi, rd: pointer, rs1: pointer, immediate: UInt32(bitPattern: Int32(step)))])
    default:
      if random.chance(10) { return .plain([Instruction(random.pick([.divu, .rem]), rd: rd, rs1: a, rs2: b)]) }
      return .jump(Instruction(random.pick([.beq, .beq, .blt, .bgeu, .bne]), rs1: a, rs2: b), to: end)
    }
  }
}
