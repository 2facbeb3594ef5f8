// Random programs that run alike on this emulator and on QEMU's `virt` machine, and the comparison of the two.
//
// The image lies at 0x8000_0000. A body of random instructions runs many times; after each time all registers go into a
// digest in memory, every trap into another one. At the end QEMU prints digests and data by its UART; ours are read
// from memory. What is known to differ (Documentation/Validation.md) is left out of the programs: mtval, misa, mhartid,
// machine information, mstatus.MPP, bit 0 of mepc, counters, the alignment of mtvec, interrupts, unmapped addresses.

import Foundation
import HardwareModel
import PULPissimo
import RISCV
import TestSupport

/// A program with all that a run of it depends on.
struct PortableProgram: Codable, Sendable {
  var seed: UInt64
  var iterations: UInt32
  /// The body.
  var words: [UInt32]
  var registers: [UInt32]

  static let base: UInt32 = 0x8000_0000
  static let handler: UInt32 = base + 0x100
  static let initialisation: UInt32 = base + 0x400
  static let body: UInt32 = base + 0x1000
  static let data: UInt32 = base + 0x1_0000
  static let dataSize = 0x1000
  /// Word 0: digest of registers, 1: of traps, 2: iterations left, 3: number of traps, 4: saved x29, 5: not 0 on QEMU.
  static let results: UInt32 = data + 0x1000
  static let tohost: UInt32 = data + 0x1040
  static let table: UInt32 = data + 0x1100
  static let end: UInt32 = data + 0x1200
  /// Bytes that are compared, from `data` on.
  static let compared = dataSize + 16

  /// Registers that the body does not write: pointers, loop counter, what the harness uses.
  private static let pointers: [UInt8] = [2, 3, 8, 9]
  private static let loopCounter: UInt8 = 28

  /// The program with number `seed`.
  init(seed: UInt64, iterations: UInt32 = 40) {
    self.seed = seed
    self.iterations = iterations
    var random = RandomSource(seed: seed ^ 0x0051_4D45)
    registers = (0..<32).map { _ in random.value() }
    registers[0] = 0
    for (index, pointer) in Self.pointers.enumerated() {
      registers[Int(pointer)] = Self.data + 0x200 + UInt32(0x380 * index) + UInt32(index == 3 ? random.below(4) : 0)
    }
    var mix = ProgramMix()
    mix.csrRead = random.pick([0, 2])
    mix.csrWrite = random.pick([0, 2])
    mix.exception = random.pick([0, 0, 1, 3])
    mix.multiply = random.pick([6, 20])
    mix.load = random.pick([10, 25])
    // A branch may lead into data between the code, and what that does is not known.
    mix.island = 0
    mix.patch = 0
    var builder = ProgramBuilder(
      random: random, mix: mix,
      destinations: (1...29).filter { !Self.pointers.contains($0) && $0 != Self.loopCounter }, pointers: Self.pointers)
    builder.allowsBackward = false
    builder.readableCSRs = [0x340, 0x341, 0x342, 0x305]
    builder.writableCSRs = [(0x340, .max), (0x340, 31), (0x341, .max - 1)]
    builder.exceptionWords += [
      0x7C00_22F3, 0x0073_02D3, 0x1003_22AF, 0x2000, 0x9C41, 0x6081, 0x8002, 0x4002, 0x0003_3283, 0x0000_200F,
      0x0000_028B,
    ]
    for _ in 0..<random.within(4...10) {
      let count = builder.random.within(1...7)
      builder.append(.plain([Instruction(.addi, rd: Self.loopCounter, immediate: UInt32(count))]))
      let start = builder.items.count
      builder.append(builder.random.within(10...70))
      if builder.random.chance(40) { Self.patch(&builder) }
      builder.append(
        .plain([
          Instruction(.addi, rd: Self.loopCounter, rs1: Self.loopCounter, immediate: .max),
          Instruction(.bge, rs1: 0, rs2: Self.loopCounter, immediate: 8),
        ]))
      builder.append(.jump(Instruction(.jal), to: start))
    }
    words = builder.words()
  }

  /// A store that replaces an instruction a little further on, FENCE.I, and the instruction.
  private static func patch(_ builder: inout ProgramBuilder) {
    let value = builder.random.within(-2048...2047)
    let replacement = Instruction(.addi, rd: 7, rs1: 6, immediate: UInt32(bitPattern: Int32(value)))
    guard let word = Encoder.encode(replacement) else { return }
    builder.append(
      .address(
        rd: 5, of: builder.items.count + 1,
        then: ProgramBuilder.constant(6, word) + [Instruction(.sw, rs1: 5, rs2: 6), Instruction(.fenceI)]))
    builder.append(.plain([Instruction(.addi)]))
  }

  // MARK: Image

