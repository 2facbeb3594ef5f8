// The report page in headless Chromium, without a network: no console message, the statistics' figures, keyboard, schemes.

import Foundation
import TestSupport
import Testing

@Suite struct ReportTests {
  /// Ubuntu has no package of the browser; there this test is left out.
  static var hasBrowser: Bool {
    ["/usr/bin/chromium", "/usr/bin/chromedriver"].allSatisfy { FileManager.default.isExecutableFile(atPath: $0) }
  }

  @Test(.enabled(if: hasBrowser, "chromium and chromium-driver are not installed"))
  func `a report opens in a browser without complaints and shows the statistics' figures`() throws {
    try Emulator.inFolder { emulator in
      let first = try emulator.image("retnet-one.elf", OverheadCommandTests.program(rows: 8, jobs: 12))
      let second = try emulator.image("retnet-two.elf", StatisticsFileTests.worker)
      let driver = Repository.path("firmware/build/reta-selftest.elf")
      let outcome = try emulator.run(
        "report", "--title", "A <b> & \"c\"", "-o", "r.html", "--stats", "r.json", first, second, driver)
      #expect(outcome.status == 0, "\(outcome.errors)")
      let browsed = try run(
        Repository.python,
        [Repository.path("Tests/Tools/browse_report.py")] + ["r.html", "l.png", "d.png"].map(emulator.path))
      #expect(browsed.status == 0, "\(browsed.errors)")
      let seen = try #require(try JSONSerialization.jsonObject(with: Data(browsed.output)) as? [String: Any])
      #expect(seen["title"] as? String == "A <b> & \"c\"")
      #expect(seen["console"] as? [String] == [])
      #expect(seen["requests"] as? [String] == [])

      let data = try Data(contentsOf: URL(fileURLWithPath: emulator.path("r.json")))
      let statistics = try #require(try JSONSerialization.jsonObject(with: data) as? [[String: Any]])
      let figures = try #require(seen["figures"] as? [String: [String?]])
      let shown = try #require(seen["shown"] as? [String: [String]])
      let names = [
        "regionCycles", "acceleratorBusyCycles", "acceleratorStallCycles", "acceleratorIdleCycles", "hostActiveCycles",
        "hostConfigureCycles", "hostPollCycles", "hostInterruptCycles", "hostOtherCycles", "hostSleepCycles",
        "setupCycles", "noticeCycles", "hostInstructions", "mmioReads", "mmioWrites", "interrupts", "jobs",
      ]
      for name in names {
        for (index, image) in statistics.enumerated() {
          let value = try #require((image["overhead"] as? [String: Any])?[name] as? Int)
          #expect(figures[name]?[index] == String(value), "\(name)")
          #expect(shown[name]?[index].filter(\.isNumber) == String(value), "\(name)")
        }
      }
      for (index, image) in statistics.enumerated() {
        let ratio = try #require((image["overhead"] as? [String: Any])?["interventionRatio"] as? Double)
        let drawn = try #require(figures["interventionRatio"]?[index].flatMap { Double($0) })
        #expect(abs(drawn - ratio) <= 1e-12 * ratio)
      }

      #expect(seen["cards"] as? Int == 3)
      #expect(seen["histograms"] as? Int ?? 0 >= 3)
      #expect(seen["roofline"] as? Int ?? 0 > 3)
      #expect(seen["unnamed"] as? Int == 0)
      let headings = try #require(seen["headings"] as? [Int])
      #expect(headings.first == 1)
      for (level, next) in zip(headings, headings.dropFirst()) { #expect(next <= level + 1) }

      let zoom = try #require(seen["zoom"] as? [String])
      #expect(zoom[0] != zoom[1] && zoom[1] != zoom[2] && zoom[0] == zoom[3])
      #expect((seen["tip"] as? String ?? "").contains("cycles, from"))
      let sorted = try #require(seen["sorted"] as? [[String]])
      let numbers = sorted.map { $0.map { Int($0.filter(\.isNumber)) ?? -1 } }
      #expect(numbers[0] == numbers[0].sorted(by: >) && numbers[1] == numbers[1].sorted() && numbers[0].count > 0)
      #expect(seen["tabs"] as? [String] == ["retnet-one", "retnet-two"])

      let light = try #require(seen["light"] as? [String: Double])
      let dark = try #require(seen["dark"] as? [String: Double])
      #expect(light["ground"] ?? 0 > 0.8 && dark["ground"] ?? 1 < 0.05)
      // WCAG 2.1, 1.4.3: 4.5 to 1 for text.
      #expect(light["contrast"] ?? 0 >= 4.5 && dark["contrast"] ?? 0 >= 4.5)
      #expect((seen["chosen"] as? [String: Double])?["ground"] == light["ground"])
    }
  }

  @Test func `a report needs nothing from outside`() throws {
    try Emulator.inFolder { emulator in
      let image = try emulator.image("one.elf", OverheadCommandTests.program(rows: 8))
      #expect(try emulator.run("report", image, "-o", "r.html").status == 0)
      let page = try emulator.text("r.html")
      for outside in ["src=\"", "http://", "https://", "@import", "url("] {
        let places = page.components(separatedBy: outside).count - 1
        // The namespace of SVG is a name, not an address.
        #expect(places == (outside == "http://" ? 1 : 0), "\(outside)")
      }
      #expect(page.components(separatedBy: "</script>").count == 3)
      #expect(try emulator.run("report", image, "-o", "no/folder/r.html").status == 73)
      #expect(try emulator.run("report", image).status == 64)
      #expect(try emulator.run("report", "missing.elf", "-o", "x.html").status == 66)
      #expect(!FileManager.default.fileExists(atPath: emulator.path("x.html")))
    }
  }
}
