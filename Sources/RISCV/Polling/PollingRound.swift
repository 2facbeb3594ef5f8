// One round of a loop, followed by what differs from round to round.
//
// A value is followed as its difference from the one in the round before: 0 for what stays the same, and a constant for
// what counts. Sums and differences of such values are such values; anything else may only be made of what stays the same.
// Branches on what counts hold for a number of rounds, which is computed. Addresses and divisors must stay the same:
// so the cycles of a round do.

import HardwareModel

/// A round of a loop under observation.
struct PollingRound {
  enum Phase {
    /// On the way to the head of the loop.
    case walking
    /// A round that tells what differs.
    case measuring
    /// The round that is followed.
    case proving
  }

  /// How the execution of a round ends.
  enum End: Equatable {
    case arrived
    /// Something happened that has nothing to do with the loop.
    case left
    /// It is no loop that can be followed.
    case refused
    case stop(HartStop)
  }

  /// A word that the round stores.
  struct Word {
    let address: Address
    /// Its value before the first store of the measured round.
    let before: UInt32
    var change: UInt32 = 0
    /// `change` at the head of the loop.
    var atHead: UInt32 = 0
  }

  /// Instructions of a round.
  static let longest = 200
  private static let mostWords = 24

  private(set) var phase: Phase
  /// By how much the registers differ from the round before, as far as the round has come.
  private(set) var changes = InlineArray<32, UInt32>(repeating: 0)
  private var atHead = InlineArray<32, UInt32>(repeating: 0)
  /// Registers of which that is not known.
  private var unknown: UInt32 = 0
  private(set) var words: [Word] = []
  /// Reads on the bus and by how much they differ.
  private(set) var reads: [(pc: Address, address: Address, change: UInt32)] = []
  /// The register of a load that may still be on its way.
  private var loading: UInt8 = 0
  private var address: Address = 0
  /// Cycles of a round.
  var period: Cycle = 0
  /// Instructions followed.
  private(set) var retired: UInt64 = 0
  /// Rounds behind this one that take the same way.
  private(set) var bound = UInt64.max
  /// The first cycle in which a read may return something else than it was taken to.
  private(set) var until = Cycle.never

  init(_ phase: Phase) { self.phase = phase }

  mutating func begin(_ phase: Phase) { self.phase = phase }

  /// A round is over in which the registers changed from `old` to `new`: the next one is followed.
  mutating func measured(
    _ old: InlineArray<32, UInt32>, _ new: InlineArray<32, UInt32>, _ memoryWord: (Address) -> UInt32
  ) {
    for index in 1..<32 { changes[index] = new[index] &- old[index] }
    atHead = changes
    for index in words.indices {
      words[index].change = memoryWord(words[index].address) &- words[index].before
      words[index].atHead = words[index].change
    }
    phase = .proving
  }

  /// The end of the round is as its head was.
  var isClosed: Bool {
    guard unknown == 0, words.allSatisfy({ $0.change == $0.atHead }) else { return false }
    for index in 1..<32 where changes[index] != atHead[index] { return false }
    return true
  }

  // MARK: Instructions

  /// `instruction` is the next one; false if no loop with it can be followed.
  mutating func begins(_ instruction: Instruction, _ hart: Hart) -> Bool {
    guard phase != .walking else { return true }
    if !hart.watchedAddresses.isEmpty, hart.watchedAddresses.contains(hart.pc) { return false }
    switch instruction.timing {
    case .alu, .multiplyHigh, .branch, .jump, .fence: return instruction.operation != .fenceI
    case .divide: return phase == .measuring || isSame(instruction.rs2)
    case .jumpRegister: return phase == .measuring || isSame(instruction.rs1)
    case .csr: return Self.follows(instruction)
    case .load, .store:
      address = hart.x[Int(instruction.rs1)] &+ instruction.immediate
      // A word that is stored by one address may be loaded by another.
      if let index = hart.dataWindowIndex(address) {
        address = hart.window(index).canonical &+ (address &- hart.window(index).base)
      }
      if instruction.rs1 != 0, instruction.rs1 == loading, !hart.outstanding.isEmpty { return false }
      if phase == .proving, !isSame(instruction.rs1) { return false }
      return instruction.timing == .load || mayStore(instruction, hart)
    default: return false
    }
  }

