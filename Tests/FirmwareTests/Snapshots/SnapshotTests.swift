// Snapshots of the shipped firmware at random points: a run that was saved, loaded and gone on with is the uninterrupted
// run, bit for bit and cycle for cycle, whichever engine saved and whichever loaded it.

import Foundation
import HardwareModel
import PULPissimo
import TestSupport
import Testing

@testable import EmulatorCommands

@Suite struct SnapshotTests {
  @Test(arguments: SnapshotProgram.all.indices)
  func `a run that was saved and loaded at random points ends as the uninterrupted one`(index: Int) throws {
    let program = SnapshotProgram.all[index]
    let whole = try program.session()
    let end = whole.runOn()
    try #require(end.reason == .exit && end.code == 0, "\(program)")
    let expected = try whole.summary(end)

    var random = SplitMix64(seed: 0x5AFE + UInt64(index))
    for point in 0..<4 {
      let engines = SnapshotProgram.Engine.allCases
      let (saver, loader) = (try #require(engines.randomElement(using: &random)), engines[point % engines.count])
      var cycle = UInt64.random(in: 1..<end.cycles, using: &random)
      var before: [UInt8] = []
      var session = try program.session(saver)
      // Two snapshots in a row, the second by the engine that has loaded the first.
      for _ in 0..<2 {
        let cut = session.run(to: cycle)
        guard cut.reason == .limit else { break }
        let state = try session.state()
        #expect(try session.state() == state, "\(program): saving changes the state")
        before += session.output.text
        session = try program.session(loader)
        try #require(session.load(state: state) == nil, "\(program) at \(cycle)")
        #expect(try session.state() == state, "\(program) at \(cycle): saved again it is another state")
        cycle = UInt64.random(in: cycle..<end.cycles, using: &random)
      }
      let resumed = session.runOn()
      let summary = try session.summary(resumed, printedBefore: before)
      let isSame = summary == expected
      #expect(isSame, "\(program) at \(cycle), \(saver), \(loader): \(difference(summary, expected))")
    }
  }

  private func difference(_ a: String, _ b: String) -> String {
    let lines = (a.split(separator: "\n"), b.split(separator: "\n"))
    return zip(lines.0, lines.1).filter { $0 != $1 }.prefix(5).map { "\($0.0.prefix(200)) | \($0.1.prefix(200))" }
      .joined(separator: "\n")
  }

  @Test func `every stored property of what a state consists of is visited or named as no state`() throws {
    var types: [String: Set<String>] = [:]
    var underWay: Set<String> = []
    for (index, program) in (SnapshotProgram.all + [SnapshotProgram.flash]).enumerated() {
      var random = SplitMix64(seed: UInt64(index))
      let session = try program.session()
      var cycle: UInt64 = 0
      for _ in 0..<12 {
        cycle += UInt64.random(in: 1..<200_000, using: &random)
        guard session.run(to: cycle).reason == .limit else { break }
        underWay.formUnion(session.underWay)
        let archive = StateArchive()
        archive.audit = { subject, names in audit(subject, names, &types) }
        archive.visit("machine", session.machine)
        archive.visit("recorder", session.recorder)
      }
    }
    #expect(underWay == ["job", "list", "transfer", "sleep", "access", "contention"])
    // A part that no run above has is not looked at; these are all there are.
    #expect(types.keys.sorted() == Self.parts)
  }

  /// Holds the properties that `subject` has against those that were visited.
  private func audit(_ subject: Any, _ names: [String], _ types: inout [String: Set<String>]) {
    var mirror: Mirror? = Mirror(reflecting: subject)
    guard mirror?.displayStyle == .class || mirror?.displayStyle == .struct else { return }
    var stored: Set<String> = []
    while let part = mirror {
      stored.formUnion(part.children.compactMap(\.label))
      mirror = part.superclassMirror
    }
    // Without the module, and without the file of a private type.
    let type = String(reflecting: type(of: subject)).split(separator: ".").dropFirst()
      .filter { !$0.hasPrefix("(unknown") }.joined(separator: ".")
    guard types[type] == nil else { return }
    types[type] = stored
    let visited = Set(names)
    #expect(stored.subtracting(visited).isEmpty, "\(type): neither visited nor named as no state")
    #expect(visited.subtracting(stored).isEmpty, "\(type): visited or named, but no stored property")
  }

  private static let parts = [
    "APBGPIO", "APBGPIO.State", "APBSoCControl", "AcceleratorBeats", "AcceleratorTotals", "AccessTimes",
    "AdvancedTimer", "AdvancedTimer.State", "AdvancedTimerModule", "AdvancedTimerModule.Channel",
    "AdvancedTimerModule.Configuration", "BankArbiter", "BeatRun", "BeatSchedule", "CPIPipeline", "CSRState",
    "CameraSensor", "CycleIntervals", "DebugModule", "DescriptorCost", "DirectMemory", "EdgePropagator", "EventBits",
    "EventQueue", "FLL", "FetchEnableRegister", "FreeRunningCounter", "FrontEnd", "GPIO", "GPIO.State", "Hart",
    "HartCounters", "I2CBusController", "I2CEEPROM", "I2CLines", "I2CReceiver", "I2CSequencer", "I2CSequencer.Inputs",
    "I2CThermometer", "I2CWiring", "I2SClockGenerator", "I2SReceiver", "I2SRecorder", "I2SSource", "I2STransmitter",
    "I2SWiring", "I2SWordSelect", "Instruction", "InterruptController", "InterruptController.State", "JobQueue",
    "JobRecord", "L2Crossbar", "L2Interconnect", "L2Interconnect.Request", "LatchedInput", "LatencyRecords",
    "LatencyRecords.Job", "Machine", "OperationTotals", "OutstandingAccess", "OutstandingAccesses", "PadConfiguration",
    "PadRing", "PastInstruction", "PerformanceEvents", "PeripheralBus", "PipelineHistory", "PipelineTiming", "RETA",
    "ReferenceClock", "ReferenceClock.Segment", "RegionCounts", "RegisterBank", "RunRecorder", "RunRecorder.Mark",
    "RunRecorder.Poll", "RunRecorder.RegisterAccesses", "SPIMClock", "SPIMPinStage", "SPIMReplayBuffer",
    "SPIMSequencer", "SPIMSequencer.Inputs", "SPIMShifter", "SPINORFlash", "SPINORFlashArray", "SPIPins", "SPIWiring",
    "SoCControl", "SoCEventGenerator", "SoCEventGenerator.State", "StagedInstruction", "SteppedEngine",
    "SteppedPipeline", "TimerCounters", "TimerCounters.Half", "TimerCounters.Inputs", "TimerUnit", "UARTBaudCounter",
    "UARTFormat", "UARTLineDriver", "UARTReceiver", "UARTTransmitter", "UDMA", "UDMAAddressGenerator", "UDMACPI",
    "UDMAChannelConfiguration", "UDMAClockCrossingFIFO", "UDMAFILTER", "UDMAI2C", "UDMAI2S", "UDMAReceiveChannel",
    "UDMAReceiveEngine", "UDMARegisterStore", "UDMASPIM", "UDMASPIM.Seen", "UDMATransmitChannel", "UDMATransmitEngine",
    "UDMATransmitEngine.Request",
    "UDMATransmitFIFO", "UDMAUART", "VirtualStdout",
  ]
}
