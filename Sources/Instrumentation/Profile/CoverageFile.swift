// Which lines, functions and branches a run has reached, as lcov's tracefile (geninfo(1)), which genhtml reads.
//
// A line was executed as often as the most executed of the instructions that begin one of its statements. Functions: those
// with code of their own; what exists only inlined has lines but no function. Branches: the conditional branches of the
// machine code, not of the source: an optimised `if` may have none, a loop two.

import HardwareModel

/// The source of an image, as coverage sees it.
public struct CoverageSource {
  /// Addresses at which a statement begins.
  public var statements: [(address: Address, place: ProfileLine)]
  public var functions: [(name: String, address: Address, place: ProfileLine)]
  /// Conditional branches.
  public var branches: [(address: Address, place: ProfileLine)]

  public init(
    statements: [(address: Address, place: ProfileLine)],
    functions: [(name: String, address: Address, place: ProfileLine)],
    branches: [(address: Address, place: ProfileLine)]
  ) {
    self.statements = statements
    self.functions = functions
    self.branches = branches
  }
}

extension Profiler {
  private struct FileRecord {
    var lines: [Int: UInt64] = [:]
    var functions: [(name: String, line: Int, count: UInt64)] = []
    var branches: [Int: [(taken: UInt64, passed: UInt64)]] = [:]
  }

  private func count(at address: Address) -> UInt64 { cell(at: address)?.costs[.instructions] ?? 0 }

  /// The tracefile's text; `test`: the name of the run; `includes`: the source files that it is about.
  public func coverage(_ source: CoverageSource, test: String, includes: (String) -> Bool) -> String {
    var files: [String: FileRecord] = [:]
    for (address, place) in source.statements {
      let known = files[place.file, default: FileRecord()].lines[place.line] ?? 0
      files[place.file, default: FileRecord()].lines[place.line] = max(known, count(at: address))
    }
    for function in source.functions.sorted(by: { $0.address < $1.address }) {
      files[function.place.file, default: FileRecord()].functions.append(
        (function.name, function.place.line, count(at: function.address)))
    }
    for (address, place) in source.branches.sorted(by: { $0.address < $1.address }) {
      let all = count(at: address)
      // A line is not less executed than what is on it.
      let known = files[place.file, default: FileRecord()].lines[place.line] ?? 0
      files[place.file, default: FileRecord()].lines[place.line] = max(known, all)
      let taken = min(cell(at: address)?.taken ?? 0, all)
      files[place.file, default: FileRecord()].branches[place.line, default: []].append((taken, all - taken))
    }
    // geninfo(1): letters, digits and underscores.
    let name = String(test.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
    return files.filter { includes($0.key) }.sorted { $0.key < $1.key }.map {
      Self.text($0.value, file: $0.key, test: name)
    }.joined()
  }

  private static func text(_ record: FileRecord, file: String, test: String) -> String {
    var text = "TN:\(test)\nSF:\(file)\n"
    // One name in one file twice (a static function of a header, in several units) is one function.
    var functions: [String: (line: Int, count: UInt64)] = [:]
    for function in record.functions {
      let known = functions[function.name]
      functions[function.name] = (known?.line ?? function.line, (known?.count ?? 0) + function.count)
    }
    let sorted = functions.sorted { ($0.value.line, $0.key) < ($1.value.line, $1.key) }
    for (name, function) in sorted { text += "FN:\(function.line),\(name)\n" }
    for (name, function) in sorted { text += "FNDA:\(function.count),\(name)\n" }
    text += "FNF:\(sorted.count)\nFNH:\(sorted.filter { $0.value.count > 0 }.count)\n"
    var found = 0
    var hit = 0
    for (line, branches) in record.branches.sorted(by: { $0.key < $1.key }) {
      for (block, branch) in branches.enumerated() {
        let isReached = branch.taken + branch.passed > 0
        for (index, count) in [branch.taken, branch.passed].enumerated() {
          text += "BRDA:\(line),\(block),\(index),\(isReached ? String(count) : "-")\n"
          found += 1
          if count > 0 { hit += 1 }
        }
      }
    }
    text += "BRF:\(found)\nBRH:\(hit)\n"
    let lines = record.lines.sorted { $0.key < $1.key }
    for (line, count) in lines { text += "DA:\(line),\(count)\n" }
    text += "LF:\(lines.count)\nLH:\(lines.filter { $0.value > 0 }.count)\nend_of_record\n"
    return text
  }
}
