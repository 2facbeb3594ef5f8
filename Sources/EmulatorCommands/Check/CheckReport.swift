// Findings of the driver checker as text and as JSON.

import DriverChecker
import FirmwareImage
import Foundation
import Instrumentation
import PULPissimo
import RISCV

/// Shows what a checker finds in a session.
final class CheckReport {
  let checker: DriverChecker
  private unowned let session: Session
  private let isQuiet: Bool
  private let frames: InlinedFrames
  /// Notes wait for the end: until then their figures grow.
  private static let mostShown = 100
  private var shown = 0
  /// Also told of what is shown: a debugger's console.
  var onText: ((String) -> Void)?

  init(_ checker: DriverChecker, _ session: Session, isQuiet: Bool) {
    self.checker = checker
    self.session = session
    self.isQuiet = isQuiet
    frames = InlinedFrames(session.image)
    checker.onFinding = { [unowned self] in show($0) }
    checker.functions = { [unowned self] address in
      let names = inlined(address).map(\.name)
      return names + [checker.symbol(at: address)].compactMap { $0 }
    }
    if !isQuiet, session.image.symbols.all.allSatisfy({ $0.size == 0 }) {
      Console.error(
        "pulpemu: check: \(session.image.path) has no sized symbols: places are addresses, and bounds of objects are not known"
      )
    }
  }

  /// The inlined functions at `address`, innermost first.
  private func inlined(_ address: UInt32) -> [InlinedFrames.Frame] {
    // Line tables and functions that the linker has dropped may claim other code.
    session.image.hasCode(at: address) ? frames.frames(at: address).filter { $0.call != nil } : []
  }

  /// The instruction, where no source line tells what it does.
  private func instruction(_ address: UInt32) -> String {
    guard session.image.hasCode(at: address), session.sourceLines.location(of: address) == nil,
      let (bank, place) = session.machine.memory(at: address, count: 2)
    else { return "" }
    func halfword(_ place: UInt32) -> UInt32 {
      bank.contains(place, 2) ? bank.word(place & ~3) >> (place & 2 == 0 ? 0 : 16) & 0xFFFF : 0
    }
    let text = Disassembler.text(Decoder.decode(halfword(place) | halfword(place &+ 2) << 16), at: address)
    return ": " + text.replacing("\t", with: " ")
  }

  /// Judges the end of the run; returns another end if the run fails by it.
  func finish(_ end: RunEnd) -> RunEnd? {
    let changed = checker.finish(end)
    if !isQuiet { say(summary) }
    return changed
  }

  private func say(_ text: String) {
    Console.error(text)
    onText?(text)
  }

  // MARK: Text

  private func show(_ finding: Finding) {
    guard !isQuiet, shown <= Self.mostShown else { return }
    shown += 1
    session.output.flush()
    if shown > Self.mostShown {
      say("pulpemu: check: more than \(Self.mostShown) findings; further ones are only counted")
      return
    }
    say(text(finding))
  }

  /// A finding in several lines, like valgrind's.
  private func text(_ finding: Finding) -> String {
    var lines = [
      "pulpemu: check: \(finding.rule.severity.rawValue) \(finding.rule.id): \(finding.message)",
      "    at \(session.place(finding.site.pc))\(instruction(finding.site.pc)), cycle \(finding.site.cycle)",
    ]
    lines += calls(finding.site.pc)
    for caller in finding.site.callers { lines += ["    by \(session.place(caller))"] + calls(caller) }
    for (what, site) in finding.related {
      lines.append("    \(what) at \(session.place(site.pc)), cycle \(site.cycle)")
      if let caller = site.callers.first { lines.append("        by \(session.place(caller))") }
    }
    lines.append("    concerns: \(finding.subject)")
    lines.append("    hardware: \(finding.rule.hardware)")
    lines.append("    instead:  \(finding.rule.remedy)")
    return lines.joined(separator: "\n")
  }

  /// Lines about inlined functions.
  private func calls(_ address: UInt32) -> [String] {
    inlined(address).map { frame in "       in \(frame.name), inlined\(frame.call.map { " at \($0)" } ?? "")" }
  }

  private var summary: String {
    let findings = checker.findings
    guard !findings.isEmpty else {
      return "pulpemu: check: no findings" + suppressed
    }
    let parts = Severity.allCases.compactMap { severity -> String? in
      let count = findings.filter { $0.rule.severity == severity }.count
      return count == 0 ? nil : "\(count) \(severity.rawValue)\(count == 1 ? "" : "s")"
    }
    let lines = findings.map { finding in
      "    \(finding.rule.severity.rawValue) \(finding.rule.id), \(finding.count) time\(finding.count == 1 ? "" : "s"), at "
        + session.place(finding.site.pc)
    }
    return (["pulpemu: check: " + parts.joined(separator: ", ") + suppressed] + lines).joined(separator: "\n")
  }

  private var suppressed: String {
    checker.suppressedCount == 0 ? "" : "; \(checker.suppressedCount) suppressed"
  }

  // MARK: JSON

  private func place(_ address: UInt32) -> CheckStatistics.Place {
    let hasCode = session.image.hasCode(at: address)
    return CheckStatistics.Place(
      pc: address, symbol: hasCode ? session.image.symbols.describe(address) : nil,
      source: hasCode ? session.sourceLines.location(of: address).map { "\($0)" } : nil,
      inlined: inlined(address).isEmpty
        ? nil
        : inlined(address).map { CheckStatistics.Inlined(function: $0.name, call: $0.call.map { "\($0)" }) })
  }

  /// The findings in the form of the JSON.
  var statistics: CheckStatistics {
    CheckStatistics(
      findings: checker.findings.map { finding in
        CheckStatistics.Finding(
          rule: finding.rule.id, severity: finding.rule.severity.rawValue, cycle: finding.site.cycle,
          place: place(finding.site.pc), backtrace: finding.site.callers.map(place), subject: finding.subject,
          message: finding.message, hardware: finding.rule.hardware, remedy: finding.rule.remedy,
          related: finding.related.map {
            CheckStatistics.Related(what: $0.what, cycle: $0.site.cycle, place: place($0.site.pc))
          }, count: finding.count)
      }, suppressed: checker.suppressedCount)
  }

  /// Writes the JSON if a file was asked for.
  func write(to path: String?) throws {
    if let path { try StatisticsFile.write(statistics, to: path) }
  }
}
