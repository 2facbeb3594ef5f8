// Standard input as what is typed at UART 0. A terminal hands over each key at once and does not echo it, as the firmware
// on the other end does; it is put back as it was at the end.

import Foundation

// Written once before the run and read by the signal handler.
nonisolated(unsafe) private var terminalBefore: termios?

/// The terminal behind standard input.
enum HostTerminal {
  static func makeImmediate() {
    var settings = termios()
    guard isatty(0) != 0, tcgetattr(0, &settings) == 0 else { return }
    terminalBefore = settings
    settings.c_lflag &= ~tcflag_t(ICANON | ECHO)
    tcsetattr(0, TCSANOW, &settings)
  }

  /// Safe in a signal handler.
  static func restore() {
    guard var settings = terminalBefore else { return }
    tcsetattr(0, TCSANOW, &settings)
  }
}

/// Characters from standard input.
final class StandardInput: LiveInput {
  func begin(until isLate: () -> Bool) { HostTerminal.makeImmediate() }
  func end() { HostTerminal.restore() }

  func take(waiting milliseconds: Int32) -> [UInt8]? { Descriptor.read(0, waiting: milliseconds) }
}

/// What reading from a file descriptor needs.
enum Descriptor {
  /// What has come, after waiting at most so long; nil at the end of the input.
  static func read(_ descriptor: Int32, waiting milliseconds: Int32, atMost most: Int = 4096) -> [UInt8]? {
    var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    guard poll(&state, 1, milliseconds) > 0 else { return [] }
    var buffer = [UInt8](repeating: 0, count: min(max(most, 1), 4096))
    let count = Foundation.read(descriptor, &buffer, buffer.count)
    if count < 0, errno == EINTR || errno == EAGAIN { return [] }
    return count > 0 ? Array(buffer.prefix(count)) : nil
  }

  /// Does not block any more, and does not outlive an exec.
  static func makeNonBlocking(_ descriptor: Int32) {
    _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
  }
}

/// Characters that wait until the other side takes them: a UART has no way to hold the firmware back. When nobody takes
/// any, the oldest are lost.
struct WaitingOutput {
  private static let most = 1 << 20
  private var bytes: [UInt8] = []
  private var start = 0

  var isEmpty: Bool { start == bytes.count }

  mutating func append(_ byte: UInt8) {
    if bytes.count - start >= Self.most { start += 1 }
    if start > Self.most {
      bytes.removeFirst(start)
      start = 0
    }
    bytes.append(byte)
  }

  /// Writes as much as `descriptor` takes now; false if it takes no more at all.
  mutating func write(to descriptor: Int32) -> Bool {
    while !isEmpty {
      let count = bytes[start...].withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 {
        if errno == EINTR { continue }
        return errno == EAGAIN || errno == EWOULDBLOCK
      }
      start += count
    }
    bytes.removeAll(keepingCapacity: true)
    start = 0
    return true
  }
}
