// The event counter: mhpmcounter3 with the events that mhpmevent3 selects.
//
// Source: `cv32e40p_cs_registers.sv` (counter, selection), `cv32e40p_id_stage.sv` (events), `cv32e40p_controller.sv`
// (stalls). The counter steps once in each cycle in which any selected event is active. Every event is a flip-flop: what
// happens in ID in cycle c is active in c + 1, a taken branch (decided in EX) two cycles after it left ID. A CSR access
// that leaves ID at T reads and writes in T + 1: it sees the events active up to T; a new selection holds from T + 2 on.
//
// Fetch waits (4) happen only where a fetch is not punctual, so only the stepped engine counts them: a cycle without a
// word from the fetch unit and without a jump. Left out, because they never happen here: pipe stalls of a cluster core
// (11), APU events (12 to 15; no FPU).

import HardwareModel

/// Bits of mhpmevent3.
enum PerformanceEvent {
  static let cycle: UInt32 = 1 << 0
  static let instruction: UInt32 = 1 << 1
  static let loadUseStall: UInt32 = 1 << 2
  static let jumpRegisterStall: UInt32 = 1 << 3
  static let fetchWait: UInt32 = 1 << 4
  static let load: UInt32 = 1 << 5
  static let store: UInt32 = 1 << 6
  static let jump: UInt32 = 1 << 7
  static let branch: UInt32 = 1 << 8
  static let takenBranch: UInt32 = 1 << 9
  static let compressed: UInt32 = 1 << 10
  /// Those that need every instruction to be looked at.
  static let slow: UInt32 = 0x7FE
}

/// What the event counter has seen.
struct PerformanceEvents {
  /// Cycles so far in which a selected event was active.
  var count: UInt64 = 0
  /// The last cycle counted: an event of the same cycle does not count again.
  var last: Cycle = 0
  /// Core cycle up to which the event "cycle" has been counted.
  var cyclesUntil: Cycle = 0

  /// An event is active in `cycle`. Cycles come in order.
  @inline(__always)
  mutating func note(_ cycle: Cycle) {
    guard cycle > last else { return }
    last = cycle
    count &+= 1
  }
}

extension Hart {
  private var countsCycles: Bool {
    csrs.mcountinhibit & 8 == 0 && csrs.mhpmevent3 & PerformanceEvent.cycle != 0
  }

  /// The counter's source, with all events that are active up to SoC cycle `t`.
  func performanceCount(through t: Cycle) -> UInt64 {
    guard countsCycles else { return performance.count }
    return performance.count &+ (coreCycle(t) &- performance.cyclesUntil)
  }

  /// Brings the source up to cycle `t`, before a setting changes.
  func settlePerformanceCount(through t: Cycle) {
    performance.count = performanceCount(through: t)
    performance.cyclesUntil = coreCycle(t)
  }

  /// To be called when mcountinhibit or mhpmevent3 has changed.
  func updateSlowCounters() {
    // With "cycle" selected every cycle counts, whatever else happens in it.
    countsSlowEvents =
      csrs.mcountinhibit & 8 == 0 && csrs.mhpmevent3 & PerformanceEvent.slow != 0
      && csrs.mhpmevent3 & PerformanceEvent.cycle == 0
  }

  /// Books the stall in which `instruction` finds itself in its first cycle in ID. Only that cycle counts
  /// (`id_valid_q`), however long the stall.
  func noteStalls(of instruction: Instruction, _ issue: PipelineTiming.Issue) {
    let selected = csrs.mhpmevent3
    let here = timing.avail
    var events: UInt32 = 0
    if selected & PerformanceEvent.loadUseStall != 0, here < timing.lastLoadReady {
      let isSplit = lastLoadWasSplit && here == lastLoadIssue + 1
      let overwrites = timing.lastLoad >= 0 && instruction.overwriteOperand == timing.lastLoad && !isSplit
      if reads(instruction, timing.lastLoad) || overwrites { events |= PerformanceEvent.loadUseStall }
    }
    if issue.jump > here { events |= PerformanceEvent.jumpRegisterStall }
    if events & selected != 0 { performance.note(here + 1) }
  }

  private func reads(_ instruction: Instruction, _ register: Int) -> Bool {
    register > 0 && (Int(instruction.rs1) == register || Int(instruction.rs2) == register)
  }

  /// Events of ID that `instruction` causes when it retires.
  static func events(of instruction: Instruction) -> UInt32 {
    var events = PerformanceEvent.instruction
    switch instruction.timing {
    case .load: events |= PerformanceEvent.load
    case .store: events |= PerformanceEvent.store
    case .jump, .jumpRegister: events |= PerformanceEvent.jump
    case .branch: events |= PerformanceEvent.branch
    default: break
    }
    return instruction.length == 2 ? events | PerformanceEvent.compressed : events
  }

  /// Books what `instruction`, which left ID at `issue.t`, did by retiring. `place`: its address; `before`: the pipeline
  /// that it found.
  func noteRetired(
    _ instruction: Instruction, at place: Address, _ issue: PipelineTiming.Issue, before: PipelineTiming
  ) {
    let selected = csrs.mhpmevent3
    let t = issue.t
    if Self.events(of: instruction) & selected != 0 { performance.note(t + 1) }
    guard configuration.cycleModel else {
      if instruction.timing == .branch, pc != place &+ UInt32(instruction.length),
        selected & PerformanceEvent.takenBranch != 0
      {
        performance.note(t + 2)
      }
      return
    }
    switch instruction.timing {
    case .branch:
      // A branch to the next instruction is taken too: the cycle at which its target comes tells.
      guard timing.avail > t + 1 else { return }
      var events = PerformanceEvent.takenBranch
      let skipped = fetch(place &+ UInt32(instruction.length))
      // The skipped instruction is in ID while the branch is decided, and can see a hazard there.
      if skipped.timing == .jumpRegister, skipped.rs1 != 0 {
        let rs1 = Int(skipped.rs1)
        let waits =
          before.loadRegister.0 == rs1 && before.loadReady.0 > t
          || before.loadRegister.1 == rs1 && before.loadReady.1 > t
        if waits { events |= PerformanceEvent.jumpRegisterStall }
      }
      if before.lastLoadReady > t + 1, reads(skipped, before.lastLoad) { events |= PerformanceEvent.loadUseStall }
      if events & selected != 0 { performance.note(t + 2) }
    case .jumpRegister:
      // A JALR that overwrites its own base is left in ID for a cycle and sees its result as a hazard.
      if selected & PerformanceEvent.jumpRegisterStall != 0, instruction.rd == instruction.rs1, instruction.rs1 != 0,
        t == issue.jump || straddles(pc)
      {
        performance.note(t + 2)
      }
    default: break
    }
  }
}
