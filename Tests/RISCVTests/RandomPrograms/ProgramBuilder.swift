// Random instruction sequences with labels.
//
// A program is a list of items; an item is one or a few instructions whose length is known before addresses are. Jumps
// name the item that they lead to. The builder knows nothing of machines: profiles (EngineProgram, PortableProgram) put
// prologue, trap handler and end around what it makes.

import RISCV
import TestSupport

/// A part of a random program.
enum ProgramItem {
  /// Instructions as they are.
  case plain([Instruction])
  /// Any words, kept as they are: illegal encodings, data between code. Halfwords have bits 1:0 other than 3.
  case raw([UInt32])
  /// A conditional branch or direct jump to an item.
  case jump(Instruction, to: Int)
  /// `auipc rd; addi rd, rd` with the address of an item, then what uses it.
  case address(rd: UInt8, of: Int, then: [Instruction])
  /// `auipc rs1; jalr rd, rs1`.
  case farJump(rd: UInt8, rs1: UInt8, to: Int)

  /// Bytes.
  var size: Int {
    switch self {
    case .plain(let instructions): instructions.reduce(0) { $0 + Int($1.length) }
    case .raw(let words): words.reduce(0) { $0 + ProgramWord.size($1) }
    case .jump(let instruction, _): Int(instruction.length)
    case .address(_, _, let rest): rest.reduce(8) { $0 + Int($1.length) }
    case .farJump: 8
    }
  }
}

/// Instruction words as a program holds them: a value with bits 1:0 = 3 is 32 bits long, any other 16.
enum ProgramWord {
  static func size(_ word: UInt32) -> Int { word & 3 == 3 ? 4 : 2 }
  static func nop(like word: UInt32) -> UInt32 { word & 3 == 3 ? 0x13 : 0x1 }
  static func bytes(_ words: [UInt32]) -> [UInt8] { words.flatMap { littleEndian($0).prefix(size($0)) } }
}

/// Random numbers in the shapes that programs want.
struct RandomSource {
  var generator: SplitMix64

  init(seed: UInt64) { generator = SplitMix64(seed: seed) }

  mutating func below(_ limit: Int) -> Int { limit <= 1 ? 0 : Int(generator.next() % UInt64(limit)) }
  mutating func within(_ range: ClosedRange<Int>) -> Int { range.lowerBound + below(range.count) }
  mutating func chance(_ percent: Int) -> Bool { below(100) < percent }
  mutating func pick<T>(_ values: [T]) -> T { values[below(values.count)] }
  mutating func word() -> UInt32 { UInt32(truncatingIfNeeded: generator.next()) }

  /// Values that make arithmetic interesting.
  mutating func value() -> UInt32 {
    switch below(6) {
    case 0: return pick([0, 1, 2, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0xFFFF_FFFE, 0xFF, 0x8000, 0xFFFF])
    case 1: return UInt32(below(256))
    case 2: return UInt32(bitPattern: Int32(-1 - below(256)))
    case 3: return 1 << UInt32(below(32))
    default: return word()
    }
  }

  mutating func immediate12() -> UInt32 {
    chance(60) ? UInt32(bitPattern: Int32(within(-32...31))) : UInt32(bitPattern: Int32(within(-2048...2047)))
  }
}

/// What a program may contain, as weights.
struct ProgramMix {
  var arithmetic = 40
  var compressed = 22
  var multiply = 8
  var load = 14
  var store = 12
  var branch = 12
  var jump = 5
  var indirectJump = 4
  var csrRead = 0
  var csrWrite = 0
  var fence = 1
  var exception = 1
  var sleep = 0
  var peripheral = 0
  var patch = 1
  var island = 1
}

