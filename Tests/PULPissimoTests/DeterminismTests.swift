// The same program gives the same result however its run is cut, observed or executed.

import HardwareModel
import Instrumentation
import PULPissimo
import RISCV
import RetentionAccelerator
import TestSupport
import Testing

/// Programs in which everything happens at once: interrupts, sleep, jobs, exceptions, late accesses, printing.
enum Busy {
  static var everything: Assembly { Assembly(make) }

  private static func make(_ p: Assembly) {
    p.li(.sp, 0x1C00_C000)
    p.li(.s0, At.reta)
    p.enableDoneInterrupt(vectors: "vectors")
    // The timer interrupts every 777 cycles.
    p.store(1 << 10, at: At.itc + 4)
    p.store(777, at: At.timer + 0x10)
    p.store(0x15, at: At.timer)
    p.csrsi(0x300, 8)
    p.addi(.s2, .zero, 12)
    p.label("round")
    p.csrci(0x300, 8)
    p.submit(Job.copy(rows: 3, columns: 256))
    p.label("wait")
    p.wfi()
    p.csrsi(0x300, 8)
    p.csrci(0x300, 8)
    p.lw(.t1, 0x0C, .s0)
    p.slli(.t1, .t1, 16)
    p.bne(.t1, .zero, "wait")
    p.csrsi(0x300, 8)
    p.li(.t0, At.stdout)
    p.addi(.t1, .s2, 64)
    p.sw(.t1, 0, .t0)
    p.ecall()
    p.addi(.s4, .zero, 70)
    p.label("work")
    p.mul(.s5, .s4, .s2)
    p.divu(.s6, .s5, .s4)
    p.sh(.s5, -1, .sp)
    p.lw(.s7, -3, .sp)
    p.addi(.s4, .s4, -1)
    p.bne(.s4, .zero, "work")
    p.addi(.s2, .s2, -1)
    p.bne(.s2, .zero, "round")
    p.exit(17)
    p.align(to: 0x1C00_8400)
    p.label("vectors")
    p.j("exception")
    for line in 1..<32 {
      switch line {
      case 10: p.j("tick")
      case 26: p.j("done")
      default: p.nop()
      }
    }
    p.label("exception")
    p.csrr(.s11, 0x341)
    p.addi(.s11, .s11, 4)
    p.csrw(0x341, .s11)
    p.mret()
    p.label("tick")
    p.addi(.s9, .s9, 1)
    p.mret()
    p.label("done")
    p.addi(.s10, .s10, 1)
    p.li(.s11, At.itc + 0x24)
    p.lw(.s11, 0, .s11)
    p.mret()
  }
}

@Suite struct DeterminismTests {
  @Test func `the busy program does what it is meant to do`() {
    let machine = machine(Busy.everything)
    let run = Observation(machine)
    #expect(run.end.code == 17, "\(run.end)")
    #expect(run.text == (1...12).reversed().map { UInt8(64 + $0) })
    #expect(run.totals.jobs == 12)
    #expect(run.counters.exceptions == 12)
    #expect(run.registers[26] == 12)
    #expect(run.registers[25] > 5)
    #expect(run.counters.sleepCycles > 100)
    #expect(run.counters.dataStallCycles > 100)
  }

  @Test func `the same program twice gives the same of everything`() {
    #expect(Observation(machine(Busy.everything)) == Observation(machine(Busy.everything)))
  }

  @Test(arguments: [1, 3, 64, 1000, 99_991] as [UInt64])
  func `slices of any length change nothing`(slice: UInt64) {
    let whole = Observation(machine(Busy.everything))
    let cut = Observation(machine(Busy.everything), slice: slice)
    #expect(cut == whole)
  }

  @Test(arguments: [50, 1000, 5003, 20_011] as [UInt64])
  func `a run that is stopped by a limit is the beginning of a longer one, in slices or not`(limit: UInt64) {
    let whole = Observation(machine(Busy.everything), limit: limit)
    #expect(whole.end.cycles == limit)
    #expect(Observation(machine(Busy.everything), slice: 7, limit: limit) == whole)
  }

  @Test func `an observed run equals an unobserved one`() {
    var observed = Observation(machine(Busy.everything))
    let unobserved = Observation(machine(Busy.everything), records: false)
    observed.statistics = ""
    #expect(observed == unobserved)
    // Watched addresses, as --region sets them, cut the translated blocks.
    let watched = machine(Busy.everything)
    watched.hart.watchedAddresses = [Busy.everything.address("work"), Busy.everything.address("round") + 8]
    #expect(Observation(watched, records: false) == unobserved)
  }

  @Test func `both engines give the same of everything`() {
    var configuration = MachineConfiguration()
    configuration.hart.blockEngine = false
    #expect(Observation(machine(Busy.everything, configuration)) == Observation(machine(Busy.everything)))
  }

