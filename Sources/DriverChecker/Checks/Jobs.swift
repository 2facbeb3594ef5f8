// Jobs from TRIGGER to the program's knowledge of their end, and the races around them (rules race-…, reta-…).
//
// Happens-before of three kinds of agents. A job knows what its committer had done; the program knows of a job's end
// when it has observed it (a register, an event); jobs run one after the other. With this order the vector clock of a
// job is one bit in the program's clock: in flight or observed.

import HardwareModel
import PULPissimo
import RISCV
import RetentionAccelerator

/// A committed job.
final class Job {
  let number: UInt32
  let id: UInt8
  let context: Int
  let site: Site
  var footprint: Footprint
  /// First cycle in which accesses see it finished.
  var finished: Cycle?
  /// The program knows that descriptors with EVT have completed.
  var progressObserved = false
  /// Descriptors that have completed, with their last cycle; of lists without loops.
  var completed: [(address: Address, end: Cycle, hasEvent: Bool)] = []
  /// Those that the program knows of.
  var known: Set<Address> = []
  /// The program went to sleep while the job was in flight, there.
  var slept: Site?
  /// Its done event could not reach the core: why.
  var blocked: String?

  init(number: UInt32, id: UInt8, context: Int, site: Site, footprint: Footprint) {
    self.number = number
    self.id = id
    self.context = context
    self.site = site
    self.footprint = footprint
  }
}

/// All jobs whose end the program does not know.
struct JobState {
  /// In the order of the queue.
  var flight: [Job] = []
  var count: UInt32 = 0
  /// The context that the next commit fills.
  var context = 0
  var unfinished: [Job] { flight.filter { $0.finished == nil } }
}

extension DriverChecker {
  // MARK: The life of a job

  func commit(_ site: Site, _ access: BusAccess) {
    let job = Job(
      number: jobs.count, id: protocolState.nextID, context: jobs.context, site: site,
      footprint: footprint(ofContext: jobs.context, at: access.phase + 1))
    jobs.count &+= 1
    jobs.context ^= 1
    checkPlacement(job)
    checkAgainstTransfers(job)
    // A WFI right behind the store is executed before the store takes effect.
    if let place = sleep.place, place.cycle > access.issued { job.slept = place }
    jobs.flight.append(job)
    mark(job)
    checkTouches(since: access.issued)
  }

  /// What the core has issued behind the store that starts a job or a transfer, before the store took effect.
  func checkTouches(since issued: Cycle) {
    for late in recent.since(issued) {
      let uses = memory.offset(late.address).map { memory.uses($0, bytes: late.size) } ?? []
      guard !uses.isEmpty, late.isWrite || !uses.isDisjoint(with: [.jobWrites, .transferWrites]) else { continue }
      hostTouches(
        late.address, late.size, isWrite: late.isWrite,
        at: Site(cycle: late.cycle, pc: late.pc, callers: trace.callers))
    }
  }

  /// What the words of a context describe, with the base registers as they are.
  private func footprint(ofContext context: Int, at cycle: Cycle) -> Footprint {
    let accelerator = machine.accelerator
    func peek(_ register: Register) -> UInt32 { accelerator.peek(register.offset, at: cycle) }
    var words = DescriptorWords(repeating: 0)
    for (index, register) in RETARegisters.job.enumerated() {
      words[index] = accelerator.peek(register.offset | UInt32(context + 1) << 8, at: cycle)
    }
    var bases = BaseRegisters(repeating: 0)
    for (index, register) in RETARegisters.base.enumerated() { bases[index + 1] = peek(register) }
    return Footprint(words, bases: bases, counters: RETARegisters.cnt.map(peek), machine.interleaved)
  }

  private func mark(_ job: Job) {
    memory.mark(job.footprint.reads, .jobReads)
    memory.mark(job.footprint.writes, .jobWrites)
    memory.mark(job.footprint.list, .listReads)
  }

  private func unmark(_ removed: [Job]) {
    for job in removed {
      memory.unmark(job.footprint.reads)
      memory.unmark(job.footprint.writes)
      memory.unmark(job.footprint.list)
    }
    jobs.flight.forEach(mark)
    markTransfers()
  }

