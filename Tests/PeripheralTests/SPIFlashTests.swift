// The SPI master with a NOR flash behind it, as a flash driver uses the two.
//
// Commands and status bits: S25FS-S data sheet; command words: reference section 5.4.

import HardwareModel
import Peripherals
import Testing

/// Command words of the SPI master.
private enum Word {
  static func configure(_ divider: UInt32, phase: UInt32 = 0, polarity: UInt32 = 0) -> UInt32 {
    divider | phase << 8 | polarity << 9
  }
  static let start: UInt32 = 0x1000_0000
  static let end: UInt32 = 0x9000_0000
  static let endWithEvent: UInt32 = 0x9000_0001
  static func send(_ value: UInt32, bits: UInt32 = 8, isQuad: Bool = false) -> UInt32 {
    0x2000_0000 | value | (bits - 1) << 16 | (isQuad ? 1 << 27 : 0)
  }
  /// Bytes, four to a datum.
  static func receive(_ count: UInt32, isQuad: Bool = false) -> UInt32 {
    0x7047_0000 | (count - 1) | (isQuad ? 1 << 27 : 0)
  }
  static func transmit(_ count: UInt32, isQuad: Bool = false) -> UInt32 {
    0x6047_0000 | (count - 1) | (isQuad ? 1 << 27 : 0)
  }
  static func dummy(_ cycles: UInt32) -> UInt32 { 0x4000_0000 | (cycles - 1) << 16 }
}

private let commands: Address = 0x1C00_1000
private let data: Address = 0x1C00_2000
private let received: Address = 0x1C00_4000
private let master: UInt32 = 2 * UDMARegisters.slotSize

/// A bench with a flash behind chip select 0.
private final class FlashBench {
  let bench = Bench()
  let flash: SPINORFlash
  var cycle: Cycle = 100
  var remarks: [String] = []

  init(contents: [UInt8] = [], configuration: SPINORFlashConfiguration = .init()) {
    flash = SPINORFlash(configuration, contents: contents)
    bench.udma.spim?.bus = SPIWiring(devices: [flash])
    flash.diagnostics = { [unowned self] in remarks.append($0.key) }
    bench.udma.write(UDMARegisters.cg.offset, 2, at: 10)
    bench.run(to: cycle)
  }

  /// Runs a command list to its EOT event; returns the bytes received, nil if the event does not come.
  @discardableResult
  func run(_ list: [UInt32], sending bytes: [UInt8] = [], receiving count: Int = 0) -> [UInt8]? {
    bench.store(list, at: commands)
    for (index, byte) in bytes.enumerated() { bench.memory.bytes[data + UInt32(index)] = byte }
    bench.events = []
    if count > 0 { start(UDMARegisters.receiveOffset, received, count, 0x14) }
    if !bytes.isEmpty { start(UDMARegisters.transmitOffset, data, bytes.count, 0x14) }
    start(UDMARegisters.commandOffset, commands, 4 * list.count, 0x10)
    for _ in 0..<200_000 where !bench.events.contains(where: { $0.event == 7 }) && bench.queue.next != .never {
      cycle = max(cycle, bench.queue.next)
      bench.queue.run(through: cycle)
    }
    guard bench.events.contains(where: { $0.event == 7 }) else { return nil }
    // The last datum may still be on its way to memory.
    bench.run(to: cycle + 64)
    cycle += 64
    return (0..<count).map { bench.memory.bytes[received + UInt32($0)] ?? 0 }
  }

  private func start(_ offset: UInt32, _ address: Address, _ size: Int, _ cfg: UInt32) {
    bench.start(master + offset, address, size, cfg: cfg, at: cycle)
    cycle += 12
  }

  func status() -> UInt8? {
    run([Word.start, Word.send(0x05), Word.receive(4), Word.endWithEvent], receiving: 4)?[0]
  }

  func enableWriting() { run([Word.start, Word.send(0x06), Word.endWithEvent]) }

  /// Waits until WIP is 0.
  func wait(_ cycles: Cycle) {
    cycle += cycles
    bench.run(to: cycle)
  }
}

@Suite("SPI flash")
struct SPIFlashTests {
  private static let image = (0..<70_000).map { UInt8(truncatingIfNeeded: $0 * 7 ^ $0 >> 8) }

  @Test(
    "RDID gives manufacturer, device and family, at every divider and in modes 0 and 3", arguments: [0, 1, 2, 3, 17])
  func identifies(_ divider: UInt32) {
    for mode: UInt32 in [0, 1] {
      let flash = FlashBench()
      let id = flash.run(
        [
          Word.configure(divider, phase: mode, polarity: mode), 0x5000_0100 | 20, Word.start, Word.send(0x9F),
          Word.receive(8), Word.endWithEvent,
        ], receiving: 8)
      #expect(id == [0x01, 0x02, 0x19, 0x4D, 0x01, 0x81, 0, 0])
    }
  }

