// Listens to a run and keeps what statistics and the overhead report are made of.
//
// Follows `cli.md`, "Whose cycle is it?". Attached to a machine it changes no result and no cycle count: it only reads,
// and its own event slot does nothing but read counters at a cycle.

import HardwareModel
import PULPissimo
import Peripherals
import RISCV
import RetentionAccelerator

/// The record of one run.
public final class RunRecorder: HartObserver {
  /// Accesses to one register.
  public struct RegisterAccesses: Sendable, Equatable, Encodable {
    public let block: String
    public let register: String
    public var reads: UInt64 = 0
    public var writes: UInt64 = 0
  }

  /// What had happened before a cycle.
  struct Mark {
    var cycle: Cycle
    var instructions: UInt64
    var accelerator: AcceleratorTotals
  }

  let machine: Machine
  /// Registers in the order in which they were accessed first.
  private var accesses: [Row] = []
  private struct Row {
    let address: Address
    var total: RegisterAccesses
    /// The kind of its reads and, one further, of its writes in `counts`.
    let kind: Int
  }
  /// What the words that were accessed stand for, and those of late where they are found without hashing.
  private var places: [Address: Place] = [:]
  private var recentPlaces = [Place?](repeating: nil, count: 64)
  private final class Place {
    let address: Address
    let block: RegisterBlock?
    let register: Register?
    let row: Int
    let isPolled: Bool
    let isAccelerator: Bool

    init(_ address: Address, _ block: RegisterBlock?, _ register: Register?, row: Int) {
      self.address = address
      self.block = block
      self.register = register
      self.row = row
      isAccelerator = block?.name == RETARegisters.block.name
      isPolled =
        isAccelerator || block?.name == InterruptControllerRegisters.block.name
        || block?.name == SoCEventGeneratorRegisters.block.name
    }
  }
  public private(set) var jobs: [JobRecord] = []

  // Host cycles by cause.
  private(set) var asleep = CycleIntervals()
  private(set) var interrupt = CycleIntervals()
  private(set) var polling = CycleIntervals()
  private(set) var configuring = CycleIntervals()
  /// Register accesses and interrupts of the region.
  private(set) var counts = RegionCounts()

  // Classification state.
  private var interruptLevel = 0
  private var interruptStart: Cycle = 0
  private var storesInInterrupts: UInt64 = 0
  private var storesAtInterrupt: UInt64 = 0
  private var accessesOutside: UInt64 = 0
  fileprivate struct Poll {
    var address: Address
    var issued: Cycle
    var stores: UInt64
    var accesses: UInt64
  }
  private var polls: [Address: Poll] = [:]
  private var configuringFrom: Cycle?

  // Region and latencies.
  private(set) var firstAcceleratorAccess: Cycle?
  private(set) var firstTrigger: Cycle?
  private(set) var regionStart: Mark?
  private(set) var regionEnd: Mark?
  private(set) var marks: [(begin: Mark, end: Mark)] = []
  private var openMark: Mark?
  private let regionSymbols: (begin: Address, end: Address)?
  /// Contexts that hold a job, the running one included.
  private var committed = 0
  private(set) var latencies = LatencyRecords()
  /// Instructions by address, if asked for.
  public let profile: ExecutionProfile?
  /// What the profile listens through while the region is open.
  private var profileObserver: (any InstructionObserver)?
  private var profileReplaces: (any InstructionObserver)?
  /// Told of everything that the recorder is told.
  public var listeners: [any RunListener] = []
  private let operations = OperationTotals()
  /// Descriptors of the run by operation and shape.
  public var operationTotals: [OperationTotal] { operations.all }
  private var pendingStartMark: Cycle?
  private var pendingEndMark: Cycle?
  private var slot: EventQueue.Slot?

  /// Attaches a recorder to `machine`, which must not have run yet. `region`: addresses of the first and the last
  /// instruction of what is measured; nil for the default region.
  /// `profiles`: also counts the region's instructions by address, which takes the exact engine.
  public init(_ machine: Machine, region: (begin: Address, end: Address)? = nil, profiles: Bool = false) {
    self.machine = machine
    regionSymbols = region
    profile = profiles ? ExecutionProfile() : nil
    slot = machine.queue.register("recorder") { [unowned self] cycle in takeMarks(at: cycle) }
    machine.hart.observer = self
    if let region { machine.hart.watchedAddresses.formUnion([region.begin, region.end]) }
    machine.accelerator.onJobStarted = { [unowned self] in jobStarted($0) }
    machine.accelerator.onJobEnded = { [unowned self] in jobEnded($0) }
    machine.accelerator.onDescriptor = { [unowned self] in descriptorEnded($0) }
    profile?.onHandler = { [unowned self] in latencies.handled(at: $0) }
  }

