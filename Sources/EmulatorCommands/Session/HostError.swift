// What is wrong with the host's side of a run: one line and an exit status.

import ArgumentParser
import Foundation

/// A mistake on the host's side. `description` is the one line that the user sees.
public struct HostError: Error, CustomStringConvertible, Sendable {
  public let status: Int32
  public let description: String

  /// 64: wrong usage.
  public static func usage(_ text: String) -> HostError { HostError(status: 64, description: text) }
  /// 65: a file that is not what it should be.
  public static func data(_ text: String) -> HostError { HostError(status: 65, description: text) }
  /// 66: a named file cannot be read.
  public static func noInput(_ text: String) -> HostError { HostError(status: 66, description: text) }
  /// 73: an output file cannot be written.
  public static func cannotCreate(_ text: String) -> HostError { HostError(status: 73, description: text) }
}

/// Exit statuses of `cli.md`.
enum ExitStatus {
  static let lockup: Int32 = 120
  static let strict: Int32 = 121
  static let check: Int32 = 122
  static let limit: Int32 = 124
  static let interrupted: Int32 = 130

  /// The firmware's exit code as a process's: its low byte, 255 if that is 0 and the code is not.
  static func firmware(_ code: UInt32) -> Int32 {
    code & 0xFF == 0 && code != 0 ? 255 : Int32(code & 0xFF)
  }
}

/// Standard error, a line at a time.
enum Console {
  static func error(_ line: String) { put(Data((line + "\n").utf8), to: 2) }

  /// A line on standard output, in order with what the firmware prints there.
  static func output(_ line: String, terminator: String = "\n") { put(Data((line + terminator).utf8), to: 1) }

  /// A file that was asked for on standard output; 73 if it cannot be written there.
  static func outputFile(_ data: Data) throws {
    guard put(data, to: 1) else { throw HostError.cannotCreate("standard output: cannot be written") }
  }

  /// False if the reader has gone or there is no space. Nothing else follows from that: a run must not depend on who
  /// listens. (`FileHandle` would end the process.)
  @discardableResult
  static func put(_ data: Data, to descriptor: Int32) -> Bool {
    data.withUnsafeBytes { buffer in
      var rest = buffer[...]
      while !rest.isEmpty {
        let written = write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if written < 0 {
          if errno == EINTR || errno == EAGAIN { continue }
          if descriptor == 1 { lostOutput = errno }
          return false
        }
        rest = rest.dropFirst(written)
      }
      return true
    }
  }

  /// Why a line for standard output could not be written, 0 if all could. One thread prints.
  nonisolated(unsafe) private static var lostOutput: Int32 = 0

  /// 73 if what a command printed has not all reached standard output, unless its reader has gone.
  static func checkOutput() throws {
    let reason = lostOutput
    guard reason == 0 || reason == EPIPE else {
      throw HostError.cannotCreate("standard output: cannot be written: \(String(cString: strerror(reason)))")
    }
  }

  /// Opens those of the descriptors 0 to 2 that are closed, on nothing: else the first output file would take one,
  /// and what the firmware prints would go into it.
  static func openMissing() {
    for descriptor: Int32 in 0...2 where fcntl(descriptor, F_GETFD) < 0 && errno == EBADF {
      _ = open("/dev/null", descriptor == 0 ? O_RDONLY : O_WRONLY)
    }
  }

  /// Runs `body`; a host error becomes its line on standard error and the exit status.
  static func reporting(_ body: () throws -> Void) throws {
    do {
      try body()
    } catch let error as HostError {
      Console.error("pulpemu: \(error.description)")
      throw ExitCode(error.status)
    }
  }

  /// True if standard error is a terminal.
  static var errorIsTerminal: Bool { isatty(2) != 0 }
}
