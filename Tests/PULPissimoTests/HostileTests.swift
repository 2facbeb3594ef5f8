// Nothing that a program does may crash or hang the emulator, and what it does is the same each time.
//
// PULPEMU_HOSTILE_PROGRAMS sets another number of programs, PULPEMU_SEED the first seed. A program that broke something
// is kept in Tests/FailCases/PULPissimo and runs again in each test run.

import Foundation
import HardwareModel
import Instrumentation
import PULPissimo
import RISCV
import RetentionAccelerator
import TestSupport
import Testing

@Suite struct HostileTests {
  static let count = UInt64(ProcessInfo.processInfo.environment["PULPEMU_HOSTILE_PROGRAMS"] ?? "") ?? 240
  static let firstSeed = UInt64(ProcessInfo.processInfo.environment["PULPEMU_SEED"] ?? "") ?? 1
  static let folder = Repository.path("Tests/FailCases/PULPissimo")
  static let limit: UInt64 = 60_000

  @Test(arguments: stride(from: 0, to: count, by: 24).map { $0 })
  func `hostile programs end in time, with true sums, and the same way twice`(_ batch: UInt64) throws {
    for seed in Self.firstSeed + batch..<Self.firstSeed + min(batch + 24, Self.count) {
      var generator = HostileGenerator(seed: seed)
      let program = generator.program()
      let start = Date()
      Self.check(program)
      // No assertion on host time; a number to look at when the suite is run by hand.
      let took = Date().timeIntervalSince(start)
      if took > 2 { print("\(program.name): \(took) s") }
    }
  }

