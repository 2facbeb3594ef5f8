// `pulpemu run` from outside: exit statuses, messages, and what goes to which file, as the contract (`cli.md`) has it.

import Foundation
import TestSupport
import Testing

/// Programs that the command is tried on.
enum Sample {
  static func exit(_ code: UInt32) -> Assembly { Assembly { $0.exit(code) } }
  static var loop: Assembly {
    Assembly { p in
      p.label("loop")
      p.j("loop")
    }
  }
  /// Prints `text` on the virtual stdout, then ends with `code`.
  static func printing(_ text: String, code: UInt32 = 0) -> Assembly {
    Assembly { p in
      p.li(.t0, 0x1A10_FF80)
      for byte in text.utf8 {
        p.addi(.t1, .zero, Int(byte))
        p.sw(.t1, 0, .t0)
      }
      p.exit(code)
    }
  }
}

@Suite struct ExitStatusTests {
  @Test(
    arguments: [(0, 0), (1, 1), (99, 99), (255, 255), (256, 255), (0x100 * 3, 255), (0x7FFF_FFFF, 255), (300, 44)]
      as [(UInt32, Int32)])
  func `the firmware's exit code is the status: its low byte, or 255 if only that is 0`(
    code: UInt32, status: Int32
  ) throws {
    try Emulator.inFolder { emulator in
      let outcome = try emulator.run("run", emulator.image(Sample.exit(code)))
      #expect(outcome.status == status)
      #expect(outcome.output.isEmpty)
      #expect(outcome.lastErrorLine.hasPrefix("pulpemu: exit "))
      #expect(outcome.lastErrorLine.contains("code \(code)"))
    }
  }

  @Test func `limits end with 124, and with the cycle in the last line`() throws {
    try Emulator.inFolder { emulator in
      let image = try emulator.image(Sample.loop)
      for options in [["--max-cycles", "1000"], ["--max-instructions", "500"], ["--timeout", "0.2"]] {
        let outcome = try emulator.run(["run"] + options + [image])
        #expect(outcome.status == 124)
        #expect(outcome.lastErrorLine.hasPrefix("pulpemu: limit "))
      }
      #expect(try emulator.run("run", "--max-cycles", "1000", image).lastErrorLine.contains("cycle 1000,"))
    }
  }

  @Test func `a lock-up ends with 120 and says where and why`() throws {
    try Emulator.inFolder { emulator in
      let outcome = try emulator.run("run", emulator.image(Assembly { $0.wfi() }))
      #expect(outcome.status == 120)
      #expect(outcome.lastErrorLine.hasPrefix("pulpemu: lockup "))
      #expect(outcome.lastErrorLine.contains("FC_ITC.MASK"))
      #expect(outcome.lastErrorLine.contains("0x1C008084"))
      let hang = try emulator.run(
        "run",
        emulator.image(
          Assembly { p in
            p.li(.t0, 0x1020_0000)
            p.lw(.t1, 0, .t0)
          }))
      #expect(hang.status == 120)
      #expect(hang.lastErrorLine.contains("0x10200000"))
      #expect(hang.lastErrorLine.contains("_start+0x8"))
    }
  }

  @Test func `strict ends with 121: unmapped access, store to the ROM, execution of data`() throws {
    try Emulator.inFolder { emulator in
      func strict(_ image: String) throws {
        #expect(try emulator.run("run", image).status == 3)
        let outcome = try emulator.run("run", "--strict", image)
        #expect(outcome.status == 121)
        #expect(outcome.lastErrorLine.hasPrefix("pulpemu: strict "))
      }
      for address: UInt32 in [0x2000_0000, 0x1A00_0100, 0x1A10_7004] {
        try strict(
          emulator.image(
            Assembly { p in
              p.store(1, at: address)
              p.nops(10)
              p.exit(3)
            }))
      }
      let jump = Assembly { p in
        p.li(.t0, 0x1C00_A000)
        p.jr(.t0)
      }
      let data = ELFBuilder.Segment(at: 0x1C00_A000, Assembly(at: 0x1C00_A000) { $0.exit(3) }.bytes, flags: 6)
      try strict(
        emulator.image(jump) { builder in
          builder.segments[0].flags = 5
          builder.segments.append(data)
        })
      // An image that does not tell code from data may run anywhere.
      let untold = try emulator.image(jump) { builder in
        builder.segments[0].flags = 6
        builder.segments.append(data)
      }
      #expect(try emulator.run("run", "--strict", untold).status == 3)
    }
  }

