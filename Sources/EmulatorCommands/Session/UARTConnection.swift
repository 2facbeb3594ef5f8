// What is wired to UART 0 outside the chip: a file, the terminal, its own receive pin.
//
// Options `--uart` and `--uart-input` of `cli.md`. Left out: `pty` and `tcp`.

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
      loopback: its own receive pin. Default: output to standard output.
      """, valueName: "FILE|stdio|loopback"))
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
    case "stdio": connection.readsStandardInput = true
    case let target? where target == "pty" || target.hasPrefix("tcp:"):
      throw HostError.usage("--uart \(target): not available yet; stdio, loopback or a file is")
    case let target?:
      try HostFiles.checkWritable(target)
      let descriptor = open(target, O_WRONLY | O_CREAT | O_TRUNC, 0o666)
      guard descriptor >= 0 else { throw HostError.cannotCreate("\(target): cannot be written") }
      connection.output = .file(GuestOutput(descriptor: descriptor))
    }
    return connection
  }
}

/// UART 0's connection to the host.
final class UARTConnection {
  enum Output {
    /// Where virtual stdout goes too.
    case standard
    case file(GuestOutput)
    case loopback
  }

  var output = Output.standard
  /// Input that is known from the start.
  var characters: [UInt8] = []
  /// Standard input is sent on as it comes.
  var readsStandardInput = false

  /// Wires the connection to the machine before it runs.
  func attach(to machine: Machine) {
    switch output {
    case .standard: break
    case .file(let file): machine.onUARTCharacter = { file.put($0) }
    case .loopback:
      machine.udma.uart?.isLoopedBack = true
      machine.onUARTCharacter = { _ in }
    }
    for character in characters { machine.uartLine?.send(character, at: 0) }
    machine.uartLine?.isOpen = readsStandardInput
  }

  /// The longest slice, cycles: with a live input short enough that a character is not kept waiting.
  var sliceLimit: UInt64 { readsStandardInput ? 1 << 22 : 1 << 40 }

  /// Sends what has come on standard input since the last time; waits a little if the machine has nothing else to do.
  func takeInput(_ machine: Machine) {
    guard readsStandardInput else { return }
    var descriptor = pollfd(fd: 0, events: Int16(POLLIN), revents: 0)
    let isIdle = machine.hart.isAsleep && machine.uartLine?.isBusy == false
    guard poll(&descriptor, 1, isIdle ? 20 : 0) > 0 else { return }
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = read(0, &buffer, buffer.count)
    if count < 0, errno == EINTR || errno == EAGAIN { return }
    guard count > 0 else {
      readsStandardInput = false
      machine.uartLine?.isOpen = false
      return
    }
    for character in buffer.prefix(count) { machine.uartLine?.send(character, at: machine.hart.cycle) }
  }

  func flush() {
    if case .file(let file) = output { file.flush() }
  }
}
