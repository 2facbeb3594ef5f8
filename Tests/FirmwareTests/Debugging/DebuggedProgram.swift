// A program of the shipped firmware under a real gdb in batch mode.
//
// Times are bounded by guards and never asserted. The emulator says on which free port it waits.

import Foundation
import TestSupport
import Testing

/// A program that waits for gdb.
struct DebuggedProgram {
  var gdb = ""
  var status: Int32 = 0
  var errors = ""
  var stats: [String: Any] = [:]

  /// Runs gdb with `commands` on the firmware `name`. PORT in them is the port.
  init(_ name: String, options: [String] = [], _ commands: [String]) throws {
    (gdb, status, errors, stats) = try Emulator.inFolder { emulator in
      let process = Process()
      process.executableURL = URL(fileURLWithPath: Repository.pulpemu)
      process.arguments =
        ["debug", "--port", "0", "--stats", emulator.path("stats.json")] + options + [Firmware.path(name)]
      let errorPipe = Pipe()
      process.standardError = errorPipe
      process.standardInput = FileHandle.nullDevice
      process.standardOutput = FileHandle.nullDevice
      let ended = DispatchSemaphore(value: 0)
      process.terminationHandler = { _ in ended.signal() }
      try process.run()
      defer { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }
      var errors = ""
      var port: Substring?
      while port == nil {
        let data = errorPipe.fileHandleForReading.availableData
        guard !data.isEmpty else { break }
        errors += String(decoding: data, as: UTF8.self)
        port =
          errors.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
          .first { $0.contains("waiting for gdb") }?.split(separator: ":").last
      }
      let found = try #require(port, "no port was announced: \(errors)")
      let setup = ["set confirm off", "set pagination off", "set width 0", "target remote 127.0.0.1:\(found)"]
      let outcome = try run(
        "gdb-multiarch",
        ["-nx", "-batch"] + (setup + commands.map { $0.replacing("PORT", with: found) }).flatMap { ["-ex", $0] } + [
          Firmware.path(name)
        ], limit: 120)
      #expect(!outcome.timedOut)
      if ended.wait(timeout: .now() + 60) == .timedOut {
        kill(process.processIdentifier, SIGKILL)
        Issue.record("the emulator did not end: \(outcome.text)")
      }
      errors += String(decoding: errorPipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      return (
        outcome.text + outcome.errors, process.terminationStatus, errors,
        (try? emulator.object("stats.json")) ?? [:]
      )
    }
  }

  /// The statistics without what depends on the host and without the findings of the driver checker, which is on under gdb.
  var comparable: String {
    var stats = stats
    for key in ["wallSeconds", "mips", "configuration", "dump", "check"] { stats[key] = nil }
    let data = (try? JSONSerialization.data(withJSONObject: stats, options: [.sortedKeys, .prettyPrinted])) ?? Data()
    return String(decoding: data, as: UTF8.self)
  }
}