  /// Rounds of a polling loop are passed over; the statistics count each of their accesses, in the region or outside.
  @Test(arguments: [.max, 40_003] as [UInt64])
  func `both engines give the same of long polls before, during and behind jobs`(slice: UInt64) {
    let program = Assembly { p in
      p.li(.s0, At.reta)
      p.li(.s2, At.timer)
      p.store(1, at: At.timer)
      for (name, cycles) in [("first", 30_000), ("second", 90_000), ("third", 300_000)] as [(String, UInt32)] {
        p.li(.s3, cycles)
        p.label(name)
        p.lw(.t1, 8, .s2)
        p.lw(.t2, 0x0C, .s0)
        p.bltu(.t1, .s3, name)
        p.submit(Job.copy(rows: 1000))
        p.pollStatus(name + " job")
      }
      p.li(.s4, 20_000)
      p.label("last")
      p.lw(.t1, 0x0C, .s0)
      p.addi(.s4, .s4, -1)
      p.bne(.s4, .zero, "last")
      p.exit()
    }
    var configuration = MachineConfiguration()
    configuration.hart.blockEngine = false
    let exact = Observation(machine(program, configuration), slice: slice)
    let fast = Observation(machine(program), slice: slice)
    #expect(exact.end.reason == .exit)
    #expect(exact.totals.jobs == 3)
    #expect(exact.counters.loads > 70_000)
    #expect(exact == fast)
  }

  @Test func `without the cycle model every instruction takes a cycle, and both engines still agree`() {
    var configuration = MachineConfiguration()
    configuration.hart.cycleModel = false
    let straight = machine(
      Assembly { p in
        p.nops(10)
        p.divu(.a0, .a1, .a2)
        p.store(1, at: At.timer + 0x10)
        p.exit(0)
      }, configuration)
    let end = straight.run(limits: patience)
    #expect(straight.hart.counters.instructions == 21)
    #expect(straight.hart.counters.dataStallCycles == 0)
    #expect(end.cycles <= 23)

    let exact = machine(Busy.everything, configuration)
    configuration.hart.blockEngine = false
    let a = Observation(exact)
    #expect(a.end.code == 17)
    #expect(a.totals.jobs == 12)
    #expect(Observation(machine(Busy.everything, configuration)) == a)
  }

  @Test func `the sums of the statistics hold at every cycle`() {
    for limit in stride(from: 100, to: 30_000, by: 613) as StrideTo<UInt64> {
      let machine = machine(Busy.everything)
      let recorder = RunRecorder(machine)
      let end = machine.run(limits: RunLimits(cycles: limit))
      recorder.finish(at: end.cycles)
      let s = Observation.statistics(machine, recorder, end)
      #expect(s.host.activeCycles + s.host.sleepCycles == s.cycles)
      #expect(s.accelerator.busyCycles + s.accelerator.stallCycles + s.accelerator.idleCycles == s.cycles)
      #expect(s.host.stallCycles <= s.host.activeCycles)
      let o = s.overhead
      #expect(o.acceleratorBusyCycles + o.acceleratorStallCycles + o.acceleratorIdleCycles == o.regionCycles)
      #expect(o.hostActiveCycles + o.hostSleepCycles == o.regionCycles)
      #expect(
        o.hostConfigureCycles + o.hostPollCycles + o.hostInterruptCycles + o.hostOtherCycles == o.hostActiveCycles)
      #expect(s.accelerator.perJob.map { $0.end + 1 - $0.start }.reduce(0, +) <= s.accelerator.busyCycles)
    }
  }

  @Test func `statistics count what happened before the end, not what was still to come`() {
    // By instructions the run may stop in the middle of a bubble; the job that ends inside it is over or not, never both.
    let whole = machine(Busy.everything)
    _ = whole.run(limits: patience)
    for limit in stride(from: 60, to: 1200, by: 7) as StrideTo<UInt64> {
      let machine = machine(Busy.everything)
      let recorder = RunRecorder(machine)
      let end = machine.run(limits: RunLimits(instructions: limit))
      recorder.finish(at: end.cycles)
      let s = Observation.statistics(machine, recorder, end)
      #expect(s.accelerator.busyCycles + s.accelerator.stallCycles + s.accelerator.idleCycles == s.cycles)
      let finished = s.accelerator.perJob.map { $0.end + 1 - $0.start }.reduce(0, +)
      let isRunning = machine.accelerator.isRunning
      #expect(isRunning || finished == s.accelerator.busyCycles, "at \(limit) instructions, cycle \(s.cycles)")
      for job in s.accelerator.perJob { #expect(job.end < end.cycles) }
    }
  }
}
