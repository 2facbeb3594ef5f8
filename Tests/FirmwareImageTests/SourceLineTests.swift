// Lines of a program that the cross assembler made.

import Foundation
import Testing
import TestSupport

import FirmwareImage

@Suite struct SourceLineTests {
  @Test func `an address has the file, line and function that the assembler recorded`() throws {
    try Repository.withTemporaryDirectory { folder in
      let source = """
        .globl _start
        .type _start, @function
        _start:
          nop
          .option push
          .option norvc
          addi a0, a0, 1
          .option pop
        1: j 1b
        .size _start, . - _start

        """
      try source.write(to: folder.appendingPathComponent("start.S"), atomically: true, encoding: .utf8)
      let built = try run(
        "riscv64-unknown-elf-gcc",
        [
          "-march=rv32imc", "-mabi=ilp32", "-g", "-nostdlib", "-Wl,-Ttext=0x1C008080", "start.S", "-o", "start.elf",
        ], directory: folder.path)
      try #require(built.status == 0, "\(built.errors)")
      let image = try FirmwareImage.load(path: folder.appendingPathComponent("start.elf").path)
      #expect(image.entry == 0x1C00_8080)
      #expect(image.attributes.extensions.starts(with: ["i", "m", "c"]))
      let lines = SourceLines(image)
      let location = try #require(lines.location(of: 0x1C00_8082))
      #expect(location.file.hasSuffix("start.S"))
      #expect(location.line == 7)
      #expect(location.function == "_start")
      #expect(lines.location(of: 0x1C00_8080)?.line == 4)
      #expect(lines.location(of: 0x1C00_8086)?.line == 9)
      #expect(lines.location(of: 0x1C00_807E) == nil)
      #expect(lines.location(of: 0x1C00_9000) == nil)
      #expect(lines.addresses(ofLine: 7, in: "start.S") == [0x1C00_8082])
    }
  }

  @Test func `an image without debugging information has no lines`() throws {
    let lines = SourceLines(try load(ELFBuilder(program: program)))
    #expect(lines.location(of: 0x1C00_8080) == nil)
  }
}
