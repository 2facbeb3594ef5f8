// Damaged images through the whole command: refused or run, never the end of the emulator.
//
// Inputs that once did harm are kept in Tests/FailCases/Images and run again in each test run.

import Foundation
import Instrumentation
import PULPissimo
import TestSupport
import Testing

@testable import EmulatorCommands
@testable import FirmwareImage

@Suite struct ImageFuzzTests {
  static let count = UInt64(ProcessInfo.processInfo.environment["PULPEMU_IMAGES"] ?? "") ?? 160
  static let firstSeed = UInt64(ProcessInfo.processInfo.environment["PULPEMU_SEED"] ?? "") ?? 1
  static let folder = Repository.path("Tests/FailCases/Images")

  /// What `run` does with an image, in short.
  static func exercise(_ bytes: [UInt8]) {
    guard let image = try? FirmwareImage(path: "fuzz.elf", bytes: bytes),
      let session = try? Session(
        image: image, configuration: MachineConfiguration(), output: GuestOutput(descriptor: -1), isQuiet: true)
    else { return }
    if let tohost = image.symbols["tohost"] { session.machine.watchTohost(at: tohost.address) }
    let end = session.run(limits: RunLimits(cycles: 30_000))
    _ = session.lastLine(end)
    if let symbol = image.symbols.all.first, let dump = try? MemoryDump(symbol.name + ":u8", image) {
      _ = dump.line(dump.values(session.machine))
    }
    if let signature = try? Signature(image), (try? signature.check(session.machine)) != nil {
      _ = signature.text(session.machine)
    }
    _ = Statistics(
      session.machine, session.recorder, end: end, firmware: .init(path: "", sha256: ""), configuration: [:],
      wallSeconds: 0)
  }

  @Test(arguments: stride(from: 0, to: count, by: 20).map { $0 })
  func `real firmware with random damage is refused or runs to some end`(_ batch: UInt64) throws {
    let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: Repository.path("firmware/build/hello.elf"))))
    for seed in Self.firstSeed + batch..<Self.firstSeed + min(batch + 20, Self.count) {
      var random = SplitMix64(seed: seed)
      var bytes = whole
      let isHeaderOnly = Bool.random(using: &random)
      for _ in 0..<Int.random(in: 1...12, using: &random) {
        // Header and program headers, code and data, symbols and sections at the end.
        let end = isHeaderOnly ? 300 : min(bytes.count, 24_000)
        bytes[Int.random(in: 16..<end, using: &random)] = .random(in: 0...255, using: &random)
      }
      if Int.random(in: 0..<3, using: &random) == 0 {
        let position = Int.random(in: max(0, bytes.count - 6000)..<bytes.count, using: &random)
        bytes[position] = .random(in: 0...255, using: &random)
      }
      if Int.random(in: 0..<6, using: &random) == 0 {
        bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random))
      }
      if ProcessInfo.processInfo.environment["PULPEMU_IMAGES"] != nil {
        FileHandle.standardError.write(Data("image \(seed)\n".utf8))
      }
      Self.exercise(bytes)
    }
  }

  @Test func `images that once did harm do none`() throws {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: Self.folder)) ?? []
    for name in names.sorted() {
      Self.exercise([UInt8](try Data(contentsOf: URL(fileURLWithPath: Self.folder + "/" + name))))
    }
  }

  @Test func `symbols that claim all of the address space are dumped as far as memory goes`() throws {
    var builder = ELFBuilder(program: Sample.exit(0).words)
    builder.symbols.append(.init("huge", 0x1C08_FFF0, size: .max, type: 1, section: 1))
    builder.symbols.append(.init("nowhere", 0xFFFF_FFFC, size: .max, type: 1, section: 1))
    let image = try FirmwareImage(path: "test.elf", bytes: builder.build())
    let session = try Session(
      image: image, configuration: MachineConfiguration(), output: GuestOutput(descriptor: -1), isQuiet: true)
    #expect(try MemoryDump("huge:u8", image).values(session.machine).count == 16)
    #expect(try MemoryDump("nowhere:u64", image).values(session.machine).isEmpty)
  }
}