  @Test("Read, fast read and quad reads with 3- and 4-byte addresses give the image's bytes")
  func reads() throws {
    let flash = FlashBench(contents: Self.image)
    let address: UInt32 = 0x1_0123
    let wanted = Array(Self.image[Int(address)..<Int(address) + 64])
    let (high, low) = (address >> 16, address & 0xFFFF)
    let short = [Word.send(high), Word.send(low, bits: 16)]
    let long = [Word.send(high, bits: 16), Word.send(low, bits: 16)]
    let tail = [Word.receive(64), Word.endWithEvent]
    #expect(flash.run([Word.start, Word.send(0x03)] + short + tail, receiving: 64) == wanted)
    #expect(flash.run([Word.start, Word.send(0x13)] + long + tail, receiving: 64) == wanted)
    #expect(flash.run([Word.start, Word.send(0x0B)] + short + [Word.dummy(8)] + tail, receiving: 64) == wanted)
    #expect(flash.run([Word.start, Word.send(0x0C)] + long + [Word.dummy(8)] + tail, receiving: 64) == wanted)
    // Quad commands are ignored until the configuration register allows them.
    let quadTail = [Word.receive(64, isQuad: true), Word.endWithEvent]
    let quad = [Word.start, Word.send(0x6B)] + short + [Word.dummy(8)] + quadTail
    #expect(flash.run(quad, receiving: 64) == [UInt8](repeating: 0xFF, count: 64))
    #expect(flash.remarks == ["flash-quad"])
    flash.enableWriting()
    flash.run([Word.start, Word.send(0x01), Word.send(0x0002, bits: 16), Word.endWithEvent])
    flash.wait(flash.flash.configuration.registerCycles)
    #expect(flash.run(quad, receiving: 64) == wanted)
    let both =
      [
        Word.start, Word.send(0xEB), Word.send(high, isQuad: true), Word.send(low, bits: 16, isQuad: true),
        Word.dummy(10),
      ]
      + quadTail
    #expect(flash.run(both, receiving: 64) == wanted)
  }

  @Test("A page program needs write enable, takes its time, only clears bits and wraps in its page")
  func programs() throws {
    let flash = FlashBench()
    let program = [
      Word.start, Word.send(0x12), Word.send(0, bits: 16), Word.send(0x10F0, bits: 16), Word.transmit(32),
      Word.endWithEvent,
    ]
    let bytes = (0..<32).map { UInt8(0x80 + $0) }
    flash.run(program, sending: bytes)
    #expect(!flash.flash.isModified)
    #expect(flash.remarks == ["flash-write-enable-18"])
    flash.enableWriting()
    #expect(flash.status() == 0x02)
    flash.run(program, sending: bytes)
    #expect(flash.status() == 0x03)
    // While it works it takes no other command.
    #expect(flash.run([Word.start, Word.send(0x9F), Word.receive(4), Word.endWithEvent], receiving: 4)?[0] == 0xFF)
    flash.wait(flash.flash.configuration.programCycles)
    #expect(flash.status() == 0x00)
    #expect(flash.flash.isModified)
    #expect(Array(flash.flash.contents[0x10F0..<0x1100]) == Array(bytes[..<16]))
    #expect(Array(flash.flash.contents[0x1000..<0x1010]) == Array(bytes[16...]))
    flash.enableWriting()
    flash.run(program, sending: bytes.map { ~$0 })
    flash.wait(flash.flash.configuration.programCycles)
    #expect(flash.flash.contents[0x10F0] == 0)
  }

  @Test("Erasing sets exactly the sector or block to ones; protected blocks refuse with E_ERR")
  func erases() {
    let flash = FlashBench(contents: [UInt8](repeating: 0, count: 1 << 18))
    flash.enableWriting()
    flash.run([Word.start, Word.send(0x20), Word.send(0x01), Word.send(0x2345, bits: 16), Word.endWithEvent])
    #expect(flash.status() == 3)
    flash.wait(flash.flash.configuration.sectorEraseCycles)
    #expect(flash.flash.contents.indices.filter { flash.flash.contents[$0] == 0xFF } == Array(0x1_2000..<0x1_3000))
    flash.enableWriting()
    flash.run([Word.start, Word.send(0xDC), Word.send(0x02, bits: 16), Word.send(0, bits: 16), Word.endWithEvent])
    flash.wait(flash.flash.configuration.blockEraseCycles)
    #expect(flash.flash.contents.count { $0 == 0xFF } == 4096 + 65536)
    flash.enableWriting()
    flash.run([Word.start, Word.send(0x01), Word.send(0x1C), Word.endWithEvent])
    flash.wait(flash.flash.configuration.registerCycles)
    flash.enableWriting()
    flash.run([Word.start, Word.send(0xD8), Word.send(0), Word.send(0, bits: 16), Word.endWithEvent])
    // It stays busy with the error until CLSR.
    #expect(flash.status() == 0x3F)
    #expect(flash.flash.contents[0] == 0)
    flash.run([Word.start, Word.send(0x30), Word.endWithEvent])
    #expect(flash.status() == 0x1C)
  }

