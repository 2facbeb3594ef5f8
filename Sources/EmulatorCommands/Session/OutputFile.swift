// Output files: where a path leads, and files that are there completely or not at all.
//
// A file is written beside its place and renamed into it, so that nobody sees half of it. What a symbolic link points
// to is replaced, never the link. Devices, pipes and this process's own descriptors (/dev/stdout) are written in place.

import Foundation

/// Where what is written to a path goes.
enum OutputPlace: Equatable {
  /// A descriptor of this process, as - and /dev/stdout name one: opening that again would begin at the file's start.
  case descriptor(Int32)
  /// A device or pipe.
  case special(String)
  /// A file that is or will be; the path with symbolic links followed.
  case file(String)

  /// Follows `path`, over at most as many symbolic links as Linux does.
  init(_ path: String) {
    var path = path
    for _ in 0..<40 {
      if let descriptor = Self.descriptor(path) {
        self = .descriptor(descriptor)
        return
      }
      guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: path) else { break }
      path = target.hasPrefix("/") ? target : HostFiles.folder(of: path) + "/" + target
    }
    var information = stat()
    let isSpecial = stat(path, &information) == 0 && ![S_IFREG, S_IFDIR].contains(information.st_mode & S_IFMT)
    self = isSpecial ? .special(path) : .file(path)
  }

  private static func descriptor(_ path: String) -> Int32? {
    switch path {
    case "-", "/dev/stdout": return 1
    case "/dev/stderr": return 2
    default:
      for folder in ["/dev/fd/", "/proc/self/fd/"] where path.hasPrefix(folder) {
        return Int32(path.dropFirst(folder.count)).flatMap { $0 >= 0 ? $0 : nil }
      }
      return nil
    }
  }
}

/// An output file that is written in pieces and is there completely or not at all.
final class OutputFile {
  private let path: String
  /// Where it is written until it is complete, and its place then; nil if it is written in place.
  private var replacement: (temporary: String, final: String)?
  private var stream: UnsafeMutablePointer<FILE>?

  init(_ path: String) throws {
    self.path = path
    switch OutputPlace(path) {
    case .descriptor(let descriptor): stream = fdopen(dup(descriptor), "w")
    case .special(let place): stream = fopen(place, "w")
    case .file(let place): openFile(place)
    }
    guard let stream else {
      throw HostError.cannotCreate("\(path): cannot be created: \(String(cString: strerror(errno)))")
    }
    setvbuf(stream, nil, _IOFBF, 1 << 20)
  }

  private func openFile(_ place: String) {
    let temporary = "\(place).\(getpid()).part"
    stream = fopen(temporary, "w")
    if let stream {
      replacement = (temporary, place)
      var information = stat()
      if stat(place, &information) == 0 { fchmod(fileno(stream), information.st_mode & 0o7777) }
    } else if access(place, W_OK) == 0 {
      // A file that may be written in a folder that may not.
      stream = fopen(place, "w")
    }
  }

  deinit {
    if let stream {
      fclose(stream)
      if let replacement { unlink(replacement.temporary) }
    }
  }

  func write(_ text: String) -> Bool {
    var text = text
    return text.withUTF8 { write(UnsafeRawBufferPointer($0)) }
  }

  func write(_ data: Data) -> Bool { data.withUnsafeBytes { write($0) } }

  private func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let stream else { return false }
    return fwrite(bytes.baseAddress, 1, bytes.count, stream) == bytes.count
  }

  /// Puts the file in its place; 73 if not all of it could be written.
  func close(isComplete: Bool) throws {
    guard let stream else { return }
    let isFlushed = fclose(stream) == 0
    self.stream = nil
    if isComplete, isFlushed, replacement.map({ rename($0.temporary, $0.final) == 0 }) ?? true { return }
    let reason = String(cString: strerror(errno))
    if let replacement { unlink(replacement.temporary) }
    throw HostError.cannotCreate("\(path): cannot be written: \(reason)")
  }
}
