// The address map: the only place that knows absolute addresses.
//
// Source: `pulpissimo.md` section 1 (pulpissimo `soc_mem_map.svh`, pulp_soc `soc_interconnect_wrap.sv`).

import HardwareModel
import Peripherals
import RetentionAccelerator

/// Addresses of PULPissimo. End addresses are exclusive.
public enum MemoryMap {
  /// The core's data port sees L2 here too.
  public static let dataAlias: Address = 0x0000_0000
  public static let dataAliasSize: UInt32 = 0x10_0000
  /// The plug for an external cluster: nothing is connected, an access is never answered.
  public static let clusterPlug: Range<Address> = 0x1000_0000..<0x1040_0000
  public static let rom: Address = 0x1A00_0000
  /// Bytes of ROM; it repeats up to `romEnd`.
  public static let romSize: UInt32 = 0x2000
  public static let romEnd: Address = 0x1A04_0000
  /// Where the core starts after reset.
  public static let resetEntry: Address = 0x1A00_0080
  /// What the APB bridge decodes.
  public static let peripherals: Range<Address> = 0x1A10_0000..<0x1A40_0000
  public static let privateBank0: Address = 0x1C00_0000
  public static let privateBank1: Address = 0x1C00_8000
  public static let privateBankSize: UInt32 = 0x8000
  public static let interleaved: Address = 0x1C01_0000
  /// Decoded; how much of it is fitted is a parameter.
  public static let interleavedWindow: UInt32 = 0x8_0000

  /// Read data of an address that no window matches.
  public static let decodeErrorData: UInt32 = 0xBADC_AB1E
  /// Read data of an address of the APB range that no slot matches.
  public static let slotErrorData: UInt32 = 0xDEA1_10C8

  // Slots of the peripheral bus (`pulpissimo.md` 1.2); the second FLL address is P8's.
  public static let fll: Address = 0x1A10_0000
  public static let gpio: Address = 0x1A10_1000
  public static let udma: Address = 0x1A10_2000
  public static let socControl: Address = 0x1A10_4000
  public static let advancedTimer: Address = 0x1A10_5000
  public static let eventGenerator: Address = 0x1A10_6000
  public static let interruptController: Address = 0x1A10_9000
  /// Where software addresses the interrupt controller, which repeats every 64 bytes.
  public static let interruptControllerSoftware: Address = 0x1A10_9800
  public static let timer: Address = 0x1A10_B000
  public static let accelerator: Address = 0x1A10_C000
  public static let stdout: Address = 0x1A10_F000
  public static let debugModule: Address = 0x1A11_0000
  public static let fllP8: Address = 0x1A12_0000
  public static let padConfiguration: Address = 0x1A12_1000
  /// Bytes of most slots.
  public static let slotSize: UInt32 = 0x1000
  /// From `fllP8` to the end of chip control, the APB error slave answers where nothing is.
  public static let chipControl: Range<Address> = 0x1A12_0000..<0x1A14_0000
}
