// Where an image's segments go in a machine's memory map, and whether they fit.

/// A range of a memory map that holds bytes.
public struct MemoryRange: Sendable {
  public let name: String
  public let base: UInt32
  /// Bytes.
  public let size: UInt64
  /// Firmware may be loaded there.
  public let isWritable: Bool
  /// The core can fetch instructions there.
  public let isFetchable: Bool

  public init(name: String, base: UInt32, size: UInt64, isWritable: Bool = true, isFetchable: Bool = true) {
    self.name = name
    self.base = base
    self.size = size
    self.isWritable = isWritable
    self.isFetchable = isFetchable
  }

  var end: UInt64 { UInt64(base) + size }
}

/// A second range of addresses under which (part of) a memory answers.
public struct AddressAlias: Sendable {
  public let name: String
  public let base: UInt32
  /// Bytes.
  public let size: UInt64
  /// The address that `base` stands for.
  public let target: UInt32
  /// The core can fetch instructions through it.
  public let isFetchable: Bool

  public init(name: String, base: UInt32, size: UInt64, target: UInt32, isFetchable: Bool) {
    self.name = name
    self.base = base
    self.size = size
    self.target = target
    self.isFetchable = isFetchable
  }

  func contains(_ address: UInt64) -> Bool { address >= UInt64(base) && address < UInt64(base) + size }
}

extension FirmwareImage {
  /// A run of bytes that goes into one memory range.
  public struct Part: Sendable {
    /// Number of the program header.
    public let segment: Int
    /// Final address, aliases resolved.
    public let address: UInt32
    public let data: ArraySlice<UInt8>
    /// Zero bytes behind `data`.
    public let zeroCount: Int
  }

  /// Checks that every segment lies in loadable memory and that the entry can be fetched; returns what to write
  /// where, in order of segments. A segment may span ranges that touch. Segments in an alias go to what it stands for.
  public func place(
    in ranges: [MemoryRange], aliases: [AddressAlias] = []
  ) throws(FirmwareImageError) -> [Part] {
    var parts: [Part] = []
    for segment in segments {
      var done: UInt64 = 0
      let size = UInt64(segment.memorySize)
      while done < size {
        var address = UInt64(segment.physicalAddress) + done
        var room = size - done
        if let alias = aliases.first(where: { $0.contains(address) }) {
          room = min(room, UInt64(alias.base) + alias.size - address)
          address = address - UInt64(alias.base) + UInt64(alias.target)
        }
        guard let range = ranges.first(where: { $0.size > 0 && address >= UInt64($0.base) && address < $0.end }) else {
          throw refused(
            "\(segment.label) does not fit the memory map: \(describe(ranges)); no memory at \(hexadecimal(address))")
        }
        guard range.isWritable else {
          throw refused("\(segment.label) lies in the \(range.name), which cannot be loaded")
        }
        room = min(room, range.end - address)
        let dataStart = min(Int(done), segment.data.count)
        let dataEnd = min(Int(done + room), segment.data.count)
        parts.append(
          Part(
            segment: segment.index, address: UInt32(truncatingIfNeeded: address),
            data: segment.data[dataStart..<dataEnd], zeroCount: Int(room) - (dataEnd - dataStart)))
        done += room
      }
    }
    let labels = Dictionary(segments.map { ($0.index, $0.label) }, uniquingKeysWith: { first, _ in first })
    if let (first, second) = Self.firstOverlap(
      parts.map { (UInt64($0.address), UInt64($0.data.count + $0.zeroCount), labels[$0.segment] ?? "") })
    {
      throw refused("\(first) and \(second) are the same memory under two addresses")
    }
    try checkEntry(in: ranges, aliases: aliases)
    return parts
  }

  private func checkEntry(in ranges: [MemoryRange], aliases: [AddressAlias]) throws(FirmwareImageError) {
    let label = "entry \(hexadecimal(UInt64(entry)))"
    guard entry & 1 == 0 else { throw refused("\(label) is odd; instructions are aligned to 2 bytes") }
    var address = UInt64(entry)
    if let alias = aliases.first(where: { $0.contains(address) }) {
      guard alias.isFetchable else {
        throw refused("\(label) lies in the \(alias.name), where the core cannot fetch instructions")
      }
      address = address - UInt64(alias.base) + UInt64(alias.target)
    }
    guard let range = ranges.first(where: { address >= UInt64($0.base) && address < $0.end }) else {
      throw refused("\(label) is outside memory: \(describe(ranges))")
    }
    guard range.isFetchable else {
      throw refused("\(label) lies in \(range.name), where the core cannot fetch instructions")
    }
  }

  private func refused(_ reason: String) -> FirmwareImageError { .refused(path: path, reason: reason) }

  /// The loadable ranges in words, touching ones joined: `memory is 0x1C000000-0x1C08FFFF`.
  private func describe(_ ranges: [MemoryRange]) -> String {
    var joined: [(start: UInt64, end: UInt64)] = []
    for range in ranges.filter({ $0.isWritable && $0.size > 0 }).sorted(by: { $0.base < $1.base }) {
      if let last = joined.last, last.end == UInt64(range.base) {
        joined[joined.count - 1].end = range.end
      } else {
        joined.append((UInt64(range.base), range.end))
      }
    }
    return "memory is " + joined.map { hexadecimalRange($0.start, count: $0.end - $0.start) }.joined(separator: ", ")
  }
}
