// Timer, event generator and interrupt controller together, as an operating system's tick uses them.

import HardwareModel
import Peripherals
import Testing

@Suite("Timer and interrupt path")
struct TimerAndInterruptTests {
  private static let tick =
    TimerRegisters.enable.mask | TimerRegisters.reset.mask | TimerRegisters.irqEnable.mask
    | TimerRegisters.compareClear.mask | TimerRegisters.referenceClock.mask

  @Test("The reference clock has a rising edge every 1525 SoC cycles at the FLL's reset setting")
  func referencePeriod() {
    // 0x05F5 of CONF1 = 1525 (reference section 6.6).
    let clock = ReferenceClock()
    let first = clock.nextRising(atOrAfter: 0)
    #expect(clock.nextRising(atOrAfter: first + 1) == first + 1525)
    #expect(clock.nextRising(atOrAfter: first + 1_525_000 - 10) == first + 1_525_000)
    #expect(clock.lastRising(before: first) == nil)
  }

  @Test("Retuning the reference clock keeps past edges and spaces the later ones anew")
  func retunes() {
    let clock = ReferenceClock()
    let before = clock.nextRising(atOrAfter: 10_000)
    clock.retune(cyclesPerPeriod: 3050, over: 1, at: 100_000)
    #expect(clock.nextRising(atOrAfter: 10_000) == before)
    let edge = clock.nextRising(atOrAfter: 110_000)
    #expect(clock.nextRising(atOrAfter: edge + 1) == edge + 3050)
    #expect(clock.nextEdge(atOrAfter: 100_000) >= 100_000)
  }

  @Test("A tick that waits when the FLL becomes faster comes by the new clock, and the machine's own time adds up")
  func retunesUnderATick() {
    let bench = Bench()
    bench.write(bench.timer, TimerRegisters.cmpLo, 100, at: 10)
    bench.write(bench.timer, TimerRegisters.cfgLo, 0x97, at: 15)
    bench.write(bench.controller, InterruptControllerRegisters.maskSet, 1 << 10, at: 20)
    bench.run(to: 30_000)
    // From 49.97 to 19.99 MHz.
    bench.reference.retune(cyclesPerPeriod: 610, over: 1, at: 30_000)
    bench.run(to: 200_000)
    // Some 19.7 periods went by before; the hundredth rising edge is edge 198.
    let expected = bench.reference.edge(198)
    #expect(expected > 30_000 + 79 * 610 && expected < 30_000 + 82 * 610)
    let first = bench.requests.first { $0.line == 10 }?.from ?? 0
    #expect(first >= expected && first < expected + 10, "\(first), edge at \(expected)")
    let seconds = bench.reference.seconds(at: 30_000 + 19_988_480)
    #expect(abs(seconds - (30_000 / 49_971_200.0 + 1)) < 2 / 32768.0)
    #expect(ReferenceClock().seconds(at: 49_971_200) == 1)
  }

  @Test("A FreeRTOS tick of 1 kHz interrupts every 32 reference periods without further events in between")
  func tickPeriod() {
    let bench = Bench()
    bench.write(bench.timer, TimerRegisters.cmpLo, 32, at: 10)
    bench.write(bench.timer, TimerRegisters.cfgLo, Self.tick, at: 14)
    bench.write(bench.controller, InterruptControllerRegisters.maskSet, 1 << 10, at: 18)
    // The compare flag is up while counter and compare value are both 0: that early interrupt is the hardware's.
    bench.run(to: 1000)
    bench.controller.acknowledge(10, at: 1000)
    bench.requests = []
    var looks = 0
    var ticks: [Cycle] = []
    while ticks.count < 5 {
      looks += bench.run(to: bench.queue.next)
      if let request = bench.requests.last, request.line == 10 {
        ticks.append(request.from)
        bench.controller.acknowledge(10, at: request.from + 20)
        bench.requests = []
      }
    }
    #expect(zip(ticks, ticks.dropFirst()).allSatisfy { $1 - $0 == 32 * 1525 })
    #expect(looks < 100)
  }

  @Test("The high half counts every cycle, and reading it a second later costs no steps")
  func benchCounter() {
    let bench = Bench()
    bench.write(bench.timer, TimerRegisters.resetHi, 1, at: 100)
    bench.write(bench.timer, TimerRegisters.startHi, 1, at: 104)
    #expect(bench.read(bench.timer, TimerRegisters.cntHi, at: 105) == 0)
    #expect(bench.read(bench.timer, TimerRegisters.cntHi, at: 105 + 50_000_000) == 50_000_000)
    #expect(bench.queue.next == .never)
    #expect(bench.timer.possibleLines(at: 60_000_000) == 0)
  }

  @Test("A timer that will interrupt is a possible wake-up, a stopped one is not")
  func possibleWakeUps() {
    let bench = Bench()
    #expect(bench.timer.possibleLines(at: 0) == 0)
    bench.write(bench.timer, TimerRegisters.cmpLo, 1_000_000, at: 10)
    bench.write(bench.timer, TimerRegisters.cfgLo, 5, at: 14)
    #expect(bench.timer.possibleLines(at: 15) == 1 << 10)
    bench.write(bench.timer, TimerRegisters.cfgLo, 4, at: 1000)
    #expect(bench.timer.possibleLines(at: 1010) == 0)
    bench.write(bench.timer, TimerRegisters.startLo, 1, at: 1020)
    #expect(bench.timer.possibleLines(at: 1020) == 1 << 10)
  }

  @Test("An unmasked SoC event requests line 26 three cycles after it fires")
  func eventLatency() {
    // Reference section 4: event in N, line 26 requested in N + 3.
    let bench = Bench()
    bench.write(bench.generator, SoCEventGeneratorRegisters.fcMask[4], ~(1 << 12), at: 10)
    bench.write(bench.controller, InterruptControllerRegisters.maskSet, 1 << 26, at: 14)
    bench.queue.run(through: 100)
    bench.generator.raise(140, at: 100)
    bench.run(to: 200)
    #expect(bench.requests.map(\.line) == [26])
    #expect(bench.requests.map(\.from) == [103])
    bench.controller.acknowledge(26, at: 210)
    #expect(bench.read(bench.controller, InterruptControllerRegisters.fifo, at: 215) == 140)
    #expect(bench.controller.request(at: 220) == -1)
  }

  @Test("The reference clock's line 14 schedules events only while it is unmasked and not pending")
  func referenceLine() {
    let bench = Bench()
    #expect(bench.run(to: 1_000_000) == 0)
    #expect(bench.read(bench.controller, InterruptControllerRegisters.int, at: 1_000_000) == 1 << 14)
    bench.write(bench.controller, InterruptControllerRegisters.intClr, 1 << 14, at: 1_000_001)
    bench.write(bench.controller, InterruptControllerRegisters.mask, 1 << 14, at: 1_000_010)
    bench.run(to: 1_002_000)
    #expect(bench.requests.last?.line == 14)
    #expect(bench.queue.next == .never)
  }
}