/// Makes the items of a random program.
struct ProgramBuilder {
  var random: RandomSource
  var mix: ProgramMix
  /// Registers that may be written: the others hold pointers and counters.
  var destinations: [UInt8]
  /// Registers that hold addresses of memory with at least 2 KiB on both sides.
  var pointers: [UInt8]
  /// Out of 100 accesses, how many use any register as base.
  var wildAccesses = 0
  /// Out of 100 indirect jumps, how many go wherever a register points.
  var wildJumps = 0
  /// Branches and jumps may lead backwards.
  var allowsBackward = true
  /// FENCE.I follows every store into code.
  var alwaysFencesPatches = false
  /// Pages of peripherals and the offsets in them that may be accessed.
  var peripherals: [(page: UInt32, offsets: [Int])] = []
  var readableCSRs: [UInt16] = []
  /// CSRs that may be written, with the bits of random values that are used.
  var writableCSRs: [(csr: UInt16, mask: UInt32)] = []
  /// Encodings that raise an exception.
  var exceptionWords: [UInt32] = [0x0000_0073, 0x0010_0073, 0x9002, 0x0000, 0xFFFF_FFFF]

  private(set) var items: [ProgramItem] = []

  init(
    random: RandomSource, mix: ProgramMix, destinations: [UInt8], pointers: [UInt8]
  ) {
    self.random = random
    self.mix = mix
    self.destinations = destinations
    self.pointers = pointers
  }

  // MARK: Operands

  /// Destinations and sources come from few registers for a while, so that hazards are frequent.
  private var recent: [UInt8] = [5, 6, 7, 10, 11]

  private mutating func destination() -> UInt8 {
    if random.chance(3) { return 0 }
    let rd = random.pick(destinations)
    if random.chance(30) { recent[random.below(recent.count)] = rd }
    return random.chance(60) ? random.pick(recent.filter { destinations.contains($0) } + [rd]) : rd
  }

  private mutating func source() -> UInt8 {
    random.chance(70) ? random.pick(recent) : UInt8(random.below(32))
  }

  private mutating func lowRegister(_ candidates: [UInt8]) -> UInt8 {
    random.pick(candidates.filter { (8...15).contains($0) })
  }

  // MARK: Items

  /// Appends `count` random items. Jumps lead to items from `first` (default: all) to the last one that there will be.
  mutating func append(_ count: Int, first: Int? = nil) {
    let start = first ?? items.count
    let end = items.count + count
    while items.count < end { items.append(item(range: start...end)) }
  }

  mutating func append(_ item: ProgramItem) { items.append(item) }

  /// An item within `reach`; `backward`: out of 100 targets, how many may lie behind. Few do, or programs would spend
  /// their time in the first loop whose condition never changes.
  private mutating func target(_ range: ClosedRange<Int>, reach: Int, backward: Int) -> Int {
    let here = items.count
    let isBackward = allowsBackward && random.chance(backward)
    let reach = random.chance(10) ? reach : max(2, reach / 4)
    let low = isBackward ? max(range.lowerBound, here - reach) : min(here + 1, range.upperBound)
    let high = isBackward ? here : min(range.upperBound, here + reach)
    return random.within(low...max(low, high))
  }

  private mutating func item(range: ClosedRange<Int>) -> ProgramItem {
    let kinds: [(Int, (inout Self) -> ProgramItem)] = [
      (mix.arithmetic, { .plain([$0.arithmetic()]) }),
      (mix.compressed, { .plain([$0.compressed()]) }),
      (mix.multiply, { .plain([$0.multiply()]) }),
      (mix.load, { .plain([$0.load()]) }),
      (mix.store, { .plain([$0.store()]) }),
      (mix.branch, { $0.branch(range) }),
      (mix.jump, { $0.jump(range) }),
      (mix.indirectJump, { $0.indirectJump(range) }),
      (mix.csrRead, { .plain([$0.csrRead()]) }),
      (mix.csrWrite, { .plain($0.csrWrite()) }),
      (mix.fence, { .plain([Instruction($0.random.chance(50) ? .fence : .fenceI)]) }),
      (mix.exception, { .raw([$0.random.pick($0.exceptionWords)]) }),
      (mix.sleep, { _ in .plain([Instruction(.wfi)]) }),
      (mix.peripheral, { .plain($0.peripheralAccess()) }),
      (mix.patch, { $0.patch(range) }),
      (mix.island, { $0.island(range) }),
    ]
    var choice = random.below(kinds.reduce(0) { $0 + $1.0 })
    for (weight, make) in kinds {
      if choice < weight { return make(&self) }
      choice -= weight
    }
    return .plain([Instruction(.addi)])
  }

