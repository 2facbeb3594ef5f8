// gdb's `monitor` commands: what the machine is doing, in the words of the register declarations.

import HardwareModel
import Instrumentation
import PULPissimo
import RetentionAccelerator

struct MonitorCommands {
  private let session: Session
  private var machine: Machine { session.machine }

  init(_ session: Session) { self.session = session }

  static let help = """
    registers [BLOCK]  registers of a block with their fields (without one: the blocks)
    reta               the accelerator: registers, running job, totals
    jobs               the accelerator's jobs so far
    events             what is due when
    cycles             cycle, instructions, traps
    help               this list

    """

  func answer(_ command: String) -> String {
    let words = command.split(separator: " ").map(String.init)
    switch words.first ?? "help" {
    case "help": return Self.help
    case "registers": return registers(words.count > 1 ? words[1] : nil)
    case "reta": return accelerator()
    case "jobs": return jobs()
    case "events": return events()
    case "cycles": return cycles()
    case let word: return "no monitor command '\(word)'; there are:\n" + Self.help
    }
  }

  private func registers(_ name: String?) -> String {
    let blocks = MachineDescription.placedBlocks(machine.configuration.profile)
    guard let name else { return blocks.map { "\($0.name): \($0.block.summary)\n" }.joined() }
    guard let found = try? RegistersCommand.select(name, of: blocks) else {
      return "no block '\(name)'; there are: \(blocks.map(\.name).joined(separator: ", "))\n"
    }
    return found.map(text).joined()
  }

  private func text(_ placed: PlacedBlock) -> String {
    var text = "\(placed.name) at \(Session.hex(placed.base))\n"
    let width = placed.block.registers.map(\.name.count).max() ?? 0
    for register in placed.block.registers {
      let address = placed.base &+ register.offset
      guard let value = machine.bus.peek(address, at: machine.hart.cycle) else { continue }
      let name = register.name + String(repeating: " ", count: width - register.name.count)
      let fields = register.fields.isEmpty ? "" : "  " + register.describe(value)
      text += "  \(Session.hex(address)) \(name) \(Session.hex(value))\(fields)\n"
    }
    return text
  }

  private func accelerator() -> String {
    var text = registers("RETA")
    if let job = machine.accelerator.currentJob {
      text += "running: \(describe(job))\n"
    } else {
      text += machine.accelerator.isBusy ? "about to start a job\n" : "idle\n"
    }
    let totals = machine.accelerator.totals(at: machine.hart.cycle)
    text += "so far: \(totals.jobs) jobs, \(totals.descriptors) descriptors, \(totals.errors) errors, "
    text += "\(totals.macs) MACs, \(totals.bytesRead) bytes read, \(totals.bytesWritten) written, "
    return text + "\(totals.runCycles) cycles running, \(totals.stallCycles) of them stalled\n"
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