  @Test func `Ctrl-C ends with 130, with complete statistics`() throws {
    try Emulator.inFolder { emulator in
      let image = try emulator.image(Sample.loop)
      let process = Process()
      process.executableURL = URL(fileURLWithPath: Repository.pulpemu)
      process.arguments = ["run", "--stats", emulator.path("stats.json"), "--dump", "_start:hex:1", image]
      let output = Pipe()
      let errors = Pipe()
      process.standardOutput = output
      process.standardError = errors
      try process.run()
      // The handler is there before the machine runs; until then the signal would simply end the process.
      for _ in 0..<400 where process.isRunning {
        usleep(50_000)
        if Self.catchesInterrupt(process.processIdentifier) { break }
      }
      kill(process.processIdentifier, SIGINT)
      process.waitUntilExit()
      #expect(process.terminationReason == .exit)
      #expect(process.terminationStatus == 130)
      let line = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      #expect(line.hasPrefix("pulpemu: interrupted "))
      #expect(
        String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self) == "_start = 0x0000006f\n")
      let stats = try emulator.object("stats.json")
      #expect((stats["exit"] as? [String: Any])?["reason"] as? String == "interrupted")
      #expect((stats["cycles"] as? Int ?? 0) > 0)
    }
  }

  /// True if the process has a handler for SIGINT, as /proc says.
  static func catchesInterrupt(_ process: Int32) -> Bool {
    guard let status = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8),
      let line = status.split(separator: "\n").first(where: { $0.hasPrefix("SigCgt:") }),
      let mask = UInt64(line.dropFirst(7).trimmingCharacters(in: .whitespaces), radix: 16)
    else { return false }
    return mask >> UInt64(SIGINT - 1) & 1 != 0
  }

  @Test func `a time limit ends arithmetic that would take hours`() throws {
    try Emulator.inFolder { emulator in
      let image = try emulator.image(
        Assembly { p in
          // LINEAR with argmax, 65535 in every dimension, rows that overlap; then sleep until it is done.
          p.li(.s0, 0x1A10_C000)
          p.store(~(1 << 12), at: 0x1A10_6014)
          p.store(1 << 26, at: 0x1A10_9804)
          p.lw(.s1, 4, .s0)
          let words: [(Int, UInt32)] = [
            (0, 0x801), (2, .max), (3, 0x0004_FFFF), (4, 4), (5, 4 << 16), (6, 0x1C01_0000), (7, 0x1C01_0000),
            (12, 0x1C01_0000), (13, 1),
          ]
          for (index, word) in words {
            p.li(.t0, word)
            p.sw(.t0, 0x40 + 4 * index, .s0)
          }
          p.sw(.zero, 0, .s0)
          p.wfi()
          p.exit()
        })
      let outcome = try emulator.run("run", "--timeout", "0.5", "--stats", "s.json", image, limit: 60)
      #expect(!outcome.timedOut)
      #expect(outcome.status == 124)
      #expect(outcome.lastErrorLine.hasPrefix("pulpemu: limit the time limit"))
      let accelerator = try emulator.object("s.json")["accelerator"] as? [String: Any]
      #expect(accelerator?["macs"] as? Int == 65535 * 65535 * 65535)
    }
  }
}

@Suite struct RefusalTests {
  /// Runs `pulpemu` with `arguments` and expects a refusal that mentions `words`.
  func refuse(
    _ status: Int32, _ words: String, _ emulator: Emulator, _ arguments: [String],
    location: SourceLocation = #_sourceLocation
  ) throws {
    let outcome = try emulator.run(arguments)
    #expect(outcome.status == status, "\(arguments): \(outcome.errors)", sourceLocation: location)
    #expect(outcome.errors.contains(words), "\(arguments): \(outcome.errors)", sourceLocation: location)
    #expect(outcome.output.isEmpty, "\(arguments)", sourceLocation: location)
  }

