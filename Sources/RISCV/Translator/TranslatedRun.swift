// The run loop of the third tier: machine code where it has been made, one interpreted block at a time elsewhere.
//
// A block without machine code, or one that may not end before the deadline, is interpreted (`loopCarefully`), the latter up
// to the very instruction that comes too close to it; the exact engine goes on there.

import HardwareModel

extension Hart {
  /// True if machine code may run with this data memory; may prepare the translator for it.
  static func mayTranslate(_ translator: Translator, _ data: BlockMemory, region: Int) -> Bool {
    if translator.accepts(data, region: region) { return true }
    translator.adopt(data, region: region)
    return translator.accepts(data, region: region)
  }

  /// Runs machine code from the head of `run.block` on; nil if there is none, or the block may not end before the deadline.
  @inline(__always)
  func runTranslated(
    _ translator: Translator, _ run: inout BlockRun, _ stretch: inout BlockStretch, deadline: Cycle
  ) -> BlockOutcome? {
    let head = run.block.pointee
    let number = Int(head.number)
    let exit = stretch.leftThrough
    stretch.leftThrough = nil
    var body = blocks.infos[number].body
    if body == 0 {
      #if DEBUG
        blocks.infos[number].runs &+= 1
      #endif
      guard blocks.infos[number].runs >= configuration.translationThreshold else { return nil }
      guard translator.translate(number, region: stretch.region, window: stretch.window) else {
        // Not now: it is interpreted as often once more.
        blocks.infos[number].runs = 0
        return nil
      }
      body = blocks.infos[number].body
    }
    guard run.now &+ Cycle(head.immediate) <= deadline else { return nil }
    if let exit { translator.link(exit, to: number) }
    let budget = UInt32(truncatingIfNeeded: deadline &- run.now)
    translator.run(body, longest: head.immediate, x: x, budget: budget, memory: stretch.data)
    var outcome = BlockOutcome.exact
    stretch.leftThrough = collect(translator, &run, &outcome, deadline: deadline)
    return outcome
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
      if configuration.cycleModel {
        run.lastDivision = Cycle(word(TranslatedState.beforeDivisionOffset) &- budget)
      }
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
