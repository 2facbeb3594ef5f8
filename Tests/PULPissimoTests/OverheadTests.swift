// Whose cycle is it: the classes, the region and the latencies of the overhead report, against the definitions.
//
// The expected figures are computed from the cycle T in which each instruction left ID, as an instruction observer sees
// it, so that they do not depend on what the report is made from.

import HardwareModel
import Instrumentation
import PULPissimo
import RISCV
import RetentionAccelerator
import TestSupport
import Testing

/// Every T of a run by pc.
final class IssueLog: InstructionObserver {
  private(set) var issues: [(pc: UInt32, t: Cycle)] = []
  private(set) var traps: [(cause: UInt32, cycle: Cycle)] = []

  func issuing(_ instruction: Instruction, pc: Address, at cycle: Cycle, hart: Hart) { issues.append((pc, cycle)) }
  func executed(_ instruction: Instruction, pc: Address, at cycle: Cycle, hart: Hart) {}
  func loaded(_ rd: Int, _ value: UInt32, pc: Address) {}
  func tookTrap(cause: UInt32, pc: Address, target: Address, at cycle: Cycle) { traps.append((cause, cycle)) }

  /// T of every execution of the instruction at `pc`.
  func times(_ pc: UInt32) -> [Cycle] { issues.filter { $0.pc == pc }.map(\.t) }
  /// T of the instruction that was executed after the last one at `pc`.
  func after(_ pc: UInt32) -> Cycle? {
    guard let index = issues.lastIndex(where: { $0.pc == pc }), index + 1 < issues.count else { return nil }
    return issues[index + 1].t
  }
}

/// A program, its report, and the log of a second, logged run of the same program.
struct Measured {
  let program: Assembly
  let report: OverheadReport
  let log = IssueLog()
  let statistics: Statistics
  /// Instructions by address, from a third run.
  let profile: [(address: UInt32, instructions: UInt64)]

  init(
    region: (String, String)? = nil, _ configuration: MachineConfiguration = MachineConfiguration(),
    _ body: (Assembly) -> Void
  ) {
    let program = Assembly(body)
    self.program = program
    let addresses = region.map { (begin: program.address($0.0), end: program.address($0.1)) }
    func run(_ log: IssueLog?, profiles: Bool = false) -> (Statistics, RunRecorder) {
      let machine = machine(program, configuration)
      let recorder = RunRecorder(machine, region: addresses, profiles: profiles)
      machine.hart.instructionObserver = log
      let end = machine.run(limits: patience)
      recorder.finish(at: end.cycles)
      return (Observation.statistics(machine, recorder, end), recorder)
    }
    statistics = run(nil).0
    report = statistics.overhead
    let (profiled, recorder) = run(nil, profiles: true)
    profile = recorder.profile?.counts ?? []
    #expect(profiled.cycles == statistics.cycles && profiled.instructions == statistics.instructions)
    let logged = run(log).0
    #expect(Observation.json(logged) == Observation.json(statistics), "observing changes nothing")
    #expect(statistics.exit.reason == "exit", "\(statistics.exit)")
    checkSums()
  }

  func checkSums() {
    let o = report
    #expect(o.acceleratorBusyCycles + o.acceleratorStallCycles + o.acceleratorIdleCycles == o.regionCycles)
    #expect(o.hostActiveCycles + o.hostSleepCycles == o.regionCycles)
    #expect(o.hostConfigureCycles + o.hostPollCycles + o.hostInterruptCycles + o.hostOtherCycles == o.hostActiveCycles)
    #expect(profile.reduce(0) { $0 + $1.instructions } == o.hostInstructions, "instructions by address")
    #expect(o.registers.reduce(0) { $0 + $1.reads } == UInt64(o.mmioReads), "reads by register")
    #expect(o.registers.reduce(0) { $0 + $1.writes } == UInt64(o.mmioWrites), "writes by register")
    #expect(o.work.cycles == o.acceleratorBusyCycles + o.acceleratorStallCycles)
    #expect((o.gaps?.max ?? 0) <= o.acceleratorIdleCycles && (o.gaps == nil) == (o.acceleratorIdleCycles == 0))
  }

