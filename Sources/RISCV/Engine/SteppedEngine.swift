// The third way of executing: cycle by cycle, while instruction fetches may be late.
//
// The pipeline (`SteppedPipeline`, `cv32e40p-timing.md` 3.7) decides when an instruction leaves ID; what it does is done
// by the same functions that the exact engine calls. The engine is entered where a port of the core may have to wait for
// a bank: the data port goes to the bank that instructions come from, or another master is at work there. It is entered
// in mid-stream by stepping the last instructions again (`PipelineHistory`), and left when nobody competes any more
// and the pipeline is as the closed form knows it, which gives the same cycles from there on.

import HardwareModel

/// The cycle-stepped engine of one hart, which is handed in: a stored reference would be counted in every cycle.
final class SteppedEngine {
  private var p = SteppedPipeline()
  /// The engine runs the hart.
  private(set) var isActive = false
  /// The cycle that is stepped next.
  private var cycle: Cycle = 0

  // Instructions that have executed already and pass through the pipeline once more.
  private var past: [PastInstruction] = []
  private var replayed = 0

  // The load or store in EX: an executed one with its times, or one to be carried out.
  private var access: OutstandingAccess?
  private var pastTimes: (AccessTimes, AccessTimes)?
  private var pastAddress: Address?
  private var totalParts = 1
  /// ID took the next instruction in the cycle before; a branch in EX is taken in this one.
  private var idWasFree = false
  private var branchIsTaken = false
  private var port = Port.unknown
  /// Where the request of the access in EX goes.
  fileprivate enum Port {
    /// Not requested yet.
    case unknown
    /// Direct memory: number of its window.
    case memory(window: Int, region: Int)
    /// The bus, which has said when.
    case bus(granted: Cycle, answered: Cycle)
  }

  /// The last cycle in which the ports could have met someone.
  private var lastContention: Cycle = 0
  /// Cycles without contention after which the closed form is tried again; grows with each attempt that fails early.
  private var patience: Cycle = SteppedEngine.shortestPatience
  private var leftAt: Cycle = 0
  private static let shortestPatience: Cycle = 24
  private static let longestPatience: Cycle = 4096

  // The region that instructions come from, and the address range for which that is known.
  private var fetchBase: Address = 0
  private var fetchRegion = -1
  private static let fetchSize: UInt32 = 0x1000

  // MARK: In and out

  /// Takes over: every cycle before `first` has gone by in closed form.
  func enter(_ hart: Hart, at first: Cycle) {
    let replay = hart.history.replay(before: hart.timing.avail)
    past.removeAll(keepingCapacity: true)
    for instruction in replay.instructions { expand(hart, instruction) }
    replayed = 0
    access = nil
    pastTimes = nil
    port = .unknown
    lookUpRegion(hart, hart.pc)
    cycle = replay.instructions.first?.entered ?? hart.timing.avail
    let start = past.first?.pc ?? hart.pc
    if let before = replay.before, let interconnect = hart.interconnect,
      interconnect.region(ofFetch: before) == interconnect.region(ofFetch: start)
    {
      // Whatever ran before in this memory has been to all of its banks.
      for word in UInt32(0)..<4 { interconnect.usedAlone(fetch: (start & ~15) &+ 4 &* word) }
    }
    place(hart, start, replay.frontEnd ?? FrontEnd())
    while cycle < first {
      step(hart, nil, isLive: false)
      cycle += 1
    }
    p.registeredLine = cycle > 0 ? hart.requestLine(at: cycle - 1) : -1
    lastContention = cycle
    let rested = first &- leftAt
    patience =
      rested < 8 * patience
      ? min(2 * patience, Self.longestPatience) : max(patience / 2, Self.shortestPatience)
    isActive = true
  }

  /// Forgets the pipeline: the hart starts somewhere else.
  func reset() { isActive = false }

