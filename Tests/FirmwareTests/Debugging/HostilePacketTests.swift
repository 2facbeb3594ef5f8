// A real machine behind the stub, and a client that asks for anything: nothing of it ends the emulator, and what only looks
// changes nothing.

import Foundation
import GDBServer
import TestSupport
import Testing

@testable import EmulatorCommands

@Suite struct HostilePacketTests {
  /// Addresses at which something begins or ends.
  private static let places: [UInt32] = [
    0, 0x7FFF, 0xF_FFFE, 0x10_0000, 0x1A00_0000, 0x1A00_1FFE, 0x1A10_0000, 0x1A10_2080, 0x1A10_9800, 0x1A10_C000,
    0x1A10_FF80, 0x1A11_0000, 0x1A3F_FFFE, 0x1C00_0000, 0x1C00_7FFE, 0x1C00_FFFE, 0x1C01_0000, 0x1C08_FFFE, 0x1C09_0000,
    0x1C10_0000, 0xFFFF_FFF0, 0xFFFF_FFFF,
  ]

  private static func hex(_ value: some FixedWidthInteger) -> String { String(value, radix: 16) }

  private static func look(_ random: inout SplitMix64) -> String {
    let place = (places.randomElement(using: &random) ?? 0) &+ UInt32.random(in: 0..<8, using: &random)
    func monitor(_ text: String) -> String { "qRcmd," + Hex.text(Array(text.utf8)) }
    switch Int.random(in: 0..<8, using: &random) {
    case 0: return "g"
    case 1: return "p" + hex(UInt16.random(in: 0..<5000, using: &random))
    case 2: return "qXfer:features:read:target.xml:\(hex(UInt16.random(in: .min ... .max, using: &random))),400"
    case 3:
      let words = [
        "registers", "registers RETA", "registers FC_ITC", "reta", "udma", "udma uart", "jobs", "timeline", "events",
        "cycles", "break-on list", "checkpoint list", "snapshots", "nonsense", "", "checkpoint restore x",
        "timeline -1",
      ]
      return monitor(words.randomElement(using: &random) ?? "")
    default: return "m\(hex(place)),\(hex(UInt32.random(in: 0..<300, using: &random)))"
    }
  }

  private static func touch(_ random: inout SplitMix64) -> String {
    let place = (places.randomElement(using: &random) ?? 0) &+ 4 &* UInt32.random(in: 0..<64, using: &random)
    let word = Hex.text((0..<4).map { _ in UInt8.random(in: .min ... .max, using: &random) })
    func monitor(_ text: String) -> String { "qRcmd," + Hex.text(Array(text.utf8)) }
    switch Int.random(in: 0..<12, using: &random) {
    case 0: return "P\(hex(UInt16.random(in: 0..<33, using: &random)))=\(word)"
    case 1: return "P\(hex(65 + UInt16.random(in: 0..<4096, using: &random)))=\(word)"
    case 2, 3: return "M\(hex(place)),4:\(word)"
    case 4: return "M\(hex(place &+ 1)),3:\(word.prefix(6))"
    case 5:
      return
        "Z\(Int.random(in: 0..<5, using: &random)),\(hex(place)),\(hex(UInt16.random(in: 0..<200, using: &random)))"
    case 6: return "vCont;r\(hex(place)),\(hex(place &+ 64))"
    case 7: return ["bs", "bc"].randomElement(using: &random) ?? ""
    case 8:
      let words = [
        "break-on job-done", "break-on event 140", "break-on register UDMA_UART.TX_CFG write", "break-on delete",
        "checkpoint save a", "checkpoint save", "checkpoint restore a", "checkpoint delete a", "reset",
      ]
      return monitor(words.randomElement(using: &random) ?? "")
    default: return ["vCont;c", "vCont;s", "s", "c"].randomElement(using: &random) ?? ""
    }
  }

  /// Lets the stub's target go some slices, then takes the reins as Ctrl-C would.
  private static func serve(_ stub: GDBStub, _ target: DebugMachine) {
    guard let resumption = stub.resumption else { return }
    target.resume(resumption)
    for _ in 0..<3 {
      if let event = target.advance(resumption) { return stub.stopped(event) }
    }
    stub.stopped(.interrupted)
  }

  @Test(arguments: 0..<8)
  func `registers, memory and time changed at random never end the emulator`(seed: UInt64) throws {
    var random = SplitMix64(seed: 0xF00D &+ seed)
    let bench = try DebugBench(
      .named(["hello", "timers", "uart-loopback", "retnet-generate-irq"][Int(seed % 4)]), isChecked: seed >= 4,
      bytes: 2 << 20, period: 10_000)
    let stub = GDBStub(bench.target)
    for _ in 0..<150 {
      let request = Bool.random(using: &random) ? Self.touch(&random) : Self.look(&random)
      stub.receive(PacketEncoder.frame(Array(request.utf8)))
      Self.serve(stub, bench.target)
      _ = stub.takeOutput()
      _ = bench.target.takeConsole()
    }
    #expect(bench.target.snapshots.bytes <= 2 << 20)
    stub.receive(PacketEncoder.frame(Array("qC".utf8)))
    #expect(!stub.takeOutput().isEmpty)
  }

  @Test(arguments: [("timers", 1), ("retnet-generate-irq", 2), ("i2c-devices", 3)] as [(String, UInt64)])
  func `a run that is looked at, stopped, taken back and forth ends as one without a debugger`(
    name: String, seed: UInt64
  ) throws {
    let program = SnapshotProgram.named(name)
    let plain = try program.session()
    let expected = try plain.summary(plain.runOn())
    var random = SplitMix64(seed: seed)
    let bench = try DebugBench(program, bytes: 8 << 20, period: 30_000)
    let stub = GDBStub(bench.target)
    func ask(_ request: String) {
      stub.receive(PacketEncoder.frame(Array(request.utf8)))
      Self.serve(stub, bench.target)
      _ = stub.takeOutput()
    }
    func monitor(_ text: String) { ask("qRcmd," + Hex.text(Array(text.utf8))) }
    for round in 0..<6 {
      for _ in 0..<10 { ask(Self.look(&random)) }
      monitor(round % 2 == 0 ? "break-on event 140" : "break-on register FC_ITC.MASK access")
      ask("vCont;c")
      ask("vCont;s")
      monitor("break-on delete")
      ask("bs")
      if round == 3 { monitor("checkpoint save here") }
      ask("bs")
    }
    monitor("checkpoint restore here")
    _ = bench.target.takeConsole()
    #expect(try bench.go(.run) == .exited(0))
    let end = try #require(bench.target.end)
    // What was printed before the machine of the end was built is not in its output: figures, memory and registers are.
    func comparable(_ text: String) -> [Substring] { text.split(separator: "\n").filter { !$0.hasPrefix("PASS") } }
    let (found, wanted) = (comparable(try bench.target.session.summary(end)), comparable(expected))
    #expect(found.prefix(4) == wanted.prefix(4))
    #expect(found.suffix(40) == wanted.suffix(40))
  }
}
