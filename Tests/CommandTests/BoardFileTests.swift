// Board files and `--spi-flash` from outside: what is refused and where, and what comes back into files.

import Foundation
import PULPissimo
import Peripherals
import TestSupport
import Testing

@testable import EmulatorCommands

@Suite struct BoardFileTests {
  private static func read(_ text: String) throws -> BoardFiles {
    try Emulator.inFolder { emulator in try BoardFile(path: emulator.write("board.yaml", text)).read() }
  }

  @Test func `the shipped boards say what their names say`() throws {
    func board(_ name: String) throws -> BoardDescription {
      try BoardFile(path: Repository.path("boards/\(name).yaml")).read().description
    }
    #expect(try board("bare") == .bare)
    #expect(try board("default") == .standard)
    let loopback = try board("loopback")
    #expect(loopback.isUARTLoopedBack)
    #expect(loopback.wires == (0..<16).map { .init(from: $0, to: $0 + 16) })
    #expect(loopback.flashes == BoardDescription.standard.flashes)
    #expect(loopback.eeproms == BoardDescription.standard.eeproms)
    let camera = try #require(try board("camera").camera)
    #expect(camera.pictures.map(\.width) == [64, 64])
    #expect(camera.pictures.map(\.height) == [48, 48])
    #expect(camera.pictures[0].values.prefix(3) == [0, 2, 4])
    let audio = try #require(try board("audio").audio)
    #expect(audio.source?.channels == 2)
    #expect(audio.source?.values.count == 1600)
    #expect(audio.recorder != nil)
  }