  /// The instruction at `pc` has just entered ID.
  private func place(_ hart: Hart, _ pc: Address, _ frontEnd: FrontEnd) {
    p = SteppedPipeline()
    p.id = stage(hart, pc)
    p.idIsValid = true
    let next = pc &+ UInt32(p.id.instruction.length)
    p.alignerPC = next
    p.aligner = next & 2 == 0 ? .aligned : .misaligned
    p.fifo = frontEnd.words
    p.unanswered = frontEnd.pending
    p.fetchIsOpen = frontEnd.pending > 0
    p.fetchAnswer = cycle
    // The upper half of a word that is used already waits in the aligner.
    let unused = next & 2 == 0 ? next : (next & ~3) &+ 4
    p.lastRequested = unused &- 4 &+ 4 &* UInt32(frontEnd.words + frontEnd.pending)
    if frontEnd.openUntil >= cycle {
      p.openAccesses = 1
      p.dataIsOpen = true
      p.dataAnswer = frontEnd.openUntil
      p.wbHasLoad = frontEnd.openLoad >= 0
      p.wbLoad = frontEnd.openLoad
    }
  }

  private func expand(_ hart: Hart, _ entry: PastInstruction) {
    guard entry.blockCount > 0 else {
      past.append(entry)
      return
    }
    var place = entry.pc
    var lastDivision: Int?
    for index in 0..<entry.blockCount {
      var single = PastInstruction()
      single.instruction = hart.fetch(place)
      single.pc = place
      let isLast = index + 1 == entry.blockCount
      place =
        isLast
        ? entry.next
        : place
          &+ (single.instruction.timing == .jump
            ? single.instruction.immediate : UInt32(single.instruction.length))
      single.next = place
      single.isTaken = isLast && entry.isTaken
      if isLast { single.address = entry.address }
      single.occupancy =
        switch single.instruction.timing {
        case .multiplyHigh: UInt16(PipelineTiming.multiplyHigh)
        case .divide: UInt16(PipelineTiming.shortestDivision)
        default: 1
        }
      if single.instruction.timing == .divide { lastDivision = past.count }
      past.append(single)
    }
    // The block's cycles move as a whole with each division, so one may stand for all of them.
    if let lastDivision { past[lastDivision].occupancy &+= entry.occupancy }
  }

  private func lookUpRegion(_ hart: Hart, _ address: Address) {
    fetchBase = address & ~(Self.fetchSize - 1)
    fetchRegion = hart.interconnect?.region(ofFetch: address) ?? -1
  }

  /// True if the closed form gives the same cycles from here on and is likely to do so for a while.
  private func mayLeave(_ hart: Hart, _ interconnect: HartInterconnect?) -> Bool {
    guard cycle &- lastContention >= patience, p.isPunctual, p.id.pc == hart.pc, replayed == past.count,
      p.unanswered == 0 || p.fetchAnswer == cycle, hart.outstanding.isEmpty, !hart.configuration.alwaysStepped
    else { return false }
    if p.id.pc &- fetchBase >= Self.fetchSize { lookUpRegion(hart, p.id.pc) }
    return fetchRegion < 0 || (interconnect?.contendedFetches ?? 0) >> UInt8(fetchRegion) & 1 == 0
  }

  private func leave(_ hart: Hart) {
    isActive = false
    leftAt = cycle
    hart.timing = PipelineTiming(cleanAt: cycle)
    hart.history.restart(FrontEnd(words: p.fifo, pending: p.unanswered))
  }

  // MARK: Running

  /// Steps cycles until a limit, the end of the program, or until the closed form can go on (nil).
  func run(_ hart: Hart, until limit: Cycle, instructionLimit: UInt64) -> HartStop? {
    let interconnect = hart.interconnect
    let queue = hart.queue
    while true {
      if let stop = hart.stop { return stop }
      if hart.pauses { return nil }
      if hart.counters.instructions >= instructionLimit { return .instructionLimit }
      if let from = hart.asleepFrom {
        switch hart.nextWake(from: from, until: limit) {
        case .stop(let stop): return stop
        case .stopped: return hart.stop
        case .wake(let wake):
          hart.endSleep(from: from, at: wake)
          cycle = wake
        }
      }
      hart.timing.avail = min(cycle, limit)
      if cycle >= limit { return .cycleLimit }
      if queue.next <= cycle {
        queue.run(through: cycle)
        if let stop = hart.stop { return stop }
      }
      if !p.isAwake && !hart.isEnabled(hart.requestLine(at: cycle)) {
        hart.asleepFrom = cycle
        continue
      }
      if mayLeave(hart, interconnect) {
        leave(hart)
        return nil
      }
      step(hart, interconnect, isLive: true)
      cycle += 1
    }
  }

