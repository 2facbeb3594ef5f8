// Cycles: beat schedule against formulas, the time line of a job, and ports that stall.

import HardwareModel
import TestSupport
import Testing

@testable import RetentionAccelerator

/// Ports on which every third beat of a schedule waits one cycle.
final class StallingPort: TCDMPort {
  private let beatBytes = 16
  private var stallCycles: [Cycle] = []
  private(set) var beats = 0

  var isContended: Bool { true }

  func begin(_ schedule: BeatSchedule?, at cycle: Cycle) {
    stallCycles = []
    guard var schedule else { return }
    var now = cycle
    var count = 0
    while let step = schedule.next() {
      switch step {
      case .idle(let cycles): now += cycles
      case .beats(let run):
        for _ in 0..<run.beats(of: beatBytes) {
          count += 1
          beats += 1
          if count % 3 == 0 {
            stallCycles.append(now)
            now += 1
          }
          now += 1
        }
      }
    }
  }

  func stalls(before cycle: Cycle) -> UInt64 { UInt64(stallCycles.count { $0 < cycle }) }
}

@Suite("Timing")
struct TimingTests {
  typealias Format = DescriptorFormat

  /// Configurations that exercise every term: the default, few ports, odd tiles, a large array.
  static let configurations: [RETAConfiguration] = {
    var narrow = RETAConfiguration()
    narrow.ports = 1
    narrow.macRows = 8
    narrow.macColumns = 12
    narrow.tt = 5
    narrow.sw = 3
    var wide = RETAConfiguration()
    wide.macRows = 32
    wide.macColumns = 40
    wide.tPipe = 0
    wide.tSqrt = 1
    wide.tDiv = 40
    return [RETAConfiguration(), narrow, wide]
  }()

  @Test("The beat schedule takes the cycles and moves the bytes of the formulas", arguments: 0..<3)
  func scheduleEqualsFormulas(index: Int) throws {
    let configuration = Self.configurations[index]
    try configuration.validate()
    let model = CycleModel(configuration)
    let bench = Bench(configuration)
    var random = SplitMix64(seed: UInt64(index) + 100)
    bench.fillMemory(&random)
    for _ in 0..<300 {
      let words = randomDescriptor(&random, largest: 130)
      let decoded = Descriptor(words)
      if decoded.opcode == .map {
        for row in 0..<decoded.rows {
          bench.memory.writeWord(decoded.a + 4 * UInt32(row), UInt32.random(in: 0...200, using: &random))
        }
      }
      let cost = model.cost(of: decoded, zeroRows: bench.reta.datapath.zeroRows(decoded))
      var schedule = BeatSchedule(decoded, lead: 11, model: model, memory: bench.memory)
      var cycles: UInt64 = 0
      var read: UInt64 = 0
      var written: UInt64 = 0
      while let step = schedule.next() {
        switch step {
        case .idle(let count): cycles += count
        case .beats(let run):
          cycles += run.beats(of: configuration.beatBytes)
          if run.isWrite { written += run.countedBytes } else { read += run.countedBytes }
          #expect(run.address % 4 == 0)
        }
      }
      #expect(cycles == cost.cycles + 11, "\(decoded.description)")
      #expect(read == cost.bytesRead, "\(decoded.description)")
      #expect(written == cost.bytesWritten, "\(decoded.description)")
    }
  }