  private mutating func arithmetic() -> Instruction {
    let rd = destination()
    switch random.below(10) {
    case 0: return Instruction(.lui, rd: rd, immediate: random.value() & 0xFFFF_F000)
    case 1: return Instruction(.auipc, rd: rd, immediate: UInt32(random.below(4)) << 12)
    case 2, 3, 4:
      return Instruction(
        random.pick([.addi, .slti, .sltiu, .xori, .ori, .andi]), rd: rd, rs1: source(),
        immediate: random.immediate12())
    case 5, 6:
      return Instruction(
        random.pick([.slli, .srli, .srai]), rd: rd, rs1: source(), immediate: UInt32(random.below(32)))
    default:
      return Instruction(
        random.pick([.add, .sub, .sll, .slt, .sltu, .xor, .srl, .sra, .or, .and]), rd: rd, rs1: source(),
        rs2: source())
    }
  }

  /// A compressed instruction without memory access or jump.
  private mutating func compressed() -> Instruction {
    for _ in 0..<8 {
      let rd = destination()
      let low = lowRegister(destinations)
      let other = UInt8(8 + random.below(8))
      let any = UInt8(1 + random.below(31))
      let six = UInt32(bitPattern: Int32(random.within(-32...31)))
      let candidate: Instruction
      switch random.below(12) {
      case 0: candidate = Instruction(.addi, rd: rd, rs1: rd, immediate: six, length: 2)
      case 1: candidate = Instruction(.addi, rd: rd, rs1: 0, immediate: six, length: 2)
      case 2: candidate = Instruction(.lui, rd: rd, immediate: six << 12, length: 2)
      case 3:
        candidate = Instruction(.addi, rd: low, rs1: 2, immediate: UInt32(4 * random.within(1...255)), length: 2)
      case 4: candidate = Instruction(.slli, rd: rd, rs1: rd, immediate: UInt32(random.below(32)), length: 2)
      case 5: candidate = Instruction(.srli, rd: low, rs1: low, immediate: UInt32(random.below(32)), length: 2)
      case 6: candidate = Instruction(.srai, rd: low, rs1: low, immediate: UInt32(random.below(32)), length: 2)
      case 7: candidate = Instruction(.andi, rd: low, rs1: low, immediate: six, length: 2)
      case 8: candidate = Instruction(.add, rd: rd, rs1: 0, rs2: any, length: 2)
      case 9: candidate = Instruction(.add, rd: rd, rs1: rd, rs2: any, length: 2)
      default:
        candidate = Instruction(random.pick([.sub, .xor, .or, .and]), rd: low, rs1: low, rs2: other, length: 2)
      }
      if Encoder.encode(candidate) != nil { return candidate }
    }
    return Instruction(.addi, length: 2)
  }

  private mutating func multiply() -> Instruction {
    Instruction(
      random.pick([.mul, .mul, .mulh, .mulhsu, .mulhu, .div, .divu, .rem, .remu]), rd: destination(), rs1: source(),
      rs2: source())
  }

  private mutating func base() -> UInt8 {
    random.chance(wildAccesses) ? UInt8(random.below(32)) : random.pick(pointers)
  }

  private mutating func offset(_ size: Int) -> UInt32 {
    let offset = random.within(-256...255)
    return UInt32(bitPattern: Int32(random.chance(70) ? offset & -size : offset))
  }

