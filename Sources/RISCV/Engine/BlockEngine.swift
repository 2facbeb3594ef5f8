// The fast engine: runs translated blocks while nothing but straight computation is in sight.
//
// The hot loop keeps everything in locals: the operation pointer, the cycle in which the present block was entered, and
// two packed counters. It returns whenever something needs the exact engine: a deadline (event or limit) inside the next
// block, an access that is split, on the bus, or to a line that holds code, or an instruction that the translator left
// out. What the pipeline looked like there is found by replaying the timing model from the block's head.

import HardwareModel

extension Hart {
  /// Runs blocks from the present pc until something needs the exact engine. False if not one instruction ran.
  func runBlocks(until limit: Cycle, instructionLimit: UInt64) -> Bool {
    let window: MemoryWindow
    if let known = fetchWindow, known.contains(pc) {
      window = known
    } else {
      _ = fetch(pc)
      guard let found = fetchWindow, found.contains(pc) else { return false }
      window = found
    }
    guard window.base == window.canonical, let region = window.code else { return false }
    // Where fetches may be late at any time, no block has constant cycles.
    if window.region >= 0, let interconnect,
      interconnect.contendedFetches >> RegionSet(window.region & 7) & 1 != 0
    {
      return false
    }
    guard let data = memoryForBlocks(codeRegion: window.region) else { return false }

    // Every instruction takes at least a cycle, so a limit of instructions is a limit of cycles too. The slice keeps
    // the 32-bit counters of the loop from overflowing.
    let slice: Cycle = 1 << 30
    var deadline = min(limit, queue.next, timing.avail + slice)
    if instructionLimit != .max {
      let left = instructionLimit - counters.instructions
      deadline = min(deadline, timing.avail + left)
    }

    if let translator, Self.mayTranslate(translator, data, region: window.region) {
      return runTranslated(translator, window: window, region: region, data: data, deadline: deadline)
    }
    var started = false
    while true {
      guard let entry = block(at: pc, region: region, window: window) else { return started }
      let start = timing.avail
      var run = BlockRun(block: entry, now: start)
      let outcome = Self.loop(
        &run, x: x, exits: blocks.exits, table: region.blocks + region.index(window.base), codeBase: window.base,
        codeSize: window.size, data: data, deadline: deadline,
        divisions: configuration.cycleModel ? .max : 0)
      started = started || run.instructionsAndLoads != 0
      if let end = settle(run, outcome, since: start, window: window, deadline: deadline) { return started || end }
    }
  }

  /// The block that begins at `pc`, translated if need be.
  @inline(__always)
  func block(at pc: Address, region: CodeRegion, window: MemoryWindow) -> UnsafeMutablePointer<MicroOp>? {
    if let entry = region.blocks[region.index(pc)] { return entry }
    blocks.reserve(2 * BlockTranslator.longest + 32)
    var translator = BlockTranslator(hart: self, region: region, window: window, start: pc)
    return translator.translate()
  }

  /// Books what a run did that entered its first block in cycle `start`. nil if another block may follow, else whether
  /// instructions ran beyond those that the run counts.
  @inline(__always)
  func settle(
    _ run: BlockRun, _ outcome: BlockOutcome, since start: Cycle, window: MemoryWindow, deadline: Cycle
  ) -> Bool? {
    var run = run
    counters.instructions &+= run.instructionsAndLoads & 0xFFFF_FFFF
    counters.loads &+= run.instructionsAndLoads >> 32
    counters.stores &+= run.stores & 0xFFFF_FFFF
    counters.storesNotThroughSP &+= run.stores >> 32
    switch outcome {
    case .deadline:
      rememberChain(run)
      timing = PipelineTiming(cleanAt: run.now)
      pc = run.pc
      return false
    case .unknownTarget:
      if let exit = run.lastExit?.pointee, exit.isIdle { goRound(exit, &run, deadline: deadline) }
      rememberEnd(run, since: start)
      timing = PipelineTiming(cleanAt: run.now)
      pc = run.pc
      if !window.contains(pc) { return true }
      // A jump to a straddling instruction costs one cycle more; the chain adds it where the block is known.
      if run.jumped, configuration.cycleModel, straddles(pc) { timing.avail += 1 }
      return timing.avail >= deadline ? true : nil
    case .exact:
      rememberChain(run)
      let replayed =
        resume(run) || replay(from: run.blockPC, count: run.index, at: run.now, lastDivision: run.lastDivision)
      let isFirst = run.instructionsAndLoads == 0
      history.append(
        block: run.blockPC, instructions: run.index, next: pc, address: lastAddress,
        divisions: isFirst ? run.now &- start : run.lastDivision,
        at: isFirst ? start : run.now &- run.lastDivision)
      lastAddress = nil
      return replayed
    }
  }

  /// The core goes round in a loop that changes nothing: lets it do so as often as it can before the deadline, all at once.
  private func goRound(_ exit: BlockExit, _ run: inout BlockRun, deadline: Cycle) {
    let straddle: Cycle = configuration.cycleModel && straddles(exit.block) ? 1 : 0
    let round = Cycle(exit.cycles) + straddle
    let longest = Cycle(exit.longest)
    guard round > 0, run.now + straddle + longest < deadline else { return }
    let times = (deadline - run.now - straddle - longest) / round
    run.now += times * round
    run.instructionsAndLoads = .max
    counters.instructions &+= times &* (exit.instructionsAndLoads & 0xFFFF_FFFF)
    counters.loads &+= times &* (exit.instructionsAndLoads >> 32)
  }

