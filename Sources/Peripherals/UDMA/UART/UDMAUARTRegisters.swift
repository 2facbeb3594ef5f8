// The registers of the uDMA's UART (`udma_uart_reg_if.sv`; reference section 5.3).

import HardwareModel

/// Declaration of the UART's registers.
public enum UDMAUARTRegisters {
  public static let status = Register("STATUS", at: 0x20, .readOnly, "State of the shifters, two cycles late") {
    Field("TX_BUSY", 0, "A character is being sent")
    Field("RX_BUSY", 1, "A character is being received")
  }
  public static let setup = Register("SETUP", at: 0x24, .readWrite, "Frame format, divider and enables") {
    Field("PARITY_EN", 0, "Even parity")
    Field("BITS", 1...2, "Data bits - 5")
    Field("STOP_BITS", 3, "Two stop bits")
    Field("RX_POLLING_EN", 4, "Received characters go to DATA")
    Field("RX_CLEAN_FIFO", 5, "Holds the receive FIFO in reset")
    Field("TX_EN", 8, "Transmitter on")
    Field("RX_EN", 9, "Receiver on")
    Field("CLKDIV", 16...31, "Cycles of a bit - 1")
  }
  public static let error = Register("ERROR", at: 0x28, .readToClear, "Errors since the last read") {
    Field("RX_ERR_OVERFLOW", 0, "A character found the receive FIFO full and was dropped")
    Field("RX_ERR_PARITY", 1, "A character with wrong parity was dropped")
  }
  public static let irqEn = Register("IRQ_EN", at: 0x2C, .readWrite, "Enables of events 2 and 3") {
    Field("RX", 0, "Event for each character; characters go to DATA")
    Field("ERROR", 1, "Event for each error")
  }
  public static let valid = Register("VALID", at: 0x30, .readOnly, "State of DATA") {
    Field("READY", 0, "DATA holds a character")
  }
  public static let data = Register("DATA", at: 0x34, .readOnly, "Character received; a read takes it") {
    Field("DATA", 0...7, "Character")
  }
  public static let dst = UDMARegisters.destination(at: 0x38)

  public static let block = RegisterBlock(
    "UDMA_UART", "uDMA UART", source: "udma_uart_reg_if.sv (udma_uart e25b51d)", size: UDMARegisters.slotSize
  ) {
    UDMARegisters.channel("RX", at: UDMARegisters.receiveOffset)
    UDMARegisters.channel("TX", at: UDMARegisters.transmitOffset)
    status
    setup
    error
    irqEn
    valid
    data
    dst
  }
}
