// The calls that lead to an instruction, read off jumps that link (RISC-V ABI; hints of the ISA manual, 2.5).

import HardwareModel
import RISCV

/// A shadow call stack.
struct CallTrace {
  private struct Frame {
    var call: Address
    var returnAddress: Address
    var isInterrupt = false
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

  mutating func interrupted(at pc: Address) {
    if frames.count < Self.deepest { frames.append(Frame(call: pc, returnAddress: pc, isInterrupt: true)) }
  }

  mutating func returned() {
    if let index = frames.lastIndex(where: \.isInterrupt) { frames.removeLast(frames.count - index) }
  }
}
