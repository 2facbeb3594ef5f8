// `monitor break-on`, `monitor udma` and `monitor timeline` under a real gdb.

import TestSupport
import Testing

@Suite struct BreakOnTests {
  @Test func `break-on stops at jobs, errors, descriptors and events, and says what, when and who committed it`() throws
  {
    let program = try DebuggedProgram(
      "reta-selftest",
      [
        "monitor break-on job-done", "monitor break-on error", "continue", "monitor break-on delete 1", "continue",
        "info symbol $pc", "monitor reta", "monitor break-on delete", "monitor break-on descriptor", "continue",
        "monitor break-on delete all", "monitor break-on event 141", "continue", "monitor break-on list", "kill",
      ])
    let lines = program.gdb.split(separator: "\n").filter { $0.hasPrefix("break-on ") && $0.contains(", cycle ") }
    try #require(lines.count == 4, "\(program.gdb)")
    let store = "committed by the store at 0x1C00"
    // The first vector of the first file: a register job.
    #expect(lines[0].hasPrefix("break-on 1 (job-done): job 0 linear in context 0 ended, cycles "))
    #expect(lines[0].contains(store) && lines[0].contains("(reta_submit+") && lines[0].contains("mmio.h:"))
    #expect(lines[1].hasPrefix("break-on 2 (error): job 0 list in context 0, ERR_ALIGN ended, cycles "))
    #expect(lines[1].contains(store))
    #expect(lines[2].hasPrefix("break-on 3 (descriptor): "), "\(lines[2])")
    #expect(lines[2].contains(" ended, cycles "))
    #expect(lines[3].hasPrefix("break-on 4 (event 141): event 141 in cycle "), "\(lines[3])")
    #expect(program.gdb.contains("break-on 4: event 141"))
    #expect(program.gdb.contains("context 1: free"))
  }

  @Test func `break-on stops at a register write in every direction of time, and in the middle of a step`() throws {
    let program = try DebuggedProgram(
      "reta-selftest",
      [
        "monitor break-on register reta.trigger write", "continue", "print/x $pc", "continue", "reverse-continue",
        "x/1i $pc", "print *(unsigned *)0x1A10C00C", "stepi", "break reta_submit", "continue", "next 40", "kill",
      ])
    let written = program.gdb.split(separator: "\n").filter {
      $0.hasPrefix("break-on 1 (register RETA.TRIGGER write): 0x00000000 written in cycle ")
    }
    #expect(written.count == 4, "\(program.gdb)")
    #expect(written.allSatisfy { $0.contains("by 0x1C00") && $0.contains("(reta_submit+") })
    // Back again the machine stands before the store.
    let store = program.gdb.split(separator: "\n").first { $0.hasPrefix("=> ") }
    #expect(store?.contains("\tsw\t") == true, "\(store ?? "none")")
  }

  @Test func `a break-on that is not understood is answered with what was meant and what there is`() throws {
    let program = try DebuggedProgram(
      "hello",
      [
        "monitor break-on jobdone", "monitor break-on event 169", "monitor break-on event x",
        "monitor break-on register RETA.TRIGER write", "monitor break-on register RTEA.TRIGGER",
        "monitor break-on register TRIGGER", "monitor break-on register RETA.TRIGGER sideways",
        "monitor break-on error 3",
        "monitor break-on", "monitor break-on delete 7", "monitor break-on list", "monitor brakeon", "kill",
      ])
    for text in [
      "no break-on 'jobdone' (did you mean job-done?); there are:", "takes a number from 0 to 168",
      "RETA has no register 'TRIGER' (did you mean TRIGGER?); it has: TRIGGER, ACQUIRE",
      "no block 'RTEA' (did you mean RETA?); there are: ", "a register is named BLOCK.REG",
      "'sideways' is none of write, read, access", "break-on error takes nothing more", "there is no break-on '7'",
      "no break-on is set", "no monitor command 'brakeon' (did you mean break-on?)",
    ] {
      #expect(program.gdb.contains(text), "\(text)")
    }
    #expect(program.status == 0)
  }

  @Test func `break-on stops in the middle of a sleep, in the cycle of the event`() throws {
    let program = try DebuggedProgram(
      "uart-loopback", options: ["--uart", "loopback"],
      [
        // The interrupt style waits asleep for the end of the transmission (event 1).
        "break uart_transmit_wait", "continue", "continue", "delete", "monitor break-on event 1", "continue",
        "monitor cycles", "x/1i $pc - 4", "reverse-continue", "monitor cycles", "kill",
      ])
    #expect(program.gdb.contains("event 1 in cycle "), "\(program.gdb)")
    #expect(program.gdb.contains("while the core slept before 0x1C00"))
    let cycles = program.gdb.split(separator: "\n").filter { $0.hasPrefix("cycle ") }
    #expect(cycles.first?.hasSuffix("asleep now") == true, "\(cycles)")
    let event = program.gdb.split(separator: "\n").first { $0.contains("event 1 in cycle ") }
    let stop = event?.split(separator: " ").last
    #expect(event?.contains("in cycle \(stop ?? "?"),") == true, "it stops in that cycle: \(event ?? "")")
  }

  @Test func `the uDMA's channels are told in words, and the timeline has jobs, transfers, interrupts and sleeps`()
    throws
  {
    let uart = try DebuggedProgram(
      "uart-loopback", options: ["--uart", "loopback"],
      [
        "monitor udma", "break uart_transmit_wait", "continue", "monitor udma uart", "monitor timeline",
        "delete", "break uart_init", "continue", "continue", "monitor break-on event 0", "continue",
        "monitor timeline 512", "monitor udma uarrt", "kill",
      ])
    #expect(uart.gdb.contains("clock off (UDMA_CTRL.CG): UDMA_UART"))
    #expect(uart.gdb.contains("UDMA_UART (peripheral 0, clock on)"))
    #expect(uart.gdb.contains(/TX: runs: \d+ bytes remain from 0x1C00[0-9A-F]{4} on, \d+ of 256 bytes at 0x1C00/))
    #expect(uart.gdb.contains(/TX_SADDR 0x0000[0-9A-F]{4}  ADDRESS=0x/))
    #expect(
      uart.gdb.contains(/since cycle \d+ \(\d+\): uDMA: UDMA_UART TX, 256 bytes from 0x1C00[0-9A-F]{4}, under way/))
    #expect(uart.gdb.contains(/cycles \d+ to \d+ \(\d+\): uDMA: UDMA_UART RX, 256 bytes to 0x1C00/))
    #expect(uart.gdb.contains(/cycles \d+ to \d+ \(\d+\): core: asleep/))
    #expect(uart.gdb.contains(/cycles \d+ to \d+ \(\d+\): core: interrupt 26, taken before 0x1C00/))
    #expect(uart.gdb.contains("no peripheral 'uarrt'"))
    let reta = try DebuggedProgram(
      "reta-selftest", ["monitor timeline", "monitor break-on job-done", "continue", "monitor timeline", "kill"])
    #expect(reta.gdb.contains("nothing has happened yet"))
    #expect(reta.gdb.contains(/cycles \d+ to \d+ \(\d+\): RETA: job 0 linear in context 0/))
  }
}
