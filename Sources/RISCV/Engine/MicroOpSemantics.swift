// What each micro-operation does to registers and memory, for all loops that execute them.
//
// The loops call these with a constant kind, so that the switches fold to the one case. Registers are indexed without
// checks: numbers come from 5-bit fields, and 32 takes what is written to x0.

import HardwareModel

extension MicroOp {
  typealias Pointer = UnsafeMutablePointer<MicroOp>
  typealias Registers = UnsafeMutablePointer<UInt32>

  /// An operation on registers alone that takes a fixed time; what is none does nothing.
  @inline(__always)
  static func compute(_ code: MicroCode, _ op: Pointer, _ x: Registers) {
    @inline(__always) var a: UInt32 { x[Int(op.pointee.rs1)] }
    @inline(__always) var b: UInt32 { x[Int(op.pointee.rs2)] }
    @inline(__always) var immediate: UInt32 { op.pointee.immediate }
    let result: UInt32
    switch code {
    case .constant: result = immediate
    case .move: result = a
    case .addi: result = a &+ immediate
    case .slti: result = Int32(bitPattern: a) < Int32(bitPattern: immediate) ? 1 : 0
    case .sltiu: result = a < immediate ? 1 : 0
    case .xori: result = a ^ immediate
    case .ori: result = a | immediate
    case .andi: result = a & immediate
    case .slli: result = a &<< immediate
    case .srli: result = a &>> immediate
    case .srai: result = UInt32(bitPattern: Int32(bitPattern: a) &>> Int32(bitPattern: immediate))
    case .add: result = a &+ b
    case .sub: result = a &- b
    case .sll: result = a &<< b
    case .slt: result = Int32(bitPattern: a) < Int32(bitPattern: b) ? 1 : 0
    case .sltu: result = a < b ? 1 : 0
    case .xor: result = a ^ b
    case .srl: result = a &>> b
    case .sra: result = UInt32(bitPattern: Int32(bitPattern: a) &>> Int32(bitPattern: b))
    case .or: result = a | b
    case .and: result = a & b
    case .mul: result = a &* b
    case .mulh: result = Arithmetic.multiplyHigh(Int64(Int32(bitPattern: a)), Int64(Int32(bitPattern: b)))
    case .mulhsu: result = Arithmetic.multiplyHigh(Int64(Int32(bitPattern: a)), Int64(b))
    case .mulhu: result = UInt32(truncatingIfNeeded: (UInt64(a) &* UInt64(b)) >> 32)
    default: return
    }
    x[Int(op.pointee.rd)] = result
  }

  /// A division or remainder. Returns the cycles that it takes beyond the shortest one.
  @inline(__always)
  static func divide(_ code: MicroCode, _ op: Pointer, _ x: Registers) -> Cycle {
    let a = x[Int(op.pointee.rs1)]
    let b = x[Int(op.pointee.rs2)]
    let isSigned = code == .div || code == .rem
    let extra = PipelineTiming.divideOccupancy(divisor: b, signed: isSigned) &- PipelineTiming.shortestDivision
    let result: UInt32
    switch code {
    case .div: result = Arithmetic.divide(a, b)
    case .divu: result = b == 0 ? .max : a / b
    case .rem: result = Arithmetic.remainder(a, b)
    default: result = b == 0 ? a : a % b
    }
    x[Int(op.pointee.rd)] = result
    return extra
  }

  /// False if an access at `offset` from the start of a memory reaches into a second word.
  @inline(__always)
  static func isAligned(_ code: MicroCode, _ offset: UInt32) -> Bool {
    switch code {
    case .lw, .sw: offset & 3 == 0
    case .lh, .lhu, .sh: offset & 3 != 3
    default: true
    }
  }

  @inline(__always)
  static func load(_ code: MicroCode, _ op: Pointer, _ x: Registers, _ place: UnsafeMutableRawPointer) {
    let value: UInt32
    switch code {
    case .lb: value = UInt32(bitPattern: Int32(place.load(as: Int8.self)))
    case .lbu: value = UInt32(place.load(as: UInt8.self))
    case .lh: value = UInt32(bitPattern: Int32(Int16(littleEndian: place.loadUnaligned(as: Int16.self))))
    case .lhu: value = UInt32(UInt16(littleEndian: place.loadUnaligned(as: UInt16.self)))
    default: value = UInt32(littleEndian: place.loadUnaligned(as: UInt32.self))
    }
    x[Int(op.pointee.rd)] = value
  }

  @inline(__always)
  static func store(_ code: MicroCode, _ op: Pointer, _ x: Registers, _ place: UnsafeMutableRawPointer) {
    let value = x[Int(op.pointee.rs2)]
    switch code {
    case .sb: place.storeBytes(of: UInt8(truncatingIfNeeded: value), as: UInt8.self)
    case .sh: place.storeBytes(of: UInt16(truncatingIfNeeded: value).littleEndian, as: UInt16.self)
    default: place.storeBytes(of: value.littleEndian, as: UInt32.self)
    }
  }

  @inline(__always)
  static func isTaken(_ code: MicroCode, _ op: Pointer, _ x: Registers) -> Bool {
    let a = x[Int(op.pointee.rs1)]
    let b = x[Int(op.pointee.rs2)]
    switch code {
    case .beq: return a == b
    case .bne: return a != b
    case .blt: return Int32(bitPattern: a) < Int32(bitPattern: b)
    case .bge: return Int32(bitPattern: a) >= Int32(bitPattern: b)
    case .bltu: return a < b
    default: return a >= b
    }
  }
}
