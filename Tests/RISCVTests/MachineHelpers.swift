// What the tests of the core do with a machine.

import FirmwareImage
import PULPissimo
import RISCV
import TestSupport
import Testing

extension Machine {
  /// Loads every segment of `image` and stands at its entry.
  func load(_ image: FirmwareImage) {
    for segment in image.segments {
      write(segment.data, at: segment.physicalAddress)
    }
    boot(at: image.entry)
  }

  /// The word at `address`; 0 where there is no memory.
  func word(at address: UInt32) -> UInt32 {
    (read(address, count: 4) ?? [0, 0, 0, 0]).reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }

  /// Puts instructions at `address` one after the other.
  func write(_ instructions: [Instruction], at address: UInt32) {
    write(Program.bytes(instructions), at: address)
  }
}

/// The ways of executing that a test goes through.
enum Engine: CaseIterable, Sendable, CustomTestStringConvertible {
  case exact
  case blocks
  /// Machine code for every block, from its second run on.
  case translated

  var testDescription: String { "\(self)" }

  func choose(_ configuration: inout HartConfiguration) {
    configuration.blockEngine = self != .exact
    configuration.translator = self == .translated
    configuration.translationThreshold = 2
  }
}

/// Instructions as bytes.
enum Program {
  static func bytes(_ instruction: Instruction) -> [UInt8] {
    guard let word = Encoder.encode(instruction) else {
      preconditionFailure("\(instruction) has no encoding")
    }
    return Array(littleEndian(word).prefix(Int(instruction.length)))
  }

  static func bytes(_ instructions: [Instruction]) -> [UInt8] { instructions.flatMap { bytes($0) } }
}
