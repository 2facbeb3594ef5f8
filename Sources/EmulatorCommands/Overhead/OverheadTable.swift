// The overhead of several images side by side, as text and as CSV.

import Foundation
import Instrumentation

/// One image of a comparison.
struct OverheadColumn {
  /// The file's name without folder and `.elf`.
  let name: String
  let statistics: Statistics

  /// Names of the columns without what all of them begin with, if that ends at a hyphen.
  static func shortNames(_ names: [String]) -> [String] {
    guard names.count > 1, let first = names.first else { return names }
    var common = Substring(first)
    for name in names { while !name.hasPrefix(common) { common = common.dropLast() } }
    guard let hyphen = common.lastIndex(of: "-") else { return names }
    let cut = common.distance(from: common.startIndex, to: hyphen) + 1
    return names.map { $0.count > cut ? String($0.dropFirst(cut)) : $0 }
  }
}

/// A table with a row a figure and a column an image; behind the first image each has a column of ratios to it.
struct OverheadTable {
  let text: String

  init(_ columns: [OverheadColumn]) {
    let names = OverheadColumn.shortNames(columns.map(\.name))
    var rows: [[String]] = []
    var group = ""
    func head(_ title: String) {
      guard title != group else { return }
      group = title
      if !title.isEmpty { rows.append([title]) }
    }
    for figure in OverheadFigure.all {
      guard columns.contains(where: { figure.value($0.statistics) != nil }) else { continue }
      if figure.group.isEmpty { Self.appendLatencies(columns, &rows) }
      head(figure.group)
      var row = [(figure.group.isEmpty ? "" : "  ") + figure.title]
      let first = columns.first.flatMap { figure.value($0.statistics) }
      for (index, column) in columns.enumerated() {
        row.append(figure.text(column.statistics))
        if index > 0 { row.append(Self.ratio(figure.value(column.statistics), to: first)) }
      }
      rows.append(row)
    }
    let header = [""] + names.enumerated().flatMap { $0.offset == 0 ? [$0.element] : [$0.element, ""] }
    text = TextTable(header, rows, rightAligned: Set(1...max(1, header.count))).text
  }

  private static func appendLatencies(_ columns: [OverheadColumn], _ rows: inout [[String]]) {
    rows.append(["latencies (min / median / max cycles)"])
    func append(_ title: String, _ summary: (Statistics) -> LatencySummary?) {
      guard columns.contains(where: { summary($0.statistics) != nil }) else { return }
      var row = ["  " + title]
      for (index, column) in columns.enumerated() {
        row.append(summary(column.statistics).map { "\($0.min) / \($0.median) / \($0.max)" } ?? "-")
        if index > 0 { row.append("") }
      }
      rows.append(row)
    }
    for name in OverheadFigure.latencyNames { append(name) { $0.overhead.latencies[name] } }
    append("gaps without a job") { $0.overhead.gaps }
  }

  private static func ratio(_ value: Double?, to first: Double?) -> String {
    guard let value, let first, first != 0 else { return "" }
    let ratio = value / first
    return ratio >= 1000 || (ratio != 0 && ratio < 0.001)
      ? String(format: "×%.1e", ratio) : String(format: "×%.3f", ratio)
  }
}

/// Register accesses and functions of the region, image by image.
struct OverheadDetails {
  let text: String

  init(_ columns: [OverheadColumn], functions limit: Int) {
    var parts: [String] = []
    for column in columns {
      let statistics = column.statistics
      let registers = statistics.overhead.registers
      let functions = statistics.functions ?? []
      guard !registers.isEmpty || !functions.isEmpty else { continue }
      parts.append("\(column.name), in the region")
      if !registers.isEmpty {
        let rows = Self.families(registers).map {
          ["  \($0.name)", Numbers.grouped($0.reads), Numbers.grouped($0.writes)]
        }
        parts.append(TextTable(["  register", "reads", "writes"], rows, rightAligned: [1, 2]).text)
      }
      if !functions.isEmpty {
        let total = functions.reduce(0) { $0 + $1.instructions }
        var rows: [[String]] = []
        for function in functions.prefix(limit) {
          rows.append([
            "  " + function.function, Numbers.grouped(function.instructions), Self.share(function.instructions, total),
          ])
          for part in function.inlined.prefix(3) where part.instructions * 20 >= function.instructions {
            rows.append(["    inlined " + part.function, Numbers.grouped(part.instructions), ""])
          }
        }
        if functions.count > limit {
          let rest = functions.dropFirst(limit).reduce(0) { $0 + $1.instructions }
          rows.append(["  \(functions.count - limit) others", Numbers.grouped(rest), Self.share(rest, total)])
        }
        parts.append(TextTable(["  function", "instructions", ""], rows, rightAligned: [1, 2]).text)
      }
    }
    text = parts.joined(separator: "\n")
  }

