// The AArch64 target, run on a model of an AArch64 processor: registers, memory, cycles and counters are those of the exact
// engine, of the RTL and of QEMU.
//
// Everything of the translator is in it: chained and unchained exits, indirect jumps, divisions, stores into code,
// events, two ranges of data memory. What no model shows is in Documentation/Performance.md.

import FirmwareImage
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
  /// PULPEMU_AARCH64_PROGRAMS sets another number of random programs of each kind, PULPEMU_SEED the first.
  static let count = number("PULPEMU_AARCH64_PROGRAMS", 48)
  static let firstSeed = number("PULPEMU_SEED", 1)

  private static func configure(_ configuration: inout MachineConfiguration, _ model: AArch64Model) {
    Engine.translated.choose(&configuration.hart)
    configuration.hart.foreignProcessor = { model }
  }

  private static func machine(_ image: FirmwareImage, _ model: AArch64Model?) -> Machine {
    var configuration = MachineConfiguration()
    Engine.exact.choose(&configuration.hart)
    if let model { configure(&configuration, model) }
    let machine = Machine(configuration)
    machine.load(image)
    model?.attach(machine)
    return machine
  }

  @Test(arguments: stride(from: 0, to: count, by: 8).map { $0 })
  func programsOfTrapsAndEventsRunAsOnTheExactEngine(_ batch: UInt64) throws {
    for seed in Self.firstSeed + batch..<Self.firstSeed + min(batch + 8, Self.count) {
      let words = EngineProgram(seed: seed, limit: 20_014)
      for slice in [0, 1000] as [UInt64] {
        let model = try #require(AArch64Model())
        let program = words.with(words: words.words, slice: slice)
        let machine = program.machine(.translated) { $0.hart.foreignProcessor = { model } }
        model.attach(machine)
        let (difference, _) = EngineComparison.compare(program, with: .translated, on: machine)
        #expect(difference == nil, "seed \(seed), slice \(slice): \(difference?.text ?? "")")
        #expect(model.broken.isEmpty, "seed \(seed), slice \(slice): \(model.broken.prefix(3))")
      }
    }
  }

  /// Runs both to their end in slices; all that can be seen and the memory at `data` agree after each.
  private func compare(
    _ exact: Machine, _ translated: Machine, slice: UInt64, limit: UInt64, data: (address: UInt32, count: Int),
    _ name: String
  ) {
    var until: UInt64 = 0
    while until < limit {
      until += slice
      let ends = (
        exact.run(limits: RunLimits(cycles: until)), translated.run(limits: RunLimits(cycles: until))
      )
      let states = (VisibleState(exact, end: ends.0), VisibleState(translated, end: ends.1))
      if states.0 != states.1 {
        Issue.record("\(name), cycle \(until): exact / AArch64: \(states.0.differences(from: states.1))")
        return
      }
      if exact.read(data.address, count: data.count) != translated.read(data.address, count: data.count) {
        Issue.record("\(name), cycle \(until): memory differs")
        return
      }
      if ends.0.reason != .limit { return }
    }
  }

  /// Loops of arithmetic, loads and stores: the programs that are also compared with QEMU (`DifferentialTests`).
  @Test(arguments: stride(from: 0, to: count, by: 8).map { $0 })
  func programsOfLoopsRunAsOnTheExactEngine(_ batch: UInt64) throws {
    for seed in Self.firstSeed + batch..<Self.firstSeed + min(batch + 8, Self.count) {
      let program = PortableProgram(seed: seed, iterations: 8)
      let model = try #require(AArch64Model())
      let translated = program.machine { Self.configure(&$0, model) }
      model.attach(translated)
      compare(
        program.machine { Engine.exact.choose(&$0.hart) }, translated, slice: 9973, limit: 3_000_000,
        data: (PortableProgram.data, PortableProgram.compared), "seed \(seed)")
      #expect(model.broken.isEmpty, "seed \(seed): \(model.broken.prefix(3))")
    }
  }

  @Test(arguments: TimingProgram.all)
  func aTimingProgramTakesTheCyclesOfTheRTL(_ program: TimingProgram) throws {
    let image = try FirmwareImage.load(path: program.path)
    if program.name.hasPrefix("prog-"), TimingProgram.digest(image) != program.digest { return }
    let model = try #require(AArch64Model())
    let machine = Self.machine(image, model)
    let end = machine.run(limits: RunLimits(cycles: 10_000_000))
    #expect(end.reason == .exit)
    #expect(end.code == 0)
    let window = try #require(image.symbols["win_start"]?.address)
    let words = (0..<4).map { machine.word(at: window &+ UInt32(4 * $0)) }
    #expect(words[3] &- words[1] == program.instructions)
    #expect(words[2] &- words[0] == program.cycles)
    #expect(model.broken.isEmpty)
  }

  @Test(arguments: ["hello", "timers", "reta-selftest", "retnet-generate-irq", "retnet-generate-queue"])
  func firmwareRunsAsOnTheExactEngine(_ name: String) throws {
    let image = try FirmwareImage.load(path: Repository.path("firmware/build/\(name).elf"))
    let model = try #require(AArch64Model())
    compare(
      Self.machine(image, nil), Self.machine(image, model), slice: 100_003, limit: 3_000_000,
      data: (0x1C00_0000, 0x8_0000), name)
    #expect(model.broken.isEmpty, "\(model.broken.prefix(3))")
    #expect(model.calls > 0)
  }

  /// What the comparisons are worth.
  @Test func muchOfTheProgramsRunsInEmittedCode() throws {
    var calls = 0
    var changes = 0
    var total = TranslatorStatistics()
    var instructions: UInt64 = 0
    for seed in 1...8 as ClosedRange<UInt64> {
      let model = try #require(AArch64Model())
      let machine = PortableProgram(seed: seed, iterations: 8).machine { Self.configure(&$0, model) }
      model.attach(machine)
      _ = machine.run(limits: RunLimits(cycles: 3_000_000))
      calls += model.calls
      changes += model.changes
      instructions += machine.hart.counters.instructions
      let statistics = try #require(machine.hart.translator?.statistics)
      total.blocks += statistics.blocks
      total.instructions += statistics.instructions
      total.bytes += statistics.bytes
    }
    if ProcessInfo.processInfo.environment["PULPEMU_AARCH64_PROGRAMS"] != nil {
      print("\(instructions) guest instructions, calls \(calls), changes \(changes), \(total)")
    }
    #expect(total.blocks > 200)
    #expect(changes > total.blocks)
    #expect(calls > 1000)
  }
}
