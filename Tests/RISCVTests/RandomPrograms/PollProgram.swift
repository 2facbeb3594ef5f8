// Random programs of loops that ask registers again and again, for the comparison of engines.
//
// What may end, disturb or spoil such a loop is in them: counters in registers and in memory, times of the timer and of
// mcycle, bounds near the ends of the number range, values that change from round to round in other ways, timers that
// wrap around or are cleared by their compare value, interrupts, a job that ends meanwhile, reads with side effects.

import RISCV
import TestSupport

extension EngineProgram {
  /// The loops with number `seed`.
  static func polls(seed: UInt64, limit: UInt64) -> EngineProgram {
    var program = EngineProgram(seed: seed, limit: limit)
    var random = RandomSource(seed: seed ^ 0x9011)
    var builder = ProgramBuilder(random: random, mix: ProgramMix(), destinations: [5], pointers: [])
    random = RandomSource(seed: seed ^ 0x90111)
    startTimer(&builder, &random)
    builder.append(.plain([Instruction(.csrrwi, immediate: random.chance(90) ? 0 : 1, csr: 0x320)]))
    if random.chance(50) { builder.append(.plain([Instruction(.csrrsi, immediate: 8, csr: 0x300)])) }
    let first = builder.items.count
    for _ in 0..<random.within(3...6) {
      if random.chance(40) { startJob(&builder, &random) }
      pollingLoop(&builder, &random)
    }
    builder.append(.farJump(rd: 0, rs1: 5, to: first))
    program.words = builder.words()
    return program
  }

  private static let timer: UInt8 = 18
  private static let accelerator: UInt8 = 9
  private static let other: UInt8 = 14
  private static let frame: UInt8 = 2
  private static let counter: UInt8 = 28
  private static let values: [UInt8] = [5, 6, 7, 10, 11, 12, 15, 22]

  private static func startTimer(_ builder: inout ProgramBuilder, _ random: inout RandomSource) {
    var setup = ProgramBuilder.constant(timer, 0x1A10_B000)
    func put(_ value: UInt32, _ offset: UInt32) {
      setup += ProgramBuilder.constant(6, value)
      setup.append(Instruction(.sw, rs1: timer, rs2: 6, immediate: offset))
    }
    for half in 0..<2 as Range<UInt32> {
      put(random.pick([200, 700, 3000, 50_000, .max, random.word()]), 0x10 + 4 * half)
      put(random.pick([0, 0, UInt32.max - 1500, random.word()]), 8 + 4 * half)
      // Enabled; sometimes with its interrupt, cleared by the compare value, with prescaler, of 64 bits, once.
      put(random.pick([1, 1, 1, 0x11, 0x15, 0x05, 0x241, 0x8000_0001, 0x21]), 4 * half)
    }
    setup += ProgramBuilder.constant(5, 0x1A10_9800)
    setup += ProgramBuilder.constant(6, random.pick([0, 0x400, 0xC00, .max]))
    setup.append(Instruction(.sw, rs1: 5, rs2: 6))
    builder.append(.plain(setup))
  }

  /// A copy by the accelerator, of interleaved memory.
  private static func startJob(_ builder: inout ProgramBuilder, _ random: inout RandomSource) {
    let rows = UInt32(random.within(1...40))
    let words: [(UInt32, UInt32)] = [
      (0, 5), (2, rows | 64 << 16), (3, 64 << 16), (5, 64 << 16), (6, 0x1C02_0000), (12, 0x1C03_0000), (13, 1),
    ]
    var code = ProgramBuilder.constant(accelerator, 0x1A10_C000)
    code.append(Instruction(.lw, rd: 5, rs1: accelerator, immediate: 4))
    for (index, value) in words {
      code += ProgramBuilder.constant(6, value)
      code.append(Instruction(.sw, rs1: accelerator, rs2: 6, immediate: 0x40 + 4 * index))
    }
    code.append(Instruction(.sw, rs1: accelerator))
    builder.append(.plain(code))
  }

