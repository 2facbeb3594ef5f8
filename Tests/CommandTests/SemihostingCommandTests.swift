// `--semihosting`: programs that call the host, and what of the host they cannot reach.

import Foundation
import TestSupport
import Testing

extension Assembly {
  /// A semihosting call with the address of its block.
  fileprivate func call(_ operation: UInt32, _ parameter: UInt32) {
    li(.a0, operation)
    li(.a1, parameter)
    word(0x01F0_1013)
    ebreak()
    word(0x4070_5013)
  }
}

/// A program that opens a file, writes to it if it can, and ends with the handle or, negated, with the error.
private struct FileProgram {
  static let block: UInt32 = 0x1C01_0000
  static let name: UInt32 = 0x1C01_0100
  static let text: UInt32 = 0x1C01_0400

  static func image(_ emulator: Emulator, _ name: String, mode: UInt32) throws -> String {
    let program = Assembly { p in
      p.call(0x01, block)
      p.addi(.s0, .a0, 0)
      p.addi(.t0, .zero, -1)
      p.beq(.a0, .t0, "failed")
      p.li(.t1, block + 16)
      p.sw(.s0, 0, .t1)
      p.call(0x05, block + 16)
      p.exit(0)
      p.label("failed")
      p.call(0x13, 0)
      p.li(.t0, 0x8000_0000)
      p.add(.a0, .a0, .t0)
      p.li(.t0, 0x1A10_40A0)
      p.sw(.a0, 0, .t0)
    }
    let bytes = Array(name.utf8)
    let words = [self.name, mode, UInt32(bytes.count), 0, 0, text, 5]
    return try emulator.image(program) { builder in
      builder.segments.append(.init(at: block, words.flatMap(littleEndian)))
      builder.segments.append(.init(at: self.name, bytes + [0]))
      builder.segments.append(.init(at: text, Array("text\n".utf8)))
    }
  }
}

@Suite struct SemihostingCommandTests {
  @Test(arguments: [
    [], ["--set", "core.blockEngine=false"], ["--set", "core.alwaysStepped=true"], ["--timing", "none"],
  ])
  func `a call prints, returns its result, and costs a flushed pipeline in every engine`(options: [String]) throws {
    try Emulator.inFolder { emulator in
      let image = try emulator.image(
        Assembly { p in
          p.csrw(0x320, .zero)
          p.csrr(.s0, 0xB00)
          p.call(0x31, 0)
          p.csrr(.s1, 0xB00)
          p.addi(.s2, .a0, 0)
          p.call(0x04, 0x1C01_0000)
          p.sub(.s1, .s1, .s0)
          p.li(.t0, 0x1C01_0100)
          p.sw(.s1, 0, .t0)
          p.sw(.s2, 4, .t0)
          p.li(.t0, 0x2_0026)
          p.call(0x18, 0x2_0026)
          p.exit(9)
        }
      ) { builder in
        builder.segments.append(.init(at: 0x1C01_0000, Array("called\n\0".utf8), memorySize: 0x200))
        builder.symbols.append(.init("numbers", 0x1C01_0100, size: 8, section: 0xFFF1))
      }
      let outcome = try emulator.run(["run", "--semihosting", "--dump", "numbers"] + options + [image])
      #expect(outcome.status == 0, "\(outcome.errors)")
      let lines = outcome.text.split(separator: "\n")
      try #require(lines.count == 2)
      #expect(lines[0] == "called")
      let numbers = lines[1].split(separator: " ").compactMap { Int($0) }
      // 32768 Hz times the 1525 of the FLL's reset setting; two li, two shifts, ebreak with a flush of 3, csrr.
      #expect(numbers.last == 49_971_200)
      #expect(numbers.first == (options.contains("none") ? 8 : numbers.first) && (5...16).contains(numbers.first ?? 0))
    }
  }

  /// A program that asks for its end with `before` in front of the EBREAK; its trap handler ends with 10h + cause.
  private static func trap(_ emulator: Emulator, _ before: UInt32) throws -> String {
    try emulator.image(
      Assembly { p in
        p.li(.t0, 0x1C00_8200)
        p.csrw(0x305, .t0)
        p.li(.a0, 0x18)
        p.li(.a1, 0x2_0026)
        p.word(before)
        p.ebreak()
        p.word(0x4070_5013)
        p.align(to: 0x1C00_8200)
        p.csrr(.a0, 0x342)
        p.li(.t0, 0x8000_0010)
        p.add(.a0, .a0, .t0)
        p.li(.t0, 0x1A10_40A0)
        p.sw(.a0, 0, .t0)
      })
  }

