// The models replay what the RTL did, line for line and cycle for cycle.
//
// The traces under Tests/RTLTraces are Verilator simulations of the published RTL; each header names the revision.

import Foundation
import HardwareModel
import Peripherals
import TestSupport
import Testing

@testable import EmulatorCommands

private func traces(of block: String) throws -> [URL] {
  let folder = Repository.root.appendingPathComponent("Tests/RTLTraces/\(block)")
  return try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
    .filter { $0.pathExtension == "jsonl" }
    .sorted { $0.lastPathComponent < $1.lastPathComponent }
}

private func registerTrace(_ file: URL) throws -> RegisterTrace {
  guard case .register(let trace) = try ReplayFile.read(file.path) else {
    throw HostError.data("\(file.path): no register trace")
  }
  return trace
}

@Suite("Replay of RTL traces")
struct RTLTraceTests {
  @Test(
    "A block answers every access and drives every output as the RTL did, in every cycle",
    arguments: [
      ("apb_interrupt_cntrl", 30), ("soc_event_generator", 30), ("apb_timer_unit", 45), ("event_path", 23),
      ("gpio", 22),
      ("apb_gpio", 20), ("soc_ctrl_reg", 14), ("apb_soc_ctrl", 8), ("apb_adv_timer", 25),
    ])
  func replaysBlock(_ block: String, _ count: Int) throws {
    let files = try traces(of: block)
    #expect(files.count == count)
    for file in files { #expect(TraceReplay.play(try ReplayFile.read(file.path)) == .equal) }
  }

  @Test(
    "The uDMA and its UART, SPI and I2C masters do to registers, L2, events and pins what the RTL does, in every cycle")
  func replaysUDMA() throws {
    let files = try traces(of: "udma")
    #expect(files.count == 215)
    for file in files { #expect(TraceReplay.play(try ReplayFile.read(file.path)) == .equal) }
  }

  @Test("The player notices a read that differs")
  func playerIsNotBlind() throws {
    let file = try #require(try traces(of: "apb_timer_unit").first)
    var trace = try registerTrace(file)
    let index = try #require(trace.entries.firstIndex { if case .read = $0.entry { true } else { false } })
    guard case .read(let address, let value) = trace.entries[index].entry else { return }
    trace.entries[index].entry = .read(address, value ^ 1)
    let target = try #require(ReplayTargets.make(trace))
    #expect(trace.play(on: target).first?.cycle == trace.entries[index].cycle)
  }
}
