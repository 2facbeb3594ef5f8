// Why an ELF file is not taken: one sentence each, with the exit status that the command line promises for it.

/// A file that cannot be read, or that is not firmware for this machine.
public enum FirmwareImageError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file cannot be opened or read.
  case unreadable(path: String, reason: String)
  /// The file was read and is not a loadable RV32 little-endian ELF, or does not fit the memory map.
  case refused(path: String, reason: String)

  /// 66 (EX_NOINPUT) for a file that cannot be read, 65 (EX_DATAERR) for one that is refused.
  public var exitStatus: Int32 {
    switch self {
    case .unreadable: return 66
    case .refused: return 65
    }
  }

  public var description: String {
    switch self {
    case .unreadable(let path, let reason), .refused(let path, let reason): return "\(path): \(reason)"
    }
  }
}

/// `0x1C008080`: addresses in messages always have eight digits.
func hexadecimal(_ value: UInt64, digits: Int = 8) -> String {
  let text = String(value, radix: 16, uppercase: true)
  return "0x" + String(repeating: "0", count: max(0, digits - text.count)) + text
}

/// `0x1C008000-0x1C008FFF`, both included; an empty range names its start only.
func hexadecimalRange(_ start: UInt64, count: UInt64) -> String {
  count == 0 ? hexadecimal(start) : "\(hexadecimal(start))-\(hexadecimal(start + count - 1))"
}
