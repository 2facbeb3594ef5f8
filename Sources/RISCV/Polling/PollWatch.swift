// Recognises that a program asks the same register again and again at the same distance.
//
// It only suspects: whether the loop can be passed over is found out by `PollingLoop`.

import HardwareModel

/// The last reads outside the direct memories, and of the cycle counter.
struct PollWatch {
  /// The read that may be the head of a loop: its instruction and what it reads (an address, or the number of a CSR).
  private(set) var head: (pc: Address, source: Address) = (0, 0)
  /// When it was issued last, and the distance from the time before.
  private var last: Cycle = 0
  private(set) var period: Cycle = 0
  /// How often that distance has come again.
  private var repeats = 0
  /// Other reads since.
  private var others = 0
  /// Nothing can be gained before this cycle.
  private var rests: Cycle = 0
  /// Loops that turned out to be others than they looked: not asked about for a while.
  private var refusals = InlineArray<16, Refusal>(repeating: Refusal())

  private struct Refusal {
    var pc: Address = 0
    var wait: UInt32 = 0
    var longest: UInt32 = 0
  }

  /// The loop is worth a closer look.
  var isRipe = false
  /// Accesses are kept in `recorded`.
  private(set) var isRecording = false
  var recorded: [BusAccess] = []
  /// Rounds that were passed over since the machine was built or loaded.
  private(set) var skippedRounds: UInt64 = 0

  /// Equal distances before a loop is looked at; what is remembered of the pipeline is of that many rounds then.
  private static let enough = 6
  /// Reads of a round at most.
  private static let mostReads = 8
  private static let longestWait: UInt32 = 1 << 14

  /// The instruction at `pc`, which leaves ID at `cycle`, reads `source`.
  @inline(__always)
  mutating func note(_ pc: Address, _ source: Address, at cycle: Cycle) {
    guard pc == head.pc, source == head.source else {
      others &+= 1
      if others > Self.mostReads { restart((pc, source), at: cycle) }
      return
    }
    let passed = cycle &- last
    last = cycle
    others = 0
    guard passed == period else {
      period = passed
      repeats = 0
      return
    }
    repeats &+= 1
    if repeats >= Self.enough, cycle >= rests { ripen() }
  }

  private mutating func restart(_ head: (pc: Address, source: Address), at cycle: Cycle) {
    self.head = head
    last = cycle
    period = 0
    repeats = 0
    others = 0
  }

  @inline(never)
  private mutating func ripen() {
    let index = Int(head.pc >> 1 & 15)
    if refusals[index].pc == head.pc, refusals[index].wait > 0 {
      refusals[index].wait -= 1
    } else {
      isRipe = true
    }
  }

  /// The loop cannot be passed over.
  mutating func refuse() {
    repeats = 0
    let index = Int(head.pc >> 1 & 15)
    if refusals[index].pc != head.pc { refusals[index] = Refusal(pc: head.pc) }
    refusals[index].longest = min(2 &* refusals[index].longest &+ 8, Self.longestWait)
    refusals[index].wait = refusals[index].longest
  }

  /// Nothing can be gained before `cycle`.
  mutating func rest(until cycle: Cycle) { rests = cycle }

  /// The accesses of the next round are kept, until `endRecording`.
  mutating func beginRecording() {
    recorded.removeAll(keepingCapacity: true)
    isRecording = true
  }

  mutating func endRecording() { isRecording = false }

  /// So many rounds were passed over, in `cycles` cycles.
  mutating func skipped(_ rounds: UInt64, cycles: Cycle) {
    skippedRounds &+= rounds
    refusals[Int(head.pc >> 1 & 15)] = Refusal()
    last &+= cycles
  }
}
