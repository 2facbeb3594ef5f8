// Where tests find the files of this repository and the products of its build.

import Foundation

/// Paths of the repository that the tests were compiled from.
public enum Repository {
  public static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// The absolute path of `relative`, for example `firmware/build/hello.elf`.
  public static func path(_ relative: String) -> String { root.appendingPathComponent(relative).path }

  /// The `pulpemu` executable of the build that runs the tests.
  public static var pulpemu: String {
    let beside = Bundle.main.bundleURL.appendingPathComponent("pulpemu").path
    return FileManager.default.isExecutableFile(atPath: beside) ? beside : path(".build/release/pulpemu")
  }

  /// The Python with the packages that scripts/setup installs for tests.
  public static var python: String { path(".build-tools/python/bin/python3") }

  /// A new, empty folder for a test's files; `body`'s end removes it.
  public static func withTemporaryDirectory<Result>(_ body: (URL) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("pulpemu-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder)
  }
}
