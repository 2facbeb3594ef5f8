// Random programs take the cycles that the RTL took, and its event counter counts the same.
//
// Expected figures: Tests/Timing/random/expected.csv, what the core's RTL (pulp-platform/cv32e40p 7a49867, Verilator),
// with apb_interrupt_cntrl beside it and code and data in all arrangements of banks, left at `results`: 24 readings of
// mhpmcounter3, mcycle and minstret, then x1 to x25.

import FirmwareImage
import Foundation
import PULPissimo
import RISCV
import TestSupport
import Testing

/// A row of the table.
struct RandomTimingProgram: Sendable, CustomTestStringConvertible {
  let seed: Int
  let results: [UInt32]

  var testDescription: String { "seed \(seed)" }

  static let all: [RandomTimingProgram] = {
    let path = Repository.path("Tests/Timing/random/expected.csv")
    let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    return text.split(whereSeparator: \.isNewline).dropFirst().compactMap { line in
      let parts = line.split(separator: ",")
      guard parts.count == 4, let seed = Int(parts[0]) else { return nil }
      return RandomTimingProgram(
        seed: seed, results: parts[3].split(separator: " ").compactMap { UInt32($0, radix: 16) })
    }
  }()
}

@Suite struct RandomTimingTests {
  @Test func theTableIsComplete() {
    #expect(RandomTimingProgram.all.count == 66)
    #expect(RandomTimingProgram.all.allSatisfy { $0.results.count == 97 })
  }

  @Test(arguments: RandomTimingProgram.all, ["block", "exact", "stepped"])
  func aRandomProgramReadsTheCountersOfTheRTL(_ program: RandomTimingProgram, engine: String) throws {
    let image = try FirmwareImage.load(path: Repository.path("Tests/Timing/build/random-\(program.seed).elf"))
    var configuration = MachineConfiguration()
    configuration.hart.blockEngine = engine == "block"
    configuration.hart.alwaysStepped = engine == "stepped"
    let machine = Machine(configuration)
    machine.load(image)
    #expect(machine.run(limits: RunLimits(cycles: 1_000_000)).reason == .exit)
    let start = try #require(image.symbols["results"]?.address)
    for (index, expected) in program.results.enumerated() {
      let actual = machine.word(at: start &+ UInt32(4 * index))
      let what =
        index < 72 ? "\(["mhpmcounter3", "mcycle", "minstret"][index % 3]) of stretch \(index / 3)" : "x\(index - 71)"
      #expect(actual == expected, "\(what)")
      if actual != expected { return }
    }
  }
}
