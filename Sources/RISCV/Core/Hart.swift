// One CV32E40P core: its state, its memories and its run loop.
//
// Three engines execute the same instructions with the same cycle counts. The exact engine (`Engine/ExactEngine.swift`)
// steps one instruction at a time and knows every rule of the closed timing model: late answers, interrupts, sleep. The
// block engine (`Engine/BlockEngine.swift`) runs whole translated blocks while nothing of that is in sight. The stepped
// engine (`Engine/SteppedEngine.swift`) takes over where instruction fetches or data accesses may have to wait for a bank.

import HardwareModel

/// What can be chosen when a hart is built.
public struct HartConfiguration: Sendable {
  /// mhartid.
  public var hartID: UInt32 = 0x3E0
  /// The CSRs of PULPissimo's XPULP = 1 core that RTOS builds save and restore exist (0x800-0x806, 0xCC0, 0xCC1).
  public var xpulpCSRs = true
  /// False: one cycle an instruction, no wait cycles on the core's accesses.
  public var cycleModel = true
  /// False: the exact engine runs everything.
  public var blockEngine = true
  /// True: blocks that run often become machine code, on hosts for which there is an emitter. Needs `blockEngine`.
  public var translator = true
  /// Runs of a block before machine code is made for it.
  public var translationThreshold: UInt32 = 32
  /// True: the cycle-stepped engine runs everything, not only what may have to wait for a bank. Same cycles.
  public var alwaysStepped = false
  /// Makes what runs machine code in the place of this processor (tests).
  var foreignProcessor: (@Sendable () -> any ForeignProcessor)?

  public init() {}
}

/// Totals since reset.
public struct HartCounters: Sendable, Equatable {
  /// Retired instructions.
  public var instructions: UInt64 = 0
  public var loads: UInt64 = 0
  public var stores: UInt64 = 0
  /// Stores whose base register is not sp: a change of these between two reads of a register tells a polling loop
  /// from one that works.
  public var storesNotThroughSP: UInt64 = 0
  public var interrupts: UInt64 = 0
  public var exceptions: UInt64 = 0
  /// Cycles with the core clock off.
  public var sleepCycles: Cycle = 0
  /// Wait cycles of the data port: sum of G + D over all accesses.
  public var dataStallCycles: Cycle = 0
  /// Wait cycles of the instruction port beyond ideal memory.
  public var fetchStallCycles: Cycle = 0
}

/// A CV32E40P core.
public final class Hart {
  public let configuration: HartConfiguration
  public let queue: EventQueue
  public unowned(unsafe) let bus: HartBus

  /// x0...x31, then the place where writes to x0 go.
  let x: UnsafeMutablePointer<UInt32>
  public internal(set) var pc: Address = 0
  var csrs: CSRState
  var timing = PipelineTiming(cleanAt: 0)
  public internal(set) var counters = HartCounters()

  /// Ranges reached without a bus call, in order of registration.
  private(set) var windows: [MemoryWindow] = []
  /// The memories behind them and their decoded code.
  private var memories: [DirectMemory] = []
  private var codeRegions: [CodeRegion] = []
  /// The memory that the block engine reaches without a call: the largest writable one.
  private var mainMemory: DirectMemory?
  private var mainCode: CodeRegion?
  /// Its parts in order of address.
  private var mainRanges: [(offset: UInt32, size: UInt32, region: Int)] = []
  /// What of it blocks reach now, and the regions that this leaves out.
  private var blockMemory: BlockMemory?
  private var blockMemoryExcludes: RegionSet = 0
  var fetchWindow: MemoryWindow? {
    didSet {
      fetchBase = fetchWindow?.base ?? 0
      fetched = fetchWindow?.decoded
      fetchSize = fetched == nil ? 0 : fetchWindow?.size ?? 0
    }
  }
  /// Its decoded instructions, by halfword.
  private(set) var fetched: UnsafeMutablePointer<Instruction>?
  private(set) var fetchBase: Address = 0
  private(set) var fetchSize: UInt32 = 0
  let blocks = BlockCache()
  let translator: Translator?