  func times(_ label: String) -> [Cycle] { log.times(program.address(label)) }
}

@Suite struct OverheadTests {
  static let job = Job.copy(rows: 4, columns: 512)

  @Test func `the region begins after the trigger and ends with the last job`() throws {
    let m = Measured { p in
      p.li(.s0, At.reta)
      p.submit(Self.job)
      p.pollStatus("one")
      p.nops(50)
      p.submit(Self.job)
      p.pollStatus("two")
      p.nops(30)
      p.exit()
    }
    let jobs = m.statistics.accelerator.perJob
    #expect(jobs.count == 2)
    let first = try #require(jobs.first)
    let last = try #require(jobs.last)
    #expect(m.report.regionCycles == last.end + 1 - first.start)
    #expect(m.report.acceleratorBusyCycles == first.end + 1 - first.start + last.end + 1 - last.start)
    #expect(m.report.jobs == 2)
    #expect(m.report.latencies["triggerToStart"]?.max == 1)
    #expect(m.report.latencies["triggerToStart"]?.count == 2)
    #expect(m.report.latencies["doneToInterrupt"] == nil)
    #expect(m.report.latencies["doneToTrigger"]?.count == 1)
    #expect(m.report.interrupts == 0)
    #expect(m.report.interventionRatio == Double(m.report.hostActiveCycles) / Double(m.report.acceleratorBusyCycles))
  }

  @Test func `instructions are counted where they were executed, and only in the region`() throws {
    let m = Measured { p in
      p.li(.s0, At.reta)
      p.submit(Self.job)
      p.pollStatus("one")
      p.li(.t3, 40)
      p.label("between")
      p.addi(.t3, .t3, -1)
      p.bne(.t3, .zero, "between")
      p.submit(Self.job)
      p.pollStatus("two")
      p.li(.t3, 99)
      p.label("after")
      p.addi(.t3, .t3, -1)
      p.bne(.t3, .zero, "after")
      p.exit()
    }
    let counts = Dictionary(uniqueKeysWithValues: m.profile.map { ($0.address, $0.instructions) })
    #expect(counts[m.program.address("between")] == 40)
    #expect(counts[m.program.address("after")] == nil)
    let end = try #require(m.statistics.accelerator.perJob.last?.end)
    let looks = m.times("two").filter { $0 <= end }.count
    #expect(looks > 2 && counts[m.program.address("two")] == UInt64(looks))
    let gap = try #require(m.report.gaps)
    #expect(gap.count == 1 && gap.min == m.report.acceleratorIdleCycles)
  }

  @Test func `energy is what the specification's formula gives`() {
    var assumptions = EnergyAssumptions()
    assumptions.hostCycle = 3
    let m = Measured { p in
      p.li(.s0, At.reta)
      p.submit(Self.job)
      p.pollStatus("one")
      p.exit()
    }
    let energy = EnergyReport(assumptions, m.statistics)
    let o = m.report
    // 4 rows of 512 bytes, read once and written once.
    #expect(o.work.bytesRead == 2048 && o.work.bytesWritten == 2048 && o.work.macs == 0)
    let host = 3 * Double(o.hostActiveCycles)
    #expect(abs(energy.region.total - (7.0 * 1024 + Double(o.work.cycles) + host)) < 1e-6)
    #expect(energy.region.host == host && energy.region.macs == 0)
  }

  @Test func `without a job everything is 0 and the ratio is null`() {
    let m = Measured { p in
      p.li(.s0, At.reta)
      p.lw(.s1, 4, .s0)
      p.exit()
    }
    #expect(m.report.regionCycles == 0)
    #expect(m.report.interventionRatio == nil)
    #expect(m.report.latencies.isEmpty)
    #expect(m.report.setupCycles == 0)
    #expect(Observation.json(m.report).contains("\"interventionRatio\" : null"))
  }