  /// One cycle with the core clock on. Not live: it has gone by already, and only moves the pipeline.
  private func step(_ hart: Hart, _ interconnect: HartInterconnect?, isLive: Bool) {
    let c = cycle
    let fetchAnswered = p.fetchIsOpen && p.fetchAnswer <= c
    let dataAnswered = p.dataIsOpen && p.dataAnswer <= c
    let line = isLive ? hart.requestLine(at: c) : -1
    let wake = hart.isEnabled(line)
    let interrupt = isLive && hart.csrs.interruptEnable && hart.isEnabled(p.registeredLine)
    let isPast = replayed < past.count
    let wbReady = p.openAccesses == 0 || dataAnswered
    let exHoldsLoad = p.exIsValid && p.exKind == .load
    branchIsTaken = p.exIsValid && p.exKind == .branch && p.exIsTaken
    var setsPC = false
    var haltsIF = false
    var haltsID = false
    var decodes = false
    var acknowledges = false
    var kills = false
    var requests = true
    var busy = true
    var next = p.state
    var target: Address = 0
    let rs1 = Int(p.id.instruction.rs1)
    let jumpWaits =
      p.id.kind == .jumpRegister && rs1 != 0
      && (p.wbHasLoad && p.wbLoad == rs1 || exHoldsLoad && p.exLoad == rs1
        || p.exIsValid && p.writesALU && p.aluDestination == rs1)

    switch p.state {
    case .first:
      next = .decode
      if interrupt { acknowledges = true }
    case .decode:
      if branchIsTaken {
        setsPC = true
        kills = true
        target = p.exTarget
      } else if p.idIsValid && !isPast && isLive && p.id.pc != hart.pc {
        // Code that was written after it had been fetched: begin again where the program is.
        setsPC = true
        kills = true
        target = hart.pc
      } else if p.idIsValid && interrupt {
        acknowledges = true
      } else if p.idIsValid {
        decodes = true
        if (p.id.kind == .jump || p.id.kind == .jumpRegister) && !jumpWaits && !p.jumpIsDone {
          setsPC = true
          p.jumpIsDone = true
          target = isPast ? past[replayed].next : jumpTarget(hart)
        }
        haltsIF = p.id.kind.flushes
      }
    case .flushEX:
      haltsIF = true
      haltsID = true
      if wbReady && (!p.exIsValid || c >= p.exDone) { next = p.flushKind == .illegal ? .illegal : .flushWB }
    case .illegal:
      haltsIF = true
      haltsID = true
      next = .flushWB
    case .flushWB:
      haltsIF = true
      haltsID = true
      switch p.flushKind {
      case .machineReturn: next = .returning
      case .waitForInterrupt: next = .wait
      case .fence, .environment, .illegal:
        next = .decode
        setsPC = true
        target = p.flushTarget
      default: next = .decode
      }
    case .returning:
      setsPC = true
      target = p.flushTarget
      next = .decode
    case .wait:
      haltsIF = true
      haltsID = true
      requests = false
      busy = false
      next = .sleep
    case .sleep:
      haltsIF = true
      haltsID = true
      requests = false
      if wake {
        next = .first
        if isLive { hart.instructionObserver?.wokeUp(at: c) }
      } else {
        busy = false
      }
    }
    if acknowledges {
      haltsIF = true
      haltsID = true
      setsPC = true
      hart.takeInterrupt(p.registeredLine, at: c)
      target = hart.pc
      next = .decode
    }

    // Fetch request.
    let hasRoom = (setsPC ? 0 : p.fifo) + p.unanswered < 2
    let wantsFetch = requests && hasRoom
    let wantedAddress = setsPC ? target & ~3 : p.waitsForBranch ? p.lastRequested : p.lastRequested &+ 4
    let offersFetch = p.isHeld || wantsFetch
    let fetchAddress = p.isHeld ? p.heldAddress : wantedAddress
    let requestsFetch = offersFetch && (!p.fetchIsOpen || fetchAnswered)
    // Data request.
    let requestsData = p.parts > 0 && (!p.dataIsOpen || dataAnswered)
    var dataGranted = false
    var dataDue = c + 1
    var dataAddress: Address?
    if requestsData {
      if let pastTimes {
        let times = p.parts == totalParts ? pastTimes.0 : pastTimes.1
        dataGranted = c >= times.granted
        dataDue = max(times.answered, c + 1)
        // It has its grant already, which may be in the way of a fetch.
        if dataGranted && p.parts == totalParts { dataAddress = pastAddress }
      } else {
        if case .unknown = port {
          plan(hart, at: c)
          if hart.stop != nil { return }
        }
        switch port {
        case .unknown: break
        case .bus(let granted, let answered):
          dataGranted = c >= granted
          dataDue = max(answered, c + 1)
        case .memory(_, let region):
          dataGranted = true
          if region >= 0 {
            dataAddress = access?.address
            if region == fetchRegion || interconnect?.mayContend(region, request: c) ?? false {
              lastContention = c
            }
          }
        }
      }
    }
    var fetchGranted = requestsFetch
    if requestsFetch && fetchAddress &- fetchBase >= Self.fetchSize { lookUpRegion(hart, fetchAddress) }
    let arbitratesFetch = requestsFetch && fetchRegion >= 0
    if !isLive {
      if arbitratesFetch { hart.interconnect?.usedAlone(fetch: fetchAddress) }
    } else if let interconnect {
      if arbitratesFetch || dataAddress != nil {
        let granted = interconnect.arbitrate(fetch: arbitratesFetch ? fetchAddress : nil, data: dataAddress, at: c)
        if arbitratesFetch && !granted.fetch {
          fetchGranted = false
          hart.counters.fetchStallCycles += 1
          lastContention = c
        }
        if dataAddress != nil && !granted.data && pastTimes == nil {
          dataGranted = false
          hart.counters.dataStallCycles += 1
          lastContention = c
        }
      }
    }
    if dataGranted && pastTimes == nil { carryOut(hart, at: c) }

    let sendsFetch = wantsFetch && !p.isHeld
    let staysBusy = p.unanswered > 0 || wantsFetch || p.openAccesses > 0 || p.parts > 0 || busy
    // Who is ready.
    let exReady =
      p.exIsValid && p.exKind == .branch
      || (!p.exIsValid || c >= p.exDone) && (p.parts == 0 || p.parts == 1 && dataGranted) && wbReady
    // While the first half of a split load is in EX (data_misaligned_i) an overwrite does not count as a hazard.
    let loadHazard =
      (exHoldsLoad || p.wbHasLoad && !wbReady)
      && (p.exLoad != 0 && (rs1 == p.exLoad || Int(p.id.instruction.rs2) == p.exLoad)
        || decodes && p.parts != 2 && p.id.instruction.overwriteOperand == p.exLoad)
    // What is past passes only as far as it went: the instruction behind it stays in ID.
    let isHeldBack = p.idIsValid && !isPast && !isLive
    let idReady = exReady && !loadHazard && !jumpWaits && p.parts != 2 && !isHeldBack

    // IF to ID.
    let hasWord = (p.fifo > 0 || fetchAnswered) && !setsPC && p.flush == 0
    var entering: StagedInstruction?
    var usesWord = false
    if hasWord && idReady && !haltsIF {
      let staged = stage(hart, p.alignerPC)
      let isShort = staged.instruction.length == 2
      switch p.aligner {
      case .branchToUpper where !isShort:
        // The first half of an instruction that lies in two words.
        usesWord = true
        p.aligner = .misaligned
      case .misaligned where isShort:
        // The upper half of a word; the next word stays.
        entering = staged
        p.aligner = .aligned
      case .branchToUpper:
        entering = staged
        usesWord = true
        p.aligner = .aligned
      case .misaligned:
        entering = staged
        usesWord = true
      case .aligned:
        entering = staged
        usesWord = true
        if isShort { p.aligner = .misaligned }
      }
      if entering != nil { p.alignerPC = p.alignerPC &+ (isShort ? 2 : 4) }
    }
    if setsPC {
      p.aligner = target & 2 != 0 ? .branchToUpper : .aligned
      p.alignerPC = target
    }
    let takesWord = usesWord && requests
    let pushes = fetchAnswered && (p.fifo > 0 || !takesWord) && !setsPC && p.flush == 0
    let pops = p.fifo > 0 && takesWord

    // ID to EX to WB.
    let issues = decodes && idReady && !haltsID
    p.wbHasLoad = p.wbHasLoad && !wbReady
    if exReady && p.exIsValid && p.exKind != .branch {
      p.wbHasLoad = exHoldsLoad
      if exHoldsLoad { p.wbLoad = p.exLoad }
    }
    if p.parts > 0 && dataGranted { p.parts -= 1 }
    if !exReady && p.exIsValid && (p.exKind == .csr || p.exKind == .flushingCSR) { p.writesALU = false }
    if exReady {
      p.exIsValid = false
      p.parts = 0
      p.writesALU = p.writesALU && issues
    }
    p.openAccesses += (requestsData && dataGranted ? 1 : 0) - (dataAnswered ? 1 : 0)
    if p.dataIsOpen {
      p.dataIsOpen = !(dataAnswered && !dataGranted)
    } else {
      p.dataIsOpen = dataGranted
    }
    if dataGranted { p.dataAnswer = dataDue }
    // A new selection of events holds from the second cycle on; the counter's own step is lost to a write.
    let selected = hart.csrs.mhpmevent3
    let counts = isLive && hart.countsSlowEvents
    var retired = p.id
    if issues {
      let before = hart.counters.instructions
      next = issue(hart, isPast: isPast, next)
      retired = p.id
      if hart.counters.instructions == before { retired.kind = .environment }
    }
    p.jumpIsDone = p.jumpIsDone && !idReady
    if counts {
      noteEvents(
        hart, selected, issued: issues ? retired : nil, jumpWaits, loadHazard, idReady, haltsID,
        misses: !hasWord && !setsPC)
    }
    if let entering {
      p.idIsValid = true
      p.id = entering
    } else if idReady || haltsID || kills {
      p.idIsValid = false
    }

    // Fetch registers.
    p.waitsForBranch = p.waitsForBranch ? !sendsFetch : setsPC && !sendsFetch
    if setsPC || sendsFetch { p.lastRequested = wantedAddress }
    if setsPC {
      p.flush = p.unanswered - (fetchAnswered && p.unanswered > 0 ? 1 : 0)
    } else if fetchAnswered && p.flush > 0 {
      p.flush -= 1
    }
    if !p.isHeld {
      if offersFetch && !fetchGranted {
        p.isHeld = true
        p.heldAddress = fetchAddress
      }
    } else if fetchGranted {
      p.isHeld = false
    }
    p.unanswered += (sendsFetch ? 1 : 0) - (fetchAnswered ? 1 : 0)
    p.fifo = setsPC ? 0 : p.fifo + (pushes ? 1 : 0) - (pops ? 1 : 0)
    if p.fetchIsOpen {
      p.fetchIsOpen = !(fetchAnswered && !fetchGranted)
    } else {
      p.fetchIsOpen = fetchGranted
    }
    if fetchGranted { p.fetchAnswer = c + 1 }
    p.state = next
    p.registeredLine = line
    p.isAwake = staysBusy
  }

