// The uDMA's two ports to the L2 memory.

import HardwareModel

/// One of the uDMA's two ports.
public enum UDMASide: Sendable {
  /// Reads of the TX and CMD channels.
  case transmit
  /// Writes of the RX channels.
  case receive
}

extension Cycle {
  /// The grant of a request whose cycle is not known yet: it is asked for in each cycle.
  public static var undecided: Cycle { .never - 1 }
}

/// Memory as the uDMA reaches it: one word an access, read and write port independent of each other.
public protocol UDMAMemoryPort: AnyObject {
  /// A read request that is raised in cycle `at`: the cycle in which it is granted (`at` or later; `.never` hangs the
  /// port, `.undecided` is asked for later), and the word. The data reach the uDMA in the cycle after the grant.
  func read(_ address: Address, at cycle: Cycle) -> (grant: Cycle, data: UInt32)
  /// A write request that is raised in cycle `at`: the cycle in which it is granted. Strobe 0 occurs.
  func write(_ address: Address, _ value: UInt32, strobe: UInt8, at cycle: Cycle) -> Cycle
  /// Asked at the end of `cycle` about an undecided request: its grant and data if it is granted by then.
  func decided(_ side: UDMASide, by cycle: Cycle) -> (grant: Cycle, data: UInt32)?
}

extension UDMAMemoryPort {
  public func decided(_ side: UDMASide, by cycle: Cycle) -> (grant: Cycle, data: UInt32)? { nil }
}
