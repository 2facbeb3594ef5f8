/// Test vectors as values: what a vector file says, whatever its syntax.
///
/// Models: the three kinds of vector files (cases, register sequences, the worked example).
/// Leaves out: JSON, binary files and digests, which are the command layer's matter.

import HardwareModel

/// Bytes that lie at an address before or after a run.
public struct MemoryPatch: Sendable {
  public var address: Address
  public var bytes: [UInt8]

  public init(address: Address, bytes: [UInt8]) {
    self.address = address
    self.bytes = bytes
  }
}

/// A value that a case expects, by the name that the vector file gives it.
public struct ExpectedValue: Sendable {
  /// What is compared.
  public enum Item: Sendable, Equatable {
    /// ERR, which STATUS[31:24] must agree with.
    case error
    case errorPC
    case listPC
    case progress
    /// BASE1...BASE7.
    case base(Int)
    /// CNT0...CNT3.
    case counter(Int)
    case performance(PerformanceCounter)
  }

  public var item: Item
  public var value: UInt64

  public init(_ item: Item, _ value: UInt64) {
    self.item = item
    self.value = value
  }
}

/// One job from reset to done.
public struct VectorCase: Sendable {
  public var name: String
  /// Every byte of the interleaved L2 before `memory` is put there.
  public var fill: UInt8
  /// JOB0...JOB15.
  public var words: [UInt32]
  /// BASE1...BASE7; may be shorter.
  public var base: [UInt32] = []
  /// CNT0...CNT3; may be shorter.
  public var counters: [UInt32] = []
  /// Copied in order.
  public var memory: [MemoryPatch] = []
  /// Memory afterwards where it changed; with `checksWholeMemory` all other bytes must be what they were.
  public var expectedMemory: [MemoryPatch] = []
  public var checksWholeMemory = true
  public var expected: [ExpectedValue] = []
  /// SHA-256 of the whole L2 afterwards.
  public var digest: [UInt8]?

  public init(name: String, fill: UInt8, words: [UInt32]) {
    self.name = name
    self.fill = fill
    self.words = words
  }
}

/// A step of a register sequence.
public enum VectorStep: Sendable {
  case write(offset: UInt32, value: UInt32)
  case read(offset: UInt32, expected: UInt32)
  case setMemory(Address, UInt32)
  case expectMemory(Address, UInt32)
  /// Until no job runs and none can start.
  case wait
  /// Pulses on lines 0 and 1 since the start or the previous such step.
  case expectEvents(UInt64, UInt64)
}

/// A register sequence from reset.
public struct VectorSequence: Sendable {
  public var name: String
  public var fill: UInt8
  public var steps: [VectorStep]

  public init(name: String, fill: UInt8, steps: [VectorStep]) {
    self.name = name
    self.fill = fill
    self.steps = steps
  }
}

/// A list whose descriptors are also run one by one as register jobs: the worked example.
public struct VectorExample: Sendable {
  /// A descriptor's output right after it, and its C_op.
  public struct Step: Sendable {
    public var name: String
    public var output: MemoryPatch
    public var cycles: UInt64

    public init(name: String, output: MemoryPatch, cycles: UInt64) {
      self.name = name
      self.output = output
      self.cycles = cycles
    }
  }

  /// The whole list as one job.
  public var list: VectorCase
  public var steps: [Step]

  public init(list: VectorCase, steps: [Step]) {
    self.list = list
    self.steps = steps
  }
}

/// What became of a case.
public struct VectorOutcome: Sendable {
  public var name: String
  /// CYCLES as the vector expects it; nil where it says nothing.
  public var expectedCycles: UInt64?
  /// CYCLES after the run.
  public var cycles: UInt64?
  /// The first difference; nil: all agrees.
  public var difference: String?

  public var agrees: Bool { difference == nil }
}
