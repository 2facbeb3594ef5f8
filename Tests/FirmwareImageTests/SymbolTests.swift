// Symbols by name and by address, code ranges, and what the image was built for.

import Testing
import TestSupport

import FirmwareImage

@Suite struct SymbolTests {
  let image: FirmwareImage

  init() throws {
    var builder = ELFBuilder(program: [UInt32](repeating: 0x13, count: 16), at: 0x1C00_8000)
    builder.sections.append(ELFBuilder.Section(".data", flags: 3, at: 0x1C00_9000, [UInt8](repeating: 0, count: 32)))
    builder.symbols = [
      .init("_start", 0x1C00_8000),
      .init("main", 0x1C00_8008, size: 16, type: 2),
      .init("loop", 0x1C00_800C),
      .init("helper", 0x1C00_8020, size: 8, type: 2, isGlobal: false),
      .init("tohost", 0x1C00_9000, size: 8, type: 1, section: 2),
      .init("helper", 0x1C00_9008, size: 4, type: 1, section: 2),
      .init("__stack_size", 0x1000, section: 0xFFF1),
      .init("missing", 0, section: 0),
      .init(".L5", 0x1C00_8004, isGlobal: false),
      .init("$d", 0x1C00_8030, isGlobal: false),
      .init("$xrv32i2p1", 0x1C00_8038, isGlobal: false),
    ]
    image = try load(builder)
  }

  @Test func `symbols are found by name, global before local`() {
    #expect(image.symbols["main"]?.address == 0x1C00_8008)
    #expect(image.symbols["tohost"]?.kind == .object)
    #expect(image.symbols["helper"]?.address == 0x1C00_9008)
    #expect(image.symbols["__stack_size"]?.address == 0x1000)
    #expect(image.symbols["missing"] == nil)
    #expect(image.symbols[".L5"] == nil)
    #expect(image.symbols["$d"] == nil)
  }

  @Test(arguments: [
    (UInt32(0x1C00_8000), "_start"), (0x1C00_8004, "_start+0x4"), (0x1C00_8008, "main"), (0x1C00_8010, "main+0x8"),
    (0x1C00_8024, "helper+0x4"), (0x1C00_9004, "tohost+0x4"),
  ])
  func `an address belongs to the function around it, else to the label before it`(address: UInt32, text: String) {
    #expect(image.symbols.describe(address) == text)
  }

  @Test func `addresses that no symbol covers have none`() {
    for address: UInt32 in [0, 0x1000, 0x1C00_7FFF, 0x1C00_8028, 0x1C00_9010, .max] {
      #expect(image.symbols.symbol(at: address) == nil)
    }
  }

  @Test func `data that mapping symbols mark is no code`() {
    #expect(image.code.map(\.address) == [0x1C00_8000, 0x1C00_8038])
    #expect(image.code.map(\.bytes.count) == [0x30, 8])
  }

  @Test func `without sections the read-only segments are the constants`() throws {
    let bare = ELFBuilder(
      entry: 0x1C00_0000,
      [
        ELFBuilder.Segment(at: 0x1C00_0000, [1, 0], flags: 5),
        ELFBuilder.Segment(at: 0x1C00_8000, [1, 2, 3, 4, 5], memorySize: 16, flags: 4),
        ELFBuilder.Segment(at: 0x1C00_9000, [1, 2], flags: 6),
      ])
    #expect(try load(bare).constants == [0x1C00_8000..<0x1C00_8005])
  }

  @Test func `without sections the executable segments are the code`() throws {
    let bare = try load(ELFBuilder(entry: 0x1C00_0000, [ELFBuilder.Segment(at: 0x1C00_0000, [1, 0], flags: 5)]))
    #expect(bare.code.map(\.address) == [0x1C00_0000])
    #expect(bare.symbols.all.isEmpty)
  }
}

@Suite struct BuildAttributesTests {
  func attributes(_ architecture: String, flags: UInt32 = 1) throws -> BuildAttributes {
    var builder = ELFBuilder(program: program)
    builder.flags = flags
    builder.sections.append(
      ELFBuilder.Section(
        ".riscv.attributes", type: 0x7000_0003, ELFBuilder.attributes(architecture: architecture)))
    return try load(builder).attributes
  }

  @Test func `what this core executes gives no warning`() throws {
    let found = try attributes("rv32i2p1_m2p0_c2p0_zicsr2p0_zifencei2p0_zmmul1p0_zca1p0")
    #expect(found.architecture == "rv32i2p1_m2p0_c2p0_zicsr2p0_zifencei2p0_zmmul1p0_zca1p0")
    #expect(found.extensions == ["i", "m", "c", "zicsr", "zifencei", "zmmul", "zca"])
    #expect(found.stackAlignment == 16)
    #expect(found.usesCompressed)
    #expect(found.warnings.isEmpty)
  }

  @Test(arguments: [
    ("rv32imafdc", ["a", "f", "d"]), ("rv32i2p0_a2p0_zba1p0_zbb1p0", ["a", "zba", "zbb"]),
    ("rv32imc_zfh", ["zfh"]), ("rv32imcxpulpv2", ["xpulpv2"]), ("rv32gcv", ["a", "f", "d", "v"]),
    ("rv32imc_zfinx1p0", ["zfinx"]), ("rv32imc_zvl128b1p0", ["zvl128b"]),
  ])
  func `each extension that the core lacks is named`(architecture: String, missing: [String]) throws {
    let warnings = try attributes(architecture).warnings
    #expect(warnings.count == missing.count)
    for (warning, name) in zip(warnings, missing) {
      #expect(warning.contains("extension \(name.prefix(1).uppercased())\(name.dropFirst()),"))
    }
  }

  @Test func `ABIs that do not fit are named`() throws {
    #expect(try attributes("rv32imc", flags: 3).warnings.first?.contains("single-precision") == true)
    #expect(try attributes("rv32imc", flags: 9).warnings.first?.contains("E base") == true)
    #expect(try attributes("rv32ec", flags: 9).warnings.count == 1)
    #expect(try attributes("rv64imc").warnings.first?.contains("rv64imc") == true)
  }

  @Test func `damaged attributes are read as far as they go`() {
    let whole = ELFBuilder.attributes(architecture: "rv32imc")
    for count in 0...whole.count {
      let found = BuildAttributes(flags: 0, section: Array(whole[..<count]))
      #expect(found.architecture == (count == whole.count ? "rv32imc" : nil))
    }
    var random = SplitMix64(seed: 1)
    for _ in 0..<2000 {
      var bytes = whole
      for _ in 0..<3 { bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random) }
      _ = BuildAttributes(flags: 0, section: bytes).warnings
    }
  }
}