  func jobStarted(_ record: JobRecord) {
    // Base registers may have changed since it was committed. A job that starts with its commit is not known yet.
    guard let job = jobs.unfinished.first, job.context == record.context, jobs.unfinished.count > 0,
      protocolState.pending > 0
    else { return }
    let new = footprint(ofContext: record.context, at: record.start)
    guard new.reads != job.footprint.reads || new.writes != job.footprint.writes || new.list != job.footprint.list
    else { return }
    let old = Job(number: job.number, id: job.id, context: job.context, site: job.site, footprint: job.footprint)
    job.footprint = new
    checkPlacement(job)
    unmark([old])
  }

  func jobEnded(_ record: JobRecord) {
    let job = jobs.unfinished.first
    job?.finished = record.end + 1
    if record.aborted { return }
    job?.blocked = doneEventBlocked(at: record.end)
    protocolEnded(record, job)
  }

  /// Why the done event of a job does not reach the core; nil if it may.
  func doneEventBlocked(at cycle: Cycle) -> String? {
    if machine.accelerator.peek(RETARegisters.evtMask.offset, at: cycle) & 1 == 0 { return "RETA.EVT_MASK.DONE is 0" }
    return isMasked(RETA.doneEvent) ? "bit 12 of SOC_EVENT.FC_MASK4 blocks event \(RETA.doneEvent)" : nil
  }

  /// SOFT_CLEAR: nothing is in flight any more.
  func dropJobs() {
    let dropped = jobs.flight
    jobs.flight = []
    jobs.context = 0
    unmark(dropped)
  }

  /// The program has learnt in `cycle` that jobs have finished: those for which `holds` and all before them; the last
  /// `leaving` committed ones may still run.
  func observeJobs(before cycle: Cycle, leaving: Int = 0, where holds: (Job) -> Bool = { _ in true }) {
    guard !jobs.flight.isEmpty else { return }
    let last = jobs.flight.dropLast(leaving).lastIndex { job in
      if let finished = job.finished { return finished <= cycle && holds(job) }
      return false
    }
    guard let last else { return }
    let observed = Array(jobs.flight[...last])
    jobs.flight.removeFirst(observed.count)
    unmark(observed)
  }

  /// The program has learnt in `cycle` that descriptors with EVT have completed.
  func observeProgress(at cycle: Cycle) {
    guard let running = jobs.unfinished.first, running.footprint.hasProgress else { return }
    running.progressObserved = true
    let over = running.completed.prefix { $0.end < cycle }
    if let last = over.lastIndex(where: \.hasEvent) { running.known.formUnion(over[...last].map(\.address)) }
  }

  /// What a read of PROGRESS, or the event of a descriptor, has told the program: the job is done with this byte.
  private func isReleased(_ address: Address, of job: Job, isWrite: Bool) -> Bool {
    guard job.progressObserved else { return false }
    if job.footprint.isStraight { return !job.footprint.isUsed(address, isWrite: isWrite, beyond: job.known) }
    // In a loop a descriptor may come again: what the program does between is its own affair.
    return isWrite || memory.writer(address) == .job(job.number)
  }

  /// Event `id` has reached the program.
  func observeEvent(_ id: UInt8, at cycle: Cycle) {
    switch Int(id) {
    case RETA.doneEvent:
      observeJobs(before: cycle)
      observeProgress(at: cycle)
    case RETA.errorEvent:
      protocolState.error?.isSeen = true
      observeJobs(before: cycle)
    case 0..<128: observeTransfers()
    default: break
    }
  }

  // MARK: Races

  /// The core accesses bytes that somebody uses.
  func hostTouches(_ address: Address, _ size: Int, isWrite: Bool, at site: Site) {
    let bytes = address..<address &+ UInt32(truncatingIfNeeded: size)
    if let job = jobs.flight.last(where: { job in
      let used = job.footprint
      return Footprint.common([bytes], used.writes) != nil
        || isWrite && (Footprint.common([bytes], used.reads) ?? Footprint.common([bytes], used.list)) != nil
    }) {
      touches(job, address, isWrite: isWrite, at: site)
    }
    hostTouchesTransfer(bytes, isWrite: isWrite, at: site)
  }

