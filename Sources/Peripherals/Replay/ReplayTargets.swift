// Which model replays which block's traces.

import HardwareModel

/// Makes the model for a trace.
public enum ReplayTargets {
  /// A fresh model of the trace's block with its signals around it; nil if there is none.
  public static func make(_ trace: RegisterTrace) -> (any ReplayTarget)? {
    switch trace.block {
    case "apb_interrupt_cntrl": return InterruptControllerReplay(trace)
    case "soc_event_generator": return SoCEventGeneratorReplay(trace)
    case "apb_timer_unit": return TimerUnitReplay(trace)
    case "event_path": return EventPathReplay(trace)
    case "gpio": return GPIOReplay(trace)
    case "apb_gpio": return APBGPIOReplay(trace)
    case "apb_adv_timer": return AdvancedTimerReplay(trace)
    case "soc_ctrl_reg": return SoCControlReplay(trace)
    case "apb_soc_ctrl": return APBSoCControlReplay(trace)
    default: return nil
    }
  }
}
