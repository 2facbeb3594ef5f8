// Random programs for the whole machine, and the comparison of its two engines on them.
//
// A program has a trap handler that skips what trapped, a timer that interrupts it, and an endless body of hazards,
// jumps, misaligned accesses, stores into code, CSR and peripheral accesses. Both engines run it in slices and have to
// agree at every slice boundary on everything that can be seen.

import Foundation
import HardwareModel
import PULPissimo
import RISCV
import TestSupport

/// A program with all that a run of it depends on. Kept as a file when it has found something.
struct EngineProgram: Codable, Sendable {
  var seed: UInt64
  /// Where the words lie.
  var base: UInt32
  var words: [UInt32]
  var registers: [UInt32]
  var mtvec: UInt32
  var hasCycleModel = true
  var hasXpulpCSRs = true
  /// Cycles to run.
  var limit: UInt64
  /// Cycles a slice; 0: one run.
  var slice: UInt64 = 0
  /// What mhpmevent3 selects from the start on; nil: nothing.
  var events: UInt32?

  static let handlerAddress: UInt32 = 0x1C00_0000
  static let dataAddress: UInt32 = 0x1C00_8000
  static let sharedData: UInt32 = 0x1C02_0000

  /// The program with number `seed`.
  init(seed: UInt64, limit: UInt64) {
    self.seed = seed
    self.limit = limit
    var random = RandomSource(seed: seed)
    base = random.pick([0x1C00_0400, 0x1C00_0400, 0x1C01_0402, 0x1C00_7F80])
    mtvec = Self.handlerAddress | (random.chance(70) ? 1 : 0)
    hasCycleModel = !random.chance(12)
    hasXpulpCSRs = random.chance(80)
    registers = (0..<32).map { _ in random.value() }
    registers[0] = 0
    registers[2] = Self.dataAddress + 0x800
    registers[8] = base &+ 0x100
    registers[9] = Self.dataAddress + 0x1000 + UInt32(random.below(8))
    registers[3] = Self.sharedData + 0x400
    let size = random.pick([24, 60, 60, 140, 300])

    var mix = ProgramMix()
    mix.csrRead = 4
    mix.csrWrite = 2
    mix.peripheral = random.pick([0, 3, 10])
    mix.sleep = random.pick([0, 0, 1, 2])
    mix.patch = random.pick([0, 0, 2])
    mix.exception = random.pick([0, 1, 2])
    mix.fence = random.pick([0, 1, 3])
    mix.branch = random.pick([6, 12, 24])
    mix.multiply = random.pick([4, 10, 20])
    mix.load = random.pick([8, 16, 30])
    var builder = ProgramBuilder(
      random: random, mix: mix, destinations: (1...29).filter { ![2, 3, 8, 9].contains($0) }, pointers: [2, 3, 9])
    if mix.patch > 0 { builder.pointers.append(8) }
    builder.wildAccesses = builder.random.pick([0, 0, 2])
    builder.wildJumps = builder.random.pick([0, 0, 10])
    builder.peripherals = Self.peripherals
    builder.readableCSRs = [
      0xB00, 0xB00, 0xB02, 0xC00, 0xC02, 0xB80, 0xB82, 0xB03, 0x300, 0x304, 0x305, 0x340, 0x341, 0x342, 0x343, 0x344,
      0xF14, 0x301, 0x320, 0x323, 0x7A1, 0x800, 0xCC0, 0x7C0,
    ]
    builder.writableCSRs = [
      (0x300, 8), (0x300, 8), (0x304, 0xFFFF_FFFF), (0x304, 31), (0x340, 0xFFFF_FFFF), (0x341, 0xFFFF_FFFF),
      (0xB00, 0xFFFF_FFFF), (0xB02, 0xFFFF_FFFF), (0xB80, 31), (0x320, 13), (0x323, 31), (0xB03, 31),
      (0x342, 0xFFFF_FFFF), (0x801, 31),
      (0xC00, 1), (0x7C0, 1),
    ]
    builder.exceptionWords += [0x0000_100B, 0x0000_2007, 0x9C41, 0x6081, 0x3002_0073]
    let start = builder.random.pick([0, 1])
    if start == 1 { Self.startTimer(&builder) }
    builder.append(.plain([Instruction(.csrrwi, immediate: 0, csr: 0x320)]))
    builder.append(.plain([Instruction(.csrrsi, immediate: 8, csr: 0x300)]))
    let first = builder.items.count
    builder.append(size, first: first)
    builder.append(.farJump(rd: 0, rs1: 5, to: first))
    words = builder.words()
  }

