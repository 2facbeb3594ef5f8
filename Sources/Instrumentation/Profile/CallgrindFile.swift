// A profile in the format of valgrind's callgrind, which callgrind_annotate and KCachegrind read.
//
// Source: valgrind's manual, "Callgrind Format Specification". Lines of functions that the compiler has inlined stand
// under their own files (`fi=`), within the function that they ended up in. Interrupts and exceptions are functions that
// nobody calls. Positions are lines; what has no line is at line 0.

import HardwareModel

/// A line of a source file.
public struct ProfileLine: Hashable, Sendable {
  public let file: String
  public let line: Int

  public init(file: String, line: Int) {
    self.file = file
    self.line = line
  }
}

extension Profiler {
  private static let unknown = ProfileLine(file: "???", line: 0)

  /// The file's text. `command`: what ran; `line`: where an instruction comes from; `declaration`: where the function at
  /// an address is declared. (No `event:` lines: callgrind_annotate does not know them.)
  public func callgrind(
    command: String, line: (Address) -> ProfileLine?, declaration: (Address) -> ProfileLine?
  ) -> String {
    var writer = CallgrindWriter()
    let events = ProfileEvent.allCases
    let command = String(command.map { $0.isNewline ? " " : $0 })
    writer.text = "# callgrind format\nversion: 1\ncreator: pulpemu\ncmd: \(command)\npositions: line\n"
    writer.text += "events: \(events.map(\.name).joined(separator: " "))\n"
    writer.text += "summary: \(writer.values(total))\n"

    let places = functions.map { function in
      function.address.flatMap { declaration($0) ?? line($0) } ?? Self.unknown
    }
    var own: [[ProfileLine: ProfileCosts]] = Array(repeating: [:], count: functions.count)
    for cell in cells {
      let place = functions[cell.function].address == nil ? nil : line(cell.address)
      own[cell.function][place ?? Self.unknown, default: ProfileCosts()] += cell.costs
    }
    var outgoing: [[(site: ProfileLine, callee: Int, costs: CallCosts)]] = Array(
      repeating: [], count: functions.count)
    for (call, costs) in callCosts {
      let site = functions[call.caller].address == nil ? nil : line(call.site)
      outgoing[call.caller].append((site ?? Self.unknown, call.callee, costs))
    }
    for (index, function) in functions.enumerated() {
      guard !own[index].isEmpty || !outgoing[index].isEmpty else { continue }
      writer.begin(function.name, in: places[index].file)
      for (place, costs) in own[index].sorted(by: { ($0.key.file, $0.key.line) < ($1.key.file, $1.key.line) })
      where !costs.isZero {
        writer.cost(costs, at: place)
      }
      let calls = outgoing[index].sorted {
        ($0.site.file, $0.site.line, functions[$0.callee].name, $0.callee)
          < ($1.site.file, $1.site.line, functions[$1.callee].name, $1.callee)
      }
      for call in calls {
        writer.call(functions[call.callee].name, places[call.callee], call.costs, from: call.site)
      }
    }
    writer.text += "\ntotals: \(writer.values(total))\n"
    return writer.text
  }
}

/// Writes callgrind's lines; a name is written out once and then called by its number.
private struct CallgrindWriter {
  var text = ""
  private var files: [String: Int] = [:]
  private var names: [String: Int] = [:]
  private var file = ""
  private var functionFile = ""

  func values(_ costs: ProfileCosts) -> String {
    ProfileEvent.allCases.map { String(costs[$0]) }.joined(separator: " ")
  }

  private static func number(_ name: String, _ known: inout [String: Int]) -> String {
    if let number = known[name] { return "(\(number))" }
    known[name] = known.count + 1
    return "(\(known.count)) " + String(name.map { $0.isNewline ? "_" : $0 })
  }

  mutating func begin(_ function: String, in file: String) {
    text += "\nfl=\(Self.number(file, &files))\nfn=\(Self.number(function, &names))\n"
    self.file = file
    functionFile = file
  }

  private mutating func go(to place: ProfileLine) {
    guard place.file != file else { return }
    text += "\(place.file == functionFile ? "fe" : "fi")=\(Self.number(place.file, &files))\n"
    file = place.file
  }

  mutating func cost(_ costs: ProfileCosts, at place: ProfileLine) {
    go(to: place)
    text += "\(place.line) \(values(costs))\n"
  }

  mutating func call(_ callee: String, _ place: ProfileLine, _ costs: Profiler.CallCosts, from site: ProfileLine) {
    go(to: site)
    text += "cfi=\(Self.number(place.file, &files))\ncfn=\(Self.number(callee, &names))\n"
    text += "calls=\(costs.count) \(place.line)\n\(site.line) \(values(costs.inclusive))\n"
  }
}
