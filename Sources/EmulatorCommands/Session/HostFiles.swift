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
    do {
      // Devices and pipes cannot be replaced atomically.
      var information = stat()
      let isSpecial = stat(path, &information) == 0 && information.st_mode & S_IFMT != S_IFREG
      try data.write(to: URL(fileURLWithPath: path), options: isSpecial ? [] : .atomic)
    } catch {
      throw HostError.cannotCreate("\(path): cannot be written")
    }
  }

  /// Writes a text to a file or, for -, to standard output.
  static func put(_ text: String, to path: String) throws {
    if path == "-" { try Console.outputFile(Data(text.utf8)) } else { try write(Data(text.utf8), to: path) }
  }

  /// Refuses a path that cannot be written before time is spent on what would go there.
  static func checkWritable(_ path: String) throws {
    if access(path, F_OK) == 0 {
      var information = stat()
      if stat(path, &information) == 0 && information.st_mode & S_IFMT == S_IFDIR {
        throw HostError.cannotCreate("\(path): is a directory")
      }
      guard access(path, W_OK) == 0 else { throw HostError.cannotCreate("\(path): cannot be written: \(reason())") }
      return
    }
    let folder = (path as NSString).deletingLastPathComponent
    guard access(folder.isEmpty ? "." : folder, W_OK | X_OK) == 0 else {
      throw HostError.cannotCreate("\(path): cannot be created: \(reason())")
    }
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
