// Plays reference traces against the models alone.

import HardwareModel
import PULPissimo
import Peripherals

/// What became of a trace.
enum TraceReplay: Equatable {
  case equal
  /// The first difference: cycle, signal or register, expected, got.
  case differs(String)
  /// What the trace needs and the model lacks.
  case lacks(String)

  /// Plays `trace` on a fresh model.
  static func play(_ trace: ReplayFile) -> TraceReplay {
    switch trace {
    case .register(let trace):
      guard let target = ReplayTargets.make(trace) else { return .lacks("no model of block '\(trace.block)'") }
      let missing = trace.outputNames.filter { target.output($0, at: 0) == nil }
      // Asking has moved nothing, but a trace starts from reset.
      guard let fresh = ReplayTargets.make(trace) else { return .lacks("no model of block '\(trace.block)'") }
      if let difference = trace.play(on: fresh).first { return .differs("\(difference)") }
      return missing.isEmpty
        ? .equal : .lacks("signals that the model does not have: \(missing.joined(separator: ", "))")
    case .udma(let trace):
      guard trace.period != nil else {
        return .lacks("a peripheral clock that is neither the SoC clock, an integer part of it, nor twice as fast")
      }
      return trace.play().first.map { .differs("\($0)") } ?? .equal
    case .l2(let trace):
      for mode in L2Trace.Mode.allCases {
        if let difference = trace.firstDifference(mode) {
          return .differs("\(trace.name) (\(mode.rawValue)): \(difference)")
        }
      }
      return .equal
    }
  }
}
