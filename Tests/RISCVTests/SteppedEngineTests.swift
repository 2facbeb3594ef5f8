// The cycle-stepped engine and the closed form are one machine: random programs, instruction by instruction.
//
// Without contention the two must agree on the cycle of every instruction and interrupt. With contention the machine
// changes over from one to the other and back in mid-stream; a machine that is stepped from the first cycle on tells
// whether that ever costs or saves a cycle.

import Foundation
import HardwareModel
import PULPissimo
import RISCV
import TestSupport
import Testing

/// Writes down when every instruction leaves ID, up to the first store into code.
private final class Recorder: InstructionObserver {
  struct Step: Equatable {
    var pc: Address
    var cycle: Cycle
    var cause: UInt32?
  }

  var steps: [Step] = []
  private var isOpen = true
  private let code: [Range<UInt32>]

  init(_ program: EngineProgram) {
    let size = UInt32(4 * program.words.count)
    code = [EngineProgram.handlerAddress..<EngineProgram.handlerAddress + 0x400, program.base..<program.base + size]
  }

  func issuing(_ instruction: Instruction, pc: Address, at cycle: Cycle, hart: Hart) {
    guard isOpen else { return }
    steps.append(Step(pc: pc, cycle: cycle))
    guard instruction.timing == .store else { return }
    var address = hart[register: Int(instruction.rs1)] &+ instruction.immediate
    if address < 0x10_0000 { address = 0x1C00_0000 | address }
    // What has been fetched already is not defined then.
    if code.contains(where: { $0.contains(address) || $0.contains(address &+ 3) }) { isOpen = false }
  }

  func executed(_ instruction: Instruction, pc: Address, at cycle: Cycle, hart: Hart) {}
  func loaded(_ rd: Int, _ value: UInt32, pc: Address) {}

  func tookTrap(cause: UInt32, pc: Address, target: Address, at cycle: Cycle) {
    if isOpen { steps.append(Step(pc: pc, cycle: cycle, cause: cause)) }
  }
}

@Suite struct SteppedEngineTests {
  static let count = UInt64(ProcessInfo.processInfo.environment["PULPEMU_ENGINE_PROGRAMS"] ?? "") ?? 96
  static let limit: Cycle = 20_014

  private func steps(
    _ program: EngineProgram, slice: Cycle = limit, _ configure: (inout MachineConfiguration) -> Void
  ) -> (steps: [Recorder.Step], machine: Machine) {
    let machine = program.machine(blockEngine: false, configure)
    let recorder = Recorder(program)
    machine.hart.instructionObserver = recorder
    var until: Cycle = 0
    while until < Self.limit {
      until = min(until + slice, Self.limit)
      if machine.run(limits: RunLimits(cycles: until)).reason != .limit { break }
    }
    return (recorder.steps, machine)
  }

  private func expectSame(_ a: [Recorder.Step], _ b: [Recorder.Step], _ what: String) {
    guard a != b else { return }
    let index = zip(a, b).enumerated().first { $1.0 != $1.1 }?.offset ?? min(a.count, b.count)
    func text(_ steps: [Recorder.Step]) -> String {
      steps[max(0, index - 3)..<min(steps.count, index + 2)]
        .map { "0x\(String($0.pc, radix: 16))@\($0.cycle)\($0.cause.map { " cause \($0)" } ?? "")" }
        .joined(separator: ", ")
    }
    Issue.record("\(what), step \(index) of \(a.count) and \(b.count): \(text(a)) / \(text(b))")
  }

  @Test(arguments: stride(from: 0, to: count, by: 8).map { $0 })
  func theSteppedEngineAgreesWithTheClosedFormOnEveryInstruction(_ batch: UInt64) {
    for seed in batch + 1...min(batch + 8, Self.count) {
      let program = EngineProgram(seed: seed, limit: Self.limit)
      guard program.hasCycleModel else { continue }
      let closed = steps(program) { $0.contention = false }
      let stepped = steps(program) {
        $0.contention = false
        $0.hart.alwaysStepped = true
      }
      expectSame(closed.steps, stepped.steps, "seed \(seed)")
    }
  }

  @Test(arguments: stride(from: 0, to: count, by: 8).map { $0 })
  func changingEnginesInMidStreamChangesNoCycle(_ batch: UInt64) {
    for seed in batch + 1...min(batch + 8, Self.count) {
      let program = EngineProgram(seed: seed, limit: Self.limit)
      guard program.hasCycleModel else { continue }
      let changing = steps(program) { _ in }
      let stepped = steps(program) { $0.hart.alwaysStepped = true }
      expectSame(changing.steps, stepped.steps, "seed \(seed)")
      let sliced = steps(program, slice: 97) { _ in }
      expectSame(changing.steps, sliced.steps, "seed \(seed) in slices")
    }
  }

  /// What the comparison is worth depends on what the programs do.
  @Test func theRandomProgramsMeetThemselvesAtTheBanks() {
    var fetchStalls: Cycle = 0
    var dataStalls: Cycle = 0
    for seed in 1...64 as ClosedRange<UInt64> {
      let machine = EngineProgram(seed: seed, limit: 0).machine(blockEngine: true)
      _ = machine.run(limits: RunLimits(cycles: Self.limit))
      fetchStalls += machine.hart.counters.fetchStallCycles
      dataStalls += machine.hart.counters.dataStallCycles
    }
    #expect(fetchStalls > 1000)
    #expect(dataStalls > 1000)
  }
}
