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

  /// `descriptor` -1: nothing is written.
  init(descriptor: Int32 = 1, isKept: Bool = false) {
    self.descriptor = descriptor
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
        break
      }
      rest = rest.dropFirst(written)
    }
    buffer.removeAll(keepingCapacity: true)
  }
}
