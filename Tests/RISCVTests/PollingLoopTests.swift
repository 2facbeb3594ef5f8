// Loops that poll are passed over without anyone being able to tell.
//
// PULPEMU_POLL_PROGRAMS sets another number of random programs, PULPEMU_SEED the first.

import Foundation
import HardwareModel
import PULPissimo
import TestSupport
import Testing

@testable import RISCV

@Suite struct PollingLoopTests {
  static let count = UInt64(ProcessInfo.processInfo.environment["PULPEMU_POLL_PROGRAMS"] ?? "") ?? 160
  static let firstSeed = UInt64(ProcessInfo.processInfo.environment["PULPEMU_SEED"] ?? "") ?? 1
  static let slices: [UInt64] = [0, 2311]

  @Test(arguments: stride(from: 0, to: count, by: 16).map { $0 }, [Engine.blocks, .translated])
  func pollingLoopsAreThoseOfTheExactEngine(_ batch: UInt64, engine: Engine) {
    for seed in Self.firstSeed + batch..<Self.firstSeed + min(batch + 16, Self.count) {
      for slice in Self.slices {
        let program = EngineProgram.polls(seed: seed, limit: 30_000)
        let (difference, _) = EngineComparison.compare(
          program.with(words: program.words, slice: slice), with: engine)
        #expect(difference == nil, "\(engine), seed \(seed), slice \(slice): \(difference?.text ?? "")")
      }
    }
  }

  /// What the comparison is worth.
  @Test func manyRoundsArePassedOver() {
    var programs = 0
    var rounds: UInt64 = 0
    for seed in 1...160 as ClosedRange<UInt64> {
      let machine = EngineProgram.polls(seed: seed, limit: 0).machine(.blocks)
      _ = machine.run(limits: RunLimits(cycles: 30_000))
      let skipped = machine.hart.polls.skippedRounds
      if skipped > 0 { programs += 1 }
      rounds += skipped
    }
    #expect(programs > 40)
    #expect(rounds > 20_000)
  }

  private func instructions(_ body: (Assembly) -> Void, until limit: UInt64 = 100_000_000) -> (Machine, RunEnd) {
    let machine = Machine(MachineConfiguration())
    let program = Assembly { body($0) }
    machine.write(program.bytes, at: program.base)
    machine.boot(at: program.base)
    return (machine, machine.run(limits: RunLimits(cycles: limit)))
  }

  @Test func aWaitForTheTimerCostsTheHostNoMoreForBeingLong() {
    let (machine, end) = instructions { p in
      p.li(.s0, 0x1A10_B000)
      p.li(.t0, 1)
      p.sw(.t0, 0, .s0)
      p.li(.s1, 50_000_000)
      p.label("wait")
      p.lw(.t1, 8, .s0)
      p.bltu(.t1, .s1, "wait")
      p.exit()
    }
    #expect(end.reason == .exit)
    #expect(machine.hart.polls.skippedRounds > 5_000_000)
    #expect(machine.hart.counters.instructions - 2 * machine.hart.polls.skippedRounds < 1000)
  }

  @Test func aBoundedWaitForARegisterEndsWithItsLastTry() {
    let (machine, end) = instructions { p in
      p.li(.s0, 0x1A10_C000)
      p.li(.s1, 3_000_000)
      p.label("wait")
      p.lw(.t1, 0x0C, .s0)
      p.andi(.t1, .t1, 1)
      p.bne(.t1, .zero, "done")
      p.addi(.s1, .s1, -1)
      p.bne(.s1, .zero, "wait")
      p.label("done")
      p.exit()
    }
    #expect(end.reason == .exit)
    #expect(machine.hart[register: 9] == 0)
    #expect(machine.hart.polls.skippedRounds > 2_999_000)
  }

  /// As compilers without optimisation have it: the counter in memory, the register read by a function. Code and stack lie
  /// in different banks, or every fetch could be late.
  @Test func aCounterInMemoryIsFollowed() {
    let (machine, end) = instructions { p in
      p.li(.sp, 0x1C01_0100)
      p.li(.t0, 400_000)
      p.sw(.t0, 12, .sp)
      p.label("wait")
      p.jal(.ra, "status")
      p.bne(.a0, .zero, "done")
      p.lw(.t0, 12, .sp)
      p.addi(.t0, .t0, -1)
      p.sw(.t0, 12, .sp)
      p.bne(.t0, .zero, "wait")
      p.label("done")
      p.exit()
      p.label("status")
      p.addi(.sp, .sp, -16)
      p.sw(.ra, 8, .sp)
      p.li(.t1, 0x1A10_C000)
      p.lw(.a0, 0x0C, .t1)
      p.lw(.ra, 8, .sp)
      p.addi(.sp, .sp, 16)
      p.ret()
    }
    #expect(end.reason == .exit)
    #expect(machine.word(at: 0x1C01_010C) == 0)
    #expect(machine.hart.polls.skippedRounds > 399_000)
  }

  /// Rounds until a branch goes the other way, against going through them.
  @Test func roundsBeforeABranchChangesAreCounted() {
    let values: [UInt32] = [0, 1, 5, 300, 0x7FFF_FFF0, 0x8000_0000, 0x8000_0010, .max - 5, .max]
    let steps: [UInt32] = [0, 1, 2, 3, 7, 0x40, .max, .max - 1, .max - 6, 0x8000_0000]
    let operations: [RISCV.Operation] = [.beq, .bne, .blt, .bge, .bltu, .bgeu]
    for operation in operations {
      for a in values {
        for b in values {
          for da in steps {
            for db in steps {
              let rounds = PollingRound.rounds(operation, a, da, b, db)
              let now = Arithmetic.condition(operation, a, b)
              let tried = UInt32(min(rounds, 200))
              var holds = true
              for round in 0...tried {
                let later = Arithmetic.condition(operation, a &+ round &* da, b &+ round &* db)
                if later != now { holds = false }
              }
              #expect(holds, "\(operation) \(a)+\(da) \(b)+\(db): \(rounds)")
            }
          }
        }
      }
    }
    #expect(PollingRound.rounds(.bltu, 0, 9, 99_999, 0) == 11_110)
    #expect(PollingRound.rounds(.bne, 1000, .max, 0, 0) == 999)
    #expect(PollingRound.rounds(.bne, 1001, .max - 1, 0, 0) == .max)
  }
}
