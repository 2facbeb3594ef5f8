// The server of `pulpemu debug`: clients that come, go, vanish and come again, and programs that hang or end.

import FirmwareImage
import Foundation
import GDBServer
import TestSupport
import Testing

@Suite struct ServerTests {
  private static var loop: Assembly {
    Assembly { p in
      p.label("loop")
      p.addi(.a0, .a0, 1)
      p.j("loop")
    }
  }

  @Test func `Ctrl-C stops a program that hangs, and kill ends the session with 0`() throws {
    try Emulator.inFolder { emulator in
      let process = try DebuggedProcess(["--port", "0", try emulator.image(Self.loop)])
      let client = try RawDebugger(port: try process.port())
      for _ in 0..<3 {
        client.send("vCont;c")
        client.send(raw: [0x03])
        #expect(client.answer()?.hasPrefix("T02") == true)
      }
      #expect(client.ask("pa")?.utf8.count == 8)
      client.send("k")
      #expect(try process.end() == 0)
    }
  }

  @Test func `a program that sleeps for ever ends as a lock-up and can still be looked at`() throws {
    try Emulator.inFolder { emulator in
      let process = try DebuggedProcess(["--port", "0", try emulator.image(Assembly { $0.wfi() })])
      let client = try RawDebugger(port: try process.port())
      #expect(client.ask("vCont;c")?.hasPrefix("T06") == true)
      #expect(client.console.contains("pulpemu: lockup the core sleeps in WFI and can never wake"))
      #expect(client.ask("p20") == "8480001c")
      #expect(client.ask("bs")?.hasPrefix("T05") == true)
      #expect(client.ask("p20") == "8080001c")
      #expect(client.ask("vCont;c")?.hasPrefix("T06") == true)
      #expect(client.ask("D") == "OK")
      #expect(try process.end() == 120)
    }
  }

  @Test(arguments: [[], ["--set", "core.alwaysStepped=true"], ["--timing", "none"]])
  func `a breakpoint behind a WFI that is not slept in, because an interrupt waits, is met`(options: [String]) throws {
    try Emulator.inFolder { emulator in
      let program = Assembly { p in
        p.li(.t0, 0x1A10_9800)
        p.li(.t1, 1 << 10)
        p.sw(.t1, 0x04, .t0)  // FC_ITC.MASK_SET
        p.sw(.t1, 0x10, .t0)  // FC_ITC.INT_SET
        p.lw(.t2, 0x0C, .t0)
        p.nops(20)
        p.wfi()
        p.label("behind")
        p.addi(.a0, .a0, 1)
        p.exit(3)
      }
      let process = try DebuggedProcess(["--port", "0"] + options + [try emulator.image(program)])
      let client = try RawDebugger(port: try process.port())
      let behind = program.address("behind")
      #expect(client.ask("Z0,\(String(behind, radix: 16)),4") == "OK")
      #expect(client.ask("vCont;c")?.hasPrefix("T05") == true)
      let pc = Hex.text((0..<4).map { UInt8(truncatingIfNeeded: behind >> (8 * $0)) })
      #expect(client.ask("p20") == pc)
      #expect(client.ask("pa") == "00000000")
      // Over it, back to it from behind, and on.
      #expect(client.ask("vCont;s")?.hasPrefix("T05") == true)
      #expect(client.ask("bc")?.hasPrefix("T05") == true)
      #expect(client.ask("p20") == pc)
      #expect(client.ask("vCont;s")?.hasPrefix("T05") == true)
      #expect(client.ask("pa") == "01000000")
      #expect(client.ask("vCont;c") == "W03")
    }
  }

