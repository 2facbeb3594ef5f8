// Fault files: YAML that says what goes wrong in a run, and when.
//
//     faults:
//       - {at: {cycle: 20000},                     flip: {memory: weights+0x10, bit: 3}}
//       - {at: {job: 3},                           stuck: {}}
//       - {at: {job: 3, when: end},                flip: {register: RETA.BASE1, bit: 4}}
//       - {at: {event: reta-done, occurrence: 2},  drop: {}}
//       - {at: {access: RETA.TRIGGER, kind: write, occurrence: 5}, error: {code: 3}}
//
// A key that means nothing is refused with file, line and reason (65), as is a symbol or register that does not exist.

import FirmwareImage
import Foundation
import HardwareModel
import PULPissimo
import RISCV
import RetentionAccelerator
import Yams

/// Reads one fault file against an image and a machine.
struct InjectFile: DescriptionFile {
  let path: String
  let image: FirmwareImage
  let configuration: MachineConfiguration

  private static let actions = [
    "drop", "delay", "repeat", "error", "stuck", "stall", "flip", "slow", "nack", "overflow",
  ]
  private static let events = ["reta-done": RETA.doneEvent, "reta-error": RETA.errorEvent]

  func read() throws -> [FaultPlan] {
    guard let text = String(bytes: try HostFiles.read(path), encoding: .utf8) else {
      throw HostError.data("\(path): not UTF-8 text")
    }
    return try plans(text)
  }

  /// The plans in a file's text.
  func plans(_ text: String) throws -> [FaultPlan] {
    guard let root = try root(text) else { throw HostError.data("\(path): no faults") }
    let top = try map(root, "a fault file", keys: ["faults"])
    let faults = try list(top["faults"], "faults")
    guard !faults.isEmpty else { throw HostError.data("\(path): no faults") }
    guard faults.count <= 1000 else { throw HostError.data("\(path): more than 1000 faults") }
    return try faults.map(plan)
  }

  private func plan(_ node: Node) throws -> FaultPlan {
    let keys = try map(node, "a fault", keys: Set(Self.actions + ["at"]))
    guard let at = keys["at"] else { throw refusal(node, "a fault takes 'at': cycle, job, event or access") }
    let trigger = try trigger(at)
    let named = Self.actions.filter { keys[$0] != nil }
    guard named.count == 1, let name = named.first, let value = keys[name] else {
      throw refusal(node, "a fault takes one of \(Self.actions.joined(separator: ", ")), not \(named.count)")
    }
    let (fault, place) = try fault(name, value, trigger)
    return FaultPlan(trigger, fault, place: place)
  }

  // MARK: Triggers

  private func trigger(_ node: Node) throws -> FaultTrigger {
    let keys = try map(node, "at", keys: ["cycle", "job", "when", "event", "access", "kind", "occurrence"])
    let named = ["cycle", "job", "event", "access"].filter { keys[$0] != nil }
    guard named.count == 1, let name = named.first, let value = keys[name] else {
      throw refusal(node, "at takes one of cycle, job, event and access")
    }
    func only(_ allowed: String...) throws {
      for (key, value) in keys where key != name && !allowed.contains(key) {
        throw refusal(value, "'\(key)' does not go with '\(name)'")
      }
    }
    let occurrence = Int(try keys["occurrence"].map { try number($0, "occurrence", 1...1 << 40) } ?? 1)
    switch name {
    case "cycle":
      try only()
      return .cycle(try number(value, "cycle", 0...1 << 62))
    case "job":
      try only("when")
      let when = try keys["when"].map { try string($0, "when") } ?? "start"
      guard when == "start" || when == "end" else { throw refusal(node, "when takes start or end") }
      return .job(Int(try number(value, "job", 1...1 << 40)), atEnd: when == "end")
    case "event":
      try only("occurrence")
      return .event(try event(value), occurrence: occurrence)
    default:
      try only("kind", "occurrence")
      let kind = try keys["kind"].map { try string($0, "kind") } ?? "any"
      guard let direction: Bool? = ["read": false, "write": true, "any": nil][kind] else {
        throw refusal(node, "kind takes read, write or any")
      }
      return .access(try register(value).address, isWrite: direction, occurrence: occurrence)
    }
  }

