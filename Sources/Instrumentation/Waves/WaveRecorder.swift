// Collects the signals of a run for a waveform viewer.
//
// The signals are those that a driver's author looks for: what the core executes and when it sleeps, accesses to
// peripheral registers in their access phase, the accelerator's queue and descriptors, events and interrupts, uDMA
// channels. One time unit is a SoC cycle. Left out: everything inside the pipeline and the bus's handshakes.

import HardwareModel
import PULPissimo
import Peripherals
import RISCV
import RetentionAccelerator

/// Records the waves of one machine's run.
public final class WaveRecorder: RunListener, InstructionObserver {
  private unowned let machine: Machine
  private let place: (Address) -> FunctionPlace
  private var known: FunctionPlace?
  private var transfers: TransferTracker
  public private(set) var file: VCDFile

  // Core.
  private let pc: VCDFile.Signal
  private let function: VCDFile.Signal
  private let asleep: VCDFile.Signal
  private let interruptLevel: VCDFile.Signal
  private let interruptTaken: VCDFile.Signal
  private let interruptLine: VCDFile.Signal
  private let memoryValid: VCDFile.Signal
  private let memoryAddress: VCDFile.Signal
  private let memoryWrite: VCDFile.Signal
  // Peripheral bus.
  private let enable: VCDFile.Signal
  private let address: VCDFile.Signal
  private let isWrite: VCDFile.Signal
  private let writeData: VCDFile.Signal
  private let readData: VCDFile.Signal
  private let register: VCDFile.Signal
  // Accelerator.
  private let busy: VCDFile.Signal
  private let depth: VCDFile.Signal
  private let job: VCDFile.Signal
  private let contexts: [VCDFile.Signal]
  private let operation: VCDFile.Signal
  private let descriptorAddress: VCDFile.Signal
  private let lines: [VCDFile.Signal]
  // Events.
  private let eventValid: VCDFile.Signal
  private let event: VCDFile.Signal
  private var channels: [String: VCDFile.Signal] = [:]

  private var level: UInt64 = 0

  /// Attaches to `machine` and `recorder`, before the run. `place`: the function of an address.
  public init(
    _ machine: Machine, _ recorder: RunRecorder, from: Cycle = 0, to: Cycle = .never,
    place: @escaping (Address) -> FunctionPlace
  ) {
    self.machine = machine
    self.place = place
    transfers = TransferTracker(machine)
    var file = VCDFile(from: from, to: to)
    pc = file.signal("core", "pc", width: 32)
    function = file.text("core", "function", characters: 24)
    asleep = file.signal("core", "asleep", width: 1)
    interruptTaken = file.signal("core", "irq_taken", width: 1)
    interruptLine = file.signal("core", "irq_line", width: 5)
    interruptLevel = file.signal("core", "irq_level", width: 4)
    memoryValid = file.signal("core", "mem_valid", width: 1)
    memoryWrite = file.signal("core", "mem_we", width: 1)
    memoryAddress = file.signal("core", "mem_addr", width: 32)
    enable = file.signal("apb", "penable", width: 1)
    isWrite = file.signal("apb", "pwrite", width: 1)
    address = file.signal("apb", "paddr", width: 32)
    writeData = file.signal("apb", "pwdata", width: 32)
    readData = file.signal("apb", "prdata", width: 32)
    register = file.text("apb", "register", characters: 24)
    busy = file.signal("reta", "busy", width: 1)
    depth = file.signal("reta", "queue_depth", width: 2)
    job = file.signal("reta", "running_job", width: 8)
    contexts = (0..<RETA.contextCount).map { file.text("reta", "context\($0)", characters: 10) }
    operation = file.text("reta", "descriptor", characters: 28)
    descriptorAddress = file.signal("reta", "descriptor_addr", width: 32)
    lines = (0..<2).map { file.signal("reta", "evt\($0)", width: 1) }
    eventValid = file.signal("soc_event", "valid", width: 1)
    event = file.signal("soc_event", "id", width: 8)
    for name in transfers.names {
      channels[name] = file.signal("udma", name.replacing(" ", with: "_").lowercased(), width: 1)
    }
    self.file = file

    recorder.listeners.append(self)
    let others = machine.hart.instructionObserver
    machine.hart.instructionObserver = others.map { InstructionObservers([$0, self]) } ?? self
    let pulses = machine.accelerator.onEvent
    machine.accelerator.onEvent = { [unowned self] line, cycle in
      pulses?(line, cycle)
      if line < lines.count { self.file.pulse(lines[line], at: cycle) }
    }
    let events = machine.eventGenerator.onEvent
    machine.eventGenerator.onEvent = { [unowned self] target, number, cycle in
      events?(target, number, cycle)
      guard target == .fabricController else { return }
      self.file.pulse(eventValid, at: cycle)
      self.file.set(event, UInt64(number), at: cycle)
    }
    let completions = machine.udma.onEvent
    machine.udma.onEvent = { [unowned self] number, cycle in
      completions?(number, cycle)
      if let transfer = transfers.fired(number, at: cycle) { showChannel(transfer.channel, at: cycle) }
    }
  }

