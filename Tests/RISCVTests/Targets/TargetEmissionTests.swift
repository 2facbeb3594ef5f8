// Every function of both translation targets, with each kind of operand (in a host register, in the frame, constant, the
// same one twice) and values at the edges. What must come out is written down here once more, from the RISC-V
// unprivileged ISA (2.4, 13.1 and 13.2).

import HardwareModel
import Testing

@testable import RISCV

@Suite struct TargetEmissionTests {
  static let hosts = [TranslationHost.x86, .aarch64]

  private static let edges: [UInt32] = [
    0, 1, 2, 31, 32, 0x7FF, 0x800, 0xFFF, 0x1000, 0xFFFF, 0x1_0000, 0x7F_F000, 0x100_0000, 0x5555_5555, 0xFF00_FF00,
    0x7FFF_FFFF, 0x8000_0000, 0x8000_0001, 0xFFFF_0000, 0xFFFF_F000, 0xFFFF_F800, 0xFFFF_FFE0, 0xFFFF_FFFE, .max,
  ]

  /// What the ISA says that `operation` computes.
  private static func result(_ operation: MicroCode, _ a: UInt32, _ b: UInt32) -> UInt32 {
    let (signedA, signedB) = (Int64(Int32(bitPattern: a)), Int64(Int32(bitPattern: b)))
    func low(_ value: Int64) -> UInt32 { UInt32(truncatingIfNeeded: value) }
    switch operation {
    case .add, .addi: return low(signedA + signedB)
    case .sub: return low(signedA - signedB)
    case .and, .andi: return a & b
    case .or, .ori: return a | b
    case .xor, .xori: return a ^ b
    case .sll, .slli: return low(Int64(a) << Int64(b % 32))
    case .srl, .srli: return low(Int64(a) >> Int64(b % 32))
    case .sra, .srai: return low(signedA >> Int64(b % 32))
    case .slt, .slti: return signedA < signedB ? 1 : 0
    case .sltu, .sltiu: return a < b ? 1 : 0
    case .mul: return low(signedA &* signedB)
    case .mulh: return low((signedA * signedB) >> 32)
    case .mulhsu: return low((signedA * Int64(b)) >> 32)
    case .mulhu: return UInt32(truncatingIfNeeded: (UInt64(a) * UInt64(b)) >> 32)
    case .div: return b == 0 ? .max : low(signedA / signedB)
    case .divu: return b == 0 ? .max : a / b
    case .rem: return b == 0 ? a : low(signedA % signedB)
    case .remu: return b == 0 ? a : a % b
    default: return 0
    }
  }

  private static func holds(_ condition: MicroCode, _ a: UInt32, _ b: UInt32) -> Bool {
    switch condition {
    case .beq: a == b
    case .bne: a != b
    case .blt: Int32(bitPattern: a) < Int32(bitPattern: b)
    case .bge: Int32(bitPattern: a) >= Int32(bitPattern: b)
    case .bltu: a < b
    default: a >= b
    }
  }

  /// Runs generic code for a host; nothing where the host has nothing to run its code with.
  private static func on(_ host: TranslationHost, _ work: some EmissionWork) throws {
    switch host {
    case .x86: if let bench = EmissionBench<X86Target>() { try work.run(bench) }
    case .aarch64: if let bench = EmissionBench<AArch64Target>() { try work.run(bench) }
    }
  }

  private static let immediates: [MicroCode] = [.addi, .slti, .sltiu, .xori, .ori, .andi, .slli, .srli, .srai]
  private static let operations: [MicroCode] = [
    .add, .sub, .sll, .slt, .sltu, .xor, .srl, .sra, .or, .and, .mul, .mulh, .mulhsu, .mulhu,
  ]
  private static let divisions: [MicroCode] = [.div, .divu, .rem, .remu]
  private static let conditions: [MicroCode] = [.beq, .bne, .blt, .bge, .bltu, .bgeu]

  /// Pairs of edges, and equal ones, another choice at each call.
  private struct Values {
    var next = 0

    mutating func pairs(_ count: Int) -> [(UInt32, UInt32)] {
      (0..<count).map { _ in
        next += 1
        let a = edges[next % edges.count]
        return (a, next % 5 == 0 ? a : edges[(next / edges.count + next * 7) % edges.count])
      }
    }
  }

  /// Operands of registers a and b or constants of `values`: every mixture but two constants.
  private static func operands(_ values: inout Values) -> [(GuestOperand, GuestOperand)] {
    var all: [(GuestOperand, GuestOperand)] = []
    for a in emissionRegisters {
      for b in emissionRegisters { all.append((.register(a), .register(b))) }
      for constant in edges {
        all.append((.register(a), .constant(constant)))
        if constant % 3 == 0 { all.append((.constant(constant), .register(a))) }
      }
    }
    return all
  }

