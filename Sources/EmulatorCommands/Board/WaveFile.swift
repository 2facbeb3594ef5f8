// Sound in RIFF WAVE files with linear PCM: 8, 16, 24 or 32 bits, one or two channels.

import Foundation
import Peripherals

/// Reads and writes WAVE files.
enum WaveFile {
  /// The samples of a file; 66 if it cannot be read, 65 if it holds no such sound.
  static func read(_ path: String) throws -> AudioSamples {
    let bytes = try HostFiles.read(path)
    func refusal(_ reason: String) -> HostError { .data("\(path): \(reason)") }
    func number(_ place: Int, _ count: Int) -> Int {
      (0..<count).reduce(0) { $0 | (place + $1 < bytes.count ? Int(bytes[place + $1]) : 0) << (8 * $1) }
    }
    func text(_ place: Int) -> String {
      place + 4 <= bytes.count ? String(decoding: bytes[place..<place + 4], as: UTF8.self) : ""
    }
    guard text(0) == "RIFF", text(8) == "WAVE" else { throw refusal("not a RIFF WAVE file") }
    var samples: AudioSamples?
    var place = 12
    while place + 8 <= bytes.count {
      let size = number(place + 4, 4)
      let start = place + 8
      if text(place) == "fmt " {
        let format = number(start, 2)
        let (channels, rate, bits) = (number(start + 2, 2), number(start + 4, 4), number(start + 14, 2))
        // The extensible form names its real format in the first two bytes of a GUID.
        guard format == 1 || format == 0xFFFE && number(start + 24, 2) == 1 else {
          throw refusal("format \(format) is not linear PCM")
        }
        guard [1, 2].contains(channels), [8, 16, 24, 32].contains(bits) else {
          throw refusal("\(channels) channels of \(bits) bits: 1 or 2 of 8, 16, 24 or 32 are understood")
        }
        samples = AudioSamples(channels: channels, bits: bits, rate: rate)
      } else if text(place) == "data" {
        guard var sound = samples else { throw refusal("data without a format in front of it") }
        let width = sound.bits / 8
        let count = min(size, bytes.count - start) / (width * sound.channels) * sound.channels
        sound.values = (0..<count).map { index in
          let raw = number(start + index * width, width)
          if width == 1 { return Int32(raw - 128) }
          return Int32(truncatingIfNeeded: (raw << (64 - sound.bits)) >> (64 - sound.bits))
        }
        return sound
      }
      let next = start.addingReportingOverflow(size + size & 1)
      if next.overflow { break }
      place = next.partialValue
    }
    throw refusal("no data chunk")
  }

  /// A file that holds `samples`.
  static func bytes(_ samples: AudioSamples) -> Data {
    let width = samples.bits / 8
    var data = Data()
    func put(_ value: Int, _ count: Int) {
      for index in 0..<count { data.append(UInt8(truncatingIfNeeded: value >> (8 * index))) }
    }
    let size = samples.values.count * width
    data.append(contentsOf: Array("RIFF".utf8))
    put(36 + size + size & 1, 4)
    data.append(contentsOf: Array("WAVEfmt ".utf8))
    put(16, 4)
    put(1, 2)
    put(samples.channels, 2)
    put(samples.rate, 4)
    put(samples.rate * samples.channels * width, 4)
    put(samples.channels * width, 2)
    put(samples.bits, 2)
    data.append(contentsOf: Array("data".utf8))
    put(size, 4)
    for value in samples.values { put(width == 1 ? Int(value) + 128 : Int(value), width) }
    if size & 1 != 0 { data.append(0) }
    return data
  }
}
