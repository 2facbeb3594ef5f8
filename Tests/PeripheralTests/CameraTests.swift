// The camera interface with a sensor: what reaches memory, with the arithmetic of camera_if.sv done again here.

import HardwareModel
import Peripherals
import Testing

@Suite("Camera interface")
struct CameraTests {
  /// The camera's slot of the uDMA in P8 (id 4) and P7 (id 6).
  private static let slots: (p8: UInt32, p7: UInt32) = (5 * 0x80, 7 * 0x80)
  private static let buffer: Address = 0x1C01_0000

  /// A picture of values that all differ from their neighbours.
  private static func picture(_ width: Int, _ height: Int, channels: Int = 1, maximum: Int = 255, seed: Int = 0)
    throws -> CameraPicture
  {
    let values = (0..<width * height * channels).map { UInt16(($0 * 37 + $0 / 7 * 11 + seed * 101) % (maximum + 1)) }
    return try #require(
      CameraPicture(width: width, height: height, channels: channels, maximum: maximum, values: values))
  }

  private static func timing(repeats: Bool = false, long: Bool = false) -> CameraTiming {
    var timing = CameraTiming()
    timing.pixelCycles = 4
    timing.repeats = repeats
    timing.isVsyncLong = long
    return timing
  }

  private struct Set {
    var format: UInt32
    var shift: UInt32 = 0
    var global: UInt32 = 0
    var more: [(UInt32, UInt32)] = []
    /// Of the channel: 0, 1 or 2.
    var dataSize: UInt32 = 1
  }

  /// A bench with `sensor`, the channel started on `size` bytes and the interface on.
  private static func bench(_ sensor: CameraSensor, _ set: Set, size: Int, isP7: Bool = false) -> Bench {
    let bench = Bench(hasP7uDMA: isP7)
    let slot = isP7 ? slots.p7 : slots.p8
    bench.udma.camera?.sensor = sensor
    bench.udma.write(UDMARegisters.cg.offset, isP7 ? 1 << 6 : 1 << 4, at: 10)
    bench.start(slot, buffer, size, cfg: 0x10 | set.dataSize << 1, at: 20)
    var cycle: Cycle = 40
    for (offset, value) in set.more {
      bench.queue.run(through: cycle)
      bench.udma.write(slot + offset, value, at: cycle)
      cycle += 5
    }
    bench.queue.run(through: cycle)
    bench.udma.write(
      slot + UDMACPIRegisters.global.offset, 1 << 31 | set.format << 8 | set.shift << 11 | set.global, at: cycle)
    return bench
  }

  private static func bytes(_ bench: Bench, _ count: Int) -> [UInt8] {
    (0..<count).map { bench.memory.bytes[buffer + UInt32($0)] ?? 0xEE }
  }

  @Test("A grey picture arrives byte for byte, then the channel's event; VSYNC's end is the frame event")
  func greyPicture() throws {
    let picture = try Self.picture(32, 12)
    for long in [false, true] {
      let bench = Self.bench(
        CameraSensor([picture], format: .gray8, timing: Self.timing(long: long)), Set(format: 5), size: 384)
      bench.run(to: 100_000)
      #expect(Self.bytes(bench, 384) == picture.values.map { UInt8($0) })
      #expect(bench.memory.bytes[Self.buffer + 384] == nil)
      // A pulse in front of the frame ends before the first line; a long VSYNC behind the last one.
      #expect(bench.events.map(\.event) == (long ? [16, 17] : [17, 16]))
      #expect(bench.udma.possibleEvents(at: 100_000) == EventSet())
      #expect(bench.queue.next == .never)
    }
  }

  @Test("The other bypass formats: first sample high, and two samples of ten bits")
  func bypassFormats() throws {
    let picture = try Self.picture(8, 4)
    let little = Self.bench(
      CameraSensor([picture], format: .gray8, timing: Self.timing()), Set(format: 4), size: 32)
    little.run(to: 20_000)
    let swapped = stride(from: 0, to: 32, by: 2).flatMap { [picture.values[$0 + 1], picture.values[$0]] }
    #expect(Self.bytes(little, 32) == swapped.map { UInt8($0) })
    let deep = try Self.picture(8, 4, maximum: 1023)
    let wide = Self.bench(
      CameraSensor([deep], format: .gray10, timing: Self.timing()), Set(format: 6, dataSize: 2), size: 64)
    wide.run(to: 20_000)
    let words = stride(from: 0, to: 32, by: 2).flatMap { index -> [UInt8] in
      let word = UInt32(deep.values[index]) << 16 | UInt32(deep.values[index + 1])
      return (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
    }
    #expect(Self.bytes(wide, 64) == words)
  }

  @Test("Colours become weighted sums of what the format leaves of them", arguments: CameraFormat.allCases.dropFirst(2))
  func colourFilter(_ format: CameraFormat) throws {
    let picture = try Self.picture(10, 6, channels: 3)
    let code: UInt32 = format == .rgb565 ? 0 : format == .rgb555 ? 1 : 2
    let widths = format == .rgb565 ? (5, 6, 5) : format == .rgb555 ? (5, 5, 5) : (4, 4, 4)
    let bench = Self.bench(
      CameraSensor([picture], format: format, timing: Self.timing()),
      Set(format: code, shift: 8, more: [(0x30, 77 << 16 | 150 << 8 | 29)], dataSize: 0), size: 60)
    bench.run(to: 20_000)
    func kept(_ value: UInt16, _ bits: Int) -> Int {
      let most = (1 << bits) - 1
      return ((Int(value) * most + 127) / 255) << (8 - bits)
    }
    let expected = (0..<60).map { pixel -> UInt8 in
      let value = Array(picture.values[3 * pixel..<3 * pixel + 3])
      let sum = kept(value[0], widths.0) * 77 + kept(value[1], widths.1) * 150 + kept(value[2], widths.2) * 29
      return UInt8(sum >> 8)
    }
    #expect(Self.bytes(bench, 60) == expected)
  }

  @Test("A window takes its columns and rows, both corners included")
  func window() throws {
    let picture = try Self.picture(16, 8)
    // Pairs of samples 2 to 5 (columns 4 to 11) of rows 3 to 6.
    let bench = Self.bench(
      CameraSensor([picture], format: .gray8, timing: Self.timing()),
      Set(format: 5, global: 1 << 7, more: [(0x24, 3 << 16 | 2), (0x28, 6 << 16 | 5), (0x2C, 7 << 16)]), size: 32)
    bench.run(to: 20_000)
    let expected = (3...6).flatMap { row in (4...11).map { UInt8(picture.values[16 * row + $0]) } }
    #expect(Self.bytes(bench, 32) == expected)
    #expect(bench.events.contains { $0.event == 16 })
  }

  @Test("Frame dropping keeps one frame of three")
  func dropsFrames() throws {
    let pictures = try (0..<7).map { try Self.picture(4, 2, seed: $0) }
    let bench = Self.bench(
      CameraSensor(pictures, format: .gray8, timing: Self.timing()), Set(format: 5, global: 2 << 1 | 1), size: 24)
    bench.run(to: 40_000)
    #expect(Self.bytes(bench, 24) == [0, 3, 6].flatMap { pictures[$0].values.map { UInt8($0) } })
  }

  @Test("With inverted polarity a frame starts at the end of the pulse")
  func polarity() throws {
    let picture = try Self.picture(8, 2)
    let bench = Self.bench(
      CameraSensor([picture], format: .gray8, timing: Self.timing(repeats: true)),
      Set(format: 5, more: [(0x34, 1)]), size: 16)
    bench.run(to: 20_000)
    #expect(Self.bytes(bench, 16) == picture.values.map { UInt8($0) })
  }

  @Test("Skipping quiet cycles changes no event's cycle and no byte")
  func skippingIsInvisible() throws {
    let picture = try Self.picture(24, 6, channels: 3)
    var results: [([UInt8], [Cycle])] = []
    for stepped in [true, false] {
      let sensor = CameraSensor([picture], format: .rgb565, timing: Self.timing(repeats: true))
      let bench = Self.bench(sensor, Set(format: 0, shift: 2, more: [(0x30, 0x01_02_03)]), size: 200)
      if stepped {
        for cycle in 60..<12_000 as Range<Cycle> {
          bench.queue.run(through: cycle)
          bench.udma.synchronize(to: cycle)
          _ = bench.udma.peek(Self.slots.p8 + 4, at: cycle)
        }
      } else {
        bench.run(to: 11_999)
      }
      results.append((Self.bytes(bench, 200), bench.events.map(\.cycle)))
    }
    #expect(results[0].0 == results[1].0)
    #expect(results[0].1 == results[1].1)
    #expect(results[0].1.count > 4)
  }

  @Test("P7's interface takes the same picture, raises no frame event and has no DST")
  func p7() throws {
    let picture = try Self.picture(16, 4)
    let bench = Self.bench(
      CameraSensor([picture], format: .gray8, timing: Self.timing()), Set(format: 5, more: [(0x38, 3)]), size: 64,
      isP7: true)
    bench.run(to: 20_000)
    #expect(Self.bytes(bench, 64) == picture.values.map { UInt8($0) })
    #expect(bench.events.map(\.event) == [24])
    #expect(bench.udma.peek(Self.slots.p7 + 0x38, at: 20_000) == 0)
  }

  @Test("Registers keep what is written; bit 31 of CFG_GLOB reads 0; without a sensor a capture stands still")
  func registers() throws {
    let bench = Bench()
    bench.udma.write(UDMARegisters.cg.offset, 1 << 4, at: 10)
    var cycle: Cycle = 20
    for offset in stride(from: 0x20 as UInt32, through: 0x38, by: 4) {
      bench.queue.run(through: cycle)
      bench.udma.write(Self.slots.p8 + offset, .max, at: cycle)
      cycle += 5
    }
    let values = stride(from: 0x20 as UInt32, through: 0x3C, by: 4).map {
      bench.udma.peek(Self.slots.p8 + $0, at: cycle)
    }
    #expect(values == [0x7FFF_FFFF, .max, .max, .max, .max, 1, 3, 0])
    bench.start(Self.slots.p8, Self.buffer, 16, at: cycle)
    bench.run(to: 1000)
    #expect(bench.udma.standstills == ["UDMA_CPI0 stands still in a capture: no camera is connected (--board)"])
  }
}
