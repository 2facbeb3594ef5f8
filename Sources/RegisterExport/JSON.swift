// The register declarations as JSON, for scripts. Keys are in a fixed order.

import HardwareModel

enum JSON {
  static func text(for blocks: [PlacedBlock]) -> String {
    "{\"schema\": \"pulpemu-registers/1\", \"blocks\": " + list(blocks.map(object), indent: 0) + "}\n"
  }

  private static func object(_ placed: PlacedBlock) -> String {
    "{"
      + [
        pair("name", placed.name), pair("block", placed.block.name), pair("summary", placed.block.summary),
        pair("source", placed.block.source), pair("base", Int(placed.base)), pair("size", Int(placed.block.size)),
        "\"interrupts\": ["
          + placed.interrupts.map { "{\(pair("name", $0.name)), \"number\": \($0.number)}" }
          .joined(separator: ", ") + "]",
        "\"registers\": " + list(placed.block.registers.map(object), indent: 1),
      ].joined(separator: ", ") + "}"
  }

  private static func object(_ register: Register) -> String {
    "{"
      + [
        pair("name", register.name), pair("offset", Int(register.offset)), pair("reset", Int(register.reset)),
        pair("access", register.access.rawValue), pair("summary", register.summary),
        "\"fields\": " + list(register.fields.map { object($0, of: register) }, indent: 2),
      ].joined(separator: ", ") + "}"
  }

  private static func object(_ field: Field, of register: Register) -> String {
    var pairs = [
      pair("name", field.name), pair("lsb", Int(field.lsb)), pair("width", Int(field.width)),
      pair("access", (field.access ?? register.access).rawValue), pair("summary", field.summary),
    ]
    if !field.values.isEmpty {
      pairs.append(
        "\"values\": ["
          + field.values.map {
            "{\(pair("name", $0.name)), \(pair("value", Int($0.value))), \(pair("summary", $0.summary))}"
          }.joined(separator: ", ") + "]")
    }
    if let reason = field.notModelled { pairs.append(pair("notModelled", reason)) }
    return "{" + pairs.joined(separator: ", ") + "}"
  }

  private static func list(_ objects: [String], indent: Int) -> String {
    guard !objects.isEmpty else { return "[]" }
    let margin = String(repeating: "  ", count: indent + 1)
    return "[\n" + objects.map { margin + $0 }.joined(separator: ",\n") + "]"
  }

  private static func pair(_ key: String, _ value: Int) -> String { "\"\(key)\": \(value)" }

  private static func pair(_ key: String, _ value: String) -> String { "\"\(key)\": \(quoted(value))" }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
