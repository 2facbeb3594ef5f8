// What the values in a description (YAML) may be, and how they are refused: with file, line and reason (65).

import Foundation
import Yams

/// A file that describes something in YAML: a board, faults.
protocol DescriptionFile {
  var path: String { get }
}

extension DescriptionFile {
  /// The document's root; nil if the document is empty.
  func root(_ text: String) throws -> Node? {
    do { return try Yams.compose(yaml: text) } catch { throw HostError.data("\(path):\(Self.line(of: error))") }
  }

  /// `LINE: reason` of an error of the YAML parser.
  private static func line(of error: any Error) -> String {
    switch error {
    case YamlError.scanner(_, let problem, let mark, _), YamlError.parser(_, let problem, let mark, _),
      YamlError.composer(_, let problem, let mark, _):
      return "\(mark.line): \(problem)"
    case YamlError.duplicatedKeysInMapping(let duplicates, let context):
      return
        "\(context.mark.line): twice the same key (\(duplicates.map(\.description).sorted().joined(separator: ", ")))"
    default: return " not YAML: \("\(error)".split(separator: "\n").first ?? "")"
    }
  }

  func refusal(_ node: Node, _ reason: String) -> HostError {
    .data("\(path):\(node.mark.map { "\($0.line):" } ?? "") \(reason)")
  }

  func map(_ node: Node, _ what: String, keys known: Set<String>) throws -> [String: Node] {
    guard let mapping = node.mapping else {
      // An empty value is a mapping without keys.
      if node.scalar?.string.isEmpty == true { return [:] }
      throw refusal(node, "\(what) takes keys and values")
    }
    var result: [String: Node] = [:]
    for (key, value) in mapping {
      let name = key.scalar?.string ?? ""
      guard known.contains(name) else {
        throw refusal(key, "'\(name)' means nothing in \(what); known: \(known.sorted().joined(separator: ", "))")
      }
      result[name] = value
    }
    return result
  }

  func list(_ node: Node?, _ what: String) throws -> [Node] {
    guard let node else { return [] }
    guard let sequence = node.sequence else {
      if node.scalar?.string.isEmpty == true { return [] }
      throw refusal(node, "\(what) takes a list")
    }
    return Array(sequence)
  }

  func string(_ node: Node, _ what: String) throws -> String {
    guard let scalar = node.scalar else { throw refusal(node, "\(what) takes one value") }
    return scalar.string
  }

  func flag(_ node: Node, _ what: String) throws -> Bool {
    switch try string(node, what) {
    case "true": return true
    case "false": return false
    default: throw refusal(node, "\(what) takes true or false")
    }
  }

  func number(_ node: Node, _ what: String, _ range: ClosedRange<UInt64>) throws -> UInt64 {
    guard let value = Numbers.parse(try string(node, what)), range.contains(value) else {
      throw refusal(node, "\(what) takes a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  func power(_ node: Node, _ what: String, _ range: ClosedRange<UInt64>) throws -> UInt64 {
    let value = try number(node, what, range)
    guard value.nonzeroBitCount == 1 else { throw refusal(node, "\(what) takes a power of two, not \(value)") }
    return value
  }
}
