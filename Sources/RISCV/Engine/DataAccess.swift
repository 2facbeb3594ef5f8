// Loads and stores of the exact engine: splitting, delays, and the moment at which an access takes place.
//
// A load or store leaves ID at T; its access is requested at T + 1 or when the one before is answered. Accesses to
// direct memory that are requested at T + 1 take place at once. All others wait in `outstanding` until their access
// phase, because the core runs on and an interrupt may be taken meanwhile; the timing model sees to it that nobody reads
// the register of a load before it is written.

import HardwareModel

extension Hart {
  /// The first access of a load or store that leaves ID at `t`, which counts as retired from now on.
  @inline(__always)
  func issueAccess(_ instruction: Instruction, t: Cycle) -> OutstandingAccess {
    let address = x[Int(instruction.rs1)] &+ instruction.immediate
    let here = pc
    let storesBefore = counters.storesNotThroughSP
    // Counted first: what happens at the access sees every instruction that has left ID.
    retire(instruction)
    let size = Arithmetic.size(instruction.operation)
    let isWrite = instruction.timing == .store
    let lane = address & 3
    let isSplit = lane &+ size > 4
    // The store unit rotates the register so that its first byte lies in the addressed lane.
    let value = isWrite ? rotate(x[Int(instruction.rs2)], left: 8 &* lane) : 0
    if isWrite {
      counters.stores += 1
      if instruction.rs1 != 2 { counters.storesNotThroughSP += 1 }
    } else {
      counters.loads += 1
      lastLoadIssue = t
      lastLoadWasSplit = isSplit
    }

    return OutstandingAccess(
      pc: here, issued: t, phase: 0, answered: 0, address: address, firstLane: lane, size: UInt8(size),
      isWrite: isWrite,
      isSecond: false, isSplit: isSplit, value: value, operation: instruction.operation, rd: instruction.rd,
      isDirect: false,
      storesBefore: storesBefore)
  }

  /// Executes a load or store that leaves ID at `t`.
  func accessMemory(_ instruction: Instruction, t: Cycle) {
    var access = issueAccess(instruction, t: t)
    var granted: Cycle = t + 1
    perform(&access, request: configuration.cycleModel ? timing.requestCycle(t) : t + 1, granted: &granted)
    accessTimes.0 = AccessTimes(granted: granted, answered: timing.wb)
    if access.isSplit, stop == nil {
      access.address = (access.address & ~3) &+ 4
      access.isSecond = true
      perform(&access, request: max(granted + 1, timing.wb), granted: &granted)
      accessTimes.1 = AccessTimes(granted: granted, answered: timing.wb)
    }
    if configuration.cycleModel {
      if access.isWrite {
        timing.finishStore(granted: granted, t: t)
      } else {
        timing.finishLoad(instruction, granted: granted, t: t)
      }
    } else {
      timing.avail = t + 1
    }
    if stop == .ended { endCycle = timing.wb }
  }

  /// Sends one bus transaction of a load or store on its way.
  private func perform(_ access: inout OutstandingAccess, request: Cycle, granted: inout Cycle) {
    if let window = windows.first(where: { $0.isData && $0.contains(access.address) }) {
      granted = timing.access(request, AccessDelay())
      if window.region >= 0, let interconnect,
        quiet.effects != queue.effects || quiet.regions >> RegionSet(window.region & 7) & 1 == 0
      {
        interconnect.usedAlone(data: access.address)
        quiet.effects = .max
      }
      access.isDirect = true
      access.phase = granted
      access.answered = timing.wb
      // An access may take place at once only if nothing older waits and no interrupt can come in between.
      if outstanding.isEmpty && (request == access.issued + 1 || queue.next > granted) {
        if queue.next <= granted { queue.run(through: granted) }
        complete(access, in: window)
        return
      }
      enqueue(access)
      return
    }
    let plan = bus.plan(access.address, isWrite: access.isWrite, value: access.value, request: request)
    let delay = configuration.cycleModel ? plan.delay : AccessDelay()
    let phase = configuration.cycleModel ? plan.phase : 0
    granted = timing.access(request, delay)
    counters.dataStallCycles += delay.grant + delay.answer
    if !access.isWrite { polls.note(access.pc, access.address, at: access.issued) }
    access.isDirect = false
    access.phase = granted + phase
    access.answered = timing.wb
    switch plan.outcome {
    case .answered: enqueue(access)
    case .endsProgram:
      enqueue(access)
      queue.run(through: access.phase)
      requestStop(.ended)
    case .never:
      accessPC = access.pc
      requestStop(.lockup(.bus(access.address, isWrite: access.isWrite)))
    }
  }