  deinit { machine.hart.forget(ObjectIdentifier(self)) }

  /// Accesses by register, in order of address.
  public var registerAccesses: [RegisterAccesses] {
    accesses.sorted { $0.address < $1.address }.map(\.total)
  }

  /// Accesses of the region by register, in order of address; only registers that were accessed in it.
  public var regionAccesses: [RegisterAccesses] {
    accesses.sorted { $0.address < $1.address }.compactMap { row in
      let part = RegisterAccesses(
        block: row.total.block, register: row.total.register, reads: counts[row.kind], writes: counts[row.kind + 1])
      return part.reads + part.writes > 0 ? part : nil
    }
  }

  // MARK: Accesses

  public func accessed(_ access: BusAccess) {
    guard MemoryMap.peripherals.contains(access.address) else { return }
    let place = place(access.address)
    if place.row >= 0 {
      let kind = accesses[place.row].kind
      if access.isWrite {
        accesses[place.row].total.writes += 1
        counts.add(kind: kind + 1, at: access.issued)
      } else {
        accesses[place.row].total.reads += 1
        counts.add(kind: kind, at: access.issued)
      }
    }
    counts.add(access.isWrite ? .write : .read, at: access.issued)
    let isInside = interruptLevel > 0 && access.issued >= interruptStart
    if !isInside { accessesOutside += 1 }
    for listener in listeners { listener.accessed(access, place.block, place.register) }
    if place.isPolled && !isInside && !access.isWrite { notePoll(access) }
    if place.isAccelerator { noteAccelerator(access, place.register) }
  }

  /// Long repetitions are counted at once, but for their ends: what opens, extends or closes the region is noticed some
  /// accesses later.
  public func repeated(_ repetition: RepeatedAccesses) {
    let ends: UInt64 = 40
    func one(_ numbers: ClosedRange<UInt64>) { for number in numbers { repetition.round(number).forEach(accessed) } }
    guard repetition.times > 4 * ends, isPolling(repetition), let first = repetition.accesses.first?.access.issued,
      let last = repetition.accesses.last?.access.issued
    else {
      if repetition.times > 0 { one(1...repetition.times) }
      return
    }
    one(1...ends)
    let rounds = repetition.times - 2 * ends
    let span = (first &+ (ends + 1) &* repetition.period)...(last &+ (ends + rounds) &* repetition.period)
    let outside = accessesOutside
    for (access, _) in repetition.accesses where MemoryMap.peripherals.contains(access.address) {
      let place = place(access.address)
      if place.row >= 0 {
        accesses[place.row].total.reads += rounds
        counts.add(kind: accesses[place.row].kind, times: rounds, in: span)
      }
      counts.add(kind: RegionCounts.Event.read.rawValue, times: rounds, in: span)
      accessesOutside &+= rounds
    }
    for (access, _) in repetition.accesses {
      guard var poll = polls[access.pc] else { continue }
      polling.insert(from: poll.issued, until: poll.issued &+ rounds &* repetition.period)
      poll.issued &+= rounds &* repetition.period
      poll.accesses &+= accessesOutside &- outside
      polls[access.pc] = poll
    }
    one((ends + rounds + 1)...repetition.times)
  }

  /// True if all that a repetition brings is more of the same.
  private func isPolling(_ repetition: RepeatedAccesses) -> Bool {
    let places = Set(repetition.accesses.map(\.access.pc))
    return listeners.isEmpty && interruptLevel == 0 && repetition.stores == 0
      && places.count == repetition.accesses.count
      && places.count <= Int(Self.mostBetweenPolls)
  }

  /// Other accesses between two of a polling loop.
  private static let mostBetweenPolls: UInt64 = 8

  private func place(_ address: Address) -> Place {
    let word = address & ~3
    let index = Int(word >> 2) % recentPlaces.count
    if let recent = recentPlaces[index], recent.address == word { return recent }
    let place = places[word] ?? firstSight(of: word)
    recentPlaces[index] = place
    return place
  }

