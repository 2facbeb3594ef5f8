// The core against an independent implementation: random programs on this emulator and on QEMU.
//
// A run of the tests compares a few hundred thousand instructions; `scripts/fuzz --instructions N` sets
// PULPEMU_FUZZ_INSTRUCTIONS (and PULPEMU_SEED) for longer ones. A program that tells the two apart is made smaller and
// kept in Tests/FailCases/RISCV.

import Foundation
import TestSupport
import Testing

@Suite struct DifferentialTests {
  private static let environment = ProcessInfo.processInfo.environment
  static let instructions = UInt64(environment["PULPEMU_FUZZ_INSTRUCTIONS"] ?? "") ?? 400_000
  static let firstSeed = UInt64(environment["PULPEMU_SEED"] ?? "") ?? 1
  static let folder = Repository.path("Tests/FailCases/RISCV")

  @Test func randomProgramsEndAsOnQEMU() throws {
    var compared: UInt64 = 0
    var traps: UInt64 = 0
    var seed = Self.firstSeed
    let isLong = Self.environment["PULPEMU_FUZZ_INSTRUCTIONS"] != nil
    while compared < Self.instructions {
      let program = PortableProgram(seed: seed, iterations: isLong ? 200 : 40)
      let ours = program.runHere()
      let theirs = try program.runOnQEMU()
      let bytes = try #require(ours.bytes, "seed \(seed): \(ours.note)")
      traps += bytes.suffix(4).reversed().reduce(0) { $0 << 8 | UInt64($1) }
      if ours != theirs {
        if theirs.bytes == nil {
          Issue.record("seed \(seed): \(PortableProgram.differences(ours, theirs))")
          return
        }
        let name = try keep(program)
        Issue.record("seed \(seed): \(PortableProgram.differences(ours, theirs)); kept as \(name)")
        return
      }
      compared += ours.instructions
      if isLong, seed % 16 == 0 { print("\(compared) instructions compared, \(traps) traps, up to seed \(seed)") }
      seed += 1
    }
    if isLong { print("\(compared) instructions compared, \(traps) traps, seeds \(Self.firstSeed)...\(seed - 1)") }
    #expect(compared >= Self.instructions)
    #expect(traps > 0)
  }

  @Test func programsThatOnceEndedOtherwiseThanOnQEMUNoLongerDo() throws {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: Self.folder)) ?? []
    for name in names.sorted() where name.hasPrefix("qemu-") {
      let data = try Data(contentsOf: URL(fileURLWithPath: Self.folder + "/" + name))
      let program = try JSONDecoder().decode(PortableProgram.self, from: data)
      let ours = program.runHere()
      let theirs = try program.runOnQEMU()
      #expect(ours == theirs, "\(name): \(PortableProgram.differences(ours, theirs))")
    }
  }

  /// Shrinks a program and writes it to the folder of failures; returns the file's name.
  private func keep(_ program: PortableProgram) throws -> String {
    var small = program
    // Without its loop's end a program runs for ever: that is no smaller version of it.
    func differs(_ candidate: PortableProgram) -> Bool {
      let ours = candidate.runHere(limit: 2_000_000)
      guard ours.bytes != nil, let theirs = try? candidate.runOnQEMU(limit: 5), theirs.bytes != nil else {
        return false
      }
      return ours != theirs
    }
    for iterations in [1, 2, 4, 16] as [UInt32] {
      var candidate = program
      candidate.iterations = iterations
      if differs(candidate) {
        small = candidate
        break
      }
    }
    let start = small
    // Jumps stay: they lead around data and back to the loops' heads.
    small.words = Shrinker.shrink(small.words, keeps: { $0 & 0xFFF == 0x6F }) { words in
      var candidate = start
      candidate.words = words
      return differs(candidate)
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    let name = "qemu-\(program.seed).json"
    try FileManager.default.createDirectory(atPath: Self.folder, withIntermediateDirectories: true)
    try encoder.encode(small).write(to: URL(fileURLWithPath: Self.folder + "/" + name))
    return name
  }
}
