// What the assembler writes is what clang's assembler makes of the same instruction written as text: every form, with
// random and boundary operands. And what has no encoding is refused.

import Foundation
import MachineCode
import TestSupport
import Testing

@Suite struct AArch64AssemblerTests {
  private typealias Register = AArch64Register

  /// Instructions as the assembler encodes them, and as text.
  private final class Listing {
    static let size = 1 << 22
    let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: size)
    var code: AArch64Assembler
    var texts: [String] = []
    var random = SplitMix64(seed: 0xA64)

    init() { code = AArch64Assembler(bytes, from: 0, to: Self.size) }
    deinit { bytes.deallocate() }

    func add(_ text: String, _ emit: (inout AArch64Assembler) -> Void) {
      let before = code.count
      emit(&code)
      if code.count != before + 4 { Issue.record("\(text) takes \(code.count - before) bytes") }
      texts.append(text)
    }

    func check() throws {
      #expect(!code.isFull)
      #expect(!code.isRefused)
      let words = try AArch64AssemblerTests.assemble(texts)
      #expect(words.count == texts.count)
      var wrong = 0
      for (index, text) in texts.enumerated() where index < words.count {
        let ours = (0..<4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32(bytes[4 * index + $1]) }
        guard ours != words[index] else { continue }
        wrong += 1
        if wrong < 10 {
          Issue.record("\(text): \(String(ours, radix: 16)) instead of \(String(words[index], radix: 16))")
        }
      }
      #expect(wrong == 0, "of \(texts.count)")
    }
  }

  /// What clang's assembler makes of these lines.
  private static func assemble(_ lines: [String]) throws -> [UInt32] {
    try Repository.withTemporaryDirectory { folder in
      let source = folder.appendingPathComponent("code.s").path
      let object = folder.appendingPathComponent("code.o").path
      let binary = folder.appendingPathComponent("code.bin").path
      try (".text\n" + lines.joined(separator: "\n") + "\n").write(toFile: source, atomically: true, encoding: .utf8)
      let outcome = try run("clang", ["--target=aarch64-linux-gnu", "-march=armv8-a", "-c", source, "-o", object])
      try #require(outcome.status == 0, "\(outcome.errors.prefix(2000))")
      let copied = try run("llvm-objcopy", ["-O", "binary", "--only-section=.text", object, binary])
      try #require(copied.status == 0, "\(copied.errors)")
      let data = [UInt8](try Data(contentsOf: URL(fileURLWithPath: binary)))
      return stride(from: 0, to: data.count - 3, by: 4).map { place in
        (0..<4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32(data[place + $1]) }
      }
    }
  }

  // MARK: Names, written down apart from the assembler

  private static func name(_ r: Register, _ wide: Bool) -> String {
    switch r {
    case .zero: wide ? "xzr" : "wzr"
    case .sp: wide ? "sp" : "wsp"
    default: (wide ? "x" : "w") + String(r.rawValue)
    }
  }

  private static let general = Register.allCases.filter { $0 != .sp }
  private static let addressing = Register.allCases.filter { $0 != .zero }
  private static let edges: [Register] = [.x0, .x15, .x16, .x30, .zero]
  private static let conditions = ["eq", "ne", "hs", "lo", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le"]

  /// All pairs of edge cases and some random registers.
  private static func triples(_ random: inout SplitMix64) -> [(Register, Register, Register)] {
    var triples = edges.flatMap { a in edges.map { b in (a, b, general.randomElement(using: &random) ?? .x1) } }
    for _ in 0..<40 {
      triples.append(
        (
          general.randomElement(using: &random) ?? .x1, general.randomElement(using: &random) ?? .x2,
          general.randomElement(using: &random) ?? .x3
        ))
    }
    return triples
  }

  // MARK: Tests

  @Test func sumsAreEncodedAsClangDoes() throws {
    let list = Listing()
    let immediates: [UInt32] = [0, 1, 4095, 4096, 0xFFF000, 0x800, 0x7FF000]
    for operation in AArch64Sum.allCases {
      let setsFlags = operation == .adds || operation == .subs
      for wide in [false, true] {
        for _ in 0..<60 {
          let to = (setsFlags ? Self.general : Self.addressing).randomElement(using: &list.random) ?? .x0
          let from = Self.addressing.randomElement(using: &list.random) ?? .x0
          let random = UInt32.random(in: 0..<4096, using: &list.random) << (Bool.random(using: &list.random) ? 12 : 0)
          for value in immediates + [random] {
            let operand = value < 4096 ? "#\(value)" : "#\(value >> 12), lsl #12"
            list.add("\(operation) \(Self.name(to, wide)), \(Self.name(from, wide)), \(operand)") {
              $0.sum(operation, to, from, immediate: value, wide: wide)
            }
          }
        }
        for (a, b, c) in Self.triples(&list.random) {
          for shift in [AArch64Shift.lsl, .lsr, .asr] {
            for amount in [0, 1, 31] + (wide ? [32, 63] : []) as [UInt32] {
              list.add(
                "\(operation) \(Self.name(a, wide)), \(Self.name(b, wide)), \(Self.name(c, wide)), \(shift) #\(amount)"
              ) { $0.sum(operation, a, b, c, shift, by: amount, wide: wide) }
            }
          }
        }
      }
    }
    try list.check()
  }

  /// Every 64-bit pattern that clang takes, from the definition: elements of each size with each run of ones, rotated.
  private static let patterns: [UInt64] = {
    var all: Set<UInt64> = []
    for size in [2, 4, 8, 16, 32, 64] as [UInt64] {
      for ones in 1..<size {
        for rotation in 0..<size {
          var value: UInt64 = 0
          for bit in 0..<64 as Range<UInt64> where (bit % size + size - rotation) % size < ones { value |= 1 << bit }
          all.insert(value)
        }
      }
    }
    return all.sorted()
  }()

  @Test func bitwiseOperationsAreEncodedAsClangDoes() throws {
    let list = Listing()
    #expect(Self.patterns.count == 5334, "the architecture's number of patterns")
    for (index, value) in Self.patterns.enumerated() {
      let operation = [AArch64Logic.and, .orr, .eor, .ands][index % 4]
      let low = value & 0xFFFF_FFFF
      list.add("\(operation) x\(index % 29), x\(index % 31), #\(value)") {
        $0.logic(
          operation, Register.allCases[index % 29], Register.allCases[index % 31], immediate: value, wide: true)
      }
      if value == low | low << 32 {
        #expect(AArch64Assembler.fitsLogic(UInt32(low)))
        list.add("\(operation) w\(index % 29), w\(index % 31), #\(low)") {
          $0.logic(operation, Register.allCases[index % 29], Register.allCases[index % 31], immediate: low)
        }
      }
    }
    for operation in AArch64Logic.allCases {
      for wide in [false, true] {
        for (a, b, c) in Self.triples(&list.random) {
          for shift in AArch64Shift.allCases {
            for amount in [0, 1, 31] + (wide ? [32, 63] : []) as [UInt32] {
              list.add(
                "\(operation) \(Self.name(a, wide)), \(Self.name(b, wide)), \(Self.name(c, wide)), \(shift) #\(amount)"
              ) { $0.logic(operation, a, b, c, shift, by: amount, wide: wide) }
            }
          }
        }
      }
    }
    try list.check()
  }

  @Test func everyWordIsMovedOrRefusedAsALogicalImmediate() {
    let known = Set(Self.patterns.filter { $0 >> 32 == $0 & 0xFFFF_FFFF }.map { UInt32($0 & 0xFFFF_FFFF) })
    var random = SplitMix64(seed: 7)
    var values: [UInt32] = [0, .max, 1, 2, 3, 5, 0x8000_0000, 0x7FFF_FFFF, 0x8000_0001, 0xAAAA_AAAA, 0x0F0F_0F0F]
    for _ in 0..<20_000 {
      values.append(UInt32.random(in: 0...UInt32.max, using: &random))
      values.append(UInt32.random(in: 0...0xFFF, using: &random) << UInt32.random(in: 0..<32, using: &random))
    }
    for value in values { #expect(AArch64Assembler.fitsLogic(value) == known.contains(value)) }
  }

  @Test func movesShiftsAndProductsAreEncodedAsClangDoes() throws {
    let list = Listing()
    for wide in [false, true] {
      for (a, b, c) in Self.triples(&list.random) {
        let (to, from, other) = (Self.name(a, wide), Self.name(b, wide), Self.name(c, wide))
        for kind in AArch64Move.allCases {
          for shift in [0, 16] + (wide ? [32, 48] : []) as [UInt32] {
            for value in [0, 1, 0x8000, 0xFFFF, UInt32.random(in: 0...0xFFFF, using: &list.random)] {
              list.add("\(kind) \(to), #\(value), lsl #\(shift)") {
                $0.move(kind, a, value, shift: shift, wide: wide)
              }
            }
          }
        }
        for shift in AArch64Shift.allCases {
          for amount in [0, 1, 31, UInt32.random(in: 0..<32, using: &list.random)] + (wide ? [32, 63] : []) {
            list.add("\(shift) \(to), \(from), #\(amount)") { $0.shift(shift, a, b, by: amount, wide: wide) }
          }
        }
        for operation in AArch64Binary.allCases {
          list.add("\(operation) \(to), \(from), \(other)") { $0.binary(operation, a, b, c, wide: wide) }
        }
        for operation in AArch64Unary.allCases {
          list.add("\(operation) \(to), \(from)") { $0.unary(operation, a, b, wide: wide) }
        }
        list.add("madd \(to), \(from), \(other), \(from)") { $0.product(.madd, a, b, c, plus: b, wide: wide) }
        list.add("msub \(to), \(from), \(other), \(to)") { $0.product(.msub, a, b, c, plus: a, wide: wide) }
        list.add("mov \(to), \(from)") { $0.mov(a, b, wide: wide) }
        for operation in AArch64Select.allCases {
          for condition in AArch64Condition.allCases {
            let name = Self.conditions[Int(condition.rawValue)]
            list.add("\(operation) \(to), \(from), \(other), \(name)") {
              $0.select(operation, a, b, c, condition, wide: wide)
            }
          }
        }
        guard !wide else { continue }
        list.add("smaddl \(Self.name(a, true)), \(from), \(other), \(Self.name(b, true))") {
          $0.product(.smaddl, a, b, c, plus: b, wide: true)
        }
        list.add("umaddl \(Self.name(a, true)), \(from), \(other), xzr") { $0.product(.umaddl, a, b, c, wide: true) }
        list.add("sxtw \(Self.name(a, true)), \(from)") { $0.sxtw(a, b) }
        for condition in AArch64Condition.allCases {
          list.add("cset \(to), \(Self.conditions[Int(condition.rawValue)])") { $0.set(a, condition) }
        }
      }
    }
    try list.check()
  }

  @Test func loadsAndStoresAreEncodedAsClangDoes() throws {
    let list = Listing()
    let kinds: [(AArch64Access, String, Bool, UInt32)] = [
      (.str, "str", false, 4), (.ldr, "ldr", false, 4), (.strQuad, "str", true, 8), (.ldrQuad, "ldr", true, 8),
      (.strb, "strb", false, 1), (.ldrb, "ldrb", false, 1), (.ldrsb, "ldrsb", false, 1), (.strh, "strh", false, 2),
      (.ldrh, "ldrh", false, 2), (.ldrsh, "ldrsh", false, 2),
    ]
    for (kind, name, wide, size) in kinds {
      for (a, b, _) in Self.triples(&list.random) {
        let base = Self.addressing.randomElement(using: &list.random) ?? .x0
        for unit in [0, 1, 4095, UInt32.random(in: 0..<4096, using: &list.random)] {
          list.add("\(name) \(Self.name(a, wide)), [\(Self.name(base, true)), #\(unit * size)]") {
            $0.access(kind, a, base, offset: unit * size)
          }
        }
        list.add("\(name) \(Self.name(a, wide)), [\(Self.name(base, true)), \(Self.name(b, false)), uxtw]") {
          $0.access(kind, a, base, index: b)
        }
        guard size > 1 else { continue }
        let shift = size.trailingZeroBitCount
        list.add("\(name) \(Self.name(a, wide)), [\(Self.name(base, true)), \(Self.name(b, false)), uxtw #\(shift)]") {
          $0.access(kind, a, base, index: b, isScaled: true)
        }
      }
    }
    let pairs: [(AArch64Pair, String, Bool)] = [
      (.stp, "stp", false), (.ldp, "ldp", false), (.stpQuad, "stp", true), (.ldpQuad, "ldp", true),
    ]
    for (kind, name, wide) in pairs {
      for (a, b) in [(Register.x0, Register.x1), (.x29, .x30), (.x15, .zero), (.x17, .x3)] {
        for base in [Register.sp, .x8, .x28] {
          for unit in [-64, -1, 0, 1, 63] as [Int32] {
            let offset = unit * (wide ? 8 : 4)
            let registers = "\(name) \(Self.name(a, wide)), \(Self.name(b, wide)), [\(Self.name(base, true))"
            list.add("\(registers), #\(offset)]") { $0.pair(kind, a, b, base, offset: offset) }
            list.add("\(registers), #\(offset)]!") { $0.pair(kind, a, b, base, offset: offset, .preIndex) }
            list.add("\(registers)], #\(offset)") { $0.pair(kind, a, b, base, offset: offset, .postIndex) }
          }
        }
      }
    }
    for vector in [0, 1, 15, 31] as [UInt8] {
      for other in [0, 7, 31] as [UInt8] {
        list.add("add v\(vector).4s, v\(other).4s, v\(31 - other).4s") { $0.addVector(vector, other, 31 - other) }
      }
      list.add("movi v\(vector).2d, #0") { $0.clearVector(vector) }
      for base in [Register.sp, .x8] {
        for offset in [0, 16, 176, 65520] as [UInt32] {
          list.add("str q\(vector), [\(Self.name(base, true)), #\(offset)]") {
            $0.storeVector(vector, base, offset: offset)
          }
        }
      }
    }
    try list.check()
  }

  @Test func jumpsLeadWhereTheyAreBound() throws {
    let list = Listing()
    list.add("ret") { $0.ret() }
    list.add("nop") { $0.nop() }
    for register in Self.general { list.add("br \(Self.name(register, true))") { $0.jump(to: register) } }
    var forward: [(AArch64Assembler.Jump, Int)] = []
    for distance in [4, 8, 4000, 0xF_FFFC] {
      for condition in AArch64Condition.allCases {
        let name = Self.conditions[Int(condition.rawValue)]
        list.add("b.\(name) .+\(distance)") { forward.append(($0.jump(condition), distance)) }
        list.add("b.\(name) .-\(list.code.count)") { $0.jump(condition, to: 0) }
      }
      for wide in [false, true] {
        for isZero in [true, false] {
          list.add("\(isZero ? "cbz" : "cbnz") \(Self.name(.x17, wide)), .+\(distance)") {
            forward.append(($0.jump(ifZero: isZero, .x17, wide: wide), distance))
          }
        }
      }
      list.add("b .+\(distance)") { forward.append(($0.jump(), distance)) }
      list.add("b .-\(list.code.count)") { $0.jump(to: 0) }
    }
    for (jump, distance) in forward { list.code.bind(jump, to: jump.place + distance) }
    for target in [0x40, 0x400, 0xF_0000] {
      list.add("ldr q3, .+\(target)") { $0.loadVector(3, code: $0.count + target) }
    }
    list.add("ldr q31, .-\(list.code.count)") { $0.loadVector(31, code: 0) }
    try list.check()
  }

  /// A processor's view of the moves, to see what a constant becomes.
  private static func moved(_ words: [UInt32]) -> UInt64? {
    var value: UInt64 = 0
    for word in words {
      let shift = UInt64(word >> 21 & 3) * 16
      let part = UInt64(word >> 5 & 0xFFFF) << shift
      let isWide = word >> 31 != 0
      switch word >> 23 & 0xFF {
      case 0x25: value = isWide ? ~part : ~part & 0xFFFF_FFFF
      case 0xA5: value = part
      case 0xE5: value = value & ~(0xFFFF << shift) | part
      default: return nil
      }
    }
    return value
  }

  @Test func constantsAreMovedInFewInstructions() {
    var random = SplitMix64(seed: 99)
    let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: 64)
    defer { bytes.deallocate() }
    func words(_ count: Int) -> [UInt32] {
      (0..<count / 4).map { index in
        (0..<4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32(bytes[4 * index + $1]) }
      }
    }
    var values: [UInt32] = [0, 1, 0xFFFF, 0x1_0000, 0x1C00_0000, .max, 0xFFFF_0000, 0xFFFF_8000, 0x8000_0000]
    for _ in 0..<2000 { values.append(UInt32.random(in: 0...UInt32.max, using: &random)) }
    for value in values {
      var code = AArch64Assembler(bytes, from: 0, to: 64)
      code.mov(.x5, immediate: value)
      #expect(code.count <= 8)
      if let moved = Self.moved(words(code.count)) {
        #expect(moved == UInt64(value))
      } else {
        #expect(AArch64Assembler.fitsLogic(value), "an ORR, which is compared elsewhere")
      }
      for quad in [UInt64(value), UInt64(value) << 16, UInt64(value) << 32 | 0x1234, ~UInt64(value)] {
        var code = AArch64Assembler(bytes, from: 0, to: 64)
        code.movQuad(.x5, immediate: quad)
        #expect(Self.moved(words(code.count)) == quad)
      }
    }
  }

  @Test func whatHasNoEncodingIsRefused() {
    let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: 64)
    defer { bytes.deallocate() }
    func refuses(_ what: String, _ emit: (inout AArch64Assembler) -> Void) {
      var code = AArch64Assembler(bytes, from: 0, to: 64)
      emit(&code)
      #expect(code.isRefused, "\(what)")
      #expect(code.count == 0, "\(what)")
      code.nop()
      #expect(code.count == 0, "nothing is written after \(what)")
    }
    refuses("add #4097") { $0.sum(.add, .x0, .x1, immediate: 4097) }
    refuses("add #0x1000000") { $0.sum(.add, .x0, .x1, immediate: 0x100_0000) }
    refuses("adds sp") { $0.sum(.adds, .sp, .x1, immediate: 1) }
    refuses("add zr") { $0.sum(.add, .zero, .x1, immediate: 1) }
    refuses("add from zr") { $0.sum(.add, .x1, .zero, immediate: 1) }
    refuses("add of sp, shifted form") { $0.sum(.add, .x0, .sp, .x1) }
    refuses("add ror") { $0.sum(.add, .x0, .x1, .x2, .ror, by: 1) }
    refuses("add w lsl 32") { $0.sum(.add, .x0, .x1, .x2, .lsl, by: 32) }
    refuses("add x lsl 64") { $0.sum(.add, .x0, .x1, .x2, .lsl, by: 64, wide: true) }
    refuses("and #0") { $0.logic(.and, .x0, .x1, immediate: 0) }
    refuses("and #5") { $0.logic(.and, .x0, .x1, immediate: 5) }
    refuses("and w, #64 bits") { $0.logic(.and, .x0, .x1, immediate: 0x0000_0001_0000_0000) }
    refuses("bic #1") { $0.logic(.bic, .x0, .x1, immediate: 1) }
    refuses("orr to zr") { $0.logic(.orr, .zero, .x1, immediate: 1) }
    refuses("movz #0x10000") { $0.move(.movz, .x0, 0x1_0000) }
    refuses("movz w, lsl 32") { $0.move(.movz, .x0, 1, shift: 32) }
    refuses("movz lsl 8") { $0.move(.movz, .x0, 1, shift: 8) }
    refuses("lsl w 32") { $0.shift(.lsl, .x0, .x1, by: 32) }
    refuses("lsl x 64") { $0.shift(.lsl, .x0, .x1, by: 64, wide: true) }
    refuses("ldr #2") { $0.access(.ldr, .x0, .x1, offset: 2) }
    refuses("ldr #16384") { $0.access(.ldr, .x0, .x1, offset: 16384) }
    refuses("ldrb #4096") { $0.access(.ldrb, .x0, .x1, offset: 4096) }
    refuses("ldr [zr]") { $0.access(.ldr, .x0, .zero) }
    refuses("ldr [x, sp]") { $0.access(.ldr, .x0, .x1, index: .sp) }
    refuses("ldp #256") { $0.pair(.ldp, .x0, .x1, .x2, offset: 256) }
    refuses("ldp #-260") { $0.pair(.ldp, .x0, .x1, .x2, offset: -260) }
    refuses("ldp #2") { $0.pair(.ldp, .x0, .x1, .x2, offset: 2) }
    refuses("ldp of one register") { $0.pair(.ldp, .x0, .x0, .x2) }
    refuses("ldp over its base") { $0.pair(.ldpQuad, .x0, .x1, .x0, offset: 16, .postIndex) }
    refuses("v32") { $0.addVector(32, 0, 0) }
    refuses("str q #8") { $0.storeVector(0, .x0, offset: 8) }
    refuses("ldr q, 1 MiB") { $0.loadVector(0, code: 1 << 20) }
    refuses("b, 128 MiB") { $0.jump(to: 128 << 20) }
    refuses("b #2") { $0.jump(to: 2) }
    refuses("b.eq, 1 MiB") { $0.jump(.eq, to: 1 << 20) }
    refuses("b.eq, -1 MiB - 4") { $0.jump(.eq, to: -(1 << 20) - 4) }
  }

  @Test func aFullBufferIsNoticedAndNothingIsWrittenBehindIt() {
    let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: 16)
    defer { bytes.deallocate() }
    bytes.initialize(repeating: 0xEE, count: 16)
    var code = AArch64Assembler(bytes, from: 0, to: 7)
    code.nop()
    #expect(!code.isFull)
    code.jump(to: 0)
    #expect(code.isFull)
    #expect(!code.isRefused)
    #expect((4..<16).allSatisfy { bytes[$0] == 0xEE })
  }
}
