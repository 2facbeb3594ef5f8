// The SVD file read back by a parser that others wrote (PyPI cmsis-svd).

import Foundation
import HardwareModel
import RegisterExport
import Testing
import TestSupport

/// What read_svd.py prints for `blocks`.
func expectedReading(of blocks: [PlacedBlock]) -> [String] {
  func hex(_ value: UInt32, _ digits: Int) -> String {
    let text = String(value, radix: 16, uppercase: true)
    return "0x" + String(repeating: "0", count: max(0, digits - text.count)) + text
  }
  // Access, modifiedWriteValues, readAction of CMSIS-SVD 1.3.9, section "Registers level".
  func rule(_ access: Access) -> (String, String, String) {
    switch access {
    case .readWrite: return ("read-write", "-", "-")
    case .readOnly: return ("read-only", "-", "-")
    case .writeOnly, .pulse: return ("write-only", "-", "-")
    case .writeOneToClear: return ("read-write", "oneToClear", "-")
    case .writeOneToSet: return ("read-write", "oneToSet", "-")
    case .readToClear: return ("read-only", "-", "clear")
    case .writeToClear: return ("read-write", "clear", "-")
    }
  }
  var lines = ["device PULPissimo 32"]
  for placed in blocks {
    lines.append("peripheral \(placed.name) \(hex(placed.base, 8))")
    for interrupt in placed.interrupts { lines.append("interrupt \(interrupt.name) \(interrupt.number)") }
    for register in placed.block.registers {
      lines.append(
        "register \(register.name) \(hex(register.offset, 3)) \(hex(register.reset, 8)) \(rule(register.access).0)")
      for field in register.fields {
        let rule = rule(field.access ?? register.access)
        lines.append("field \(field.name) \(field.lsb) \(field.width) \(rule.0) \(rule.1) \(rule.2)")
        for value in field.values { lines.append("value \(value.name) \(value.value)") }
      }
    }
  }
  return lines
}

/// What the parser reads from `svd`.
func reading(of svd: String) throws -> [String] {
  try Repository.withTemporaryDirectory { folder in
    let file = folder.appendingPathComponent("device.svd")
    try svd.write(to: file, atomically: true, encoding: .utf8)
    let outcome = try run(
      Repository.python, [Repository.path("Tests/Tools/read_svd.py"), file.path])
    try #require(outcome.status == 0, "run scripts/setup test first? \(outcome.errors)")
    return outcome.text.split(separator: "\n").map(String.init)
  }
}

@Suite struct SVDTests {
  @Test func `an independent parser reads every name, offset, reset value, field, access rule and named value`() throws
  {
    #expect(try reading(of: RegisterFormat.svd.render(Sample.placed)) == expectedReading(of: Sample.placed))
  }

  @Test func `text with markup stays text`() throws {
    let svd = RegisterFormat.svd.render(Sample.placed)
    #expect(svd.contains("&lt;b&gt;&amp;&quot;quotes&quot;&lt;/b&gt;"))
    #expect(svd.contains("Runs &amp; &lt;races&gt;"))
    #expect(!svd.contains("<b>"))
  }
}
