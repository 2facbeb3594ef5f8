// What the assembler writes is what objdump reads: every form, with registers of both halves and all kinds of operands.

import Foundation
import MachineCode
import TestSupport
import Testing

@Suite struct X86AssemblerTests {
  /// Instructions and what they are called.
  private final class Listing {
    static let size = 1 << 20
    let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: size)
    var code: X86Assembler
    var expected: [(offset: Int, text: String)] = []

    init() { code = X86Assembler(bytes, from: 0, to: Self.size) }
    deinit { bytes.deallocate() }

    func add(_ text: String, _ emit: (inout X86Assembler) -> Void) {
      expected.append((code.count, text))
      emit(&code)
    }

    /// The lines of objdump by offset.
    func disassembled() throws -> [Int: String] {
      try Repository.withTemporaryDirectory { folder in
        let path = folder.appendingPathComponent("code.bin").path
        try Data(bytes: bytes, count: code.count).write(to: URL(fileURLWithPath: path))
        let outcome = try run(
          "objdump", ["-D", "-w", "-z", "-b", "binary", "-m", "i386:x86-64", "-M", "intel", "--no-show-raw-insn", path])
        var lines: [Int: String] = [:]
        for line in outcome.text.split(separator: "\n") {
          let parts = line.split(separator: ":", maxSplits: 1)
          guard parts.count == 2, let offset = Int(parts[0].drop { $0 == " " }, radix: 16) else { continue }
          let text = parts[1].split(separator: "#")[0]
          lines[offset] = text.split(whereSeparator: { $0 == " " || $0 == "\t" }).joined(separator: " ")
        }
        return lines
      }
    }

