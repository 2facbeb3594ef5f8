// The machine as a debugger's target: registers and memory without side effects, pauses, and going back in time.
//
// A machine that has the same inputs does the same, so going back is running a new one up to the place: as fast as the
// block engine goes for a step, with every instruction looked at for a breakpoint or watchpoint before the present place.
// What the debugger has written is kept with its place and written again.

import Foundation
import GDBServer
import HardwareModel
import Instrumentation
import PULPissimo
import RISCV

final class DebugMachine: DebugTarget {
  /// A change that the debugger has made.
  private enum Change {
    case register(Int, UInt32)
    case csr(UInt16, UInt32)
    case memory(UInt32, [UInt8])
  }

  private let build: () throws -> Session
  private(set) var session: Session
  private var observer: DebugObserver
  private(set) var history: DebugHistory
  private var points: Set<DebugPoint> = []
  private var catchpoints = Catchpoints()
  private var changes: [(position: UInt64, change: Change)] = []
  /// What a run shows to the user.
  private enum Stream: Int, CaseIterable { case characters, uart, diagnostics, findings }
  /// By stream, what the user has seen already (a second run of the same instructions shows nothing twice), and how much
  /// of it has come again.
  private var shown = Stream.allCases.map { _ in 0 }
  private var seen = Stream.allCases.map { _ in 0 }
  let canReverse: Bool
  /// True: the debugger wants an end of a run backwards. Asked every few milliseconds.
  var isInterrupted: () -> Bool = { false }
  /// What to show on the debugger's console about the last stop.
  private(set) var remark: String?
  private(set) var end: RunEnd?

  var machine: Machine { session.machine }
  private var hart: Hart { machine.hart }
  private var position: UInt64 { DebugObserver.position(hart) }

