/// Runs test vectors against the accelerator alone: registers, L2 and an event queue, no core.
///
/// Models: the runner that the vectors' description asks for: L2 is filled and read behind the machine's back, all
/// else goes through the registers, nothing else uses the bus.

import HardwareModel

/// Runs one vector after the other, each from reset.
public final class VectorRunner {
  /// The interleaved L2 that vectors are made for.
  public static let memoryBase: Address = 0x1C01_0000
  public static let memorySize = 0x8_0000
  /// Cycles from one register access to the next; no result depends on it.
  private static let accessDistance: Cycle = 5
  /// A job that has not ended after this many events or cycles is reported, not waited for.
  private static let eventLimit = 20_000_000
  private static let cycleLimit: Cycle = 1 << 40

  private let configuration: RETAConfiguration
  /// SHA-256; nil: digests are not checked.
  private let sha256: ((UnsafeRawBufferPointer) -> [UInt8])?

  // One machine per case.
  private var queue = EventQueue()
  private let memory: DirectMemory
  private var accelerator: RETA
  private var now: Cycle = 0
  private var events: (UInt64, UInt64) = (0, 0)

  public init(
    configuration: RETAConfiguration = RETAConfiguration(), sha256: ((UnsafeRawBufferPointer) -> [UInt8])? = nil
  ) {
    self.configuration = configuration
    self.sha256 = sha256
    memory = DirectMemory(name: "interleaved L2", base: Self.memoryBase, size: Self.memorySize)
    accelerator = RETA(queue: queue, memory: memory, configuration: configuration)
  }

  // MARK: The three kinds

  /// A job from reset to done.
  public func run(_ vector: VectorCase) -> VectorOutcome {
    reset(fill: vector.fill)
    vector.memory.forEach(store)
    let before = vector.checksWholeMemory ? snapshot() : []
    return finish(vector, before: before)
  }

  /// A register sequence.
  public func run(_ sequence: VectorSequence) -> VectorOutcome {
    reset(fill: sequence.fill)
    var outcome = VectorOutcome(name: sequence.name)
    for (index, step) in sequence.steps.enumerated() {
      if let difference = difference(of: step) {
        outcome.difference = "step \(index): \(difference)"
        break
      }
    }
    return outcome
  }

  /// The worked example: its descriptors one by one as register jobs, then the list as one job.
  public func run(_ example: VectorExample) -> [VectorOutcome] {
    var outcomes: [VectorOutcome] = []
    reset(fill: example.list.fill)
    example.list.memory.forEach(store)
    let overhead = UInt64(configuration.tStart + configuration.tCheck + configuration.tDone)
    let list = example.list.words.count > 6 ? example.list.words[6] : 0
    for (index, step) in example.steps.enumerated() {
      let address = list &+ DescriptorFormat.byteCount &* UInt32(truncatingIfNeeded: index)
      let words = (0..<DescriptorFormat.wordCount).map { memory.word(address &+ 4 &* UInt32($0)) }
      var outcome = VectorOutcome(name: "#\(index) \(step.name)", expectedCycles: step.cycles &+ overhead)
      write(RETARegisters.perfClear, 1)
      outcome.difference = startAndWait(words)
      outcome.cycles = counter(.cycles)
      outcome.difference =
        outcome.difference ?? difference(of: ExpectedValue(.error, 0)) ?? difference(of: step.output)
        ?? difference("CYCLES", outcome.cycles ?? 0, step.cycles &+ overhead)
      outcomes.append(outcome)
    }
    outcomes.append(run(example.list))
    return outcomes
  }

  // MARK: A job

  private func finish(_ vector: VectorCase, before: [UInt8]) -> VectorOutcome {
    var outcome = VectorOutcome(name: vector.name)
    outcome.expectedCycles = vector.expected.first { $0.item == .performance(.cycles) }?.value
    for (register, value) in zip(RETARegisters.base, vector.base) { write(register, value) }
    for (register, value) in zip(RETARegisters.cnt, vector.counters) { write(register, value) }
    outcome.difference = startAndWait(vector.words)
    outcome.cycles = counter(.cycles)
    guard outcome.agrees else { return outcome }
    for value in vector.expected {
      if let difference = difference(of: value) {
        outcome.difference = difference
        return outcome
      }
    }
    for patch in vector.expectedMemory {
      if let difference = difference(of: patch) {
        outcome.difference = difference
        return outcome
      }
    }
    outcome.difference =
      (vector.checksWholeMemory ? strayWrite(vector, before: before) : nil) ?? digestDifference(vector)
    return outcome
  }

  /// Writes the words, triggers and waits; what went wrong, if anything.
  private func startAndWait(_ words: [UInt32]) -> String? {
    for (register, value) in zip(RETARegisters.job, words) { write(register, value) }
    write(RETARegisters.trigger, 0)
    return wait()
  }

  private func wait() -> String? {
    let start = now
    var events = 0
    while accelerator.isBusy, queue.next != .never {
      now = max(now, queue.next)
      queue.run(through: now)
      events += 1
      if events > Self.eventLimit || now &- start > Self.cycleLimit {
        return "the job still runs after \(now &- start) cycles"
      }
    }
    return accelerator.isBusy ? "the job never ends" : nil
  }