  /// Registers that differ only in the number at their end, such as JOB0 to JOB15, in one row.
  private static func families(
    _ registers: [RunRecorder.RegisterAccesses]
  ) -> [(name: String, reads: UInt64, writes: UInt64)] {
    func family(_ entry: RunRecorder.RegisterAccesses) -> (stem: String, number: String) {
      let digits = String(entry.register.reversed().prefix { $0.isNumber }.reversed())
      return ("\(entry.block).\(entry.register.dropLast(digits.count))", digits)
    }
    var result: [(name: String, reads: UInt64, writes: UInt64)] = []
    var index = 0
    while index < registers.count {
      let first = family(registers[index])
      var end = index + 1
      while end < registers.count, !first.number.isEmpty, family(registers[end]).stem == first.stem { end += 1 }
      let part = registers[index..<end]
      let range = end - index > 1 ? "\(first.number)...\(family(registers[end - 1]).number)" : first.number
      result.append(
        (first.stem + range, part.reduce(0) { $0 + $1.reads }, part.reduce(0) { $0 + $1.writes }))
      index = end
    }
    return result
  }

  private static func share(_ part: UInt64, _ whole: UInt64) -> String {
    whole == 0 ? "" : String(format: "%.1f %%", 100 * Double(part) / Double(whole))
  }
}

/// Comma-separated values, RFC 4180.
enum CSV {
  static func line(_ cells: [String]) -> String {
    cells.map { cell in
      cell.contains(where: { ",\"\r\n".contains($0) })
        ? "\"" + cell.replacingOccurrences(of: "\"", with: "\"\"") + "\"" : cell
    }.joined(separator: ",") + "\r\n"
  }

  /// A row a figure, a column an image.
  static func comparison(_ columns: [OverheadColumn]) -> String {
    var text = line(["figure"] + columns.map(\.name))
    for figure in OverheadFigure.all {
      text += line([figure.name] + columns.map { figure.number($0.statistics) })
    }
    func add(_ name: String, _ summary: (Statistics) -> LatencySummary?) {
      func row(_ part: String, _ pick: (LatencySummary) -> String) {
        text += line([name + part] + columns.map { summary($0.statistics).map(pick) ?? "" })
      }
      row("Count") { "\($0.count)" }
      row("Min") { "\($0.min)" }
      row("Median") { "\($0.median)" }
      row("Max") { "\($0.max)" }
    }
    for name in OverheadFigure.latencyNames { add(name) { $0.overhead.latencies[name] } }
    add("gap") { $0.overhead.gaps }
    return text
  }

  /// A row a job of each image.
  static func jobs(_ columns: [OverheadColumn]) -> String {
    var text = line([
      "image", "id", "context", "operation", "trigger", "start", "end", "stall", "gapBefore", "interrupt", "handler",
      "acknowledge", "nextTrigger",
    ])
    for column in columns {
      for job in column.statistics.timeline ?? [] {
        let cycles = [job.interrupt, job.handler, job.acknowledge, job.nextTrigger].map { $0.map(String.init) ?? "" }
        text += line(
          [
            column.name, "\(job.id)", "\(job.context)", job.operation, job.trigger.map(String.init) ?? "",
            "\(job.start)", "\(job.end)", "\(job.stall)", job.gapBefore.map(String.init) ?? "",
          ] + cycles)
      }
    }
    return text
  }
}

extension OverheadTable {
  /// A ratio as a percentage.
  static func ratio(_ value: Double?) -> String {
    guard let value else { return "-" }
    return String(format: value < 0.01 ? "%.4f %%" : "%.1f %%", 100 * value)
  }
}

extension Numbers {
  /// `1 234 567`.
  static func grouped(_ value: UInt64) -> String {
    let digits = String(value)
    var result = ""
    for (index, digit) in digits.enumerated() {
      if index > 0 && (digits.count - index) % 3 == 0 { result.append(" ") }
      result.append(digit)
    }
    return result
  }
}
