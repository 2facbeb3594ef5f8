// Adapter from the traces' signal names to the advanced timer.

import HardwareModel

/// `apb_adv_timer` with the signals of its traces.
public final class AdvancedTimerReplay: ReplayTarget {
  public let queue = EventQueue()
  private let model: AdvancedTimer
  private let base: Address
  private var outputs: UInt16 = 0
  private var events: UInt8 = 0

  public init(_ trace: RegisterTrace) {
    base = trace.base
    model = AdvancedTimer(queue: queue, reference: ReferenceClock(edges: trace.edges(of: "low_speed_clk_i")))
    model.onOutput = { [unowned self] levels, _ in outputs = levels }
    model.onEvent = { [unowned self] index, level, _ in
      events = level ? events | 1 << UInt8(index) : events & ~(1 << UInt8(index))
    }
  }

  public func setInput(_ name: String, _ value: SignalValue, at cycle: Cycle) {
    if name == "ext_sig_i" { model.setInputs(UInt32(truncatingIfNeeded: value.number), at: cycle) }
  }

  public func read(_ address: Address, at cycle: Cycle) -> UInt32 { model.read(address &- base, at: cycle) }
  public func write(_ address: Address, _ value: UInt32, at cycle: Cycle) {
    model.write(address &- base, value, at: cycle)
  }

  public func output(_ name: String, at cycle: Cycle) -> SignalValue? {
    switch name {
    case "events_o": return .number(UInt64(events))
    case "ch_0_o": return .number(UInt64(outputs & 0xF))
    case "ch_1_o": return .number(UInt64(outputs >> 4 & 0xF))
    case "ch_2_o": return .number(UInt64(outputs >> 8 & 0xF))
    case "ch_3_o": return .number(UInt64(outputs >> 12 & 0xF))
    default: return nil
    }
  }
}
