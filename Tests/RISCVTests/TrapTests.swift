// Traps: entry, return, vectors, priorities, WFI.
//
// Source: `cv32e40p-timing.md` sections 2.4 and 5 (measured on the RTL); `pulpissimo.md` sections 2.3 to 2.5.

import HardwareModel
import PULPissimo
import RISCV
import TestSupport
import Testing

@Suite struct TrapTests {
  /// Instructions that enable line mask `x6` in the interrupt controller and raise `x7`.
  private static let raise: [Instruction] =
    CoreBench.constant(5, CoreBench.interruptController) + [
      Instruction(.sw, rs1: 5, rs2: 6, immediate: 0), Instruction(.sw, rs1: 5, rs2: 7, immediate: 0x10),
      Instruction(.lw, rd: 0, rs1: 5, immediate: 0x0C),
    ]

  /// A table of 32 jumps to themselves.
  private static func writeVectors(_ bench: CoreBench) {
    bench.machine.write([Instruction](repeating: Instruction(.jal), count: 32), at: CoreBench.vectors)
  }

  @Test(arguments: [(11, 0x0000_0073), (3, 0x0010_0073), (2, 0xFFFF_FFFF)] as [(UInt32, UInt32)])
  func anExceptionEntersAtTheBaseEvenInVectoredMode(_ cause: UInt32, _ word: UInt32) {
    for mode in [0, 1] as [UInt32] {
      let bench = CoreBench()
      Self.writeVectors(bench)
      bench.machine.write(ProgramWord.bytes([0x3004_6073, word]), at: CoreBench.code)  // csrsi mstatus, 8
      bench.boot(mtvec: CoreBench.vectors | mode)
      bench.run(cycles: 30)
      let hart = bench.hart
      #expect(hart.pc == CoreBench.vectors)
      #expect(hart.counters.exceptions == 1)
      #expect(bench.csr(0x342) == cause)
      #expect(bench.csr(0x341) == CoreBench.code + 4)
      #expect(bench.csr(0x343) == 0)
      #expect(bench.csr(0x300) == 0x1880, "MPIE holds the old MIE, MIE is off")
    }
  }

  @Test func mretRestoresMIEAndSetsMPIE() {
    for mpie in [false, true] {
      let bench = CoreBench()
      bench.start(
        CoreBench.constant(5, CoreBench.code + 0x100) + [
          Instruction(.csrrw, rs1: 5, csr: 0x341), Instruction(.addi, rd: 6, immediate: mpie ? 0x80 : 0),
          Instruction(.csrrw, rs1: 6, csr: 0x300), Instruction(.mret),
        ])
      bench.machine.write([Instruction(.jal)], at: CoreBench.code + 0x100)
      bench.run(cycles: 40)
      #expect(bench.hart.pc == CoreBench.code + 0x100)
      let expected: UInt32 = mpie ? 0x1888 : 0x1880
      #expect(bench.csr(0x300) == expected)
    }
  }

  @Test func mppReadsMachineModeWhateverIsWritten() {
    let bench = CoreBench()
    bench.start([Instruction(.csrrw, rs1: 0, csr: 0x300), Instruction(.csrrs, rd: 6, csr: 0x300)])
    bench.step(2)
    #expect(bench.hart[register: 6] == 0x1800)
  }

  @Test(arguments: 0..<32)
  func everyLineHasItsVectorAndItsCause(_ line: Int) {
    for mode in [0, 1] as [UInt32] {
      let bench = CoreBench()
      Self.writeVectors(bench)
      bench.start(
        Self.raise + [Instruction(.csrrsi, immediate: 8, csr: 0x300)], mtvec: CoreBench.vectors | mode,
        registers: [6: .max, 7: 1 << UInt32(line)])
      bench.run(cycles: 60)
      #expect(bench.hart.counters.interrupts == 1)
      #expect(bench.hart.pc == CoreBench.vectors + (mode == 1 ? UInt32(4 * line) : 0))
      #expect(bench.csr(0x342) == 0x8000_0000 | UInt32(line))
      #expect(bench.csr(0x300) == 0x1880)
      // The core's acknowledge has cleared the pending bit.
      #expect(bench.machine.bus.peek(0x1A10_980C, at: bench.hart.cycle) == 0)
    }
  }

  /// The controller shows the core one line at a time, the highest first.
  @Test func throughTheControllerInterruptsAreTakenFromTheHighestDown() {
    let bench = CoreBench()
    // Every vector: append the cause to a list at x20, return.
    let handler =
      [
        Instruction(.csrrs, rd: 28, csr: 0x342), Instruction(.sb, rs1: 20, rs2: 28),
        Instruction(.addi, rd: 20, rs1: 20, immediate: 1), Instruction(.mret),
      ]
    bench.machine.write(handler, at: CoreBench.vectors)
    bench.start(
      Self.raise + [Instruction(.csrrsi, immediate: 8, csr: 0x300)], mtvec: CoreBench.vectors,
      registers: [6: .max, 7: .max, 20: CoreBench.data])
    bench.run(cycles: 2000)
    let order = (bench.machine.read(CoreBench.data, count: 32) ?? []).map { Int($0) }
    #expect(order == (0..<32).reversed())
    #expect(bench.hart.counters.interrupts >= 32, "the reference clock may have raised its line again")
  }

