// Functions that the compiler has put into others, from the DWARF debugging information of an image (libdw).
//
// Read once, when a frame is first asked for. Fails softly: an image without debugging information has no frames.
// Left out: parameters, variables.

import CLibDW
import CLibELF

/// The inlined functions of an image.
public final class InlinedFrames {
  private struct Span {
    let start: UInt64
    let end: UInt64
    /// 0: the function itself; 1: inlined into it, and so on.
    let depth: Int
    let name: String
    /// Where a function that was compiled as such is declared.
    let declaration: SourcePlace?
    /// Where an inlined copy is called.
    let call: SourcePlace?
  }

  /// A function that an instruction belongs to.
  public struct Frame: Sendable, Equatable {
    public let name: String
    /// The line of the next frame that calls this inlined copy; nil for a function that was compiled as such.
    public let call: SourcePlace?
  }

  /// A line of a source file.
  public struct SourcePlace: Sendable, Equatable, CustomStringConvertible {
    /// Path as the compiler recorded it.
    public let file: String
    /// From 1.
    public let line: Int

    public var description: String { "\(file):\(line)" }
  }

  private let image: FirmwareImage
  /// In order of start; of one start the outermost first.
  private lazy var spans: [Span] = read()
  /// The largest end of all spans up to an index.
  private lazy var reach: [UInt64] = spans.reduce(into: []) { $0.append(max($0.last ?? 0, $1.end)) }
  private static let deepest = 64

  public init(_ image: FirmwareImage) { self.image = image }

  /// The functions that the instruction at `address` belongs to, the innermost first: inlined ones, then the one that
  /// was compiled as such. Empty where nothing is known.
  public func names(at address: UInt32) -> [String] { frames(at: address).map(\.name) }

  /// The same, with the places of the calls.
  public func frames(at address: UInt32) -> [Frame] {
    let place = UInt64(address)
    var low = 0
    var high = spans.count
    while low < high {
      let middle = (low + high) / 2
      if spans[middle].start <= place { low = middle + 1 } else { high = middle }
    }
    var found: [Span] = []
    var index = low - 1
    while index >= 0, reach[index] > place {
      if spans[index].end > place { found.append(spans[index]) }
      index -= 1
    }
    // Functions of assembly code may overlap: the one that begins last is meant.
    var frames: [Int: Frame] = [:]
    for span in found where frames[span.depth] == nil {
      frames[span.depth] = Frame(name: span.name, call: span.call)
    }
    return frames.sorted { $0.key > $1.key }.map(\.value)
  }

  /// Where the function that begins at `address` is declared.
  public func declaration(ofFunctionAt address: UInt32) -> SourcePlace? {
    spans.first { $0.start == UInt64(address) && $0.depth == 0 }?.declaration
  }

  private func read() -> [Span] {
    guard let elf = ELFFile(image.fileBytes), let dwarf = dwarf_begin_elf(elf.handle, DWARF_C_READ, nil) else {
      return []
    }
    defer { dwarf_end(dwarf) }
    return withExtendedLifetime(elf) {
      var spans: [Span] = []
      var offset: Dwarf_Off = 0
      while true {
        var next: Dwarf_Off = 0
        var headerSize = 0
        guard dwarf_nextcu(dwarf, offset, &next, &headerSize, nil, nil, nil) == 0, next > offset else { break }
        var unit = Dwarf_Die()
        if dwarf_offdie(dwarf, offset + Dwarf_Off(headerSize), &unit) != nil {
          var files: OpaquePointer?
          if dwarf_getsrcfiles(&unit, &files, nil) != 0 { files = nil }
          collect(childrenOf: &unit, files, depth: 0, level: 0, &spans)
        }
        offset = next
      }
      return spans.sorted { ($0.start, $0.depth, $0.end) < ($1.start, $1.depth, $1.end) }
    }
  }

  private func collect(
    childrenOf parent: inout Dwarf_Die, _ files: OpaquePointer?, depth: Int, level: Int, _ spans: inout [Span]
  ) {
    guard level < Self.deepest else { return }
    var die = Dwarf_Die()
    guard dwarf_child(&parent, &die) == 0 else { return }
    while true {
      switch Int(dwarf_tag(&die)) {
      case DW_TAG_subprogram where depth == 0:
        if append(&die, files, depth: 0, &spans) {
          collect(childrenOf: &die, files, depth: 1, level: level + 1, &spans)
        }
      case DW_TAG_inlined_subroutine:
        if append(&die, files, depth: depth, &spans) {
          collect(childrenOf: &die, files, depth: depth + 1, level: level + 1, &spans)
        }
      case DW_TAG_lexical_block, DW_TAG_namespace:
        collect(childrenOf: &die, files, depth: depth, level: level + 1, &spans)
      default: break
      }
      var next = Dwarf_Die()
      guard dwarf_siblingof(&die, &next) == 0 else { return }
      die = next
    }
  }

  /// Adds the addresses of a function or of an inlined copy; false if it has none.
  private func append(_ die: inout Dwarf_Die, _ files: OpaquePointer?, depth: Int, _ spans: inout [Span]) -> Bool {
    var position = 0
    var base: Dwarf_Addr = 0
    var start: Dwarf_Addr = 0
    var end: Dwarf_Addr = 0
    var ranges: [(Dwarf_Addr, Dwarf_Addr)] = []
    while ranges.count < 4096 {
      position = dwarf_ranges(&die, position, &base, &start, &end)
      guard position > 0 else { break }
      // What the linker has dropped is left at address 0.
      if start < end, start != 0, end <= UInt64(UInt32.max) + 1 { ranges.append((start, end)) }
    }
    guard !ranges.isEmpty else { return false }
    var attribute = Dwarf_Attribute()
    guard let text = dwarf_formstring(dwarf_attr_integrate(&die, UInt32(DW_AT_name), &attribute)) else { return true }
    let name = String(cString: text)
    var declaration: SourcePlace?
    var line: Int32 = 0
    if depth == 0, let file = dwarf_decl_file(&die), dwarf_decl_line(&die, &line) == 0, line > 0 {
      declaration = SourcePlace(file: String(cString: file), line: Int(line))
    }
    let call = depth > 0 ? call(&die, files) : nil
    for (start, end) in ranges {
      spans.append(Span(start: start, end: end, depth: depth, name: name, declaration: declaration, call: call))
    }
    return true
  }

  /// Where an inlined copy is called.
  private func call(_ die: inout Dwarf_Die, _ files: OpaquePointer?) -> SourcePlace? {
    func number(_ name: Int) -> Int? {
      var attribute = Dwarf_Attribute()
      var value: Dwarf_Word = 0
      guard dwarf_attr(&die, UInt32(name), &attribute) != nil, dwarf_formudata(&attribute, &value) == 0 else {
        return nil
      }
      return Int(exactly: value)
    }
    guard let files, let file = number(Int(DW_AT_call_file)), let line = number(Int(DW_AT_call_line)), line > 0,
      let path = dwarf_filesrc(files, file, nil, nil)
    else { return nil }
    return SourcePlace(file: String(cString: path), line: line)
  }
}
