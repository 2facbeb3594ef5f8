// The exact engine, the block engine and the translator are one machine: random programs, cut into slices of several lengths.
//
// A program that tells them apart is made smaller and kept in Tests/FailCases/RISCV; every file there runs again in
// each test run. PULPEMU_ENGINE_PROGRAMS sets another number of programs (scripts/fuzz --engines), PULPEMU_SEED the first.

import Foundation
import HardwareModel
import PULPissimo
import RISCV
import TestSupport
import Testing

@Suite struct EngineEquivalenceTests {
  static let count = UInt64(ProcessInfo.processInfo.environment["PULPEMU_ENGINE_PROGRAMS"] ?? "") ?? 96
  static let firstSeed = UInt64(ProcessInfo.processInfo.environment["PULPEMU_SEED"] ?? "") ?? 1
  static let slices: [UInt64] = [0, 97, 1000, 10007]
  static let folder = Repository.path("Tests/FailCases/RISCV")

  @Test(arguments: stride(from: 0, to: count, by: 8).map { $0 }, [Engine.blocks, .translated])
  func theEnginesAgreeAtEverySliceBoundary(_ batch: UInt64, engine: Engine) throws {
    for seed in firstSeed + batch..<firstSeed + min(batch + 8, Self.count) {
      try check(EngineProgram(seed: seed, limit: 20_014), engine)
    }
  }

  @Test func programsThatOnceToldTheEnginesApartNoLongerDo() throws {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: Self.folder)) ?? []
    for name in names.sorted() where name.hasPrefix("engines-") {
      let data = try Data(contentsOf: URL(fileURLWithPath: Self.folder + "/" + name))
      let program = try JSONDecoder().decode(EngineProgram.self, from: data)
      for engine in [Engine.blocks, .translated] {
        let (difference, _) = EngineComparison.compare(program, with: engine)
        #expect(difference == nil, "\(name): \(difference?.text ?? "")")
      }
    }
  }

  /// What the comparison is worth depends on what the programs do.
  @Test func theRandomProgramsTrapSleepAndWait() {
    var total = Machine(MachineConfiguration()).hart.counters
    var running = 0
    for seed in 1...96 as ClosedRange<UInt64> {
      let machine = EngineProgram(seed: seed, limit: 0).machine(blockEngine: true)
      if machine.run(limits: RunLimits(cycles: 20_014)).reason == .limit { running += 1 }
      let counters = machine.hart.counters
      total.instructions += counters.instructions
      total.loads += counters.loads
      total.stores += counters.stores
      total.interrupts += counters.interrupts
      total.exceptions += counters.exceptions
      total.sleepCycles += counters.sleepCycles
      total.dataStallCycles += counters.dataStallCycles
    }
    #expect(running > 60, "most programs run to the limit")
    #expect(total.instructions > 500_000)
    #expect(total.loads > 20_000)
    #expect(total.stores > 20_000)
    #expect(total.interrupts > 1000)
    #expect(total.exceptions > 1000)
    #expect(total.sleepCycles > 1000)
    #expect(total.dataStallCycles > 1000)
    if ProcessInfo.processInfo.environment["PULPEMU_ENGINE_PROGRAMS"] != nil { print("running \(running), \(total)") }
  }

  private final class Coverage: InstructionObserver {
    var places: Set<UInt32> = []
    func issuing(_ instruction: Instruction, pc: UInt32, at cycle: Cycle, hart: Hart) { places.insert(pc) }
    func executed(_ instruction: Instruction, pc: UInt32, at cycle: Cycle, hart: Hart) {}
    func loaded(_ rd: Int, _ value: UInt32, pc: UInt32) {}
    func tookTrap(cause: UInt32, pc: UInt32, target: UInt32, at cycle: Cycle) {}
  }

  @Test func theRandomProgramsReachMuchOfThemselves() {
    var reached = 0
    var all = 0
    for seed in 1...48 as ClosedRange<UInt64> {
      let program = EngineProgram(seed: seed, limit: 0)
      let machine = program.machine(blockEngine: false) { $0.contention = false }
      let coverage = Coverage()
      machine.hart.instructionObserver = coverage
      _ = machine.run(limits: RunLimits(cycles: 20_014))
      let size = UInt32(ProgramWord.bytes(program.words).count)
      reached += coverage.places.count { $0 &- program.base < size }
      all += program.words.count
    }
    if ProcessInfo.processInfo.environment["PULPEMU_ENGINE_PROGRAMS"] != nil { print("\(reached) of \(all) reached") }
    #expect(5 * reached > 2 * all)
  }

  private var firstSeed: UInt64 { Self.firstSeed }

  private func check(_ program: EngineProgram, _ engine: Engine) throws {
    var ends: [VisibleState] = []
    for slice in Self.slices {
      let (difference, end) = EngineComparison.compare(
        program.with(words: program.words, slice: slice), with: engine)
      if let difference {
        let name = try keep(
          program.with(words: program.words, limit: difference.cycle, slice: slice), engine)
        Issue.record(
          "seed \(program.seed), slice \(slice), cycle \(difference.cycle): \(difference.text); kept as \(name)")
        return
      }
      ends.append(end)
    }
    for (end, slice) in zip(ends, Self.slices) where end != ends[0] {
      Issue.record("seed \(program.seed): slices of \(slice) change the run: \(end.differences(from: ends[0]))")
    }
  }

  /// Shrinks a program and writes it to the folder of failures; returns the file's name.
  private func keep(_ program: EngineProgram, _ engine: Engine) throws -> String {
    let small = Shrinker.shrink(program.words) {
      EngineComparison.compare(program.with(words: $0), with: engine).0 != nil
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    let name = "engines-\(program.seed)-\(program.slice).json"
    try FileManager.default.createDirectory(atPath: Self.folder, withIntermediateDirectories: true)
    try encoder.encode(program.with(words: small)).write(to: URL(fileURLWithPath: Self.folder + "/" + name))
    return name
  }
}
