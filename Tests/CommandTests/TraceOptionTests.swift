// `pulpemu run --trace` from outside: the file is complete or says so, filters filter, mistakes are refused.

import Foundation
import TestSupport
import Testing

@Suite struct TraceOptionTests {
  private func lines(_ path: String) throws -> [String] {
    try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
  }

  @Test func aTraceEndsWithALineThatCountsTheOthers() throws {
    try Emulator.inFolder { emulator in
      let image = try emulator.image(Sample.exit(3))
      try Repository.withTemporaryDirectory { folder in
        for format in ["text", "jsonl"] {
          let file = folder.appendingPathComponent("trace." + format).path
          let outcome = try emulator.run(["run", "--trace", file, "--trace-format", format, image])
          #expect(outcome.status == 3)
          let lines = try lines(file)
          let last = try #require(lines.last)
          #expect(last.contains("exit"))
          #expect(last.contains("\(lines.count - 2)"))
          #expect(lines.contains { $0.contains("CORESTATUS") })
        }
      }
    }
  }

  @Test func aTraceOfALimitedRunIsComplete() throws {
    try Emulator.inFolder { emulator in
      let image = try emulator.image(Sample.loop)
      try Repository.withTemporaryDirectory { folder in
        let file = folder.appendingPathComponent("trace").path
        let outcome = try emulator.run([
          "run", "--max-cycles", "100", "--trace", file, "--trace-from", "50", "--trace-to", "61", image,
        ])
        #expect(outcome.status == 124)
        let lines = try lines(file)
        #expect(lines.last?.hasPrefix("# end: limit at cycle 100, ") == true)
        // A jump to itself leaves ID every second cycle.
        #expect((7...8).contains(lines.count))
      }
    }
  }

  @Test func wrongOptionsAreRefused() throws {
    try Emulator.inFolder { emulator in
      let image = try emulator.image(Sample.loop)
      for options in [
        ["--trace", "x", "--trace-format", "vcd"], ["--trace-from", "5"], ["--trace", "x", "--trace-range", "5"],
        ["--trace", "x", "--trace-range", "8:4"], ["--trace", "x", "--trace-symbol", "nowhere"],
      ] {
        #expect(try emulator.run(["run"] + options + [image]).status == 64, "\(options)")
      }
      #expect(try emulator.run(["run", "--trace", "/nowhere/trace", image]).status == 73)
    }
  }
}
