// Reading and writing files, with errors in one line and nothing half-written.

import CNettle
import Foundation

enum HostFiles {
  /// The bytes of a file; 66 if it cannot be read.
  static func read(_ path: String) throws -> [UInt8] {
    do {
      return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    } catch {
      throw HostError.noInput("\(path): cannot be read: \(reason())")
    }
  }

  private static func reason() -> String { errno == 0 ? "no such file" : String(cString: strerror(errno)) }

  /// Writes a whole file or none of it: 73 if that fails.
  static func write(_ data: Data, to path: String) throws {
    let file = try OutputFile(path)
    try file.close(isComplete: file.write(data))
  }

  /// Writes a text to a file or, for -, to standard output.
  static func put(_ text: String, to path: String) throws {
    if path == "-" { try Console.outputFile(Data(text.utf8)) } else { try write(Data(text.utf8), to: path) }
  }

  /// Refuses a path that cannot be written before time is spent on what would go there.
  static func checkWritable(_ path: String) throws {
    guard path != "-", case .file(let place) = OutputPlace(path) else { return }
    if access(place, F_OK) == 0 {
      var information = stat()
      if stat(place, &information) == 0 && information.st_mode & S_IFMT == S_IFDIR {
        throw HostError.cannotCreate("\(path): is a directory")
      }
      guard access(place, W_OK) == 0 else { throw HostError.cannotCreate("\(path): cannot be written: \(reason())") }
      return
    }
    guard access(folder(of: place), W_OK | X_OK) == 0 else {
      throw HostError.cannotCreate("\(path): cannot be created: \(reason())")
    }
  }

  /// The folder in which `path` lies: "." for a name alone. (Foundation's own, `deletingLastPathComponent`, traps on
  /// names of one character.)
  static func folder(of path: String) -> String {
    var bytes = Array(path.utf8)
    while bytes.count > 1, bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
    let name = bytes.lastIndex(of: UInt8(ascii: "/")).map { bytes[($0 + 1)...] } ?? bytes[...]
    if name.elementsEqual(".".utf8) || name.elementsEqual("..".utf8) {
      return String(decoding: bytes, as: UTF8.self) + "/.."
    }
    bytes.removeLast(name.count)
    while bytes.count > 1, bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
    return bytes.isEmpty ? "." : String(decoding: bytes, as: UTF8.self)
  }

  /// SHA-256 as 64 hexadecimal digits.
  static func sha256(_ bytes: [UInt8]) -> String {
    bytes.withUnsafeBytes { digest($0) }.map { byte in
      (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }.joined()
  }

  /// SHA-256 as 32 bytes.
  static func digest(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: 32)
    sha256_of(bytes.baseAddress, bytes.count, &digest)
    return digest
  }
}
