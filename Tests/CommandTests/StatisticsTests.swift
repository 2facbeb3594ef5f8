// The JSON of `--stats`: keys, types and sums of the contract (`cli.md`, "Statistics").

import Foundation
import TestSupport
import Testing

@Suite struct StatisticsFileTests {
  /// A program with a job, an interrupt-free sleep and some register accesses.
  static var worker: Assembly {
    Assembly { p in
      p.li(.s0, 0x1A10_C000)
      p.store(~(1 << 12), at: 0x1A10_6014)
      p.store(1 << 26, at: 0x1A10_9804)
      p.lw(.s1, 4, .s0)
      for (index, word) in [(0, 4), (2, 0x0040_0004), (3, 0x0040_0000), (5, 0x0040_0000)] as [(Int, UInt32)] {
        p.li(.t0, word)
        p.sw(.t0, 0x40 + 4 * index, .s0)
      }
      for (index, word) in [(6, 0x1C02_0000), (12, 0x1C03_0000), (13, 1)] as [(Int, UInt32)] {
        p.li(.t0, word)
        p.sw(.t0, 0x40 + 4 * index, .s0)
      }
      p.sw(.zero, 0, .s0)
      p.wfi()
      p.lw(.t1, 8, .s0)
      p.exit(0)
    }
  }

  enum Kind {
    case integer, number, string, object, array

    func matches(_ value: Any?) -> Bool {
      switch self {
      case .integer:
        guard let number = value as? NSNumber else { return false }
        return number.doubleValue == number.doubleValue.rounded()
      case .number: return value is NSNumber
      case .string: return value is String
      case .object: return value is [String: Any]
      case .array: return value is [Any]
      }
    }
  }

  func check(_ object: [String: Any]?, _ keys: [String: Kind], _ what: String) {
    for (key, kind) in keys { #expect(kind.matches(object?[key]), "\(what).\(key): \(object?[key] ?? "missing")") }
  }

  @Test func `every key of the contract is there, with its type`() throws {
    try Emulator.inFolder { emulator in
      let image = try emulator.image(Self.worker)
      let outcome = try emulator.run("run", "--stats", "s.json", image)
      #expect(outcome.status == 0, "\(outcome.errors)")
      let stats = try emulator.object("s.json")
      #expect(stats["schema"] as? String == "pulpemu-stats/1")
      check(
        stats,
        [
          "firmware": .object, "configuration": .object, "exit": .object, "cycles": .integer, "instructions": .integer,
          "host": .object, "accelerator": .object, "overhead": .object, "dump": .object, "wallSeconds": .number,
          "mips": .number,
        ], "")
      let firmware = stats["firmware"] as? [String: Any]
      #expect(firmware?["path"] as? String == image)
      let digest = try run("sha256sum", [image]).text.prefix(64)
      #expect(firmware?["sha256"] as? String == String(digest))
      check(
        stats["exit"] as? [String: Any], ["reason": .string, "code": .integer, "pc": .integer, "message": .string],
        "exit")
      let host = stats["host"] as? [String: Any]
      check(
        host,
        [
          "activeCycles": .integer, "sleepCycles": .integer, "stallCycles": .integer, "instructions": .integer,
          "loads": .integer, "stores": .integer, "interruptsTaken": .integer, "exceptions": .integer, "mmio": .array,
        ], "host")
      let mmio = host?["mmio"] as? [[String: Any]]
      #expect(mmio?.isEmpty == false)
      for entry in mmio ?? [] {
        check(entry, ["block": .string, "register": .string, "reads": .integer, "writes": .integer], "mmio")
      }
      let accelerator = stats["accelerator"] as? [String: Any]
      check(
        accelerator,
        [
          "jobs": .integer, "descriptors": .integer, "busyCycles": .integer, "stallCycles": .integer,
          "idleCycles": .integer, "macs": .integer, "bytesRead": .integer, "bytesWritten": .integer,
          "errors": .integer, "perJob": .array,
        ], "accelerator")
      let jobs = accelerator?["perJob"] as? [[String: Any]]
      #expect(jobs?.count == 1)
      check(
        jobs?.first,
        [
          "id": .integer, "operation": .string, "start": .integer, "end": .integer, "stall": .integer, "macs": .integer,
          "error": .integer, "aborted": .number,
        ], "perJob")
      #expect(jobs?.first?["operation"] as? String == "map")
      #expect(try emulator.text("s.json").contains("\"aborted\" : false"))
      let overhead = stats["overhead"] as? [String: Any]
      let counts = [
        "regionCycles", "acceleratorBusyCycles", "acceleratorStallCycles", "acceleratorIdleCycles", "hostActiveCycles",
        "hostSleepCycles", "hostConfigureCycles", "hostPollCycles", "hostInterruptCycles", "hostOtherCycles",
        "mmioReads", "mmioWrites", "interrupts", "hostInstructions", "jobs", "setupCycles", "noticeCycles",
      ]
      check(overhead, Dictionary(uniqueKeysWithValues: counts.map { ($0, .integer) }), "overhead")
      check(overhead, ["interventionRatio": .number, "latencies": .object], "overhead")
      let latencies = overhead?["latencies"] as? [String: [String: Any]]
      #expect(latencies?["triggerToStart"] != nil)
      for (key, latency) in latencies ?? [:] {
        check(latency, ["count": .integer, "min": .integer, "median": .integer, "max": .integer], key)
      }
      func number(_ object: [String: Any]?, _ key: String) -> Int { object?[key] as? Int ?? -1 }
      #expect(number(host, "activeCycles") + number(host, "sleepCycles") == number(stats, "cycles"))
      #expect(
        number(accelerator, "busyCycles") + number(accelerator, "stallCycles") + number(accelerator, "idleCycles")
          == number(stats, "cycles"))
      #expect(number(host, "instructions") == number(stats, "instructions"))
    }
  }

