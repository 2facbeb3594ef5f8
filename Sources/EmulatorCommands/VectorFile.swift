/// Reads accelerator test-vector files: JSON, the binary beside it, and digests.
///
/// Models: the three kinds of files that the vectors' description names: case files with a binary, register sequences,
/// and the worked example. Follows: vectors/README.md. Everything that is missing, of the wrong type or out of range is
/// an error that names its place in the file; nothing in a file can end the program.

import Foundation
import HardwareModel
import RetentionAccelerator

/// A vector file's contents.
enum VectorFile {
  case cases([VectorCase])
  case sequences([VectorSequence])
  case example(VectorExample)

  /// Why a file cannot be used.
  enum Failure: Error, Equatable {
    /// Exit status 66.
    case unreadable(String)
    /// Exit status 65.
    case malformed(String)
  }

  /// Reads the file at `path`.
  static func read(_ path: String) throws(Failure) -> VectorFile {
    let data = try contents(of: path)
    guard let value = try? JSONSerialization.jsonObject(with: data, options: [.fragmentsAllowed]) else {
      throw .malformed("\(path): not JSON")
    }
    let root = JSONNode(value, path)
    if root.has("cases") {
      let name = try root["bin"].string()
      let binary = [UInt8](try contents(of: HostFiles.folder(of: path) + "/" + name))
      let fill = UInt8(truncatingIfNeeded: try root["fill"].integer(0...255))
      var cases: [VectorCase] = []
      for node in try root["cases"].array() { cases.append(try vectorCase(node, fill: fill, binary: binary)) }
      return .cases(cases)
    }
    if root.has("sequences") {
      let fill = UInt8(truncatingIfNeeded: try root["fill"].integer(0...255))
      var sequences: [VectorSequence] = []
      for node in try root["sequences"].array() {
        var steps: [VectorStep] = []
        for step in try node["steps"].array() { steps.append(try sequenceStep(step)) }
        sequences.append(VectorSequence(name: try node["name"].string(), fill: fill, steps: steps))
      }
      return .sequences(sequences)
    }
    if root.has("words"), root.has("steps") { return .example(try example(root)) }
    throw .malformed("\(path): not a vector file of a known kind (cases, sequences, or words with steps)")
  }

  // MARK: Parts

  private static func contents(of path: String) throws(Failure) -> Data {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue,
      let data = FileManager.default.contents(atPath: path)
    else { throw .unreadable("\(path): cannot be read") }
    return data
  }

  private static func vectorCase(_ node: JSONNode, fill: UInt8, binary: [UInt8]) throws(Failure) -> VectorCase {
    var vector = VectorCase(name: try node["name"].string(), fill: fill, words: try node["words"].words(16...16))
    vector.base = try node["base"].words(0...7)
    vector.counters = try node["cnt"].words(0...4)
    vector.memory = try patches(node["init"], binary)
    vector.expectedMemory = try patches(node["expect"], binary)
    vector.digest = try node["l2_sha256"].hexBytes(count: 32)
    vector.expected = try expectations(node["result"])
    return vector
  }

  private static func patches(_ node: JSONNode, _ binary: [UInt8]) throws(Failure) -> [MemoryPatch] {
    var patches: [MemoryPatch] = []
    for part in try node.array() {
      let offset = Int(try part["offset"].integer(0...UInt64(binary.count)))
      let length = Int(try part["length"].integer(0...UInt64(binary.count - offset)))
      patches.append(try patch(part["addr"], Array(binary[offset..<offset + length])))
    }
    return patches
  }

  /// `bytes` at the address of `node`, all inside the L2.
  private static func patch(_ node: JSONNode, _ bytes: [UInt8]) throws(Failure) -> MemoryPatch {
    let base = UInt64(VectorRunner.memoryBase)
    let end = base + UInt64(VectorRunner.memorySize)
    guard bytes.count <= VectorRunner.memorySize else { throw .malformed("\(node.path): more bytes than the L2 has") }
    let address = try node.integer(base...(end - UInt64(bytes.count)))
    return MemoryPatch(address: Address(truncatingIfNeeded: address), bytes: bytes)
  }

  private static let counters: [(key: String, counter: PerformanceCounter)] = [
    ("cycles", .cycles), ("macs", .macs), ("bytes_rd", .bytesRead), ("bytes_wr", .bytesWritten),
    ("descs", .descriptors),
  ]

  private static func expectations(_ node: JSONNode) throws(Failure) -> [ExpectedValue] {
    var expected: [ExpectedValue] = []
    if node.has("error") {
      let code = try node["error"].integer(0...255)
      expected.append(ExpectedValue(.error, code))
      if node.has("err_name") {
        let name = try node["err_name"].string()
        guard ErrorCode(rawValue: UInt8(truncatingIfNeeded: code))?.name == name else {
          throw .malformed("\(node["err_name"].path): \(name) is not the name of error \(code)")
        }
      }
    }
    if node.has("err_pc") { expected.append(ExpectedValue(.errorPC, try node["err_pc"].integer(word))) }
    if node.has("list_pc") { expected.append(ExpectedValue(.listPC, try node["list_pc"].integer(word))) }
    if node.has("base") {
      for (index, value) in try node["base"].words(0...7).enumerated() {
        expected.append(ExpectedValue(.base(index + 1), UInt64(value)))
      }
    }
    if node.has("cnt") {
      for (index, value) in try node["cnt"].words(0...4).enumerated() {
        expected.append(ExpectedValue(.counter(index), UInt64(value)))
      }
    }
    if node.has("progress") { expected.append(ExpectedValue(.progress, try node["progress"].integer(word))) }
    for (key, counter) in counters {
      expected.append(ExpectedValue(.performance(counter), try node[key].integer(0...UInt64.max)))
    }
    return expected
  }

