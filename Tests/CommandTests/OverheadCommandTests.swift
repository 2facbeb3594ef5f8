// `pulpemu overhead`: several images side by side, as JSON, CSV and text, and the same figures in each.

import Foundation
import TestSupport
import Testing

@Suite struct OverheadCommandTests {
  /// Copies `rows` rows of 64 bytes with the accelerator, and waits by looking.
  static func program(rows: UInt32, jobs: Int = 1) -> Assembly {
    Assembly { p in
      p.li(.s0, 0x1A10_C000)
      for job in 0..<jobs {
        p.lw(.s1, 4, .s0)
        let words: [(Int, UInt32)] = [
          (0, 4), (2, rows | 64 << 16), (3, 64 << 16), (5, 64 << 16), (6, 0x1C02_0000), (12, 0x1C03_0000), (13, 1),
        ]
        for (index, word) in words {
          p.li(.t0, word)
          p.sw(.t0, 0x40 + 4 * index, .s0)
        }
        p.sw(.zero, 0, .s0)
        p.label("wait\(job)")
        p.lw(.t1, 0xC, .s0)
        p.slli(.t1, .t1, 16)
        p.bne(.t1, .zero, "wait\(job)")
      }
      p.exit(0)
    }
  }

  @Test func `JSON, CSV and table of two images agree, and ratios are relative to the first`() throws {
    try Emulator.inFolder { emulator in
      let one = try emulator.image("one.elf", Self.program(rows: 8))
      let two = try emulator.image("two.elf", Self.program(rows: 16, jobs: 2))
      let outcome = try emulator.run(
        "overhead", "--stats", "s.json", "--csv", "c.csv", "--jobs", "j.csv", one, two)
      #expect(outcome.status == 0, "\(outcome.errors)")
      let data = try Data(contentsOf: URL(fileURLWithPath: emulator.path("s.json")))
      let list = try #require(try JSONSerialization.jsonObject(with: data) as? [[String: Any]])
      #expect(list.count == 2)
      let csv = try emulator.text("c.csv").components(separatedBy: "\r\n").map { $0.components(separatedBy: ",") }
      #expect(csv.first == ["figure", "one", "two"])
      for key in ["regionCycles", "acceleratorBusyCycles", "hostPollCycles", "hostInstructions", "mmioReads", "jobs"] {
        let row = try #require(csv.first { $0.first == key })
        for (index, statistics) in list.enumerated() {
          let overhead = statistics["overhead"] as? [String: Any]
          #expect(Int(row[index + 1]) == overhead?[key] as? Int, "\(key)")
        }
      }
      let busy = try list.map { try #require(($0["overhead"] as? [String: Any])?["acceleratorBusyCycles"] as? Double) }
      #expect(outcome.text.contains(String(format: "×%.3f", busy[1] / busy[0])))
      let jobs = try emulator.text("j.csv").components(separatedBy: "\r\n").filter { !$0.isEmpty }
      #expect(jobs.count == 1 + 1 + 2)
      #expect(jobs[3].hasPrefix("two,1,1,map,"))
      for statistics in list {
        let overhead = try #require(statistics["overhead"] as? [String: Any])
        let functions = try #require(statistics["functions"] as? [[String: Any]])
        #expect(functions.reduce(0) { $0 + ($1["instructions"] as? Int ?? 0) } == overhead["hostInstructions"] as? Int)
        let operations = try #require(statistics["operations"] as? [[String: Any]])
        for operation in operations {
          #expect(operation["cycles"] as? Int == operation["formulaCycles"] as? Int, "nothing competes with the job")
        }
        let contention = try #require(statistics["contention"] as? [String: Any])
        #expect(contention["acceleratorSlowdown"] as? Double == 1)
        #expect((statistics["timeline"] as? [Any])?.count == overhead["jobs"] as? Int)
      }
    }
  }

  @Test func `constants of the energy estimate are printed and can be replaced`() throws {
    try Emulator.inFolder { emulator in
      let image = try emulator.image(Self.program(rows: 8))
      let outcome = try emulator.run("overhead", "--energy", "E_L2=9.5", "--stats", "s.json", image)
      #expect(outcome.status == 0)
      #expect(outcome.text.contains("E_L2 = 9.5 pJ per 32-bit word"))
      let energy = try #require(try emulator.object("s.json")["energy"] as? [String: Any])
      // 8 rows of 64 bytes in and out: 256 words.
      #expect((energy["region"] as? [String: Any])?["memory"] as? Double == 9.5 * 256)
      for wrong in ["E_L2", "E_L2=x", "E_L2=-1", "NOTHING=1", "=", "E_MAC=inf"] {
        let refused = try emulator.run("overhead", "--energy", wrong, image)
        #expect(refused.status == 64 && refused.lastErrorLine.contains("--energy"), "\(wrong)")
      }
    }
  }

  @Test func `what is impossible is refused before anything runs`() throws {
    try Emulator.inFolder { emulator in
      let image = try emulator.image(Self.program(rows: 8))
      #expect(try emulator.run("overhead", "--region", "nowhere", image).status == 64)
      #expect(try emulator.run("overhead", "--region", "a:b", image).status == 64)
      #expect(try emulator.run("overhead", "--csv", "no/such/folder/x.csv", image).status == 73)
      #expect(try emulator.run("overhead", "--functions", "-1", image).status == 64)
      #expect(try emulator.run("overhead", image, "missing.elf").status == 66)
    }
  }

  @Test func `a host that works in the accelerator's memory slows both down; on its own bank it slows nobody`() throws {
    try Emulator.inFolder { emulator in
      func slowdown(_ buffer: UInt32) throws -> (host: Double, accelerator: Double) {
        let image = try emulator.image(
          Assembly { p in
            p.li(.s0, 0x1A10_C000)
            p.lw(.s1, 4, .s0)
            let words: [(Int, UInt32)] = [
              (0, 4), (2, 64 | 1024 << 16), (3, 1024 << 16), (5, 1024 << 16), (6, 0x1C02_0000), (12, 0x1C04_0000),
              (13, 1),
            ]
            for (index, word) in words {
              p.li(.t0, word)
              p.sw(.t0, 0x40 + 4 * index, .s0)
            }
            p.sw(.zero, 0, .s0)
            p.li(.s2, buffer)
            p.li(.s3, 3000)
            p.label("work")
            p.lw(.t0, 0, .s2)
            p.addi(.s3, .s3, -1)
            p.bne(.s3, .zero, "work")
            p.exit(0)
          })
        #expect(try emulator.run("overhead", "--stats", "s.json", image).status == 0)
        let contention = try emulator.object("s.json")["contention"] as? [String: Any]
        return (
          try #require(contention?["hostSlowdown"] as? Double),
          try #require(contention?["acceleratorSlowdown"] as? Double)
        )
      }
      let shared = try slowdown(0x1C06_0000)
      #expect(shared.host > 1.05 && shared.accelerator > 1.05)
      // The program itself lies in private bank 1.
      let apart = try slowdown(0x1C00_0000)
      #expect(apart.host == 1 && apart.accelerator == 1)
    }
  }
}
