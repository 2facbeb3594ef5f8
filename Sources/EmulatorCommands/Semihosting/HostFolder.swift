// Files that a program may use through semihosting: regular files in one folder of the host and the folders in it.
//
// A name is walked component by component from the open folder, and no component may be `..` or a symbolic link; an
// absolute name is refused. So nothing outside is reached, whatever lies in the folder. Pipes and devices are refused.

import Foundation
import Semihosting

/// A folder of the host that is open to a program.
final class HostFolder {
  private let descriptor: Int32

  init(_ path: String) throws {
    descriptor = Foundation.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw HostError.noInput("--semihosting-directory \(path): \(String(cString: strerror(errno)))")
    }
  }

  deinit { close(descriptor) }

  func open(_ name: [UInt8], _ mode: HostFileMode) throws(HostFailure) -> any HostFile {
    var flags: Int32 = mode.isUpdate ? O_RDWR : mode.base == .read ? O_RDONLY : O_WRONLY
    switch mode.base {
    case .read: break
    case .write: flags |= O_CREAT | O_TRUNC
    case .append: flags |= O_CREAT | O_APPEND
    }
    return try inFolder(of: name) { (folder, last) throws(HostFailure) in
      // Looked at first: opening alone may already do something to what is no regular file.
      var information = stat()
      if fstatat(folder, last, &information, AT_SYMLINK_NOFOLLOW) == 0 {
        if information.st_mode & S_IFMT == S_IFDIR { throw .isFolder }
        guard information.st_mode & S_IFMT == S_IFREG else { throw .noAccess }
      }
      let file = openat(folder, last, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0o666)
      guard file >= 0 else { throw Self.failure() }
      guard fstat(file, &information) == 0, information.st_mode & S_IFMT == S_IFREG else {
        close(file)
        throw .noAccess
      }
      return OpenFile(file)
    }
  }

  func remove(_ name: [UInt8]) throws(HostFailure) {
    try inFolder(of: name) { (folder, last) throws(HostFailure) in
      guard unlinkat(folder, last, 0) == 0 else { throw Self.failure() }
    }
  }

  func rename(_ name: [UInt8], to new: [UInt8]) throws(HostFailure) {
    try inFolder(of: name) { (folder, last) throws(HostFailure) in
      try inFolder(of: new) { (newFolder, newLast) throws(HostFailure) in
        guard renameat(folder, last, newFolder, newLast) == 0 else { throw Self.failure() }
      }
    }
  }

  /// Calls `body` with the folder that holds `name`'s last component, and that component.
  private func inFolder<Result>(
    of name: [UInt8], _ body: (Int32, String) throws(HostFailure) -> Result
  ) throws(HostFailure) -> Result {
    let text = String(decoding: name, as: UTF8.self)
    guard !name.contains(0), Array(text.utf8) == name, !name.isEmpty else { throw .invalid }
    let parts = text.split(separator: "/").map(String.init).filter { $0 != "." }
    guard !text.hasPrefix("/"), !parts.contains(".."), let last = parts.last else { throw .noAccess }
    var folder = descriptor
    defer { if folder != descriptor { close(folder) } }
    for part in parts.dropLast() {
      let next = openat(folder, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
      let reason = Self.failure()
      if folder != descriptor { close(folder) }
      folder = next >= 0 ? next : descriptor
      guard next >= 0 else { throw reason }
    }
    return try body(folder, last)
  }

  static func failure() -> HostFailure {
    switch errno {
    case ENOENT: .noSuchFile
    case EACCES, EPERM, ELOOP, EROFS, ENOTDIR: .noAccess
    case EEXIST, ENOTEMPTY: .exists
    case EISDIR: .isFolder
    case EMFILE, ENFILE: .tooManyFiles
    case ENOSPC, EDQUOT, EFBIG: .noSpace
    case EINVAL, ENAMETOOLONG: .invalid
    default: .inputOutput
    }
  }
}

/// A regular file of the host.
private final class OpenFile: HostFile {
  private let descriptor: Int32
  private var isOpen = true

  init(_ descriptor: Int32) { self.descriptor = descriptor }

  deinit { if isOpen { Foundation.close(descriptor) } }

  func read(_ count: Int) throws(HostFailure) -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: min(max(count, 1), 1 << 16))
    while bytes.count < count {
      let length = Foundation.read(descriptor, &buffer, min(buffer.count, count - bytes.count))
      if length < 0, errno == EINTR { continue }
      guard length >= 0 else { throw HostFolder.failure() }
      if length == 0 { break }
      bytes += buffer.prefix(length)
    }
    return bytes
  }

  func write(_ bytes: [UInt8]) throws(HostFailure) {
    var done = 0
    while done < bytes.count {
      let length = bytes[done...].withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
      if length < 0, errno == EINTR { continue }
      guard length > 0 else { throw HostFolder.failure() }
      done += length
    }
  }

  func seek(_ position: UInt32) throws(HostFailure) {
    guard lseek(descriptor, off_t(position), SEEK_SET) >= 0 else { throw HostFolder.failure() }
  }

  func length() throws(HostFailure) -> UInt64 {
    var information = stat()
    guard fstat(descriptor, &information) == 0 else { throw HostFolder.failure() }
    return UInt64(max(0, information.st_size))
  }

  func close() throws(HostFailure) {
    guard isOpen else { return }
    isOpen = false
    guard Foundation.close(descriptor) == 0 else { throw HostFolder.failure() }
  }
}