  /// Books the events of this cycle, active in the next one: `cv32e40p_id_stage.sv`.
  private func noteEvents(
    _ hart: Hart, _ selected: UInt32, issued: StagedInstruction?, _ jumpWaits: Bool, _ loadHazard: Bool,
    _ idIsReady: Bool, _ haltsID: Bool, misses: Bool
  ) {
    var events: UInt32 = misses ? PerformanceEvent.fetchWait : 0
    // Only the first cycle of a stall counts: the one after ID was free.
    if idWasFree && p.state == .decode && !haltsID {
      if jumpWaits { events |= PerformanceEvent.jumpRegisterStall }
      if loadHazard { events |= PerformanceEvent.loadUseStall }
    }
    idWasFree = !haltsID && idIsReady
    if let issued, issued.kind != .environment, issued.kind != .illegal {
      events |= Hart.events(of: issued.instruction)
      let isCounterWrite =
        issued.instruction.timing == .csr && issued.instruction.csr & 0xF7F == 0xB03 && Hart.isWrite(issued.instruction)
      if isCounterWrite { return }
    }
    if branchIsTaken { events |= PerformanceEvent.takenBranch }
    if events & selected != 0 { hart.performance.note(cycle + 1) }
  }

  // MARK: Instructions

  /// The instruction at `pc` as ID decodes it.
  private func stage(_ hart: Hart, _ pc: Address) -> StagedInstruction {
    Self.staged(hart.fetchSpeculatively(pc), pc: pc, hart: hart)
  }

