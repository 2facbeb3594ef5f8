// Stimuli of GPIO pins as a table: a line a change, `cycle, pin, value`.
//
//     # cycle, pin, value
//     1000, 3, 1
//     1500, 3, 0

import Foundation
import PULPissimo

/// Reads one stimulus file.
struct StimulusFile {
  let path: String

  /// The changes in the file; pins that `driven` names are driven by a wire and refused.
  func read(refusing driven: Set<Int> = []) throws -> [BoardDescription.Stimulus] {
    guard let text = String(bytes: try HostFiles.read(path), encoding: .utf8) else {
      throw HostError.data("\(path): not UTF-8 text")
    }
    var stimuli: [BoardDescription.Stimulus] = []
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      func refusal(_ reason: String) -> HostError { .data("\(path):\(index + 1): \(reason)") }
      let content = line.prefix { $0 != "#" }
      let parts = content.split { $0 == "," || $0.isWhitespace }.map(String.init)
      if parts.isEmpty || stimuli.isEmpty && parts.map({ $0.lowercased() }) == ["cycle", "pin", "value"] { continue }
      guard parts.count == 3 else { throw refusal("a line takes cycle, pin and value") }
      guard let cycle = Numbers.parse(parts[0]), cycle <= 1 << 62 else {
        throw refusal("cycle takes a number, not '\(parts[0])'")
      }
      guard let pin = Numbers.parse(parts[1]), pin < 32 else {
        throw refusal("pin takes a number from 0 to 31, not '\(parts[1])'")
      }
      guard parts[2] == "0" || parts[2] == "1" else { throw refusal("value takes 0 or 1, not '\(parts[2])'") }
      guard !driven.contains(Int(pin)) else { throw refusal("pin \(pin) is driven by a wire") }
      stimuli.append(.init(cycle: cycle, pin: Int(pin), level: parts[2] == "1"))
    }
    return stimuli
  }
}