  @Test("A job runs from the cycle after the trigger; its event is in the last cycle, its end shows in the next")
  func timeLine() {
    let bench = Bench()
    bench.start(copy(4, from: Bench.base, to: Bench.base + 16), at: 100)
    // Trigger in 116: 3 + 4 + 6 + 2 + 2 = 17 cycles (section 8.3), 117...133.
    #expect(bench.read(RETARegisters.counterLow[0], at: 117) == 0)
    #expect(bench.read(RETARegisters.status, at: 117) == 1)
    #expect(bench.read(RETARegisters.counterLow[0], at: 120) == 3)
    bench.write(RETARegisters.base[0], 5, at: 132)
    #expect(bench.read(RETARegisters.status, at: 133) == 1)
    #expect(bench.read(RETARegisters.runningJob, at: 133) == 0)
    #expect(bench.pulses == [Bench.Pulse(0, 133)])
    #expect(bench.read(RETARegisters.status, at: 134) == 0)
    #expect(bench.read(RETARegisters.runningJob, at: 134) == 1)
    #expect(bench.read(RETARegisters.counterLow[0], at: 150) == 17)
    #expect(bench.read(RETARegisters.base[0], at: 150) == 0)
    bench.write(RETARegisters.base[0], 5, at: 151)
    #expect(bench.read(RETARegisters.base[0], at: 152) == 5)
    #expect(bench.jobs.map(\.start) == [117])
    #expect(bench.jobs.map(\.end) == [133])
    #expect(bench.jobs.map(\.operation) == ["map"])
  }

  @Test("The next queued job runs from the cycle after done, with what its context held by then")
  func backToBack() {
    let bench = Bench()
    bench.start(copy(4, from: Bench.base, to: Bench.base + 16), at: 0)  // runs 17...33
    bench.start(copy(4, from: Bench.base, to: Bench.base + 16), at: 17)  // committed in 33
    bench.finish()
    #expect(bench.jobs.map(\.start) == [17, 34])
    #expect(bench.jobs.map(\.end) == [33, 50])
    #expect(bench.pulses == [Bench.Pulse(0, 33), Bench.Pulse(0, 50)])
  }

  @Test("Stalls stretch the run, count as STALLS, and change no result", arguments: 0..<4)
  func stalls(seed: Int) {
    var random = SplitMix64(seed: UInt64(seed))
    let image = SplitMix64(seed: UInt64(seed) + 50)
    for _ in 0..<10 {
      var words = randomDescriptor(&random)
      words[0] |= 1 << 4 | 1 << 5
      let list = descriptor(.list, [(Format.x, Bench.base + 0x6_0000)])
      let port = StallingPort()
      let benches = [Bench(), Bench(port: port)]
      for bench in benches {
        var fresh = image
        bench.fillMemory(&fresh)
        bench.store(Bench.base + 0x6_0000, words)
        bench.start(list, at: 0)
        bench.finish()
        #expect(bench.reta.error == .none)
      }
      let (free, contended) = (benches[0].reta.totals(at: 1 << 40), benches[1].reta.totals(at: 1 << 40))
      #expect(benches[0].bytes == benches[1].bytes)
      #expect(contended.stallCycles > 0)
      #expect(contended.runCycles == free.runCycles + contended.stallCycles)
      #expect(contended.bytesRead == free.bytesRead)
      #expect(benches[1].jobs[0].stall == contended.stallCycles)
      #expect(benches[0].pulses.count == 2)
      #expect(benches[1].pulses.last?.cycle == benches[1].jobs[0].end)
      #expect(benches[1].pulses.first?.cycle == benches[1].jobs[0].end - 2)
    }
  }

  @Test("A legal descriptor of 2^48 products costs host time only when its simulated time has come")
  func hugeDescriptor() {
    let bench = Bench()
    bench.start(
      descriptor(
        .linear,
        [
          (Format.t, 65535), (Format.n, 65535), (Format.k, 65535), (Format.out, 2), (Format.xs, 4), (Format.ws, 4),
          (Format.ys, 4), (Format.x, Bench.base), (Format.w, Bench.base), (Format.y, Bench.base + 0x4_0000),
        ]), at: 0)
    bench.queue.run(through: 1_000_000_000_000)
    #expect(bench.reta.isRunning)
    #expect(bench.read(RETARegisters.counterLow[0], at: 1_000_000_000_017) == 0xD4A5_1000)
    #expect(bench.read(RETARegisters.counterHigh[0], at: 1_000_000_000_018) == 0xE8)
    bench.write(RETARegisters.softClear, 0, at: 1_000_000_000_020)
    #expect(bench.queue.next == .never)
  }
}