  private static func staged(_ instruction: Instruction, pc: Address, hart: Hart) -> StagedInstruction {
    var staged = StagedInstruction()
    staged.instruction = instruction
    staged.pc = pc
    staged.aluDestination = instruction.aluDestination
    staged.kind =
      switch instruction.timing {
      case .alu: .plain
      case .multiplyHigh: .multiplyHigh
      case .divide: .divide
      case .load: .load
      case .store: .store
      case .branch: .branch
      case .jump: .jump
      case .jumpRegister: .jumpRegister
      case .csr:
        !hart.isLegalCSRAccess(instruction)
          ? .environment : Hart.flushesPipeline(instruction.csr) ? .flushingCSR : .csr
      case .fence: .fence
      case .environment: .environment
      case .machineReturn: .machineReturn
      case .waitForInterrupt: .waitForInterrupt
      case .illegal: .illegal
      }
    return staged
  }

  private func jumpTarget(_ hart: Hart) -> Address {
    let instruction = p.id.instruction
    return p.id.kind == .jump
      ? p.id.pc &+ instruction.immediate : (hart.x[Int(instruction.rs1)] &+ instruction.immediate) & ~1
  }

  /// The instruction in ID leaves it in this cycle: T. Returns the controller's next state.
  private func issue(
    _ hart: Hart, isPast: Bool, _ state: SteppedPipeline.State
  ) -> SteppedPipeline.State {
    let c = cycle
    var occupancy: Cycle = 1
    access = nil
    pastTimes = nil
    port = .unknown
    totalParts = 1
    p.exIsTaken = false
    if isPast {
      let entry = past[replayed]
      replayed += 1
      occupancy = Cycle(entry.occupancy)
      p.exIsTaken = entry.isTaken
      if entry.isSplit { totalParts = 2 }
      pastTimes = (entry.first, entry.second)
      pastAddress = entry.address.flatMap { hart.dataRegion($0) >= 0 ? $0 : nil }
      p.flushTarget = entry.next
      p.exTarget = entry.next
    } else {
      let instruction = hart.fetch(p.id.pc)
      if instruction != p.id.instruction { p.id = Self.staged(instruction, pc: p.id.pc, hart: hart) }
      let here = p.id.pc
      hart.announce(at: c)
      hart.instructionObserver?.issuing(instruction, pc: here, at: c, hart: hart)
      switch p.id.kind {
      case .load, .store:
        let issued = hart.issueAccess(instruction, t: c)
        totalParts = issued.isSplit ? 2 : 1
        access = issued
      case .waitForInterrupt:
        hart.retire(instruction)
      case .branch:
        p.exTarget = here &+ instruction.immediate
        p.exIsTaken = Arithmetic.condition(
          instruction.operation, hart.x[Int(instruction.rs1)], hart.x[Int(instruction.rs2)])
        hart.execute(instruction, .init(t: c, jump: c))
      default:
        occupancy = hart.occupancy(of: instruction)
        hart.execute(instruction, .init(t: c, jump: c))
      }
      hart.instructionObserver?.executed(instruction, pc: here, at: c, hart: hart)
      p.flushTarget = hart.pc
    }
    let id = p.id
    p.exIsValid = true
    p.exKind = id.kind
    p.exDone = c + occupancy
    if id.kind == .load || id.kind == .store {
      p.parts = totalParts
      if id.kind == .load { p.exLoad = Int(id.instruction.rd) }
    }
    p.writesALU = id.aluDestination >= 0
    if p.writesALU { p.aluDestination = id.aluDestination }
    guard id.kind.flushes else { return state }
    p.flushKind = id.kind
    return .flushEX
  }

