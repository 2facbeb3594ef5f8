// The machine's interconnect, which skips what nobody notices, against the traces, against the plain player that steps
// every cycle, and against the slowdown measured on the RTL.

import Foundation
import HardwareModel
import TestSupport
import Testing

@testable import PULPissimo
@testable import RetentionAccelerator

@Suite("L2 interconnect")
struct InterconnectTests {
  /// What a trace's masters do, as a bench; nil if it uses what the machine's interconnect has no master for.
  private func bench(_ trace: L2Trace, interleavedBanks: Int = 4) -> InterconnectBench? {
    var bench = InterconnectBench(interleavedBanks: interleavedBanks)
    var beats: [Int: [L2Trace.Access]] = [:]
    for access in trace.accesses {
      guard case .bank = L2Crossbar.target(access.master, access.address) else { return nil }
      let script = (address: access.address, earliest: access.earliest, gap: access.gap)
      switch access.master {
      case .coreData: bench.data.accesses.append(script)
      case .coreInstruction: bench.fetch.accesses.append(script)
      case .udmaTransmit, .udmaReceive:
        guard bench.l2.contains(access.address, 4) else { return nil }
        if access.master == .udmaTransmit {
          bench.transmit.accesses.append(script)
        } else {
          bench.receive.accesses.append(script)
        }
      case .accelerator0, .accelerator1, .accelerator2, .accelerator3:
        guard let beat = access.beat else { return nil }
        beats[beat, default: []].append(access)
      default: return nil
      }
    }
    var steps: [BeatStep] = []
    for beat in beats.keys.sorted() {
      guard let words = beats[beat]?.sorted(by: { $0.master.rawValue < $1.master.rawValue }), let first = words.first
      else { return nil }
      for (port, word) in words.enumerated() {
        guard word.master.rawValue == 9 + port, word.address == first.address + UInt32(4 * port) else { return nil }
      }
      if beat == 0 {
        if first.earliest > 0 { steps.append(.idle(first.earliest)) }
      } else {
        guard first.earliest == 0 else { return nil }
        if first.gap > 1 { steps.append(.idle(first.gap - 1)) }
      }
      steps.append(.beats(BeatRun(address: first.address, rowBytes: UInt32(4 * words.count))))
    }
    if !steps.isEmpty { bench.phases = [(steps, InterconnectBench.cycles(steps))] }
    return bench
  }

  private func grants(_ trace: L2Trace, _ outcomes: [L2Trace.Outcome], _ master: L2Master) -> [Cycle] {
    zip(trace.accesses, outcomes).filter { $0.0.master == master }.map(\.1.grant)
  }

  /// Stalls of the beats: cycles from a beat's request to its last grant.
  private func stalls(_ trace: L2Trace, _ outcomes: [L2Trace.Outcome]) -> Cycle {
    var longest: [Int: Cycle] = [:]
    for (access, outcome) in zip(trace.accesses, outcomes) {
      guard let beat = access.beat else { continue }
      longest[beat] = max(longest[beat] ?? 0, outcome.grant - outcome.request)
    }
    return longest.values.reduce(0, +)
  }

  private func compare(_ trace: L2Trace, _ outcomes: [L2Trace.Outcome], _ bench: InterconnectBench) -> Bool {
    bench.data.grants == grants(trace, outcomes, .coreData)
      && bench.fetch.grants == grants(trace, outcomes, .coreInstruction)
      && bench.transmit.grants == grants(trace, outcomes, .udmaTransmit)
      && bench.receive.grants == grants(trace, outcomes, .udmaReceive)
      && bench.stalls == stalls(trace, outcomes)
  }

  @Test("Core, uDMA and accelerator are granted as in the RTL's traces")
  func followsTheTraces() throws {
    var played = 0
    for file in l2Traces() {
      let trace = try readL2Trace(file)
      guard var bench = bench(trace) else { continue }
      bench.run()
      let recorded = trace.accesses.map {
        L2Trace.Outcome(request: $0.request, grant: $0.grant, response: $0.response)
      }
      #expect(compare(trace, recorded, bench), "\(trace.name)")
      played += 1
    }
    #expect(played >= 35)
  }

