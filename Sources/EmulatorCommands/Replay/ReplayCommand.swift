// `pulpemu replay`: reference traces recorded on the RTL against the models alone.

import ArgumentParser
import Foundation

struct ReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Replay reference traces recorded on the RTL against the models.",
    discussion: """
      Knows traces of register blocks, of the uDMA with its pins, and of the L2 interconnect. Prints the first \
      difference of each trace (cycle, signal or register, expected, got), what a trace needs and the model lacks, \
      and a summary. L2 traces are played twice, with the recorded request cycles and in a closed loop.

      Exit status: 0 if all are equal, 1 if not, 65 for a file that is no trace, 66 for one that cannot be read.
      """)

  @Argument(help: "Trace files, or folders whose *.jsonl files are replayed in order of name, subfolders included.")
  var paths: [String]

  func run() throws {
    var refused: Int32?
    var equal = 0
    var total = 0
    for path in paths {
      for file in Self.files(at: path) {
        total += 1
        let trace: ReplayFile
        do {
          trace = try ReplayFile.read(file)
        } catch let error as HostError {
          Console.error("pulpemu: \(error.description)")
          refused = refused ?? error.status
          continue
        }
        switch TraceReplay.play(trace) {
        case .equal: equal += 1
        case .differs(let difference): Console.output(difference)
        case .lacks(let reason):
          Console.output("\((file as NSString).lastPathComponent): not replayed in full: \(reason)")
        }
      }
    }
    Console.output("\(equal) of \(total) equal")
    if let refused { throw ExitCode(refused) }
    if equal != total { throw ExitCode(1) }
  }

  /// The trace files that `path` names.
  static func files(at path: String) -> [String] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
      return [path]
    }
    let names = FileManager.default.subpaths(atPath: path) ?? []
    return names.filter { $0.hasSuffix(".jsonl") }.sorted().map { path + "/" + $0 }
  }
}
