// Retired instructions of the region by address, and when interrupt handlers begin.
//
// Listens to every instruction while the region is open; the exact engine runs then, with the same cycles. What was
// executed behind the last job that has finished counts only if another one finishes.

import HardwareModel
import PULPissimo
import RISCV

/// Instruction counts of a region.
public final class ExecutionProfile: InstructionObserver {
  private static let base = MemoryMap.privateBank0
  private static let slots = Int(2 * MemoryMap.privateBankSize + MemoryMap.interleavedWindow) / 2

  // Counts by half-word of L2, where code lies; everything else by address.
  private var inside = [UInt64](repeating: 0, count: slots)
  private var behind = [UInt64](repeating: 0, count: slots)
  /// Slots of `behind` that are not 0.
  private var touched: [Int32] = []
  private var insideElsewhere: [Address: UInt64] = [:]
  private var behindElsewhere: [Address: UInt64] = [:]

  private var from: Cycle = .never
  private var awaitsHandler = false
  /// The first instruction of an interrupt's handler leaves ID.
  var onHandler: ((Cycle) -> Void)?

  public init() {}

  /// Counts instructions that leave ID at `cycle` or later.
  func open(at cycle: Cycle) { from = cycle }

  /// What was counted so far lies in the region.
  func extend() {
    for slot in touched {
      inside[Int(slot)] += behind[Int(slot)]
      behind[Int(slot)] = 0
    }
    touched.removeAll(keepingCapacity: true)
    guard !behindElsewhere.isEmpty else { return }
    for (address, count) in behindElsewhere { insideElsewhere[address, default: 0] += count }
    behindElsewhere = [:]
  }

  /// Counts nothing until the region opens again.
  func close() { from = .never }

  /// Instructions of the region by address, in order of address.
  public var counts: [(address: Address, instructions: UInt64)] {
    var result: [(address: Address, instructions: UInt64)] = []
    for (slot, count) in inside.enumerated() where count > 0 {
      result.append((Self.base &+ UInt32(2 * slot), count))
    }
    result += insideElsewhere.filter { $0.value > 0 }.map { ($0.key, $0.value) }
    return result.sorted { $0.address < $1.address }
  }

  // MARK: InstructionObserver

  public func issuing(_ instruction: Instruction, pc: Address, at cycle: Cycle, hart: Hart) {
    if awaitsHandler {
      awaitsHandler = false
      onHandler?(cycle)
    }
    guard cycle >= from else { return }
    let slot = Int(pc &- Self.base) >> 1
    guard slot < Self.slots else {
      behindElsewhere[pc, default: 0] += 1
      return
    }
    if behind[slot] == 0 { touched.append(Int32(truncatingIfNeeded: slot)) }
    behind[slot] += 1
  }

  public func executed(_ instruction: Instruction, pc: Address, at cycle: Cycle, hart: Hart) {}
  public func loaded(_ rd: Int, _ value: UInt32, pc: Address) {}

  public func tookTrap(cause: UInt32, pc: Address, target: Address, at cycle: Cycle) {
    awaitsHandler = cause >> 31 != 0
    // An instruction that raises an exception was issued but does not retire.
    guard cause >> 31 == 0, cycle >= from else { return }
    let slot = Int(pc &- Self.base) >> 1
    if slot < Self.slots {
      if behind[slot] > 0 { behind[slot] -= 1 }
    } else if let count = behindElsewhere[pc], count > 0 {
      behindElsewhere[pc] = count - 1
    }
  }
}
