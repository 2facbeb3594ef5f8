// `--inject`: faults in a run.

import ArgumentParser
import Foundation
import PULPissimo

/// What goes wrong in the run.
struct FaultOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Make things go wrong as a fault file says (Documentation/Faults.md). Repeatable.", valueName: "FILE.yaml"))
  var inject: [String] = []
}

extension Session {
  /// Injects `plans` into this session's run, which has not begun. Attached last, behind everything that listens.
  func inject(_ plans: [FaultPlan]) {
    guard !plans.isEmpty else { return }
    let injector = FaultInjector(machine, plans)
    injector.onFault = { [unowned self] in showFault($0) }
    faults = injector
  }

  /// A line for each plan that has not come to anything.
  func reportUnusedFaults() {
    guard let faults else { return }
    let unused = faults.plans.count - Set(faults.records.map(\.plan)).count
    if unused > 0 {
      Console.error("pulpemu: \(unused) of \(faults.plans.count) faults did not happen: the run ended before")
    }
  }
}
