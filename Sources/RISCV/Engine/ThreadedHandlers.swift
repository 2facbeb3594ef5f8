// Which handler executes an operation in the threaded loop: alone, or together with those that follow it.
//
// The pairs are those that followed each other most often in traces of CoreMark, of the kernels of the benchmark and of the
// arithmetic tests of pulp-platform's regression suite; together three quarters of what runs there is executed in pairs.

/// Handlers by operation.
enum ThreadedHandlers {
  static let unassigned: ThreadedHandler = { ThreadedLoop.single(.leave, $0, $1, $2, $3, $4, $5) }

  /// Of a block that may not end in time (`ThreadedState.missed`).
  static let missed: ThreadedHandler = { ThreadedLoop.missed($0, $1, $2, $3, $4, $5) }
  static let counted: ThreadedHandler = { ThreadedLoop.counted($0, $1, $2, $3, $4, $5) }

  /// Gives the operations of a block their handlers.
  static func assign(_ ops: UnsafeMutablePointer<MicroOp>, count: Int) {
    for index in 0..<count {
      let pair = index + 1 < count ? handler(ops[index].code, ops[index + 1].code) : nil
      ops[index].handler = pair ?? handler(ops[index].code)
    }
  }

  private static func handler(_ code: MicroCode) -> ThreadedHandler {
    switch code {
    case .enter: { ThreadedLoop.single(.enter, $0, $1, $2, $3, $4, $5) }
    case .leave: { ThreadedLoop.single(.leave, $0, $1, $2, $3, $4, $5) }
    case .fallThrough: { ThreadedLoop.single(.fallThrough, $0, $1, $2, $3, $4, $5) }
    case .constant: { ThreadedLoop.single(.constant, $0, $1, $2, $3, $4, $5) }
    case .move: { ThreadedLoop.single(.move, $0, $1, $2, $3, $4, $5) }
    case .addi: { ThreadedLoop.single(.addi, $0, $1, $2, $3, $4, $5) }
    case .slti: { ThreadedLoop.single(.slti, $0, $1, $2, $3, $4, $5) }
    case .sltiu: { ThreadedLoop.single(.sltiu, $0, $1, $2, $3, $4, $5) }
    case .xori: { ThreadedLoop.single(.xori, $0, $1, $2, $3, $4, $5) }
    case .ori: { ThreadedLoop.single(.ori, $0, $1, $2, $3, $4, $5) }
    case .andi: { ThreadedLoop.single(.andi, $0, $1, $2, $3, $4, $5) }
    case .slli: { ThreadedLoop.single(.slli, $0, $1, $2, $3, $4, $5) }
    case .srli: { ThreadedLoop.single(.srli, $0, $1, $2, $3, $4, $5) }
    case .srai: { ThreadedLoop.single(.srai, $0, $1, $2, $3, $4, $5) }
    case .add: { ThreadedLoop.single(.add, $0, $1, $2, $3, $4, $5) }
    case .sub: { ThreadedLoop.single(.sub, $0, $1, $2, $3, $4, $5) }
    case .sll: { ThreadedLoop.single(.sll, $0, $1, $2, $3, $4, $5) }
    case .slt: { ThreadedLoop.single(.slt, $0, $1, $2, $3, $4, $5) }
    case .sltu: { ThreadedLoop.single(.sltu, $0, $1, $2, $3, $4, $5) }
    case .xor: { ThreadedLoop.single(.xor, $0, $1, $2, $3, $4, $5) }
    case .srl: { ThreadedLoop.single(.srl, $0, $1, $2, $3, $4, $5) }
    case .sra: { ThreadedLoop.single(.sra, $0, $1, $2, $3, $4, $5) }
    case .or: { ThreadedLoop.single(.or, $0, $1, $2, $3, $4, $5) }
    case .and: { ThreadedLoop.single(.and, $0, $1, $2, $3, $4, $5) }
    case .mul: { ThreadedLoop.single(.mul, $0, $1, $2, $3, $4, $5) }
    case .mulh: { ThreadedLoop.single(.mulh, $0, $1, $2, $3, $4, $5) }
    case .mulhsu: { ThreadedLoop.single(.mulhsu, $0, $1, $2, $3, $4, $5) }
    case .mulhu: { ThreadedLoop.single(.mulhu, $0, $1, $2, $3, $4, $5) }
    case .div: { ThreadedLoop.single(.div, $0, $1, $2, $3, $4, $5) }
    case .divu: { ThreadedLoop.single(.divu, $0, $1, $2, $3, $4, $5) }
    case .rem: { ThreadedLoop.single(.rem, $0, $1, $2, $3, $4, $5) }
    case .remu: { ThreadedLoop.single(.remu, $0, $1, $2, $3, $4, $5) }
    case .lb: { ThreadedLoop.single(.lb, $0, $1, $2, $3, $4, $5) }
    case .lh: { ThreadedLoop.single(.lh, $0, $1, $2, $3, $4, $5) }
    case .lw: { ThreadedLoop.single(.lw, $0, $1, $2, $3, $4, $5) }
    case .lbu: { ThreadedLoop.single(.lbu, $0, $1, $2, $3, $4, $5) }
    case .lhu: { ThreadedLoop.single(.lhu, $0, $1, $2, $3, $4, $5) }
    case .sb: { ThreadedLoop.single(.sb, $0, $1, $2, $3, $4, $5) }
    case .sh: { ThreadedLoop.single(.sh, $0, $1, $2, $3, $4, $5) }
    case .sw: { ThreadedLoop.single(.sw, $0, $1, $2, $3, $4, $5) }
    case .beq: { ThreadedLoop.single(.beq, $0, $1, $2, $3, $4, $5) }
    case .bne: { ThreadedLoop.single(.bne, $0, $1, $2, $3, $4, $5) }
    case .blt: { ThreadedLoop.single(.blt, $0, $1, $2, $3, $4, $5) }
    case .bge: { ThreadedLoop.single(.bge, $0, $1, $2, $3, $4, $5) }
    case .bltu: { ThreadedLoop.single(.bltu, $0, $1, $2, $3, $4, $5) }
    case .bgeu: { ThreadedLoop.single(.bgeu, $0, $1, $2, $3, $4, $5) }
    case .jump: { ThreadedLoop.single(.jump, $0, $1, $2, $3, $4, $5) }
    case .jumpRegister: { ThreadedLoop.single(.jumpRegister, $0, $1, $2, $3, $4, $5) }
    case .csr: { ThreadedLoop.single(.csr, $0, $1, $2, $3, $4, $5) }
    }
  }