  /// `canReverse`: nothing outside takes part in the run.
  init(canReverse: Bool, _ build: @escaping () throws -> Session) throws {
    self.build = build
    self.canReverse = canReverse
    session = try build()
    history = DebugHistory(session.machine, session.recorder)
    observer = Self.observer(session, history)
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
    if let checker = session.checker?.checker { checker.onFinding = once(.findings, checker.onFinding) }
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

  /// A new machine at the start of its program.
  private func rebuild() -> Bool {
    guard let new = try? build() else { return false }
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
    guard canReverse, rebuild() else { return false }
    shown = Stream.allCases.map { _ in 0 }
    changes = []
    return true
  }

  // MARK: Running

  /// Prepares for going on; `advance` does it.
  func resume(_ resumption: Resumption) {
    remark = nil
    changes.removeAll { $0.position > position }
    switch resumption {
    case .step(let range): observe(.step(while: range))
    case .run where !isWatching: ignore()
    case .run, .reverseRun, .reverseStep: observe(.run)
    }
  }

  /// There is something to stop at.
  private var isWatching: Bool { !points.isEmpty || !catchpoints.all.isEmpty }

  private func observe(_ goal: DebugObserver.Goal) {
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

  private func ignore() {
    observer.watches = []
    observer.catches = []
    observer.detach()
    watch(with: nil)
  }

  /// One slice of the run, some 10 ms; nil if it goes on.
  func advance(_ resumption: Resumption) -> StopEvent? {
    switch resumption {
    case .reverseStep: return reverseStep()
    case .reverseRun: return reverseRun()
    case .run, .step: break
    }
    session.uart?.takeInput(machine)
    defer {
      session.output.flush()
      session.uart?.flush()
    }
    return event(slice())
  }

  private func slice(instructions: UInt64 = .max) -> RunEnd {
    let length: UInt64 = hart.instructionObserver == nil ? 1 << 20 : 1 << 18
    let (until, isOver) = hart.cycle.addingReportingOverflow(length)
    return machine.run(limits: RunLimits(cycles: isOver ? .never - 1 : until, instructions: instructions))
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
      remark = session.lastLine(end) + "\n"
      return .aborted
    }
  }

  private func describe(_ hit: DebugObserver.Hit?) -> StopEvent {
    guard let hit else { return .trap }
    remark = "\(hit.text()), cycle \(hart.cycle)\n"
    switch hit.kind {
    case .watch(.write): return .watch(.write, address: hit.address)
    case .watch(.read): return .watch(.read, address: hit.address)
    case .watch(.access): return .watch(.access, address: hit.address)
    case .event: return .caught
    }
  }

  // MARK: Going back

  private func reverseStep() -> StopEvent {
    let here = position
    guard here > 0 else { return .start }
    return replay(to: here - 1, scanning: false) ? .trap : .interrupted
  }

  private func reverseRun() -> StopEvent {
    let here = position
    guard here > 0 else { return .start }
    guard isWatching else { return replay(to: 0, scanning: false) ? .start : .interrupted }
    guard replay(to: here, scanning: true) else { return .interrupted }
    guard let candidate = found else { return replay(to: 0, scanning: false) ? .start : .interrupted }
    guard replay(to: candidate.position, scanning: false) else { return .interrupted }
    return describe(candidate.hit)
  }

  private var found: (position: UInt64, hit: DebugObserver.Hit?)?

  /// A new machine, run up to `wanted`; false if the debugger has interrupted that.
  private func replay(to wanted: UInt64, scanning: Bool) -> Bool {
    let traps = hart.counters.interrupts &+ hart.counters.exceptions
    let changes = changes
    found = nil
    guard rebuild() else { return false }
    if scanning {
      observe(.scan(before: wanted, until: 0))
      // The very first instruction is reached without one before it.
      if observer.breakpoints.contains(hart.pc) { found = (0, nil) }
    }
    for change in changes where change.position < wanted || (change.position == wanted && !scanning) {
      guard go(to: change.position, traps: traps, limit: wanted, scanning) else { return false }
      apply(change.change)
    }
    let isDone = go(to: wanted, traps: traps, limit: wanted, scanning)
    session.output.flush()
    return isDone
  }

  private func go(to wanted: UInt64, traps: UInt64, limit: UInt64, _ scanning: Bool) -> Bool {
    if !scanning {
      ignore()
      // So many instructions have retired at least when the place is reached.
      let first = wanted > traps &+ 1 ? wanted - traps - 1 : 0
      while hart.counters.instructions < first {
        if isInterrupted() || Interrupts.isRaised { return false }
        guard slice(instructions: first).reason == .limit else { return true }
      }
    }
    observe(scanning ? .scan(before: limit, until: wanted) : .position(wanted))
    while position < wanted {
      if isInterrupted() || Interrupts.isRaised { return false }
      let end = slice()
      if let candidate = observer.candidate, candidate.position < limit { found = candidate }
      guard end.reason == .limit || end.reason == .interrupted else { return true }
    }
    return true
  }

  // MARK: Registers and memory

  var csrs: [(name: String, number: UInt16)] {
    (UInt16(0)..<4096).compactMap { number in
      let name = CSRNames.name(number)
      return name.hasPrefix("0x") || hart.peekCSR(number) == nil ? nil : (name, number)
    }
  }

  func register(_ number: Int) -> UInt32? {
    if number == 32 { return hart.pc }
    guard (0..<32).contains(number) else { return nil }
    if number > 0, let load = observer.pendingLoad, load.rd == number { return value(of: load) }
    return hart[register: number]
  }

  /// What a load on its way will bring, as far as it can be seen now.
  private func value(of load: DebugObserver.PendingLoad) -> UInt32 {
    let bytes = read(load.address, count: Int(DebugObserver.size(load.operation)))
    let value = bytes.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    switch load.operation {
    case .lb: return UInt32(bitPattern: Int32(Int8(truncatingIfNeeded: value)))
    case .lh: return UInt32(bitPattern: Int32(Int16(truncatingIfNeeded: value)))
    default: return value
    }
  }

  func setRegister(_ number: Int, _ value: UInt32) -> Bool {
    guard (0...32).contains(number) else { return false }
    return make(.register(number, value))
  }

  func csr(_ number: UInt16) -> UInt32? { hart.peekCSR(number) }

  func setCSR(_ number: UInt16, _ value: UInt32) -> Bool { make(.csr(number, value)) }

  func read(_ address: UInt32, count: Int) -> [UInt8] {
    var result: [UInt8] = []
    var place = address
    while result.count < count {
      if let (memory, own) = machine.memory(at: place) {
        let most = min(count - result.count, memory.size - Int(own &- memory.base))
        // A part that lies in one memory by its own addresses also does by an alias, but the alias may end before.
        let inAlias = place < MemoryMap.dataAliasSize ? Int(MemoryMap.dataAliasSize - place) : most
        result += machine.read(place, count: min(most, inAlias)) ?? []
        place &+= UInt32(truncatingIfNeeded: min(most, inAlias))
      } else if let word = word(place) {
        result.append(UInt8(truncatingIfNeeded: word >> (8 * (place & 3))))
        place &+= 1
      } else {
        break
      }
      if place == 0 { break }
    }
    return Array(result.prefix(count))
  }

  /// The word around `address` in a peripheral, or in the repetitions of the ROM.
  private func word(_ address: UInt32) -> UInt32? {
    if address >= MemoryMap.rom && address < MemoryMap.romEnd { return machine.bus.peekFetch(address & ~3) }
    return machine.bus.peek(address & ~3, at: hart.cycle)
  }

  func write(_ bytes: [UInt8], at address: UInt32) -> Bool { make(.memory(address, bytes)) }

  private func make(_ change: Change) -> Bool {
    guard apply(change) else { return false }
    changes.removeAll { $0.position > position }
    changes.append((position, change))
    return true
  }

  @discardableResult
  private func apply(_ change: Change) -> Bool {
    observer.isSilent = true
    defer { observer.isSilent = false }
    switch change {
    case .register(32, let value): hart.continueAt(value)
    case .register(let number, let value):
      machine.hart[register: number] = value
      session.checker?.checker.registersLoaded()
    case .csr(let number, let value): return hart.pokeCSR(number, value)
    case .memory(let address, let bytes):
      if machine.memory(at: address) != nil { return machine.write(bytes, at: address) }
      // A register: written as a store would, in the present cycle, which is not behind an event that is still to come.
      guard bytes.count == 4, address & 3 == 0, machine.bus.register(at: address) != nil else { return false }
      let value = bytes.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      machine.bus.write(address, value, size: 4, at: min(hart.cycle, machine.queue.next))
    }
    return true
  }

  var memoryMap: [DebugMemory] {
    [
      DebugMemory(start: MemoryMap.dataAlias, size: UInt64(MemoryMap.dataAliasSize)),
      DebugMemory(start: MemoryMap.rom, size: UInt64(MemoryMap.romEnd - MemoryMap.rom), isROM: true),
      DebugMemory(start: MemoryMap.peripherals.lowerBound, size: UInt64(MemoryMap.peripherals.count)),
      DebugMemory(
        start: MemoryMap.privateBank0,
        size: UInt64(2 * MemoryMap.privateBankSize) + UInt64(MemoryMap.interleavedWindow)),
    ] + machine.extraMemories.map { DebugMemory(start: $0.base, size: UInt64($0.size)) }
  }

  func insert(_ point: DebugPoint) -> Bool {
    points.insert(point)
    return true
  }

  func remove(_ point: DebugPoint) -> Bool {
    points.remove(point)
    return true
  }

  func monitor(_ command: String) -> String {
    let words = command.split(separator: " ").map(String.init)
    guard words.first != "break-on" else {
      return catchpoints.command(Array(words.dropFirst()), machine.configuration.profile)
    }
    return MonitorCommands(session, history).answer(words)
  }

  /// Goes on without a debugger to the end of the run.
  func runAlone() -> RunEnd {
    ignore()
    let end = session.run(limits: RunLimits())
    self.end = end
    return end
  }
}
