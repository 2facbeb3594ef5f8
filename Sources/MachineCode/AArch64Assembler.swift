// An assembler for the AArch64 instructions that translated code is made of.
//
// Source: Arm Architecture Reference Manual for A-profile (DDI 0487), chapters C4 (encodings) and C6, C7 (instructions). Every
// form is compared with what clang assembles (`AArch64AssemblerTests`). Nothing newer than Armv8.0. What has no encoding is refused:
// `isRefused` is set and nothing is written from then on.

/// A register by its name. Number 31 means the zero register or the stack pointer, depending on the instruction.
public enum AArch64Register: UInt8, Sendable, CaseIterable {
  case x0, x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11, x12, x13, x14, x15
  case x16, x17, x18, x19, x20, x21, x22, x23, x24, x25, x26, x27, x28, x29, x30
  case zero, sp
}

/// Sums and differences, with and without flags: opcode of the immediate forms.
public enum AArch64Sum: UInt32, Sendable, CaseIterable {
  case add = 0x1100_0000
  case adds = 0x3100_0000
  case sub = 0x5100_0000
  case subs = 0x7100_0000

  var setsFlags: Bool { self == .adds || self == .subs }
}

/// Bitwise operations: opcode of the register forms.
public enum AArch64Logic: UInt32, Sendable, CaseIterable {
  case and = 0x0A00_0000
  case bic = 0x0A20_0000
  case orr = 0x2A00_0000
  case orn = 0x2A20_0000
  case eor = 0x4A00_0000
  case eon = 0x4A20_0000
  case ands = 0x6A00_0000
  case bics = 0x6A20_0000
}

/// Shifts, by their number in encodings.
public enum AArch64Shift: UInt32, Sendable, CaseIterable {
  case lsl, lsr, asr, ror
}

/// Moves of 16 bits: opcodes.
public enum AArch64Move: UInt32, Sendable, CaseIterable {
  case movn = 0x1280_0000
  case movz = 0x5280_0000
  case movk = 0x7280_0000
}

/// Operations of two registers: opcodes.
public enum AArch64Binary: UInt32, Sendable, CaseIterable {
  case udiv = 0x1AC0_0800
  case sdiv = 0x1AC0_0C00
  case lslv = 0x1AC0_2000
  case lsrv = 0x1AC0_2400
  case asrv = 0x1AC0_2800
  case rorv = 0x1AC0_2C00
}

/// Operations of one register: opcodes.
public enum AArch64Unary: UInt32, Sendable, CaseIterable {
  case clz = 0x5AC0_1000
  case cls = 0x5AC0_1400
}

/// Multiplications with a sum: opcodes. The long ones take registers of 32 bits to one of 64.
public enum AArch64Product: UInt32, Sendable, CaseIterable {
  case madd = 0x1B00_0000
  case msub = 0x1B00_8000
  case smaddl = 0x9B20_0000
  case umaddl = 0x9BA0_0000
}

/// Selections by a condition: opcodes.
public enum AArch64Select: UInt32, Sendable, CaseIterable {
  case csel = 0x1A80_0000
  case csinc = 0x1A80_0400
  case csinv = 0x5A80_0000
  case csneg = 0x5A80_0400
}

/// Conditions, by their number in encodings.
public enum AArch64Condition: UInt32, Sendable, CaseIterable {
  case eq, ne, hs, lo, mi, pl, vs, vc, hi, ls, ge, lt, gt, le

  /// The opposite condition.
  public var inverted: AArch64Condition { AArch64Condition(rawValue: rawValue ^ 1) ?? self }
}

/// Loads and stores: opcodes of the forms with an unsigned offset.
public enum AArch64Access: UInt32, Sendable, CaseIterable {
  case str = 0xB900_0000
  case ldr = 0xB940_0000
  case strQuad = 0xF900_0000
  case ldrQuad = 0xF940_0000
  case strb = 0x3900_0000
  case ldrb = 0x3940_0000
  case ldrsb = 0x39C0_0000
  case strh = 0x7900_0000
  case ldrh = 0x7940_0000
  case ldrsh = 0x79C0_0000

  /// log2 of the bytes.
  var scale: UInt32 { rawValue >> 30 }
}

