// How events and interrupt lines run between event generator, timer and interrupt controller.
//
// The wiring of `soc_peripherals.sv` and `fc_subsystem.sv` (pulp_soc v5.0.1; reference section 3.1).

import HardwareModel

/// The wires between the blocks of the event path.
public enum EventPath {
  /// The interrupt line that also carries SoC event `event`: GPIO and the advanced timer's four.
  public static func line(of event: Int) -> Int? {
    switch event {
    case 139: return 15
    case 135...138: return 17 + event - 135
    default: return nil
    }
  }

  /// Connects the three blocks. Events for the uDMA's triggers go to `trigger`.
  public static func connect(
    generator: SoCEventGenerator, timer: TimerUnit, controller: InterruptController,
    trigger: ((_ event: UInt8, Cycle) -> Void)? = nil
  ) {
    generator.isReady = { [unowned(unsafe) controller] target, cycle in
      target != .fabricController || controller.isFIFOReady(at: cycle)
    }
    generator.onEvent = { [unowned(unsafe) controller] target, event, cycle in
      switch target {
      case .fabricController: controller.push(event, at: cycle)
      case .cluster: break
      case .uDMA: trigger?(event, cycle)
      }
    }
    generator.onErrorLine = { [unowned(unsafe) controller] level, cycle in controller.setLine(29, level, at: cycle) }
    generator.onDirectLine = { [unowned(unsafe) controller] line, level, cycle in
      controller.setLine(line, level, at: cycle)
    }
    generator.onTimerEvent = { [unowned(unsafe) timer] isHigh, cycle in timer.inputEvent(isHigh: isHigh, at: cycle) }
    let lines = Uncounted(controller)
    timer.onLine = { line, level, cycle in lines.call { $0.setLine(line, level, at: cycle) } }
    controller.onFIFOReady = { [unowned(unsafe) generator] cycle in generator.targetBecomesReady(at: cycle) }
  }
}
