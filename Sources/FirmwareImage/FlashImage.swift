// A program as the boot ROM finds it in the serial flash.
//
// The layout is that of PULP's own tools (plp_flash_stimuli.py of pulp-runtime; flash_v2_header_t of PULPissimo's boot
// code), described in `firmware/boot/boot_rom.S`. Where those tools leave zeros lies what our ROM alone looks at: for
// each area a CRC and how many zero bytes follow it in memory. Left out: files behind the program (the tools' "components").

/// The contents of a flash with a program to boot.
public struct FlashImage: Sendable {
  /// A run of memory.
  public struct Area: Sendable, Equatable {
    /// Where it lies in the flash.
    public fileprivate(set) var offset: UInt32 = 0
    public let address: UInt32
    public fileprivate(set) var data: [UInt8]
    /// Zero bytes that follow in memory.
    public fileprivate(set) var zeroCount: Int

    var end: UInt64 { UInt64(address) + UInt64(data.count + zeroCount) }
  }

  /// The boot ROM knows no more.
  public static let mostAreas = 16
  static let blockSize = 4096
  /// What the tools write: software that resets the core starts again at the beginning of L2.
  static let bootAddress: UInt32 = 0x1C00_0000
  /// "BPEM": the areas' CRCs and zeros follow.
  static let extrasMagic: UInt32 = 0x4D45_5042

  public let entry: UInt32
  public let areas: [Area]

  /// A flash image of what `parts` (of `FirmwareImage.place`) put into memory.
  public init(entry: UInt32, parts: [FirmwareImage.Part]) {
    self.entry = entry
    var joined: [Area] = []
    for part in parts.sorted(by: { $0.address < $1.address }) {
      let area = Area(address: part.address, data: Array(part.data), zeroCount: part.zeroCount)
      guard let last = joined.last, last.end == UInt64(area.address) else {
        joined.append(area)
        continue
      }
      if last.zeroCount == 0 {
        joined[joined.count - 1].data += area.data
        joined[joined.count - 1].zeroCount = area.zeroCount
      } else if area.data.isEmpty {
        joined[joined.count - 1].zeroCount += area.zeroCount
      } else {
        joined.append(area)
      }
    }
    while joined.count > Self.mostAreas { Self.joinNearest(&joined) }
    var offset = Self.roundUp(Self.crcOffset(joined.count) + 4)
    for index in joined.indices {
      joined[index].offset = UInt32(truncatingIfNeeded: offset)
      offset += Self.roundUp(joined[index].data.count)
    }
    areas = joined
  }

  /// Fills the smallest gap between two areas with zeros.
  private static func joinNearest(_ areas: inout [Area]) {
    func gap(_ index: Int) -> UInt64 { UInt64(areas[index + 1].address) - areas[index].end }
    guard let index = (0..<areas.count - 1).min(by: { gap($0) < gap($1) }) else { return }
    let zeros = areas[index].zeroCount + Int(gap(index))
    areas[index].data += [UInt8](repeating: 0, count: zeros) + areas[index + 1].data
    areas[index].zeroCount = areas[index + 1].zeroCount
    areas.remove(at: index + 1)
  }

  private static func roundUp(_ count: Int) -> Int { (count + blockSize - 1) / blockSize * blockSize }

  private static func crcOffset(_ count: Int) -> Int { 16 + 64 * count }

  /// The bytes from offset 0 of the flash on.
  public var bytes: [UInt8] {
    let end = (areas.last.map { Int($0.offset) + $0.data.count + 7 } ?? 0) / 8 * 8
    var header = [end, areas.count].flatMap { word(UInt32(truncatingIfNeeded: $0)) }
    header += word(entry) + word(Self.bootAddress)
    for area in areas {
      let blocks = Self.roundUp(area.data.count) / Self.blockSize
      header += word(area.offset) + word(area.address)
      header += [area.data.count, blocks].flatMap { word(UInt32(truncatingIfNeeded: $0)) }
    }
    header += word(Self.extrasMagic)
    for area in areas {
      header += word(UInt32(truncatingIfNeeded: area.zeroCount)) + word(CRC32.of(area.data))
    }
    header += [UInt8](repeating: 0, count: Self.crcOffset(areas.count) - header.count)
    var bytes = header + word(CRC32.of(header))
    for area in areas {
      bytes += [UInt8](repeating: 0, count: max(0, Int(area.offset) - bytes.count)) + area.data
    }
    return bytes + [UInt8](repeating: 0, count: max(0, end - bytes.count))
  }

  private func word(_ value: UInt32) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(8 * $0)) }
  }
}

/// The CRC-32 of IEEE 802.3.
enum CRC32 {
  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { crc, _ in crc & 1 != 0 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
  }

  static func of(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(.max) { crc, byte in crc >> 8 ^ table[Int((crc ^ UInt32(byte)) & 0xFF)] }
  }
}
