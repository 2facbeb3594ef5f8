// Units of the machine: cycles and bus addresses.

/// A point in time, or a duration, in SoC clock cycles. Cycle 0 is the first in which the first instruction can be in
/// ID (the decode stage). "A state changes at cycle c" means: the new value is visible from cycle c on.
public typealias Cycle = UInt64

/// A byte address on the SoC bus.
public typealias Address = UInt32

extension Cycle {
  /// A cycle that never comes.
  public static let never = Cycle.max
}
