// How a run ends: exit codes, lock-ups, limits, strict mode.

import HardwareModel
import Instrumentation
import PULPissimo
import RISCV
import TestSupport
import Testing

@Suite struct ExitTests {
  @Test(arguments: [0, 1, 99, 255, 256, 0x7FFF_FFFF] as [UInt32])
  func `a store to CORESTATUS with bit 31 set ends the program with the other bits`(code: UInt32) {
    let machine = machine(Assembly { $0.exit(code) })
    let end = machine.run(limits: patience)
    #expect(end.reason == .exit)
    #expect(end.code == code)
    // li, li, sw: the store leaves ID in cycle 4 and is answered 5 cycles later (G = 0, D = 3).
    #expect(end.cycles == 9)
    #expect(machine.hart.counters.instructions == 5)
    #expect(machine.hart.counters.stores == 1)
  }

  @Test func `without bit 31 the program goes on`() {
    let machine = machine(
      Assembly { p in
        p.store(0x7FFF_FFFF, at: At.coreStatus)
        p.exit(7)
      })
    #expect(machine.run(limits: patience).code == 7)
  }

  @Test func `the instructions behind the exit store do not run`() {
    let machine = machine(
      Assembly { p in
        p.exit(1)
        p.addi(.a0, .zero, 5)
        p.store(0x8000_0002, at: At.coreStatus)
      })
    #expect(machine.run(limits: patience).code == 1)
    #expect(machine.hart[register: 10] == 0)
    #expect(machine.hart.counters.instructions == 5)
  }

  @Test func `a byte store writes the whole register and so ends the program too`() {
    let machine = machine(
      Assembly { p in
        p.li(.t0, At.coreStatus)
        p.li(.t1, 0x8000_0003)
        p.sb(.t1, 0, .t0)
      })
    #expect(machine.run(limits: patience).code == 3)
  }

  @Test func `running on after the end changes nothing`() {
    let machine = machine(Assembly { $0.exit(4) })
    let end = machine.run(limits: patience)
    #expect(machine.run(limits: patience) == end)
  }

  @Test(arguments: [(1, 0), (3, 1), (0x8000_0001, 0x4000_0000), (85, 42)] as [(UInt32, UInt32)])
  func `an odd value stored to tohost ends with code value >> 1`(value: UInt32, code: UInt32) {
    let machine = machine(
      Assembly { p in
        p.store(value & ~1, at: 0x1C00_9000)
        p.store(value, at: 0x1C00_9000)
        p.label("loop")
        p.j("loop")
      })
    machine.watchTohost(at: 0x1C00_9000)
    let end = machine.run(limits: patience)
    #expect(end.reason == .exit)
    #expect(end.code == code)
    #expect(end.cycles < 20)
  }

  @Test func `a watched word is seen under both of its addresses, whichever the image names`() {
    for (watched, stored) in [(0x0000_9000, 0x1C00_9000), (0x1C00_9000, 0x0000_9000)] as [(UInt32, UInt32)] {
      let machine = machine(
        Assembly { p in
          p.store(7, at: stored)
          p.exit(100)
        })
      machine.watchTohost(at: watched)
      #expect(machine.run(limits: patience).code == 3)
    }
  }
}

@Suite struct LockupTests {
  @Test func `asleep with every line masked the core is locked up, and the message says so`() {
    let machine = machine(
      Assembly { p in
        p.nops(2)
        p.wfi()
        p.exit()
      })
    let end = machine.run(limits: patience)
    #expect(end.reason == .lockup)
    #expect(end.pc == entry + 12)
    #expect(end.message.contains("FC_ITC.MASK is 0"))
    // cv32e40p-timing.md 2.4: the clock stops 4 cycles after T = 2.
    #expect(end.cycles == 6)
  }

  @Test func `an enabled line that nothing running can raise is a lock-up too`() {
    let machine = machine(
      Assembly { p in
        p.store(1 << 26 | 1 << 10, at: At.itc + 4)
        p.wfi()
      })
    let end = machine.run(limits: patience)
    #expect(end.reason == .lockup)
    #expect(end.message.contains("0x04000400"))
  }

