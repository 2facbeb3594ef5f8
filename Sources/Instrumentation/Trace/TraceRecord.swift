// One line of an instruction trace: what is known about an instruction or a trap, as text and as JSON.
//
// The form is described in Documentation/Trace.md.

import HardwareModel
import RISCV

/// How a trace is written.
public enum TraceFormat: String, Sendable, CaseIterable {
  case text
  /// JSON Lines: one object a line.
  case jsonl
}

/// An access of an instruction to a peripheral register.
struct TracedAccess {
  var address: Address
  var isWrite: Bool
  /// Rotated store data, or the whole word read.
  var value: UInt32
  /// Access phase.
  var cycle: Cycle
  var block: String?
  var register: String?
  /// `FIELD=value, …`.
  var fields: String
}

/// An instruction that left ID.
struct TracedInstruction {
  var cycle: Cycle
  /// Number among the retired instructions, from 1.
  var number: UInt64
  var pc: Address
  var instruction: Instruction
  /// `main+0x10`.
  var symbol: String?
  /// `main.c:12`, if asked for and known.
  var source: String?
  var text: String
  /// Destination and its new value; nil: none, or not known yet.
  var destination: Int?
  var value: UInt32?
  /// CSR that was written, and what it holds now.
  var csr: (name: String, value: UInt32)?
  /// Address, bytes and value of a load or store.
  var memory: (address: Address, size: Int, isWrite: Bool, value: UInt32)?
  var accesses: [TracedAccess] = []
  /// Bus accesses that are still to come.
  var expectedAccesses = 0
  var isExecuted = false
  /// It raised an exception instead of retiring.
  var trapped = false

  var isLoad: Bool { memory.map { !$0.isWrite } ?? false }
  /// All that there is to know is known.
  var isComplete: Bool {
    isExecuted && (trapped || (accesses.count >= expectedAccesses && (!isLoad || destination == 0 || value != nil)))
  }
}

/// A line of a trace.
enum TraceRecord {
  case instruction(TracedInstruction)
  case trap(cycle: Cycle, cause: UInt32, pc: Address, target: Address, targetSymbol: String?)
  case sleep(from: Cycle, until: Cycle)
  /// GPIO pins have other levels from `cycle` on.
  case pins(cycle: Cycle, changed: UInt32, levels: UInt32)

  var isComplete: Bool {
    if case .instruction(let instruction) = self { return instruction.isComplete }
    return true
  }

  func line(_ format: TraceFormat) -> String {
    switch (self, format) {
    case (.instruction(let instruction), .text): Self.text(instruction)
    case (.instruction(let instruction), .jsonl): Self.json(instruction)
    case (.trap(let cycle, let cause, let pc, let target, let symbol), .text):
      Self.column(cycle, 12) + "  " + Self.name(ofCause: cause) + ", mepc " + Self.hex(pc) + ", to " + Self.hex(target)
        + (symbol.map { " <\($0)>" } ?? "")
    case (.trap(let cycle, let cause, let pc, let target, _), .jsonl):
      "{\"cycle\":\(cycle),\"trap\":{\"cause\":\(cause),\"interrupt\":\(cause >> 31 != 0),\"code\":\(cause & 31),"
        + "\"mepc\":\"\(Self.hex(pc))\",\"target\":\"\(Self.hex(target))\"}}"
    case (.sleep(let from, let until), .text):
      Self.column(from, 12) + "  asleep until cycle \(until)"
    case (.sleep(let from, let until), .jsonl): "{\"cycle\":\(from),\"sleep\":{\"until\":\(until)}}"
    case (.pins(let cycle, let changed, let levels), .text):
      Self.column(cycle, 12) + "  pins "
        + Self.pins(changed).map { "GPIO\($0) \(levels >> UInt32($0) & 1)" }.joined(separator: ", ")
    case (.pins(let cycle, let changed, let levels), .jsonl):
      "{\"cycle\":\(cycle),\"pins\":{"
        + Self.pins(changed).map { "\"\($0)\":\(levels >> UInt32($0) & 1)" }.joined(separator: ",") + "}}"
    }
  }

  private static func pins(_ mask: UInt32) -> [Int] { (0..<32).filter { mask >> UInt32($0) & 1 != 0 } }

  // MARK: Text

