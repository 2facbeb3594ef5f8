// Values that only board files have.

import Foundation
import Yams

extension BoardFile {
  @discardableResult
  func check(_ value: Node?, _ node: Node, oneOf known: [String]) throws -> String {
    guard let value else {
      throw refusal(node, "which device? (device: \(known.joined(separator: " or ")))")
    }
    let name = try string(value, "device")
    guard known.contains(name) else {
      throw refusal(value, "no device '\(name)' here: \(known.joined(separator: " or "))")
    }
    return name
  }

  func resolved(_ node: Node) throws -> String {
    let name = try string(node, "file")
    guard !name.isEmpty else { throw refusal(node, "file takes a name") }
    return URL(fileURLWithPath: name, relativeTo: URL(fileURLWithPath: path).deletingLastPathComponent()).path
  }
}
