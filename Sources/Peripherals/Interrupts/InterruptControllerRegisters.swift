// The registers of the FC interrupt controller (`apb_interrupt_cntrl.sv` v0.2.0; reference section 3).

import HardwareModel

/// Declaration of the FC interrupt controller's registers.
public enum InterruptControllerRegisters {
  public static let mask = Register(
    "MASK", at: 0x00, .readWrite, "Interrupt lines that may request the core: 1 = enabled")
  public static let maskSet = Register("MASK_SET", at: 0x04, .writeOnly, "Write 1: enables the line")
  public static let maskClr = Register("MASK_CLR", at: 0x08, .writeOnly, "Write 1: disables the line")
  public static let int = Register(
    "INT", at: 0x0C, .readWrite, "Pending lines; writing 0 to bit 26 also pops the event FIFO")
  public static let intSet = Register("INT_SET", at: 0x10, .writeOnly, "Write 1: makes the line pending")
  public static let intClr = Register(
    "INT_CLR", at: 0x14, .writeOnly, "Write 1: clears the pending bit; bit 26 also pops the event FIFO")
  public static let ack = Register(
    "ACK", at: 0x18, .readWrite, "Lines that the core has acknowledged; a record without effect")
  public static let ackSet = Register("ACK_SET", at: 0x1C, .writeOnly, "Write 1: sets the bit in ACK")
  public static let ackClr = Register("ACK_CLR", at: 0x20, .writeOnly, "Write 1: clears the bit in ACK")
  public static let fifo = Register("FIFO", at: 0x24, .readOnly, "The event popped last") {
    Field("EVENT_ID", 0...7, "SoC event id; a read does not pop")
  }

  public static let block = RegisterBlock(
    "FC_ITC", "Fabric controller interrupt controller", source: "apb_interrupt_cntrl.sv v0.2.0", size: 0x40
  ) {
    mask
    maskSet
    maskClr
    int
    intSet
    intClr
    ack
    ackSet
    ackClr
    fifo
  }
}
