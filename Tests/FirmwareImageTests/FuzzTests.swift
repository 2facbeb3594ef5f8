// Damaged files are refused or loaded; they never end the process. Inputs that once did are kept in
// Tests/FailCases/FirmwareImage and replayed here.

import Foundation
import Testing
import TestSupport

import FirmwareImage

@Suite struct FuzzTests {
  /// Everything that a command does with an image.
  func exercise(_ bytes: [UInt8]) {
    guard let image = try? FirmwareImage(path: "fuzz.elf", bytes: bytes) else { return }
    let ranges = [MemoryRange(name: "L2", base: 0x1C00_0000, size: 0x90000)]
    let alias = AddressAlias(name: "alias", base: 0, size: 0x10_0000, target: 0x1C00_0000, isFetchable: false)
    _ = try? image.place(in: ranges, aliases: [alias])
    _ = image.attributes.warnings
    for symbol in image.symbols.all { _ = image.symbols.describe(symbol.address &+ symbol.size) }
    _ = SourceLines(image).location(of: image.entry)
  }

  func sample() -> [UInt8] {
    var builder = ELFBuilder(program: program)
    builder.sections += [
      ELFBuilder.Section(".data", flags: 3, at: 0x1C00_9000, [1, 2, 3, 4]),
      ELFBuilder.Section(
        ".riscv.attributes", type: 0x7000_0003, ELFBuilder.attributes(architecture: "rv32i2p0_m2p0_c2p0")),
    ]
    builder.symbols += [
      .init("tohost", 0x1C00_9000, size: 4, type: 1, section: 2), .init("$d", 0x1C00_8084, isGlobal: false),
    ]
    return builder.build()
  }

  @Test(arguments: 0..<16)
  func `mutated files never crash the loader`(seed: UInt64) {
    let whole = sample()
    var random = SplitMix64(seed: seed)
    let special: [UInt8] = [0, 1, 0x7F, 0x80, 0xFE, 0xFF]
    for _ in 0..<400 {
      var bytes = whole
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        // Half of the changes go to the headers at the front and to the section headers at the back.
        let position =
          Bool.random(using: &random)
          ? Int.random(in: 16..<84, using: &random) : Int.random(in: 16..<bytes.count, using: &random)
        bytes[position] =
          Bool.random(using: &random) ? special.randomElement(using: &random)! : .random(in: 0...255, using: &random)
      }
      if Int.random(in: 0..<4, using: &random) == 0 {
        bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random))
      }
      exercise(bytes)
    }
  }

  @Test func `damaged debugging information has no lines or wrong ones, and no more`() throws {
    try Repository.withTemporaryDirectory { folder in
      try "int f(int a) { return a + 1; }\nvoid _start(void) { for (;;) f(1); }\n".write(
        to: folder.appendingPathComponent("a.c"), atomically: true, encoding: .utf8)
      let built = try run(
        "riscv64-unknown-elf-gcc",
        ["-march=rv32imc", "-mabi=ilp32", "-g", "-nostdlib", "-Wl,-Ttext=0x1C008080", "a.c", "-o", "a.elf"],
        directory: folder.path)
      try #require(built.status == 0, "\(built.errors)")
      let whole = [UInt8](try Data(contentsOf: folder.appendingPathComponent("a.elf")))
      exercise(whole)
      var random = SplitMix64(seed: 42)
      for _ in 0..<1500 {
        var bytes = whole
        for _ in 0..<Int.random(in: 1...8, using: &random) {
          bytes[Int.random(in: 52..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
        }
        exercise(bytes)
      }
    }
  }

  @Test func `inputs that once did harm do none`() throws {
    let folder = Repository.path("Tests/FailCases/FirmwareImage")
    for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() {
      exercise([UInt8](try Data(contentsOf: URL(fileURLWithPath: folder + "/" + name))))
    }
  }
}
