// `pulpemu debug` with a client that speaks packets itself: for what no gdb would do.
//
// Waiting is for what must come, with a guard; nothing is asserted of times.

import Foundation
import GDBServer
import TestSupport
import Testing

/// An emulator that waits for gdb.
final class DebuggedProcess {
  struct NotHeard: Error { let what: String }

  private let process = Process()
  private let errorPipe = Pipe()
  private let ended = DispatchSemaphore(value: 0)
  private(set) var errors = ""

  init(_ arguments: [String]) throws {
    process.executableURL = URL(fileURLWithPath: Repository.pulpemu)
    process.arguments = ["debug"] + arguments
    process.standardError = errorPipe
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.terminationHandler = { [ended] _ in ended.signal() }
    try process.run()
  }

  deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

  /// Reads standard error up to a line with `text`; the line.
  @discardableResult
  func hear(_ text: String) throws -> String {
    while true {
      let lines = errors.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
      if let index = lines.firstIndex(where: { $0.contains(text) }) {
        let line = String(lines[index])
        errors = lines[(index + 1)...].joined(separator: "\n") + "\n"
        return line
      }
      let data = errorPipe.fileHandleForReading.availableData
      guard !data.isEmpty else { throw NotHeard(what: "\(text) in \(errors)") }
      errors += String(decoding: data, as: UTF8.self)
    }
  }

  /// The port that it waits on.
  func port() throws -> UInt16 {
    let line = try hear("waiting for gdb on ")
    return UInt16(line.split(separator: ":").last ?? "") ?? 0
  }

  /// The exit status.
  func end() throws -> Int32 {
    guard ended.wait(timeout: .now() + 60) == .success else { throw NotHeard(what: "the end") }
    return process.terminationStatus
  }
}

/// A client that speaks packets.
final class RawDebugger {
  private var handle: Int32
  private var decoder = PacketDecoder()
  private var waiting: [Incoming] = []

  init(port: UInt16) throws { handle = try Self.connection(port: port) }

  /// A socket that is connected to a port of the loopback interface.
  static func connection(port: UInt16) throws -> Int32 {
    let handle = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let isConnected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(handle, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    guard isConnected else { throw DebuggedProcess.NotHeard(what: "no connection to \(port)") }
    // A guard: what does not come in a minute does not come.
    var limit = timeval(tv_sec: 60, tv_usec: 0)
    setsockopt(handle, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    // Acknowledgements and packets are written one by one: held back they cost 40 ms each.
    var on: Int32 = 1
    setsockopt(handle, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    return handle
  }

  deinit { vanish() }

  /// Closes the connection without a word.
  func vanish() {
    if handle >= 0 { close(handle) }
    handle = -1
  }

  func send(raw bytes: [UInt8]) {
    var start = 0
    while start < bytes.count {
      let count = bytes[start...].withUnsafeBytes {
        Foundation.send(handle, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return }
      start += count
    }
  }

  func send(_ packet: String) { send(raw: PacketEncoder.frame(Array(packet.utf8))) }

  /// The next thing that comes; nil when the connection ends.
  func next() -> Incoming? {
    while waiting.isEmpty {
      var buffer = [UInt8](repeating: 0, count: 4096)
      let count = recv(handle, &buffer, buffer.count, 0)
      guard count > 0 else { return nil }
      waiting += buffer.prefix(count).compactMap { decoder.take($0) }
    }
    return waiting.removeFirst()
  }

  /// The next packet that is no text for the console.
  func answer() -> String? {
    while let incoming = next() {
      guard case .packet(let payload) = incoming else { continue }
      let text = String(decoding: payload, as: UTF8.self)
      if text.hasPrefix("O"), text != "OK" {
        console += String(decoding: Hex.parse(payload.dropFirst()) ?? [], as: UTF8.self)
        continue
      }
      send(raw: Array("+".utf8))
      return text
    }
    return nil
  }
  /// Text for the console so far.
  private(set) var console = ""

  func ask(_ packet: String) -> String? {
    send(packet)
    return answer()
  }

  func monitor(_ command: String) -> String? { ask("qRcmd," + Hex.text(Array(command.utf8))) }
}
