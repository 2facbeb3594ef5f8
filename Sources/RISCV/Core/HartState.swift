// The state of a hart's values for snapshots. Private ones stand beside their declarations.

import HardwareModel

extension Hart {
  /// Why the hart has stopped for good; nil if it can go on.
  public var stopReason: HartStop? { stop }
}

extension HartStop: StateValue {
  /// Kind, and what a lock-up is about.
  public mutating func visitState(_ archive: StateArchive) {
    var kind: UInt8 = 0
    var address: Address = 0
    var isWrite = false
    var cause: UInt32 = 0
    switch self {
    case .cycleLimit: kind = 0
    case .instructionLimit: kind = 1
    case .ended: kind = 2
    case .requested: kind = 3
    case .lockup(.sleep): kind = 4
    case .lockup(.bus(let place, let isStore)): (kind, address, isWrite) = (5, place, isStore)
    case .lockup(.trapLoop(let number)): (kind, cause) = (6, number)
    }
    archive.visit("kind", &kind, in: 0...6)
    archive.visit("address", &address)
    archive.visit("isWrite", &isWrite)
    archive.visit("cause", &cause)
    switch kind {
    case 0: self = .cycleLimit
    case 1: self = .instructionLimit
    case 2: self = .ended
    case 3: self = .requested
    case 4: self = .lockup(.sleep)
    case 5: self = .lockup(.bus(address, isWrite: isWrite))
    default: self = .lockup(.trapLoop(cause: cause))
    }
  }
}

extension HartCounters: StateValue {
  public mutating func visitState(_ archive: StateArchive) {
    // Bounded like cycles, so that adding to them cannot overflow.
    archive.visit("instructions", cycle: &instructions)
    archive.visit("loads", cycle: &loads)
    archive.visit("stores", cycle: &stores)
    archive.visit("storesNotThroughSP", cycle: &storesNotThroughSP)
    archive.visit("interrupts", cycle: &interrupts)
    archive.visit("exceptions", cycle: &exceptions)
    archive.visit("sleepCycles", cycle: &sleepCycles)
    archive.visit("dataStallCycles", cycle: &dataStallCycles)
    archive.visit("fetchStallCycles", cycle: &fetchStallCycles)
  }
}

extension CSRState: StateValue {
  mutating func visitState(_ archive: StateArchive) {
    var stored = (mstatus: mstatus, mscratch: mscratch, mepc: mepc, mcause: mcause)
    archive.visit("words", &stored.mstatus)
    archive.visit("words", &stored.mscratch)
    archive.visit("words", &stored.mepc)
    archive.visit("words", &stored.mcause)
    (mstatus, mscratch, mepc, mcause) = stored
    archive.visit("mie", &mie)
    archive.visit("mtvec", &mtvec)
    archive.visit("mcountinhibit", &mcountinhibit)
    archive.visit("mhpmevent3", &mhpmevent3)
    archive.visit("hardwareLoop", &hardwareLoop.0)
    archive.visit("hardwareLoop", &hardwareLoop.1)
    archive.visit("hardwareLoop", &hardwareLoop.2)
    archive.visit("hardwareLoop", &hardwareLoop.3)
    archive.visit("hardwareLoop", &hardwareLoop.4)
    archive.visit("hardwareLoop", &hardwareLoop.5)
    archive.visit("hardwareLoop", &hardwareLoop.6)
    archive.visit("mcycle", &mcycle)
    archive.visit("minstret", &minstret)
    archive.visit("mhpmcounter3", &mhpmcounter3)
  }
}

extension PipelineTiming: StateValue {
  public mutating func visitState(_ archive: StateArchive) {
    archive.visit("avail", cycle: &avail)
    archive.visit("exfree", cycle: &exfree)
    archive.visit("wb", cycle: &wb)
    archive.visit("loadRegister", &loadRegister.0, in: -1...31)
    archive.visit("loadRegister", &loadRegister.1, in: -1...31)
    archive.visit("loadReady", cycle: &loadReady.0)
    archive.visit("loadReady", cycle: &loadReady.1)
    archive.visit("lastLoad", &lastLoad, in: -1...31)
    archive.visit("lastLoadReady", cycle: &lastLoadReady)
    archive.visit("aluRegister", &aluRegister, in: -1...31)
    archive.visit("aluLast", cycle: &aluLast)
  }
}

extension PerformanceEvents: StateValue {
  mutating func visitState(_ archive: StateArchive) {
    archive.visit("count", &count)
    archive.visit("last", cycle: &last)
    archive.visit("cyclesUntil", cycle: &cyclesUntil)
  }
}

