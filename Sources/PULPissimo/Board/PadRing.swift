// The GPIO pins between the chip and the board: who drives them, and what the inputs see.
//
// A pin that the chip drives reads back its own level, as the pad cells do; another one has the level of the wire or
// the stimulus, 0 without either. A pad whose multiplexer selects an output of the advanced timer is driven by that. Left
// out: pulls, drive strength, and the multiplexer's other functions, which take pins away from the GPIO block.

import HardwareModel
import Peripherals

/// The levels of the GPIO pins.
public final class PadRing {
  /// The levels at the inputs change in the given cycle.
  var onInputs: ((_ levels: UInt32, Cycle) -> Void)?
  /// The levels of the pins change, for whoever records them.
  public var onLevels: ((_ levels: UInt32, Cycle) -> Void)?

  private let queue: EventQueue
  private var slot: EventQueue.Slot?
  private let wires: [BoardDescription.Wire]
  private let stimuli: [BoardDescription.Stimulus]
  private var nextStimulus = 0
  private var outputs: [(cycle: Cycle, levels: UInt32, drivers: UInt32)] = []
  private var driven: (levels: UInt32, drivers: UInt32) = (0, 0)
  private var outside: UInt32 = 0
  /// By pad: the output of the advanced timer (4 x timer + channel) that drives it.
  private var timerPads: [UInt8?] = Array(repeating: nil, count: 32)
  private var timerOutputs: UInt16 = 0
  /// The levels of all pins.
  public private(set) var levels: UInt32 = 0

  init(queue: EventQueue, wires: [BoardDescription.Wire], stimuli: [BoardDescription.Stimulus]) {
    self.queue = queue
    self.wires = wires.filter { (0..<32).contains($0.from) && (0..<32).contains($0.to) }
    self.stimuli = stimuli.filter { (0..<32).contains($0.pin) }.sorted { $0.cycle < $1.cycle }
    slot = queue.register("Pads") { [unowned self] cycle in step(cycle) }
    if let first = self.stimuli.first, let slot { queue.schedule(slot, at: first.cycle) }
  }

  /// True if a stimulus is still to come.
  public var hasStimuli: Bool { nextStimulus < stimuli.count }

  /// The chip drives its pins from `cycle` on.
  func drive(_ levels: UInt32, drivers: UInt32, from cycle: Cycle) {
    outputs.append((cycle, levels, drivers))
    wake(at: cycle)
  }

  // MARK: Advanced timer

  /// True if a pad is driven by the advanced timer.
  var hasTimerPads: Bool { timerPads.contains { $0 != nil } }

  /// The multiplexer of `pad` selects an output of the advanced timer, or no longer does (nil), from `cycle` on.
  func select(timerOutput: UInt8?, for pad: Int, from cycle: Cycle) {
    guard timerPads.indices.contains(pad), timerPads[pad] != timerOutput else { return }
    timerPads[pad] = timerOutput
    wake(at: cycle)
  }

  /// The advanced timer's outputs from `cycle` on.
  func setTimerOutputs(_ outputs: UInt16, from cycle: Cycle) {
    guard outputs != timerOutputs else { return }
    timerOutputs = outputs
    if hasTimerPads { wake(at: cycle) }
  }

  private func wake(at cycle: Cycle) {
    guard let slot else { return }
    queue.schedule(slot, at: min(queue.dueCycle(of: slot), cycle))
  }

  private func step(_ cycle: Cycle) {
    while let first = outputs.first, first.cycle <= cycle {
      driven = (first.levels, first.drivers)
      outputs.removeFirst()
    }
    while nextStimulus < stimuli.count, stimuli[nextStimulus].cycle <= cycle {
      let stimulus = stimuli[nextStimulus]
      let bit = UInt32(1) << UInt32(stimulus.pin)
      outside = stimulus.level ? outside | bit : outside & ~bit
      nextStimulus += 1
    }
    let new = resolved()
    if new != levels {
      levels = new
      onInputs?(new, cycle)
      onLevels?(new, cycle)
    }
    guard let slot else { return }
    let due = min(outputs.first?.cycle ?? .never, hasStimuli ? stimuli[nextStimulus].cycle : .never)
    if due < queue.dueCycle(of: slot) { queue.schedule(slot, at: due) }
  }

  /// Levels and drivers of the chip: GPIO, and where the multiplexer says so the advanced timer.
  private var chip: (levels: UInt32, drivers: UInt32) {
    var (levels, drivers) = driven
    for (pad, output) in timerPads.enumerated() {
      guard let output else { continue }
      let bit = UInt32(1) << UInt32(pad)
      drivers |= bit
      levels = timerOutputs >> UInt16(output & 15) & 1 != 0 ? levels | bit : levels & ~bit
    }
    return (levels, drivers)
  }

  private func resolved() -> UInt32 {
    let driven = chip
    var level = driven.levels & driven.drivers | outside & ~driven.drivers
    // A wire may lead on to another one.
    for _ in 0...wires.count {
      let before = level
      for wire in wires where driven.drivers >> UInt32(wire.to) & 1 == 0 {
        let bit = UInt32(1) << UInt32(wire.to)
        level = level >> UInt32(wire.from) & 1 != 0 ? level | bit : level & ~bit
      }
      if level == before { break }
    }
    return level
  }
}

extension PadRing: Stateful {
  public func visitState(_ archive: StateArchive) {
    archive.omits("onInputs", "onLevels", "queue", "slot", "wires", "stimuli")
    archive.visit("nextStimulus", &nextStimulus, in: 0...stimuli.count)
    archive.elements("outputs", &outputs, most: 1 << 16, new: (0, 0, 0)) {
      archive.visit("cycle", cycle: &$0.cycle)
      archive.visit("levels", &$0.levels)
      archive.visit("drivers", &$0.drivers)
    }
    archive.visit("driven", &driven.levels)
    archive.visit("driven", &driven.drivers)
    archive.visit("outside", &outside)
    for pad in timerPads.indices { archive.visit("timerPads", &timerPads[pad]) }
    archive.visit("timerOutputs", &timerOutputs)
    archive.visit("levels", &levels)
  }
}