  @Test func `a loop that only looks is polling, from its first look to its last`() throws {
    let m = Measured(region: ("begin", "end")) { p in
      p.li(.s0, At.reta)
      p.submit(Self.job)
      p.nops(10)
      p.label("begin")
      p.nop()
      p.pollStatus()
      p.nops(10)
      p.label("end")
      p.exit()
    }
    let looks = m.times("poll")
    #expect(looks.count > 5)
    #expect(m.report.hostPollCycles == (try #require(looks.last)) - (try #require(looks.first)))
    #expect(m.report.mmioReads == looks.count)
    #expect(m.report.mmioWrites == 0)
    #expect(m.report.regionCycles == m.times("end")[0] - m.times("begin")[0])
    #expect(m.report.hostConfigureCycles == 0)
  }

  /// Runs a polling loop with `extra` in its body; the cycles between its first and its last look, and the report.
  static func polling(_ extra: (Assembly) -> Void) -> (looks: Cycle, report: OverheadReport) {
    let m = Measured(region: ("begin", "end")) { p in
      p.li(.sp, 0x1C00_A000)
      p.li(.s0, At.reta)
      p.li(.s2, At.timer)
      p.li(.s3, 0x1C00_9000)
      p.submit(Job.copy(rows: 8, columns: 2048))
      p.label("begin")
      p.nop()
      p.label("poll")
      p.lw(.t1, 0x0C, .s0)
      extra(p)
      p.slli(.t1, .t1, 16)
      p.bne(.t1, .zero, "poll")
      p.label("end")
      p.exit()
    }
    let looks = m.times("poll")
    return ((looks.last ?? 0) - (looks.first ?? 0), m.report)
  }

  @Test func `a store between two looks ends polling, unless it goes through sp`() {
    let stored = Self.polling { $0.sw(.t1, 0, .s3) }
    #expect(stored.report.hostPollCycles == 0)
    let pushed = Self.polling { $0.sw(.t1, 4, .sp) }
    #expect(pushed.report.hostPollCycles == pushed.looks)
    #expect(pushed.looks > 100)
  }

  @Test func `seven other register accesses between two looks are still polling, eight are not`() {
    func accesses(_ count: Int) -> (Assembly) -> Void { { p in for _ in 0..<count { p.lw(.t2, 0, .s2) } } }
    let seven = Self.polling(accesses(7))
    #expect(seven.report.hostPollCycles == seven.looks)
    #expect(seven.looks > 100)
    #expect(Self.polling(accesses(8)).report.hostPollCycles == 0)
    // Loads from memory do not count.
    let memory = Self.polling { p in for _ in 0..<20 { p.lw(.t2, 0, .s3) } }
    #expect(memory.report.hostPollCycles == memory.looks)
  }

  @Test func `looks of different instructions, or at other blocks, are no polling`() {
    let m = Measured(region: ("begin", "end")) { p in
      p.li(.s0, At.reta)
      p.li(.s2, At.timer)
      p.submit(Self.job)
      p.nops(10)
      p.label("begin")
      for _ in 0..<20 { p.lw(.t1, 0x0C, .s0) }
      p.addi(.s3, .zero, 20)
      p.label("timer")
      p.lw(.t1, 8, .s2)
      p.addi(.s3, .s3, -1)
      p.bne(.s3, .zero, "timer")
      p.label("end")
      p.exit()
    }
    #expect(m.report.hostPollCycles == 0)
    #expect(m.report.mmioReads == 40)
    #expect(m.report.hostOtherCycles == m.report.hostActiveCycles)
  }

  @Test func `one instruction that looks at two registers in turn is not polling`() {
    let m = Measured(region: ("begin", "end")) { p in
      p.li(.s0, At.reta)
      p.addi(.s1, .s0, 4)
      p.addi(.s3, .zero, 20)
      p.label("begin")
      p.lw(.t1, 0x0C, .s0)
      p.xor(.s0, .s0, .s1)
      p.xor(.s1, .s0, .s1)
      p.xor(.s0, .s0, .s1)
      p.addi(.s3, .s3, -1)
      p.bne(.s3, .zero, "begin")
      p.label("end")
      p.exit()
    }
    #expect(m.report.hostPollCycles == 0)
  }