  // MARK: Data accesses

  /// The access in EX is requested for the first time.
  private func plan(_ hart: Hart, at c: Cycle) {
    guard var request = access else { return }
    if let window = hart.dataWindowIndex(request.address) {
      request.isDirect = true
      access = request
      port = .memory(window: window, region: hart.regionOfWindow(window))
      return
    }
    request.isDirect = false
    guard let times = hart.sendToBus(&request, request: c) else { return }
    access = request
    port = .bus(granted: times.granted, answered: times.answered)
  }

  /// The access in EX is granted; another one may follow.
  private func carryOut(_ hart: Hart, at c: Cycle) {
    guard var granted = access else { return }
    if case .memory(let window, _) = port {
      granted.phase = c
      granted.answered = c + 1
      hart.complete(granted, inWindow: window)
    }
    port = .unknown
    guard granted.isSplit, !granted.isSecond else {
      access = nil
      return
    }
    granted.isSecond = true
    granted.address = (granted.address & ~3) &+ 4
    access = granted
  }
}

extension SteppedEngine.Port: StateValue {
  fileprivate mutating func visitState(_ archive: StateArchive) {
    var kind: UInt8 = 0
    var (window, region) = (0, -1)
    var (grant, answer): (Cycle, Cycle) = (0, 0)
    switch self {
    case .unknown: break
    case .memory(let number, let place): (kind, window, region) = (1, number, place)
    case .bus(let granted, let answered): (kind, grant, answer) = (2, granted, answered)
    }
    archive.visit("kind", &kind, in: 0...2)
    archive.visit("window", &window, in: 0...1 << 16)
    archive.visit("region", &region, in: -1...7)
    archive.visit("granted", cycle: &grant)
    archive.visit("answered", cycle: &answer)
    self =
      kind == 0
      ? .unknown : kind == 1 ? .memory(window: window, region: region) : .bus(granted: grant, answered: answer)
  }
}

