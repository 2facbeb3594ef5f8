// Options of the instruction trace, and the file that it goes to.

import ArgumentParser
import FirmwareImage
import Foundation
import Instrumentation
import PULPissimo

/// `--trace FILE` and what belongs to it.
struct TraceOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Write an instruction trace; - for standard output.", valueName: "FILE"))
  var trace: String?

  @Option(name: .customLong("trace-format"), help: ArgumentHelp("text (default) or jsonl.", valueName: "text|jsonl"))
  var format = "text"

  @Option(
    name: .customLong("trace-from"), help: ArgumentHelp("Trace from this SoC cycle on.", valueName: "CYCLE"))
  var from: UInt64?

  @Option(
    name: .customLong("trace-to"), help: ArgumentHelp("Trace up to this SoC cycle, excluded.", valueName: "CYCLE"))
  var to: UInt64?

  @Option(
    name: .customLong("trace-range"),
    help: ArgumentHelp("Trace only instructions in BEGIN ..< END. Repeatable.", valueName: "BEGIN:END"))
  var ranges: [String] = []

  @Option(
    name: .customLong("trace-symbol"), help: ArgumentHelp("Trace only this function. Repeatable.", valueName: "NAME"))
  var symbols: [String] = []

  @Flag(
    name: .customLong("trace-source"),
    help: "Say which source line an instruction comes from (needs debugging information).")
  var source = false

  /// Format and filter, or what is wrong with the options (64).
  func settings(_ image: FirmwareImage) throws -> TraceSettings {
    guard let format = TraceFormat(rawValue: format) else {
      throw HostError.usage("--trace-format takes text or jsonl, not '\(format)'")
    }
    if trace == nil, from != nil || to != nil || !ranges.isEmpty || !symbols.isEmpty || source {
      throw HostError.usage(
        "--trace-from, --trace-to, --trace-range, --trace-symbol and --trace-source need --trace FILE")
    }
    var filter = TraceFilter(from: from ?? 0, to: to ?? .max)
    for text in ranges {
      let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { Numbers.parse(String($0)) }
      guard parts.count == 2, let begin = parts[0], let end = parts[1], begin < end, end <= 1 << 32 else {
        throw HostError.usage("--trace-range takes BEGIN:END, for example 0x1c008000:0x1c008100, not '\(text)'")
      }
      filter.ranges.append(begin..<end)
    }
    for name in symbols {
      guard let symbol = image.symbols[name] else {
        throw HostError.usage("--trace-symbol: the image has no symbol '\(name)'")
      }
      // A label without a size reaches to the next symbol.
      let start = UInt64(symbol.address)
      let next = image.symbols.all.lazy.map { UInt64($0.address) }.first { $0 > start } ?? 1 << 32
      filter.ranges.append(start..<(symbol.size > 0 ? start + UInt64(symbol.size) : next))
    }
    return TraceSettings(format: format, filter: filter, namesSource: source)
  }
}

/// What the options say.
struct TraceSettings {
  var format: TraceFormat
  var filter: TraceFilter
  /// Source lines stand in the trace.
  var namesSource: Bool
}

/// The trace's file: written through a large buffer while the program runs. A run that dies leaves a file without the
/// trace's last line, which marks it as cut off.
final class TraceFile {
  private let path: String
  private var stream: UnsafeMutablePointer<FILE>?
  let isStandardOutput: Bool

  init(_ path: String) throws {
    self.path = path
    let place = OutputPlace(path)
    isStandardOutput = place == .descriptor(1)
    if case .descriptor(let descriptor) = place {
      stream = fdopen(dup(descriptor), "w")
    } else {
      stream = fopen(path, "w")
    }
    guard let stream else {
      throw HostError.cannotCreate("\(path): cannot be created: \(String(cString: strerror(errno)))")
    }
    setvbuf(stream, nil, isStandardOutput ? _IOLBF : _IOFBF, 1 << 20)
  }

  func write(_ text: String) -> Bool {
    guard let stream else { return false }
    return fputs(text, stream) >= 0
  }

  /// Closes the file; 73 if not all of it could be written.
  func close(hasFailed: Bool) throws {
    guard let stream else { return }
    let isFlushed = fclose(stream) == 0
    self.stream = nil
    if hasFailed || !isFlushed { throw HostError.cannotCreate("\(path): the trace could not be written completely") }
  }
}

extension Session {
  /// Traces this session's run into `file`.
  func attachTrace(_ file: TraceFile, _ settings: TraceSettings) {
    let symbols = image.symbols
    let output = output
    let lines = settings.namesSource ? sourceLines : nil
    trace = InstructionTrace(
      machine, format: settings.format, filter: settings.filter, symbol: { symbols.describe($0) },
      source: { lines?.location(of: $0)?.description },
      write: { text in
        // What the firmware has printed so far comes first where both go to one place.
        if file.isStandardOutput { output.flush() }
        return file.write(text)
      })
  }
}