  @Test(
    arguments: [
      ("spi:\n  - device: flash\n    chip-select: 4\n", ":3:", "chip-select"),
      ("spi:\n  - {device: flash}\n  - {device: flash}\n", ":3:", "taken"),
      ("spi:\n  - device: camera\n", ":2:", "no device 'camera'"),
      ("spi:\n  - chip-select: 0\n", ":2:", "which device"),
      ("spi:\n  - {device: flash, size: 3M}\n", ":2:", "power of two"),
      ("i2c:\n  - {device: eeprom}\n  - {device: eeprom, address: 0x54}\n", ":3:", "taken"),
      ("i2c:\n  - {device: eeprom, celsius: 3}\n", ":2:", "means nothing"),
      ("i2c:\n  - device: thermometer\n    celsius: warm\n", ":3:", "celsius"),
      ("uart:\n  loopback: yes please\n", ":2:", "true or false"),
      ("gpio:\n  wires:\n    - {from: 3, to: 3}\n", ":3:", "itself"),
      ("gpio:\n  wires:\n    - {from: 0-3, to: 8-9}\n", ":3:", "cannot be wired"),
      ("gpio:\n  wires:\n    - {from: 0, to: 5}\n    - {from: 1, to: 5}\n", ":4:", "twice"),
      ("gpio:\n  stimuli:\n    - {cycle: 1, pin: 32, level: 1}\n", ":3:", "pin"),
      ("camera:\n  format: gray8\n", ":2:", "needs pictures"),
      ("camera:\n  pictures: []\n", ":2:", "at least one"),
      ("camera:\n  pictures: x.pgm\n  format: yuv\n", ":3:", "format takes"),
      ("audio:\n  source: {repeat: true}\n", ":2:", "needs a file"),
      ("audio:\n  recorder: {bits: 12}\n", ":2:", "8, 16, 24 or 32"),
      ("name: x\nclock: 5\n", ":2:", "'clock' means nothing"),
      ("name: [\n", ":2:", "did not find"), ("- 1\n", ":1:", "keys"), ("name: a\nname: b\n", ":", "name"),
    ])
  func `a board that makes no sense is refused with file, line and reason`(
    text: String, line: String, reason: String
  ) throws {
    #expect {
      _ = try Self.read(text)
    } throws: { error in
      guard let error = error as? HostError else { return false }
      return error.status == 65 && error.description.contains("board.yaml" + line)
        && error.description.contains(reason)
    }
  }

  @Test func `an empty file is a bare board`() throws {
    #expect(try Self.read("") == BoardFiles(description: .bare))
    #expect(try Self.read("# nothing\n").description == .bare)
    #expect(try Self.read("spi:\ni2c:\ngpio:\n").description == .bare)
  }

  /// Programs the byte A5h at address 10h of the flash.
  private static var programsFlash: Assembly {
    Assembly { code in
      let list: [UInt32] = [
        0x0000_0001, 0x1000_0000, 0x2007_0006, 0x9000_0000, 0x1000_0000, 0x2007_0002, 0x2007_0000, 0x200F_0010,
        0x2007_00A5, 0x9000_0001,
      ]
      for (index, word) in list.enumerated() { code.store(word, at: 0x1C00_5000 + 4 * UInt32(index)) }
      code.store(2, at: 0x1A10_2000)
      code.store(~(1 << 7), at: 0x1A10_6004)
      code.store(1 << 26, at: 0x1A10_9804)
      code.store(0x1C00_5000, at: 0x1A10_2120)
      code.store(4 * UInt32(list.count), at: 0x1A10_2124)
      code.store(0x10, at: 0x1A10_2128)
      code.wfi()
      code.nops(50)
      code.exit()
    }
  }

  @Test func `what the firmware programs comes back into the image file, which keeps its other bytes`() throws {
    try Emulator.inFolder { emulator in
      let image = try emulator.image(Self.programsFlash)
      let before = (0..<64).map { UInt8($0) | 0xA5 }
      _ = try emulator.write("flash.img", before)
      let outcome = try emulator.run("run", image, "--spi-flash", emulator.path("flash.img"))
      #expect(outcome.status == 0, "\(outcome.errors)")
      var after = before
      after[0x10] &= 0xA5
      #expect([UInt8](try Data(contentsOf: URL(fileURLWithPath: emulator.path("flash.img")))) == after)
      // By a board file beside it, and a file that is named relative to it.
      _ = try emulator.write("flash.img", before)
      _ = try emulator.write("board.yaml", "spi:\n  - {device: flash, file: flash.img}\n")
      #expect(try emulator.run("run", image, "--board", emulator.path("board.yaml")).status == 0)
      #expect([UInt8](try Data(contentsOf: URL(fileURLWithPath: emulator.path("flash.img")))) == after)
    }
  }

  @Test func `files that are missing, too large, or have no device are refused`() throws {
    try Emulator.inFolder { emulator in
      let image = try emulator.image(Sample.exit(0))
      #expect(try emulator.run("run", image, "--spi-flash", emulator.path("none.img")).status == 66)
      #expect(try emulator.run("run", image, "--board", emulator.path("none.yaml")).status == 66)
      let bare = Repository.path("boards/bare.yaml")
      let other = try emulator.write("x.img", [0])
      #expect(try emulator.run("run", image, "--board", bare, "--spi-flash", other).status == 64)
      let small = try emulator.write("small.yaml", "spi:\n  - {device: flash, size: 4K, file: big.img}\n")
      _ = try emulator.write("big.img", [UInt8](repeating: 0, count: 5000))
      let outcome = try emulator.run("run", image, "--board", small)
      #expect(outcome.status == 65)
      #expect(outcome.errors.contains("small.yaml:2:"))
    }
  }

  @Test(
    arguments: [
      ("P5 2 2 255\nab", "2 bytes of pixels where 4 are needed"), ("P7 1 1 255\n", "not a PGM or PPM"),
      ("P2 2 1 15\n3 16\n", "above the maximum"), ("P2 2 1 15\n3\n", "1 values where 2 are needed"),
      ("P5 0 4 255\n", "make no picture"), ("P5 70000 4 255\n", "make no picture"), ("P5 4\n", "header lacks"),
      ("", "not a"),
    ])
  func `a file that is no picture is refused with the reason`(content: String, reason: String) throws {
    try Emulator.inFolder { emulator in
      let image = try emulator.image(Sample.exit(0))
      let outcome = try emulator.run("run", "--camera", emulator.write("x.pgm", content), image)
      #expect(outcome.status == 65)
      #expect(outcome.errors.contains("x.pgm: ") && outcome.errors.contains(reason), "\(outcome.errors)")
    }
  }

  @Test func `pictures in all four forms are read, deep ones and comments included`() throws {
    try Emulator.inFolder { emulator in
      func picture(_ bytes: [UInt8]) throws -> CameraPicture {
        try PictureFile(path: emulator.write("p", bytes)).read()
      }
      let plain = try picture(Array("P2 # grey\n2 2\n# more\n9\n0 1\n2 9\n".utf8))
      #expect(plain.values == [0, 1, 2, 9])
      #expect(try picture(Array("P5 2 2 9\n".utf8) + [0, 1, 2, 9]).values == plain.values)
      #expect(try picture(Array("P5 1 2 1000\n".utf8) + [3, 0xE8, 0, 7]).values == [1000, 7])
      let colour = try picture(Array("P3 1 1 255 10 20 30".utf8))
      #expect(colour.channels == 3)
      #expect(try picture(Array("P6 1 1 255\n".utf8) + [10, 20, 30]) == colour)
    }
  }

  @Test(arguments: [(1, 8), (2, 16), (1, 24), (2, 32)])
  func `sound is written as it is read`(channels: Int, bits: Int) throws {
    try Emulator.inFolder { emulator in
      let most = Int32(truncatingIfNeeded: (1 << (bits - 1)) - 1)
      var sound = AudioSamples(channels: channels, bits: bits, rate: 22050)
      sound.values = [0, 1, -1, most, -most - 1, 77]
      let path = emulator.path("s.wav")
      try WaveFile.bytes(sound).write(to: URL(fileURLWithPath: path))
      #expect(try WaveFile.read(path) == sound)
    }
  }

  @Test(arguments: [("RIFF", "not a RIFF WAVE"), ("RIFF\0\0\0\0WAVE", "no data chunk")])
  func `a file that is no sound is refused, and sound needs profile p7`(content: String, reason: String) throws {
    try Emulator.inFolder { emulator in
      let image = try emulator.image(Sample.exit(0))
      let outcome = try emulator.run("run", "--profile", "p7", "--audio-in", emulator.write("x.wav", content), image)
      #expect(outcome.status == 65)
      #expect(outcome.errors.contains(reason))
      let board = Repository.path("boards/audio.yaml")
      #expect(try emulator.run("run", "--board", board, image).status == 64)
      #expect(try emulator.run("run", "--profile", "p7", "--board", board, image).status == 0)
    }
  }

  @Test(
    arguments: [
      ("1000, 3\n", ":1:", "takes cycle, pin and value"), ("# x\n1, 32, 1\n", ":2:", "pin takes"),
      ("1 2 2\n", ":1:", "value takes"), ("-1 2 1\n", ":1:", "cycle takes"),
    ])
  func `a stimulus file is refused with file, line and reason`(text: String, line: String, reason: String) throws {
    try Emulator.inFolder { emulator in
      let image = try emulator.image(Sample.exit(0))
      let outcome = try emulator.run("run", "--gpio-stimuli", emulator.write("s.txt", text), image)
      #expect(outcome.status == 65)
      #expect(outcome.errors.contains("s.txt" + line) && outcome.errors.contains(reason), "\(outcome.errors)")
    }
  }

  @Test func `stimuli wake a core that waits for a pin, and traces show the pins`() throws {
    let program = Assembly { code in
      code.store(.max, at: 0x1A10_1080)
      code.store(1 << 3, at: 0x1A10_1380)
      code.store(1 << 15, at: 0x1A10_9804)
      code.wfi()
      code.exit()
    }
    try Emulator.inFolder { emulator in
      let image = try emulator.image(program)
      _ = try emulator.write("stimuli.csv", "cycle, pin, value\n700, 9, 1\n5000, 3, 1 # wakes\n")
      for format in ["text", "jsonl"] {
        let outcome = try emulator.run(
          "run", image, "--gpio-stimuli", emulator.path("stimuli.csv"), "--trace", emulator.path("trace"),
          "--trace-format", format)
        #expect(outcome.status == 0, "\(outcome.errors)")
        let trace = try emulator.text("trace")
        let expected =
          format == "text"
          ? ["         700  pins GPIO9 1\n", "        5000  pins GPIO3 1\n"]
          : [#"{"cycle":700,"pins":{"9":1}}"#, #"{"cycle":5000,"pins":{"3":1}}"#]
        for line in expected { #expect(trace.contains(line)) }
      }
      // The same file named by a board, which lies beside it.
      _ = try emulator.write("board.yaml", "gpio:\n  stimulus-file: stimuli.csv\n")
      #expect(try emulator.run("run", image, "--board", emulator.path("board.yaml")).status == 0)
      #expect(try emulator.run("run", image).status == 120)
    }
  }
}
