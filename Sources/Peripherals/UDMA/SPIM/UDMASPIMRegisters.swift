// The registers of the uDMA's SPI master.
//
// `udma_spim_reg_if.sv` of udma_qspi v2.0.0 (reference section 5.4).

import HardwareModel

/// Declaration of the SPI master's registers.
public enum UDMASPIMRegisters {
  public static let status = Register("STATUS", at: 0x30, .readOnly, "How the last repeat loop ended") {
    Field(
      "STATUS", 0...1, "End of the last loop",
      values: [
        EnumeratedValue("NONE", 0, "No loop ended"), EnumeratedValue("CHECK", 1, "A check matched"),
        EnumeratedValue("COUNT", 2, "The count was reached"),
      ])
  }
  public static let dst = UDMARegisters.destination(at: 0x38)

  public static let block = RegisterBlock(
    "UDMA_SPIM", "uDMA SPI master", source: "udma_spim_reg_if.sv (udma_qspi v2.0.0)", size: UDMARegisters.slotSize
  ) {
    UDMARegisters.channel("RX", at: UDMARegisters.receiveOffset, dataSizeReset: 2)
    UDMARegisters.channel("TX", at: UDMARegisters.transmitOffset)
    UDMARegisters.channel("CMD", at: UDMARegisters.commandOffset, dataSizeReset: 2)
    status
    dst
  }
}