  @Test("Erasing behind the end of the image changes nothing")
  func erasesBehindTheImage() {
    for (erase, address) in [(0xD8, 0x04_0000), (0x20, 0x00_3000), (0xDC, 0x10_0000)] as [(UInt32, UInt32)] {
      let bench = FlashBench(contents: [1, 2, 3])
      let bits: UInt32 = erase == 0xDC ? 32 : 24
      let send =
        bits == 32
        ? [Word.send(address >> 16, bits: 16), Word.send(address & 0xFFFF, bits: 16)]
        : [Word.send(address >> 16), Word.send(address & 0xFFFF, bits: 16)]
      #expect(
        bench.run([Word.start, Word.send(0x06), Word.end, Word.start, Word.send(erase)] + send + [Word.endWithEvent])
          != nil)
      #expect(bench.flash.contents == [1, 2, 3])
      #expect(!bench.flash.isModified)
    }
  }

  @Test("Polling WIP with RPT and RX_CHECK ends when the flash is done")
  func pollsStatus() throws {
    let flash = FlashBench()
    flash.enableWriting()
    flash.run(
      [Word.start, Word.send(0x02), Word.send(0), Word.send(0, bits: 16), Word.transmit(4), Word.endWithEvent],
      sending: [1, 2, 3, 4])
    let from = flash.cycle
    // Compares the status byte with 0; the four commands run again until it is.
    let poll: [UInt32] = [
      0x8000_FFFF, Word.start, Word.send(0x05), 0xB007_0000, Word.end, 0xA000_0000, Word.endWithEvent,
    ]
    #expect(flash.run(poll) != nil)
    let status = flash.bench.udma.read(master + UDMASPIMRegisters.status.offset, at: flash.cycle)
    #expect(status == 1)
    #expect((17_000...19_500).contains(flash.cycle - from))
  }

  @Test("A list that waits for a trigger, or hangs, says so and promises no event")
  func standsStill() {
    let flash = FlashBench()
    #expect(flash.run([Word.start, 0x5000_0001, Word.endWithEvent]) == nil)
    flash.wait(100)
    let none: (EventSet) -> EventSet = { _ in EventSet() }
    #expect(flash.bench.udma.possibleEvents(at: flash.cycle, triggeredBy: none, given: EventSet()) == EventSet())
    #expect(flash.bench.udma.standstills == ["UDMA_SPIM0 stands still in WAIT for trigger 1"])
    // Trigger 1 is SoC event 0x55: if that can come, so can the events of the master.
    flash.bench.udma.write(UDMARegisters.cfgEvt.offset, 0x5500, at: flash.cycle)
    flash.wait(10)
    let possible = flash.bench.udma.possibleEvents(at: flash.cycle, triggeredBy: { $0 }, given: EventSet(0x55))
    #expect(possible.contains(7))
    flash.bench.udma.trigger(0x55, at: flash.cycle)
    flash.wait(100)
    #expect(flash.bench.events.contains { $0.event == 7 })

    let stuck = FlashBench()
    #expect(stuck.run([Word.start, Word.transmit(4), Word.endWithEvent]) == nil)
    stuck.wait(100)
    #expect(stuck.bench.queue.next == .never)
    #expect(stuck.bench.udma.standstills == ["UDMA_SPIM0 stands still in TX_DATA without data in the TX channel"])
  }

  @Test("Arbitrary command words and pin patterns crash neither master nor flash", arguments: 0..<4)
  func fuzz(_ seed: UInt64) {
    let flash = FlashBench(contents: Self.image)
    var state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1
    func random() -> UInt32 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt32(truncatingIfNeeded: state >> 33)
    }
    for _ in 0..<40 {
      var list = (0..<12).map { _ in random() & 0xF8FF_000F }
      list.insert(Word.start, at: 0)
      flash.bench.store(list, at: commands)
      flash.bench.start(master + UDMARegisters.commandOffset, commands, 4 * list.count, at: flash.cycle)
      flash.bench.start(master + UDMARegisters.receiveOffset, received, 64, cfg: 0x14, at: flash.cycle + 12)
      flash.wait(3000)
    }
    #expect(flash.cycle > 0)
  }
}