  private func reset(fill: UInt8) {
    queue = EventQueue()
    memory.bytes.initializeMemory(as: UInt8.self, repeating: fill, count: memory.size)
    accelerator = RETA(queue: queue, memory: memory, configuration: configuration)
    events = (0, 0)
    now = 0
    accelerator.onEvent = { [unowned self] line, _ in
      if line == 0 { events.0 &+= 1 } else { events.1 &+= 1 }
    }
  }

  private func store(_ patch: MemoryPatch) {
    patch.bytes.withUnsafeBytes { memory.write(patch.address, $0) }
  }

  private func snapshot() -> [UInt8] {
    [UInt8](UnsafeRawBufferPointer(start: memory.bytes, count: memory.size))
  }

  // MARK: Accesses

  private func advance() {
    now &+= Self.accessDistance
    queue.run(through: now)
  }

  private func write(_ register: Register, _ value: UInt32) { write(register.offset, value) }

  private func write(_ offset: UInt32, _ value: UInt32) {
    advance()
    accelerator.write(offset, value, at: now)
  }

  private func read(_ register: Register) -> UInt32 { read(register.offset) }

  private func read(_ offset: UInt32) -> UInt32 {
    advance()
    return accelerator.read(offset, at: now)
  }

  private func counter(_ counter: PerformanceCounter) -> UInt64 {
    let low = read(RETARegisters.counterLow[counter.rawValue])
    return UInt64(low) | UInt64(read(RETARegisters.counterHigh[counter.rawValue])) << 32
  }

  // MARK: Differences

  private func difference(of step: VectorStep) -> String? {
    switch step {
    case .write(let offset, let value):
      write(offset, value)
      return nil
    case .read(let offset, let expected):
      let name = RETARegisters.block.register(at: offset)?.name ?? "offset \(hex(offset))"
      return difference(name, UInt64(read(offset)), UInt64(expected), hex: true)
    case .setMemory(let address, let word):
      memory.writeWord(address, word)
      return nil
    case .expectMemory(let address, let word):
      return difference("word at \(hex(address))", UInt64(memory.word(address)), UInt64(word), hex: true)
    case .wait:
      return wait()
    case .expectEvents(let line0, let line1):
      // A pulse that a write has just caused leaves in the next cycle.
      advance()
      defer { events = (0, 0) }
      return difference("pulses on line 0", events.0, line0) ?? difference("pulses on line 1", events.1, line1)
    }
  }

  private func difference(of expected: ExpectedValue) -> String? {
    switch expected.item {
    case .error:
      return difference(RETARegisters.err, expected)
        ?? difference("STATUS[31:24]", UInt64(read(RETARegisters.status) >> 24), expected.value)
    case .errorPC: return difference(RETARegisters.errPC, expected, hex: true)
    case .listPC: return difference(RETARegisters.listPC, expected, hex: true)
    case .progress: return difference(RETARegisters.progress, expected)
    case .base(let index):
      guard RETARegisters.base.indices.contains(index - 1) else { return nil }
      return difference(RETARegisters.base[index - 1], expected, hex: true)
    case .counter(let index):
      guard RETARegisters.cnt.indices.contains(index) else { return nil }
      return difference(RETARegisters.cnt[index], expected)
    case .performance(let item):
      return difference(item.registerName, counter(item), expected.value)
    }
  }

  private func difference(_ register: Register, _ expected: ExpectedValue, hex: Bool = false) -> String? {
    difference(register.name, UInt64(read(register)), expected.value, hex: hex)
  }

  private func difference(of patch: MemoryPatch) -> String? {
    for (index, byte) in patch.bytes.enumerated() {
      let address = patch.address &+ UInt32(truncatingIfNeeded: index)
      guard memory.contains(address) else { return "\(hex(address)) lies outside the L2" }
      let found = memory.bytes.load(fromByteOffset: Int(address &- memory.base), as: UInt8.self)
      if found != byte {
        return "byte at \(hex(address)) is \(Int8(bitPattern: found)), expected \(Int8(bitPattern: byte))"
      }
    }
    return nil
  }

  private func difference(_ what: String, _ found: UInt64, _ expected: UInt64, hex asHex: Bool = false) -> String? {
    guard found != expected else { return nil }
    return asHex
      ? "\(what) is \(hex(found)), expected \(hex(expected))" : "\(what) is \(found), expected \(expected)"
  }

  /// A byte that changed although the vector does not say so.
  private func strayWrite(_ vector: VectorCase, before: [UInt8]) -> String? {
    var wanted = before
    for patch in vector.expectedMemory where memory.contains(patch.address, patch.bytes.count) {
      let start = Int(patch.address &- memory.base)
      wanted.replaceSubrange(start..<start + patch.bytes.count, with: patch.bytes)
    }
    for index in 0..<memory.size where memory.bytes.load(fromByteOffset: index, as: UInt8.self) != wanted[index] {
      return "stray write at \(hex(memory.base &+ UInt32(truncatingIfNeeded: index)))"
    }
    return nil
  }

  private func digestDifference(_ vector: VectorCase) -> String? {
    guard let digest = vector.digest, let sha256 else { return nil }
    let found = sha256(UnsafeRawBufferPointer(start: memory.bytes, count: memory.size))
    guard found != digest else { return nil }
    return "SHA-256 of the L2 is \(found.map(byteText).joined()), expected \(digest.map(byteText).joined())"
  }

  private func byteText(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }

  private func hex<T: BinaryInteger>(_ value: T) -> String {
    let digits = String(value, radix: 16)
    return "0x" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits
  }
}