  /// The arbiters of the memories, if contention is modelled.
  public var interconnect: HartInterconnect? {
    didSet {
      blocks.dropAll()
      forgetContention()
    }
  }
  /// What the arbiters said last: it holds until something fires, of quiet regions also until a bank is used that has a pointer.
  var contention: (effects: UInt64, fetches: RegionSet) = (.max, 0)
  var quiet: (effects: UInt64, regions: RegionSet) = (.max, .max)
  let stepper = SteppedEngine()
  var history = PipelineHistory()
  /// Address of the last instruction of a block that was left in its middle, if it is a load or store.
  var lastAddress: Address?
  /// Grants of the load or store that executes now.
  var accessTimes = (AccessTimes(), AccessTimes())
  /// The cycle from which the stepped engine must run, found while events were processed.
  var contentionFrom: Cycle?

  // The interrupt input as the controller drives it: the line presented now and the one before, with their first cycles.
  private var line = -1
  private var lineSince: Cycle = 0
  private var previousLine = -1
  private var previousLineSince: Cycle = 0
  /// First cycle in which the present settings of mie and mstatus.MIE are sensed.
  var interruptsSensedFrom: Cycle = 0

  // Data accesses that have left the core and wait for their access phase.
  var outstanding = OutstandingAccesses()
  private(set) var accessSlot: EventQueue.Slot?
  /// The load or store whose access takes place now, or the last one.
  public internal(set) var accessPC: Address = 0
  /// First word of a split load under way.
  var splitLow: UInt32 = 0

  /// First cycle with the clock off, while the core sleeps in WFI.
  var asleepFrom: Cycle?
  var stop: HartStop?
  /// Cycle in which the store that ended the program was answered.
  public internal(set) var endCycle: Cycle?
  /// Cause and retired-instruction count of the last exception, to recognise one that repeats for ever.
  var lastException: (cause: UInt32, target: Address, instructions: UInt64)?

  /// What reads outside the direct memories repeat.
  var polls = PollWatch()

  var performance = PerformanceEvents()
  /// The exact engine must run because mhpmcounter3 counts.
  var countsSlowEvents = false
  /// T of the last load, and whether it was two accesses.
  var lastLoadIssue: Cycle = 0
  var lastLoadWasSplit = false
  var announcesNextIssue = false

  /// Not kept alive by this: who goes away before the hart takes itself out (`forget`). Not weak: a weak reference is
  /// slow to look at, and makes every retain of its object slow.
  public unowned(unsafe) var observer: HartObserver?
  public var instructionObserver: InstructionObserver?
  /// A debugger's request to leave `run` (`HartStop.requested`) before the next instruction; `run` takes it back. Unlike
  /// `requestStop`, it ends nothing: the next call goes on as if there had been no pause.
  public var pauses = false
  /// Instructions whose issue `observer` is told of.
  public var watchedAddresses: Set<Address> = [] {
    didSet { blocks.dropAll() }
  }
  /// Stores to this word are reported to `onWatchedStore` (riscv-tests' tohost).
  public private(set) var watchedWord: Address?
  public var onWatchedStore: ((_ value: UInt32, _ cycle: Cycle) -> Void)?
  public var onDiagnostic: DiagnosticSink?
  /// Asked at an EBREAK of 32 bits, with the words before and behind it: true if somebody outside has done what it asks
  /// for. Then it is no exception; it flushes the pipeline and does not count as retired. a0 may have changed.
  public var onBreakpoint: ((_ hart: Hart, _ before: UInt32, _ behind: UInt32) -> Bool)?

  public init(configuration: HartConfiguration, queue: EventQueue, bus: HartBus) {
    self.configuration = configuration
    self.queue = queue
    self.bus = bus
    x = .allocate(capacity: TranslatedState.size)
    x.initialize(repeating: 0, count: TranslatedState.size)
    csrs = CSRState(words: x)
    translator =
      configuration.blockEngine && configuration.translator
      ? Translator(
        cache: blocks, cycleModel: configuration.cycleModel, foreign: configuration.foreignProcessor?()) : nil
    accessSlot = queue.register("core.data") { [unowned(unsafe) self] cycle in self.completeAccess(at: cycle) }
  }

  deinit {
    x.deallocate()
    history.deallocate()
  }

  // MARK: Memories

  /// Makes `memory` reachable at `base` (its own address unless it is an alias) through the chosen ports. `region`: its
  /// number in the interconnect, -1 if nobody competes for it.
  public func map(
    _ memory: DirectMemory, at base: Address? = nil, offset: UInt32 = 0, size: UInt32? = nil, data: Bool = true,
    fetch: Bool = true, region: Int = -1
  ) {
    let start = base ?? memory.base
    let length = size ?? UInt32(memory.size) &- offset
    let canonical = memory.base &+ offset
    let shared = windows.first { $0.memory === memory }?.code
    let code = shared ?? CodeRegion(memory)
    code.translator = translator
    let window = MemoryWindow(
      base: start, size: length, memory: memory, bytes: memory.bytes.advanced(by: Int(offset)), canonical: canonical,
      isData: data, isFetchable: fetch, region: region, code: code)
    if shared == nil {
      memories.append(memory)
      codeRegions.append(code)
      memory.onWrite = { [unowned(unsafe) self] address, count in self.memoryChanged(address, count, in: memory) }
    }
    windows.append(window)
    chooseMainMemory()
  }

