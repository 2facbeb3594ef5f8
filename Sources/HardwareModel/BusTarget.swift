// What a peripheral is to the bus, and what it is to the interrupt system.

/// How an APB block answers an access.
public enum BusAnswer: Sendable, Equatable {
  /// After this many wait states beyond a zero-wait access.
  case waitStates(Int)
  /// Never: PREADY does not rise and the bus hangs.
  case never
}

/// A block of registers on the peripheral bus. Accesses are whole 32-bit words: PULPissimo's APB blocks ignore byte
/// strobes, so a narrow store arrives as the core's rotated store data, and reads return the full word.
public protocol BusTarget: Stateful {
  /// The declaration of the block's registers.
  var registers: RegisterBlock { get }

  /// How an access is answered; asked before the access takes place.
  func answer(_ offset: UInt32, isWrite: Bool) -> BusAnswer

  /// A read whose access phase is `cycle`: it sees the state of that cycle; side effects show from `cycle + 1` on.
  /// `offset` counts from the block's base and keeps its low two bits.
  func read(_ offset: UInt32, at cycle: Cycle) -> UInt32

  /// A write whose access phase is `cycle`; its effect shows from `cycle + 1` on.
  func write(_ offset: UInt32, _ value: UInt32, at cycle: Cycle)

  /// The state a debugger sees at `cycle`: as `read`, but nothing changes.
  func peek(_ offset: UInt32, at cycle: Cycle) -> UInt32

  /// What reads of the register at `offset` will return from `cycle` on; nil if a read changes something, or if that is
  /// not known.
  func forecast(_ offset: UInt32, at cycle: Cycle) -> ReadForecast?

  /// Interrupt lines that this block could still raise by itself, with the core asleep for ever.
  func possibleLines(at cycle: Cycle) -> UInt32

  /// SoC events that this block could still raise by itself, with the core asleep for ever.
  func possibleEvents(at cycle: Cycle) -> EventSet
}

extension BusTarget {
  public func answer(_ offset: UInt32, isWrite: Bool) -> BusAnswer { .waitStates(0) }
  public func forecast(_ offset: UInt32, at cycle: Cycle) -> ReadForecast? { nil }
  public func possibleLines(at cycle: Cycle) -> UInt32 { 0 }
  public func possibleEvents(at cycle: Cycle) -> EventSet { EventSet() }
}

/// A set of SoC event ids, 0...255.
public struct EventSet: Sendable, Equatable {
  private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

  public init() {}

  public init(_ events: Int...) {
    for event in events { insert(event) }
  }

  public mutating func insert(_ event: Int) {
    let bit = UInt64(1) << UInt64(event & 63)
    switch event >> 6 {
    case 0: words.0 |= bit
    case 1: words.1 |= bit
    case 2: words.2 |= bit
    case 3: words.3 |= bit
    default: break
    }
  }

  public func contains(_ event: Int) -> Bool {
    let bit = UInt64(1) << UInt64(event & 63)
    switch event >> 6 {
    case 0: return words.0 & bit != 0
    case 1: return words.1 & bit != 0
    case 2: return words.2 & bit != 0
    case 3: return words.3 & bit != 0
    default: return false
    }
  }

  /// True if `condition` holds for an event of the set.
  public func contains(where condition: (_ event: Int) -> Bool) -> Bool {
    func isMet(_ word: UInt64, from first: Int) -> Bool {
      var left = word
      while left != 0 {
        if condition(first + left.trailingZeroBitCount) { return true }
        left &= left &- 1
      }
      return false
    }
    return isMet(words.0, from: 0) || isMet(words.1, from: 64) || isMet(words.2, from: 128) || isMet(words.3, from: 192)
  }

  public mutating func formUnion(_ other: EventSet) {
    words.0 |= other.words.0
    words.1 |= other.words.1
    words.2 |= other.words.2
    words.3 |= other.words.3
  }

  mutating func exchange(_ archive: StateArchive, _ name: StaticString) { archive.visit(name, &words) }

  public static func == (a: EventSet, b: EventSet) -> Bool { a.words == b.words }
}