  @Test func `wrong usage is refused with 64 and a sentence`() throws {
    try Emulator.inFolder { emulator in
      let image = try emulator.image(Sample.exit(0))
      let cases: [([String], String)] = [
        ([], "Missing expected argument"),
        (["--nonsense", image], "Unknown option"),
        (["--max-cycles", "many", image], "max-cycles"),
        (["--max-cycles", "-1", image], "max-cycles"),
        (["--profile", "p9", image], "--profile takes p8 or p7"),
        (["--boot", "flash", image], "--boot takes direct or rom"),
        (["--l2-interleaved", "1M", image], "256K or 512K"),
        (["--engine", "fast", image], "interpreter, translator or auto"),
        (["--timing", "fast", image], "rtl or none"),
        (["--timeout", "0", image], "--timeout"),
        (["--tohost", "maybe", image], "--tohost"),
        (["--set", "nothing", image], "PATH=VALUE"),
        (["--set", "accelerator.none=3", image], "no machine parameter 'accelerator.none'"),
        (["--set", "accelerator.macRows=banana", image], "accelerator.macRows takes 4...252"),
        (["--set", "accelerator.macRows=6", image], "multiple of 4"),
        (["--set", "core.xpulpCSRs=perhaps", image], "true or false"),
        (["--memory", "0x80000000", image], "BASE:SIZE"),
        (["--memory", "0x80000000:0", image], "BASE:SIZE"),
        (["--memory", "0x80000001:4K", image], "BASE:SIZE"),
        (["--memory", "0xFFFFF000:8K", image], "BASE:SIZE"),
        (["--memory", "0x1C000000:4K", image], "overlaps the L2"),
        (["--memory", "0x1C08FFFC:4K", image], "overlaps the L2"),
        (["--memory", "0xFFF00:4K", image], "overlaps the data alias"),
        (["--memory", "0x1A100000:4K", image], "overlaps the peripherals"),
        (["--memory", "0x1A000000:4K", image], "overlaps the boot ROM"),
        (["--memory", "0x10000000:4K", image], "overlaps the cluster plug"),
        (["--memory", "0x80000000:2M", "--memory", "0x801FFFFC:4", image], "overlaps another --memory"),
        (["--dump", "nothing", image], "no such symbol"),
        (["--dump", "_start:f32", image], "u8, i8"),
        (["--dump", "_start:u8:0", image], "count"),
        (["--dump", "_start:u8:1:1", image], "SYMBOL[:TYPE[:COUNT]]"),
        (["--dump", ":u8", image], "SYMBOL[:TYPE[:COUNT]]"),
        (["--load", "file", image], "FILE@ADDRESS"),
        (["--load", image + "@nowhere", image], "neither a number nor a symbol"),
        (["--load", image + "@_start+x", image], "not a number"),
        (["--signature", "out.sig", image], "begin_signature"),
      ]
      for (options, words) in cases { try refuse(64, words, emulator, ["run"] + options) }
      #expect(!FileManager.default.fileExists(atPath: emulator.path("out.sig")))
    }
  }

