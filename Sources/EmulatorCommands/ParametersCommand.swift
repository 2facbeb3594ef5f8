// `pulpemu parameters`: every machine parameter.

import ArgumentParser
import PULPissimo

/// Lists the machine's parameters with default, unit and range.
struct ParametersCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "parameters", abstract: "List every machine parameter.",
    discussion: "A parameter is set with --set PATH=VALUE, for example --set accelerator.macRows=32.")

  func run() {
    let standard = MachineConfiguration()
    let rows = MachineParameter.all.map { parameter in
      [
        parameter.path, parameter.text(in: standard), parameter.unit, parameter.rangeText, parameter.summary,
      ]
    }
    Console.output(TextTable(["parameter", "default", "unit", "range", "what it is"], rows).text)
  }
}

/// Text in aligned columns.
struct TextTable {
  let text: String

  /// `rightAligned`: numbers of the columns whose entries end at the same place.
  init(_ header: [String], _ rows: [[String]], rightAligned: Set<Int> = []) {
    let all = [header] + rows
    let widths = header.indices.map { column in
      all.map { $0.indices.contains(column) ? $0[column].count : 0 }.max() ?? 0
    }
    let lines = all.map { row in
      let cells = row.enumerated().map { column, cell -> String in
        let padding = String(repeating: " ", count: max(0, widths[column] - cell.count))
        return rightAligned.contains(column) ? padding + cell : cell + padding
      }
      var line = cells.joined(separator: "  ")
      while line.last == " " { line.removeLast() }
      return line
    }
    text = lines.joined(separator: "\n")
  }
}
