// A TCP port as the other end of UART 0: raw bytes, one client at a time, on the loopback interface only.

import Foundation

final class TCPServer: LiveLine {
  private let listener: Int32
  private let port: UInt16
  private var client: Int32 = -1
  private var waiting = WaitingOutput()
  /// How long the start waits for the first client, and the end for the last one to take everything.
  private static let startPatience = 10.0
  private static let endPatience = 200

  init(port: UInt16) throws { (listener, self.port) = try Self.listen(port: port, option: "--uart tcp:\(port)") }

  /// A listening socket on the loopback interface, and its port; 73 with `option`'s name if the port is not to be had.
  static func listen(port: UInt16, option: String) throws -> (descriptor: Int32, port: UInt16) {
    func failure() -> HostError {
      .cannotCreate("\(option): cannot listen on 127.0.0.1: \(String(cString: strerror(errno)))")
    }
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard listener >= 0 else { throw failure() }
    var on: Int32 = 1
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, length) == 0 && Foundation.listen(listener, 1) == 0
          && getsockname(listener, $0, &length) == 0
      }
    }
    guard isBound else {
      let error = failure()
      close(listener)
      throw error
    }
    Descriptor.makeNonBlocking(listener)
    return (listener, UInt16(bigEndian: address.sin_port))
  }

  var announcement: String { "UART 0 is 127.0.0.1:\(port)" }

  /// Waits for the first client, so that it sees everything.
  func begin(until isLate: () -> Bool) {
    let start = DispatchTime.now().uptimeNanoseconds
    while client < 0, !isLate() {
      accept(waiting: 50)
      if Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9 > Self.startPatience { return }
    }
  }

  private func accept(waiting milliseconds: Int32) {
    var state = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
    guard poll(&state, 1, milliseconds) > 0 else { return }
    client = Foundation.accept(listener, nil, nil)
    guard client >= 0 else { return }
    Descriptor.makeNonBlocking(client)
    var on: Int32 = 1
    setsockopt(client, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
  }

  private func drop() {
    close(client)
    client = -1
  }

  /// A client that leaves makes room for the next one: the input never ends.
  func take(waiting milliseconds: Int32) -> [UInt8]? {
    guard client >= 0 else {
      accept(waiting: milliseconds)
      return []
    }
    if let characters = Descriptor.read(client, waiting: milliseconds) { return characters }
    drop()
    return []
  }

  func put(_ character: UInt8) { waiting.append(character) }

  func flush() {
    if client >= 0, !waiting.write(to: client) { drop() }
  }

  func end() {
    for _ in 0..<Self.endPatience {
      flush()
      if client < 0 || waiting.isEmpty || Interrupts.isRaised { break }
      usleep(10_000)
    }
    if client >= 0 {
      // With characters of the client unread, closing at once would take ours away from it.
      shutdown(client, Int32(SHUT_WR))
      while let rest = Descriptor.read(client, waiting: 0), !rest.isEmpty {}
      drop()
    }
    close(listener)
  }
}
