/// RETA: the retention accelerator as a block on the APB.
///
/// Models: the register interface (hwpe-ctrl with 2 contexts and the extension block), events and errors. A write in
/// access cycle t shows from t + 1 on; a job that it starts runs from t + 1. Jobs are carried out in `RETASequencer`.
/// Follows: retention-accelerator.md section 4.
/// Leaves out: arbitration for the L2 banks, which is the `TCDMPort`'s matter.

import HardwareModel

/// The accelerator. It owns no memory and no time: both are the machine's.
public final class RETA: BusTarget {
  /// Contexts of the register file.
  public static let contextCount = 2
  /// SoC events of line 0 (done, progress) and line 1 (error).
  public static let doneEvent = 140
  public static let errorEvent = 141

  public let configuration: RETAConfiguration
  public var registers: RegisterBlock { RETARegisters.block }

  /// Called with the line (0: SoC event 140, 1: SoC event 141) and the cycle in which its pulse is high. With
  /// contended ports, the pulse of a descriptor with EVT is reported in the cycle after it.
  public var onEvent: ((_ line: Int, _ cycle: Cycle) -> Void)?
  /// Called when a job has been started: its first cycle is the current one, or the next after an access.
  public var onJobStarted: ((JobRecord) -> Void)?
  /// Called when a job has finished or was aborted.
  public var onJobEnded: ((JobRecord) -> Void)?
  /// Called for each descriptor that ended, legal or not; the LIST job itself is not one.
  public var onDescriptor: ((DescriptorRecord) -> Void)?

  /// Asked some hundred times a second of host time while a descriptor's arithmetic is carried out. A legal descriptor
  /// may stand for 2^48 multiply-accumulates, which nobody can wait for: true ends the arithmetic where it is. Only for a
  /// run that is over; memory then holds part of the output.
  public var isAbandoned: (() -> Bool)? {
    get { datapath.isAbandoned }
    set { datapath.isAbandoned = newValue }
  }

  let queue: EventQueue
  let memory: DirectMemory
  let port: TCDMPort
  let datapath: Datapath
  let checker: DescriptorChecker
  /// The costs of descriptors without contention.
  public let model: CycleModel

  // MARK: Registers

  var jobs = JobQueue()
  var scratch: UInt32 = 0
  var bases = BaseRegisters(repeating: 0)
  var loopCounters = InlineArray<4, UInt32>(repeating: 0)
  var error = ErrorCode.none
  var errorPC: Address = 0
  var errorJob: UInt8 = 0
  var suspendRequest = false
  var wasSuspended = false
  var listPC: Address = 0
  var progress: UInt32 = 0
  var eventMask = RETARegisters.evtMask.reset
  /// Sums since the last PERF_CLEAR are differences to these.
  private var cleared = AcceleratorTotals()
  private var highLatches = InlineArray<7, UInt32>(repeating: 0)

  // MARK: The running job (RETASequencer)

  /// What the engine is doing. Every phase ends in `phaseEnd`, unless the ports report more stalls by then.
  enum Phase: UInt8 {
    case idle
    /// A descriptor of a list is read.
    case fetch
    /// The break word of CTRL is read.
    case breakWord
    /// Check and operation of a legal descriptor.
    case operation
    /// Check of an illegal descriptor of a list.
    case check
    /// From the last write (or the failed check) to the event.
    case finish
  }

  var phase = Phase.idle
  /// Last cycle of the phase as known so far.
  var phaseEnd: Cycle = 0
  /// Stall cycles of the phase that `phaseEnd` contains.
  var phaseStalls: UInt64 = 0
  /// True until the pulse of the phase's last cycle has been sent.
  var pulsePending = false
  var record = JobRecord(id: 0, operation: "", start: 0, end: 0)
  var isList = false
  /// The running job is a list whose own check has passed.
  var listRan = false
  var descriptor: Descriptor
  var descriptorStart: Cycle = 0
  var cost = DescriptorCost()
  var breakWord: UInt32 = 0
  /// The error that the running job will end with.
  var pendingError = ErrorCode.none
  var pendingErrorPC: Address = 0
  /// The running list ends because of a suspend request.
  var suspends = false

  // MARK: Injected faults (RETAFaults)

