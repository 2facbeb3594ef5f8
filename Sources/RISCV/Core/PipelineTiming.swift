// The closed-form cycle model of CV32E40P: when each instruction leaves ID.
//
// Source: `cv32e40p-timing.md` sections 3.1 to 3.3, which were checked cycle by cycle against the RTL. The names of the
// state are that document's. Valid while instruction fetches are punctual (ideal L2 or ROM on the instruction port).

import HardwareModel

/// How a data access is answered: the G and D of the timing model.
public struct AccessDelay: Sendable, Equatable {
  /// Cycles by which the grant is late (0: granted in the request cycle).
  public var grant: Cycle
  /// Cycles by which the answer is late (0: answered in the cycle after the grant).
  public var answer: Cycle

  public init(grant: Cycle = 0, answer: Cycle = 0) {
    self.grant = grant
    self.answer = answer
  }
}

/// The state that decides when the next instruction leaves ID.
public struct PipelineTiming: Sendable, Equatable {
  /// First cycle in which the next instruction can be in ID.
  public var avail: Cycle
  /// First cycle in which EX accepts an instruction.
  public var exfree: Cycle
  /// Answer cycle of the last data access.
  public var wb: Cycle
  /// Destinations of the last two loads, newest first (-1: none), and the cycles in which they were answered.
  public var loadRegister: (Int, Int)
  public var loadReady: (Cycle, Cycle)
  /// Destination and answer cycle of the very last load, kept when an ALU instruction overwrites the register.
  public var lastLoad: Int
  public var lastLoadReady: Cycle
  /// Last destination written through the ALU port (-1: none) and its last EX cycle.
  public var aluRegister: Int
  public var aluLast: Cycle

  /// A pipeline with nothing under way, ready to take an instruction into ID at `cycle`.
  public init(cleanAt cycle: Cycle) {
    avail = cycle
    exfree = cycle
    wb = 0
    loadRegister = (-1, -1)
    loadReady = (0, 0)
    lastLoad = -1
    lastLoadReady = 0
    aluRegister = -1
    aluLast = 0
  }

  /// True if nothing that happened before can delay an instruction that enters ID at `avail`: the state is then as
  /// good as `init(cleanAt: avail)`.
  @inlinable
  public var isClean: Bool {
    exfree <= avail && wb <= avail
      && (loadRegister.0 < 0 || loadReady.0 < avail) && (loadRegister.1 < 0 || loadReady.1 < avail)
      && (lastLoad < 0 || lastLoadReady <= avail) && (aluRegister < 0 || aluLast < avail)
  }

  /// The same state so many cycles later. Cycles that are 0 stand for nothing.
  func moved(by cycles: Cycle) -> PipelineTiming {
    func moved(_ cycle: Cycle) -> Cycle { cycle == 0 ? 0 : cycle &+ cycles }
    var result = self
    result.avail = moved(avail)
    result.exfree = moved(exfree)
    result.wb = moved(wb)
    result.loadReady = (moved(loadReady.0), moved(loadReady.1))
    result.lastLoadReady = moved(lastLoadReady)
    result.aluLast = moved(aluLast)
    return result
  }

  /// The state without what is over and can delay nothing any more (`isClean`), so many cycles earlier: two states that
  /// are equal then go on in the same way.
  func stripped(movedBackBy cycles: Cycle) -> PipelineTiming {
    var result = PipelineTiming(cleanAt: avail &- cycles)
    if exfree > avail { result.exfree = exfree &- cycles }
    if wb > avail { result.wb = wb &- cycles }
    if loadReady.0 >= avail, loadRegister.0 >= 0 {
      (result.loadRegister.0, result.loadReady.0) = (loadRegister.0, loadReady.0 &- cycles)
    }
    if loadReady.1 >= avail, loadRegister.1 >= 0 {
      (result.loadRegister.1, result.loadReady.1) = (loadRegister.1, loadReady.1 &- cycles)
    }
    if lastLoadReady > avail { (result.lastLoad, result.lastLoadReady) = (lastLoad, lastLoadReady &- cycles) }
    if aluLast >= avail { (result.aluRegister, result.aluLast) = (aluRegister, aluLast &- cycles) }
    return result
  }

