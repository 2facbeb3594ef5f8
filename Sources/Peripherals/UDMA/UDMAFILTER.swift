// The uDMA's FILTER as a register store whose reads show what the last start took over.
//
// Follows `udma_filter_reg_if.sv` of udma_filter v2.0.0, with its slip: the registers of the result stream read bit 1 of
// their fields instead of the fields. Left out: the filter; no operation ever ends.

import HardwareModel

/// Registers of the FILTER.
public final class UDMAFILTER: UDMARegisterStore {
  /// By offset.
  private var committed: [UInt32: UInt32] = [:]

  public init() { super.init(UDMAFILTERRegisters.block) }

  public override func visitState(_ archive: StateArchive) {
    super.visitState(archive)
    var words = committed.sorted { $0.key < $1.key }.map { (offset: $0.key, value: $0.value) }
    archive.elements("committed", &words, most: 64, new: (0, 0)) {
      archive.visit("offset", &$0.offset)
      archive.visit("value", &$0.value)
    }
    if archive.isLoading { committed = Dictionary(words.map { ($0.offset, $0.value) }) { $1 } }
  }

  override func didWrite(_ offset: UInt32, _ value: UInt32) {
    guard offset == UDMAFILTERRegisters.commandOffset, value & 1 != 0 else { return }
    for register in registers.registers { committed[register.offset] = bank[register.offset] }
  }

  public override func value(_ offset: UInt32) -> UInt32 {
    guard offset < UDMAFILTERRegisters.commandOffset else { return super.value(offset) }
    let value = committed[offset] ?? 0
    switch offset {
    case UDMAFILTERRegisters.resultConfigOffset: return value >> 1 & 1 | (value >> 9 & 1) << 8
    case UDMAFILTERRegisters.resultOffset..<UDMAFILTERRegisters.unitOffset: return value >> 1 & 1
    case UDMAFILTERRegisters.valueOffset: return 0
    default: return value
    }
  }
}
