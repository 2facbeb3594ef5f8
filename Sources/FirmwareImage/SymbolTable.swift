// The symbols of an image: by name for commands, by address for traces and messages.
//
// Left out: symbols that only the linker needs (sections, files, undefined ones, mapping symbols, local labels).

/// A named address of the firmware.
public struct Symbol: Sendable, Equatable {
  public enum Kind: String, Sendable {
    case function
    case object
    /// A label of assembly code or of the linker script.
    case label
  }

  public let name: String
  public let address: UInt32
  /// Bytes; 0 when the ELF does not say.
  public let size: UInt32
  public let kind: Kind
  public let isGlobal: Bool
}

/// All symbols of an image.
public struct SymbolTable: Sendable {
  /// In order of address; at one address sized before unsized, then global before local, then by name.
  public let all: [Symbol]
  /// Index into `all`, per name.
  private let byName: [String: Int]
  /// Ranges of addresses that do not overlap, in order, each with the symbol that it belongs to.
  private let spans: [(start: UInt64, end: UInt64, symbol: Int)]

  init(_ file: ELFFile, sections: [ELFFile.Section]) {
    var found: [(symbol: Symbol, section: Int)] = []
    if let table = sections.first(where: { $0.type == 2 }) {  // SHT_SYMTAB
      for entry in file.symbols(of: table) {
        guard let kind = Self.kind(entry.st_info & 0xF), entry.st_shndx != 0,
          let name = file.string(table: Int(table.link), offset: Int(entry.st_name)), !name.isEmpty,
          !name.hasPrefix("$"), !name.hasPrefix(".L")
        else { continue }
        found.append(
          (
            Symbol(
              name: name, address: UInt32(truncatingIfNeeded: entry.st_value),
              size: UInt32(truncatingIfNeeded: entry.st_size), kind: kind, isGlobal: entry.st_info >> 4 != 0),
            Int(entry.st_shndx)
          ))
      }
    }
    let sectionEnds = Dictionary(
      sections.filter(\.isAllocated).map { ($0.index, $0.address + $0.size) }, uniquingKeysWith: { first, _ in first })
    self.init(found, sectionEnds: sectionEnds)
  }

  /// `sectionEnds`: first address behind each section; symbols of no such section (absolute ones) have no span.
  init(_ entries: [(symbol: Symbol, section: Int)], sectionEnds: [Int: UInt64]) {
    let sorted = entries.sorted { Self.order($0.symbol) < Self.order($1.symbol) }
    all = sorted.map(\.symbol)
    var byName: [String: Int] = [:]
    for (index, symbol) in all.enumerated() {
      if let other = byName[symbol.name], all[other].isGlobal || !symbol.isGlobal { continue }
      byName[symbol.name] = index
    }
    self.byName = byName

    // Sized symbols keep their range, the first of nested ones wins; labels take what is left up to the next symbol.
    var spans: [(start: UInt64, end: UInt64, symbol: Int)] = []
    for (index, entry) in sorted.enumerated() {
      guard let sectionEnd = sectionEnds[entry.section] else { continue }
      let start = UInt64(entry.symbol.address)
      if let last = spans.last {
        if start < last.end && all[last.symbol].size > 0 { continue }
        if start == last.start { continue }
        spans[spans.count - 1].end = min(last.end, start)
      }
      let end = entry.symbol.size > 0 ? start + UInt64(entry.symbol.size) : sectionEnd
      if end > start { spans.append((start, end, index)) }
    }
    self.spans = spans
  }

  /// The symbol of that name; the global one of several.
  public subscript(name: String) -> Symbol? { byName[name].map { all[$0] } }

  /// The number of spans that begin at `address` or before it.
  private func spans(upTo address: UInt32) -> Int {
    var low = 0
    var high = spans.count
    while low < high {
      let middle = (low + high) / 2
      if spans[middle].start <= UInt64(address) { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The function, object or label that `address` belongs to, and how far into it.
  public func symbol(at address: UInt32) -> (symbol: Symbol, offset: UInt32)? {
    let count = spans(upTo: address)
    guard count > 0, UInt64(address) < spans[count - 1].end else { return nil }
    let symbol = all[spans[count - 1].symbol]
    return (symbol, address &- symbol.address)
  }

  /// All addresses that belong to the symbol of `address`, or, with `symbol` nil, the gap between two that it lies in.
  public func extent(at address: UInt32) -> (symbol: Symbol?, range: Range<UInt64>) {
    let count = spans(upTo: address)
    let previous = count > 0 ? spans[count - 1] : (start: 0, end: 0, symbol: -1)
    if previous.symbol >= 0, UInt64(address) < previous.end {
      return (all[previous.symbol], previous.start..<previous.end)
    }
    return (nil, previous.end..<(count < spans.count ? spans[count].start : 1 << 32))
  }

  /// `main` or `main+0x1c`; nil where no symbol reaches.
  public func describe(_ address: UInt32) -> String? {
    symbol(at: address).map { $0.offset == 0 ? $0.symbol.name : "\($0.symbol.name)+0x\(String($0.offset, radix: 16))" }
  }

  private static func kind(_ type: UInt8) -> Symbol.Kind? {
    switch type {
    case 0: return .label  // STT_NOTYPE
    case 1, 5, 6: return .object  // STT_OBJECT, STT_COMMON, STT_TLS
    case 2: return .function  // STT_FUNC
    default: return nil
    }
  }

  private static func order(_ symbol: Symbol) -> (UInt32, Int, Int, String) {
    (symbol.address, symbol.size > 0 ? 0 : 1, symbol.isGlobal ? 0 : 1, symbol.name)
  }

  /// Mapping symbols (`$x` code, `$d` data; RISC-V ELF psABI) per section, in order of address.
  static func mappingSymbols(
    _ file: ELFFile, sections: [ELFFile.Section]
  ) -> [Int: [(address: UInt64, isCode: Bool)]] {
    guard let table = sections.first(where: { $0.type == 2 }) else { return [:] }
    var marks: [Int: [(address: UInt64, isCode: Bool)]] = [:]
    for entry in file.symbols(of: table) where entry.st_info & 0xF == 0 {
      guard let name = file.string(table: Int(table.link), offset: Int(entry.st_name)) else { continue }
      guard name.hasPrefix("$x") || name.hasPrefix("$d") else { continue }
      marks[Int(entry.st_shndx), default: []].append((entry.st_value, name.hasPrefix("$x")))
    }
    // At one address code wins: an empty data range ends where it starts.
    return marks.mapValues { $0.sorted { ($0.address, $0.isCode ? 1 : 0) < ($1.address, $1.isCode ? 1 : 0) } }
  }
}
