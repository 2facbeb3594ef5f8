// The connection to gdb: a port, on the loopback interface unless another one is asked for, and the one client that has come.

import Foundation

final class DebugConnection {
  private let listener: Int32
  /// `127.0.0.1:3333`, with the port that was found.
  let name: String
  /// Nobody from another machine can reach it.
  let isLoopback: Bool
  private var client: Int32 = -1

  /// Listens at `HOST:PORT` (port 0: a free one); 64 if that names nothing, 73 if it is not to be had.
  init(_ address: String, option: String) throws {
    let (host, port) = try Self.parse(address, option)
    var hints = addrinfo()
    hints.ai_family = AF_UNSPEC
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_PASSIVE
    var list: UnsafeMutablePointer<addrinfo>?
    let status = getaddrinfo(host, String(port), &hints, &list)
    guard status == 0, let first = list else {
      throw HostError.usage("\(option): there is no host '\(host)' (\(String(cString: gai_strerror(status))))")
    }
    defer { freeaddrinfo(list) }
    let shown = host.contains(":") ? "[\(host)]" : host
    func failure() -> HostError {
      .cannotCreate("\(option): cannot listen on \(shown): \(String(cString: strerror(errno)))")
    }
    let info = first.pointee
    listener = socket(info.ai_family, info.ai_socktype, info.ai_protocol)
    guard listener >= 0 else { throw failure() }
    var on: Int32 = 1
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
    guard bind(listener, info.ai_addr, info.ai_addrlen) == 0, Foundation.listen(listener, 1) == 0 else {
      let error = failure()
      close(listener)
      throw error
    }
    Descriptor.makeNonBlocking(listener)
    let (number, isLocal) = Self.own(listener)
    name = "\(shown):\(number)"
    isLoopback = isLocal
  }

  deinit {
    end()
    close(listener)
  }

  /// `HOST:PORT`, `[IPv6]:PORT`, or `PORT` alone on the loopback interface.
  static func parse(_ address: String, _ option: String) throws -> (host: String, port: UInt16) {
    let colon = address.lastIndex(of: ":")
    var host = colon.map { String(address[..<$0]) } ?? "127.0.0.1"
    if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
    let number = colon.map { address[address.index(after: $0)...] } ?? address[...]
    guard let port = UInt16(number), !host.isEmpty else {
      throw HostError.usage(
        "\(option) takes HOST:PORT, for example 127.0.0.1:3333, 0.0.0.0:3333 or [::1]:0, not '\(address)'")
    }
    return (host, port)
  }

  /// The port of a listening socket, and whether it is on the loopback interface.
  private static func own(_ listener: Int32) -> (port: UInt16, isLoopback: Bool) {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    return withUnsafeMutablePointer(to: &storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = getsockname(listener, $0, &length) }
      if Int32(pointer.pointee.ss_family) == AF_INET6 {
        return pointer.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { address in
          let bytes = withUnsafeBytes(of: address.pointee.sin6_addr) { Array($0) }
          let isLocal = bytes.dropLast().allSatisfy { $0 == 0 } && bytes.last == 1
          return (UInt16(bigEndian: address.pointee.sin6_port), isLocal)
        }
      }
      return pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { address in
        let host = UInt32(bigEndian: address.pointee.sin_addr.s_addr)
        return (UInt16(bigEndian: address.pointee.sin_port), host >> 24 == 127)
      }
    }
  }

  /// Waits for a client; false if a signal came before one. `meanwhile` is called now and then.
  func accept(_ meanwhile: () -> Void = {}) -> Bool {
    while client < 0 {
      if Interrupts.isRaised { return false }
      meanwhile()
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
