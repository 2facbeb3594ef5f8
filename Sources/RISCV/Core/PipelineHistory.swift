// The last instructions that ran in closed form, so that the cycle-stepped model can take over in mid-stream.
//
// The closed form (`PipelineTiming`) knows when instructions leave ID but not what the prefetch buffer and the stages
// hold. Stepping the last few instructions once more, without executing them, brings the stepped model to exactly that:
// both models give the same cycles while fetches are punctual. Two cycles suffice for the prefetch buffer, which then
// depends only on when words were taken from it; the stages are empty wherever the closed form's state is clean.

import HardwareModel

/// An instruction that has executed, or a stretch of a translated block.
struct PastInstruction {
  var instruction = Instruction()
  var pc: Address = 0
  /// The next executed instruction.
  var next: Address = 0
  /// First cycle in which it could be in ID.
  var entered: Cycle = 0
  /// Nothing older was under way then.
  var isClean = false
  /// Not 0: this is that many instructions of a block, beginning with the one at `pc`.
  var blockCount: UInt16 = 0
  /// Cycles in EX.
  var occupancy: UInt16 = 1
  /// The (last) branch was taken.
  var isTaken = false
  /// A load or store of two accesses.
  var isSplit = false
  /// Grant and answer of its data accesses; 0: as ideal memory answers.
  var first = AccessTimes()
  var second = AccessTimes()
}

/// When a data access was granted and answered.
struct AccessTimes {
  var granted: Cycle = 0
  var answered: Cycle = 0
}

/// What the prefetch buffer and WB hold when an instruction has just entered ID.
struct FrontEnd {
  /// Whole words in the buffer behind the instruction in ID, and words whose answer comes in this cycle.
  var words = 0
  var pending = 1
  /// The last data access is answered in this cycle, if it is still open.
  var openUntil: Cycle = 0
  /// Destination of the open access if it is a load, else -1.
  var openLoad = -1
}

/// A ring of the last instructions.
struct PipelineHistory {
  private static let capacity = 64
  private let ring: UnsafeMutablePointer<PastInstruction>
  /// Instructions and stretches since the last restart.
  private(set) var count = 0
  /// The state in which the first of them (or, if there is none, the next instruction) entered ID; nil: unknown.
  private(set) var origin: FrontEnd? = FrontEnd()

  init() {
    ring = .allocate(capacity: Self.capacity)
    ring.initialize(repeating: PastInstruction(), count: Self.capacity)
  }

  func deallocate() { ring.deallocate() }

  /// Forgets everything: the next instruction enters ID with the front end as given.
  mutating func restart(_ origin: FrontEnd?) {
    count = 0
    self.origin = origin
  }

  @inline(__always)
  mutating func append(_ past: PastInstruction) {
    ring[count & (Self.capacity - 1)] = past
    count += 1
  }

  /// `instructions` instructions of the block at `start` ran, the first of which entered ID at `cycle`.
  mutating func append(
    block start: Address, instructions: Int, next: Address, isTaken: Bool = false, at cycle: Cycle
  ) {
    guard instructions > 0 else { return }
    var past = PastInstruction()
    past.pc = start
    past.next = next
    past.entered = cycle
    past.isClean = true
    past.isTaken = isTaken
    past.blockCount = UInt16(truncatingIfNeeded: instructions)
    append(past)
  }

  /// From where to step again so that everything is known two cycles before `cycle`: the past instructions, oldest
  /// first, and the front end in which the first one entered ID (nil: any).
  func replay(before cycle: Cycle) -> (instructions: [PastInstruction], frontEnd: FrontEnd?) {
    let oldest = max(0, count - Self.capacity)
    var start = count
    while start > oldest {
      start -= 1
      let past = ring[start & (Self.capacity - 1)]
      if past.isClean && past.entered + 2 <= cycle { break }
    }
    let instructions = (start..<count).map { ring[$0 & (Self.capacity - 1)] }
    return (instructions, start == 0 ? origin : nil)
  }
}
