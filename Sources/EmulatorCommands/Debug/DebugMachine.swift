// The machine as a debugger's target: running it, stopping it, and what the user is shown of it.
//
// Going back is in DebugReverse.swift, registers and memory are in DebugMemory.swift. There may be two machines: the driver
// checker must have seen a whole run, so one that it watches waits at the farthest place that the program has reached
// (`frontier`) while the user looks at the past on another, which has no checker.

import Foundation
import GDBServer
import HardwareModel
import Instrumentation
import PULPissimo
import RISCV

final class DebugMachine: DebugTarget {
  /// How a debugged machine is made and what it may do.
  struct Settings {
    /// Nothing outside takes part in the run.
    var canReverse = true
    /// The driver checker watches.
    var isChecked = false
    /// Bytes for snapshots; 0: going back starts at the start each time.
    var snapshotBytes = 128 << 20
    /// Cycles from one snapshot to the next.
    var snapshotPeriod: Cycle = 4 << 20
  }

  /// A run that waits at the farthest place that has been reached.
  struct Run {
    let session: Session
    let observer: DebugObserver
    let history: DebugHistory
    var seen: [Int]
    var place: DebugPlace
  }

  let build: (_ isChecked: Bool) throws -> Session
  let settings: Settings
  var session: Session
  var observer: DebugObserver
  var history: DebugHistory
  private(set) var points: Set<DebugPoint> = []
  private var catchpoints = Catchpoints()
  var changes: [DebugChange] = []
  var nextChange = 0
  /// How many of them the present machine has seen.
  var applied = 0
  var snapshots: DebugSnapshots
  var checkpoints = Checkpoints()
  /// Where the next snapshot is due.
  var nextSnapshot: Cycle = 0
  var frontier: Run?
  /// Where the program begins, and the farthest place that it has reached on this run.
  let start: DebugPlace
  var farthest: DebugPlace
  /// SoC cycles that were simulated in all, and for the last going back.
  private(set) var simulatedCycles: Cycle = 0
  var cyclesOfLastReverse: Cycle?
  /// What a run shows to the user.
  enum Stream: Int, CaseIterable { case characters, uart, diagnostics, findings }
  /// By stream, what the user has seen already (a second run of the same instructions shows nothing twice), and how much
  /// of it has come again.
  var shown = Stream.allCases.map { _ in 0 }
  var seen = Stream.allCases.map { _ in 0 }
  /// True: the debugger wants an end of a run backwards. Asked every few milliseconds.
  var isInterrupted: () -> Bool = { false }
  /// What to show on the debugger's console.
  private var console = ""
  var end: RunEnd?
  private var isPrepared = false

  var canReverse: Bool { settings.canReverse }
  var machine: Machine { session.machine }
  var hart: Hart { machine.hart }
  var position: UInt64 { DebugObserver.position(hart) }
  var place: DebugPlace { DebugPlace(position: position, cycle: hart.cycle) }
  /// Instructions that are looked at before a place is reached, so that what is on its way there is known.
  static let lead: UInt64 = 8

  /// `build` makes a session at the start of the program, with the driver checker or without.
  init(_ settings: Settings, _ build: @escaping (_ isChecked: Bool) throws -> Session) throws {
    self.build = build
    self.settings = settings
    session = try build(settings.isChecked)
    history = DebugHistory(session.machine, session.recorder)
    observer = Self.observer(session, history)
    snapshots = DebugSnapshots(
      budget: settings.canReverse ? settings.snapshotBytes : 0, period: settings.snapshotPeriod)
    start = DebugPlace(
      position: DebugObserver.position(session.machine.hart), cycle: session.machine.hart.cycle)
    farthest = start
    nextSnapshot = start.cycle &+ snapshots.period
    attach()
  }

  private static func observer(_ session: Session, _ history: DebugHistory) -> DebugObserver {
    DebugObserver(session.machine, history) { session.place($0) }
  }

  private func attach() {
    seen = Stream.allCases.map { _ in 0 }
    let machine = session.machine
    machine.onCharacter = once(.characters, machine.onCharacter)
    machine.onUARTCharacter = once(.uart, machine.onUARTCharacter)
    machine.onDiagnostic = once(.diagnostics, machine.onDiagnostic)
    machine.isAbandoned = { Interrupts.isRaised }
    if let report = session.checker {
      report.checker.onFinding = once(.findings, report.checker.onFinding)
      report.onText = { [unowned self] in show($0 + "\n") }
    }
  }

  /// Lets `observer` and the driver checker, if it is on, watch every instruction.
  private func watch(with observer: (any InstructionObserver)?) {
    guard let checker = session.checker?.checker else {
      hart.instructionObserver = observer
      return
    }
    hart.instructionObserver = observer.map { InstructionObservers([checker, $0]) } ?? checker
  }

  /// Shows of `stream` only what is new.
  private func once<Value>(_ stream: Stream, _ show: ((Value) -> Void)?) -> ((Value) -> Void)? {
    guard let show else { return nil }
    return { [unowned self] value in
      seen[stream.rawValue] += 1
      guard seen[stream.rawValue] > shown[stream.rawValue] else { return }
      shown[stream.rawValue] = seen[stream.rawValue]
      show(value)
    }
  }

