// The help texts as files: a change of them is meant, or it is a mistake.
//
// PULPEMU_UPDATE_SNAPSHOTS=1 writes the files anew.

import Foundation
import TestSupport
import Testing

@Suite struct HelpTests {
  @Test(arguments: [
    "", "run", "debug", "check", "demo", "overhead", "report", "sweep", "campaign", "merge", "info", "flash-image",
    "registers",
    "parameters", "vectors", "replay",
  ])
  func `--help is what Tests Snapshots holds`(command: String) throws {
    let arguments = command.isEmpty ? ["--help"] : [command, "--help"]
    let outcome = try run(Repository.pulpemu, arguments, environment: ["COLUMNS": "80"])
    #expect(outcome.status == 0)
    #expect(outcome.errors.isEmpty)
    let file = URL(fileURLWithPath: Repository.path("Tests/Snapshots/help\(command.isEmpty ? "" : "-" + command).txt"))
    if ProcessInfo.processInfo.environment["PULPEMU_UPDATE_SNAPSHOTS"] != nil {
      try Data(outcome.output).write(to: file)
    }
    let expected = try String(contentsOf: file, encoding: .utf8)
    #expect(outcome.text == expected, "the help text has changed: PULPEMU_UPDATE_SNAPSHOTS=1 if that is meant")
    // A terminal of 80 columns shows examples as they were written; the parser wraps everything but the usage line.
    for line in outcome.text.split(separator: "\n") where !line.hasPrefix("USAGE") { #expect(line.count <= 80) }
  }

  @Test func `the machine's parameters are listed as Tests Snapshots holds them`() throws {
    let outcome = try run(Repository.pulpemu, ["parameters"])
    #expect(outcome.status == 0)
    let file = URL(fileURLWithPath: Repository.path("Tests/Snapshots/parameters.txt"))
    if ProcessInfo.processInfo.environment["PULPEMU_UPDATE_SNAPSHOTS"] != nil {
      try Data(outcome.output).write(to: file)
    }
    #expect(outcome.text == (try String(contentsOf: file, encoding: .utf8)))
  }

  @Test(arguments: ["bash", "zsh", "fish"])
  func `completion scripts name commands and options`(shell: String) throws {
    let outcome = try run(Repository.pulpemu, ["--generate-completion-script", shell])
    #expect(outcome.status == 0)
    for word in ["overhead", "max-cycles", "l2-interleaved"] { #expect(outcome.text.contains(word)) }
  }

  @Test func `a completion script for bash is valid bash`() throws {
    let script = try run(Repository.pulpemu, ["--generate-completion-script", "bash"])
    #expect(try run("bash", ["-n"], input: script.output).status == 0)
  }

  @Test func `without arguments the help is shown, and the version has three numbers`() throws {
    #expect(try run(Repository.pulpemu).text.contains("SUBCOMMANDS:"))
    #expect(try run(Repository.pulpemu, ["--version"]).text.split(separator: ".").count == 3)
    #expect(try run(Repository.pulpemu, ["nonsense"]).status == 64)
  }
}

@Suite struct CheckerRuleTests {
  @Test func `Documentation CheckerRules is what the declarations say`() throws {
    let outcome = try run(Repository.pulpemu, ["check", "--list", "--format", "markdown"])
    let file = try String(contentsOfFile: Repository.path("Documentation/CheckerRules.md"), encoding: .utf8)
    #expect(outcome.text == file, "run scripts/generate")
  }

  @Test func `a rule is explained by its name, another name is refused`() throws {
    let outcome = try run(Repository.pulpemu, ["check", "--rule", "race-host-read"])
    #expect(outcome.text.hasPrefix("race-host-read (error): "))
    for part in ["Hardware:", "Instead:", "Example:"] { #expect(outcome.text.contains(part)) }
    #expect(try run(Repository.pulpemu, ["check", "--rule", "nonsense"]).status == 64)
    #expect(try run(Repository.pulpemu, ["check"]).status == 64)
  }
}
