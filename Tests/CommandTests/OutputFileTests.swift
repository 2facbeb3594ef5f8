// Where output goes: through symbolic links, to descriptors of the process, to a full disk, past closed descriptors.

import Foundation
import TestSupport
import Testing

@Suite struct OutputFileTests {
  /// Runs a line of shell in the emulator's folder; `$P` is pulpemu.
  private func shell(_ line: String, _ emulator: Emulator) throws -> ProcessOutcome {
    try run(
      "/bin/sh", ["-c", line], directory: emulator.folder.path, environment: ["P": Repository.pulpemu], limit: 60)
  }

  @Test func `an output file behind a symbolic link is replaced, and the link stays`() throws {
    try Emulator.inFolder { emulator in
      let image = try emulator.image(Sample.exit(0))
      let manager = FileManager.default
      try emulator.write("old.json", "old")
      try manager.createSymbolicLink(atPath: emulator.path("link.json"), withDestinationPath: "old.json")
      try manager.createSymbolicLink(atPath: emulator.path("dangling.json"), withDestinationPath: "new.json")
      for name in ["link.json", "dangling.json"] {
        #expect(try emulator.run("run", "--stats", name, image).status == 0)
        #expect(try manager.destinationOfSymbolicLink(atPath: emulator.path(name)).hasSuffix(".json"))
      }
      for name in ["old.json", "new.json"] {
        #expect(try emulator.object(name)["schema"] as? String == "pulpemu-stats/1")
      }
      #expect(try manager.contentsOfDirectory(atPath: emulator.folder.path).allSatisfy { !$0.hasSuffix(".part") })
    }
  }

  @Test func `what is written to /dev/stdout stands where standard output goes, behind what the firmware printed`()
    throws
  {
    try Emulator.inFolder { emulator in
      _ = try emulator.image("x.elf", Sample.printing("Hi\n"))
      // A link to it, since a mistake here would replace the machine's own.
      try FileManager.default.createSymbolicLink(
        atPath: emulator.path("out"), withDestinationPath: "/dev/stdout")
      for target in ["> file; cat file", "| cat"] {
        let outcome = try shell("$P run --quiet --stats out --timeline out x.elf \(target)", emulator)
        #expect(outcome.text.hasPrefix("Hi\n{"))
        #expect(outcome.text.contains("pulpemu-stats/1"))
        #expect(outcome.text.contains("traceEvents"))
        let trace = try shell("$P run --quiet --trace out x.elf \(target)", emulator)
        #expect(trace.text.hasPrefix("# pulpemu-trace/1\n"))
        #expect(trace.text.hasSuffix(" lines\n"))
      }
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: emulator.path("out")) == "/dev/stdout")
    }
  }

  @Test func `with standard output closed, what the firmware prints does not go into another file`() throws {
    try Emulator.inFolder { emulator in
      _ = try emulator.image("x.elf", Sample.printing("Hi\n"))
      let outcome = try shell("$P run --trace t --stats s --uart u x.elf >&- <&-", emulator)
      #expect(outcome.status == 0)
      for name in ["t", "s", "u"] { #expect(!(try emulator.text(name).contains("Hi\n"))) }
      #expect(try shell("$P run --trace t x.elf >&- <&- 2>&-", emulator).status == 0)
      #expect(try emulator.text("t").hasPrefix("# pulpemu-trace/1\n"))
    }
  }

  @Test(arguments: [
    "run x.elf", "run --dump _start silent.elf", "run --stats - silent.elf", "run --trace - silent.elf", "registers",
    "parameters", "info x.elf", "overhead silent.elf", "check --list",
  ])
  func `a full disk behind standard output is told with 73`(command: String) throws {
    try Emulator.inFolder { emulator in
      _ = try emulator.image("x.elf", Sample.printing("Hi\n"))
      _ = try emulator.image("silent.elf", Sample.exit(0))
      let outcome = try shell("$P \(command) > /dev/full", emulator)
      #expect(outcome.status == 73)
      #expect(outcome.lastErrorLine.hasPrefix("pulpemu: "))
    }
  }

  @Test func `files may have names of one character, and folders short ones`() throws {
    try Emulator.inFolder { emulator in
      let image = try emulator.image("x", Sample.printing("Hi\n"))
      let outcome = try emulator.run(
        "run", "--stats", "s", "--trace", "t", "--uart", "u", "--check-report", "c", "--check", "warn", "--waves", "w",
        "--timeline", "l", "--coverage", "i", "--profile", "f.folded", "--save-state", "n", image)
      #expect(outcome.status == 0, "\(outcome.errors)")
      for name in ["s", "t", "u", "c", "w", "l", "i", "n"] {
        #expect(FileManager.default.fileExists(atPath: emulator.path(name)))
      }
      try emulator.write("y", "image: x\n")
      #expect(try emulator.run("sweep", "y", "-o", "r").status == 0)
      #expect(try emulator.run("flash-image", "x", "-o", "i").status == 0)
      #expect(try emulator.run("report", "x", "-o", "h").status == 0)
      try emulator.write("v", #"{"cases": [], "bin": "b", "fill": 0}"#)
      #expect(try emulator.run("vectors", "v").status == 66)
      #expect(try emulator.run("sweep", "y", "-o", "-").status == 64)
      #expect(try emulator.run("run", "--timeline", "-", "--waves", "-", image).text.contains("$enddefinitions"))
      #expect(!FileManager.default.fileExists(atPath: emulator.path("-")))
      for folder in [".", "a", "./"] {
        #expect(try emulator.run("demo", "--firmware", folder).status == 66)
      }
    }
  }

  @Test func `a reader of standard output that has gone, or never was, is no mistake`() throws {
    try Emulator.inFolder { emulator in
      _ = try emulator.image("x.elf", Sample.printing("Hi\n", code: 9))
      #expect(try shell("{ $P run --quiet x.elf; echo $? >&2; } | true", emulator).lastErrorLine == "9")
      #expect(try shell("exec >&-; $P run --quiet x.elf", emulator).status == 9)
    }
  }

  @Test func `a signature can go to standard output`() throws {
    try Emulator.inFolder { emulator in
      let image = try emulator.image(Sample.exit(0)) { elf in
        elf.symbols.append(.init("begin_signature", 0x1C00_8080))
        elf.symbols.append(.init("end_signature", 0x1C00_8084))
      }
      let outcome = try emulator.run("run", "--quiet", "--signature", "-", image)
      #expect(outcome.text.count == 9)
      #expect(!FileManager.default.fileExists(atPath: emulator.path("-")))
    }
  }
}
