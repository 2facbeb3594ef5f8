// Options that save a machine's state and go on from a saved one.

import ArgumentParser
import Foundation
import PULPissimo

struct SnapshotOptions: ParsableArguments {
  @Option(
    name: .customLong("save-state"),
    help: ArgumentHelp(
      "Save the state of the whole machine where the run stops, for example at --max-cycles.", valueName: "FILE"))
  var saveState: String?

  @Option(
    name: .customLong("save-at"),
    help: ArgumentHelp(
      "With --save-state: save at these cycles instead, and run on. Several: FILE's name gets the cycle.",
      valueName: "CYCLE[,CYCLE...]"))
  var saveAt: String?

  @OptionGroup var loading: LoadStateOptions

  var isUsed: Bool { saveState != nil || loading.loadState != nil }

  /// Refuses what cannot be done, before the run.
  func check() throws {
    guard let saveState else {
      if saveAt != nil { throw HostError.usage("--save-at says when; --save-state FILE says where to") }
      return
    }
    for path in try places().map(\.path) + (saveAt == nil ? [saveState] : []) { try HostFiles.checkWritable(path) }
  }

  /// Prepares `session` to save itself. What goes wrong then is thrown by `SnapshotSaver.finish`.
  func attach(to session: Session) throws -> SnapshotSaver? {
    guard let saveState else { return nil }
    let saver = SnapshotSaver(session, end: saveAt == nil ? saveState : nil, places: try places())
    return saver
  }

  private func places() throws -> [(cycle: UInt64, path: String)] {
    guard let saveState, let saveAt else { return [] }
    let cycles = try saveAt.split(separator: ",", omittingEmptySubsequences: false).map { text in
      guard let cycle = Numbers.parse(String(text)) else {
        throw HostError.usage("--save-at takes cycles, for example 100000,200000, not '\(saveAt)'")
      }
      return cycle
    }
    return Set(cycles).sorted().map { ($0, cycles.count == 1 ? saveState : Self.path(saveState, at: $0)) }
  }

  /// `boot-100000.snap` for `boot.snap`.
  private static func path(_ path: String, at cycle: UInt64) -> String {
    let (stem, suffix) = ((path as NSString).deletingPathExtension, (path as NSString).pathExtension)
    return "\(stem)-\(cycle)" + (suffix.isEmpty ? "" : ".\(suffix)")
  }
}

struct LoadStateOptions: ParsableArguments {
  @Option(
    name: .customLong("load-state"),
    help: ArgumentHelp(
      "Go on from a saved state, with the same firmware, machine and board.", valueName: "FILE"))
  var loadState: String?

  /// Why the driver checker cannot begin here.
  static let noChecker =
    "--check does not go with --load-state: it must have seen what the program did before; check the whole run"

  /// Lets `session` go on from the file.
  func load(into session: Session) throws {
    guard let loadState else { return }
    try SnapshotFile(path: loadState).load(into: session, path: loadState)
  }
}

/// Saves a session's state at cycles or at its end.
final class SnapshotSaver {
  private var places: [(cycle: UInt64, path: String)]
  private var failure: (any Error)?

  init(_ session: Session, end: String?, places: [(cycle: UInt64, path: String)]) {
    self.places = places
    session.cuts = places.map(\.cycle)
    session.onCut = { [self, unowned session] cycle in
      for place in self.places where place.cycle == cycle { save(session, place.path) }
      self.places.removeAll { $0.cycle <= cycle }
    }
    if let end { session.onEnd = { [self, unowned session] in save(session, end) } }
  }

  private func save(_ session: Session, _ path: String) {
    do {
      try HostFiles.write(Data(SnapshotFile(session).bytes), to: path)
    } catch {
      if failure == nil { failure = error }
    }
  }

  /// Throws what has gone wrong; says what was not reached.
  func finish(isQuiet: Bool) throws {
    if let failure { throw failure }
    for place in places where !isQuiet {
      Console.error("pulpemu: the run ended before cycle \(place.cycle): \(place.path) was not written")
    }
  }
}
