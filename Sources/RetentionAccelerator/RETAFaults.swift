// What can go wrong in the accelerator on purpose: for tests of drivers.
//
// Models: nothing of the specification; each function is a defect of silicon or memory. All state is plain values of
// `RETA`. Left out: beats while the ports stand still go on, so other masters meet those that a healthy run has.

import HardwareModel

extension RETA {
  /// The running job never ends, until SOFT_CLEAR; its ports fall silent. False if no job runs.
  public func hang(at cycle: Cycle) -> Bool {
    guard isRunning, !isStuck else { return false }
    queue.cancel(slot)
    isStuck = true
    if port.isContended { port.begin(nil, at: cycle) }
    return true
  }

  /// The running job ends with error `code`, a list behind its present descriptor, although nothing is wrong with it:
  /// its outputs are written. Without a job the error is recorded at once. False if there is no such code.
  public func fail(with code: UInt8, at cycle: Cycle) -> Bool {
    guard let code = ErrorCode(rawValue: code), code != .none else { return false }
    if isRunning {
      injectedError = code
      return true
    }
    error = code
    errorPC = 0
    errorJob = jobs.runningID
    done.errors &+= 1
    if eventMask & RETARegisters.errorBit != 0 { onEvent?(1, cycle) }
    return true
  }

  /// The ports stand still for `cycles` cycles from `cycle` on, which count as stalls of the running job. False if no
  /// job runs.
  public func stall(for cycles: Cycle, at cycle: Cycle) -> Bool {
    guard isRunning, !isStuck else { return false }
    let left = injectedStalls(before: cycle)
    injectedStallsDone &+= left
    injectedStallCycles = injectedStallCycles &- left &+ cycles
    injectedStallStart = cycle
    return true
  }

  /// Stalls so far of those that began last.
  func injectedStalls(before cycle: Cycle) -> UInt64 {
    cycle > injectedStallStart ? min(injectedStallCycles, cycle &- injectedStallStart) : 0
  }

  /// Flips bit `bit` of the register at `offset`; false if it is none that can be flipped. JOB0 to JOB15 are those of the
  /// context being programmed, with 0x100 and 0x200 added to the offset those of contexts 0 and 1.
  public func flip(_ offset: UInt32, bit: Int) -> Bool {
    guard (0..<32).contains(bit) else { return false }
    let mask = UInt32(1) << UInt32(bit)
    let (function, index) = RegisterMap.decode(offset)
    switch function {
    case .scratch: scratch ^= mask
    case .base: bases[index] ^= mask
    case .cnt: loopCounters[index] ^= mask
    case .evtMask:
      guard mask & RETARegisters.eventMaskBits != 0 else { return false }
      eventMask ^= mask
    case .progress: progress ^= mask
    case .job:
      switch offset >> 8 & 3 {
      case 0: jobs.contexts[jobs.programmed][index] ^= mask
      case 1: jobs.contexts[0][index] ^= mask
      case 2: jobs.contexts[1][index] ^= mask
      default: return false
      }
    default: return false
    }
    return true
  }
}
