// The registers of the SoC event generator (`soc_event_generator.sv`, pulp_soc v5.0.1; reference section 4).

import HardwareModel

/// Declaration of the SoC event generator's registers.
public enum SoCEventGeneratorRegisters {
  public static let event = Register("EVENT", at: 0x00, .pulse, "Fires software events") {
    Field("SW_EVENT", 0...7, "Write 1: fires event 160 + bit")
  }
  public static let fcMask = Register.array(
    "FC_MASK", count: 8, at: 0x04, reset: .max, .readWrite, "1 = the event (32 x register + bit) is not sent to the FC")
  public static let clMask = Register.array(
    "CL_MASK", count: 8, at: 0x24, reset: .max, .readWrite,
    "1 = the event (32 x register + bit) is not sent to the cluster")
  public static let prMask = Register.array(
    "PR_MASK", count: 8, at: 0x44, reset: .max, .readWrite,
    "1 = the event (32 x register + bit) is not sent to the uDMA")
  public static let err = Register.array(
    "ERR", count: 8, at: 0x64, .readToClear, "1 = the event fired while its counter was full")
  public static let timerSelHi = Register("TIMER_SEL_HI", at: 0x84, .readWrite, "Event for the timer's high half") {
    Field("EVENT_ID", 0...7, "Event id routed to event_hi; above 168 none")
  }
  public static let timerSelLo = Register("TIMER_SEL_LO", at: 0x88, .readWrite, "Event for the timer's low half") {
    Field("EVENT_ID", 0...7, "Event id routed to event_lo; above 168 none")
  }

  public static let block = RegisterBlock(
    "SOC_EVENT", "SoC event generator", source: "soc_event_generator.sv (pulp_soc v5.0.1)", size: 0x100
  ) {
    event
    fcMask
    clMask
    prMask
    err
    timerSelHi
    timerSelLo
  }
}
