// Scripted masters at the machine's interconnect: the core's ports cycle by cycle, the uDMA's by request and question,
// the accelerator's as beat schedules.

import HardwareModel
import Peripherals

@testable import PULPissimo
@testable import RetentionAccelerator

/// A master that asks again `gap` cycles after each grant, or at the cycles given.
struct ScriptedMaster {
  var accesses: [(address: Address, earliest: Cycle, gap: Cycle)]
  var grants: [Cycle] = []
  var waits: Cycle = 0

  /// The cycle of the next request; nil when all are granted.
  var request: Cycle? {
    guard grants.count < accesses.count else { return nil }
    let next = accesses[grants.count]
    guard let last = grants.last else { return next.earliest }
    return max(next.earliest, last + max(next.gap, 1))
  }

  var address: Address { accesses[grants.count].address }

  mutating func granted(at cycle: Cycle) {
    waits += cycle - (request ?? cycle)
    grants.append(cycle)
  }
}

/// The interconnect and who uses it.
struct InterconnectBench {
  let interconnect: L2Interconnect
  let l2 = DirectMemory(name: "L2", base: 0x1C00_0000, size: 0x9_0000)
  var data = ScriptedMaster(accesses: [])
  var fetch = ScriptedMaster(accesses: [])
  var transmit = ScriptedMaster(accesses: [])
  var receive = ScriptedMaster(accesses: [])
  /// Phases of the accelerator: steps and the cycles that they take alone.
  var phases: [(steps: [BeatStep], cycles: Cycle)] = []
  /// Stalls of all phases that have ended, and the cycle in which the last one did.
  private(set) var stalls: Cycle = 0
  private(set) var end: Cycle = 0

  init(interleavedBanks: Int = 4) {
    interconnect = L2Interconnect(l2: l2, acceleratorPorts: 4, interleavedBanks: interleavedBanks)
  }

  static func cycles(_ steps: [BeatStep]) -> Cycle {
    steps.reduce(0) { sum, step in
      switch step {
      case .idle(let cycles): sum + cycles
      case .beats(let run): sum + run.beats(of: 16)
      }
    }
  }

  /// Runs until everybody is done. `untilAcceleratorEnds`: the others only keep it company.
  mutating func run(untilAcceleratorEnds: Bool = false, limit: Cycle = 1_000_000) {
    var transmitRequested = false
    var receiveRequested = false
    var phase = 0
    var phaseStart: Cycle = 0
    let model = CycleModel(RETAConfiguration())
    func schedule(_ index: Int) -> BeatSchedule? {
      index < phases.count ? BeatSchedule(phases[index].steps, model: model) : nil
    }
    if !phases.isEmpty { interconnect.begin(schedule(0), at: 0) }
    var cycle: Cycle = 0
    while cycle < limit {
      while phase < phases.count {
        let stalled = interconnect.stalls(before: cycle)
        guard cycle >= phaseStart + phases[phase].cycles + stalled else { break }
        stalls += stalled
        phase += 1
        phaseStart = cycle
        end = cycle
        interconnect.begin(schedule(phase), at: cycle)
      }
      let isDone = phase == phases.count
      if isDone && untilAcceleratorEnds { return }
      if isDone && data.request == nil && fetch.request == nil && transmit.request == nil && receive.request == nil {
        return
      }
      if let request = transmit.request, request <= cycle, !transmitRequested {
        transmitRequested = true
        _ = interconnect.read(transmit.address, at: cycle)
      }
      if let request = receive.request, request <= cycle, !receiveRequested {
        receiveRequested = true
        _ = interconnect.write(receive.address, 0, strobe: 0, at: cycle)
      }
      let wantsFetch = fetch.request.map { $0 <= cycle } ?? false
      let wantsData = data.request.map { $0 <= cycle } ?? false
      if wantsFetch || wantsData {
        let granted = interconnect.arbitrate(
          fetch: wantsFetch ? fetch.address : nil, data: wantsData ? data.address : nil, at: cycle)
        if wantsFetch && granted.fetch { fetch.granted(at: cycle) }
        if wantsData && granted.data { data.granted(at: cycle) }
      }
      if transmitRequested, interconnect.decided(.transmit, by: cycle) != nil {
        transmitRequested = false
        transmit.granted(at: cycle)
      }
      if receiveRequested, interconnect.decided(.receive, by: cycle) != nil {
        receiveRequested = false
        receive.granted(at: cycle)
      }
      cycle += 1
    }
  }
}
