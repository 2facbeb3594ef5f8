// The accelerator's registers: contexts, triggers, errors, widths (rules reta-…).
//
// Follows what hwpe-ctrl does from outside, by the answers of ACQUIRE and the ends of jobs.

import HardwareModel
import PULPissimo
import RISCV
import RetentionAccelerator

/// What is known about the register interface.
struct ProtocolState {
  /// The id that ACQUIRE gave last.
  var nextID: UInt8 = 0
  /// The program has read STATUS, RUNNING_JOB or FINISHED: it does not rely on events alone.
  var looksAtJobs = false
  /// Where the context being programmed was acquired.
  var acquired: Site?
  /// Committed jobs that have not finished.
  var pending = 0
  /// The queue was started and has not run empty.
  var isStarted = false
  /// Jobs finished since FINISHED was read.
  var finishedUnread = 0
  /// The last access to FINISHED.
  var finishedAccess: (cycle: Cycle, site: Site)?
  /// The recorded error: the job, and whether the program has seen it.
  var error: (job: Job?, code: ErrorCode, isSeen: Bool)?
}

extension DriverChecker {
  private typealias Registers = RETARegisters

  private static let jobOffsets = Registers.job[0].offset..<Registers.job[15].offset + 4

  func acceleratorAccessed(_ access: BusAccess, _ register: Register?) {
    let site = site(of: access)
    let offset = access.address & 0xFFF
    // Contexts are repeated; writes go to the one being programmed.
    let own = offset < 0x400 ? offset & 0xFF : offset
    let register = register ?? Registers.block.register(at: own)
    if access.size != 4 || access.address & 3 != 0 {
      report(
        RETARules.narrowAccess, at: site, pc: site.pc, subject: name(register, offset),
        message:
          "\(access.isWrite ? "store" : "load") of \(access.size) byte\(access.size == 1 ? "" : "s") at offset 0x\(String(offset, radix: 16)) of RETA"
      )
    }
    if access.isWrite {
      checkWritten(register, own, access.value, site)
      wrote(own & ~3, access, site)
    } else {
      read(own & ~3, access.value, at: access.phase, site)
    }
  }

  private func name(_ register: Register?, _ offset: UInt32) -> String {
    register.map { "RETA.\($0.name)" } ?? "RETA, offset 0x\(String(offset, radix: 16))"
  }

  /// Reserved bits, read-only registers, holes.
  private func checkWritten(_ register: Register?, _ offset: UInt32, _ value: UInt32, _ site: Site) {
    guard let register else {
      report(
        RETARules.noRegister, at: site, pc: site.pc, subject: name(nil, offset),
        message: "store to offset 0x\(String(offset, radix: 16)) of RETA, where no register is")
      return
    }
    let writable = register.mask(
      of: .readWrite, .writeOnly, .writeOneToClear, .writeOneToSet, .writeToClear, .pulse, .readToClear)
    guard writable != 0 else {
      report(
        RETARules.noRegister, at: site, pc: site.pc, subject: name(register, offset),
        message: "store to the read-only register \(register.name)")
      return
    }
    // Words of descriptors are judged as descriptors; where any value clears, no bit is reserved.
    let isJudged = register.access == .readWrite || register.access == .pulse
    guard isJudged, !Self.jobOffsets.contains(register.offset), !register.fields.isEmpty else { return }
    let reserved = value & ~register.fields.reduce(0) { $0 | $1.mask }
    guard reserved != 0 else { return }
    report(
      RETARules.reservedBits, at: site, pc: site.pc, subject: name(register, offset),
      message: "\(register.name) is written with the reserved bits \(hexadecimal(reserved))")
  }

  // MARK: Writes

  private func wrote(_ offset: UInt32, _ access: BusAccess, _ site: Site) {
    switch offset {
    case Registers.trigger.offset: trigger(access, site)
    case Registers.softClear.offset: softClear(site)
    case Registers.finished.offset:
      protocolState.finishedUnread = 0
      protocolState.finishedAccess = (access.phase, site)
    case Registers.err.offset: clearError(site, "ERR is written")
    case Self.jobOffsets: wroteJob(offset, site)
    case Registers.base[0].offset..<Registers.base[6].offset + 4, Registers.cnt[0].offset..<Registers.cnt[3].offset + 4:
      // The state before the write: a job that runs now has run then, unless it starts with it.
      guard let job = machine.accelerator.currentJob, job.start <= access.phase else { return }
      let register = Registers.block.register(at: offset)
      report(
        RETARules.baseWhileRunning, at: site, pc: site.pc, subject: name(register, offset),
        message: "\(register?.name ?? "a base register") is written while job \(job.id) runs",
        related: jobs.flight.first.map { [("the job was committed", $0.site)] } ?? [])
    default: break
    }
  }

  private func wroteJob(_ offset: UInt32, _ site: Site) {
    guard protocolState.acquired == nil else { return }
    let word = name(Registers.block.register(at: offset), offset)
    if protocolState.pending >= RETA.contextCount {
      report(
        RETARules.busyContextWrite, at: site, pc: site.pc, subject: word,
        message:
          "\(word) is written while both contexts are committed: it goes to the context of job \(jobs.unfinished.first?.id ?? 0)",
        related: jobs.unfinished.first.map { [("that job was committed", $0.site)] } ?? [])
    } else {
      report(
        RETARules.writeUnacquired, at: site, pc: site.pc, subject: word,
        message: "\(word) is written, and no ACQUIRE has returned an id since the last TRIGGER")
    }
  }