  @Test func `what is no RV32 little-endian executable, or does not fit, is refused with 65`() throws {
    try Emulator.inFolder { emulator in
      func refused(_ words: String, _ change: (inout ELFBuilder) -> Void) throws {
        let image = try emulator.image(Sample.exit(0), change: change)
        for command in ["run", "info", "overhead"] { try refuse65(words, [command, image]) }
      }
      func refuse65(_ words: String, _ arguments: [String]) throws {
        let outcome = try emulator.run(arguments)
        #expect(outcome.status == 65, "\(arguments) \(words): \(outcome.errors)")
        #expect(outcome.errors.contains(words), "\(arguments): \(outcome.errors)")
        #expect(!outcome.errors.contains("exit"), "\(outcome.errors)")
      }
      try refused("64-bit") { $0.elfClass = 2 }
      try refused("big-endian") { $0.dataEncoding = 2 }
      try refused("x86") { $0.machine = 3 }
      try refused("relocatable") { $0.type = 1 }
      try refused("nothing to load") { $0.segments = [] }
      try refused("overlap") { $0.segments.append(ELFBuilder.Segment(at: 0x1C00_8084, [1, 2, 3, 4])) }
      try refused("truncated") {
        $0.segments[0].fileSize = 0x10_0000; $0.segments[0].memorySize = 0x10_0000
      }
      try refused("does not fit") { $0.segments.append(ELFBuilder.Segment(at: 0x2000_0000, [1, 2, 3, 4])) }
      try refused("segment 1 (0x1C08FFF0-0x1C09000F)") {
        $0.segments.append(ELFBuilder.Segment(at: 0x1C08_FFF0, [], memorySize: 32))
      }
      try refused("entry 0x20000000") { $0.entry = 0x2000_0000 }
      try refused("cannot fetch") { $0.entry = 0x0000_8080 }
      try refused("odd") { $0.entry = 0x1C00_8081 }
      let text = try emulator.write("text.elf", "not an ELF file")
      try refuse65("not an ELF file", ["run", text])
      try refuse65("empty", ["run", emulator.write("empty.elf", [UInt8]())])
      // A raw file that does not fit.
      let good = try emulator.image(Sample.exit(0))
      try refuse65("do not fit", ["run", "--load", text + "@0x1C08FFFC", good])
      try refuse65("do not fit", ["run", "--load", text + "@0x1A000000", good])
      // 256 KiB fitted: the same image may not fit.
      let high = try emulator.image(Sample.exit(0)) {
        $0.segments.append(ELFBuilder.Segment(at: 0x1C04_FFF0, [], memorySize: 32))
        $0.segments.append(ELFBuilder.Segment(at: 0x1C01_0000, [1]))
      }
      #expect(try emulator.run("run", high).status == 0)
      #expect(try emulator.run("run", "--l2-interleaved", "256K", high).status == 65)
    }
  }

  @Test func `a segment in the data alias is loaded to L2`() throws {
    try Emulator.inFolder { emulator in
      let image = try emulator.image(
        Assembly { p in
          p.li(.t0, 0x1C00_9000)
          p.lw(.t1, 0, .t0)
          p.li(.t0, 0x1A10_40A0)
          p.sw(.t1, 0, .t0)
        }
      ) { $0.segments.append(ELFBuilder.Segment(at: 0x0000_9000, littleEndian(0x8000_0021))) }
      #expect(try emulator.run("run", image).status == 0x21)
    }
  }

  @Test func `a file that cannot be read is refused with 66`() throws {
    try Emulator.inFolder { emulator in
      let image = try emulator.image(Sample.exit(0))
      try refuse(66, "none.elf", emulator, ["run", "none.elf"])
      try refuse(66, "none.bin", emulator, ["run", "--load", "none.bin@_start", image])
      try refuse(66, emulator.folder.path, emulator, ["run", emulator.folder.path])
      for command in ["info", "overhead"] { try refuse(66, "none.elf", emulator, [command, "none.elf"]) }
    }
  }

  @Test func `an output that cannot be written is refused with 73 before anything runs`() throws {
    try Emulator.inFolder { emulator in
      let image = try emulator.image(Sample.printing("x"))
      try refuse(73, "nowhere/stats.json", emulator, ["run", "--stats", "nowhere/stats.json", image])
      try refuse(73, "is a directory", emulator, ["run", "--stats", emulator.folder.path, image])
      try refuse(73, "nowhere/s.json", emulator, ["overhead", "--stats", "nowhere/s.json", image])
    }
  }
}

