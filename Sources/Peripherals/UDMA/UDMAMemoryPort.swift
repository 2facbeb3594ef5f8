// The uDMA's two ports to the L2 memory.

import HardwareModel

/// Memory as the uDMA reaches it: one word an access, read and write port independent of each other.
public protocol UDMAMemoryPort: AnyObject {
  /// A read request that is raised in cycle `at`: the cycle in which it is granted (`at` or later; `.never` hangs the
  /// port), and the word. The data reach the uDMA in the cycle after the grant.
  func read(_ address: Address, at cycle: Cycle) -> (grant: Cycle, data: UInt32)
  /// A write request that is raised in cycle `at`: the cycle in which it is granted. Strobe 0 occurs.
  func write(_ address: Address, _ value: UInt32, strobe: UInt8, at cycle: Cycle) -> Cycle
}
