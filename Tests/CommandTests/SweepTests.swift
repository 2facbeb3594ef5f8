// `pulpemu sweep` and `pulpemu merge`: what an experiment's jobs are, that it can be stopped, split and put together.

import Foundation
import TestSupport
import Testing

@Suite struct SweepTests {
  /// Two images, two parameters: eight jobs.
  private func prepare(_ emulator: Emulator) throws {
    _ = try emulator.image("small.elf", OverheadCommandTests.program(rows: 8))
    _ = try emulator.image("large.elf", OverheadCommandTests.program(rows: 32, jobs: 3))
    try emulator.write(
      "experiment.yaml",
      """
      name: eight jobs
      image: "{style}.elf"
      styles: [small, large]
      parameters:
        accelerator.ports: [2, 4]
        accelerator.tPipe: [6, 9]
      """)
  }

  private func lines(_ text: String) throws -> [[String: Any]] {
    try text.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
  }

  @Test func `every combination is a job, and its figures are those of pulpemu overhead`() throws {
    try Emulator.inFolder { emulator in
      try prepare(emulator)
      let outcome = try emulator.run("sweep", "experiment.yaml", "-o", "r.jsonl")
      #expect(outcome.status == 0, "\(outcome.errors)")
      let results = try lines(try emulator.text("r.jsonl"))
      #expect(results.count == 8)
      let ids = results.compactMap { $0["job"] as? String }
      #expect(Set(ids).count == 8 && ids == ids.sorted())
      let listed = try lines(try emulator.run("sweep", "experiment.yaml", "--list").text)
      #expect(listed.compactMap { $0["job"] as? String } == ids)
      for result in results {
        let parameters = try #require(result["parameters"] as? [String: String])
        let image = try #require(result["image"] as? String)
        var arguments = ["overhead", "--skip-contention-free", "--stats", "s.json"]
        for (path, value) in parameters { arguments += ["--set", "\(path)=\(value)"] }
        #expect(try emulator.run(arguments + [image]).status == 0)
        let stats = try emulator.object("s.json")
        for key in ["overhead", "host", "exit"] {
          #expect(
            NSDictionary(dictionary: stats[key] as? [String: Any] ?? [:])
              == NSDictionary(dictionary: result[key] as? [String: Any] ?? [:]))
        }
        #expect(stats["cycles"] as? Int == result["cycles"] as? Int)
      }
      #expect(!FileManager.default.fileExists(atPath: emulator.path("r.jsonl.partial")))
    }
  }

  @Test func `shards merge to the file of the whole sweep, byte for byte`() throws {
    try Emulator.inFolder { emulator in
      try prepare(emulator)
      #expect(try emulator.run("sweep", "experiment.yaml", "-o", "whole.jsonl", "--workers", "3").status == 0)
      for index in 1...3 {
        #expect(
          try emulator.run("sweep", "experiment.yaml", "--shard", "\(index)/3", "-o", "p\(index).jsonl").status == 0)
      }
      #expect(try emulator.run("merge", "p3.jsonl", "p1.jsonl", "p2.jsonl", "p1.jsonl", "-o", "m.jsonl").status == 0)
      #expect(try emulator.text("m.jsonl") == emulator.text("whole.jsonl"))
      // Another result for a job is no result.
      let first = try #require(try emulator.text("whole.jsonl").split(separator: "\n").first)
      try emulator.write("other.jsonl", first.replacing("\"cycles\":", with: "\"cycles\":1") + "\n")
      let conflict = try emulator.run("merge", "whole.jsonl", "other.jsonl", "-o", "c.jsonl")
      #expect(conflict.status == 65 && !FileManager.default.fileExists(atPath: emulator.path("c.jsonl")))
      try emulator.write("text.jsonl", "no result\n")
      #expect(try emulator.run("merge", "text.jsonl").status == 65)
    }
  }

  @Test func `a sweep that was cut off goes on, and gives the same file`() throws {
    try Emulator.inFolder { emulator in
      try prepare(emulator)
      #expect(try emulator.run("sweep", "experiment.yaml", "-o", "whole.jsonl").status == 0)
      let whole = try emulator.text("whole.jsonl")
      let parts = whole.split(separator: "\n")
      // As Ctrl-C or a dead computer leaves it: some results, the last one torn.
      try emulator.write("again.jsonl.partial", parts[5] + "\n" + parts[2] + "\n" + parts[0].prefix(100))
      let outcome = try emulator.run("sweep", "experiment.yaml", "-o", "again.jsonl")
      #expect(outcome.status == 0 && outcome.errors.contains("2 of 8 jobs are done already"), "\(outcome.errors)")
      #expect(try emulator.text("again.jsonl") == whole)
      // Nothing is left to do.
      #expect(
        try emulator.run("sweep", "experiment.yaml", "-o", "again.jsonl").errors.contains(
          "8 of 8 jobs are done already"))
    }
  }

  @Test func `Ctrl-C ends a sweep with what is done, and the next run finishes it`() throws {
    try Emulator.inFolder { emulator in
      // The second image never ends by itself.
      _ = try emulator.image("small.elf", OverheadCommandTests.program(rows: 8))
      _ = try emulator.image(
        "endless.elf",
        Assembly { p in
          p.addi(.t0, .zero, 1)
          p.label("loop")
          p.bne(.t0, .zero, "loop")
          p.exit(0)
        })
      try emulator.write("e.yaml", "images: [small.elf, endless.elf]\nparameters: {accelerator.tPipe: [6, 7, 8]}\n")
      // A shell without job control lets background processes ignore SIGINT; SIGTERM ends a sweep the same way.
      let script =
        "'\(Repository.pulpemu)' sweep e.yaml -o r.jsonl --workers 6 & pid=$!; "
        + "until [ \"$(grep -c small r.jsonl.partial 2>/dev/null)\" = 3 ]; do sleep 0.02; done; kill -TERM $pid; wait $pid"
      let outcome = try run("bash", ["-c", script], directory: emulator.folder.path, limit: 120)
      #expect(outcome.status == 130, "\(outcome.errors)")
      #expect(!FileManager.default.fileExists(atPath: emulator.path("r.jsonl")))
      #expect(try lines(try emulator.text("r.jsonl.partial")).count == 3)
      // With a limit the endless ones end too; that is another experiment, so all of it runs.
      try emulator.write(
        "e.yaml", "images: [small.elf, endless.elf]\nparameters: {accelerator.tPipe: [6, 7, 8]}\nmaxCycles: 1000\n")
      let limited = try emulator.run("sweep", "e.yaml", "-o", "r.jsonl")
      #expect(limited.status == 1 && limited.errors.contains("of 3 of 6 jobs did not end"), "\(limited.errors)")
    }
  }

  @Test func `the firmware's request is part of a job`() throws {
    try Emulator.inFolder { emulator in
      let build = Repository.path("firmware/build")
      try emulator.write(
        "e.yaml",
        """
        image: \(build)/retnet-generate-{style}.elf
        styles: [irq, list]
        requests: {prompt: 18, generate: 2, chunk: [1, 16]}
        """)
      #expect(try emulator.run("sweep", "e.yaml", "-o", "r.jsonl").status == 0)
      let results = try lines(try emulator.text("r.jsonl"))
      #expect(results.count == 4)
      // Both styles generate the same tokens from one request.
      for chunk in [1, 16] {
        let same = results.filter { ($0["request"] as? [String: Int])?["chunk"] == chunk }
        #expect(same.count == 2 && Set(same.compactMap { $0["tokens"] as? String }).count == 1)
      }
    }
  }

  @Test(arguments: [
    ("image: small.elf\nparameters: {accelerator.macRows: [16, 7]}", "accelerator.macRows takes"),
    ("image: small.elf\nparameters: {accelerator.nothing: 1}", "no machine parameter"),
    ("image: small.elf\nparameters: {accelerator.ports: []}", "has no value"),
    ("image: small.elf\nrequests: {prompt: 5}", "takes no requests"),
    ("image: small.elf\nrequests: {prompt: 5000}", "prompt takes"), ("image: small.elf\ntypo: 1", "unknown key 'typo'"),
    ("image: '{style}.elf'", "needs 'styles'"), ("parameters: {}", "names no image"), ("[1, 2]", "is no experiment"),
    ("image: [", "is not YAML"), ("image: small.elf\nmaxCycles: -1", "maxCycles takes"), ("", "is no experiment"),
    ("image: small.elf\nparameters: {{}: [8]}", "a key is a list or a mapping"),
    ("[image]: small.elf", "a key is a list or a mapping"),
  ])
  func `what is impossible is refused before anything runs`(text: String, reason: String) throws {
    try Emulator.inFolder { emulator in
      try prepare(emulator)
      try emulator.write("bad.yaml", text)
      let outcome = try emulator.run("sweep", "bad.yaml", "-o", "r.jsonl")
      #expect(outcome.status == 65 && outcome.lastErrorLine.contains(reason), "\(outcome.errors)")
      #expect(try FileManager.default.contentsOfDirectory(atPath: emulator.folder.path).count == 4)
    }
  }

  @Test func `wrong options are refused`() throws {
    try Emulator.inFolder { emulator in
      try prepare(emulator)
      for arguments in [
        ["--shard", "0/3"], ["--shard", "4/3"], ["--shard", "x"], ["--workers", "0"], ["--job", "nothing"], [],
      ] {
        let output = arguments.isEmpty ? [] : ["-o", "r.jsonl"]
        #expect(try emulator.run(["sweep", "experiment.yaml"] + arguments + output).status == 64, "\(arguments)")
      }
      try emulator.write("missing.yaml", "image: missing.elf")
      #expect(try emulator.run("sweep", "missing.yaml", "-o", "r.jsonl").status == 66)
      #expect(try emulator.run("sweep", "experiment.yaml", "-o", "no/folder/r.jsonl").status == 73)
    }
  }
}
