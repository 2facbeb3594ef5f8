// What can be made to go wrong in a run, and when.

import HardwareModel

/// When a fault happens.
public enum FaultTrigger: Sendable, Equatable {
  /// In this SoC cycle, behind everything else that happens in it.
  case cycle(Cycle)
  /// When the n-th job (from 1) starts, or has ended.
  case job(Int, atEnd: Bool)
  /// When SoC event `number` is raised for the n-th time (from 1).
  case event(Int, occurrence: Int)
  /// When the core has accessed the register at an address for the n-th time; nil: in either direction.
  case access(Address, isWrite: Bool?, occurrence: Int)
}

/// What goes wrong.
public enum Fault: Sendable, Equatable {
  /// The next `count` pulses of a SoC event are lost.
  case dropEvent(Int, count: Int)
  /// … come so many cycles later.
  case delayEvent(Int, cycles: Cycle, count: Int)
  /// … come a second time, so many cycles later.
  case repeatEvent(Int, cycles: Cycle, count: Int)
  /// The accelerator reports an error that is none.
  case error(code: UInt8)
  /// The accelerator's job never ends.
  case stuck
  /// The accelerator's ports stand still.
  case stall(cycles: Cycle)
  /// A bit of a byte of memory changes.
  case flipMemory(Address, bit: Int)
  /// A bit of an integer register of the core changes.
  case flipGPR(Int, bit: Int)
  /// A bit of a peripheral's register changes.
  case flipRegister(Address, bit: Int)
  /// Peripherals answer `wait` cycles later for a time.
  case slowBus(wait: Cycle, cycles: Cycle)
  /// L2 serves the core only in every (`wait` + 1)th cycle.
  case slowMemory(SlowMemory, wait: Cycle, cycles: Cycle)
  /// Devices at an I2C bus do not acknowledge the next `count` bytes.
  case refuseI2C(bus: Int, count: Int)
  /// The next `count` characters that UART 0 receives find its FIFO full.
  case overflowUART(count: Int)
}

/// The part of L2 that serves the core late.
public enum SlowMemory: String, Sendable, CaseIterable {
  case private0, private1, interleaved, all
}

/// A fault with its trigger. `place`: what it concerns, as its author wrote it.
public struct FaultPlan: Sendable, Equatable {
  public var trigger: FaultTrigger
  public var fault: Fault
  public var place: String

  public init(_ trigger: FaultTrigger, _ fault: Fault, place: String) {
    self.trigger = trigger
    self.fault = fault
    self.place = place
  }
}

/// A fault that has happened.
public struct FaultRecord: Sendable, Equatable, Encodable {
  public var cycle: Cycle
  /// What happened.
  public var fault: String
  public var place: String
  /// The next instruction of the core.
  public var pc: Address
  /// Index of the plan.
  public var plan: Int
}
