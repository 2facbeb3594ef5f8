// Where a run's time went, and what of the program it has reached: `--profile FILE` and `--coverage FILE`.
//
// The command-line contract uses `--profile` for the hardware revision; profiles came later under the same name. A value
// that names a revision chooses it; any other value is a file, whose name says which format it gets.

import ArgumentParser
import FirmwareImage
import Foundation
import Instrumentation
import PULPissimo
import RISCV

/// A file that a profile goes to.
struct ProfileFile {
  enum Format {
    case folded
    case callgrind
  }

  let path: String
  let format: Format

  /// The format by the name; 64 if it says none.
  init(_ path: String) throws {
    self.path = path
    let name = (path as NSString).lastPathComponent
    if name.hasSuffix(".folded") {
      format = .folded
    } else if name.hasPrefix("callgrind.out") || name.hasSuffix(".callgrind") || name.hasSuffix(".out") {
      format = .callgrind
    } else {
      let forms = "a profile's file is called FILE.folded, FILE.callgrind, FILE.out or callgrind.out…"
      if name == path, path.count <= 4, path.lowercased().hasPrefix("p"), path.dropFirst().allSatisfy(\.isNumber) {
        throw HostError.usage("--profile takes p8 or p7, not '\(path)' (\(forms))")
      }
      throw HostError.usage("--profile '\(path)': neither a revision, p8 or p7, nor a profile: \(forms)")
    }
  }
}

/// `--coverage`.
struct CoverageOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Write which lines, functions and branches were reached, for genhtml and lcov.", valueName: "FILE.info"))
  var coverage: String?
}

/// What a run is profiled for.
final class ProfileOutput {
  private let files: [ProfileFile]
  private let coverage: String?
  private let profiler: Profiler

  /// Refuses files that cannot be written (73).
  static func check(_ files: [ProfileFile], coverage: String?) throws {
    for path in files.map(\.path) + [coverage].compactMap({ $0 }) { try HostFiles.checkWritable(path) }
  }

  /// Attaches to `session`, which has not run yet; nil if nothing was asked for.
  init?(_ files: [ProfileFile], coverage: String?, _ session: Session) {
    guard !files.isEmpty || coverage != nil else { return nil }
    self.files = files
    self.coverage = coverage
    profiler = Profiler(session.machine, place: { [image = session.image] in image.place(of: $0) })
  }

  /// Writes the files of a run that has ended.
  func write(_ session: Session, _ end: RunEnd) throws {
    profiler.finish(at: end.cycles)
    let image = session.image
    let sources = SourcePaths(image)
    let frames = InlinedFrames(image)
    func line(_ address: UInt32) -> ProfileLine? {
      // Line tables have rows for code that the linker has dropped.
      guard image.hasCode(at: address), let place = session.sourceLines.location(of: address) else { return nil }
      return ProfileLine(file: sources.path(place.file), line: place.line)
    }
    func declaration(_ address: UInt32) -> ProfileLine? {
      frames.declaration(ofFunctionAt: address).map { ProfileLine(file: sources.path($0.file), line: $0.line) }
    }
    for file in files {
      switch file.format {
      case .folded: try HostFiles.put(profiler.foldedStacks(), to: file.path)
      case .callgrind:
        let text = profiler.callgrind(command: image.path, line: line, declaration: declaration)
        try HostFiles.put(text, to: file.path)
      }
    }
    guard let coverage else { return }
    let source = CoverageSource(
      statements: session.sourceLines.statements.filter { image.hasCode(at: $0.address) }.map {
        ($0.address, ProfileLine(file: sources.path($0.file), line: $0.line))
      },
      functions: image.symbols.all.filter { $0.kind == .function }.compactMap { symbol in
        (declaration(symbol.address) ?? line(symbol.address)).map { (symbol.name, symbol.address, $0) }
      },
      branches: Self.branches(image).compactMap { address in line(address).map { (address, $0) } })
    if source.statements.isEmpty {
      Console.error("pulpemu: \(coverage) is empty: \(image.path) has no line table (compile with -g)")
    }
    let name = ((image.path as NSString).lastPathComponent as NSString).deletingPathExtension
    // genhtml gives up at the first source that it cannot read.
    try HostFiles.put(profiler.coverage(source, test: name, includes: sources.isKnown), to: coverage)
  }

  /// The conditional branches of an image.
  private static func branches(_ image: FirmwareImage) -> [UInt32] {
    var found: [UInt32] = []
    for range in image.code {
      var offset = 0
      func halfword(_ at: Int) -> UInt32 {
        at + 1 < range.bytes.count ? UInt32(range.bytes[at]) | UInt32(range.bytes[at + 1]) << 8 : 0
      }
      while offset + 1 < range.bytes.count {
        let instruction = Decoder.decode(halfword(offset) | halfword(offset + 2) << 16)
        if instruction.timing == .branch { found.append(range.address &+ UInt32(offset)) }
        offset += Decoder.isLong(UInt16(truncatingIfNeeded: halfword(offset))) ? 4 : 2
      }
    }
    return found
  }
}

/// Finds the sources of an image on this machine: their paths may be relative to where it was built.
private final class SourcePaths {
  private let folders: [String]
  private var found: [String: String] = [:]

  init(_ image: FirmwareImage) {
    var folders = [FileManager.default.currentDirectoryPath]
    var folder = HostFiles.folder(of: URL(fileURLWithPath: image.path).standardizedFileURL.path)
    for _ in 0..<4 {
      folders.append(folder)
      folder = HostFiles.folder(of: folder)
    }
    self.folders = folders
  }

  /// The file's own path if it is there, else the one that the compiler recorded.
  func path(_ recorded: String) -> String {
    if let known = found[recorded] { return known }
    var path = recorded
    if !recorded.hasPrefix("/") {
      let places = folders.map { URL(fileURLWithPath: "\($0)/\(recorded)").standardizedFileURL.path }
      path = places.first { access($0, R_OK) == 0 } ?? recorded
    }
    found[recorded] = path
    return path
  }

  func isKnown(_ path: String) -> Bool { path.hasPrefix("/") && access(path, R_OK) == 0 }
}