  private func trigger(_ access: BusAccess, _ site: Site) {
    let value = access.value
    if protocolState.pending >= RETA.contextCount {
      if value != 0 || protocolState.isStarted {
        report(
          RETARules.triggerLost, at: site, pc: site.pc, subject: "RETA.TRIGGER",
          message: "TRIGGER is written while both contexts are committed: no job comes of it",
          related: jobs.unfinished.map { ("job \($0.id) was committed", $0.site) })
      }
      if value == 0 { protocolState.isStarted = true }
      return
    }
    if protocolState.acquired == nil {
      report(
        RETARules.triggerUnacquired, at: site, pc: site.pc, subject: "RETA.TRIGGER",
        message: "TRIGGER commits a context that was not acquired")
    }
    if let error = protocolState.error, !error.isSeen, let job = error.job, !jobs.flight.contains(where: { $0 === job })
    {
      errorUnread(site, "another job is committed")
    }
    protocolState.acquired = nil
    protocolState.pending += 1
    if value == 0 { protocolState.isStarted = true }
    commit(site, access)
  }

  private func softClear(_ site: Site) {
    clearError(site, "SOFT_CLEAR is written")
    protocolState.acquired = nil
    protocolState.pending = 0
    protocolState.isStarted = false
    protocolState.finishedUnread = 0
    dropJobs()
  }

  // MARK: Reads

  private func read(_ offset: UInt32, _ value: UInt32, at cycle: Cycle, _ site: Site) {
    switch offset {
    case Registers.status.offset, Registers.runningJob.offset, Registers.finished.offset:
      protocolState.looksAtJobs = true
    default: break
    }
    switch offset {
    case Registers.acquire.offset:
      guard value < 0x100 else { return }
      protocolState.acquired = site
      protocolState.nextID = UInt8(truncatingIfNeeded: value)
      // A context was free: all jobs but the last one have finished.
      observeJobs(before: cycle, leaving: 1)
    case Registers.finished.offset:
      if value >= 2, protocolState.finishedUnread > 2 {
        report(
          RETARules.finishedSaturated, at: site, pc: site.pc, subject: "RETA.FINISHED",
          message: "FINISHED reads 2, but \(protocolState.finishedUnread) jobs have finished since the last read")
      }
      protocolState.finishedUnread = 0
      protocolState.finishedAccess = (cycle, site)
      if value > 0 { observeJobs(before: cycle) }
    case Registers.status.offset:
      if value >> 24 != 0 {
        protocolState.error?.isSeen = true
        observeJobs(before: cycle)
      }
      observeJobs(before: cycle) { value >> UInt32(8 * $0.context) & 0xFF == 0 }
    case Registers.err.offset, Registers.errJob.offset, Registers.errPC.offset:
      if machine.accelerator.peek(Registers.err.offset, at: cycle) != 0 {
        protocolState.error?.isSeen = true
        observeJobs(before: cycle)
      }
    case Registers.runningJob.offset, Registers.suspend.offset, Registers.listPC.offset: observeJobs(before: cycle)
    case Registers.progress.offset:
      observeJobs(before: cycle)
      if value > 0 { observeProgress(at: cycle) }
    case Registers.counterLow[PerformanceCounter.jobs.rawValue].offset: observeJobs(before: cycle)
    default: break
    }
  }

  // MARK: Errors

  private func clearError(_ site: Site, _ what: String) {
    if let error = protocolState.error, !error.isSeen { errorUnread(site, what) }
    protocolState.error = nil
  }

  private func errorUnread(_ site: Site, _ what: String) {
    guard let error = protocolState.error else { return }
    protocolState.error?.isSeen = true
    report(
      RETARules.errorUnread, at: site, pc: site.pc, subject: "RETA.ERR = \(error.code.name)",
      message: "\(what), and nobody has read that job \(error.job?.id ?? 0) failed with \(error.code.name)",
      related: error.job.map { [("the job was committed", $0.site)] } ?? [])
  }

  /// Told of a job's end, in the order of the queue.
  func protocolEnded(_ record: JobRecord, _ job: Job?) {
    protocolState.pending = max(0, protocolState.pending - 1)
    if protocolState.pending == 0 { protocolState.isStarted = false }
    guard !record.aborted else { return }
    if let (cycle, site) = protocolState.finishedAccess, cycle == record.end {
      report(
        RETARules.finishedMissed, at: site, pc: site.pc, subject: "RETA.FINISHED",
        message: "FINISHED is accessed in the cycle in which job \(record.id) ends: it is not counted",
        related: job.map { [("the job was committed", $0.site)] } ?? [])
    } else {
      protocolState.finishedUnread += 1
    }
    guard record.error != .none else { return }
    protocolState.error = (job, record.error, false)
    guard let job else { return }
    report(
      RETARules.illegalDescriptor, at: job.site, pc: job.site.pc, part: record.error.name,
      subject: "job \(record.id) (\(record.operation))",
      message: "the job ended with \(record.error.name): \(record.error.summary)")
  }

  func finishProtocol() {
    let error = protocolState.error
    if let site = error?.job?.site, error?.isSeen == false {
      errorUnread(site, "the run ends")
    }
    if let site = protocolState.acquired {
      report(
        RETARules.neverCommitted, at: site, pc: site.pc, subject: "RETA.ACQUIRE",
        message: "the context acquired here is never committed")
    }
    let waiting = jobs.unfinished
    if let error, let job = waiting.first {
      report(
        RETARules.errorUncleared, at: job.site, pc: job.site.pc, subject: "RETA.ERR = \(error.code.name)",
        message: "job \(job.id) never starts: the queue is halted by \(error.code.name) of job \(error.job?.id ?? 0)",
        related: error.job.map { [("the failed job was committed", $0.site)] } ?? [])
    } else if !protocolState.isStarted, let job = waiting.first {
      report(
        RETARules.neverStarted, at: job.site, pc: job.site.pc, subject: "RETA.TRIGGER",
        message: "the job committed here is never started: no TRIGGER of 0 follows")
    }
  }
}