  private var handlerCode: [Instruction] {
    ProgramBuilder.constant(31, Self.results) + [
      Instruction(.sw, rs1: 31, rs2: 29, immediate: 16),
      Instruction(.lw, rd: 30, rs1: 31, immediate: 12), Instruction(.addi, rd: 30, rs1: 30, immediate: 1),
      Instruction(.sw, rs1: 31, rs2: 30, immediate: 12),
      Instruction(.lw, rd: 30, rs1: 31, immediate: 4),
      Instruction(.csrrs, rd: 29, csr: 0x342), Instruction(.add, rd: 30, rs1: 30, rs2: 29),
      Instruction(.csrrs, rd: 29, csr: 0x341), Instruction(.add, rd: 30, rs1: 30, rs2: 29),
      Instruction(.slli, rd: 29, rs1: 30, immediate: 5), Instruction(.srli, rd: 30, rs1: 30, immediate: 27),
      Instruction(.or, rd: 30, rs1: 30, rs2: 29), Instruction(.sw, rs1: 31, rs2: 30, immediate: 4),
      Instruction(.csrrs, rd: 30, csr: 0x341), Instruction(.lbu, rd: 29, rs1: 30),
      Instruction(.andi, rd: 29, rs1: 29, immediate: 3),
      Instruction(.addi, rd: 29, rs1: 29, immediate: UInt32(bitPattern: -3)),
      Instruction(.addi, rd: 30, rs1: 30, immediate: 2), Instruction(.bne, rs1: 29, rs2: 0, immediate: 6),
      Instruction(.addi, rd: 30, rs1: 30, immediate: 2, length: 2), Instruction(.csrrw, rs1: 30, csr: 0x341),
      Instruction(.lw, rd: 29, rs1: 31, immediate: 16), Instruction(.mret),
    ]
  }

  private var initialisationCode: [Instruction] {
    var code = ProgramBuilder.constant(31, Self.handler) + [Instruction(.csrrw, rs1: 31, csr: 0x305)]
    code += [Instruction(.csrrw, rs1: 0, csr: 0x340), Instruction(.csrrw, rs1: 0, csr: 0x341)]
    code += [Instruction(.csrrw, rs1: 0, csr: 0x342)]
    code += ProgramBuilder.constant(31, Self.table)
    for index in 1...29 { code.append(Instruction(.lw, rd: UInt8(index), rs1: 31, immediate: UInt32(4 * index))) }
    return code + ProgramBuilder.constant(31, Self.body) + [Instruction(.jalr, rs1: 31)]
  }

  /// What stands behind the body: the digest, the next iteration, the end.
  private var epilogue: [Instruction] {
    var code = ProgramBuilder.constant(31, Self.results) + [Instruction(.lw, rd: 30, rs1: 31)]
    code += ProgramBuilder.constant(31, 0x9E37_79B1)
    for index in 1...29 {
      code += [Instruction(.mul, rd: 30, rs1: 30, rs2: 31), Instruction(.add, rd: 30, rs1: 30, rs2: UInt8(index))]
    }
    code += ProgramBuilder.constant(31, Self.results)
    code += [
      Instruction(.sw, rs1: 31, rs2: 30), Instruction(.lw, rd: 30, rs1: 31, immediate: 8),
      Instruction(.addi, rd: 30, rs1: 30, immediate: .max), Instruction(.sw, rs1: 31, rs2: 30, immediate: 8),
      Instruction(.bge, rs1: 0, rs2: 30, immediate: 4 + 4 * 3),
    ]
    let again = [Instruction(.lui, rd: 31, immediate: Self.body), Instruction(.jalr, rs1: 31), Instruction(.addi)]
    code += again
    // On QEMU: print the compared bytes by the UART, then switch the machine off.
    var qemu = ProgramBuilder.constant(5, Self.data) + ProgramBuilder.constant(6, UInt32(Self.compared))
    qemu += ProgramBuilder.constant(7, 0x1000_0000)
    qemu += [
      Instruction(.lbu, rd: 8, rs1: 7, immediate: 5), Instruction(.andi, rd: 8, rs1: 8, immediate: 0x20),
      Instruction(.beq, rs1: 8, immediate: UInt32(bitPattern: -8)),
      Instruction(.lbu, rd: 8, rs1: 5), Instruction(.sb, rs1: 7, rs2: 8),
      Instruction(.addi, rd: 5, rs1: 5, immediate: 1), Instruction(.addi, rd: 6, rs1: 6, immediate: .max),
      Instruction(.bne, rs1: 6, immediate: UInt32(bitPattern: -28)),
    ]
    qemu += ProgramBuilder.constant(5, 0x10_0000) + ProgramBuilder.constant(6, 0x5555)
    qemu += [Instruction(.sw, rs1: 5, rs2: 6), Instruction(.jal)]
    let ours =
      ProgramBuilder.constant(31, Self.tohost) + [
        Instruction(.addi, rd: 30, immediate: 1), Instruction(.sw, rs1: 31, rs2: 30), Instruction(.jal),
      ]
    code += [
      Instruction(.lw, rd: 30, rs1: 31, immediate: 20),
      Instruction(.bne, rs1: 30, immediate: UInt32(4 + 4 * ours.count)),
    ]
    return code + ours + qemu
  }

