// The overhead of several images side by side, as text.

import Foundation
import Instrumentation

/// A table with a row a figure and a column an image.
struct OverheadTable {
  let text: String

  init(_ columns: [(name: String, statistics: Statistics)]) {
    typealias Row = (String, (Statistics) -> String)
    func number(_ value: UInt64) -> String { Numbers.grouped(value) }
    func share(_ part: UInt64, _ whole: UInt64) -> String {
      whole == 0 ? "-" : String(format: "%.2f %%", 100 * Double(part) / Double(whole))
    }
    let groups: [(String, [Row])] = [
      (
        "region",
        [
          ("cycles", { number($0.overhead.regionCycles) }),
          ("jobs", { number(UInt64($0.overhead.jobs)) }),
        ]
      ),
      (
        "accelerator",
        [
          ("busy", { number($0.overhead.acceleratorBusyCycles) }),
          ("stalled by contention", { number($0.overhead.acceleratorStallCycles) }),
          ("idle while work remained", { number($0.overhead.acceleratorIdleCycles) }),
          (
            "utilisation",
            {
              share(
                $0.overhead.acceleratorBusyCycles + $0.overhead.acceleratorStallCycles, $0.overhead.regionCycles)
            }
          ),
        ]
      ),
      (
        "host cycles",
        [
          ("active", { number($0.overhead.hostActiveCycles) }),
          ("  configuring", { number($0.overhead.hostConfigureCycles) }),
          ("  polling", { number($0.overhead.hostPollCycles) }),
          ("  interrupts", { number($0.overhead.hostInterruptCycles) }),
          ("  other", { number($0.overhead.hostOtherCycles) }),
          ("asleep", { number($0.overhead.hostSleepCycles) }),
          ("before the region (setup)", { number($0.overhead.setupCycles) }),
          ("after it (notice)", { number($0.overhead.noticeCycles) }),
        ]
      ),
      (
        "host work",
        [
          ("instructions", { number($0.overhead.hostInstructions) }),
          ("  a job", { Self.perJob($0.overhead.hostInstructions, $0) }),
          ("register reads", { number(UInt64($0.overhead.mmioReads)) }),
          ("register writes", { number(UInt64($0.overhead.mmioWrites)) }),
          ("  accesses a job", { Self.perJob(UInt64($0.overhead.mmioReads + $0.overhead.mmioWrites), $0) }),
          ("interrupts", { number(UInt64($0.overhead.interrupts)) }),
        ]
      ),
      (
        "latencies (min / median / max cycles)",
        ["triggerToStart", "doneToInterrupt", "doneToAcknowledge", "doneToTrigger"].map { key in
          (
            key,
            { statistics in
              statistics.overhead.latencies[key].map { "\($0.min) / \($0.median) / \($0.max)" } ?? "-"
            }
          )
        }
      ),
      ("", [("intervention ratio", { Self.ratio($0.overhead.interventionRatio) })]),
    ]
    var rows: [[String]] = []
    for (title, entries) in groups {
      if !title.isEmpty { rows.append([title] + columns.map { _ in "" }) }
      for (name, value) in entries {
        rows.append([(title.isEmpty ? "" : "  ") + name] + columns.map { value($0.statistics) })
      }
    }
    text = TextTable([""] + columns.map(\.name), rows, rightAligned: Set(1...max(1, columns.count))).text
  }

  private static func perJob(_ total: UInt64, _ statistics: Statistics) -> String {
    statistics.overhead.jobs == 0 ? "-" : String(format: "%.1f", Double(total) / Double(statistics.overhead.jobs))
  }

  static func ratio(_ value: Double?) -> String {
    guard let value else { return "-" }
    return String(format: value < 0.01 ? "%.4f %%" : "%.1f %%", 100 * value)
  }
}

extension Numbers {
  /// `1 234 567`.
  static func grouped(_ value: UInt64) -> String {
    let digits = String(value)
    var result = ""
    for (index, digit) in digits.enumerated() {
      if index > 0 && (digits.count - index) % 3 == 0 { result.append(" ") }
      result.append(digit)
    }
    return result
  }
}
