// A profile as folded stacks, what flamegraph.pl, speedscope and inferno read: `main;f;g 1234`, weight in SoC cycles.
//
// Interrupts and exceptions are roots of their own. The cycles in which the core slept are a frame `[asleep]`.

extension Profiler {
  /// A line a stack, in order of the text. The weights add up to the run's cycles.
  public func foldedStacks() -> String {
    var stacks: [String] = [""]
    var weights: [String: UInt64] = [:]
    // Parents come before their children.
    for node in nodes.dropFirst() {
      let name = functions[node.function].name.map { $0 == ";" || $0.isNewline ? "_" : $0 }
      let stack = stacks[node.parent].isEmpty ? String(name) : stacks[node.parent] + ";" + String(name)
      stacks.append(stack)
      if node.cycles > node.sleep { weights[stack, default: 0] += node.cycles - node.sleep }
      if node.sleep > 0 { weights[stack + ";[asleep]", default: 0] += node.sleep }
    }
    return weights.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)\n" }.joined()
  }
}
