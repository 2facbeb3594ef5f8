// gdb's `monitor` commands: what the machine is doing, in the words of the register declarations.

import HardwareModel
import Instrumentation
import PULPissimo
import Peripherals
import RetentionAccelerator

struct MonitorCommands {
  private let session: Session
  private let history: DebugHistory
  private var machine: Machine { session.machine }

  init(_ session: Session, _ history: DebugHistory) {
    self.session = session
    self.history = history
  }

  static let help = """
    registers [BLOCK]  registers of a block with their fields (without one: the blocks)
    reta               the accelerator: registers, contexts, running job, totals
    udma [NAME]        the uDMA's channels: running and queued buffers, registers
    jobs               the accelerator's jobs so far
    timeline [COUNT]   what has happened of late: jobs, interrupts, transfers, sleeps
    events             what is due when
    cycles             cycle, instructions, traps
    snapshots          what going back starts from
    checkpoint WHAT    save [NAME], list, restore NAME, delete NAME; gdb's own
                       checkpoint is something else
    reset              the program starts again
    break-on WHAT      stops at job-done, error, descriptor, event N, register
                       BLOCK.REG write; break-on help says more
    help               this list

    """

  private static let names = [
    "registers", "reta", "udma", "jobs", "timeline", "events", "cycles", "break-on", "checkpoint", "snapshots", "reset",
    "help",
  ]

  func answer(_ words: [String]) -> String {
    let argument = words.count > 1 ? words[1] : nil
    switch words.first ?? "help" {
    case "help": return Self.help
    case "registers": return registers(argument)
    case "reta": return accelerator()
    case "udma": return channels(argument)
    case "jobs": return jobs()
    case "timeline":
      guard let argument else { return history.text(40) }
      guard let count = Int(argument), count > 0 else {
        return "timeline takes the number of spans, not '\(argument)'\n"
      }
      return history.text(count)
    case "events": return events()
    case "cycles": return cycles()
    case let word: return "no monitor command '\(word)'\(Spelling.hint(word, Self.names)); there are:\n" + Self.help
    }
  }

  private func registers(_ name: String?) -> String {
    let blocks = MachineDescription.placedBlocks(machine.configuration.profile)
    guard let name else { return blocks.map { "\($0.name): \($0.block.summary)\n" }.joined() }
    guard let found = try? RegistersCommand.select(name, of: blocks) else {
      let names = blocks.map(\.name)
      return "no block '\(name)'\(Spelling.hint(name, names)); there are: \(names.joined(separator: ", "))\n"
    }
    return found.map(text).joined()
  }

  private func text(_ placed: PlacedBlock) -> String {
    "\(placed.name) at \(Session.hex(placed.base))\n" + lines(placed).joined()
  }

  /// A line for each register.
  private func lines(_ placed: PlacedBlock) -> [String] {
    let width = placed.block.registers.map(\.name.count).max() ?? 0
    return placed.block.registers.compactMap { register in
      let address = placed.base &+ register.offset
      guard let value = machine.bus.peek(address, at: machine.hart.cycle) else { return nil }
      let name = register.name + String(repeating: " ", count: width - register.name.count)
      let fields = register.fields.isEmpty ? "" : "  " + register.describe(value)
      return "  \(Session.hex(address)) \(name) \(Session.hex(value))\(fields)\n"
    }
  }

  // MARK: uDMA

  /// The channels of all peripherals whose clock is on, or of those with that name.
  private func channels(_ name: String?) -> String {
    let all = machine.udma.status(at: min(machine.hart.cycle, machine.queue.next))
    guard let name else {
      let on = all.filter(\.isClocked)
      let off = all.filter { !$0.isClocked }.map(\.name)
      return on.map(text).joined()
        + (off.isEmpty ? "" : "clock off (UDMA_CTRL.CG): \(off.joined(separator: ", "))\n")
    }
    let found = all.filter { peripheral in
      [peripheral.name, String(peripheral.name.dropFirst("UDMA_".count))]
        .contains { $0.caseInsensitiveCompare(name) == .orderedSame }
    }
    guard found.isEmpty else { return found.map(text).joined() }
    let names = all.map(\.name)
    return "no peripheral '\(name)'\(Spelling.hint(name, names)); there are: \(names.joined(separator: ", "))\n"
  }

