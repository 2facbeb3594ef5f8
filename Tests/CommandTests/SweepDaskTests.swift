// The Dask front end on a real cluster of local processes: the bytes of `pulpemu sweep`, also when a worker is killed.

import Foundation
import TestSupport
import Testing

@Suite struct SweepDaskTests {
  private static let script = Repository.path("scripts/sweep-dask")

  private func experiment(_ emulator: Emulator) throws -> String {
    _ = try emulator.image("small.elf", OverheadCommandTests.program(rows: 8))
    _ = try emulator.image("large.elf", OverheadCommandTests.program(rows: 64, jobs: 8))
    return try emulator.write(
      "e.yaml",
      "images: [small.elf, large.elf]\nparameters: {accelerator.tPipe: [3, 4, 5, 6, 7, 8], accelerator.ports: [2, 4]}\n"
    )
  }

  @Test func `a killed worker costs nothing but time, and the results are the same bytes`() throws {
    try Emulator.inFolder { emulator in
      let file = try experiment(emulator)
      #expect(try emulator.run("sweep", file, "-o", "local.jsonl").status == 0)
      let outcome = try run(
        Repository.python,
        [
          Repository.path("Tests/Tools/sweep_dask_test.py"), Self.script, Repository.pulpemu, file,
          emulator.path("dask.jsonl"),
        ])
      #expect(outcome.status == 0, "\(outcome.errors)")
      let told = try #require(try JSONSerialization.jsonObject(with: Data(outcome.output)) as? [String: Any])
      #expect(told["status"] as? Int == 0, "\(outcome.errors)")
      #expect(told["killed"] is Int && told["lives"] as? Bool == false)
      #expect(try emulator.text("dask.jsonl") == emulator.text("local.jsonl"))
      #expect(!FileManager.default.fileExists(atPath: emulator.path("dask.jsonl.partial")))
    }
  }

  @Test func `a run on workers of its own goes on from what is there, and an impossible experiment is refused`() throws
  {
    try Emulator.inFolder { emulator in
      let file = try experiment(emulator)
      #expect(try emulator.run("sweep", file, "-o", "local.jsonl").status == 0)
      let lines = try emulator.text("local.jsonl").split(separator: "\n")
      #expect(lines.count == 24)
      try emulator.write("again.jsonl.partial", lines.prefix(20).map { $0 + "\n" }.joined() + lines[20].prefix(50))
      let outcome = try run(
        Repository.python,
        [Self.script, file, "-o", emulator.path("again.jsonl"), "--jobs", "1", "--pulpemu", Repository.pulpemu])
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(try emulator.text("again.jsonl") == emulator.text("local.jsonl"))
      let bad = try emulator.write("bad.yaml", "images: [small.elf]\nparameters: {accelerator.ports: 5}\n")
      let refused = try run(
        Repository.python, [Self.script, bad, "-o", emulator.path("x.jsonl"), "--pulpemu", Repository.pulpemu])
      #expect(refused.status == 65 && refused.errors.contains("accelerator.ports takes"))
    }
  }
}
