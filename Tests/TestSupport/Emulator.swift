// Running the `pulpemu` executable on small images.

import Foundation

/// The command-line tool under test, in a folder of its own.
public struct Emulator {
  public let folder: URL

  /// Runs `body` with an emulator in a new folder, which is removed at the end.
  public static func inFolder<Result>(_ body: (Emulator) throws -> Result) throws -> Result {
    try Repository.withTemporaryDirectory { try body(Emulator(folder: $0)) }
  }

  /// The path of a file in the folder.
  public func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

  /// Writes a file; returns its path.
  @discardableResult
  public func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    try Data(bytes).write(to: folder.appendingPathComponent(name))
    return path(name)
  }

  @discardableResult
  public func write(_ name: String, _ text: String) throws -> String { try write(name, Array(text.utf8)) }

  /// Writes an image that holds `program`; returns its path. `change` may spoil it.
  public func image(
    _ name: String, _ program: Assembly, change: (inout ELFBuilder) -> Void = { _ in }
  ) throws -> String {
    var builder = ELFBuilder(program: program.words, at: program.base)
    change(&builder)
    return try write(name, builder.build())
  }

  /// Writes an image under a name of its own.
  public func image(_ program: Assembly, change: (inout ELFBuilder) -> Void = { _ in }) throws -> String {
    try image("test-\(UUID().uuidString.prefix(8)).elf", program, change: change)
  }

  public func text(_ name: String) throws -> String { try String(contentsOfFile: path(name), encoding: .utf8) }

  /// A JSON file as a dictionary.
  public func object(_ name: String) throws -> [String: Any] {
    let data = try Data(contentsOf: folder.appendingPathComponent(name))
    return try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
  }

  /// Runs `pulpemu`.
  public func run(_ arguments: String..., limit: Double = 120) throws -> ProcessOutcome {
    try run(arguments, limit: limit)
  }

  public func run(_ arguments: [String], limit: Double = 120) throws -> ProcessOutcome {
    try TestSupport.run(Repository.pulpemu, arguments, directory: folder.path, limit: limit)
  }
}

extension ProcessOutcome {
  /// The last line of standard error.
  public var lastErrorLine: String { errors.split(separator: "\n").last.map(String.init) ?? "" }
}