extension SteppedEngine: Stateful {
  /// True if an access under way goes to one of `count` windows.
  func fits(windows count: Int) -> Bool {
    if case .memory(let window, _) = port { window < count } else { true }
  }

  func visitState(_ archive: StateArchive) {
    // What has passed through the pipeline once more is of no use any longer.
    past.removeFirst(replayed)
    replayed = 0
    archive.omits("replayed")
    archive.visit("p", &p)
    archive.visit("isActive", &isActive)
    archive.visit("cycle", cycle: &cycle)
    archive.visit("past", &past, most: 1 << 22, new: PastInstruction())
    archive.visit("access", &access, new: OutstandingAccess())
    archive.optional("pastTimes", &pastTimes, new: (AccessTimes(), AccessTimes())) { archive.visit("times", &$0) }
    archive.visit("pastAddress", &pastAddress)
    archive.visit("totalParts", &totalParts, in: 1...2)
    archive.visit("idWasFree", &idWasFree)
    archive.visit("branchIsTaken", &branchIsTaken)
    archive.visit("port", &port)
    archive.visit("lastContention", cycle: &lastContention)
    archive.visit("patience", &patience, in: 1...Self.longestPatience)
    archive.visit("leftAt", cycle: &leftAt)
    archive.visit("fetchBase", &fetchBase)
    archive.visit("fetchRegion", &fetchRegion, in: -1...7)
  }
}
