// A tiny RV32IM assembler for tests: programs of a few lines, with labels, that need no compiler.
//
// Encodings follow The RISC-V Instruction Set Manual. Only 32-bit forms; a value that does not fit its field is a mistake
// of the test and stops it.

/// An integer register by its ABI name.
public enum GPR: UInt32, Sendable {
  case zero, ra, sp, gp, tp, t0, t1, t2, s0, s1, a0, a1, a2, a3, a4, a5, a6, a7
  case s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, t3, t4, t5, t6
}

/// A program in the making.
public final class Assembly {
  public let base: UInt32
  private var code: [UInt32] = []
  private var labels: [String: UInt32] = [:]
  private var fixups: [(index: Int, label: String, kind: Fixup)] = []

  private enum Fixup {
    case branch, jump, upper, lower
  }

  /// A program at `base`, written by `body`.
  public init(at base: UInt32 = 0x1C00_8080, _ body: (Assembly) -> Void) {
    self.base = base
    body(self)
    for (index, label, kind) in fixups { patch(index, label, kind) }
  }

  /// The instruction words.
  public var words: [UInt32] { code }
  /// The bytes, lowest first.
  public var bytes: [UInt8] { code.flatMap(littleEndian) }
  /// Where the next instruction goes.
  public var here: UInt32 { base + UInt32(4 * code.count) }

  /// The address of a label.
  public func address(_ label: String) -> UInt32 {
    guard let address = labels[label] else { preconditionFailure("no label \(label)") }
    return address
  }

  private func patch(_ index: Int, _ label: String, _ kind: Fixup) {
    let target = address(label)
    let distance = target &- (base + UInt32(4 * index))
    switch kind {
    case .branch: code[index] |= Self.branchImmediate(distance)
    case .jump: code[index] |= Self.jumpImmediate(distance)
    case .upper: code[index] |= (target &+ 0x800) & 0xFFFF_F000
    case .lower: code[index] |= (target & 0xFFF) << 20
    }
  }

  private static func branchImmediate(_ d: UInt32) -> UInt32 {
    (d >> 12 & 1) << 31 | (d >> 5 & 0x3F) << 25 | (d >> 1 & 0xF) << 8 | (d >> 11 & 1) << 7
  }

  private static func jumpImmediate(_ d: UInt32) -> UInt32 {
    (d >> 20 & 1) << 31 | (d >> 1 & 0x3FF) << 21 | (d >> 11 & 1) << 20 | (d >> 12 & 0xFF) << 12
  }

  // MARK: Structure

  public func label(_ name: String) { labels[name] = here }
  /// Any word.
  public func word(_ word: UInt32) { code.append(word) }
  public func nops(_ count: Int) { for _ in 0..<count { nop() } }
  /// Fills with NOPs up to `address`.
  public func align(to address: UInt32) { while here < address { nop() } }

  // MARK: Forms

  private func r(_ funct7: UInt32, _ funct3: UInt32, _ rd: GPR, _ rs1: GPR, _ rs2: GPR) {
    word(funct7 << 25 | rs2.rawValue << 20 | rs1.rawValue << 15 | funct3 << 12 | rd.rawValue << 7 | 0x33)
  }

  private func i(_ opcode: UInt32, _ funct3: UInt32, _ rd: GPR, _ rs1: GPR, _ immediate: Int) {
    precondition((-2048...2047).contains(immediate), "immediate out of range")
    word(
      UInt32(bitPattern: Int32(immediate)) << 20 | rs1.rawValue << 15 | funct3 << 12 | rd.rawValue << 7 | opcode)
  }

  private func s(_ funct3: UInt32, _ rs2: GPR, _ offset: Int, _ rs1: GPR) {
    precondition((-2048...2047).contains(offset), "offset out of range")
    let bits = UInt32(bitPattern: Int32(offset))
    word((bits >> 5 & 0x7F) << 25 | rs2.rawValue << 20 | rs1.rawValue << 15 | funct3 << 12 | (bits & 31) << 7 | 0x23)
  }

  private func b(_ funct3: UInt32, _ rs1: GPR, _ rs2: GPR, _ label: String) {
    fixups.append((code.count, label, .branch))
    word(rs2.rawValue << 20 | rs1.rawValue << 15 | funct3 << 12 | 0x63)
  }

  private func csr(_ funct3: UInt32, _ rd: GPR, _ csr: UInt32, _ rs1: UInt32) {
    word(csr << 20 | rs1 << 15 | funct3 << 12 | rd.rawValue << 7 | 0x73)
  }

  // MARK: Instructions

