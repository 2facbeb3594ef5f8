// `monitor break-on`: what the machine's blocks do, as places to stop at. What can be named, and answers to who misnames it.

import HardwareModel
import PULPissimo
import Peripherals

/// Something to stop at that is no address.
struct Catchpoint: Equatable {
  enum Direction: String, CaseIterable { case write, read, access }

  enum Condition: Equatable {
    case jobDone
    case error
    case descriptor
    /// A SoC event.
    case event(Int)
    case register(Address, name: String, Direction)
  }

  let number: Int
  let condition: Condition

  var description: String {
    switch condition {
    case .jobDone: "job-done"
    case .error: "error"
    case .descriptor: "descriptor"
    case .event(let event): "event \(event)"
    case .register(_, let name, let direction): "register \(name) \(direction.rawValue)"
    }
  }

  /// Events that the generator does not get as pulses: they are seen when they are passed on to somebody.
  static func isSeenWhenPassed(_ event: Int) -> Bool {
    (135...139).contains(event) || event >= SoCEventGenerator.firstSoftwareEvent
  }
}

/// The catchpoints that are set, and the command that sets them.
struct Catchpoints {
  private(set) var all: [Catchpoint] = []
  private var nextNumber = 1

  static let help = """
    break-on job-done                   a job of RETA has ended
    break-on error                      a job has ended with an error
    break-on descriptor                 a descriptor has ended
    break-on event N                    SoC event N (0 to 168) fires
    break-on register BLOCK.REG write   the core writes the register (or: read, access)
    break-on list                       what is set
    break-on delete N                   takes it away; without a number all

    """

  /// Carries out `break-on WORDS`; the answer for the console.
  mutating func command(_ words: [String], _ profile: MachineConfiguration.Profile) -> String {
    switch words.first {
    case nil, "help": return Self.help
    case "list": return list
    case "delete": return delete(words.dropFirst())
    default: break
    }
    switch Self.condition(words, profile) {
    case .failure(let problem): return problem.text
    case .success(let condition):
      if let same = all.first(where: { $0.condition == condition }) {
        return "break-on \(same.number) is that already\n"
      }
      let new = Catchpoint(number: nextNumber, condition: condition)
      nextNumber += 1
      all.append(new)
      return "break-on \(new.number): \(new.description)\n"
    }
  }

  private var list: String {
    all.isEmpty ? "no break-on is set\n" : all.map { "break-on \($0.number): \($0.description)\n" }.joined()
  }

  private mutating func delete(_ words: ArraySlice<String>) -> String {
    guard let word = words.first, word != "all" else {
      all = []
      return "no break-on is left\n"
    }
    guard let number = Int(word), let index = all.firstIndex(where: { $0.number == number }) else {
      return "there is no break-on '\(word)'; there are:\n" + list
    }
    all.remove(at: index)
    return "break-on \(number) is deleted\n"
  }

  struct Problem: Error { let text: String }

  static func condition(
    _ words: [String], _ profile: MachineConfiguration.Profile
  ) -> Result<Catchpoint.Condition, Problem> {
    func failure(_ text: String) -> Result<Catchpoint.Condition, Problem> { .failure(Problem(text: text + "\n")) }
    let known = ["job-done", "error", "descriptor", "event", "register"]
    let arguments = words.dropFirst().map { $0 }
    switch words.first ?? "" {
    case let word where arguments.isEmpty && word == "job-done": return .success(.jobDone)
    case let word where arguments.isEmpty && word == "error": return .success(.error)
    case let word where arguments.isEmpty && word == "descriptor": return .success(.descriptor)
    case "event":
      guard arguments.count == 1, let number = Numbers.parse(arguments[0]), number < SoCEventGenerator.eventCount else {
        return failure("break-on event takes a number from 0 to \(SoCEventGenerator.eventCount - 1)")
      }
      return .success(.event(Int(number)))
    case "register":
      guard (1...2).contains(arguments.count) else { return failure("break-on register BLOCK.REG write|read|access") }
      guard let direction = Catchpoint.Direction(rawValue: arguments.count > 1 ? arguments[1].lowercased() : "write")
      else { return failure("'\(arguments[1])' is none of write, read, access") }
      return register(arguments[0], direction, profile)
    case let word where known.contains(word): return failure("break-on \(word) takes nothing more")
    case let word:
      return .failure(Problem(text: "no break-on '\(word)'\(Spelling.hint(word, known)); there are:\n" + help))
    }
  }

  private static func register(
    _ path: String, _ direction: Catchpoint.Direction, _ profile: MachineConfiguration.Profile
  ) -> Result<Catchpoint.Condition, Problem> {
    let blocks = MachineDescription.placedBlocks(profile)
    let parts = path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2 else {
      return .failure(Problem(text: "a register is named BLOCK.REG, for example RETA.TRIGGER, not '\(path)'\n"))
    }
    guard let block = (try? RegistersCommand.select(parts[0], of: blocks))?.first else {
      let names = blocks.map(\.name)
      return .failure(
        Problem(
          text: "no block '\(parts[0])'\(Spelling.hint(parts[0], names)); there are: \(names.joined(separator: ", "))\n"
        ))
    }
    let registers = block.block.registers
    guard let register = registers.first(where: { $0.name.caseInsensitiveCompare(parts[1]) == .orderedSame }) else {
      let names = registers.map(\.name)
      return .failure(
        Problem(
          text: "\(block.name) has no register '\(parts[1])'\(Spelling.hint(parts[1], names)); it has: "
            + names.joined(separator: ", ") + "\n"))
    }
    return .success(
      .register(block.base &+ register.offset, name: "\(block.name).\(register.name)", direction))
  }
}