/// Loads and stores of two registers: opcodes of the forms with an offset.
public enum AArch64Pair: UInt32, Sendable, CaseIterable {
  case stp = 0x2900_0000
  case ldp = 0x2940_0000
  case stpQuad = 0xA900_0000
  case ldpQuad = 0xA940_0000
}

/// What a pair's access does to its base.
public enum AArch64PairMode: UInt32, Sendable, CaseIterable {
  case postIndex = 0xFF80_0000  // less than `offset`: the field is 1 instead of 2
  case offset = 0
  case preIndex = 0x0080_0000
}

/// Writes instructions into a buffer. Operands are 32 bits wide unless the name or `wide` says otherwise.
public struct AArch64Assembler {
  /// A jump whose target is filled in later: offset of the instruction.
  public struct Jump: Sendable {
    public let place: Int
  }

  private let bytes: UnsafeMutablePointer<UInt8>
  private let capacity: Int
  /// Bytes so far: the offset of the next one.
  public private(set) var count: Int
  /// Something did not fit and is missing.
  public private(set) var isFull = false
  /// Something has no encoding; it is missing, and so is all that came later.
  public private(set) var isRefused = false

  /// Writes at `bytes` + `start` ... `bytes` + `end`. Offsets count from `bytes`; `start` is a multiple of 4.
  public init(_ bytes: UnsafeMutablePointer<UInt8>, from start: Int, to end: Int) {
    self.bytes = bytes
    count = start
    capacity = end
  }

  // MARK: Words

  public mutating func word(_ value: UInt32) {
    guard !isRefused else { return }
    guard count + 4 <= capacity else {
      isFull = true
      return
    }
    UnsafeMutableRawPointer(bytes + count).storeBytes(of: value.littleEndian, as: UInt32.self)
    count += 4
  }

  /// Fills with NOPs up to a multiple of `alignment`.
  public mutating func align(_ alignment: Int) {
    while count % alignment != 0, !isFull, !isRefused { nop() }
  }

  /// Writes nothing from now on.
  public mutating func refuse() { isRefused = true }

  private mutating func require(_ holds: Bool) {
    if !holds { isRefused = true }
  }

  /// The number of a register where 31 means the zero register.
  private mutating func number(_ r: AArch64Register) -> UInt32 {
    require(r != .sp)
    return UInt32(min(r.rawValue, 31))
  }

  /// The same where 31 means the stack pointer.
  private mutating func numberOrSP(_ r: AArch64Register) -> UInt32 {
    require(r != .zero)
    return UInt32(min(r.rawValue, 31))
  }

  private static func size(_ wide: Bool) -> UInt32 { wide ? 1 << 31 : 0 }

  // MARK: Sums and bitwise operations

  /// True if a sum's immediate operand can be `value`.
  public static func fitsSum(_ value: UInt32) -> Bool { value < 0x1000 || value & 0xFFF == 0 && value < 0x100_0000 }

  public mutating func sum(
    _ operation: AArch64Sum, _ to: AArch64Register, _ from: AArch64Register, immediate: UInt32, wide: Bool = false
  ) {
    require(Self.fitsSum(immediate))
    let target = operation.setsFlags ? number(to) : numberOrSP(to)
    let field = immediate < 0x1000 ? immediate << 10 : 1 << 22 | (immediate & 0xFF_F000) >> 2
    word(operation.rawValue | Self.size(wide) | field | numberOrSP(from) << 5 | target)
  }

  /// to = a op (b shifted); no rotation.
  public mutating func sum(
    _ operation: AArch64Sum, _ to: AArch64Register, _ a: AArch64Register, _ b: AArch64Register,
    _ shift: AArch64Shift = .lsl, by amount: UInt32 = 0, wide: Bool = false
  ) {
    require(shift != .ror && amount < (wide ? 64 : 32))
    word(
      operation.rawValue - 0x0600_0000 | Self.size(wide) | shift.rawValue << 22 | number(b) << 16 | amount << 10
        | number(a) << 5 | number(to))
  }

