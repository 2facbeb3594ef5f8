// The run loop of the third tier: machine code where it has been made, one interpreted block at a time elsewhere.
//
// A block without machine code, or one that may not end before the deadline, is interpreted (`loopOnce`), the latter up
// to the very instruction that comes too close to it; the exact engine goes on there.

import HardwareModel

extension Hart {
  /// True if machine code may run with this data memory; may prepare the translator for it.
  static func mayTranslate(_ translator: Translator, _ data: BlockMemory, region: Int) -> Bool {
    if translator.accepts(data, region: region) { return true }
    translator.adopt(data, region: region)
    return translator.accepts(data, region: region)
  }

  /// Runs blocks until something needs the exact engine. False if not one instruction ran.
  func runTranslated(
    _ translator: Translator, window: MemoryWindow, region: CodeRegion, data: BlockMemory, deadline: Cycle
  ) -> Bool {
    let divisions: Cycle = configuration.cycleModel ? .max : 0
    let table = region.blocks + region.index(window.base)
    var started = false
    /// An exit of machine code that led to the block at `pc`.
    var from: Int?
    while true {
      guard let entry = block(at: pc, region: region, window: window) else { return started }
      let start = timing.avail
      let number = Int(entry.pointee.number)
      let longest = entry.pointee.immediate
      var run = BlockRun(block: entry, now: start)
      var outcome = BlockOutcome.exact
      let left = deadline > start ? deadline - start : 0
      var body = blocks.infos[number].body
      if body == 0 {
        blocks.infos[number].runs &+= 1
        if blocks.infos[number].runs >= configuration.translationThreshold,
          translator.translate(number, region: region, window: window)
        {
          body = blocks.infos[number].body
        }
      }
      if body != 0, left >= Cycle(longest) {
        if let exit = from { translator.link(exit, to: number) }
        translator.run(body, longest: longest, x: x, budget: UInt32(truncatingIfNeeded: left), memory: data)
        from = collect(translator, &run, &outcome, deadline: deadline)
      } else {
        from = nil
        outcome = Self.loopOnce(
          &run, x: x, exits: blocks.exits, table: table, codeBase: window.base, codeSize: window.size, data: data,
          deadline: deadline, divisions: divisions)
      }
      started = started || run.instructionsAndLoads != 0
      if let end = settle(run, outcome, since: start, window: window, deadline: deadline) { return started || end }
    }
  }

  /// Reads what machine code has left behind. Returns the exit through which it was left, if it can be linked.
  private func collect(
    _ translator: Translator, _ run: inout BlockRun, _ outcome: inout BlockOutcome, deadline: Cycle
  ) -> Int? {
    func word(_ offset: Int32) -> UInt32 { x[Int(offset) / 4] }
    let counts = TranslatedState.countsOffset
    run.instructionsAndLoads = UInt64(word(counts)) | UInt64(word(counts + 4)) << 32
    run.stores = UInt64(word(counts + 8)) | UInt64(word(counts + 12)) << 32
    let record = word(TranslatedState.recordOffset)
    let last = word(TranslatedState.lastExitOffset)
    if last != TranslatedState.noExit { run.lastExit = blocks.exits + Int(last) }
    let budget = word(TranslatedState.budgetOffset)
    if TranslatedState.isLeave(record) {
      run.number = TranslatedState.block(record)
      let head = blocks.infos[run.number].entry.pointee
      run.now = deadline &- Cycle(budget &+ head.immediate)
      run.blockPC = head.aux
      run.blockStraddles = head.index != 0
      run.index = TranslatedState.index(record)
      outcome = .exact
      return nil
    }
    let exit = Int(record)
    let target = blocks.exits[exit].target
    run.now =
      deadline &- Cycle(bitPattern: Int64(Int32(bitPattern: budget &+ translator.correction(exit))))
    run.blockPC = blocks.exits[exit].block
    run.jumped = target & 1 == 0
    outcome = .unknownTarget
    if blocks.exits[exit].isIndirect {
      run.pc = word(TranslatedState.targetOffset)
      return nil
    }
    run.pc = target & ~1
    return exit
  }
}
