// The ELF header, read byte by byte so that each refusal can say in one sentence what the file is instead.

/// The fields of an Elf32_Ehdr that a loader needs, of a file that is an RV32 little-endian executable.
struct ELFHeader {
  let entry: UInt32
  let flags: UInt32
  let programHeaderOffset: UInt32

  static let size = 52
  static let programHeaderSize = 32

  struct Refusal: Error {
    let reason: String
  }

  static func parse(_ bytes: [UInt8]) -> Result<ELFHeader, Refusal> {
    func refuse(_ reason: String) -> Result<ELFHeader, Refusal> { .failure(Refusal(reason: reason)) }
    func half(_ offset: Int) -> UInt32 { UInt32(bytes[offset]) | UInt32(bytes[offset + 1]) << 8 }
    func word(_ offset: Int) -> UInt32 { half(offset) | half(offset + 2) << 16 }

    guard !bytes.isEmpty else { return refuse("not an ELF file: it is empty") }
    guard bytes.starts(with: [0x7F, 0x45, 0x4C, 0x46]) else { return refuse("not an ELF file") }
    guard bytes.count > 5 else { return refuse("truncated: an ELF header of \(bytes.count) bytes") }
    switch bytes[4] {
    case 1: break
    case 2: return refuse("a 64-bit ELF file; the core is RV32")
    case let other: return refuse("damaged ELF file: class \(other)")
    }
    switch bytes[5] {
    case 1: break
    case 2: return refuse("a big-endian ELF file; the core is little-endian")
    case let other: return refuse("damaged ELF file: data encoding \(other)")
    }
    guard bytes.count >= size else {
      return refuse("truncated: an ELF header of \(bytes.count) bytes where \(size) are needed")
    }
    guard bytes[6] == 1, word(20) == 1 else { return refuse("damaged ELF file: unknown version") }
    guard half(18) == 243 else { return refuse("an ELF file for \(machineName(half(18))), not for RISC-V") }
    switch half(16) {
    case 2: break
    case 1: return refuse("a relocatable object, not an executable: link it first")
    case 3:
      return refuse(
        "a shared object or position-independent executable: there is no loader to relocate it; link with -static -no-pie"
      )
    case 4: return refuse("a core dump, not an executable")
    case let other: return refuse("not an executable: ELF type \(other)")
    }
    let headers = half(44)
    guard headers == 0 || half(42) == UInt32(programHeaderSize) else {
      return refuse("damaged ELF file: program headers of \(half(42)) bytes where \(programHeaderSize) are needed")
    }
    guard headers == 0 || UInt64(word(28)) + UInt64(headers == 0xFFFF ? 1 : headers) * 32 <= UInt64(bytes.count) else {
      return refuse(
        "truncated: its \(headers) program headers start at byte \(word(28)), the file ends at byte \(bytes.count)")
    }
    return .success(ELFHeader(entry: word(24), flags: word(36), programHeaderOffset: word(28)))
  }

  /// The machines that somebody might hand over by mistake (e_machine).
  private static func machineName(_ number: UInt32) -> String {
    switch number {
    case 0: return "no machine (e_machine 0)"
    case 3: return "x86"
    case 8: return "MIPS"
    case 20: return "PowerPC"
    case 40: return "Arm"
    case 62: return "x86-64"
    case 94: return "Xtensa"
    case 183: return "AArch64"
    case 258: return "LoongArch"
    default: return "machine \(number)"
    }
  }
}
