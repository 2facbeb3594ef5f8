// What is wired to UART 0 outside the chip: a file, the terminal, a pseudo-terminal, a TCP client, its own receive pin.
//
// Options `--uart` and `--uart-input` of `cli.md`. What comes from a file is known before the run and arrives in the same
// cycles every time. What comes while the machine runs (stdio, pty, tcp) is put on the pin when the run loop next looks,
// a few milliseconds of the host later: only then a run depends on who types. Either way it arrives bit by bit, at the
// rate that the receiver is set to.

import ArgumentParser
import Foundation
import PULPissimo

/// The options that say what UART 0 is wired to.
struct UARTOptions: ParsableArguments {
  @Option(
    name: .customLong("uart"),
    help: ArgumentHelp(
      """
      What UART 0 is wired to: a file for its output; stdio: output to standard output, input from standard input; \
      pty: a new pseudo-terminal, whose name is told (pty:LINK: and a symbolic link to it); tcp:PORT: one client at a \
      time on 127.0.0.1, for the first of which the start waits up to 10 s (port 0: a free one, which is told); \
      loopback: its own receive pin. Default: output to standard output.
      """, valueName: "FILE|stdio|pty|tcp:PORT|loopback"))
  var target: String?

  @Option(
    name: .customLong("uart-input"),
    help: ArgumentHelp("Characters for UART 0, sent as fast as the firmware takes them.", valueName: "FILE"))
  var input: String?

  /// The connection, nil if it is the default one.
  func connection() throws -> UARTConnection? {
    guard target != nil || input != nil else { return nil }
    let connection = UARTConnection()
    if let input {
      guard target != "loopback" else {
        throw HostError.usage("--uart-input: with --uart loopback the receive pin is taken")
      }
      connection.characters = try HostFiles.read(input)
    }
    switch target {
    case nil: break
    case "loopback": connection.output = .loopback
    case "stdio": connection.input = StandardInput()
    case let target? where target == "pty" || target.hasPrefix("pty:"):
      let link = target.dropFirst(4)
      guard target == "pty" || !link.isEmpty else { throw HostError.usage("--uart pty:LINK takes a name for the link") }
      connection.attach(try PseudoTerminal(link: link.isEmpty ? nil : String(link)))
    case let target? where target.hasPrefix("tcp:"):
      guard let port = UInt16(target.dropFirst(4)) else {
        throw HostError.usage("--uart tcp:PORT takes a port from 0 to 65535, not '\(target.dropFirst(4))'")
      }
      connection.attach(try TCPServer(port: port))
    case let target?:
      try HostFiles.checkWritable(target)
      let descriptor =
        if case .descriptor(let own) = OutputPlace(target) {
          dup(own)
        } else {
          open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        }
      guard descriptor >= 0 else { throw HostError.cannotCreate("\(target): cannot be written") }
      connection.output = .file(GuestOutput(descriptor: descriptor, name: target))
    }
    return connection
  }
}

/// Where characters for UART 0 come from while the machine runs.
protocol LiveInput: AnyObject {
  /// What has come; waits at most `milliseconds` for it. Nil: nothing will come any more.
  func take(waiting milliseconds: Int32) -> [UInt8]?
  /// The machine is about to start or has ended.
  func begin(until isLate: () -> Bool)
  func end()
}

/// An input that also takes what UART 0 sends.
protocol LiveLine: LiveInput {
  /// What to tell the user: where it can be reached.
  var announcement: String { get }
  func put(_ character: UInt8)
  func flush()
}

/// UART 0's connection to the host.
final class UARTConnection {
  enum Output {
    /// Where virtual stdout goes too.
    case standard
    case file(GuestOutput)
    case line(any LiveLine)
    case loopback
  }

  var output = Output.standard
  /// Input that is known from the start.
  var characters: [UInt8] = []
  /// Input that comes while the machine runs.
  var input: (any LiveInput)?

  /// Uses `line` in both directions.
  func attach(_ line: any LiveLine) {
    output = .line(line)
    input = line
  }

  /// Wires the connection to the machine before it runs.
  func attach(to machine: Machine) {
    switch output {
    case .standard: break
    case .file(let file): machine.onUARTCharacter = { file.put($0) }
    case .line(let line): machine.onUARTCharacter = { line.put($0) }
    case .loopback:
      machine.udma.uart?.isLoopedBack = true
      machine.onUARTCharacter = { _ in }
    }
    for character in characters { machine.uartLine?.send(character, at: 0) }
    machine.uartLine?.isOpen = input != nil
  }

  /// What the user has to know to get at the other end.
  var announcement: String? {
    if case .line(let line) = output { line.announcement } else { nil }
  }

  /// The longest slice, cycles: with a live input short enough that a character is not kept waiting.
  var sliceLimit: UInt64 { input == nil ? 1 << 40 : 1 << 22 }

  /// Waits for who is to be there from the start, unless `isLate`.
  func begin(until isLate: () -> Bool) { input?.begin(until: isLate) }

  /// Sends what has come since the last time; waits a little if the machine has nothing else to do.
  func takeInput(_ machine: Machine) {
    guard let input else { return }
    let isIdle = machine.hart.isAsleep && machine.uartLine?.isBusy == false
    guard let characters = input.take(waiting: isIdle ? 20 : 0) else {
      self.input = nil
      machine.uartLine?.isOpen = false
      return
    }
    for character in characters { machine.uartLine?.send(character, at: machine.hart.cycle) }
  }

  func flush() {
    switch output {
    case .file(let file): file.flush()
    case .line(let line): line.flush()
    case .standard, .loopback: break
    }
  }

  /// Hands over what is left and lets go of the host's side.
  func end() {
    flush()
    if case .line(let line) = output { line.end() } else { input?.end() }
  }
}