  private func chooseMainMemory() {
    var best: UInt64 = 0
    for candidate in windows {
      let parts = windows.filter {
        $0.memory === candidate.memory && $0.isData && $0.memory.isWritable && $0.base == $0.canonical
      }
      let total = parts.reduce(0) { $0 + UInt64($1.size) }
      guard total > best else { continue }
      best = total
      mainMemory = candidate.memory
      mainCode = candidate.code
      mainRanges = parts.sorted { $0.base < $1.base }
        .map { (offset: $0.base &- candidate.memory.base, size: $0.size, region: $0.region) }
    }
    blockMemory = nil
  }

  /// What blocks with code in `window` may load and store without anyone noticing: a data access to the bank that
  /// instructions come from, or to one where others are at work, is the business of the other engines. nil if no block
  /// may run: where fetches may be late at any time, none has constant cycles.
  func memoryForBlocks(window: MemoryWindow) -> BlockMemory? {
    var excluded: RegionSet = 0
    if interconnect != nil {
      let code: RegionSet = window.region >= 0 ? 1 << RegionSet(window.region & 7) : 0
      if contendedFetches & code != 0 { return nil }
      excluded = ~quietRegions | code
    }
    if let blockMemory, blockMemoryExcludes == excluded { return blockMemory }
    guard let mainMemory, let mainCode else { return nil }
    blockMemoryExcludes = excluded
    let ranges = mainRanges.filter { $0.region < 0 || excluded >> RegionSet($0.region & 7) & 1 == 0 }
    blockMemory = BlockMemory(mainMemory, mainCode, ranges: ranges.map { (offset: $0.offset, size: $0.size) })
    return blockMemory
  }

  /// Regions in which others may delay an instruction fetch.
  @inline(__always)
  var contendedFetches: RegionSet {
    if contention.effects != queue.effects { askForContention() }
    return contention.fetches
  }

  @inline(never)
  private func askForContention() {
    contention = (queue.effects, interconnect?.contendedFetches ?? 0)
  }

  /// Regions that a data access may use without telling.
  private var quietRegions: RegionSet {
    if quiet.effects != queue.effects { quiet = (queue.effects, interconnect?.quietRegions ?? .max) }
    return quiet.regions
  }

  /// Forgets what the arbiters have said.
  func forgetContention() {
    contention.effects = .max
    quiet.effects = .max
  }

  /// The window that instructions at `address` come from.
  func fetchableWindow(_ address: Address) -> MemoryWindow? {
    windows.first { $0.isFetchable && $0.contains(address) }
  }

  /// The number of the window that holds data at `address`.
  func dataWindowIndex(_ address: Address) -> Int? {
    windows.firstIndex { $0.isData && $0.contains(address) }
  }

  func window(_ index: Int) -> MemoryWindow { windows[index] }

  func regionOfWindow(_ index: Int) -> Int { windows[index].region }

  /// The region that a data access to `address` goes to, -1 if nobody competes for it.
  func dataRegion(_ address: Address) -> Int { dataWindowIndex(address).map { windows[$0].region } ?? -1 }

  /// Drops decoded code that `count` bytes written at `address` may have changed.
  func memoryChanged(_ address: Address, _ count: Int, in memory: DirectMemory) {
    guard let code = windows.first(where: { $0.memory === memory })?.code else { return }
    if code.invalidate(address, count) { blocks.drop(address, count, in: code) }
  }

  /// Reports every store to the word at `address`.
  public func watchStores(at address: Address) {
    watchedWord = address & ~3
    for window in windows where window.contains(address) {
      window.code?.mark(window.canonical &+ (address &- window.base), 4, CodeRegion.watchMark)
    }
  }

  // MARK: State

  /// The integer register `index`.
  public subscript(register index: Int) -> UInt32 {
    get { index > 0 && index < 32 ? x[index] : 0 }
    set { if index > 0 && index < 32 { x[index] = newValue } }
  }

