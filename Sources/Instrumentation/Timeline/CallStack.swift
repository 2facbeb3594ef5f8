// Which function the core is in: a stack of calls that is read off the instructions.
//
// A jump that links is a call, a jump through the link register a return, as the RISC-V ABI and the hints of the ISA
// manual (2.5) have it. Tail calls, longjmp and hand-written assembly do not fit: what the stack says then is put right
// by where the program counter is. Left out: inlined functions.

import HardwareModel
import RISCV

/// Where a function lies.
public struct FunctionPlace: Sendable {
  public let name: String
  public let range: Range<UInt64>

  public init(name: String, range: Range<UInt64>) {
    self.name = name
    self.range = range
  }
}

/// Follows calls, returns and interrupts.
struct CallStack {
  private struct Frame {
    var place: FunctionPlace
    var start: Cycle
    var returnAddress: Address
    /// The line of the interrupt that this frame stands for; its handler's functions lie above it.
    var interrupt: Int?
  }

  private enum Last {
    case other
    case call(returnAddress: Address)
    case leave
    case machineReturn
    case interrupt(line: Int, cycle: Cycle)
  }

  private let place: (Address) -> FunctionPlace
  private var frames: [Frame] = []
  private var last = Last.other
  private static let deepest = 128

  /// `place`: the function of an address.
  init(_ place: @escaping (Address) -> FunctionPlace) { self.place = place }

  /// The function that the core is in.
  var current: String? { frames.last?.place.name }

  /// Interrupt `line` is taken at `cycle` instead of the instruction at `pc`.
  mutating func tookInterrupt(
    _ line: Int, at cycle: Cycle, pc: Address,
    ended: (_ name: String, _ start: Cycle, _ end: Cycle, _ depth: Int) -> Void
  ) {
    arrive(at: pc, cycle, ended)
    last = .interrupt(line: line, cycle: cycle)
  }

  /// `instruction` at `pc` leaves ID at `cycle`. `ended`: a stay in a function is over.
  mutating func issue(
    _ instruction: Instruction, pc: Address, at cycle: Cycle,
    ended: (_ name: String, _ start: Cycle, _ end: Cycle, _ depth: Int) -> Void
  ) {
    arrive(at: pc, cycle, ended)
    last = Self.kind(of: instruction, at: pc)
    if let top = frames.last, top.interrupt == nil {
      guard !top.place.range.contains(UInt64(pc)) else { return }
      // Gone there without a call.
      pop(to: frames.count - 1, cycle, ended)
      push(pc, cycle, returnAddress: top.returnAddress)
    } else {
      push(pc, cycle, returnAddress: 0)
    }
  }

  /// What the last instruction was leads to `pc`.
  private mutating func arrive(
    at pc: Address, _ cycle: Cycle, _ ended: (_ name: String, _ start: Cycle, _ end: Cycle, _ depth: Int) -> Void
  ) {
    switch last {
    case .other: break
    case .call(let returnAddress): push(pc, cycle, returnAddress: returnAddress)
    case .leave:
      if let index = frames.lastIndex(where: { $0.returnAddress == pc && $0.interrupt == nil }), index > 0,
        !frames[index...].contains(where: { $0.interrupt != nil })
      {
        pop(to: index, cycle, ended)
      }
    case .machineReturn:
      if let index = frames.lastIndex(where: { $0.interrupt != nil }) { pop(to: index, cycle, ended) }
    case .interrupt(let line, let taken):
      if frames.count < Self.deepest {
        frames.append(
          Frame(
            place: FunctionPlace(name: "interrupt \(line)", range: 0..<0), start: taken, returnAddress: 0,
            interrupt: line))
      }
      push(pc, cycle, returnAddress: 0)
    }
    last = .other
  }

  /// The run ends, or nobody looks any longer.
  mutating func finish(at cycle: Cycle, ended: (String, Cycle, Cycle, Int) -> Void) {
    pop(to: 0, cycle, ended)
    last = .other
  }

  private mutating func push(_ pc: Address, _ cycle: Cycle, returnAddress: Address) {
    guard frames.count < Self.deepest else { return }
    frames.append(Frame(place: place(pc), start: cycle, returnAddress: returnAddress, interrupt: nil))
  }

  private mutating func pop(to index: Int, _ cycle: Cycle, _ ended: (String, Cycle, Cycle, Int) -> Void) {
    while frames.count > index, let frame = frames.popLast() {
      if cycle > frame.start { ended(frame.place.name, frame.start, cycle, frames.count) }
    }
  }

  private static func kind(of instruction: Instruction, at pc: Address) -> Last {
    func isLink(_ register: UInt8) -> Bool { register == 1 || register == 5 }
    switch instruction.timing {
    case .jump, .jumpRegister:
      if isLink(instruction.rd) { return .call(returnAddress: pc &+ UInt32(instruction.length)) }
      return instruction.timing == .jumpRegister && isLink(instruction.rs1) ? .leave : .other
    case .machineReturn: return .machineReturn
    default: return .other
    }
  }
}
