// Collects a run's timeline while it runs.
//
// Tracks: the core (function, sleep and handlers, interrupts), the accelerator's contexts and descriptors, the uDMA's
// channels, SoC events; counters: queue depth, use of the L2 banks. With functions the exact engine runs everything.

import HardwareModel
import PULPissimo
import Peripherals
import RISCV
import RetentionAccelerator

/// What a timeline contains.
public struct TimelineOptions: Sendable {
  /// Cycles that are drawn: from this one on, …
  public var from: Cycle = 0
  /// … before this one.
  public var to: Cycle = .never
  /// Functions that the core runs, and its use of the banks.
  public var functions = true
  /// Function slices that are kept; the rest is counted.
  public var mostFunctionSlices = 2_000_000

  public init() {}
}

/// Draws one machine's run.
public final class TimelineRecorder: RunListener, InstructionObserver {
  private unowned let machine: Machine
  private let options: TimelineOptions
  private var timeline = Timeline()
  private var calls: CallStack
  private var functionSlices = 0
  private var banks: BankUse
  private var transfers: TransferTracker
  private var lastWord: Address = 1
  /// TRIGGER writes whose jobs have not started, oldest first.
  private var triggers: [Cycle] = []
  private var jobTriggers: [Cycle: Cycle] = [:]
  private var depth: [(cycle: Cycle, values: [Double])] = [(0, [0])]
  private var interrupts: [(line: Int, cycle: Cycle)] = []

  /// Attaches to `machine` and `recorder`, before the run. `place`: the function of an address.
  public init(
    _ machine: Machine, _ recorder: RunRecorder, _ options: TimelineOptions,
    place: @escaping (Address) -> FunctionPlace
  ) {
    self.machine = machine
    self.options = options
    calls = CallStack(place)
    banks = BankUse(from: options.from, interleavedBanks: machine.configuration.interleavedBanks)
    transfers = TransferTracker(machine)
    recorder.listeners.append(self)
    if options.functions {
      let others = machine.hart.instructionObserver
      machine.hart.instructionObserver = others.map { InstructionObservers([$0, self]) } ?? self
    }
    let events = machine.eventGenerator.onEvent
    machine.eventGenerator.onEvent = { [unowned self] target, event, cycle in
      events?(target, event, cycle)
      if target == .fabricController { eventFired(Int(event), at: cycle) }
    }
    let completions = machine.udma.onEvent
    machine.udma.onEvent = { [unowned self] event, cycle in
      completions?(event, cycle)
      if let transfer = transfers.fired(event, at: cycle) { ended(transfer, at: cycle) }
    }
  }

  /// The timeline; complete when the run has been finished.
  public private(set) var result = Timeline()

  private func isDrawn(_ start: Cycle, _ end: Cycle) -> Bool { start < options.to && end > options.from }

  private func add(
    _ track: Timeline.Track, _ name: String, _ start: Cycle, _ end: Cycle, depth: Int = 0,
    _ details: [(name: String, value: Timeline.Value)] = []
  ) {
    guard start < end, isDrawn(start, end) else { return }
    timeline.slices.append(
      .init(track: track, name: name, start: start, end: end, depth: depth, details: details))
  }

  private func add(
    _ track: Timeline.Track, _ name: String, at cycle: Cycle, _ details: [(name: String, value: Timeline.Value)] = []
  ) {
    guard isDrawn(cycle, cycle + 1) else { return }
    timeline.instants.append(.init(track: track, name: name, cycle: cycle, details: details))
  }

  // MARK: Accelerator

  public func jobStarted(_ job: JobRecord) {
    jobTriggers[job.start] = triggers.isEmpty ? nil : triggers.removeFirst()
  }

  public func jobEnded(_ job: JobRecord) {
    let trigger = jobTriggers.removeValue(forKey: job.start)
    let end = job.end + 1
    if let trigger, trigger + 1 < job.start {
      add(.context(job.context), "job \(job.id) waits", trigger + 1, job.start)
    }
    var details: [(name: String, value: Timeline.Value)] = [
      ("job", .number(UInt64(job.id))), ("cycles", .number(end - job.start)), ("stalls", .number(job.stall)),
      ("MACs", .number(job.macs)), ("bytes read", .number(job.bytesRead)), ("bytes written", .number(job.bytesWritten)),
      ("descriptors", .number(job.descriptors)),
    ]
    if let trigger { details.append(("triggered at", .number(trigger))) }
    if job.error != .none { details.append(("error", .text("\(job.error)"))) }
    add(
      .context(job.context), "job \(job.id) \(job.operation)\(job.aborted ? ", aborted" : "")", job.start, end, details)
  }

  public func descriptorEnded(_ record: DescriptorRecord) {
    let descriptor = record.descriptor
    let operation = descriptor.opcode?.name.lowercased() ?? "illegal"
    let end = record.end + 1
    let cost = CycleModel(machine.accelerator.configuration).cost(of: descriptor)
    var details: [(name: String, value: Timeline.Value)] = [
      ("cycles", .number(end - min(record.start, end))), ("MACs", .number(cost.macs)),
      ("bytes read", .number(cost.bytesRead)), ("bytes written", .number(cost.bytesWritten)),
      ("descriptor", .text(descriptor.description)),
    ]
    if let address = record.address { details.append(("address", .text("0x" + String(address, radix: 16)))) }
    if record.error != .none { details.append(("error", .text("\(record.error)"))) }
    let shape = descriptor.shape
    add(.descriptors, shape.isEmpty ? operation : operation + " " + shape, record.start, end, details)
    if isDrawn(record.start, end) { banks.add(record, machine.accelerator.configuration, machine.interleaved) }
  }

