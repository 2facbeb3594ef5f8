// `monitor checkpoint`: states of the whole machine under a name, to come back to. gdb's own `checkpoint` is something else: it
// forks processes.

import HardwareModel

/// The checkpoints of a session.
struct Checkpoints {
  struct Checkpoint {
    let name: String
    let snapshot: DebugSnapshot
    /// What the debugger had written before it.
    let changes: [DebugChange]
    /// Where the program was.
    let text: String
  }

  /// Each holds the machine's memory.
  static let most = 64

  var all: [Checkpoint] = []
  var nextNumber = 1

  static let help = """
    checkpoint save [NAME]     keeps the state of the whole machine
    checkpoint list            what is kept
    checkpoint restore NAME    goes there, back or forth
    checkpoint delete NAME     forgets it; delete all
    (gdb's own `checkpoint` is something else and does not work here.)

    """

  func named(_ name: String) -> Checkpoint? { all.first { $0.name == name } }

  var list: String {
    all.isEmpty ? "no checkpoint is kept\n" : all.map { "\($0.name): \($0.text)\n" }.joined()
  }

  func missing(_ name: String) -> String {
    "there is no checkpoint '\(name)'\(Spelling.hint(name, all.map(\.name))); there are:\n" + list
  }
}

extension DebugMachine {
  /// Carries out `checkpoint WORDS`.
  func checkpoint(_ words: [String]) -> String {
    guard canReverse else {
      return "no checkpoints: somebody outside takes part in the run (semihosting, or a UART that is typed at)\n"
    }
    let name = words.count > 1 ? words[1] : nil
    switch (words.first, name) {
    case (nil, _), ("help", _): return Checkpoints.help
    case ("list", nil): return checkpoints.list
    case ("save", _) where words.count <= 2: return save(name)
    case ("restore", let name?) where words.count == 2: return restore(name)
    case ("delete", "all"):
      checkpoints.all = []
      return "no checkpoint is kept\n"
    case ("delete", let name?) where words.count == 2:
      guard checkpoints.named(name) != nil else { return checkpoints.missing(name) }
      checkpoints.all.removeAll { $0.name == name }
      return "checkpoint \(name) is deleted\n"
    case (let word?, _):
      let hint = Spelling.hint(word, ["save", "list", "restore", "delete"])
      return "checkpoint does not understand '\(words.joined(separator: " "))'\(hint):\n" + Checkpoints.help
    }
  }

  private func save(_ name: String?) -> String {
    guard checkpoints.all.count < Checkpoints.most || name.map({ checkpoints.named($0) != nil }) ?? false else {
      return "there are \(Checkpoints.most) checkpoints already; delete some\n"
    }
    var name = name
    while name == nil {
      let next = String(checkpoints.nextNumber)
      checkpoints.nextNumber += 1
      if checkpoints.named(next) == nil { name = next }
    }
    guard let name, let snapshot = snapshot() else { return "the state cannot be saved here\n" }
    let checkpoint = Checkpoints.Checkpoint(
      name: name, snapshot: snapshot, changes: Array(changes.prefix(snapshot.changes.count)),
      text: "cycle \(hart.cycle), at \(session.place(hart.pc))")
    checkpoints.all.removeAll { $0.name == name }
    checkpoints.all.append(checkpoint)
    return "checkpoint \(name): \(checkpoint.text)\n"
  }

  private func restore(_ name: String) -> String {
    guard let checkpoint = checkpoints.named(name) else { return checkpoints.missing(name) }
    let isSameRun = checkpoint.snapshot.isPart(of: changes)
    guard restore(checkpoint.snapshot) else { return "the state could not be loaded\n" }
    if isSameRun {
      shown = zip(shown, seen).map(max)
      if let frontier, frontier.place < place { self.frontier = nil }
      farthest = max(farthest, place)
    } else {
      changes = checkpoint.changes
      diverge()
    }
    return "checkpoint \(name): \(checkpoint.text)\n" + Self.flushHint
  }
}
