// The I2S interface of profile P7 with a source and a recorder, and with its own transmitter at the receiver.

import HardwareModel
import Peripherals
import Testing

@Suite("I2S interface")
struct I2STests {
  private static let slot: UInt32 = 6 * 0x80
  private static let transmitBuffer: Address = 0x1C01_0000
  private static let receiveBuffer: Address = 0x1C02_0000

  private static func write(_ bench: Bench, _ register: Register, _ value: UInt32, at cycle: Cycle) {
    bench.queue.run(through: cycle)
    bench.udma.write(slot + register.offset, value, at: cycle)
  }

  /// A bench whose interface sends `words` and receives `count` words of 16 bits.
  private static func bench(_ wiring: I2SWiring, words: [UInt16] = [], count: Int = 0, lines: UInt32 = 0) -> Bench {
    let bench = Bench(hasP7uDMA: true)
    bench.udma.i2s?.bus = wiring
    bench.udma.write(UDMARegisters.cg.offset, 1 << 5, at: 10)
    let setup = 1 << 31 | lines << 17 | 15 << 8 as UInt32
    write(bench, UDMAI2SRegisters.slave, setup, at: 20)
    write(bench, UDMAI2SRegisters.master, setup, at: 25)
    for (index, word) in words.enumerated() {
      bench.memory.bytes[transmitBuffer + UInt32(2 * index)] = UInt8(word & 0xFF)
      bench.memory.bytes[transmitBuffer + UInt32(2 * index + 1)] = UInt8(word >> 8)
    }
    if count > 0 { bench.start(slot, receiveBuffer, 2 * count, cfg: 0x12, at: 30) }
    if !words.isEmpty { bench.start(slot + 0x10, transmitBuffer, 2 * words.count, cfg: 0x12, at: 60) }
    // Both clocks from generator 0: 5 cycles high, 5 low.
    write(bench, UDMAI2SRegisters.clocks, 1 << 25 | 1 << 24 | 4, at: 100)
    return bench
  }

  private static func received(_ bench: Bench, _ count: Int) -> [UInt16] {
    (0..<count).map { index in
      let place = receiveBuffer + UInt32(2 * index)
      return UInt16(bench.memory.bytes[place] ?? 0xEE) | UInt16(bench.memory.bytes[place + 1] ?? 0xEE) << 8
    }
  }

  @Test("Samples of a source arrive left and right in turn; of the first word the first bit is missing")
  func receives() {
    let values = (0..<40).map { Int32(($0 * 7919 + 0x4000) % 0x10000) - 0x8000 }
    let source = I2SSource(AudioSamples(channels: 2, bits: 16, rate: 16000, values: values))
    let bench = Self.bench(I2SWiring(source: source), count: 30)
    bench.run(to: 60_000)
    // Word select is low at first and its first edge leads to a right word.
    var expected = values[1...30].map { UInt16(truncatingIfNeeded: $0) }
    expected[0] &= 0x7FFF
    #expect(Self.received(bench, 30) == expected)
    #expect(bench.events.map(\.event) == [20])
  }

  @Test("What is sent is recorded in order, but for the second datum, which one data line has no use for")
  func transmits() throws {
    let words = (0..<24).map { UInt16(truncatingIfNeeded: $0 * 0x1357 + 0x8001) }
    let recorder = I2SRecorder(bits: 16, rate: 16000)
    let bench = Self.bench(I2SWiring(recorder: recorder), words: words)
    bench.run(to: 60_000)
    var sent = words
    sent.remove(at: 1)
    // In front of the first edge of word select the line already has the level of the first bit.
    let recorded = recorder.samples.values.map { UInt16(truncatingIfNeeded: $0) }
    #expect(Array(recorded.dropFirst().prefix(23)) == sent)
    #expect(bench.events.map(\.event) == [21])
  }

  @Test("Wired to itself the transmitter's words come back")
  func loopsBack() {
    let words = (0..<40).map { UInt16(truncatingIfNeeded: $0 * 0x0F31 + 0x2345) }
    let bench = Self.bench(I2SWiring(isLoopedBack: true), words: words, count: 20)
    bench.run(to: 60_000)
    var expected = words
    expected.remove(at: 1)
    expected[0] &= 0x7FFF
    #expect(Self.received(bench, 20) == Array(expected.prefix(20)))
  }

  @Test("On two data lines words are sent and received in pairs")
  func twoLines() {
    let words = (0..<60).map { UInt16(truncatingIfNeeded: $0 * 0x0F31 + 0x2345) }
    let bench = Self.bench(I2SWiring(isLoopedBack: true), words: words, count: 30, lines: 1)
    bench.run(to: 60_000)
    var expected = words
    expected[0] &= 0x7FFF
    expected[1] &= 0x7FFF
    #expect(Self.received(bench, 30) == Array(expected.prefix(30)))
  }

  @Test("The serial clock has the divider's period, and skipping its waits changes nothing")
  func clocks() {
    var results: [([Cycle], [UInt16])] = []
    for stepped in [true, false] {
      let values = (0..<60).map { Int32($0 * 501 % 0x8000) }
      let source = I2SSource(AudioSamples(channels: 1, bits: 16, rate: 16000, values: values))
      let bench = Self.bench(I2SWiring(source: source), count: 8)
      if stepped {
        for cycle in 101..<9000 as Range<Cycle> {
          bench.queue.run(through: cycle)
          bench.udma.synchronize(to: cycle)
        }
      } else {
        bench.run(to: 8999)
      }
      results.append((bench.events.map(\.cycle), Self.received(bench, 8)))
    }
    #expect(results[0].0 == results[1].0)
    #expect(results[0].1 == results[1].1)
    // Eight words behind the first half period: nine times 16 bits of 10 cycles, and some cycles for the way.
    let end = results[0].0.first ?? 0
    let earliest: Cycle = 100 + 9 * 160
    #expect(end >= earliest && end < earliest + 60, "\(end)")
  }

  @Test("What is not modelled is said: PDM, the DSP format, external clocks")
  func saysWhatIsMissing() {
    let bench = Bench(hasP7uDMA: true)
    var keys: [String] = []
    bench.udma.diagnostics = { keys.append($0.key) }
    bench.udma.write(UDMARegisters.cg.offset, 1 << 5, at: 10)
    Self.write(bench, UDMAI2SRegisters.pdm, .max, at: 20)
    Self.write(bench, UDMAI2SRegisters.slaveDSP, .max, at: 25)
    Self.write(bench, UDMAI2SRegisters.clocks, 1 << 28 | 1 << 24, at: 30)
    bench.run(to: 100)
    #expect(keys == ["i2s-pdm", "i2s-dsp", "i2s-external"])
    #expect(bench.udma.peek(Self.slot + 0x2C, at: 100) == 0x8000_7FFF)
    #expect(bench.udma.peek(Self.slot + 0x30, at: 100) == 0x9FF1_FFFF)
  }
}
