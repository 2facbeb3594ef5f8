// Programs whose fetches are late take the cycles that the RTL took.
//
// Expected figures: Tests/Timing/contention.csv, measured on the core's RTL (pulp-platform/cv32e40p 7a49867, Verilator):
// code and data in one bank, code and data in the interleaved banks, and every fetch granted one cycle late.

import FirmwareImage
import Foundation
import HardwareModel
import PULPissimo
import RISCV
import TestSupport
import Testing

/// A row of the table.
struct ContendedProgram: Sendable, CustomTestStringConvertible {
  let name: String
  let bank0: UInt32
  let interleaved: UInt32
  let grantedLate: UInt32

  var testDescription: String { name }

  static let all: [ContendedProgram] = {
    let text = (try? String(contentsOfFile: Repository.path("Tests/Timing/contention.csv"), encoding: .utf8)) ?? ""
    return text.split(whereSeparator: \.isNewline).dropFirst().compactMap { line in
      let parts = line.split(separator: ",").map(String.init)
      guard parts.count == 4, let bank0 = UInt32(parts[1]), let interleaved = UInt32(parts[2]),
        let late = UInt32(parts[3])
      else { return nil }
      return ContendedProgram(name: parts[0], bank0: bank0, interleaved: interleaved, grantedLate: late)
    }
  }()
}

/// Refuses each instruction fetch once; nobody else is there.
private final class LateFetches: HartInterconnect {
  private var refused: (address: Address, cycle: Cycle)?

  func region(ofFetch address: Address) -> Int { 1 }
  var contendedFetches: RegionSet { .max }
  var quietRegions: RegionSet { .max }
  func mayContend(_ region: Int, request: Cycle) -> Bool { false }
  func usedAlone(data address: Address) {}
  func usedAlone(fetch address: Address) {}

  func arbitrate(fetch: Address?, data: Address?, at cycle: Cycle) -> (fetch: Bool, data: Bool) {
    guard let fetch else { return (true, true) }
    if let refused, refused.address == fetch, refused.cycle + 1 == cycle {
      self.refused = nil
      return (true, true)
    }
    refused = (fetch, cycle)
    return (false, true)
  }
}

@Suite struct ContendedProgramTests {
  /// Cycles of the measured window; nil if the image is another compiler's.
  private func window(
    _ path: String, _ name: String, _ configure: (inout MachineConfiguration) -> Void = { _ in },
    _ prepare: (Machine) -> Void = { _ in }
  ) throws -> UInt32? {
    guard TimingProgramTests.isReferenceCompiler else { return nil }
    let image = try FirmwareImage.load(path: Repository.path("Tests/Timing/build/\(path).elf"))
    var configuration = MachineConfiguration()
    configure(&configuration)
    let machine = Machine(configuration)
    prepare(machine)
    machine.load(image)
    let end = machine.run(limits: RunLimits(cycles: 10_000_000))
    #expect(end.reason == .exit)
    #expect(end.code == 0)
    let start = try #require(image.symbols["win_start"]?.address)
    return machine.word(at: start &+ 8) &- machine.word(at: start)
  }

  private func plain(_ name: String) -> String { String(name.dropFirst("prog-".count)) }

  @Test func theTableHasAllPrograms() { #expect(ContendedProgram.all.count == 10) }

  @Test(arguments: ContendedProgram.all, Engine.allCases)
  func codeAndDataInOneBankTakeTheCyclesOfTheRTL(_ program: ContendedProgram, engine: Engine) throws {
    let cycles = try window("bank0-" + plain(program.name), program.name) { engine.choose(&$0.hart) }
    #expect(cycles == nil || cycles == program.bank0)
  }

  @Test(arguments: ContendedProgram.all, Engine.allCases)
  func codeAndDataInTheInterleavedBanksTakeTheCyclesOfTheRTL(_ program: ContendedProgram, engine: Engine) throws {
    let cycles = try window("interleaved-" + plain(program.name), program.name) { engine.choose(&$0.hart) }
    #expect(cycles == nil || cycles == program.interleaved)
  }

  @Test(arguments: ContendedProgram.all)
  func programsWhoseEveryFetchIsGrantedLateTakeTheCyclesOfTheRTL(_ program: ContendedProgram) throws {
    let late = LateFetches()
    let cycles = try window(program.name, program.name, { _ in }, { $0.hart.interconnect = late })
    #expect(cycles == nil || cycles == program.grantedLate)
  }

  @Test(arguments: TimingProgram.all)
  func aTimingProgramTakesTheSameCyclesInTheSteppedEngine(_ program: TimingProgram) throws {
    if program.name.hasPrefix("prog-"), !TimingProgramTests.isReferenceCompiler { return }
    let image = try FirmwareImage.load(path: program.path)
    var configuration = MachineConfiguration()
    configuration.hart.alwaysStepped = true
    let machine = Machine(configuration)
    machine.load(image)
    #expect(machine.run(limits: RunLimits(cycles: 10_000_000)).code == 0)
    let start = try #require(image.symbols["win_start"]?.address)
    #expect(machine.word(at: start &+ 8) &- machine.word(at: start) == program.cycles)
    #expect(machine.word(at: start &+ 12) &- machine.word(at: start &+ 4) == program.instructions)
  }

  @Test func withoutContentionOneBankIsAsGoodAsTwo() throws {
    let apart = try window("prog-fsm", "prog-fsm")
    #expect(try window("bank0-fsm", "prog-fsm") { $0.contention = false } == apart)
  }
}
