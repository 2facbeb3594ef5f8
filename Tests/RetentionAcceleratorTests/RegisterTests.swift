// The register interface: queue, lock, events, errors, SOFT_CLEAR, SUSPEND, and rubbish from software.

import HardwareModel
import TestSupport
import Testing

@testable import RetentionAccelerator

@Suite("Registers")
struct RegisterTests {
  typealias Format = DescriptorFormat
  private let job = copy(4, from: Bench.base, to: Bench.base + 16)
  private let illegal = descriptor(.map)
  private let listAddress = Bench.base + 0x400

  @Test("The declaration is sound and reads as declared after reset")
  func declaration() {
    #expect(RETARegisters.block.problems == [])
    let bench = Bench()
    for register in RETARegisters.block.registers where register.access != .writeOnly && register.access != .readToClear
    {
      let expected = register.access == .pulse ? 0 : register.reset
      #expect(bench.reta.peek(register.offset, at: 0) == expected, "\(register.name)")
    }
    #expect(bench.reta.peek(RETARegisters.trigger.offset, at: 0) == 0xDEAD_BEEF)
    #expect(bench.reta.answer(0, isWrite: false) == .waitStates(1))
    #expect(bench.reta.answer(0, isWrite: true) == .waitStates(0))
  }

  @Test("Read-only registers and unlisted offsets ignore writes")
  func readOnly() {
    let bench = Bench()
    for register in RETARegisters.block.registers where register.access == .readOnly {
      let before = bench.reta.peek(register.offset, at: 10)
      bench.write(register, 0xFFFF_FFFF, at: 10)
      #expect(bench.reta.peek(register.offset, at: 11) == before, "\(register.name)")
    }
    for offset: UInt32 in [0x18, 0x80, 0xFC, 0x340, 0x37C, 0x400 - 4, 0x41C, 0x438, 0x450, 0x4B8, 0x500, 0xFFC] {
      bench.reta.write(offset, 0xFFFF_FFFF, at: 20)
      #expect(bench.reta.read(offset, at: 21) == 0)
    }
  }

  @Test("EVT_MASK keeps three bits; SCRATCH, BASE, CNT and the job words keep all")
  func masks() {
    let bench = Bench()
    for register in [RETARegisters.scratch] + RETARegisters.base + RETARegisters.cnt + RETARegisters.job {
      bench.write(register, 0xFFFF_FFFF, at: 1)
      #expect(bench.read(register, at: 2) == 0xFFFF_FFFF, "\(register.name)")
    }
    bench.write(RETARegisters.evtMask, 0xFFFF_FFFF, at: 3)
    #expect(bench.read(RETARegisters.evtMask, at: 4) == 7)
  }

  @Test("The job words of either context can be read; 0x100...0x3FF repeats the first 256 bytes")
  func contexts() {
    let bench = Bench()
    let first = RETARegisters.job[3]
    bench.write(first, 11, at: 0)
    bench.write(RETARegisters.trigger, 1, at: 1)
    bench.reta.write(first.offset + 0x100, 22, at: 2)
    #expect(bench.reta.read(first.offset, at: 3) == 22)
    #expect(bench.reta.read(first.offset + 0x100, at: 3) == 11)
    #expect(bench.reta.read(first.offset + 0x200, at: 3) == 22)
    #expect(bench.reta.read(first.offset + 0x300, at: 3) == 0)
    // With all contexts committed the programmed one is the oldest.
    bench.write(RETARegisters.trigger, 1, at: 4)
    #expect(bench.reta.read(first.offset, at: 5) == 11)
    #expect(bench.reta.read(RETARegisters.acquire.offset + 0x300, at: 6) == 0xFFFF_FFFF)
  }

  @Test("Commits without a start wait for one; a start lasts until the queue is empty")
  func starts() {
    let bench = Bench()
    bench.program(job, at: 0)
    bench.write(RETARegisters.trigger, 1, at: 16)
    bench.program(job, at: 20)
    bench.write(RETARegisters.trigger, 2, at: 40)
    #expect(!bench.reta.isBusy)
    #expect(bench.read(RETARegisters.status, at: 41) == 0)
    bench.write(RETARegisters.trigger, 0, at: 50)  // nothing is committed, but the queue starts
    #expect(bench.read(RETARegisters.status, at: 51) == 0)
    bench.queue.run(through: 68)  // the first job has run 51...67
    bench.write(RETARegisters.trigger, 3, at: 69)  // committed while the start is in force
    bench.finish()
    #expect(bench.jobs.map(\.start) == [51, 68, 85])
    bench.write(RETARegisters.trigger, 3, at: 200)
    #expect(!bench.reta.isBusy)
    #expect(bench.read(RETARegisters.runningJob, at: 201) == 3)
  }