  private func firstSight(of word: Address) -> Place {
    // Where no block answers there is nothing to remember.
    guard let (block, register) = machine.bus.register(at: word) else { return Place(word, nil, nil, row: -1) }
    let kind = counts.nextKind
    counts.reserve(kind + 1)
    let place = Place(word, block, register, row: accesses.count)
    let name = register?.name ?? "0x" + String(word & 0xFFF, radix: 16)
    accesses.append(Row(address: word, total: RegisterAccesses(block: block.name, register: name), kind: kind))
    places[word] = place
    return place
  }

  private func notePoll(_ access: BusAccess) {
    let stores = access.storesBefore &- storesInInterrupts
    if let last = polls[access.pc], last.address == access.address, last.stores == stores,
      accessesOutside &- last.accesses <= Self.mostBetweenPolls
    {
      polling.insert(from: last.issued, until: access.issued)
    }
    polls[access.pc] = Poll(
      address: access.address, issued: access.issued, stores: stores, accesses: accessesOutside)
  }

  private func noteAccelerator(_ access: BusAccess, _ register: Register?) {
    if firstAcceleratorAccess == nil { firstAcceleratorAccess = access.issued }
    latencies.acknowledged(at: access.phase)
    guard let register else { return }
    let offset = register.offset
    if access.isWrite {
      switch offset {
      case RETARegisters.trigger.offset:
        triggered(access)
        close(access)
      case RETARegisters.softClear.offset:
        setCommitted(0, at: access.phase + 1)
        latencies.dropCommitted()
        close(access)
      default:
        if Self.isConfiguration(register) { open(access) }
      }
    } else if offset == RETARegisters.acquire.offset, access.value < 0x100 {
      open(access)
    }
  }

  private static let configurationOffsets = Set(
    (RETARegisters.job + RETARegisters.base + RETARegisters.cnt).map(\.offset))

  /// A job register, BASE or CNT.
  private static func isConfiguration(_ register: Register) -> Bool {
    configurationOffsets.contains(register.offset)
  }

  private func open(_ access: BusAccess) {
    if configuringFrom == nil { configuringFrom = access.issued }
  }

  private func close(_ access: BusAccess) {
    guard let from = configuringFrom else { return }
    configuring.insert(from: from, until: access.answered + 1)
    configuringFrom = nil
  }

  private func triggered(_ access: BusAccess) {
    if firstTrigger == nil {
      firstTrigger = access.phase
      if regionSymbols == nil {
        counts.open(at: access.phase + 1)
        openProfile(at: access.phase + 1)
      }
      mark(startAt: access.phase + 1)
    }
    // A third commit has no context: nothing is committed.
    let commits = committed < RETA.contextCount
    if commits { setCommitted(committed + 1, at: access.phase + 1) }
    latencies.triggered(at: access.phase, commits: commits)
  }

  // MARK: Jobs

  private func setCommitted(_ depth: Int, at cycle: Cycle) {
    committed = depth
    for listener in listeners { listener.queueChanged(depth, at: cycle) }
  }

  private func jobStarted(_ job: JobRecord) {
    latencies.started(at: job.start)
    for listener in listeners { listener.jobStarted(job) }
  }

  private func descriptorEnded(_ record: DescriptorRecord) {
    operations.add(record, machine.accelerator.model)
    for listener in listeners { listener.descriptorEnded(record) }
  }

  private func jobEnded(_ job: JobRecord) {
    jobs.append(job)
    for listener in listeners { listener.jobEnded(job) }
    setCommitted(max(0, committed - 1), at: job.end + 1)
    guard !job.aborted else {
      latencies.aborted()
      return
    }
    latencies.finished(at: job.end, isLast: committed == 0)
    if regionSymbols == nil { counts.extend(through: job.end) }
    mark(endAt: job.end + 1)
  }

  // MARK: Marks

  private func mark(startAt cycle: Cycle) {
    pendingStartMark = cycle
    schedule()
  }

  private func mark(endAt cycle: Cycle) {
    pendingEndMark = cycle
    schedule()
  }

  private func schedule() {
    guard let slot else { return }
    machine.queue.schedule(slot, at: min(pendingStartMark ?? .never, pendingEndMark ?? .never))
  }

  private func takeMarks(at cycle: Cycle) {
    if let due = pendingStartMark, due <= cycle {
      regionStart = mark(due)
      pendingStartMark = nil
    }
    if let due = pendingEndMark, due <= cycle {
      regionEnd = mark(due)
      profile?.extend()
      pendingEndMark = nil
    }
    if pendingStartMark != nil || pendingEndMark != nil { schedule() }
  }