  /// The instruction at `place` has executed; false if no loop with it can be followed.
  mutating func ended(_ instruction: Instruction, at place: Address, _ hart: Hart) -> Bool {
    if instruction.timing == .load { loading = instruction.rd }
    guard phase == .proving else { return true }
    retired &+= 1
    switch instruction.timing {
    case .branch:
      let (a, b) = (Int(instruction.rs1), Int(instruction.rs2))
      guard unknown & (1 << UInt32(a) | 1 << UInt32(b)) == 0 else { return false }
      let rounds = Self.rounds(instruction.operation, hart.x[a], changes[a], hart.x[b], changes[b])
      bound = min(bound, rounds)
    case .load: return load(instruction, at: place, hart)
    case .store: return store(instruction)
    case .csr:
      let counts = instruction.csr == 0xB00 || instruction.csr == 0xC00
      let isRunning = hart.csrs.mcountinhibit & 1 == 0
      set(instruction.rd, counts && isRunning ? UInt32(truncatingIfNeeded: period) : 0)
    case .fence: break
    default: set(instruction.rd, change(of: instruction))
    }
    return true
  }

  /// CSRs that a loop may read: those that only instructions write, and the cycle counter.
  private static func follows(_ instruction: Instruction) -> Bool {
    guard !Hart.isWrite(instruction) else { return false }
    switch instruction.csr {
    case 0x300, 0x304, 0x305, 0x340, 0x341, 0x342, 0xB00, 0xC00, 0xF14: return true
    default: return false
    }
  }

  private func isSame(_ register: UInt8) -> Bool {
    unknown >> UInt32(register) & 1 == 0 && changes[Int(register & 31)] == 0
  }

  /// The register's difference is `change` from here on; nil: not known.
  private mutating func set(_ register: UInt8, _ change: UInt32?) {
    guard register != 0 else { return }
    changes[Int(register & 31)] = change ?? 0
    if change == nil { unknown |= 1 << UInt32(register) } else { unknown &= ~(1 << UInt32(register)) }
  }

  /// The difference of what `instruction` computes.
  private func change(of instruction: Instruction) -> UInt32? {
    let mask = 1 << UInt32(instruction.rs1) | 1 << UInt32(instruction.rs2) as UInt32
    let (a, b) = (changes[Int(instruction.rs1 & 31)], changes[Int(instruction.rs2 & 31)])
    switch instruction.operation {
    case .lui, .auipc, .jal, .jalr: return 0
    case _ where unknown & mask != 0: return nil
    case .addi: return a
    case .add: return a &+ b
    case .sub: return a &- b
    case .slli: return a &<< instruction.immediate
    default: return a == 0 && b == 0 ? 0 : nil
    }
  }

  // MARK: Memory

  private mutating func load(_ instruction: Instruction, at place: Address, _ hart: Hart) -> Bool {
    let size = Arithmetic.size(instruction.operation)
    guard hart.dataWindowIndex(address) == nil else {
      let isWhole = size == 4 && address & 3 == 0
      if isWhole, let word = words.first(where: { $0.address == address }) {
        set(instruction.rd, word.change)
      } else {
        let touches = words.contains { $0.change != 0 && ($0.address &- (address & ~3) <= 4) }
        set(instruction.rd, touches ? nil : 0)
      }
      return true
    }
    guard (address & 3) + size <= 4, let forecast = hart.bus.forecast(address, at: hart.timing.avail) else {
      return false
    }
    until = min(until, forecast.until)
    var change: UInt32 = 0
    if forecast.course == .counting {
      guard size == 4 else { return false }
      change = UInt32(truncatingIfNeeded: period)
    }
    reads.append((place, address, change))
    set(instruction.rd, change)
    return true
  }

