// The parameters of a machine by name, for `--set PATH=VALUE` and listings.

import RetentionAccelerator

/// A machine parameter that can be set by name.
public struct MachineParameter: Sendable {
  public enum Range: Sendable, Equatable {
    case boolean
    case integer(ClosedRange<Int>, multiple: Int)
  }

  /// For example `accelerator.macRows`.
  public let path: String
  public let unit: String
  public let range: Range
  public let summary: String
  private let get: @Sendable (MachineConfiguration) -> Int
  private let put: @Sendable (inout MachineConfiguration, Int) -> Void

  /// The value in `configuration`; a boolean is 0 or 1.
  public func value(in configuration: MachineConfiguration) -> Int { get(configuration) }

  /// The value as text.
  public func text(in configuration: MachineConfiguration) -> String {
    let value = get(configuration)
    return range == .boolean ? (value != 0 ? "true" : "false") : String(value)
  }

  /// What may be given, as text.
  public var rangeText: String {
    switch range {
    case .boolean: "true, false"
    case .integer(let range, let multiple):
      "\(range.lowerBound)...\(range.upperBound)" + (multiple > 1 ? ", a multiple of \(multiple)" : "")
    }
  }

  /// Sets the parameter from text; returns what is wrong with `text`, if anything is.
  public func set(_ text: String, in configuration: inout MachineConfiguration) -> String? {
    switch range {
    case .boolean:
      switch text {
      case "true", "1", "yes", "on": put(&configuration, 1)
      case "false", "0", "no", "off": put(&configuration, 0)
      default: return "\(path) takes true or false, not '\(text)'"
      }
    case .integer(let range, let multiple):
      guard let value = Int(text), range.contains(value), value % multiple == 0 else {
        return "\(path) takes \(rangeText), not '\(text)'"
      }
      put(&configuration, value)
    }
    return nil
  }

  /// All parameters, in the order in which they are listed.
  public static let all: [MachineParameter] =
    [
      boolean("core.xpulpCSRs", "the loop and identity CSRs of the XPULP core exist", \.hart.xpulpCSRs),
      boolean(
        "core.blockEngine", "translated blocks run where they can; false: an instruction at a time, same results",
        \.hart.blockEngine),
      boolean(
        "core.translator", "often used blocks become machine code, on x86-64 hosts; false: interpreted, same results",
        \.hart.translator),
      boolean(
        "core.alwaysStepped", "the cycle-stepped engine runs everything: slow, same results", \.hart.alwaysStepped),
      boolean(
        "interconnect.contention", "masters that want one bank of L2 in the same cycle wait for each other",
        \.contention),
      boolean(
        "interconnect.sameDirectionWait", "AXI side: a waiting access of the same direction is granted a cycle later",
        \.sameDirectionWait),
      boolean(
        "interconnect.clusterAnswers", "accesses to the absent cluster get a decode error instead of hanging the bus",
        \.clusterAnswers),
      MachineParameter(
        path: "l2.interleaved", unit: "KiB", range: .integer(256...512, multiple: 256),
        summary: "interleaved L2 fitted", get: { $0.interleavedKiB }, put: { $0.interleavedKiB = $1 }),
      MachineParameter(
        path: "l2.interleavedBanks", unit: "banks", range: .integer(4...8, multiple: 4),
        summary: "banks of the interleaved L2; words go round", get: { $0.interleavedBanks },
        put: { $0.interleavedBanks = $1 }),
    ]
    + RETAConfiguration.parameters.map { parameter in
      MachineParameter(
        path: "accelerator." + parameter.name, unit: parameter.unit,
        range: .integer(parameter.range, multiple: parameter.multiple),
        summary: "\(parameter.symbol): \(parameter.summary)",
        get: { $0.accelerator[keyPath: parameter.keyPath] },
        put: { $0.accelerator[keyPath: parameter.keyPath] = $1 })
    }

  private static func boolean(
    _ path: String, _ summary: String, _ keyPath: WritableKeyPath<MachineConfiguration, Bool> & Sendable
  ) -> MachineParameter {
    MachineParameter(
      path: path, unit: "", range: .boolean, summary: summary, get: { $0[keyPath: keyPath] ? 1 : 0 },
      put: { $0[keyPath: keyPath] = $1 != 0 })
  }
}
