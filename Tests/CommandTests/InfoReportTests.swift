// The text of `pulpemu info`.

import EmulatorCommands
import FirmwareImage
import Testing
import TestSupport

@Suite struct InfoReportTests {
  let memory = [
    MemoryRange(name: "private bank 0", base: 0x1C00_0000, size: 0x8000),
    MemoryRange(name: "private bank 1", base: 0x1C00_8000, size: 0x8000),
  ]

  func report(_ builder: ELFBuilder) throws -> InfoReport {
    InfoReport(
      try FirmwareImage(path: "test.elf", bytes: builder.build()), memory: memory, aliases: [],
      decode: { word in word & 3 == 3 ? (4, word != 0xFFFF_FFFF) : (2, word & 0xFFFF != 0x9C41) })
  }

  @Test func `segments, entry, use of banks and wanted symbols are listed`() throws {
    var builder = ELFBuilder(program: [0x13, 0x6F])
    builder.segments.append(ELFBuilder.Segment(at: 0x1C00_7E00, [1, 2, 3], memorySize: 0x200, flags: 6))
    builder.symbols.append(.init("tohost", 0x1C00_8000, size: 8, type: 1))
    let report = try report(builder)
    #expect(report.misfit == nil)
    for line in [
      "entry     0x1C008080 (_start)", "  0  0x1C008080-0x1C008087  RWX  8 bytes, 8 of them in the file",
      "  1  0x1C007E00-0x1C007FFF  RW-  512 bytes, 3 of them in the file",
    ] {
      #expect(report.text.contains(line + "\n"))
    }
    #expect(report.text.contains("  tohost: 0x1C008000, 8 bytes ("))
    #expect(report.text.contains("  begin_signature: none ("))
  }

  @Test func `a bank's share counts the zero-filled bytes, and a segment across two banks counts in both`() throws {
    var builder = ELFBuilder(program: [0x13, 0x6F])
    builder.segments.append(ELFBuilder.Segment(at: 0x1C00_7F00, [1, 2, 3], memorySize: 0x110, flags: 6))
    let text = try report(builder).text
    #expect(text.contains("  private bank 0 at 0x1C000000: 256 of 32768 bytes, 0.8 %\n"))
    #expect(text.contains("  private bank 1 at 0x1C008000: 24 of 32768 bytes, 0.1 %\n"))
  }

  @Test func `instructions that the core lacks are listed with address and symbol`() throws {
    let text = try report(ELFBuilder(program: [0x13, 0xFFFF_FFFF, 0x0001_9C41, 0])).text
    #expect(text.contains("code      4 instructions, 2 outside rv32imc_zicsr_zifencei\n"))
    #expect(text.contains("  0x1C008084 (_start+0x4): 0xFFFFFFFF\n"))
    #expect(text.contains("  0x1C008088 (_start+0x8): 0x9C41\n"))
  }

  @Test func `an image that does not fit is described and refused`() throws {
    let report = try report(ELFBuilder(program: [0x13], at: 0x8000_0000))
    #expect(report.misfit?.exitStatus == 65)
    #expect(report.text.contains("memory    does not fit this machine\n"))
    #expect(report.text.contains("entry     0x80000000 (_start)\n"))
  }
}