  private func touches(_ job: Job, _ address: Address, isWrite: Bool, at site: Site) {
    // Who has seen that the queue is halted knows that no job starts before ERR is written.
    if job.finished == nil, protocolState.error?.isSeen ?? false { return }
    let state =
      job.finished.map { "which has finished in cycle \($0 - 1), but nothing has told the program" }
      ?? (machine.accelerator.isRunning && jobs.unfinished.first === job
        ? "which is running" : "which waits in the queue")
    let committed = [("the job was committed", job.site)]
    if isReleased(address, of: job, isWrite: isWrite) { return }
    guard isWrite else {
      if case .job(let number) = memory.writer(address), number != job.number {
        report(
          RaceRules.jobs, at: site, pc: site.pc, subject: describe(address),
          message:
            "load from \(describe(address)), an output of a finished job that job \(job.id), \(state), writes again",
          related: committed)
        return
      }
      report(
        RaceRules.hostRead, at: site, pc: site.pc, subject: describe(address),
        message: "load from \(describe(address)), an output of job \(job.id), \(state)", related: committed)
      return
    }
    if Footprint.contains(job.footprint.list, address) {
      report(
        RaceRules.listWrite, at: site, pc: site.pc, subject: describe(address),
        message: "store to \(describe(address)), a descriptor of the list of job \(job.id), \(state)",
        related: committed)
    } else {
      let kind = Footprint.contains(job.footprint.reads, address) ? "input" : "output"
      report(
        RaceRules.hostWrite, at: site, pc: site.pc, subject: describe(address),
        message: "store to \(describe(address)), an \(kind) of job \(job.id), \(state)", related: committed)
    }
  }

  /// The stack gives back bytes.
  func checkReleased(_ start: Address, _ count: Int) {
    releasedForTransfers(start..<start &+ UInt32(truncatingIfNeeded: count))
    let uses: ShadowMemory.Use = [.jobReads, .jobWrites, .listReads, .transferReads, .transferWrites]
    guard let used = memory.firstUse(start, count, uses) else { return }
    let bytes = used..<used &+ 1
    let job = jobs.flight.last {
      Footprint.common([bytes], $0.footprint.writes + $0.footprint.reads + $0.footprint.list) != nil
    }
    let user = job.map { ("job \($0.id)", $0.site) } ?? transfers.runningUser(of: used).map { ($0.name, $0.site) }
    guard let user else { return }
    report(
      RaceRules.stackBuffer, subject: hexadecimal(used),
      message: "the stack above \(hexadecimal(start)) is given back, but \(user.0) still uses \(hexadecimal(used))",
      related: [("\(user.0) was started", user.1)])
  }

  // MARK: Descriptors

  /// Objects and banks of what a job uses.
  private func checkPlacement(_ job: Job) {
    let reachable = UInt64(machine.accelerator.configuration.l2Lo)
    func isPrivate(_ address: Address) -> Bool {
      address < MemoryMap.dataAliasSize || address >= MemoryMap.privateBank0 && UInt64(address) < reachable
    }
    if let first = job.footprint.list.first, job.footprint.operands.isEmpty, isPrivate(first.lowerBound) {
      report(
        RETARules.privateBank, at: job.site, pc: job.site.pc, part: "list", subject: "list",
        message: "the list at \(describe(first.lowerBound)) lies outside the memory that the accelerator reaches")
    }
    for operand in job.footprint.operands {
      let use = operand.use
      let place = operand.descriptor.map { " of the descriptor at \(describe($0))" } ?? ""
      let part = "\(operand.descriptor ?? 0)\(use.pointer.rawValue)"
      let subject = "\(operand.opcode.name) \(use.pointer.rawValue)\(place)"
      if isPrivate(use.address) {
        report(
          RETARules.privateBank, at: job.site, pc: job.site.pc, part: part, subject: subject,
          message:
            "\(use.pointer.rawValue)\(place) points to \(describe(use.address)), which the accelerator cannot reach")
      } else if let object = program.object(at: use.address), use.endAddress > object.range.upperBound {
        report(
          RETARules.objectBounds, at: job.site, pc: job.site.pc, part: part, subject: subject,
          message:
            "\(use.pointer.rawValue)\(place) begins at \(describe(use.address)) and reaches \(use.endAddress - object.range.upperBound) bytes beyond the end of \(object.name)"
        )
      }
    }
    for range in job.footprint.list {
      for address in stride(from: range.lowerBound, to: range.upperBound, by: Int(DescriptorFormat.byteCount)) {
        guard let object = program.object(at: address),
          UInt64(address) + UInt64(DescriptorFormat.byteCount) > object.range.upperBound
        else { continue }
        report(
          RETARules.objectBounds, at: job.site, pc: job.site.pc, part: "list", subject: "list",
          message: "the list goes on at \(describe(address)), beyond the end of \(object.name)")
      }
    }
  }

