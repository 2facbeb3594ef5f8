// What the block engine executes: micro-operations with all operands resolved, and the exits of their blocks.

import HardwareModel

/// Kind of a micro-operation.
enum MicroCode: UInt8 {
  /// Head of a block: checks that the whole block fits before the next deadline.
  case enter
  /// Leaves to the exact engine before this instruction.
  case leave
  /// Goes on at the exit's target without a jump.
  case fallThrough
  /// rd <- immediate (LUI, AUIPC, link of a JAL that the block follows).
  case constant
  case move
  case addi, slti, sltiu, xori, ori, andi, slli, srli, srai
  case add, sub, sll, slt, sltu, xor, srl, sra, or, and
  case mul, mulh, mulhsu, mulhu, div, divu, rem, remu
  case lb, lh, lw, lbu, lhu
  case sb, sh, sw
  case beq, bne, blt, bge, bltu, bgeu
  case jump, jumpRegister
  /// An access to a CSR of `BlockCSR`, packed into the immediate.
  case csr
}

/// One micro-operation, 24 bytes.
struct MicroOp {
  /// What executes it in the threaded loop, perhaps together with its successor; known once the block is in its place.
  var handler: ThreadedHandler
  var code: MicroCode
  /// Register numbers; a destination x0 is 32, so that every write can be done blindly.
  var rd: UInt8 = 0
  var rs1: UInt8 = 0
  var rs2: UInt8 = 0
  var immediate: UInt32 = 0
  /// Branches and jumps: number of the exit. Loads, stores, `enter`, `leave`: the pc.
  var aux: UInt32 = 0
  /// Position of the instruction in its block. `enter`: 1 if the first instruction straddles two words. `jumpRegister`:
  /// the link, as a distance from the block's start; `rs2` is the position then.
  var index: UInt16 = 0
  /// T of the instruction from the block's head, divisions taking the shortest time.
  var issue: UInt16 = 0

  init(_ code: MicroCode) {
    self.code = code
    handler = ThreadedHandlers.unassigned
  }

  /// `enter`: the number of the block, in the fields of the registers.
  var number: UInt32 {
    get { UInt32(rd) | UInt32(rs1) << 8 | UInt32(rs2) << 16 }
    set {
      rd = UInt8(truncatingIfNeeded: newValue)
      rs1 = UInt8(truncatingIfNeeded: newValue >> 8)
      rs2 = UInt8(truncatingIfNeeded: newValue >> 16)
    }
  }

  /// False for what only frames a block.
  var isInstruction: Bool { code != .enter && code != .leave && code != .fallThrough }

  /// Position of the instruction in its block.
  @inline(__always)
  var position: Int { code == .jumpRegister ? Int(rs2) : Int(index) }
}

/// Where a block can be left, and what had happened by then.
struct BlockExit {
  /// The entry of the block at `target`, looked up at each use so that dropping a block unchains it.
  var slot: UnsafeMutablePointer<UnsafeMutablePointer<MicroOp>?>
  /// Bit 0: the block goes on there without a jump.
  var target: Address
  /// From the cycle in which the block was entered to the one in which the target can be in ID (without straddling).
  var cycles: UInt32
  /// Retired instructions in the low half, loads in the high half.
  var instructionsAndLoads: UInt64
  /// Stores in the low half, those not through sp in the high half.
  var stores: UInt64
  /// Where the block begins.
  var block: Address
  /// The exit leads back to the head of a block that has changed nothing and will do the same again: until something
  /// happens outside, the core goes round in circles.
  var isIdle = false
  /// A JALR: the target is known only when it runs.
  var isIndirect = false
  /// Cycles that the block may take.
  var longest: UInt32 = 0
}

/// What is known of a translated block as a whole.
struct BlockInfo {
  let entry: UnsafeMutablePointer<MicroOp>
  let opCount: Int32
  /// Times that it was interpreted from its head on, where there is a translator.
  var runs: UInt32 = 0
  /// Where its machine code is, if it has been made: for entering it with the budget taken care of.
  var body: UInt32 = 0
}

