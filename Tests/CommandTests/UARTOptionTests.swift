// `--uart` with somebody at the other end: the firmware greets, sends back what it gets, and ends at a `q`.

import Foundation
import TestSupport
import Testing

/// A program on UART 0: 8 bits, no parity, 16 cycles a bit.
private var echo: Assembly {
  Assembly { p in
    let slot: UInt32 = 0x1A10_2080
    func send(_ label: String) {
      // The character in a1.
      p.li(.t1, 0x1C00_4000)
      p.sb(.a1, 0, .t1)
      p.sw(.t1, 0x10, .t0)
      p.addi(.t2, .zero, 1)
      p.sw(.t2, 0x14, .t0)
      p.addi(.t2, .zero, 0x10)
      p.sw(.t2, 0x18, .t0)
      p.label(label)
      p.lw(.t2, 0x18, .t0)
      p.andi(.t2, .t2, 0x10)
      p.bne(.t2, .zero, label)
    }
    p.store(1, at: 0x1A10_2000)
    p.store(15 << 16 | 0x316, at: slot + 0x24)
    p.nops(20)
    p.li(.t0, slot)
    for (index, byte) in "Hi\n".utf8.enumerated() {
      p.addi(.a1, .zero, Int(byte))
      send("greeted\(index)")
    }
    p.label("next")
    p.lw(.a2, 0x30, .t0)
    p.beq(.a2, .zero, "next")
    p.lw(.a1, 0x34, .t0)
    p.andi(.a1, .a1, 0xFF)
    send("sent")
    p.addi(.a2, .zero, Int(UInt8(ascii: "q")))
    p.bne(.a1, .a2, "next")
    p.exit(3)
  }
}

/// A running emulator whose standard error is read while it runs.
private final class Running {
  let process = Process()
  private let errors = Pipe()
  private let output = Pipe()
  private(set) var messages = ""

  init(_ emulator: Emulator, _ arguments: [String]) throws {
    process.executableURL = URL(fileURLWithPath: Repository.pulpemu)
    process.arguments = arguments
    process.currentDirectoryURL = emulator.folder
    process.standardInput = FileHandle.nullDevice
    process.standardError = errors
    process.standardOutput = output
    try process.run()
  }

  /// The text behind `mark` in a line of standard error, when it comes.
  func announced(after mark: String) throws -> String {
    while true {
      for line in messages.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
        if let range = line.range(of: mark) { return String(line[range.upperBound...]) }
      }
      let more = errors.fileHandleForReading.availableData
      try #require(!more.isEmpty, "\(messages)")
      messages += String(decoding: more, as: UTF8.self)
    }
  }

  func end() -> (status: Int32, output: String, errors: String) {
    messages += String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, text, messages)
  }
}

/// Reads from a descriptor until `count` bytes have come or the other side is gone.
private func receive(_ descriptor: Int32, _ count: Int) -> String {
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 256)
  while bytes.count < count {
    let length = read(descriptor, &buffer, buffer.count)
    guard length > 0 else { break }
    bytes += buffer.prefix(length)
  }
  return String(decoding: bytes, as: UTF8.self)
}

private func send(_ descriptor: Int32, _ text: String) {
  let bytes = Array(text.utf8)
  #expect(write(descriptor, bytes, bytes.count) == bytes.count)
}

@Suite struct UARTOptionTests {
  @Test(arguments: [20, 100, 230, 330, 420])
  func `a program that switches the UART off too early and ends has all its characters shown`(wait: Int) throws {
    try Emulator.inFolder { emulator in
      let text = Array("0123456789".utf8)
      let image = try emulator.image(
        Assembly { p in
          let slot: UInt32 = 0x1A10_2080
          p.store(1, at: 0x1A10_2000)
          p.store(15 << 16 | 0x316, at: slot + 0x24)
          for (index, byte) in text.enumerated() {
            p.li(.t0, 0x1C00_4000)
            p.addi(.t1, .zero, Int(byte))
            p.sb(.t1, index, .t0)
          }
          p.store(0x1C00_4000, at: slot + 0x10)
          p.store(UInt32(text.count), at: slot + 0x14)
          p.store(0x10, at: slot + 0x18)
          // Ten bits of 16 cycles a character: 400 cycles later the channel has fetched them all.
          p.nops(1000 + wait)
          p.store(0x0050_0006, at: slot + 0x24)
          p.nops(50)
          p.store(0, at: 0x1A10_2000)
          p.exit(0)
        })
      #expect(try emulator.run("run", "--quiet", image).text == "0123456789")
      #expect(try emulator.run("run", "--quiet", "--uart", "-", image).text == "0123456789")
    }
  }

