// Value change dump: IEEE 1364-2005, 18.2 (four-state VCD), for waveform viewers.
//
// Changes may be noted in any order of time; they are sorted when the file is written. Names of functions and registers
// are vectors of ASCII characters, as hardware designers do it, because strings are no part of the format.

import HardwareModel

/// A set of signals and their changes.
public struct VCDFile {
  /// A signal by its number.
  public struct Signal: Sendable, Equatable {
    fileprivate let index: Int
  }

  struct Declaration {
    let scope: String
    let name: String
    let width: Int
    let isText: Bool
  }

  private struct Change {
    /// Cycle, and in the lowest two bits a rank: of changes in one cycle the one with the higher rank wins, then the
    /// later one.
    let key: UInt64
    let signal: Int32
    let value: UInt64

    var cycle: Cycle { key >> 2 }
  }

  private(set) var declarations: [Declaration] = []
  private var changes: [Change] = []
  private var texts: [String] = [""]
  private var textNumbers: [String: Int] = ["": 0]
  private let from: Cycle
  private let to: Cycle
  /// Changes that are kept; a file with more is nothing that anybody could look at.
  private static let mostChanges = 60_000_000
  public private(set) var isFull = false

  /// A dump of the cycles `from ..< to`.
  public init(from: Cycle = 0, to: Cycle = .never) {
    self.from = from
    self.to = to
  }

  public var count: Int { changes.count }

  /// A signal of `width` bits, at most 64.
  public mutating func signal(_ scope: String, _ name: String, width: Int) -> Signal {
    declarations.append(Declaration(scope: scope, name: name, width: width, isText: false))
    return Signal(index: declarations.count - 1)
  }

  /// A signal that shows text of up to `characters` ASCII characters.
  public mutating func text(_ scope: String, _ name: String, characters: Int) -> Signal {
    declarations.append(Declaration(scope: scope, name: name, width: 8 * characters, isText: true))
    return Signal(index: declarations.count - 1)
  }

  /// `signal` has `value` from `cycle` on. `isRest`: only if nothing else is said about that cycle.
  public mutating func set(_ signal: Signal, _ value: UInt64, at cycle: Cycle, isRest: Bool = false) {
    guard cycle < to else { return }
    guard changes.count < Self.mostChanges else {
      isFull = true
      return
    }
    let rank: UInt64 = cycle < from ? 0 : isRest ? 1 : 2
    changes.append(Change(key: max(cycle, from) << 2 | rank, signal: Int32(signal.index), value: value))
  }

  public mutating func set(_ signal: Signal, _ text: String, at cycle: Cycle, isRest: Bool = false) {
    var number = textNumbers[text] ?? -1
    if number < 0 {
      number = texts.count
      texts.append(text)
      textNumbers[text] = number
    }
    set(signal, UInt64(number), at: cycle, isRest: isRest)
  }

  /// `signal` is high in `cycle` only.
  public mutating func pulse(_ signal: Signal, at cycle: Cycle) {
    set(signal, 1, at: cycle)
    set(signal, 0, at: cycle + 1, isRest: true)
  }

  // MARK: Writing

  /// Writes the file piece by piece, up to cycle `end`; stops when `write` returns false.
  public mutating func write(until end: Cycle, comment: String, to write: (String) -> Bool) -> Bool {
    var text = "$comment\n\(comment.replacing("$end", with: ""))\n$end\n$timescale 1 ns $end\n"
    text += "$scope module pulpissimo $end\n"
    var scopes: [String] = []
    for declaration in declarations where !scopes.contains(declaration.scope) { scopes.append(declaration.scope) }
    for scope in scopes {
      text += "$scope module \(scope) $end\n"
      for (index, declaration) in declarations.enumerated() where declaration.scope == scope {
        let range = declaration.width > 1 ? " [\(declaration.width - 1):0]" : ""
        text += "$var wire \(declaration.width) \(Self.identifier(index)) \(declaration.name)\(range) $end\n"
      }
      text += "$upscope $end\n"
    }
    text += "$upscope $end\n$enddefinitions $end\n"

    // Changes were noted almost in order; a stable order of equal cycles matters.
    var keys = changes.indices.map { (key: changes[$0].key, index: $0) }
    keys.sort { ($0.key, $0.index) < ($1.key, $1.index) }
    let order = keys.map(\.index)
    var current = [UInt64?](repeating: nil, count: declarations.count)
    text += "#\(from)\n$dumpvars\n"
    var position = 0
    var values = [UInt64](repeating: 0, count: declarations.count)
    while position < order.count, changes[order[position]].cycle <= from {
      values[Int(changes[order[position]].signal)] = changes[order[position]].value
      position += 1
    }
    for index in declarations.indices {
      text += line(index, values[index])
      current[index] = values[index]
    }
    text += "$end\n"
    while position < order.count {
      let cycle = changes[order[position]].cycle
      var touched: [Int] = []
      while position < order.count, changes[order[position]].cycle == cycle {
        let change = changes[order[position]]
        if !touched.contains(Int(change.signal)) { touched.append(Int(change.signal)) }
        values[Int(change.signal)] = change.value
        position += 1
      }
      touched.removeAll { current[$0] == values[$0] }
      guard !touched.isEmpty, cycle <= end else { continue }
      text += "#\(cycle)\n"
      for index in touched {
        text += line(index, values[index])
        current[index] = values[index]
      }
      if text.utf8.count > 1 << 16 {
        guard write(text) else { return false }
        text = ""
      }
    }
    return write(text + "#\(max(from, min(end, to)))\n")
  }

  private func line(_ index: Int, _ value: UInt64) -> String {
    let declaration = declarations[index]
    if declaration.isText {
      let bytes = Array(texts[Int(value)].utf8.prefix(declaration.width / 8))
      let bits = bytes.map { byte in
        let digits = String(byte, radix: 2)
        return String(repeating: "0", count: 8 - digits.count) + digits
      }.joined()
      return "b\(bits.isEmpty ? "0" : bits) \(Self.identifier(index))\n"
    }
    return declaration.width == 1
      ? "\(value & 1)\(Self.identifier(index))\n" : "b\(String(value, radix: 2)) \(Self.identifier(index))\n"
  }

  /// Printable characters from ! to ~.
  private static func identifier(_ index: Int) -> String {
    var number = index
    var text = ""
    repeat {
      text.unicodeScalars.append(UnicodeScalar(UInt8(33 + number % 94)))
      number /= 94
    } while number > 0
    return text
  }

  // MARK: GTKWave

  /// A save file for GTKWave that shows all signals by scope in fitting formats.
  public func saveFile(dump: String, until end: Cycle) -> String {
    // Flags of GTKWave's analyzer: 0x22 hexadecimal, 0x820 ASCII, 0x28 a single bit, 0x200 a comment.
    var text = "[*] Save file of pulpemu for GTKWave\n[dumpfile] \"\(dump)\"\n[timestart] \(from)\n"
    text += "[size] 1600 900\n[signals_width] 260\n[sst_expanded] 1\n"
    var scope = ""
    for declaration in declarations {
      if declaration.scope != scope {
        scope = declaration.scope
        text += "@200\n-\(scope)\n"
      }
      text += declaration.isText ? "@820\n" : declaration.width > 1 ? "@22\n" : "@28\n"
      text += "pulpissimo.\(scope).\(declaration.name)"
      text += declaration.width > 1 ? "[\(declaration.width - 1):0]\n" : "\n"
    }
    return text
  }
}
