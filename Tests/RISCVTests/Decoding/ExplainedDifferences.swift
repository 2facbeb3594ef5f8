// Where other disassemblers and this core's decoder are allowed to differ, and why.
//
// GNU objdump reads a raw file as RV32GC; llvm-objdump as RV32IMC. The core's own answer is from
// `cv32e40p_decoder.sv` and `cv32e40p_compressed_decoder.sv` (`cv32e40p-timing.md` section 5).

import RISCV

/// A set of words for which a tool may say something else.
struct ExplainedDifference: Sendable {
  enum Kind: Sendable {
    /// Illegal on this core, an instruction elsewhere.
    case illegalHere
    /// An instruction on this core, refused elsewhere.
    case legalHere
    /// The same instruction in other words.
    case text
    /// The same CSR access; only the name of the CSR differs.
    case csrName
  }

  let kind: Kind
  let tools: [ForeignDisassembler]
  let mask: UInt32
  let match: UInt32
  let reason: String

  init(_ kind: Kind, _ tools: [ForeignDisassembler], _ match: UInt32, _ mask: UInt32, _ reason: String) {
    self.kind = kind
    self.tools = tools
    self.mask = mask
    self.match = match
    self.reason = reason
  }

  var isCompressed: Bool { match & 3 != 3 }

  func covers(_ word: UInt32) -> Bool { word & mask == match && (word & 3 != 3) == isCompressed }

  func explains(_ word: UInt32, _ tool: ForeignDisassembler, _ ours: NormalText, _ theirs: NormalText) -> Bool {
    guard tools.contains(tool), covers(word) else { return false }
    switch kind {
    case .illegalHere: return ours.isIllegal && !theirs.isIllegal
    case .legalHere: return !ours.isIllegal && theirs.isIllegal
    case .text: return !ours.isIllegal && !theirs.isIllegal
    case .csrName:
      let place = ours.operands.indices.filter {
        $0 >= theirs.operands.count || ours.operands[$0] != theirs.operands[$0]
      }
      return ours.mnemonic == theirs.mnemonic && ours.operands.count == theirs.operands.count && place.count == 1
    }
  }

  private static let both = ForeignDisassembler.allCases

