// Pictures in the portable formats of Netpbm: PGM (P2, P5) and PPM (P3, P6).

import Foundation
import Peripherals

/// Reads one picture.
struct PictureFile {
  let path: String
  private static let mostValues = 1 << 26

  /// The picture; 66 if the file cannot be read, 65 if it is no picture.
  func read() throws -> CameraPicture {
    let bytes = try HostFiles.read(path)
    var scanner = Scanner(bytes: bytes)
    guard bytes.count > 2, bytes[0] == UInt8(ascii: "P"), let kind = Int(String(UnicodeScalar(bytes[1]))),
      [2, 3, 5, 6].contains(kind)
    else { throw refusal("not a PGM or PPM picture (it does not begin with P2, P3, P5 or P6)") }
    scanner.place = 2
    guard let width = scanner.number(), let height = scanner.number(), let maximum = scanner.number() else {
      throw refusal("the header lacks width, height or maximum")
    }
    let channels = kind == 2 || kind == 5 ? 1 : 3
    guard (1...65536).contains(width), (1...65536).contains(height), (1...65535).contains(maximum) else {
      throw refusal("\(width) x \(height) pixels up to \(maximum) make no picture")
    }
    let count = width * height * channels
    guard count <= Self.mostValues else { throw refusal("\(width) x \(height) pixels are too many") }
    var values: [UInt16] = []
    values.reserveCapacity(count)
    if kind <= 3 {
      while values.count < count, let value = scanner.number() {
        guard value <= maximum else { throw refusal("a value of \(value) is above the maximum of \(maximum)") }
        values.append(UInt16(value))
      }
    } else {
      // One white space, then the values.
      scanner.place += 1
      let size = maximum > 255 ? 2 : 1
      guard bytes.count - scanner.place >= count * size else {
        throw refusal("\(max(bytes.count - scanner.place, 0)) bytes of pixels where \(count * size) are needed")
      }
      for index in 0..<count {
        let place = scanner.place + index * size
        let value = size == 2 ? UInt16(bytes[place]) << 8 | UInt16(bytes[place + 1]) : UInt16(bytes[place])
        values.append(min(value, UInt16(maximum)))
      }
    }
    guard
      let picture = CameraPicture(
        width: width, height: height, channels: channels, maximum: maximum, values: values)
    else { throw refusal("\(values.count) values where \(count) are needed") }
    return picture
  }

  private func refusal(_ reason: String) -> HostError { .data("\(path): \(reason)") }

  /// Numbers between white space and comments.
  private struct Scanner {
    let bytes: [UInt8]
    var place = 0

    mutating func number() -> Int? {
      while place < bytes.count {
        switch bytes[place] {
        case UInt8(ascii: "#"): while place < bytes.count, bytes[place] != 0x0A { place += 1 }
        case 0x09...0x0D, 0x20: place += 1
        default:
          var value = 0
          let start = place
          while place < bytes.count, (0x30...0x39).contains(bytes[place]), value < 1 << 30 {
            value = value * 10 + Int(bytes[place] - 0x30)
            place += 1
          }
          return place > start ? value : nil
        }
      }
      return nil
    }
  }
}