  @Test func `a running timer, a running job and the reference clock keep hope alive`() {
    // A timer that counts and may interrupt.
    let timer = machine(
      Assembly { p in
        p.store(1 << 10, at: At.itc + 4)
        p.store(50, at: At.timer + 0x10)
        p.store(0x15, at: At.timer)
        p.wfi()
        p.exit(1)
      })
    #expect(timer.run(limits: patience).code == 1)
    // The reference clock, line 14.
    let reference = machine(
      Assembly { p in
        p.store(1 << 14, at: At.itc + 4)
        p.wfi()
        p.exit(2)
      })
    #expect(reference.run(limits: patience).code == 2)
    // A job whose event is let through.
    let job = machine(
      Assembly { p in
        p.li(.s0, At.reta)
        p.enableDoneInterrupt(vectors: "vectors")
        p.submit(Job.copy(columns: 4096))
        p.wfi()
        p.exit(3)
        p.align(to: 0x1C00_8300)
        p.label("vectors")
      })
    #expect(job.run(limits: patience).code == 3)
    // The same job with its event masked in the event generator.
    let deaf = machine(
      Assembly { p in
        p.li(.s0, At.reta)
        p.store(1 << 26, at: At.itc + 4)
        p.submit(Job.copy(columns: 4096))
        p.wfi()
        p.exit(3)
      })
    #expect(deaf.run(limits: patience).reason == .lockup)
  }

  @Test(
    arguments: [
      (0x1000_0000, false), (0x103F_FFFC, true), (0x1A10_2480, false), (0x1A10_2F80, true), (0x1A12_0020, false),
    ] as [(UInt32, Bool)])
  func `an access that is never answered is a lock-up at the instruction that made it`(
    address: UInt32, isWrite: Bool
  ) {
    let machine = machine(
      Assembly { p in
        p.li(.t0, address)
        if isWrite { p.sw(.zero, 0, .t0) } else { p.lw(.t1, 0, .t0) }
        p.exit()
      })
    let end = machine.run(limits: patience)
    #expect(end.reason == .lockup)
    #expect(end.pc == entry + 8)
    #expect(end.message.contains(isWrite ? "store to" : "load from"))
  }

  @Test func `an exception in the first instruction of its own handler is a lock-up`() {
    let machine = machine(
      Assembly { p in
        p.la(.t0, "handler")
        p.csrw(0x305, .t0)
        p.ecall()
        p.align(to: 0x1C00_8100)
        p.label("handler")
        p.ecall()
      })
    let end = machine.run(limits: patience)
    #expect(end.reason == .lockup)
    #expect(end.message.contains("mcause 11"))
    #expect(end.pc == 0x1C00_8100)
    #expect(machine.hart.counters.exceptions == 2)
  }

  @Test func `a jump to itself and a handler that makes progress are no lock-ups`() {
    let jump = machine(
      Assembly { p in
        p.label("here")
        p.j("here")
      })
    #expect(jump.run(limits: RunLimits(cycles: 100_000)).reason == .limit)
    let traps = machine(
      Assembly { p in
        p.la(.t0, "handler")
        p.csrw(0x305, .t0)
        p.label("loop")
        p.ecall()
        p.align(to: 0x1C00_8100)
        p.label("handler")
        p.addi(.a0, .a0, 1)
        p.j("loop")
      })
    #expect(traps.run(limits: RunLimits(cycles: 100_000)).reason == .limit)
    #expect(traps.hart[register: 10] > 10_000)
  }
}

@Suite struct LimitTests {
  /// One instruction a cycle.
  static var straight: Assembly {
    Assembly { p in
      p.nops(500)
      p.exit()
    }
  }

  @Test(arguments: [1, 2, 10, 499] as [UInt64])
  func `a cycle limit stops before the instruction that would leave ID there`(limit: UInt64) {
    let machine = machine(Self.straight)
    let end = machine.run(limits: RunLimits(cycles: limit))
    #expect(end.reason == .limit)
    #expect(end.cycles == limit)
    #expect(machine.hart.counters.instructions == limit)
    #expect(end.pc == entry + 4 * UInt32(limit))
  }

  @Test func `a limit of 0 cycles runs nothing`() {
    let machine = machine(Self.straight)
    let end = machine.run(limits: RunLimits(cycles: 0))
    #expect(end.reason == .limit)
    #expect(end.cycles == 0)
    #expect(machine.hart.counters.instructions == 0)
  }

  @Test func `an instruction limit stops when so many have retired`() {
    for limit in [1, 7, 333] as [UInt64] {
      let machine = machine(Self.straight)
      let end = machine.run(limits: RunLimits(instructions: limit))
      #expect(end.reason == .limit)
      #expect(machine.hart.counters.instructions == limit)
      #expect(end.cycles == limit)
    }
  }

  @Test func `a limit inside a long division, a wait for the bus or a sleep is the cycle of the stop`() {
    let machine = machine(
      Assembly { p in
        p.divu(.a0, .a1, .zero)
        p.nop()
        p.li(.t0, At.timer + 0x10)
        p.lw(.a2, 0, .t0)
        p.addi(.a2, .a2, 1)
        p.store(1 << 14, at: At.itc + 4)
        p.wfi()
        p.exit()
      })
    for limit in stride(from: 1, to: 120, by: 1) as StrideTo<UInt64> {
      let end = machine.run(limits: RunLimits(cycles: limit))
      #expect(end.reason == .limit)
      #expect(end.cycles == limit)
    }
    #expect(machine.hart.isAsleep)
  }

