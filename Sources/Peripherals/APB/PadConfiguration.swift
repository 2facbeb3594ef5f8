// The pad multiplexer and pad configuration of profile P8.
//
// Follows PULPissimo's padrick output (reference section 6.7). The multiplexer brings outputs of the advanced timer to
// pads. Left out: its other effects (pins are routed to UART, SPI, I2C and GPIO whatever it says) and PAD_CFG's.

import HardwareModel

/// Declaration of the pad configuration registers.
public enum PadConfigurationRegisters {
  public static let padCount = 32
  /// The function of output 0 of timer 0; the fifteen others follow.
  public static let firstTimerFunction: UInt32 = 40
  public static let info = Register("INFO", at: 0x00, reset: 0x0020_0002, .readOnly, "Number of pads and version") {
    Field("HW_VERSION", 0...15, "Version")
    Field("PADCOUNT", 16...31, "Number of pads")
  }
  public static let cfg = Register.array(
    "PAD_CFG", count: padCount, at: 0x04, stride: 8, reset: 0x4, .readWrite, "Electrical configuration of a pad"
  ) {
    Field("CHIP2PAD", 0, "Value driven when no function is selected", notModelled: "pads have no electrical model")
    Field("PULL_EN", 1, "Pull resistor on", notModelled: "pads have no electrical model")
    Field("RX_EN", 2, "Receiver on", notModelled: "pads have no electrical model")
    Field("TX_EN", 3, "Driver on", notModelled: "pads have no electrical model")
  }
  public static let muxSel = Register.array(
    "PAD_MUX_SEL", count: padCount, at: 0x08, stride: 8, reset: 14, .readWrite, "Function of a pad"
  ) {
    Field(
      "SEL", 0...5, "Selected function",
      values: [
        EnumeratedValue("REGISTER", 0, "Value of PAD_CFG"), EnumeratedValue("GPIO", 14, "GPIO"),
        EnumeratedValue("I2C0_SCL", 15, "I2C clock"), EnumeratedValue("I2C0_SDA", 16, "I2C data"),
        EnumeratedValue("QSPIM0_CSN0", 25, "SPI chip select 0"), EnumeratedValue("QSPIM0_SCK", 29, "SPI clock"),
        EnumeratedValue("TIMER0_OUT0", 40, "Output 0 of advanced timer 0; fifteen more outputs follow"),
        EnumeratedValue("UART0_RX", 56, "UART receive"), EnumeratedValue("UART0_TX", 57, "UART transmit"),
      ])
  }

  public static let block = RegisterBlock(
    "PAD_CFG", "Pad multiplexer and configuration", source: "padrick output (PULPissimo bfc3d9a)", size: 0x1000
  ) {
    info
    cfg
    muxSel
  }
}

/// The pad configuration (PAD_CFG).
public final class PadConfiguration: BusTarget {
  /// The function of `pad` (0...31) is `function` from `cycle` on.
  public var onSelect: ((_ pad: Int, _ function: UInt32, Cycle) -> Void)?

  private let bank = RegisterBank(PadConfigurationRegisters.block)

  public init() {}

  public var registers: RegisterBlock { bank.block }

  public func read(_ offset: UInt32, at cycle: Cycle) -> UInt32 {
    guard let register = registers.register(at: offset), register.offset == offset else { return .max }
    return bank.read(offset)
  }

  public func peek(_ offset: UInt32, at cycle: Cycle) -> UInt32 { read(offset, at: cycle) }

  public func forecast(_ offset: UInt32, at cycle: Cycle) -> ReadForecast? { .constant }

  public func write(_ offset: UInt32, _ value: UInt32, at cycle: Cycle) {
    guard let register = registers.register(at: offset), register.offset == offset else { return }
    bank.write(offset, value)
    guard let pad = PadConfigurationRegisters.muxSel.firstIndex(where: { $0.offset == offset }) else { return }
    onSelect?(pad, bank[offset], cycle &+ 1)
  }
}

extension PadConfiguration {
  public func visitState(_ archive: StateArchive) {
    archive.omits("onSelect")
    archive.visit("bank", bank)
  }
}
