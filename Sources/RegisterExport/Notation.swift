// How the exports write numbers and text, and which instances belong together.

import HardwareModel

extension Sequence where Element == PlacedBlock {
  /// The instances of each block, blocks in order of first appearance.
  func groupedByBlock() -> [[PlacedBlock]] {
    var groups: [[PlacedBlock]] = []
    for placed in self {
      if let group = groups.firstIndex(where: { $0[0].block.name == placed.block.name }) {
        groups[group].append(placed)
      } else {
        groups.append([placed])
      }
    }
    return groups
  }
}

/// `0x1A10C000`: upper case, as the chip's documents write addresses.
func hex(_ value: UInt32, digits: Int = 8) -> String {
  let text = String(value, radix: 16, uppercase: true)
  return "0x" + String(repeating: "0", count: max(0, digits - text.count)) + text
}

extension Field {
  /// `15:8`, or `3` for a single bit.
  var bits: String { width == 1 ? "\(lsb)" : "\(lsb + width - 1):\(lsb)" }
}

extension String {
  /// One line: runs of white space, line breaks among them, become one space.
  var singleLine: String { split(whereSeparator: \.isWhitespace).joined(separator: " ") }
}
