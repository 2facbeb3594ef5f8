// An estimate of the energy that a run takes, after the accelerator's specification (retention-accelerator.md 8.5).
//
// One constant is published, the others are guesses; all have names, so that they can be replaced. Leaves out: uDMA,
// peripherals, the L2 accesses of the core and its sleep.

import HardwareModel

/// Energies in picojoules.
public struct EnergyAssumptions: Sendable, Equatable, Encodable {
  /// E_MAC: an int8 multiply-accumulate, the array's local buffers included. ITA: 16.9 TOPS/W.
  public var mac = 0.12
  /// E_L2: a 32-bit word of L2, bank and interconnect. A guess.
  public var l2Word = 7.0
  /// P_IDLE: a cycle of a running job, clock tree and leakage. A guess.
  public var idleCycle = 1.0
  /// E_HOST: a cycle of the core not asleep, with its fetches. A guess.
  public var hostCycle = 8.0

  public init() {}

  /// The names of the specification, what they mean, and where they come from.
  public static let constants:
    [(name: String, keyPath: WritableKeyPath<EnergyAssumptions, Double> & Sendable, unit: String, basis: String)] = [
      ("E_MAC", \.mac, "pJ per int8 MAC", "published: ITA in 22 nm, 16.9 TOPS/W"),
      ("E_L2", \.l2Word, "pJ per 32-bit word of L2", "a guess: 128 KiB SRAM bank and interconnect, 22 nm"),
      ("P_IDLE", \.idleCycle, "pJ per cycle of a running job", "a guess: clock tree and leakage"),
      ("E_HOST", \.hostCycle, "pJ per host cycle not asleep", "a guess: RV32 core with its fetches, 22 nm"),
    ]

  enum CodingKeys: String, CodingKey {
    case mac = "E_MAC"
    case l2Word = "E_L2"
    case idleCycle = "P_IDLE"
    case hostCycle = "E_HOST"
  }
}

/// Picojoules by consumer.
public struct EnergyEstimate: Sendable, Equatable, Encodable {
  public let macs: Double
  public let memory: Double
  public let idle: Double
  public let host: Double
  public let total: Double

  public init(
    _ assumptions: EnergyAssumptions, macs: UInt64, bytes: UInt64, cycles: Cycle, hostActiveCycles: Cycle
  ) {
    self.macs = assumptions.mac * Double(macs)
    memory = assumptions.l2Word * Double(bytes) / 4
    idle = assumptions.idleCycle * Double(cycles)
    host = assumptions.hostCycle * Double(hostActiveCycles)
    total = self.macs + memory + idle + host
  }
}
