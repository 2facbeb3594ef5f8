// What `scripts/demo` shows: text as it is generated, then what each host style costs.

import Foundation
import Instrumentation
import PULPissimo

/// The demo without a file of examples.
struct DemoShow {
  let firmware: DemoFirmware
  let styles: [HostStyle]
  let isQuiet: Bool

  /// Number of things that are not as expected.
  func run() throws -> Int {
    let path = firmware.models + "/charlm.json"
    let manifest = try ExampleFile(path: path)
    let vocabulary = try Vocabulary(manifest: path)
    var differences = 0
    var columns: [(name: String, statistics: Statistics, tokens: Int)] = []
    let steps = styles.count + (manifest.entries.count - 1) + 1

    func progress(_ step: Int, _ text: String) {
      if !isQuiet && Console.errorIsTerminal { Console.error("[\(step)/\(steps)] \(text)") }
    }

    // The first prompt in every style; its figures are compared.
    for (index, style) in styles.enumerated() {
      progress(index + 1, "retnet-generate-\(style.rawValue)")
      let (session, end, tokens) = try generate(manifest.entries[0], style, vocabulary, path)
      differences += check(manifest.entries[0], tokens, style)
      columns.append(
        (
          style.rawValue,
          session.statistics(end, configuration: [:]), tokens.count
        ))
      Console.output("")
      if Interrupts.isRaised { return differences }
    }
    // The other prompts in the last style that drives the accelerator.
    let style = styles.last { $0 != .host } ?? styles[0]
    for (index, entry) in manifest.entries.enumerated().dropFirst() {
      progress(styles.count + index, "retnet-generate-\(style.rawValue), prompt \(index + 1)")
      let (_, _, tokens) = try generate(entry, style, vocabulary, path)
      differences += check(entry, tokens, style)
      Console.output("")
      if Interrupts.isRaised { return differences }
    }
    progress(steps, "retnet-digits")
    differences += try digits()
    Console.output("")
    Console.output(summary(columns))
    Console.output(
      differences == 0
        ? "All generated text equals the model's expected output."
        : "\(differences) outputs differ from the expected ones.")
    return differences
  }

  private func generate(
    _ entry: [String: Any], _ style: HostStyle, _ vocabulary: Vocabulary, _ path: String
  ) throws -> (Session, RunEnd, [UInt32]) {
    let session = try Session(
      image: try firmware.image("retnet-generate-\(style.rawValue)"), configuration: MachineConfiguration(),
      output: GuestOutput(), isQuiet: isQuiet)
    let prompt = entry["prompt"] as? String ?? ""
    let count = (entry["n"] as? NSNumber)?.intValue ?? 0
    try GenerateRequest(prompt: try vocabulary.tokens(prompt, path), count: count, chunk: 1).write(to: session)
    let end = session.run(limits: RunLimits())
    if end.reason == .interrupted { return (session, end, []) }
    guard end.reason == .exit, end.code == 0, let tokens = GenerateRequest.result(of: session) else {
      throw HostError(status: max(1, Session.status(end)), description: session.lastLine(end))
    }
    return (session, end, tokens)
  }

  private func check(_ entry: [String: Any], _ tokens: [UInt32], _ style: HostStyle) -> Int {
    guard !Interrupts.isRaised, let expected = entry["greedy_C1"] as? [NSNumber],
      expected.map(\.uint32Value) != tokens
    else { return 0 }
    Console.output("DIFFERS: style \(style.rawValue) did not generate what the model's manifest expects")
    return 1
  }

  private func digits() throws -> Int {
    let session = try Session(
      image: try firmware.image("retnet-digits"), configuration: MachineConfiguration(), output: GuestOutput(),
      isQuiet: isQuiet)
    let end = session.run(limits: RunLimits())
    return end.reason == .exit && end.code == 0 || end.reason == .interrupted ? 0 : 1
  }

  private func summary(_ columns: [(name: String, statistics: Statistics, tokens: Int)]) -> String {
    typealias Value = (Statistics, Int) -> String
    func number(_ value: UInt64) -> String { Numbers.grouped(value) }
    let rows: [(String, Value)] = [
      ("tokens generated", { _, tokens in number(UInt64(tokens)) }),
      ("cycles, first trigger to last job", { s, _ in number(s.overhead.regionCycles) }),
      ("cycles, whole program", { s, _ in number(s.cycles) }),
      ("cycles a generated token", { s, tokens in number(tokens > 0 ? Self.work(s) / UInt64(tokens) : 0) }),
      (
        "accelerator utilisation",
        { s, _ in
          s.overhead.regionCycles == 0
            ? "-"
            : String(
              format: "%.1f %%",
              100 * Double(s.overhead.acceleratorBusyCycles + s.overhead.acceleratorStallCycles)
                / Double(s.overhead.regionCycles))
        }
      ),
      ("host active cycles", { s, _ in number(Self.active(s)) }),
      ("host asleep cycles", { s, _ in number(Self.asleep(s)) }),
      ("register accesses", { s, _ in number(UInt64(s.overhead.mmioReads + s.overhead.mmioWrites)) }),
      ("interrupts", { s, _ in number(UInt64(s.overhead.interrupts)) }),
      ("intervention ratio", { s, _ in OverheadTable.ratio(s.overhead.interventionRatio) }),
    ]
    return TextTable(
      ["host style"] + columns.map(\.name),
      rows.map { row in [row.0] + columns.map { row.1($0.statistics, $0.tokens) } },
      rightAligned: Set(1...max(1, columns.count))
    ).text
  }

  /// Cycles of the generation: the region, or the whole program where the accelerator has no part.
  private static func work(_ statistics: Statistics) -> UInt64 {
    statistics.overhead.regionCycles > 0 ? statistics.overhead.regionCycles : statistics.cycles
  }
  private static func active(_ statistics: Statistics) -> UInt64 {
    statistics.overhead.regionCycles > 0 ? statistics.overhead.hostActiveCycles : statistics.host.activeCycles
  }
  private static func asleep(_ statistics: Statistics) -> UInt64 {
    statistics.overhead.regionCycles > 0 ? statistics.overhead.hostSleepCycles : statistics.host.sleepCycles
  }
}