  @Test("ACQUIRE takes the lock once and gives ids in order")
  func acquire() {
    let bench = Bench()
    #expect(bench.read(RETARegisters.acquire, at: 0) == 0)
    #expect(bench.read(RETARegisters.acquire, at: 1) == 0xFFFF_FFFE)
    bench.write(RETARegisters.trigger, 1, at: 2)
    #expect(bench.reta.peek(RETARegisters.acquire.offset, at: 3) == 1)
    #expect(bench.read(RETARegisters.acquire, at: 3) == 1)
    bench.write(RETARegisters.trigger, 1, at: 4)
    #expect(bench.read(RETARegisters.acquire, at: 5) == 0xFFFF_FFFF)
    bench.write(RETARegisters.softClear, 1, at: 6)
    #expect(bench.read(RETARegisters.acquire, at: 7) == 2)
    bench.write(RETARegisters.softClear, 0, at: 8)
    #expect(bench.read(RETARegisters.acquire, at: 9) == 0)
  }

  @Test("FINISHED saturates at 2, and an access loses the job that finishes in its cycle")
  func finished() {
    let bench = Bench()
    for index in 0..<3 {
      bench.start(job, at: UInt64(index) * 100)
      bench.finish()
    }
    #expect(bench.reta.peek(RETARegisters.finished.offset, at: 300) == 2)
    #expect(bench.read(RETARegisters.finished, at: 300) == 2)
    #expect(bench.read(RETARegisters.finished, at: 301) == 0)
    bench.start(job, at: 400)  // runs 417...433
    #expect(bench.read(RETARegisters.finished, at: 433) == 0)
    #expect(bench.read(RETARegisters.finished, at: 434) == 0)
    bench.start(job, at: 500)
    bench.finish()
    bench.write(RETARegisters.finished, 7, at: 600)
    #expect(bench.read(RETARegisters.finished, at: 601) == 0)
  }

  @Test("An error halts the queue until ERR is written; its job is finished")
  func halt() {
    let bench = Bench()
    bench.start(illegal, at: 0)  // 17...25
    bench.start(job, at: 30)
    #expect(bench.pulses == [Bench.Pulse(0, 25), Bench.Pulse(1, 25)])
    #expect(bench.read(RETARegisters.status, at: 60) == 0x0300_0100)
    #expect(bench.reta.possibleEvents(at: 60) == EventSet())
    bench.write(RETARegisters.base[0], 9, at: 61)  // no job runs while the queue is halted
    #expect(bench.read(RETARegisters.base[0], at: 62) == 9)
    bench.write(RETARegisters.err, 0xFF, at: 70)
    #expect(bench.reta.possibleEvents(at: 71) == EventSet(140, 141))
    bench.finish()
    #expect(bench.jobs.map(\.start) == [17, 71])
    #expect(bench.jobs.map(\.error) == [.size, .none])
    #expect(bench.reta.totals(at: 200).errors == 1)
    #expect(bench.read(RETARegisters.errJob, at: 200) == 0)
  }

  @Test("EVT_MASK closes the lines; SW_EVT pulses them all the same, a cycle after the write")
  func eventMask() {
    let bench = Bench()
    bench.write(RETARegisters.evtMask, 0, at: 0)
    bench.start(illegal, at: 1)
    #expect(bench.reta.possibleEvents(at: 18) == EventSet())
    bench.finish()
    #expect(bench.pulses == [])
    bench.write(RETARegisters.swEvt, 2, at: 100)
    #expect(bench.reta.possibleEvents(at: 101) == EventSet(140))
    bench.finish()
    bench.write(RETARegisters.swEvt, 3, at: 200)
    bench.finish()
    #expect(bench.pulses == [Bench.Pulse(0, 101), Bench.Pulse(1, 201)])
  }