  private static let peripherals: [(page: UInt32, offsets: [Int])] = [
    (0x1A10_B000, [0, 4, 8, 8, 0xC, 0x10, 0x10, 0x14, 0x18, 0x1C, 0x20, 0x24]),
    (0x1A10_9000, [0x800, 0x804, 0x808, 0x80C, 0x80C, 0x810, 0x810, 0x814, 0x818, 0x81C, 0x820, 0x824]),
    (0x1A10_6000, [0x00, 0x04, 0x08, 0x24, 0x80, 0x84, 0x88, 0x90]),
    (0x1A10_4000, [0x00, 0x04, 0x08, 0x74, 0xC4]),
    (0x1A10_C000, [0x00, 0x04, 0x08, 0x0C, 0x10, 0x14, 0x40, 0x44, 0x80]),
    (0x1A10_F000, [0x000, 0x780]),
    (0x1A10_1000, [0x00, 0x04, 0x08, 0x0C, 0x10]),
    (0x1A10_0000, [0x00, 0x04, 0x08]),
    (0x1A15_0000, [0x00]),
    (0x1A00_0000, [0x80, 0x84]),
  ]

  /// Lets TIMER interrupt every so many cycles and opens all lines.
  static func startTimer(_ builder: inout ProgramBuilder) {
    let compare = UInt32(builder.random.within(20...900))
    var setup = ProgramBuilder.constant(5, 0x1A10_B000)
    setup += ProgramBuilder.constant(6, compare)
    setup.append(Instruction(.sw, rs1: 5, rs2: 6, immediate: 0x10))
    setup.append(Instruction(.addi, rd: 6, immediate: 0x15))
    setup.append(Instruction(.sw, rs1: 5, rs2: 6, immediate: 0))
    if builder.random.chance(40) {
      setup += ProgramBuilder.constant(6, UInt32(builder.random.within(20...400)))
      setup.append(Instruction(.sw, rs1: 5, rs2: 6, immediate: 0x14))
      setup.append(Instruction(.addi, rd: 6, immediate: 0x15))
      setup.append(Instruction(.sw, rs1: 5, rs2: 6, immediate: 4))
    }
    setup += ProgramBuilder.constant(5, 0x1A10_9800)
    setup.append(Instruction(.addi, rd: 6, immediate: .max))
    setup.append(Instruction(.sw, rs1: 5, rs2: 6, immediate: 0))
    builder.append(.plain(setup))
  }

  /// Counts traps; skips an instruction that trapped; goes back to the start from outside the program.
  func handler() -> [Instruction] {
    let save = Self.dataAddress + 0x3F00
    let size = UInt32(ProgramWord.bytes(words).count)
    var code = [Instruction(.csrrw, rs1: 31, csr: 0x340)]
    code += [Instruction(.lui, rd: 31, immediate: save & 0xFFFF_F000 &+ 0x1000)]
    let offset = UInt32(bitPattern: Int32(0xF00 - 0x1000))
    code += [
      Instruction(.sw, rs1: 31, rs2: 30, immediate: offset),
      Instruction(.lw, rd: 30, rs1: 31, immediate: offset &+ 4),
      Instruction(.addi, rd: 30, rs1: 30, immediate: 1),
      Instruction(.sw, rs1: 31, rs2: 30, immediate: offset &+ 4),
      Instruction(.csrrs, rd: 30, csr: 0x342),
      Instruction(.sw, rs1: 31, rs2: 30, immediate: offset &+ 8),
    ]
    let range = ProgramBuilder.constant(31, base)
    let skip: [Instruction] = [
      Instruction(.csrrs, rd: 30, csr: 0x341),
      Instruction(.lbu, rd: 31, rs1: 30),
      Instruction(.andi, rd: 31, rs1: 31, immediate: 3),
      Instruction(.addi, rd: 31, rs1: 31, immediate: UInt32(bitPattern: -3)),
      Instruction(.addi, rd: 30, rs1: 30, immediate: 2),
      Instruction(.bne, rs1: 31, rs2: 0, immediate: 6),
      Instruction(.addi, rd: 30, rs1: 30, immediate: 2, length: 2),
      Instruction(.csrrw, rs1: 30, csr: 0x341),
    ]
    let back = ProgramBuilder.constant(30, base)
    let limit = ProgramBuilder.constant(31, size)
    let check =
      [Instruction(.csrrs, rd: 30, csr: 0x341)] + range
      + [Instruction(.sub, rd: 30, rs1: 30, rs2: 31)] + limit
      + [
        Instruction(.bltu, rs1: 30, rs2: 31, immediate: UInt32(4 + 4 * back.count + 4))
      ] + back + [Instruction(.csrrw, rs1: 30, csr: 0x341)]
    let skipSize = skip.reduce(0) { $0 + UInt32($1.length) }
    code.append(Instruction(.blt, rs1: 30, rs2: 0, immediate: 4 + skipSize))
    code += skip + check
    code += ProgramBuilder.constant(31, save)
    code += [
      Instruction(.lw, rd: 30, rs1: 31), Instruction(.csrrs, rd: 31, csr: 0x340), Instruction(.mret),
    ]
    return code
  }