  /// When an instruction would leave ID.
  public struct Issue {
    /// The cycle of leaving ID: T of the timing model.
    public var t: Cycle
    /// When a jump starts its fetch.
    public var jump: Cycle

    @inlinable
    init(t: Cycle, jump: Cycle) {
      self.t = t
      self.jump = jump
    }
  }

  /// T of `instruction` as the next one (3.2, first half). Changes nothing.
  @inlinable
  public func issue(_ instruction: Instruction) -> Issue {
    var t = max(avail, exfree)
    if t < lastLoadReady {
      let uses =
        lastLoad != 0 && lastLoad > 0 && (Int(instruction.rs1) == lastLoad || Int(instruction.rs2) == lastLoad)
      if uses || instruction.overwriteOperand == lastLoad && lastLoad >= 0 { t = lastLoadReady }
    }
    var jump = avail
    if instruction.timing == .jumpRegister && instruction.rs1 != 0 {
      let rs1 = Int(instruction.rs1)
      if loadRegister.0 == rs1 { jump = max(jump, loadReady.0 + 1) }
      if loadRegister.1 == rs1 { jump = max(jump, loadReady.1 + 1) }
      if aluRegister == rs1 { jump = max(jump, aluLast + 1) }
      t = max(t, jump)
    }
    if exfree < t && t < wb { t = wb }
    return Issue(t: t, jump: jump)
  }

  /// T as `issue`, without the overwrite hazard and without the rule for a blocked EX: t' of 3.3.
  @inlinable
  public func issueOfAnnulled(_ instruction: Instruction) -> Cycle {
    var t = max(avail, exfree)
    if t < lastLoadReady && lastLoad > 0
      && (Int(instruction.rs1) == lastLoad || Int(instruction.rs2) == lastLoad)
    {
      t = lastLoadReady
    }
    if instruction.timing == .jumpRegister && instruction.rs1 != 0 {
      let rs1 = Int(instruction.rs1)
      if loadRegister.0 == rs1 { t = max(t, loadReady.0 + 1) }
      if loadRegister.1 == rs1 { t = max(t, loadReady.1 + 1) }
      if aluRegister == rs1 { t = max(t, aluLast + 1) }
    }
    return t
  }

  /// The request cycle of the first data access of a load or store that leaves ID at `t`.
  @inlinable
  public func requestCycle(_ t: Cycle) -> Cycle { max(t + 1, wb) }

  /// Occupies the data port for one access requested at `request`; returns the cycle of its grant.
  @inlinable
  @discardableResult
  public mutating func access(_ request: Cycle, _ delay: AccessDelay) -> Cycle {
    let granted = request + delay.grant
    wb = granted + 1 + delay.answer
    return granted
  }

  /// Books a load whose last access was granted at `granted`.
  @inlinable
  public mutating func finishLoad(_ instruction: Instruction, granted: Cycle, t: Cycle) {
    exfree = granted
    let rd = Int(instruction.rd)
    loadRegister = (rd, loadRegister.0)
    loadReady = (wb, loadReady.0)
    lastLoad = rd
    lastLoadReady = wb
    if aluRegister == rd { aluRegister = -1 }
    avail = t + 1
  }

  /// Books a store whose last access was granted at `granted`.
  @inlinable
  public mutating func finishStore(granted: Cycle, t: Cycle) {
    exfree = granted
    avail = t + 1
  }

  @inlinable
  mutating func wroteThroughALU(_ register: Int, last: Cycle) {
    aluRegister = register
    aluLast = last
    if loadRegister.0 == register { loadRegister.0 = -1 }
    if loadRegister.1 == register { loadRegister.1 = -1 }
  }

  /// Books an instruction without memory access or control transfer, `occupancy` cycles in EX.
  @inlinable
  public mutating func finishArithmetic(_ instruction: Instruction, t: Cycle, occupancy: Cycle) {
    let e = max(t + occupancy, wb)
    exfree = e
    wroteThroughALU(Int(instruction.rd), last: e)
    avail = t + 1
  }

