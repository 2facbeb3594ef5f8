// The remaining peripherals of the uDMA: SDIO, FILTER and HyperBus, registers only.
//
// Register lists of udma_sdio, udma_filter v2.0.0 and udma_hyper v0.1.0 (reference section
// 5.6). Left out: everything but storage; field layouts are given where the reference has them.

import HardwareModel

/// Declaration of the SDIO interface's registers.
public enum UDMASDIORegisters {
  public static let block = RegisterBlock(
    "UDMA_SDIO", "uDMA SDIO interface", source: "udma_sdio_reg_if.sv (udma_sdio v2.0.0)", size: UDMARegisters.slotSize
  ) {
    UDMARegisters.channel("RX", at: UDMARegisters.receiveOffset)
    UDMARegisters.channel("TX", at: UDMARegisters.transmitOffset)
    Register("CMD_OP", at: 0x20, .writeOnly, "Command") {
      Field("RESPONSE_TYPE", 0...2, "Response expected")
      Field("OP", 8...13, "Command index")
    }
    Register("CMD_ARG", at: 0x24, .writeOnly, "Argument of the command")
    Register("DATA_SETUP", at: 0x28, .writeOnly, "Data phase") {
      Field("ENABLE", 0, "The command has a data phase")
      Field("READ", 1, "Data come from the card")
      Field("QUAD", 2, "Four data lines")
      Field("BLOCK_NUMBER", 8...15, "Blocks")
      Field("BLOCK_SIZE", 16...25, "Bytes of a block")
    }
    Register("START", at: 0x2C, .pulse, "Starts the command") { Field("START", 0, "Write 1: starts") }
    Register.array("RSP", count: 4, at: 0x30, .readOnly, "Response")
    Register("CLK_DIV", at: 0x40, .readWrite, "Clock divider") {
      Field("DIV", 0...7, "Divider")
      Field("VALID", 8, "Write 1: takes the divider over", .pulse)
    }
    Register("STATUS", at: 0x44, .readWrite, "State of the transfer") {
      Field("EOT", 0, "Transfer has ended", .writeOneToClear)
      Field("ERROR", 1, "Transfer has failed", .writeOneToClear)
      Field("DETAIL", 16...31, "What failed", .readOnly)
    }
    Register("STOPCMD_OP", at: 0x48, .writeOnly, "Command that stops a transfer") {
      Field("RESPONSE_TYPE", 0...2, "Response expected")
      Field("OP", 8...13, "Command index")
    }
    Register("STOPCMD_ARG", at: 0x4C, .writeOnly, "Argument of that command")
  }
}

/// Declaration of the filter's registers.
public enum UDMAFILTERRegisters {
  static let resultOffset: UInt32 = 0x28
  static let resultConfigOffset: UInt32 = 0x2C
  static let unitOffset: UInt32 = 0x3C
  static let valueOffset: UInt32 = 0x54
  static let commandOffset: UInt32 = 0x5C

  private static func stream(_ name: String, at offset: UInt32, _ what: String, lengthBits: Int = 20) -> [Register] {
    [
      Register("\(name)_ADD", at: offset, .readWrite, "Address of \(what)") {
        Field("ADDRESS", 0...20, "Bits 20:0 of the address")
      },
      Register("\(name)_CFG", at: offset + 4, .readWrite, "Configuration of \(what)") {
        Field("DATASIZE", 0...1, "Width of a datum")
        Field("MODE", 8...9, "Addressing: linear, sliding, circular, two-dimensional")
      },
    ]
      + Register.array("\(name)_LEN", count: 3, at: offset + 8, .readWrite, "Lengths of \(what)") {
        Field("LENGTH", 0...lengthBits - 1, "Length")
      }
  }

