// The frequency-locked loops: register files whose status follows the configuration at once.
//
// Follows `apb_fll_if` and `FLL_digital.vhd` (reference section 6.6) as far as software sees them: STATUS shows the
// multiplication factor of CONF1, the loops are always locked. Left out: settling, gating, open-loop operation.

import HardwareModel

/// Declaration of the FLL registers.
public enum FLLRegisters {
  /// Bytes from one loop's registers to the next one's.
  public static let stride: UInt32 = 0x10
  public static let lockOffset: UInt32 = 0x3C

  private static func loop(_ index: Int) -> [Register] {
    let base = UInt32(index) * stride
    return [
      Register("FLL\(index)_STATUS", at: base, reset: 0x05F5, .readOnly, "Measured multiplication factor") {
        Field("MULT", 0...15, "Measured multiplication factor")
      },
      Register("FLL\(index)_CONF1", at: base + 0x4, reset: 0x4488_05F5, .readWrite, "Configuration 1") {
        Field("MULT", 0...15, "Multiplication factor: output is 32,768 Hz x MULT / 2^(DIV - 1)")
        Field("DCO_CODE", 16...25, "Code of the oscillator in open loop")
        Field("DIV", 26...29, "Output divider; 0 and 1 do not divide")
        Field("OUTPUT_GATE", 30, "Output waits for lock")
        Field("CLOSED_LOOP", 31, "Loop is closed")
      },
      Register("FLL\(index)_CONF2", at: base + 0x8, reset: 0x0200_4107, .readWrite, "Configuration 2") {
        Field("GAIN", 0...3, "Loop gain")
        Field("DEASSERT_CYCLES", 4...9, "Cycles out of tolerance until lock falls")
        Field("ASSERT_CYCLES", 10...15, "Cycles in tolerance until lock rises")
        Field("LOCK_TOLERANCE", 16...27, "Tolerance of the lock detector")
        Field("UNUSED", 28, "Stored and read back, no effect")
        Field("CONFIG_CLOCK", 29, "Clock of the configuration registers")
        Field("OPEN_LOOP_WHEN_LOCKED", 30, "Opens the loop when locked")
        Field("DITHER", 31, "Dithering")
      },
      Register("FLL\(index)_INTEGRATOR", at: base + 0xC, reset: 0x0088_0000, .readWrite, "Integrator state") {
        Field("FRACTION", 6...15, "Fractional part")
        Field("INTEGER", 16...25, "Integer part")
      },
    ]
  }

  private static let lock = Register("LOCK", at: lockOffset, reset: 1, .readOnly, "Lock bits of the loops")

  /// FLL 0 clocks the SoC, FLL 1 the peripherals.
  public static let block = RegisterBlock(
    "FLL", "Frequency-locked loops", source: "apb_fll_if v0.2.0, generic_FLL v0.2.0", size: 0x40
  ) {
    loop(0)
    loop(1)
    lock
  }

  /// The P7 layout with its third loop, for the cluster.
  public static let blockP7 = RegisterBlock(
    "FLL", "Frequency-locked loops (P7)", source: "apb_fll_if v0.2.0, generic_FLL v0.2.0", size: 0x40
  ) {
    loop(0)
    loop(1)
    loop(2)
    lock
  }
}

/// The FLL register file (FLL).
public final class FLL: BusTarget {
  /// Software set the frequency of loop `index` to 32,768 Hz x `numerator` / `denominator`, from `cycle` on.
  public var onFrequency: ((_ index: Int, _ numerator: UInt64, _ denominator: UInt64, Cycle) -> Void)?

  private let bank: RegisterBank
  private let loops: UInt32

  /// With `hasClusterLoop` the P7 file of three loops; without it FLL index 2 and 3 hang the bus, as in P8.
  public init(hasClusterLoop: Bool = false) {
    bank = RegisterBank(hasClusterLoop ? FLLRegisters.blockP7 : FLLRegisters.block)
    loops = hasClusterLoop ? 3 : 2
  }

  public var registers: RegisterBlock { bank.block }

  public func answer(_ offset: UInt32, isWrite: Bool) -> BusAnswer {
    let word = offset & 0x3C
    if word == FLLRegisters.lockOffset || word / FLLRegisters.stride < loops { return .waitStates(20) }
    return .never
  }

  public func read(_ offset: UInt32, at cycle: Cycle) -> UInt32 {
    let word = offset & 0x3C
    guard word != FLLRegisters.lockOffset, word % FLLRegisters.stride == 0 else { return bank.read(word) }
    return bank[word + 4] & 0xFFFF
  }

  public func peek(_ offset: UInt32, at cycle: Cycle) -> UInt32 { read(offset, at: cycle) }

  public func forecast(_ offset: UInt32, at cycle: Cycle) -> ReadForecast? { .constant }

  public func write(_ offset: UInt32, _ value: UInt32, at cycle: Cycle) {
    let word = offset & 0x3C
    guard word / FLLRegisters.stride < loops else { return }
    if word % FLLRegisters.stride == 0xC || word % FLLRegisters.stride == 0x8 {
      bank[word] = value
    } else {
      bank.write(word, value)
    }
    if word % FLLRegisters.stride == 0x4 {
      let divider = UInt64(value >> 26 & 0xF)
      onFrequency?(
        Int(word / FLLRegisters.stride), UInt64(value & 0xFFFF), divider > 1 ? 1 << (divider - 1) : 1, cycle)
    }
  }
}

extension FLL {
  public func visitState(_ archive: StateArchive) {
    archive.omits("onFrequency", "loops")
    archive.visit("bank", bank)
  }
}
