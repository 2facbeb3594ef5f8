// Other people's disassemblers, run once over many words.
//
// GNU objdump (binutils) reads a raw file; llvm-objdump, of the Swift toolchain, an ELF file made from it. Texts are
// brought to one form: mnemonic and operands, numbers as 32-bit values.

import Foundation
import TestSupport
import Testing

enum ForeignDisassembler: String, Sendable, CaseIterable, CustomTestStringConvertible {
  case gnu
  case llvm

  var testDescription: String { rawValue }

  /// One line of text for each word. 16-bit words are those with bits 1:0 other than 3.
  func disassemble(_ words: [UInt32]) throws -> [String] {
    try Repository.withTemporaryDirectory { folder in
      let raw = folder.appendingPathComponent("words.bin").path
      try Data(ProgramWord.bytes(words)).write(to: URL(fileURLWithPath: raw))
      let outcome: ProcessOutcome
      switch self {
      case .gnu:
        outcome = try run(
          "riscv64-unknown-elf-objdump", ["-D", "-z", "-b", "binary", "-m", "riscv:rv32", raw])
      case .llvm:
        let object = folder.appendingPathComponent("words.o").path
        let copied = try run(
          "riscv64-unknown-elf-objcopy",
          [
            "-I", "binary", "-O", "elf32-littleriscv", "--rename-section",
            ".data=.text,alloc,load,readonly,code,contents", raw,
            object,
          ])
        guard copied.status == 0 else { throw Failure(text: copied.errors) }
        outcome = try run("llvm-objdump", ["-d", "-z", "--triple=riscv32", "--mattr=+m,+c", object])
      }
      guard outcome.status == 0 else { throw Failure(text: outcome.errors) }
      var lines: [String] = []
      var expected = 0
      for line in outcome.text.split(separator: "\n") {
        guard let colon = line.firstIndex(of: ":"),
          let address = Int(line[..<colon].drop { $0 == " " }, radix: 16), address == expected,
          lines.count < words.count
        else { continue }
        expected += ProgramWord.size(words[lines.count])
        lines.append(Self.text(line[line.index(after: colon)...]))
      }
      guard lines.count == words.count else { throw Failure(text: "\(lines.count) lines for \(words.count) words") }
      return lines
    }
  }

  struct Failure: Error {
    let text: String
  }

  /// The part of a line behind the address and the encoding.
  private static func text(_ line: Substring) -> String {
    let parts = line.split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false)
    // GNU: "\tcode    \ttext"; LLVM: " code      \ttext".
    guard parts.count == 2 else { return "" }
    if parts[0].allSatisfy({ $0 == " " }) {
      let rest = parts[1].split(separator: "\t", maxSplits: 1)
      return rest.count == 2 ? String(rest[1]) : ""
    }
    return String(parts[1])
  }
}

/// A disassembled instruction in one form.
struct NormalText: Equatable, CustomStringConvertible {
  let mnemonic: String
  let operands: [String]

  var description: String { mnemonic + " " + operands.joined(separator: ",") }
  var isIllegal: Bool {
    mnemonic.hasPrefix(".") || mnemonic == "unimp" || mnemonic == "c.unimp" || mnemonic == "<unknown>"
  }

  /// `bareHexadecimal`: the last operand of jumps is hexadecimal without a prefix, as GNU prints addresses.
  init(_ text: String, bareHexadecimal: Bool = false) {
    var line = Substring(text)
    if let comment = line.firstIndex(of: "#") { line = line[..<comment] }
    let parts = line.split(maxSplits: 1, whereSeparator: { $0 == "\t" || $0 == " " })
    var mnemonic = parts.first.map(String.init) ?? ""
    var rest = parts.count > 1 ? parts[1] : ""
    if let symbol = rest.firstIndex(of: "<") { rest = rest[..<symbol] }
    var operands = rest.split(whereSeparator: { ",() \t".contains($0) }).map(String.init)
    let isJump =
      mnemonic.hasPrefix("b") || ["j", "jal", "c.j", "c.jal", "c.beqz", "c.bnez"].contains(mnemonic)
    for (index, operand) in operands.enumerated() {
      let isAddress = bareHexadecimal && isJump && index == operands.count - 1
      if let value = Self.number(operand, isAddress) { operands[index] = "\(value)" }
    }
    // GNU prints immediate forms by the name of the register form.
    if let last = operands.last, last.first?.isNumber == true, Self.shortened.contains(mnemonic) { mnemonic += "i" }
    // An offset of 0 may be left out.
    if operands.count == 3, operands[1] == "0", ["lw", "sw", "lb", "lbu", "lh", "lhu", "sb", "sh"].contains(mnemonic) {
      operands.remove(at: 1)
    }
    self.mnemonic = mnemonic
    self.operands = operands
  }

  private static let shortened: Set<String> = [
    "add", "and", "or", "xor", "sll", "srl", "sra", "csrw", "csrs", "csrc", "csrrw", "csrrs", "csrrc",
  ]

  private static func number(_ text: String, _ isAddress: Bool) -> UInt32? {
    if isAddress, let value = UInt32(text, radix: 16) { return value }
    var digits = Substring(text)
    let isNegative = digits.hasPrefix("-")
    if isNegative { digits = digits.dropFirst() }
    let isHexadecimal = digits.hasPrefix("0x")
    guard let value = isHexadecimal ? UInt32(digits.dropFirst(2), radix: 16) : UInt32(digits) else { return nil }
    return isNegative ? 0 &- value : value
  }
}