  public func queueChanged(_ depth: Int, at cycle: Cycle) {
    if let last = self.depth.last, last.cycle == cycle { self.depth.removeLast() }
    self.depth.append((cycle, [Double(depth)]))
  }

  // MARK: Bus, uDMA, events

  public func accessed(_ access: BusAccess, _ block: RegisterBlock?, _ register: Register?) {
    guard access.isWrite, let block, let register else { return }
    if block.name == RETARegisters.block.name, register.offset == RETARegisters.trigger.offset {
      triggers.append(access.phase)
      // A write that commits nothing has no job: no more than the contexts can wait.
      if let job = machine.accelerator.currentJob, job.start == access.phase + 1, jobTriggers[job.start] == nil {
        jobTriggers[job.start] = triggers.removeFirst()
      }
      if triggers.count > RETA.contextCount { triggers.removeFirst() }
    }
    for (transfer, cycle) in transfers.wrote(block.name, register.name, access.value, at: access.phase + 1) {
      ended(transfer, at: cycle)
    }
  }

  private func ended(_ transfer: TransferTracker.Transfer, at cycle: Cycle) {
    add(
      .init("uDMA", transfer.channel), "\(transfer.size) bytes", transfer.start, cycle,
      [
        ("bytes", .number(UInt64(transfer.size))), ("address", .text("0x" + String(transfer.address, radix: 16))),
        ("direction", .text(transfer.isWrite ? "to L2" : "from L2")),
      ])
    if transfer.size > 0, transfer.size < 1 << 20 {
      banks.add(banks.words(transfer.address, bytes: transfer.size), from: transfer.start, until: cycle)
    }
  }

  /// The name of a SoC event where it has one.
  static func name(ofEvent event: Int) -> String {
    switch event {
    case RETA.doneEvent: "RETA done"
    case RETA.errorEvent: "RETA error"
    case 139: "GPIO"
    case 168: "reference clock"
    default: "event \(event)"
    }
  }

  private func eventFired(_ event: Int, at cycle: Cycle) {
    add(.events, Self.name(ofEvent: event), at: cycle, [("event", .number(UInt64(event)))])
  }

  // MARK: Core

  public func tookInterrupt(_ line: Int, at cycle: Cycle, pc: Address) {
    interrupts.append((line, cycle))
    add(.interrupts, "interrupt \(line)", at: cycle, [("annulled at", .text("0x" + String(pc, radix: 16)))])
  }

  public func returned(at cycle: Cycle) {
    guard let last = interrupts.popLast() else { return }
    add(.state, "interrupt \(last.line)", last.cycle, cycle + 1, depth: interrupts.count)
  }

  public func coreSlept(from: Cycle, until: Cycle) { add(.state, "asleep", from, until) }

  public func issuing(_ instruction: Instruction, pc: Address, at cycle: Cycle, hart: Hart) {
    calls.issue(instruction, pc: pc, at: cycle, stackPointer: hart[register: 2]) { stackChanged($0, at: cycle) }
    guard cycle >= options.from, cycle < options.to else { return }
    if pc & ~3 != lastWord {
      lastWord = pc & ~3
      banks.add(lastWord, .coreInstruction, at: cycle)
    }
    // An instruction that lies in two words.
    if pc & 2 != 0, instruction.length == 4 {
      lastWord = (pc & ~3) &+ 4
      banks.add(lastWord, .coreInstruction, at: cycle)
    }
    if instruction.timing == .load || instruction.timing == .store {
      banks.add(hart[register: Int(instruction.rs1)] &+ instruction.immediate, .coreData, at: cycle)
    }
  }

  private func stackChanged(_ change: CallStack.Change, at end: Cycle) {
    guard case .left(let frame, let depth) = change, frame.start < end, isDrawn(frame.start, end) else { return }
    guard functionSlices < options.mostFunctionSlices else {
      timeline.droppedSlices += 1
      return
    }
    functionSlices += 1
    add(.functions, frame.place.name, frame.start, end, depth: depth)
  }

  public func executed(_ instruction: Instruction, pc: Address, at cycle: Cycle, hart: Hart) {}
  public func loaded(_ rd: Int, _ value: UInt32, pc: Address) {}

  public func tookTrap(cause: UInt32, pc: Address, target: Address, at cycle: Cycle) {
    calls.tookTrap(cause, at: cycle, pc: pc, stackPointer: machine.hart[register: 2]) { stackChanged($0, at: cycle) }
  }

  // MARK: End

  public func finished(at cycle: Cycle) {
    calls.finish(at: cycle) { stackChanged($0, at: cycle) }
    for (index, interrupt) in interrupts.enumerated() {
      add(.state, "interrupt \(interrupt.line)", interrupt.cycle, cycle, depth: index)
    }
    if let job = machine.accelerator.currentJob {
      add(.context(job.context), "job \(job.id) \(job.operation), unfinished", job.start, cycle)
    }
    for transfer in transfers.open { ended(transfer, at: cycle) }
    let end = min(cycle, options.to)
    timeline.start = min(options.from, end)
    timeline.end = end
    let first = depth.lastIndex { $0.cycle <= timeline.start } ?? 0
    var shown = depth[first...].filter { $0.cycle < end }
    if let head = shown.first, head.cycle < timeline.start { shown[0].cycle = timeline.start }
    timeline.counters = [
      Timeline.Counter(name: "RETA queue depth", unit: "jobs", series: ["committed"], samples: Array(shown)),
      banks.counter(until: end),
    ]
    // In order of time, what lies around something before it.
    timeline.slices.sort { ($0.start, $1.end, $0.depth) < ($1.start, $0.end, $1.depth) }
    timeline.instants.sort { $0.cycle < $1.cycle }
    result = timeline
  }
}