  private func showChannel(_ name: String, at cycle: Cycle) {
    guard let signal = channels[name] else { return }
    file.set(signal, transfers.activeChannels.contains(name) ? 1 : 0, at: cycle)
  }

  // MARK: RunListener

  public func jobStarted(_ started: JobRecord) {
    file.set(busy, 1, at: started.start)
    file.set(job, UInt64(started.id), at: started.start)
    if contexts.indices.contains(started.context) {
      file.set(contexts[started.context], started.operation, at: started.start)
    }
  }

  public func jobEnded(_ ended: JobRecord) {
    file.set(busy, 0, at: ended.end + 1, isRest: true)
    file.set(operation, "", at: ended.end + 1, isRest: true)
    if contexts.indices.contains(ended.context) {
      file.set(contexts[ended.context], "", at: ended.end + 1, isRest: true)
    }
  }

  public func descriptorEnded(_ record: DescriptorRecord) {
    let name = record.descriptor.opcode?.name ?? "illegal"
    file.set(operation, "\(name) \(record.descriptor.shape)", at: record.start)
    file.set(operation, "", at: record.end + 1, isRest: true)
    if let place = record.address { file.set(descriptorAddress, UInt64(place), at: record.start) }
  }

  public func queueChanged(_ committed: Int, at cycle: Cycle) { file.set(depth, UInt64(committed), at: cycle) }

  public func accessed(_ access: BusAccess, _ block: RegisterBlock?, _ found: Register?) {
    file.pulse(enable, at: access.phase)
    file.set(address, UInt64(access.address), at: access.phase)
    file.set(isWrite, access.isWrite ? 1 : 0, at: access.phase)
    file.set(access.isWrite ? writeData : readData, UInt64(access.value), at: access.phase)
    file.set(register, block.map { "\($0.name).\(found?.name ?? "?")" } ?? "", at: access.phase)
    guard access.isWrite, let block, let found else { return }
    let before = transfers.activeChannels
    for (transfer, cycle) in transfers.wrote(block.name, found.name, access.value, at: access.phase + 1) {
      showChannel(transfer.channel, at: cycle)
    }
    for name in transfers.activeChannels where !before.contains(name) { showChannel(name, at: access.phase + 1) }
  }

  public func tookInterrupt(_ line: Int, at cycle: Cycle, pc: Address) {
    level += 1
    file.pulse(interruptTaken, at: cycle)
    file.set(interruptLine, UInt64(line), at: cycle)
    file.set(interruptLevel, min(level, 15), at: cycle)
  }

  public func returned(at cycle: Cycle) {
    guard level > 0 else { return }
    level -= 1
    file.set(interruptLevel, min(level, 15), at: cycle + 1)
  }

  public func coreSlept(from: Cycle, until: Cycle) {
    file.set(asleep, 1, at: from)
    file.set(asleep, 0, at: until, isRest: true)
  }

  // MARK: InstructionObserver

  public func issuing(_ instruction: Instruction, pc place: Address, at cycle: Cycle, hart: Hart) {
    file.set(pc, UInt64(place), at: cycle)
    if known.map({ !$0.range.contains(UInt64(place)) }) ?? true {
      let found = self.place(place)
      known = found
      file.set(function, found.name, at: cycle)
    }
    guard instruction.timing == .load || instruction.timing == .store else { return }
    file.pulse(memoryValid, at: cycle)
    file.set(memoryAddress, UInt64(hart[register: Int(instruction.rs1)] &+ instruction.immediate), at: cycle)
    file.set(memoryWrite, instruction.timing == .store ? 1 : 0, at: cycle)
  }

  public func executed(_ instruction: Instruction, pc: Address, at cycle: Cycle, hart: Hart) {}
  public func loaded(_ rd: Int, _ value: UInt32, pc: Address) {}
  public func tookTrap(cause: UInt32, pc: Address, target: Address, at cycle: Cycle) {}

  // MARK: Writing

  /// Writes the dump up to cycle `end`.
  public func write(until end: Cycle, comment: String, to write: (String) -> Bool) -> Bool {
    file.write(until: end, comment: comment, to: write)
  }
}
