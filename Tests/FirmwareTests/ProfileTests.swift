// Profiles and coverage of the repository's own firmware, read by the tools that they are made for: callgrind_annotate
// (valgrind), lcov and genhtml. Their sums are held against the statistics, which count in other ways.

import Foundation
import TestSupport
import Testing

@Suite struct ProfileTests {
  private static let events = [
    "Cycles", "Instructions", "Stalls", "LoadUse", "Jump", "BusWait", "FetchWait", "Sleep", "MMIOReads", "MMIOWrites",
  ]

  /// Runs retnet-generate-irq with everything asked for; what must agree with what.
  @Test func `a profile's sums are the run's, and writing it changes nothing`() throws {
    try Emulator.inFolder { emulator in
      let image = Firmware.path("retnet-generate-irq")
      let plain = try emulator.run("run", "--stats", "plain.json", image)
      #expect(plain.status == 0)
      let options = ["--profile", "callgrind.out.irq", "--profile", "irq.folded", "--coverage", "irq.info"]
      let outcome = try emulator.run(["run", "--stats", "stats.json", "--profile", "p8"] + options + [image])
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(outcome.output == plain.output && outcome.errors == plain.errors)
      var stats = try emulator.object("stats.json")
      var before = try emulator.object("plain.json")
      for key in ["wallSeconds", "mips"] {
        stats[key] = nil
        before[key] = nil
      }
      #expect(NSDictionary(dictionary: stats) == NSDictionary(dictionary: before))

      let cycles = try #require(stats["cycles"] as? Int)
      let host = try #require(stats["host"] as? [String: Any])
      let registers = try #require(host["mmio"] as? [[String: Any]])
      let expected: [String: Int?] = [
        "Cycles": cycles, "Instructions": stats["instructions"] as? Int, "Sleep": host["sleepCycles"] as? Int,
        "MMIOReads": registers.reduce(0) { $0 + ($1["reads"] as? Int ?? 0) },
        "MMIOWrites": registers.reduce(0) { $0 + ($1["writes"] as? Int ?? 0) },
      ]
      let read = try run("callgrind_annotate", ["--threshold=100", "--auto=no", emulator.path("callgrind.out.irq")])
      #expect(read.status == 0 && read.errors.isEmpty, "\(read.errors)")
      #expect(!read.text.contains("WARNING"), "\(read.text.prefix(400))")
      let line = try #require(read.text.split(separator: "\n").first { $0.hasSuffix("PROGRAM TOTALS") })
      let totals = Self.numbers(line)
      #expect(totals.count == Self.events.count)
      for (event, total) in zip(Self.events, totals) {
        if let value = expected[event] { #expect(total == value, "\(event)") }
      }
      #expect(totals.count == 10 && totals[5] + totals[6] == host["stallCycles"] as? Int)
      // Every cycle is asleep, of an instruction that leaves ID, or a stall. An annulled or trapped instruction has no
      // other; what a trap takes up to its handler begins with such a one.
      #expect(totals[0] >= totals[1] + totals[2] + totals[7])
      // The functions' own lines add up to the same.
      var sums = [Int](repeating: 0, count: 10)
      for line in read.text.split(separator: "\n") where line.contains(":") {
        let numbers = Self.numbers(line)
        if numbers.count == 10, !line.hasSuffix("PROGRAM TOTALS") {
          for index in sums.indices { sums[index] += numbers[index] }
        }
      }
      #expect(sums == totals)

      let folded = try emulator.text("irq.folded").split(separator: "\n")
      #expect(folded.reduce(0) { $0 + (Int($1.split(separator: " ").last ?? "") ?? 0) } == cycles)
      #expect(folded.allSatisfy { $0.wholeMatch(of: /[^;]+(;[^;]+)* [1-9][0-9]*/) != nil })
      // Handlers are roots, whatever they have interrupted.
      #expect(folded.contains { $0.hasPrefix("interrupt 26;__vectors;irq_vector_26 ") })
      #expect(!folded.contains { $0.contains(";interrupt") })
      #expect(folded.contains { $0.hasPrefix("_start;main;") && $0.contains(";[asleep] ") })
    }
  }

  /// The numbers of a line of callgrind_annotate, without the shares.
  private static func numbers(_ line: Substring) -> [Int] {
    let text = line.replacing(/\([^)]*%\)/, with: " ")
    return text.split(separator: " ").prefix(10).compactMap { Int($0.replacing(",", with: "")) }
  }

