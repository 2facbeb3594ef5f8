// The figures of an overhead comparison: one list for the table, the CSV file and the report.

import Foundation
import Instrumentation

/// A figure of one image. Its name is that of the statistics' JSON.
struct OverheadFigure: Sendable {
  enum Form: Sendable {
    /// Cycles, counts.
    case count
    /// Shown as a percentage.
    case share
    /// A count a job, a factor.
    case decimal
    /// Picojoules, shown in nJ.
    case energy
  }

  let group: String
  let name: String
  let title: String
  let form: Form
  /// Nil: there is no such figure for this image.
  let value: @Sendable (Statistics) -> Double?

  /// The figure as people read it.
  func text(_ statistics: Statistics) -> String {
    guard let value = value(statistics) else { return "-" }
    switch form {
    case .count: return Numbers.grouped(UInt64(max(0, value)))
    case .share: return String(format: value != 0 && value < 0.01 ? "%.4f %%" : "%.2f %%", 100 * value)
    case .decimal: return String(format: abs(value) < 10 ? "%.4f" : "%.1f", value)
    case .energy: return String(format: "%.1f", value / 1000)
    }
  }

  /// The figure as a spreadsheet reads it; empty if there is none.
  func number(_ statistics: Statistics) -> String {
    guard let value = value(statistics) else { return "" }
    return form == .count ? String(UInt64(max(0, value))) : "\(value)"
  }
}

extension OverheadFigure {
  static let latencyNames = [
    "triggerToStart", "doneToInterrupt", "interruptToHandler", "handlerToAcknowledge", "doneToAcknowledge",
    "acknowledgeToTrigger", "doneToTrigger",
  ]

  /// Every figure, in the order in which they are shown. Latencies and gaps have three numbers each and come extra.
  static let all: [OverheadFigure] = [
    OverheadFigure(group: "whole program", name: "cycles", title: "cycles", form: .count) { Double($0.cycles) },
    OverheadFigure(group: "whole program", name: "activeCycles", title: "host active", form: .count) {
      Double($0.host.activeCycles)
    },
    OverheadFigure(group: "whole program", name: "instructions", title: "instructions", form: .count) {
      Double($0.instructions)
    },
    count("region", "regionCycles", "cycles", \.regionCycles),
    OverheadFigure(group: "region", name: "jobs", title: "jobs", form: .count) { Double($0.overhead.jobs) },
    count("accelerator", "acceleratorBusyCycles", "busy", \.acceleratorBusyCycles),
    count("accelerator", "acceleratorStallCycles", "stalled by contention", \.acceleratorStallCycles),
    count("accelerator", "acceleratorIdleCycles", "idle while work remained", \.acceleratorIdleCycles),
    OverheadFigure(group: "accelerator", name: "utilisation", title: "utilisation", form: .share) {
      ratio($0.overhead.acceleratorBusyCycles + $0.overhead.acceleratorStallCycles, $0.overhead.regionCycles)
    },
    OverheadFigure(group: "accelerator", name: "macsPerCycle", title: "MACs a busy cycle", form: .decimal) {
      ratio($0.overhead.work.macs, $0.overhead.acceleratorBusyCycles)
    },
    count("host cycles", "hostActiveCycles", "active", \.hostActiveCycles),
    count("host cycles", "hostConfigureCycles", "  configuring", \.hostConfigureCycles),
    count("host cycles", "hostPollCycles", "  polling", \.hostPollCycles),
    count("host cycles", "hostInterruptCycles", "  interrupts", \.hostInterruptCycles),
    count("host cycles", "hostOtherCycles", "  other", \.hostOtherCycles),
    count("host cycles", "hostSleepCycles", "asleep", \.hostSleepCycles),
    count("host cycles", "setupCycles", "before the region (setup)", \.setupCycles),
    count("host cycles", "noticeCycles", "after it (notice)", \.noticeCycles),
    count("host work", "hostInstructions", "instructions", \.hostInstructions),
    perJob("instructionsPerJob", "  a job", { $0.hostInstructions }),
    OverheadFigure(group: "host work", name: "mmioReads", title: "register reads", form: .count) {
      Double($0.overhead.mmioReads)
    },
    OverheadFigure(group: "host work", name: "mmioWrites", title: "register writes", form: .count) {
      Double($0.overhead.mmioWrites)
    },
    perJob("accessesPerJob", "  accesses a job", { UInt64($0.mmioReads + $0.mmioWrites) }),
    OverheadFigure(group: "host work", name: "interrupts", title: "interrupts", form: .count) {
      Double($0.overhead.interrupts)
    },
    OverheadFigure(group: "contention", name: "hostSlowdown", title: "host slower by a factor of", form: .decimal) {
      $0.contention?.hostSlowdown
    },
    OverheadFigure(
      group: "contention", name: "acceleratorSlowdown", title: "accelerator slower by", form: .decimal
    ) { $0.contention?.acceleratorSlowdown },
    OverheadFigure(group: "contention", name: "regionSlowdown", title: "region longer by", form: .decimal) {
      $0.contention?.regionSlowdown
    },
    energy("energyMACs", "MACs", \.macs), energy("energyMemory", "L2", \.memory),
    energy("energyIdle", "accelerator's clock", \.idle), energy("energyHost", "host", \.host),
    energy("energyTotal", "total", \.total),
    OverheadFigure(group: energyGroup, name: "energyRun", title: "whole program", form: .energy) {
      $0.energy?.run.total
    },
    OverheadFigure(group: "", name: "interventionRatio", title: "intervention ratio", form: .share) {
      $0.overhead.interventionRatio
    },
  ]

  static let energyGroup = "energy, estimated (nJ)"

  static func ratio(_ part: UInt64, _ whole: UInt64) -> Double? {
    whole == 0 ? nil : Double(part) / Double(whole)
  }

  private static func count(
    _ group: String, _ name: String, _ title: String, _ keyPath: KeyPath<OverheadReport, UInt64> & Sendable
  ) -> OverheadFigure {
    OverheadFigure(group: group, name: name, title: title, form: .count) { Double($0.overhead[keyPath: keyPath]) }
  }

  private static func perJob(
    _ name: String, _ title: String, _ total: @escaping @Sendable (OverheadReport) -> UInt64
  ) -> OverheadFigure {
    OverheadFigure(group: "host work", name: name, title: title, form: .decimal) {
      ratio(total($0.overhead), UInt64($0.overhead.jobs))
    }
  }

  private static func energy(
    _ name: String, _ title: String, _ keyPath: KeyPath<EnergyEstimate, Double> & Sendable
  ) -> OverheadFigure {
    OverheadFigure(group: energyGroup, name: name, title: title, form: .energy) {
      $0.energy?.region[keyPath: keyPath]
    }
  }
}
