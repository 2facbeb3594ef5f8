// One instruction at a time, with every rule of the timing model.
//
// Source: `cv32e40p-timing.md` sections 2.4, 2.5, 3.2 and 3.3. T is the cycle in which an instruction leaves ID, K the
// cycle in which an interrupt is taken.

import HardwareModel

extension Hart {
  /// Executes the next instruction, takes an interrupt, or sleeps on. Returns why it did none of that.
  func step(until limit: Cycle) -> HartStop? {
    if asleepFrom != nil { return sleep(until: limit) }
    let instruction = fetch(pc)
    var issue = timing.issue(instruction)
    if !configuration.cycleModel { issue = .init(t: timing.avail, jump: timing.avail) }
    if queue.next <= issue.t || interruptThreatens {
      if takeInterrupt(insteadOf: instruction, t: issue.t, limit: limit) { return nil }
      if stop != nil { return nil }
    }
    if issue.t >= limit { return .cycleLimit }
    announce(at: issue.t)
    instructionObserver?.issuing(instruction, pc: pc, at: issue.t, hart: self)
    let executed = pc
    if countsSlowEvents {
      executeCounted(instruction, issue)
    } else {
      execute(instruction, issue)
    }
    instructionObserver?.executed(instruction, pc: executed, at: issue.t, hart: self)
    return nil
  }

  /// Executes `instruction` while the event counter looks at every one.
  private func executeCounted(_ instruction: Instruction, _ issue: PipelineTiming.Issue) {
    noteStalls(of: instruction, issue)
    let place = pc
    let before = timing
    let retired = counters.instructions
    if instruction.timing == .csr, instruction.csr == 0x320 || instruction.csr == 0x323 {
      // It still counts by the selection that it replaces.
      noteRetired(instruction, at: place, issue, before: before)
      execute(instruction, issue)
      return
    }
    execute(instruction, issue)
    // A write to the counter wins over the step of that cycle.
    let isCounterWrite = instruction.timing == .csr && instruction.csr & 0xF7F == 0xB03 && Self.isWrite(instruction)
    if counters.instructions != retired, !isCounterWrite {
      noteRetired(instruction, at: place, issue, before: before)
    }
  }

  private func announce(at t: Cycle) {
    if announcesNextIssue {
      announcesNextIssue = false
      observer?.resumed(at: t)
    }
    if !watchedAddresses.isEmpty, watchedAddresses.contains(pc) { observer?.reached(pc, at: t) }
  }

  // MARK: Fetch

  /// The instruction at `pc`, from the decode cache if it was seen before.
  @inline(__always)
  func fetch(_ pc: Address) -> Instruction {
    if let window = fetchWindow, window.contains(pc), let code = window.code {
      let cached = code.decoded[code.index(window.canonical &+ (pc &- window.base))]
      if cached.operation != .undecoded { return cached }
    }
    return fetchSlowly(pc)
  }

  @inline(never)
  private func fetchSlowly(_ pc: Address) -> Instruction {
    let low = fetchHalfword(pc)
    let high = Decoder.isLong(low) ? fetchHalfword(pc &+ 2) : 0
    let instruction = Decoder.decode(UInt32(high) << 16 | UInt32(low))
    if let window = windows.first(where: { $0.isFetchable && $0.contains(pc) }), let code = window.code {
      fetchWindow = window
      let canonical = window.canonical &+ (pc &- window.base)
      code.mark(canonical, UInt32(instruction.length), CodeRegion.codeMark)
      code.decoded[code.index(canonical)] = instruction
    }
    return instruction
  }

  private func fetchHalfword(_ address: Address) -> UInt16 {
    let word: UInt32
    if let window = windows.first(where: { $0.isFetchable && $0.contains(address) }) {
      word = window.memory.word(window.canonical &+ (address &- window.base))
    } else {
      word = bus.fetch(address & ~3)
    }
    return UInt16(truncatingIfNeeded: address & 2 != 0 ? word >> 16 : word)
  }

  /// True if the instruction at `target` lies in two words: its first word does not suffice to start it.
  @inline(__always)
  func straddles(_ target: Address) -> Bool {
    target & 2 != 0 && fetch(target).length == 4
  }

  // MARK: Interrupts

