// Board files and `--spi-flash` from outside: what is refused and where, and what comes back into files.

import Foundation
import PULPissimo
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
}
