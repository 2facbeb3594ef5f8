// Ranges of the address map that the hart reaches without a bus call, and the decoded code in them.

import HardwareModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A range of addresses behind which plain memory lies.
struct MemoryWindow {
  let base: Address
  let size: UInt32
  // The hart owns both; a copy of a window, made for every instruction, must not count references.
  unowned(unsafe) let memory: DirectMemory
  /// Host address of `base`.
  let bytes: UnsafeMutableRawPointer
  /// Address of `base` in the memory's own range; differs from `base` in an alias.
  let canonical: Address
  /// Seen by the data port, by the instruction port.
  let isData: Bool
  let isFetchable: Bool
  /// The memory's number in the interconnect, -1 if nobody competes for it.
  let region: Int
  unowned(unsafe) let code: CodeRegion?

  @inline(__always)
  func contains(_ address: Address) -> Bool { address &- base < size }

  /// Decoded instructions from `base` on, by halfword.
  var decoded: UnsafeMutablePointer<Instruction>? { code.map { $0.decoded + $0.index(canonical) } }
}

/// The part of the main memory that blocks reach without a call: one range of addresses, or two with a gap.
struct BlockMemory: Equatable {
  /// Host address and line marks of `base`.
  let bytes: UnsafeMutableRawPointer
  let lines: UnsafeMutablePointer<UInt8>
  let base: Address
  let size: UInt32
  /// A second range, by its distance from `base`.
  let secondOffset: UInt32
  let secondSize: UInt32

  /// `ranges`: offset and size of ascending, disjoint parts of `memory`.
  init(_ memory: DirectMemory, _ code: CodeRegion, ranges: [(offset: UInt32, size: UInt32)]) {
    var joined: [(offset: UInt32, size: UInt32)] = []
    for range in ranges {
      if let last = joined.last, last.offset &+ last.size == range.offset {
        joined[joined.count - 1].size = last.size &+ range.size
      } else {
        joined.append(range)
      }
    }
    let first = joined.first ?? (offset: 0, size: 0)
    let second = joined.count > 1 ? joined[1] : (offset: first.offset, size: 0)
    bytes = memory.bytes + Int(first.offset)
    lines = code.lines + Int(first.offset >> CodeRegion.lineShift)
    base = memory.base &+ first.offset
    size = first.size
    secondOffset = second.offset &- first.offset
    secondSize = second.size
  }

  /// True if any line holds code or is watched.
  var hasMarks: Bool {
    func isMarked(_ offset: UInt32, _ size: UInt32) -> Bool {
      guard size > 0 else { return false }
      let first = lines + Int(offset >> CodeRegion.lineShift)
      return (0..<Int(size >> CodeRegion.lineShift)).contains { first[$0] != 0 }
    }
    return isMarked(0, size) || isMarked(secondOffset, secondSize)
  }
}

/// Decoded instructions and translated blocks of one memory, by halfword.
final class CodeRegion {
  let base: Address
  let size: UInt32
  private let bytes: UnsafeMutableRawPointer
  /// Decoded instruction of each halfword; all zero: not decoded.
  let decoded: UnsafeMutablePointer<Instruction>
  /// Entry of the block that begins at each halfword.
  let blocks: UnsafeMutablePointer<UnsafeMutablePointer<MicroOp>?>
  /// Not 0 for each line of 64 bytes that holds decoded code (bit 0) or a watched address (bit 1).
  let lines: UnsafeMutablePointer<UInt8>
  /// Machine code of the block that begins at each halfword, as an indirect jump enters it.
  let entries: UnsafeMutablePointer<UnsafeRawPointer?>
  /// Told when a line gets its first mark.
  unowned(unsafe) var translator: Translator?
  /// True once a translated block lies here.
  var hasBlocks = false

  static let lineShift: UInt32 = 6
  static let codeMark: UInt8 = 1
  static let watchMark: UInt8 = 2

  init(_ memory: DirectMemory) {
    base = memory.base
    size = UInt32(memory.size)
    bytes = memory.bytes
    let halfwords = memory.size / 2 + 2
    // calloc: the pages stay untouched until code is decoded there, which keeps start-up cheap.
    decoded = Self.zeroed(halfwords)
    blocks = Self.zeroed(halfwords)
    entries = Self.zeroed(halfwords)
    lines = Self.zeroed(memory.size >> Int(Self.lineShift) + 2)
  }

  deinit {
    free(decoded)
    free(blocks)
    free(entries)
    free(lines)
  }

  private static func zeroed<T>(_ count: Int) -> UnsafeMutablePointer<T> {
    guard let raw = calloc(count, MemoryLayout<T>.stride) else {
      preconditionFailure("out of host memory")
    }
    return raw.bindMemory(to: T.self, capacity: count)
  }

  @inline(__always)
  func index(_ pc: Address) -> Int { Int((pc &- base) >> 1) }

  /// Marks the lines of `count` bytes at `address`.
  func mark(_ address: Address, _ count: UInt32, _ mark: UInt8) {
    let first = (address &- base) >> Self.lineShift
    let last = (address &- base &+ count &- 1) >> Self.lineShift
    for line in first...max(first, min(last, size >> Self.lineShift)) {
      if lines[Int(line)] == 0 { translator?.noteMark(lines + Int(line)) }
      lines[Int(line)] |= mark
    }
  }

  /// Forgets decoded instructions that overlap `count` bytes at `address`. True if translated blocks may be stale too.
  func invalidate(_ address: Address, _ count: Int) -> Bool {
    guard count > 0, address &- base < size else { return false }
    let first = Int((address &- base) >> 1)
    let last = min(Int((UInt64(address &- base) + UInt64(count) - 1) >> 1), Int(size / 2) - 1)
    var touched = false
    let lineFirst = Int((address &- base) >> Self.lineShift)
    let lineLast = min(
      Int((UInt64(address &- base) + UInt64(count) - 1) >> UInt64(Self.lineShift)), Int(size >> Self.lineShift))
    if lineFirst <= lineLast {
      for line in lineFirst...lineLast where lines[line] & Self.codeMark != 0 {
        touched = true
        break
      }
    }
    guard touched, first <= last else { return false }
    // An instruction that begins in the halfword before reaches into the first one.
    for halfword in max(first - 1, 0)...last { decoded[halfword] = Instruction() }
    return hasBlocks
  }
}