  static let all: [ExplainedDifference] = [
    // Extensions that GNU objdump assumes.
    .init(.illegalHere, [.gnu], 0x2000, 0xE003, "C.FLD needs D"),
    .init(.illegalHere, [.gnu], 0x6000, 0xE003, "C.FLW needs F"),
    .init(.illegalHere, [.gnu], 0xA000, 0xE003, "C.FSD needs D"),
    .init(.illegalHere, [.gnu], 0xE000, 0xE003, "C.FSW needs F"),
    .init(.illegalHere, [.gnu], 0x2002, 0xE003, "C.FLDSP needs D"),
    .init(.illegalHere, [.gnu], 0x6002, 0xE003, "C.FLWSP needs F"),
    .init(.illegalHere, [.gnu], 0xA002, 0xE003, "C.FSDSP needs D"),
    .init(.illegalHere, [.gnu], 0xE002, 0xE003, "C.FSWSP needs F"),
    .init(.illegalHere, [.gnu], 0x0000_002F, 0x0000_007F, "atomics need A"),
    .init(.illegalHere, [.gnu], 0x0000_0007, 0x0000_007F, "FLW, FLD need F, D"),
    .init(.illegalHere, [.gnu], 0x0000_0027, 0x0000_007F, "FSW, FSD need F, D"),
    .init(.illegalHere, [.gnu], 0x0000_0043, 0x0000_0073, "fused multiply-add needs F"),
    .init(.illegalHere, [.gnu], 0x0000_0053, 0x0000_007F, "floating-point arithmetic needs F"),

    // Reserved encodings that the tools accept.
    .init(.illegalHere, both, 0x1002, 0xF003, "C.SLLI with shamt[5] is reserved in RV32"),
    .init(.illegalHere, both, 0x9001, 0xFC03, "C.SRLI with shamt[5] is reserved in RV32"),
    .init(.illegalHere, both, 0x9401, 0xFC03, "C.SRAI with shamt[5] is reserved in RV32"),
    .init(.illegalHere, both, 0x6101, 0xFFFF, "C.ADDI16SP of 0 is reserved"),
    .init(.illegalHere, [.llvm], 0x6001, 0xF07F, "C.LUI of 0 is reserved"),
    .init(.illegalHere, both, 0x0200_1013, 0xFE00_707F, "SLLI with shamt[5] is RV64"),
    .init(.illegalHere, both, 0x0200_5013, 0xFE00_707F, "SRLI with shamt[5] is RV64"),
    .init(.illegalHere, both, 0x4200_5013, 0xFE00_707F, "SRAI with shamt[5] is RV64"),

    // Privileged instructions of modes that the core lacks.
    .init(.illegalHere, both, 0x0020_0073, 0xFFFF_FFFF, "URET: no user-level interrupts"),
    .init(.illegalHere, both, 0x1020_0073, 0xFFFF_FFFF, "SRET: no supervisor mode"),
    .init(.illegalHere, [.gnu], 0x2020_0073, 0xFFFF_FFFF, "HRET of an old privileged specification"),
    .init(.illegalHere, [.gnu], 0x1040_0073, 0xFFF0_7FFF, "SFENCE.VM of an old privileged specification"),
    .init(.illegalHere, both, 0x7B20_0073, 0xFFFF_FFFF, "DRET outside debug mode"),
    .init(.illegalHere, both, 0x1200_0073, 0xFE00_7FFF, "SFENCE.VMA: no supervisor mode"),

    // The core decodes opcode and funct3 of MISC-MEM only.
    .init(.legalHere, both, 0x0000_000F, 0x0000_707F, "FENCE with any operand fields executes"),
    .init(.legalHere, both, 0x0000_100F, 0x0000_707F, "FENCE.I with any operand fields executes"),

    // Hints: they do nothing, under several names.
    .init(.text, both, 0x0001, 0xEF83, "C.NOP with an immediate"),
    .init(.text, both, 0x4001, 0xEF83, "C.LI to x0"),
    .init(.text, both, 0x6001, 0xEF83, "C.LUI to x0"),
    .init(.text, both, 0x8002, 0xFF83, "C.MV to x0"),
    .init(.text, both, 0x9002, 0xFF83, "C.ADD to x0"),
    .init(.text, both, 0x0002, 0xFF83, "C.SLLI of x0"),
    .init(.text, both, 0x0002, 0xF07F, "C.SLLI by 0 (C.SLLI64)"),
    .init(.text, both, 0x8001, 0xFC7F, "C.SRLI by 0 (C.SRLI64)"),
    .init(.text, both, 0x8401, 0xFC7F, "C.SRAI by 0 (C.SRAI64)"),
    .init(.text, both, 0x0001, 0xF07F, "C.ADDI of 0"),

    // Names of CSRs that the core lacks, or that the tools do not know.
    .init(.csrName, both, 0x0000_0073, 0x0000_007F, "CSRs of other extensions; tinfo and the XPULP CSRs"),
    .init(.text, [.gnu], 0x0010_1073, 0xFFF0_307F, "FSFLAGS"),
    .init(.text, [.gnu], 0x0020_1073, 0xFFF0_307F, "FSRM"),
    .init(.text, [.gnu], 0x0030_1073, 0xFFF0_307F, "FSCSR"),
    .init(.text, [.gnu], 0x0010_2073, 0xFFF0_307F, "FRFLAGS"),
    .init(.text, [.gnu], 0x0020_2073, 0xFFF0_307F, "FRRM"),
    .init(.text, [.gnu], 0x0030_2073, 0xFFF0_307F, "FRCSR"),
  ]
}
