// Every timing program takes the cycles that the RTL took, with either engine.
//
// Expected figures: Tests/Timing/expected.csv, measured on the core's RTL (pulp-platform/cv32e40p 7a49867, Verilator).
// `make -C Tests/Timing` builds the programs.

import CNettle
import FirmwareImage
import Foundation
import PULPissimo
import TestSupport
import Testing

/// A row of the table of expected figures.
struct TimingProgram: Sendable, CustomTestStringConvertible {
  let name: String
  /// Of the measured window.
  let instructions: UInt32
  let cycles: UInt32
  /// First 16 digits of the image's digest.
  let digest: String

  var testDescription: String { name }
  var path: String { Repository.path("Tests/Timing/build/\(name).elf") }

  static let all: [TimingProgram] = {
    let text = (try? String(contentsOfFile: Repository.path("Tests/Timing/expected.csv"), encoding: .utf8)) ?? ""
    return text.split(whereSeparator: \.isNewline).dropFirst().compactMap { line in
      let parts = line.split(separator: ",", maxSplits: 4).map(String.init)
      guard parts.count == 5, let instructions = UInt32(parts[1]), let cycles = UInt32(parts[2]) else { return nil }
      return TimingProgram(name: parts[0], instructions: instructions, cycles: cycles, digest: parts[3])
    }
  }()

  /// SHA-256 over address and bytes of each segment with file content: tells whether a toolchain built the same image.
  static func digest(_ image: FirmwareImage) -> String {
    var content: [UInt8] = []
    for segment in image.segments where !segment.data.isEmpty {
      content += littleEndian(segment.physicalAddress) + segment.data
    }
    var hash = [UInt8](repeating: 0, count: 32)
    sha256_of(content, content.count, &hash)
    return hash.prefix(8).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}

@Suite struct TimingProgramTests {
  /// The compiler with which the figures of the C programs were measured.
  static let isReferenceCompiler =
    (try? run("riscv64-unknown-elf-gcc", ["-dumpfullversion"]))?.text
    .trimmingCharacters(in: .whitespacesAndNewlines) == "12.2.0"

  @Test func theTableHasAllPrograms() {
    #expect(TimingProgram.all.filter { $0.name.hasPrefix("micro-") }.count == 176)
    #expect(TimingProgram.all.filter { $0.name.hasPrefix("prog-") }.count == 10)
  }

  @Test(arguments: TimingProgram.all, Engine.allCases)
  func aTimingProgramTakesTheCyclesOfTheRTL(_ program: TimingProgram, engine: Engine) throws {
    let image = try FirmwareImage.load(path: program.path)
    if program.name.hasPrefix("prog-"), TimingProgram.digest(image) != program.digest {
      // Another compiler makes another program. The one that the figures come from must make the same.
      #expect(!Self.isReferenceCompiler, "\(program.name) is not the image that was measured")
      return
    }
    var configuration = MachineConfiguration()
    engine.choose(&configuration.hart)
    let machine = Machine(configuration)
    machine.load(image)
    let end = machine.run(limits: RunLimits(cycles: 10_000_000))
    #expect(end.reason == .exit)
    #expect(end.code == 0)
    let window = try #require(image.symbols["win_start"]?.address)
    let words = (0..<4).map { machine.word(at: window &+ UInt32(4 * $0)) }
    #expect(words[3] &- words[1] == program.instructions)
    #expect(words[2] &- words[0] == program.cycles)
  }

  @Test(arguments: TimingProgram.all.filter { !$0.name.contains("apb") })
  func withoutTheCycleModelAnInstructionTakesOneCycle(_ program: TimingProgram) throws {
    let image = try FirmwareImage.load(path: program.path)
    var ends: [RunEnd] = []
    for engine in Engine.allCases {
      var configuration = MachineConfiguration()
      engine.choose(&configuration.hart)
      configuration.hart.cycleModel = false
      let machine = Machine(configuration)
      machine.load(image)
      ends.append(machine.run(limits: RunLimits(cycles: 10_000_000)))
      #expect(ends.last?.reason == .exit)
      #expect(ends.last?.code == 0)
    }
    #expect(ends.allSatisfy { $0 == ends.first })
  }
}