    func check() throws {
      #expect(!code.isFull)
      let lines = try disassembled()
      var wrong = 0
      for (offset, text) in expected where lines[offset] != text {
        wrong += 1
        if wrong < 10 { Issue.record("\(text) reads as \(lines[offset] ?? "nothing")") }
      }
      #expect(wrong == 0, "of \(expected.count)")
    }
  }

  // MARK: Names, written down apart from the assembler

  private static let quads = [
    "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
  ]
  private static let doubles = [
    "eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "r8d", "r9d", "r10d", "r11d", "r12d", "r13d", "r14d",
    "r15d",
  ]
  private static let words = [
    "ax", "cx", "dx", "bx", "sp", "bp", "si", "di", "r8w", "r9w", "r10w", "r11w", "r12w", "r13w", "r14w", "r15w",
  ]
  private static let bytes = [
    "al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil", "r8b", "r9b", "r10b", "r11b", "r12b", "r13b", "r14b", "r15b",
  ]
  private static let conditions = [
    "o", "no", "b", "ae", "e", "ne", "be", "a", "s", "ns", "p", "np", "l", "ge", "le", "g",
  ]

  private enum Width { case byte, word, double, quad, vector, none }

  private static func hex(_ value: Int32) -> String {
    value < 0 ? "-0x" + String(-Int64(value), radix: 16) : "+0x" + String(value, radix: 16)
  }

  private static func text(_ operand: X86Operand, _ width: Width) -> String {
    let prefix =
      switch width {
      case .byte: "BYTE PTR "
      case .word: "WORD PTR "
      case .double: "DWORD PTR "
      case .quad: "QWORD PTR "
      case .vector: "XMMWORD PTR "
      case .none: ""
      }
    switch operand {
    case .register(let r):
      let index = Int(r.rawValue)
      return switch width {
      case .byte: bytes[index]
      case .word: words[index]
      case .quad: quads[index]
      default: doubles[index]
      }
    case .memory(let base, let displacement):
      let needsDisplacement = base == .rbp || base == .r13
      let tail = displacement == 0 && !needsDisplacement ? "" : hex(displacement)
      return prefix + "[" + quads[Int(base.rawValue)] + tail + "]"
    case .indexed(let base, let index, let scale, let displacement):
      let needsDisplacement = base == .rbp || base == .r13
      let tail = displacement == 0 && !needsDisplacement ? "" : hex(displacement)
      return prefix + "[" + quads[Int(base.rawValue)] + "+" + quads[Int(index.rawValue)] + "*\(scale)" + tail + "]"
    case .code: return "?"
    }
  }

  private static let registers: [X86Register] = [.rax, .rbx, .rsi, .r8, .r12, .r13, .r15]
  private static let places: [X86Operand] =
    [X86Register.rax, .rsp, .rbp, .rdi, .r9, .r12, .r13].flatMap { base in
      [0, 8, -128, 127, 128, -0x1C00_8000, 0x7FFF_FFF0].map { X86Operand.memory(base, $0) }
    }
    + [X86Register.rax, .rbp, .r12, .r13, .rsp].flatMap { base in
      [X86Register.rax, .rdi, .rbp, .r9, .r12].flatMap { index in
        [(1, 0), (2, 4), (4, -8), (8, -0x1C00_0000)].map { scale, displacement in
          X86Operand.indexed(base, index, scale: scale, displacement)
        }
      }
    }
  private static let operands = X86Register.allCases.map { X86Operand.register($0) } + places
  private static let immediates: [UInt32] = [0, 1, 127, 128, 0xFFFF_FFFF, 0xFFFF_FF80, 0x1234_5678, 0x8000_0000]

  private static func immediate(_ value: UInt32, wide: Bool = false) -> String {
    "0x" + (wide ? String(UInt64(bitPattern: Int64(Int32(bitPattern: value))), radix: 16) : String(value, radix: 16))
  }

  // MARK: Tests

  @Test func twoOperandArithmeticReadsBack() throws {
    let list = Listing()
    for operation in X86Arithmetic.allCases {
      for register in Self.registers {
        for operand in Self.operands {
          let name = Self.doubles[Int(register.rawValue)]
          list.add("\(operation) \(name),\(Self.text(operand, .double))") {
            $0.arithmetic(operation, register, operand)
          }
          list.add("\(operation) \(Self.text(operand, .double)),\(name)") {
            $0.arithmetic(operation, operand, register)
          }
        }
        list.add("\(operation) \(Self.quads[Int(register.rawValue)]),r9") {
          $0.arithmetic(operation, register, .register(.r9), wide: true)
        }
      }
      for operand in Self.operands {
        for value in Self.immediates {
          list.add("\(operation) \(Self.text(operand, .double)),\(Self.immediate(value))") {
            $0.arithmetic(operation, operand, immediate: value)
          }
        }
        list.add("\(operation) \(Self.text(operand, .quad)),\(Self.immediate(0xFFFF_FFF0, wide: true))") {
          $0.arithmetic(operation, operand, immediate: 0xFFFF_FFF0, wide: true)
        }
      }
    }
    try list.check()
  }

  @Test func movesReadBack() throws {
    let list = Listing()
    let loads: [(X86Load, String, Width)] = [
      (.mov, "mov", .double), (.movzxByte, "movzx", .byte), (.movzxWord, "movzx", .word), (.movsxByte, "movsx", .byte),
      (.movsxWord, "movsx", .word),
    ]
    for register in X86Register.allCases {
      let double = Self.doubles[Int(register.rawValue)]
      let quad = Self.quads[Int(register.rawValue)]
      for operand in Self.operands {
        for (kind, name, width) in loads {
          list.add("\(name) \(double),\(Self.text(operand, width))") { $0.load(kind, register, operand) }
        }
        list.add("movsxd \(quad),\(Self.text(operand, .double))") { $0.movsxd(register, operand) }
        list.add("mov \(Self.text(operand, .double)),\(double)") { $0.mov(operand, register) }
        list.add("mov \(Self.text(operand, .byte)),\(Self.bytes[Int(register.rawValue)])") {
          $0.movByte(operand, register)
        }
        list.add("mov \(Self.text(operand, .word)),\(Self.words[Int(register.rawValue)])") {
          $0.movWord(operand, register)
        }
      }
      for place in Self.places {
        list.add("mov \(quad),\(Self.text(place, .quad))") { $0.movQuad(register, place) }
        list.add("mov \(Self.text(place, .quad)),\(quad)") { $0.movQuad(place, register) }
        list.add("lea \(double),\(Self.text(place, .none))") { $0.lea(register, place) }
        list.add("lea \(quad),\(Self.text(place, .none))") { $0.lea(register, place, wide: true) }
      }
      list.add("movabs \(quad),0x123456789abcdef0") { $0.movQuad(register, immediate: 0x1234_5678_9ABC_DEF0) }
    }
    for operand in Self.operands {
      list.add("mov \(Self.text(operand, .double)),0x12345678") { $0.mov(operand, immediate: 0x1234_5678) }
    }
    for place in Self.places {
      list.add("mov \(Self.text(place, .byte)),0x80") { $0.movByte(place, immediate: 0x80) }
      list.add("mov \(Self.text(place, .word)),0x8001") { $0.movWord(place, immediate: 0x8001) }
      list.add("cmp \(Self.text(place, .byte)),0x0") { $0.compareByte(place, immediate: 0) }
    }
    try list.check()
  }

  @Test func multiplicationsShiftsAndTheRestReadBack() throws {
    let list = Listing()
    for operand in Self.operands {
      for register in Self.registers {
        let double = Self.doubles[Int(register.rawValue)]
        let quad = Self.quads[Int(register.rawValue)]
        list.add("imul \(double),\(Self.text(operand, .double))") { $0.multiply(register, operand) }
        list.add("imul \(quad),\(Self.text(operand, .quad))") { $0.multiply(register, operand, wide: true) }
        for value in Self.immediates {
          list.add("imul \(double),\(Self.text(operand, .double)),\(Self.immediate(value))") {
            $0.multiply(register, operand, immediate: value)
          }
        }
        list.add("test \(Self.text(operand, .double)),\(double)") { $0.test(operand, register) }
        list.add("test \(Self.text(operand, .quad)),\(quad)") { $0.test(operand, register, wide: true) }
        list.add("bsr \(quad),\(Self.text(operand, .quad))") { $0.bitScanReverseQuad(register, operand) }
      }
      for kind in X86Shift.allCases {
        list.add("\(kind) \(Self.text(operand, .double)),0x5") { $0.shift(kind, operand, by: 5) }
        list.add("\(kind) \(Self.text(operand, .quad)),0x20") { $0.shift(kind, operand, by: 32, wide: true) }
        list.add("\(kind) \(Self.text(operand, .double)),cl") { $0.shiftByCL(kind, operand) }
      }
      for operation in X86Unary.allCases {
        list.add("\(operation) \(Self.text(operand, .double))") { $0.unary(operation, operand) }
      }
    }
    for condition in X86Condition.allCases {
      for register in X86Register.allCases {
        list.add("set\(Self.conditions[Int(condition.rawValue)]) \(Self.bytes[Int(register.rawValue)])") {
          $0.set(condition, register)
        }
      }
    }
    list.add("cdq") { $0.cdq() }
    list.add("ret") { $0.ret() }
    for register in X86Register.allCases {
      let quad = Self.quads[Int(register.rawValue)]
      list.add("push \(quad)") { $0.push(register) }
      list.add("pop \(quad)") { $0.pop(register) }
      list.add("jmp \(quad)") { $0.jump(to: .register(register)) }
    }
    for vector in [0, 7, 8, 15] as [UInt8] {
      list.add("pxor xmm\(vector),xmm\(vector)") { $0.clearVector(vector) }
      for place in Self.places {
        list.add("paddd xmm\(vector),\(Self.text(place, .vector))") { $0.addVector(vector, place) }
        list.add("movups xmm\(vector),\(Self.text(place, .vector))") { $0.loadVector(vector, place) }
        list.add("movups \(Self.text(place, .vector)),xmm\(vector)") { $0.storeVector(place, vector) }
      }
    }
    try list.check()
  }

  @Test func jumpsLeadWhereTheyAreBound() throws {
    let list = Listing()
    list.add("mov eax,DWORD PTR [rip+0xffa]") { $0.load(.mov, .rax, .code(0x1000)) }
    list.add("cmp DWORD PTR [rip+0xff0],0x12345678") {
      $0.arithmetic(.cmp, .code(0x1000), immediate: 0x1234_5678)
    }
    var forward: [X86Assembler.Jump] = []
    for condition in X86Condition.allCases {
      list.add("j\(Self.conditions[Int(condition.rawValue)]) 0x10") { $0.jump(condition, to: 0x10) }
      list.add("j\(Self.conditions[Int(condition.rawValue)]) 0x200") { forward.append($0.jump(condition)) }
    }
    list.add("jmp 0x0") { $0.jump(to: 0) }
    list.add("jmp 0x200") { forward.append($0.jump()) }
    while list.code.count < 0x200 { list.code.byte(0x90) }
    for jump in forward { list.code.bind(jump) }
    list.add("ret") { $0.ret() }
    try list.check()
  }

  @Test func aFullBufferIsNoticedAndNothingIsWrittenBehindIt() {
    let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: 16)
    defer { bytes.deallocate() }
    bytes.initialize(repeating: 0xEE, count: 16)
    var code = X86Assembler(bytes, from: 0, to: 7)
    code.mov(.register(.rax), immediate: 1)
    #expect(!code.isFull)
    code.mov(.register(.rcx), immediate: 2)
    #expect(code.isFull)
    #expect((7..<16).allSatisfy { bytes[$0] == 0xEE })
  }
}

@Suite struct CodeMemoryTests {
  /// mov eax, n; ret
  private static func program(_ n: UInt8) -> [UInt8] { [0xB8, n, 0, 0, 0, 0xC3] }

  @Test(arguments: [true, false])
  func codeRunsAndChangesAndIsNeverWritableWhereItRuns(twoMappings: Bool) throws {
    #if arch(x86_64) && os(Linux)
      let memory = try #require(CodeMemory(size: 1 << 16, allowTwoMappings: twoMappings))
      #expect((memory.protection == .twoMappings) == twoMappings)
      for n in 1...3 as ClosedRange<UInt8> {
        memory.beginWriting()
        for (offset, byte) in Self.program(n).enumerated() { memory.bytes[offset] = byte }
        memory.endWriting()
        let function = unsafeBitCast(memory.address(0), to: (@convention(c) () -> Int32).self)
        #expect(function() == Int32(n))
      }
      // The kernel's own list of mappings has none that is both.
      let maps = try String(contentsOfFile: "/proc/self/maps", encoding: .utf8)
      #expect(
        !maps.split(separator: "\n").contains { $0.contains(" rwx") || $0.contains("rwxs ") || $0.contains("rwxp ") })
    #endif
  }
}
