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
  /// Only on machines with more interleaved banks than PULPissimo's four.
  case interleaved4 = 7
  case interleaved5, interleaved6, interleaved7

  /// Its number among the interleaved banks; nil for another memory.
  public var interleavedNumber: Int? {
    switch rawValue {
    case 0..<4: rawValue
    case 7...: rawValue - 3
    default: nil
    }
  }
}

/// The arbiters of the interleaved and the two private banks and of the ROM.
public struct L2Crossbar: Sendable {
  /// Requests of one cycle: a set of inputs for each bank, by the bank's raw value.
  typealias Requests = InlineArray<11, UInt16>
  /// Where a request goes.
  public enum Target: Sendable, Equatable {
    case bank(L2Bank)
    /// The error slave of an accelerator port, which reaches nothing but interleaved L2.
    case errorSlave
    /// The AXI side: peripherals, and addresses that nothing decodes.
    case axi
  }

  private var arbiters = InlineArray<11, BankArbiter>(repeating: BankArbiter())
  /// Interleaved banks: 4 in PULPissimo, or 8.
  let interleavedBanks: Int
  /// Banks that exist: raw values below this one.
  let bankCount: Int

  public init(interleavedBanks: Int = 4) {
    self.interleavedBanks = interleavedBanks > 4 ? 8 : 4
    bankCount = 3 + self.interleavedBanks
  }

  /// The target of a request of `master` for `address` in this crossbar.
  @inline(__always)
  func target(_ master: L2Master, _ address: Address) -> Target {
    Self.target(master, address, interleavedBanks: interleavedBanks)
  }

  /// The interleaved bank of `address` in this crossbar.
  @inline(__always)
  func interleavedBank(_ address: Address) -> L2Bank {
    Self.interleavedBank(address, of: interleavedBanks)
  }

  /// The end of the interleaved L2 as it is decoded, whatever part of it is fitted.
  private static let interleavedEnd = MemoryMap.interleaved &+ MemoryMap.interleavedWindow

  /// The target of a request of `master` for `address` among `interleavedBanks` interleaved banks.
  @inline(__always)
  public static func target(_ master: L2Master, _ address: Address, interleavedBanks: Int = 4) -> Target {
    var place = address
    if master == .coreData, address < MemoryMap.dataAliasSize { place = MemoryMap.privateBank0 &+ address }
    if place >= MemoryMap.interleaved && place < interleavedEnd {
      return .bank(interleavedBank(place, of: interleavedBanks))
    }
    if master.rawValue >= L2Master.accelerator0.rawValue { return .errorSlave }
    if place >= MemoryMap.privateBank0 && place < MemoryMap.interleaved {
      return .bank(place < MemoryMap.privateBank1 ? .private0 : .private1)
    }
    if place >= MemoryMap.rom && place < MemoryMap.romEnd { return .bank(.rom) }
    return .axi
  }

  /// The interleaved bank of `address` among `banks`: words go round.
  @inline(__always)
  public static func interleavedBank(_ address: Address, of banks: Int = 4) -> L2Bank {
    if banks > 4, address >> 4 & 1 != 0 {
      switch address >> 2 & 3 {
      case 0: return .interleaved4
      case 1: return .interleaved5
      case 2: return .interleaved6
      default: return .interleaved7
      }
    }
    return switch address >> 2 & 3 {
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

extension L2Crossbar: StateValue {
  public mutating func visitState(_ archive: StateArchive) {
    archive.omits("interleavedBanks", "bankCount")
    archive.group("arbiters") {
      for bank in arbiters.indices { archive.visit("arbiter", &arbiters[bank]) }
    }
  }
}
