// Blocks to machine code, independent of the host.
//
// First goes through a block's operations and finds what is constant and which addresses are relatives of each other
// (the same register, changed by constants), so that one test of range and alignment does for a group of accesses; then
// hands the operations to a `TranslationTarget`. A test that fails leads to the exact engine, so it may be stricter
// than any single access asks for.

import HardwareModel

/// The data memory that translated code reaches, and how its stores are checked.
struct TranslatedMemory: Equatable {
  let bytes: UnsafeMutableRawPointer
  let lines: UnsafeMutablePointer<UInt8>
  let base: Address
  let size: UInt32
  let secondOffset: UInt32
  let secondSize: UInt32
  /// Stores must look whether their line holds code.
  let checksLines: Bool

  init(_ memory: BlockMemory, checksLines: Bool) {
    bytes = memory.bytes
    lines = memory.lines
    base = memory.base
    size = memory.size
    secondOffset = memory.secondOffset
    secondSize = memory.secondSize
    self.checksLines = checksLines
  }

  /// True if the distance of an address and its access lie inside.
  func holds(_ distance: UInt32, _ size: UInt32) -> Bool {
    distance < self.size && size <= self.size - distance
      || distance &- secondOffset < secondSize && size <= secondSize - (distance &- secondOffset)
  }

  /// Addresses so far from both ends of the address space that small displacements do not wrap.
  var isOrdinary: Bool {
    let end = UInt64(base) + UInt64(max(size, secondOffset &+ secondSize))
    return base > 0x1_0000 && end < 0xFFFF_0000 && end - UInt64(base) < 0x4000_0000
  }

  /// In the upper half of the address space a displacement from the base does not fit in 32 bits with a sign.
  var isHigh: Bool { UInt64(base) + UInt64(max(size, secondOffset &+ secondSize)) > 0x7FFF_0000 }
}

struct BlockCompiler<Target: TranslationTarget> {
  let ops: UnsafeMutablePointer<MicroOp>
  let opCount: Int
  let exits: UnsafeMutablePointer<BlockExit>
  let memory: TranslatedMemory
  let cycleModel: Bool
  let codeBase: Address
  let codeSize: UInt32
  let table: UnsafeRawPointer

  /// What is known of an operation.
  struct Facts {
    var a = GuestOperand.constant(0)
    var b = GuestOperand.constant(0)
    /// The result, if it is known.
    var result: UInt32?
    /// Accesses: the relatives that the address belongs to (-1: none), and its distance from their origin.
    var family = -1
    var offset: Int32 = 0
  }

  /// Addresses that differ by constants.
  private struct Family {
    var low: Int32 = 0
    var high: Int32 = 0
    /// log2 of the strictest alignment, and the residue of offsets that have it.
    var alignment: UInt8 = 0
    var residue: Int32 = 0
    var hasMembers = false
    var isChecked = false
  }

  /// What a register holds.
  private enum Known {
    case constant(UInt32)
    case relative(family: Int, offset: Int32)
  }

  private(set) var facts: [Facts] = []
  private var families: [Family] = []
  private var known: [Known] = []
  /// A loop of the block is emitted several times over.
  private(set) var hasTurns = false

  init(
    info: BlockInfo, exits: UnsafeMutablePointer<BlockExit>, memory: TranslatedMemory, cycleModel: Bool,
    codeBase: Address, codeSize: UInt32, table: UnsafeRawPointer
  ) {
    ops = info.entry
    opCount = Int(info.opCount)
    self.exits = exits
    self.memory = memory
    self.cycleModel = cycleModel
    self.codeBase = codeBase
    self.codeSize = codeSize
    self.table = table
  }

  // MARK: Finding out

  private static var farthest: Int32 { 1024 }