  @Test func `an end that comes earlier wins`() {
    let machine = machine(Self.straight)
    #expect(machine.run(limits: RunLimits(cycles: 10_000, instructions: 10_000)).reason == .exit)
    let other = LimitTests.exitBehind(500)
    #expect(other.run(limits: RunLimits(cycles: 504)).reason == .limit)
    #expect(LimitTests.exitBehind(500).run(limits: RunLimits(cycles: 505)).reason == .exit)
  }

  /// The exit store leaves ID in cycle `count` + 4.
  private static func exitBehind(_ count: Int) -> Machine {
    machine(
      Assembly { p in
        p.nops(count)
        p.exit()
      })
  }
}

@Suite struct StrictTests {
  func end(
    ranges: [Range<UInt64>] = [], _ body: (Assembly) -> Void
  ) -> (strict: RunEnd, lenient: RunEnd, diagnostics: Int) {
    let program = Assembly(body)
    var configuration = MachineConfiguration()
    let lenient = machine(program, configuration).run(limits: patience)
    configuration.strict = true
    configuration.executableRanges = ranges
    let machine = machine(program, configuration)
    var count = 0
    machine.onDiagnostic = { _ in count += 1 }
    return (machine.run(limits: patience), lenient, count)
  }

  @Test(arguments: [0x2000_0000, 0x1A10_7000, 0x1C09_0000] as [UInt32])
  func `the first unmapped access ends a strict run at its instruction`(address: UInt32) {
    for isWrite in [false, true] {
      let (strict, lenient, count) = end { p in
        p.li(.t0, address)
        if isWrite { p.sw(.zero, 0, .t0) } else { p.lw(.a0, 0, .t0) }
        p.nops(20)
        p.exit(1)
      }
      #expect(strict.reason == .strict)
      #expect(strict.pc == entry + 8)
      #expect(strict.message.contains("nothing is mapped"))
      #expect(count == 1)
      #expect(lenient.code == 1)
    }
  }

  @Test func `a store to the ROM ends a strict run`() {
    let (strict, lenient, _) = end { p in
      p.store(0, at: 0x1A00_0000)
      p.nops(20)
      p.exit(2)
    }
    #expect(strict.reason == .strict)
    #expect(strict.pc == entry + 16)
    #expect(lenient.code == 2)
  }

  /// A program that jumps to an exit which it has written to data memory.
  static func jumper(_ p: Assembly) {
    let code = Assembly(at: 0x1C00_9000) { $0.exit(3) }
    for (index, word) in code.words.enumerated() { p.store(word, at: 0x1C00_9000 + UInt32(4 * index)) }
    p.li(.t0, 0x1C00_9000)
    p.jr(.t0)
  }

  @Test func `execution outside the image's executable segments ends a strict run`() {
    let text: [Range<UInt64>] = [0x1C00_8080..<0x1C00_8200]
    let (strict, lenient, count) = end(ranges: text, Self.jumper)
    #expect(strict.reason == .strict)
    #expect(strict.pc == 0x1C00_9000)
    #expect(strict.message.contains("0x1c009000"))
    #expect(strict.message.contains("data is executed"))
    #expect(count == 1)
    #expect(lenient.code == 3)
  }

  @Test func `an image that marks no segment, or both, may execute everything`() {
    #expect(end(Self.jumper).strict.code == 3)
    #expect(end(ranges: [0x1C00_8080..<0x1C00_8200, 0x1C00_9000..<0x1C00_9100], Self.jumper).strict.code == 3)
    #expect(end(ranges: [0x1C00_0000..<0x1_0000_0000], Self.jumper).strict.code == 3)
  }

  @Test func `strict mode changes no cycle of a program that does nothing wrong`() {
    let program = Assembly { p in
      p.addi(.s0, .zero, 200)
      p.label("loop")
      p.jal(.ra, "work")
      p.addi(.s0, .s0, -1)
      p.bne(.s0, .zero, "loop")
      p.exit(0)
      p.label("work")
      p.mul(.a0, .s0, .s0)
      p.store(5, at: 0x1C00_9000)
      p.ret()
    }
    var strict = MachineConfiguration()
    strict.strict = true
    strict.executableRanges = [UInt64(entry)..<UInt64(program.here)]
    let a = Observation(machine(program))
    #expect(a.end.reason == .exit)
    #expect(Observation(machine(program, strict)) == a)
  }
}