  @Test func `inclusive costs reach from the start-up code down, and inlined lines stand under their own files`() throws
  {
    try Emulator.inFolder { emulator in
      let outcome = try emulator.run(
        "run", "--quiet", "--profile", "p.callgrind", Firmware.path("retnet-generate-irq"))
      #expect(outcome.status == 0)
      let file = try emulator.text("p.callgrind")
      #expect(file.contains("\nfi="))
      let read = try run(
        "callgrind_annotate", ["--inclusive=yes", "--auto=no", "--threshold=100", emulator.path("p.callgrind")])
      func cycles(_ name: String) throws -> Int {
        let line = try #require(
          read.text.split(separator: "\n").first { $0.hasSuffix(":\(name)") || $0.contains(":\(name) [") })
        return try #require(Self.numbers(line).first)
      }
      let totals = try #require(read.text.split(separator: "\n").first { $0.hasSuffix("PROGRAM TOTALS") })
      let total = try #require(Self.numbers(totals).first)
      // Everything is below the start-up code or below the interrupts: the accelerator's, and the watch's.
      #expect(try cycles("_start") + cycles("interrupt 26") + cycles("interrupt 10") == total)
      #expect(try cycles("reta_wait") < cycles("generate") && cycles("generate") < cycles("main"))
    }
  }

  @Test func `coverage is read by lcov and genhtml`() throws {
    try Emulator.inFolder { emulator in
      let image = Firmware.path("retnet-generate-irq")
      #expect(try emulator.run("run", "--quiet", "--coverage", "irq.info", image).status == 0)
      #expect(try emulator.run("run", "--quiet", "--coverage", "none.info", "--max-cycles", "1", image).status == 124)
      let text = try emulator.text("irq.info")
      // The driver's function for whole lists is not used by this style, that for jobs once a job.
      let driver = try #require(
        text.components(separatedBy: "SF:").first { $0.hasPrefix(Repository.path("firmware/drivers/reta/reta.c")) })
      #expect(driver.contains("FNDA:1847,reta_submit\n"))
      #expect(driver.contains(/BRDA:[0-9]+,[0-9]+,0,[1-9]/) && driver.contains(/BRDA:[0-9]+,[0-9]+,[01],0/))
      let rc = ["--rc", "lcov_branch_coverage=1"]
      let summary = try run("lcov", rc + ["--summary", emulator.path("irq.info")])
      #expect(summary.status == 0, "\(summary.errors)")
      let report = summary.text + summary.errors
      for word in ["lines", "functions", "branches"] {
        #expect(report.contains(try Regex("\(word)\\.*: [1-9][0-9.]*% \\([0-9]+ of [0-9]+")), "\(report)")
      }
      let pages = try run(
        "genhtml", rc + ["--branch-coverage", "--output-directory", emulator.path("html"), emulator.path("irq.info")])
      #expect(pages.status == 0, "\(pages.errors)")
      #expect(FileManager.default.fileExists(atPath: emulator.path("html/index.html")))
      // Without a run nothing is covered, and tracefiles add up.
      let merged = try run(
        "lcov",
        rc + ["-a", emulator.path("irq.info"), "-a", emulator.path("none.info"), "-o", emulator.path("sum.info")])
      #expect(merged.status == 0, "\(merged.errors)")
      let none = try emulator.text("none.info")
      #expect(!none.contains(/\nDA:[0-9]+,[2-9]/))
    }
  }

  @Test func `a value of --profile is a revision, a file, or refused`() throws {
    try Emulator.inFolder { emulator in
      let image = Firmware.path("hello")
      for (value, words) in [
        ("p9", "takes p8 or p7, not 'p9'"), ("P8", "takes p8 or p7, not 'P8'"), ("profile", "neither a revision"),
        ("p8.txt", "neither a revision"), ("", "neither a revision"),
      ] {
        let outcome = try emulator.run("run", "--profile", value, image)
        #expect(outcome.status == 64 && outcome.errors.contains(words), "\(outcome.errors)")
      }
      #expect(try emulator.run("run", "--profile", "p8", "--profile", "p7", image).status == 64)
      #expect(try emulator.run("overhead", "--profile", "x.folded", image).status == 64)
      #expect(try emulator.run("run", "--profile", "missing/x.folded", image).status == 73)
      let outcome = try emulator.run("run", "--profile", "p7", "--profile", "x.out", "--profile", "y.folded", image)
      #expect(outcome.status == 0)
      #expect(try emulator.text("x.out").contains("\nevents: Cycles Instructions "))
      #expect(try !emulator.text("y.folded").isEmpty)
    }
  }
}
