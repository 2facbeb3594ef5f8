// The registers of the advanced timer (`adv_timer_apb_if.sv` v1.0.4; reference section 6.5).

import HardwareModel

/// Declaration of the advanced timer's registers: four timers of four channels each, and the events.
public enum AdvancedTimerRegisters {
  public static let timerCount = 4
  public static let channelCount = 4
  /// Bytes from one timer's registers to the next one's.
  public static let stride: UInt32 = 0x40

  /// Offsets inside a timer's registers.
  static let cmdOffset: UInt32 = 0x00
  static let cfgOffset: UInt32 = 0x04
  static let thOffset: UInt32 = 0x08
  static let channelThOffset: UInt32 = 0x0C
  static let channelLUTOffset: UInt32 = 0x1C
  static let counterOffset: UInt32 = 0x2C

  public static let eventCfg = Register("EVENT_CFG", at: 0x100, .readWrite, "Channel outputs that make events") {
    Field("SEL0", 0...3, "Output of event 0: 4 x timer + channel")
    Field("SEL1", 4...7, "Output of event 1")
    Field("SEL2", 8...11, "Output of event 2")
    Field("SEL3", 12...15, "Output of event 3")
    Field("ENA", 16...19, "Event enables")
  }
  public static let chEn = Register("CH_EN", at: 0x104, .readWrite, "Clocks of the timers") {
    Field("TIMER_CLK_EN", 0...3, "Clock of timer 0 to 3 is on")
  }

  private static func timer(_ index: Int) -> [Register] {
    let base = UInt32(index) * stride
    return [
      Register("TIM\(index)_CMD", at: base + cmdOffset, .pulse, "Commands") {
        Field("START", 0, "Write 1: starts")
        Field("STOP", 1, "Write 1: stops")
        Field("UPDATE", 2, "Write 1: takes start, end and mode over at the end of the period")
        Field("RST", 3, "Write 1: restarts the counter")
        Field("ARM", 4, "Write 1: arms the input")
      },
      Register("TIM\(index)_CFG", at: base + cfgOffset, reset: 1 << 12, .readWrite, "Input and counting mode") {
        Field("INSEL", 0...7, "Input: 0-31 GPIO, 32-47 channel outputs")
        Field(
          "INMODE", 8...10, "When the input counts",
          values: [
            EnumeratedValue("ALWAYS", 0, "Every cycle"), EnumeratedValue("LOW", 1, "While low"),
            EnumeratedValue("HIGH", 2, "While high"), EnumeratedValue("RISE", 3, "Rising edges"),
            EnumeratedValue("FALL", 4, "Falling edges"), EnumeratedValue("BOTH", 5, "Both edges"),
            EnumeratedValue("RISE_ARMED", 6, "From a rising edge after arming on"),
            EnumeratedValue("FALL_ARMED", 7, "From a falling edge after arming on"),
          ])
        Field("CLKSEL", 11, "Counts at rising edges of the reference clock")
        Field("SAW", 12, "Sawtooth instead of up and down")
        Field("PRESC", 16...23, "Prescaler")
      },
      Register("TIM\(index)_TH", at: base + thOffset, .readWrite, "Range of the counter") {
        Field("LO", 0...15, "Start")
        Field("HI", 16...31, "End")
      },
    ]
      + Register.array(
        "TIM\(index)_TH_CHANNEL", count: channelCount, at: base + channelThOffset, .readWrite, "Threshold and action"
      ) {
        Field("TH", 0...15, "Threshold")
        Field(
          "MODE", 16...18, "Action at the threshold, and at the end or the second match",
          values: [
            EnumeratedValue("SET", 0, "Set"), EnumeratedValue("TOGRST", 1, "Toggle, then reset"),
            EnumeratedValue("SETRST", 2, "Set, then reset"), EnumeratedValue("TOG", 3, "Toggle"),
            EnumeratedValue("RST", 4, "Reset"), EnumeratedValue("TOGSET", 5, "Toggle, then set"),
            EnumeratedValue("RSTSET", 6, "Reset, then set"),
          ])
      }
      + Register.array(
        "TIM\(index)_CH_LUT", count: channelCount, at: base + channelLUTOffset, .readWrite, "Table and filter"
      ) {
        Field("LUT", 0...15, "Table; the hardware does not use it")
        Field("FLT", 16...17, "Filter; the hardware does not use it")
      } + [
        Register("TIM\(index)_COUNTER", at: base + counterOffset, .readOnly, "Counter") {
          Field("COUNTER", 0...15, "Value")
        }
      ]
  }

  public static let block = RegisterBlock(
    "ADV_TIMER", "Advanced timer (PWM)", source: "adv_timer_apb_if.sv v1.0.4", size: 0x400
  ) {
    timer(0)
    timer(1)
    timer(2)
    timer(3)
    eventCfg
    chEn
  }
}