extension Instruction: StateValue {
  public mutating func visitState(_ archive: StateArchive) {
    archive.visit("operation", &operation)
    archive.visit("timing", &timing)
    archive.visit("length", &length, in: 0...4)
    archive.visit("rd", &rd, in: 0...31)
    archive.visit("rs1", &rs1, in: 0...31)
    archive.visit("rs2", &rs2, in: 0...31)
    archive.visit("csr", &csr, in: 0...0xFFF)
    archive.visit("immediate", &immediate)
  }
}

extension OutstandingAccess: StateValue {
  init() {
    self.init(
      pc: 0, issued: 0, phase: 0, answered: 0, address: 0, firstLane: 0, size: 4, isWrite: false, isSecond: false,
      isSplit: false, value: 0, operation: .lw, rd: 0, isDirect: false, storesBefore: 0)
  }

  mutating func visitState(_ archive: StateArchive) {
    archive.visit("pc", &pc)
    archive.visit("issued", cycle: &issued)
    archive.visit("phase", cycle: &phase)
    archive.visit("answered", cycle: &answered)
    archive.visit("address", &address)
    archive.visit("firstLane", &firstLane, in: 0...3)
    archive.visit("size", &size, in: 1...4)
    archive.visit("isWrite", &isWrite)
    archive.visit("isSecond", &isSecond)
    archive.visit("isSplit", &isSplit)
    archive.visit("value", &value)
    archive.visit("operation", &operation)
    archive.visit("rd", &rd, in: 0...31)
    archive.visit("isDirect", &isDirect)
    archive.visit("storesBefore", &storesBefore)
  }
}

extension AccessTimes: StateValue {
  mutating func visitState(_ archive: StateArchive) {
    archive.visit("granted", cycle: &granted)
    archive.visit("answered", cycle: &answered)
  }
}

extension FrontEnd: StateValue {
  mutating func visitState(_ archive: StateArchive) {
    archive.visit("words", &words, in: 0...4)
    archive.visit("pending", &pending, in: 0...4)
    archive.visit("openUntil", cycle: &openUntil)
    archive.visit("openLoad", &openLoad, in: -1...31)
  }
}

extension PastInstruction: StateValue {
  mutating func visitState(_ archive: StateArchive) {
    // Read again from memory when it is stepped again.
    archive.omits("instruction")
    archive.visit("pc", &pc)
    archive.visit("next", &next)
    archive.visit("entered", cycle: &entered)
    archive.visit("isClean", &isClean)
    archive.visit("blockCount", &blockCount)
    archive.visit("occupancy", &occupancy)
    archive.visit("isTaken", &isTaken)
    archive.visit("isSplit", &isSplit)
    archive.visit("address", &address)
    archive.visit("first", &first)
    archive.visit("second", &second)
  }
}

extension StagedInstruction: StateValue {
  mutating func visitState(_ archive: StateArchive) {
    archive.visit("instruction", &instruction)
    archive.visit("pc", &pc)
    archive.visit("kind", &kind)
    archive.visit("aluDestination", &aluDestination, in: -1...31)
  }
}

extension SteppedPipeline: StateValue {
  mutating func visitState(_ archive: StateArchive) {
    archive.visit("fifo", &fifo, in: -8...8)
    archive.visit("unanswered", &unanswered, in: -8...8)
    archive.visit("flush", &flush, in: -8...8)
    archive.visit("waitsForBranch", &waitsForBranch)
    archive.visit("isHeld", &isHeld)
    archive.visit("heldAddress", &heldAddress)
    archive.visit("lastRequested", &lastRequested)
    archive.visit("fetchIsOpen", &fetchIsOpen)
    archive.visit("fetchAnswer", cycle: &fetchAnswer)
    archive.visit("aligner", &aligner)
    archive.visit("alignerPC", &alignerPC)
    archive.visit("idIsValid", &idIsValid)
    archive.visit("jumpIsDone", &jumpIsDone)
    archive.visit("id", &id)
    archive.visit("exIsValid", &exIsValid)
    archive.visit("exKind", &exKind)
    archive.visit("exIsTaken", &exIsTaken)
    archive.visit("exTarget", &exTarget)
    archive.visit("exDone", cycle: &exDone)
    archive.visit("parts", &parts, in: 0...2)
    archive.visit("writesALU", &writesALU)
    archive.visit("aluDestination", &aluDestination, in: -1...31)
    archive.visit("exLoad", &exLoad, in: -1...31)
    archive.visit("openAccesses", &openAccesses, in: -8...8)
    archive.visit("dataIsOpen", &dataIsOpen)
    archive.visit("dataAnswer", cycle: &dataAnswer)
    archive.visit("wbHasLoad", &wbHasLoad)
    archive.visit("wbLoad", &wbLoad, in: -1...31)
    archive.visit("state", &state)
    archive.visit("flushKind", &flushKind)
    archive.visit("flushTarget", &flushTarget)
    archive.visit("registeredLine", &registeredLine, in: -1...31)
    archive.visit("isAwake", &isAwake)
  }
}