  @Test("Skipping in bulk gives the grants of stepping every cycle", arguments: UInt64(1)...40, [4, 8])
  func skipsExactly(_ seed: UInt64, _ banks: Int) {
    var random = SplitMix64(seed: seed)
    func number(_ range: Range<Int>) -> Int { Int.random(in: range, using: &random) }
    func address() -> Address { 0x1C01_0000 + UInt32(4 * number(0..<64)) }
    var trace = L2Trace(name: "random", accesses: [])
    let gaps = [1..<4, 1..<40, 20..<200][number(0..<3)]
    for master in [L2Master.coreData, .coreInstruction, .udmaTransmit, .udmaReceive] where number(0..<4) > 0 {
      for _ in 0..<number(1..<120) {
        let place = number(0..<5) == 0 ? 0x1C00_0000 + UInt32(4 * number(0..<0x4000)) : address()
        trace.accesses.append(
          L2Trace.Access(
            master: master, address: place, isWrite: false, request: 0, grant: 0, response: 0,
            earliest: Cycle(number(0..<30)), gap: Cycle(number(gaps))))
      }
    }
    // Runs of beats, cut into phases.
    var phases: [[BeatStep]] = []
    var beat = 0
    for _ in 0..<number(1..<12) {
      var steps: [BeatStep] = []
      var idle: Cycle = 0
      for _ in 0..<number(1..<5) {
        if number(0..<2) == 0 {
          let cycles = Cycle(number(1..<60))
          steps.append(.idle(cycles))
          idle += cycles
        }
        let run = BeatRun(
          address: 0x1C01_0000 + UInt32(4 * number(0..<256)), rowStride: UInt32(4 * number(0..<20)),
          rows: UInt32(number(1..<40)), rowBytes: UInt32(4 * number(1..<14)))
        steps.append(.beats(run))
        for row in 0..<run.rows {
          for offset in stride(from: UInt32(0), to: run.rowBytes, by: 16) {
            for port in 0..<min(4, Int(run.rowBytes - offset) / 4) {
              guard let master = L2Master(rawValue: 9 + port) else { continue }
              trace.accesses.append(
                L2Trace.Access(
                  master: master, address: run.address + row * run.rowStride + offset + UInt32(4 * port),
                  isWrite: false, request: 0, grant: 0, response: 0, earliest: beat == 0 ? idle : 0, gap: idle + 1,
                  beat: beat))
            }
            beat += 1
            idle = 0
          }
        }
      }
      phases.append(steps)
    }
    guard var bench = bench(trace, interleavedBanks: banks) else {
      Issue.record("seed \(seed): no bench")
      return
    }
    bench.phases = phases.map { ($0, InterconnectBench.cycles($0)) }
    bench.run()
    #expect(compare(trace, trace.play(.closedLoop, interleavedBanks: banks), bench))
  }

  @Test(
    "Every request is granted once, a bank grants one master a cycle, and nobody waits longer than there are others",
    arguments: UInt64(100)...119)
  func conservesWork(_ seed: UInt64) {
    var random = SplitMix64(seed: seed)
    func number(_ range: Range<Int>) -> Int { Int.random(in: range, using: &random) }
    var bench = InterconnectBench()
    func script(_ count: Int) -> [(address: Address, earliest: Cycle, gap: Cycle)] {
      (0..<count).map { _ in
        let base: Address = number(0..<4) == 0 ? 0x1C00_0000 : 0x1C01_0000
        return (base + UInt32(4 * number(0..<64)), Cycle(number(0..<40)), Cycle(number(1..<4)))
      }
    }
    bench.data.accesses = script(number(50..<300))
    bench.fetch.accesses = script(number(50..<300))
    bench.transmit.accesses = script(number(50..<300))
    bench.receive.accesses = script(number(50..<300))
    let steps: [BeatStep] = [.beats(BeatRun(address: 0x1C01_0000, rowStride: 20, rows: 400, rowBytes: 16))]
    bench.phases = [(steps, InterconnectBench.cycles(steps))]
    bench.run()
    var granted = Set<[UInt64]>()
    var total = 0
    for master in [bench.data, bench.fetch, bench.transmit, bench.receive] {
      #expect(master.grants.count == master.accesses.count, "total of grants = total of requests")
      var last: Cycle?
      for (access, grant) in zip(master.accesses, master.grants) {
        let request = last.map { max(access.earliest, $0 + access.gap) } ?? access.earliest
        // Three others and the accelerator's four ports.
        #expect(grant >= request && grant - request <= 7, "starvation")
        last = grant
        guard case .bank(let bank) = L2Crossbar.target(.udmaTransmit, access.address) else { continue }
        #expect(granted.insert([UInt64(bank.rawValue), grant]).inserted, "two grants of one bank in cycle \(grant)")
        total += 1
      }
    }
    #expect(total == granted.count)
    // The accelerator's beats are delayed, never lost: it ends after its own cycles and its stalls.
    #expect(bench.end == 400 + bench.stalls)
  }

  @Test("Of two masters that walk through memory twice as many banks keep more apart")
  func banksKeepMastersApart() {
    func stalls(_ banks: Int) -> Cycle {
      var bench = InterconnectBench(interleavedBanks: banks)
      let steps: [BeatStep] = [.beats(BeatRun(address: 0x1C01_0000, rowStride: 16, rows: 1024, rowBytes: 16))]
      bench.phases = [(steps, InterconnectBench.cycles(steps))]
      bench.data.accesses = (0..<4096).map { (0x1C02_0000 + 4 * $0, 0, 3) }
      bench.run(untilAcceleratorEnds: true)
      return bench.stalls
    }
    #expect(stalls(4) > stalls(8) && stalls(8) > 0)
  }