  public mutating func logic(
    _ operation: AArch64Logic, _ to: AArch64Register, _ a: AArch64Register, _ b: AArch64Register,
    _ shift: AArch64Shift = .lsl, by amount: UInt32 = 0, wide: Bool = false
  ) {
    require(amount < (wide ? 64 : 32))
    word(
      operation.rawValue | Self.size(wide) | shift.rawValue << 22 | number(b) << 16 | amount << 10 | number(a) << 5
        | number(to))
  }

  /// The immediate of a bitwise operation: an element of 2, 4 ... 64 bits that holds one run of ones, rotated, and is repeated.
  /// nil if `value` is none (0 and all ones never are).
  static func pattern(_ value: UInt64, wide: Bool) -> UInt32? {
    let all = wide ? value : value & 0xFFFF_FFFF | value << 32
    guard all != 0, all != .max, wide || value >> 32 == 0 else { return nil }
    var size: UInt64 = 64
    while size > 2 {
      let half = size / 2
      let mask = UInt64(1) << half - 1
      if all & mask != all >> half & mask { break }
      size = half
    }
    let mask = UInt64.max >> (64 - size)
    let element = all & mask
    let ones = UInt64(element.nonzeroBitCount)
    for rotation in 0..<size {
      let back = (element << rotation | element >> (size - rotation)) & mask
      if back == UInt64(1) << ones - 1 {
        let kind = ~(2 * size - 1) & 0x3F
        return UInt32((size == 64 ? 1 : 0) << 12 | rotation << 6 | kind | (ones - 1))
      }
    }
    return nil
  }

  /// True if a bitwise operation's immediate operand can be `value`.
  public static func fitsLogic(_ value: UInt32) -> Bool { pattern(UInt64(value), wide: false) != nil }

  /// AND, ORR, EOR, ANDS.
  public mutating func logic(
    _ operation: AArch64Logic, _ to: AArch64Register, _ from: AArch64Register, immediate: UInt64, wide: Bool = false
  ) {
    let pattern = Self.pattern(immediate, wide: wide)
    require(pattern != nil && operation.rawValue & 0x0020_0000 == 0)
    let target = operation == .ands ? number(to) : numberOrSP(to)
    word((operation.rawValue + 0x0800_0000) | Self.size(wide) | (pattern ?? 0) << 10 | number(from) << 5 | target)
  }

  // MARK: Moves

  /// 16 bits of a register, at a multiple of 16; MOVN: the complement, MOVK: the others stay.
  public mutating func move(
    _ kind: AArch64Move, _ to: AArch64Register, _ value: UInt32, shift: UInt32 = 0, wide: Bool = false
  ) {
    require(value < 0x1_0000 && shift % 16 == 0 && shift < (wide ? 64 : 32))
    word(kind.rawValue | Self.size(wide) | (shift / 16) << 21 | value << 5 | number(to))
  }

  public mutating func mov(_ to: AArch64Register, _ from: AArch64Register, wide: Bool = false) {
    logic(.orr, to, .zero, from, wide: wide)
  }

  /// A constant in as few instructions as it takes.
  public mutating func mov(_ to: AArch64Register, immediate value: UInt32) {
    let low = value & 0xFFFF
    let high = value >> 16
    if high == 0 {
      move(.movz, to, low)
    } else if low == 0 {
      move(.movz, to, high, shift: 16)
    } else if high == 0xFFFF {
      move(.movn, to, ~low & 0xFFFF)
    } else if low == 0xFFFF {
      move(.movn, to, ~high & 0xFFFF, shift: 16)
    } else if Self.fitsLogic(value), to != .sp {
      logic(.orr, to, .zero, immediate: UInt64(value))
    } else {
      move(.movz, to, low)
      move(.movk, to, high, shift: 16)
    }
  }

  public mutating func movQuad(_ to: AArch64Register, immediate value: UInt64) {
    var isFirst = true
    for shift in stride(from: 0, to: 64, by: 16) as StrideTo<UInt32> {
      let part = UInt32(value >> UInt64(shift) & 0xFFFF)
      guard part != 0 || isFirst && shift == 48 else { continue }
      move(isFirst ? .movz : .movk, to, part, shift: shift, wide: true)
      isFirst = false
    }
  }

