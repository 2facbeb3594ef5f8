// Running a machine to an end, and what the end was.

import HardwareModel
import RISCV

/// Where a run stops by itself.
public struct RunLimits: Sendable {
  /// SoC cycles.
  public var cycles: Cycle
  /// Retired instructions.
  public var instructions: UInt64

  public init(cycles: Cycle = .never - 1, instructions: UInt64 = .max) {
    self.cycles = cycles
    self.instructions = instructions
  }
}

/// How a run ended.
public struct RunEnd: Sendable, Equatable {
  public enum Reason: String, Sendable {
    case exit, limit, lockup, strict, check, interrupted
  }

  public let reason: Reason
  /// The firmware's exit code; 0 if it did not end itself.
  public let code: UInt32
  public let pc: Address
  public let message: String
  /// SoC cycles: at an exit the cycle in which the exit store is answered, else the cycle in which the machine stopped.
  public let cycles: Cycle

  public init(reason: Reason, code: UInt32, pc: Address, message: String, cycles: Cycle) {
    self.reason = reason
    self.code = code
    self.pc = pc
    self.message = message
    self.cycles = cycles
  }
}

extension Machine {
  /// Runs until the program ends, a limit is reached or nothing can go on. May be called again after `.limit`.
  public func run(limits: RunLimits = RunLimits()) -> RunEnd {
    let stop = hart.run(until: limits.cycles, instructionLimit: limits.instructions)
    return end(stop, limits)
  }

  /// Ends the run at the next instruction with reason `exit` and `code`: for endings other than CORESTATUS.
  public func exit(code: UInt32) {
    setExitCode(code)
    hart.requestStop(.ended)
  }

  /// The end of a run that ran out of time on the host.
  public func limitEnd(_ message: String) -> RunEnd {
    RunEnd(reason: .limit, code: 0, pc: hart.pc, message: message, cycles: hart.cycle)
  }

  /// Ends the run as riscv-tests do: value 1 stored at `address` is code 0, another odd value v is code v >> 1.
  public func watchTohost(at address: Address) {
    // The word itself, also if the program names it by its address in the data alias.
    hart.watchStores(at: memory(at: address & ~3, count: 4)?.1 ?? address)
    hart.onWatchedStore = { [unowned self] value, _ in
      if value & 1 != 0 { exit(code: value >> 1) }
    }
  }

  /// The end of a run that someone outside stopped.
  public func interruptedEnd(_ message: String) -> RunEnd {
    RunEnd(reason: .interrupted, code: 0, pc: hart.pc, message: message, cycles: hart.cycle)
  }

  private func end(_ stop: HartStop, _ limits: RunLimits) -> RunEnd {
    func end(_ reason: RunEnd.Reason, _ message: String, cycles: Cycle? = nil, code: UInt32 = 0) -> RunEnd {
      RunEnd(reason: reason, code: code, pc: hart.pc, message: message, cycles: cycles ?? hart.cycle)
    }
    switch stop {
    case .ended:
      let code = exitCode ?? 0
      return end(.exit, "the firmware ended with code \(code)", code: code)
    case .cycleLimit:
      return end(.limit, "the limit of \(limits.cycles) cycles was reached", cycles: limits.cycles)
    case .instructionLimit:
      return end(.limit, "the limit of \(limits.instructions) instructions was reached")
    case .requested:
      if let checkFailure {
        return RunEnd(
          reason: .check, code: 0, pc: checkFailure.pc, message: checkFailure.message, cycles: hart.cycle)
      }
      if let strictViolation {
        return RunEnd(
          reason: .strict, code: 0, pc: strictViolation.pc, message: strictViolation.message, cycles: hart.cycle)
      }
      return end(.interrupted, "stopped")
    case .lockup(let lockup):
      var place = hart.pc
      if case .bus = lockup { place = hart.accessPC }
      return RunEnd(reason: .lockup, code: 0, pc: place, message: describe(lockup), cycles: hart.cycle)
    }
  }

  private func describe(_ lockup: Lockup) -> String {
    switch lockup {
    case .sleep where BootROM.describe(hart.pc) != nil && configuration.bootSelect == 1:
      return "the boot ROM waits for a debugger (boot mode 1), and there is none"
    case .sleep:
      let mask = interruptController.mask
      let waiting =
        mask == 0
        ? "no line is enabled in the interrupt controller (FC_ITC.MASK is 0)"
        : "none of the enabled lines (FC_ITC.MASK = \(hex(mask))) can be raised by anything that is running"
      let masters = udma.standstills
      let hint = masters.isEmpty ? "" : "; " + masters.joined(separator: "; ")
      return "the core sleeps in WFI and can never wake: \(waiting)\(hint)"
    case .bus(let address, let isWrite):
      let what = isWrite ? "store to" : "load from"
      return "the \(what) \(hex(address)) is never answered: the bus hangs, because there is "
        + bus.unansweredPlace(address)
    case .trapLoop(let cause):
      return "exceptions without end: the first instruction of the trap handler at \(hex(hart.pc)) traps again "
        + "with the same cause (mcause \(cause))"
    }
  }

  private func hex(_ value: UInt32) -> String {
    let digits = String(value, radix: 16)
    return "0x" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits
  }
}
