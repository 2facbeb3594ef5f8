// A timeline in the trace event format of chrome://tracing, which Perfetto opens too.
//
// The format counts microseconds: a SoC cycle is written as a nanosecond (0.001), so that what the viewers show as
// nanoseconds are cycles. Document: "Trace Event Format" (catapult project), events X, i, C and M.

import HardwareModel

extension Timeline {
  /// Writes the JSON text piece by piece; stops when `write` returns false.
  public func writeTraceEvents(_ metadata: [(name: String, value: String)], to write: (String) -> Bool) -> Bool {
    let tracks = tracks
    let groups = tracks.reduce(into: [String]()) { if !$0.contains($1.group) { $0.append($1.group) } }
    var numbers: [Track: (process: Int, thread: Int)] = [:]
    for (index, track) in tracks.enumerated() {
      numbers[track] = ((groups.firstIndex(of: track.group) ?? 0) + 1, index + 1)
    }
    let counterProcess = groups.count + 1

    var text = "{\"displayTimeUnit\":\"ns\",\"otherData\":{"
    text += metadata.map { "\(JSONText.quoted($0.name)):\(JSONText.quoted($0.value))" }.joined(separator: ",")
    text += "},\n\"traceEvents\":[\n"
    var isFirst = true
    func event(_ body: String) -> Bool {
      text += (isFirst ? "" : ",\n") + "{" + body + "}"
      isFirst = false
      guard text.utf8.count > 1 << 16 else { return true }
      defer { text = "" }
      return write(text)
    }
    func name(_ kind: String, process: Int, thread: Int? = nil, _ value: String) -> Bool {
      event(
        "\"ph\":\"M\",\"name\":\"\(kind)\",\"pid\":\(process)" + (thread.map { ",\"tid\":\($0)" } ?? "")
          + ",\"args\":{\(value)}")
    }
    for (index, group) in (groups + ["Counters"]).enumerated() {
      guard name("process_name", process: index + 1, "\"name\":\(JSONText.quoted(group))"),
        name("process_sort_index", process: index + 1, "\"sort_index\":\(index + 1)")
      else { return false }
    }
    for track in tracks {
      guard let (process, thread) = numbers[track],
        name("thread_name", process: process, thread: thread, "\"name\":\(JSONText.quoted(track.name))"),
        name("thread_sort_index", process: process, thread: thread, "\"sort_index\":\(thread)")
      else { return false }
    }
    for slice in slices {
      guard let (process, thread) = numbers[slice.track] else { continue }
      guard
        event(
          "\"ph\":\"X\",\"name\":\(JSONText.quoted(slice.name)),\"cat\":\(JSONText.quoted(slice.track.group)),\"pid\":\(process)"
            + ",\"tid\":\(thread),\"ts\":\(Self.time(slice.start)),\"dur\":\(Self.time(slice.end - slice.start))"
            + Self.arguments(slice.details))
      else { return false }
    }
    for instant in instants {
      guard let (process, thread) = numbers[instant.track] else { continue }
      guard
        event(
          "\"ph\":\"i\",\"s\":\"t\",\"name\":\(JSONText.quoted(instant.name)),\"cat\":\(JSONText.quoted(instant.track.group))"
            + ",\"pid\":\(process),\"tid\":\(thread),\"ts\":\(Self.time(instant.cycle))"
            + Self.arguments(instant.details))
      else { return false }
    }
    for counter in counters {
      // A chart for each series: together they would be stacked.
      for (index, series) in counter.series.enumerated() {
        let title = counter.series.count > 1 ? "\(counter.name): \(series) (\(counter.unit))" : counter.name
        var last: Double?
        for sample in counter.samples where sample.values[index] != last {
          last = sample.values[index]
          guard
            event(
              "\"ph\":\"C\",\"name\":\(JSONText.quoted(title)),\"pid\":\(counterProcess),\"ts\":\(Self.time(sample.cycle))"
                + ",\"args\":{\(JSONText.quoted(series)):\(JSONText.number(sample.values[index]))}")
          else { return false }
        }
      }
    }
    return write(text + "\n]}\n")
  }

  /// Microseconds of 1000 cycles.
  private static func time(_ cycle: Cycle) -> String {
    let rest = String(cycle % 1000)
    return "\(cycle / 1000)." + String(repeating: "0", count: 3 - rest.count) + rest
  }

  private static func arguments(_ details: [(name: String, value: Value)]) -> String {
    guard !details.isEmpty else { return "" }
    let parts = details.map { detail in
      switch detail.value {
      case .number(let number): "\(JSONText.quoted(detail.name)):\(number)"
      case .text(let text): "\(JSONText.quoted(detail.name)):\(JSONText.quoted(text))"
      }
    }
    return ",\"args\":{" + parts.joined(separator: ",") + "}"
  }
}

/// JSON's own notation.
public enum JSONText {
  public static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": result += "\\" + String(scalar)
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }

  /// A finite number without a needless `.0`.
  public static func number(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : "\(value)"
  }
}