  @Test func `sleep inside a polling loop stays asleep`() {
    let m = Measured(region: ("begin", "end")) { p in
      p.li(.s0, At.reta)
      p.enableDoneInterrupt(vectors: "vectors")
      p.submit(Job.copy(rows: 8, columns: 2048))
      p.label("begin")
      p.nop()
      p.label("poll")
      p.lw(.t1, 0x0C, .s0)
      p.slli(.t1, .t1, 16)
      p.beq(.t1, .zero, "out")
      p.wfi()
      p.j("poll")
      p.label("out")
      p.nop()
      p.label("end")
      p.exit()
      p.align(to: 0x1C00_8300)
      p.label("vectors")
      p.nop()
    }
    let looks = m.times("poll")
    #expect(looks.count == 2)
    #expect(m.report.hostSleepCycles == m.statistics.host.sleepCycles)
    #expect(m.report.hostSleepCycles > 1000)
    #expect(m.report.hostPollCycles == looks[1] - looks[0] - m.report.hostSleepCycles)
  }

  @Test func `configuring goes from ACQUIRE to the answer of TRIGGER`() {
    let m = Measured(region: ("begin", "end")) { p in
      p.li(.s0, At.reta)
      p.label("begin")
      p.nops(5)
      p.label("acquire")
      p.lw(.s1, 4, .s0)
      p.program(Self.job)
      p.nops(7)
      p.label("trigger")
      p.sw(.zero, 0, .s0)
      p.nops(30)
      p.label("end")
      p.exit()
    }
    // A lone store: requested at T + 1, answered 4 cycles later (pulpissimo.md 7.4).
    #expect(m.report.hostConfigureCycles == m.times("trigger")[0] + 5 - m.times("acquire")[0] + 1)
    #expect(m.report.hostOtherCycles == m.report.hostActiveCycles - m.report.hostConfigureCycles)
  }

  @Test func `a refused ACQUIRE and writes to other registers do not open configuring; a base register does`() {
    let m = Measured(region: ("begin", "end")) { p in
      p.li(.s0, At.reta)
      p.submit(Job.copy(rows: 8, columns: 2048))
      p.submit(Self.job)
      p.nops(10)
      p.label("begin")
      p.lw(.s1, 4, .s0)
      p.sw(.s1, 0x20, .s0)
      p.nops(20)
      p.label("base")
      p.sw(.zero, 0x24, .s0)
      p.nops(9)
      p.label("clear")
      p.sw(.zero, 0x14, .s0)
      p.nops(10)
      p.label("end")
      p.exit()
    }
    #expect(m.statistics.accelerator.jobs == 0)
    #expect(m.report.hostConfigureCycles == m.times("clear")[0] + 5 - m.times("base")[0] + 1)
  }

  @Test
  func `the interrupt class lasts from K to the first instruction behind the last MRET, exceptions inside it too`()
    throws
  {
    let m = Measured { p in
      p.li(.s0, At.reta)
      p.enableDoneInterrupt(vectors: "vectors")
      p.csrsi(0x300, 8)
      p.submit(Self.job)
      p.label("spin")
      p.beq(.s10, .zero, "spin")
      p.submit(Self.job)
      p.pollStatus()
      p.exit()
      p.align(to: 0x1C00_8300)
      p.label("vectors")
      p.j("exception")
      for line in 1..<32 { if line == 26 { p.j("done") } else { p.nop() } }
      p.label("exception")
      p.csrr(.s11, 0x341)
      p.addi(.s11, .s11, 4)
      p.csrw(0x341, .s11)
      p.mret()
      p.label("done")
      p.addi(.s10, .s10, 1)
      p.csrr(.s8, 0x341)
      p.csrr(.s9, 0x300)
      p.ecall()
      p.sw(.s10, 0x20, .s0)
      p.csrw(0x341, .s8)
      p.csrw(0x300, .s9)
      p.label("return")
      p.mret()
    }
    #expect(m.report.interrupts >= 1)
    #expect(m.statistics.host.exceptions == m.statistics.host.interruptsTaken)
    let taken = m.log.traps.filter { $0.cause == 0x8000_001A }.map(\.cycle)
    let back = m.log.issues.indices.filter { m.log.issues[$0].pc == m.program.address("return") }
      .compactMap { $0 + 1 < m.log.issues.count ? m.log.issues[$0 + 1].t : nil }
    #expect(taken.count == 2)
    // The second one comes when the region has ended: with the event of the last job.
    let first = try #require(m.statistics.accelerator.perJob.first)
    let last = try #require(m.statistics.accelerator.perJob.last)
    var expected: Cycle = 0
    for (k, t) in zip(taken, back) {
      expected += max(min(t, last.end + 1), first.start) - max(min(k, last.end + 1), first.start)
    }
    #expect(m.report.hostInterruptCycles == expected)
    #expect(m.report.latencies["doneToInterrupt"]?.min == taken[0] - first.end)
    // The store to SCRATCH in the handler acknowledges the first job.
    #expect(m.report.latencies["doneToAcknowledge"]?.count == 2)
  }