  private mutating func load() -> Instruction {
    if random.chance(25) {
      let short = Instruction(
        .lw, rd: lowRegister(destinations), rs1: lowRegister(pointers), immediate: UInt32(4 * random.below(32)),
        length: 2)
      if Encoder.encode(short) != nil { return short }
    }
    let operation = random.pick([Operation.lb, .lh, .lw, .lw, .lbu, .lhu])
    let size = operation == .lw ? 4 : operation == .lh || operation == .lhu ? 2 : 1
    return Instruction(operation, rd: destination(), rs1: base(), immediate: offset(size))
  }

  private mutating func store() -> Instruction {
    if random.chance(25) {
      let short = Instruction(
        .sw, rs1: lowRegister(pointers), rs2: UInt8(8 + random.below(8)), immediate: UInt32(4 * random.below(32)),
        length: 2)
      if Encoder.encode(short) != nil { return short }
    }
    let operation = random.pick([Operation.sb, .sh, .sw, .sw])
    let size = operation == .sw ? 4 : operation == .sh ? 2 : 1
    return Instruction(operation, rs1: base(), rs2: source(), immediate: offset(size))
  }

  private mutating func branch(_ range: ClosedRange<Int>) -> ProgramItem {
    if random.chance(40) {
      let short = Instruction(random.pick([.beq, .bne]), rs1: UInt8(8 + random.below(8)), length: 2)
      return .jump(short, to: target(range, reach: 12, backward: 15))
    }
    let operation = random.pick([Operation.beq, .bne, .blt, .bge, .bltu, .bgeu])
    return .jump(Instruction(operation, rs1: source(), rs2: source()), to: target(range, reach: 30, backward: 15))
  }

  private mutating func jump(_ range: ClosedRange<Int>) -> ProgramItem {
    let link = random.chance(50) && destinations.contains(1) ? UInt8(1) : 0
    if random.chance(50) {
      return .jump(Instruction(.jal, rd: link, length: 2), to: target(range, reach: 30, backward: 5))
    }
    return .jump(Instruction(.jal, rd: destination()), to: target(range, reach: 60, backward: 5))
  }

  private mutating func indirectJump(_ range: ClosedRange<Int>) -> ProgramItem {
    if random.chance(wildJumps) {
      return .plain([Instruction(.jalr, rd: destination(), rs1: source(), immediate: random.immediate12())])
    }
    let through = random.pick(destinations)
    let rd = random.chance(40) ? through : random.chance(50) ? 0 : destination()
    return .farJump(rd: rd, rs1: through, to: target(range, reach: 40, backward: 5))
  }

  private mutating func csrRead() -> Instruction {
    guard !readableCSRs.isEmpty else { return Instruction(.addi) }
    return Instruction(.csrrs, rd: destination(), csr: random.pick(readableCSRs))
  }

  private mutating func csrWrite() -> [Instruction] {
    guard !writableCSRs.isEmpty else { return [Instruction(.addi)] }
    let (csr, mask) = random.pick(writableCSRs)
    let rd = destination()
    if mask < 32 {
      let operation = random.pick([Operation.csrrwi, .csrrsi, .csrrci])
      return [Instruction(operation, rd: rd, immediate: UInt32(random.below(32)) & mask, csr: csr)]
    }
    let value = random.value() & mask
    let through = random.pick(destinations)
    return Self.constant(through, value)
      + [Instruction(random.pick([.csrrw, .csrrs, .csrrc]), rd: rd, rs1: through, csr: csr)]
  }

  private mutating func peripheralAccess() -> [Instruction] {
    guard !peripherals.isEmpty else { return [Instruction(.addi)] }
    let (page, offsets) = random.pick(peripherals)
    let base = random.pick(destinations)
    // Mostly words; narrow and split accesses reach the bus too.
    let offset = random.pick(offsets) + (random.chance(8) ? random.below(4) : 0)
    var result = [Instruction(.lui, rd: base, immediate: page &+ (offset >= 0x800 ? 0x1000 : 0))]
    let immediate = UInt32(bitPattern: Int32(offset >= 0x800 ? offset - 0x1000 : offset))
    for _ in 0..<random.within(1...3) {
      if random.chance(55) {
        let rd = destination()
        result.append(
          Instruction(random.pick([.lw, .lw, .lw, .lbu, .lh]), rd: rd, rs1: base, immediate: immediate))
        if rd == base { break }
      } else {
        result.append(
          Instruction(random.pick([.sw, .sw, .sw, .sb]), rs1: base, rs2: source(), immediate: immediate))
      }
    }
    return result
  }

