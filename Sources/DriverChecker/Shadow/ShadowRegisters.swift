// Which bits of the integer registers were never written, and how instructions pass that on.
//
// The rules of valgrind's memcheck, bit by bit: logic operations use the other operand's known bits, additions spoil
// everything above the lowest unknown bit, comparisons are known where the known bits decide them.

import HardwareModel
import RISCV

/// Validity of the registers.
struct ShadowRegisters {
  private let bits: UnsafeMutablePointer<UInt32>
  /// For registers with unknown bits: where they were loaded from, 0 if that is not known.
  private let origins: UnsafeMutablePointer<Address>

  init() {
    bits = .allocate(capacity: 32)
    bits.initialize(repeating: .max, count: 32)
    bits[0] = 0
    origins = .allocate(capacity: 32)
    origins.initialize(repeating: 0, count: 32)
  }

  func deallocate() {
    bits.deallocate()
    origins.deallocate()
  }

  @inline(__always)
  subscript(_ register: UInt8) -> UInt32 { bits[Int(register & 31)] }

  func origin(_ register: UInt8) -> Address { origins[Int(register & 31)] }

  @inline(__always)
  func set(_ register: UInt8, _ undefined: UInt32, origin: Address = 0) {
    guard register != 0 else { return }
    bits[Int(register & 31)] = undefined
    origins[Int(register & 31)] = origin
  }

  /// Everything is defined from here on.
  func defineAll() { bits.update(repeating: 0, count: 32) }

  /// What an instruction of the ALU makes of its destination's validity.
  @inline(__always)
  func propagate(_ instruction: Instruction, _ hart: Hart) {
    let u1 = bits[Int(instruction.rs1 & 31)]
    let u2 = bits[Int(instruction.rs2 & 31)]
    if u1 | u2 == 0 {
      bits[Int(instruction.rd & 31)] = 0
    } else {
      propagateSlowly(instruction, hart, u1, u2)
    }
    bits[0] = 0
  }

  private func propagateSlowly(_ instruction: Instruction, _ hart: Hart, _ u1: UInt32, _ u2: UInt32) {
    let a = hart[register: Int(instruction.rs1)]
    let b = hart[register: Int(instruction.rs2)]
    let immediate = instruction.immediate
    let result: UInt32
    switch instruction.operation {
    case .addi: result = Self.above(u1)
    case .add, .sub:
      result = instruction.operation == .sub && instruction.rs1 == instruction.rs2 ? 0 : Self.above(u1 | u2)
    case .xori: result = u1
    case .xor: result = instruction.rs1 == instruction.rs2 ? 0 : u1 | u2
    case .andi: result = u1 & immediate
    case .and: result = (u1 | u2) & (u1 | a) & (u2 | b)
    case .ori: result = u1 & ~immediate
    case .or: result = (u1 | u2) & (u1 | ~a) & (u2 | ~b)
    case .slli: result = u1 << (immediate & 31)
    case .srli: result = u1 >> (immediate & 31)
    case .srai: result = UInt32(bitPattern: Int32(bitPattern: u1) >> Int32(immediate & 31))
    case .sll: result = u2 & 31 != 0 ? .max : u1 << (b & 31)
    case .srl: result = u2 & 31 != 0 ? .max : u1 >> (b & 31)
    case .sra: result = u2 & 31 != 0 ? .max : UInt32(bitPattern: Int32(bitPattern: u1) >> Int32(b & 31))
    case .slti: result = Self.isLessDecided(a, u1, immediate, 0, isSigned: true) ? 0 : 1
    case .sltiu: result = Self.isLessDecided(a, u1, immediate, 0, isSigned: false) ? 0 : 1
    case .slt: result = Self.isLessDecided(a, u1, b, u2, isSigned: true) ? 0 : 1
    case .sltu: result = Self.isLessDecided(a, u1, b, u2, isSigned: false) ? 0 : 1
    case .mul:
      // A factor that is known to be 0 decides.
      result = u1 == 0 && a == 0 || u2 == 0 && b == 0 ? 0 : Self.above(u1 | u2)
    case .lui, .auipc, .jal, .jalr, .csrrw, .csrrs, .csrrc, .csrrwi, .csrrsi, .csrrci: result = 0
    default: result = .max
    }
    let origin = u1 != 0 ? origins[Int(instruction.rs1 & 31)] : origins[Int(instruction.rs2 & 31)]
    set(instruction.rd, result, origin: result == 0 ? 0 : origin)
  }

  /// All bits from the lowest one of `bits` on.
  @inline(__always)
  private static func above(_ bits: UInt32) -> UInt32 { bits | (0 &- bits) }

  /// True if the known bits decide a < b.
  private static func isLessDecided(_ a: UInt32, _ u1: UInt32, _ b: UInt32, _ u2: UInt32, isSigned: Bool) -> Bool {
    let flip: UInt32 = isSigned ? 0x8000_0000 : 0
    let (x, y) = (a ^ flip, b ^ flip)
    return (x | u1) < (y & ~u2) || (x & ~u1) >= (y | u2)
  }

  /// True if the known bits decide where a branch goes.
  func isDecided(_ instruction: Instruction, _ hart: Hart) -> Bool {
    let u1 = bits[Int(instruction.rs1 & 31)]
    let u2 = bits[Int(instruction.rs2 & 31)]
    if u1 | u2 == 0 || instruction.rs1 == instruction.rs2 { return true }
    let a = hart[register: Int(instruction.rs1)]
    let b = hart[register: Int(instruction.rs2)]
    switch instruction.operation {
    case .beq, .bne: return (a ^ b) & ~(u1 | u2) != 0
    case .blt, .bge: return Self.isLessDecided(a, u1, b, u2, isSigned: true)
    default: return Self.isLessDecided(a, u1, b, u2, isSigned: false)
    }
  }

  /// What a load of `size` bytes with these undefined bits gives.
  static func extend(_ operation: Operation, _ bits: UInt32) -> UInt32 {
    switch operation {
    case .lb: UInt32(bitPattern: Int32(Int8(truncatingIfNeeded: bits)))
    case .lh: UInt32(bitPattern: Int32(Int16(truncatingIfNeeded: bits)))
    case .lbu: bits & 0xFF
    case .lhu: bits & 0xFFFF
    default: bits
    }
  }
}
