// Injected faults: each does what it says, in its exact cycle, and nothing before that. Held against the same program
// without the fault (firmware reta-naive, which believes everything).

import FirmwareImage
import Foundation
import HardwareModel
import PULPissimo
import RISCV
import RetentionAccelerator
import TestSupport
import Testing

@Suite struct FaultTests {
  /// All that a run of reta-naive did.
  private final class Run: HartObserver, InstructionObserver {
    let machine: Machine
    let image: FirmwareImage
    private(set) var end = RunEnd?.none
    /// Cycle and address of each instruction.
    var issued: [(cycle: Cycle, pc: Address)] = []
    var interrupts: [Cycle] = []
    var jobs: [JobRecord] = []
    var injector: FaultInjector?

    init(_ plans: [FaultPlan] = [], until limit: Cycle = 2_000_000) throws {
      image = try FirmwareImage.load(path: Firmware.path("reta-naive"))
      machine = Machine(MachineConfiguration())
      for segment in image.segments { machine.write(segment.data, at: segment.physicalAddress) }
      machine.boot(at: image.entry)
      machine.hart.observer = self
      machine.hart.instructionObserver = self
      machine.accelerator.onJobEnded = { [unowned self] in jobs.append($0) }
      injector = plans.isEmpty ? nil : FaultInjector(machine, plans)
      end = machine.run(limits: RunLimits(cycles: limit))
      machine.hart.instructionObserver = nil
    }

    var records: [FaultRecord] { injector?.records ?? [] }

    func issuing(_ instruction: Instruction, pc: Address, at cycle: Cycle, hart: Hart) { issued.append((cycle, pc)) }
    func executed(_ instruction: Instruction, pc: Address, at cycle: Cycle, hart: Hart) {}
    func loaded(_ rd: Int, _ value: UInt32, pc: Address) {}
    func tookTrap(cause: UInt32, pc: Address, target: Address, at cycle: Cycle) {}
    func accessed(_ access: BusAccess) {}
    func tookInterrupt(_ line: Int, at cycle: Cycle, pc: Address) { interrupts.append(cycle) }
    func tookException(_ cause: UInt32, at cycle: Cycle, pc: Address) {}
    func returned(at cycle: Cycle) {}
    func resumed(at cycle: Cycle) {}
    func slept(from: Cycle, until: Cycle) {}
    func reached(_ pc: Address, at cycle: Cycle) {}
  }

  /// Runs with `plan` and holds it against the run without: nothing differs before the fault.
  private func inject(
    _ trigger: FaultTrigger, _ fault: Fault, until limit: Cycle = 2_000_000
  ) throws -> (run: Run, golden: Run, at: Cycle) {
    let golden = try Run(until: limit)
    let run = try Run([FaultPlan(trigger, fault, place: "test")], until: limit)
    #expect(run.records.count == 1)
    let at = try #require(run.records.first).cycle
    let before = golden.issued.prefix { $0.cycle < at }
    #expect(run.issued.prefix { $0.cycle < at }.elementsEqual(before) { $0 == $1 })
    return (run, golden, at)
  }

  @Test func `a lost event never reaches a core that sleeps for it`() throws {
    let (run, golden, at) = try inject(.event(140, occurrence: 3), .dropEvent(140, count: 1))
    #expect(at == golden.jobs[2].end)
    #expect(run.interrupts == Array(golden.interrupts.prefix(2)))
    #expect(run.end?.reason == .lockup && run.jobs.count == 3)
  }

  @Test func `a late event interrupts so many cycles later`() throws {
    let (run, golden, at) = try inject(.event(140, occurrence: 3), .delayEvent(140, cycles: 500, count: 1))
    #expect(at == golden.jobs[2].end)
    #expect(golden.end?.reason == .exit && run.end?.reason == .exit)
    // The core sleeps long before: the interrupt follows the pulse.
    #expect(run.interrupts[2] == golden.interrupts[2] + 500)
  }

  @Test func `an event that comes twice interrupts twice`() throws {
    let (run, golden, at) = try inject(.event(140, occurrence: 3), .repeatEvent(140, cycles: 5, count: 1))
    #expect(at == golden.jobs[2].end)
    #expect(run.interrupts.count >= golden.interrupts.count)
    #expect(run.interrupts[2] == golden.interrupts[2])
    #expect(run.interrupts[3] < golden.interrupts[3])
  }

