// An image sensor with a parallel interface: frames that it sends line by line, with VSYNC, HSYNC and a clock.
//
// Sends like the camera of PULPissimo's test bench (`cam_vip.sv`): a pulse of VSYNC opens a frame, HSYNC is high while a
// line is sent; or, as other sensors do, VSYNC is high during the frame. What it shows is a function of the cycle. Left
// out: exposure, the control registers behind I2C (a sensor without them), 24-bit formats.

import HardwareModel

/// The levels of a sensor's pins.
public struct CameraPins: Equatable, Sendable {
  public var vsync = false
  public var hsync = false
  /// Ten data pins.
  public var data: UInt16 = 0

  public init() {}
}

/// A picture: rows from top to bottom, one or three values a pixel.
public struct CameraPicture: Sendable, Equatable {
  public let width: Int
  public let height: Int
  /// 1: grey, 3: red, green, blue.
  public let channels: Int
  /// 1...65535.
  public let maximum: Int
  public let values: [UInt16]

  /// A picture, or nil if `values` do not fill it.
  public init?(width: Int, height: Int, channels: Int, maximum: Int, values: [UInt16]) {
    guard width > 0, height > 0, channels == 1 || channels == 3, (1...65535).contains(maximum),
      width <= 1 << 16, height <= 1 << 16, values.count == width * height * channels
    else { return nil }
    self.width = width
    self.height = height
    self.channels = channels
    self.maximum = maximum
    self.values = values
  }
}

/// How a sensor puts a pixel on its data pins.
public enum CameraFormat: String, Sendable, CaseIterable {
  /// One sample of 8 bits.
  case gray8
  /// One sample of 10 bits.
  case gray10
  /// Two samples of 8 bits, red in the first.
  case rgb565, rgb555, rgb444

  public var samplesPerPixel: Int { self == .gray8 || self == .gray10 ? 1 : 2 }

  /// The samples of `picture`; nil for a colour picture in a grey format.
  public func samples(_ picture: CameraPicture) -> [UInt16]? {
    func scaled(_ value: UInt16, _ bits: Int) -> UInt16 {
      let most = (1 << bits) - 1
      return UInt16(min(most, (Int(value) * most + picture.maximum / 2) / picture.maximum))
    }
    guard samplesPerPixel == 2 else {
      guard picture.channels == 1 else { return nil }
      return picture.values.map { scaled($0, self == .gray8 ? 8 : 10) }
    }
    var samples: [UInt16] = []
    samples.reserveCapacity(2 * picture.width * picture.height)
    for pixel in stride(from: 0, to: picture.values.count, by: picture.channels) {
      let last = picture.channels - 1
      let parts = (picture.values[pixel], picture.values[pixel + last / 2], picture.values[pixel + last])
      let word: UInt16
      switch self {
      case .rgb555: word = scaled(parts.0, 5) << 10 | scaled(parts.1, 5) << 5 | scaled(parts.2, 5)
      case .rgb444: word = scaled(parts.0, 4) << 8 | scaled(parts.1, 4) << 4 | scaled(parts.2, 4)
      default: word = scaled(parts.0, 5) << 11 | scaled(parts.1, 6) << 5 | scaled(parts.2, 5)
      }
      samples.append(word >> 8)
      samples.append(word & 0xFF)
    }
    return samples
  }
}

/// When a sensor sends what. Times but for `pixelCycles` are in periods of its clock.
public struct CameraTiming: Sendable, Equatable {
  /// SoC cycles of a clock period, at least 2.
  public var pixelCycles: UInt64 = 8
  /// Length of the VSYNC pulse, or of its pause if it is high during a frame.
  public var vsync: UInt64 = 32
  /// From VSYNC to the first line.
  public var front: UInt64 = 64
  /// Between two lines.
  public var lineBlank: UInt64 = 16
  /// From the last line to the next frame.
  public var back: UInt64 = 64
  /// VSYNC is high during the frame instead of in front of it.
  public var isVsyncLong = false
  /// The first frame's cycle; nil: it starts when the interface is switched on for the first time.
  public var start: Cycle?
  /// After the last frame comes the first one again.
  public var repeats = true

  public init() {}
}

/// A sensor wired to a camera interface.
public final class CameraSensor {
  private struct Frame {
    /// First period, counted from the first frame's.
    var start: UInt64
    var lineLength: UInt64
    var lines: UInt64
    var samples: [UInt16]
  }

  public let timing: CameraTiming
  private let frames: [Frame]
  /// Periods of all frames together.
  private let total: UInt64
  /// The first frame's period; nil: in standby.
  private var startPeriod: UInt64?
  private var lastCycle: Cycle = 0