  /// Notes the block before the one at `run.blockPC`, if there was one.
  private func rememberChain(_ run: BlockRun) {
    guard run.instructionsAndLoads != 0, let exit = run.lastExit?.pointee else { return }
    let jumped = exit.target & 1 == 0
    history.restart(nil)
    // Only the time to the present matters, so the divisions of both blocks may lie before them.
    history.append(
      block: exit.block, instructions: Int(exit.instructionsAndLoads & 0xFFFF_FFFF), next: run.blockPC,
      isTaken: jumped, divisions: 0, at: run.now &- Cycle(exit.cycles) &- (jumped && run.blockStraddles ? 1 : 0))
  }

  /// Notes the block at `run.blockPC`, which was left through its last exit.
  private func rememberEnd(_ run: BlockRun, since start: Cycle) {
    guard let exit = run.lastExit?.pointee else { return }
    let isFirst = run.instructionsAndLoads == exit.instructionsAndLoads
    let shifted = run.now &- Cycle(exit.cycles)
    if !isFirst { history.restart(nil) }
    history.append(
      block: run.blockPC, instructions: Int(exit.instructionsAndLoads & 0xFFFF_FFFF), next: run.pc,
      isTaken: run.jumped, divisions: isFirst ? shifted &- start : 0, at: isFirst ? start : shifted)
  }

  /// The same as `replay` for a run that has come to the end of its block; false if it has not.
  private func resume(_ run: BlockRun) -> Bool {
    let leave = blocks.leaves[run.number]
    guard leave.position == run.index, leave.position > 0, run.lastDivision == 0, configuration.cycleModel else {
      return false
    }
    timing = leave.timing.moved(by: run.now &- BlockTranslator.origin)
    pc = leave.pc
    counters.instructions += leave.instructions
    counters.loads += leave.loads
    counters.stores += leave.stores
    counters.storesNotThroughSP += leave.storesNotThroughSP
    let last = leave.last
    lastAddress = nil
    if last.timing == .store || last.timing == .load && last.rd != last.rs1 {
      lastAddress = x[Int(last.rs1)] &+ last.immediate
    }
    return true
  }

  /// Brings timing, pc and counters to what they are after `count` instructions of the block at `start`, which was
  /// entered at `cycle` (with what its divisions took added). Their registers and memory are written already.
  /// `lastDivision`: what the last of them took; it may still be under way.
  func replay(from start: Address, count: Int, at cycle: Cycle, lastDivision: Cycle) -> Bool {
    var place = start
    var divisions = 0
    if lastDivision > 0 {
      for _ in 0..<count {
        let instruction = fetch(place)
        if instruction.timing == .divide { divisions += 1 }
        place = place &+ (instruction.timing == .jump ? instruction.immediate : UInt32(instruction.length))
      }
      place = start
    }
    timing = PipelineTiming(cleanAt: cycle &- lastDivision)
    for _ in 0..<count {
      let instruction = fetch(place)
      let next = place &+ UInt32(instruction.length)
      counters.instructions += 1
      if instruction.timing == .load { counters.loads += 1 }
      if instruction.timing == .store {
        counters.stores += 1
        if instruction.rs1 != 2 { counters.storesNotThroughSP += 1 }
      }
      lastAddress = nil
      if instruction.timing == .store || instruction.timing == .load && instruction.rd != instruction.rs1 {
        lastAddress = x[Int(instruction.rs1)] &+ instruction.immediate
      }
      let target = instruction.timing == .jump ? place &+ instruction.immediate : next
      if instruction.timing == .divide, lastDivision > 0 {
        divisions -= 1
        timing.finishArithmetic(
          instruction, t: timing.issue(instruction).t,
          occupancy: PipelineTiming.shortestDivision + (divisions == 0 ? lastDivision : 0))
      } else if configuration.cycleModel {
        timing.finishInBlock(
          instruction, timing.issue(instruction),
          straddles: instruction.timing == .jump && straddles(target))
      } else {
        timing.avail += 1
      }
      place = target
    }
    pc = place
    return count > 0
  }
}

/// What the hot loop starts from and leaves behind.
struct BlockRun {
  /// The block under way.
  var block: UnsafeMutablePointer<MicroOp>
  /// The cycle in which it was entered; divisions in it are added as they run.
  var now: Cycle
  var instructionsAndLoads: UInt64 = 0
  var stores: UInt64 = 0
  var pc: Address = 0
  var blockPC: Address = 0
  var index = 0
  /// Number of the block under way.
  var number = 0
  /// What the last division of a carefully run block took beyond the shortest one.
  var lastDivision: Cycle = 0
  /// The unknown target was reached by a jump.
  var jumped = false
  /// The block begins with a straddling instruction.
  var blockStraddles = false
  /// The exit through which the block before was left, if any was.
  var lastExit: UnsafeMutablePointer<BlockExit>?
  /// The second range of `BlockMemory`.
  var secondOffset: UInt32 = 0
  var secondSize: UInt32 = 0

  init(block: UnsafeMutablePointer<MicroOp>, now: Cycle) {
    self.block = block
    self.now = now
  }
}

enum BlockOutcome {
  /// The block at `pc` does not fit before the deadline.
  case deadline
  /// No block is known at `pc`.
  case unknownTarget
  /// The instruction `index` of the block at `blockPC` needs the exact engine.
  case exact
}