  public func nop() { addi(.zero, .zero, 0) }
  public func lui(_ rd: GPR, _ value: UInt32) { word(value & 0xFFFF_F000 | rd.rawValue << 7 | 0x37) }
  public func addi(_ rd: GPR, _ rs1: GPR, _ value: Int) { i(0x13, 0, rd, rs1, value) }
  public func andi(_ rd: GPR, _ rs1: GPR, _ value: Int) { i(0x13, 7, rd, rs1, value) }
  public func slli(_ rd: GPR, _ rs1: GPR, _ count: Int) { i(0x13, 1, rd, rs1, count & 31) }
  public func srli(_ rd: GPR, _ rs1: GPR, _ count: Int) { i(0x13, 5, rd, rs1, count & 31) }
  public func add(_ rd: GPR, _ rs1: GPR, _ rs2: GPR) { r(0, 0, rd, rs1, rs2) }
  public func sub(_ rd: GPR, _ rs1: GPR, _ rs2: GPR) { r(0x20, 0, rd, rs1, rs2) }
  public func xor(_ rd: GPR, _ rs1: GPR, _ rs2: GPR) { r(0, 4, rd, rs1, rs2) }
  public func mul(_ rd: GPR, _ rs1: GPR, _ rs2: GPR) { r(1, 0, rd, rs1, rs2) }
  public func divu(_ rd: GPR, _ rs1: GPR, _ rs2: GPR) { r(1, 5, rd, rs1, rs2) }
  public func lb(_ rd: GPR, _ offset: Int, _ rs1: GPR) { i(0x03, 0, rd, rs1, offset) }
  public func lh(_ rd: GPR, _ offset: Int, _ rs1: GPR) { i(0x03, 1, rd, rs1, offset) }
  public func lw(_ rd: GPR, _ offset: Int, _ rs1: GPR) { i(0x03, 2, rd, rs1, offset) }
  public func lbu(_ rd: GPR, _ offset: Int, _ rs1: GPR) { i(0x03, 4, rd, rs1, offset) }
  public func sb(_ rs2: GPR, _ offset: Int, _ rs1: GPR) { s(0, rs2, offset, rs1) }
  public func sh(_ rs2: GPR, _ offset: Int, _ rs1: GPR) { s(1, rs2, offset, rs1) }
  public func sw(_ rs2: GPR, _ offset: Int, _ rs1: GPR) { s(2, rs2, offset, rs1) }
  public func beq(_ rs1: GPR, _ rs2: GPR, _ label: String) { b(0, rs1, rs2, label) }
  public func bne(_ rs1: GPR, _ rs2: GPR, _ label: String) { b(1, rs1, rs2, label) }
  public func bltu(_ rs1: GPR, _ rs2: GPR, _ label: String) { b(6, rs1, rs2, label) }
  public func jalr(_ rd: GPR, _ offset: Int, _ rs1: GPR) { i(0x67, 0, rd, rs1, offset) }
  public func jr(_ rs1: GPR) { jalr(.zero, 0, rs1) }
  public func ret() { jr(.ra) }

  public func jal(_ rd: GPR, _ label: String) {
    fixups.append((code.count, label, .jump))
    word(rd.rawValue << 7 | 0x6F)
  }

  public func j(_ label: String) { jal(.zero, label) }
  public func csrrw(_ rd: GPR, _ number: UInt32, _ rs1: GPR) { csr(1, rd, number, rs1.rawValue) }
  public func csrr(_ rd: GPR, _ number: UInt32) { csr(2, rd, number, 0) }
  public func csrw(_ number: UInt32, _ rs1: GPR) { csrrw(.zero, number, rs1) }
  public func csrsi(_ number: UInt32, _ value: UInt32) { csr(6, .zero, number, value & 31) }
  public func csrci(_ number: UInt32, _ value: UInt32) { csr(7, .zero, number, value & 31) }
  public func ecall() { word(0x0000_0073) }
  public func ebreak() { word(0x0010_0073) }
  public func mret() { word(0x3020_0073) }
  public func wfi() { word(0x1050_0073) }
  public func fence() { word(0x0FF0_000F) }

  /// Any constant; always two instructions.
  public func li(_ rd: GPR, _ value: UInt32) {
    lui(rd, value &+ 0x800)
    addi(rd, rd, Int(Int32(bitPattern: value << 20) >> 20))
  }

  /// The address of a label.
  public func la(_ rd: GPR, _ label: String) {
    fixups.append((code.count, label, .upper))
    word(rd.rawValue << 7 | 0x37)
    fixups.append((code.count, label, .lower))
    word(rd.rawValue << 15 | rd.rawValue << 7 | 0x13)
  }

  // MARK: Idioms

  /// Stores `value` to `address`; uses t5 and t6.
  public func store(_ value: UInt32, at address: UInt32) {
    li(.t5, address)
    li(.t6, value)
    sw(.t6, 0, .t5)
  }

  /// Ends the program with `code`; uses t5 and t6.
  public func exit(_ code: UInt32 = 0) { store(0x8000_0000 | code, at: 0x1A10_40A0) }
}
