// Loops that ask registers again and again are passed over, up to the round in which something may be different.
//
// A loop is taken when `PollWatch` has seen its read return at equal distances. The exact engine then executes two rounds.
// The first one tells by how much each register and each stored word differs from round to round. The second is followed
// instruction by instruction (`PollingRound`): from these differences alone, it must find the same differences at its end,
// without going by anything else that could be different in a round to come: then every further round does the same, until
// a branch goes the other way, a forecast of a read ends (`ReadForecast`), an event is due or a limit is reached. That many
// rounds are booked at once. One round before it the exact engine goes on, so what happens then is found as it always is.

import HardwareModel

extension Hart {
  /// Passes over rounds of the loop that `polls` suspects, if it is one that can be. Why the run ends, if it does meanwhile.
  func passPolls(until limit: Cycle, instructionLimit: UInt64) -> HartStop? {
    polls.isRipe = false
    guard mayPassPolls else {
      polls.refuse()
      return nil
    }
    let head = polls.head.pc
    var round = PollingRound(.walking)
    var end = execute(&round, to: head, until: limit, instructionLimit: instructionLimit)
    guard end == .arrived else { return finish(end) }
    // What follows is not worth it where the next event is close.
    let worth = 6 &* polls.period
    guard queue.next > timing.avail &+ worth, limit > timing.avail &+ worth else {
      polls.rest(until: min(queue.next, limit))
      return nil
    }
    let (first, registers) = (timing, registerValues)
    round.begin(.measuring)
    end = execute(&round, to: head, until: limit, instructionLimit: instructionLimit)
    guard end == .arrived else { return finish(end) }

    let (second, counted, due) = (timing, counters, queue.next)
    let period = second.avail &- first.avail
    round.measured(registers, registerValues, memoryWord)
    round.period = period
    polls.beginRecording()
    end = execute(&round, to: head, until: limit, instructionLimit: instructionLimit)
    polls.endRecording()
    guard end == .arrived else { return finish(end) }
    guard period > 0, timing.avail &- second.avail == period, queue.next == due,
      timing.stripped(movedBackBy: period) == second.stripped(movedBackBy: 0), round.isClosed
    else {
      polls.refuse()
      return nil
    }
    let retired = counters.instructions &- counted.instructions
    let ahead = min(due, limit, round.until)
    guard retired > 0, retired == round.retired, ahead > timing.avail else { return nil }
    let punctual = (ahead &- timing.avail) / period
    let times = min(punctual, round.bound, (instructionLimit &- counters.instructions) / retired)
    if times == punctual { polls.rest(until: ahead) }
    // The last rounds before anything may be different are executed.
    if times > Self.executedRounds { skip(times &- Self.executedRounds, round, since: counted) }
    return nil
  }

  private static let executedRounds: UInt64 = 3

  private var mayPassPolls: Bool {
    configuration.blockEngine && !configuration.alwaysStepped && instructionObserver == nil && asleepFrom == nil
      && !countsSlowEvents && !interruptThreatens && !announcesNextIssue
  }

  private func finish(_ end: PollingRound.End) -> HartStop? {
    if case .stop(let stop) = end { return stop }
    polls.refuse()
    return nil
  }

  private var registerValues: InlineArray<32, UInt32> { InlineArray { self.x[$0] } }

  private func memoryWord(_ address: Address) -> UInt32 {
    guard let index = dataWindowIndex(address) else { return 0 }
    return window(index).memory.word(window(index).canonical &+ (address &- window(index).base))
  }

  /// Executes instructions until the one at `head` is the next.
  private func execute(
    _ round: inout PollingRound, to head: Address, until limit: Cycle, instructionLimit: UInt64
  ) -> PollingRound.End {
    let traps = counters.interrupts &+ counters.exceptions
    var left = PollingRound.longest
    if round.phase == .walking, pc == head, outstanding.isEmpty { return .arrived }
    repeat {
      guard left > 0 else { return .refused }
      guard counters.instructions < instructionLimit, stop == nil, !pauses else { return .left }
      left -= 1
      let (instruction, place) = (fetch(pc), pc)
      guard round.begins(instruction, self) else { return .refused }
      if let stop = step(instruction, until: limit) { return .stop(stop) }
      guard !stepper.isActive, asleepFrom == nil, !interruptThreatens, !announcesNextIssue, contentionFrom == nil,
        counters.interrupts &+ counters.exceptions == traps
      else { return .left }
      guard round.ended(instruction, at: place, self) else { return .refused }
    } while pc != head
    return outstanding.isEmpty && stop == nil ? .arrived : .left
  }

  /// Books `times` rounds that are as the last one, in which the counters moved on from `before`.
  private func skip(_ times: UInt64, _ round: PollingRound, since before: HartCounters) {
    let cycles = times &* round.period
    for index in 1..<32 { x[index] &+= round.changes[index] &* UInt32(truncatingIfNeeded: times) }
    for word in round.words where word.change != 0 {
      guard let index = dataWindowIndex(word.address) else { continue }
      let place = window(index)
      let canonical = place.canonical &+ (word.address &- place.base)
      place.memory.writeWord(
        canonical, place.memory.word(canonical) &+ word.change &* UInt32(truncatingIfNeeded: times))
    }
    let stores = counters.storesNotThroughSP &- before.storesNotThroughSP
    counters.repeatSteps(since: before, times: times)
    timing = timing.moved(by: cycles)
    history.move(by: cycles)
    lastLoadIssue &+= cycles
    accessTimes.0.move(by: cycles)
    accessTimes.1.move(by: cycles)
    bus.skipped(cycles)
    polls.skipped(times, cycles: cycles)
    guard let observer, !polls.recorded.isEmpty else { return }
    observer.repeated(
      RepeatedAccesses(
        accesses: polls.recorded.map { access in
          (access, round.reads.first { $0.pc == access.pc && $0.address == access.address }?.change ?? 0)
        },
        period: round.period, stores: stores, times: times))
  }
}

extension HartCounters {
  /// What has been counted since `before` is counted so many times more.
  fileprivate mutating func repeatSteps(since before: HartCounters, times: UInt64) {
    func more(_ now: UInt64, _ before: UInt64) -> UInt64 { now &+ (now &- before) &* times }
    instructions = more(instructions, before.instructions)
    loads = more(loads, before.loads)
    stores = more(stores, before.stores)
    storesNotThroughSP = more(storesNotThroughSP, before.storesNotThroughSP)
    dataStallCycles = more(dataStallCycles, before.dataStallCycles)
    fetchStallCycles = more(fetchStallCycles, before.fetchStallCycles)
  }
}
