// `pulpemu replay` from outside: what it says about traces that are equal, that differ, and that it cannot play.

import Foundation
import TestSupport
import Testing

@Suite struct ReplayCommandTests {
  private static let trace = "Tests/RTLTraces/udma/spi-div1.jsonl"

  @Test func `a trace that is equal says so, one that is changed names cycle, signal, expected and got`() throws {
    try Emulator.inFolder { emulator in
      let original = Repository.path(Self.trace)
      let equal = try emulator.run("replay", original)
      #expect(equal.status == 0)
      #expect(equal.text == "1 of 1 equal\n")
      let text = try String(contentsOfFile: original, encoding: .utf8)
      let changed = text.replacingOccurrences(of: #""event":7}"#, with: #""event":6}"#)
      #expect(changed != text)
      let outcome = try emulator.run("replay", original, emulator.write("changed.jsonl", changed))
      #expect(outcome.status == 1)
      #expect(outcome.text.contains("1 of 2 equal"))
      #expect(outcome.text.contains("changed.jsonl cycle"))
      #expect(outcome.text.contains("event expected event 6, got event 7"))
    }
  }

  @Test func `what a trace needs and the models lack is said`() throws {
    try Emulator.inFolder { emulator in
      let outcome = try emulator.run(
        "replay", emulator.write("other.jsonl", #"{"trace":"x","block":"apb_camera","base":"0x0","cycles":3}"# + "\n"))
      #expect(outcome.status == 1)
      #expect(outcome.text.contains("no model of block 'apb_camera'"))
    }
  }

  @Test(arguments: ["", "no JSON\n", "{}\n", #"{"block":"gpio","cycles":1}"# + "\n{\"c\":0}\n", "[1]\n"])
  func `a file that is no trace is refused`(text: String) throws {
    try Emulator.inFolder { emulator in
      let outcome = try emulator.run("replay", emulator.write("x.jsonl", text))
      #expect(outcome.status == 65)
      #expect(outcome.errors.contains("x.jsonl"))
    }
  }
}