  /// mip shows the line that the controller presents, whatever mie says; a line behind it is hidden.
  @Test func mipShowsTheHighestPendingEnabledLine() {
    let bench = CoreBench()
    bench.start(
      [Instruction(.csrrw, rs1: 0, csr: 0x304)] + Self.raise + [
        Instruction(.csrrs, rd: 8, csr: 0x344), Instruction(.addi, rd: 9, immediate: .max),
        Instruction(.csrrw, rs1: 9, csr: 0x344), Instruction(.csrrs, rd: 9, csr: 0x344),
      ], registers: [6: 0x0000_0FFF, 7: 0x0001_0410])
    bench.run(cycles: 60)
    #expect(bench.hart[register: 8] == 1 << 10, "line 16 is not enabled in the controller")
    #expect(bench.hart[register: 9] == 1 << 10, "writes are ignored")
    #expect(bench.hart.counters.exceptions == 0)
  }

  @Test func aLineDisabledInMieHidesLowerOnes() {
    let bench = CoreBench()
    Self.writeVectors(bench)
    bench.start(
      CoreBench.constant(9, ~(1 << 12)) + [Instruction(.csrrw, rs1: 9, csr: 0x304)] + Self.raise
        + [Instruction(.csrrsi, immediate: 8, csr: 0x300)],
      registers: [6: .max, 7: 1 << 12 | 1 << 5])
    bench.run(cycles: 100)
    #expect(bench.hart.counters.interrupts == 0)
  }

  // MARK: When

  /// Records T of watched instructions and K of interrupts.
  private final class Watch: HartObserver {
    var interrupts: [(line: Int, k: Cycle, pc: UInt32)] = []
    var issues: [UInt32: [Cycle]] = [:]
    var sleeps: [(from: Cycle, until: Cycle)] = []
    func accessed(_ access: BusAccess) {}
    func tookInterrupt(_ line: Int, at cycle: Cycle, pc: UInt32) { interrupts.append((line, cycle, pc)) }
    func tookException(_ cause: UInt32, at cycle: Cycle, pc: UInt32) {}
    func returned(at cycle: Cycle) {}
    func resumed(at cycle: Cycle) {}
    func slept(from: Cycle, until: Cycle) { sleeps.append((from, until)) }
    func reached(_ pc: UInt32, at cycle: Cycle) { issues[pc, default: []].append(cycle) }
  }

  /// Writing MIE = 1 with an interrupt pending: taken 4 cycles later, before the next instruction.
  @Test func anInterruptIsTakenFourCyclesAfterMIEIsSet() throws {
    let bench = CoreBench()
    Self.writeVectors(bench)
    let watch = Watch()
    bench.hart.observer = watch
    let program = Self.raise + [Instruction(.csrrsi, immediate: 8, csr: 0x300), Instruction(.addi)]
    let place = CoreBench.code + UInt32(4 * (program.count - 2))
    bench.hart.watchedAddresses = [place]
    bench.start(program, registers: [6: .max, 7: 1 << 9])
    bench.run(cycles: 60)
    let taken = try #require(watch.interrupts.first)
    let issued = try #require(watch.issues[place]?.first)
    #expect(taken.k == issued + 4)
    #expect(taken.pc == place + 4)
  }

  /// Writing mie is effective for the very next instruction: K = T + 1.
  @Test func anInterruptIsTakenOneCycleAfterMieIsWritten() throws {
    let bench = CoreBench()
    Self.writeVectors(bench)
    let watch = Watch()
    bench.hart.observer = watch
    let program =
      [Instruction(.csrrw, rs1: 0, csr: 0x304), Instruction(.csrrsi, immediate: 8, csr: 0x300)] + Self.raise
      + [Instruction(.addi, rd: 9, immediate: .max), Instruction(.csrrw, rs1: 9, csr: 0x304), Instruction(.addi)]
    let place = CoreBench.code + UInt32(4 * (program.count - 2))
    bench.hart.watchedAddresses = [place, CoreBench.vectors + 36]
    bench.start(program, registers: [6: .max, 7: 1 << 9])
    bench.run(cycles: 80)
    let taken = try #require(watch.interrupts.first)
    let issued = try #require(watch.issues[place]?.first)
    #expect(taken.k == issued + 1)
    #expect(taken.pc == place + 4)
    #expect(watch.issues[CoreBench.vectors + 36]?.first == taken.k + 2)
  }

