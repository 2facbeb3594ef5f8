// An assembler for the x86-64 instructions that translated code is made of.
//
// Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2. Every form is compared with what
// objdump reads (`X86AssemblerTests`). Nothing newer than the first x86-64 processors is used.

/// A general register, by its number in encodings.
public enum X86Register: UInt8, Sendable, CaseIterable {
  case rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15
}

/// A register or a place in memory.
public enum X86Operand: Sendable, Equatable {
  case register(X86Register)
  /// [base + displacement]
  case memory(X86Register, Int32)
  /// [base + index * scale + displacement]; `scale` 1, 2, 4 or 8; the index is not rsp.
  case indexed(X86Register, X86Register, scale: UInt8, Int32)
  /// The bytes at this offset of the code.
  case code(Int)
}

/// Operations of two operands, by their number in encodings.
public enum X86Arithmetic: UInt8, Sendable, CaseIterable {
  case add, or, adc, sbb, and, sub, xor, cmp
}

/// Shifts and rotations, by their number in encodings.
public enum X86Shift: UInt8, Sendable, CaseIterable {
  case rol = 0
  case ror = 1
  case shl = 4
  case shr = 5
  case sar = 7
}

/// Operations of one operand (group 3), by their number in encodings.
public enum X86Unary: UInt8, Sendable, CaseIterable {
  case not = 2
  case neg = 3
  case mul = 4
  case imul = 5
  case div = 6
  case idiv = 7
}

/// Conditions, by their number in encodings.
public enum X86Condition: UInt8, Sendable, CaseIterable {
  case o, no, b, ae, e, ne, be, a, s, ns, p, np, l, ge, le, g

  /// The opposite condition.
  public var inverted: X86Condition { X86Condition(rawValue: rawValue ^ 1) ?? self }
}

/// Loads that fill a 32-bit register: opcodes.
public enum X86Load: UInt16, Sendable, CaseIterable {
  case mov = 0x8B
  case movzxByte = 0x0FB6
  case movzxWord = 0x0FB7
  case movsxByte = 0x0FBE
  case movsxWord = 0x0FBF
}

/// Writes instructions into a buffer. Operands are 32 bits wide unless the name says otherwise.
public struct X86Assembler {
  /// A relative jump whose target is filled in later.
  public struct Jump: Sendable {
    /// Offset of its 32-bit distance.
    public let place: Int
  }

  private let bytes: UnsafeMutablePointer<UInt8>
  private let capacity: Int
  /// Bytes so far: the offset of the next one.
  public private(set) var count: Int
  /// Something did not fit and is missing.
  public private(set) var isFull = false

  /// Writes at `bytes` + `start` ... `bytes` + `end`. Offsets count from `bytes`.
  public init(_ bytes: UnsafeMutablePointer<UInt8>, from start: Int, to end: Int) {
    self.bytes = bytes
    count = start
    capacity = end
  }

  // MARK: Bytes

  public mutating func byte(_ value: UInt8) {
    guard count < capacity else {
      isFull = true
      return
    }
    bytes[count] = value
    count += 1
  }

  public mutating func word(_ value: UInt32) {
    guard count + 4 <= capacity else {
      isFull = true
      return
    }
    UnsafeMutableRawPointer(bytes + count).storeBytes(of: value.littleEndian, as: UInt32.self)
    count += 4
  }

  public mutating func quad(_ value: UInt64) {
    word(UInt32(truncatingIfNeeded: value))
    word(UInt32(truncatingIfNeeded: value >> 32))
  }

  /// Fills with NOPs up to a multiple of `alignment`.
  public mutating func align(_ alignment: Int) {
    while count % alignment != 0, !isFull { byte(0x90) }
  }

  // MARK: Encoding

  /// What stands before ModRM.
  private struct Form {
    var opcode: UInt16
    var prefix: UInt8 = 0
    var isWide = false
    /// The `reg` field names a byte register: numbers 4 to 7 then need a REX prefix.
    var byteRegister = false
    /// Bytes of an immediate behind the operand.
    var immediate = 0
  }

