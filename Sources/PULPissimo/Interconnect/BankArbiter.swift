// The arbiter of one memory bank: who is granted, and where the round-robin pointer goes.
//
// Models `rr_arb_tree` (common_cells) as the crossbars of cluster_interconnect instantiate it, for the banks of
// PULPissimo's L2 and its ROM. Source: `rtl-traces/l2/README.md` section 3, whose traces are under Tests/RTLTraces/l2.
// Leaves out: bank latency, which is always one cycle.

import HardwareModel

/// A master port of the L2 interconnect, by its input number at the arbiters.
public enum L2Master: Int, Sendable, CaseIterable {
  /// Data port and instruction port of the core.
  case coreData = 0
  case coreInstruction = 1
  /// uDMA: reads of TX and CMD channels, writes of RX channels.
  case udmaTransmit = 2
  case udmaReceive = 3
  case debug = 4
  /// The AXI plug of an external cluster: nothing is connected.
  case plug0 = 5
  case plug1, plug2, plug3
  /// The accelerator's four ports.
  case accelerator0 = 9
  case accelerator1, accelerator2, accelerator3

  /// The port's bit in a set of requests.
  @inline(__always)
  var bit: UInt16 { 1 << UInt16(rawValue) }
}

/// A round-robin arbiter of up to 16 inputs.
public struct BankArbiter: Sendable, Equatable {
  /// The input that the search starts from. It changes only with a grant.
  public var pointer: UInt8 = 0

  public init() {}

  /// One cycle with the set of inputs `requests`: the input that is granted, nil if there is none.
  ///
  /// The tree prefers, at each of its levels, the half that the pointer lies in; that is the input whose number
  /// differs least from the pointer, compared bit by bit from the top. The pointer then moves to the next requester.
  @inline(__always)
  public mutating func grant(_ requests: UInt16) -> Int? {
    if requests == 0 { return nil }
    if requests & (requests &- 1) == 0 {
      let only = requests.trailingZeroBitCount
      pointer = UInt8(only)
      return only
    }
    return grantOneOfMany(requests)
  }

  @inline(never)
  private mutating func grantOneOfMany(_ requests: UInt16) -> Int {
    var winner = 0
    var set = requests
    for level in [UInt16(8), 4, 2, 1] {
      // The inputs of this subtree's upper half.
      let upper: UInt16 =
        switch level {
        case 8: 0xFF00
        case 4: 0xF0F0
        case 2: 0xCCCC
        default: 0xAAAA
        }
      let preferred = UInt16(pointer) & level != 0 ? set & upper : set & ~upper
      if preferred != 0 { set = preferred } else { set &= UInt16(pointer) & level != 0 ? ~upper : upper }
      if set & upper != 0 { winner |= Int(level) }
    }
    let above = pointer >= 15 ? 0 : requests & (0xFFFF << UInt16(pointer + 1))
    pointer = UInt8((above != 0 ? above : requests).trailingZeroBitCount)
    return winner
  }
}

extension BankArbiter: StateValue {
  public mutating func visitState(_ archive: StateArchive) {
    archive.visit("pointer", &pointer, in: 0...UInt8(L2Master.accelerator3.rawValue))
  }
}
