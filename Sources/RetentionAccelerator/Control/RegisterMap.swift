/// From an offset in the slot to what the register there does.
///
/// Models: the address decoder of the register file, as a table made from the declaration: an access is one index.
/// Follows: retention-accelerator.md section 4; 0x100..0x3FF repeats 0x000..0x0FF.

import HardwareModel

enum RegisterMap {
  /// What an offset reaches. Arrays of registers share a function and differ in their index.
  enum Function: UInt8 {
    case none
    case trigger, acquire, finished, status, runningJob, softClear, swEvt
    case scratch, base, job
    case constant
    case err, errPC, errJob, suspend, listPC, progress, evtMask, cnt
    case counterLow, counterHigh, perfClear
  }

  // Indices of `constant`.
  static let id = 0
  static let version = 1
  static let cap0 = 2
  static let cap1 = 3
  static let cap2 = 4
  static let l2Lo = 5
  static let l2Hi = 6

  private static let table: [(Function, Int)] = {
    typealias Registers = RETARegisters
    var table = [(Function, Int)](repeating: (.none, 0), count: Int(Registers.block.size / 4))
    func place(_ function: Function, _ registers: Register..., index: Int = 0) {
      for register in registers { table[Int(register.offset / 4)] = (function, index) }
    }
    func place(_ function: Function, array registers: [Register], first: Int = 0) {
      for (index, register) in registers.enumerated() { place(function, register, index: first + index) }
    }
    place(.trigger, Registers.trigger)
    place(.acquire, Registers.acquire)
    place(.finished, Registers.finished)
    place(.status, Registers.status)
    place(.runningJob, Registers.runningJob)
    place(.softClear, Registers.softClear)
    place(.swEvt, Registers.swEvt)
    place(.scratch, Registers.scratch)
    place(.base, array: Registers.base, first: 1)
    place(.job, array: Registers.job)
    // The 64 words of the first 256 bytes are repeated three times.
    for word in 0..<64 {
      for copy in 1...3 { table[64 * copy + word] = table[word] }
    }
    for (index, register) in [
      Registers.id, Registers.version, Registers.cap0, Registers.cap1, Registers.cap2, Registers.l2Lo, Registers.l2Hi,
    ].enumerated() {
      place(.constant, register, index: index)
    }
    place(.err, Registers.err)
    place(.errPC, Registers.errPC)
    place(.errJob, Registers.errJob)
    place(.suspend, Registers.suspend)
    place(.listPC, Registers.listPC)
    place(.progress, Registers.progress)
    place(.evtMask, Registers.evtMask)
    place(.cnt, array: Registers.cnt)
    place(.counterLow, array: Registers.counterLow)
    place(.counterHigh, array: Registers.counterHigh)
    place(.perfClear, Registers.perfClear)
    return table
  }()

  /// The function at `offset`; address bits 1:0 and above the slot are ignored.
  @inline(__always)
  static func decode(_ offset: UInt32) -> (function: Function, index: Int) {
    table[Int(offset / 4) & (table.count - 1)]
  }
}
