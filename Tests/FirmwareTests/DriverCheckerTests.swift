// The driver checker on real firmware: a program for each rule that breaks it, its clean twin, and everything shipped.

import DriverChecker
import FirmwareImage
import Foundation
import TestSupport
import Testing

@Suite struct DriverCheckerTests {
  /// What a run under the checker has found: rules by severity, and how it ended.
  struct Findings {
    var outcome: ProcessOutcome
    var all: [[String: Any]]

    func rules(_ wanted: (String) -> Bool) -> Set<String> {
      Set(all.filter { wanted($0["severity"] as? String ?? "") }.compactMap { $0["rule"] as? String })
    }
    var faults: Set<String> { rules { $0 != "note" } }
    var notes: Set<String> { rules { $0 == "note" } }
  }

  /// Runs `tests/driver-bugs` with a request. `file`: what of its image is run, where `check_request` lies at `place`.
  static func bug(
    _ request: String, _ options: [String] = ["--check=warn"], file: [UInt8]? = nil, place: String = "check_request"
  ) throws -> Findings {
    try Emulator.inFolder { emulator in
      try emulator.write("request", request)
      let image = try file.map { try emulator.write("image.elf", $0) } ?? Firmware.path("driver-bugs")
      let outcome = try emulator.run(
        ["run", "--max-cycles", "3000000", "--load", "request@\(place)", "--check-report", "report.json"] + options
          + [image])
      let report = try emulator.object("report.json")
      #expect(report["schema"] as? String == "pulpemu-check/1")
      return Findings(outcome: outcome, all: report["findings"] as? [[String: Any]] ?? [])
    }
  }

  @Test func `the firmware has a case for every rule`() throws {
    let outcome = try run(Repository.pulpemu, ["run", "--quiet", Firmware.path("driver-bugs")])
    let cases = outcome.text.split(separator: "\n").map(String.init)
    #expect(cases.sorted() == Self.cases.sorted())
  }

  /// A case for each rule, and further ones.
  static let cases =
    Rule.all.map(\.id) + [
      "event-never-unmasked:at-once", "race-host-write:after-progress", "execute-data:null", "race-delay:enable-bit",
      "race-host-udma:clear-bit", "race-host-udma:at-once",
      "race-stack-buffer:at-once", "sleep-lost-wakeup:far", "sleep-lost-wakeup:loaded",
    ]

  @Test(arguments: cases)
  func `each mistake is found as what it is, and its clean twin is silent`(name: String) throws {
    let id = String(name.prefix { $0 != ":" })
    let rule = try #require(Rule.named(id))
    let bad = try Self.bug(name)
    let clean = try Self.bug(name + " clean")
    if rule.severity == .note {
      #expect(bad.faults.isEmpty)
      #expect(bad.notes.contains(id))
    } else {
      #expect(bad.faults == [id])
    }
    #expect(clean.faults.isEmpty)
    #expect(!clean.notes.contains(id))
    #expect(clean.outcome.status == 0)
  }

  @Test(arguments: [
    "status-by-tick", "event-without-handler", "nested-handlers", "double-buffer", "columns-in-turn", "fed-by-events",
    "behind-progress", "cancelled", "two-tasks", "pumped-by-timer",
  ])
  func `right ways that the shipped drivers do not go are clean`(style: String) throws {
    try Emulator.inFolder { emulator in
      try emulator.write("request", style)
      let outcome = try emulator.run(
        "run", "--max-cycles", "3000000", "--load", "request@check_request", "--check=error",
        Firmware.path("driver-styles"))
      #expect(outcome.status == 0, "\(outcome.errors)")
    }
  }

  @Test func `the firmware has a test for every style`() throws {
    let styles = try run(Repository.pulpemu, ["run", "--quiet", Firmware.path("driver-styles")])
    #expect(styles.text.split(separator: "\n").count == 10)
  }

