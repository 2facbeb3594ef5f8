/// `pulpemu vectors`: test vectors of the accelerator against its model.
///
/// Models: the command of cli.md: one line a case on standard output; status 0 if all agree, 1 if not, 65 for a file
/// that is no vector file, 66 for one that cannot be read.

import ArgumentParser
import Foundation
import RetentionAccelerator

struct VectorsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "vectors",
    abstract: "Run accelerator test vectors against the model.",
    discussion: """
      Runs each vector through the accelerator's registers, with L2 filled and read behind its back, no core and \
      nothing else on the bus. Prints one line a case: ok or DIFFERS, CYCLES expected and got, and the first \
      difference. Knows case files with their binary, register sequences, and the worked example.

      Exit status: 0 if all agree, 1 if a case differs, 65 for a file of no known kind or a malformed one, 66 for one \
      that cannot be read.
      """)

  @Argument(help: "Vector files, or folders whose *.json files are run in order of name.")
  var paths: [String]

  func run() throws {
    var failure: Int32?
    var agreeing = 0
    var total = 0
    let runner = VectorRunner(sha256: HostFiles.digest)
    func attempt(_ action: () throws(VectorFile.Failure) -> Void) {
      do throws(VectorFile.Failure) { try action() } catch {
        switch error {
        case .unreadable(let message):
          Self.complain(message)
          failure = failure ?? 66
        case .malformed(let message):
          Self.complain(message)
          failure = failure ?? 65
        }
      }
    }
    for path in paths {
      var files: [String] = []
      attempt { () throws(VectorFile.Failure) in files = try Self.files(at: path) }
      for file in files {
        attempt { () throws(VectorFile.Failure) in
          let name = (file as NSString).lastPathComponent
          for outcome in Self.outcomes(of: try VectorFile.read(file), runner) {
            total += 1
            if outcome.agrees { agreeing += 1 }
            Console.output(Self.line(outcome, file: name))
          }
        }
      }
    }
    Self.complain("\(agreeing) of \(total) agree")
    if let failure { throw ExitCode(failure) }
    if agreeing != total { throw ExitCode(1) }
  }

  /// The vector files that `path` names.
  static func files(at path: String) throws(VectorFile.Failure) -> [String] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw .unreadable("\(path): no such file or folder")
    }
    guard isFolder.boolValue else { return [path] }
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
      throw .unreadable("\(path): cannot be read")
    }
    let files = names.filter { $0.hasSuffix(".json") }.sorted()
    if files.isEmpty { throw .malformed("\(path): no *.json files") }
    return files.map { (path as NSString).appendingPathComponent($0) }
  }

  static func outcomes(of file: VectorFile, _ runner: VectorRunner) -> [VectorOutcome] {
    switch file {
    case .cases(let cases): cases.map(runner.run)
    case .sequences(let sequences): sequences.map(runner.run)
    case .example(let example): runner.run(example)
    }
  }

  static func line(_ outcome: VectorOutcome, file: String) -> String {
    var line = "\(outcome.agrees ? "ok     " : "DIFFERS") \(file) \(outcome.name)"
    if let expected = outcome.expectedCycles, let cycles = outcome.cycles {
      line += ": cycles expected \(expected), got \(cycles)"
    }
    if let difference = outcome.difference { line += ": \(difference)" }
    return line
  }

  private static func complain(_ message: String) {
    Console.error("pulpemu: \(message)")
  }
}
