// The shipped firmware under a real gdb in batch mode: what gdb prints, and that the run is the one without a debugger.

import Foundation
import TestSupport
import Testing

@Suite struct DebugTests {
  @Test func `a breakpoint by source line, steps and registers, and the end with its code`() throws {
    let program = try DebuggedProgram(
      "hello",
      [
        "info registers mhartid", "break main.c:15", "continue", "print/x $pc == (unsigned)&main", "backtrace", "next",
        "stepi", "x/1xw 0x1A104074", "set var *(unsigned *)0x1C07FF00 = 0x12345678", "x/1xw 0x1C07FF00",
        "x/1xw 0x0007FF00", "x/1xw 0x20000000", "monitor cycles", "monitor nonsense", "continue",
      ])
    #expect(program.gdb.contains("mhartid        0x3e0"))
    #expect(program.gdb.contains("Breakpoint 1, main () at examples/hello/main.c:15"))
    #expect(program.gdb.contains("#0  main () at examples/hello/main.c:15"))
    #expect(program.gdb.contains("0x1c07ff00:\t0x12345678"))
    #expect(program.gdb.contains("7ff00:\t0x12345678"), "the data port's alias")
    #expect(program.gdb.contains("Cannot access memory at address 0x20000000"))
    #expect(program.gdb.contains(" instructions, 0 interrupts, 0 exceptions"))
    #expect(program.gdb.contains("no monitor command 'nonsense'"))
    #expect(program.gdb.contains("exited normally"))
    #expect(program.status == 0)
  }

  @Test func `a debugged run has the cycles and statistics of any other`() throws {
    // Interrupts, sleep, the uDMA and the stepped engine all take part.
    for (name, options) in [("timers", []), ("uart-loopback", ["--uart", "loopback"]), ("reta-selftest", [])] {
      let (_, stats, _) = try Firmware.run(name, options)
      var plain = try DebuggedProgram("hello", ["kill"])
      plain.stats = stats
      let debugged = try DebuggedProgram(
        name, options: options,
        [
          "break main", "continue", "stepi 500", "next", "break irq_wait", "break soc_event.c:20", "continue",
          "stepi 30", "monitor break-on job-done", "monitor break-on event 140", "continue", "continue", "next",
          "monitor break-on delete", "monitor udma", "monitor timeline", "monitor reta",
          "x/64xw 0x1A10C000", "x/32xw 0x1A10B000", "x/32xw 0x1A109800", "x/64xw 0x1A102000", "monitor registers RETA",
          "continue", "info registers all", "delete", "detach",
        ])
      #expect(debugged.status == 0)
      #expect(debugged.comparable == plain.comparable, "\(name): \(debugged.gdb.suffix(2000))")
    }
  }

  @Test func `a backtrace leads through an interrupt handler to what it has interrupted`() throws {
    let program = try DebuggedProgram(
      "timers", ["break timers.c:17", "continue", "backtrace", "finish", "print fired", "kill"])
    #expect(program.gdb.contains("#0  count (line=10) at examples/peripherals/timers.c:17"))
    #expect(program.gdb.contains("#1  <signal handler called>"))
    #expect(program.gdb.contains("irq_wait ()"))
    #expect(program.gdb.contains("sleep_until_fired (number=number@entry=1) at examples/peripherals/timers.c:25"))
    #expect(program.gdb.contains("main () at examples/peripherals/timers.c:61"))
    #expect(program.gdb.contains("$1 = 1"))
  }