  private mutating func emit(_ form: Form, reg: UInt8, _ operand: X86Operand) {
    if form.prefix != 0 { byte(form.prefix) }
    var rex: UInt8 = form.isWide ? 0x48 : 0
    if reg >= 8 { rex |= 0x44 }
    if form.byteRegister, reg >= 4 { rex |= 0x40 }
    switch operand {
    case .register(let r):
      if r.rawValue >= 8 { rex |= 0x41 }
      if form.byteRegister, r.rawValue >= 4 { rex |= 0x40 }
    case .memory(let base, _): if base.rawValue >= 8 { rex |= 0x41 }
    case .indexed(let base, let index, _, _):
      if base.rawValue >= 8 { rex |= 0x41 }
      if index.rawValue >= 8 { rex |= 0x42 }
    case .code: break
    }
    if rex != 0 { byte(rex) }
    if form.opcode > 0xFF { byte(UInt8(form.opcode >> 8)) }
    byte(UInt8(form.opcode & 0xFF))
    let field = (reg & 7) << 3
    switch operand {
    case .register(let r): byte(0xC0 | field | r.rawValue & 7)
    case .memory(let base, let displacement):
      let (mode, size) = Self.mode(base, displacement)
      byte(mode << 6 | field | base.rawValue & 7)
      if base.rawValue & 7 == 4 { byte(0x24) }
      put(displacement, size)
    case .indexed(let base, let index, let scale, let displacement):
      let (mode, size) = Self.mode(base, displacement)
      byte(mode << 6 | field | 4)
      byte(UInt8(scale.trailingZeroBitCount) << 6 | (index.rawValue & 7) << 3 | base.rawValue & 7)
      put(displacement, size)
    case .code(let offset):
      byte(field | 5)
      word(UInt32(truncatingIfNeeded: offset - (count + 4 + form.immediate)))
    }
  }

  /// The mod field, and the bytes of the displacement.
  private static func mode(_ base: X86Register, _ displacement: Int32) -> (UInt8, Int) {
    if displacement == 0, base.rawValue & 7 != 5 { return (0, 0) }
    return displacement >= -128 && displacement <= 127 ? (1, 1) : (2, 4)
  }

  private mutating func put(_ displacement: Int32, _ size: Int) {
    if size == 1 { byte(UInt8(truncatingIfNeeded: displacement)) }
    if size == 4 { word(UInt32(bitPattern: displacement)) }
  }

  private static func isByte(_ value: UInt32) -> Bool {
    let signed = Int32(bitPattern: value)
    return signed >= -128 && signed <= 127
  }

  // MARK: Instructions

  public mutating func load(_ kind: X86Load, _ to: X86Register, _ from: X86Operand) {
    var form = Form(opcode: kind.rawValue)
    if case .register = from, kind == .movzxByte || kind == .movsxByte {
      // Only the source is a byte: its number decides about the prefix.
      if case .register(let r) = from, r.rawValue >= 4, r.rawValue < 8, to.rawValue < 8 {
        byte(0x40)
      }
    }
    form.byteRegister = false
    emit(form, reg: to.rawValue, from)
  }

  public mutating func mov(_ to: X86Register, _ from: X86Register) { load(.mov, to, .register(from)) }

  public mutating func mov(_ to: X86Operand, _ from: X86Register) { emit(Form(opcode: 0x89), reg: from.rawValue, to) }

  /// The low byte, or the low 16 bits of `from`.
  public mutating func movByte(_ to: X86Operand, _ from: X86Register) {
    emit(Form(opcode: 0x88, byteRegister: true), reg: from.rawValue, to)
  }

  public mutating func movWord(_ to: X86Operand, _ from: X86Register) {
    emit(Form(opcode: 0x89, prefix: 0x66), reg: from.rawValue, to)
  }

  public mutating func mov(_ to: X86Operand, immediate: UInt32) {
    if case .register(let r) = to {
      if r.rawValue >= 8 { byte(0x41) }
      byte(0xB8 | r.rawValue & 7)
    } else {
      emit(Form(opcode: 0xC7, immediate: 4), reg: 0, to)
    }
    word(immediate)
  }