  /// Starts the program at `pc` in cycle 0 with all registers 0.
  public func start(at pc: Address, mie: UInt32) {
    self.pc = pc & ~1
    csrs.mie = mie
    stepper.reset()
    history.restart(FrontEnd())
  }

  /// Presents interrupt `newLine` (-1: none) to the core from cycle `from` on.
  public func setRequest(_ newLine: Int, from: Cycle) {
    if newLine == line { return }
    if from > lineSince {
      previousLine = line
      previousLineSince = lineSince
    }
    line = newLine
    lineSince = from
  }

  /// The line presented in `cycle`, -1 for none. Remembers one change back.
  func requestLine(at cycle: Cycle) -> Int {
    if cycle >= lineSince { return line }
    return cycle >= previousLineSince ? previousLine : -1
  }

  /// The first cycle in `from ... through` in which an enabled line is presented.
  func firstRequest(from: Cycle, through: Cycle) -> Cycle? {
    if isEnabled(previousLine) {
      let c = max(from, previousLineSince)
      if c < lineSince && c <= through { return c }
    }
    if isEnabled(line) {
      let c = max(from, lineSince)
      if c <= through { return c }
    }
    return nil
  }

  @inline(__always)
  func isEnabled(_ line: Int) -> Bool { line >= 0 && csrs.mie >> UInt32(line & 31) & 1 != 0 }

  /// True if an interrupt could be taken without any further event. The line before the present one counts only while
  /// the instruction in ID may still see a cycle of it.
  @inline(__always)
  var interruptThreatens: Bool {
    csrs.interruptEnable && (isEnabled(line) || isEnabled(previousLine) && timing.avail <= lineSince)
  }

  /// SoC cycles to core cycles: those in which the core clock ran.
  @inline(__always)
  func coreCycle(_ t: Cycle) -> Cycle { t &- counters.sleepCycles }

  /// The cycle in which the machine stands: where the next instruction can be in ID, or the present one of a sleep.
  public var cycle: Cycle { endCycle ?? max(timing.avail, asleepFrom ?? 0) }

  public var isAsleep: Bool { asleepFrom != nil }

  /// Cycles asleep up to `cycle`, a sleep under way included.
  public func sleepCycles(at cycle: Cycle) -> Cycle {
    guard let from = asleepFrom, cycle > from else { return counters.sleepCycles }
    return counters.sleepCycles + (cycle - from)
  }

  /// The value of `csr` as a debugger sees it; nil if it does not exist.
  public func peekCSR(_ csr: UInt16) -> UInt32? { readCSR(csr, at: timing.avail) }

  /// Goes on at `address`, for a debugger while `run` is not under way.
  public func continueAt(_ address: Address) {
    guard address & ~1 != pc else { return }
    pc = address & ~1
    announcesNextIssue = false
    // The stepped engine fetches anew when it finds itself elsewhere than the program is.
    if !stepper.isActive { history.restart(FrontEnd()) }
  }

  /// Writes `csr` for a debugger while `run` is not under way; false if it does not exist or cannot be written.
  public func pokeCSR(_ csr: UInt16, _ value: UInt32) -> Bool {
    guard !Self.isReadOnly(csr), peekCSR(csr) != nil else { return false }
    writeCSR(csr, value, at: timing.avail)
    return true
  }

  /// Takes `watcher` out if it is the one who is told, because it goes away.
  public func forget(_ watcher: ObjectIdentifier) {
    if let observer, ObjectIdentifier(observer) == watcher { self.observer = nil }
  }

  /// Ends the run before the next instruction.
  public func requestStop(_ reason: HartStop) { if stop == nil { stop = reason } }

  // MARK: Running

  /// Runs until an instruction would leave ID at `limit` or later, `instructionLimit` instructions have retired in
  /// all, or something ends the program. May be called again after a limit; how a run is cut into pieces changes nothing.
  public func run(until limit: Cycle, instructionLimit: UInt64 = .max) -> HartStop {
    forgetContention()
    while true {
      if let stop { return stop }
      if pauses {
        pauses = false
        return .requested
      }
      if counters.instructions >= instructionLimit { return .instructionLimit }
      if stepper.isActive {
        let stop = stepper.run(self, until: limit, instructionLimit: instructionLimit)
        forgetContention()
        if let stop { return stop }
        continue
      }
      if polls.isRipe {
        if let stop = passPolls(until: limit, instructionLimit: instructionLimit) { return stop }
        continue
      }
      if usesBlocks, timing.isClean, runBlocks(until: limit, instructionLimit: instructionLimit) { continue }
      if let stop = runExact(until: limit, instructionLimit: instructionLimit) { return stop }
    }
  }

