// The registers of the uDMA's camera interface.
//
// `camera_reg_if.sv` of udma_camera v2.0.0, field meanings from `camera_if.sv` (reference section 5.6).

import HardwareModel

/// Declaration of the camera interface's registers.
public enum UDMACPIRegisters {
  public static let global = Register("CFG_GLOB", at: 0x20, .readWrite, "Global configuration") {
    Field("FRAMEDROP_EN", 0, "Frames are dropped: one of FRAMEDROP_VAL + 1 is kept")
    Field("FRAMEDROP_VAL", 1...6, "Frames dropped between two that are kept")
    Field("FRAMESLICE_EN", 7, "Only the window of CFG_LL and CFG_UR is kept")
    Field(
      "FORMAT", 8...10, "What two samples of the sensor become",
      values: [
        EnumeratedValue("RGB565", 0, "One filtered value of a 16-bit colour"),
        EnumeratedValue("RGB555", 1, "One filtered value of a 15-bit colour"),
        EnumeratedValue("RGB444", 2, "One filtered value of a 12-bit colour"),
        EnumeratedValue("BYPASS_LITEND", 4, "16 bits, the first sample in the high byte"),
        EnumeratedValue("BYPASS_BIGEND", 5, "16 bits, the first sample in the low byte"),
        EnumeratedValue("BYPASS_10BITS", 6, "32 bits, the first sample in bits 25:16 (P8)"),
      ])
    Field("SHIFT", 11...14, "Right shift of the filtered value, 0 to 9; greater: none")
    Field("RESERVED", 15...30, "Stored and read back")
    Field("EN", 31, "Interface on, from the next start of a frame; reads 0", .writeOnly)
  }
  public static let lowerLeft = Register("CFG_LL", at: 0x24, .readWrite, "First column and row of the window") {
    Field("FRAMESLICE_LLX", 0...15, "Column, in pairs of samples")
    Field("FRAMESLICE_LLY", 16...31, "Row")
  }
  public static let upperRight = Register("CFG_UR", at: 0x28, .readWrite, "Last column and row of the window") {
    Field("FRAMESLICE_URX", 0...15, "Column, in pairs of samples")
    Field("FRAMESLICE_URY", 16...31, "Row")
  }
  public static let size = Register("CFG_SIZE", at: 0x2C, .readWrite, "Size of a line, for the window") {
    Field("RESERVED", 0...15, "Stored and read back")
    Field("ROWLEN", 16...31, "Pairs of samples of a line - 1")
  }
  public static let filter = Register("CFG_FILTER", at: 0x30, .readWrite, "Weights of the colour filter") {
    Field("B_COEFF", 0...7, "Weight of blue")
    Field("G_COEFF", 8...15, "Weight of green")
    Field("R_COEFF", 16...23, "Weight of red")
    Field("RESERVED", 24...31, "Stored and read back")
  }
  public static let polarity = Register("VSYNC_POLARITY", at: 0x34, .readWrite, "Polarity of VSYNC") {
    Field("POLARITY", 0, "0: a frame starts when VSYNC rises, 1: when it falls")
  }
  public static let dst = UDMARegisters.destination(at: 0x38)

  private static let common =
    UDMARegisters.channel("RX", at: UDMARegisters.receiveOffset)
    + [global, lowerLeft, upperRight, size, filter, polarity]

  public static let block = RegisterBlock(
    "UDMA_CPI", "uDMA camera interface", source: "camera_reg_if.sv (udma_camera v2.0.0)", size: UDMARegisters.slotSize
  ) {
    common
    dst
  }

  /// The interface of profile P7 (udma_camera v1.1.2) has no destination register.
  public static let blockP7 = RegisterBlock(
    "UDMA_CPI", "uDMA camera interface", source: "camera_reg_if.sv (udma_camera v1.1.2)", size: UDMARegisters.slotSize
  ) { common }
}