  @Test func `programs that once did harm do none`() throws {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: Self.folder)) ?? []
    for name in names.sorted() where name.hasSuffix(".bin") {
      let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: Self.folder + "/" + name)))
      for profile in MachineConfiguration.Profile.allCases {
        var configuration = MachineConfiguration()
        configuration.profile = profile
        Self.check(HostileProgram(bytes: bytes, configuration: configuration, name: name))
      }
    }
  }

  static func check(_ program: HostileProgram) {
    if ProcessInfo.processInfo.environment["PULPEMU_HOSTILE_PROGRAMS"] != nil {
      // The name of a program that ends the process is the last one printed.
      FileHandle.standardError.write(Data("\(program.name)\n".utf8))
    }
    let machine = program.machine()
    let recorder = RunRecorder(machine)
    let end = machine.run(limits: RunLimits(cycles: limit))
    recorder.finish(at: end.cycles)
    let s = Observation.statistics(machine, recorder, end)
    #expect([.exit, .limit, .lockup].contains(end.reason), "\(program.name)")
    if end.reason == .limit { #expect(end.cycles == limit, "\(program.name)") }
    #expect(s.host.activeCycles &+ s.host.sleepCycles == s.cycles, "\(program.name)")
    #expect(s.host.activeCycles <= s.cycles, "\(program.name)")
    #expect(
      s.accelerator.busyCycles &+ s.accelerator.stallCycles &+ s.accelerator.idleCycles == s.cycles, "\(program.name)")
    #expect(s.accelerator.idleCycles <= s.cycles, "\(program.name)")
    let o = s.overhead
    #expect(
      o.acceleratorBusyCycles &+ o.acceleratorStallCycles &+ o.acceleratorIdleCycles == o.regionCycles,
      "\(program.name)")
    #expect(o.hostActiveCycles &+ o.hostSleepCycles == o.regionCycles, "\(program.name)")
    #expect(
      o.hostConfigureCycles &+ o.hostPollCycles &+ o.hostInterruptCycles &+ o.hostOtherCycles == o.hostActiveCycles,
      "\(program.name)")

    // Cut into slices and unobserved.
    let again = program.machine()
    var next: UInt64 = 0
    var second = end
    repeat {
      next = min(limit, next + 7919)
      second = again.run(limits: RunLimits(cycles: next))
    } while second.reason == .limit && next < limit
    #expect(second.reason == end.reason && second.cycles == end.cycles && second.pc == end.pc, "\(program.name)")
    #expect(again.hart.counters == machine.hart.counters, "\(program.name)")
    #expect(
      again.read(0x1C00_0000, count: again.l2.size) == machine.read(0x1C00_0000, count: machine.l2.size),
      "\(program.name)")
  }

  @Test(arguments: MachineConfiguration.Profile.allCases, [0xFFFF_FFFF, 0, 0x5555_5555] as [UInt32])
  func `every register of every block survives any value, with narrow and misaligned accesses`(
    profile: MachineConfiguration.Profile, value: UInt32
  ) {
    var configuration = MachineConfiguration()
    configuration.profile = profile
    // A program a block, since some registers hang the bus by design.
    for placed in MachineDescription.placedBlocks(profile) {
      let p = Assembly { p in
        p.li(.t1, value)
        for register in placed.block.registers where register.name != "CORESTATUS" {
          p.li(.t0, placed.base &+ register.offset)
          p.sw(.t1, 0, .t0)
          p.lw(.t2, 0, .t0)
          p.sb(.t1, 3, .t0)
          p.lh(.t2, 1, .t0)
          p.sh(.t1, 2, .t0)
          p.lw(.t2, 2, .t0)
        }
        p.addi(.s0, .zero, 1000)
        p.label("wait")
        p.addi(.s0, .s0, -1)
        p.bne(.s0, .zero, "wait")
        p.exit(1)
      }
      let end = machine(p, configuration).run(limits: RunLimits(cycles: 200_000))
      #expect([.exit, .lockup, .limit].contains(end.reason), "\(placed.name)")
    }
  }

  @Test func `a stack that grows through all of memory ends at the limit`() {
    let machine = machine(
      Assembly { p in
        p.li(.sp, 0x1C00_9000)
        p.label("recurse")
        p.addi(.sp, .sp, -16)
        p.sw(.ra, 12, .sp)
        p.jal(.ra, "recurse")
      })
    // It overwrites itself, executes its own return addresses, and is lost one way or the other.
    let end = machine.run(limits: RunLimits(cycles: 1_000_000))
    #expect([.limit, .lockup].contains(end.reason))
  }

  @Test func `a program that marches through nowhere is reported with bounds`() {
    let machine = machine(
      Assembly { p in
        p.la(.t0, "handler")
        p.csrw(0x305, .t0)
        p.li(.t1, 0x2000_0000)
        p.jr(.t1)
        p.align(to: 0x1C00_8100)
        p.label("handler")
        p.csrr(.t0, 0x341)
        p.addi(.t0, .t0, 64)
        p.csrw(0x341, .t0)
        p.mret()
      })
    var count = 0
    machine.onDiagnostic = { _ in count += 1 }
    let end = machine.run(limits: RunLimits(cycles: 500_000))
    #expect(end.reason == .limit)
    #expect(machine.hart.counters.exceptions > 10_000)
    #expect(count <= 5000)
  }

  @Test func `the pc may run over the end of the address space`() {
    let machine = machine(
      Assembly { p in
        p.la(.t0, "handler")
        p.csrw(0x305, .t0)
        p.li(.t1, 0xFFFF_FFFE)
        p.jr(.t1)
        p.align(to: 0x1C00_8100)
        p.label("handler")
        p.csrr(.a0, 0x341)
        p.csrr(.a1, 0x342)
        p.exit(1)
      })
    #expect(machine.run(limits: patience).code == 1)
    #expect(machine.hart[register: 10] == 0xFFFF_FFFE)
    #expect(machine.hart[register: 11] == 2)
  }

  @Test func `code that rewrites itself runs as it was written last, in both engines and through both addresses`() {
    for usesBlocks in [true, false] {
      for alias in [false, true] {
        var configuration = MachineConfiguration()
        configuration.hart.blockEngine = usesBlocks
        // addi a0, a0, 1 becomes addi a0, a0, 100 in the hot loop, halfway.
        let program = Assembly { p in
          p.la(.s0, "patched")
          if alias {
            p.slli(.s0, .s0, 12)
            p.srli(.s0, .s0, 12)
          }
          p.li(.s1, 0x0645_0513)
          p.addi(.s2, .zero, 200)
          p.addi(.s3, .zero, 100)
          p.label("loop")
          p.label("patched")
          p.addi(.a0, .a0, 1)
          p.addi(.s2, .s2, -1)
          p.bne(.s2, .s3, "skip")
          p.sw(.s1, 0, .s0)
          p.label("skip")
          p.bne(.s2, .zero, "loop")
          p.exit()
        }
        let machine = machine(program, configuration)
        #expect(machine.run(limits: patience).reason == .exit)
        #expect(machine.hart[register: 10] == 100 + 100 * 100)
      }
    }
  }
}

