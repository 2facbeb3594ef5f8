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
    while target.hart.cycle < cycle, target.slice(until: cycle).reason == .limit {}
    target.farthest = max(target.farthest, target.place)
  }

  /// The whole state, bit for bit.
  func state() throws -> [UInt8] { try target.session.state() }

  /// What a user can see of it, for messages.
  var seen: String {
    let hart = target.hart
    return "cycle \(hart.cycle), position \(target.position), pc \(String(hart.pc, radix: 16)), "
      + "\((0..<32).map { hart[register: $0] }), asleep \(hart.isAsleep)"
  }
}
