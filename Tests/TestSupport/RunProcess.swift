// Runs a program and captures what it prints. The time limit is a guard against hanging, never an assertion.

import Foundation

/// What a program left behind.
public struct ProcessOutcome: Sendable {
  /// Exit status; 128 + signal number when a signal ended it.
  public let status: Int32
  public let output: [UInt8]
  public let errors: String
  /// True when the guard ended it.
  public let timedOut: Bool

  public var text: String { String(decoding: output, as: UTF8.self) }
}

/// Runs `program` (a path, or a name on PATH) with `arguments` and waits for its end. Output goes through files, so
/// that any amount of it cannot block the program.
public func run(
  _ program: String, _ arguments: [String] = [], input: [UInt8] = [], directory: String? = nil,
  environment: [String: String] = [:], limit seconds: Double = 300
) throws -> ProcessOutcome {
  try Repository.withTemporaryDirectory { folder in
    func file(_ name: String, _ content: [UInt8] = []) throws -> URL {
      let url = folder.appendingPathComponent(name)
      try Data(content).write(to: url)
      return url
    }
    let outputFile = try file("output")
    let errorFile = try file("errors")
    let process = Process()
    if program.contains("/") {
      process.executableURL = URL(fileURLWithPath: program)
      process.arguments = arguments
    } else {
      process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      process.arguments = [program] + arguments
    }
    if let directory { process.currentDirectoryURL = URL(fileURLWithPath: directory) }
    if !environment.isEmpty {
      process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
    }
    process.standardInput = try FileHandle(forReadingFrom: file("input", input))
    process.standardOutput = try FileHandle(forWritingTo: outputFile)
    process.standardError = try FileHandle(forWritingTo: errorFile)
    let ended = DispatchSemaphore(value: 0)
    process.terminationHandler = { _ in ended.signal() }
    try process.run()
    let timedOut = ended.wait(timeout: .now() + seconds) == .timedOut
    if timedOut {
      kill(process.processIdentifier, SIGKILL)
      ended.wait()
    }
    let status = process.terminationStatus
    return ProcessOutcome(
      status: process.terminationReason == .uncaughtSignal ? 128 + status : status,
      output: [UInt8](try Data(contentsOf: outputFile)),
      errors: String(decoding: try Data(contentsOf: errorFile), as: UTF8.self), timedOut: timedOut)
  }
}
