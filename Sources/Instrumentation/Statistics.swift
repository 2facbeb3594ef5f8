// The statistics of one run, in the form of the JSON contract (`pulpemu-stats/1`).

import HardwareModel
import PULPissimo
import RetentionAccelerator

/// Everything that `--stats` writes for one image.
public struct Statistics: Sendable, Encodable {
  public struct Firmware: Sendable, Encodable {
    public var path: String
    /// SHA-256 of the file, hexadecimal.
    public var sha256: String

    public init(path: String, sha256: String) {
      self.path = path
      self.sha256 = sha256
    }
  }

  public struct Exit: Sendable, Encodable {
    public var reason: String
    public var code: UInt32
    public var pc: Address
    public var message: String
  }

  public struct Host: Sendable, Encodable {
    public var activeCycles: Cycle
    public var sleepCycles: Cycle
    public var stallCycles: Cycle
    public var instructions: UInt64
    public var loads: UInt64
    public var stores: UInt64
    public var interruptsTaken: UInt64
    public var exceptions: UInt64
    public var mmio: [MMIO]
  }

  public struct MMIO: Sendable, Encodable {
    public var block: String
    public var register: String
    public var reads: UInt64
    public var writes: UInt64
  }

  public struct Accelerator: Sendable, Encodable {
    public var jobs: UInt64
    public var descriptors: UInt64
    public var busyCycles: Cycle
    public var stallCycles: Cycle
    public var idleCycles: Cycle
    public var macs: UInt64
    public var bytesRead: UInt64
    public var bytesWritten: UInt64
    public var errors: UInt64
    public var perJob: [Job]
  }

  public struct Job: Sendable, Encodable {
    public var id: UInt8
    public var operation: String
    public var start: Cycle
    public var end: Cycle
    public var stall: Cycle
    public var macs: UInt64
    public var error: UInt8
    public var aborted: Bool
  }

  public var schema = "pulpemu-stats/1"
  public var firmware: Firmware
  /// Every parameter that is not at its default, as text.
  public var configuration: [String: String]
  public var exit: Exit
  public var cycles: Cycle
  /// The run's length in the machine's own time: by the reference clock, at the frequencies that the FLL had.
  public var seconds: Double
  public var instructions: UInt64
  public var host: Host
  public var accelerator: Accelerator
  public var overhead: OverheadReport
  public var dump: [String: [DumpedNumber]] = [:]
  /// What the driver checker has found; only where it was on.
  public var check: CheckStatistics?
  /// Instructions of the region by function; only where they were counted.
  public var functions: [FunctionCount]?
  /// Descriptors of the run by operation and shape; `pulpemu overhead` and reports.
  public var operations: [OperationTotal]?
  /// A row a job; `pulpemu overhead` and reports.
  public var timeline: [JobTiming]?
  /// The same program on a machine without contention, and what that changes.
  public var contention: ContentionCost?
  public var energy: EnergyReport?
  /// Injected faults that have happened; only where some were asked for.
  public var faults: [FaultRecord]?
  public var wallSeconds: Double
  public var mips: Double

  /// The statistics of a run of `machine` that `recorder` has listened to and that ended with `end`.
  public init(
    _ machine: Machine, _ recorder: RunRecorder, end: RunEnd, firmware: Firmware, configuration: [String: String],
    wallSeconds: Double
  ) {
    let counters = machine.hart.counters
    let totals = machine.accelerator.totals(at: end.cycles)
    let sleep = machine.hart.sleepCycles(at: end.cycles)
    self.firmware = firmware
    self.configuration = configuration
    exit = Exit(reason: end.reason.rawValue, code: end.code, pc: end.pc, message: end.message)
    cycles = end.cycles
    seconds = machine.reference.seconds(at: end.cycles)
    instructions = counters.instructions
    host = Host(
      activeCycles: end.cycles &- sleep, sleepCycles: sleep,
      stallCycles: counters.dataStallCycles + counters.fetchStallCycles, instructions: counters.instructions,
      loads: counters.loads, stores: counters.stores, interruptsTaken: counters.interrupts,
      exceptions: counters.exceptions,
      mmio: recorder.registerAccesses.map {
        MMIO(block: $0.block, register: $0.register, reads: $0.reads, writes: $0.writes)
      })
    accelerator = Accelerator(
      jobs: totals.jobs, descriptors: totals.descriptors, busyCycles: totals.busyCycles,
      stallCycles: totals.stallCycles, idleCycles: end.cycles &- totals.runCycles, macs: totals.macs,
      bytesRead: totals.bytesRead, bytesWritten: totals.bytesWritten, errors: totals.errors,
      perJob: recorder.jobs.map {
        Job(
          id: $0.id, operation: $0.operation, start: $0.start, end: $0.end, stall: $0.stall, macs: $0.macs,
          error: UInt8(truncatingIfNeeded: $0.error.rawValue), aborted: $0.aborted)
      })
    overhead = recorder.overhead(end: end.cycles)
    self.wallSeconds = wallSeconds
    mips = wallSeconds > 0 ? Double(counters.instructions) / wallSeconds / 1e6 : 0
  }
}

/// The driver checker's findings in the form of the JSON.
public struct CheckStatistics: Sendable, Equatable, Encodable {
  /// A place in the program: its address, symbol and source line as far as they are known.
  public struct Place: Sendable, Equatable, Encodable {
    public let pc: Address
    public let symbol: String?
    public let source: String?
    /// Functions that the compiler has put there, innermost first, with the lines that call them; nil if there are none.
    public let inlined: [Inlined]?