  @Test("SOFT_CLEAR ends a job at once: no event, no count, memory untouched, and another job may follow")
  func softClear() {
    let bench = Bench()
    let before = bench.bytes
    bench.write(RETARegisters.scratch, 3, at: 0)
    bench.start(copy(4000, from: Bench.base, to: Bench.base + 0x4000), at: 1)  // from 18 on
    bench.write(RETARegisters.softClear, 1, at: 200)
    #expect(bench.queue.next == .never)
    #expect(bench.read(RETARegisters.status, at: 201) == 0)
    #expect(bench.read(RETARegisters.counterLow[PerformanceCounter.cycles.rawValue], at: 300) == 183)
    #expect(bench.read(RETARegisters.counterLow[PerformanceCounter.jobs.rawValue], at: 300) == 0)
    #expect(bench.read(RETARegisters.runningJob, at: 300) == 0)
    #expect(bench.read(RETARegisters.scratch, at: 300) == 3)
    #expect(bench.read(RETARegisters.job[2], at: 300) == 4000 << 16 | 1)
    #expect(bench.pulses == [])
    #expect(
      bench.jobs == [
        JobRecord(id: 0, operation: "map", start: 18, end: 200, aborted: true)
      ])
    #expect(bench.bytes == before)
    bench.write(RETARegisters.trigger, 0, at: 301)
    bench.finish()
    #expect(bench.jobs.count == 2)
    #expect(bench.jobs[1].start == 302)
    bench.write(RETARegisters.softClear, 0, at: 2000)
    for register in [RETARegisters.scratch, RETARegisters.job[2], RETARegisters.runningJob, RETARegisters.finished] {
      #expect(bench.read(register, at: 2001) == 0)
    }
  }

  /// Three copies, the last one with END; all with EVT.
  private func list(on bench: Bench) {
    for index: UInt32 in 0..<3 {
      bench.memory.writeWord(Bench.base + 4 * index, 0x0101_0101 * (index + 1))
      bench.store(
        listAddress + 64 * index,
        copy(
          4, from: Bench.base + 4 * index, to: Bench.base + 0x100 + 4 * index,
          [(Format.evt, 1), (Format.end, index == 2 ? 1 : 0)]))
    }
  }

  @Test("SUSPEND ends a list after the current descriptor; LIST with RESUME goes on where it stopped")
  func suspend() {
    let bench = Bench()
    list(on: bench)
    bench.write(RETARegisters.suspend, 1, at: 0)  // no list runs: no effect
    #expect(bench.read(RETARegisters.suspend, at: 1) == 0)
    bench.start(descriptor(.list, [(Format.x, listAddress)]), at: 2)  // from 19 on
    bench.write(RETARegisters.suspend, 1, at: 19)
    #expect(bench.read(RETARegisters.suspend, at: 20) == 1)
    bench.write(RETARegisters.suspend, 0, at: 21)
    #expect(bench.read(RETARegisters.suspend, at: 22) == 0)
    bench.write(RETARegisters.suspend, 1, at: 23)
    bench.finish()
    #expect(bench.read(RETARegisters.suspend, at: 500) == 2)
    #expect(bench.read(RETARegisters.progress, at: 500) == 1)
    let next = bench.read(RETARegisters.listPC, at: 500)
    #expect(next == listAddress + 64)
    #expect(bench.memory.word(Bench.base + 0x104) == 0)
    // T_START + T_CHECK + one descriptor (4 + 2 + 4 + 8) + T_DONE.
    #expect(bench.jobs[0].end - bench.jobs[0].start + 1 == 27)
    bench.write(RETARegisters.cnt[2], 5, at: 501)
    bench.start(descriptor(.list, [(Format.f0, 1), (Format.x, next)]), at: 510)
    bench.finish()
    #expect(bench.read(RETARegisters.suspend, at: 900) == 0)
    #expect(bench.read(RETARegisters.progress, at: 900) == 3)
    #expect(bench.read(RETARegisters.cnt[2], at: 900) == 5)
    #expect(bench.memory.word(Bench.base + 0x108) == 0x0303_0303)
    // Two jobs and three descriptors with EVT.
    #expect(bench.pulses.count == 5)
    bench.start(descriptor(.list, [(Format.x, listAddress)]), at: 910)
    bench.finish()
    #expect(bench.read(RETARegisters.cnt[2], at: 2000) == 0)
  }

  @Test("A list that ends by itself while a request is pending is not suspended")
  func suspendAtEnd() {
    let bench = Bench()
    list(on: bench)
    bench.start(descriptor(.list, [(Format.x, listAddress + 128)]), at: 0)
    bench.write(RETARegisters.suspend, 1, at: 20)
    bench.finish()
    #expect(bench.read(RETARegisters.suspend, at: 500) == 0)
  }

  @Test("A progress event is high in the descriptor's last cycle and counts from the next on")
  func progress() {
    let bench = Bench()
    list(on: bench)
    bench.start(descriptor(.list, [(Format.x, listAddress)]), at: 0)  // from 17 on
    // 17 + 7 + 10 + 8 - 1 = 41 is the first descriptor's last cycle.
    #expect(bench.read(RETARegisters.progress, at: 41) == 0)
    #expect(bench.pulses == [Bench.Pulse(0, 41)])
    #expect(bench.read(RETARegisters.progress, at: 42) == 1)
    #expect(bench.memory.word(Bench.base + 0x100) == 0x0101_0101)
    bench.write(RETARegisters.progress, 9, at: 43)
    #expect(bench.read(RETARegisters.progress, at: 44) == 0)
  }

  @Test("A counter's high word is the one that its low word's read latched")
  func latches() {
    let bench = Bench()
    bench.reta.done.macs = 0x5_FFFF_FFFF
    let (low, high) = (RETARegisters.counterLow[2], RETARegisters.counterHigh[2])
    #expect(bench.read(high, at: 0) == 0)
    #expect(bench.reta.peek(low.offset, at: 0) == 0xFFFF_FFFF)
    #expect(bench.read(high, at: 0) == 0)
    #expect(bench.read(low, at: 0) == 0xFFFF_FFFF)
    bench.reta.done.macs += 1
    #expect(bench.read(high, at: 1) == 5)
    #expect(bench.read(low, at: 2) == 0)
    #expect(bench.read(high, at: 3) == 6)
    bench.write(RETARegisters.perfClear, 0, at: 4)
    #expect(bench.read(high, at: 5) == 0)
    #expect(bench.read(low, at: 6) == 0)
    #expect(bench.reta.totals(at: 7).macs == 0x6_0000_0000)
  }

  @Test("PERF_CLEAR in the middle of a job lets CYCLES count on from 0")
  func clearWhileRunning() {
    let bench = Bench()
    bench.start(job, at: 0)  // 17...33
    bench.write(RETARegisters.perfClear, 0, at: 20)
    #expect(bench.read(RETARegisters.counterLow[0], at: 21) == 0)
    #expect(bench.read(RETARegisters.counterLow[0], at: 22) == 1)
    bench.finish()
    #expect(bench.read(RETARegisters.counterLow[0], at: 100) == 13)
    #expect(bench.read(RETARegisters.counterLow[PerformanceCounter.jobs.rawValue], at: 100) == 1)
    #expect(bench.reta.totals(at: 100).runCycles == 17)
  }

  @Test(
    "Random accesses and random lists never stop the host, and the same seed gives the same machine", arguments: 0..<8)
  func fuzz(seed: Int) {
    func run() -> (UInt64, Cycle, AcceleratorTotals) {
      var random = SplitMix64(seed: UInt64(seed) &* 31 &+ 5)
      let bench = Bench()
      bench.fillMemory(&random)
      var cycle: Cycle = 0
      var checksum: UInt64 = 0
      for step in 0..<3000 {
        cycle += UInt64.random(in: 1...60, using: &random)
        bench.queue.run(through: cycle)
        switch UInt32.random(in: 0...9, using: &random) {
        case 0:
          bench.reta.write(
            UInt32.random(in: 0...0x1003, using: &random), .random(in: 0...(.max), using: &random), at: cycle)
        case 1:
          checksum = checksum &* 31 &+ UInt64(bench.reta.read(UInt32.random(in: 0...0x1003, using: &random), at: cycle))
        case 2:
          bench.write(
            RETARegisters.job.randomElement(using: &random)!, .random(in: 0...(.max), using: &random), at: cycle)
        case 3, 4:
          // A legal descriptor, sometimes with one wrong bit.
          var words = randomDescriptor(&random, largest: 20)
          if Bool.random(using: &random) {
            words[Int.random(in: 0..<16, using: &random)] ^= 1 << UInt32.random(in: 0...31, using: &random)
          }
          if let size = words.indices.first(where: { $0 == 2 }), words[size] & 0xFFFF > 200 {
            words[size] &= 0xFFFF_00FF
          }
          for (register, word) in zip(RETARegisters.job, words) { bench.reta.write(register.offset, word, at: cycle) }
          bench.reta.write(RETARegisters.trigger.offset, UInt32.random(in: 0...2, using: &random) / 2, at: cycle)
        case 5:
          // A list of random control and data.
          let at = Bench.base + 4 * UInt32.random(in: 0...0x1FFF, using: &random)
          var control = descriptor(.ctrl).indices.map { _ in UInt32.random(in: 0...(.max), using: &random) }
          control[0] = control[0] & 0x0030_1030 | 8
          control[1] = 0
          control[2] = UInt32.random(in: 0...3, using: &random)
          control[3] = at
          control[4] = at
          control[6] = 0
          bench.store(at, control)
          bench.store(at + 64, randomDescriptor(&random, largest: 8))
          let list = descriptor(.list, [(Format.x, at)])
          for (register, word) in zip(RETARegisters.job, list) { bench.reta.write(register.offset, word, at: cycle) }
          bench.reta.write(RETARegisters.trigger.offset, 0, at: cycle)
        case 6: bench.reta.write(RETARegisters.err.offset, 0, at: cycle)
        case 7: bench.reta.write(RETARegisters.suspend.offset, UInt32(step & 1), at: cycle)
        case 8: if step % 7 == 0 { bench.reta.write(RETARegisters.softClear.offset, UInt32(step & 1), at: cycle) }
        default: cycle += 3000
        }
      }
      bench.queue.run(through: cycle + 100_000)
      for byte in bench.bytes { checksum = checksum &* 31 &+ UInt64(byte) }
      return (checksum, UInt64(bench.pulses.count), bench.reta.totals(at: cycle + 100_000))
    }
    let (first, second) = (run(), run())
    #expect(first == second)
    #expect(first.2.jobs > 10)
    #expect(first.2.errors > 0)
  }
}