  @Test("One master alone is granted every request in its own cycle", arguments: 0..<4)
  func aloneNeverWaits(_ master: Int) {
    var bench = InterconnectBench()
    let accesses: [(address: Address, earliest: Cycle, gap: Cycle)] = (0..<500).map {
      let index = UInt32($0)
      return (Address(0x1C01_0000) + 4 * (index * 7 % 64), Cycle(0), Cycle(1 + index % 3))
    }
    switch master {
    case 0: bench.data.accesses = accesses
    case 1: bench.fetch.accesses = accesses
    case 2: bench.transmit.accesses = accesses
    default: bench.receive.accesses = accesses
    }
    bench.run()
    let used = [bench.data, bench.fetch, bench.transmit, bench.receive][master]
    #expect(used.grants.count == 500 && used.waits == 0)
  }

  @Test("Nobody else about: a job's beats cost nothing and stall nowhere")
  func aloneCostsNothing() {
    var bench = InterconnectBench()
    let steps: [BeatStep] = [.beats(BeatRun(address: 0x1C01_0000, rowStride: 64, rows: 1 << 20, rowBytes: 64))]
    bench.phases = [(steps, InterconnectBench.cycles(steps))]
    bench.run(limit: 8_000_000)
    #expect(bench.stalls == 0)
    #expect(bench.end == 4 << 20)
  }

  /// The table of the RTL: 1024 full beats back to back, the core asking for interleaved L2 every so many cycles.
  @Test(
    "A streaming accelerator is slowed down by the core as on the RTL",
    arguments: [
      (1, 0, 2048, 1.00), (1, 1, 1536, 0.50), (2, 0, 1536, 1.00), (2, 1, 1536, 1.00), (3, 1, 1366, 1.00),
      (4, 1, 1280, 1.00), (5, 1, 1229, 1.00), (6, 1, 1195, 1.00), (7, 1, 1171, 1.00), (8, 1, 1152, 1.00),
    ] as [(Cycle, UInt32, Cycle, Double)])
  func coreSlowsTheAccelerator(_ every: Cycle, _ stride: UInt32, _ cycles: Cycle, _ wait: Double) {
    var bench = InterconnectBench()
    let steps: [BeatStep] = [.beats(BeatRun(address: 0x1C01_0000, rowStride: 16, rows: 1024, rowBytes: 16))]
    bench.phases = [(steps, InterconnectBench.cycles(steps))]
    bench.data.accesses = (0..<4096).map { (0x1C02_0000 + 4 * stride * $0, 0, every) }
    bench.run(untilAcceleratorEnds: true)
    #expect(bench.end >= cycles - 1 && bench.end <= cycles + 1, "\(bench.end)")
    #expect(bench.stalls == bench.end - 1024)
    let mean = Double(bench.data.waits) / Double(bench.data.grants.count)
    #expect(abs(mean - wait) < 0.01, "\(mean)")
  }

  @Test(
    "A streaming accelerator is slowed down by the uDMA as on the RTL",
    arguments: [(1, 1.001), (2, 0.500), (4, 0.250), (8, 0.125), (16, 0.062)] as [(Cycle, Double)])
  func uDMASlowsTheAccelerator(_ every: Cycle, _ stall: Double) {
    var bench = InterconnectBench()
    let steps: [BeatStep] = [.beats(BeatRun(address: 0x1C01_0000, rowStride: 16, rows: 1024, rowBytes: 16))]
    bench.phases = [(steps, InterconnectBench.cycles(steps))]
    bench.transmit.accesses = (0..<4096).map { (0x1C02_0000 + 4 * $0, 0, every) }
    bench.receive.accesses = (0..<4096).map { (0x1C03_0004 + 4 * $0, 0, every) }
    bench.run(untilAcceleratorEnds: true)
    #expect(abs(Double(bench.stalls) / 1024 - stall) < 0.003, "\(bench.stalls)")
  }

  @Test("Fetches from interleaved L2 in every cycle cost half a cycle on both sides")
  func fetchesSlowTheAccelerator() {
    var bench = InterconnectBench()
    let steps: [BeatStep] = [.beats(BeatRun(address: 0x1C01_0000, rowStride: 16, rows: 1024, rowBytes: 16))]
    bench.phases = [(steps, InterconnectBench.cycles(steps))]
    bench.fetch.accesses = (0..<4096).map { (0x1C04_0000 + 4 * $0, 0, 1) }
    bench.run(untilAcceleratorEnds: true)
    #expect(abs(Double(bench.stalls) / 1024 - 0.5) < 0.003, "\(bench.stalls)")
    #expect(abs(Double(bench.fetch.waits) / Double(bench.fetch.grants.count) - 0.5) < 0.01)
  }
}
