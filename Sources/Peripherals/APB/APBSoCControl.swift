// The SoC control block of profile P7: boot address, pad functions, cluster control, and the end of the program.
//
// Follows `apb_soc_ctrl.sv` of pulp_soc v4.4.0 and its register traces (reference section 6.1.2). Pad functions bring
// outputs of the advanced timer to pads. Left out: their other effects (pins are routed regardless of them), pad
// configurations, and everything behind a cluster.

import HardwareModel

/// The SoC control block (SOC_CTRL) in the layout of profile P7.
public final class APBSoCControl: BusTarget {
  /// Software wrote CORESTATUS with the end-of-computation bit set: exit code (bits 30:0) and cycle of the write.
  public var onExit: ((_ code: UInt32, Cycle) -> Void)?

  /// The function (0...3) of `pad` (0...63) is `function` from `cycle` on.
  public var onPadFunction: ((_ pad: Int, _ function: UInt32, Cycle) -> Void)?

  private let bank: RegisterBank
  private var fetchEnable = FetchEnableRegister()
  private var bootPins: LatchedInput
  private var jtagInput = LatchedInput(0)
  private var clockSelect: UInt32 = 0

  /// A block with the boot mode pins at `bootSelect`.
  public init(bootSelect: UInt32 = 1) {
    bank = RegisterBank(APBSoCControlRegisters.block)
    bootPins = LatchedInput(0)
    bootPins.set(bootSelect & 3, from: 1)
  }

  public var registers: RegisterBlock { bank.block }

  /// The address at which the core starts.
  public var bootAddress: UInt32 { bank[APBSoCControlRegisters.fcBoot] }
  /// CLUSTER_CTRL.
  public var clusterControl: UInt32 { bank[APBSoCControlRegisters.clusterCtrl] }
  /// CLUSTER_IRQ.
  public var clusterInterrupt: UInt32 { bank[APBSoCControlRegisters.clusterIRQ] }
  /// Bits 7:0 of JTAGREG.
  public var jtagOutput: UInt8 { UInt8(truncatingIfNeeded: bank[APBSoCControlRegisters.jtagReg]) }

  /// Sets the start address before the machine runs, as a loader behind JTAG does.
  public func presetBootAddress(_ address: UInt32) { bank[APBSoCControlRegisters.fcBoot] = address }

  /// The fetch-enable register in `cycle`.
  public func isFetchEnabled(at cycle: Cycle) -> Bool { fetchEnable.value(at: cycle) }

  /// The fetch-enable pins from `cycle` on.
  public func setFetchEnablePins(_ value: Bool, isValid: Bool, at cycle: Cycle) {
    fetchEnable.setPins(value, isValid: isValid, at: cycle)
  }

  /// The boot mode pins from `cycle` on.
  public func setBootSelect(_ value: UInt32, at cycle: Cycle) { bootPins.set(value & 3, from: cycle &+ 1) }
  /// The clock selection from JTAG.
  public func setClockSelect(_ value: UInt32, at cycle: Cycle) { clockSelect = value & 1 }
  /// The JTAG register from `cycle` on.
  public func setJTAGInput(_ value: UInt32, at cycle: Cycle) { jtagInput.set(value & 0xFF, from: cycle &+ 2) }

  public func read(_ offset: UInt32, at cycle: Cycle) -> UInt32 {
    let offset = offset & 0x1FC
    switch offset {
    case APBSoCControlRegisters.jtagReg.offset: return bank.read(offset) & 0xFF | jtagInput.value(at: cycle) << 8
    case APBSoCControlRegisters.bootSel.offset: return bootPins.value(at: cycle)
    case APBSoCControlRegisters.clkSel.offset: return clockSelect
    case APBSoCControlRegisters.coreStatusReadOnly.offset: return bank[APBSoCControlRegisters.coreStatus]
    default: return bank.read(offset)
    }
  }

  public func peek(_ offset: UInt32, at cycle: Cycle) -> UInt32 { read(offset, at: cycle) }

  public func write(_ offset: UInt32, _ value: UInt32, at cycle: Cycle) {
    let offset = offset & 0x1FC
    bank.write(offset, value)
    if let index = APBSoCControlRegisters.padFun.firstIndex(where: { $0.offset == offset }) {
      for pad in 0..<16 { onPadFunction?(16 * index + pad, value >> UInt32(2 * pad) & 3, cycle &+ 1) }
    }
    if offset == APBSoCControlRegisters.fcFetch.offset {
      fetchEnable.write(value & 1 != 0, at: cycle)
    }
    if offset == APBSoCControlRegisters.coreStatus.offset, value >> 31 != 0 { onExit?(value & 0x7FFF_FFFF, cycle) }
  }
}

extension APBSoCControl {
  public func visitState(_ archive: StateArchive) {
    archive.omits("onExit", "onPadFunction")
    archive.visit("bank", bank)
    archive.visit("fetchEnable", &fetchEnable)
    archive.visit("bootPins", &bootPins)
    archive.visit("jtagInput", &jtagInput)
    archive.visit("clockSelect", &clockSelect)
  }
}
