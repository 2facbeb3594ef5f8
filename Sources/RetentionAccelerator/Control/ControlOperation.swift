/// CTRL: changes of base registers, loops and the conditional exit.
///
/// Models: the words of CTRL taken apart, with everything that follows from them and the base registers alone.
/// Follows: retention-accelerator.md 6.5.
/// Leaves out: the break word itself, which is read while the descriptor runs.

import HardwareModel

/// What a CTRL descriptor will do, given the base registers before it.
public struct ControlOperation {
  /// COUNT value of a branch that is always taken.
  static let always: UInt32 = 0xFFFF_FFFF

  /// Base registers after step 1.
  public let bases: BaseRegisters
  /// n: 0 falls through without touching the counter.
  public let count: UInt32
  public let target: Address
  /// True if BRK is set: pointer and value of the break word are used.
  public let hasBreak: Bool
  public let breakAddress: Address
  public let breakValue: UInt32
  /// Number of the loop counter, 0...3.
  public let counter: Int

  public init(_ words: DescriptorWords, bases old: BaseRegisters) {
    typealias Format = DescriptorFormat
    var bases = old
    for index in 1...7 {
      let value = Format.value[index - 1].extract(words)
      switch Format.mode[index - 1].extract(words) {
      case 1: bases[index] = value
      case 2: bases[index] = bases[index] &+ value
      default: break
      }
    }
    self.bases = bases
    count = Format.count.extract(words) &+ bases[Int(Format.selX.extract(words))]
    target = Format.target.extract(words) &+ bases[Int(Format.selW.extract(words))]
    hasBreak = Format.f0.extract(words) != 0
    breakAddress = Format.breakPointer.extract(words) &+ bases[Int(Format.selB.extract(words))]
    breakValue = Format.breakValue.extract(words)
    counter = Int(Format.counter.extract(words))
  }

  /// True if the break word is read.
  public var readsBreakWord: Bool { hasBreak && count != 0 }

  /// The new value of the loop counter and whether the branch is taken.
  public func step(counter value: UInt32, breakWord: UInt32) -> (counter: UInt32, taken: Bool) {
    guard count != 0 else { return (value, false) }
    let next = value &+ 1
    let hit = hasBreak && breakWord == breakValue
    if (count == Self.always || next < count) && !hit { return (next, true) }
    return (0, false)
  }
}
