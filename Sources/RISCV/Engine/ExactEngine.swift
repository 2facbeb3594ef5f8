// One instruction at a time, with every rule of the timing model.
//
// Source: `cv32e40p-timing.md` sections 2.4, 2.5, 3.2 and 3.3. T is the cycle in which an instruction leaves ID, K the
// cycle in which an interrupt is taken.

import HardwareModel

extension Hart {
  /// Executes `instruction`, which is the next one, takes an interrupt, or sleeps on. Returns why it did none of that.
  func step(_ instruction: Instruction, until limit: Cycle) -> HartStop? {
    if asleepFrom != nil { return sleep(until: limit) }
    var issue = timing.issue(instruction)
    if !configuration.cycleModel { issue = .init(t: timing.avail, jump: timing.avail) }
    if queue.next <= issue.t || interruptThreatens {
      if takeInterrupt(insteadOf: instruction, t: issue.t, limit: limit) { return nil }
      if stop != nil { return nil }
    }
    if issue.t >= limit { return .cycleLimit }
    guard interconnect != nil || configuration.alwaysStepped, configuration.cycleModel else {
      carryOut(instruction, issue)
      return nil
    }
    if let first = contention(before: instruction, issue) {
      if countsSlowEvents, first > timing.avail { noteStalls(of: instruction, issue) }
      stepper.enter(self, at: first)
      return nil
    }
    var past = PastInstruction()
    past.instruction = instruction
    past.pc = pc
    past.entered = timing.avail
    past.isClean = timing.isClean
    switch instruction.timing {
    case .divide, .multiplyHigh: past.occupancy = UInt16(truncatingIfNeeded: occupancy(of: instruction))
    case .branch:
      past.isTaken = Arithmetic.condition(
        instruction.operation, x[Int(instruction.rs1)], x[Int(instruction.rs2)])
    case .load, .store:
      accessTimes.1 = AccessTimes()
      past.address = x[Int(instruction.rs1)] &+ instruction.immediate
    default: break
    }
    carryOut(instruction, issue)
    if instruction.timing == .load || instruction.timing == .store {
      past.first = accessTimes.0
      past.second = accessTimes.1
      past.isSplit = past.second.answered != 0
    }
    past.next = pc
    history.append(past)
    return nil
  }

  /// Executes the instruction at `pc`, which leaves ID as `issue` says.
  @inline(__always)
  private func carryOut(_ instruction: Instruction, _ issue: PipelineTiming.Issue) {
    announce(at: issue.t)
    instructionObserver?.issuing(instruction, pc: pc, at: issue.t, hart: self)
    let executed = pc
    if countsSlowEvents {
      executeCounted(instruction, issue)
    } else {
      execute(instruction, issue)
    }
    instructionObserver?.executed(instruction, pc: executed, at: issue.t, hart: self)
  }

  // MARK: Contention

