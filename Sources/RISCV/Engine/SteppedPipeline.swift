// The cycle-stepped model of CV32E40P: prefetch buffer, aligner, ID, EX, WB and controller, one cycle at a time.
//
// Source: `cv32e40p-timing.md` section 3.7, which was checked against the RTL for late fetches of any pattern and for
// contention of the two ports; the order of its statements is kept, so that the two can be read side by side. What
// instructions do is the exact engine's matter (`SteppedEngine` calls it when one leaves ID). Leaves out: debug mode,
// hardware loops, errors on the ports.

import HardwareModel

/// An instruction as ID sees it.
struct StagedInstruction {
  /// How it moves through the stages.
  enum Kind: UInt8 {
    case plain, multiplyHigh, divide, load, store, branch, jump, jumpRegister
    /// CSR access of one cycle; one that empties the pipeline.
    case csr, flushingCSR
    case fence
    /// ECALL, EBREAK, and illegal CSR accesses.
    case environment
    case machineReturn, waitForInterrupt, illegal

    /// Stops the fetch while it is in ID.
    @inline(__always)
    var flushes: Bool { rawValue >= Kind.flushingCSR.rawValue }
  }

  var instruction = Instruction()
  var pc: Address = 0
  var kind = Kind.plain
  /// Destination through the ALU port (x0 counts), -1: none.
  var aluDestination = -1
}

/// The state of the pipeline at the beginning of a cycle. Names are those of the source.
struct SteppedPipeline {
  enum Aligner: UInt8 { case aligned, branchToUpper, misaligned }
  enum State: UInt8 {
    case first, decode, flushEX, illegal, flushWB, returning, wait, sleep
  }

  // Fetch unit: words in the buffer, requests not answered, answers to be dropped.
  var fifo = 0
  var unanswered = 0
  var flush = 0
  var waitsForBranch = false
  /// A request is held on the bus.
  var isHeld = false
  var heldAddress: Address = 0
  var lastRequested: Address = 0
  /// One fetch is granted and not answered; its answer's cycle.
  var fetchIsOpen = false
  var fetchAnswer: Cycle = 0
  var aligner = Aligner.aligned
  var alignerPC: Address = 0

  // ID.
  var idIsValid = false
  var jumpIsDone = false
  var id = StagedInstruction()

  // EX.
  var exIsValid = false
  var exKind = StagedInstruction.Kind.plain
  var exIsTaken = false
  var exTarget: Address = 0
  var exDone: Cycle = 0
  /// Data accesses of the instruction in EX that are not granted yet.
  var parts = 0
  var writesALU = false
  var aluDestination = -1
  var exLoad = -1

  // WB.
  var openAccesses = 0
  var dataIsOpen = false
  var dataAnswer: Cycle = 0
  var wbHasLoad = false
  var wbLoad = -1

  // Controller.
  var state = State.decode
  var flushKind = StagedInstruction.Kind.plain
  var flushTarget: Address = 0
  /// The interrupt line of the cycle before.
  var registeredLine = -1
  var isAwake = true

  /// True if the closed form can go on from here: an instruction has just entered ID, nothing is under way behind it,
  /// and the fetch unit is as punctual fetches leave it.
  var isPunctual: Bool {
    idIsValid && state == .decode && !exIsValid && parts == 0 && openAccesses == 0 && !dataIsOpen && flush == 0
      && !isHeld && !waitsForBranch && !jumpIsDone && fifo + unanswered >= 1
      && (unanswered == 0) == !fetchIsOpen && unanswered <= 1
  }
}