  @Test func `without the option EBREAK is an exception, and so is one that is no call`() throws {
    try Emulator.inFolder { emulator in
      let (call, other) = (try Self.trap(emulator, 0x01F0_1013), try Self.trap(emulator, 0x0000_0013))
      #expect(try emulator.run("run", call).status == 0x13)
      #expect(try emulator.run("run", "--semihosting", other).status == 0x13)
      #expect(try emulator.run("run", "--semihosting", call).status == 0)
    }
  }

  @Test func `files are those of the named folder, and without a folder there are none`() throws {
    try Emulator.inFolder { emulator in
      try FileManager.default.createDirectory(atPath: emulator.path("open/sub"), withIntermediateDirectories: true)
      let image = try FileProgram.image(emulator, "sub/./file", mode: 4)
      #expect(try emulator.run("run", "--semihosting-directory", "open", image).status == 0)
      #expect(try emulator.text("open/sub/file") == "text\n")
      let append = try FileProgram.image(emulator, "sub//file", mode: 8)
      #expect(try emulator.run("run", "--semihosting", "--semihosting-directory", "open", append).status == 0)
      #expect(try emulator.text("open/sub/file") == "text\ntext\n")
      let refused = try emulator.run("run", "--semihosting", image)
      #expect(refused.status == 13)
      #expect(refused.errors.contains("--semihosting-directory"))
      #expect(try emulator.run("run", "--semihosting-directory", "missing", image).status == 66)
      #expect(try emulator.run("run", "--semihosting-directory", image, image).status == 66)
      #expect(try emulator.run("run", "--semihosting-arguments", "x", image).status == 64)
    }
  }

  @Test(
    arguments: [
      ("../secret", 13), ("sub/../../secret", 13), ("/etc/passwd", 13), ("link", 13), ("linked/secret", 13),
      ("sub/..", 13), ("..", 13), (".", 13), ("", 22), ("sub", 21), ("pipe", 13), ("none/file", 2), ("missing", 2),
      ("se\0cret", 22),
    ] as [(String, Int32)])
  func `no name leads out of the folder or to what is no file`(name: String, error: Int32) throws {
    try Emulator.inFolder { emulator in
      try FileManager.default.createDirectory(atPath: emulator.path("open/sub"), withIntermediateDirectories: true)
      try emulator.write("secret", "secret")
      symlink("../secret", emulator.path("open/link"))
      symlink("..", emulator.path("open/linked"))
      mkfifo(emulator.path("open/pipe"), 0o600)
      for mode: UInt32 in name == "missing" ? [0, 2] : [0, 4, 8] {
        let image = try FileProgram.image(emulator, name, mode: mode)
        let outcome = try emulator.run("run", "--semihosting-directory", "open", image, limit: 20)
        #expect(outcome.status == error, "mode \(mode): \(outcome.errors)")
        if error == 13 { #expect(outcome.errors.contains("semihosting: no access to")) }
      }
      #expect(try emulator.text("secret") == "secret")
      let left = try FileManager.default.contentsOfDirectory(atPath: emulator.path("open")).sorted()
      #expect(left == ["link", "linked", "pipe", "sub"])
    }
  }

  @Test func `what is typed on standard input is read as it comes`() throws {
    try Emulator.inFolder { emulator in
      let image = try emulator.image(
        Assembly { p in
          p.call(0x07, 0)
          p.addi(.s0, .a0, 0)
          p.call(0x07, 0)
          p.sub(.s0, .s0, .a0)
          p.li(.t0, 0x8000_0000)
          p.add(.s0, .s0, .t0)
          p.li(.t0, 0x1A10_40A0)
          p.sw(.s0, 0, .t0)
        })
      let outcome = try TestSupport.run(
        Repository.pulpemu, ["run", "--semihosting", image], input: Array("cA".utf8), limit: 60)
      #expect(outcome.status == 0x63 - 0x41)
      // Nothing more: -1.
      let end = try TestSupport.run(Repository.pulpemu, ["run", "--semihosting", image], input: [0x10], limit: 60)
      #expect(end.status == 0x11)
    }
  }
}