  private func text(_ peripheral: UDMAPeripheralStatus) -> String {
    var text = "\(peripheral.name) (peripheral \(peripheral.id), clock \(peripheral.isClocked ? "on" : "off"))\n"
    for channel in peripheral.channels { text += "  \(channel.name): \(self.text(channel))\n" }
    if peripheral.name == "UDMA_UART", machine.uartLine?.isBusy ?? false {
      text += "  characters from outside wait, or are under way\n"
    }
    if let standstill = peripheral.standstill { text += "  stands still in \(standstill)\n" }
    let placed = MachineDescription.placedBlocks(machine.configuration.profile).first { $0.name == peripheral.name }
    return text + (placed.map { lines($0).joined() } ?? "")
  }

  private func text(_ channel: UDMAChannelStatus) -> String {
    let buffer = "\(channel.size) bytes at \(Session.hex(channel.buffer))"
    let kind = ", \(8 * channel.datum) bit\(channel.isContinuous ? ", continuous" : ""), event \(channel.event)"
    guard channel.isRunning else {
      return channel.size == 0 ? "idle, no buffer yet" + kind : "idle; buffer written last: \(buffer)" + kind
    }
    var text = "runs: \(channel.bytesLeft) bytes remain from \(Session.hex(channel.place)) on"
    if channel.isQueued {
      text += "; queued behind it: \(buffer)"
    } else if channel.size >= channel.bytesLeft {
      text += ", \(channel.size - channel.bytesLeft) of \(buffer) done"
    }
    return text + kind
  }

  // MARK: Accelerator

  private func accelerator() -> String {
    var text = registers("RETA")
    text += contexts()
    if let job = machine.accelerator.currentJob {
      text += "running: \(describe(job))\n"
      if let descriptor = machine.accelerator.currentDescriptor { text += "  \(describe(descriptor))\n" }
    } else {
      text += machine.accelerator.isBusy ? "about to start a job\n" : "idle\n"
    }
    let totals = machine.accelerator.totals(at: machine.hart.cycle)
    text += "so far: \(totals.jobs) jobs, \(totals.descriptors) descriptors, \(totals.errors) errors, "
    text += "\(totals.macs) MACs, \(totals.bytesRead) bytes read, \(totals.bytesWritten) written, "
    return text + "\(totals.runCycles) cycles running, \(totals.stallCycles) of them stalled\n"
  }

  private func contexts() -> String {
    machine.accelerator.contexts.map { context in
      "context \(context.index): \(context.use.rawValue)"
        + (context.description.isEmpty ? "" : "; \(context.description)") + "\n"
    }.joined()
  }

  private func describe(_ descriptor: DescriptorStatus) -> String {
    let cycle = machine.hart.cycle
    let left = descriptor.phaseEnd - min(descriptor.phaseEnd, cycle)
    let place = descriptor.address.map { "descriptor at \(session.place($0))" } ?? "its context's descriptor"
    return "\(machine.accelerator.descriptorsDone) descriptors done; \(place), since cycle \(descriptor.start), in "
      + "\(descriptor.phase) for \(left) more cycles, stalls apart"
      + (descriptor.description.isEmpty ? "" : ": \(descriptor.description)")
  }

  private func describe(_ job: JobRecord) -> String { "job \(job.id) \(job.operation), since cycle \(job.start)" }

  private func jobs() -> String {
    let done = session.recorder.jobs
    guard !done.isEmpty else { return "no job has ended\n" }
    return done.map { job in
      "job \(job.id) \(job.operation): cycles \(job.start) to \(job.end), \(job.macs) MACs, \(job.stall) cycles stalled"
        + (job.error == .none ? "" : ", error \(job.error)") + (job.aborted ? ", aborted" : "") + "\n"
    }.joined()
  }

  private func events() -> String {
    let scheduled = machine.queue.scheduled.sorted { ($0.cycle, $0.name) < ($1.cycle, $1.name) }
    guard !scheduled.isEmpty else { return "nothing is due\n" }
    return scheduled.map { "cycle \($0.cycle): \($0.name)\n" }.joined()
  }

  private func cycles() -> String {
    let counters = machine.hart.counters
    return "cycle \(machine.hart.cycle), \(counters.instructions) instructions, \(counters.interrupts) interrupts, "
      + "\(counters.exceptions) exceptions, \(machine.hart.sleepCycles(at: machine.hart.cycle)) cycles asleep"
      + (machine.hart.isAsleep ? ", asleep now" : "") + "\n"
  }
}