  /// The running job will never end.
  var isStuck = false
  /// The error that the running job will end with if it finds none itself.
  var injectedError = ErrorCode.none
  /// Cycles for which the ports stand still, since when, and earlier ones of the same phase.
  var injectedStallCycles: UInt64 = 0
  var injectedStallStart: Cycle = 0
  var injectedStallsDone: UInt64 = 0

  /// Work of finished descriptors, jobs and runs.
  var done = AcceleratorTotals()
  private(set) var slot: EventQueue.Slot
  private var softwareEventSlot: EventQueue.Slot
  private var softwareEventLine = 0

  /// `memory`: the interleaved L2. What the configuration says to be reachable is limited to it.
  public init(
    queue: EventQueue, memory: DirectMemory, configuration: RETAConfiguration = RETAConfiguration(),
    port: TCDMPort = UncontendedPort()
  ) {
    var configuration = configuration
    configuration.l2Lo = max(configuration.l2Lo, memory.base)
    configuration.l2Hi = min(configuration.l2Hi, memory.base &+ UInt32(truncatingIfNeeded: memory.size))
    self.configuration = configuration
    self.queue = queue
    self.memory = memory
    self.port = port
    datapath = Datapath(memory: memory, configuration: configuration)
    checker = DescriptorChecker(configuration: configuration)
    model = CycleModel(configuration)
    descriptor = Descriptor(DescriptorWords(repeating: 0), bases: BaseRegisters(repeating: 0))
    // The handlers need self, which needs the slots: they reach it through this box.
    let owner = Owner()
    slot = queue.register("RETA") { owner.accelerator?.phaseEvent(at: $0) }
    softwareEventSlot = queue.register("RETA software event") { owner.accelerator?.softwareEvent(at: $0) }
    owner.accelerator = self
  }

  private final class Owner {
    /// Not weak: that would make every retain of the accelerator slow.
    unowned var accelerator: RETA?
  }

  // MARK: Observation

  /// True if a job runs in `cycle`, the current one.
  public var isRunning: Bool { phase != .idle }
  /// True if a job runs or will run without any further access.
  public var isBusy: Bool { isRunning || (jobs.canStart && error == .none) }
  /// The running job, as far as it has come.
  public var currentJob: JobRecord? { isRunning ? record : nil }

  /// Sums over the whole run as seen in `cycle`: the cycles before it count.
  public func totals(at cycle: Cycle) -> AcceleratorTotals {
    var totals = done
    if isRunning {
      if cycle > record.start { totals.runCycles &+= cycle &- record.start }
      totals.stallCycles &+= liveStalls(before: cycle)
    }
    return totals
  }

  /// Stalls of the running phase.
  func liveStalls(before cycle: Cycle) -> UInt64 {
    let stalls = port.isContended ? port.stalls(before: cycle) : 0
    guard injectedStallCycles | injectedStallsDone != 0 else { return stalls }
    return stalls &+ injectedStallsDone &+ injectedStalls(before: cycle)
  }

  public func possibleEvents(at cycle: Cycle) -> EventSet {
    var events = EventSet()
    if isBusy, !isStuck {
      typealias Mask = RETARegisters
      if eventMask & (Mask.doneBit | Mask.progressBit) != 0 { events.insert(Self.doneEvent) }
      if eventMask & Mask.errorBit != 0 { events.insert(Self.errorEvent) }
    }
    if queue.dueCycle(of: softwareEventSlot) != .never {
      events.insert(softwareEventLine == 0 ? Self.doneEvent : Self.errorEvent)
    }
    return events
  }

  // MARK: The bus

  /// The APB-to-peripheral adapter of the slot: reads take one wait state, writes none.
  public func answer(_ offset: UInt32, isWrite: Bool) -> BusAnswer { .waitStates(isWrite ? 0 : 1) }

  public func read(_ offset: UInt32, at cycle: Cycle) -> UInt32 {
    let (function, index) = RegisterMap.decode(offset)
    switch function {
    case .acquire: return jobs.acquire()
    case .finished: return jobs.readFinished(at: cycle)
    case .counterLow:
      let value = counter(index, at: cycle)
      highLatches[index] = UInt32(truncatingIfNeeded: value >> 32)
      return UInt32(truncatingIfNeeded: value)
    default: return value(function, index, offset, at: cycle)
    }
  }

