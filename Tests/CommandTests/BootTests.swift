// From the SPI flash to the program: `pulpemu flash-image` writes an image, the boot ROM loads it through the uDMA.

import Foundation
import TestSupport
import Testing

/// A flash image that can be spoilt on purpose, written from the description in firmware/boot/boot_rom.S.
private struct FlashContents {
  var entry: UInt32 = 0x1C00_8080
  /// Offset in the flash, address, bytes.
  var areas: [(offset: UInt32, address: UInt32, data: [UInt8])]
  var count: UInt32?
  /// As PULP's tools write it; nil: the right one.
  var crc: UInt32?

  init(_ program: Assembly) { areas = [(0x1000, program.base, program.bytes)] }

  var bytes: [UInt8] {
    var header = littleEndian(0) + littleEndian(count ?? UInt32(areas.count))
    header += littleEndian(entry) + littleEndian(0x1C00_0000)
    for area in areas {
      header += littleEndian(area.offset) + littleEndian(area.address) + littleEndian(UInt32(area.data.count))
      header += littleEndian(UInt32((area.data.count + 4095) / 4096))
    }
    header += [UInt8](repeating: 0, count: 16 + 64 * areas.count - header.count)
    var bytes = header + littleEndian(crc ?? Self.crc32(header))
    for area in areas {
      bytes += [UInt8](repeating: 0, count: max(0, Int(area.offset & 0xFF_FFFF) - bytes.count)) + area.data
    }
    return bytes
  }

  /// CRC-32, a bit at a time, as in the definition.
  static func crc32(_ bytes: [UInt8]) -> UInt32 {
    var crc: UInt32 = .max
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 != 0 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
    return ~crc
  }
}

extension Emulator {
  /// Boots `image` from flash.
  fileprivate func boot(_ image: [UInt8]) throws -> ProcessOutcome {
    let path = try write("flash-\(UUID().uuidString.prefix(8)).img", image)
    return try run("run", "--boot", "rom", "--spi-flash", path, "--max-cycles", "50000000")
  }
}

@Suite struct BootTests {
  @Test func `CRC-32 is that of the standard`() {
    // The check value of the CRC catalogues.
    #expect(FlashContents.crc32(Array("123456789".utf8)) == 0xCBF4_3926)
  }

  @Test(arguments: ["p8", "p7"])
  func `a program boots from the image that flash-image writes, with and without its ELF`(profile: String) throws {
    try Emulator.inFolder { emulator in
      let elf = try emulator.image(Sample.printing("Booted.\n", code: 5))
      let written = try emulator.run("flash-image", elf, "-o", "image")
      #expect(written.status == 0)
      #expect(written.text.contains("entry 0x1C008080"))
      let options = ["run", "--boot", "rom", "--spi-flash", "image", "--profile", profile, "--strict"]
      let alone = try emulator.run(options)
      #expect(alone.status == 5 && alone.text == "Booted.\n")
      let withSymbols = try emulator.run(options + ["--stats", "stats", elf])
      #expect(withSymbols.status == 5 && withSymbols.text == "Booted.\n")
      #expect(withSymbols.lastErrorLine == alone.lastErrorLine)
      // The header and the area, behind 20 edges of the reference clock: at least 9 periods of 1525 cycles.
      let cycles = try #require(try emulator.object("stats")["cycles"] as? Int)
      #expect((13_725..<300_000).contains(cycles))
      // The flash is not what runs: the file is as it was.
      #expect(try emulator.run("flash-image", elf, "-o", "again", "--quiet").text.isEmpty)
      #expect(FileManager.default.contentsEqual(atPath: emulator.path("image"), andPath: emulator.path("again")))
    }
  }

