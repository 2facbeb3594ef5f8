// Makes things go wrong in a machine, at exact cycles and always in the same way.
//
// Built for a machine that has not run; without one the machine has no more to do than a look at an empty closure at an
// event or an access. All that changes in a run is plain values. A fault that concerns the accelerator's job waits for
// the next job if none runs.

import HardwareModel
import Peripherals
import RISCV
import RetentionAccelerator

/// Injects the faults of a list of plans into one machine.
public final class FaultInjector {
  private struct State {
    var isDone = false
    /// Occurrences of the trigger so far.
    var count = 0
    /// Pulses that an event fault still has to act on.
    var pulses = 0
    /// The fault waits for a job.
    var awaitsJob = false
  }

  private unowned let machine: Machine
  public let plans: [FaultPlan]
  private var states: [State]
  /// Pulses that come later.
  private var delayed: [(cycle: Cycle, event: Int)] = []
  private var jobsStarted = 0
  private var jobsEnded = 0
  /// First cycle of a job that faults wait for.
  private var jobDue: Cycle = .never
  /// The injector's own pulse passes.
  private var isOwnPulse = false
  /// End of the time in which L2 is slow.
  private var slowUntil: Cycle = .never
  private var slot: EventQueue.Slot?
  public private(set) var records: [FaultRecord] = []
  /// Told of each fault when it has happened.
  public var onFault: ((FaultRecord) -> Void)?

  /// Attaches to `machine`, which has not run yet, behind all others that listen to it.
  public init(_ machine: Machine, _ plans: [FaultPlan]) {
    self.machine = machine
    self.plans = plans
    states = plans.map { _ in State() }
    slot = machine.queue.register("faults") { [unowned self] in due(at: $0) }
    let started = machine.accelerator.onJobStarted
    machine.accelerator.onJobStarted = { [unowned self] job in
      started?(job)
      jobStarted(job)
    }
    let ended = machine.accelerator.onJobEnded
    machine.accelerator.onJobEnded = { [unowned self] job in
      ended?(job)
      jobsEnded += 1
      fire(at: job.end &+ 1) { [jobsEnded] in $0 == .job(jobsEnded, atEnd: true) }
    }
    machine.eventGenerator.admits = { [unowned self] in admits($0, at: $1) }
    if plans.contains(where: { if case .access = $0.trigger { true } else { false } }) {
      machine.bus.onAccess = { [unowned self] in accessed($0, isWrite: $1, at: $2) }
    }
    schedule()
  }

  // MARK: Triggers

  private func schedule() {
    var next = min(delayed.map(\.cycle).min() ?? .never, slowUntil)
    for (plan, state) in zip(plans, states) where !state.isDone {
      if case .cycle(let cycle) = plan.trigger, !state.awaitsJob { next = min(next, cycle) }
    }
    if states.contains(where: \.awaitsJob) { next = min(next, jobDue) }
    guard let slot else { return }
    if next == .never { machine.queue.cancel(slot) } else { machine.queue.schedule(slot, at: next) }
  }
  private func due(at cycle: Cycle) {
    if slowUntil <= cycle {
      slowUntil = .never
      machine.interconnect?.slowness = (0, 0, 0)
    }
    let isJobDue = jobDue <= cycle
    if isJobDue { jobDue = .never }
    for (index, plan) in plans.enumerated() {
      if states[index].awaitsJob {
        if isJobDue { act(index, at: cycle) }
      } else if case .cycle(let due) = plan.trigger, !states[index].isDone, due <= cycle {
        act(index, at: cycle)
      }
    }
    let pulses = delayed.filter { $0.cycle <= cycle }
    delayed.removeAll { $0.cycle <= cycle }
    noteDelayed()
    for pulse in pulses {
      isOwnPulse = true
      machine.eventGenerator.raise(pulse.event, at: cycle)
      isOwnPulse = false
    }
    schedule()
  }

  private func noteDelayed() {
    machine.bus.delayedEvents = EventSet()
    for pulse in delayed { machine.bus.delayedEvents.insert(pulse.event) }
  }

  private func fire(at cycle: Cycle, where isMeant: (FaultTrigger) -> Bool) {
    for (index, plan) in plans.enumerated() where !states[index].isDone && isMeant(plan.trigger) {
      act(index, at: cycle)
    }
  }

  private func jobStarted(_ job: JobRecord) {
    jobsStarted += 1
    // The job's phases are set up behind this call: what concerns it acts in its first cycle.
    for (index, plan) in plans.enumerated()
    where !states[index].isDone && plan.trigger == .job(jobsStarted, atEnd: false) {
      if plan.fault.concernsJob { states[index].awaitsJob = true } else { act(index, at: job.start) }
    }
    guard states.contains(where: \.awaitsJob) else { return }
    jobDue = job.start
    schedule()
  }

  private func accessed(_ address: Address, isWrite: Bool, at cycle: Cycle) {
    for (index, plan) in plans.enumerated() where !states[index].isDone {
      guard case .access(let wanted, let direction, let occurrence) = plan.trigger, wanted == address & ~3,
        direction == nil || direction == isWrite
      else { continue }
      states[index].count += 1
      if states[index].count == occurrence { act(index, at: cycle) }
    }
  }