  /// Finds the facts of operations that run one after the other.
  mutating func analyse(_ ops: some Sequence<MicroOp>) {
    facts.removeAll(keepingCapacity: true)
    facts.reserveCapacity(opCount)
    families.reserveCapacity(64)
    known = (0..<33).map { .relative(family: $0, offset: 0) }
    known[0] = .constant(0)
    families = .init(repeating: Family(), count: 33)
    for op in ops {
      var fact = Facts()
      // What frames a block has no operands: `enter` keeps the block's number where they would be.
      if op.isInstruction { fact.a = operand(op.rs1) }
      switch op.code {
      case .constant: assign(op.rd, .constant(op.immediate))
      case .move:
        if case .constant(let value) = fact.a { fact.result = value }
        assign(op.rd, known[Int(op.rs1)])
      case .addi:
        switch known[Int(op.rs1)] {
        case .constant(let value):
          fact.result = value &+ op.immediate
          assign(op.rd, .constant(value &+ op.immediate))
        case .relative(let family, let offset):
          let moved = offset &+ Int32(bitPattern: op.immediate)
          assign(op.rd, abs(moved) <= Self.farthest ? .relative(family: family, offset: moved) : fresh())
        }
        fact.b = .constant(op.immediate)
      case .slti, .sltiu, .xori, .ori, .andi, .slli, .srli, .srai:
        fact.b = .constant(op.immediate)
        compute(op, &fact)
      case .add, .sub, .sll, .slt, .sltu, .xor, .srl, .sra, .or, .and, .mul:
        fact.b = operand(op.rs2)
        compute(op, &fact)
      case .mulh, .mulhsu, .mulhu, .div, .divu, .rem, .remu:
        fact.b = operand(op.rs2)
        assign(op.rd, fresh())
      case .lb, .lbu, .lh, .lhu, .lw:
        access(op, &fact)
        assign(op.rd, fresh())
      case .sb, .sh, .sw:
        fact.b = operand(op.rs2)
        access(op, &fact)
      case .beq, .bne, .blt, .bge, .bltu, .bgeu: fact.b = operand(op.rs2)
      case .csr: assign(op.rd, fresh())
      default: break
      }
      facts.append(fact)
    }
  }

  private func operand(_ register: UInt8) -> GuestOperand {
    if case .constant(let value) = known[Int(register)] { return .constant(value) }
    return .register(register)
  }

  private mutating func assign(_ rd: UInt8, _ value: Known) {
    if rd < 32 { known[Int(rd)] = value }
  }

  private mutating func fresh() -> Known {
    families.append(Family())
    return .relative(family: families.count - 1, offset: 0)
  }

  private mutating func compute(_ op: MicroOp, _ fact: inout Facts) {
    if case .constant(let a) = fact.a, case .constant(let b) = fact.b {
      let result = Self.evaluate(op.code, a, b)
      fact.result = result
      assign(op.rd, .constant(result))
    } else {
      assign(op.rd, fresh())
    }
  }

  private static func evaluate(_ code: MicroCode, _ a: UInt32, _ b: UInt32) -> UInt32 {
    switch code {
    case .add: a &+ b
    case .sub: a &- b
    case .xor, .xori: a ^ b
    case .or, .ori: a | b
    case .and, .andi: a & b
    case .sll, .slli: a &<< b
    case .srl, .srli: a &>> b
    case .sra, .srai: UInt32(bitPattern: Int32(bitPattern: a) &>> Int32(bitPattern: b))
    case .slt, .slti: Int32(bitPattern: a) < Int32(bitPattern: b) ? 1 : 0
    case .sltu, .sltiu: a < b ? 1 : 0
    default: a &* b
    }
  }

  private static func alignment(_ code: MicroCode) -> UInt8 {
    switch code {
    case .lb, .lbu, .sb: 0
    case .lh, .lhu, .sh: 1
    default: 2
    }
  }

  private mutating func access(_ op: MicroOp, _ fact: inout Facts) {
    guard case .relative(let family, let offset) = known[Int(op.rs1)] else { return }
    let place = offset &+ Int32(bitPattern: op.immediate)
    fact.offset = place
    guard abs(place) <= Self.farthest else { return }
    let alignment = Self.alignment(op.code)
    let size = Int32(1) << Int32(alignment)
    var relatives = families[family]
    if !relatives.hasMembers {
      relatives = Family(
        low: place, high: place + size, alignment: alignment, residue: place & (size - 1), hasMembers: true)
    } else {
      // The residues must agree in as many bits as both have.
      let common = (Int32(1) << Int32(min(alignment, relatives.alignment))) - 1
      guard (place ^ relatives.residue) & common == 0 else { return }
      if alignment > relatives.alignment {
        relatives.alignment = alignment
        relatives.residue = place & (size - 1)
      }
      relatives.low = min(relatives.low, place)
      relatives.high = max(relatives.high, place + size)
    }
    families[family] = relatives
    fact.family = family
  }