  // MARK: Shifts, products, selections

  public mutating func shift(
    _ kind: AArch64Shift, _ to: AArch64Register, _ from: AArch64Register, by amount: UInt32, wide: Bool = false
  ) {
    let bits: UInt32 = wide ? 64 : 32
    require(amount < bits)
    let base: UInt32 = wide ? 0x8040_0000 : 0
    let source = number(from)
    let registers = source << 5 | number(to)
    let count = amount & (bits - 1)
    switch kind {
    case .lsl: word(0x5300_0000 | base | ((bits - count) % bits) << 16 | (bits - 1 - count) << 10 | registers)
    case .lsr: word(0x5300_0000 | base | count << 16 | (bits - 1) << 10 | registers)
    case .asr: word(0x1300_0000 | base | count << 16 | (bits - 1) << 10 | registers)
    case .ror: word(0x1380_0000 | base | source << 16 | count << 10 | registers)
    }
  }

  /// 32 bits to 64, with the sign.
  public mutating func sxtw(_ to: AArch64Register, _ from: AArch64Register) {
    word(0x9340_7C00 | number(from) << 5 | number(to))
  }

  public mutating func binary(
    _ operation: AArch64Binary, _ to: AArch64Register, _ a: AArch64Register, _ b: AArch64Register, wide: Bool = false
  ) {
    word(operation.rawValue | Self.size(wide) | number(b) << 16 | number(a) << 5 | number(to))
  }

  public mutating func unary(
    _ operation: AArch64Unary, _ to: AArch64Register, _ from: AArch64Register, wide: Bool = false
  ) {
    word(operation.rawValue | Self.size(wide) | number(from) << 5 | number(to))
  }

  /// to = plus + a * b; MSUB: plus - a * b. The long ones are always wide.
  public mutating func product(
    _ operation: AArch64Product, _ to: AArch64Register, _ a: AArch64Register, _ b: AArch64Register,
    plus: AArch64Register = .zero, wide: Bool = false
  ) {
    word(operation.rawValue | Self.size(wide) | number(b) << 16 | number(plus) << 10 | number(a) << 5 | number(to))
  }

  /// to = a if the condition holds, else b, b + 1, ~b or -b.
  public mutating func select(
    _ operation: AArch64Select, _ to: AArch64Register, _ a: AArch64Register, _ b: AArch64Register,
    _ condition: AArch64Condition, wide: Bool = false
  ) {
    word(
      operation.rawValue | Self.size(wide) | number(b) << 16 | condition.rawValue << 12 | number(a) << 5 | number(to))
  }

  /// to = 1 if the condition holds, else 0.
  public mutating func set(_ to: AArch64Register, _ condition: AArch64Condition) {
    select(.csinc, to, .zero, .zero, condition.inverted)
  }

  // MARK: Memory

  /// [base + offset]: a multiple of the size, up to 4095 times it.
  public mutating func access(
    _ kind: AArch64Access, _ register: AArch64Register, _ base: AArch64Register, offset: UInt32 = 0
  ) {
    let scaled = offset >> kind.scale
    require(scaled < 0x1000 && scaled << kind.scale == offset)
    word(kind.rawValue | scaled << 10 | numberOrSP(base) << 5 | number(register))
  }

  /// [base + index], of which 32 bits count, without a sign; `isScaled`: times the size of the access.
  public mutating func access(
    _ kind: AArch64Access, _ register: AArch64Register, _ base: AArch64Register, index: AArch64Register,
    isScaled: Bool = false
  ) {
    word(
      kind.rawValue & ~0x0100_0000 | 0x0020_4800 | (isScaled ? 1 << 12 : 0) | number(index) << 16
        | numberOrSP(base) << 5 | number(register))
  }

  public mutating func pair(
    _ kind: AArch64Pair, _ first: AArch64Register, _ second: AArch64Register, _ base: AArch64Register,
    offset: Int32 = 0, _ mode: AArch64PairMode = .offset
  ) {
    let scale: Int32 = kind.rawValue >> 31 != 0 ? 8 : 4
    let scaled = offset / scale
    require(scaled >= -64 && scaled < 64 && scaled * scale == offset)
    // Loading one register twice, or a base that changes as well: unpredictable.
    require(first != second || kind == .stp || kind == .stpQuad)
    require(mode == .offset || base != first && base != second)
    word(
      (kind.rawValue &+ mode.rawValue) | (UInt32(bitPattern: scaled) & 0x7F) << 15 | number(second) << 10
        | numberOrSP(base) << 5 | number(first))
  }