  /// True if the store at hand goes to plain memory that nobody watches and that holds no code.
  private mutating func mayStore(_ instruction: Instruction, _ hart: Hart) -> Bool {
    let size = Arithmetic.size(instruction.operation)
    guard (address & 3) + size <= 4, let index = hart.dataWindowIndex(address) else { return false }
    let window = hart.window(index)
    let canonical = window.canonical &+ (address &- window.base)
    guard window.memory.isWritable, let code = window.code,
      code.lines[Int((canonical &- code.base) >> CodeRegion.lineShift)] == 0
    else { return false }
    let word = address & ~3
    if phase == .measuring, !words.contains(where: { $0.address == word }) {
      guard words.count < Self.mostWords else { return false }
      words.append(Word(address: word, before: window.memory.word(canonical & ~3)))
    }
    return true
  }

  private mutating func store(_ instruction: Instruction) -> Bool {
    let value = Int(instruction.rs2 & 31)
    guard unknown >> UInt32(value) & 1 == 0, let index = words.firstIndex(where: { $0.address == address & ~3 })
    else { return false }
    if Arithmetic.size(instruction.operation) == 4 {
      words[index].change = changes[value]
      return true
    }
    return changes[value] == 0 && words[index].change == 0
  }

  // MARK: Branches

  /// How many rounds further a branch on `a` and `b` goes as it does now, if these change by `da` and `db` in each.
  static func rounds(_ operation: Operation, _ a: UInt32, _ da: UInt32, _ b: UInt32, _ db: UInt32) -> UInt64 {
    if da == 0 && db == 0 { return .max }
    switch operation {
    case .beq, .bne: return roundsToEquality(a &- b, da &- db)
    case .blt, .bge:
      return roundsToCrossing(
        Int64(Int32(bitPattern: a)), da, Int64(Int32(bitPattern: b)), db, within: Int64(Int32.min)...Int64(Int32.max))
    default: return roundsToCrossing(Int64(a), da, Int64(b), db, within: 0...Int64(UInt32.max))
    }
  }

  /// Rounds before `difference`, which changes by `change`, becomes or ceases to be 0.
  private static func roundsToEquality(_ difference: UInt32, _ change: UInt32) -> UInt64 {
    if change == 0 { return .max }
    if difference == 0 { return 0 }
    // difference + n * change = 0 modulo 2^32, for the smallest n.
    let shift = UInt32(change.trailingZeroBitCount)
    guard difference.trailingZeroBitCount >= Int(shift) else { return .max }
    let odd = change >> shift
    var inverse = odd
    for _ in 0..<5 { inverse = inverse &* (2 &- odd &* inverse) }
    let number = (0 &- (difference >> shift)) &* inverse & (UInt32.max >> shift)
    return UInt64(number) - 1
  }

  /// Rounds before `a < b` changes, or one of them wraps around in `range`.
  private static func roundsToCrossing(
    _ a: Int64, _ da: UInt32, _ b: Int64, _ db: UInt32, within range: ClosedRange<Int64>
  ) -> UInt64 {
    let (stepA, stepB) = (Int64(Int32(bitPattern: da)), Int64(Int32(bitPattern: db)))
    func room(_ value: Int64, _ step: Int64) -> Int64 {
      step == 0 ? .max : step > 0 ? (range.upperBound - value) / step : (value - range.lowerBound) / -step
    }
    var rounds = min(room(a, stepA), room(b, stepB))
    let (gap, slope) = (a - b, stepA - stepB)
    if gap < 0, slope > 0 { rounds = min(rounds, (-gap - 1) / slope) }
    if gap >= 0, slope < 0 { rounds = min(rounds, gap / -slope) }
    return UInt64(rounds)
  }
}
