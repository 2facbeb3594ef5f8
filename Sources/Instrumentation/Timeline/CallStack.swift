// Which function the core is in: a stack of calls that is read off the instructions.
//
// A jump that links is a call, a jump through the link register a return, as the RISC-V ABI and the hints of the ISA
// manual (2.5) have it. A function that is entered by a plain jump is called from the one before and returns with it (a
// tail call). A return to a place that no call waits for (longjmp) unwinds to the function that the place belongs to. An
// interrupt or exception is a frame of its own up to its MRET. Where all that does not fit (hand-written assembly), the
// stack is put right by where the program counter is. Left out: inlined functions, task switches inside a handler.

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

/// Follows calls, returns, interrupts and exceptions.
struct CallStack {
  /// A stay in a function.
  struct Frame {
    let place: FunctionPlace
    let start: Cycle
    /// Where it returns to.
    let returnAddress: Address
    /// sp when it was entered.
    let stackPointer: UInt32
    /// The instruction that it was entered from; nil at the bottom of a stack.
    let callSite: Address?
    /// mcause, if this frame stands for an interrupt or an exception; the handler's functions lie above it.
    let cause: UInt32?
  }

  /// What a step has changed, in this order.
  enum Change {
    case entered(Frame, depth: Int)
    /// The stay ends at the cycle of the step.
    case left(Frame, depth: Int)
  }

  private enum Last {
    case other
    case call(returnAddress: Address)
    case leave
    case machineReturn
    case trap
  }

  private let place: (Address) -> FunctionPlace
  private(set) var frames: [Frame] = []
  private var last = Last.other
  private var lastPC: Address?
  private let deepest: Int

  /// `place`: the function of an address. `deepest`: calls that are told apart; what is called from there counts for the
  /// deepest one.
  init(deepest: Int = 128, _ place: @escaping (Address) -> FunctionPlace) {
    self.place = place
    self.deepest = deepest
  }

  /// The function that the core is in.
  var current: String? { frames.last?.place.name }

  /// The name of an interrupt's or an exception's frame.
  static func name(ofCause cause: UInt32) -> String {
    (cause >> 31 != 0 ? "interrupt " : "exception ") + String(cause & 0x7FFF_FFFF)
  }

  /// A trap is taken at `cycle` instead of, or by, the instruction at `pc`.
  mutating func tookTrap(
    _ cause: UInt32, at cycle: Cycle, pc: Address, stackPointer: UInt32, _ changed: (Change) -> Void
  ) {
    // An instruction that raises an exception does nothing else.
    if cause >> 31 == 0 { last = .other }
    arrive(at: pc, cycle, stackPointer, changed)
    settle(at: pc, cycle, stackPointer, changed)
    // Handlers that never return and trap again begin anew.
    if frames.count + 2 > deepest { pop(to: 0, cycle, changed) }
    enter(
      Frame(
        place: FunctionPlace(name: Self.name(ofCause: cause), range: 0..<0), start: cycle, returnAddress: pc,
        stackPointer: stackPointer, callSite: nil, cause: cause), changed)
    last = .trap
  }

  /// `instruction` at `pc` leaves ID at `cycle`; `stackPointer`: sp before it.
  mutating func issue(
    _ instruction: Instruction, pc: Address, at cycle: Cycle, stackPointer: UInt32, _ changed: (Change) -> Void
  ) {
    arrive(at: pc, cycle, stackPointer, changed)
    settle(at: pc, cycle, stackPointer, changed)
    last = Self.kind(of: instruction, at: pc)
    lastPC = pc
  }

  /// What the last instruction was leads to `pc`.
  private mutating func arrive(
    at pc: Address, _ cycle: Cycle, _ stackPointer: UInt32, _ changed: (Change) -> Void
  ) {
    let how = last
    last = .other
    switch how {
    case .other: break
    case .call(let returnAddress): push(pc, cycle, returnAddress, stackPointer, callSite: lastPC, changed)
    case .leave: unwind(to: pc, cycle, stackPointer, changed)
    case .machineReturn:
      if let index = frames.lastIndex(where: { $0.cause != nil }) { pop(to: index, cycle, changed) }
    case .trap: push(pc, cycle, 0, stackPointer, callSite: nil, changed)
    }
  }

  /// The functions that are left by a return to `pc`.
  private mutating func unwind(
    to pc: Address, _ cycle: Cycle, _ stackPointer: UInt32, _ changed: (Change) -> Void
  ) {
    // Returns do not leave an interrupt.
    let bottom = (frames.lastIndex { $0.cause != nil } ?? -1) + 1
    let stack = frames[bottom...]
    let index =
      stack.lastIndex { $0.returnAddress == pc && $0.callSite != nil && $0.stackPointer == stackPointer }
      ?? stack.lastIndex { $0.returnAddress == pc && $0.callSite != nil }
    if let index {
      // The functions that jumped to the one that returns return with it.
      var first = index
      while first > bottom, frames[first - 1].returnAddress == pc, frames[first - 1].stackPointer == stackPointer,
        frames[first - 1].callSite != nil, isTailCall(first)
      {
        first -= 1
      }
      pop(to: first, cycle, changed)
      return
    }
    // A stack may not have been set up yet when its first function began.
    let holders = stack.indices.filter { stack[$0].place.range.contains(UInt64(pc)) }
    if let index = holders.last(where: { stack[$0].stackPointer >= stackPointer }) ?? holders.last {
      pop(to: index + 1, cycle, changed)
    }
  }

  private func isTailCall(_ index: Int) -> Bool {
    // A real call comes from a place right before the return address.
    guard let site = frames[index].callSite else { return false }
    return frames[index].returnAddress &- site > 4
  }

  /// Sees to it that the innermost frame is that of the function at `pc`.
  private mutating func settle(
    at pc: Address, _ cycle: Cycle, _ stackPointer: UInt32, _ changed: (Change) -> Void
  ) {
    guard let top = frames.last, top.cause == nil else {
      push(pc, cycle, 0, stackPointer, callSite: nil, changed)
      return
    }
    guard !top.place.range.contains(UInt64(pc)) else { return }
    // Gone there without a call. Functions that jump to and fro do not pile up.
    var index = frames.count - 1
    while index >= 0, frames[index].cause == nil, frames[index].returnAddress == top.returnAddress {
      if frames[index].place.range.contains(UInt64(pc)) {
        pop(to: index + 1, cycle, changed)
        return
      }
      index -= 1
    }
    if frames.count >= deepest { pop(to: frames.count - 1, cycle, changed) }
    push(pc, cycle, top.returnAddress, top.stackPointer, callSite: lastPC, changed)
  }

  /// The run ends, or nobody looks any longer.
  mutating func finish(at cycle: Cycle, _ changed: (Change) -> Void) {
    pop(to: 0, cycle, changed)
    last = .other
  }

  private mutating func push(
    _ pc: Address, _ cycle: Cycle, _ returnAddress: Address, _ stackPointer: UInt32, callSite: Address?,
    _ changed: (Change) -> Void
  ) {
    guard frames.count < deepest else { return }
    enter(
      Frame(
        place: place(pc), start: cycle, returnAddress: returnAddress, stackPointer: stackPointer, callSite: callSite,
        cause: nil), changed)
  }

  private mutating func enter(_ frame: Frame, _ changed: (Change) -> Void) {
    frames.append(frame)
    changed(.entered(frame, depth: frames.count - 1))
  }

  private mutating func pop(to index: Int, _ cycle: Cycle, _ changed: (Change) -> Void) {
    while frames.count > index, let frame = frames.popLast() { changed(.left(frame, depth: frames.count)) }
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