  public func peek(_ offset: UInt32, at cycle: Cycle) -> UInt32 {
    let (function, index) = RegisterMap.decode(offset)
    return value(function, index, offset, at: cycle)
  }

  /// Everything that jobs change is changed by events, except what counts cycles.
  public func forecast(_ offset: UInt32, at cycle: Cycle) -> ReadForecast? {
    let (function, index) = RegisterMap.decode(offset)
    switch function {
    case .acquire: return jobs.canAcquire ? nil : .constant
    case .finished: return jobs.finished == 0 ? .constant : nil
    case .counterLow where isRunning:
      switch PerformanceCounter(rawValue: index) {
      case .cycles: return cycle > record.start ? ReadForecast(.counting) : nil
      case .stalls: return nil
      default: return .constant
      }
    default: return .constant
    }
  }

  private func value(_ function: RegisterMap.Function, _ index: Int, _ offset: UInt32, at cycle: Cycle) -> UInt32 {
    switch function {
    case .status: return jobs.status | UInt32(error.rawValue) << 24
    case .runningJob: return UInt32(jobs.runningID)
    case .acquire: return jobs.acquireAnswer
    case .finished: return jobs.finished
    case .trigger: return RETARegisters.triggerReads
    case .scratch: return scratch
    case .base: return bases[index]
    case .job:
      // Address bits 9:8 select a context on reads: 0 the programmed one, 1 and 2 contexts 0 and 1, 3 none.
      switch offset >> 8 & 3 {
      case 0: return jobs.contexts[jobs.programmed][index]
      case 1: return jobs.contexts[0][index]
      case 2: return jobs.contexts[1][index]
      default: return 0
      }
    case .constant:
      switch index {
      case RegisterMap.cap0: return configuration.cap0
      case RegisterMap.cap1: return configuration.cap1
      case RegisterMap.cap2: return configuration.cap2
      case RegisterMap.l2Lo: return configuration.l2Lo
      case RegisterMap.l2Hi: return configuration.l2Hi
      case RegisterMap.version: return RETARegisters.version.reset
      default: return RETARegisters.id.reset
      }
    case .err: return UInt32(error.rawValue)
    case .errPC: return errorPC
    case .errJob: return UInt32(errorJob)
    case .suspend: return (suspendRequest ? 1 : 0) | (wasSuspended ? 2 : 0)
    case .listPC: return listPC
    case .progress: return progress
    case .evtMask: return eventMask
    case .cnt: return loopCounters[index]
    case .counterLow: return UInt32(truncatingIfNeeded: counter(index, at: cycle))
    case .counterHigh: return highLatches[index]
    case .none, .softClear, .swEvt, .perfClear: return 0
    }
  }

  public func write(_ offset: UInt32, _ value: UInt32, at cycle: Cycle) {
    let (function, index) = RegisterMap.decode(offset)
    switch function {
    case .trigger:
      jobs.trigger(value)
      startJob(at: cycle &+ 1)
    case .finished: _ = jobs.readFinished(at: cycle)
    case .softClear: softClear(everything: value == 0, at: cycle)
    case .swEvt:
      softwareEventLine = Int(value & 1)
      queue.schedule(softwareEventSlot, at: cycle &+ 1)
    case .scratch: scratch = value
    case .base: if !isRunning { bases[index] = value }
    case .cnt: if !isRunning { loopCounters[index] = value }
    case .job: jobs.contexts[jobs.programmed][index] = value
    case .err:
      error = .none
      startJob(at: cycle &+ 1)
    case .suspend: if isRunning, isList { suspendRequest = value & 1 != 0 }
    case .progress: progress = 0
    case .evtMask: eventMask = value & RETARegisters.eventMaskBits
    case .perfClear:
      cleared = totals(at: cycle &+ 1)
      highLatches = InlineArray(repeating: 0)
    case .none, .acquire, .status, .runningJob, .constant, .errPC, .errJob, .listPC, .counterLow, .counterHigh: break
    }
  }

  // MARK: Parts of the register interface