  /// Overwrites an instruction of the program by a store, with or without FENCE.I behind it.
  private mutating func patch(_ range: ClosedRange<Int>) -> ProgramItem {
    let victim = random.within(range.lowerBound...max(range.lowerBound, range.upperBound - 1))
    let through = random.pick(destinations)
    var holders = destinations.filter { $0 != through }
    let holder = random.pick(holders)
    holders.removeAll()
    let isShort = random.chance(40)
    let instruction = isShort ? compressed() : arithmetic()
    guard let word = Encoder.encode(instruction) else { return .plain([Instruction(.addi)]) }
    var result = Self.constant(holder, word)
    result.append(Instruction(isShort ? .sh : .sw, rs1: through, rs2: holder))
    if alwaysFencesPatches || random.chance(50) { result.append(Instruction(.fenceI)) }
    return .address(rd: through, of: victim, then: result)
  }

  /// Data between the instructions, jumped over.
  private mutating func island(_ range: ClosedRange<Int>) -> ProgramItem {
    let count = random.within(1...6)
    items.append(.jump(Instruction(.jal), to: items.count + 2))
    return .raw((0..<count).map { _ in random.word() | 3 })
  }

  /// Instructions that load `value` into `rd`.
  static func constant(_ rd: UInt8, _ value: UInt32) -> [Instruction] {
    let low = UInt32(bitPattern: Int32(bitPattern: value << 20) >> 20)
    let high = value &- low
    if high == 0 { return [Instruction(.addi, rd: rd, immediate: low)] }
    return [Instruction(.lui, rd: rd, immediate: high)]
      + (low == 0 ? [] : [Instruction(.addi, rd: rd, rs1: rd, immediate: low)])
  }

  // MARK: Encoding

  /// The words of all items. Jumps that do not reach their target become instructions without effect.
  func words() -> [UInt32] {
    var offsets: [Int32] = []
    var place: Int32 = 0
    for item in items {
      offsets.append(place)
      place += Int32(item.size)
    }
    offsets.append(place)
    var result: [UInt32] = []
    for (index, item) in items.enumerated() {
      func distance(_ target: Int) -> UInt32 {
        UInt32(bitPattern: offsets[min(max(target, 0), items.count)] - offsets[index])
      }
      switch item {
      case .plain(let instructions):
        result += instructions.map { Encoder.encode($0) ?? ($0.length == 2 ? 0x1 : 0x13) }
      case .raw(let words): result += words
      case .jump(var instruction, let target):
        instruction.immediate = distance(target)
        result.append(Encoder.encode(instruction) ?? (instruction.length == 2 ? 0x1 : 0x13))
      case .address(let rd, let target, let rest):
        let value = distance(target)
        let low = UInt32(bitPattern: Int32(bitPattern: value << 20) >> 20)
        result.append(Encoder.encode(Instruction(.auipc, rd: rd, immediate: value &- low)) ?? 0x13)
        result.append(Encoder.encode(Instruction(.addi, rd: rd, rs1: rd, immediate: low)) ?? 0x13)
        result += rest.map { Encoder.encode($0) ?? ($0.length == 2 ? 0x1 : 0x13) }
      case .farJump(let rd, let rs1, let target):
        let value = distance(target)
        let low = UInt32(bitPattern: Int32(bitPattern: value << 20) >> 20)
        result.append(Encoder.encode(Instruction(.auipc, rd: rs1, immediate: value &- low)) ?? 0x13)
        result.append(Encoder.encode(Instruction(.jalr, rd: rd, rs1: rs1, immediate: low)) ?? 0x13)
      }
    }
    return result
  }
}
