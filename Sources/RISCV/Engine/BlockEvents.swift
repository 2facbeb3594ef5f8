// Events among the instructions of a block.
//
// The exact engine executes the one instruction around which something is due, with all its rules. Nearly always that is
// a timer or a reference clock that the core never notices: then every constant of the block still holds, and the block
// goes on behind it. Anything that the core may notice ends the stretch of blocks.

import HardwareModel

extension Hart {
  /// How things go on behind an instruction that the exact engine has executed in a block's stead.
  enum Passage {
    /// `BlockRun.place` can be executed next.
    case goesOn
    /// Control has left the block, with nothing under way: a block may begin at `pc`.
    case blockEnds
    case needsExactEngine
  }

  /// Executes the instruction at `run.place`, up to which everything is booked, with all that is due before, and those
  /// behind it while more is due at once: one event often leads to another.
  func passEvent(_ run: inout BlockRun, _ stretch: BlockStretch, until limit: Cycle) -> Passage {
    let traps = counters.interrupts &+ counters.exceptions
    repeat {
      let operation = run.place.pointee
      let instruction = fetch(pc)
      let next = pc &+ UInt32(instruction.length)
      if instruction.timing == .divide, configuration.cycleModel {
        run.lastDivision = occupancy(of: instruction) - PipelineTiming.shortestDivision
        run.now &+= run.lastDivision
      }
      guard step(instruction, until: limit) == nil, usesBlocks, stop == nil, !pauses, !stepper.isActive,
        contentionFrom == nil,
        counters.interrupts &+ counters.exceptions == traps, mayGoOn(stretch)
      else { return .needsExactEngine }
      switch operation.code {
      case .jump, .jumpRegister: return endOfBlock(stretch)
      case .beq, .bne, .blt, .bge, .bltu, .bgeu:
        if pc != next { return endOfBlock(stretch) }
      default: break
      }
      run.place += 1
    } while stretch.deadline(queue) <= timing.avail &+ 4 && run.place.pointee.isInstruction
      && timing.avail &+ 8 <= stretch.end
    guard stretch.region.blocks[stretch.region.index(run.blockPC)] == run.block else { return .needsExactEngine }
    // The end of the block books all of it, and so does the next event.
    counters.instructions = run.atHead.instructions
    counters.loads = run.atHead.loads
    counters.stores = run.atHead.stores
    counters.storesNotThroughSP = run.atHead.storesNotThroughSP
    run.instructionsAndLoads = 0
    run.stores = 0
    run.lastExit = nil
    run.start = run.now
    history.restart(nil)
    return .goesOn
  }

  private func endOfBlock(_ stretch: BlockStretch) -> Passage {
    timing.isClean && stretch.window.contains(pc) ? .blockEnds : .needsExactEngine
  }

  /// True if blocks may still touch what they might when the stretch began.
  private func mayGoOn(_ stretch: BlockStretch) -> Bool {
    guard let data = memoryForBlocks(window: stretch.window), data == stretch.data else { return false }
    guard let translator = stretch.translator else { return true }
    return translator.accepts(data, region: stretch.window.region)
  }
}