  /// A performance counter as a read in `cycle` sees it.
  private func counter(_ index: Int, at cycle: Cycle) -> UInt64 {
    let now = totals(at: cycle)
    switch PerformanceCounter(rawValue: index) {
    case .cycles: return now.runCycles &- min(cleared.runCycles, now.runCycles)
    case .stalls: return now.stallCycles &- min(cleared.stallCycles, now.stallCycles)
    case .macs: return now.macs &- cleared.macs
    case .bytesRead: return now.bytesRead &- cleared.bytesRead
    case .bytesWritten: return now.bytesWritten &- cleared.bytesWritten
    case .descriptors: return now.descriptors &- cleared.descriptors
    case .jobs: return now.jobs &- cleared.jobs
    case nil: return 0
    }
  }

  private func softClear(everything: Bool, at cycle: Cycle) {
    if isRunning { abortJob(at: cycle) }
    jobs.clear(everything: everything)
    error = .none
    suspendRequest = false
    wasSuspended = false
    guard everything else { return }
    scratch = 0
    bases = BaseRegisters(repeating: 0)
    loopCounters = InlineArray(repeating: 0)
    progress = 0
  }

  private func softwareEvent(at cycle: Cycle) { onEvent?(softwareEventLine, cycle) }
}

extension RETARegisters {
  /// Bits of EVT_MASK.
  static let doneBit = evtMask.fields[0].mask
  static let errorBit = evtMask.fields[1].mask
  static let progressBit = evtMask.fields[2].mask
  static let eventMaskBits = evtMask.mask(of: .readWrite)
}

extension RETA {
  public func visitState(_ archive: StateArchive) {
    // Arithmetic is done in one event, so the datapath holds nothing between two.
    archive.omits(
      "configuration", "onEvent", "onJobStarted", "onJobEnded", "onDescriptor", "queue", "memory", "port", "datapath",
      "checker", "model", "slot", "softwareEventSlot")
    archive.visit("jobs", &jobs)
    archive.visit("scratch", &scratch)
    archive.visit("bases", &bases)
    archive.visit("loopCounters", &loopCounters)
    archive.visit("error", &error)
    archive.visit("errorPC", &errorPC)
    archive.visit("errorJob", &errorJob)
    archive.visit("suspendRequest", &suspendRequest)
    archive.visit("wasSuspended", &wasSuspended)
    archive.visit("listPC", &listPC)
    archive.visit("progress", &progress)
    archive.visit("eventMask", &eventMask)
    archive.visit("cleared", &cleared)
    archive.visit("highLatches", &highLatches)
    archive.visit("phase", &phase)
    archive.visit("phaseEnd", cycle: &phaseEnd)
    archive.visit("phaseStalls", cycle: &phaseStalls)
    archive.visit("pulsePending", &pulsePending)
    archive.visit("record", &record)
    archive.visit("isList", &isList)
    archive.visit("listRan", &listRan)
    archive.visit("descriptor", &descriptor)
    archive.visit("descriptorStart", cycle: &descriptorStart)
    archive.visit("cost", &cost)
    archive.visit("breakWord", &breakWord)
    archive.visit("pendingError", &pendingError)
    archive.visit("pendingErrorPC", &pendingErrorPC)
    archive.visit("suspends", &suspends)
    archive.visit("isStuck", &isStuck)
    archive.visit("injectedError", &injectedError)
    archive.visit("injectedStallCycles", cycle: &injectedStallCycles)
    archive.visit("injectedStallStart", cycle: &injectedStallStart)
    archive.visit("injectedStallsDone", cycle: &injectedStallsDone)
    archive.visit("done", &done)
    archive.visit("softwareEventLine", &softwareEventLine, in: 0...1)
    archive.require(phase == .idle || jobs.pending > 0, "a job runs that nobody has committed")
    // The datapath works on what the checker has passed.
    archive.require(phase != .operation || isLegal(descriptor), "an illegal descriptor runs")
  }

  /// True if the checker passes `descriptor` in one of the two ways of starting it.
  func isLegal(_ descriptor: Descriptor) -> Bool {
    checker.check(descriptor, inList: true, bases: descriptor.bases) == .none
      || checker.check(descriptor, inList: false, bases: descriptor.bases) == .none
  }
}

extension StateArchive {
  /// A descriptor: its words and the base registers that were added, from which everything else follows.
  func visit(_ name: StaticString, _ descriptor: inout Descriptor) {
    group(name) {
      var (words, bases) = (descriptor.words, descriptor.bases)
      visit("words", &words)
      visit("bases", &bases)
      if isLoading { descriptor = Descriptor(words, bases: bases) }
    }
  }
}