  private func event(_ node: Node) throws -> Int {
    let text = try string(node, "event")
    if let known = Self.events[text] { return known }
    // The others do not come as pulses: pins and the advanced timer are levels, the software's and the reference
    // clock's events arise in the event generator itself.
    guard let number = Numbers.parse(text), number < 135 || (140..<160).contains(number) else {
      throw refusal(node, "event takes reta-done, reta-error or a number, 0 to 134 or 140 to 159")
    }
    return Int(number)
  }

  // MARK: Faults

  private func fault(_ name: String, _ node: Node, _ trigger: FaultTrigger) throws -> (Fault, String) {
    func keys(_ known: Set<String>) throws -> [String: Node] { try map(node, name, keys: known) }
    func count(_ keys: [String: Node]) throws -> Int {
      Int(try keys["count"].map { try number($0, "count", 1...1 << 30) } ?? 1)
    }
    func needed(_ keys: [String: Node], _ key: String, _ range: ClosedRange<UInt64>) throws -> UInt64 {
      guard let value = keys[key] else { throw refusal(node, "\(name) takes '\(key)'") }
      return try number(value, key, range)
    }
    func pulse(_ keys: [String: Node]) throws -> Int {
      if let value = keys["event"] { return try event(value) }
      if case .event(let number, _) = trigger { return number }
      throw refusal(node, "\(name) takes 'event' unless 'at' names one")
    }
    switch name {
    case "drop":
      let keys = try keys(["event", "count"])
      let number = try pulse(keys)
      return (.dropEvent(number, count: try count(keys)), "SoC event \(number)")
    case "delay", "repeat":
      let keys = try keys(["event", "cycles", "count"])
      let number = try pulse(keys)
      let cycles = try needed(keys, "cycles", 1...1 << 40)
      return (
        name == "delay"
          ? .delayEvent(number, cycles: cycles, count: try count(keys))
          : .repeatEvent(number, cycles: cycles, count: try count(keys)), "SoC event \(number)"
      )
    case "error":
      return (.error(code: UInt8(try needed(try keys(["code"]), "code", 1...6))), "RETA.ERR")
    case "stuck":
      _ = try keys([])
      return (.stuck, "RETA")
    case "stall":
      return (.stall(cycles: try needed(try keys(["cycles"]), "cycles", 1...1 << 40)), "RETA")
    case "slow":
      let keys = try keys(["memory", "wait", "cycles"])
      let (wait, cycles) = (try needed(keys, "wait", 1...1 << 20), try needed(keys, "cycles", 1...1 << 40))
      guard let memory = keys["memory"] else { return (.slowBus(wait: wait, cycles: cycles), "peripheral bus") }
      guard let part = SlowMemory(rawValue: try string(memory, "memory")) else {
        throw refusal(memory, "slow memory is one of \(SlowMemory.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      guard configuration.hart.cycleModel, configuration.contention else {
        throw refusal(memory, "slow memory needs --timing rtl and interconnect.contention=true")
      }
      return (.slowMemory(part, wait: wait, cycles: cycles), "L2")
    case "nack":
      let keys = try keys(["bus", "count"])
      let bus = try keys["bus"].map { try number($0, "bus", 0...1) } ?? 0
      return (.refuseI2C(bus: Int(bus), count: try count(keys)), "I2C bus \(bus)")
    case "overflow":
      return (.overflowUART(count: try count(try keys(["count"]))), "UART 0")
    default: return try flip(node)
    }
  }

  private func flip(_ node: Node) throws -> (Fault, String) {
    let keys = try map(node, "flip", keys: ["memory", "register", "context", "bit"])
    guard let bitNode = keys["bit"] else { throw refusal(node, "flip takes 'bit'") }
    let bit = Int(try number(bitNode, "bit", 0...31))
    switch (keys["memory"], keys["register"]) {
    case (let value?, nil):
      let (address, name) = try place(value)
      let byte = address &+ UInt32(bit / 8)
      guard isMemory(byte) else { throw refusal(value, "\(name) is not in memory") }
      return (.flipMemory(byte, bit: bit % 8), name)
    case (nil, let value?):
      let name = try string(value, "register")
      if let number = Self.gpr(name) {
        guard number > 0 else { throw refusal(value, "x0 is always 0") }
        return (.flipGPR(number, bit: bit), name)
      }
      var (address, isRETA, found) = try register(value)
      guard found.access == .readWrite else { throw refusal(value, "\(name) is not a register that holds a value") }
      if isRETA {
        if let context = keys["context"] {
          guard RETARegisters.job.contains(where: { $0.name == found.name }) else {
            throw refusal(context, "only JOB0 to JOB15 have a context")
          }
          address &+= try number(context, "context", 0...1) == 0 ? 0x100 : 0x200
        }
        let machine = RETA(queue: EventQueue(), memory: DirectMemory(name: "none", base: 0x1C01_0000, size: 16))
        guard machine.flip(address &- MemoryMap.accelerator, bit: bit) else {
          throw refusal(value, "bit \(bit) of \(name) cannot be flipped (for ERR use error)")
        }
      } else if let context = keys["context"] {
        throw refusal(context, "only RETA's job registers have a context")
      }
      return (.flipRegister(address, bit: bit), name)
    default: throw refusal(node, "flip takes either memory or register")
    }
  }

  /// x10 or a0.
  private static func gpr(_ name: String) -> Int? {
    if let index = Disassembler.registerNames.firstIndex(of: name) { return index }
    guard name.hasPrefix("x"), let number = Int(name.dropFirst()), (0..<32).contains(number) else { return nil }
    return number
  }

  /// A number or symbol[+offset].
  private func place(_ node: Node) throws -> (UInt32, String) {
    let text = try string(node, "memory")
    if let number = Numbers.parse(text), number <= UInt64(UInt32.max) { return (UInt32(number), text) }
    let parts = text.split(separator: "+", maxSplits: 1).map(String.init)
    guard let name = parts.first, let symbol = image.symbols[name] else {
      throw refusal(node, "'\(text)' is neither a number nor a symbol of \(image.path)")
    }
    guard parts.count == 1 || Numbers.parse(parts[1]) != nil else {
      throw refusal(node, "'\(parts[1])' is not a number")
    }
    return (symbol.address &+ UInt32(truncatingIfNeeded: parts.count > 1 ? Numbers.parse(parts[1]) ?? 0 : 0), text)
  }

  private func isMemory(_ address: UInt32) -> Bool {
    let fitted = UInt32(configuration.interleavedKiB) * 1024
    if address >= MemoryMap.privateBank0, address < MemoryMap.interleaved &+ fitted { return true }
    return configuration.extraMemories.contains { address &- $0.base < $0.size }
  }

  /// `BLOCK.REGISTER`, as `pulpemu registers` and statistics name them.
  private func register(_ node: Node) throws -> (address: UInt32, isRETA: Bool, register: Register) {
    let text = try string(node, "register")
    let parts = text.split(separator: ".", maxSplits: 1).map(String.init)
    let blocks = MachineDescription.placedBlocks(configuration.profile)
    guard parts.count == 2, let block = blocks.first(where: { $0.name == parts[0] }) else {
      throw refusal(node, "'\(text)' is no BLOCK.REGISTER; `pulpemu registers` lists the blocks")
    }
    guard let register = block.block.registers.first(where: { $0.name == parts[1] }) else {
      throw refusal(node, "\(parts[0]) has no register \(parts[1])")
    }
    return (block.base &+ register.offset, block.name == RETARegisters.block.name, register)
  }
}