  @Test func `an image is laid out as PULP's tools do, with the areas' CRCs and zeros in their padding`() throws {
    try Emulator.inFolder { emulator in
      let program = Sample.exit(0)
      let elf = try emulator.image(program) { builder in
        builder.segments.append(.init(at: 0x1C01_0002, Array("data!".utf8), memorySize: 300))
      }
      #expect(try emulator.run("flash-image", elf, "--output", "image").status == 0)
      let bytes = [UInt8](try Data(contentsOf: emulator.folder.appendingPathComponent("image")))
      func word(_ offset: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << UInt32(8 * $1) }
      }
      // flash_v2_header_t: behind the image, areas, entry, boot address; then start, address, size and blocks of each.
      #expect([0, 4, 8, 12].map(word) == [UInt32(bytes.count), 2, program.base, 0x1C00_0000])
      #expect([16, 20, 24, 28].map(word) == [0x1000, program.base, UInt32(program.bytes.count), 1])
      #expect([32, 36, 40, 44].map(word) == [0x2000, 0x1C01_0002, 5, 1])
      #expect(word(48) == 0x4D45_5042)
      #expect([52, 56].map(word) == [0, FlashContents.crc32(program.bytes)])
      #expect([60, 64].map(word) == [295, FlashContents.crc32(Array("data!".utf8))])
      #expect(word(16 + 64 * 2) == FlashContents.crc32(Array(bytes[..<(16 + 64 * 2)])))
      #expect(Array(bytes[0x1000..<0x1000 + program.bytes.count]) == program.bytes)
      #expect(Array(bytes[0x2000..<0x2005]) == Array("data!".utf8))
      #expect(bytes.count == 0x2008)
    }
  }

  @Test func `an image of PULP's tools boots too: without our extras, with a CRC or none`() throws {
    try Emulator.inFolder { emulator in
      var contents = FlashContents(Sample.printing("PULP\n", code: 3))
      let outcome = try emulator.boot(contents.bytes)
      #expect(outcome.text == "PULP\n")
      contents.crc = 0
      #expect(try emulator.boot(contents.bytes).status == 3)
      // An area in the data alias at 0 goes to L2; a second one with an odd size at an odd place.
      contents.areas[0].address &= 0xFFFFF
      contents.areas.append((0x3001, 0x1C02_0003, Array("odd".utf8)))
      #expect(try emulator.boot(contents.bytes).status == 3)
    }
  }

  @Test func `zeros behind an area are cleared, and areas arrive byte for byte wherever they lie`() throws {
    try Emulator.inFolder { emulator in
      // The ROM reads the header to the start of L2 first, so that memory is not clean there.
      let random = (0..<9001).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 13) }
      let elf = try emulator.image(Sample.exit(0)) { builder in
        builder.segments.append(.init(at: 0x1C00_0000, [1, 2, 3], memorySize: 0x1001))
        builder.segments.append(.init(at: 0x1C01_0005, random))
        let symbols: [(String, UInt32)] = [("low", 0x1C00_0000), ("high", 0x1C01_0005)]
        builder.symbols += symbols.map { ELFBuilder.Symbol($0.0, $0.1, section: 0xFFF1) }
      }
      #expect(try emulator.run("flash-image", elf, "-o", "image").status == 0)
      let outcome = try emulator.run(
        "run", "--quiet", "--boot", "rom", "--spi-flash", "image", "--dump", "low:u8:4097", "--dump", "high:u8:9001",
        elf)
      #expect(outcome.status == 0)
      let lines = outcome.text.split(separator: "\n")
      try #require(lines.count == 2)
      let low = [1, 2, 3] + [Int](repeating: 0, count: 4094)
      #expect(lines[0] == "low = \(low.map(String.init).joined(separator: " "))")
      #expect(lines[1] == "high = \(random.map { String($0) }.joined(separator: " "))")
    }
  }

  @Test func `more segments than the ROM can load are joined`() throws {
    try Emulator.inFolder { emulator in
      let elf = try emulator.image(Sample.printing("20 segments\n")) { builder in
        for index in 0..<20 { builder.segments.append(.init(at: 0x1C01_0000 + UInt32(index) * 100, [UInt8(index)])) }
        builder.symbols.append(.init("cells", 0x1C01_0000, section: 0xFFF1))
      }
      let written = try emulator.run("flash-image", elf, "-o", "image")
      #expect(written.text.contains("area 15:") && !written.text.contains("area 16:"))
      let outcome = try emulator.run(
        "run", "--quiet", "--boot", "rom", "--spi-flash", "image", "--dump", "cells:u8:1901", elf)
      let cells = (0...1900).map { $0 % 100 == 0 ? String($0 / 100) : "0" }
      #expect(outcome.text == "20 segments\ncells = \(cells.joined(separator: " "))\n")
    }
  }

  @Test func `an erased, absent, broken or short image is told by the ROM, which ends with a code of its own`() throws {
    try Emulator.inFolder { emulator in
      func expect(_ image: [UInt8], _ status: Int32, _ text: String, line: Int = #line) throws {
        let outcome = try emulator.boot(image)
        let location = SourceLocation(fileID: #fileID, filePath: #filePath, line: line, column: 1)
        #expect(outcome.status == status, "\(outcome.text)\(outcome.errors)", sourceLocation: location)
        #expect(outcome.text.hasPrefix("boot ROM: ") && outcome.text.contains(text), sourceLocation: location)
        #expect(outcome.lastErrorLine.hasPrefix("pulpemu: exit"), sourceLocation: location)
      }
      let good = FlashContents(Sample.exit(0))
      try expect([], 181, "no image")
      try expect([UInt8](repeating: 0, count: 5000), 181, "no image")
      try emulator.write("bare.yaml", "name: bare\n")
      #expect(try emulator.run("run", "--boot", "rom", "--board", "bare.yaml").status == 181)

      var broken = good.bytes
      broken[9] ^= 0x10
      try expect(broken, 182, "header")
      var many = good
      many.count = 17
      try expect(many.bytes, 182, "header")
      try expect(Array("\u{7F}ELF this is something else".utf8), 182, "header")

      for entry: UInt32 in [0x1C00_8081, 0x1C09_0000, 0x1BFF_FFFE, 0x80, 0x1A00_0080] {
        var bad = good
        bad.entry = entry
        try expect(bad.bytes, 183, "entry")
      }
      for address: UInt32 in [0x1C08_FFFF, 0x1BFF_FFFC, 0x1000_0000, 0xFFFF_FFFC, 0x0010_0000] {
        var bad = good
        bad.areas.append((0x2000, address, [1, 2]))
        try expect(bad.bytes, 184, "area 1 ")
      }
      var far = good
      far.areas.append((0xFFFF_FFFE, 0x1C01_0000, [1, 2, 3]))
      try expect(Array(far.bytes.prefix(0x2000)), 184, "area 1 ")

      let elf = try emulator.image(Sample.exit(0)) { builder in
        for index in 0..<11 { builder.segments.append(.init(at: 0x1C01_0000 + UInt32(index) * 64, [1, 2, 3, 4])) }
      }
      #expect(try emulator.run("flash-image", elf, "-o", "image").status == 0)
      let whole = [UInt8](try Data(contentsOf: emulator.folder.appendingPathComponent("image")))
      #expect(try emulator.boot(whole).status == 0)
      var flipped = whole
      flipped[0x1000] ^= 1
      try expect(flipped, 185, "area 0 of")
      try expect(Array(whole.dropLast(8)), 185, "area 11 of")

      var full = good
      full.areas = [(0x1000, 0x1C00_0000, [UInt8](repeating: 0x13, count: 0x8FC00))]
      try expect(full.bytes, 186, "leaves no")
    }
  }

  @Test func `the boot mode pins choose`() throws {
    try Emulator.inFolder { emulator in
      let image = try emulator.image(Sample.exit(9))
      #expect(try emulator.run("run", "--boot", "rom", "--bootsel", "3", image).status == 9)
      let waiting = try emulator.run("run", "--boot", "rom", "--bootsel", "1", image)
      #expect(waiting.status == 120)
      #expect(waiting.lastErrorLine.contains("waits for a debugger"))
      #expect(waiting.lastErrorLine.contains("boot ROM, boot_debugger"))
      #expect(try emulator.run("run", "--boot", "rom", "--bootsel", "0", image).status == 180)
      #expect(try emulator.run("run", "--boot", "rom", "--bootsel", "4", image).status == 64)
      // Without a program there is only the flash to start from.
      #expect(try emulator.run("run").status == 64)
      #expect(try emulator.run("run", "--boot", "rom", "--bootsel", "3").status == 64)
    }
  }

  @Test func `flash-image refuses what is no firmware, and leaves no file behind`() throws {
    try Emulator.inFolder { emulator in
      let text = try emulator.write("text", "no ELF")
      #expect(try emulator.run("flash-image", text, "-o", "image").status == 65)
      #expect(try emulator.run("flash-image", "missing", "-o", "image").status == 66)
      let outside = try emulator.image(Assembly(at: 0x8000_0000) { $0.exit(0) })
      #expect(try emulator.run("flash-image", outside, "-o", "image").status == 65)
      #expect(!FileManager.default.fileExists(atPath: emulator.path("image")))
      let good = try emulator.image(Sample.exit(0))
      #expect(try emulator.run("flash-image", good, "-o", "no/such/folder").status == 73)
      #expect(try emulator.run("flash-image", good).status == 64)
    }
  }
}