  @Test func `a file without symbols and section headers loses only the rules that go by symbols`() throws {
    let image = try FirmwareImage.load(path: Firmware.path("driver-bugs"))
    let place = "0x" + String(try #require(image.symbols["check_request"]).address, radix: 16)
    // e_shoff, e_shnum and e_shstrndx of the ELF header: what sstrip leaves.
    var file = image.fileBytes
    for offset in Array(32..<36) + Array(48..<52) { file[offset] = 0 }
    for name in Self.cases {
      let id = String(name.prefix { $0 != ":" })
      let bad = try Self.bug(name, file: file, place: place)
      let isJudged = !["reta-object-bounds", "udma-object-bounds", "irq-no-handler"].contains(id)
      #expect((bad.faults.union(bad.notes)).contains(id) == isJudged, "\(name)")
      #expect(bad.faults.isSubset(of: [id]), "\(name)")
      #expect(try Self.bug(name + " clean", file: file, place: place).faults.isEmpty, "\(name)")
    }
  }

  @Test func `--check=error ends the run at the first finding with 122 and says so in the last line`() throws {
    let found = try Self.bug("reta-trigger-lost", ["--check=error"])
    #expect(found.outcome.status == 122)
    #expect(found.outcome.lastErrorLine.hasPrefix("pulpemu: check reta-trigger-lost: TRIGGER is written while"))
    // What can only be judged at the end fails the run then.
    #expect(try Self.bug("reta-never-committed", ["--check=error"]).outcome.status == 122)
    // Notes end nothing.
    #expect(try Self.bug("poll-could-sleep", ["--check=error"]).outcome.status == 0)
  }

  @Test func `a finding names place, calls, tensor, hardware and remedy, once with a count`() throws {
    let found = try Self.bug("race-host-read")
    let finding = try #require(found.all.first { $0["rule"] as? String == "race-host-read" })
    let place = try #require(finding["place"] as? [String: Any])
    #expect((place["symbol"] as? String ?? "").hasPrefix("host_read"))
    #expect((place["source"] as? String ?? "").contains("races.c:"))
    let callers = (finding["backtrace"] as? [[String: Any]] ?? []).compactMap { $0["symbol"] as? String }
    #expect(callers.first?.hasPrefix("main") ?? false)
    #expect((finding["subject"] as? String ?? "").hasPrefix("y+0x5 (0x1C0"))
    #expect(finding["count"] as? Int == 1)
    #expect(finding["hardware"] as? String == Rule.named("race-host-read")?.hardware)
    let text = found.outcome.errors
    for part in [
      "pulpemu: check: error race-host-read: load from y+0x5", "    by 0x", "    hardware: ", "    instead:  ",
    ] {
      #expect(text.contains(part))
    }
  }

  @Test func `a suppression takes a rule away, everywhere or under a function`() throws {
    for option in ["race-host-read", "race-host-read@host_read", "race-host-read@main", "*@main"] {
      let found = try Self.bug("race-host-read", ["--check=error", "--check-suppress", option])
      #expect(found.faults.isEmpty)
      #expect(found.outcome.status == 0)
      #expect(found.outcome.errors.contains("suppressed"))
    }
    #expect(
      try Self.bug("race-host-read", ["--check=error", "--check-suppress", "race-host-read@nobody"]).outcome.status
        == 122)
    let refused = try run(
      Repository.pulpemu, ["run", "--check=warn", "--check-suppress", "nonsense", Firmware.path("hello")])
    #expect(refused.status == 64)
    #expect(refused.errors.contains("pulpemu check --list"))
  }

  @Test(arguments: [
    "hello", "reta-selftest", "retnet-digits", "retnet-generate-poll", "retnet-generate-irq", "retnet-generate-queue",
    "retnet-generate-list", "retnet-generate-shared", "retnet-generate-host", "retnet-generate-guarded",
    "retnet-digits-guarded", "timers",
  ])
  func `the shipped programs are clean, and the checker changes neither output nor any figure`(name: String) throws {
    let plain = try Firmware.run(name)
    let checked = try Firmware.run(name, ["--check=error"])
    #expect(checked.outcome.status == plain.outcome.status)
    #expect(checked.outcome.output == plain.outcome.output)
    let findings = (checked.stats["check"] as? [String: Any])?["findings"] as? [[String: Any]] ?? []
    #expect(findings.allSatisfy { $0["severity"] as? String == "note" })
    var figures = checked.stats
    figures["check"] = nil
    func text(_ stats: [String: Any]) throws -> Data {
      try JSONSerialization.data(withJSONObject: stats, options: .sortedKeys)
    }
    #expect(try text(figures) == text(plain.stats))
  }

  @Test(arguments: [
    ("uart-loopback", ["--uart", "loopback"]), ("spi-flash", []), ("i2c-devices", ["--board", "sensors"]),
    ("camera", ["--board", "camera"]), ("i2s-echo", ["--profile", "p7", "--board", "audio"]),
    ("retnet-flash", ["--spi-flash", "charlm.flash"]),
  ])
  func `the drivers of the peripherals are clean`(name: String, options: [String]) throws {
    let paths = options.map { option in
      switch option {
      case "sensors", "camera", "audio": Repository.path("boards/\(option).yaml")
      case "charlm.flash": Repository.path("firmware/build/charlm.flash")
      default: option
      }
    }
    let plain = try Firmware.run(name, paths)
    let checked = try Firmware.run(name, paths + ["--check=error"])
    #expect(checked.outcome.status == plain.outcome.status)
    #expect(checked.stats["cycles"] as? Int == plain.stats["cycles"] as? Int)
  }
}
