// The registers of the uDMA's I2C master.
//
// `udma_i2c_reg_if.sv` of udma_i2c v3.0.0 (reference section 5.5).

import HardwareModel

/// Declaration of the I2C master's registers.
public enum UDMAI2CRegisters {
  public static let status = Register("STATUS", at: 0x30, .readToClear, "State of the bus since the last read") {
    Field("BUSY", 0, "The bus was found busy")
    Field("ARB_LOST", 1, "Arbitration was lost")
  }
  public static let setup = Register("SETUP", at: 0x34, .readWrite, "Control of the engine") {
    Field("DO_RST", 0, "Holds the engine in reset")
  }
  public static let ack = Register("ACK", at: 0x38, .readToClear, "Acknowledges since the last read") {
    Field("NACK", 0, "A byte was not acknowledged")
  }
  public static let dst = UDMARegisters.destination(at: 0x3C)

  public static let block = RegisterBlock(
    "UDMA_I2C", "uDMA I2C master", source: "udma_i2c_reg_if.sv (udma_i2c v3.0.0)", size: UDMARegisters.slotSize
  ) {
    UDMARegisters.channel("RX", at: UDMARegisters.receiveOffset)
    UDMARegisters.channel("TX", at: UDMARegisters.transmitOffset)
    UDMARegisters.channel("CMD", at: UDMARegisters.commandOffset, dataSizeReset: 2)
    status
    setup
    ack
    dst
  }
}
