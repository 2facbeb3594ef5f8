// What a register block says about reads to come is what reads return, and those reads change nothing.

import HardwareModel
import PULPissimo
import TestSupport
import Testing

@testable import EmulatorCommands

@Suite struct ForecastTests {
  private static let peripherals: Range<UInt32> = 0x1A10_0000..<0x1A11_0000

  private struct Forecast {
    let address: UInt32
    let value: UInt32
    let forecast: ReadForecast
  }

  /// All registers of `machine` that say something now.
  private static func forecasts(_ machine: Machine, at cycle: Cycle) -> [Forecast] {
    stride(from: peripherals.lowerBound, to: peripherals.upperBound, by: 4).compactMap { address in
      guard let forecast = machine.bus.forecast(address, at: cycle), let value = machine.bus.peek(address, at: cycle)
      else { return nil }
      return Forecast(address: address, value: value, forecast: forecast)
    }
  }

  @Test(arguments: SnapshotProgram.all)
  func `a register reads as its block has said, and reading it changes nothing`(program: SnapshotProgram) throws {
    var random = SplitMix64(seed: 7)
    var (constant, counting, steps) = (0, 0, 0)
    for _ in 0..<12 {
      let session = try program.session()
      let machine = session.machine
      guard session.run(to: random.next() % 250_000 + 500).reason == .limit else { continue }
      let start = machine.hart.cycle
      // The core may stand behind an event that has not fired yet.
      guard machine.queue.next > start else { continue }
      let all = Self.forecasts(machine, at: start)
      let before = try session.state()
      // The time of the last access of RETA's FINISHED is kept for an end of a job in that cycle.
      for one in all where !(one.address >> 12 == 0x1A10C && one.address & 0xFF == 8) {
        #expect(machine.bus.read(one.address, at: start) == one.value)
      }
      #expect(try session.state() == before, "\(program), cycle \(start)")
      let end = min(machine.queue.next, start + 3000)
      var cycle = start
      while true {
        cycle += 1 + random.next() % (steps % 3 == 0 ? 3 : 400)
        guard cycle < end else { break }
        steps += 1
        for one in all where cycle < one.forecast.until {
          let passed = one.forecast.course == .counting ? UInt32(truncatingIfNeeded: cycle - start) : 0
          let value = machine.bus.peek(one.address, at: cycle)
          #expect(
            value == one.value &+ passed, "\(program), 0x\(String(one.address, radix: 16)) at \(start)...\(cycle)")
        }
      }
      constant += all.count { $0.forecast.course == .constant }
      counting += all.count { $0.forecast.course == .counting }
    }
    #expect(constant > 1000)
    if program.name == "timers" { #expect(counting > 0 && steps > 0) }
  }
}
