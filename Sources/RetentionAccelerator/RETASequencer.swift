/// The life of a job: start, fetch, check, operation, event.
///
/// Models: the sequencer of retention-accelerator.md 4.5 (time line), 6.5, 6.6 and 8.3. A job is a chain of phases of
/// known length; each ends in one event, in which the state of the next cycle is set. Arithmetic happens in the event
/// after the last cycle of an operation, so a run that is stopped earlier does not pay for it.
/// Leaves out: nothing of the cycle count without contention; with contention the ports stretch the phases.

import HardwareModel

extension RETA {
  // MARK: Start and end of a job

  /// Starts the next committed job in `cycle`, if there is one, the engine is idle and the queue is not halted.
  func startJob(at cycle: Cycle) {
    guard phase == .idle, error == .none, jobs.canStart else { return }
    let words = jobs.contexts[jobs.running]
    descriptor = Descriptor(words, bases: bases)
    isList = descriptor.opcode == .list
    listRan = false
    pendingError = .none
    pendingErrorPC = 0
    injectedError = .none
    suspends = false
    suspendRequest = false
    descriptorStart = cycle
    let operation = descriptor.opcode == .ctrl ? nil : descriptor.opcode
    record = JobRecord(
      id: jobs.runningID, operation: operation?.name.lowercased() ?? "illegal", context: jobs.running, start: cycle,
      end: cycle)
    onJobStarted?(record)

    let lead = UInt64(configuration.tStart &+ configuration.tCheck)
    let code = checker.check(descriptor, inList: false, bases: bases)
    if code != .none {
      pendingError = code
      begin(.finish, at: cycle, cycles: lead &+ UInt64(configuration.tDone))
    } else if isList {
      if !descriptor.f0 { loopCounters = InlineArray(repeating: 0) }
      listPC = descriptor.x
      listRan = true
      beginFetch(at: cycle, lead: lead)
    } else {
      beginOperation(at: cycle, lead: lead)
    }
  }

  /// The job's last cycle was the one before `cycle`.
  private func endJob(at cycle: Cycle) {
    if pendingError == .none, injectedError != .none {
      error = injectedError
      errorPC = isList ? listPC &- DescriptorFormat.byteCount : 0
      errorJob = jobs.runningID
      record.error = injectedError
      done.errors &+= 1
    }
    if pendingError != .none {
      error = pendingError
      errorPC = pendingErrorPC
      errorJob = jobs.runningID
      record.error = pendingError
      done.errors &+= 1
      if !isList {
        reportDescriptor(address: nil, end: cycle &- 1 &- UInt64(configuration.tDone), error: pendingError)
      }
    }
    // A LIST job that its own check refused was no list: LIST_PC still belongs to the one before.
    if listRan { wasSuspended = suspends }
    suspendRequest = false
    done.jobs &+= 1
    closeRun(last: cycle &- 1)
    jobs.finishJob(last: cycle &- 1)
    onJobEnded?(record)
    startJob(at: cycle)
  }

  /// SOFT_CLEAR in `cycle`: the job's last cycle.
  func abortJob(at cycle: Cycle) {
    queue.cancel(slot)
    let stalls = liveStalls(before: cycle &+ 1)
    record.stall &+= stalls
    done.stallCycles &+= stalls
    record.aborted = true
    isStuck = false
    if port.isContended { port.begin(nil, at: cycle &+ 1) }
    closeRun(last: cycle)
    onJobEnded?(record)
  }

  private func closeRun(last: Cycle) {
    phase = .idle
    record.end = max(last, record.start)
    done.runCycles &+= record.end &- record.start &+ 1
  }

  // MARK: Phases

  /// The next phase takes `cycles` cycles from `cycle` on, plus stalls.
  private func begin(
    _ next: Phase, at cycle: Cycle, cycles: UInt64, pulse: Bool = false,
    schedule: @autoclosure () -> BeatSchedule? = nil
  ) {
    phase = next
    phaseEnd = cycle &+ cycles &- 1
    phaseStalls = 0
    injectedStallCycles = 0
    injectedStallsDone = 0
    pulsePending = pulse || next == .finish
    if port.isContended { port.begin(schedule(), at: cycle) }
    schedulePhaseEvent()
  }

  /// The pulse of an operation's last cycle can be sent in that cycle only if no beat of it can stall.
  private func schedulePhaseEvent() {
    let early = pulsePending && (phase == .finish || !port.isContended)
    queue.schedule(slot, at: early ? phaseEnd : phaseEnd &+ 1)
  }

  /// The event of the running phase.
  func phaseEvent(at cycle: Cycle) {
    guard phase != .idle else { return }
    let stalls = liveStalls(before: cycle)
    if stalls > phaseStalls {
      phaseEnd &+= stalls &- phaseStalls
      phaseStalls = stalls
      schedulePhaseEvent()
      return
    }
    if pulsePending {
      pulsePending = false
      sendPulse()
      if cycle <= phaseEnd {
        queue.schedule(slot, at: phaseEnd &+ 1)
        return
      }
    }
    record.stall &+= phaseStalls
    done.stallCycles &+= phaseStalls
    switch phase {
    case .idle: break
    case .fetch: endFetch(at: cycle)
    case .breakWord: endBreakWord(at: cycle)
    case .operation: endOperation(at: cycle)
    case .check: endFailedCheck(at: cycle)
    case .finish: endJob(at: cycle)
    }
  }