  /// A sensor that sends `pictures` in `format`; those that the format cannot show are left out.
  public init(_ pictures: [CameraPicture], format: CameraFormat, timing: CameraTiming = CameraTiming()) {
    var timing = timing
    timing.pixelCycles = max(timing.pixelCycles, 2)
    timing.vsync = max(timing.vsync, 1)
    self.timing = timing
    var frames: [Frame] = []
    var start: UInt64 = 0
    for picture in pictures {
      guard let samples = format.samples(picture) else { continue }
      let length = UInt64(picture.width * format.samplesPerPixel)
      let lines = UInt64(picture.height)
      frames.append(Frame(start: start, lineLength: length, lines: lines, samples: samples))
      start += timing.vsync + timing.front + lines * (length + timing.lineBlank) + timing.back
    }
    self.frames = frames
    total = start
    startPeriod = timing.start.map { ($0 &+ timing.pixelCycles &- 1) / timing.pixelCycles }
  }

  /// True if another frame comes or is under way.
  public var isExpected: Bool {
    guard let startPeriod, total > 0 else { return false }
    let period = lastCycle / timing.pixelCycles
    return timing.repeats || period < startPeriod + total
  }

  /// The interface is switched on in `cycle`: a sensor in standby starts.
  func interfaceEnabled(at cycle: Cycle) {
    if startPeriod == nil { startPeriod = cycle / timing.pixelCycles &+ 4 }
  }

  /// True if the clock rises at the end of `cycle`.
  func hasEdge(atEndOf cycle: Cycle) -> Bool { (cycle &+ 1) % timing.pixelCycles == 0 }

  /// Cycles from `cycle` to the one at whose end the clock rises.
  func cyclesToEdge(from cycle: Cycle) -> UInt64 { timing.pixelCycles - 1 - cycle % timing.pixelCycles }

  /// The levels in `cycle`.
  public func pins(at cycle: Cycle) -> CameraPins {
    lastCycle = max(lastCycle, cycle)
    return levels(cycle / timing.pixelCycles)
  }

  /// The position in the sequence of frames; nil outside of it.
  private func position(_ period: UInt64) -> (frame: Frame, offset: UInt64)? {
    guard let startPeriod, period >= startPeriod, total > 0 else { return nil }
    var offset = period - startPeriod
    if timing.repeats { offset %= total } else if offset >= total { return nil }
    guard let frame = frames.last(where: { $0.start <= offset }) else { return nil }
    return (frame, offset - frame.start)
  }

  private func levels(_ period: UInt64) -> CameraPins {
    var pins = CameraPins()
    guard let (frame, offset) = position(period) else { return pins }
    let pulseEnd = timing.isVsyncLong ? 0 : timing.vsync
    if timing.isVsyncLong {
      let length = timing.front + frame.lines * (frame.lineLength + timing.lineBlank) + timing.back
      pins.vsync = offset < length
    } else {
      pins.vsync = offset < timing.vsync
    }
    guard offset >= pulseEnd + timing.front else { return pins }
    let (line, place) = (offset - pulseEnd - timing.front).quotientAndRemainder(
      dividingBy: frame.lineLength + timing.lineBlank)
    if line < frame.lines, place < frame.lineLength {
      pins.hsync = true
      pins.data = frame.samples[Int(line * frame.lineLength + place)]
    }
    return pins
  }

  /// The first cycle after `cycle` in which VSYNC, or with `hsync` also HSYNC, has another level; `.never` if none has.
  func nextChange(after cycle: Cycle, hsync: Bool) -> Cycle {
    guard let startPeriod, total > 0 else { return .never }
    let now = cycle / timing.pixelCycles
    let before = levels(now)
    // Within a frame levels change at a handful of places a line; outside, at the next frame.
    var period = now
    for _ in 0..<(hsync ? 8 : 8 + 2 * frames.count) {
      guard let next = nextPlace(after: period, startPeriod, lines: hsync) else { return .never }
      period = next
      let levels = levels(period)
      if levels.vsync != before.vsync || hsync && levels.hsync != before.hsync { return period &* timing.pixelCycles }
    }
    // Nothing for a long time: look again from there.
    return period &* timing.pixelCycles
  }

  /// The next period in which a level may change.
  private func nextPlace(after period: UInt64, _ startPeriod: UInt64, lines: Bool) -> UInt64? {
    guard period >= startPeriod else { return startPeriod }
    guard let (frame, offset) = position(period) else { return nil }
    let pulse = timing.isVsyncLong ? 0 : timing.vsync
    let lineTime = frame.lineLength + timing.lineBlank
    let active = frame.lines * lineTime
    let first = pulse + timing.front
    let end = first + active + timing.back
    let whole = end + (timing.isVsyncLong ? timing.vsync : 0)
    let base = period - offset
    if offset < pulse { return base + pulse }
    if lines {
      if offset < first { return base + first }
      if offset < first + active {
        let place = (offset - first) % lineTime
        let lineStart = offset - place
        return base + (place < frame.lineLength ? lineStart + frame.lineLength : lineStart + lineTime)
      }
    }
    if offset < end, timing.isVsyncLong { return base + end }
    return base + whole
  }
}

extension CameraSensor: Stateful {
  public func visitState(_ archive: StateArchive) {
    archive.omits("timing", "frames", "total")
    archive.visit("startPeriod", &startPeriod, in: 0...StateArchive.latest)
    archive.visit("lastCycle", cycle: &lastCycle)
  }
}