  // MARK: Events

  private func admits(_ event: Int, at cycle: Cycle) -> Bool {
    if isOwnPulse { return true }
    for (index, plan) in plans.enumerated() where !states[index].isDone {
      guard case .event(event, let occurrence) = plan.trigger else { continue }
      states[index].count += 1
      if states[index].count == occurrence { act(index, at: cycle) }
    }
    var isAdmitted = true
    for (index, plan) in plans.enumerated() where states[index].pulses > 0 {
      switch plan.fault {
      case .dropEvent(event, _):
        isAdmitted = false
        note(index, at: cycle, "event \(event) lost")
      case .delayEvent(event, let cycles, _):
        isAdmitted = false
        delayed.append((cycle &+ cycles, event))
        note(index, at: cycle, "event \(event) comes \(cycles) cycles late")
      case .repeatEvent(event, let cycles, _):
        delayed.append((cycle &+ cycles, event))
        note(index, at: cycle, "event \(event) comes again after \(cycles) cycles")
      default: continue
      }
      states[index].pulses -= 1
    }
    noteDelayed()
    schedule()
    return isAdmitted
  }

  // MARK: Faults

  private func note(_ index: Int, at cycle: Cycle, _ fault: String) {
    let record = FaultRecord(cycle: cycle, fault: fault, place: plans[index].place, pc: machine.hart.pc, plan: index)
    records.append(record)
    onFault?(record)
  }

  private func act(_ index: Int, at cycle: Cycle) {
    states[index].isDone = true
    states[index].awaitsJob = false
    let accelerator = machine.accelerator
    switch plans[index].fault {
    case .dropEvent(_, let count), .delayEvent(_, _, let count), .repeatEvent(_, _, let count):
      states[index].pulses = count
    case .error(let code):
      if accelerator.fail(with: code, at: cycle) { note(index, at: cycle, "error code \(code)") }
    case .stuck:
      if accelerator.hang(at: cycle) { note(index, at: cycle, "job stuck") } else { awaitJob(index) }
    case .stall(let cycles):
      if accelerator.stall(for: cycles, at: cycle) {
        note(index, at: cycle, "ports stand still for \(cycles) cycles")
      } else {
        awaitJob(index)
      }
    case .flipMemory(let address, let bit):
      guard let byte = machine.read(address, count: 1)?.first else { return }
      machine.write([byte ^ 1 << UInt8(bit & 7)], at: address)
      note(index, at: cycle, "bit \(bit) of a byte of memory flipped")
    case .flipGPR(let number, let bit):
      machine.hart[register: number] ^= 1 << UInt32(bit & 31)
      note(index, at: cycle, "bit \(bit) flipped")
    case .flipRegister(let address, let bit):
      if flip(address, bit, at: cycle) { note(index, at: cycle, "bit \(bit) flipped") }
    case .slowBus(let wait, let cycles):
      machine.bus.slowdown = (wait, cycle &+ cycles)
      note(index, at: cycle, "peripherals answer \(wait) cycles later for \(cycles) cycles")
    case .slowMemory(let part, let wait, let cycles):
      guard let interconnect = machine.interconnect else { return }
      interconnect.slowness = (part.regions, wait, cycle &+ 1)
      slowUntil = cycle &+ 1 &+ cycles
      note(index, at: cycle, "L2 (\(part.rawValue)) serves the core \(wait) cycles late for \(cycles) cycles")
      schedule()
    case .refuseI2C(let bus, let count):
      guard machine.udma.i2c.indices.contains(bus), let wiring = machine.udma.i2c[bus].bus as? I2CWiring else { return }
      wiring.refusals += count
      note(index, at: cycle, "the next \(count) bytes are not acknowledged")
    case .overflowUART(let count):
      guard let uart = machine.udma.uart else { return }
      uart.forcedOverflows += count
      note(index, at: cycle, "the next \(count) characters overflow")
    }
  }

  private func awaitJob(_ index: Int) {
    states[index].isDone = false
    states[index].awaitsJob = true
  }

  private func flip(_ address: Address, _ bit: Int, at cycle: Cycle) -> Bool {
    if address &- MemoryMap.accelerator < MemoryMap.slotSize {
      return machine.accelerator.flip(address &- MemoryMap.accelerator, bit: bit)
    }
    // Elsewhere the changed value is written as the core would write it.
    guard let value = machine.bus.peek(address, at: cycle) else { return false }
    return machine.bus.poke(address, value ^ 1 << UInt32(bit & 31), at: cycle)
  }
}

extension SlowMemory {
  var regions: RegionSet {
    typealias Region = L2Interconnect.Region
    return switch self {
    case .private0: 1 << RegionSet(Region.private0)
    case .private1: 1 << RegionSet(Region.private1)
    case .interleaved: 1 << RegionSet(Region.interleaved)
    case .all: 1 << RegionSet(Region.private0) | 1 << RegionSet(Region.private1) | 1 << RegionSet(Region.interleaved)
    }
  }
}

extension Fault {
  /// It can only happen to a job.
  var concernsJob: Bool {
    switch self {
    case .stuck, .stall, .error: true
    default: false
    }
  }
}
