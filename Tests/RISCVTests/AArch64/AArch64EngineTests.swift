// The AArch64 target, run on a model of an AArch64 processor: random programs end as on the exact engine, at every slice boundary.
//
// Everything of the translator is in it: chained and unchained exits, indirect jumps, stores into code, events, other
// windows of memory. What no model shows is in Documentation/Performance.md.

import Foundation
import HardwareModel
import PULPissimo
import TestSupport
import Testing

@testable import RISCV

@Suite(.enabled(if: AArch64Model.isInstalled, "libunicorn is not installed"))
struct AArch64EngineTests {
  private static func number(_ name: String, _ standard: UInt64) -> UInt64 {
    ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) } ?? standard
  }
  static let count = number("PULPEMU_AARCH64_PROGRAMS", 48)
  static let firstSeed = number("PULPEMU_SEED", 1)

  private static func machine(_ program: EngineProgram, _ model: AArch64Model) -> Machine {
    let machine = program.machine(.translated) { $0.hart.foreignProcessor = { model } }
    model.attach(machine)
    return machine
  }

  @Test(arguments: stride(from: 0, to: count, by: 8).map { $0 })
  func emittedCodeDoesWhatTheExactEngineDoes(_ batch: UInt64) throws {
    for seed in Self.firstSeed + batch..<Self.firstSeed + min(batch + 8, Self.count) {
      for slice in [0, 1000] as [UInt64] {
        let model = try #require(AArch64Model())
        let program = EngineProgram(seed: seed, limit: 20_014).with(
          words: EngineProgram(seed: seed, limit: 20_014).words, slice: slice)
        let (difference, _) = EngineComparison.compare(
          program, with: .translated, on: Self.machine(program, model))
        #expect(difference == nil, "seed \(seed), slice \(slice): \(difference?.text ?? "")")
        #expect(model.broken.isEmpty, "seed \(seed), slice \(slice): \(model.broken.prefix(3))")
      }
    }
  }

  /// What the comparison is worth.
  @Test func muchOfTheProgramsRunsInEmittedCode() throws {
    var calls = 0
    var changes = 0
    var blocks = 0
    for seed in 1...8 as ClosedRange<UInt64> {
      let model = try #require(AArch64Model())
      let machine = Self.machine(EngineProgram(seed: seed, limit: 0), model)
      _ = machine.run(limits: RunLimits(cycles: 20_014))
      calls += model.calls
      changes += model.changes
      blocks += machine.hart.translator?.statistics.blocks ?? 0
    }
    if ProcessInfo.processInfo.environment["PULPEMU_AARCH64_PROGRAMS"] != nil {
      print("calls \(calls), changes \(changes), blocks \(blocks)")
    }
    #expect(blocks > 200)
    #expect(changes > blocks)
    #expect(calls > 1000)
  }
}
