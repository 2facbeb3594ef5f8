// Adapters from the traces' signal names to GPIO and SoC control, of both profiles.

import HardwareModel

/// `gpio_apb_wrap_intf` (P8) with the signals of its traces.
public final class GPIOReplay: ReplayTarget {
  public let queue = EventQueue()
  private let model: GPIO
  private let base: Address
  private var out: (levels: UInt32, drivers: UInt32) = (0, 0)
  private var interrupt = false

  public init(_ trace: RegisterTrace) {
    base = trace.base
    model = GPIO(queue: queue)
    model.onOutput = { [unowned self] levels, drivers, _ in out = (levels, drivers) }
    model.onInterrupt = { [unowned self] level, _ in interrupt = level }
  }

  public func setInput(_ name: String, _ value: SignalValue, at cycle: Cycle) {
    if name == "gpio_in" { model.setInputs(UInt32(truncatingIfNeeded: value.number), at: cycle) }
  }

  public func read(_ address: Address, at cycle: Cycle) -> UInt32 { model.read(address &- base, at: cycle) }
  public func write(_ address: Address, _ value: UInt32, at cycle: Cycle) {
    model.write(address &- base, value, at: cycle)
  }

  public func output(_ name: String, at cycle: Cycle) -> SignalValue? {
    switch name {
    case "gpio_out": return .number(UInt64(out.levels))
    case "gpio_tx_en_o": return .number(UInt64(out.drivers))
    case "gpio_in_sync_o": return .number(UInt64(model.sampledInputs(at: cycle)))
    case "pin_level_interrupts_o": return .number(UInt64(model.pinInterrupts(at: cycle)))
    case "global_interrupt_o": return .number(interrupt ? 1 : 0)
    default: return nil
    }
  }
}

/// `apb_gpio` (P7) with the signals of its traces.
public final class APBGPIOReplay: ReplayTarget {
  public let queue = EventQueue()
  private let model: APBGPIO
  private let base: Address
  private var out: (levels: UInt32, directions: UInt32) = (0, 0)
  private var interrupt = false

  public init(_ trace: RegisterTrace) {
    base = trace.base
    model = APBGPIO(queue: queue)
    model.onOutput = { [unowned self] levels, directions, _ in out = (levels, directions) }
    model.onInterrupt = { [unowned self] level, _ in interrupt = level }
  }

  public func setInput(_ name: String, _ value: SignalValue, at cycle: Cycle) {
    if name == "gpio_in" { model.setInputs(UInt32(truncatingIfNeeded: value.number), at: cycle) }
  }

  public func read(_ address: Address, at cycle: Cycle) -> UInt32 { model.read(address &- base, at: cycle) }
  public func write(_ address: Address, _ value: UInt32, at cycle: Cycle) {
    model.write(address &- base, value, at: cycle)
  }

  public func output(_ name: String, at cycle: Cycle) -> SignalValue? {
    switch name {
    case "gpio_out": return .number(UInt64(out.levels))
    case "gpio_dir": return .number(UInt64(out.directions))
    case "gpio_in_sync": return .number(UInt64(model.synchronizedInputs(at: cycle)))
    case "interrupt": return .number(interrupt ? 1 : 0)
    default: return nil
    }
  }
}

/// `soc_ctrl_reg_top_intf` (P8) with the signals of its traces.
public final class SoCControlReplay: ReplayTarget {
  public let queue = EventQueue()
  // The traced configuration: no HWPE, FPU present.
  private let model = SoCControl(info: 0x0008_0005)
  private let base: Address
  private var pins: [String: UInt64] = [:]

  public init(_ trace: RegisterTrace) { base = trace.base }

  public func setInput(_ name: String, _ value: SignalValue, at cycle: Cycle) {
    let number = UInt32(truncatingIfNeeded: value.number)
    pins[name] = value.number
    switch name {
    case "bootsel_i": model.setBootSelect(number, at: cycle)
    case "sel_pll_clk_i": model.setClockSelect(number, at: cycle)
    case "soc_jtag_reg_i": model.setJTAGInput(number, at: cycle)
    default: break
    }
    model.setFetchEnablePins(
      pins["fc_fetch_en_i"] ?? 1 != 0, isValid: pins["fc_fetch_en_valid_i"] ?? 1 != 0, at: cycle)
  }

