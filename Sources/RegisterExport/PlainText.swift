// Registers for a terminal: one line a register, one line a field.

import HardwareModel

enum PlainText {
  static func text(for blocks: [PlacedBlock]) -> String {
    blocks.map(text).joined(separator: "\n")
  }

  private static func text(for placed: PlacedBlock) -> String {
    let block = placed.block
    var lines = ["\(placed.name) at \(hex(placed.base)): \(block.summary.singleLine)"]
    for interrupt in placed.interrupts { lines.append("  interrupt \(interrupt.number) \(interrupt.name)") }
    let width = block.registers.map(\.name.count).max() ?? 0
    for register in block.registers {
      lines.append(
        "  \(hex(placed.base &+ register.offset)) \(padded(register.name, width)) \(padded(register.access.rawValue, 10)) "
          + "reset \(hex(register.reset))  \(register.summary.singleLine)")
      for field in register.fields {
        var line = "    [\(field.bits)] \(field.name): \(field.summary.singleLine)"
        if let access = field.access, access != register.access { line += " (\(access.rawValue))" }
        if let reason = field.notModelled { line += " [not modelled: \(reason.singleLine)]" }
        lines.append(line)
        for value in field.values {
          lines.append("      \(value.value) \(value.name): \(value.summary.singleLine)")
        }
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }
}