  @Test func `polling outside interrupts is not broken by what a handler stores`() {
    let m = Measured(region: ("begin", "end")) { p in
      p.li(.s0, At.reta)
      p.li(.s3, 0x1C00_9000)
      p.la(.t0, "vectors")
      p.addi(.t0, .t0, 1)
      p.csrw(0x305, .t0)
      p.store(1 << 10, at: At.itc + 4)
      p.store(300, at: At.timer + 0x10)
      p.store(0x15, at: At.timer)
      p.csrsi(0x300, 8)
      p.submit(Job.copy(rows: 8, columns: 2048))
      p.label("begin")
      p.nop()
      p.pollStatus()
      p.label("end")
      p.csrci(0x300, 8)
      p.exit()
      p.align(to: 0x1C00_8300)
      p.label("vectors")
      for line in 0..<32 { if line == 10 { p.j("tick") } else { p.nop() } }
      p.label("tick")
      for offset in 0..<12 { p.sw(.s3, 4 * offset, .s3) }
      for _ in 0..<12 { p.lw(.s11, 8, .s0) }
      p.mret()
    }
    let looks = m.times("poll")
    #expect(m.report.interrupts > 5)
    #expect(m.report.hostPollCycles + m.report.hostInterruptCycles >= looks[looks.count - 1] - looks[0])
    #expect(m.report.hostPollCycles > 1000)
  }

  @Test func `a region between symbols opens again, and its figures add up`() {
    let m = Measured(region: ("begin", "end")) { p in
      p.li(.s0, At.reta)
      p.addi(.s2, .zero, 5)
      p.label("again")
      p.nops(13)
      p.label("begin")
      p.lw(.t0, 0x20, .s0)
      p.nops(4)
      p.label("end")
      p.nop()
      p.lw(.t0, 0x20, .s0)
      p.addi(.s2, .s2, -1)
      p.bne(.s2, .zero, "again")
      p.exit()
    }
    let begins = m.times("begin")
    let ends = m.times("end")
    #expect(begins.count == 5)
    #expect(m.report.regionCycles == zip(begins, ends).map { $1 - $0 }.reduce(0, +))
    #expect(m.report.hostInstructions == 25)
    #expect(m.report.mmioReads == 5)
  }

  @Test func `a region that is still open ends with the run`() {
    let m = Measured(region: ("begin", "never")) { p in
      p.li(.s0, At.reta)
      p.label("begin")
      p.lw(.t0, 0x20, .s0)
      p.exit()
      p.label("never")
      p.nop()
    }
    #expect(m.report.regionCycles == m.statistics.cycles - m.times("begin")[0])
  }

  @Test func `queued jobs: the pause between them is idle time of the region, triggers to free contexts count`() throws
  {
    let m = Measured { p in
      p.li(.s0, At.reta)
      p.submit(Job.copy(rows: 8, columns: 2048))
      p.submit(Self.job)
      p.pollStatus()
      p.exit()
    }
    let jobs = m.statistics.accelerator.perJob
    #expect(jobs.count == 2)
    #expect(m.report.jobs == 2)
    #expect(jobs[1].start == jobs[0].end + 1)
    #expect(m.report.acceleratorIdleCycles == 0)
    let latency = try #require(m.report.latencies["triggerToStart"])
    #expect(latency.count == 2)
    #expect(latency.min == 1)
    #expect(latency.max > 1)
    // Only the last one was done with no other committed, and no trigger follows.
    #expect(m.report.latencies["doneToTrigger"] == nil)
  }

