// The SoC control block of profile P8: boot address, scratch registers, and the end of the program.
//
// Follows `soc_ctrl_reg_top.sv` of pulp_soc v5.0.1 and its register traces (reference section 6.1.1). A narrow store
// writes the whole register, and an offset that is no register reads all ones. Left out: nothing.

import HardwareModel

/// The SoC control block (SOC_CTRL) in the layout of profile P8.
public final class SoCControl: BusTarget {
  /// Software wrote CORESTATUS with the end-of-computation bit set: exit code (bits 30:0) and cycle of the write.
  public var onExit: ((_ code: UInt32, Cycle) -> Void)?
  /// Software wrote something towards JTAG.
  public var onJTAGOutput: ((UInt8, Cycle) -> Void)?

  private let bank: RegisterBank
  private var fetchEnable = FetchEnableRegister()
  private var bootPins: LatchedInput
  private var clockSelect = LatchedInput(0)
  private var jtagInput = LatchedInput(0)

  /// A block that reports `info` as SOC_INFO, with the boot mode pins at `bootSelect`.
  public init(info: UInt32 = SoCControlRegisters.socInfo.reset, bootSelect: UInt32 = 1) {
    bank = RegisterBank(SoCControlRegisters.block)
    bank[SoCControlRegisters.socInfo] = info
    bootPins = LatchedInput(bootSelect & 3)
  }

  public var registers: RegisterBlock { bank.block }

  /// The address at which the core starts, in `cycle`.
  public var bootAddress: UInt32 { bank[SoCControlRegisters.fcBootAddr] }
  /// Bit 0 of CLUSTER_CTRL.
  public var isClusterReleased: Bool { bank[SoCControlRegisters.clusterCtrl] & 1 != 0 }
  /// Bits 7:0 of JTAGREG.
  public var jtagOutput: UInt8 { UInt8(truncatingIfNeeded: bank[SoCControlRegisters.jtagReg]) }

  /// Sets the start address before the machine runs, as a loader behind JTAG does.
  public func presetBootAddress(_ address: UInt32) { bank[SoCControlRegisters.fcBootAddr] = address }

  /// The fetch-enable register in `cycle`.
  public func isFetchEnabled(at cycle: Cycle) -> Bool { fetchEnable.value(at: cycle) }

  /// The fetch-enable pins from `cycle` on.
  public func setFetchEnablePins(_ value: Bool, isValid: Bool, at cycle: Cycle) {
    fetchEnable.setPins(value, isValid: isValid, at: cycle)
  }

  /// The boot mode pins from `cycle` on.
  public func setBootSelect(_ value: UInt32, at cycle: Cycle) { bootPins.set(value & 3, from: cycle) }
  /// The clock selection from JTAG from `cycle` on.
  public func setClockSelect(_ value: UInt32, at cycle: Cycle) { clockSelect.set(value & 1, from: cycle) }
  /// The JTAG register from `cycle` on.
  public func setJTAGInput(_ value: UInt32, at cycle: Cycle) { jtagInput.set(value & 0xFF, from: cycle &+ 1) }

  public func read(_ offset: UInt32, at cycle: Cycle) -> UInt32 {
    let offset = offset & 0xFF
    guard let register = registers.register(at: offset), register.offset == offset else { return .max }
    switch offset {
    case SoCControlRegisters.fcFetchEn.offset:
      return fetchEnable.value(at: cycle) ? SoCControlRegisters.fcFetchEn.mask(of: .readWrite) : 0
    case SoCControlRegisters.jtagReg.offset: return jtagInput.value(at: cycle) << 8
    case SoCControlRegisters.bootSel.offset: return bootPins.value(at: cycle)
    case SoCControlRegisters.clkSel.offset: return clockSelect.value(at: cycle)
    case SoCControlRegisters.coreStatusReadOnly.offset: return bank[SoCControlRegisters.coreStatus]
    default: return bank.read(offset)
    }
  }

  public func peek(_ offset: UInt32, at cycle: Cycle) -> UInt32 { read(offset, at: cycle) }

  public func write(_ offset: UInt32, _ value: UInt32, at cycle: Cycle) {
    let offset = offset & 0xFF
    guard let register = registers.register(at: offset), register.offset == offset else { return }
    bank.write(offset, value)
    switch offset {
    case SoCControlRegisters.fcFetchEn.offset:
      fetchEnable.write(value & SoCControlRegisters.fcFetchEn.mask(of: .readWrite) != 0, at: cycle)
    case SoCControlRegisters.jtagReg.offset: onJTAGOutput?(UInt8(truncatingIfNeeded: value), cycle)
    case SoCControlRegisters.coreStatus.offset:
      if value >> 31 != 0 { onExit?(value & 0x7FFF_FFFF, cycle) }
    default: break
    }
  }
}

/// The fetch enable: a write acts for a cycle, then the pins (both 1 in PULPissimo) set the register again.
struct FetchEnableRegister {
  private var now: Cycle = 0
  private var value = false
  private var pin = true
  private var isPinValid = true
  private var written: Bool?

  private mutating func advance(to cycle: Cycle) {
    guard cycle > now else { return }
    value = written ?? (isPinValid ? pin : value)
    written = nil
    if cycle > now &+ 1, isPinValid { value = pin }
    now = cycle
  }

  mutating func value(at cycle: Cycle) -> Bool {
    advance(to: cycle)
    return value
  }

  mutating func setPins(_ pin: Bool, isValid: Bool, at cycle: Cycle) {
    advance(to: cycle)
    self.pin = pin
    isPinValid = isValid
  }

  mutating func write(_ value: Bool, at cycle: Cycle) {
    advance(to: cycle)
    written = value
  }
}

/// A value that changes at known cycles: the last three changes are kept, which covers two clock edges of delay.
struct LatchedInput {
  private var changes: [(from: Cycle, value: UInt32)]

  init(_ value: UInt32) { changes = [(0, value)] }

  mutating func set(_ value: UInt32, from cycle: Cycle) {
    changes.removeAll { $0.from >= cycle && $0.from > 0 || $0.from == cycle }
    changes.append((cycle, value))
    if changes.count > 4 { changes.removeFirst() }
  }

  func value(at cycle: Cycle) -> UInt32 {
    changes.last { $0.from <= cycle }?.value ?? changes.first?.value ?? 0
  }
}

extension FetchEnableRegister: StateValue {
  mutating func visitState(_ archive: StateArchive) {
    archive.visit("now", cycle: &now)
    archive.visit("value", &value)
    archive.visit("pin", &pin)
    archive.visit("isPinValid", &isPinValid)
    archive.visit("written", &written)
  }
}

extension LatchedInput: StateValue {
  mutating func visitState(_ archive: StateArchive) {
    archive.elements("changes", &changes, most: 4, new: (0, 0)) {
      archive.visit("from", cycle: &$0.from)
      archive.visit("value", &$0.value)
    }
  }
}

extension SoCControl {
  public func visitState(_ archive: StateArchive) {
    archive.omits("onExit", "onJTAGOutput")
    archive.visit("bank", bank)
    archive.visit("fetchEnable", &fetchEnable)
    archive.visit("bootPins", &bootPins)
    archive.visit("clockSelect", &clockSelect)
    archive.visit("jtagInput", &jtagInput)
  }
}
