// What can be wired to the I2S interface: a source of samples at its receiver, a recorder at its transmitter.
//
// Philips I2S as in NXP's I2S bus specification (UM11732): word select low is the left channel, the highest bit comes one
// clock behind the edge of word select. Left out: devices that make the clock, left- and right-justified formats.

import HardwareModel

/// The pins of an I2S interface, from outside.
public protocol I2SBus: Stateful {
  /// The receiver's clock rises; the levels in front of the edge.
  func receiverRises(wordSelect: Bool, at cycle: Cycle)
  /// The receiver's clock falls: who drives its data lines changes them.
  func receiverFalls(at cycle: Cycle)
  /// The levels of the receiver's two data lines; `transmitter`: those of the transmitter's pins.
  func receiverData(transmitter: (Bool, Bool)) -> (Bool, Bool)
  /// The transmitter's clock rises; the levels in front of the edge.
  func transmitterRises(wordSelect: Bool, data: (Bool, Bool), at cycle: Cycle)
}

/// Samples of a recording: one or two channels.
public struct AudioSamples: Sendable, Equatable {
  /// 1 or 2.
  public var channels: Int
  /// Bits of a sample, 8...32.
  public var bits: Int
  /// A second.
  public var rate: Int
  /// Two's complement, left and right in turn.
  public var values: [Int32]

  public init(channels: Int, bits: Int, rate: Int, values: [Int32] = []) {
    self.channels = channels == 2 ? 2 : 1
    self.bits = min(max(bits, 8), 32)
    self.rate = rate
    self.values = values
  }
}

/// Plays samples on data line 0 of the receiver; a single channel on both sides. Silence behind the end.
public final class I2SSource {
  public let samples: AudioSamples
  public let repeats: Bool
  private var next = 0
  private var wordSelect = true
  /// Bits still to be sent, the next one highest.
  private var shifter: UInt32 = 0
  private(set) var level = false

  public init(_ samples: AudioSamples, repeats: Bool = false) {
    self.samples = samples
    self.repeats = repeats
  }

  /// True when all samples have been loaded at least once.
  public var isFinished: Bool { next >= frames }

  private var frames: Int { samples.values.count / samples.channels }

  func rises(wordSelect new: Bool) {
    guard new != wordSelect else { return }
    wordSelect = new
    let index = repeats && frames > 0 ? next % frames : next
    let place = index * samples.channels + (new ? samples.channels - 1 : 0)
    let value = samples.values.indices.contains(place) ? samples.values[place] : 0
    shifter = UInt32(bitPattern: value) << UInt32(32 - samples.bits)
    if new { next += 1 }
  }

  func falls() {
    level = shifter >> 31 != 0
    shifter <<= 1
  }
}

/// Records what comes on data line 0 of the transmitter.
public final class I2SRecorder {
  public private(set) var samples: AudioSamples
  private let limit: Int
  private var wordSelect: Bool?
  private var word: UInt32 = 0
  private var count = 0
  private var left: Int32?

  /// A recorder of `bits` a sample, which stops after `limit` samples of both channels.
  public init(bits: Int, rate: Int, limit: Int = 1 << 24) {
    samples = AudioSamples(channels: 2, bits: bits, rate: rate)
    self.limit = limit
  }

  func rises(wordSelect new: Bool, level: Bool) {
    // The bit under an edge of word select is the last one of the word before.
    if count < samples.bits { word = word << 1 | (level ? 1 : 0) }
    count += 1
    guard let old = wordSelect else {
      wordSelect = new
      return
    }
    guard new != old else { return }
    wordSelect = new
    finish(isRight: old)
  }

  private func finish(isRight: Bool) {
    defer {
      word = 0
      count = 0
    }
    let missing = max(samples.bits - count, 0)
    let unused = UInt32(32 - samples.bits)
    let value = Int32(bitPattern: (word << UInt32(missing)) << unused) >> Int32(unused)
    guard isRight else {
      left = value
      return
    }
    guard let left, samples.values.count + 2 <= limit else { return }
    samples.values += [left, value]
    self.left = nil
  }
}

/// The wiring of an I2S interface's pins.
public final class I2SWiring: I2SBus {
  public let source: I2SSource?
  public let recorder: I2SRecorder?
  /// The transmitter's data line is wired to the receiver's.
  public let isLoopedBack: Bool

  public init(source: I2SSource? = nil, recorder: I2SRecorder? = nil, isLoopedBack: Bool = false) {
    self.source = source
    self.recorder = recorder
    self.isLoopedBack = isLoopedBack
  }

  public func receiverRises(wordSelect: Bool, at cycle: Cycle) { source?.rises(wordSelect: wordSelect) }
  public func receiverFalls(at cycle: Cycle) { source?.falls() }
  public func receiverData(transmitter: (Bool, Bool)) -> (Bool, Bool) {
    isLoopedBack ? transmitter : (source?.level ?? false, false)
  }
  public func transmitterRises(wordSelect: Bool, data: (Bool, Bool), at cycle: Cycle) {
    recorder?.rises(wordSelect: wordSelect, level: data.0)
  }
}

extension I2SSource: Stateful {
  public func visitState(_ archive: StateArchive) {
    archive.omits("samples", "repeats")
    archive.visit("next", &next, in: 0...1 << 48)
    archive.visit("wordSelect", &wordSelect)
    archive.visit("shifter", &shifter)
    archive.visit("level", &level)
  }
}

extension I2SRecorder: Stateful {
  public func visitState(_ archive: StateArchive) {
    archive.omits("limit")
    archive.visit("samples", &samples.values, most: limit)
    archive.visit("wordSelect", &wordSelect)
    archive.visit("word", &word)
    archive.visit("count", &count, in: 0...1 << 48)
    archive.visit("left", &left)
  }
}

extension I2SWiring {
  public func visitState(_ archive: StateArchive) {
    archive.omits("isLoopedBack")
    archive.visit("source", objects: source.map { [$0] } ?? [])
    archive.visit("recorder", objects: recorder.map { [$0] } ?? [])
  }
}