  @Test func `a backtrace leads through a C function with the attribute interrupt, from its first instruction on`()
    throws
  {
    let program = try DebuggedProgram(
      "retnet-generate-irq",
      ["break *irq_vector_26", "continue", "backtrace", "stepi 8", "backtrace", "finish", "kill"])
    // Twice: before it has saved a register, and behind that.
    for frame in [
      /#1 +0x1c00[0-9a-f]{4} in irq_wait \(\) at hal\/irq.h/, /#3 .* wait_for_status \(.*at drivers\/reta\/reta.c/,
      /main \(\) at examples\/retnet-generate\/main.c/,
    ] { #expect(program.gdb.matches(of: frame).count == 2, "\(program.gdb)") }
    #expect(program.gdb.contains(/\n0x1c00[0-9a-f]{4} in irq_wait \(\) at hal\/irq.h/))
  }

  @Test func `a watchpoint on a tensor names RETA, and going back leads to the store of its descriptor`() throws {
    let program = try DebuggedProgram(
      "reta-selftest",
      [
        "break driver.c:46", "continue", "delete",
        // The second row of the chain of copies, behind two descriptors of 64 bytes and the first row.
        "watch *(signed char *)((char *)arena + 2 * 64 + 64)", "continue", "backtrace 1", "monitor reta", "delete",
        // The operation of the job in context 0: OP is MAP.
        "break reta_submit", "continue", "delete", "print/x ((struct reta_desc *)desc)->word[0]",
        "watch -l ((struct reta_desc *)desc)->word[0]", "reverse-continue", "x/1i $pc", "info symbol $pc", "stepi",
        "print/x *(unsigned *)$sp != 1", "reverse-stepi", "kill",
      ])
    #expect(program.gdb.contains("RETA wrote 0x1C0100C0, cycle "))
    #expect(program.gdb.contains("Old value = 0 '\\000'\nNew value = 1 '\\001'"))
    #expect(program.gdb.contains("so far: "))
    // The store that wrote the descriptor: a core's store, and the machine stands before it.
    #expect(program.gdb.contains("the core wrote 0x1C0"), "\(program.gdb.suffix(3000))")
    let store = program.gdb.split(separator: "\n").first { $0.hasPrefix("=> ") }
    #expect(store?.contains("\tsw\t") == true || store?.contains("\tsb\t") == true, "\(store ?? "none")")
  }

  @Test func `from the job that fails, going back leads to the store that has spoiled its descriptor`() throws {
    let program = try DebuggedProgram(
      "reta-selftest",
      [
        "monitor break-on error", "continue", "monitor break-on delete",
        // ERR_PC: where the descriptor lies in its list.
        "set $descriptor = *(unsigned *)0x1A10C424", "print/x $descriptor", "set $header = *(unsigned *)$descriptor",
        "eval \"watch *(unsigned *)0x%x\", $descriptor", "reverse-continue", "x/1i $pc", "backtrace 4", "delete",
        "stepi",
        "print *(unsigned *)$descriptor == $header", "monitor snapshots", "kill",
      ])
    #expect(program.gdb.contains("ERR_ALIGN ended"))
    #expect(program.gdb.contains(/\$1 = 0x1c01[0-9a-f]{4}/))
    #expect(program.gdb.contains("the core wrote 0x1C01"), "\(program.gdb)")
    let store = program.gdb.split(separator: "\n").first { $0.hasPrefix("=> ") }
    #expect(store?.contains("\tsb\t") == true || store?.contains("\tsw\t") == true, "\(store ?? "none")")
    #expect(program.gdb.contains("$2 = 1"))
    #expect(program.gdb.contains(/the last way back took \d+ cycles of simulation/))
  }

  @Test func `going back and forth ends at the same place, with what gdb has written`() throws {
    let program = try DebuggedProgram(
      "hello",
      [
        "break main", "continue", "set var *(unsigned *)0x1C07FF00 = 0xABCD", "stepi 200", "print/x $pc",
        "monitor cycles", "reverse-stepi", "stepi", "print/x $pc", "monitor cycles", "x/1xw 0x1C07FF00",
        "reverse-continue", "print/x $pc == (unsigned)&main", "stepi 200", "monitor cycles", "delete",
        "reverse-continue", "info symbol $pc", "continue",
      ])
    let lines = program.gdb.split(separator: "\n")
    let cycles = lines.filter { $0.hasPrefix("cycle ") }
    #expect(cycles.count == 3 && Set(cycles).count == 1, "\(cycles)")
    #expect(program.gdb.contains("0x1c07ff00:\t0x0000abcd"))
    let places = lines.filter { $0.hasPrefix("$") }
    #expect(places.count == 3 && places[0].suffix(8) == places[1].suffix(8) && places[2] == "$3 = 0x1", "\(places)")
    #expect(program.gdb.contains("No more reverse-execution history"))
    #expect(program.gdb.contains("_start in section"))
    #expect(program.gdb.contains("exited normally"))
  }

  @Test func `watchpoints on registers stop at the access`() throws {
    let program = try DebuggedProgram(
      "reta-selftest",
      [
        "awatch *(unsigned *)0x1A10C000", "continue", "info symbol $pc", "rwatch *(unsigned *)0x1A10C004", "continue",
        "kill",
      ])
    #expect(program.gdb.contains("the core wrote 0x1A10C000"), "TRIGGER")
    #expect(program.gdb.contains("the core read 0x1A10C004"), "ACQUIRE")
    #expect(program.status == 0, "killed")
  }

  @Test func `a port that is taken is refused in one line with 73`() throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(listener) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, length) == 0 && listen(listener, 1) == 0 && getsockname(listener, $0, &length) == 0
      }
    }
    #expect(isBound)
    let port = UInt16(bigEndian: address.sin_port)
    let outcome = try run(Repository.pulpemu, ["debug", "--port", "\(port)", Firmware.path("hello")])
    #expect(outcome.status == 73)
    #expect(outcome.errors == "pulpemu: --port \(port): cannot listen on 127.0.0.1: Address already in use\n")
  }
}