  /// Books a conditional branch. `straddles`: the target is a 32-bit instruction in two words.
  @inlinable
  public mutating func finishBranch(t: Cycle, taken: Bool, straddles: Bool) {
    exfree = t + 1
    avail = taken ? max(t + 2, wb) + 1 + (straddles ? 1 : 0) : t + 1
  }

  /// Books JAL or JALR.
  @inlinable
  public mutating func finishJump(_ instruction: Instruction, _ issue: Issue, straddles: Bool) {
    let t = issue.t
    let e = max(t + 1, wb)
    exfree = e
    let waitsForItself =
      instruction.timing == .jumpRegister && instruction.rd == instruction.rs1 && instruction.rs1 != 0
    let x = e + (waitsForItself ? 1 : 0)
    let y = t > issue.jump ? t : max(issue.jump + 1, x)
    wroteThroughALU(Int(instruction.rd), last: e)
    avail = (straddles ? max(y + 1, x) : y) + 1
  }

  /// Books a CSR access; `flushes`: of the kind that empties the pipeline (4 cycles).
  @inlinable
  public mutating func finishCSR(_ instruction: Instruction, t: Cycle, flushes: Bool) {
    exfree = max(t + 1, wb)
    wroteThroughALU(Int(instruction.rd), last: t + 1)
    avail = flushes ? max(t + 1, wb) + 3 : t + 1
  }

  /// Books an instruction that flushes and refetches, `cycles` after the last answer: FENCE, ECALL, EBREAK and illegal
  /// CSR accesses 3, MRET and other illegal instructions 4.
  @inlinable
  public mutating func finishFlush(t: Cycle, cycles: Cycle, straddles: Bool) {
    let e = max(t + 1, wb)
    exfree = e
    avail = e + cycles + (straddles ? 1 : 0)
  }

  /// Cycles that a division occupies EX at least, and at most (by 0).
  static let shortestDivision: Cycle = 3
  static let longestDivision: Cycle = 35
  /// Cycles that MULH, MULHU and MULHSU occupy EX.
  static let multiplyHigh: Cycle = 5

  /// Books an instruction that control stays in a block with: memory answers at once, a division takes the shortest
  /// time, a branch is not taken. `straddles`: of a direct jump's target.
  mutating func finishInBlock(_ instruction: Instruction, _ issue: Issue, straddles: Bool = false) {
    let t = issue.t
    switch instruction.timing {
    case .load:
      let granted = access(requestCycle(t), AccessDelay())
      finishLoad(instruction, granted: granted, t: t)
    case .store:
      let granted = access(requestCycle(t), AccessDelay())
      finishStore(granted: granted, t: t)
    case .branch: finishBranch(t: t, taken: false, straddles: false)
    case .jump: finishJump(instruction, issue, straddles: straddles)
    case .multiplyHigh: finishArithmetic(instruction, t: t, occupancy: Self.multiplyHigh)
    case .divide: finishArithmetic(instruction, t: t, occupancy: Self.shortestDivision)
    case .csr: finishCSR(instruction, t: t, flushes: Hart.flushesPipeline(instruction.csr))
    default: finishArithmetic(instruction, t: t, occupancy: 1)
    }
  }

  /// Cycles that a division occupies EX (section 2): the divisor decides.
  @inlinable
  public static func divideOccupancy(divisor: UInt32, signed: Bool) -> Cycle {
    if signed && divisor >> 31 != 0 {
      return 2 + Cycle((~divisor).leadingZeroBitCount)
    }
    return 3 + Cycle(divisor.leadingZeroBitCount)
  }
}

extension PipelineTiming {
  public static func == (a: PipelineTiming, b: PipelineTiming) -> Bool {
    a.avail == b.avail && a.exfree == b.exfree && a.wb == b.wb && a.loadRegister == b.loadRegister
      && a.loadReady == b.loadReady && a.lastLoad == b.lastLoad && a.lastLoadReady == b.lastLoadReady
      && a.aluRegister == b.aluRegister && a.aluLast == b.aluLast
  }
}
