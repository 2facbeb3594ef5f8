// What the checker knows of every byte of L2: which bits were never written, who may not touch it now, who wrote it last.

import HardwareModel
import PULPissimo

/// Shadow of the L2.
final class ShadowMemory {
  /// Who uses a byte, and how.
  struct Use: OptionSet {
    let rawValue: UInt8
    static let jobReads = Use(rawValue: 1)
    static let jobWrites = Use(rawValue: 2)
    static let listReads = Use(rawValue: 4)
    static let transferReads = Use(rawValue: 8)
    static let transferWrites = Use(rawValue: 16)
  }

  /// Who wrote a word last.
  enum Writer: Equatable {
    case nobody
    case core(pc: Address)
    case job(UInt32)
    case transfer(UInt32)

    fileprivate init(_ code: UInt32) {
      switch code {
      case 0: self = .nobody
      case _ where code & 1 == 1: self = .core(pc: code & ~1)
      case _ where code & 2 != 0: self = .transfer((code >> 2) &- 1)
      default: self = .job((code >> 2) &- 1)
      }
    }

    fileprivate var code: UInt32 {
      switch self {
      case .nobody: 0
      case .core(let pc): pc | 1
      case .job(let number): (number &+ 1) << 2
      case .transfer(let number): (number &+ 1) << 2 | 2
      }
    }
  }

  let base: Address
  let size: Int
  /// 1: the bit was never written.
  private let undefined: UnsafeMutableRawPointer
  private let uses: UnsafeMutablePointer<UInt8>
  private let writers: UnsafeMutablePointer<UInt32>

  init(_ memory: DirectMemory) {
    base = memory.base
    size = memory.size
    undefined = .allocate(byteCount: size + 8, alignment: 16)
    undefined.initializeMemory(as: UInt8.self, repeating: 0xFF, count: size)
    undefined.advanced(by: size).initializeMemory(as: UInt8.self, repeating: 0, count: 8)
    uses = .allocate(capacity: size + 8)
    uses.initialize(repeating: 0, count: size + 8)
    writers = .allocate(capacity: size / 4 + 2)
    writers.initialize(repeating: 0, count: size / 4 + 2)
  }

  deinit {
    undefined.deallocate()
    uses.deallocate()
    writers.deallocate()
  }

  /// The offset of `address`; nil outside of L2. Aliases are the caller's matter.
  @inline(__always)
  func offset(_ address: Address) -> Int? {
    let offset = address &- base
    return offset < UInt32(truncatingIfNeeded: size) ? Int(offset) : nil
  }

  /// The part of `range` inside L2, as offsets.
  private func clamp(_ start: Address, _ count: Int) -> (start: Int, count: Int) {
    guard count > 0, let offset = offset(start) else { return (0, 0) }
    return (offset, min(count, size - offset))
  }

  // MARK: Validity

  /// Undefined bits of four bytes at `offset`, any alignment; bits behind the end are defined.
  @inline(__always)
  func undefinedBits(_ offset: Int) -> UInt32 { undefined.loadUnaligned(fromByteOffset: offset, as: UInt32.self) }

  @inline(__always)
  func setUndefined(_ offset: Int, _ bits: UInt32, bytes: Int) {
    switch bytes {
    case 4 where offset + 4 <= size: undefined.storeBytes(of: bits, toByteOffset: offset, as: UInt32.self)
    case 1: undefined.storeBytes(of: UInt8(truncatingIfNeeded: bits), toByteOffset: offset, as: UInt8.self)
    default:
      for byte in 0..<min(bytes, size - offset) {
        undefined.storeBytes(
          of: UInt8(truncatingIfNeeded: bits >> UInt32(8 * byte)), toByteOffset: offset + byte, as: UInt8.self)
      }
    }
  }

  /// Makes a range defined or not.
  func fill(_ start: Address, _ count: Int, isDefined: Bool) {
    let part = clamp(start, count)
    guard part.count > 0 else { return }
    undefined.advanced(by: part.start).initializeMemory(
      as: UInt8.self, repeating: isDefined ? 0 : 0xFF, count: part.count)
  }

  /// The first byte of a range that has undefined bits.
  func firstUndefined(_ start: Address, _ count: Int) -> Address? {
    let part = clamp(start, count)
    var index = part.start
    let end = part.start + part.count
    while index + 8 <= end, undefined.loadUnaligned(fromByteOffset: index, as: UInt64.self) == 0 { index += 8 }
    while index < end {
      if undefined.load(fromByteOffset: index, as: UInt8.self) != 0 { return base &+ UInt32(index) }
      index += 1
    }
    return nil
  }

  // MARK: Ownership

  /// Uses of up to four bytes.
  @inline(__always)
  func uses(_ offset: Int, bytes: Int) -> Use {
    var all = uses[offset]
    if bytes > 1 { all |= uses[offset + 1] }
    if bytes > 2 { all |= uses[offset + 2] | uses[offset + 3] }
    return Use(rawValue: all)
  }

  func mark(_ ranges: [Range<Address>], _ use: Use) {
    for range in ranges {
      let part = clamp(range.lowerBound, range.count)
      for index in part.start..<part.start + part.count { uses[index] |= use.rawValue }
    }
  }

  func unmark(_ ranges: [Range<Address>]) {
    for range in ranges {
      let part = clamp(range.lowerBound, range.count)
      if part.count > 0 { (uses + part.start).update(repeating: 0, count: part.count) }
    }
  }

  /// The first byte of a range with one of these uses.
  func firstUse(_ start: Address, _ count: Int, _ use: Use) -> Address? {
    let part = clamp(start, count)
    for index in part.start..<part.start + part.count where uses[index] & use.rawValue != 0 {
      return base &+ UInt32(index)
    }
    return nil
  }

  // MARK: Writers

  @inline(__always)
  func wrote(_ offset: Int, pc: Address) { writers[offset >> 2] = pc | 1 }

  func wrote(_ start: Address, _ count: Int, _ writer: Writer) {
    let part = clamp(start, count)
    guard part.count > 0 else { return }
    let code = writer.code
    for word in part.start >> 2...(part.start + part.count - 1) >> 2 { writers[word] = code }
  }

  func writer(_ address: Address) -> Writer { offset(address).map { Writer(writers[$0 >> 2]) } ?? .nobody }
}