  private static let word: ClosedRange<UInt64> = 0...0xFFFF_FFFF

  private static func sequenceStep(_ node: JSONNode) throws(Failure) -> VectorStep {
    let parts = try node.array()
    guard let first = parts.first else { throw .malformed("\(node.path): an empty step") }
    func part(_ index: Int, _ range: ClosedRange<UInt64> = word) throws(Failure) -> UInt32 {
      guard index < parts.count else { throw .malformed("\(node.path): too few values") }
      return UInt32(truncatingIfNeeded: try parts[index].integer(range))
    }
    let slot: ClosedRange<UInt64> = 0...UInt64(RETARegisters.block.size - 1)
    let kind = try first.string()
    switch kind {
    case "w": return .write(offset: try part(1, slot), value: try part(2))
    case "r": return .read(offset: try part(1, slot), expected: try part(2))
    case "mem", "expect":
      let address = try patch(parts.count > 1 ? parts[1] : node, [0, 0, 0, 0]).address
      return kind == "mem" ? .setMemory(address, try part(2)) : .expectMemory(address, try part(2))
    case "wait": return .wait
    case "events": return .expectEvents(UInt64(try part(1)), UInt64(try part(2)))
    default: throw .malformed("\(node.path): unknown step \"\(kind)\"")
    }
  }

  private static func example(_ root: JSONNode) throws(Failure) -> VectorExample {
    let fill = UInt8(truncatingIfNeeded: try root["fill"].integer(0...255))
    var list = VectorCase(name: "whole list", fill: fill, words: try root["words"].words(16...16))
    for part in try root["init"].array() {
      list.memory.append(try patch(part["addr"], part["hex"].hexBytes()))
    }
    list.checksWholeMemory = false
    if root.has("state") {
      list.expectedMemory = [try patch(root["state"]["addr"], root["state"]["hex"].hexBytes())]
    }
    list.expected = try expectations(root["result"])
    list.digest = try root["l2_sha256"].hexBytes(count: 32)
    var steps: [VectorExample.Step] = []
    for node in try root["steps"].array() {
      steps.append(
        VectorExample.Step(
          name: try node["name"].string(), output: try patch(node["addr"], node["hex"].hexBytes()),
          cycles: try node["c_op"].integer(0...UInt64(Int64.max))))
    }
    return VectorExample(list: list, steps: steps)
  }
}

/// A JSON value and where it stands, so that errors can say so.
private struct JSONNode {
  let value: Any?
  let path: String

  init(_ value: Any?, _ path: String) {
    self.value = value
    self.path = path
  }

  subscript(key: String) -> JSONNode { JSONNode((value as? [String: Any])?[key], "\(path): \(key)") }

  func has(_ key: String) -> Bool { (value as? [String: Any])?[key] != nil }

  private func failure(_ what: String) -> VectorFile.Failure {
    .malformed(value == nil ? "\(path) is missing" : "\(path) is not \(what)")
  }

  func array() throws(VectorFile.Failure) -> [JSONNode] {
    guard let values = value as? [Any] else { throw failure("an array") }
    return values.enumerated().map { JSONNode($1, "\(path)[\($0)]") }
  }

  func string() throws(VectorFile.Failure) -> String {
    guard let text = value as? String else { throw failure("a string") }
    return text
  }

  /// A number, or a string that holds one in decimal or, after 0x, in hexadecimal.
  func integer(_ range: ClosedRange<UInt64>) throws(VectorFile.Failure) -> UInt64 {
    var number: UInt64?
    if let text = value as? String {
      number = text.lowercased().hasPrefix("0x") ? UInt64(text.dropFirst(2), radix: 16) : UInt64(text)
    } else if let found = value as? NSNumber {
      number = UInt64(exactly: found)
    }
    guard let number else { throw failure("an unsigned integer") }
    guard range.contains(number) else {
      throw .malformed("\(path): \(number) is out of range \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// An array of 32-bit words.
  func words(_ count: ClosedRange<Int>) throws(VectorFile.Failure) -> [UInt32] {
    let nodes = try array()
    guard count.contains(nodes.count) else {
      throw .malformed("\(path) has \(nodes.count) values instead of \(count.upperBound)")
    }
    var words: [UInt32] = []
    for node in nodes { words.append(UInt32(truncatingIfNeeded: try node.integer(0...0xFFFF_FFFF))) }
    return words
  }

  /// A string of hexadecimal digits, two a byte.
  func hexBytes(count: Int? = nil) throws(VectorFile.Failure) -> [UInt8] {
    let digits = Array(try string().utf8)
    var bytes: [UInt8] = []
    guard digits.count % 2 == 0 else { throw .malformed("\(path): an odd number of hexadecimal digits") }
    for index in stride(from: 0, to: digits.count, by: 2) {
      guard let high = Self.digit(digits[index]), let low = Self.digit(digits[index + 1]) else {
        throw .malformed("\(path): not hexadecimal")
      }
      bytes.append(high << 4 | low)
    }
    if let count, bytes.count != count { throw .malformed("\(path): \(bytes.count) bytes instead of \(count)") }
    return bytes
  }

  private static func digit(_ character: UInt8) -> UInt8? {
    switch character {
    case 0x30...0x39: character - 0x30
    case 0x41...0x46: character - 0x41 + 10
    case 0x61...0x66: character - 0x61 + 10
    default: nil
    }
  }
}
