// The registers of the uDMA's control slot, and the channel registers that every peripheral has.
//
// `udma_ctrl.sv` of udma_core v2.0.0 (reference sections 5.1, 5.2).

import HardwareModel

/// Declaration of the uDMA's control slot, and builders for channel registers.
public enum UDMARegisters {
  /// Bytes from one slot to the next.
  public static let slotSize: UInt32 = 0x80
  /// Offsets of a peripheral's channels.
  public static let receiveOffset: UInt32 = 0x00
  public static let transmitOffset: UInt32 = 0x10
  public static let commandOffset: UInt32 = 0x20

  public static let cg = Register("CG", at: 0x00, .readWrite, "Clock gates: bit = peripheral id") {
    Field("CLOCK_ON", 0...7, "Clock of the peripheral is on")
  }
  public static let cfgEvt = Register("CFG_EVT", at: 0x04, .readWrite, "Events that act as triggers of WAIT commands") {
    Field("TRIGGER0", 0...7, "Event id of trigger 0")
    Field("TRIGGER1", 8...15, "Event id of trigger 1")
    Field("TRIGGER2", 16...23, "Event id of trigger 2")
    Field("TRIGGER3", 24...31, "Event id of trigger 3")
  }
  public static let rst = Register("RST", at: 0x08, .readWrite, "Reset of the peripherals; without effect") {
    Field("RESET", 0...7, "Stored and read back")
  }
  public static let l2Dest = Register("L2_DEST", at: 0x10, .readWrite, "Prefix of RX channels with destination 3") {
    Field("PREFIX", 0...10, "Address bits 31:21")
  }
  public static let l2Src = Register("L2_SRC", at: 0x14, .readWrite, "Prefix of TX channels with destination 3") {
    Field("PREFIX", 0...10, "Address bits 31:21")
  }

  public static let block = RegisterBlock(
    "UDMA_CTRL", "uDMA control", source: "udma_ctrl.sv (udma_core v2.0.0)", size: slotSize
  ) {
    cg
    cfgEvt
    rst
    l2Dest
    l2Src
  }

  /// SADDR, SIZE and CFG of a channel: `prefix` is RX, TX or CMD.
  public static func channel(_ prefix: String, at offset: UInt32, dataSizeReset: UInt32 = 0) -> [Register] {
    [
      Register("\(prefix)_SADDR", at: offset, .readWrite, "Buffer address; reads the current one, 0 when idle") {
        Field("ADDRESS", 0...20, "Bits 20:0 of the address")
      },
      Register("\(prefix)_SIZE", at: offset + 4, .readWrite, "Buffer size; reads the bytes left, 0 when idle") {
        Field("SIZE", 0...19, "Bytes")
      },
      Register("\(prefix)_CFG", at: offset + 8, reset: dataSizeReset << 1, .readWrite, "Control of the channel") {
        Field("CONTINUOUS", 0, "Starts again with the same buffer for ever")
        Field(
          "DATASIZE", 1...2, "Width of a datum, where the peripheral lets it vary",
          values: [
            EnumeratedValue("SIZE_8", 0, "8 bit"), EnumeratedValue("SIZE_16", 1, "16 bit"),
            EnumeratedValue("SIZE_32", 2, "32 bit"),
          ])
        Field("EN", 4, "Write 1: starts or queues the buffer; reads 1 while running")
        Field("PENDING", 5, "One more buffer is queued", .readOnly)
        Field("CLR", 6, "Write 1: stops the channel", .pulse)
      },
    ]
  }

  /// Where the receive channel of a peripheral writes to.
  public static func destination(at offset: UInt32) -> Register {
    Register("DST", at: offset, .readWrite, "Where the RX channel writes to") {
      Field(
        "DESTINATION", 0...1, "Address range",
        values: [
          EnumeratedValue("L2", 0, "0x1C......"), EnumeratedValue("PERIPHERALS", 1, "0x1A1....."),
          EnumeratedValue("CLUSTER", 2, "0x10......"), EnumeratedValue("PREFIX", 3, "Prefix of L2_DEST"),
        ])
    }
  }
}