  private static func registers(_ a: GuestOperand, _ b: GuestOperand, _ values: (UInt32, UInt32)) -> [UInt8: UInt32] {
    var registers: [UInt8: UInt32] = [:]
    if case .register(let number) = a { registers[number] = values.0 }
    if case .register(let number) = b { registers[number] = values.1 }
    return registers
  }

  private static func value(_ operand: GuestOperand, _ registers: [UInt32]) -> UInt32 {
    switch operand {
    case .register(let number): registers[Int(number)]
    case .constant(let value): value
    }
  }

  // MARK: Arithmetic

  private struct Arithmetic: EmissionWork {
    func run<Target>(_ bench: EmissionBench<Target>) throws {
      var values = Values()
      for operation in immediates + operations {
        let isImmediate = immediates.contains(operation)
        for (a, b) in operands(&values) {
          if isImmediate, case .register = b { continue }
          // The constant comes second where order does not matter.
          if isImmediate || [.add, .and, .or, .xor, .mul].contains(operation), case .constant = a { continue }
          for rd in emissionRegisters {
            let code = try #require(bench.make { $0.binary(operation, rd, a, b) })
            for pair in values.pairs(6) {
              let run = bench.run(code.body, registers(a, b, pair))
              var expected = run.before
              expected[Int(rd)] = result(operation, value(a, run.before), value(b, run.before))
              guard run.after == expected, run.outcome == .left(99), bench[TranslatedState.budgetOffset] == 5000 else {
                Issue.record("\(operation) x\(rd), \(a), \(b) of \(pair): \(run.after[Int(rd)])")
                return
              }
            }
          }
        }
      }
      #expect(bench.calls > 30_000)
    }
  }

  @Test(arguments: hosts) func arithmeticIsThatOfTheISA(_ host: TranslationHost) throws {
    try Self.on(host, Arithmetic())
  }

  private struct Moves: EmissionWork {
    func run<Target>(_ bench: EmissionBench<Target>) throws {
      for rd in emissionRegisters {
        for value in edges {
          let code = try #require(bench.make { $0.constant(rd, value) })
          let run = bench.run(code.body)
          var expected = run.before
          expected[Int(rd)] = value
          #expect(run.after == expected)
        }
        for rs in emissionRegisters {
          let code = try #require(bench.make { $0.move(rd, rs) })
          let run = bench.run(code.body)
          var expected = run.before
          expected[Int(rd)] = run.before[Int(rs)]
          #expect(run.after == expected)
        }
      }
    }
  }

  @Test(arguments: hosts) func constantsAndCopiesArrive(_ host: TranslationHost) throws {
    try Self.on(host, Moves())
  }

  private struct Divisions: EmissionWork {
    func run<Target>(_ bench: EmissionBench<Target>) throws {
      var values = Values()
      for operation in divisions {
        for (index, (a, b)) in operands(&values).enumerated() {
          for rd in emissionRegisters + [32] {
            let isTimed = index % 8 != 0
            let code = try #require(bench.make { $0.divide(operation, rd, a, b, isTimed: isTimed) })
            for pair in values.pairs(6) {
              let run = bench.run(code.body, registers(a, b, pair))
              var expected = run.before
              let divisor = value(b, run.before)
              if rd < 32 { expected[Int(rd)] = result(operation, value(a, run.before), divisor) }
              let isSigned = operation == .div || operation == .rem
              let extra =
                PipelineTiming.divideOccupancy(divisor: divisor, signed: isSigned) - PipelineTiming.shortestDivision
              let budget = bench[TranslatedState.budgetOffset]
              guard run.after == expected, run.outcome == .left(99),
                budget == 5000 - (isTimed ? UInt32(extra) : 0),
                !isTimed || bench[TranslatedState.beforeDivisionOffset] == 5000
              else {
                Issue.record("\(operation) x\(rd), \(a), \(b) of \(pair): \(run.after), \(budget)")
                return
              }
            }
          }
        }
      }
    }
  }

  @Test(arguments: hosts) func divisionsAndTheirTimeAreThoseOfTheCore(_ host: TranslationHost) throws {
    try Self.on(host, Divisions())
  }

  // MARK: Control

