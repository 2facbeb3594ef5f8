// Options of the driver checker, for the commands that run a program.

import ArgumentParser
import DriverChecker
import FirmwareImage
import Foundation
import Instrumentation
import PULPissimo

/// `--check` and what belongs to it.
struct CheckOptions: ParsableArguments {
  /// What becomes of a finding.
  enum Mode: String, CaseIterable {
    case off, warn, error
  }

  @Option(
    help: ArgumentHelp(
      "Tell what the program does wrong with the hardware: off, warn, or error: end at the first finding (122).",
      discussion: "Default: off in run, warn in debug. `pulpemu check --list` explains the rules.",
      valueName: "off|warn|error"))
  var check: String?

  @Option(
    name: .customLong("check-suppress"),
    help: ArgumentHelp(
      "Leave out findings of this rule, in this function and what it calls. * is every rule. Repeatable.",
      valueName: "RULE[@SYMBOL]"))
  var suppressions: [String] = []

  @Option(
    name: .customLong("check-report"), help: ArgumentHelp("Write the findings as JSON.", valueName: "FILE.json"))
  var report: String?

  /// What the options say, or what is wrong with them (64).
  func settings(standard: Mode) throws -> CheckSettings {
    guard let mode = check.map({ Mode(rawValue: $0) }) ?? standard else {
      throw HostError.usage("--check takes off, warn or error, not '\(check ?? "")'")
    }
    if mode == .off, !suppressions.isEmpty || report != nil {
      throw HostError.usage("--check-suppress and --check-report need --check=warn or --check=error")
    }
    if let report, report != "-" { try HostFiles.checkWritable(report) }
    return CheckSettings(
      mode: mode,
      suppressions: try suppressions.map { text in
        guard let suppression = Suppression(text) else {
          throw HostError.usage(
            "--check-suppress takes RULE[@SYMBOL] with a rule of `pulpemu check --list`, not '\(text)'")
        }
        return suppression
      })
  }
}

/// What the options say.
struct CheckSettings {
  var mode: CheckOptions.Mode
  var suppressions: [Suppression]
}

extension Session {
  /// Checks this session's run, which has not begun.
  func attachChecker(_ settings: CheckSettings, isQuiet: Bool) throws {
    guard settings.mode != .off else { return }
    let checker = DriverChecker(
      machine, ProgramMap(image), suppressions: settings.suppressions, stopsAtFinding: settings.mode == .error)
    let others = machine.hart.instructionObserver
    machine.hart.instructionObserver = others.map { InstructionObservers([$0, checker]) } ?? checker
    self.checker = CheckReport(checker, self, isQuiet: isQuiet)
  }
}

extension ProgramMap {
  /// The layout of a firmware image.
  init(_ image: FirmwareImage) {
    func objects(_ kind: Symbol.Kind) -> [Object] {
      image.symbols.all.filter { $0.kind == kind && $0.size > 0 }.map {
        Object(name: $0.name, range: UInt64($0.address)..<UInt64($0.address) + UInt64($0.size))
      }
    }
    let code = image.code.map { UInt64($0.address)..<UInt64($0.address) + UInt64($0.bytes.count) }
    // FENCE.I: 0x0000100F, at any halfword.
    let changesCode = image.code.contains { range in
      let bytes = range.bytes
      return stride(from: 0, to: max(bytes.count - 3, 0), by: 2).contains {
        bytes[$0] == 0x0F && bytes[$0 + 1] == 0x10 && bytes[$0 + 2] == 0 && bytes[$0 + 3] == 0
      }
    }
    self.init(
      objects: objects(.object), functions: objects(.function), code: code, constants: image.constants,
      initialised: image.segments.map {
        UInt64($0.physicalAddress)..<UInt64($0.physicalAddress) + UInt64($0.data.count)
      }, changesCode: changesCode)
  }
}
