// Markdown, JSON and plain text, and that every format comes out the same on every run.

import Foundation
import HardwareModel
import RegisterExport
import Testing

@Suite struct FormatTests {
  @Test func `the sample declaration is sound`() {
    #expect(Sample.block.problems == [])
  }

  @Test(arguments: RegisterFormat.allCases)
  func `the same text comes out each time, without trailing spaces, with one final newline`(format: RegisterFormat) {
    let text = format.render(Sample.placed)
    #expect(text == format.render(Sample.placed))
    #expect(!text.split(separator: "\n").contains { $0.last?.isWhitespace == true })
    #expect(text.hasSuffix("\n") && !text.hasSuffix("\n\n"))
  }

  @Test func `Markdown rows keep their columns whatever the text`() {
    let text = RegisterFormat.markdown.render(Sample.placed)
    #expect(text.contains("\\<b\\>&amp;\"quotes\"\\</b\\> \\| \\`ticks\\` \\*"))
    var columns = 0
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      guard line.hasPrefix("|") else {
        columns = 0
        continue
      }
      let count = line.replacing("\\\\", with: "").replacing("\\|", with: "").count { $0 == "|" }
      if columns == 0 { columns = count }
      #expect(count == columns, "\(line)")
    }
    #expect(text.contains("| 0x004 | FLAGS | write-1-to-clear | 0x00000000 | Flags |"))
    #expect(text.contains("| 2:1 | MODE | read-write |"))
    #expect(text.contains("Not modelled: not \\| yet"))
  }

  @Test func `JSON holds every declaration`() throws {
    let data = Data(RegisterFormat.json.render(Sample.placed).utf8)
    let root = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect(root["schema"] as? String == "pulpemu-registers/1")
    let blocks = try #require(root["blocks"] as? [[String: Any]])
    #expect(blocks.map { $0["name"] as? String } == ["SAMPLE0", "SAMPLE1", "OTHER"])
    #expect(blocks[0]["summary"] as? String == Sample.block.summary)
    #expect(blocks[0]["base"] as? Int == 0x1A10_C000)
    let registers = try #require(blocks[0]["registers"] as? [[String: Any]])
    #expect(registers.map { $0["offset"] as? Int } == [0, 4, 8, 12, 16, 20, 24])
    let fields = try #require(registers[0]["fields"] as? [[String: Any]])
    #expect(fields.map { $0["access"] as? String } == ["read-write", "read-write", "pulse", "write-only", "read-only"])
    #expect(fields[3]["notModelled"] as? String == "not | yet")
  }

  @Test func `plain text lists addresses, fields and named values`() {
    let text = RegisterFormat.text.render(Sample.placed)
    #expect(text.contains("SAMPLE1 at 0x1A10D000"))
    #expect(text.contains("0x1A10C004 FLAGS"))
    #expect(text.contains("[2:1] MODE"))
    #expect(text.contains("3 FAST: Runs & <races>"))
  }
}