  /// What has happened before `cycle`.
  private func mark(_ cycle: Cycle) -> Mark {
    Mark(
      cycle: cycle, instructions: machine.hart.counters.instructions,
      accelerator: machine.accelerator.totals(at: cycle))
  }

  public func reached(_ pc: Address, at cycle: Cycle) {
    guard let regionSymbols else { return }
    if pc == regionSymbols.end, let begin = openMark {
      marks.append((begin, mark(cycle)))
      openMark = nil
      counts.close(at: cycle)
      profile?.extend()
      closeProfile()
    } else if pc == regionSymbols.begin, openMark == nil {
      openMark = mark(cycle)
      counts.open(at: cycle)
      openProfile(at: cycle)
    }
  }

  private func openProfile(at cycle: Cycle) {
    guard let profile else { return }
    profile.open(at: cycle)
    guard profileObserver == nil else { return }
    profileReplaces = machine.hart.instructionObserver
    let observer: any InstructionObserver = profileReplaces.map { InstructionObservers([$0, profile]) } ?? profile
    profileObserver = observer
    machine.hart.instructionObserver = observer
  }

  private func closeProfile() {
    guard let profile, let observer = profileObserver else { return }
    profile.close()
    // Somebody else may have come in between.
    if machine.hart.instructionObserver === observer { machine.hart.instructionObserver = profileReplaces }
    profileObserver = nil
    profileReplaces = nil
  }

  // MARK: Traps and sleep

  public func tookInterrupt(_ line: Int, at cycle: Cycle, pc: Address) {
    counts.add(.interrupt, at: cycle)
    for listener in listeners { listener.tookInterrupt(line, at: cycle, pc: pc) }
    if line == InterruptController.eventLine { latencies.interrupted(at: cycle) }
    if interruptLevel == 0 {
      interruptStart = cycle
      storesAtInterrupt = machine.hart.counters.storesNotThroughSP
    }
    interruptLevel += 1
  }

  public func tookException(_ cause: UInt32, at cycle: Cycle, pc: Address) {
    if interruptLevel > 0 { interruptLevel += 1 }
  }

  public func returned(at cycle: Cycle) {
    for listener in listeners { listener.returned(at: cycle) }
    guard interruptLevel > 0 else { return }
    interruptLevel -= 1
    if interruptLevel == 0 {
      storesInInterrupts &+= machine.hart.counters.storesNotThroughSP &- storesAtInterrupt
      isReturning = true
    }
  }
  private var isReturning = false

  public func resumed(at cycle: Cycle) {
    guard isReturning else { return }
    isReturning = false
    if regionSymbols == nil && firstTrigger == nil { return }
    interrupt.insert(from: interruptStart, until: cycle)
  }

  public func slept(from: Cycle, until: Cycle) {
    for listener in listeners { listener.coreSlept(from: from, until: until) }
    // What lies before the first sight of the accelerator is in no figure.
    if regionSymbols == nil && firstAcceleratorAccess == nil { return }
    asleep.insert(from: from, until: until)
  }

  /// Closes what is still open when the run ends at `cycle`.
  public func finish(at cycle: Cycle) {
    if interruptLevel > 0 || isReturning { interrupt.insert(from: interruptStart, until: cycle) }
    let sleeping = machine.hart.sleepCycles(at: cycle) - machine.hart.counters.sleepCycles
    if sleeping > 0 {
      asleep.insert(from: cycle - sleeping, until: cycle)
      for listener in listeners { listener.coreSlept(from: cycle - sleeping, until: cycle) }
    }
    if let from = configuringFrom { configuring.insert(from: from, until: cycle) }
    if pendingStartMark != nil || pendingEndMark != nil {
      if let due = pendingStartMark { regionStart = mark(due) }
      if let due = pendingEndMark {
        regionEnd = mark(due)
        profile?.extend()
      }
    }
    if let begin = openMark {
      marks.append((begin, mark(cycle)))
      openMark = nil
      counts.close(at: cycle)
      profile?.extend()
    }
    closeProfile()
    for listener in listeners { listener.finished(at: cycle) }
    if regionSymbols == nil, let regionStart, let regionEnd, regionEnd.cycle > regionStart.cycle {
      marks = [(regionStart, regionEnd)]
    }
  }
}

extension RunRecorder.RegisterAccesses {
  fileprivate static let none = Self(block: "", register: "")

