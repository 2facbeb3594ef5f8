// The connection to gdb: a port on the loopback interface and the one client that has come.

import Foundation

final class DebugConnection {
  private let listener: Int32
  let port: UInt16
  private var client: Int32 = -1

  init(port: UInt16) throws {
    (listener, self.port) = try TCPServer.listen(port: port, option: "--port \(port)")
  }

  deinit { close(listener) }

  /// Waits for a client; false if a signal came before one.
  func accept() -> Bool {
    while client < 0 {
      if Interrupts.isRaised { return false }
      var state = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
      guard poll(&state, 1, 100) > 0 else { continue }
      client = Foundation.accept(listener, nil, nil)
    }
    var on: Int32 = 1
    setsockopt(client, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    _ = fcntl(client, F_SETFD, FD_CLOEXEC)
    return true
  }

  /// What has come; nil if the client has gone.
  func read(waiting milliseconds: Int32) -> [UInt8]? { Descriptor.read(client, waiting: milliseconds) }

  func write(_ bytes: [UInt8]) {
    if !bytes.isEmpty { Console.put(Data(bytes), to: client) }
  }

  func end() {
    if client >= 0 { close(client) }
    client = -1
  }
}
