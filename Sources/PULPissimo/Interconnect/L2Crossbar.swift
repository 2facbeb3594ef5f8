// The second stage of the L2 interconnect: which bank an address lies in, and the arbiters of all banks.
//
// Models the contiguous and the interleaved crossbar of pulp_soc `soc_interconnect.sv` and the decoding in front of
// them. Source: `rtl-traces/l2/README.md` section 3. Leaves out: time; a caller that presents the requests of one cycle
// at a time gets the grants of that cycle.

import HardwareModel

/// A memory with an arbiter of its own.
public enum L2Bank: Int, Sendable, CaseIterable {
  case interleaved0 = 0
  case interleaved1, interleaved2, interleaved3
  case private0 = 4
  case private1 = 5
  case rom = 6
}

/// The arbiters of the four interleaved and the two private banks and of the ROM.
public struct L2Crossbar: Sendable {
  /// Where a request goes.
  public enum Target: Sendable, Equatable {
    case bank(L2Bank)
    /// The error slave of an accelerator port, which reaches nothing but interleaved L2.
    case errorSlave
    /// The AXI side: peripherals, and addresses that nothing decodes.
    case axi
  }

  private var arbiters = InlineArray<7, BankArbiter>(repeating: BankArbiter())

  public init() {}

  /// The end of the interleaved L2 as it is decoded, whatever part of it is fitted.
  private static let interleavedEnd = MemoryMap.interleaved &+ MemoryMap.interleavedWindow

  /// The target of a request of `master` for `address`.
  @inline(__always)
  public static func target(_ master: L2Master, _ address: Address) -> Target {
    var place = address
    if master == .coreData, address < MemoryMap.dataAliasSize { place = MemoryMap.privateBank0 &+ address }
    if place >= MemoryMap.interleaved && place < interleavedEnd { return .bank(interleavedBank(place)) }
    if master.rawValue >= L2Master.accelerator0.rawValue { return .errorSlave }
    if place >= MemoryMap.privateBank0 && place < MemoryMap.interleaved {
      return .bank(place < MemoryMap.privateBank1 ? .private0 : .private1)
    }
    if place >= MemoryMap.rom && place < MemoryMap.romEnd { return .bank(.rom) }
    return .axi
  }

  /// The interleaved bank of `address`.
  @inline(__always)
  public static func interleavedBank(_ address: Address) -> L2Bank {
    switch address >> 2 & 3 {
    case 0: .interleaved0
    case 1: .interleaved1
    case 2: .interleaved2
    default: .interleaved3
    }
  }

  /// One cycle of `bank`'s arbiter with the inputs `requests`: the input that is granted.
  @inline(__always)
  public mutating func grant(_ bank: L2Bank, _ requests: UInt16) -> Int? {
    arbiters[bank.rawValue].grant(requests)
  }

  @inline(__always)
  mutating func grant(_ bank: Int, _ requests: UInt16) -> Int? { arbiters[bank].grant(requests) }

  /// The input at which `bank`'s round-robin pointer stands.
  @inline(__always)
  public func pointer(_ bank: L2Bank) -> UInt8 { arbiters[bank.rawValue].pointer }

  /// `master` was granted `bank` in a cycle without another request.
  @inline(__always)
  public mutating func granted(_ bank: L2Bank, alone master: L2Master) {
    arbiters[bank.rawValue].pointer = UInt8(master.rawValue)
  }
}
