// What the translator needs from a host processor.
//
// Translated code of every host keeps the same things: some guest registers live in host registers all the time, the
// others in a frame; a budget register holds the cycles that are left before the deadline, less what the block under way
// may take; four counters (instructions, loads, stores, stores not through sp) are added to at each exit of a block; the
// frame remembers the last exit.

import HardwareModel
import MachineCode

/// A source operand of a guest instruction. Register 0 never appears: it is the constant 0.
enum GuestOperand: Equatable {
  case register(UInt8)
  case constant(UInt32)
}

/// A test that addresses lie in the memory that translated code may touch, and are aligned.
struct AddressCheck {
  /// The register, and what to add to it for the distance of the lowest address from the memory's base.
  var base: GuestOperand
  var displacement: UInt32
  /// log2 of the alignment. The distance must be a multiple and, divided by it, at most `limit`.
  var alignment: UInt8
  var limit: UInt32
  /// The same for a second range: distance of its base from the first one's.
  var secondOffset: UInt32
  var secondLimit: UInt32?
}

/// An exit of a block.
struct ExitPlan {
  /// Its number in `BlockCache.exits`.
  var number: UInt32
  /// From the block's head to the first cycle in which the target can be in ID.
  var cycles: UInt32
  /// Offset in the code of what the four counters grow by.
  var counts: Int
  /// Leads back to the block's own head, whose first instruction costs so much more after a jump.
  var loop: UInt32?
}

/// A way from a block's head back to it, emitted several times over. Whatever does not go that way, and whatever needs a
/// look at the budget, goes on in the block's own code, before the same operation.
struct LoopPlan {
  /// The exit at its end; the last one that was taken whenever a turn begins.
  var exit: ExitPlan
  /// Turns between two looks at the budget, and the cycles of one.
  var turns: Int
  var cycles: UInt32
  /// Offsets of what the counters grow by, for 0, 1 ... turns.
  var counts: [Int]

  /// What must be left of the budget so that all turns can be begun.
  var reserve: UInt32 { UInt32(turns - 1) * cycles }
}

/// Where an exit can be led to another block.
struct ExitLink {
  /// The number that the budget shrinks by.
  var budget: UInt32 = 0
  /// The jump.
  var jump: UInt32 = 0
  /// What `budget` holds while the exit leads out of the code.
  var unlinked: UInt32 = 0
  /// What linking has added to it.
  var added: UInt32 = 0
}

/// What a target knows of the block that it emits, and what it puts behind the block's straight code.
struct BlockEmission<Jump, Register> {
  var number: UInt32 = 0
  var longest: UInt32 = 0
  var straddle: UInt32 = 0
  /// Where the block is entered with the budget taken care of.
  var body = 0
  /// Entered by an indirect jump, the block would end too late.
  var tooLate: Jump?
  /// Ways out before an instruction.
  var leaves: [(jump: Jump, index: UInt16)] = []
  var farExits: [(jump: Jump, exit: ExitPlan)] = []
  /// Checks whose first range was missed: `back` goes on.
  var secondChecks: [(jump: Jump, back: Int, base: Register, check: AddressCheck, index: UInt16)] = []
  var links: [(number: UInt32, link: ExitLink)] = []
  /// Jumps back to the block's head, whose target is filled in at last.
  var loops: [(jump: Jump, exit: UInt32)] = []

  /// What the budget shrinks by at an exit that leads out of the code, or round a loop.
  func cycles(_ exit: ExitPlan) -> UInt32 { exit.loop.map { exit.cycles &+ $0 } ?? exit.cycles &- longest }

  /// Notes an exit whose number for the budget and whose jump lie at these offsets. A loop's jump is final.
  mutating func note(_ exit: ExitPlan, budget: Int, jump: Int) {
    var link = ExitLink(budget: UInt32(budget), unlinked: cycles(exit))
    if let loop = exit.loop { link.added = longest &+ loop } else { link.jump = UInt32(jump) }
    links.append((exit.number, link))
  }

  /// Takes out the jumps that leave before one instruction.
  mutating func nextLeave() -> (index: UInt16, jumps: [Jump])? {
    guard let index = leaves.first?.index else { return nil }
    let jumps = leaves.filter { $0.index == index }.map(\.jump)
    leaves.removeAll { $0.index == index }
    return (index, jumps)
  }
}

/// Emits the code of one block for one kind of host.
protocol TranslationTarget {
  /// A jump of the assembler whose target is filled in later.
  associatedtype Jump
  associatedtype Register

  var block: BlockEmission<Jump, Register> { get set }

  /// Writes into `bytes` from offset `start` up to `end`; `leave`: offset of the way out.
  init(_ bytes: UnsafeMutablePointer<UInt8>, from start: Int, to end: Int, leave: Int)

  var count: Int { get }
  var isFull: Bool { get }

  /// Emits the way in and the way out; returns their offsets. The way in is a C function of two arguments: the address
  /// of a `TranslatedState` and that of the code to run.
  mutating func entrance() -> (enter: Int, leave: Int)

  /// Emits what the counters grow by at an exit.
  mutating func counts(_ instructions: UInt32, _ loads: UInt32, _ stores: UInt32, _ notThroughSP: UInt32) -> Int

