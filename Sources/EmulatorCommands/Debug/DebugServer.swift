// Serves gdb: packets in, the machine on, stops out, until the program or whoever debugs it has had enough.

import Foundation
import GDBServer
import PULPissimo

final class DebugServer {
  private let target: DebugMachine
  private let connection: DebugConnection
  /// The session ends with the first client.
  private let isOnce: Bool
  private var hasGone = false

  /// What the end of a conversation means.
  private enum Outcome {
    case interrupted, gone, killed, detached
    case ended(RunEnd)
  }

  init(_ target: DebugMachine, _ connection: DebugConnection, isOnce: Bool) {
    self.target = target
    self.connection = connection
    self.isOnce = isOnce
  }

  /// Answers one client after another; the process's exit status.
  func run() -> Int32 {
    defer {
      connection.end()
      target.session.output.flush()
    }
    Console.error("pulpemu: waiting for gdb on \(connection.name)")
    while true {
      guard connection.accept({ [target] in target.listen() }) else { return ExitStatus.interrupted }
      switch talk() {
      case .interrupted: return ExitStatus.interrupted
      case .killed: return 0
      case .ended(let end):
        Console.error(target.session.lastLine(end))
        return Session.status(end)
      case .detached:
        connection.end()
        let end = target.runAlone()
        Console.error(target.session.lastLine(end))
        return Session.status(end)
      case .gone:
        connection.end()
        target.removePoints()
        guard !isOnce else {
          Console.error("pulpemu: gdb has gone away; the program ends here")
          return 0
        }
        Console.error(
          "pulpemu: gdb has gone away; the program stands at \(target.session.place(target.hart.pc)), cycle "
            + "\(target.hart.cycle)")
        Console.error("pulpemu: waiting for gdb on \(connection.name)")
      }
    }
  }

  private func talk() -> Outcome {
    let stub = GDBStub(target)
    hasGone = false
    target.isInterrupted = { [unowned self, unowned stub] in !listen(stub, waiting: 0) || stub.wantsInterrupt }
    defer { target.isInterrupted = { false } }
    var current: Resumption?
    while !hasGone, !stub.isKilled, !stub.isDetached {
      if Interrupts.isRaised { return .interrupted }
      guard listen(stub, waiting: stub.resumption == nil ? (target.session.uart?.input == nil ? 200 : 20) : 0) else {
        break
      }
      guard let resumption = stub.resumption else {
        current = nil
        if !stub.isDead { target.listen() }
        continue
      }
      if current == nil { target.resume(resumption) }
      current = resumption
      var event = target.advance(resumption)
      if event == nil, stub.wantsInterrupt { event = .interrupted }
      // Findings of the driver checker come while the program runs.
      if let text = target.takeConsole() {
        stub.show(text)
        connection.write(stub.takeOutput())
      }
      guard let event else { continue }
      current = nil
      stub.stopped(event)
      connection.write(stub.takeOutput())
    }
    if let end = target.end, end.reason == .exit { return .ended(end) }
    if stub.isKilled || stub.isDead { return .killed }
    return stub.isDetached ? .detached : .gone
  }

  /// Takes what has come; true if the connection still stands.
  private func listen(_ stub: GDBStub, waiting milliseconds: Int32) -> Bool {
    guard let bytes = connection.read(waiting: milliseconds) else {
      hasGone = true
      return false
    }
    stub.receive(bytes)
    connection.write(stub.takeOutput())
    return true
  }
}