  /// The cycle from which the stepped engine must run because a port may have to wait for a bank, if it must.
  private func contention(before instruction: Instruction, _ issue: PipelineTiming.Issue) -> Cycle? {
    if configuration.alwaysStepped { return issue.t }
    if let first = contentionFrom {
      contentionFrom = nil
      return min(first, issue.t)
    }
    let contended = contendedFetches
    if contended != 0 {
      if isContended(pc, contended) { return min(timing.avail, issue.t) }
      switch instruction.timing {
      case .jump where isContended(pc &+ instruction.immediate, contended),
        .branch where isContended(pc &+ instruction.immediate, contended),
        .jumpRegister where isContended(x[Int(instruction.rs1)] &+ instruction.immediate, contended),
        .machineReturn where isContended(csrs.mepc, contended):
        return issue.jump
      case .environment where isContended(csrs.mtvec, contended), .illegal where isContended(csrs.mtvec, contended),
        .csr where isContended(csrs.mtvec, contended):
        return issue.t
      default: break
      }
    }
    if instruction.timing == .jump || instruction.timing == .jumpRegister {
      // The fetch of its target begins while the data access before it may be on its way to the same memory.
      guard let address = history.lastAddress, let interconnect else { return nil }
      let region = dataRegion(address)
      return region >= 0 && leads(target(of: instruction, at: pc), to: region, interconnect) ? issue.jump : nil
    }
    guard instruction.timing == .load || instruction.timing == .store, let interconnect else { return nil }
    let codeRegion = fetchWindow.map { $0.contains(pc) ? $0.region : -1 } ?? -1
    let address = x[Int(instruction.rs1)] &+ instruction.immediate
    let request = timing.requestCycle(issue.t)
    if meetsSomeone(address, codeRegion, request, interconnect) { return issue.t }
    let next = fetchSpeculatively(pc &+ UInt32(instruction.length))
    // A jump to an address that is loaded waits for it, and fetches when the load is over.
    let waits =
      next.timing == .jumpRegister && instruction.timing == .load && next.rs1 == instruction.rd && next.rs1 != 0
    if next.timing == .jump || next.timing == .jumpRegister && !waits {
      let region = dataRegion(address)
      let place = pc &+ UInt32(instruction.length)
      if region >= 0, leads(target(of: next, at: place), to: region, interconnect) { return issue.t }
    }
    let last = address &+ Arithmetic.size(instruction.operation) &- 1
    if (last ^ address) & ~3 != 0, meetsSomeone(last, codeRegion, request &+ 8, interconnect) { return issue.t }
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

  /// Bytes behind an instruction that may be requested by the time its data access is.
  static let fetchedAhead: UInt32 = 20

  private func target(of jump: Instruction, at place: Address) -> Address {
    jump.timing == .jump ? place &+ jump.immediate : (x[Int(jump.rs1)] &+ jump.immediate) & ~1
  }

  /// True if the fetches from `address` on go to `region`.
  private func leads(_ address: Address, to region: Int, _ interconnect: HartInterconnect) -> Bool {
    interconnect.region(ofFetch: address) == region
      || interconnect.region(ofFetch: address &+ Self.fetchedAhead) == region
  }

  private func isContended(_ address: Address, _ contended: RegionSet) -> Bool {
    guard let region = interconnect?.region(ofFetch: address), region >= 0 else { return false }
    return contended >> RegionSet(region & 7) & 1 != 0
  }

  @inline(__always)
  private func meetsSomeone(
    _ address: Address, _ codeRegion: Int, _ request: Cycle, _ interconnect: HartInterconnect
  ) -> Bool {
    guard let window = dataWindowIndex(address) else { return false }
    let region = regionOfWindow(window)
    if region < 0 { return false }
    if region == codeRegion || interconnect.mayContend(region, request: request) { return true }
    // Close to the end of a memory the words fetched ahead lie in the next one.
    return interconnect.region(ofFetch: pc &+ Self.fetchedAhead) == region
  }

  /// True if the event of `cycle` has brought a competitor for the bank that instructions come from.
  private func becameContended(at cycle: Cycle) -> Bool {
    guard configuration.cycleModel, contendedFetches != 0, isContended(pc, contendedFetches)
    else { return false }
    contentionFrom = cycle + 1
    return true
  }

  func announce(at t: Cycle) {
    if announcesNextIssue {
      announcesNextIssue = false
      observer?.resumed(at: t)
    }
    if !watchedAddresses.isEmpty, watchedAddresses.contains(pc) { observer?.reached(pc, at: t) }
  }

  // MARK: Fetch

  /// The instruction at `pc`, from the decode cache if it was seen before.
  @inline(__always)
  func fetch(_ pc: Address) -> Instruction { decoded(at: pc) ?? fetchSlowly(pc) }

  /// The instruction at `pc` if it has been decoded in the window of the last fetch.
  @inline(__always)
  private func decoded(at pc: Address) -> Instruction? {
    let distance = pc &- fetchBase
    guard distance < fetchSize, let fetched else { return nil }
    let instruction = fetched[Int(distance >> 1)]
    return instruction.operation != .undecoded ? instruction : nil
  }

  @inline(never)
  private func fetchSlowly(_ pc: Address) -> Instruction {
    if let window = fetchableWindow(pc), let code = window.code {
      let cached = code.decoded[code.index(window.canonical &+ (pc &- window.base))]
      if cached.operation != .undecoded {
        fetchWindow = window
        return cached
      }
    }
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

  /// The instruction at `pc` if memory lies there, without a word about it if not: it may never be executed.
  func fetchSpeculatively(_ pc: Address) -> Instruction {
    if let known = decoded(at: pc) { return known }
    if fetchableWindow(pc) != nil, fetchableWindow(pc &+ 2) != nil { return fetch(pc) }
    let low = peekHalfword(pc)
    return Decoder.decode(UInt32(Decoder.isLong(low) ? peekHalfword(pc &+ 2) : 0) << 16 | UInt32(low))
  }

  /// The halfword at `address`, whether it can be executed or not; nothing is reported.
  func peekHalfword(_ address: Address) -> UInt16 {
    let word =
      fetchableWindow(address).map { $0.memory.word($0.canonical &+ (address &- $0.base)) }
      ?? bus.peekFetch(address & ~3)
    return UInt16(truncatingIfNeeded: address & 2 != 0 ? word >> 16 : word)
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
            let event = queue.next
            queue.run(through: event)
            if stop != nil || becameContended(at: event) { return false }
            continue
          }
          if k <= last {
            if configuration.cycleModel, contendedFetches != 0,
              isContended(vector(requestLine(at: presented)), contendedFetches)
            {
              contentionFrom = k
              return false
            }
            if countsSlowEvents, k > timing.avail { noteStalls(of: instruction, timing.issue(instruction)) }
            enterInterrupt(requestLine(at: presented), at: k, insteadOf: instruction)
            return true
          }
        }
      }
      guard queue.next <= last else { return false }
      let event = queue.next
      // What only lines show that cannot interrupt now is of no consequence here, however much of it there is.
      let lines = csrs.interruptEnable ? csrs.mie & bus.enabledLines : 0
      queue.run(through: min(last, max(event, queue.nextNoticed(through: lines) &- 1)))
      if stop != nil || becameContended(at: event) { return false }
    }
  }

  private func enterInterrupt(_ line: Int, at k: Cycle, insteadOf instruction: Instruction) {
    var handler = max(k + 1, configuration.cycleModel ? timing.issueOfAnnulled(instruction) : k + 1)
    if configuration.cycleModel, timing.exfree < handler, handler < timing.wb { handler = timing.wb }
    timing.avail = handler + 1
    takeInterrupt(line, at: k)
    restartHistory(after: handler - (k + 1))
  }

  /// Takes interrupt `line` in cycle `k`, before the instruction at `pc`.
  func takeInterrupt(_ line: Int, at k: Cycle) {
    trap(cause: 0x8000_0000 | UInt32(line & 31), at: k, target: vector(line))
    counters.interrupts += 1
    observer?.tookInterrupt(line, at: k, pc: csrs.mepc)
    bus.acknowledge(line, at: k)
  }

  /// The handler's first instruction enters ID now, after it had waited `cycles` cycles for EX.
  private func restartHistory(after cycles: Cycle) {
    var frontEnd = FrontEnd(words: cycles == 0 ? 0 : 1, pending: cycles == 0 ? 1 : 0)
    if timing.wb >= timing.avail {
      frontEnd.openUntil = timing.wb
      if timing.lastLoad >= 0 && timing.lastLoadReady == timing.wb { frontEnd.openLoad = timing.lastLoad }
    }
    history.restart(frontEnd)
  }

  private func vector(_ line: Int) -> Address {
    let base = csrs.mtvec & ~0xFF
    return csrs.mtvec & 1 != 0 ? base &+ 4 &* UInt32(line & 31) : base
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

  /// How a sleep goes on.
  enum Wake {
    /// The core clock is on again from this cycle on.
    case wake(Cycle)
    /// The run ends: this is why.
    case stop(HartStop)
    /// The run ends as `Hart.stop` says.
    case stopped
  }

  /// Lets time pass with the core clock off since `from`, until an enabled line is high.
  func nextWake(from: Cycle, until limit: Cycle) -> Wake {
    guard from < limit else { return .stop(.cycleLimit) }
    if queue.next <= from { queue.run(through: from) }
    var now = from
    while stop == nil {
      if pauses {
        // A debugger stops in the middle of the sleep.
        pauses = false
        timing.avail = max(timing.avail, now)
        return .stop(.requested)
      }
      if let wake = firstRequest(from: from, through: .never - 1) {
        if queue.next > wake {
          guard wake < limit else { return .stop(.cycleLimit) }
          return .wake(wake)
        }
      } else if queue.next == .never || !bus.canWake(mie: csrs.mie, at: now) {
        timing.avail = now
        return .stop(.lockup(.sleep))
      }
      guard queue.next < limit else {
        timing.avail = limit
        return .stop(.cycleLimit)
      }
      now = queue.next
      queue.run(through: now)
    }
    // Someone ended the run in the middle of the sleep.
    timing.avail = max(timing.avail, now)
    return .stopped
  }

  /// Books a sleep that began in cycle `from` and ends in `wake`.
  func endSleep(from: Cycle, at wake: Cycle) {
    asleepFrom = nil
    counters.sleepCycles += wake - from
    if wake > from {
      observer?.slept(from: from, until: wake)
      instructionObserver?.slept(from: from, until: wake)
    }
  }

  private func sleep(until limit: Cycle) -> HartStop? {
    guard let from = asleepFrom else { return nil }
    switch nextWake(from: from, until: limit) {
    case .stop(let stop): return stop
    case .stopped: return nil
    case .wake(let wake):
      awake(from: from, at: wake)
      return nil
    }
  }

  private func awake(from: Cycle, at wake: Cycle) {
    endSleep(from: from, at: wake)
    instructionObserver?.wokeUp(at: wake)
    timing = PipelineTiming(cleanAt: wake + 2)
    if csrs.interruptEnable {
      timing.avail = wake + 3
      timing.exfree = wake + 3
      takeInterrupt(requestLine(at: wake), at: wake + 1)
      restartHistory(after: 0)
    } else {
      // The buffer has filled up. A short instruction in the upper half of a word takes none of its words.
      let takesWord = pc & 2 == 0 || fetch(pc).length == 4
      history.restart(FrontEnd(words: takesWord ? 1 : 2, pending: 0))
    }
  }
}
