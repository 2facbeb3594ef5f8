// The state of a run: the machine, what was recorded of it, and what the host remembers for the program.

import HardwareModel
import Instrumentation
import PULPissimo

extension Session {
  /// The state as bytes; a host error if the run is where it cannot be saved.
  func state() throws -> [UInt8] {
    guard !machine.isIncomplete else {
      throw HostError.cannotCreate(
        "the state cannot be saved: the run was given up in the middle of the accelerator's arithmetic; "
          + "save it at a cycle (--save-at) or at a limit")
    }
    let archive = StateArchive()
    guard visit(archive) else {
      throw HostError.cannotCreate(
        "the state cannot be saved while the program has files of the host open; save it before or behind that")
    }
    return archive.bytes
  }

  /// Goes on from `state`, which an equal session has saved; what is wrong with it, if anything is. This session must be
  /// new.
  func load(state: [UInt8]) -> String? {
    let archive = StateArchive(loading: state)
    _ = visit(archive)
    archive.finish()
    // Asks again for input, if somebody is there who may type.
    if let line = machine.uartLine { line.isOpen = uart?.input != nil }
    return archive.problem
  }

  /// False if there is something that cannot be saved.
  private func visit(_ archive: StateArchive) -> Bool {
    archive.visit("machine", machine)
    archive.visit("recorder", recorder)
    var numbers: [UInt32] = []
    if let semihosting, !archive.isLoading {
      guard let state = semihosting.state else { return false }
      numbers = state
    }
    archive.visit("semihosting", &numbers, most: 1 << 10)
    if let semihosting, archive.isLoading, archive.problem == nil, !semihosting.restore(numbers) {
      archive.refuse("semihosting: handles that do not exist")
    }
    return true
  }
}