@Suite struct AbandonedArithmeticTests {
  /// 65535 x 65535 x 65535 multiply-accumulates from overlapping rows: legal, and hours of work.
  static let endless = Job.argmax(rows: 65535, columns: 65535, inner: 65535, xStride: 4, wStride: 4)

  static func sleeper(_ job: [UInt32]) -> Assembly {
    Assembly { p in
      p.li(.s0, At.reta)
      p.enableDoneInterrupt(vectors: "vectors")
      p.submit(job)
      p.wfi()
      p.lw(.a0, 0x0C, .s0)
      p.exit(1)
      p.align(to: 0x1C00_8300)
      p.label("vectors")
    }
  }

  @Test func `arithmetic that would take hours is given up when the run is over, and ends it at once`() {
    let machine = machine(Self.sleeper(Self.endless))
    var questions = 0
    machine.isAbandoned = {
      questions += 1
      return questions == 3
    }
    let end = machine.run()
    #expect(end.reason == .interrupted)
    #expect(questions == 3)
    // The job itself was over: about 2^48 / 256 cycles have passed.
    #expect(end.cycles > 1 << 40)
    #expect(machine.accelerator.totals(at: end.cycles).macs == 65535 * 65535 * 65535)
  }

  @Test func `as long as nobody gives up, being asked changes nothing`() {
    let job = Job.argmax(rows: 60, columns: 900, inner: 900, xStride: 4, wStride: 4)
    let asked = machine(Self.sleeper(job))
    var questions = 0
    asked.isAbandoned = {
      questions += 1
      return false
    }
    asked.write((0..<8000).map { UInt8(truncatingIfNeeded: $0 &* $0 &* 31 >> 3) }, at: 0x1C01_0000)
    let plain = machine(Self.sleeper(job))
    plain.write((0..<8000).map { UInt8(truncatingIfNeeded: $0 &* $0 &* 31 >> 3) }, at: 0x1C01_0000)
    #expect(Observation(asked) == Observation(plain))
    #expect(questions >= 2)
  }

  @Test func `broadcast rows of W and X give what separate equal rows give`() {
    func result(_ wStride: UInt32, _ xStride: UInt32) -> [UInt8] {
      var job = Job.argmax(rows: 3, columns: 8, inner: 64, xStride: xStride, wStride: wStride)
      job[0] = UInt32(Opcode.linear.rawValue) | 1 << 10 | 1 << 12
      job[5] = 32 << 16
      job[7] = 0x1C02_0000
      job[8] = 0x1C04_0000
      job[12] = 0x1C03_0000
      let machine = machine(Self.sleeper(job))
      for row in 0..<8 as Range<UInt32> {
        machine.write((0..<64).map { UInt8(truncatingIfNeeded: $0 * 7 + 3) }, at: 0x1C01_0000 + 64 * row)
        machine.write((0..<64).map { UInt8(truncatingIfNeeded: $0 * $0 + 1) }, at: 0x1C02_0000 + 64 * row)
        machine.put(1000 * row, at: 0x1C04_0000 + 4 * row)
      }
      #expect(machine.run(limits: patience).code == 1)
      return machine.read(0x1C03_0000, count: 96) ?? []
    }
    let separate = result(64, 64)
    #expect(separate.contains { $0 != 0 })
    #expect(result(0, 64) == separate)
    #expect(result(64, 0) == separate)
    #expect(result(0, 0) == separate)
  }
}
