/// The parameters of RETA that a machine may change.
///
/// Models: the sizes, limits and latencies of retention-accelerator.md 8.1 and the memory that is fitted.
/// CAP0..2, L2_LO and L2_HI, the checker's limits and the cycle model follow these values.
/// Leaves out: the register map and the number of contexts (2), which are fixed.

import HardwareModel

/// Sizes, limits and latencies of the accelerator.
public struct RETAConfiguration: Sendable, Equatable {
  /// A_K: inner size of the MAC array.
  public var macRows = 16
  /// A_N: outputs of the MAC array.
  public var macColumns = 16
  /// TT: rows of int32 accumulators.
  public var tt = 64
  /// C_MAX: largest chunk of RETENTION.
  public var cMax = 64
  /// D_MAX: largest head size of RETENTION.
  public var dMax = 64
  /// H_MAX: most heads of RETENTION.
  public var hMax = 8
  /// G_MAX: longest group of NORM.
  public var gMax = 1024
  /// SW: state words per cycle from the state buffer.
  public var sw = 16
  /// 32-bit TCDM ports; a beat is up to this many words.
  public var ports = 4
  /// T_START: cycles from the trigger to the check.
  public var tStart = 3
  /// T_FETCH: cycles of read latency of a dependent fetch.
  public var tFetch = 2
  /// T_CHECK: cycles of the descriptor check.
  public var tCheck = 4
  /// T_PIPE: cycles to drain the pipeline.
  public var tPipe = 6
  /// T_DONE: cycles from the last write to the event.
  public var tDone = 2
  /// T_SQRT: cycles of the root unit.
  public var tSqrt = 12
  /// T_DIV: cycles of the divider.
  public var tDiv = 12
  /// First byte that the ports reach.
  public var l2Lo: Address = 0x1C01_0000
  /// First byte after what the ports reach. Machines with 256 KiB of interleaved L2 say 0x1C05_0000.
  public var l2Hi: Address = 0x1C09_0000

  public init() {}

  /// PB: bytes per beat.
  public var beatBytes: Int { 4 * ports }

  /// A parameter by name, for command lines and listings.
  public struct Parameter: Sendable {
    public let name: String
    /// The name in the specification.
    public let symbol: String
    public let unit: String
    public let range: ClosedRange<Int>
    /// Values must be multiples of this.
    public let multiple: Int
    public let summary: String
    public let keyPath: WritableKeyPath<RETAConfiguration, Int> & Sendable
  }

  /// Every integer parameter with its valid range.
  ///
  /// The lower bounds keep each phase of a job at least one cycle long where the next one depends on it; the upper
  /// bounds are the widths of the CAP fields and of the accumulators (a head size above 128 could overflow the 64-bit
  /// arithmetic of an unnormalised output).
  public static let parameters: [Parameter] = [
    Parameter(
      name: "macRows", symbol: "A_K", unit: "int8", range: 4...252, multiple: 4, summary: "inner size of the MAC array",
      keyPath: \.macRows),
    Parameter(
      name: "macColumns", symbol: "A_N", unit: "outputs", range: 4...252, multiple: 4,
      summary: "outputs of the MAC array", keyPath: \.macColumns),
    Parameter(
      name: "tt", symbol: "TT", unit: "rows", range: 1...255, multiple: 1, summary: "rows of int32 accumulators",
      keyPath: \.tt),
    Parameter(
      name: "cMax", symbol: "C_MAX", unit: "rows", range: 1...127, multiple: 1, summary: "largest chunk",
      keyPath: \.cMax),
    Parameter(
      name: "dMax", symbol: "D_MAX", unit: "values", range: 4...128, multiple: 4, summary: "largest head size",
      keyPath: \.dMax),
    Parameter(
      name: "hMax", symbol: "H_MAX", unit: "heads", range: 1...8, multiple: 1, summary: "most heads", keyPath: \.hMax),
    Parameter(
      name: "gMax", symbol: "G_MAX", unit: "values", range: 1...65535, multiple: 1, summary: "longest norm group",
      keyPath: \.gMax),
    Parameter(
      name: "sw", symbol: "SW", unit: "words", range: 1...128, multiple: 1, summary: "state words per cycle",
      keyPath: \.sw),
    Parameter(
      name: "ports", symbol: "ports", unit: "ports", range: 1...4, multiple: 1, summary: "32-bit TCDM ports",
      keyPath: \.ports),
    Parameter(
      name: "tStart", symbol: "T_START", unit: "cycles", range: 1...1023, multiple: 1, summary: "trigger to check",
      keyPath: \.tStart),
    Parameter(
      name: "tFetch", symbol: "T_FETCH", unit: "cycles", range: 1...1023, multiple: 1,
      summary: "read latency of a dependent fetch", keyPath: \.tFetch),
    Parameter(
      name: "tCheck", symbol: "T_CHECK", unit: "cycles", range: 1...1023, multiple: 1, summary: "descriptor check",
      keyPath: \.tCheck),
    Parameter(
      name: "tPipe", symbol: "T_PIPE", unit: "cycles", range: 0...1023, multiple: 1, summary: "drain of the pipeline",
      keyPath: \.tPipe),
    Parameter(
      name: "tDone", symbol: "T_DONE", unit: "cycles", range: 1...1023, multiple: 1, summary: "last write to event",
      keyPath: \.tDone),
    Parameter(
      name: "tSqrt", symbol: "T_SQRT", unit: "cycles", range: 0...1023, multiple: 1, summary: "root unit",
      keyPath: \.tSqrt),
    Parameter(
      name: "tDiv", symbol: "T_DIV", unit: "cycles", range: 0...1023, multiple: 1, summary: "divider", keyPath: \.tDiv),
  ]

  /// A configuration that no hardware could have.
  public struct InvalidParameter: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String
  }

  /// Refuses impossible values, with a sentence that names the parameter and its range.
  public func validate() throws(InvalidParameter) {
    for parameter in Self.parameters {
      let value = self[keyPath: parameter.keyPath]
      guard parameter.range.contains(value), value % parameter.multiple == 0 else {
        let step = parameter.multiple > 1 ? ", a multiple of \(parameter.multiple)" : ""
        throw InvalidParameter(
          description: "\(parameter.name) (\(parameter.symbol), \(parameter.summary)) cannot be \(value): "
            + "it must be \(parameter.range.lowerBound) to \(parameter.range.upperBound) \(parameter.unit)\(step)")
      }
    }
    guard l2Lo % 16 == 0, l2Hi % 16 == 0, l2Lo < l2Hi else {
      throw InvalidParameter(
        description:
          "l2Lo and l2Hi (0x\(String(l2Lo, radix: 16)), 0x\(String(l2Hi, radix: 16))) must be multiples of 16, "
          + "the first below the second")
    }
  }

  // MARK: What the capability registers read

  var cap0: UInt32 {
    UInt32(truncatingIfNeeded: macColumns | macRows << 8 | tt << 16 | ports << 24)
  }

  var cap1: UInt32 {
    UInt32(truncatingIfNeeded: dMax | cMax << 8 | hMax << 16 | RETA.contextCount << 24)
  }

  var cap2: UInt32 {
    Opcode.allCases.reduce(UInt32(truncatingIfNeeded: gMax << 16)) { $0 | 1 << UInt32($1.rawValue) }
  }
}
