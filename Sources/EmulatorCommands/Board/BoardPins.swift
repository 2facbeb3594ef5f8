// The part of a board file about GPIO pins: wires and stimuli.

import PULPissimo
import Yams

extension BoardFile {
  func readGPIO(_ node: Node, _ files: inout BoardFiles) throws {
    let keys = try map(node, "gpio", keys: ["wires", "stimuli", "stimulus-file"])
    var driven: Set<Int> = []
    for node in try list(keys["wires"], "wires") {
      let ends = try map(node, "a wire", keys: ["from", "to"])
      guard let from = ends["from"], let to = ends["to"] else { throw refusal(node, "a wire needs from and to") }
      let (sources, targets) = (try pins(from), try pins(to))
      guard sources.count == targets.count else {
        throw refusal(node, "\(sources.count) pins cannot be wired to \(targets.count)")
      }
      for (source, target) in zip(sources, targets) {
        guard source != target else { throw refusal(node, "pin \(source) is wired to itself") }
        guard driven.insert(target).inserted else { throw refusal(node, "pin \(target) is driven twice") }
        files.description.wires.append(.init(from: source, to: target))
      }
    }
    for node in try list(keys["stimuli"], "stimuli") {
      let parts = try map(node, "a stimulus", keys: ["cycle", "pin", "level"])
      guard let cycle = parts["cycle"], let pin = parts["pin"], let level = parts["level"] else {
        throw refusal(node, "a stimulus needs cycle, pin and level")
      }
      let number = Int(try number(pin, "pin", 0...31))
      guard !driven.contains(number) else { throw refusal(pin, "pin \(number) is driven by a wire") }
      files.description.stimuli.append(
        .init(
          cycle: try self.number(cycle, "cycle", 0...1 << 62), pin: number,
          level: try self.number(level, "level", 0...1) == 1))
    }
    if let file = keys["stimulus-file"] {
      files.description.stimuli += try StimulusFile(path: try resolved(file)).read(refusing: driven)
    }
  }

  /// `5` or `0-15`.
  func pins(_ node: Node) throws -> [Int] {
    let parts = try string(node, "pins").split(separator: "-", omittingEmptySubsequences: false).map { Int($0) ?? -1 }
    guard let first = parts.first, let last = parts.last, parts.count <= 2, first >= 0, first <= last, last <= 31 else {
      throw refusal(node, "pins are 0 to 31, or a range such as 0-15")
    }
    return Array(first...last)
  }
}