  /// For two operations; nil: each is executed alone.
  private static func handler(_ first: MicroCode, _ second: MicroCode) -> ThreadedHandler? {
    switch (first, second) {
    case (.constant, .constant): { ThreadedLoop.pair(.constant, .constant, $0, $1, $2, $3, $4, $5) }
    case (.constant, .addi): { ThreadedLoop.pair(.constant, .addi, $0, $1, $2, $3, $4, $5) }
    case (.constant, .add): { ThreadedLoop.pair(.constant, .add, $0, $1, $2, $3, $4, $5) }
    case (.constant, .or): { ThreadedLoop.pair(.constant, .or, $0, $1, $2, $3, $4, $5) }
    case (.constant, .and): { ThreadedLoop.pair(.constant, .and, $0, $1, $2, $3, $4, $5) }
    case (.constant, .sw): { ThreadedLoop.pair(.constant, .sw, $0, $1, $2, $3, $4, $5) }
    case (.constant, .beq): { ThreadedLoop.pair(.constant, .beq, $0, $1, $2, $3, $4, $5) }
    case (.constant, .blt): { ThreadedLoop.pair(.constant, .blt, $0, $1, $2, $3, $4, $5) }
    case (.constant, .jumpRegister): { ThreadedLoop.pair(.constant, .jumpRegister, $0, $1, $2, $3, $4, $5) }
    case (.move, .constant): { ThreadedLoop.pair(.move, .constant, $0, $1, $2, $3, $4, $5) }
    case (.move, .move): { ThreadedLoop.pair(.move, .move, $0, $1, $2, $3, $4, $5) }
    case (.move, .addi): { ThreadedLoop.pair(.move, .addi, $0, $1, $2, $3, $4, $5) }
    case (.move, .xor): { ThreadedLoop.pair(.move, .xor, $0, $1, $2, $3, $4, $5) }
    case (.move, .lw): { ThreadedLoop.pair(.move, .lw, $0, $1, $2, $3, $4, $5) }
    case (.move, .jump): { ThreadedLoop.pair(.move, .jump, $0, $1, $2, $3, $4, $5) }
    case (.addi, .constant): { ThreadedLoop.pair(.addi, .constant, $0, $1, $2, $3, $4, $5) }
    case (.addi, .addi): { ThreadedLoop.pair(.addi, .addi, $0, $1, $2, $3, $4, $5) }
    case (.addi, .andi): { ThreadedLoop.pair(.addi, .andi, $0, $1, $2, $3, $4, $5) }
    case (.addi, .slli): { ThreadedLoop.pair(.addi, .slli, $0, $1, $2, $3, $4, $5) }
    case (.addi, .srli): { ThreadedLoop.pair(.addi, .srli, $0, $1, $2, $3, $4, $5) }
    case (.addi, .add): { ThreadedLoop.pair(.addi, .add, $0, $1, $2, $3, $4, $5) }
    case (.addi, .xor): { ThreadedLoop.pair(.addi, .xor, $0, $1, $2, $3, $4, $5) }
    case (.addi, .mul): { ThreadedLoop.pair(.addi, .mul, $0, $1, $2, $3, $4, $5) }
    case (.addi, .lw): { ThreadedLoop.pair(.addi, .lw, $0, $1, $2, $3, $4, $5) }
    case (.addi, .lbu): { ThreadedLoop.pair(.addi, .lbu, $0, $1, $2, $3, $4, $5) }
    case (.addi, .sw): { ThreadedLoop.pair(.addi, .sw, $0, $1, $2, $3, $4, $5) }
    case (.addi, .beq): { ThreadedLoop.pair(.addi, .beq, $0, $1, $2, $3, $4, $5) }
    case (.addi, .bne): { ThreadedLoop.pair(.addi, .bne, $0, $1, $2, $3, $4, $5) }
    case (.addi, .blt): { ThreadedLoop.pair(.addi, .blt, $0, $1, $2, $3, $4, $5) }
    case (.addi, .bge): { ThreadedLoop.pair(.addi, .bge, $0, $1, $2, $3, $4, $5) }
    case (.addi, .bltu): { ThreadedLoop.pair(.addi, .bltu, $0, $1, $2, $3, $4, $5) }
    case (.addi, .bgeu): { ThreadedLoop.pair(.addi, .bgeu, $0, $1, $2, $3, $4, $5) }
    case (.addi, .jump): { ThreadedLoop.pair(.addi, .jump, $0, $1, $2, $3, $4, $5) }
    case (.addi, .jumpRegister): { ThreadedLoop.pair(.addi, .jumpRegister, $0, $1, $2, $3, $4, $5) }
    case (.andi, .constant): { ThreadedLoop.pair(.andi, .constant, $0, $1, $2, $3, $4, $5) }
    case (.andi, .andi): { ThreadedLoop.pair(.andi, .andi, $0, $1, $2, $3, $4, $5) }
    case (.andi, .slli): { ThreadedLoop.pair(.andi, .slli, $0, $1, $2, $3, $4, $5) }
    case (.andi, .srli): { ThreadedLoop.pair(.andi, .srli, $0, $1, $2, $3, $4, $5) }
    case (.andi, .sw): { ThreadedLoop.pair(.andi, .sw, $0, $1, $2, $3, $4, $5) }
    case (.andi, .beq): { ThreadedLoop.pair(.andi, .beq, $0, $1, $2, $3, $4, $5) }
    case (.andi, .bne): { ThreadedLoop.pair(.andi, .bne, $0, $1, $2, $3, $4, $5) }
    case (.slli, .constant): { ThreadedLoop.pair(.slli, .constant, $0, $1, $2, $3, $4, $5) }
    case (.slli, .slli): { ThreadedLoop.pair(.slli, .slli, $0, $1, $2, $3, $4, $5) }
    case (.slli, .srli): { ThreadedLoop.pair(.slli, .srli, $0, $1, $2, $3, $4, $5) }
    case (.slli, .add): { ThreadedLoop.pair(.slli, .add, $0, $1, $2, $3, $4, $5) }
    case (.slli, .or): { ThreadedLoop.pair(.slli, .or, $0, $1, $2, $3, $4, $5) }
    case (.slli, .and): { ThreadedLoop.pair(.slli, .and, $0, $1, $2, $3, $4, $5) }
    case (.slli, .lw): { ThreadedLoop.pair(.slli, .lw, $0, $1, $2, $3, $4, $5) }
    case (.srli, .addi): { ThreadedLoop.pair(.srli, .addi, $0, $1, $2, $3, $4, $5) }
    case (.srli, .andi): { ThreadedLoop.pair(.srli, .andi, $0, $1, $2, $3, $4, $5) }
    case (.srli, .slli): { ThreadedLoop.pair(.srli, .slli, $0, $1, $2, $3, $4, $5) }
    case (.srli, .srli): { ThreadedLoop.pair(.srli, .srli, $0, $1, $2, $3, $4, $5) }
    case (.srli, .xor): { ThreadedLoop.pair(.srli, .xor, $0, $1, $2, $3, $4, $5) }
    case (.srli, .and): { ThreadedLoop.pair(.srli, .and, $0, $1, $2, $3, $4, $5) }
    case (.srli, .beq): { ThreadedLoop.pair(.srli, .beq, $0, $1, $2, $3, $4, $5) }
    case (.srai, .add): { ThreadedLoop.pair(.srai, .add, $0, $1, $2, $3, $4, $5) }
    case (.add, .addi): { ThreadedLoop.pair(.add, .addi, $0, $1, $2, $3, $4, $5) }
    case (.add, .andi): { ThreadedLoop.pair(.add, .andi, $0, $1, $2, $3, $4, $5) }
    case (.add, .slli): { ThreadedLoop.pair(.add, .slli, $0, $1, $2, $3, $4, $5) }
    case (.add, .add): { ThreadedLoop.pair(.add, .add, $0, $1, $2, $3, $4, $5) }
    case (.add, .xor): { ThreadedLoop.pair(.add, .xor, $0, $1, $2, $3, $4, $5) }
    case (.add, .lw): { ThreadedLoop.pair(.add, .lw, $0, $1, $2, $3, $4, $5) }
    case (.add, .lbu): { ThreadedLoop.pair(.add, .lbu, $0, $1, $2, $3, $4, $5) }
    case (.add, .sw): { ThreadedLoop.pair(.add, .sw, $0, $1, $2, $3, $4, $5) }
    case (.add, .bne): { ThreadedLoop.pair(.add, .bne, $0, $1, $2, $3, $4, $5) }
    case (.sub, .addi): { ThreadedLoop.pair(.sub, .addi, $0, $1, $2, $3, $4, $5) }
    case (.sub, .add): { ThreadedLoop.pair(.sub, .add, $0, $1, $2, $3, $4, $5) }
    case (.xor, .addi): { ThreadedLoop.pair(.xor, .addi, $0, $1, $2, $3, $4, $5) }
    case (.xor, .andi): { ThreadedLoop.pair(.xor, .andi, $0, $1, $2, $3, $4, $5) }
    case (.xor, .slli): { ThreadedLoop.pair(.xor, .slli, $0, $1, $2, $3, $4, $5) }
    case (.xor, .xor): { ThreadedLoop.pair(.xor, .xor, $0, $1, $2, $3, $4, $5) }
    case (.xor, .and): { ThreadedLoop.pair(.xor, .and, $0, $1, $2, $3, $4, $5) }
    case (.xor, .bne): { ThreadedLoop.pair(.xor, .bne, $0, $1, $2, $3, $4, $5) }
    case (.or, .addi): { ThreadedLoop.pair(.or, .addi, $0, $1, $2, $3, $4, $5) }
    case (.or, .slli): { ThreadedLoop.pair(.or, .slli, $0, $1, $2, $3, $4, $5) }
    case (.or, .or): { ThreadedLoop.pair(.or, .or, $0, $1, $2, $3, $4, $5) }
    case (.and, .andi): { ThreadedLoop.pair(.and, .andi, $0, $1, $2, $3, $4, $5) }
    case (.and, .or): { ThreadedLoop.pair(.and, .or, $0, $1, $2, $3, $4, $5) }
    case (.and, .beq): { ThreadedLoop.pair(.and, .beq, $0, $1, $2, $3, $4, $5) }
    case (.mul, .srli): { ThreadedLoop.pair(.mul, .srli, $0, $1, $2, $3, $4, $5) }
    case (.mul, .add): { ThreadedLoop.pair(.mul, .add, $0, $1, $2, $3, $4, $5) }
    case (.mul, .mul): { ThreadedLoop.pair(.mul, .mul, $0, $1, $2, $3, $4, $5) }
    case (.mul, .bgeu): { ThreadedLoop.pair(.mul, .bgeu, $0, $1, $2, $3, $4, $5) }
    case (.lb, .addi): { ThreadedLoop.pair(.lb, .addi, $0, $1, $2, $3, $4, $5) }
    case (.lb, .lb): { ThreadedLoop.pair(.lb, .lb, $0, $1, $2, $3, $4, $5) }
    case (.lh, .mul): { ThreadedLoop.pair(.lh, .mul, $0, $1, $2, $3, $4, $5) }
    case (.lh, .lh): { ThreadedLoop.pair(.lh, .lh, $0, $1, $2, $3, $4, $5) }
    case (.lw, .move): { ThreadedLoop.pair(.lw, .move, $0, $1, $2, $3, $4, $5) }
    case (.lw, .addi): { ThreadedLoop.pair(.lw, .addi, $0, $1, $2, $3, $4, $5) }
    case (.lw, .slli): { ThreadedLoop.pair(.lw, .slli, $0, $1, $2, $3, $4, $5) }
    case (.lw, .add): { ThreadedLoop.pair(.lw, .add, $0, $1, $2, $3, $4, $5) }
    case (.lw, .xor): { ThreadedLoop.pair(.lw, .xor, $0, $1, $2, $3, $4, $5) }
    case (.lw, .mul): { ThreadedLoop.pair(.lw, .mul, $0, $1, $2, $3, $4, $5) }
    case (.lw, .lw): { ThreadedLoop.pair(.lw, .lw, $0, $1, $2, $3, $4, $5) }
    case (.lw, .sw): { ThreadedLoop.pair(.lw, .sw, $0, $1, $2, $3, $4, $5) }
    case (.lw, .beq): { ThreadedLoop.pair(.lw, .beq, $0, $1, $2, $3, $4, $5) }
    case (.lw, .bne): { ThreadedLoop.pair(.lw, .bne, $0, $1, $2, $3, $4, $5) }
    case (.lw, .bge): { ThreadedLoop.pair(.lw, .bge, $0, $1, $2, $3, $4, $5) }
    case (.lw, .bgeu): { ThreadedLoop.pair(.lw, .bgeu, $0, $1, $2, $3, $4, $5) }
    case (.lw, .jump): { ThreadedLoop.pair(.lw, .jump, $0, $1, $2, $3, $4, $5) }
    case (.lw, .jumpRegister): { ThreadedLoop.pair(.lw, .jumpRegister, $0, $1, $2, $3, $4, $5) }
    case (.lbu, .addi): { ThreadedLoop.pair(.lbu, .addi, $0, $1, $2, $3, $4, $5) }
    case (.lbu, .srli): { ThreadedLoop.pair(.lbu, .srli, $0, $1, $2, $3, $4, $5) }
    case (.lbu, .sw): { ThreadedLoop.pair(.lbu, .sw, $0, $1, $2, $3, $4, $5) }
    case (.lbu, .beq): { ThreadedLoop.pair(.lbu, .beq, $0, $1, $2, $3, $4, $5) }
    case (.lbu, .bne): { ThreadedLoop.pair(.lbu, .bne, $0, $1, $2, $3, $4, $5) }
    case (.sb, .lbu): { ThreadedLoop.pair(.sb, .lbu, $0, $1, $2, $3, $4, $5) }
    case (.sb, .sb): { ThreadedLoop.pair(.sb, .sb, $0, $1, $2, $3, $4, $5) }
    case (.sw, .constant): { ThreadedLoop.pair(.sw, .constant, $0, $1, $2, $3, $4, $5) }
    case (.sw, .move): { ThreadedLoop.pair(.sw, .move, $0, $1, $2, $3, $4, $5) }
    case (.sw, .addi): { ThreadedLoop.pair(.sw, .addi, $0, $1, $2, $3, $4, $5) }
    case (.sw, .lw): { ThreadedLoop.pair(.sw, .lw, $0, $1, $2, $3, $4, $5) }
    case (.sw, .sw): { ThreadedLoop.pair(.sw, .sw, $0, $1, $2, $3, $4, $5) }
    case (.sw, .beq): { ThreadedLoop.pair(.sw, .beq, $0, $1, $2, $3, $4, $5) }
    case (.sw, .bne): { ThreadedLoop.pair(.sw, .bne, $0, $1, $2, $3, $4, $5) }
    default: nil
    }
  }
}
