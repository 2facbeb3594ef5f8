// A register trace: what one hardware block did, cycle by cycle, under a sequence of accesses and input changes.
//
// The form is that of the RTL traces: inputs and outputs by name, accesses with their access phase. Reading the JSON
// lines is left to the caller, because the models import no Foundation.

import HardwareModel

/// The value of a recorded signal: a number, or for event vectors the indices of the bits that are 1.
public enum SignalValue: Equatable, Sendable {
  case number(UInt64)
  case indices([Int])

  /// The value as a number; 0 for a list.
  public var number: UInt64 {
    if case .number(let value) = self { return value }
    return 0
  }

  /// The value as a list of indices; for a number those of its bits that are 1.
  public var indices: [Int] {
    switch self {
    case .indices(let list): return list
    case .number(let value): return (0..<64).filter { value >> UInt64($0) & 1 != 0 }
    }
  }
}

/// A recorded sequence over cycles 0 ..< `cycles`.
public struct RegisterTrace: Sendable {
  /// One line of a trace.
  public enum Entry: Sendable {
    /// Inputs that have these values from the cycle on.
    case inputs([String: SignalValue])
    /// A write with its access phase in the cycle. The strobe is recorded but no block looks at it.
    case write(Address, UInt32)
    /// A read with its access phase in the cycle, and what it returned.
    case read(Address, UInt32)
    /// Outputs whose value differs from the cycle before.
    case outputs([String: SignalValue])
  }

  public var name: String
  public var block: String
  public var base: Address
  public var cycles: Cycle
  public var entries: [(cycle: Cycle, entry: Entry)]

  public init(
    name: String, block: String, base: Address, cycles: Cycle, entries: [(cycle: Cycle, entry: Entry)]
  ) {
    self.name = name
    self.block = block
    self.base = base
    self.cycles = cycles
    self.entries = entries
  }

  /// The outputs that the trace records, in order of name.
  public var outputNames: [String] {
    var names: Set<String> = []
    for case (_, .outputs(let values)) in entries { names.formUnion(values.keys) }
    return names.sorted()
  }

  /// The cycles in which a one-bit input changes, starting from 0.
  public func edges(of input: String) -> [Cycle] {
    var level: UInt64 = 0
    var found: [Cycle] = []
    for (cycle, entry) in entries {
      guard case .inputs(let values) = entry, let value = values[input]?.number, value != level else { continue }
      level = value
      found.append(cycle)
    }
    return found
  }
}

/// A model with the trace's signals around it.
public protocol ReplayTarget: AnyObject {
  var queue: EventQueue { get }
  func setInput(_ name: String, _ value: SignalValue, at cycle: Cycle)
  func read(_ address: Address, at cycle: Cycle) -> UInt32
  func write(_ address: Address, _ value: UInt32, at cycle: Cycle)
  /// Nil for a signal that the model does not have.
  func output(_ name: String, at cycle: Cycle) -> SignalValue?
}

/// A difference between trace and model.
public struct ReplayMismatch: Sendable, CustomStringConvertible {
  public var trace: String
  public var cycle: Cycle
  public var what: String
  public var expected: String
  public var got: String

  public var description: String { "\(trace) cycle \(cycle): \(what) expected \(expected), got \(got)" }
}

extension RegisterTrace {
  /// Plays the trace against `target` and compares every read and every recorded output in every cycle. Returns at
  /// most `limit` differences.
  public func play(on target: some ReplayTarget, limit: Int = 1) -> [ReplayMismatch] {
    var mismatches: [ReplayMismatch] = []
    var expected: [String: SignalValue] = [:]
    var names: [String] = []
    var next = 0
    func differs(_ cycle: Cycle, _ what: String, _ a: String, _ b: String) {
      if a != b { mismatches.append(ReplayMismatch(trace: name, cycle: cycle, what: what, expected: a, got: b)) }
    }
    for cycle in 0..<cycles {
      var access: Entry?
      while next < entries.count, entries[next].cycle == cycle {
        switch entries[next].entry {
        case .inputs(let values):
          for (signal, value) in values.sorted(by: { $0.key < $1.key }) { target.setInput(signal, value, at: cycle) }
        case .outputs(let values):
          expected.merge(values) { $1 }
          names = expected.keys.sorted()
        case .read, .write: access = entries[next].entry
        }
        next += 1
      }
      target.queue.run(through: cycle)
      switch access {
      case .read(let address, let value):
        differs(
          cycle, "read of 0x\(String(address, radix: 16))", "0x\(String(value, radix: 16))",
          "0x\(String(target.read(address, at: cycle), radix: 16))")
      case .write(let address, let value): target.write(address, value, at: cycle)
      default: break
      }
      target.queue.run(through: cycle)
      for signal in names {
        guard let value = expected[signal], let got = target.output(signal, at: cycle) else { continue }
        differs(cycle, signal, "\(value)", "\(got)")
      }
      if mismatches.count >= limit { return mismatches }
    }
    return mismatches
  }
}