  // MARK: Emitting

  /// Emits the block's code. Returns where to enter it and where its exits can be linked; nil if it does not fit.
  mutating func compile(_ target: inout Target, number: UInt32) -> (
    indirect: Int, body: Int, links: [(number: UInt32, link: ExitLink)]
  )? {
    analyse(UnsafeBufferPointer(start: ops, count: opCount))
    let head = ops[0]
    let start = head.aux
    var counts: [UInt32: Int] = [:]
    for index in 0..<opCount where BlockTranslator.hasExit(ops[index].code) {
      counts[ops[index].aux] = self.counts(&target, ops[index].aux, times: 1)
    }
    func plan(_ number: UInt32) -> ExitPlan {
      ExitPlan(
        number: number, cycles: exits[Int(number)].cycles, counts: counts[number] ?? 0,
        loop: isLoop(number) ? UInt32(head.index) : nil)
    }
    let entries = target.begin(
      number: number, longest: head.immediate, straddle: UInt32(head.index), memory: memory)
    // Where each operation begins.
    var places = [target.count]
    emission: for index in 1..<opCount {
      let op = ops[index]
      let fact = facts[index]
      places.append(target.count)
      switch op.code {
      case .beq, .bne, .blt, .bge, .bltu, .bgeu:
        if let holds = Self.known(op.code, fact) {
          guard holds else { break }
          target.exit(plan(op.aux))
          break emission
        }
        let exit = exits[Int(op.aux)]
        target.branch(op.code, fact.a, fact.b, plan(op.aux), isLikely: exit.target <= start &+ 2 &* UInt32(op.index))
      case .jump:
        if op.rd < 32 { target.constant(op.rd, op.immediate) }
        target.exit(plan(op.aux))
      case .jumpRegister:
        target.jumpRegister(
          op.rd, fact.a, op.immediate, link: start &+ UInt32(op.index), plan(op.aux), index: UInt16(op.rs2),
          codeBase: codeBase, codeSize: codeSize, table: table)
      case .fallThrough: target.exit(plan(op.aux))
      default:
        guard straight(&target, op, fact, index: op.index) else {
          target.leave(index: op.index)
          break emission
        }
      }
    }
    let links = target.finish()
    if let loop = unrolledLoop(places.count) {
      let start = unroll(&target, loop, plan(ops[loop.last].aux), places)
      hasTurns = start != nil
      target.closeLoops(ops[loop.last].aux, at: start ?? entries.body)
    } else {
      target.closeLoops(nil, at: entries.body)
    }
    return target.isFull ? nil : (entries.indirect, entries.body, links)
  }

  /// Emits an operation that control goes through. False if it can only be carried out by the exact engine. `index`: what to call it where it is left before.
  mutating func straight(_ target: inout Target, _ op: MicroOp, _ fact: Facts, index: UInt16) -> Bool {
    switch op.code {
    case .enter: break
    case .constant: if op.rd < 32 { target.constant(op.rd, op.immediate) }
    case .move, .addi, .slti, .sltiu, .xori, .ori, .andi, .slli, .srli, .srai, .add, .sub, .sll, .slt, .sltu, .xor,
      .srl, .sra, .or, .and, .mul, .mulh, .mulhsu, .mulhu:
      if op.rd < 32 { arithmetic(&target, op, fact) }
    case .div, .divu, .rem, .remu:
      target.divide(op.code, op.rd, fact.a, fact.b, isTimed: cycleModel)
    case .csr:
      let access = BlockCSRAccess(packed: op.immediate)
      target.csr(access, op.rd, access.immediate.map { .constant($0) } ?? fact.a, index: index)
    case .lb, .lbu, .lh, .lhu, .lw, .sb, .sh, .sw: return access(&target, op, fact, index: index)
    default: return false
    }
    return true
  }

  /// Emits what the counters grow by at an exit that is taken so often.
  func counts(_ target: inout Target, _ number: UInt32, times: Int) -> Int {
    let exit = exits[Int(number)]
    let times = UInt64(times)
    return target.counts(
      UInt32(truncatingIfNeeded: exit.instructionsAndLoads &* times),
      UInt32(truncatingIfNeeded: (exit.instructionsAndLoads >> 32) &* times),
      UInt32(truncatingIfNeeded: exit.stores &* times), UInt32(truncatingIfNeeded: (exit.stores >> 32) &* times))
  }