  private static func pollingLoop(_ builder: inout ProgramBuilder, _ random: inout RandomSource) {
    var setup = ProgramBuilder.constant(timer, 0x1A10_B000) + ProgramBuilder.constant(accelerator, 0x1A10_C000)
    setup += ProgramBuilder.constant(
      other, random.pick([0x1A10_9800, 0x1A10_1000, 0x1A10_4000, 0x1A10_2000, 0x1A10_6000, 0x1A10_0000]))
    setup += ProgramBuilder.constant(counter, random.pick([UInt32(random.within(1...900)), 60, 5000, random.word()]))
    for value in values where random.chance(60) {
      setup += ProgramBuilder.constant(value, random.pick([0, 1, 500, 0x7FFF_FF00, .max - 400, random.word()]))
    }
    setup.append(Instruction(.lw, rd: 15, rs1: timer, immediate: 8))
    setup.append(Instruction(.csrrs, rd: 22, csr: 0xB00))
    builder.append(.plain(setup))
    let start = builder.items.count
    let size = random.within(1...6)
    let end = start + size + 4
    builder.append(.plain([read(&random)]))
    for _ in 0..<size { builder.append(part(&random, end: end)) }
    builder.append(.plain([Instruction(.addi, rd: counter, rs1: counter, immediate: random.pick([.max, .max, 1, 3]))]))
    // One way out that is sure to come, most times.
    let exits = [
      Instruction(.beq, rs1: counter), Instruction(.blt, rs1: counter, rs2: 0),
      Instruction(.bgeu, rs1: 5, rs2: counter),
    ]
    builder.append(.jump(random.chance(85) ? exits[0] : random.pick(exits), to: end))
    builder.append(.jump(Instruction(.jal), to: start))
    builder.append(.plain([Instruction(.addi, rd: 5, rs1: 28, immediate: 1)]))
  }

  private static func read(_ random: inout RandomSource) -> Instruction {
    let rd = random.pick(values)
    switch random.below(10) {
    case 0, 1, 2: return Instruction(.lw, rd: rd, rs1: timer, immediate: random.pick([8, 8, 0xC, 0, 0x10]))
    case 3, 4, 5:
      let offset = random.pick([0x0C, 0x0C, 0x10, 0x04, 0x08, 0x40, 0x80, 0x100, 0x104, 0x10C, 0x180, 0x184])
      return Instruction(.lw, rd: rd, rs1: accelerator, immediate: UInt32(offset))
    case 6, 7: return Instruction(.csrrs, rd: rd, csr: random.pick([0xB00, 0xB00, 0xC00, 0xB02, 0x300, 0x344]))
    case 8: return Instruction(random.pick([.lbu, .lhu]), rd: rd, rs1: accelerator, immediate: 0x0C)
    default: return Instruction(.lw, rd: rd, rs1: other, immediate: UInt32(4 * random.below(9)))
    }
  }

  private static func part(_ random: inout RandomSource, end: Int) -> ProgramItem {
    let rd = random.pick(values)
    let (a, b) = (random.pick(values), random.pick(values + [0, 28]))
    let slot = UInt32(4 * random.below(4))
    switch random.below(16) {
    case 0, 1: return .plain([read(&random)])
    case 2: return .plain([Instruction(random.pick([.sub, .sub, .add, .and]), rd: rd, rs1: a, rs2: b)])
    case 3: return .plain([Instruction(.sub, rd: 10, rs1: a, rs2: random.pick([15, 22]))])
    case 4: return .plain([Instruction(random.pick([.andi, .slli, .srli]), rd: rd, rs1: a, immediate: 4)])
    case 5, 6: return .plain([Instruction(.addi, rd: rd, rs1: rd, immediate: random.pick([1, 2, .max, 0]))])
    case 7:
      return .plain([
        Instruction(.lw, rd: 7, rs1: frame, immediate: slot), Instruction(.addi, rd: 7, rs1: 7, immediate: 1),
        Instruction(.sw, rs1: frame, rs2: 7, immediate: slot),
      ])
    case 8: return .plain([Instruction(.sw, rs1: frame, rs2: b, immediate: slot)])
    case 9: return .plain([Instruction(random.pick([.lw, .lbu, .lh]), rd: rd, rs1: frame, immediate: slot)])
    case 10: return .plain([Instruction(random.pick([.sb, .sh]), rs1: frame, rs2: b, immediate: slot)])
    case 11: return .plain([Instruction(random.pick([.divu, .mul, .fence]), rd: rd, rs1: a, rs2: 12)])
    default:
      let branch = random.pick([Operation.beq, .blt, .bgeu, .bltu, .bge, .bne])
      return .jump(Instruction(branch, rs1: a, rs2: b), to: end)
    }
  }
}