  /// A machine that stands at the start of the program.
  func machine(blockEngine: Bool, _ configure: (inout MachineConfiguration) -> Void = { _ in }) -> Machine {
    machine(blockEngine ? .translated : .exact, configure)
  }

  func machine(_ engine: Engine, _ configure: (inout MachineConfiguration) -> Void = { _ in }) -> Machine {
    var configuration = MachineConfiguration()
    configure(&configuration)
    engine.choose(&configuration.hart)
    configuration.hart.cycleModel = hasCycleModel
    configuration.hart.xpulpCSRs = hasXpulpCSRs
    let machine = Machine(configuration)
    for line in 0..<32 {
      let distance = UInt32(0x80 - 4 * line)
      machine.write([Instruction(.jal, immediate: distance)], at: Self.handlerAddress + UInt32(4 * line))
    }
    machine.write(handler(), at: Self.handlerAddress + 0x80)
    var random = RandomSource(seed: seed ^ 0x5EED)
    let data = (0..<0x400).flatMap { _ in littleEndian(random.value()) }
    machine.write(data, at: Self.dataAddress + 0x600)
    machine.write(data, at: Self.sharedData)
    machine.write(ProgramWord.bytes(words), at: base)
    machine.boot(at: base)
    for index in 1..<32 { machine.hart[register: index] = registers[index] }
    let select = events.map { ProgramBuilder.constant(30, $0) + [Instruction(.csrrw, rs1: 30, csr: 0x323)] } ?? []
    machine.write(
      Program.bytes(select)
        + Program.bytes(ProgramBuilder.constant(30, mtvec) + [Instruction(.csrrw, rs1: 30, csr: 0x305)])
        + Program.bytes(ProgramBuilder.constant(31, base) + [Instruction(.jalr, rs1: 31)]),
      at: Self.handlerAddress + 0x300)
    machine.boot(at: Self.handlerAddress + 0x300)
    return machine
  }

  /// A second run of the program with other words in its place.
  func with(words: [UInt32], limit: UInt64? = nil, slice: UInt64? = nil) -> EngineProgram {
    var copy = self
    copy.words = words
    if let limit { copy.limit = limit }
    if let slice { copy.slice = slice }
    return copy
  }
}

/// All that can be seen of a machine between two slices, except memory.
struct VisibleState: Equatable {
  var registers: [UInt32]
  var pc: UInt32
  var cycle: UInt64
  var isAsleep: Bool
  var counters: HartCounters
  var csrs: [UInt32?]
  var peripherals: [UInt32?]
  var end: RunEnd?

  static let csrNumbers: [UInt16] = [
    0x300, 0x304, 0x305, 0x320, 0x323, 0x340, 0x341, 0x342, 0x344, 0xB00, 0xB80, 0xB02, 0xB82, 0xB03, 0xB83, 0x800,
    0x801,
  ]

  init(_ machine: Machine, end: RunEnd?) {
    let hart = machine.hart
    registers = (0..<32).map { hart[register: $0] }
    pc = hart.pc
    cycle = hart.cycle
    isAsleep = hart.isAsleep
    counters = hart.counters
    csrs = Self.csrNumbers.map { hart.peekCSR($0) }
    peripherals = [0x1A10_9800, 0x1A10_980C, 0x1A10_9818, 0x1A10_B008, 0x1A10_B00C, 0x1A10_B000].map {
      machine.bus.peek($0, at: hart.cycle)
    }
    self.end = end
  }

  /// What differs, in words.
  func differences(from other: VisibleState) -> String {
    var found: [String] = []
    func note(_ name: String, _ mine: some Equatable, _ theirs: some Equatable) {
      if "\(mine)" != "\(theirs)" { found.append("\(name): \(mine) / \(theirs)") }
    }
    for index in 0..<32 { note("x\(index)", registers[index], other.registers[index]) }
    note("pc", String(pc, radix: 16), String(other.pc, radix: 16))
    note("cycle", cycle, other.cycle)
    note("asleep", isAsleep, other.isAsleep)
    note("counters", counters, other.counters)
    for (index, number) in Self.csrNumbers.enumerated() {
      note(CSRNames.name(number), csrs[index] ?? 0, other.csrs[index] ?? 0)
    }
    note("peripherals", peripherals, other.peripherals)
    note("end", end.map { "\($0)" } ?? "-", other.end.map { "\($0)" } ?? "-")
    return found.joined(separator: ", ")
  }
}