  private func sendPulse() {
    let doneMask = phase == .finish ? RETARegisters.doneBit : RETARegisters.progressBit
    if eventMask & doneMask != 0 { onEvent?(0, phaseEnd) }
    if phase == .finish, pendingError != .none || injectedError != .none, eventMask & RETARegisters.errorBit != 0 {
      onEvent?(1, phaseEnd)
    }
  }

  // MARK: Lists

  /// Reads the descriptor at LIST_PC, after `lead` idle cycles.
  private func beginFetch(at cycle: Cycle, lead: UInt64) {
    let code = checker.addressError(listPC, bytes: DescriptorFormat.byteCount)
    descriptorStart = cycle &+ lead
    if code != .none {
      fail(code)
      begin(.finish, at: cycle, cycles: lead &+ UInt64(configuration.tDone))
      return
    }
    begin(
      .fetch, at: cycle, cycles: lead &+ UInt64(model.fetchBeats),
      schedule: BeatSchedule(
        [.idle(lead), .beats(BeatRun(address: listPC, rowBytes: DescriptorFormat.byteCount))], model: model))
  }

  private func fail(_ code: ErrorCode) {
    pendingError = code
    pendingErrorPC = listPC
  }

  private func endFetch(at cycle: Cycle) {
    var words = DescriptorWords(repeating: 0)
    for index in 0..<DescriptorFormat.wordCount {
      words[index] = memory.word(listPC &+ 4 &* UInt32(truncatingIfNeeded: index))
    }
    descriptor = Descriptor(words, bases: bases)
    let lead = UInt64(configuration.tFetch &+ configuration.tCheck)
    let code = checker.check(descriptor, inList: true, bases: bases)
    if code != .none {
      fail(code)
      begin(.check, at: cycle, cycles: lead)
      return
    }
    if descriptor.opcode == .ctrl {
      let control = ControlOperation(words, bases: bases)
      if control.readsBreakWord {
        begin(
          .breakWord, at: cycle, cycles: lead &+ 2,
          schedule: BeatSchedule(
            [.idle(lead &+ 1), .beats(BeatRun(address: control.breakAddress, rowBytes: 4))], model: model))
        return
      }
    }
    beginOperation(at: cycle, lead: lead)
  }

  private func endBreakWord(at cycle: Cycle) {
    let control = ControlOperation(descriptor.words, bases: bases)
    breakWord = memory.word(control.breakAddress)
    cost = model.cost(of: control)
    begin(.operation, at: cycle, cycles: UInt64(configuration.tFetch), pulse: descriptor.evt)
  }

  private func endFailedCheck(at cycle: Cycle) {
    addWork(macs: 0, read: UInt64(DescriptorFormat.byteCount), written: 0)
    reportDescriptor(address: listPC, end: cycle &- 1, error: pendingError)
    begin(.finish, at: cycle, cycles: UInt64(configuration.tDone))
  }

  // MARK: Operations

  /// The rest of the check and the operation itself, after `lead` cycles.
  private func beginOperation(at cycle: Cycle, lead: UInt64) {
    if descriptor.opcode == .ctrl {
      cost = model.cost(of: ControlOperation(descriptor.words, bases: bases))
    } else {
      cost = model.cost(of: descriptor, zeroRows: datapath.zeroRows(descriptor))
    }
    begin(
      .operation, at: cycle, cycles: lead &+ cost.cycles, pulse: isList && descriptor.evt,
      schedule: BeatSchedule(descriptor, lead: lead, model: model, memory: memory))
  }

  private func endOperation(at cycle: Cycle) {
    var next = listPC &+ DescriptorFormat.byteCount
    var listEnds = descriptor.end
    if descriptor.opcode == .ctrl {
      let control = ControlOperation(descriptor.words, bases: bases)
      bases = control.bases
      let step = control.step(counter: loopCounters[control.counter], breakWord: breakWord)
      loopCounters[control.counter] = step.counter
      if step.taken {
        next = control.target
        listEnds = false
      }
    } else {
      datapath.execute(descriptor)
    }
    let fetched = isList ? UInt64(DescriptorFormat.byteCount) : 0
    addWork(macs: cost.macs, read: cost.bytesRead &+ fetched, written: cost.bytesWritten)
    done.descriptors &+= 1
    record.descriptors &+= 1
    reportDescriptor(address: isList ? listPC : nil, end: cycle &- 1, error: .none)
    if isList {
      if descriptor.evt { progress &+= 1 }
      listPC = next
      suspends = suspendRequest && !listEnds
      if !listEnds && !suspends && injectedError == .none {
        beginFetch(at: cycle, lead: 0)
        return
      }
    }
    begin(.finish, at: cycle, cycles: UInt64(configuration.tDone))
  }

  private func addWork(macs: UInt64, read: UInt64, written: UInt64) {
    done.macs &+= macs
    done.bytesRead &+= read
    done.bytesWritten &+= written
    record.macs &+= macs
    record.bytesRead &+= read
    record.bytesWritten &+= written
  }

  private func reportDescriptor(address: Address?, end: Cycle, error: ErrorCode) {
    onDescriptor?(
      DescriptorRecord(
        address: address, start: descriptorStart, end: end, descriptor: descriptor, error: error))
  }
}