  private static func text(_ record: TracedInstruction) -> String {
    var line = column(record.cycle, 12) + column(record.trapped ? "-" : "\(record.number)", 11)
    let place = hex(record.pc) + (record.symbol.map { " <\($0)>" } ?? "")
    line += "  " + padded(place, 34) + "  "
    let words = record.text.split(separator: "\t", maxSplits: 1)
    line += padded(words.count == 2 ? padded(String(words[0]), 7) + " " + words[1] : record.text, 32)
    var effects: [String] = []
    if record.trapped { effects.append("exception") }
    if let rd = record.destination, rd > 0, let value = record.value {
      effects.append("\(Disassembler.registerNames[rd & 31]) <- \(hex(value))")
    }
    if let csr = record.csr { effects.append("\(csr.name) <- \(hex(csr.value))") }
    if let memory = record.memory, record.accesses.isEmpty {
      let arrow = memory.isWrite ? "<-" : "->"
      effects.append("[\(hex(memory.address)):\(memory.size)] \(arrow) \(hex(memory.value))")
    }
    effects += record.accesses.map { text($0) }
    if let source = record.source { effects.append("at \(source)") }
    guard effects.isEmpty else { return line + "; " + effects.joined(separator: "; ") }
    while line.hasSuffix(" ") { line.removeLast() }
    return line
  }

  private static func text(_ access: TracedAccess) -> String {
    let name = access.block.map { "\($0).\(access.register ?? hex(access.address))" } ?? "[\(hex(access.address))]"
    let fields = access.fields.isEmpty ? "" : " (\(access.fields))"
    return "\(name) \(access.isWrite ? "<-" : "->") \(hex(access.value))\(fields) @\(access.cycle)"
  }

  static func name(ofCause cause: UInt32) -> String {
    if cause >> 31 != 0 { return "interrupt \(cause & 31)" }
    switch cause {
    case 2: return "exception 2 (illegal instruction)"
    case 3: return "exception 3 (breakpoint)"
    case 11: return "exception 11 (environment call)"
    default: return "exception \(cause)"
    }
  }

  // MARK: JSON

  private static func json(_ record: TracedInstruction) -> String {
    var parts = ["\"cycle\":\(record.cycle)"]
    if !record.trapped { parts.append("\"number\":\(record.number)") }
    parts.append("\"pc\":\"\(hex(record.pc))\"")
    if let symbol = record.symbol { parts.append("\"symbol\":\(quoted(symbol))") }
    if let source = record.source { parts.append("\"source\":\(quoted(source))") }
    if let word = Encoder.encode(record.instruction) {
      parts.append("\"word\":\"\(record.instruction.length == 2 ? hex16(word) : hex(word))\"")
    }
    parts.append("\"text\":\(quoted(record.text.replacing("\t", with: " ")))")
    if record.trapped { parts.append("\"trapped\":true") }
    if let rd = record.destination, rd > 0, let value = record.value {
      parts.append("\"rd\":\"\(Disassembler.registerNames[rd & 31])\",\"value\":\"\(hex(value))\"")
    }
    if let csr = record.csr { parts.append("\"csr\":{\"name\":\"\(csr.name)\",\"value\":\"\(hex(csr.value))\"}") }
    if let memory = record.memory {
      parts.append(
        "\"memory\":{\"address\":\"\(hex(memory.address))\",\"size\":\(memory.size),\"write\":\(memory.isWrite),"
          + "\"value\":\"\(hex(memory.value))\"}")
    }
    if !record.accesses.isEmpty {
      parts.append("\"mmio\":[" + record.accesses.map { json($0) }.joined(separator: ",") + "]")
    }
    return "{" + parts.joined(separator: ",") + "}"
  }

  private static func json(_ access: TracedAccess) -> String {
    var parts = ["\"address\":\"\(hex(access.address))\""]
    if let block = access.block { parts.append("\"block\":\(quoted(block))") }
    if let register = access.register { parts.append("\"register\":\(quoted(register))") }
    parts.append("\"write\":\(access.isWrite),\"value\":\"\(hex(access.value))\",\"cycle\":\(access.cycle)")
    if !access.fields.isEmpty { parts.append("\"fields\":\(quoted(access.fields))") }
    return "{" + parts.joined(separator: ",") + "}"
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": result += "\\" + String(scalar)
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }

  // MARK: Numbers

  static func hex(_ value: UInt32) -> String { digits(value, 8) }
  private static func hex16(_ value: UInt32) -> String { digits(value, 4) }

  private static func digits(_ value: UInt32, _ count: Int) -> String {
    let digits = String(value, radix: 16)
    return "0x" + String(repeating: "0", count: max(0, count - digits.count)) + digits
  }

  private static func column(_ value: some CustomStringConvertible, _ width: Int) -> String {
    let text = value.description
    return String(repeating: " ", count: max(0, width - text.count)) + text
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }
}
