// The sets of event ids that the SoC event generator works with.
//
// `soc_event_arbiter.sv` (pulp_soc v5.0.1) searches such a set from a moving start; the registers show it in words.

import HardwareModel

/// A set of event ids 0...255 in four words, with the arbiter's search.
struct EventBits: Equatable {
  private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

  static var all: EventBits {
    var bits = EventBits()
    bits.words = (.max, .max, .max, .max)
    return bits
  }

  var isEmpty: Bool { words.0 | words.1 | words.2 | words.3 == 0 }

  private subscript(quad index: Int) -> UInt64 {
    get {
      switch index {
      case 0: return words.0
      case 1: return words.1
      case 2: return words.2
      default: return words.3
      }
    }
    set {
      switch index {
      case 0: words.0 = newValue
      case 1: words.1 = newValue
      case 2: words.2 = newValue
      default: words.3 = newValue
      }
    }
  }

  /// The ids 32 x index … 32 x index + 31 as a register shows them.
  subscript(word index: Int) -> UInt32 {
    get { UInt32(truncatingIfNeeded: self[quad: index >> 1] >> (index & 1 == 0 ? 0 : 32)) }
    set {
      let shift: UInt64 = index & 1 == 0 ? 0 : 32
      self[quad: index >> 1] = self[quad: index >> 1] & ~(0xFFFF_FFFF << shift) | UInt64(newValue) << shift
    }
  }

  func contains(_ event: Int) -> Bool { self[quad: event >> 6] >> UInt64(event & 63) & 1 != 0 }
  mutating func insert(_ event: Int) { self[quad: event >> 6] |= 1 << UInt64(event & 63) }
  mutating func remove(_ event: Int) { self[quad: event >> 6] &= ~(1 << UInt64(event & 63)) }

  mutating func formUnion(_ other: EventBits) {
    words.0 |= other.words.0
    words.1 |= other.words.1
    words.2 |= other.words.2
    words.3 |= other.words.3
  }

  /// The first id of the set at `start` or above, else the first from 0 on.
  func first(from start: Int) -> Int? {
    guard !isEmpty else { return nil }
    let quad = start >> 6
    let above = self[quad: quad] >> UInt64(start & 63)
    if above != 0 { return start + above.trailingZeroBitCount }
    for step in 1...4 {
      let index = (quad + step) & 3
      let word = self[quad: index]
      if word != 0 { return index * 64 + word.trailingZeroBitCount }
    }
    return nil
  }

  func forEach(_ body: (Int) -> Void) {
    for quad in 0..<4 {
      var word = self[quad: quad]
      while word != 0 {
        body(quad * 64 + word.trailingZeroBitCount)
        word &= word &- 1
      }
    }
  }

  static func == (a: EventBits, b: EventBits) -> Bool { a.words == b.words }
}

extension EventBits: StateValue {
  mutating func visitState(_ archive: StateArchive) { archive.visit("words", &words) }
}
