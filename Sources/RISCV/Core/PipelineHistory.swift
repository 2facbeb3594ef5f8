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
  /// Cycles in EX. Of a stretch: what its divisions took beyond the shortest one.
  var occupancy: UInt16 = 1
  /// The (last) branch was taken.
  var isTaken = false
  /// A load or store of two accesses.
  var isSplit = false
  /// Address of its data access, if it is known to have one (of a stretch: its last instruction's).
  var address: Address?
  /// Grant and answer of its data accesses; 0: as ideal memory answers.
  var first = AccessTimes()
  var second = AccessTimes()
}

/// When a data access was granted and answered.
struct AccessTimes {
  var granted: Cycle = 0
  var answered: Cycle = 0

  mutating func move(by cycles: Cycle) {
    guard answered != 0 else { return }
    granted &+= cycles
    answered &+= cycles
  }
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

  /// All that is remembered happened so many cycles later: the core has gone round in a loop, and what is remembered of
  /// it is remembered of every round.
  mutating func move(by cycles: Cycle) {
    for index in 0..<min(count, Self.capacity) {
      ring[index].entered &+= cycles
      ring[index].first.move(by: cycles)
      ring[index].second.move(by: cycles)
    }
    if let until = origin?.openUntil, until != 0 { origin?.openUntil = until &+ cycles }
  }

  @inline(__always)
  mutating func append(_ past: PastInstruction) {
    ring[count & (Self.capacity - 1)] = past
    count += 1
  }

  /// `instructions` instructions of the block at `start` ran, the first of which entered ID at `cycle`. `divisions`: what
  /// their divisions took beyond the shortest one.
  mutating func append(
    block start: Address, instructions: Int, next: Address, isTaken: Bool = false, address: Address? = nil,
    divisions: Cycle, at cycle: Cycle
  ) {
    guard instructions > 0 else { return }
    var past = PastInstruction()
    past.pc = start
    past.next = next
    past.entered = cycle
    past.isClean = true
    past.isTaken = isTaken
    past.address = address
    past.occupancy = UInt16(clamping: divisions)
    past.blockCount = UInt16(truncatingIfNeeded: instructions)
    append(past)
  }

  /// Address of the newest entry's data access.
  @inline(__always)
  var lastAddress: Address? { count > 0 ? ring[(count - 1) & (Self.capacity - 1)].address : nil }

  /// What to step again to know everything in `cycle`.
  struct Replay {
    /// Oldest first.
    var instructions: [PastInstruction]
    /// In which the first one entered ID; nil: any, since two cycles make it forgotten.
    var frontEnd: FrontEnd?
    /// What ran before it, if the history does not begin there.
    var before: Address?
  }

  /// Goes back far enough that the prefetch buffer is known (2 cycles) and that fetches have been to every bank (24).
  func replay(before cycle: Cycle) -> Replay {
    let oldest = max(0, count - Self.capacity)
    var start = count
    while start > oldest {
      start -= 1
      let past = ring[start & (Self.capacity - 1)]
      if past.isClean && past.entered + 24 <= cycle { break }
    }
    // The oldest one may have found something under way; a later one that did not is better.
    if start < count, !ring[start & (Self.capacity - 1)].isClean,
      let clean = (start..<count).first(where: {
        let past = ring[$0 & (Self.capacity - 1)]
        return past.isClean && past.entered + 2 <= cycle
      })
    {
      start = clean
    }
    let instructions = (start..<count).map { ring[$0 & (Self.capacity - 1)] }
    let before: Address? =
      start > 0 ? ring[(start - 1) & (Self.capacity - 1)].pc : origin == nil ? instructions.first?.pc : nil
    return Replay(instructions: instructions, frontEnd: start == 0 ? origin : nil, before: before)
  }
}

extension PipelineHistory: StateValue {
  mutating func visitState(_ archive: StateArchive) {
    archive.visit("count", &count, in: 0...1 << 62)
    for index in 0..<min(count, Self.capacity) { archive.visit("ring", &ring[index]) }
    archive.visit("origin", &origin, new: FrontEnd())
  }
}