    public init(pc: Address, symbol: String?, source: String?, inlined: [Inlined]?) {
      self.pc = pc
      self.symbol = symbol
      self.source = source
      self.inlined = inlined
    }
  }

  /// An inlined function.
  public struct Inlined: Sendable, Equatable, Encodable {
    public let function: String
    /// The line that calls it.
    public let call: String?

    public init(function: String, call: String?) {
      self.function = function
      self.call = call
    }
  }

  /// Another place that belongs to a finding.
  public struct Related: Sendable, Equatable, Encodable {
    public let what: String
    public let cycle: Cycle
    public let place: Place

    public init(what: String, cycle: Cycle, place: Place) {
      self.what = what
      self.cycle = cycle
      self.place = place
    }
  }

  public struct Finding: Sendable, Equatable, Encodable {
    public let rule: String
    /// `error`, `warning` or `note`.
    public let severity: String
    /// Of the first time.
    public let cycle: Cycle
    public let place: Place
    /// The calls that lead there, innermost first.
    public let backtrace: [Place]
    public let subject: String
    public let message: String
    public let hardware: String
    public let remedy: String
    public let related: [Related]
    public let count: UInt64

    public init(
      rule: String, severity: String, cycle: Cycle, place: Place, backtrace: [Place], subject: String, message: String,
      hardware: String, remedy: String, related: [Related], count: UInt64
    ) {
      self.rule = rule
      self.severity = severity
      self.cycle = cycle
      self.place = place
      self.backtrace = backtrace
      self.subject = subject
      self.message = message
      self.hardware = hardware
      self.remedy = remedy
      self.related = related
      self.count = count
    }
  }

  public let schema = "pulpemu-check/1"
  public let findings: [Finding]
  /// Findings that --check-suppress has kept away, with repetitions.
  public let suppressed: UInt64

  public init(findings: [Finding], suppressed: UInt64) {
    self.findings = findings
    self.suppressed = suppressed
  }

  enum CodingKeys: String, CodingKey { case schema, findings, suppressed }
}

/// Retired instructions of a function of the symbol table.
public struct FunctionCount: Sendable, Equatable, Encodable {
  /// Part of it that the compiler has inlined; nested ones count for the innermost.
  public struct Inlined: Sendable, Equatable, Encodable {
    public let function: String
    public let instructions: UInt64

    public init(function: String, instructions: UInt64) {
      self.function = function
      self.instructions = instructions
    }
  }

  public let function: String
  public let instructions: UInt64
  /// The largest first; not what is the function's own.
  public let inlined: [Inlined]

  public init(function: String, instructions: UInt64, inlined: [Inlined]) {
    self.function = function
    self.instructions = instructions
    self.inlined = inlined
  }
}

/// What contention costs each side: the run against one with `interconnect.contention` off.
public struct ContentionCost: Sendable, Equatable, Encodable {
  /// Figures of the run without contention.
  public let cycles: Cycle
  public let regionCycles: Cycle
  public let hostActiveCycles: Cycle
  public let hostStallCycles: Cycle
  public let acceleratorCycles: Cycle
  /// With contention by without; nil where there is nothing to divide by.
  public let regionSlowdown: Double?
  public let hostSlowdown: Double?
  public let acceleratorSlowdown: Double?

  public init(contended: Statistics, alone: Statistics) {
    func ratio(_ a: Cycle, _ b: Cycle) -> Double? { b == 0 ? nil : Double(a) / Double(b) }
    cycles = alone.cycles
    regionCycles = alone.overhead.regionCycles
    hostActiveCycles = alone.host.activeCycles
    hostStallCycles = alone.host.stallCycles
    acceleratorCycles = alone.overhead.work.cycles
    regionSlowdown = ratio(contended.overhead.regionCycles, alone.overhead.regionCycles)
    hostSlowdown = ratio(contended.host.activeCycles, alone.host.activeCycles)
    acceleratorSlowdown = ratio(contended.overhead.work.cycles, alone.overhead.work.cycles)
  }
}

/// Energy of the region and of the whole run, in picojoules, with what was assumed.
public struct EnergyReport: Sendable, Equatable, Encodable {
  public let unit = "pJ"
  public let assumptions: EnergyAssumptions
  public let region: EnergyEstimate
  public let run: EnergyEstimate

  public init(_ assumptions: EnergyAssumptions, _ statistics: Statistics) {
    self.assumptions = assumptions
    let work = statistics.overhead.work
    region = EnergyEstimate(
      assumptions, macs: work.macs, bytes: work.bytesRead + work.bytesWritten, cycles: work.cycles,
      hostActiveCycles: statistics.overhead.hostActiveCycles)
    let total = statistics.accelerator
    run = EnergyEstimate(
      assumptions, macs: total.macs, bytes: total.bytesRead + total.bytesWritten,
      cycles: total.busyCycles + total.stallCycles, hostActiveCycles: statistics.host.activeCycles)
  }

  enum CodingKeys: String, CodingKey { case unit, assumptions, region, run }
}

/// A number of the guest's memory: of up to 64 bits, with or without a sign.
public enum DumpedNumber: Sendable, Equatable, Encodable {
  case signed(Int64)
  case unsigned(UInt64)

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .signed(let value): try container.encode(value)
    case .unsigned(let value): try container.encode(value)
    }
  }
}
