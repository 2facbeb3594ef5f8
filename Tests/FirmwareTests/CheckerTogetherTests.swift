// The driver checker beside everything else that looks at a run, where it is off, and what it says of programs that have
// lost their symbols.

import Foundation
import TestSupport
import Testing

@testable import EmulatorCommands

@Suite struct CheckerTogetherTests {
  private static let selection = "race-udma-reta"

  @Test func `switched off, nothing listens to instructions, and the run is the one without the option`() throws {
    let program = try #require(SnapshotProgram.all.first)
    for (mode, isOn) in [(CheckOptions.Mode.off, false), (.warn, true)] {
      let session = try program.session()
      try session.attachChecker(CheckSettings(mode: mode, suppressions: []), isQuiet: true)
      #expect((session.machine.hart.instructionObserver != nil) == isOn)
      #expect((session.machine.onOutsideWrite != nil) == isOn)
      #expect((session.checker != nil) == isOn)
    }
    for name in ["retnet-digits", "reta-guarded-irq"] {
      let plain = try Firmware.run(name)
      let off = try Firmware.run(name, ["--check=off"])
      #expect(plain.stats["check"] == nil && off.comparable == plain.comparable)
    }
  }

  @Test func `trace, checker, profile, coverage, timeline and waves of one run are those of runs of their own`() throws
  {
    let parts: [(options: [String], files: [String])] = [
      (["--trace", "t.txt", "--trace-from", "20000", "--trace-to", "33000"], ["t.txt"]),
      (["--check=warn", "--check-report", "c.json"], ["c.json"]),
      (["--profile", "p.callgrind", "--profile", "p.folded"], ["p.callgrind", "p.folded"]),
      (["--coverage", "l.info"], ["l.info"]),
      (["--timeline", "t.json"], ["t.json"]),
      (["--waves", "w.vcd"], ["w.vcd"]),
    ]
    try Emulator.inFolder { emulator in
      try emulator.write("request", Self.selection)
      func run(_ options: [String]) throws -> Int? {
        let outcome = try emulator.run(
          ["run", "--load", "request@check_request", "--stats", "s.json"] + options + [Firmware.path("driver-bugs")])
        #expect(outcome.status == 0, "\(outcome.errors)")
        return try emulator.object("s.json")["cycles"] as? Int
      }
      let cycles = try run([])
      var alone: [String: String] = [:]
      for part in parts {
        #expect(try run(part.options) == cycles)
        for file in part.files { alone[file] = try emulator.text(file) }
      }
      #expect(try run(parts.flatMap(\.options)) == cycles)
      for (file, text) in alone {
        #expect(text.count > 200)
        #expect(try emulator.text(file) == text, "\(file)")
      }
      #expect(alone["c.json"]?.contains(Self.selection) == true)
      // In the other order of attaching, too: the window of the trace ends behind the end of the run.
      _ = try run(["--check=warn", "--check-report", "c.json", "--trace", "t.txt", "--trace-from", "30000"])
      #expect(try emulator.text("c.json") == alone["c.json"])
      #expect(try emulator.text("t.txt").contains("# end: exit"))
    }
  }

  @Test func `a place in inlined functions names them all, and any of them suppresses`() throws {
    let found = try DriverCheckerTests.bug(Self.selection)
    let finding = try #require(found.all.first { $0["rule"] as? String == Self.selection })
    let place = try #require(finding["place"] as? [String: Any])
    let inlined = try #require(place["inlined"] as? [[String: Any]])
    #expect(inlined.first?["function"] as? String == "mmio_write")
    #expect((inlined.first?["call"] as? String)?.hasPrefix("hal/udma_uart.c:") == true)
    #expect(found.outcome.errors.contains("       in mmio_write, inlined at hal/udma_uart.c:"))
    let quiet = try DriverCheckerTests.bug(Self.selection, ["--check=error", "--check-suppress", "*@mmio_write"])
    #expect(quiet.faults.isEmpty && quiet.outcome.status == 0)
  }

  @Test(arguments: [
    "race-host-read", "race-stack-buffer", "reta-trigger-lost", "uninit-branch", "uninit-reta", "stack-overflow",
    "stack-smashed", "write-code", "write-constant", "sleep-lost-wakeup", "event-never-unmasked",
  ])
  func `without debugging information, and without symbols, mistakes are found all the same`(name: String) throws {
    try Emulator.inFolder { emulator in
      let full = Firmware.path("driver-bugs")
      let symbols = try run("riscv64-unknown-elf-nm", [full]).text.split(separator: "\n")
      let address = try #require(symbols.first { $0.hasSuffix(" check_request") }?.prefix(8))
      for (option, file) in [("-g", "lines.elf"), ("-s", "symbols.elf")] {
        #expect(try run("riscv64-unknown-elf-strip", [option, full, "-o", emulator.path(file)]).status == 0)
        func findings(_ request: String) throws -> (rules: Set<String>, text: String) {
          try emulator.write("request", request)
          let outcome = try emulator.run(
            "run", "--max-cycles", "3000000", "--check=warn", "--check-report", "c.json", "--load",
            "request@0x\(address)", file)
          let all = try emulator.object("c.json")["findings"] as? [[String: Any]] ?? []
          let faults = all.filter { $0["severity"] as? String != "note" }
          return (Set(faults.compactMap { $0["rule"] as? String }), outcome.errors)
        }
        let bad = try findings(name)
        #expect(bad.rules == [name], "\(option)")
        #expect(try findings(name + " clean").rules.isEmpty, "\(option)")
        // Where no line tells what the program does there, the instruction does; and what is missing is said.
        let named = #/at 0x1C00[0-9A-F]{4} \(.+\+0x[0-9a-f]+\): /#
        let bare = #/at 0x1C00[0-9A-F]{4}: /#
        #expect(option == "-g" ? bad.text.contains(named) : bad.text.contains(bare))
        #expect(bad.text.contains("has no sized symbols") == (option == "-s"))
      }
    }
  }
}
