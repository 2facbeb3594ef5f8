// Runs of the shipped firmware that can be cut, saved and gone on with, in this process.

import Foundation
import HardwareModel
import PULPissimo
import TestSupport

@testable import EmulatorCommands
@testable import Instrumentation

/// A program with what it needs around it.
struct SnapshotProgram: Sendable, CustomStringConvertible {
  var name: String
  var options: [String] = []
  var description: String { name }

  /// Ways of executing; all of them are the same machine.
  enum Engine: CaseIterable { case translator, interpreter, exact, stepped }

  private static func board(_ name: String) -> [String] { ["--board", Repository.path("boards/\(name).yaml")] }

  static let all = [
    SnapshotProgram(name: "hello"), SnapshotProgram(name: "timers"),
    SnapshotProgram(name: "hello", options: ["--profile", "p7"]),
    SnapshotProgram(name: "gpio-pins", options: board("loopback")),
    SnapshotProgram(name: "pwm-wave", options: board("loopback")),
    SnapshotProgram(name: "uart-loopback", options: board("loopback") + ["--profile", "p7"]),
    SnapshotProgram(name: "uart-loopback", options: board("loopback")),
    SnapshotProgram(name: "i2c-devices", options: board("sensors")),
    SnapshotProgram(name: "camera", options: board("camera")),
    SnapshotProgram(name: "i2s-echo", options: board("audio") + ["--profile", "p7"]),
    SnapshotProgram(name: "spi-flash", options: ["--board", Repository.path("Tests/Boards/fast-flash.yaml")]),
    SnapshotProgram(name: "reta-selftest"), SnapshotProgram(name: "retnet-digits"),
    SnapshotProgram(name: "retnet-generate-irq"), SnapshotProgram(name: "retnet-generate-queue"),
    SnapshotProgram(name: "retnet-generate-list", options: ["--set", "l2.interleavedBanks=8"]),
    SnapshotProgram(name: "retnet-generate-shared"),
    SnapshotProgram(name: "retnet-generate-poll", options: ["--timing", "none"]),
    SnapshotProgram(
      name: "retnet-generate-shared", options: ["--set", "interconnect.contention=false"]),
  ]

  /// Takes too long to be run to its end many times.
  static let flash = SnapshotProgram(
    name: "retnet-flash", options: ["--spi-flash", Repository.path("firmware/build/charlm.flash")])

  static func named(_ name: String) -> SnapshotProgram { (all + [flash]).first { $0.name == name } ?? flash }

  /// A new run of it.
  func session(_ engine: Engine = .translator) throws -> Session {
    let command = try RunCommand.parse(options + [Firmware.path(name)])
    var configuration = try command.machine.configuration()
    configuration.board = try command.board.files(configuration.profile).description
    configuration.hart.translator = engine == .translator
    configuration.hart.blockEngine = engine == .translator || engine == .interpreter
    configuration.hart.alwaysStepped = engine == .stepped
    let session = try Session(
      image: try Session.image(Firmware.path(name)), configuration: configuration,
      output: GuestOutput(descriptor: -1, isKept: true), isQuiet: true)
    try session.connect([], uart: nil, nil, arguments: nil)
    return session
  }
}

extension Session {
  /// Runs to the program's end.
  func runOn() -> RunEnd { finish(run(to: 20_000_000)) }

  /// Runs up to `cycle`.
  func run(to cycle: UInt64) -> RunEnd { machine.run(limits: RunLimits(cycles: cycle)) }

  /// Everything that an end can be compared by.
  func summary(_ end: RunEnd, printedBefore: [UInt8] = []) throws -> String {
    var statistics = statistics(end, configuration: [:])
    statistics.wallSeconds = 0
    statistics.mips = 0
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
    let registers = (0..<32).map { machine.hart[register: $0] } + [machine.hart.pc]
    let memories = machine.memories.map { memory in
      HostFiles.sha256([UInt8](UnsafeRawBufferPointer(start: memory.bytes, count: memory.size)))
    }
    // Not the cycle counter: between two instructions the engines stand at different places of the same cycle count.
    let csrs = (UInt16(0)..<4096).filter { $0 & 0xF7F != 0xB00 && $0 & 0xF7F != 0xC00 }
      .compactMap { machine.hart.peekCSR($0) }
    let devices =
      machine.board.flashes.map { HostFiles.sha256($0.contents) }
      + machine.board.eeproms.map { HostFiles.sha256($0.contents) }
    let recording = machine.board.recording.map { "\($0.values)" } ?? ""
    return """
      \(end)
      \(registers)
      \(csrs)
      \(memories) \(devices) \(recording)
      \(String(decoding: printedBefore + output.text, as: UTF8.self))
      \(String(decoding: try encoder.encode(statistics), as: UTF8.self))
      """
  }

  /// Names of what was under way when the run was cut, of interest for what a snapshot has to hold.
  var underWay: Set<String> {
    var found: Set<String> = []
    if machine.accelerator.isRunning { found.insert("job") }
    if machine.accelerator.currentJob?.operation == "list" { found.insert("list") }
    if machine.udma.nextActivity != .never { found.insert("transfer") }
    if machine.hart.isAsleep { found.insert("sleep") }
    if machine.queue.scheduled.contains(where: { $0.name == "core.data" }) { found.insert("access") }
    if machine.accelerator.totals(at: machine.hart.cycle).stallCycles > 0, machine.accelerator.isRunning {
      found.insert("contention")
    }
    return found
  }
}