  public mutating func movByte(_ to: X86Operand, immediate: UInt8) {
    emit(Form(opcode: 0xC6, immediate: 1), reg: 0, to)
    byte(immediate)
  }

  public mutating func movWord(_ to: X86Operand, immediate: UInt16) {
    emit(Form(opcode: 0xC7, prefix: 0x66, immediate: 2), reg: 0, to)
    byte(UInt8(immediate & 0xFF))
    byte(UInt8(immediate >> 8))
  }

  /// 64 bits.
  public mutating func movQuad(_ to: X86Register, immediate: UInt64) {
    byte(0x48 | (to.rawValue >= 8 ? 1 : 0))
    byte(0xB8 | to.rawValue & 7)
    quad(immediate)
  }

  public mutating func movQuad(_ to: X86Register, _ from: X86Operand) {
    emit(Form(opcode: 0x8B, isWide: true), reg: to.rawValue, from)
  }

  public mutating func movQuad(_ to: X86Operand, _ from: X86Register) {
    emit(Form(opcode: 0x89, isWide: true), reg: from.rawValue, to)
  }

  /// 32 bits to 64, with the sign.
  public mutating func movsxd(_ to: X86Register, _ from: X86Operand) {
    emit(Form(opcode: 0x63, isWide: true), reg: to.rawValue, from)
  }

  public mutating func lea(_ to: X86Register, _ from: X86Operand, wide: Bool = false) {
    emit(Form(opcode: 0x8D, isWide: wide), reg: to.rawValue, from)
  }

  /// to = to op from; CMP: flags only.
  public mutating func arithmetic(
    _ operation: X86Arithmetic, _ to: X86Register, _ from: X86Operand, wide: Bool = false
  ) {
    emit(Form(opcode: UInt16(operation.rawValue << 3 | 3), isWide: wide), reg: to.rawValue, from)
  }

  /// The same with the result in memory.
  public mutating func arithmetic(_ operation: X86Arithmetic, _ to: X86Operand, _ from: X86Register) {
    emit(Form(opcode: UInt16(operation.rawValue << 3 | 1)), reg: from.rawValue, to)
  }

  /// `long`: always with four bytes of immediate, so that it can be changed later.
  public mutating func arithmetic(
    _ operation: X86Arithmetic, _ to: X86Operand, immediate: UInt32, wide: Bool = false, long: Bool = false
  ) {
    if Self.isByte(immediate), !long {
      emit(Form(opcode: 0x83, isWide: wide, immediate: 1), reg: operation.rawValue, to)
      byte(UInt8(truncatingIfNeeded: immediate))
    } else {
      emit(Form(opcode: 0x81, isWide: wide, immediate: 4), reg: operation.rawValue, to)
      word(immediate)
    }
  }

  public mutating func compareByte(_ place: X86Operand, immediate: UInt8) {
    emit(Form(opcode: 0x80, immediate: 1), reg: X86Arithmetic.cmp.rawValue, place)
    byte(immediate)
  }

  public mutating func test(_ a: X86Operand, _ b: X86Register, wide: Bool = false) {
    emit(Form(opcode: 0x85, isWide: wide), reg: b.rawValue, a)
  }

  public mutating func multiply(_ to: X86Register, _ by: X86Operand, wide: Bool = false) {
    emit(Form(opcode: 0x0FAF, isWide: wide), reg: to.rawValue, by)
  }

  /// to = from * immediate
  public mutating func multiply(_ to: X86Register, _ from: X86Operand, immediate: UInt32) {
    if Self.isByte(immediate) {
      emit(Form(opcode: 0x6B, immediate: 1), reg: to.rawValue, from)
      byte(UInt8(truncatingIfNeeded: immediate))
    } else {
      emit(Form(opcode: 0x69, immediate: 4), reg: to.rawValue, from)
      word(immediate)
    }
  }