  /// Shows `text` on the debugger's console when it next listens.
  func show(_ text: String) {
    // A program that is found fault with without end must not fill the host's memory.
    if console.utf8.count < 1 << 20 { console += text }
  }

  /// What is to be shown now.
  func takeConsole() -> String? {
    defer { console = "" }
    return console.isEmpty ? nil : console
  }

  /// A new machine at the start of its program.
  func rebuild(isChecked: Bool) -> Bool {
    guard let new = try? build(isChecked) else { return false }
    session.output.flush()
    hart.instructionObserver = nil
    session = new
    history = DebugHistory(new.machine, new.recorder)
    observer = Self.observer(new, history)
    end = nil
    attach()
    return true
  }

  func restart() -> Bool {
    guard canReverse, rebuild(isChecked: settings.isChecked) else { return false }
    shown = Stream.allCases.map { _ in 0 }
    changes = []
    applied = 0
    frontier = nil
    farthest = start
    nextSnapshot = start.cycle &+ snapshots.period
    snapshots.keep(partsOf: [])
    return true
  }

  // MARK: Running

  /// Prepares for going on; `advance` does it.
  func resume(_ resumption: Resumption) {
    console = ""
    isPrepared = false
    switch resumption {
    case .run, .step:
      // What the debugger has written later is no part of the run that begins here.
      let here = place
      if changes.contains(where: { $0.place > here }) {
        changes.removeAll { $0.place > here }
        applied = changes.count
        diverge()
      }
    case .reverseRun, .reverseStep: break
    }
  }

  /// Another run than before begins here.
  func diverge() {
    frontier = nil
    farthest = place
    for stream in Stream.allCases where stream != .findings || session.checker != nil {
      shown[stream.rawValue] = seen[stream.rawValue]
    }
    snapshots.keep(partsOf: changes)
  }

  private func prepare(_ resumption: Resumption) {
    isPrepared = true
    switch resumption {
    case .step(let range): observe(.step(while: range))
    case .run where !isWatching && !isBehindFrontier: ignore()
    case .run, .reverseRun, .reverseStep: observe(.run)
    }
    if let frontier, isBehindFrontier { observer.barrier = frontier.place.position }
  }

  /// There is something to stop at.
  var isWatching: Bool { !points.isEmpty || !catchpoints.all.isEmpty }

  func observe(_ goal: DebugObserver.Goal) {
    observer.breakpoints = Set(points.filter { $0.kind == .software || $0.kind == .hardware }.map(\.address))
    observer.watches = points.sorted { ($0.address, $0.kind.rawValue) < ($1.address, $1.kind.rawValue) }
      .compactMap { point in
        let kind: DebugObserver.WatchKind
        switch point.kind {
        case .software, .hardware: return nil
        case .write: kind = .write
        case .read: kind = .read
        case .access: kind = .access
        }
        let start = UInt64(DebugObserver.canonical(point.address))
        return .init(kind: kind, range: start..<start + UInt64(max(point.length, 1)), address: point.address)
      }
    observer.catches = catchpoints.all
    observer.start(goal)
    watch(with: observer)
  }

  func ignore() {
    observer.watches = []
    observer.catches = []
    observer.detach()
    watch(with: nil)
  }

  /// One slice of the run, some 10 ms; nil if it goes on.
  func advance(_ resumption: Resumption) -> StopEvent? {
    switch resumption {
    case .reverseStep, .reverseRun:
      let before = simulatedCycles
      defer { cyclesOfLastReverse = simulatedCycles &- before }
      return resumption == .reverseStep ? reverseStep() : reverseRun()
    case .run, .step: break
    }
    if settings.isChecked, session.checker == nil, frontier == nil {
      guard catchUp() else { return .interrupted }
    }
    if isBehindFrontier, let frontier, isAt(frontier.place) {
      adopt(frontier)
      isPrepared = false
    }
    if !isPrepared { prepare(resumption) }
    session.uart?.takeInput(machine)
    defer {
      session.output.flush()
      session.uart?.flush()
    }
    var limit = Cycle.never - 1
    if isBehindFrontier, let frontier, position >= frontier.place.position { limit = frontier.place.cycle }
    let end = slice(until: limit)
    farthest = max(farthest, place)
    guard isBehindFrontier, let frontier else { return event(end) }
    // The frontier's own machine goes on from here, with the checker that has seen everything.
    let isThere = isAt(frontier.place)
    let stopsHere = end.reason == .interrupted && observer.stopsHere && !Interrupts.isRaised
    let hit = observer.hit
    if isThere || end.reason != .limit && end.reason != .interrupted {
      adopt(frontier)
      isPrepared = false
    }
    return stopsHere ? describe(hit) : Interrupts.isRaised ? event(end) : nil
  }

  private var isBehindFrontier: Bool { frontier.map { $0.session !== session } ?? false }