  func isLoop(_ number: UInt32) -> Bool {
    let exit = exits[Int(number)]
    return exit.target == ops[0].aux && !exit.isIdle
  }

  /// What a branch does, if that is known.
  static func known(_ code: MicroCode, _ fact: Facts) -> Bool? {
    guard case .constant(let a) = fact.a, case .constant(let b) = fact.b else { return nil }
    return condition(code, a, b)
  }

  private static func condition(_ code: MicroCode, _ a: UInt32, _ b: UInt32) -> Bool {
    switch code {
    case .beq: a == b
    case .bne: a != b
    case .blt: Int32(bitPattern: a) < Int32(bitPattern: b)
    case .bge: Int32(bitPattern: a) >= Int32(bitPattern: b)
    case .bltu: a < b
    default: a >= b
    }
  }

  private func arithmetic(_ target: inout Target, _ op: MicroOp, _ fact: Facts) {
    if let result = fact.result { return target.constant(op.rd, result) }
    switch op.code {
    case .move:
      if op.rd != op.rs1 { target.move(op.rd, op.rs1) }
      return
    case .mul, .mulh, .mulhsu, .mulhu: break
    case .add, .or, .xor:
      // With 0 it is a copy.
      if fact.b == .constant(0), case .register(let source) = fact.a {
        if source != op.rd { target.move(op.rd, source) }
        return
      }
      if fact.a == .constant(0), case .register(let source) = fact.b {
        if source != op.rd { target.move(op.rd, source) }
        return
      }
    default: break
    }
    switch op.code {
    case .add, .and, .or, .xor, .mul:
      if case .constant = fact.a { return target.binary(op.code, op.rd, fact.b, fact.a) }
    default: break
    }
    target.binary(op.code, op.rd, fact.a, fact.b)
  }

  /// False if the access can only be carried out by the exact engine.
  private mutating func access(_ target: inout Target, _ op: MicroOp, _ fact: Facts, index: UInt16) -> Bool {
    let alignment = Self.alignment(op.code)
    let size = UInt32(1) << UInt32(alignment)
    let displacement: UInt32
    switch fact.a {
    case .constant(let value):
      displacement = value &+ op.immediate &- memory.base
      guard memory.holds(displacement, size), (value &+ op.immediate) & (size - 1) == 0 else { return false }
    case .register:
      guard memory.isOrdinary else { return false }
      displacement = op.immediate &- memory.base
      if fact.family >= 0 {
        if !families[fact.family].isChecked {
          families[fact.family].isChecked = true
          let relatives = families[fact.family]
          // The lowest address, moved down to the alignment that all share.
          let unit = Int32(1) << Int32(relatives.alignment)
          let low = relatives.low &- ((relatives.low &- relatives.residue) & (unit - 1))
          let origin = fact.offset &- Int32(bitPattern: op.immediate)
          guard
            check(
              &target, fact.a, low: UInt32(bitPattern: low &- origin), span: UInt32(relatives.high - low),
              relatives.alignment, index: index)
          else { return false }
        }
      } else {
        guard check(&target, fact.a, low: op.immediate, span: size, alignment, index: index) else { return false }
      }
    }
    let isStore = op.code == .sb || op.code == .sh || op.code == .sw
    if isStore {
      if memory.checksLines { target.checkLine(fact.a, displacement, memory.lines, index: index) }
      target.store(op.code, fact.b, fact.a, displacement)
    } else if op.rd < 32 {
      target.load(op.code, op.rd, fact.a, displacement)
    }
    return true
  }

  /// Emits the test that `span` bytes from register + `low` on lie in memory. False if they never do.
  private func check(
    _ target: inout Target, _ base: GuestOperand, low: UInt32, span: UInt32, _ alignment: UInt8, index: UInt16
  ) -> Bool {
    guard span <= memory.size else { return false }
    let second =
      memory.secondSize >= span && memory.secondSize > 0 ? (memory.secondSize - span) >> UInt32(alignment) : nil
    target.check(
      AddressCheck(
        base: base, displacement: low &- memory.base, alignment: alignment,
        limit: (memory.size - span) >> UInt32(alignment), secondOffset: memory.secondOffset, secondLimit: second),
      index: index)
    return true
  }
}