@Suite struct OutputTests {
  @Test func `standard output carries what the firmware prints, and --quiet silences the emulator`() throws {
    try Emulator.inFolder { emulator in
      let image = try emulator.image(Sample.printing("Hello, \u{7F}!\n", code: 5))
      let outcome = try emulator.run("run", image)
      #expect(outcome.text == "Hello, \u{7F}!\n")
      #expect(outcome.errors.hasPrefix("pulpemu: exit the firmware ended with code 5, after "))
      let quiet = try emulator.run("run", "--quiet", image)
      #expect(quiet.output == outcome.output)
      #expect(quiet.errors.isEmpty)
      #expect(quiet.status == 5)
      // Refusals and errors are not silenced: 64 to 121.
      let lockup = try emulator.run("run", "--quiet", emulator.image(Assembly { $0.wfi() }))
      #expect(
        lockup.status == 120 && lockup.errors.hasPrefix("pulpemu: lockup ")
          && lockup.errors.count(where: \.isNewline) == 1)
      #expect(try emulator.run("run", "--quiet", "--max-cycles", "9", emulator.image(Sample.loop)).errors.isEmpty)
      #expect(!(try emulator.run("run", "--quiet", "none.elf").errors.isEmpty))
    }
  }

  @Test func `remarks about the firmware's behaviour go to standard error with cycle and place`() throws {
    try Emulator.inFolder { emulator in
      let image = try emulator.image(
        Assembly { p in
          p.store(1, at: 0x2000_0000)
          p.exit()
        })
      let outcome = try emulator.run("run", image)
      #expect(outcome.errors.contains("pulpemu: cycle 5, at 0x1C008090 (_start+0x10): store to 0x20000000"))
      #expect(try emulator.run("run", "--quiet", image).errors.isEmpty)
    }
  }

  @Test func `--dump prints every type, whatever the reason of the end, also in JSON and with --quiet`() throws {
    try Emulator.inFolder { emulator in
      let bytes: [UInt8] = [0x80, 0xFF, 0x01, 0x00, 0xFE, 0xFF, 0xFF, 0xFF]
      let image = try emulator.image(Sample.loop) { builder in
        builder.segments.append(ELFBuilder.Segment(at: 0x1C00_A000, bytes, flags: 6))
        builder.sections.append(ELFBuilder.Section(".data", flags: 3, at: 0x1C00_A000, bytes))
        builder.symbols.append(.init("table", 0x1C00_A000, size: 8, type: 1, section: 2))
        builder.symbols.append(.init("plain", 0x1C00_A004, type: 0, section: 2))
        builder.symbols.append(.init("edge", 0x1C08_FFFC, size: 16, type: 1, section: 2))
      }
      let types: [(String, String)] = [
        ("table", "table = 130944 4294967294"), ("table:u8", "table = 128 255 1 0 254 255 255 255"),
        ("table:i8", "table = -128 -1 1 0 -2 -1 -1 -1"), ("table:u16", "table = 65408 1 65534 65535"),
        ("table:i16", "table = -128 1 -2 -1"), ("table:i32", "table = 130944 -2"),
        ("table:u64", "table = 18446744065119747968"), ("table:hex", "table = 0x0001ff80 0xfffffffe"),
        ("table:u32:1", "table = 130944"), ("table::1", "table = 130944"), ("plain", "plain = 4294967294"),
        ("edge:u8:6", "edge = 0 0 0 0"),
      ]
      for (option, line) in types {
        let outcome = try emulator.run("run", "--quiet", "--max-cycles", "100", "--dump", option, image)
        #expect(outcome.text == line + "\n", "\(option)")
        #expect(outcome.status == 124)
      }
      let both = try emulator.run(
        "run", "--quiet", "--max-cycles", "100", "--dump", "table:u64", "--dump", "plain:i32", "--stats", "s.json",
        image
      )
      #expect(both.text == "table = 18446744065119747968\nplain = -2\n")
      let dump = try emulator.object("s.json")["dump"] as? [String: [NSNumber]]
      #expect(dump?["table"]?.first?.uint64Value == 18_446_744_065_119_747_968)
      #expect(try emulator.text("s.json").contains("18446744065119747968"))
      #expect(dump?["plain"] == [-2])
    }
  }

  @Test func `--load puts files at numbers, symbols and symbols with offsets`() throws {
    try Emulator.inFolder { emulator in
      let image = try emulator.image(
        Assembly { p in
          p.li(.t0, 0x1C00_A000)
          p.lw(.a0, 0, .t0)
          p.lw(.a1, 4, .t0)
          p.lw(.a2, 8, .t0)
          p.add(.a0, .a0, .a1)
          p.add(.a0, .a0, .a2)
          p.lui(.t1, 0x8000_0000)
          p.add(.a0, .a0, .t1)
          p.li(.t0, 0x1A10_40A0)
          p.sw(.a0, 0, .t0)
        }
      ) { $0.symbols.append(.init("place", 0x1C00_A004, size: 8, type: 1, section: 1)) }
      func file(_ value: UInt32) throws -> String { try emulator.write("v\(value).bin", littleEndian(value)) }
      let outcome = try emulator.run(
        "run", "--load", file(1) + "@0x1C00A000", "--load", file(20) + "@place", "--load", file(100) + "@place+0x4",
        image)
      #expect(outcome.status == 121)
      // Later files win.
      #expect(try emulator.run("run", "--load", file(1) + "@place", "--load", file(2) + "@place", image).status == 2)
    }
  }

  @Test func `--signature writes the words between the symbols, eight lower-case digits a line`() throws {
    try Emulator.inFolder { emulator throws in
      func image(_ end: UInt32, tohost: Bool = true) throws -> String {
        try emulator.image(
          Assembly { p in
            p.store(0xDEAD_BEEF, at: 0x1C00_A004)
            p.store(1, at: 0x1C00_A100)
            p.label("loop")
            p.j("loop")
          }
        ) { builder in
          builder.symbols.append(.init("begin_signature", 0x1C00_A000, section: 1))
          builder.symbols.append(.init("end_signature", end, section: 1))
          if tohost { builder.symbols.append(.init("tohost", 0x1C00_A100, size: 8, type: 1, section: 1)) }
        }
      }
      #expect(try emulator.run("run", "--signature", "out.sig", image(0x1C00_A00C)).status == 0)
      #expect(try emulator.text("out.sig") == "00000000\ndeadbeef\n00000000\n")
      #expect(try emulator.run("run", "--signature", "-empty.sig", image(0x1C00_A000)).status == 64)
      #expect(try emulator.run("run", "--signature", "empty.sig", image(0x1C00_A000)).status == 0)
      #expect(try emulator.text("empty.sig") == "")
      // Symbols that span half of the address space are refused, not written.
      #expect(try emulator.run("run", "--signature", "big.sig", image(0xFFFF_FFF0)).status == 65)
      #expect(try emulator.run("run", "--signature", "wrong.sig", image(0x1C00_9000)).status == 64)
      // Without tohost, off, or at an address.
      #expect(try emulator.run("run", "--max-cycles", "1000", image(0x1C00_A00C, tohost: false)).status == 124)
      #expect(try emulator.run("run", "--max-cycles", "1000", "--tohost", "off", image(0x1C00_A00C)).status == 124)
      #expect(try emulator.run("run", "--tohost", "0x1C00A100", image(0x1C00_A00C, tohost: false)).status == 0)
    }
  }

  @Test func `an odd tohost is an exit code`() throws {
    try Emulator.inFolder { emulator in
      let image = try emulator.image(
        Assembly { p in
          p.store(2 * 1337 + 1, at: 0x1C00_A100)
          p.label("loop")
          p.j("loop")
        }
      ) { $0.symbols.append(.init("tohost", 0x1C00_A100, size: 8, type: 1, section: 1)) }
      let outcome = try emulator.run("run", image)
      #expect(outcome.status == 1337 & 0xFF)
      #expect(outcome.lastErrorLine.contains("code 1337"))
    }
  }

  @Test func `output to a reader that has gone, or to a full device, does not end the run`() throws {
    try Emulator.inFolder { emulator in
      let image = try emulator.image(Sample.printing(String(repeating: "0123456789abcdef", count: 50), code: 6))
      let script = "'\(Repository.pulpemu)' run --stats - '\(image)' 2>status >/dev/full; echo $?"
      let full = try run("bash", ["-c", script], directory: emulator.folder.path)
      #expect(full.text == "73\n")
      let gone = "{ '\(Repository.pulpemu)' run '\(image)' 2>/dev/null; echo $? >status; } | true"
      _ = try run("bash", ["-c", gone], directory: emulator.folder.path)
      #expect(try emulator.text("status") == "6\n")
      let deaf = "'\(Repository.pulpemu)' run '\(image)' 2>/dev/full; echo $?"
      #expect(try run("bash", ["-c", deaf], directory: emulator.folder.path).text.hasSuffix("6\n"))
    }
  }

  @Test func `extra memory holds foreign programs`() throws {
    try Emulator.inFolder { emulator in
      let image = try emulator.image(Assembly(at: 0x8000_0000) { $0.exit(11) })
      #expect(try emulator.run("run", image).status == 65)
      #expect(try emulator.run("run", "--memory", "0x80000000:2M", image).status == 11)
      #expect(try emulator.run("run", "--memory", "2147483648:2048K", "--strict", image).status == 11)
    }
  }

}