  @Test func `a client that vanishes while the program runs leaves it standing for the next one, who may let it go on`()
    throws
  {
    try Emulator.inFolder { emulator in
      let process = try DebuggedProcess([
        "--port", "0",
        try emulator.image(
          Assembly { p in
            p.label("loop")
            p.addi(.a0, .a0, 1)
            p.beq(.a1, .zero, "loop")
            p.exit(7)
          }),
      ])
      let port = try process.port()
      let first = try RawDebugger(port: port)
      #expect(first.ask("Z0,1c008080,4") == "OK")
      #expect(first.ask("z0,1c008080,4") == "OK")
      #expect(first.ask("Z0,1c00808c,4") == "OK")
      first.send("vCont;c")
      first.vanish()
      #expect(try process.hear("gdb has gone away; the program stands at 0x1C0080").contains(", cycle "))
      #expect(try process.port() == port)
      let second = try RawDebugger(port: port)
      #expect(second.ask("?")?.hasPrefix("T05") == true)
      #expect(second.ask("pb") == "00000000")
      // Half a packet, and gone.
      second.send(raw: Array("$m1c0080".utf8))
      second.vanish()
      _ = try process.port()
      let third = try RawDebugger(port: port)
      #expect(third.ask("Pb=01000000") == "OK")
      #expect(third.ask("D") == "OK", "the breakpoint of the first client is gone")
      #expect(try process.end() == 7)
    }
  }

