// `--dump`, `--signature` and `--load`: memory by symbol.

import FirmwareImage
import Foundation
import PULPissimo

/// One `--dump SYMBOL[:TYPE[:COUNT]]`.
struct MemoryDump {
  enum Format: String {
    case u8, i8, u16, i16, u32, i32, u64, hex

    var size: Int {
      switch self {
      case .u8, .i8: 1
      case .u16, .i16: 2
      case .u32, .i32, .hex: 4
      case .u64: 8
      }
    }
  }

  let symbol: String
  let format: Format
  let address: UInt32
  let count: Int

  /// Resolves the option against an image; 64 if it names nothing.
  init(_ text: String, _ image: FirmwareImage) throws {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard (1...3).contains(parts.count), !parts[0].isEmpty else {
      throw HostError.usage("--dump takes SYMBOL[:TYPE[:COUNT]], not '\(text)'")
    }
    guard let found = image.symbols[parts[0]] else {
      throw HostError.usage("--dump \(parts[0]): the image has no such symbol")
    }
    let typeName = parts.count > 1 && !parts[1].isEmpty ? parts[1] : "u32"
    guard let format = Format(rawValue: typeName) else {
      throw HostError.usage("--dump \(text): the type is u8, i8, u16, i16, u32, i32, u64 or hex, not '\(typeName)'")
    }
    if parts.count > 2 {
      guard let count = Int(parts[2]), count > 0, count <= 1 << 24 else {
        throw HostError.usage("--dump \(text): the count is a number above 0, not '\(parts[2])'")
      }
      self.count = count
    } else {
      count = max(1, Int(found.size) / format.size)
    }
    symbol = parts[0]
    self.format = format
    address = found.address
  }

  /// The values, as far as they lie in memory.
  func values(_ machine: Machine) -> [Int64] {
    (0..<count).compactMap { index in
      guard
        let bytes = machine.read(address &+ UInt32(truncatingIfNeeded: index * format.size), count: format.size)
      else { return nil }
      let raw = bytes.enumerated().reduce(UInt64(0)) { $0 | UInt64($1.element) << UInt64(8 * $1.offset) }
      switch format {
      case .u8, .u16, .u32, .hex: return Int64(raw)
      case .i8: return Int64(Int8(truncatingIfNeeded: raw))
      case .i16: return Int64(Int16(truncatingIfNeeded: raw))
      case .i32: return Int64(Int32(truncatingIfNeeded: raw))
      case .u64: return Int64(bitPattern: raw)
      }
    }
  }

  /// `SYMBOL = v0 v1 …`.
  func line(_ values: [Int64]) -> String {
    let texts = values.map { value in
      switch format {
      case .hex:
        let digits = String(UInt32(truncatingIfNeeded: value), radix: 16)
        return "0x" + String(repeating: "0", count: 8 - digits.count) + digits
      case .u64: return String(UInt64(bitPattern: value))
      default: return String(value)
      }
    }
    return "\(symbol) = " + texts.joined(separator: " ")
  }
}

enum Signature {
  /// The words from `begin_signature` to `end_signature`, one of eight lower-case digits a line.
  static func text(_ machine: Machine, _ image: FirmwareImage) throws -> String {
    guard let begin = image.symbols["begin_signature"], let end = image.symbols["end_signature"],
      end.address >= begin.address
    else {
      throw HostError.usage("--signature: the image has no begin_signature and end_signature")
    }
    var text = ""
    var address = begin.address & ~3
    while address < end.address {
      let bytes = machine.read(address, count: 4) ?? [0, 0, 0, 0]
      let word = bytes.enumerated().reduce(UInt32(0)) { $0 | UInt32($1.element) << UInt32(8 * $1.offset) }
      let digits = String(word, radix: 16)
      text += String(repeating: "0", count: 8 - digits.count) + digits + "\n"
      let next = address.addingReportingOverflow(4)
      if next.overflow { break }
      address = next.partialValue
    }
    return text
  }
}

/// One `--load FILE@ADDRESS`.
struct RawFile {
  let path: String
  let address: UInt32

  /// Resolves the option; the address is a number or symbol[+offset].
  init(_ text: String, _ image: FirmwareImage) throws {
    guard let at = text.lastIndex(of: "@"), at > text.startIndex else {
      throw HostError.usage("--load takes FILE@ADDRESS, not '\(text)'")
    }
    path = String(text[..<at])
    let place = String(text[text.index(after: at)...])
    if let number = Numbers.parse(place), number <= UInt64(UInt32.max) {
      address = UInt32(number)
      return
    }
    let parts = place.split(separator: "+", maxSplits: 1).map(String.init)
    guard let name = parts.first, let symbol = image.symbols[name] else {
      throw HostError.usage("--load \(text): '\(place)' is neither a number nor a symbol of the image")
    }
    guard parts.count == 1 || Numbers.parse(parts[1]) != nil else {
      throw HostError.usage("--load \(text): '\(parts[1])' is not a number")
    }
    let offset = parts.count > 1 ? UInt32(truncatingIfNeeded: Numbers.parse(parts[1]) ?? 0) : 0
    address = symbol.address &+ offset
  }

  func load(into machine: Machine) throws {
    let bytes = try HostFiles.read(path)
    guard machine.write(bytes, at: address) else {
      throw HostError.data(
        "\(path): \(bytes.count) bytes do not fit into memory at \(Session.hex(address))")
    }
  }
}
