// Writes small ELF files byte by byte, so that tests of loading and of whole programs need no compiler, and so that
// each field can be wrong on purpose.

/// An RV32 little-endian ELF file in the making: header, program headers, segment bytes, then sections.
public struct ELFBuilder {
  /// A program header and its bytes.
  public struct Segment {
    public var type: UInt32
    public var virtualAddress: UInt32
    public var physicalAddress: UInt32
    public var data: [UInt8]
    public var fileSize: UInt32
    public var memorySize: UInt32
    /// 1 executable, 2 writable, 4 readable.
    public var flags: UInt32
    /// Nil: where the builder puts the bytes.
    public var fileOffset: UInt32?

    public init(
      type: UInt32 = 1, at address: UInt32, physical: UInt32? = nil, _ data: [UInt8], memorySize: UInt32? = nil,
      flags: UInt32 = 7
    ) {
      self.type = type
      virtualAddress = address
      physicalAddress = physical ?? address
      self.data = data
      fileSize = UInt32(data.count)
      self.memorySize = memorySize ?? UInt32(data.count)
      self.flags = flags
    }
  }

  /// A section that is no part of a segment's description, or names one.
  public struct Section {
    public var name: String
    public var type: UInt32
    public var flags: UInt32
    public var address: UInt32
    public var data: [UInt8]

    public init(_ name: String, type: UInt32 = 1, flags: UInt32 = 0, at address: UInt32 = 0, _ data: [UInt8]) {
      self.name = name
      self.type = type
      self.flags = flags
      self.address = address
      self.data = data
    }
  }

  /// An entry of the symbol table.
  public struct Symbol {
    public var name: String
    public var value: UInt32
    public var size: UInt32
    /// 0 no type, 1 object, 2 function.
    public var type: UInt8
    public var isGlobal: Bool
    /// Section number: 1 for the first of `sections`; 0xFFF1 for absolute.
    public var section: UInt16

    public init(
      _ name: String, _ value: UInt32, size: UInt32 = 0, type: UInt8 = 0, isGlobal: Bool = true, section: UInt16 = 1
    ) {
      self.name = name
      self.value = value
      self.size = size
      self.type = type
      self.isGlobal = isGlobal
      self.section = section
    }
  }

  public var elfClass: UInt8 = 1
  public var dataEncoding: UInt8 = 1
  public var type: UInt16 = 2
  public var machine: UInt16 = 243
  public var entry: UInt32
  public var flags: UInt32 = 1
  public var segments: [Segment]
  public var sections: [Section] = []
  public var symbols: [Symbol] = []

  public init(entry: UInt32, _ segments: [Segment] = []) {
    self.entry = entry
    self.segments = segments
  }

  /// A program of instruction words at `address` that starts at its first one, with symbol `_start`.
  public init(program words: [UInt32], at address: UInt32 = 0x1C00_8080) {
    let bytes = words.flatMap(littleEndian)
    self.init(entry: address, [Segment(at: address, bytes)])
    sections = [Section(".text", flags: 6, at: address, bytes)]
    symbols = [Symbol("_start", address, size: UInt32(bytes.count), type: 2)]
  }

  /// The bytes of .riscv.attributes with these two tags.
  public static func attributes(architecture: String, stackAlignment: UInt8 = 16) -> [UInt8] {
    let tags: [UInt8] = [4, stackAlignment, 5] + Array(architecture.utf8) + [0]
    let file: [UInt8] = [1] + littleEndian(UInt32(tags.count + 5)) + tags
    let vendor = Array("riscv".utf8) + [0] + file
    return [0x41] + littleEndian(UInt32(vendor.count + 4)) + vendor
  }

  /// The file.
  public func build() -> [UInt8] {
    var bodies: [UInt8] = []
    let bodyStart = UInt32(52 + 32 * segments.count)
    func append(_ data: [UInt8]) -> UInt32 {
      while bodies.count % 4 != 0 { bodies.append(0) }
      defer { bodies += data }
      return bodyStart + UInt32(bodies.count)
    }

    var programHeaders: [UInt8] = []
    for segment in segments {
      let offset = append(segment.data)
      programHeaders += [
        segment.type, segment.fileOffset ?? offset, segment.virtualAddress, segment.physicalAddress, segment.fileSize,
        segment.memorySize, segment.flags, 4,
      ].flatMap(littleEndian)
    }

    var sectionHeaders = [UInt8](repeating: 0, count: 40)
    var names: [UInt8] = [0]
    func header(_ section: Section, link: UInt32 = 0, info: UInt32 = 0, entrySize: UInt32 = 0) {
      let name = UInt32(names.count)
      names += Array(section.name.utf8) + [0]
      sectionHeaders += [
        name, section.type, section.flags, section.address, append(section.data), UInt32(section.data.count), link,
        info,
        4, entrySize,
      ].flatMap(littleEndian)
    }
    let hasSections = !sections.isEmpty || !symbols.isEmpty
    if hasSections {
      for section in sections { header(section) }
      var strings: [UInt8] = [0]
      var table = [UInt8](repeating: 0, count: 16)
      let ordered = symbols.filter { !$0.isGlobal } + symbols.filter(\.isGlobal)
      for symbol in ordered {
        table += littleEndian(UInt32(strings.count)) + littleEndian(symbol.value) + littleEndian(symbol.size)
        table += [(symbol.isGlobal ? 0x10 : 0) | symbol.type, 0]
        table += [UInt8(truncatingIfNeeded: symbol.section), UInt8(truncatingIfNeeded: symbol.section >> 8)]
        strings += Array(symbol.name.utf8) + [0]
      }
      let locals = UInt32(1 + symbols.filter { !$0.isGlobal }.count)
      let stringIndex = UInt32(sections.count + 2)
      header(Section(".symtab", type: 2, table), link: stringIndex, info: locals, entrySize: 16)
      header(Section(".strtab", type: 3, strings))
      names += Array(".shstrtab".utf8) + [0]
      let namesOffset = append(names)
      sectionHeaders += [UInt32(names.count - 10), 3, 0, 0, namesOffset, UInt32(names.count), 0, 0, 1, 0].flatMap(
        littleEndian)
    }
    let sectionOffset = hasSections ? append([]) : 0
    let sectionCount = hasSections ? sectionHeaders.count / 40 : 0

    var file: [UInt8] = [0x7F, 0x45, 0x4C, 0x46, elfClass, dataEncoding, 1, 0] + [UInt8](repeating: 0, count: 8)
    file += half(type) + half(machine)
    file += [1, entry, segments.isEmpty ? 0 : 52, sectionOffset, flags].flatMap(littleEndian)
    file += half(52) + half(32) + half(UInt16(segments.count)) + half(40)
    file += half(UInt16(sectionCount)) + half(UInt16(max(0, sectionCount - 1)))
    return file + programHeaders + bodies + (hasSections ? sectionHeaders : [])
  }
}

private func half(_ value: UInt16) -> [UInt8] { [UInt8(value & 0xFF), UInt8(value >> 8)] }

/// The four bytes of a word, lowest first.
public func littleEndian(_ word: UInt32) -> [UInt8] {
  (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(8 * $0)) }
}