/// What a block that ends before an instruction for the exact engine has done there.
struct BlockLeave {
  /// Position of that instruction; -1: the block does not end so.
  var position = -1
  var pc: Address = 0
  /// The pipeline, entered by the block in cycle `BlockTranslator.origin`.
  var timing = PipelineTiming(cleanAt: 0)
  var instructions: UInt64 = 0
  var loads: UInt64 = 0
  var stores: UInt64 = 0
  var storesNotThroughSP: UInt64 = 0
  /// The instruction before.
  var last = Instruction()
}

/// All translated blocks of a hart.
final class BlockCache {
  // More than the code that fits into the chip's memories gives: a program that overflows them is decoded again and again, and never
  // becomes hot. What is not used of the room is never touched. (A block's number has 24 bits.)
  private static let capacity = 1 << 19
  private static let exitCapacity = 1 << 18

  let ops: UnsafeMutablePointer<MicroOp>
  let exits: UnsafeMutablePointer<BlockExit>
  private(set) var opCount = 0
  private(set) var exitCount = 0
  /// Where a chain ends: a slot that never holds a block.
  let emptySlot: UnsafeMutablePointer<UnsafeMutablePointer<MicroOp>?>

  private struct Placed {
    var number: Int
    var slot: UnsafeMutablePointer<UnsafeMutablePointer<MicroOp>?>
    unowned(unsafe) var region: CodeRegion
    /// Address ranges that the block was translated from.
    var ranges: [(start: Address, end: Address)]
  }
  private var placed: [Placed] = []
  /// By block number, which is in the block's `enter` operation.
  let infos: UnsafeMutablePointer<BlockInfo>
  /// By block number.
  let leaves: UnsafeMutablePointer<BlockLeave>
  private(set) var count = 0
  /// Told before blocks are dropped: their numbers, or nil for all of them.
  var onDrop: (([Int]?) -> Void)?

  init() {
    ops = .allocate(capacity: Self.capacity)
    exits = .allocate(capacity: Self.exitCapacity)
    infos = .allocate(capacity: Self.capacity)
    leaves = .allocate(capacity: Self.capacity)
    emptySlot = .allocate(capacity: 1)
    emptySlot.initialize(to: nil)
  }

  deinit {
    ops.deallocate()
    exits.deallocate()
    infos.deallocate()
    leaves.deallocate()
    emptySlot.deallocate()
  }

  /// Makes room for a block of at most `count` operations, by dropping all blocks if need be.
  func reserve(_ count: Int) {
    if opCount + count > Self.capacity || exitCount + count > Self.exitCapacity { dropAll() }
  }

  /// Puts a translated block in place and returns its entry.
  func place(
    _ block: [MicroOp], _ newExits: [BlockExit], slot: UnsafeMutablePointer<UnsafeMutablePointer<MicroOp>?>,
    region: CodeRegion, ranges: [(start: Address, end: Address)], leave: BlockLeave
  ) -> UnsafeMutablePointer<MicroOp> {
    let entry = ops + opCount
    let number = count
    for (index, op) in block.enumerated() { (entry + index).initialize(to: op) }
    ThreadedHandlers.assign(entry, count: block.count)
    for (index, exit) in newExits.enumerated() { (exits + exitCount + index).initialize(to: exit) }
    entry.pointee.number = UInt32(number)
    (infos + number).initialize(to: BlockInfo(entry: entry, opCount: Int32(block.count)))
    (leaves + number).initialize(to: leave)
    count += 1
    opCount += block.count
    exitCount += newExits.count
    slot.pointee = entry
    region.hasBlocks = true
    placed.append(Placed(number: number, slot: slot, region: region, ranges: ranges))
    return entry
  }

  /// Drops the blocks that were translated from any of `count` bytes at `address`.
  func drop(_ address: Address, _ count: Int, in region: CodeRegion) {
    let start = UInt64(address)
    let end = start + UInt64(count)
    var dropped: [Int] = []
    placed.removeAll { block in
      guard block.region === region,
        block.ranges.contains(where: { UInt64($0.start) < end && start < UInt64($0.end) })
      else { return false }
      block.slot.pointee = nil
      dropped.append(block.number)
      return true
    }
    if !dropped.isEmpty { onDrop?(dropped) }
  }

  func dropAll() {
    onDrop?(nil)
    count = 0
    for block in placed { block.slot.pointee = nil }
    placed.removeAll(keepingCapacity: true)
    opCount = 0
    exitCount = 0
  }
}
