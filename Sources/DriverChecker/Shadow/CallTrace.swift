// The calls that lead to an instruction, read off jumps that link (RISC-V ABI; hints of the ISA manual, 2.5).

import HardwareModel
import RISCV

/// A shadow call stack.
struct CallTrace {
  private struct Frame {
    var call: Address
    var returnAddress: Address
    var isInterrupt = false
    /// Where the callee has put the return address.
    var slot: Address?
  }

  private var frames: [Frame] = []
  private static let deepest = 256

  /// Call sites, innermost first.
  var callers: [Address] { frames.reversed().prefix(12).map(\.call) }

  @inline(__always)
  mutating func jumped(_ instruction: Instruction, at pc: Address, target: Address) {
    let links = instruction.rd == 1 || instruction.rd == 5
    if links {
      if frames.count < Self.deepest {
        frames.append(Frame(call: pc, returnAddress: pc &+ UInt32(instruction.length)))
      }
      return
    }
    guard instruction.timing == .jumpRegister, instruction.rs1 == 1 || instruction.rs1 == 5 else { return }
    var index = frames.count - 1
    while index >= 0, !frames[index].isInterrupt {
      if frames[index].returnAddress == target {
        frames.removeLast(frames.count - index)
        return
      }
      index -= 1
    }
  }

  /// ra is stored on the stack: by the innermost call, or by a routine that does it for the one that it was called from.
  @inline(__always)
  mutating func saved(_ value: Address, at address: Address) {
    for index in frames.indices.suffix(2).reversed() {
      if frames[index].isInterrupt { return }
      if frames[index].returnAddress == value {
        frames[index].slot = address
        return
      }
    }
  }

  /// The return address that the innermost call should find at `address`; nil if it has not put it there.
  @inline(__always)
  func expected(at address: Address) -> Address? {
    guard let last = frames.last, last.slot == address else { return nil }
    return last.returnAddress
  }

  mutating func interrupted(at pc: Address) {
    if frames.count < Self.deepest { frames.append(Frame(call: pc, returnAddress: pc, isInterrupt: true)) }
  }

  mutating func returned() {
    if let index = frames.lastIndex(where: \.isInterrupt) { frames.removeLast(frames.count - index) }
  }
}
