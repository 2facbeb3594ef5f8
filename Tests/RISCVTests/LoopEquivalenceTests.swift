// Loops that machine code takes several turns of at once end, leave and are interrupted where the exact engine does all that.
//
// PULPEMU_LOOP_PROGRAMS sets another number of programs, PULPEMU_SEED the first.

import Foundation
import HardwareModel
import PULPissimo
import TestSupport
import Testing

@testable import RISCV

@Suite struct LoopEquivalenceTests {
  static let count = UInt64(ProcessInfo.processInfo.environment["PULPEMU_LOOP_PROGRAMS"] ?? "") ?? 96
  static let firstSeed = UInt64(ProcessInfo.processInfo.environment["PULPEMU_SEED"] ?? "") ?? 1
  static let slices: [UInt64] = [0, 29, 997]

  @Test(arguments: stride(from: 0, to: count, by: 8).map { $0 }, [Engine.blocks, .translated])
  func loopsAreThoseOfTheExactEngine(_ batch: UInt64, engine: Engine) throws {
    for seed in Self.firstSeed + batch..<Self.firstSeed + min(batch + 8, Self.count) {
      for slice in Self.slices {
        let program = EngineProgram.loops(seed: seed, limit: 12_000)
        let (difference, _) = EngineComparison.compare(
          program.with(words: program.words, slice: slice), with: engine)
        #expect(difference == nil, "\(engine), seed \(seed), slice \(slice): \(difference?.text ?? "")")
      }
    }
  }

  @Test(
    .enabled(if: AArch64Model.isInstalled, "libunicorn is not installed"),
    arguments: stride(from: 0, to: count / 2, by: 8).map { $0 })
  func loopsAreThoseOfTheExactEngineOnAArch64(_ batch: UInt64) throws {
    for seed in Self.firstSeed + batch..<Self.firstSeed + min(batch + 8, Self.count / 2) {
      let program = EngineProgram.loops(seed: seed, limit: 12_000)
      let model = try #require(AArch64Model())
      let machine = program.machine(.translated) { $0.hart.foreignProcessor = { model } }
      model.attach(machine)
      let (difference, _) = EngineComparison.compare(
        program.with(words: program.words, slice: 499), with: .translated, on: machine)
      #expect(difference == nil, "seed \(seed): \(difference?.text ?? "")")
      #expect(model.broken.isEmpty)
    }
  }

  /// A turn whose second access lies outside, after checks that served several turns.
  @Test(arguments: [4, 64, 300, 340, 600, 1000])
  func noTurnReachesBehindTheMemory(_ step: UInt32) {
    for isStore in [false, true] {
      for turns in 1...9 as ClosedRange<UInt32> {
        for last in [4, step] {
          var builder = ProgramBuilder(
            random: RandomSource(seed: 1), mix: ProgramMix(), destinations: [5], pointers: [])
          let start = 0x1C09_0000 &- turns &* step &- last
          builder.append(.plain(ProgramBuilder.constant(18, start)))
          builder.append(.plain([Instruction(.addi, rd: 28, immediate: 16)]))
          let access: (UInt32) -> Instruction = {
            isStore
              ? Instruction(.sw, rs1: 18, rs2: 28, immediate: $0) : Instruction(.lw, rd: 6, rs1: 18, immediate: $0)
          }
          builder.append(.plain([access(0), Instruction(.addi, rd: 18, rs1: 18, immediate: step), access(0)]))
          builder.append(.plain([Instruction(.addi, rd: 28, rs1: 28, immediate: .max)]))
          builder.append(.jump(Instruction(.bne, rs1: 28), to: 2))
          builder.append(.farJump(rd: 0, rs1: 5, to: 0))
          let program = EngineProgram(seed: 1, limit: 4000).with(words: builder.words(), slice: 101)
          let (difference, _) = EngineComparison.compare(program, with: .translated)
          #expect(difference == nil, "store \(isStore), \(turns) turns, \(last): \(difference?.text ?? "")")
        }
      }
    }
  }

  /// What the comparison is worth.
  @Test func manyLoopsAreTakenSeveralTurnsAtOnce() throws {
    var total = TranslatorStatistics()
    var taken = 0
    for seed in 1...48 as ClosedRange<UInt64> {
      let machine = EngineProgram.loops(seed: seed, limit: 0).machine(.translated)
      _ = machine.run(limits: RunLimits(cycles: 12_000))
      let statistics = try #require(machine.hart.translator?.statistics)
      total.blocks += statistics.blocks
      total.loops += statistics.loops
      if statistics.loops > 0 { taken += 1 }
    }
    #expect(total.loops > 60)
    #expect(taken > 30)
  }
}