  @Test func `an error code ends the job as an error of its own would`() throws {
    let (run, golden, at) = try inject(.job(2, atEnd: false), .error(code: 3))
    #expect(at == golden.jobs[1].start)
    #expect(run.jobs.count == 2)
    #expect(run.jobs[1].end == golden.jobs[1].end && run.jobs[1].error == .size)
    let status = try #require(run.machine.bus.peek(MemoryMap.accelerator + 0x0C, at: run.machine.hart.cycle))
    #expect(status >> 24 == 3)
    #expect(run.machine.accelerator.totals(at: run.machine.hart.cycle).errors == 1)
  }

  @Test func `a stuck job never ends, and SOFT_CLEAR gets rid of it`() throws {
    let (run, golden, at) = try inject(.job(2, atEnd: false), .stuck)
    #expect(at == golden.jobs[1].start)
    #expect(run.jobs.count == 1 && run.machine.accelerator.isRunning)
    #expect(run.end?.reason == .lockup)
    let now = run.machine.hart.cycle
    run.machine.accelerator.write(0x14, 0, at: now)
    #expect(!run.machine.accelerator.isRunning && run.jobs.count == 2 && run.jobs[1].aborted)
    #expect(run.jobs[1].end == now)
  }

  @Test(arguments: [1, 777, 100_000] as [Cycle])
  func `ports that stand still make a job so much longer, all of it stalls`(cycles: Cycle) throws {
    let (run, golden, at) = try inject(.job(4, atEnd: false), .stall(cycles: cycles))
    #expect(at == golden.jobs[3].start)
    #expect(run.jobs[3].end == golden.jobs[3].end + cycles)
    #expect(run.jobs[3].stall == golden.jobs[3].stall + cycles)
    let (stalled, plain) = (
      run.machine.accelerator.totals(at: run.end?.cycles ?? 0),
      golden.machine.accelerator.totals(at: golden.end?.cycles ?? 0)
    )
    #expect(stalled.stallCycles == plain.stallCycles + cycles && stalled.busyCycles == plain.busyCycles)
    #expect(run.end?.reason == .exit && run.end?.code == golden.end?.code)
  }

  @Test func `a bit of memory, of a core's register or of a peripheral's register is another from its cycle on`() throws
  {
    let time: Cycle = 60_000
    let place = try #require(try FirmwareImage.load(path: Firmware.path("reta-naive")).symbols["block"]).address + 5
    var (run, golden, at) = try inject(.cycle(time), .flipMemory(place, bit: 6), until: time + 1)
    #expect(at == time)
    let before = try #require(golden.machine.read(MemoryMap.privateBank0, count: golden.machine.l2.size))
    let after = try #require(run.machine.read(MemoryMap.privateBank0, count: run.machine.l2.size))
    var expected = before
    expected[Int(place - MemoryMap.privateBank0)] ^= 0x40
    #expect(after == expected)

    (run, golden, at) = try inject(.cycle(time), .flipGPR(27, bit: 31), until: time + 1)
    #expect(at == time)
    for number in 1..<32 {
      #expect(
        run.machine.hart[register: number] ^ golden.machine.hart[register: number] == (number == 27 ? 1 << 31 : 0))
    }

