// What the firmware prints, on its way to standard output.

import Foundation

/// Collects the guest's characters and writes them to a file descriptor: at once on a terminal, else in pieces.
final class GuestOutput {
  private var buffer: [UInt8] = []
  private let descriptor: Int32
  private let isTerminal: Bool
  /// Everything printed so far, if it is kept.
  private(set) var text: [UInt8] = []
  private let isKept: Bool

  /// What `descriptor` is called when it cannot be written.
  private let name: String
  /// Why characters were lost, 0 if none were.
  private var failure: Int32 = 0

  /// `descriptor` -1: nothing is written.
  init(descriptor: Int32 = 1, name: String = "standard output", isKept: Bool = false) {
    self.descriptor = descriptor
    self.name = name
    self.isKept = isKept
    isTerminal = descriptor >= 0 && isatty(descriptor) != 0
  }

  func put(_ character: UInt8) {
    if isKept { text.append(character) }
    guard descriptor >= 0 else { return }
    buffer.append(character)
    if isTerminal || buffer.count >= 4096 { flush() }
  }

  func put(_ line: String) {
    for byte in line.utf8 { put(byte) }
  }

  func flush() {
    var rest = buffer[...]
    while !rest.isEmpty {
      let written = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      if written < 0 {
        if errno == EINTR || errno == EAGAIN { continue }
        failure = errno
        break
      }
      rest = rest.dropFirst(written)
    }
    buffer.removeAll(keepingCapacity: true)
  }

  /// 73 if what the guest printed could not be written: the disk is full. A reader that has gone is no mistake.
  func check() throws {
    guard failure == 0 || failure == EPIPE else {
      throw HostError.cannotCreate("\(name): cannot be written: \(String(cString: strerror(failure)))")
    }
  }
}
