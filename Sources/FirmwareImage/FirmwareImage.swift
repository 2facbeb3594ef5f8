// A firmware ELF file, checked before anything of it is used: what to load where, where to start, what it is called.
//
// Follows the System V ABI (ELF), chapters 4 and 5, and the RISC-V ELF psABI. Only PT_LOAD program headers are
// loaded: GCC's PT_RISCV_ATTRIBUTES header has p_vaddr 0 and a size and is no memory. Numbers of the file are 32 bits
// wide and are added as 64-bit ones, so that nothing wraps. Dynamic linking and relocation are left out.

import Foundation

/// A loadable RV32 little-endian executable.
public struct FirmwareImage: Sendable {
  /// A PT_LOAD program header with its bytes.
  public struct Segment: Sendable {
    /// Number of the program header in the file, from 0, as `readelf -l` lists them.
    public let index: Int
    /// Where the bytes are loaded (p_paddr).
    public let physicalAddress: UInt32
    /// Where the program sees them (p_vaddr); differs for initialised data that start-up code copies.
    public let virtualAddress: UInt32
    /// Bytes in memory; what `data` does not cover is filled with zeros. At least 1.
    public let memorySize: UInt32
    public let isWritable: Bool
    public let isExecutable: Bool
    /// The bytes in the file, at most `memorySize`.
    public let data: [UInt8]

    /// `segment 2 (0x1C008000-0x1C008FFF)`: how messages name it.
    public var label: String {
      "segment \(index) (\(hexadecimalRange(UInt64(physicalAddress), count: UInt64(memorySize))))"
    }
  }

  /// A run of instructions as the sections and mapping symbols describe it.
  public struct CodeRange: Sendable {
    public let address: UInt32
    public let bytes: [UInt8]
  }

  public let path: String
  /// The file as it was read, for a digest of it.
  public let fileBytes: [UInt8]
  public let entry: UInt32
  /// In order of program headers; empty ones left out.
  public let segments: [Segment]
  public let symbols: SymbolTable
  public let attributes: BuildAttributes
  /// Instructions: executable sections without the data that mapping symbols mark; executable segments of a file
  /// without sections. In order of address.
  public let code: [CodeRange]
  /// Sections that are loaded and neither writable nor executable; such segments of a file without sections.
  public let constants: [Range<UInt64>]

  /// Firmware is at most a few MiB; a larger file is not worth reading.
  static let largestFile = 256 << 20

  /// Reads and checks the file at `path`.
  public static func load(path: String) throws(FirmwareImageError) -> FirmwareImage {
    try FirmwareImage(path: path, bytes: readFile(path))
  }

  /// Checks `bytes`; `path` is only for messages.
  public init(path: String, bytes: [UInt8]) throws(FirmwareImageError) {
    func refuse(_ reason: String) -> FirmwareImageError { .refused(path: path, reason: reason) }

    let header: ELFHeader
    switch ELFHeader.parse(bytes) {
    case .success(let parsed): header = parsed
    case .failure(let refusal): throw refuse(refusal.reason)
    }
    guard let file = ELFFile(bytes) else { throw refuse("damaged ELF file: \(ELFFile.lastError)") }
    guard let headerCount = file.programHeaderCount else { throw refuse("damaged ELF file: \(ELFFile.lastError)") }
    let tableEnd = UInt64(header.programHeaderOffset) + UInt64(headerCount) * UInt64(ELFHeader.programHeaderSize)
    guard tableEnd <= UInt64(bytes.count) else {
      throw refuse("truncated: its \(headerCount) program headers end at byte \(tableEnd), the file at \(bytes.count)")
    }

    var segments: [Segment] = []
    for index in 0..<headerCount {
      guard let programHeader = file.programHeader(index) else {
        throw refuse("damaged program header \(index): \(ELFFile.lastError)")
      }
      guard programHeader.p_type == 1 else { continue }  // PT_LOAD
      let start = programHeader.p_paddr
      let size = programHeader.p_memsz
      let fileSize = programHeader.p_filesz
      let label = "segment \(index) (\(hexadecimalRange(start, count: size)))"
      guard fileSize <= size else {
        throw refuse("\(label) has \(fileSize) bytes in the file but only \(size) in memory")
      }
      guard start + size <= 1 << 32 else { throw refuse("\(label) runs past the end of the 32-bit address space") }
      guard programHeader.p_offset + fileSize <= UInt64(bytes.count) else {
        throw refuse(
          "truncated: the bytes of \(label) end at byte \(programHeader.p_offset + fileSize), the file at \(bytes.count)"
        )
      }
      guard size > 0 else { continue }
      let offset = Int(programHeader.p_offset)
      segments.append(
        Segment(
          index: index, physicalAddress: UInt32(truncatingIfNeeded: start),
          virtualAddress: UInt32(truncatingIfNeeded: programHeader.p_vaddr),
          memorySize: UInt32(truncatingIfNeeded: size), isWritable: programHeader.p_flags & 2 != 0,
          isExecutable: programHeader.p_flags & 1 != 0, data: Array(bytes[offset..<offset + Int(fileSize)])))
    }
    guard !segments.isEmpty else { throw refuse("has nothing to load: no PT_LOAD segment with a size") }
    if let (first, second) = Self.firstOverlap(
      segments.map { (UInt64($0.physicalAddress), UInt64($0.memorySize), $0.label) })
    {
      throw refuse("\(first) and \(second) overlap")
    }

    let sections = file.sections
    self.path = path
    self.fileBytes = bytes
    self.entry = header.entry
    self.segments = segments
    self.symbols = SymbolTable(file, sections: sections)
    self.attributes = BuildAttributes(flags: header.flags, file, sections: sections)
    self.code = Self.code(file, sections: sections, segments: segments)
    let isSectionless = !sections.contains(where: \.isAllocated)
    constants =
      isSectionless
      ? segments.filter { !$0.isWritable && !$0.isExecutable && !$0.data.isEmpty }
        .map { UInt64($0.virtualAddress)..<UInt64($0.virtualAddress) + UInt64($0.data.count) }
      : sections.filter { $0.isAllocated && !$0.isWritable && !$0.isExecutable && $0.size > 0 }
        .map { $0.address..<$0.address + $0.size }
  }

