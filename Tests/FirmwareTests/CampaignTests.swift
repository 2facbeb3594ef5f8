// Campaigns of random faults: the guarded driver recovers from or reports all of them, a naive one does not, and every
// run can be had again.

import Foundation
import TestSupport
import Testing

@Suite struct CampaignTests {
  private func summary(_ object: [String: Any]) -> [String: Int] { object["summary"] as? [String: Int] ?? [:] }

  @Test(arguments: ["poll", "irq", "queue", "list"])
  func `the guarded driver is neither hung nor silently wrong, in every host style`(style: String) throws {
    try Emulator.inFolder { emulator in
      let outcome = try emulator.run(
        "campaign", Firmware.path("reta-guarded-\(style)"), "--seed", "20", "--runs", "250", "--json", "c.json")
      #expect(outcome.status == 0, "\(outcome.errors)")
      let object = try emulator.object("c.json")
      let counts = summary(object)
      #expect(counts["hung"] == 0 && counts["silent"] == 0)
      #expect((counts["recovered"] ?? 0) > 150 && (counts["recovered"] ?? 0) + (counts["detected"] ?? 0) == 250)
      let runs = try #require(object["runs"] as? [[String: Any]])
      // Faults have happened, of every kind, and the driver had to do something about many of them.
      #expect(runs.count { ($0["faults"] as? [Any])?.isEmpty == false } > 230)
      #expect(Set(runs.compactMap { $0["kind"] as? String }).count == 8)
      let golden = try #require(object["goldenCycles"] as? Int)
      #expect(runs.count { $0["cycles"] as? Int != golden } > 80)
    }
  }

