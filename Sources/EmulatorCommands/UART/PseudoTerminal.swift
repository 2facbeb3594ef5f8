// A pseudo-terminal as the other end of UART 0: `screen`, `picocom` or a script opens it as it would open a serial port.
//
// The terminal is raw: every byte goes through as it is. The rate of the UART is the firmware's business alone.

import Foundation

final class PseudoTerminal: LiveLine {
  private let descriptor: Int32
  /// Our own hold on the terminal's side: without one, its last user's leaving would look like an end.
  private let terminal: Int32
  private let name: String
  private let link: String?
  private var waiting = WaitingOutput()
  private var isOpen = true
  /// How long the end waits for a reader, in steps of 10 ms.
  private static let patience = 200

  /// TIOCSPTLCK and TIOCGPTN of asm-generic/ioctls.h.
  private static let setLock: UInt = 0x4004_5431
  private static let getNumber: UInt = 0x8004_5430

  /// A new pseudo-terminal; `link`: the path of a symbolic link to it, which must not be something else yet.
  init(link: String?) throws {
    func failure(_ what: String) -> HostError {
      .cannotCreate("--uart pty: \(what): \(String(cString: strerror(errno)))")
    }
    // What posix_openpt, unlockpt and ptsname do on Linux; Swift's Glibc does not have them.
    descriptor = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    var number: Int32 = 0
    var isLocked: Int32 = 0
    guard descriptor >= 0, ioctl(descriptor, Self.setLock, &isLocked) == 0,
      ioctl(descriptor, Self.getNumber, &number) == 0
    else { throw failure("no pseudo-terminal") }
    name = "/dev/pts/\(number)"
    terminal = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC)
    guard terminal >= 0 else { throw failure(name) }
    var settings = termios()
    guard tcgetattr(terminal, &settings) == 0 else { throw failure(name) }
    cfmakeraw(&settings)
    guard tcsetattr(terminal, TCSANOW, &settings) == 0 else { throw failure(name) }
    Descriptor.makeNonBlocking(descriptor)
    self.link = link
    if let link {
      var information = stat()
      if lstat(link, &information) == 0, information.st_mode & S_IFMT == S_IFLNK { unlink(link) }
      guard symlink(name, link) == 0 else { throw failure(link) }
    }
  }

  var announcement: String { "UART 0 is \(name)" + (link.map { ", \($0)" } ?? "") }

  func begin(until isLate: () -> Bool) {}

  func take(waiting milliseconds: Int32) -> [UInt8]? { Descriptor.read(descriptor, waiting: milliseconds) }

  func put(_ character: UInt8) { waiting.append(character) }

  func flush() { _ = waiting.write(to: descriptor) }

  /// Unread characters would be lost with the terminal.
  func end() {
    for _ in 0..<Self.patience {
      guard waiting.write(to: descriptor), !Interrupts.isRaised else { break }
      var unread = pollfd(fd: terminal, events: Int16(POLLIN), revents: 0)
      if waiting.isEmpty, poll(&unread, 1, 0) <= 0 { break }
      usleep(10_000)
    }
    letGo()
  }

  deinit { letGo() }

  private func letGo() {
    guard isOpen else { return }
    isOpen = false
    if let link { unlink(link) }
    close(terminal)
    close(descriptor)
  }
}