  /// Sends an access that is first requested in cycle `request` on its way over the bus, for the stepped engine: when it
  /// is granted and answered; nil if the run ends with it.
  func sendToBus(
    _ access: inout OutstandingAccess, request: Cycle
  ) -> (granted: Cycle, answered: Cycle)? {
    let plan = bus.plan(access.address, isWrite: access.isWrite, value: access.value, request: request)
    let granted = request + plan.delay.grant
    counters.dataStallCycles += plan.delay.grant + plan.delay.answer
    access.phase = granted + plan.phase
    access.answered = granted + 1 + plan.delay.answer
    switch plan.outcome {
    case .answered:
      enqueue(access)
      return (granted, access.answered)
    case .endsProgram:
      enqueue(access)
      queue.run(through: access.phase)
      requestStop(.ended)
      endCycle = access.answered
    case .never:
      accessPC = access.pc
      requestStop(.lockup(.bus(access.address, isWrite: access.isWrite)))
    }
    return nil
  }

  /// One transaction on the direct memory of window `index`, which takes place now.
  func complete(_ access: OutstandingAccess, inWindow index: Int) {
    accessPC = access.pc
    complete(access, in: windows[index])
  }

  private func enqueue(_ access: OutstandingAccess) {
    outstanding.append(access)
    guard let accessSlot else { return }
    if queue.dueCycle(of: accessSlot) == .never { queue.schedule(accessSlot, at: access.phase) }
  }

  /// The access at the head of the queue reaches its access phase.
  func completeAccess(at cycle: Cycle) {
    guard let access = outstanding.takeFirst() else { return }
    accessPC = access.pc
    if let accessSlot, !outstanding.isEmpty {
      queue.schedule(accessSlot, at: max(cycle, outstanding.nextPhase))
    }
    if access.isDirect {
      if let window = windows.first(where: { $0.isData && $0.contains(access.address) }) {
        complete(access, in: window)
      }
      return
    }
    let value: UInt32
    if access.isWrite {
      value = access.value
      bus.write(access.address, value, size: Int(access.size), at: cycle)
    } else {
      value = bus.read(access.address, at: cycle)
      deliver(access, word: value)
    }
    guard observer != nil || instructionObserver != nil || polls.isRecording else { return }
    let done = BusAccess(
      pc: access.pc, issued: access.issued, phase: cycle, answered: access.answered, address: access.address,
      size: Int(access.size), isWrite: access.isWrite, value: value, storesBefore: access.storesBefore)
    if polls.isRecording { polls.recorded.append(done) }
    observer?.accessed(done)
    instructionObserver?.accessed(done)
  }

  /// One transaction on direct memory.
  private func complete(_ access: OutstandingAccess, in window: MemoryWindow) {
    let canonical = window.canonical &+ (access.address &- window.base)
    if access.isWrite {
      let strobe = Self.strobe(access)
      if window.memory.isWritable {
        window.memory.writeWord(canonical, access.value, strobe: strobe)
      } else {
        accessPC = access.pc
        onDiagnostic?(
          Diagnostic(
            .readOnly, key: "rom@\(access.pc)",
            "store to read-only memory (\(window.memory.name)) at 0x\(String(access.address, radix: 16)): ignored"))
      }
      if canonical & ~3 == watchedWord {
        onWatchedStore?(window.memory.word(canonical), access.answered)
        if stop == .ended { endCycle = access.answered }
      }
    } else {
      deliver(access, word: window.memory.word(canonical))
    }
  }

  /// Byte lanes of one transaction.
  private static func strobe(_ access: OutstandingAccess) -> UInt8 {
    let lanes = (UInt32(1) << UInt32(access.size)) &- 1
    if !access.isSplit { return UInt8(truncatingIfNeeded: lanes << (access.address & 3)) }
    return access.isSecond
      ? UInt8(truncatingIfNeeded: lanes >> (4 &- access.firstLane))
      : UInt8(truncatingIfNeeded: lanes << access.firstLane) & 0xF
  }

  /// Hands the word of one transaction to the destination of its load.
  private func deliver(_ access: OutstandingAccess, word: UInt32) {
    if !access.isSplit {
      let value = Arithmetic.extend(access.operation, word &>> (8 &* (access.address & 3)))
      write(access.rd, value)
      instructionObserver?.loaded(Int(access.rd), value, pc: access.pc)
    } else if !access.isSecond {
      splitLow = word
    } else {
      let lane = access.firstLane
      let value = Arithmetic.extend(access.operation, splitLow &>> (8 &* lane) | word &<< (32 &- 8 &* lane))
      write(access.rd, value)
      instructionObserver?.loaded(Int(access.rd), value, pc: access.pc)
    }
  }

  private func rotate(_ value: UInt32, left bits: UInt32) -> UInt32 {
    bits == 0 ? value : value &<< bits | value &>> (32 &- bits)
  }
}