  /// A descriptor has been executed: what it read, what it wrote.
  func descriptorEnded(_ record: DescriptorRecord) {
    let descriptor = record.descriptor
    // A job that starts with its commit is known when its descriptors end.
    guard let job = jobs.unfinished.first else { return }
    if let address = record.address, job.footprint.hasProgress, job.footprint.isStraight {
      job.completed.append((address, record.end, record.descriptor.evt))
    }
    if let address = record.address, let undefined = memory.firstUndefined(address, Int(DescriptorFormat.byteCount)) {
      report(
        MemoryRules.uninitReta, at: job.site, pc: job.site.pc, part: "list",
        subject: "descriptor at \(describe(address))",
        message: "word \((undefined &- address) / 4) of the descriptor at \(describe(address)) was never written")
    }
    guard record.error == .none, let opcode = descriptor.opcode, opcode != .ctrl, opcode != .list else { return }
    let place = record.address.map { " of the descriptor at \(describe($0))" } ?? ""
    var output: TensorUse?
    descriptor.forEachTensor { use in
      if use.pointer == .y { output = use }
      guard use.isRead, let undefined = firstUndefined(descriptor, use) else { return }
      report(
        MemoryRules.uninitReta, at: job.site, pc: job.site.pc, part: "\(record.address ?? 0)\(use.pointer.rawValue)",
        subject: "\(opcode.name) \(use.pointer.rawValue)\(place)",
        message:
          "job \(job.id) read \(describe(undefined)), part of \(use.pointer.rawValue)\(place), which was never written")
    }
    if let output { checkOverlap(descriptor, opcode, output, job, place, record.address ?? 0) }
    descriptor.forEachTensor { use in
      guard use.isWritten else { return }
      use.forEachRow { row in
        memory.fill(row.lowerBound, row.count, isDefined: true)
        memory.wrote(row.lowerBound, row.count, .job(job.number))
      }
    }
  }

  private func firstUndefined(_ descriptor: Descriptor, _ use: TensorUse) -> Address? {
    var found: Address?
    if descriptor.opcode == .map, descriptor.f0, use.pointer == .x {
      // Of a table only the rows that the indices name are read.
      for row in 0..<descriptor.rows {
        let index = machine.interleaved.word(descriptor.a &+ UInt32(truncatingIfNeeded: 4 &* row))
        guard index < UInt32(truncatingIfNeeded: descriptor.inner) else { continue }
        let start = use.address &+ index &* UInt32(truncatingIfNeeded: descriptor.xStride)
        found = memory.firstUndefined(start, use.rowBytes)
        if found != nil { return found }
      }
      return nil
    }
    use.forEachRow { row in if found == nil { found = memory.firstUndefined(row.lowerBound, row.count) } }
    return found
  }

  private func checkOverlap(
    _ descriptor: Descriptor, _ opcode: Opcode, _ output: TensorUse, _ job: Job, _ place: String, _ address: Address
  ) {
    descriptor.forEachTensor { use in
      guard use.pointer != .y else { return }
      let isSame = use.address == output.address && (use.stride == output.stride || output.rows == 1)
      let mayBeSame =
        use.pointer == .z || use.pointer == .x && (opcode == .norm || opcode == .map && !descriptor.f0)
      if isSame && mayBeSame { return }
      guard let common = use.firstCommon(output) else { return }
      report(
        RETARules.operandOverlap, at: job.site, pc: job.site.pc, part: "\(address)\(use.pointer.rawValue)",
        subject: "\(opcode.name) Y, \(use.pointer.rawValue)\(place)",
        message: "Y\(place) overlaps \(use.pointer.rawValue) at \(describe(common))")
    }
  }
}
