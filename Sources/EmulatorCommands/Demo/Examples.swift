// The lists of examples that the demo runs on: the form of a model manifest's `examples` or `tests`.

import Foundation

/// A file of examples: prompts for the character model, or images for the digits model.
struct ExampleFile {
  /// The whole document; entries get their results here.
  var document: [String: Any]
  /// `examples` (charlm) or `tests` (digits).
  let key: String
  var entries: [[String: Any]]

  var isDigits: Bool { key == "tests" }

  init(path: String) throws {
    let bytes = try HostFiles.read(path)
    let parsed: Any
    do {
      parsed = try JSONSerialization.jsonObject(with: Data(bytes))
    } catch {
      throw HostError.data("\(path): is not JSON")
    }
    var document = parsed as? [String: Any] ?? [:]
    if let list = parsed as? [[String: Any]] {
      document = [list.first?["tokens"] != nil && list.first?["prompt"] == nil ? "tests" : "examples": list]
    }
    if let list = document["examples"] as? [[String: Any]] {
      key = "examples"
      entries = list
    } else if let list = document["tests"] as? [[String: Any]] {
      key = "tests"
      entries = list
    } else {
      throw HostError.data("\(path): has neither a list 'examples' nor a list 'tests'")
    }
    self.document = document
  }

  /// The document with the entries as they are now.
  func data() throws -> Data {
    var document = document
    document[key] = entries
    guard
      var data = try? JSONSerialization.data(
        withJSONObject: document, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
    else { throw HostError.data("the results cannot be written as JSON") }
    data.append(0x0A)
    return data
  }
}

/// The character model's vocabulary: a Unicode scalar a token.
struct Vocabulary {
  let scalars: [Unicode.Scalar]

  /// Reads the manifest of the character model.
  init(manifest path: String) throws {
    let bytes = try HostFiles.read(path)
    guard let document = try? JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any],
      let text = document["vocabulary"] as? String
    else { throw HostError.data("\(path): is no model manifest with a vocabulary") }
    scalars = Array(text.unicodeScalars)
  }

  /// The tokens of `text`; `what` names it in the refusal.
  func tokens(_ text: String, _ what: String) throws -> [UInt32] {
    try text.unicodeScalars.map { scalar in
      guard let index = scalars.firstIndex(of: scalar) else {
        let name = scalar.isASCII && scalar.value >= 32 ? "'\(scalar)'" : "U+" + String(scalar.value, radix: 16)
        throw HostError.data("\(what): the character \(name) is not in the model's vocabulary")
      }
      return UInt32(index)
    }
  }

  func text(_ tokens: [UInt32]) -> String {
    var text = String.UnicodeScalarView()
    for token in tokens where Int(token) < scalars.count { text.append(scalars[Int(token)]) }
    return String(text)
  }
}