  @Test func `an aborted job is in the list of jobs, and in no figure of the region but its time`() throws {
    let m = Measured { p in
      p.li(.s0, At.reta)
      p.submit(Job.copy(rows: 8, columns: 2048))
      p.sw(.zero, 0x14, .s0)
      p.nops(20)
      p.submit(Self.job)
      p.pollStatus()
      p.exit()
    }
    let jobs = m.statistics.accelerator.perJob
    #expect(jobs.map(\.aborted) == [true, false])
    #expect(m.report.jobs == 1)
    #expect(m.statistics.accelerator.jobs == 1)
    #expect(m.report.latencies["triggerToStart"]?.count == 1)
    #expect(m.report.regionCycles == jobs[1].end + 1 - jobs[0].start)
  }

  @Test func `set-up and notice are reported beside the region`() throws {
    let m = Measured { p in
      p.li(.s0, At.reta)
      p.label("first")
      p.lw(.t0, 0x400, .s0)
      p.nops(9)
      p.lw(.s1, 4, .s0)
      p.program(Self.job)
      p.label("trigger")
      p.sw(.zero, 0, .s0)
      p.addi(.s2, .zero, 400)
      p.label("delay")
      p.addi(.s2, .s2, -1)
      p.bne(.s2, .zero, "delay")
      p.label("notice")
      p.lw(.t0, 0x0C, .s0)
      p.exit()
    }
    // The trigger takes effect in the cycle before the job's first; a lone access 4 cycles after T.
    let job = try #require(m.statistics.accelerator.perJob.first)
    #expect(m.report.setupCycles == job.start - 1 - m.times("first")[0] + 1)
    let done = job.end
    #expect(m.report.noticeCycles == m.times("notice")[0] + 4 - done)
    #expect(m.report.latencies["doneToAcknowledge"]?.median == m.times("notice")[0] + 4 - done)
  }

  @Test func `register accesses are counted by block and register, split ones twice`() {
    let m = Measured { p in
      p.li(.s0, At.reta)
      p.sw(.zero, 0x20, .s0)
      p.lw(.t0, 0x20, .s0)
      p.lw(.t0, 0x21, .s0)
      p.lw(.t0, 0x23, .s0)
      p.li(.s2, 0x1A10_7000)
      p.lw(.t0, 0, .s2)
      p.exit()
    }
    func accesses(_ block: String, _ register: String) -> [UInt64] {
      m.statistics.host.mmio.filter { $0.block == block && $0.register == register }.flatMap { [$0.reads, $0.writes] }
    }
    #expect(accesses("RETA", "SCRATCH") == [3, 1])
    #expect(accesses("RETA", "BASE1") == [2, 0])
    #expect(accesses("SOC_CTRL", "CORESTATUS") == [0, 1])
    #expect(m.statistics.host.loads == 4)
  }
}

@Suite struct IntervalTests {
  @Test func `sets of cycles agree with sets of numbers`() {
    var random = SplitMix64(seed: 7)
    for _ in 0..<300 {
      func sample() -> (CycleIntervals, Set<Cycle>) {
        var intervals = CycleIntervals()
        var numbers: Set<Cycle> = []
        for _ in 0..<Int.random(in: 0..<8, using: &random) {
          let from = Cycle.random(in: 0..<60, using: &random)
          let until = Cycle.random(in: 0..<70, using: &random)
          intervals.insert(from: from, until: until)
          if from < until { numbers.formUnion(from..<until) }
        }
        return (intervals, numbers)
      }
      let (a, x) = sample()
      let (b, y) = sample()
      #expect(a.count == Cycle(x.count))
      #expect(a.intersection(b).count == Cycle(x.intersection(y).count))
      #expect(a.subtracting(b).count == Cycle(x.subtracting(y).count))
      for cycle in 0..<72 as Range<Cycle> {
        #expect(a.contains(cycle) == x.contains(cycle))
        #expect(a.subtracting(b).contains(cycle) == (x.contains(cycle) && !y.contains(cycle)))
      }
      for (first, second) in zip(a.intervals, a.intervals.dropFirst()) { #expect(first.upperBound < second.lowerBound) }
    }
  }
}
