// A debugged machine in this process, without gdb and without a connection.

import Foundation
import GDBServer
import HardwareModel
import PULPissimo
import Testing

@testable import EmulatorCommands

final class DebugBench {
  struct Endless: Error {}

  let target: DebugMachine

  init(
    _ program: SnapshotProgram, isChecked: Bool = false, bytes: Int = 64 << 20, period: UInt64 = 50_000
  ) throws {
    let settings = DebugMachine.Settings(
      canReverse: true, isChecked: isChecked, snapshotBytes: bytes, snapshotPeriod: period)
    target = try DebugMachine(settings) { isChecked in
      let session = try program.session()
      if isChecked {
        try session.attachChecker(CheckSettings(mode: .warn, suppressions: []), isQuiet: true)
      }
      return session
    }
  }

  /// Lets the target go until it stops.
  @discardableResult
  func go(_ resumption: Resumption) throws -> StopEvent {
    target.resume(resumption)
    for _ in 0..<100_000 {
      if let event = target.advance(resumption) { return event }
    }
    throw Endless()
  }

  func step() throws { _ = try go(.step(while: 0..<0)) }

  /// Runs on to `cycle` and stops there, as Ctrl-C would.
  func run(to cycle: UInt64) {
    target.resume(.run)
    target.ignore()
    while true {
      let end = target.slice(until: cycle)
      if end.reason != .limit || end.cycles >= cycle { break }
    }
    target.farthest = max(target.farthest, target.place)
  }

  /// The whole state, as a snapshot has it. It depends on which engine has come here.
  func state() throws -> [UInt8] { try target.session.state() }

  /// Where the core is and what its registers hold, for messages.
  var seen: String {
    let hart = target.hart
    return "cycle \(hart.cycle), position \(target.position), pc \(String(hart.pc, radix: 16)), "
      + "\((0..<32).map { hart[register: $0] }), asleep \(hart.isAsleep)"
  }

  /// Everything that a program or a debugger can see: core, CSRs, memories, all registers of all blocks, devices, totals.
  func visible() throws -> String {
    let machine = target.machine
    let cycle = machine.hart.cycle
    let registers = MachineDescription.placedBlocks(machine.configuration.profile).flatMap { placed in
      placed.block.registers.map { register in
        "\(placed.name).\(register.name) \(machine.bus.peek(placed.base &+ register.offset, at: cycle) ?? 0)"
      }
    }
    let end = RunEnd(reason: .limit, code: 0, pc: machine.hart.pc, message: "", cycles: cycle)
    var statistics = target.session.statistics(end, configuration: [:])
    statistics.wallSeconds = 0
    statistics.mips = 0
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
    let memories = machine.memories.map { memory in
      HostFiles.sha256([UInt8](UnsafeRawBufferPointer(start: memory.bytes, count: memory.size)))
    }
    let csrs = (UInt16(0)..<4096).compactMap { machine.hart.peekCSR($0) }
    return """
      \(seen)
      \(csrs)
      \(memories)
      \(String(decoding: try encoder.encode(statistics), as: UTF8.self))
      \(registers.joined(separator: "\n"))
      \(machine.accelerator.totals(at: cycle)) \(String(describing: machine.accelerator.currentJob))
      """
  }
}