  /// The whole image from `base` on.
  func image(forQEMU: Bool) -> [UInt8] {
    var image = [UInt8](repeating: 0, count: Int(Self.end &- Self.base))
    func put(_ bytes: [UInt8], at address: UInt32) {
      let start = Int(address &- Self.base)
      image.replaceSubrange(start..<start + bytes.count, with: bytes)
    }
    put(Program.bytes([Instruction(.jal, immediate: Self.initialisation &- Self.base)]), at: Self.base)
    put(Program.bytes(handlerCode), at: Self.handler)
    put(Program.bytes(initialisationCode), at: Self.initialisation)
    put(ProgramWord.bytes(words) + Program.bytes(epilogue), at: Self.body)
    var random = RandomSource(seed: seed ^ 0xDA7A)
    put((0..<Self.dataSize / 4).flatMap { _ in littleEndian(random.value()) }, at: Self.data)
    put(
      [0x1234_5678, 0, iterations, 0, 0, forQEMU ? 1 : 0].flatMap { littleEndian($0) }, at: Self.results)
    put(registers.flatMap { littleEndian($0) }, at: Self.table)
    return image
  }

  // MARK: Runs

  struct Outcome: Equatable {
    /// Data and digests; nil if the run did not come to its end.
    var bytes: [UInt8]?
    var instructions: UInt64 = 0
    var note = ""

    static func == (a: Outcome, b: Outcome) -> Bool { a.bytes == b.bytes }
  }

  /// A machine that stands at the start of the program.
  func machine(_ configure: (inout MachineConfiguration) -> Void = { _ in }) -> Machine {
    var configuration = MachineConfiguration()
    configure(&configuration)
    configuration.extraMemories = [ExtraMemory(base: Self.base, size: 0x10_0000)]
    let machine = Machine(configuration)
    machine.write(image(forQEMU: false), at: Self.base)
    machine.boot(at: Self.base)
    machine.watchTohost(at: Self.tohost)
    return machine
  }

  func runHere(blockEngine: Bool = true, limit: UInt64 = 50_000_000) -> Outcome {
    let machine = machine { $0.hart.blockEngine = blockEngine }
    // QEMU takes an exception where nothing is mapped: a program that gets there is no program for this comparison.
    var leaves = false
    machine.onDiagnostic = { if $0.diagnostic.kind == .unmapped { leaves = true } }
    let end = machine.run(limits: RunLimits(instructions: limit))
    let isEnd = end.reason == .exit && end.code == 0 && !leaves
    return Outcome(
      bytes: isEnd ? machine.read(Self.data, count: Self.compared) : nil,
      instructions: machine.hart.counters.instructions, note: leaves ? "an access where nothing is mapped" : end.message
    )
  }

  func runOnQEMU(limit: Double = 60) throws -> Outcome {
    try Repository.withTemporaryDirectory { folder in
      let file = folder.appendingPathComponent("image.bin").path
      let output = folder.appendingPathComponent("uart").path
      try Data(image(forQEMU: true)).write(to: URL(fileURLWithPath: file))
      let outcome = try run(
        "qemu-system-riscv32",
        [
          "-machine", "virt", "-cpu", "lowrisc-ibex", "-bios", "none", "-m", "16M", "-display", "none", "-monitor",
          "none", "-serial", "file:" + output, "-device", "loader,file=\(file),addr=0x80000000,force-raw=on",
        ], limit: limit)
      guard outcome.status == 0, !outcome.timedOut else {
        return Outcome(
          note: outcome.timedOut ? "no end within \(limit) s" : "status \(outcome.status): \(outcome.errors)")
      }
      let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: output)))
      guard bytes.count == Self.compared else { return Outcome(note: "\(bytes.count) bytes came out") }
      return Outcome(bytes: bytes)
    }
  }

  /// What differs between two outcomes, in words.
  static func differences(_ ours: Outcome, _ theirs: Outcome) -> String {
    guard let a = ours.bytes, let b = theirs.bytes else { return "ours: \(ours.note), QEMU: \(theirs.note)" }
    let places = zip(a, b).enumerated().filter { $0.element.0 != $0.element.1 }.map(\.offset)
    let names = ["register digest", "trap digest", "iterations", "traps"]
    let words = Set(places.map { $0 / 4 }).sorted().prefix(6)
    return words.map { word in
      word >= dataSize / 4 ? names[word - dataSize / 4] : "data+0x" + String(4 * word, radix: 16)
    }.joined(separator: ", ")
  }
}
