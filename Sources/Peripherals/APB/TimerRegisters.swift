// The registers of the APB timer unit (`apb_timer_unit.sv` v1.0.3; reference section 6.4).

import HardwareModel

/// Declaration of the timer's registers.
public enum TimerRegisters {
  public static let cfgLo = Register("CFG_LO", at: 0x00, .readWrite, "Configuration of the low counter") {
    configuration
    Field("UNUSED", 16...30, "Stored and read back, no effect")
    Field("MODE_64", 31, "Both counters form one of 64 bits")
  }
  public static let cfgHi = Register("CFG_HI", at: 0x04, .readWrite, "Configuration of the high counter") {
    configuration
    Field("UNUSED", 16...30, "Stored and read back, no effect")
    Field("ONE_SHOT_OFF", 31, "Switches this half's own one-shot off")
  }
  public static let cntLo = Register("CNT_LO", at: 0x08, .readWrite, "Value of the low counter")
  public static let cntHi = Register("CNT_HI", at: 0x0C, .readWrite, "Value of the high counter")
  public static let cmpLo = Register("CMP_LO", at: 0x10, .readWrite, "Compare value of the low counter")
  public static let cmpHi = Register("CMP_HI", at: 0x14, .readWrite, "Compare value of the high counter")
  public static let startLo = Register("START_LO", at: 0x18, .pulse, "Any write sets ENABLE of the low counter")
  public static let startHi = Register("START_HI", at: 0x1C, .pulse, "Any write sets ENABLE of the high counter")
  public static let resetLo = Register("RESET_LO", at: 0x20, .pulse, "Any write clears the low counter and prescaler")
  public static let resetHi = Register("RESET_HI", at: 0x24, .pulse, "Any write clears the high counter and prescaler")

  public static let enable = Field("ENABLE", 0, "Counter runs")
  public static let reset = Field("RESET", 1, "Write 1: clears counter and prescaler; clears itself")
  public static let irqEnable = Field("IRQ_ENABLE", 2, "Interrupt while the counter equals the compare value")
  public static let eventStart = Field("EVENT_START", 3, "The selected SoC event sets ENABLE")
  public static let compareClear = Field(
    "COMPARE_CLEAR", 4, "Clears the counter after it has reached the compare value")
  public static let oneShot = Field("ONE_SHOT", 5, "Clears ENABLE after the compare value was reached")
  public static let prescalerEnable = Field("PRESCALER_ENABLE", 6, "Counts every PRESCALER + 1 cycles")
  public static let referenceClock = Field("REFERENCE_CLOCK", 7, "Counts rising edges of the reference clock")
  public static let prescaler = Field("PRESCALER", 8...15, "Divider of the input clock")
  public static let mode64 = Field("MODE_64", 31, "Both counters form one of 64 bits")

  private static var configuration: [Field] {
    [
      enable, reset, irqEnable, eventStart, compareClear, oneShot, prescalerEnable, referenceClock, prescaler,
    ]
  }

  public static let block = RegisterBlock(
    "TIMER", "Dual 32-bit timer", source: "apb_timer_unit.sv v1.0.3", size: 0x40
  ) {
    cfgLo
    cfgHi
    cntLo
    cntHi
    cmpLo
    cmpHi
    startLo
    startHi
    resetLo
    resetHi
  }
}
