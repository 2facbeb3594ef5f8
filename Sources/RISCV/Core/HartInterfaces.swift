// What a hart needs from the SoC around it, and what it tells to those who watch it.

import HardwareModel

/// How a data access outside the hart's direct memories will be answered.
public struct BusPlan: Sendable {
  /// What becomes of the access.
  public enum Outcome: Sendable {
    case answered
    /// The bus never answers: the core waits for ever.
    case never
    /// The access ends the program (a store of an exit code).
    case endsProgram
  }

  public var delay: AccessDelay
  /// Cycles from the grant to the access phase, in which a write takes effect and a read is sampled.
  public var phase: Cycle
  public var outcome: Outcome

  public init(delay: AccessDelay, phase: Cycle, outcome: Outcome = .answered) {
    self.delay = delay
    self.phase = phase
    self.outcome = outcome
  }
}

/// The SoC as seen from the hart's ports.
public protocol HartBus: AnyObject {
  /// How the access requested at `request` will be answered; asked once for each access, in program order.
  /// `value`: the rotated store data of a write.
  func plan(_ address: Address, isWrite: Bool, value: UInt32, request: Cycle) -> BusPlan

  /// The word that a read with its access phase at `cycle` returns.
  func read(_ address: Address, at cycle: Cycle) -> UInt32

  /// A write with its access phase at `cycle`. `value` is the core's rotated store data, `size` its bytes.
  func write(_ address: Address, _ value: UInt32, size: Int, at cycle: Cycle)

  /// What reads at `address` will return from `cycle` on; nil if a read changes something, or if that is not known.
  func forecast(_ address: Address, at cycle: Cycle) -> ReadForecast?

  /// So many cycles have passed in which the core has gone round in a loop whose reads were all forecast.
  func skipped(_ cycles: Cycle)

  /// An instruction fetch from an address that is no direct memory: the word of the aligned address.
  func fetch(_ address: Address) -> UInt32

  /// The same word for an instruction that may never be executed: nothing is reported.
  func peekFetch(_ address: Address) -> UInt32

  /// The core takes interrupt `line` in cycle `cycle`.
  func acknowledge(_ line: Int, at cycle: Cycle)

  /// The interrupt lines that reach the core, as its controller is set.
  var enabledLines: UInt32 { get }

  /// True if an interrupt line that is enabled in `mie` can still rise while the core sleeps.
  func canWake(mie: UInt32, at cycle: Cycle) -> Bool
}

/// A data access on the bus, when it has taken place.
public struct BusAccess: Sendable {
  public let pc: Address
  /// The cycle in which the instruction left ID.
  public let issued: Cycle
  /// Access phase: the write took effect, the read was sampled.
  public let phase: Cycle
  public let answered: Cycle
  public let address: Address
  public let size: Int
  public let isWrite: Bool
  /// Rotated store data, or the whole word read.
  public let value: UInt32
  /// `HartCounters.storesNotThroughSP` when the instruction was issued.
  public let storesBefore: UInt64
}

extension HartBus {
  public func forecast(_ address: Address, at cycle: Cycle) -> ReadForecast? { nil }
  public func skipped(_ cycles: Cycle) {}
}

/// Accesses of a loop that repeat from round to round.
public struct RepeatedAccesses: Sendable {
  /// Those of the last round that was executed, and how much more each reads a round later.
  public let accesses: [(access: BusAccess, change: UInt32)]
  /// Cycles of a round, and stores of a round that are not through sp.
  public let period: Cycle
  public let stores: UInt64
  /// Rounds behind that one.
  public let times: UInt64

  /// The accesses of a round, 1...`times`.
  public func round(_ number: UInt64) -> [BusAccess] {
    let later = number &* period
    return accesses.map { access, change in
      BusAccess(
        pc: access.pc, issued: access.issued &+ later, phase: access.phase &+ later,
        answered: access.answered &+ later, address: access.address, size: access.size, isWrite: access.isWrite,
        value: access.value &+ change &* UInt32(truncatingIfNeeded: number),
        storesBefore: access.storesBefore &+ number &* stores)
    }
  }
}

/// Told what a hart does. Nothing that an observer does can change what the hart does or when.
public protocol HartObserver: AnyObject {
  /// An access outside the direct memories has taken place.
  func accessed(_ access: BusAccess)
  /// The accesses of a loop have taken place again and again.
  func repeated(_ accesses: RepeatedAccesses)
  /// Interrupt `line` is taken in cycle K; `pc` is the annulled instruction.
  func tookInterrupt(_ line: Int, at cycle: Cycle, pc: Address)
  /// The instruction at `pc` caused an exception at T = `cycle`.
  func tookException(_ cause: UInt32, at cycle: Cycle, pc: Address)
  /// An MRET left ID at `cycle`.
  func returned(at cycle: Cycle)
  /// The first instruction after an MRET leaves ID at `cycle`.
  func resumed(at cycle: Cycle)
  /// The core's clock stands still in `from ..< until`.
  func slept(from: Cycle, until: Cycle)
  /// An instruction at a watched address leaves ID at `cycle`.
  func reached(_ pc: Address, at cycle: Cycle)
}

extension HartObserver {
  public func repeated(_ accesses: RepeatedAccesses) {
    guard accesses.times > 0 else { return }
    for number in 1...accesses.times { accesses.round(number).forEach(accessed) }
  }
}

/// Told of every instruction; while one is attached the exact engine runs all code.
public protocol InstructionObserver: AnyObject {
  /// `instruction` at `pc` leaves ID at `cycle`; registers still hold the values from before.
  func issuing(_ instruction: Instruction, pc: Address, at cycle: Cycle, hart: Hart)
  /// The instruction has executed. A load's value may still be on its way (`loaded`).
  func executed(_ instruction: Instruction, pc: Address, at cycle: Cycle, hart: Hart)
  /// The load at `pc` has its value: at once, or after its answer.
  func loaded(_ rd: Int, _ value: UInt32, pc: Address)
  /// An access outside the direct memories has taken place.
  func accessed(_ access: BusAccess)
  func tookTrap(cause: UInt32, pc: Address, target: Address, at cycle: Cycle)
  /// The core's clock stood still in `from ..< until`.
  func slept(from: Cycle, until: Cycle)
  /// A WFI is over, whether the core has slept or not; an interrupt may be taken before the next instruction.
  func wokeUp(at cycle: Cycle)
}

extension InstructionObserver {
  public func accessed(_ access: BusAccess) {}
  public func slept(from: Cycle, until: Cycle) {}
  public func wokeUp(at cycle: Cycle) {}
}

/// Why a hart stopped.
public enum HartStop: Sendable, Equatable {
  /// The cycle limit: the next instruction would leave ID there or later.
  case cycleLimit
  case instructionLimit
  /// The program ended itself.
  case ended
  /// The core can never make progress again.
  case lockup(Lockup)
  /// Someone asked for it.
  case requested
}

/// Why a core can never make progress again.
public enum Lockup: Sendable, Equatable {
  /// Asleep in WFI, and no enabled line can rise.
  case sleep
  /// A data access that is never answered.
  case bus(Address, isWrite: Bool)
  /// The first instruction at the trap vector traps again with the same cause.
  case trapLoop(cause: UInt32)
}
