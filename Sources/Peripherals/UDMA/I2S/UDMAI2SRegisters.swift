// The registers of the uDMA's I2S interface (profile P7).
//
// `udma_i2s_reg_if.sv` of udma_i2s v2.0.0 (reference section 5.6).

import HardwareModel

/// Declaration of the I2S interface's registers.
public enum UDMAI2SRegisters {
  public static let clocks = Register("CLKCFG", at: 0x20, .readWrite, "Clocks") {
    Field("MASTER_DIV", 0...7, "Bits 7:0 of the divider of clock generator 0")
    Field("SLAVE_DIV", 8...15, "Bits 7:0 of the divider of clock generator 1")
    Field("COMMON_DIV", 16...23, "Bits 15:8 of both dividers")
    Field("SLAVE_CLK_EN", 24, "Receiver's clock on")
    Field("MASTER_CLK_EN", 25, "Transmitter's clock on")
    Field("PDM_CLK_EN", 26, "PDM clock on; reads 0", .writeOnly)
    Field("SLAVE_SEL_EXT", 28, "Receiver: external clock and word select")
    Field("SLAVE_SEL_NUM", 29, "Receiver: clock and word select 1 instead of 0")
    Field("MASTER_SEL_EXT", 30, "Transmitter: external clock and word select")
    Field("MASTER_SEL_NUM", 31, "Transmitter: clock and word select 1 instead of 0")
  }
  private static func format(_ name: String, at offset: UInt32, _ text: String, enable: String) -> Register {
    Register(name, at: offset, .readWrite, text) {
      Field("WORDS", 0...3, "Words of a half period of word select - 1")
      Field("BITS", 8...12, "Bits of a word - 1")
      Field("LSB_FIRST", 16, "Lowest bit first")
      Field("TWO_CHANNELS", 17, "Both data lines, their words in turn")
      Field("EN", 31, enable)
    }
  }
  public static let slave = format(
    "SLV_SETUP", at: 0x24, "Format of the receiver", enable: "Receiver on, from the next edge of word select")
  public static let master = format(
    "MST_SETUP", at: 0x28, "Format of the transmitter",
    enable: "Without effect: the transmitter runs with its clock")
  public static let pdm = Register("PDM_SETUP", at: 0x2C, .readWrite, "PDM decimation") {
    Field("SHIFT", 0...2, "Shift of the result")
    Field("DECIMATION", 3...12, "Decimation")
    Field("MODE", 13...14, "Channels")
    Field("EN", 31, "PDM instead of I2S", notModelled: "PDM is not modelled: nothing is received")
  }
  private static func dsp(_ name: String, at offset: UInt32) -> Register {
    Register(name, at: offset, .readWrite, "DSP format") {
      Field("SETUP_TIME", 0...15, "Setup time")
      Field("MODE", 16, "Mode")
      Field("DSP_OFFSET", 20...28, "Offset of the first bit")
      Field("EN", 31, "DSP instead of I2S", notModelled: "the DSP format is not modelled: nothing is transferred")
    }
  }
  public static let slaveDSP = dsp("SLV_DSP_SETUP", at: 0x30)
  public static let masterDSP = dsp("MST_DSP_SETUP", at: 0x34)

  public static let block = RegisterBlock(
    "UDMA_I2S", "uDMA I2S interface", source: "udma_i2s_reg_if.sv (udma_i2s v2.0.0)", size: UDMARegisters.slotSize
  ) {
    UDMARegisters.channel("RX", at: UDMARegisters.receiveOffset, dataSizeReset: 2)
    UDMARegisters.channel("TX", at: UDMARegisters.transmitOffset, dataSizeReset: 2)
    clocks
    slave
    master
    pdm
    slaveDSP
    masterDSP
  }
}