/// What an observer of a hart is told.
private final class Told: HartObserver {
  struct Event: Equatable {
    var kind: String
    var cycle: UInt64
    var detail: UInt64 = 0
  }
  var events: [Event] = []

  // Not told alike: repeated accesses are told of at once by some engines.
  func accessed(_ access: BusAccess) {}
  func tookInterrupt(_ line: Int, at cycle: Cycle, pc: Address) { note("interrupt", cycle, UInt64(pc)) }
  func tookException(_ cause: UInt32, at cycle: Cycle, pc: Address) { note("exception", cycle, UInt64(pc)) }
  func returned(at cycle: Cycle) { note("return", cycle) }
  func resumed(at cycle: Cycle) { note("resume", cycle) }
  func slept(from: Cycle, until: Cycle) { note("sleep", from, until) }
  func reached(_ pc: Address, at cycle: Cycle) { note("reach", cycle, UInt64(pc)) }

  private func note(_ kind: String, _ cycle: Cycle, _ detail: UInt64 = 0) {
    events.append(Event(kind: kind, cycle: cycle, detail: detail))
  }
}

/// Runs a program with the exact engine and with another one.
enum EngineComparison {
  struct Difference {
    var cycle: UInt64
    var text: String
  }

  /// The first slice boundary at which the engines differ; and the state that both end in.
  /// `other`: the machine that runs the program with `engine`, if it is a special one.
  static func compare(
    _ program: EngineProgram, with engine: Engine, on other: Machine? = nil
  ) -> (Difference?, VisibleState) {
    let exact = program.machine(.exact)
    let block = other ?? program.machine(engine)
    let (exactTold, blockTold) = (Told(), Told())
    exact.hart.observer = exactTold
    block.hart.observer = blockTold
    defer {
      exact.hart.observer = nil
      block.hart.observer = nil
    }
    var until: UInt64 = 0
    var state = VisibleState(exact, end: nil)
    while until < program.limit {
      until = program.slice == 0 ? program.limit : min(program.limit, until + program.slice)
      let exactEnd = exact.run(limits: RunLimits(cycles: until))
      let blockEnd = block.run(limits: RunLimits(cycles: until))
      state = VisibleState(exact, end: exactEnd)
      let other = VisibleState(block, end: blockEnd)
      if state != other {
        return (Difference(cycle: until, text: "exact / \(engine): " + state.differences(from: other)), state)
      }
      if exactTold.events != blockTold.events {
        let index = zip(exactTold.events, blockTold.events).prefix { $0 == $1 }.count
        func text(_ told: Told) -> String { told.events.dropFirst(index).first.map { "\($0)" } ?? "nothing" }
        return (Difference(cycle: until, text: "observers: \(text(exactTold)) / \(text(blockTold))"), state)
      }
      exactTold.events.removeAll(keepingCapacity: true)
      blockTold.events.removeAll(keepingCapacity: true)
      if memcmp(exact.l2.bytes, block.l2.bytes, exact.l2.size) != 0 {
        let place = (0..<exact.l2.size / 4).first {
          exact.l2.word(exact.l2.base + UInt32(4 * $0)) != block.l2.word(block.l2.base + UInt32(4 * $0))
        }
        let address = exact.l2.base + UInt32(4 * (place ?? 0))
        return (
          Difference(
            cycle: until,
            text: "L2 at 0x\(String(address, radix: 16)): \(exact.l2.word(address)) / \(block.l2.word(address))"),
          state
        )
      }
      if exactEnd.reason != .limit { break }
    }
    return (nil, state)
  }
}

/// Makes failing programs small.
enum Shrinker {
  /// Replaces as many words as possible by instructions without effect while `fails` holds. Words for which `keeps`
  /// holds stay.
  static func shrink(
    _ words: [UInt32], keeps: (UInt32) -> Bool = { _ in false }, fails: ([UInt32]) -> Bool
  ) -> [UInt32] {
    var best = words
    var chunk = max(1, words.count / 2)
    while true {
      var start = 0
      while start < best.count {
        var candidate = best
        for index in start..<min(start + chunk, best.count) where !keeps(best[index]) {
          candidate[index] = ProgramWord.nop(like: candidate[index])
        }
        if candidate != best, fails(candidate) { best = candidate }
        start += chunk
      }
      if chunk == 1 { return best }
      chunk = max(1, chunk / 2)
    }
  }
}