  private static let options = ["run", "--timeout", "60"]

  @Test(.enabled(if: Host.hasPseudoTerminals, "this host has no pseudo-terminals"), arguments: ["pty", "pty:serial"])
  func `a pseudo-terminal is told, carries every byte both ways, and is gone at the end`(target: String) throws {
    try Emulator.inFolder { emulator in
      let running = try Running(emulator, Self.options + ["--uart", target, emulator.image(echo)])
      let name = try running.announced(after: "UART 0 is ").split(separator: ",")[0]
      let path = target == "pty" ? String(name) : emulator.path("serial")
      #expect(name.hasPrefix("/dev/pts/"))
      let terminal = open(path, O_RDWR | O_NOCTTY)
      try #require(terminal >= 0)
      #expect(receive(terminal, 3) == "Hi\n")
      // Raw: no line has to be completed, nothing is turned into something else, Ctrl-C is a character.
      send(terminal, "a\r\u{3}\u{4}z")
      #expect(receive(terminal, 5) == "a\r\u{3}\u{4}z")
      send(terminal, "q")
      #expect(receive(terminal, 1) == "q")
      close(terminal)
      let end = running.end()
      #expect(end.status == 3 && end.output.isEmpty)
      #expect(!FileManager.default.fileExists(atPath: emulator.path("serial")))
    }
  }

  @Test func `a TCP client gets everything from the first character on, and another one may follow it`() throws {
    try Emulator.inFolder { emulator in
      let running = try Running(emulator, Self.options + ["--uart", "tcp:0", emulator.image(echo)])
      let port = try #require(UInt16(try running.announced(after: "UART 0 is 127.0.0.1:")))
      func connected() throws -> Int32 {
        let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let status = withUnsafePointer(to: &address) {
          $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            connect(client, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
          }
        }
        try #require(status == 0)
        return client
      }
      let first = try connected()
      #expect(receive(first, 3) == "Hi\n")
      send(first, "abc")
      #expect(receive(first, 3) == "abc")
      close(first)
      let second = try connected()
      send(second, "xyzq")
      // The end of the run closes the connection, after the last character.
      #expect(receive(second, 5) == "xyzq")
      close(second)
      #expect(running.end().status == 3)
    }
  }

  @Test func `input from a file makes the same run every time; from standard input it arrives as well`() throws {
    try Emulator.inFolder { emulator in
      let image = try emulator.image(echo)
      try emulator.write("input", "one two q")
      let runs = try (0..<2).map { _ in try emulator.run("run", "--uart-input", "input", image) }
      #expect(runs[0].status == 3 && runs[0].text == "Hi\none two q")
      #expect(runs[0].errors == runs[1].errors)
      // 9 characters of 10 bits of 16 cycles, received one after the other.
      let cycles = try #require(runs[0].lastErrorLine.split(separator: " ").compactMap { Int($0) }.first)
      #expect(cycles > 9 * 160)
      let typed = try TestSupport.run(
        Repository.pulpemu, ["run", "--uart", "stdio", image], input: Array("typed q".utf8), limit: 60)
      #expect(typed.status == 3 && typed.text == "Hi\ntyped q")
    }
  }

  @Test func `what cannot be wired is refused`() throws {
    try Emulator.inFolder { emulator in
      let image = try emulator.image(echo)
      for (target, status) in [("tcp:", 64), ("tcp:65536", 64), ("tcp:-1", 64), ("pty:", 64), ("pty:no/such/link", 73)]
      {
        #expect(try emulator.run("run", "--uart", target, image).status == Int32(status), "\(target)")
      }
      let holder = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      defer { close(holder) }
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
      var length = socklen_t(MemoryLayout<sockaddr_in>.size)
      withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          _ = bind(holder, $0, length)
          _ = listen(holder, 1)
          _ = getsockname(holder, $0, &length)
        }
      }
      let taken = try emulator.run("run", "--uart", "tcp:\(UInt16(bigEndian: address.sin_port))", image)
      #expect(taken.status == 73)
      #expect(taken.errors.contains("127.0.0.1"))
    }
  }
}