  public static let block = RegisterBlock(
    "UDMA_FILTER", "uDMA filter", source: "udma_filter_reg_if.sv (udma_filter v2.0.0)", size: UDMARegisters.slotSize
  ) {
    stream("TX0", at: 0x00, "operand stream 0")
    stream("TX1", at: 0x14, "operand stream 1")
    stream("RX", at: resultOffset, "the result stream", lengthBits: 16)
    Register("AU_CFG", at: unitOffset, .readWrite, "Arithmetic unit") {
      Field("SIGNED", 0, "Operands have a sign")
      Field("BYPASS", 1, "Operands pass unchanged")
      Field("MODE", 8...11, "Operation")
      Field("SHIFT", 16...20, "Shift of the result")
    }
    Register.array("AU_REG", count: 2, at: 0x40, .readWrite, "Operands of the arithmetic unit")
    Register("BINCU_TH", at: 0x48, .readWrite, "Threshold of the binary counter")
    Register("BINCU_CNT", at: 0x4C, .readWrite, "Binary counter") {
      Field("COUNT", 0...19, "Count")
      Field("EN", 31, "Counter on")
    }
    Register("SETUP", at: 0x50, .readWrite, "Setup of the binary counter") {
      Field("DATASIZE", 0...1, "Width of a datum")
    }
    Register("VAL", at: valueOffset, .readOnly, "Value of the binary counter")
    Register("FILT", at: 0x58, .readWrite, "Operation") { Field("MODE", 0...3, "Mode") }
    Register("FILT_CMD", at: commandOffset, .pulse, "Start") { Field("START", 0, "Write 1: starts") }
    Register("STATUS", at: 0x60, .writeOneToClear, "State") { Field("DONE", 0, "Operation has ended") }
  }
}

/// Declarations of the HyperBus interface's two slots.
public enum UDMAHYPERRegisters {
  public static let channelBlock = RegisterBlock(
    "UDMA_HYPER", "uDMA HyperBus channel", source: "udma_hyper v0.1.0", size: UDMARegisters.slotSize
  ) {
    Register("RX_SADDR", at: 0x00, .readWrite, "Receive buffer address")
    Register("RX_SIZE", at: 0x04, .readWrite, "Receive buffer size")
    Register("RXCFG", at: 0x08, .readWrite, "Receive control")
    Register("TX_SADDR", at: 0x0C, .readWrite, "Transmit buffer address")
    Register("TX_SIZE", at: 0x10, .readWrite, "Transmit buffer size")
    Register("TXCFG", at: 0x14, .readWrite, "Transmit control")
    Register("CA_SETUP", at: 0x18, .readWrite, "Command and address")
    Register("HYPER_ADDR", at: 0x1C, .readWrite, "Address in the device")
    Register("HYPER_CFG", at: 0x20, .readWrite, "Configuration of a transaction")
    Register("STATUS", at: 0x24, .readOnly, "State")
    Register.array("TWD", count: 6, at: 0x28, .readWrite, "Two-dimensional transfers")
  }
  public static let commonBlock = RegisterBlock(
    "UDMA_HYPER_COMMON", "uDMA HyperBus timing", source: "udma_hyper v0.1.0", size: UDMARegisters.slotSize
  ) {
    Register("PAGE_BOUND", at: 0x00, .readWrite, "Page boundary")
    Register("T_LATENCY", at: 0x04, reset: 6, .readWrite, "Latency")
    Register("EN_LAT_ADD", at: 0x08, reset: 1, .readWrite, "Additional latency")
    Register("T_CS_MAX", at: 0x0C, reset: 665, .readWrite, "Longest chip select")
    Register("T_RW_RECOVERY", at: 0x10, reset: 6, .readWrite, "Recovery time")
    Register("RWDS_DELAY", at: 0x14, reset: 2, .readWrite, "Delay of RWDS")
    Register("VARI_LATENCY", at: 0x18, reset: 3, .readWrite, "Variable latency")
    Register("N_DEVICE", at: 0x1C, reset: 1, .readWrite, "Number of devices")
    Register("MEM_SEL", at: 0x20, .readWrite, "Kind of memory")
    Register("TRANS_ID_ALLOC", at: 0x24, .readOnly, "Transaction id")
    Register("DEST", at: 0x28, .readWrite, "Where received data go")
  }
}

extension UDMARegisterStore {
  /// The SDIO interface with its two channels' events from `firstEvent` on; nil: they lead nowhere (P8).
  public static func sdio(firstEvent: Int?) -> UDMARegisterStore {
    let event = firstEvent ?? 254
    return UDMARegisterStore(
      UDMASDIORegisters.block, transmit: [UDMATransmitChannel(event: event + 1)],
      receive: [UDMAReceiveChannel(event: event)])
  }

  /// The HyperBus channel.
  public static func hyperChannel() -> UDMARegisterStore { UDMARegisterStore(UDMAHYPERRegisters.channelBlock) }
  /// The HyperBus timing registers.
  public static func hyperCommon() -> UDMARegisterStore { UDMARegisterStore(UDMAHYPERRegisters.commonBlock) }
}
