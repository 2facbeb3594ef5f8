// Loops of machine code: the way from a block's head back to it, several times over.
//
// A block that leads back to its own head looks at the budget, counts and notes its exit at every turn, which for short
// loops is as much work as the loop itself. Here the way round is emitted several times, with one look at the budget and one
// booking for all. Whatever leaves the way (another exit, an access that must be looked at) books the turns that are
// complete and goes on in the block's own code, before the same operation: nothing of it has happened yet. Constants and
// relatives among addresses are found across the turns, so one check often serves all of them.

import HardwareModel

extension BlockCompiler {
  /// Operations of all turns at most, turns at most, and cycles of all turns at most.
  private static var mostOperations: Int { 48 }
  private static var mostTurns: Int { 8 }
  private static var mostCycles: UInt32 { 2000 }

  /// A loop that can be emitted several times: it runs from operation 1 to `last`.
  struct Loop {
    var last: Int
    var turns: Int
    var cycles: UInt32
  }

  /// The first way back to the head of the block, of whose operations `emitted` have been emitted.
  func unrolledLoop(_ emitted: Int) -> Loop? {
    for index in 1..<emitted {
      let op = ops[index]
      switch op.code {
      case .div, .divu, .rem, .remu, .csr, .leave, .fallThrough, .jumpRegister: return nil
      case .jump, .beq, .bne, .blt, .bge, .bltu, .bgeu:
        guard isLoop(op.aux) else {
          if op.code == .jump { return nil }
          continue
        }
        let cycles = exits[Int(op.aux)].cycles &+ UInt32(ops[0].index)
        guard cycles > 0, cycles <= Self.mostCycles else { return nil }
        let turns = min(Self.mostTurns, Self.mostOperations / index, Int(Self.mostCycles / cycles))
        return turns >= 2 ? Loop(last: index, turns: turns, cycles: cycles) : nil
      default: break
      }
    }
    return nil
  }

  /// Emits the turns; `places`: where the block's own code for each operation is. Returns where to enter them; nil if the
  /// loop is not of that kind.
  mutating func unroll(_ target: inout Target, _ loop: Loop, _ exit: ExitPlan, _ places: [Int]) -> Int? {
    let rolled = facts
    var turns = loop.turns
    analyseTurns(loop, turns)
    while !isCovered(loop, turns, rolled) {
      turns /= 2
      guard turns >= 2 else { return nil }
      analyseTurns(loop, turns)
    }
    var plan = LoopPlan(exit: exit, turns: turns, cycles: loop.cycles, counts: [0])
    for times in 1...turns { plan.counts.append(counts(&target, exit.number, times: times)) }
    let entry = target.beginTurns(plan)
    for turn in 0..<turns {
      for position in 1...loop.last {
        let index = turn * loop.last + position
        let op = ops[position]
        let fact = facts[index]
        switch op.code {
        case .jump: if op.rd < 32 { target.constant(op.rd, op.immediate) }
        case .beq, .bne, .blt, .bge, .bltu, .bgeu:
          let stays = position == loop.last
          if let holds = Self.known(op.code, fact) {
            guard holds == stays else { return nil }
          } else {
            target.leave(if: stays ? Self.inverse(op.code) : op.code, fact.a, fact.b, index: UInt16(index))
          }
        default: guard straight(&target, op, fact, index: UInt16(index)) else { return nil }
        }
      }
    }
    target.endTurns(plan, start: entry.start)
    target.finishChecks()
    while let (index, jumps) = target.block.nextLeave() {
      let turn = (Int(index) - 1) / loop.last
      let place = places[(Int(index) - 1) % loop.last + 1]
      for jump in jumps {
        if turn == 0 { target.bind(jump, to: place) } else { target.bind(jump) }
      }
      if turn > 0 { target.book(turn, of: plan, goingTo: place) }
    }
    return entry.head
  }

  private mutating func analyseTurns(_ loop: Loop, _ turns: Int) {
    var sequence = [ops[0]]
    for _ in 0..<turns { sequence += UnsafeBufferPointer(start: ops + 1, count: loop.last) }
    analyse(sequence)
  }

  /// True if whatever the block's own code has checked at some operation of a turn is checked here too: there, the accesses
  /// behind it rely on that.
  private func isCovered(_ loop: Loop, _ turns: Int, _ rolled: [Facts]) -> Bool {
    for turn in 0..<turns {
      var families: [Int: Int] = [:]
      for position in 1...loop.last where rolled[position].family >= 0 {
        let family = facts[turn * loop.last + position].family
        guard family >= 0, families.updateValue(family, forKey: rolled[position].family) ?? family == family
        else { return false }
      }
    }
    return true
  }

  private static func inverse(_ condition: MicroCode) -> MicroCode {
    switch condition {
    case .beq: .bne
    case .bne: .beq
    case .blt: .bge
    case .bge: .blt
    case .bltu: .bgeu
    default: .bltu
    }
  }
}
