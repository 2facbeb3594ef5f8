// `--save-state`, `--save-at` and `--load-state` from outside: files, and what is refused with which line and status.

import Foundation
import TestSupport
import Testing

@testable import EmulatorCommands

@Suite struct SnapshotCommandTests {
  /// A loop of a few cycles a turn, of which 20,000 are run.
  private static func program(_ turns: UInt32 = 20_000) -> Assembly {
    Assembly { p in
      p.li(.t0, turns)
      p.label("loop")
      p.addi(.t0, .t0, -1)
      p.bne(.t0, .zero, "loop")
      p.exit(7)
    }
  }

  @Test func `a run goes on from a file as if it had not been cut, and saving at cycles does not disturb it`() throws {
    try Emulator.inFolder { emulator in
      let image = try emulator.image("loop.elf", Self.program())
      let whole = try emulator.run(
        "run", "--stats", "whole.json", "--save-state", "s.snap", "--save-at", "5000,7000", image)
      #expect(whole.status == 7)
      let plain = try emulator.run("run", "--stats", "plain.json", image)
      #expect(whole.errors == plain.errors)
      for file in ["s-5000.snap", "s-7000.snap"] {
        let resumed = try emulator.run("run", "--load-state", file, "--stats", "resumed.json", image)
        #expect(resumed.errors == plain.errors)
        for name in ["whole", "resumed"] {
          #expect(try Self.comparable(emulator, name) == Self.comparable(emulator, "plain"))
        }
      }
      // The same state, whoever gets there.
      #expect(
        try emulator.run("run", "--load-state", "s-5000.snap", "--max-cycles", "7000", "--save-state", "t.snap", image)
          .status == 124)
      #expect(
        try emulator.run(
          "run", "--load-state", "t.snap", "--engine", "interpreter", "--stats", "resumed.json", image
        ).status == 7)
      #expect(try Self.comparable(emulator, "resumed") == Self.comparable(emulator, "plain"))
    }
  }

  private static func comparable(_ emulator: Emulator, _ name: String) throws -> NSDictionary {
    var stats = try emulator.object("\(name).json")
    for key in ["wallSeconds", "mips", "configuration"] { stats[key] = nil }
    return stats as NSDictionary
  }

  @Test func `an ended program is saved as ended, and a cycle that was not reached is told`() throws {
    try Emulator.inFolder { emulator in
      let image = try emulator.image("loop.elf", Self.program(10))
      #expect(try emulator.run("run", "--save-state", "end.snap", image).status == 7)
      #expect(try emulator.run("run", "--load-state", "end.snap", image).status == 7)
      let missed = try emulator.run("run", "--save-state", "late.snap", "--save-at", "1000000", image)
      #expect(missed.status == 7)
      #expect(missed.errors.contains("the run ended before cycle 1000000: late.snap was not written"))
      #expect(!FileManager.default.fileExists(atPath: emulator.path("late.snap")))
    }
  }

  @Test func `what does not fit is refused with a line that says what to do`() throws {
    try Emulator.inFolder { emulator in
      let image = try emulator.image("loop.elf", Self.program())
      let other = try emulator.image("other.elf", Self.program(30_000))
      #expect(try emulator.run("run", "--max-cycles", "5000", "--save-state", "s.snap", image).status == 124)
      let good = [UInt8](try Data(contentsOf: emulator.folder.appendingPathComponent("s.snap")))

      func expect(_ status: Int32, _ text: String, _ arguments: String...) throws {
        let outcome = try emulator.run(["run"] + arguments)
        #expect(outcome.status == status, "\(arguments): \(outcome.errors)")
        #expect(outcome.errors.contains(text), "\(arguments): \(outcome.errors)")
        #expect(outcome.errors.split(separator: "\n").count == 1)
      }
      try expect(65, "saved while another firmware ran; give that ELF file", "--load-state", "s.snap", other)
      try expect(64, "saved with --profile p8, this machine has p7", "--profile", "p7", "--load-state", "s.snap", image)
      try expect(
        64, "saved with --timing rtl, this machine has none; give the same options", "--timing", "none", "--load-state",
        "s.snap", image)
      try expect(
        64, "saved with accelerator.macRows 16", "--set", "accelerator.macRows=32", "--load-state", "s.snap", image)
      try expect(64, "saved with --memory none", "--memory", "0x80000000:64K", "--load-state", "s.snap", image)
      _ = try emulator.write("board.yaml", "spi:\n  - {device: flash, program-cycles: 5}\n")
      try expect(64, "saved with --board", "--board", "board.yaml", "--load-state", "s.snap", image)
      try expect(66, "no.snap: cannot be read", "--load-state", "no.snap", image)
      try expect(64, "--save-at says when; --save-state FILE says where to", "--save-at", "5", image)
      try expect(64, "--save-at takes cycles", "--save-state", "x.snap", "--save-at", "5,x", image)
      try expect(73, "cannot be created", "--save-state", "no/folder/x.snap", image)

      func expect(_ text: String, _ bytes: [UInt8]) throws {
        _ = try emulator.write("bad.snap", bytes)
        try expect(65, text, "--load-state", "bad.snap", image)
      }
      try expect("not a snapshot of pulpemu", [])
      try expect("not a snapshot of pulpemu", Array("ELF".utf8) + good)
      try expect("the snapshot is cut off; save it again", Array(good.prefix(20)))
      try expect("damaged or cut off; save it again", Array(good.dropLast(100)))
      var version = good
      version[8] = 99
      try expect("a snapshot of version 99, this pulpemu reads version 1; save it again", version)
      var damaged = good
      damaged[good.count / 2] ^= 1
      try expect("damaged or cut off; save it again", damaged)
    }
  }

  @Test func `files with any byte changed are refused without harm, with the digest made right too`() throws {
    try Emulator.inFolder { emulator in
      let image = try emulator.image("loop.elf", Self.program())
      #expect(try emulator.run("run", "--max-cycles", "5000", "--save-state", "s.snap", image).status == 124)
      let good = [UInt8](try Data(contentsOf: emulator.folder.appendingPathComponent("s.snap")))
      var random = SplitMix64(seed: 6)
      for _ in 0..<2000 {
        var bytes = Array(good.dropLast(32))
        // Mostly the header, which the state's own tests do not reach.
        let place = Int.random(in: 0..<(Bool.random(using: &random) ? 3000 : bytes.count), using: &random)
        bytes[place] = UInt8.random(in: .min ... .max, using: &random)
        if Bool.random(using: &random) { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random)) }
        bytes += bytes.withUnsafeBytes(HostFiles.digest)
        do {
          _ = try SnapshotFile(bytes, path: "x")
        } catch let error as HostError {
          #expect(error.status == 65)
        }
      }
    }
  }
}