  fileprivate mutating func visitState(_ archive: StateArchive) {
    var (block, register) = (block, register)
    archive.visit("block", &block, most: 64)
    archive.visit("register", &register, most: 64)
    if archive.isLoading { self = Self(block: block, register: register) }
    archive.visit("reads", cycle: &reads)
    archive.visit("writes", cycle: &writes)
  }
}

extension RunRecorder.Mark: StateValue {
  mutating func visitState(_ archive: StateArchive) {
    archive.visit("cycle", cycle: &cycle)
    archive.visit("instructions", cycle: &instructions)
    archive.visit("accelerator", &accelerator)
  }
}

extension RunRecorder.Poll: StateValue {
  fileprivate mutating func visitState(_ archive: StateArchive) {
    archive.visit("address", &address)
    archive.visit("issued", cycle: &issued)
    archive.visit("stores", &stores)
    archive.visit("accesses", &accesses)
  }
}

extension RunRecorder: Stateful {
  /// What has been recorded so far, so that a run that goes on from a snapshot ends with the statistics of the whole.
  public func visitState(_ archive: StateArchive) {
    archive.omits(
      "machine", "regionSymbols", "profile", "profileObserver", "profileReplaces", "listeners", "slot", "places",
      "recentPlaces")
    let none = Mark(cycle: 0, instructions: 0, accelerator: AcceleratorTotals())
    archive.elements("accesses", &accesses, most: 1 << 20, new: Row(address: 0, total: .none, kind: 0)) {
      var (address, total, kind) = ($0.address, $0.total, $0.kind)
      archive.visit("address", &address)
      archive.parts(of: &total) { $0.visitState(archive) }
      archive.visit("kind", &kind, in: 0...1 << 20)
      if archive.isLoading { $0 = Row(address: address, total: total, kind: kind) }
    }
    archive.visit("jobs", &jobs, most: 1 << 28, new: .empty)
    archive.visit("asleep", &asleep)
    archive.visit("interrupt", &interrupt)
    archive.visit("polling", &polling)
    archive.visit("configuring", &configuring)
    archive.visit("counts", &counts)
    archive.visit("interruptLevel", &interruptLevel, in: 0...1 << 48)
    archive.visit("interruptStart", cycle: &interruptStart)
    archive.visit("storesInInterrupts", &storesInInterrupts)
    archive.visit("storesAtInterrupt", &storesAtInterrupt)
    archive.visit("accessesOutside", cycle: &accessesOutside)
    var readers = polls.sorted { $0.key < $1.key }.map { (pc: $0.key, poll: $0.value) }
    let unread = Poll(address: 0, issued: 0, stores: 0, accesses: 0)
    archive.elements("polls", &readers, most: 1 << 22, new: (0, unread)) {
      archive.visit("pc", &$0.pc)
      archive.visit("poll", &$0.poll)
    }
    archive.visit("configuringFrom", due: &configuringFrom)
    archive.visit("firstAcceleratorAccess", due: &firstAcceleratorAccess)
    archive.visit("firstTrigger", due: &firstTrigger)
    archive.visit("regionStart", &regionStart, new: none)
    archive.visit("regionEnd", &regionEnd, new: none)
    archive.elements("marks", &marks, most: 1 << 24, new: (none, none)) {
      archive.visit("begin", &$0.begin)
      archive.visit("end", &$0.end)
      archive.require($0.begin.cycle <= $0.end.cycle, "a region that ends before it begins")
    }
    archive.visit("openMark", &openMark, new: none)
    archive.visit("committed", &committed, in: 0...RETA.contextCount)
    archive.visit("latencies", &latencies)
    archive.visit("operations", operations)
    archive.visit("pendingStartMark", due: &pendingStartMark)
    archive.visit("pendingEndMark", due: &pendingEndMark)
    archive.visit("isReturning", &isReturning)
    archive.require(
      accesses.allSatisfy { $0.kind + 1 < counts.nextKind }, "a register whose accesses are not counted")
    guard archive.isLoading else { return }
    places = [:]
    for (row, access) in accesses.enumerated() {
      guard let (block, register) = machine.bus.register(at: access.address) else { continue }
      places[access.address] = Place(access.address, block, register, row: row)
    }
    recentPlaces = Array(repeating: nil, count: recentPlaces.count)
    polls = Dictionary(readers.map { ($0.pc, $0.poll) }) { $1 }
  }
}
