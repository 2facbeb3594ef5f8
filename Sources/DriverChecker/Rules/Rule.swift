// What a rule of the driver checker is. Each rule is declared once (RETARules, EventRules, RaceRules, MemoryRules,
// SleepRules); reports, `pulpemu check --list` and Documentation/CheckerRules.md are made of these declarations.

/// How bad a finding is.
public enum Severity: String, Sendable, CaseIterable {
  /// The program does not do what it was written to do, or only by luck.
  case error
  /// Very probably a mistake: the hardware ignores or loses something.
  case warning
  /// Worth knowing; nothing is wrong. Notes never end a run.
  case note
}

/// Groups of rules, in the order of the documentation.
public enum RuleFamily: String, Sendable, CaseIterable {
  case accelerator = "Accelerator protocol"
  case events = "Events and interrupts"
  case races = "Data races on L2"
  case memory = "Memory"
  case sleep = "Sleeping and polling"
}

/// A rule: what it finds, and what to tell about it.
public struct Rule: Sendable {
  /// The name in reports and options.
  public let id: String
  public let family: RuleFamily
  public let severity: Severity
  /// One line: what the program does.
  public let summary: String
  /// What the rule means exactly, and where it is silent.
  public let meaning: String
  /// What the hardware does then.
  public let hardware: String
  /// What to do instead.
  public let remedy: String
  /// The mistake in a few lines of C.
  public let example: String

  init(
    _ id: String, _ family: RuleFamily, _ severity: Severity, _ summary: String, meaning: String, hardware: String,
    remedy: String, example: String
  ) {
    self.id = id
    self.family = family
    self.severity = severity
    self.summary = summary
    self.meaning = meaning
    self.hardware = hardware
    self.remedy = remedy
    self.example = example
  }

  /// All rules, by family.
  public static let all: [Rule] =
    RETARules.all + EventRules.all + RaceRules.all + MemoryRules.all + SleepRules.all

  /// The rule of that id.
  public static func named(_ id: String) -> Rule? { all.first { $0.id == id } }
}
