// The CSRs that blocks read and write: those which every interrupt handler saves and restores.
//
// They lie in words behind the integer registers (`TranslatedState`). A write of mstatus that would enable interrupts
// leaves the block, unless they were enabled when the blocks began: only then do the blocks end in time for them.

import HardwareModel

/// A CSR that blocks may access.
enum BlockCSR: UInt8 {
  case mstatus, mscratch, mepc, mcause

  static let interruptEnable: UInt32 = 8

  init?(_ csr: UInt16) {
    switch csr {
    case 0x300: self = .mstatus
    case 0x340: self = .mscratch
    case 0x341: self = .mepc
    case 0x342: self = .mcause
    default: return nil
    }
  }

  /// Where it is, counted in words from x0.
  var word: Int { Int(TranslatedState.csrOffset) / 4 + Int(rawValue) }

  /// Bits that can be written, and those that always read 1.
  var writable: UInt32 {
    switch self {
    case .mstatus: 0x88
    case .mscratch: .max
    case .mepc: ~1
    case .mcause: 0x8000_001F
    }
  }
  var fixed: UInt32 { self == .mstatus ? 0x1800 : 0 }

  func stored(_ value: UInt32) -> UInt32 { value & writable | fixed }
}

/// What a CSR access of a block does.
struct BlockCSRAccess {
  enum Kind: UInt8 {
    case read, write, set, clear
  }

  let csr: BlockCSR
  let kind: Kind
  /// The operand of the immediate forms; nil: rs1.
  let immediate: UInt32?

  /// nil: blocks leave this CSR to the exact engine.
  init?(_ instruction: Instruction) {
    guard instruction.timing == .csr, let csr = BlockCSR(instruction.csr) else { return nil }
    self.csr = csr
    switch instruction.operation {
    case _ where !Hart.isWrite(instruction): kind = .read
    case .csrrw, .csrrwi: kind = .write
    case .csrrs, .csrrsi: kind = .set
    default: kind = .clear
    }
    switch instruction.operation {
    case .csrrwi, .csrrsi, .csrrci: immediate = instruction.immediate
    default: immediate = nil
    }
  }

  /// Packed into the fields of a micro-operation: CSR and kind in `immediate`, with the operand if bit 15 is set.
  var packed: UInt32 {
    UInt32(csr.rawValue) | UInt32(kind.rawValue) << 8 | (immediate.map { 1 << 15 | $0 << 16 } ?? 0)
  }

  init(packed: UInt32) {
    csr = BlockCSR(rawValue: UInt8(packed & 3)) ?? .mstatus
    kind = Kind(rawValue: UInt8(packed >> 8 & 3)) ?? .read
    immediate = packed >> 15 & 1 != 0 ? packed >> 16 : nil
  }

  /// The value to store over `old`.
  func result(_ old: UInt32, _ operand: UInt32) -> UInt32 {
    switch kind {
    case .read: old
    case .write: csr.stored(operand)
    case .set: csr.stored(old | operand)
    case .clear: csr.stored(old & ~operand)
    }
  }

  /// Carries the access out on the words from x0 on; false if the exact engine must.
  static func carryOut(_ op: MicroOp, _ words: UnsafeMutablePointer<UInt32>) -> Bool {
    let access = BlockCSRAccess(packed: op.immediate)
    let old = words[access.csr.word]
    let new = access.result(old, access.immediate ?? words[Int(op.rs1)])
    if access.csr == .mstatus, new & words[Int(TranslatedState.forbiddenOffset) / 4] != 0 { return false }
    words[access.csr.word] = new
    words[Int(op.rd)] = old
    return true
  }
}