  @Test(arguments: [
    ("retnet-generate-guarded", 80, "retnet_result:u32:51"), ("retnet-digits-guarded", 24, "digits_result"),
  ])
  func `the networks under guard recover from or report every fault outside the core`(
    program: String, count: Int, result: String
  ) throws {
    try Emulator.inFolder { emulator in
      let outcome = try emulator.run(
        "campaign", Firmware.path(program), "--seed", "31", "--runs", "\(count)", "--ignore", "cycles", "--dump",
        result,
        "--json", "c.json")
      #expect(outcome.status == 0, "\(outcome.errors)")
      let runs = try #require(try emulator.object("c.json")["runs"] as? [[String: Any]])
      for outcome in ["recovered", "detected"] { #expect(runs.contains { $0["outcome"] as? String == outcome }) }
    }
  }

  @Test func `a damaged weight is reported, a damaged prompt restored`() throws {
    try Emulator.inFolder { emulator in
      let image = Firmware.path("retnet-generate-guarded")
      let golden = try emulator.run("run", "--quiet", image)
      for (place, status) in [("retnet_blob+0x1234", 5), ("sequence+8", 0)] {
        try emulator.write("f.yaml", "faults:\n  - {at: {job: 1}, flip: {memory: \(place), bit: 2}}\n")
        let outcome = try emulator.run("run", "--quiet", "--inject", "f.yaml", image)
        #expect(Int(outcome.status) == status, "\(outcome.errors)")
        #expect(outcome.text.contains("driver: ") == (status == 0))
        #expect(outcome.text.contains("the accelerator failed: memory is damaged") == (status != 0))
        if status == 0 {
          #expect(outcome.text.hasPrefix(golden.text.split(separator: "\n").prefix(2).joined(separator: "\n")))
        }
      }
    }
  }

  @Test(arguments: ["poll", "irq", "queue", "list"])
  func `the plain driver waits for nothing for ever and reports what the hardware can show`(style: String) throws {
    try Emulator.inFolder { emulator in
      // Cycles are not compared: a program that prints them says so.
      let outcome = try emulator.run(
        "campaign", Firmware.path("retnet-generate-\(style)"), "--seed", "5", "--runs", "40", "--ignore", "cycles",
        "--faults", "event,error,stuck,stall,bus,slow", "--json", "c.json")
      #expect(outcome.status == 0, "\(outcome.errors)")
      let object = try emulator.object("c.json")
      let runs = try #require(object["runs"] as? [[String: Any]])
      // An event that is lost costs time; a job that is stuck, an exit code.
      let golden = try #require(object["goldenCycles"] as? Int)
      let isLate = runs.contains { $0["kind"] as? String == "event" && ($0["cycles"] as? Int ?? 0) != golden }
      #expect(isLate == (style != "poll"))
      for run in runs where run["kind"] as? String == "stuck" && (run["faults"] as? [Any])?.isEmpty == false {
        #expect(run["outcome"] as? String == "detected" && run["code"] as? Int == 5)
      }
    }
  }

  @Test(arguments: [
    ("i2c-devices", "sensors", "event,i2c,register"), ("uart-loopback", "loopback", "event,uart,bus,slow"),
    ("camera", "camera", "event,memory,bus,slow"),
  ])
  func `the peripherals' programs wait for nothing for ever and report or recover`(
    program: String, board: String, kinds: String
  ) throws {
    try Emulator.inFolder { emulator in
      let outcome = try emulator.run(
        "campaign", Firmware.path(program), "--board", Repository.path("boards/\(board).yaml"), "--seed", "4", "--runs",
        "16", "--max-cycles", "60000000", "--faults", kinds, "--json", "c.json")
      #expect(outcome.status == 0, "\(outcome.errors)")
      let runs = try #require(try emulator.object("c.json")["runs"] as? [[String: Any]])
      #expect(runs.contains { $0["outcome"] as? String == "detected" })
    }
  }

  @Test func `a lost event of the I2C master is put right after an eighth of a second`() throws {
    let options = ["--board", Repository.path("boards/sensors.yaml")]
    let golden = try #require(try Firmware.run("i2c-devices", options).stats["cycles"] as? Int)
    try Emulator.inFolder { emulator in
      for event in [8, 11] {
        try emulator.write("lost.yaml", "faults:\n  - {at: {event: \(event), occurrence: 5}, drop: {}}\n")
        let late = try Firmware.run("i2c-devices", options + ["--inject", emulator.path("lost.yaml")])
        #expect(late.outcome.status == 0)
        // 8192 edges of the reference clock, 762.5 cycles each; the EEPROM's writing takes some of that time.
        let delay = try #require(late.stats["cycles"] as? Int) - golden
        #expect((5_900_000...6_300_000).contains(delay), "\(delay)")
      }
    }
  }

  @Test func `the guard doubles the accelerator's time and little more than doubles the program's`() throws {
    func figures(_ name: String) throws -> (cycles: Int, busy: Int) {
      let stats = try Firmware.run(name).stats
      let accelerator = try #require(stats["accelerator"] as? [String: Any])
      return (try #require(stats["cycles"] as? Int), try #require(accelerator["busyCycles"] as? Int))
    }
    let plain = try figures("reta-naive")
    for style in ["poll", "irq", "queue", "list"] {
      let guarded = try figures("reta-guarded-\(style)")
      // Documentation/Faults.md: 0.32 million cycles for 0.15.
      #expect(guarded.cycles * 10 > 19 * plain.cycles && guarded.cycles * 10 < 25 * plain.cycles)
      #expect(abs(guarded.busy - 2 * plain.busy) < plain.busy / 20)
    }
  }

  @Test func `a naive driver hangs and computes nonsense: the classes can be told apart`() throws {
    try Emulator.inFolder { emulator in
      let image = Firmware.path("reta-naive")
      let outcome = try emulator.run("campaign", image, "--seed", "1", "--runs", "120", "--json", "c.json")
      #expect(outcome.status == 1)
      let counts = summary(try emulator.object("c.json"))
      #expect((counts["hung"] ?? 0) > 10 && (counts["silent"] ?? 0) > 5 && (counts["recovered"] ?? 0) > 20)
      #expect(outcome.errors.contains("hung: ") && outcome.errors.contains("silent: "))
      // What it prints without a fault is right all the same.
      let naive = try emulator.run("run", "--quiet", image)
      for style in ["poll", "irq", "queue", "list"] {
        #expect(try emulator.run("run", "--quiet", Firmware.path("reta-guarded-\(style)")).output == naive.output)
      }
      try emulator.write("golden.txt", naive.output)
      let again = try emulator.run("campaign", image, "--runs", "1", "--faults", "bus", "--golden", "golden.txt")
      #expect(again.status == 0, "\(again.errors)")
      try emulator.write("golden.txt", "nonsense\n")
      #expect(try emulator.run("campaign", image, "--runs", "1", "--golden", "golden.txt").status == 65)
    }
  }

  @Test func `a campaign is the same every time, and each of its runs by its own fault file`() throws {
    try Emulator.inFolder { emulator in
      let image = Firmware.path("reta-naive")
      let options = ["campaign", image, "--seed", "7", "--runs", "25", "--quiet"]
      let first = try emulator.run(options + ["--json", "a.json", "--save-runs", "runs"])
      let second = try emulator.run(options + ["--json", "b.json"])
      #expect(first.output == second.output && first.status == second.status)
      #expect(try emulator.text("a.json") == emulator.text("b.json"))
      let runs = try #require(try emulator.object("a.json")["runs"] as? [[String: Any]])
      for index in [0, 3, 11, 24] {
        let run = runs[index]
        let name = "runs/run-0000" + (index < 10 ? "0\(index)" : "\(index)") + ".yaml"
        let outcome = try emulator.run(
          "run", "--inject", name, "--stats", "s.json", "--max-cycles", "3000000", image)
        let stats = try emulator.object("s.json")
        let exit = try #require(stats["exit"] as? [String: Any])
        #expect(exit["reason"] as? String == run["reason"] as? String, "\(outcome.errors)")
        if exit["reason"] as? String != "limit" { #expect(stats["cycles"] as? Int == run["cycles"] as? Int) }
        let (expected, got) = (run["faults"] as? [NSDictionary], stats["faults"] as? [NSDictionary])
        #expect(expected == got)
        // Alone it is the same as among the others.
        _ = try emulator.run(options + ["--run", "\(index)", "--json", "one.json"])
        let one = try #require(try emulator.object("one.json")["runs"] as? [NSDictionary])
        #expect(one == [NSDictionary(dictionary: run)])
      }
    }
  }

  @Test func `a campaign that is interrupted reports the runs that have ended, and ends with 130`() throws {
    try Emulator.inFolder { emulator in
      // A shell without job control lets background processes ignore SIGINT; SIGTERM ends a campaign the same way.
      let script =
        "'\(Repository.pulpemu)' campaign '\(Firmware.path("reta-guarded-poll"))' --faults event --runs 1000000 "
        + "--save-runs runs --json c.json --quiet & pid=$!; "
        + "until [ -e runs/run-000003.yaml ]; do sleep 0.01; done; kill -TERM $pid; wait $pid"
      let outcome = try run("bash", ["-c", script], directory: emulator.folder.path, limit: 120)
      #expect(outcome.status == 130, "\(outcome.errors)")
      let object = try emulator.object("c.json")
      let runs = try #require(object["runs"] as? [[String: Any]])
      #expect(runs.count >= 3 && runs.count < 1_000_000 && runs.allSatisfy { $0["outcome"] as? String == "recovered" })
    }
  }

  @Test func `what a campaign cannot do is refused`() throws {
    try Emulator.inFolder { emulator in
      let image = Firmware.path("reta-naive")
      for (options, status) in [
        (["--faults", "gremlins", image], 64), (["--runs", "0", image], 64), (["--run", "100", image], 64),
        (["--ignore", "(", image], 64), (["--dump", "nobody", image], 64), (["--profile", "x.folded", image], 64),
        (["--json", "missing/c.json", image], 73), ([emulator.path("missing.elf")], 66),
        (["--faults", "event", "--runs", "1", try emulator.image(Assembly { $0.exit(3) })], 65),
        (["--faults", "stuck", "--runs", "1", try emulator.image(Assembly { $0.exit(0) })], 65),
      ] {
        let outcome = try emulator.run(["campaign"] + options)
        #expect(outcome.status == status, "\(options): \(outcome.errors)")
      }
    }
  }
}