  /// Lets events act up to `t` and takes an interrupt if the rules of 2.4 say that it comes before the instruction
  /// that would leave ID at `t`. Returns true if one was taken.
  private func takeInterrupt(insteadOf instruction: Instruction, t: Cycle, limit: Cycle) -> Bool {
    let last = min(t, limit &- 1)
    while true {
      if csrs.interruptEnable {
        let earliest = max(timing.avail, interruptsSensedFrom)
        // The input is registered: what is presented in cycle c - 1 is taken in cycle c.
        if earliest > 0, earliest <= t, let presented = firstRequest(from: earliest - 1, through: t - 1) {
          let k = presented + 1
          if queue.next < k && queue.next <= last {
            queue.run(through: queue.next)
            if stop != nil { return false }
            continue
          }
          if k <= last {
            if countsSlowEvents, k > timing.avail { noteStalls(of: instruction, timing.issue(instruction)) }
            enterInterrupt(requestLine(at: presented), at: k, insteadOf: instruction)
            return true
          }
        }
      }
      guard queue.next <= last else { return false }
      queue.run(through: queue.next)
      if stop != nil { return false }
    }
  }

  private func enterInterrupt(_ line: Int, at k: Cycle, insteadOf instruction: Instruction) {
    var handler = max(k + 1, configuration.cycleModel ? timing.issueOfAnnulled(instruction) : k + 1)
    if configuration.cycleModel, timing.exfree < handler, handler < timing.wb { handler = timing.wb }
    timing.avail = handler + 1
    trap(cause: 0x8000_0000 | UInt32(line), at: k, target: vector(line))
    counters.interrupts += 1
    observer?.tookInterrupt(line, at: k, pc: csrs.mepc)
    bus.acknowledge(line, at: k)
  }

  private func vector(_ line: Int) -> Address {
    let base = csrs.mtvec & ~0xFF
    return csrs.mtvec & 1 != 0 ? base &+ 4 &* UInt32(line) : base
  }

  private func trap(cause: UInt32, at cycle: Cycle, target: Address) {
    instructionObserver?.tookTrap(cause: cause, pc: pc, target: target, at: cycle)
    csrs.mepc = pc & ~1
    csrs.mcause = cause
    csrs.previousInterruptEnable = csrs.interruptEnable
    csrs.interruptEnable = false
    pc = target
    announcesNextIssue = false
  }

  /// Takes an exception; `cycles`: from the last answer to the handler, less the straddling penalty.
  func raise(_ cause: UInt32, t: Cycle, cycles: Cycle) {
    let faulting = pc
    let target = csrs.mtvec & ~0xFF
    if let last = lastException, last.cause == cause, last.target == faulting,
      last.instructions == counters.instructions
    {
      requestStop(.lockup(.trapLoop(cause: cause)))
    }
    lastException = (cause, target, counters.instructions)
    trap(cause: cause, at: t, target: target)
    counters.exceptions += 1
    observer?.tookException(cause, at: t, pc: faulting)
    if configuration.cycleModel {
      timing.finishFlush(t: t, cycles: cycles, straddles: straddles(target))
    } else {
      timing.avail = t + 1
    }
  }

  // MARK: Sleep

  /// Puts the core to sleep behind a WFI that left ID at `t`; `pc` is the next instruction already.
  func fallAsleep(t: Cycle) {
    let from = configuration.cycleModel ? max(t + 1, timing.wb) + 3 : t + 1
    timing.exfree = from
    asleepFrom = from
    timing.avail = from
  }

  private func sleep(until limit: Cycle) -> HartStop? {
    guard let from = asleepFrom else { return nil }
    guard from < limit else { return .cycleLimit }
    if queue.next <= from { queue.run(through: from) }
    var now = from
    while stop == nil {
      if let wake = firstRequest(from: from, through: .never - 1) {
        if queue.next > wake {
          guard wake < limit else { return .cycleLimit }
          awake(from: from, at: wake)
          return nil
        }
      } else if queue.next == .never || !bus.canWake(mie: csrs.mie, at: now) {
        timing.avail = now
        return .lockup(.sleep)
      }
      guard queue.next < limit else {
        timing.avail = limit
        return .cycleLimit
      }
      now = queue.next
      queue.run(through: now)
    }
    return nil
  }

  private func awake(from: Cycle, at wake: Cycle) {
    asleepFrom = nil
    counters.sleepCycles += wake - from
    if wake > from {
      observer?.slept(from: from, until: wake)
      instructionObserver?.slept(from: from, until: wake)
    }
    timing = PipelineTiming(cleanAt: wake + 2)
    if csrs.interruptEnable {
      let k = wake + 1
      let line = requestLine(at: wake)
      timing.avail = wake + 3
      timing.exfree = wake + 3
      trap(cause: 0x8000_0000 | UInt32(line & 31), at: k, target: vector(line))
      counters.interrupts += 1
      observer?.tookInterrupt(line, at: k, pc: csrs.mepc)
      bus.acknowledge(line, at: k)
    }
  }
}