    (run, golden, at) = try inject(
      .cycle(time), .flipRegister(MemoryMap.accelerator + 0x24, bit: 7), until: time + 1)
    #expect(run.machine.bus.peek(MemoryMap.accelerator + 0x24, at: time + 1) == 0x80)
    (run, golden, at) = try inject(
      .cycle(time), .flipRegister(MemoryMap.eventGenerator + 0x14, bit: 12), until: time + 1)
    let mask = try #require(golden.machine.bus.peek(MemoryMap.eventGenerator + 0x14, at: time + 1))
    #expect(run.machine.bus.peek(MemoryMap.eventGenerator + 0x14, at: time + 2) == mask ^ 1 << 12)
  }

  @Test func `slow memory grants the core every so many cycles only, with every engine alike`() throws {
    // Straight code of the private bank: each word fetched takes four cycles.
    let (run, golden, at) = try inject(.cycle(3000), .slowMemory(.private0, wait: 3, cycles: 2000))
    func executed(_ run: Run, from: Cycle, to: Cycle) -> Int { run.issued.count { $0.cycle >= from && $0.cycle < to } }
    let slow = executed(run, from: at, to: at + 2000)
    let normal = executed(golden, from: at, to: at + 2000)
    #expect(slow * 2 < normal && slow * 8 > normal)
    #expect(run.end?.reason == .exit && run.issued.map(\.pc).suffix(1000) == golden.issued.map(\.pc).suffix(1000))
    #expect((run.end?.cycles ?? 0) > (golden.end?.cycles ?? 0) + 500)
    // The same without an observer: blocks and translated code take part.
    let free = Machine(MachineConfiguration())
    for segment in run.image.segments { free.write(segment.data, at: segment.physicalAddress) }
    free.boot(at: run.image.entry)
    let injector = FaultInjector(
      free, [FaultPlan(.cycle(3000), .slowMemory(.private0, wait: 3, cycles: 2000), place: "test")])
    #expect(free.run() == run.end)
    #expect(injector.records.count == 1)
    // A bank that nobody uses keeps nobody waiting.
    let unused = try inject(.cycle(100_000), .slowMemory(.interleaved, wait: 30, cycles: 10))
    #expect((unused.run.end?.cycles ?? 0) < (unused.golden.end?.cycles ?? 0) + 100)
  }

  @Test func `slow peripherals add their wait cycles to accesses, for the time that was said`() throws {
    let trigger = FaultTrigger.access(MemoryMap.accelerator, isWrite: true, occurrence: 5)
    let (run, golden, at) = try inject(trigger, .slowBus(wait: 40, cycles: 300))
    let more = run.machine.hart.counters.dataStallCycles - golden.machine.hart.counters.dataStallCycles
    #expect(more > 0 && more % 40 == 0 && more <= 40 * 300)
    #expect(golden.jobs[4].start == at + 1)
    #expect(run.end?.reason == .exit)
  }

  @Test func `faults are the same whichever engine runs the program`() throws {
    try Emulator.inFolder { emulator in
      try emulator.write(
        "faults.yaml",
        """
        faults:
          - {at: {cycle: 200000}, flip: {memory: list+0x10, bit: 3}}
          - {at: {job: 30, when: end}, flip: {register: t6, bit: 3}}
          - {at: {job: 3}, stall: {cycles: 500}}
          - {at: {event: reta-done, occurrence: 5}, delay: {cycles: 700}}
          - {at: {event: reta-done, occurrence: 7}, repeat: {cycles: 3}}
          - {at: {access: RETA.TRIGGER, kind: write, occurrence: 9}, slow: {wait: 20, cycles: 5000}}
          - {at: {job: 11, when: end}, flip: {register: RETA.JOB3, context: 0, bit: 2}}
          - {at: {job: 13}, error: {code: 3}}
        """)
      let image = Firmware.path("reta-guarded-irq")
      var seen: [String] = []
      for engine in ["auto", "translator", "interpreter"] {
        let outcome = try emulator.run(
          "run", "--engine", engine, "--inject", emulator.path("faults.yaml"), "--stats", "s.json", image)
        var stats = try emulator.object("s.json")
        for key in ["wallSeconds", "mips"] { stats[key] = nil }
        #expect((stats["faults"] as? [[String: Any]])?.count == 8, "\(outcome.errors)")
        let data = try JSONSerialization.data(withJSONObject: stats, options: [.sortedKeys])
        seen.append("\(outcome.status) \(outcome.text) \(outcome.errors) " + String(decoding: data, as: UTF8.self))
      }
      #expect(Set(seen).count == 1)
    }
  }

  @Test func `an event at any place of a block leaves the engines in step`() throws {
    // One that came at the end of a block once made the block engine run on behind it (job 28, 127 cycles).
    try Emulator.inFolder { emulator in
      let image = Firmware.path("reta-guarded-queue")
      for cycles in stride(from: 119, through: 135, by: 2) {
        try emulator.write("f.yaml", "faults:\n  - {at: {job: 28}, stall: {cycles: \(cycles)}}\n")
        let outcomes = try ["auto", "interpreter"].map { engine in
          try emulator.run("run", "--engine", engine, "--inject", "f.yaml", image)
        }
        #expect(outcomes.allSatisfy { $0.status == 0 } && outcomes[0].errors == outcomes[1].errors)
      }
    }
  }

  @Test func `an I2C device that does not acknowledge, and a UART that overflows, are noticed by their drivers`() throws
  {
    try Emulator.inFolder { emulator in
      let board = ["--board", Repository.path("boards/sensors.yaml")]
      #expect(try emulator.run(["run"] + board + [Firmware.path("i2c-devices")]).status == 0)
      try emulator.write("nack.yaml", "faults:\n  - {at: {cycle: 0}, nack: {bus: 0}}\n")
      let nack = try emulator.run(["run", "--inject", "nack.yaml"] + board + [Firmware.path("i2c-devices")])
      #expect(nack.status != 0 && nack.status < 64, "\(nack.errors)")
      #expect(nack.errors.contains("I2C bus 0: the next 1 bytes are not acknowledged"))

      let loopback = ["--uart", "loopback", "--max-cycles", "20000000", Firmware.path("uart-loopback")]
      #expect(try emulator.run(["run"] + loopback).status == 0)
      try emulator.write("overflow.yaml", "faults:\n  - {at: {cycle: 0}, overflow: {}}\n")
      let overflow = try emulator.run(["run", "--inject", "overflow.yaml"] + loopback)
      #expect(overflow.status != 0)
    }
  }

  @Test(arguments: ["UDMA_UART.SETUP, bit: 8", "UDMA_CTRL.CG, bit: 0"], [30_000, 45_000])
  func `a console whose transmitter stands still is given up, and the exit code says that output is missing`(
    register: String, cycle: Int
  ) throws {
    try Emulator.inFolder { emulator in
      try emulator.write("f.yaml", "faults:\n  - {at: {cycle: \(cycle)}, flip: {register: \(register)}}\n")
      let golden = try emulator.run("run", "--quiet", Firmware.path("hello"))
      let outcome = try emulator.run(
        "run", "--quiet", "--max-cycles", "300000", "--inject", "f.yaml", Firmware.path("hello"))
      #expect(outcome.status == 189, "\(outcome.errors)")  // firmware/hal/system.h
      #expect(outcome.text != golden.text && outcome.text.hasPrefix("Hello from PULPissimo"))
    }
  }

  @Test func `a fault file that means nothing is refused with its line`() throws {
    try Emulator.inFolder { emulator in
      let cases: [(String, String)] = [
        ("", "no faults"), ("faults: []", "no faults"), ("fault: []", ":1: 'fault' means nothing in a fault file"),
        ("faults:\n  - {stuck: {}}", ":2: a fault takes 'at'"),
        ("faults:\n  - {at: {cycle: 1}}", ":2: a fault takes one of"),
        ("faults:\n  - {at: {cycle: 1}, stuck: {}, error: {code: 1}}", ":2: a fault takes one of"),
        ("faults:\n  - {at: {cycle: x}, stuck: {}}", ":2: cycle takes a number"),
        ("faults:\n  - {at: {cycle: 1, job: 2}, stuck: {}}", ":2: at takes one of"),
        ("faults:\n  - {at: {cycle: 1, when: end}, stuck: {}}", ":2: 'when' does not go with 'cycle'"),
        ("faults:\n  - at: {cycle: 1}\n    flip: {memory: nobody, bit: 1}", ":3: 'nobody' is neither"),
        ("faults:\n  - at: {cycle: 1}\n    flip: {memory: 0x1B000000, bit: 1}", ":3: 0x1B000000 is not in memory"),
        ("faults:\n  - at: {cycle: 1}\n    flip: {register: RETA.NONE, bit: 1}", ":3: RETA has no register NONE"),
        ("faults:\n  - at: {cycle: 1}\n    flip: {register: zero, bit: 1}", ":3: x0 is always 0"),
        ("faults:\n  - at: {cycle: 1}\n    flip: {register: RETA.STATUS, bit: 1}", ":3: RETA.STATUS is not a register"),
        ("faults:\n  - at: {cycle: 1}\n    flip: {register: RETA.ERR, bit: 1}", ":3: RETA.ERR is not a register"),
        (
          "faults:\n  - at: {cycle: 1}\n    flip: {register: RETA.EVT_MASK, bit: 7}",
          ":3: bit 7 of RETA.EVT_MASK cannot be flipped"
        ),
        ("faults:\n  - at: {cycle: 1}\n    flip: {register: a0, bit: 32}", ":3: bit takes a number from 0 to 31"),
        ("faults:\n  - {at: {cycle: 1}, drop: {}}", ":2: drop takes 'event'"),
        ("faults:\n  - {at: {cycle: 1}, drop: {event: 160}}", ":2: event takes"),
        ("faults:\n  - {at: {cycle: 1}, error: {code: 9}}", ":2: code takes a number from 1 to 6"),
        ("faults:\n  - {at: {access: RETA, kind: write}, stuck: {}}", "is no BLOCK.REGISTER"),
        ("faults:\n  - {at: [", ":"),
      ]
      for (text, words) in cases {
        try emulator.write("f.yaml", text)
        let outcome = try emulator.run("run", "--inject", "f.yaml", Firmware.path("hello"))
        #expect(outcome.status == 65 && outcome.errors.hasPrefix("pulpemu: f.yaml:"), "\(text): \(outcome.errors)")
        #expect(outcome.errors.contains(words), "\(text): \(outcome.errors)")
      }
      #expect(try emulator.run("run", "--inject", "missing.yaml", Firmware.path("hello")).status == 66)
      try emulator.write("late.yaml", "faults:\n  - {at: {job: 1}, stuck: {}}\n")
      let late = try emulator.run("run", "--inject", "late.yaml", Firmware.path("hello"))
      #expect(late.status == 0 && late.errors.contains("1 of 1 faults did not happen"))
    }
  }
}
