// `--dump`, `--signature` and `--load`: memory by symbol.

import FirmwareImage
import Foundation
import Instrumentation
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
  func values(_ machine: Machine) -> [DumpedNumber] {
    var values: [DumpedNumber] = []
    // A size in a damaged symbol table may say anything; memory ends before that.
    while values.count < count {
      let place = UInt64(address) + UInt64(values.count * format.size)
      guard let start = UInt32(exactly: place), let bytes = machine.read(start, count: format.size) else { break }
      let raw = bytes.enumerated().reduce(UInt64(0)) { $0 | UInt64($1.element) << UInt64(8 * $1.offset) }
      switch format {
      case .u8, .u16, .u32, .u64, .hex: values.append(.unsigned(raw))
      case .i8: values.append(.signed(Int64(Int8(truncatingIfNeeded: raw))))
      case .i16: values.append(.signed(Int64(Int16(truncatingIfNeeded: raw))))
      case .i32: values.append(.signed(Int64(Int32(truncatingIfNeeded: raw))))
      }
    }
    return values
  }

  /// `SYMBOL = v0 v1 …`.
  func line(_ values: [DumpedNumber]) -> String {
    let texts = values.map { value in
      switch value {
      case .unsigned(let value) where format == .hex:
        let digits = String(value, radix: 16)
        return "0x" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits
      case .unsigned(let value): return String(value)
      case .signed(let value): return String(value)
      }
    }
    return "\(symbol) = " + texts.joined(separator: " ")
  }
}

/// `--signature`: the words from `begin_signature` to `end_signature`.
struct Signature {
  private let path: String
  private let address: UInt32
  private let count: Int

  /// Resolves the symbols; 64 if the image lacks them.
  init(_ image: FirmwareImage) throws {
    guard let begin = image.symbols["begin_signature"], let end = image.symbols["end_signature"],
      end.address >= begin.address
    else {
      throw HostError.usage("--signature: the image has no begin_signature and end_signature")
    }
    path = image.path
    address = begin.address & ~3
    count = (Int(end.address) - Int(address) + 3) / 4
  }

  /// Refuses a range that is not memory: it could not be written, and may be as large as the address space.
  func check(_ machine: Machine) throws {
    guard count == 0 || machine.memory(at: address, count: 4 * count) != nil else {
      throw HostError.data(
        "\(path): begin_signature to end_signature, \(count) words at \(Session.hex(address)), is not memory")
    }
  }

  /// One word of eight lower-case digits a line.
  func text(_ machine: Machine) -> String {
    (machine.words(address, count: count) ?? []).map { word in
      let digits = String(word, radix: 16)
      return String(repeating: "0", count: 8 - digits.count) + digits + "\n"
    }.joined()
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
