// Source files and lines of addresses, from the DWARF line tables of an image (libdw).
//
// The tables are read once, when a line is first asked for. Everything fails softly: an image without debugging
// information, or with damaged one, has no lines. Left out: columns, inlined calls, variables.

import CLibDW
import CLibELF

/// Where in the sources an instruction comes from.
public struct SourceLocation: Sendable, Equatable, CustomStringConvertible {
  /// Path as the compiler recorded it.
  public let file: String
  /// From 1.
  public let line: Int
  /// The function or label of the symbol table.
  public let function: String?

  public var description: String { "\(file):\(line)" }
}

/// The line table of an image.
public final class SourceLines {
  private struct Row {
    let address: UInt32
    /// Index into `files`; -1 ends a sequence: the address is behind its last instruction.
    let file: Int
    let line: Int
    let beginsStatement: Bool
  }

  private let image: FirmwareImage
  private var files: [String] = []
  private lazy var rows: [Row] = readRows()

  public init(_ image: FirmwareImage) { self.image = image }

  /// The line that the instruction at `address` was compiled from.
  public func location(of address: UInt32) -> SourceLocation? {
    var low = 0
    var high = rows.count
    while low < high {
      let middle = (low + high) / 2
      if rows[middle].address <= address { low = middle + 1 } else { high = middle }
    }
    guard low > 0 else { return nil }
    let row = rows[low - 1]
    guard row.file >= 0 else { return nil }
    return SourceLocation(
      file: files[row.file], line: row.line, function: image.symbols.symbol(at: address)?.symbol.name)
  }

  /// The first address of a line, by the end of its file's path (`main.c`), in order of address: for breakpoints.
  public func addresses(ofLine line: Int, in file: String) -> [UInt32] {
    rows.filter { row in
      row.file >= 0 && row.line == line && (files[row.file] == file || files[row.file].hasSuffix("/" + file))
    }.map(\.address)
  }

  /// Where statements begin: each address with its line, in order of address. Code that the linker has dropped is among
  /// them, at addresses where something else may lie.
  public var statements: [(address: UInt32, file: String, line: Int)] {
    rows.compactMap { row in
      row.file >= 0 && row.beginsStatement ? (row.address, files[row.file], row.line) : nil
    }
  }

  private func readRows() -> [Row] {
    guard let elf = ELFFile(image.fileBytes), let dwarf = dwarf_begin_elf(elf.handle, DWARF_C_READ, nil) else {
      return []
    }
    defer { dwarf_end(dwarf) }
    return withExtendedLifetime(elf) {
      var rows: [Row] = []
      var fileNumbers: [String: Int] = [:]
      var offset: Dwarf_Off = 0
      while true {
        var next: Dwarf_Off = 0
        var headerSize = 0
        guard dwarf_nextcu(dwarf, offset, &next, &headerSize, nil, nil, nil) == 0, next > offset else { break }
        var unit = Dwarf_Die()
        if dwarf_offdie(dwarf, offset + Dwarf_Off(headerSize), &unit) != nil {
          appendRows(of: &unit, to: &rows, &fileNumbers)
        }
        offset = next
      }
      // Where one sequence ends another may begin: the end comes first.
      return rows.enumerated().sorted {
        ($0.element.address, $0.element.file < 0 ? 0 : 1, $0.offset)
          < ($1.element.address, $1.element.file < 0 ? 0 : 1, $1.offset)
      }.map(\.element)
    }
  }

  private func appendRows(of unit: inout Dwarf_Die, to rows: inout [Row], _ fileNumbers: inout [String: Int]) {
    var lines: OpaquePointer?
    var count = 0
    guard dwarf_getsrclines(&unit, &lines, &count) == 0, let lines else { return }
    for index in 0..<count {
      guard let line = dwarf_onesrcline(lines, index) else { continue }
      var address: Dwarf_Addr = 0
      var number: Int32 = 0
      var isEnd = false
      var beginsStatement = false
      guard dwarf_lineaddr(line, &address) == 0, dwarf_lineno(line, &number) == 0,
        dwarf_lineendsequence(line, &isEnd) == 0,
        dwarf_linebeginstatement(line, &beginsStatement) == 0, address <= UInt64(UInt32.max)
      else { continue }
      var file = -1
      if !isEnd {
        guard let source = dwarf_linesrc(line, nil, nil), number > 0 else { continue }
        let name = String(cString: source)
        if let known = fileNumbers[name] {
          file = known
        } else {
          file = files.count
          fileNumbers[name] = file
          files.append(name)
        }
      }
      rows.append(
        Row(address: UInt32(address), file: file, line: Int(number), beginsStatement: beginsStatement))
    }
  }
}