  /// The machine stands at `other`, or sleeps there already.
  private func isAt(_ other: DebugPlace) -> Bool {
    position >= other.position && (!hart.isAsleep || hart.cycle >= other.cycle)
  }

  /// Goes on with the machine that waits at the frontier.
  func adopt(_ run: Run) {
    session.output.flush()
    hart.instructionObserver = nil
    session = run.session
    observer = run.observer
    history = run.history
    seen = run.seen
    applied = changes.count
    frontier = nil
  }

  /// Keeps the machine that the checker watches for when the present comes again.
  func leaveFrontier() {
    guard session.checker != nil else { return }
    frontier = Run(session: session, observer: observer, history: history, seen: seen, place: place)
  }

  /// Runs some 10 ms, at most to `limit` or until so many instructions have retired; takes a snapshot where one is due.
  func slice(until limit: Cycle = .never - 1, instructions: UInt64 = .max) -> RunEnd {
    let before = hart.cycle
    let length: UInt64 = hart.instructionObserver == nil ? 1 << 20 : 1 << 18
    var until = min(limit, before &+ min(length, .never - 1 - before))
    if snapshots.isOn {
      if nextSnapshot <= before || nextSnapshot > before &+ snapshots.period {
        nextSnapshot = before &+ snapshots.period
      }
      until = min(until, nextSnapshot)
    }
    let end = machine.run(limits: RunLimits(cycles: until, instructions: instructions))
    simulatedCycles &+= hart.cycle &- min(before, hart.cycle)
    if snapshots.isOn, end.reason == .limit, until == nextSnapshot, end.cycles == until {
      nextSnapshot &+= snapshots.period
      takeSnapshot(atLeast: snapshots.period / 2)
    }
    return end
  }

  private func event(_ end: RunEnd) -> StopEvent? {
    switch end.reason {
    case .limit: return nil
    case .interrupted where !Interrupts.isRaised: return describe(observer.hit)
    case .exit:
      self.end = session.finish(end)
      return .exited(UInt8(truncatingIfNeeded: Session.status(end)))
    case .interrupted, .lockup, .strict, .check:
      self.end = end
      show(session.lastLine(end) + "\n")
      return .aborted
    }
  }

  func describe(_ hit: DebugObserver.Hit?) -> StopEvent {
    guard let hit else { return .trap }
    show("\(hit.text()), cycle \(hart.cycle)\n")
    switch hit.kind {
    case .watch(.write): return .watch(.write, address: hit.address)
    case .watch(.read): return .watch(.read, address: hit.address)
    case .watch(.access): return .watch(.access, address: hit.address)
    case .event: return .caught
    }
  }

  /// What is wired to the UART is heard while the program stands, too.
  func listen() {
    guard end == nil else { return }
    session.uart?.takeInput(machine)
  }

  /// The findings of the driver checker.
  var checkReport: CheckReport? { session.checker ?? frontier?.session.checker }

  /// Who has set breakpoints and watchpoints has gone.
  func removePoints() { points = [] }

  func insert(_ point: DebugPoint) -> Bool {
    points.insert(point)
    return true
  }

  func remove(_ point: DebugPoint) -> Bool {
    points.remove(point)
    return true
  }

  /// Goes on without a debugger to the end of the run.
  func runAlone() -> RunEnd {
    if let frontier { adopt(frontier) }
    if settings.isChecked, session.checker == nil { _ = catchUp() }
    ignore()
    snapshots = DebugSnapshots(budget: 0, period: 1)
    let end = session.run(limits: RunLimits())
    self.end = end
    return end
  }

  // MARK: monitor

  func monitor(_ command: String) -> String {
    let words = command.split(separator: " ").map(String.init)
    let arguments = Array(words.dropFirst())
    switch words.first {
    case "break-on": return catchpoints.command(arguments, machine.configuration.profile)
    case "checkpoint": return checkpoint(arguments)
    case "snapshots": return snapshotText
    case "reset":
      guard canReverse else { return "the program cannot be started again: somebody outside takes part in its run\n" }
      guard restart() else { return "the machine could not be built anew\n" }
      return "at the start of the program\n" + Self.flushHint
    default: return MonitorCommands(session, history).answer(words)
    }
  }

  /// gdb does not know that a monitor command may move the machine.
  static let flushHint = "gdb still shows the registers of before: maintenance flush register-cache\n"

  private var snapshotText: String {
    guard snapshots.isOn else {
      return canReverse
        ? "no snapshots: going back starts at the start\n" : "no snapshots: the program cannot go back\n"
    }
    var text = "\(snapshots.all.count) snapshots, \(snapshots.bytes >> 10) of \(snapshots.budget >> 10) KiB, "
    text += "one every \(snapshots.period) cycles\n"
    if let first = snapshots.all.first, let last = snapshots.all.last {
      text += "from cycle \(first.place.cycle) to cycle \(last.place.cycle)\n"
    }
    if let cycles = cyclesOfLastReverse { text += "the last way back took \(cycles) cycles of simulation\n" }
    return text
  }
}