  @Test func `begun at a saved state the program goes back to that state and no further`() throws {
    try Emulator.inFolder { emulator in
      let saved = try emulator.run("run", "--save-state", "s.snap", "--max-cycles", "3000", Firmware.path("hello"))
      #expect(saved.status == 124)
      let process = try DebuggedProcess([
        "--port", "0", "--load-state", emulator.path("s.snap"), Firmware.path("hello"),
      ])
      let client = try RawDebugger(port: try process.port())
      let start = try #require(client.ask("p20"))
      #expect(client.ask("bs")?.contains("replaylog:begin") == true)
      for _ in 0..<5 { #expect(client.ask("vCont;s")?.hasPrefix("T05") == true) }
      for _ in 0..<5 { #expect(client.ask("bs")?.hasPrefix("T05") == true) }
      #expect(client.ask("p20") == start)
      #expect(client.ask("bs")?.contains("replaylog:begin") == true)
      #expect(client.ask("vCont;c") == "W00")
      client.vanish()
      #expect(try process.end() == 0)
    }
  }

  @Test func `with --once the session ends with its first client`() throws {
    try Emulator.inFolder { emulator in
      let process = try DebuggedProcess(["--port", "0", "--once", try emulator.image(Self.loop)])
      let client = try RawDebugger(port: try process.port())
      #expect(client.ask("?")?.hasPrefix("T05") == true)
      client.vanish()
      #expect(try process.end() == 0)
    }
  }

  @Test func `a program that ends while it is stepped is told as its end, with its status`() throws {
    try Emulator.inFolder { emulator in
      let process = try DebuggedProcess(["--port", "0", try emulator.image(Assembly { $0.exit(9) })])
      let client = try RawDebugger(port: try process.port())
      var stop: String?
      for _ in 0..<40 {
        stop = client.ask("vCont;s")
        if stop?.hasPrefix("W") ?? true { break }
      }
      #expect(stop == "W09")
      #expect(client.ask("vCont;s") == "E01", "there is nothing to go on with")
      #expect(client.ask("m1c008080,4")?.utf8.count == 8, "memory can still be read")
      client.vanish()
      #expect(try process.end() == 9)
    }
  }

  @Test func `started again after kill in extended mode the program does the same`() throws {
    let program = try DebuggedProgram(
      "hello",
      [
        "disconnect", "target extended-remote 127.0.0.1:PORT", "break main", "continue", "monitor cycles", "run",
        "monitor cycles",
        "stepi 20", "monitor reset", "maintenance flush register-cache", "print/x $pc == (unsigned)&_start", "continue",
        "monitor cycles", "kill", "run", "delete", "continue",
      ])
    let cycles = program.gdb.split(separator: "\n").filter { $0.hasPrefix("cycle ") }
    #expect(cycles.count == 3 && Set(cycles).count == 1, "\(program.gdb)")
    #expect(program.gdb.contains("$1 = 0x1"))
    #expect(program.gdb.contains("exited normally"))
    #expect(program.status == 0)
  }

  @Test func `--listen takes a host and a port, and says when others can reach it`() throws {
    try Emulator.inFolder { emulator in
      let image = try emulator.image(Self.loop)
      for (address, shown) in [("localhost:0", "localhost:"), ("127.0.0.1:0", "127.0.0.1:"), ("0", "127.0.0.1:")] {
        let process = try DebuggedProcess(["--listen", address, image])
        let line = try process.hear("waiting for gdb on ")
        #expect(line.contains(shown))
        #expect(!process.errors.contains("no password"))
        let port = UInt16(line.split(separator: ":").last ?? "") ?? 0
        if address != "localhost:0" {
          let client = try RawDebugger(port: port)
          client.send("k")
          #expect(try process.end() == 0)
        }
      }
      let open = try DebuggedProcess(["--listen", "0.0.0.0:0", image])
      #expect(try open.hear("no password").contains("anybody who can reach 0.0.0.0:"))
      let client = try RawDebugger(port: try open.port())
      client.send("k")
      #expect(try open.end() == 0)
      for wrong in ["127.0.0.1", "127.0.0.1:x", ":3333", "127.0.0.1:65536", "no.such.host.invalid:1"] {
        let outcome = try emulator.run("debug", "--listen", wrong, image)
        #expect(outcome.status == 64, "\(wrong)")
        #expect(outcome.errors.hasPrefix("pulpemu: --listen"), "\(outcome.errors)")
      }
      #expect(try emulator.run("debug", "--listen", "127.0.0.1:0", "--port", "0", image).status == 64)
    }
  }

  @Test func `the driver checker is on and tells its findings on gdb's console`() throws {
    try Emulator.inFolder { emulator in
      try emulator.write("request", "reta-trigger-lost")
      let options = ["--port", "0", "--load", emulator.path("request") + "@check_request"]
      let process = try DebuggedProcess(options + [Firmware.path("driver-bugs")])
      let client = try RawDebugger(port: try process.port())
      #expect(client.ask("vCont;c")?.hasPrefix("W") == true)
      #expect(client.console.contains("pulpemu: check: error reta-trigger-lost: TRIGGER is written while"))
      #expect(client.console.contains("    instead:  "))
      client.vanish()
      _ = try process.end()
      let off = try DebuggedProcess(options + ["--check=off", Firmware.path("driver-bugs")])
      let second = try RawDebugger(port: try off.port())
      #expect(second.ask("vCont;c")?.hasPrefix("W") == true)
      #expect(!second.console.contains("check:"))
    }
  }

  @Test func `what is typed at a UART while the program stands has arrived when it goes on`() throws {
    try Emulator.inFolder { emulator in
      let process = try DebuggedProcess([
        "--port", "0", "--uart", "tcp:0", Firmware.path("uart-loopback"),
      ])
      let uart = UInt16(try process.hear("UART 0 is 127.0.0.1:").split(separator: ":").last ?? "") ?? 0
      // The start waits for the first client of the UART.
      let terminal = try RawDebugger(port: uart)
      terminal.send(raw: Array("typed before gdb came".utf8))
      let client = try RawDebugger(port: try process.port())
      #expect(client.ask("?")?.hasPrefix("T05") == true)
      #expect(client.ask("bs") == "", "a run that depends on who types cannot be run again")
      terminal.vanish()
      // A second client is accepted while the program stands.
      let again = try RawDebugger(port: uart)
      again.send(raw: Array("x".utf8))
      // The program has not switched its receiver on: what was typed waits in the machine for it.
      var isHeard = false
      for _ in 0..<500 where !isHeard {
        _ = client.monitor("udma uart")
        isHeard = client.console.contains("characters from outside wait")
      }
      #expect(isHeard)
      client.send("k")
      #expect(try process.end() == 0)
    }
  }

  @Test(arguments: Host.hasPseudoTerminals ? ["tcp:0", "pty"] : ["tcp:0"])
  func `a program that is stopped at every character loses none while it sends and receives`(uart: String) throws {
    let name = "uart-loopback"
    let symbols = try FirmwareImage.load(path: Firmware.path(name)).symbols
    let received = try #require(symbols["received"])
    let submit = try #require(symbols["uart_transmit_submit"]).address
    let process = try DebuggedProcess(["--port", "0", "--uart", uart, Firmware.path(name)])
    let terminal = try UARTPeer(announcement: process.hear("UART 0 is "))
    let client = try RawDebugger(port: try process.port())
    // What the program sends, and compares with what comes back: here from us, in pieces, always while it stands.
    let bytes = (0..<256).map { UInt8(truncatingIfNeeded: $0 * 7) }
    var random = SplitMix64(seed: 6)
    let exit = try #require(symbols["exit_program"]).address
    for place in [submit, exit] { #expect(client.ask("Z0,\(String(place, radix: 16)),4") == "OK") }
    #expect(client.ask("Z2,\(String(received.address, radix: 16)),\(String(received.size, radix: 16))") == "OK")
    var (stops, busy, handedOver) = (0, 0, bytes.count)
    var end = ""
    while end.isEmpty, stops < 5000 {
      client.send("vCont;c")
      let answer = client.answer() ?? "W-"
      guard answer.hasPrefix("T05") else {
        end = answer
        break
      }
      stops += 1
      if client.ask("p20") == Hex.text((0..<4).map { UInt8(truncatingIfNeeded: exit >> (8 * $0)) }) {
        // The end waits for a reader, but not for ever.
        #expect(terminal.receive(2 * bytes.count) == bytes + bytes)
        continue
      }
      if !answer.contains("watch"), handedOver == bytes.count { handedOver = 0 }
      let piece = bytes[handedOver...].prefix(Int(random.next() % 24) + 1)
      terminal.send(Array(piece))
      handedOver += piece.count
      if stops % 8 == 0 {
        // Looking at the UART and stepping change nothing.
        let before = client.console.count
        _ = client.monitor("udma uart")
        if client.console.dropFirst(before).contains("TX: runs") { busy += 1 }
        #expect(client.ask("vCont;s")?.hasPrefix("T05") == true)
      }
    }
    #expect(end == "W00", "\(client.console)")
    #expect(stops > 512 && busy > 20, "\(stops) stops, \(busy) in the middle of sending")
    client.send("k")
    client.vanish()
    #expect(try process.end() == 0)
  }
}

/// Who sits at the other end of UART 0.
private final class UARTPeer {
  private let handle: Int32

  /// Connects to what `pulpemu` says: `UART 0 is 127.0.0.1:PORT` or the name of a pseudo-terminal.
  init(announcement: String) throws {
    let place = announcement.split(separator: " ").last.map(String.init) ?? ""
    if let port = UInt16(place.split(separator: ":").last ?? ""), place.contains(":") {
      handle = try RawDebugger.connection(port: port)
    } else {
      handle = open(place, O_RDWR | O_NOCTTY)
    }
    guard handle >= 0 else { throw DebuggedProcess.NotHeard(what: "nobody at \(place)") }
  }

  deinit { close(handle) }

  func send(_ bytes: [UInt8]) {
    var start = 0
    while start < bytes.count {
      let count = bytes[start...].withUnsafeBytes { write(handle, $0.baseAddress, $0.count) }
      guard count > 0 else { return }
      start += count
    }
  }

  /// As many characters; fewer if no more come.
  func receive(_ count: Int) -> [UInt8] {
    var all: [UInt8] = []
    while all.count < count {
      var state = pollfd(fd: handle, events: Int16(POLLIN), revents: 0)
      guard poll(&state, 1, 60_000) > 0 else { break }
      var buffer = [UInt8](repeating: 0, count: 4096)
      let got = read(handle, &buffer, count - all.count)
      guard got > 0 else { break }
      all += buffer.prefix(got)
    }
    return all
  }
}
