// `pulpemu demo --examples`: other people's prompts and images, and what is refused.

import Foundation
import TestSupport
import Testing

@Suite struct DemoCommandTests {
  static func manifest(_ name: String) throws -> [String: Any] {
    let data = try Data(contentsOf: URL(fileURLWithPath: Repository.path("firmware/models/\(name).json")))
    return try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
  }

  func demo(_ emulator: Emulator, _ json: String, _ options: [String] = []) throws -> ProcessOutcome {
    try emulator.run(
      ["demo", "--firmware", Repository.path("firmware/build"), "--examples", emulator.write("in.json", json)] + options
    )
  }

  @Test func `without expected values the results are filled in, for every style the same`() throws {
    try Emulator.inFolder { emulator in
      let styles = ["poll", "irq", "queue", "list"].flatMap { ["--style", $0] }
      let outcome = try demo(
        emulator, #"{"examples": [{"prompt": "def ", "n": 48, "note": "kept"}], "name": "kept too"}"#,
        styles + ["--output", "out.json"])
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(outcome.text.split(separator: "\n").count == 8)
      let result = try emulator.object("out.json")
      #expect(result["name"] as? String == "kept too")
      let entry = try #require((result["examples"] as? [[String: Any]])?.first)
      let expected = try #require((try Self.manifest("charlm")["examples"] as? [[String: Any]])?[3])
      #expect(entry["note"] as? String == "kept")
      for chunk in [1, 16] {
        #expect(entry["greedy_C\(chunk)"] as? [Int] == expected["greedy_C\(chunk)"] as? [Int])
        #expect(entry["text_C\(chunk)"] as? String == expected["text_C\(chunk)"] as? String)
      }
    }
  }

  @Test func `an expected value that differs is told in a line, with status 1`() throws {
    try Emulator.inFolder { emulator in
      let wrong = try demo(
        emulator,
        #"[{"prompt": "def ", "n": 3, "greedy_C1": [1, 2, 3]}, {"prompt": "def ", "n": 3, "text_C16": "for"}]"#)
      #expect(wrong.status == 1)
      let differing = wrong.text.split(separator: "\n").filter { $0.hasPrefix("DIFFERS") }
      #expect(differing.count == 1)
      #expect(differing.first?.contains("example 0 greedy_C1") == true)
      let text = try demo(emulator, #"[{"prompt": "def ", "n": 3, "text_C16": "fox"}]"#)
      #expect(text.status == 1)
      #expect(text.text.contains("DIFFERS example 0 text_C16"))
    }
  }

  @Test func `no tokens to generate and no examples are fine`() throws {
    try Emulator.inFolder { emulator throws in
      #expect(try demo(emulator, #"[{"prompt": "d", "n": 0}]"#).status == 0)
      #expect(try demo(emulator, #"{"examples": []}"#).status == 0)
    }
  }

  @Test(arguments: [
    (#"[{"prompt": "Grüße", "n": 3}]"#, "vocabulary"), (#"[{"prompt": "\u0000", "n": 3}]"#, "U+0"),
    (#"[{"prompt": "", "n": 3}]"#, "empty"), (#"[{"prompt": "LONG", "n": 3}]"#, "2049 characters"),
    (#"[{"prompt": "a", "n": 2049}]"#, "at most 2048"), (#"[{"prompt": "a", "n": -1}]"#, "number of tokens"),
    (#"[{"prompt": "a", "n": 1.5}]"#, "number of tokens"), (#"[{"prompt": "a"}]"#, "'n'"),
    (#"[{"prompt": "a", "n": "3"}]"#, "'n'"), (#"[{"n": 3}]"#, "prompt"), (#"[{"prompt": 5, "n": 3}]"#, "prompt"),
    (#"{"prompts": []}"#, "neither"), (#"[1, 2]"#, "neither"), (#"{"examples": 5}"#, "neither"), ("{", "JSON"),
    ("", "JSON"), ("null", "JSON"),
    (#"{"tests": [{"label": 3}]}"#, "64 pixel"), (#"{"tests": [{"tokens": [1, 2, 3]}]}"#, "64 pixel"),
    (#"{"tests": [{"tokens": [PIXELS17]}]}"#, "17 is no pixel"), (#"{"tests": [{"tokens": "x"}]}"#, "64 pixel"),
  ])
  func `a file or prompt that cannot be used is refused with 65 and a line that says why`(
    json: String, words: String
  ) throws {
    try Emulator.inFolder { emulator in
      let json =
        json
        .replacingOccurrences(of: "LONG", with: String(repeating: "a", count: 2049))
        .replacingOccurrences(
          of: "PIXELS17", with: ([String](repeating: "3", count: 63) + ["17"]).joined(separator: ","))
      let outcome = try demo(emulator, json, ["--output", "out.json"])
      #expect(outcome.status == 65, "\(outcome.errors)")
      #expect(outcome.errors.contains(words), "\(outcome.errors)")
      #expect(outcome.errors.split(separator: "\n").count == 1)
      #expect(!FileManager.default.fileExists(atPath: emulator.path("out.json")))
    }
  }

  @Test func `wrong options and files are refused with their statuses`() throws {
    try Emulator.inFolder { emulator in
      let examples = try emulator.write("in.json", "[]")
      let build = Repository.path("firmware/build")
      func status(_ arguments: String...) throws -> Int32 {
        try emulator.run(["demo", "--firmware", build] + arguments).status
      }
      #expect(try status("--style", "fast") == 64)
      #expect(try status("--output", "out.json") == 64)
      #expect(try status("--examples", "none.json") == 66)
      #expect(try status("--examples", examples, "--output", "nowhere/out.json") == 73)
      #expect(try emulator.run("demo", "--firmware", emulator.folder.path).status == 66)
    }
  }

  @Test func `digits: the manifest's own list agrees, and a changed expectation differs`() throws {
    try Emulator.inFolder { emulator in
      var tests = try #require(try Self.manifest("digits")["tests"] as? [[String: Any]])
      func json() throws -> String {
        String(decoding: try JSONSerialization.data(withJSONObject: ["tests": tests]), as: UTF8.self)
      }
      let right = try demo(emulator, json())
      #expect(right.status == 0, "\(right.text)")
      #expect(right.text.contains("100 images in 3 forms: 0 differ, 96 of 100 labels right"))
      // More images than fit in one request.
      tests += tests.prefix(60)
      tests[130]["chunk_C16"] = 11
      let wrong = try demo(emulator, json(), ["--output", "out.json"])
      #expect(wrong.status == 1)
      #expect(wrong.text.contains("DIFFERS test 130 chunk_C16: expected 11"))
      #expect(((try emulator.object("out.json"))["tests"] as? [[String: Any]])?.count == 160)
    }
  }
}
