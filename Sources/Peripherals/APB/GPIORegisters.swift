// The registers of the GPIO block, in the layouts of both hardware profiles.
//
// P8: `gpio_regs.hjson` of PULPissimo bfc3d9a (reference section 6.2); P7: `apb_gpio.sv` 0e9f142 (section 6.3).

import HardwareModel

/// Declaration of the GPIO registers in profile P8.
public enum GPIORegisters {
  public static let info = Register("INFO", at: 0x000, reset: 0x820, .readOnly, "Number of pins and version") {
    Field("GPIO_CNT", 0...9, "Number of pins")
    Field("VERSION", 10...19, "Version")
  }
  public static let cfg = Register("CFG", at: 0x004, .readWrite, "How interrupts reach the lines") {
    Field("GLBL_INTRPT_MODE", 0, "0: the condition itself, 1: any status bit")
    Field("PIN_LVL_INTRPT_MODE", 1, "The same for the pins' own lines, which PULPissimo does not use")
  }
  public static let mode = Register.array(
    "MODE_", count: 2, at: 0x008, .readWrite,
    "Modes of 16 pins, two bits each: 0 input, 1 push-pull, 2 drive 1 only, 3 drive 0 only")
  public static let en = Register("EN", at: 0x080, .readWrite, "Sampling of a pin is on")
  public static let input = Register("IN", at: 0x100, .readOnly, "Levels of the pins")
  public static let out = Register("OUT", at: 0x180, .readWrite, "Output levels")
  public static let set = Register("SET", at: 0x200, .pulse, "Write 1: sets the output")
  public static let clear = Register("CLEAR", at: 0x280, .pulse, "Write 1: clears the output")
  public static let toggle = Register("TOGGLE", at: 0x300, .pulse, "Write 1: toggles the output")
  public static let riseEn = Register("INTRPT_RISE_EN", at: 0x380, .readWrite, "Interrupt at a rising edge")
  public static let fallEn = Register("INTRPT_FALL_EN", at: 0x400, .readWrite, "Interrupt at a falling edge")
  public static let highEn = Register("INTRPT_LVL_HIGH_EN", at: 0x480, .readWrite, "Interrupt while high")
  public static let lowEn = Register("INTRPT_LVL_LOW_EN", at: 0x500, .readWrite, "Interrupt while low")
  public static let status = Register(
    "INTRPT_STATUS", at: 0x580, .writeOneToClear, "Any of the four; write 1 clears all four")
  public static let riseStatus = Register("INTRPT_RISE_STATUS", at: 0x600, .writeOneToClear, "Rising edge seen")
  public static let fallStatus = Register("INTRPT_FALL_STATUS", at: 0x680, .writeOneToClear, "Falling edge seen")
  public static let highStatus = Register("INTRPT_LVL_HIGH_STATUS", at: 0x700, .writeOneToClear, "High level seen")
  public static let lowStatus = Register("INTRPT_LVL_LOW_STATUS", at: 0x780, .writeOneToClear, "Low level seen")

  public static let block = RegisterBlock(
    "GPIO", "General purpose input and output", source: "gpio_regs.hjson (PULPissimo bfc3d9a)", size: 0x800
  ) {
    info
    cfg
    mode
    en
    input
    out
    set
    clear
    toggle
    riseEn
    fallEn
    highEn
    lowEn
    status
    riseStatus
    fallStatus
    highStatus
    lowStatus
  }
}

/// Declaration of the GPIO registers in profile P7.
public enum APBGPIORegisters {
  public static let padDir = Register("PADDIR", at: 0x00, .readWrite, "Direction: 1 = output")
  public static let gpioEn = Register("GPIOEN", at: 0x04, .readWrite, "Sampling of the pin's group of four is on")
  public static let padIn = Register("PADIN", at: 0x08, .readOnly, "Levels of the pins")
  public static let padOut = Register("PADOUT", at: 0x0C, .readWrite, "Output levels")
  public static let padOutSet = Register("PADOUTSET", at: 0x10, .pulse, "Write 1: sets the output")
  public static let padOutClr = Register("PADOUTCLR", at: 0x14, .pulse, "Write 1: clears the output")
  public static let intEn = Register("INTEN", at: 0x18, .readWrite, "Interrupt on")
  public static let intType = Register.array(
    "INTTYPE", count: 2, at: 0x1C, .readWrite,
    "Interrupt condition of 16 pins, two bits each: 0 fall, 1 rise, 2 both, 3 none")
  public static let intStatus = Register("INTSTATUS", at: 0x24, .readToClear, "Interrupts since the last read")
  public static let padCfg = Register.array(
    "PADCFG", count: 4, at: 0x28, .readWrite, "Configuration of 8 pins, four bits each")

  public static let block = RegisterBlock(
    "GPIO", "General purpose input and output (P7)", source: "apb_gpio.sv (0e9f142)", size: 0x80
  ) {
    padDir
    gpioEn
    padIn
    padOut
    padOutSet
    padOutClr
    intEn
    intType
    intStatus
    padCfg
  }
}
