// The examples of the peripherals' drivers (firmware/examples/peripherals) with real data through the pins: what a
// program reports, and what lies in memory and files afterwards, against the files that it was fed with.

import Foundation
import TestSupport
import Testing

@Suite struct PeripheralProgramTests {
  /// Runs a program in a folder of its own; fails if it reports a failure.
  private static func run(
    _ name: String, _ options: [String] = [], emulator: Emulator
  ) throws -> ProcessOutcome {
    let outcome = try emulator.run(["run", "--max-cycles", "60000000"] + options + [Firmware.path(name)])
    #expect(outcome.status == 0, "\(name): \(outcome.errors)")
    return outcome
  }

  private static func board(_ name: String) -> [String] { ["--board", Repository.path("boards/\(name).yaml")] }

  private static func bytes(_ path: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
  }

  /// The values of a dump in the statistics.
  private static func dump(_ emulator: Emulator, _ symbol: String) throws -> [Int] {
    let dumps = try emulator.object("stats.json")["dump"] as? [String: [Int]]
    return try #require(dumps?[symbol])
  }

  /// Lines of a report that tell of a step that failed, and the number of those that did not.
  private static func report(_ outcome: ProcessOutcome) -> (failed: [Substring], passed: Int) {
    let lines = String(decoding: outcome.output, as: UTF8.self).split(separator: "\n")
    return (lines.filter { $0.hasPrefix("FAIL") }, lines.filter { $0.hasPrefix("ok ") }.count)
  }

  @Test(
    arguments: [
      ("uart-loopback", "loopback", 6), ("gpio-pins", "loopback", 7), ("pwm-wave", "loopback", 6),
      ("timers", "default", 5), ("i2c-devices", "sensors", 4),
    ])
  func `a driver's example passes its own checks`(name: String, board: String, steps: Int) throws {
    try Emulator.inFolder { emulator in
      let (failed, passed) = Self.report(try Self.run(name, Self.board(board), emulator: emulator))
      #expect(failed.isEmpty)
      #expect(passed >= steps)
    }
  }

  @Test func `what the flash driver erases and programs is in the image file, byte for byte`() throws {
    try Emulator.inFolder { emulator in
      let before = (0..<0x60000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
      _ = try emulator.write("flash.img", before)
      _ = try emulator.write(
        "board.yaml",
        "spi:\n  - {device: flash, file: flash.img, block-erase-cycles: 50000, register-cycles: 50000}\n")
      let outcome = try Self.run("spi-flash", ["--board", emulator.path("board.yaml")], emulator: emulator)
      #expect(Self.report(outcome).failed.isEmpty)
      // The second style erases again and programs with a seed of 1.
      var after = before
      for place in 0x40000..<0x50000 { after[place] = 0xFF }
      for index in 0..<700 { after[0x400F3 + index] = UInt8(truncatingIfNeeded: index * 13 + index / 256 + 1) }
      #expect(try Self.bytes(emulator.path("flash.img")) == after)
    }
  }

  @Test func `what the EEPROM driver writes is in the file, across the device's two blocks`() throws {
    try Emulator.inFolder { emulator in
      _ = try emulator.write("eeprom.bin", [UInt8](repeating: 0x11, count: 1 << 17))
      _ = try emulator.write(
        "board.yaml",
        "i2c:\n  - {device: eeprom, file: eeprom.bin}\n  - {device: thermometer, celsius: 36.75}\n")
      let outcome = try Self.run("i2c-devices", ["--board", emulator.path("board.yaml")], emulator: emulator)
      #expect(outcome.text.contains("irq: 36.75 degrees Celsius"))
      var after = [UInt8](repeating: 0x11, count: 1 << 17)
      for index in 0..<200 { after[0xFFC0 + index] = UInt8(truncatingIfNeeded: index * 5 + 100) }
      #expect(try Self.bytes(emulator.path("eeprom.bin")) == after)
    }
  }

  @Test func `the camera's pictures are in memory, pixel for pixel, whole and in part`() throws {
    try Emulator.inFolder { emulator in
      let options = ["--stats", "stats.json", "--dump", "pictures:u8", "--dump", "middle:u8"]
      _ = try Self.run("camera", Self.board("camera") + options, emulator: emulator)
      func pixels(_ name: String) throws -> [Int] {
        try Self.bytes(Repository.path("boards/media/\(name).pgm")).suffix(64 * 48).map(Int.init)
      }
      let (disc, checkers) = (try pixels("disc"), try pixels("checkers"))
      let pictures = try Self.dump(emulator, "pictures")
      #expect(Array(pictures.prefix(64 * 48)) == disc)
      // The camera runs on: the second capture takes whichever picture starts next.
      let second = Array(pictures.dropFirst(64 * 48))
      #expect(second == disc || second == checkers)
      func middle(_ picture: [Int]) -> [Int] { (12..<36).flatMap { row in picture[64 * row + 16..<64 * row + 48] } }
      let part = try Self.dump(emulator, "middle")
      #expect(part == middle(disc) || part == middle(checkers))
    }
  }

  @Test func `sound from a WAVE file comes back in another, sample for sample`() throws {
    try Emulator.inFolder { emulator in
      let options = ["--profile", "p7", "--audio-out", emulator.path("out.wav"), "--stats", "stats.json"]
      _ = try Self.run(
        "i2s-echo", Self.board("audio") + options + ["--dump", "recorded:i16:401"], emulator: emulator)
      func samples(_ path: String) throws -> [Int] {
        let bytes = try Self.bytes(path)
        return stride(from: 44, to: bytes.count - 1, by: 2).map {
          Int(Int16(bitPattern: UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8))
        }
      }
      let source = try samples(Repository.path("boards/media/tones.wav"))
      let recorded = try Array(Self.dump(emulator, "recorded").dropFirst())
      // The second recording goes on where the first one stopped.
      let start = try #require(source.indices.first { source[$0...].starts(with: recorded) })
      #expect(start > 300)
      let played = try samples(emulator.path("out.wav"))
      #expect(played.indices.contains { played[$0...].starts(with: recorded) })
    }
  }

  @Test func `the network's weights go from the flash through the uDMA to RETA, and text comes out`() throws {
    let manifest = try Firmware.manifest("charlm")
    let example = try #require((manifest["examples"] as? [[String: Any]])?.first)
    let (outcome, stats, _) = try Firmware.run(
      "retnet-flash", ["--spi-flash", Repository.path("firmware/build/charlm.flash")])
    #expect(outcome.status == 0, "\(outcome.errors)")
    let text = try #require(example["prompt"] as? String) + (example["text_C1"] as? String ?? "?")
    #expect(outcome.text.contains("\n" + text + "\n"))
    #expect((stats["accelerator"] as? [String: Any])?["errors"] as? Int == 0)
    // Without weights, and with a flipped bit, it says so.
    let empty = try Firmware.run("retnet-flash").outcome
    #expect(empty.status == 6)
    #expect(empty.text.contains("no weights in the flash"))
    try Emulator.inFolder { emulator in
      var image = try Self.bytes(Repository.path("firmware/build/charlm.flash"))
      image[100_000] ^= 4
      _ = try emulator.write("bad.flash", image)
      #expect(try Firmware.run("retnet-flash", ["--spi-flash", emulator.path("bad.flash")]).outcome.status == 6)
    }
  }
}