  /// After MRET: K = T(mret) + 5, no instruction of the interrupted program runs between two pending interrupts.
  @Test func aSecondPendingInterruptComesFiveCyclesAfterMret() throws {
    let bench = CoreBench()
    let watch = Watch()
    bench.hart.observer = watch
    bench.machine.write([Instruction(.mret)], at: CoreBench.vectors)
    bench.hart.watchedAddresses = [CoreBench.vectors]
    bench.start(
      Self.raise + [Instruction(.csrrsi, immediate: 8, csr: 0x300), Instruction(.addi)], mtvec: CoreBench.vectors,
      registers: [6: .max, 7: 1 << 9 | 1 << 20])
    bench.run(cycles: 80)
    #expect(watch.interrupts.map(\.line) == [20, 9])
    let second = try #require(watch.interrupts.last)
    let mret = try #require(watch.issues[CoreBench.vectors]?.first)
    #expect(second.k == mret + 5)
    #expect(watch.interrupts.first?.pc == second.pc)
  }

  /// WFI with MIE = 0 wakes, runs on, leaves the line pending; the interrupt is taken when MIE is set.
  @Test func wfiWithInterruptsOffRunsOn() {
    let bench = CoreBench()
    Self.writeVectors(bench)
    bench.start(
      Self.raise + [
        Instruction(.wfi), Instruction(.addi, rd: 10, immediate: 1), Instruction(.addi), Instruction(.addi),
      ],
      registers: [6: .max, 7: 1 << 9])
    bench.run(cycles: 80)
    #expect(bench.hart[register: 10] == 1)
    #expect(bench.hart.counters.interrupts == 0)
    #expect(bench.csr(0x344) == 1 << 9)
    #expect(bench.hart.counters.sleepCycles == 0, "the line is high: no sleep")
  }

  /// Table of 2.4: with the line already high a WFI takes 6 cycles.
  @Test func wfiWithAPendingLineTakesSixCycles() throws {
    let bench = CoreBench()
    let watch = Watch()
    bench.hart.observer = watch
    // Enough instructions for the last access to the controller to be over.
    let idle = [Instruction](repeating: Instruction(.addi), count: 12)
    let program = Self.raise + idle + [Instruction(.wfi), Instruction(.addi)]
    let place = CoreBench.code + UInt32(4 * (program.count - 2))
    bench.hart.watchedAddresses = [place, place + 4]
    bench.start(program, registers: [6: .max, 7: 1 << 9])
    bench.run(cycles: 80)
    let wfi = try #require(watch.issues[place]?.first)
    let next = try #require(watch.issues[place + 4]?.first)
    #expect(next == wfi + 6)
  }

  /// With MIE = 1 and the line low at first: sleeps from T + 4, K = W + 1, mepc is the instruction behind the WFI.
  @Test func aSleepingCoreTakesTheInterruptThatWakesIt() throws {
    let bench = CoreBench()
    Self.writeVectors(bench)
    let watch = Watch()
    bench.hart.observer = watch
    let program =
      CoreBench.constant(5, 0x1A10_B000) + CoreBench.constant(6, 300) + [
        Instruction(.sw, rs1: 5, rs2: 6, immediate: 0x10), Instruction(.addi, rd: 6, immediate: 0x15),
        Instruction(.sw, rs1: 5, rs2: 6, immediate: 0),
      ] + CoreBench.constant(5, CoreBench.interruptController) + [
        Instruction(.addi, rd: 6, immediate: .max), Instruction(.sw, rs1: 5, rs2: 6),
        Instruction(.csrrsi, immediate: 8, csr: 0x300), Instruction(.wfi), Instruction(.addi),
      ]
    let place = CoreBench.code + UInt32(4 * (program.count - 2))
    bench.hart.watchedAddresses = [place, CoreBench.vectors + 40]
    bench.start(program)
    bench.run(cycles: 500)
    let taken = try #require(watch.interrupts.first)
    let sleep = try #require(watch.sleeps.first)
    let wfi = try #require(watch.issues[place]?.first)
    #expect(taken.line == 10)
    #expect(taken.pc == place + 4)
    #expect(sleep.from == wfi + 4)
    #expect(taken.k == sleep.until + 1)
    #expect(watch.issues[CoreBench.vectors + 40]?.first == sleep.until + 3)
    #expect(bench.hart.counters.sleepCycles == sleep.until - sleep.from)
  }

  @Test func aCoreThatNothingCanWakeIsReported() {
    let bench = CoreBench()
    bench.start([Instruction(.wfi)])
    let end = bench.run(cycles: 1000)
    #expect(end.reason == .lockup)
  }

  @Test func exceptionsWithoutEndAreReported() {
    let bench = CoreBench()
    bench.start([Instruction(.ecall)])
    bench.machine.write([0, 0, 0, 0], at: CoreBench.vectors)
    let end = bench.run(cycles: 1000)
    #expect(end.reason == .lockup)
    #expect(bench.csr(0x342) == 2)
  }
}