  private struct Branches: EmissionWork {
    func run<Target>(_ bench: EmissionBench<Target>) throws {
      var values = Values()
      for condition in conditions {
        for (index, (a, b)) in operands(&values).enumerated() {
          let code = try #require(
            bench.make(counts: [3, 5, 0xFFFF_FFFF, 7]) {
              let exit = ExitPlan(number: 1234, cycles: 30, counts: $1, loop: nil)
              $0.branch(condition, a, b, exit, isLikely: index % 2 == 0)
            })
          for (turn, pair) in values.pairs(6).enumerated() {
            let budget: UInt32 = turn == 3 ? 0 : 5000
            let run = bench.run(code.body, registers(a, b, pair), budget: budget)
            let isTaken = holds(condition, value(a, run.before), value(b, run.before))
            let counts = (0..<4 as Range<Int32>).map { bench[TranslatedState.countsOffset + 4 * $0] }
            guard run.after == run.before, run.outcome == (isTaken ? .exit(1234) : .left(99)),
              counts == (isTaken ? [3, 5, 0xFFFF_FFFF, 7] : [0, 0, 0, 0]),
              bench[TranslatedState.budgetOffset] == (isTaken ? budget &+ 10 : budget),
              bench[TranslatedState.lastExitOffset] == (isTaken ? 1234 : TranslatedState.noExit)
            else {
              Issue.record("\(condition) \(a), \(b) of \(pair): \(run.outcome)")
              return
            }
          }
        }
      }
    }
  }

  @Test(arguments: hosts) func branchesLeaveWhereTheirConditionHolds(_ host: TranslationHost) throws {
    try Self.on(host, Branches())
  }

  private struct Loops: EmissionWork {
    func run<Target>(_ bench: EmissionBench<Target>) throws {
      let code = try #require(
        bench.make(counts: [2, 0, 0, 1]) {
          $0.binary(.addi, 8, .register(8), .constant(3))
          $0.exit(ExitPlan(number: 5, cycles: 7, counts: $1, loop: 2))
        })
      // Goes round while less than 0 cycles are left, 9 each time.
      for (budget, turns) in [(0, 1), (8, 1), (9, 2), (90, 11), (5000, 556)] as [(UInt32, UInt32)] {
        let run = bench.run(code.body, [8: 100], budget: budget)
        #expect(run.after[8] == 100 + 3 * turns)
        #expect(run.outcome == .exit(5))
        #expect(bench[TranslatedState.budgetOffset] == budget &- 9 &* turns)
        #expect(bench[TranslatedState.countsOffset] == 2 * turns)
        #expect(bench[TranslatedState.countsOffset + 12] == turns)
      }
      // Entered from an indirect jump that leaves too little for the longest way.
      let needed = EmissionBench<Target>.longest + EmissionBench<Target>.straddle
      for budget in [0, needed - 1, needed] {
        let run = bench.run(code.indirect, [8: 100], budget: budget)
        #expect(run.after[8] == (budget < needed ? 100 : 103))
        // Left as if no code were known behind the exit that led here; there was none.
        #expect(bench[TranslatedState.recordOffset] == (budget < needed ? TranslatedState.noExit : 5))
        #expect(bench[TranslatedState.budgetOffset] == (budget < needed ? budget : UInt32(bitPattern: -9)))
      }
    }
  }

  @Test(arguments: hosts) func loopsEndWithTheirBudget(_ host: TranslationHost) throws {
    try Self.on(host, Loops())
  }

  private struct Links: EmissionWork {
    func run<Target>(_ bench: EmissionBench<Target>) throws {
      let target = try #require(bench.make { $0.binary(.addi, 9, .register(9), .constant(1)) })
      var links: [(number: UInt32, link: ExitLink)] = []
      let code = try #require(
        bench.make(counts: [1, 0, 0, 0]) {
          $0.exit(ExitPlan(number: 9, cycles: 12, counts: $1, loop: nil))
          links = $0.block.links
        })
      let link = try #require(links.first?.link)
      #expect(links.count == 1)
      #expect(link.unlinked == 12 &- EmissionBench<Target>.longest)
      for added in [40, 41, 52] as [UInt32] {
        bench.write(link, budget: link.unlinked &+ added, to: target.body)
        for budget in [0, 11 + added - 40, 12 + added - 40, 5000] as [UInt32] {
          let run = bench.run(code.body, [9: 1], budget: budget)
          let goesOn = budget >= 12 + added - 40
          #expect(run.outcome == (goesOn ? .left(99) : .exit(9)))
          #expect(run.after[9] == (goesOn ? 2 : 1))
          #expect(bench[TranslatedState.budgetOffset] == budget &- (12 + added - 40))
          #expect(bench[TranslatedState.lastExitOffset] == 9)
        }
        bench.write(link, budget: link.unlinked, to: nil)
        let run = bench.run(code.body, [9: 1])
        #expect(run.outcome == .exit(9))
        #expect(run.after[9] == 1)
        #expect(bench[TranslatedState.budgetOffset] == 5000 + 28)
      }
    }
  }

  @Test(arguments: hosts) func exitsAreLedToBlocksAndOutAgain(_ host: TranslationHost) throws {
    try Self.on(host, Links())
  }

  private struct IndirectJumps: EmissionWork {
    func run<Target>(_ bench: EmissionBench<Target>) throws {
      let base = bench.reach.base
      let goal = try #require(bench.make { $0.constant(9, 4711) })
      bench.region.entries[bench.region.index(base + 0x80)] = goal.indirect
      for rs in emissionRegisters {
        for rd in emissionRegisters + [32] {
          for immediate in [0, 4, 1, 0x7FF, 0xFFFF_F800] as [UInt32] {
            for isConstant in [false, true] {
              for target in [base + 0x80, base + 0x81, base + 0x84, base + 0x3FFE, base + 0x4000, base - 2, 0, .max] {
                let start = target &- immediate
                let code = try #require(
                  bench.make(counts: [1, 0, 0, 0]) {
                    $0.jumpRegister(
                      rd, isConstant ? .constant(start) : .register(rs), immediate, link: base + 2,
                      ExitPlan(number: 3, cycles: 20, counts: $1, loop: nil), index: 6, codeBase: base,
                      codeSize: 0x4000, table: UnsafeRawPointer(bench.region.entries))
                  })
                let run = bench.run(code.body, [rs: start])
                let isInside = target & ~1 &- base < 0x4000
                let isKnown = target & ~1 == base + 0x80
                #expect(run.outcome == (!isInside ? .left(6) : isKnown ? .left(99) : .exit(3)))
                var expected = run.before
                if isInside, rd < 32 { expected[Int(rd)] = base + 2 }
                if isKnown { expected[9] = 4711 }
                guard run.after == expected,
                  bench[TranslatedState.budgetOffset] == (!isInside ? 5000 : isKnown ? 5020 - 41 : 5020),
                  !isInside || isKnown || bench[TranslatedState.targetOffset] == target & ~1
                else {
                  Issue.record("jalr x\(rd), x\(rs) (constant: \(isConstant)) to \(target): \(run.outcome)")
                  return
                }
              }
            }
          }
        }
      }
    }
  }

  @Test(arguments: hosts) func indirectJumpsFindBlocks(_ host: TranslationHost) throws {
    try Self.on(host, IndirectJumps())
  }

  private struct CSRAccesses: EmissionWork {
    func run<Target>(_ bench: EmissionBench<Target>) throws {
      for csr in [BlockCSR.mstatus, .mscratch, .mepc, .mcause] {
        for kind in [BlockCSRAccess.Kind.read, .write, .set, .clear] {
          let packed = UInt32(csr.rawValue) | UInt32(kind.rawValue) << 8
          let access = BlockCSRAccess(packed: packed)
          for operand in emissionRegisters.map({ GuestOperand.register($0) }) + [0, 8, 31].map({ .constant($0) }) {
            for rd in emissionRegisters + [32] {
              let code = try #require(bench.make { $0.csr(access, rd, operand, index: 4) })
              for (index, value) in edges.enumerated() {
                let old = csr.stored(edges[(index + 5) % edges.count])
                let forbidden: UInt32 = index % 2 == 0 ? 8 : 0
                bench[Int32(csr.word) * 4] = old
                bench[TranslatedState.forbiddenOffset] = forbidden
                let run = bench.run(code.body, registers(operand, operand, (value, value)))
                let new = access.result(old, TargetEmissionTests.value(operand, run.before))
                let leaves = csr == .mstatus && kind != .read && new & forbidden != 0
                var expected = run.before
                if rd < 32, !leaves { expected[Int(rd)] = old }
                guard run.after == expected, run.outcome == .left(leaves ? 4 : 99),
                  bench[Int32(csr.word) * 4] == (leaves ? old : new)
                else {
                  Issue.record("\(csr) \(kind) x\(rd), \(operand), \(value) over \(old): \(run.outcome)")
                  return
                }
              }
            }
          }
        }
      }
    }
  }

  @Test(arguments: hosts) func csrAccessesKeepToTheirBits(_ host: TranslationHost) throws {
    try Self.on(host, CSRAccesses())
  }
}

/// Something to do with the emitted code of any target.
protocol EmissionWork {
  func run<Target: TranslationTarget>(_ bench: EmissionBench<Target>) throws
}
