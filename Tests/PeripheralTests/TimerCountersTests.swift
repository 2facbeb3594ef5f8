// The timer's closed form against its clock edges.

import HardwareModel
import TestSupport
import Testing

@testable import Peripherals

@Suite("Timer counters")
struct TimerCountersTests {
  @Test("Counting many cycles at once is the same as counting them one by one, for any plain setting")
  func closedForm() {
    var random = SplitMix64(seed: 7)
    var plain = 0
    for _ in 0..<4000 {
      var counters = TimerCounters()
      counters.lo = half(&random)
      counters.hi = half(&random)
      // Some edges make the flags what the counters say.
      for _ in 0..<UInt64.random(in: 0..<4, using: &random) { counters.clock(.init()) }
      guard counters.isPlain else { continue }
      plain += 1
      let cycles = UInt64.random(in: 0..<40, using: &random)
      var stepped = counters
      var changes: [UInt64?] = [nil, nil]
      for cycle in 0..<cycles {
        stepped.clock(.init())
        if changes[0] == nil, stepped.lo.flag != counters.lo.flag { changes[0] = cycle + 1 }
        if changes[1] == nil, stepped.hi.flag != counters.hi.flag { changes[1] = cycle + 1 }
      }
      var counted = counters
      counted.count(cycles)
      #expect(counted == stepped, "\(counters) after \(cycles)")
      for isHigh in [false, true] {
        let first = counters.cyclesToChange(isHigh: isHigh)
        #expect(changes[isHigh ? 1 : 0] == (first <= cycles ? first : nil), "\(counters) after \(cycles)")
      }
    }
    #expect(plain > 1000)
  }

  private func half(_ random: inout SplitMix64) -> TimerCounters.Half {
    var half = TimerCounters.Half()
    // Enable, interrupt, clear; now and then a prescaler's limit, and what is not plain.
    half.cfg = UInt32(UInt64.random(in: 0..<32, using: &random)) & 0x15
    if UInt64.random(in: 0..<4, using: &random) == 0 {
      half.cfg |= UInt32(UInt64.random(in: 0..<4, using: &random)) << 8
    }
    if UInt64.random(in: 0..<8, using: &random) == 0 { half.cfg |= UInt32(UInt64.random(in: 0..<256, using: &random)) }
    half.compare =
      UInt64.random(in: 0..<8, using: &random) == 0
      ? .max - UInt32(UInt64.random(in: 0..<4, using: &random)) : UInt32(UInt64.random(in: 0..<12, using: &random))
    half.count =
      UInt64.random(in: 0..<8, using: &random) == 0
      ? .max - UInt32(UInt64.random(in: 0..<16, using: &random)) : UInt32(UInt64.random(in: 0..<16, using: &random))
    half.flag = UInt64.random(in: 0..<2, using: &random) == 0
    half.prescaler = UInt32(UInt64.random(in: 0..<3, using: &random))
    return half
  }
}