  /// An image without anything in it: for a machine that gets its program in another way. `bytes`: what it gets it from.
  public static func nothing(path: String, bytes: [UInt8]) -> FirmwareImage {
    FirmwareImage(
      path: path, fileBytes: bytes, entry: 0, segments: [], symbols: SymbolTable([], sectionEnds: [:]),
      attributes: BuildAttributes(flags: 1, section: []), code: [], constants: [])
  }

  private init(
    path: String, fileBytes: [UInt8], entry: UInt32, segments: [Segment], symbols: SymbolTable,
    attributes: BuildAttributes, code: [CodeRange], constants: [Range<UInt64>]
  ) {
    self.path = path
    self.fileBytes = fileBytes
    self.entry = entry
    self.segments = segments
    self.symbols = symbols
    self.attributes = attributes
    self.code = code
    self.constants = constants
  }

  /// The labels of two ranges that share an address, if any do.
  static func firstOverlap(_ ranges: [(start: UInt64, count: UInt64, label: String)]) -> (String, String)? {
    let sorted = ranges.sorted { $0.start < $1.start }
    for (range, next) in zip(sorted, sorted.dropFirst()) where next.start < range.start + range.count {
      return (range.label, next.label)
    }
    return nil
  }

  private static func code(_ file: ELFFile, sections: [ELFFile.Section], segments: [Segment]) -> [CodeRange] {
    var found: [CodeRange] = []
    let executable = sections.filter { $0.isAllocated && $0.isExecutable && $0.type == 1 }  // SHT_PROGBITS
    if executable.isEmpty {
      found = segments.filter(\.isExecutable).map { CodeRange(address: $0.virtualAddress, bytes: $0.data) }
    }
    let marks = executable.isEmpty ? [:] : SymbolTable.mappingSymbols(file, sections: sections)
    for section in executable {
      let bytes = file.contents(of: section)
      var start = 0
      var isCode = true
      func close(_ end: Int) {
        guard isCode, end > start else { return }
        found.append(
          CodeRange(
            address: UInt32(truncatingIfNeeded: section.address) &+ UInt32(truncatingIfNeeded: start),
            bytes: Array(bytes[start..<end])))
      }
      for mark in marks[section.index] ?? [] {
        guard mark.address >= section.address, mark.address - section.address <= UInt64(bytes.count) else { continue }
        let offset = Int(mark.address - section.address)
        close(offset)
        start = offset
        isCode = mark.isCode
      }
      close(bytes.count)
    }
    return found.filter { !$0.bytes.isEmpty }.sorted { $0.address < $1.address }
  }

  private static func readFile(_ path: String) throws(FirmwareImageError) -> [UInt8] {
    func failure(_ code: Int32) -> FirmwareImageError {
      .unreadable(path: path, reason: String(cString: strerror(code)))
    }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(errno) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(descriptor, &chunk, chunk.count)
      if count < 0 {
        if errno == EINTR { continue }
        throw failure(errno)
      }
      if count == 0 { return bytes }
      bytes.append(contentsOf: chunk[..<count])
      guard bytes.count <= largestFile else {
        throw .refused(path: path, reason: "larger than \(largestFile >> 20) MiB: not firmware for this machine")
      }
    }
  }
}