  /// True if translated blocks may run now.
  @inline(__always)
  var usesBlocks: Bool {
    configuration.blockEngine && !configuration.alwaysStepped && instructionObserver == nil && asleepFrom == nil
      && !countsSlowEvents
      && !interruptThreatens && outstanding.isEmpty
  }

  /// Steps instructions exactly until a limit, or until the block engine can go on at a block that it knows.
  private func runExact(until limit: Cycle, instructionLimit: UInt64) -> HartStop? {
    var budget = 48
    // An instruction that no block can hold has run: behind it lies a place to begin one.
    var isBehindOther = false
    while true {
      let before = pc
      let instruction = fetch(before)
      switch instruction.timing {
      case .alu, .multiplyHigh, .divide, .load, .store, .branch, .jump, .jumpRegister: break
      default: isBehindOther = true
      }
      if let stop = step(instruction, until: limit) { return stop }
      if stop != nil || pauses || stepper.isActive || counters.instructions >= instructionLimit { return nil }
      budget -= 1
      if !outstanding.isEmpty { isBehindOther = true }
      // Blocks are found by the memory's own addresses, so an alias has none.
      guard usesBlocks, timing.isClean, let fetchWindow, fetchWindow.contains(pc),
        fetchWindow.base == fetchWindow.canonical
      else { continue }
      if pc &- before > 4 || budget < 0 { return nil }
      guard let code = fetchWindow.code else { continue }
      if let block = code.blocks[code.index(pc)] {
        // A block of few instructions is not worth the change between two that need this engine.
        if blocks.infos[Int(block.pointee.number)].opCount > 6 { return nil }
      } else if isBehindOther {
        return nil
      }
    }
  }
}

extension Hart: Stateful {
  public func visitState(_ archive: StateArchive) {
    // What is mapped and what is decoded or translated follows from the configuration and from memory; the rest are those
    // who watch.
    archive.omits(
      "configuration", "queue", "bus", "windows", "memories", "codeRegions", "mainMemory", "mainCode", "mainRanges",
      "blockMemory", "blockMemoryExcludes", "fetchWindow", "fetched", "fetchBase", "fetchSize", "blocks", "translator",
      "interconnect", "contention", "quiet",
      "accessSlot", "polls",
      "observer", "instructionObserver", "pauses", "watchedAddresses", "watchedWord", "onWatchedStore", "onDiagnostic",
      "onBreakpoint")
    for index in 1..<32 { archive.visit("x", &x[index]) }
    archive.visit("pc", &pc)
    archive.visit("csrs", &csrs)
    archive.visit("timing", &timing)
    archive.visit("counters", &counters)
    archive.visit("stepper", stepper)
    archive.visit("history", &history)
    archive.visit("lastAddress", &lastAddress)
    archive.visit("accessTimes", &accessTimes)
    archive.visit("contentionFrom", due: &contentionFrom)
    archive.visit("line", &line, in: -1...31)
    archive.visit("lineSince", cycle: &lineSince)
    archive.visit("previousLine", &previousLine, in: -1...31)
    archive.visit("previousLineSince", cycle: &previousLineSince)
    archive.visit("interruptsSensedFrom", cycle: &interruptsSensedFrom)
    archive.visit("outstanding", &outstanding)
    archive.visit("accessPC", &accessPC)
    archive.visit("splitLow", &splitLow)
    archive.visit("asleepFrom", due: &asleepFrom)
    archive.visit("stop", &stop, new: .requested)
    archive.visit("endCycle", due: &endCycle)
    archive.optional("lastException", &lastException, new: (0, 0, 0)) {
      archive.visit("cause", &$0.cause)
      archive.visit("target", &$0.target)
      archive.visit("instructions", &$0.instructions)
    }
    archive.visit("performance", &performance)
    archive.visit("countsSlowEvents", &countsSlowEvents)
    archive.visit("lastLoadIssue", cycle: &lastLoadIssue)
    archive.visit("lastLoadWasSplit", &lastLoadWasSplit)
    archive.visit("announcesNextIssue", &announcesNextIssue)
    if archive.isLoading {
      forgetContention()
      polls = PollWatch()
    }
    archive.require(pc & 1 == 0, "pc is odd")
    archive.require(stepper.fits(windows: windows.count), "an access to a memory that there is not")
  }
}
