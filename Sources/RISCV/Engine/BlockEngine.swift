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
    guard let data = memoryForBlocks(window: window) else { return false }

    // Every instruction takes at least a cycle, so a limit of instructions is a limit of cycles too. The slice keeps
    // the 32-bit counters of the loop from overflowing.
    let slice: Cycle = 1 << 30
    var end = min(limit, timing.avail + slice)
    if instructionLimit != .max { end = min(end, timing.avail + (instructionLimit - counters.instructions)) }
    var stretch = BlockStretch(window: window, region: region, data: data, end: end)
    let mayInterrupt = csrs.interruptEnable
    if mayInterrupt { stretch.lines = csrs.mie & bus.enabledLines }
    x[Int(TranslatedState.forbiddenOffset) / 4] = mayInterrupt ? 0 : BlockCSR.interruptEnable
    stretch.translator = translator.flatMap { Self.mayTranslate($0, data, region: window.region) ? $0 : nil }

    var started = false
    while true {
      guard let entry = block(at: pc, region: region, window: window) else { return started }
      if announcesNextIssue {
        // Nothing is under way, and nothing comes before it: the first instruction leaves ID at once.
        guard timing.avail &+ 2 <= stretch.deadline(queue) else { return started }
        announce(at: timing.avail)
      }
      var run = BlockRun(block: entry, now: timing.avail)
      var outcome = execute(&run, &stretch)
      while true {
        if outcome != .exact || run.instructionsAndLoads != 0 { started = true }
        let ran = settle(&run, outcome, stretch)
        if let ran, !run.isStopped(outcome, before: stretch.end) { return started || ran }
        guard outcome == .exact else { break }
        let passage = passEvent(&run, stretch, until: limit)
        if passage == .needsExactEngine { return true }
        if passage == .blockEnds { break }
        outcome = runCarefully(&run, stretch)
      }
    }
  }

  /// Runs blocks from the head of `run.block` on: machine code or the block engine, or one block up to the instruction
  /// that comes too close to an event.
  @inline(__always)
  private func execute(_ run: inout BlockRun, _ stretch: inout BlockStretch) -> BlockOutcome {
    let deadline = stretch.deadline(queue)
    if let translator = stretch.translator {
      if let outcome = runTranslated(translator, &run, &stretch, deadline: deadline) { return outcome }
      #if !DEBUG
        if blocks.infos[Int(run.block.pointee.number)].body == 0,
          run.now &+ Cycle(run.block.pointee.immediate) <= deadline
        {
          return Self.loop(
            &run, x: x, exits: blocks.exits, table: stretch.table, codeBase: stretch.window.base,
            codeSize: stretch.window.size, data: stretch.data, deadline: deadline,
            divisions: configuration.cycleModel ? .max : 0, infos: blocks.infos,
            threshold: configuration.translationThreshold)
        }
      #endif
    } else if run.now &+ Cycle(run.block.pointee.immediate) <= deadline {
      return Self.loop(
        &run, x: x, exits: blocks.exits, table: stretch.table, codeBase: stretch.window.base,
        codeSize: stretch.window.size, data: stretch.data, deadline: deadline,
        divisions: configuration.cycleModel ? .max : 0)
    }
    return runCarefully(&run, stretch)
  }

  /// Interprets from `run.place` on, up to the instruction that comes too close to what is due next.
  private func runCarefully(_ run: inout BlockRun, _ stretch: BlockStretch) -> BlockOutcome {
    run.cameTooClose = false
    return Self.loopCarefully(
      &run, x: x, exits: blocks.exits, table: stretch.table, codeBase: stretch.window.base,
      codeSize: stretch.window.size, data: stretch.data, deadline: stretch.deadline(queue),
      divisions: configuration.cycleModel ? .max : 0)
  }

  /// The block that begins at `pc`, translated if need be.
  @inline(__always)
  func block(at pc: Address, region: CodeRegion, window: MemoryWindow) -> UnsafeMutablePointer<MicroOp>? {
    if let entry = region.blocks[region.index(pc)] { return entry }
    blocks.reserve(2 * BlockTranslator.longest + 32)
    var translator = BlockTranslator(hart: self, region: region, window: window, start: pc)
    return translator.translate()
  }

  /// Books what a run did. nil if another block may follow, else whether instructions ran beyond those that it counts.
  @inline(__always)
  private func settle(_ run: inout BlockRun, _ outcome: BlockOutcome, _ stretch: BlockStretch) -> Bool? {
    let start = run.start
    counters.instructions &+= run.instructionsAndLoads & 0xFFFF_FFFF
    counters.loads &+= run.instructionsAndLoads >> 32
    counters.stores &+= run.stores & 0xFFFF_FFFF
    counters.storesNotThroughSP &+= run.stores >> 32
    switch outcome {
    case .deadline:
      rememberChain(run, before: run.now)
      timing = PipelineTiming(cleanAt: run.now)
      pc = run.pc
      return nil
    case .unknownTarget:
      if let exit = run.lastExit?.pointee, exit.isIdle {
        goRound(exit, &run, deadline: stretch.deadline(queue))
      }
      rememberEnd(run, since: start)
      timing = PipelineTiming(cleanAt: run.now)
      pc = run.pc
      if !stretch.window.contains(pc) { return true }
      // A jump to a straddling instruction costs one cycle more; the chain adds it where the block is known.
      if run.jumped, configuration.cycleModel, straddles(pc) { timing.avail += 1 }
      return timing.avail >= stretch.end ? true : nil
    case .exact:
      if run.lastDivision != 0, !hasDivision(run) { run.lastDivision = 0 }
      run.atHead = BlockCounts(counters)
      rememberChain(run, before: run.now &- run.lastDivision)
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

  /// True if the last division that ran belongs to the block in which the run has stopped.
  private func hasDivision(_ run: BlockRun) -> Bool {
    var op = blocks.infos[run.number].entry + 1
    while op.pointee.isInstruction, op.pointee.position < run.index {
      switch op.pointee.code {
      case .div, .divu, .rem, .remu: return true
      default: op += 1
      }
    }
    return false
  }

  /// Notes the block before the one at `run.blockPC`, if there was one. `head`: when that one was entered, as it is noted.
  private func rememberChain(_ run: BlockRun, before head: Cycle) {
    guard run.instructionsAndLoads != 0, let exit = run.lastExit?.pointee else { return }
    let jumped = exit.target & 1 == 0
    history.restart(nil)
    // Only the time to the present matters, so the divisions of both blocks may lie before them.
    history.append(
      block: exit.block, instructions: Int(exit.instructionsAndLoads & 0xFFFF_FFFF), next: run.blockPC,
      isTaken: jumped, divisions: 0, at: head &- Cycle(exit.cycles) &- (jumped && run.blockStraddles ? 1 : 0))
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

/// What stays the same while blocks run one after the other.
struct BlockStretch {
  let window: MemoryWindow
  unowned(unsafe) let region: CodeRegion
  let data: BlockMemory
  /// The cycle of the limit that ends it; events come and go.
  let end: Cycle
  /// Interrupt lines that the core would notice.
  var lines: UInt32 = 0
  unowned(unsafe) var translator: Translator?
  /// An exit of machine code that led to the block at `pc`.
  var leftThrough: Int?

  init(window: MemoryWindow, region: CodeRegion, data: BlockMemory, end: Cycle) {
    self.window = window
    self.region = region
    self.data = data
    self.end = end
  }

  /// The first cycle that blocks may not reach.
  @inline(__always)
  func deadline(_ queue: EventQueue) -> Cycle { min(end, queue.nextNoticed(through: lines)) }

  /// The blocks of the window, by halfword.
  var table: UnsafeMutablePointer<UnsafeMutablePointer<MicroOp>?> { region.blocks + region.index(window.base) }
}

/// The counters that blocks move.
struct BlockCounts {
  var instructions: UInt64 = 0
  var loads: UInt64 = 0
  var stores: UInt64 = 0
  var storesNotThroughSP: UInt64 = 0

  init() {}

  init(_ counters: HartCounters) {
    instructions = counters.instructions
    loads = counters.loads
    stores = counters.stores
    storesNotThroughSP = counters.storesNotThroughSP
  }
}

/// What the hot loop starts from and leaves behind. In order of size: copies of small fields that are read as one large
/// one cost the host dearly.
struct BlockRun {
  /// The block under way.
  var block: UnsafeMutablePointer<MicroOp>
  /// Where in it execution goes on; for a run that came too close to the deadline, the operation that did.
  var place: UnsafeMutablePointer<MicroOp>
  /// The exit through which the block before was left, if any was.
  var lastExit: UnsafeMutablePointer<BlockExit>?
  /// The cycle in which the first block was entered.
  var start: Cycle
  /// The cycle in which the block under way was entered; divisions in it are added as they run.
  var now: Cycle
  /// The counters at its head, if it was left in its middle.
  var atHead = BlockCounts()
  /// What the last division took beyond the shortest one.
  var lastDivision: Cycle = 0
  var instructionsAndLoads: UInt64 = 0
  var stores: UInt64 = 0
  var index = 0
  /// Number of the block under way.
  var number = 0
  var pc: Address = 0
  var blockPC: Address = 0
  /// The second range of `BlockMemory`.
  var secondOffset: UInt32 = 0
  var secondSize: UInt32 = 0
  /// The unknown target was reached by a jump.
  var jumped = false
  /// The block begins with a straddling instruction.
  var blockStraddles = false
  var cameTooClose = false

  init(block: UnsafeMutablePointer<MicroOp>, now: Cycle) {
    self.block = block
    place = block
    start = now
    self.now = now
  }

  /// True if an event that is due stopped the block, well before the end of the stretch.
  func isStopped(_ outcome: BlockOutcome, before end: Cycle) -> Bool {
    outcome == .exact && cameTooClose && now &+ Cycle(place.pointee.issue) &+ 2 <= end
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