  // MARK: Vectors

  private static func vector(_ number: UInt8) -> UInt32 { UInt32(number & 31) }

  /// Four 32-bit sums.
  public mutating func addVector(_ to: UInt8, _ a: UInt8, _ b: UInt8) {
    require(max(to, a, b) < 32)
    word(0x4EA0_8400 | Self.vector(b) << 16 | Self.vector(a) << 5 | Self.vector(to))
  }

  public mutating func clearVector(_ to: UInt8) {
    require(to < 32)
    word(0x6F00_E400 | Self.vector(to))
  }

  /// 16 bytes of code.
  public mutating func loadVector(_ to: UInt8, code offset: Int) {
    require(to < 32)
    guard let distance = distance(to: offset, from: count, bits: 19) else { return refuse() }
    word(0x9C00_0000 | distance << 5 | Self.vector(to))
  }

  /// 16 bytes at [base + offset], a multiple of 16.
  public mutating func storeVector(_ from: UInt8, _ base: AArch64Register, offset: UInt32) {
    require(from < 32 && offset % 16 == 0 && offset / 16 < 0x1000)
    word(0x3D80_0000 | ((offset / 16) & 0xFFF) << 10 | numberOrSP(base) << 5 | Self.vector(from))
  }

  // MARK: Control

  public mutating func nop() { word(0xD503_201F) }
  public mutating func ret() { word(0xD65F_03C0) }
  public mutating func jump(to register: AArch64Register) { word(0xD61F_0000 | number(register) << 5) }

  /// A field of `bits` bits that counts instructions.
  private func distance(to target: Int, from place: Int, bits: Int) -> UInt32? {
    let bytes = target - place
    let limit = 1 << (bits + 1)
    guard bytes & 3 == 0, bytes >= -limit, bytes < limit else { return nil }
    return UInt32(truncatingIfNeeded: bytes >> 2) & (1 << UInt32(bits) - 1)
  }

  private mutating func jump(opcode: UInt32) -> Jump {
    let place = count
    word(opcode)
    return Jump(place: place)
  }

  /// A jump whose target is filled in by `bind`.
  public mutating func jump() -> Jump { jump(opcode: 0x1400_0000) }
  public mutating func jump(_ condition: AArch64Condition) -> Jump { jump(opcode: 0x5400_0000 | condition.rawValue) }

  /// Jumps if the register is 0, or not.
  public mutating func jump(ifZero isZero: Bool, _ register: AArch64Register, wide: Bool = false) -> Jump {
    let field = number(register)
    return jump(opcode: (isZero ? 0x3400_0000 : 0x3500_0000) | Self.size(wide) | field)
  }

  public mutating func jump(to offset: Int) { bind(jump(), to: offset) }
  public mutating func jump(_ condition: AArch64Condition, to offset: Int) { bind(jump(condition), to: offset) }

  /// Lets `jump` lead to the next instruction.
  public mutating func bind(_ jump: Jump) { bind(jump, to: count) }

  /// 128 MiB either way; with a condition, 1 MiB.
  public mutating func bind(_ jump: Jump, to offset: Int) {
    guard jump.place >= 0, jump.place + 4 <= min(count, capacity), !isFull, !isRefused else { return }
    let place = UnsafeMutableRawPointer(bytes + jump.place)
    let opcode = UInt32(littleEndian: place.loadUnaligned(as: UInt32.self))
    let isFar = opcode >> 26 == 0b000101
    guard let distance = distance(to: offset, from: jump.place, bits: isFar ? 26 : 19) else {
      count = jump.place
      return refuse()
    }
    let changed = isFar ? opcode & 0xFC00_0000 | distance : opcode & 0xFF00_001F | distance << 5
    place.storeBytes(of: changed.littleEndian, as: UInt32.self)
  }
}