  public mutating func shift(_ kind: X86Shift, _ operand: X86Operand, by count: UInt8, wide: Bool = false) {
    emit(Form(opcode: 0xC1, isWide: wide, immediate: 1), reg: kind.rawValue, operand)
    byte(count)
  }

  public mutating func shiftByCL(_ kind: X86Shift, _ operand: X86Operand) {
    emit(Form(opcode: 0xD3), reg: kind.rawValue, operand)
  }

  public mutating func unary(_ operation: X86Unary, _ operand: X86Operand) {
    emit(Form(opcode: 0xF7), reg: operation.rawValue, operand)
  }

  /// The sign of eax in edx.
  public mutating func cdq() { byte(0x99) }

  /// The number of the highest bit set, 64 bits; undefined for 0.
  public mutating func bitScanReverseQuad(_ to: X86Register, _ from: X86Operand) {
    emit(Form(opcode: 0x0FBD, isWide: true), reg: to.rawValue, from)
  }

  /// The low byte of `to` = condition.
  public mutating func set(_ condition: X86Condition, _ to: X86Register) {
    if to.rawValue >= 4, to.rawValue < 8 { byte(0x40) }
    emit(Form(opcode: 0x0F90 | UInt16(condition.rawValue)), reg: 0, .register(to))
  }

  // MARK: Vectors

  /// Four 32-bit sums; memory operands lie at multiples of 16.
  public mutating func addVector(_ to: UInt8, _ from: X86Operand) {
    emit(Form(opcode: 0x0FFE, prefix: 0x66), reg: to, from)
  }

  public mutating func clearVector(_ number: UInt8) {
    byte(0x66)
    if number >= 8 { byte(0x45) }
    byte(0x0F)
    byte(0xEF)
    byte(0xC0 | (number & 7) << 3 | number & 7)
  }

  public mutating func loadVector(_ to: UInt8, _ from: X86Operand) { emit(Form(opcode: 0x0F10), reg: to, from) }
  public mutating func storeVector(_ to: X86Operand, _ from: UInt8) { emit(Form(opcode: 0x0F11), reg: from, to) }

  // MARK: Control

  public mutating func push(_ r: X86Register) {
    if r.rawValue >= 8 { byte(0x41) }
    byte(0x50 | r.rawValue & 7)
  }

  public mutating func pop(_ r: X86Register) {
    if r.rawValue >= 8 { byte(0x41) }
    byte(0x58 | r.rawValue & 7)
  }

  public mutating func ret() { byte(0xC3) }

  public mutating func jump(to operand: X86Operand) { emit(Form(opcode: 0xFF), reg: 4, operand) }

  /// A jump whose target is filled in by `bind`.
  public mutating func jump() -> Jump {
    byte(0xE9)
    word(0)
    return Jump(place: count - 4)
  }

  public mutating func jump(_ condition: X86Condition) -> Jump {
    byte(0x0F)
    byte(0x80 | condition.rawValue)
    word(0)
    return Jump(place: count - 4)
  }

  public mutating func jump(to offset: Int) {
    byte(0xE9)
    word(UInt32(truncatingIfNeeded: offset - (count + 4)))
  }

  public mutating func jump(_ condition: X86Condition, to offset: Int) {
    byte(0x0F)
    byte(0x80 | condition.rawValue)
    word(UInt32(truncatingIfNeeded: offset - (count + 4)))
  }

  /// Lets `jump` lead to the next instruction.
  public mutating func bind(_ jump: Jump) { bind(jump, to: count) }

  public mutating func bind(_ jump: Jump, to offset: Int) {
    patch(jump.place, UInt32(truncatingIfNeeded: offset - (jump.place + 4)))
  }

  /// Replaces the four bytes at `place`.
  public mutating func patch(_ place: Int, _ value: UInt32) {
    guard place >= 0, place + 4 <= capacity, !isFull else { return }
    UnsafeMutableRawPointer(bytes + place).storeBytes(of: value.littleEndian, as: UInt32.self)
  }
}