  /// Begins block `number`. `longest`: cycles it may take; `straddle`: those that its first instruction costs more after
  /// a jump; `memory`: what it may touch. Returns the offsets for entering it by an indirect jump and with the budget
  /// taken care of.
  mutating func begin(
    number: UInt32, longest: UInt32, straddle: UInt32, memory: TranslatedMemory
  ) -> (indirect: Int, body: Int)

  mutating func constant(_ rd: UInt8, _ value: UInt32)
  mutating func move(_ rd: UInt8, _ rs: UInt8)
  /// rd = a op b of everything but divisions. At most one operand is constant, and `a` only where order matters.
  mutating func binary(_ operation: MicroCode, _ rd: UInt8, _ a: GuestOperand, _ b: GuestOperand)
  /// A division; `isTimed`: it takes the cycles that its divisor asks for. rd 32: none.
  mutating func divide(_ operation: MicroCode, _ rd: UInt8, _ a: GuestOperand, _ b: GuestOperand, isTimed: Bool)

  /// An access to a CSR: leaves before instruction `index` if the exact engine must carry it out. rd 32: none.
  mutating func csr(_ access: BlockCSRAccess, _ rd: UInt8, _ operand: GuestOperand, index: UInt16)

  /// Leaves before instruction `index` unless the check holds.
  mutating func check(_ check: AddressCheck, index: UInt16)
  /// Leaves before instruction `index` if the line of the address is marked.
  mutating func checkLine(
    _ base: GuestOperand, _ displacement: UInt32, _ lines: UnsafeMutablePointer<UInt8>, index: UInt16)
  /// An access whose address has been checked: base + displacement counts from the memory's base. Base nil: it is known.
  mutating func load(_ operation: MicroCode, _ rd: UInt8, _ base: GuestOperand, _ displacement: UInt32)
  mutating func store(_ operation: MicroCode, _ value: GuestOperand, _ base: GuestOperand, _ displacement: UInt32)

  mutating func leave(index: UInt16)
  /// Leaves the block through `exit` if the condition holds. `isLikely`: it mostly does.
  mutating func branch(
    _ condition: MicroCode, _ a: GuestOperand, _ b: GuestOperand, _ exit: ExitPlan, isLikely: Bool)
  mutating func exit(_ exit: ExitPlan)
  /// JALR: leaves before instruction `index` if the target is out of the code, whose base and size are given; else goes
  /// where `table` (8 bytes a halfword) says.
  mutating func jumpRegister(
    _ rd: UInt8, _ rs1: GuestOperand, _ immediate: UInt32, link: UInt32, _ exit: ExitPlan, index: UInt16,
    codeBase: UInt32, codeSize: UInt32, table: UnsafeRawPointer)

  /// Leaves a turn of a loop before operation `index` if the condition holds.
  mutating func leave(if condition: MicroCode, _ a: GuestOperand, _ b: GuestOperand, index: UInt16)
  /// Begins the turns of a loop, or goes to the block's body if the budget does not last for all. Returns where to enter and where
  /// the first turn begins.
  mutating func beginTurns(_ plan: LoopPlan) -> (head: Int, start: Int)
  /// Ends them: books all, and goes back to `start`, to the block's body or out.
  mutating func endTurns(_ plan: LoopPlan, start: Int)
  /// Books some turns and goes on at `offset`.
  mutating func book(_ turns: Int, of plan: LoopPlan, goingTo offset: Int)

  /// Lets `jump` lead to the next instruction, or to `offset`.
  mutating func bind(_ jump: Jump)
  mutating func bind(_ jump: Jump, to offset: Int)
  /// The second half of a check, behind the block.
  mutating func checkSecondRange(_ back: Int, _ base: Register, _ check: AddressCheck, index: UInt16)
  /// Gives back the budget of an indirect entry and goes out through the exit that led here, as if no code were known.
  mutating func goOutTooLate()
  /// Goes out with `record`.
  mutating func goOut(record: UInt32)

  /// Leads an exit to `offset`, or out of the code (nil).
  static func write(_ link: ExitLink, in bytes: UnsafeMutablePointer<UInt8>, budget: UInt32, to offset: Int?)
}

extension TranslationTarget {
  /// Emits what was put aside; returns where the exits, in the order in which they were emitted, can be linked.
  mutating func finish() -> [(number: UInt32, link: ExitLink)] {
    for (jump, plan) in block.farExits {
      bind(jump)
      exit(plan)
    }
    block.farExits = []
    finishChecks()
    if let tooLate = block.tooLate {
      bind(tooLate)
      goOutTooLate()
    }
    while let (index, jumps) = block.nextLeave() {
      for jump in jumps { bind(jump) }
      goOut(record: TranslatedState.leaveRecord(block: block.number, index: index))
    }
    return block.links
  }

  /// Emits the second halves of checks.
  mutating func finishChecks() {
    for (jump, back, base, check, index) in block.secondChecks {
      bind(jump)
      checkSecondRange(back, base, check, index: index)
    }
    block.secondChecks = []
  }

  /// Leads the jumps back to the block's head there; that of `exit` to `offset`, if any.
  mutating func closeLoops(_ exit: UInt32?, at offset: Int) {
    for (jump, number) in block.loops { bind(jump, to: number == exit ? offset : block.body) }
  }
}
