// An ELF file in memory, seen through libelf.
//
// libelf checks sections against the file's size; what it returns is checked again here, so that no number of a
// damaged file is used as it stands. Only what is in memory is read: the file on disk may change meanwhile.

import CLibELF

/// A libelf handle over a private copy of the file's bytes.
final class ELFFile {
  /// A section header, with the section's number.
  struct Section {
    let index: Int
    let name: String
    let type: UInt32
    let address: UInt64
    let size: UInt64
    let isAllocated: Bool
    let isWritable: Bool
    let isExecutable: Bool
    let link: UInt32
  }

  let handle: OpaquePointer
  private let memory: UnsafeMutableRawPointer
  private let byteCount: Int

  /// Nil when libelf does not accept the bytes; `lastError` says why.
  init?(_ bytes: [UInt8]) {
    let copy = UnsafeMutableRawPointer.allocate(byteCount: max(bytes.count, 1), alignment: 16)
    bytes.withUnsafeBytes { source in
      if let start = source.baseAddress { copy.copyMemory(from: start, byteCount: source.count) }
    }
    memory = copy
    byteCount = bytes.count
    guard elf_version(UInt32(EV_CURRENT)) != UInt32(EV_NONE),
      let opened = elf_memory(memory.assumingMemoryBound(to: CChar.self), byteCount)
    else {
      memory.deallocate()
      return nil
    }
    handle = opened
  }

  deinit {
    elf_end(handle)
    memory.deallocate()
  }

  /// libelf's words for the last failure on this thread.
  static var lastError: String {
    guard let text = elf_errmsg(-1) else { return "unknown error" }
    return String(cString: text)
  }

  /// Number of program headers, also where it does not fit the ELF header's field. Nil when it cannot be told.
  var programHeaderCount: Int? {
    var count = 0
    return elf_getphdrnum(handle, &count) == 0 ? count : nil
  }

  func programHeader(_ index: Int) -> GElf_Phdr? {
    guard index >= 0, index <= Int(Int32.max) else { return nil }
    var header = GElf_Phdr()
    return gelf_getphdr(handle, Int32(index), &header) == nil ? nil : header
  }

  /// All sections in order; empty when the file has none or its table is damaged.
  var sections: [Section] {
    var names = 0
    let hasNames = elf_getshdrstrndx(handle, &names) == 0
    var found: [Section] = []
    var section = elf_nextscn(handle, nil)
    while let current = section {
      var header = GElf_Shdr()
      if gelf_getshdr(current, &header) != nil {
        found.append(
          Section(
            index: elf_ndxscn(current), name: hasNames ? string(table: names, offset: Int(header.sh_name)) ?? "" : "",
            type: header.sh_type, address: header.sh_addr, size: header.sh_size,
            isAllocated: header.sh_flags & UInt64(SHF_ALLOC) != 0,
            isWritable: header.sh_flags & UInt64(SHF_WRITE) != 0,
            isExecutable: header.sh_flags & UInt64(SHF_EXECINSTR) != 0, link: header.sh_link))
      }
      section = elf_nextscn(handle, current)
    }
    return found
  }

  /// The bytes of a section as they stand in the file; empty when it has none or they lie outside the file.
  func contents(of section: Section) -> [UInt8] {
    guard section.type != UInt32(SHT_NOBITS), let found = elf_getscn(handle, section.index),
      let data = elf_rawdata(found, nil), let start = data.pointee.d_buf, data.pointee.d_size <= byteCount
    else { return [] }
    return [UInt8](UnsafeRawBufferPointer(start: start, count: data.pointee.d_size))
  }

  /// The symbols of a symbol-table section.
  func symbols(of section: Section) -> [GElf_Sym] {
    guard let found = elf_getscn(handle, section.index), let data = elf_getdata(found, nil),
      data.pointee.d_buf != nil, data.pointee.d_type == ELF_T_SYM, data.pointee.d_size <= byteCount
    else { return [] }
    let count = min(data.pointee.d_size / MemoryLayout<Elf32_Sym>.size, Int(Int32.max))
    return (0..<count).compactMap { index in
      var symbol = GElf_Sym()
      return gelf_getsym(data, Int32(index), &symbol) == nil ? nil : symbol
    }
  }

  func string(table: Int, offset: Int) -> String? {
    guard let text = elf_strptr(handle, table, offset) else { return nil }
    return String(cString: text)
  }
}