  public func read(_ address: Address, at cycle: Cycle) -> UInt32 { model.read(address &- base, at: cycle) }
  private var upcoming: (Cycle, Address, UInt32)?
  private var outputs: (boot: UInt32, jtag: UInt8, cluster: Bool)?

  public func write(_ address: Address, _ value: UInt32, at cycle: Cycle) {
    // The outputs show the write one cycle later.
    outputs = (model.bootAddress, model.jtagOutput, model.isClusterReleased)
    upcoming = (cycle, address, value)
    model.write(address &- base, value, at: cycle)
  }

  public func output(_ name: String, at cycle: Cycle) -> SignalValue? {
    if let upcoming, upcoming.0 < cycle { outputs = nil }
    switch name {
    case "fc_bootaddr_o": return .number(UInt64(outputs?.boot ?? model.bootAddress))
    case "fc_fetchen_o": return .number(model.isFetchEnabled(at: cycle) ? 1 : 0)
    case "cluster_rstn_req_o": return .number(outputs?.cluster ?? model.isClusterReleased ? 1 : 0)
    case "soc_jtag_reg_o": return .number(UInt64(outputs?.jtag ?? model.jtagOutput))
    default: return nil
    }
  }
}

/// `apb_soc_ctrl` (P7) with the signals of its traces.
public final class APBSoCControlReplay: ReplayTarget {
  public let queue = EventQueue()
  private let model = APBSoCControl()
  private let base: Address
  private var pins: [String: UInt64] = [:]
  private var written: Cycle?
  private var outputs: (boot: UInt32, jtag: UInt8, cluster: UInt32, irq: UInt32)?

  public init(_ trace: RegisterTrace) { base = trace.base }

  public func setInput(_ name: String, _ value: SignalValue, at cycle: Cycle) {
    let number = UInt32(truncatingIfNeeded: value.number)
    pins[name] = value.number
    switch name {
    case "bootsel_i": model.setBootSelect(number, at: cycle)
    case "sel_fll_clk_i": model.setClockSelect(number, at: cycle)
    case "soc_jtag_reg_i": model.setJTAGInput(number, at: cycle)
    default: break
    }
    model.setFetchEnablePins(
      pins["fc_fetch_en_i"] ?? 1 != 0, isValid: pins["fc_fetch_en_valid_i"] ?? 1 != 0, at: cycle)
  }

  public func read(_ address: Address, at cycle: Cycle) -> UInt32 { model.read(address &- base, at: cycle) }

  public func write(_ address: Address, _ value: UInt32, at cycle: Cycle) {
    outputs = (model.bootAddress, model.jtagOutput, model.clusterControl, model.clusterInterrupt)
    written = cycle
    model.write(address &- base, value, at: cycle)
  }

  public func output(_ name: String, at cycle: Cycle) -> SignalValue? {
    if let written, written < cycle { outputs = nil }
    let cluster = outputs?.cluster ?? model.clusterControl
    switch name {
    case "fc_bootaddr_o": return .number(UInt64(outputs?.boot ?? model.bootAddress))
    case "fc_fetchen_o": return .number(model.isFetchEnabled(at: cycle) ? 1 : 0)
    case "cluster_byp_o": return .number(UInt64(cluster & 1))
    case "cluster_pow_o": return .number(UInt64(cluster >> 1 & 1))
    case "cluster_fetch_enable_o": return .number(UInt64(cluster >> 2 & 1))
    case "cluster_rstn_o": return .number(UInt64(cluster >> 3 & 1))
    case "cluster_irq_o": return .number(UInt64(outputs?.irq ?? model.clusterInterrupt))
    case "soc_jtag_reg_o": return .number(UInt64(outputs?.jtag ?? model.jtagOutput))
    default: return nil
    }
  }
}