  @Test func `without a job the ratio is null, and no latency has a key`() throws {
    try Emulator.inFolder { emulator in
      let image = try emulator.image(Sample.exit(3))
      #expect(try emulator.run("run", "--stats", "s.json", image).status == 3)
      let overhead = try emulator.object("s.json")["overhead"] as? [String: Any]
      #expect(overhead?["interventionRatio"] is NSNull)
      #expect((overhead?["latencies"] as? [String: Any])?.isEmpty == true)
      #expect(overhead?["regionCycles"] as? Int == 0)
    }
  }

  @Test func `everything but the host's time is the same on every run and with every engine`() throws {
    try Emulator.inFolder { emulator in
      let image = try emulator.image(Self.worker)
      var seen: Set<String> = []
      for engine in ["auto", "auto", "interpreter", "translator"] {
        #expect(try emulator.run("run", "--engine", engine, "--stats", "s.json", image).status == 0)
        var stats = try emulator.object("s.json")
        stats["wallSeconds"] = nil
        stats["mips"] = nil
        let data = try JSONSerialization.data(withJSONObject: stats, options: [.sortedKeys])
        seen.insert(String(decoding: data, as: UTF8.self))
      }
      #expect(seen.count == 1)
    }
  }

  @Test func `a dash sends the statistics to standard output, behind what the firmware printed`() throws {
    try Emulator.inFolder { emulator in
      let outcome = try emulator.run("run", "--stats", "-", emulator.image(Sample.printing("hi\n")))
      #expect(outcome.text.hasPrefix("hi\n{"))
      let json = Data(outcome.output.dropFirst(3))
      #expect((try JSONSerialization.jsonObject(with: json) as? [String: Any])?["schema"] != nil)
    }
  }

  @Test func `the configuration lists what is not at its default`() throws {
    try Emulator.inFolder { emulator in
      let image = try emulator.image(Sample.exit(0))
      #expect(try emulator.run("run", "--stats", "s.json", image).status == 0)
      #expect((try emulator.object("s.json")["configuration"] as? [String: Any])?.isEmpty == true)
      let outcome = try emulator.run(
        "run", "--stats", "s.json", "--profile", "p7", "--set", "accelerator.macRows=32", "--set",
        "core.xpulpCSRs=false", "--timing", "none", "--strict", "--memory", "0x80000000:64K", "--l2-interleaved",
        "256K",
        image)
      #expect(outcome.status == 0, "\(outcome.errors)")
      let configuration = try emulator.object("s.json")["configuration"] as? [String: String]
      #expect(
        configuration == [
          "accelerator.macRows": "32", "core.xpulpCSRs": "false", "profile": "p7", "timing": "none", "strict": "true",
          "memory": "0x80000000:64K", "l2.interleaved": "256",
        ])
    }
  }

  @Test func `overhead writes one object for an image and an array for several`() throws {
    try Emulator.inFolder { emulator in
      let worker = try emulator.image("worker.elf", Self.worker)
      let other = try emulator.image("other.elf", Sample.printing("not shown", code: 4))
      let one = try emulator.run("overhead", "--stats", "one.json", worker)
      #expect(one.status == 0)
      #expect(one.text.contains("worker"))
      #expect(one.text.contains("intervention"))
      #expect((try emulator.object("one.json")["overhead"] as? [String: Any])?["jobs"] as? Int == 1)
      let two = try emulator.run("overhead", "--stats", "-", worker, other)
      #expect(two.status == 4)
      let array = try JSONSerialization.jsonObject(with: Data(two.output)) as? [[String: Any]]
      #expect(array?.map { ($0["firmware"] as? [String: Any])?["path"] as? String } == [worker, other])
      #expect(!two.text.contains("not shown"))
      #expect(try emulator.run("overhead", "--region", "_start:nowhere", worker).status == 64)
      #expect(try emulator.run("overhead", "--region", "_start", worker).status == 64)
      let region = try emulator.run("overhead", "--region", "_start:_start", "--stats", "r.json", worker)
      #expect(region.status == 0)
      let stats = try emulator.object("r.json")
      #expect((stats["overhead"] as? [String: Any])?["regionCycles"] as? Int == stats["cycles"] as? Int)
      #expect(try emulator.run("overhead").status == 64)
    }
  }
}
