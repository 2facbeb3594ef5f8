// The I2C master with an EEPROM and a temperature sensor on its bus.
//
// Command words: reference section 5.5; the EEPROM's protocol: data sheet of the 24FC1025.

import HardwareModel
import Peripherals
import Testing

private enum Word {
  static func configure(_ divider: UInt32) -> UInt32 { 0xE000_0000 | divider }
  static let start: UInt32 = 0x0000_0000
  static let stop: UInt32 = 0x2000_0000
  static let readAcknowledge: UInt32 = 0x4000_0000
  static let readLast: UInt32 = 0x6000_0000
  static let write: UInt32 = 0x8000_0000
  static let end: UInt32 = 0x9000_0000
  static func byte(_ value: UInt32) -> UInt32 { 0x7000_0000 | value }
  static func times(_ count: UInt32) -> UInt32 { 0xC000_0000 | count }
}

private let commands: Address = 0x1C00_1000
private let data: Address = 0x1C00_2000
private let received: Address = 0x1C00_4000
private let master: UInt32 = 3 * UDMARegisters.slotSize

private final class BusBench {
  let bench = Bench()
  let eeprom = I2CEEPROM()
  let thermometer = I2CThermometer(temperatures: [(0, 0x1980), (1_000_000, -0x0A80)])
  var cycle: Cycle = 100
  let divider: UInt32

  init(divider: UInt32 = 6) {
    self.divider = divider
    bench.udma.i2c.first?.bus = I2CWiring(devices: [eeprom, thermometer])
    bench.udma.write(UDMARegisters.cg.offset, 4, at: 10)
    bench.run(to: cycle)
  }

  /// Runs a command list, EOT added, to its event; returns the bytes received, nil if the event does not come.
  @discardableResult
  func run(_ list: [UInt32], sending bytes: [UInt8] = [], receiving count: Int = 0) -> [UInt8]? {
    let list = [Word.configure(divider)] + list + [Word.end]
    bench.store(list, at: commands)
    for (index, byte) in bytes.enumerated() { bench.memory.bytes[data + UInt32(index)] = byte }
    bench.events = []
    if count > 0 { start(UDMARegisters.receiveOffset, received, count) }
    if !bytes.isEmpty { start(UDMARegisters.transmitOffset, data, bytes.count) }
    start(UDMARegisters.commandOffset, commands, 4 * list.count)
    for _ in 0..<400_000 where !bench.events.contains(where: { $0.event == 11 }) && bench.queue.next != .never {
      cycle = max(cycle, bench.queue.next)
      bench.queue.run(through: cycle)
    }
    guard bench.events.contains(where: { $0.event == 11 }) else { return nil }
    wait(400)
    return (0..<count).map { bench.memory.bytes[received + UInt32($0)] ?? 0 }
  }

  private func start(_ offset: UInt32, _ address: Address, _ size: Int) {
    bench.start(master + offset, address, size, at: cycle)
    cycle += 12
  }

  func wait(_ cycles: Cycle) {
    cycle += cycles
    bench.run(to: cycle)
  }

  /// True if a byte was not acknowledged since the last look.
  func wasRefused() -> Bool {
    wait(4)
    defer { wait(4) }
    return bench.udma.read(master + UDMAI2CRegisters.ack.offset, at: cycle) != 0
  }
}

@Suite("I2C devices")
struct I2CDeviceTests {
  @Test(
    "A page written through WRB and WR is read back; while it is written the EEPROM does not answer",
    arguments: [6, 31])
  func writesAndReads(_ divider: UInt32) throws {
    let bus = BusBench(divider: divider)
    let bytes = (0..<20).map { UInt8(0x30 + $0) }
    #expect(
      bus.run(
        [Word.start, Word.byte(0xA0), Word.byte(0x12), Word.byte(0x70), Word.times(20), Word.write, Word.stop],
        sending: bytes) != nil)
    #expect(!bus.wasRefused())
    #expect(bus.eeprom.isModified)
    // The page's end is at 1280h: what lies beyond wraps to its start.
    #expect(Array(bus.eeprom.contents[0x1270..<0x1280]) == Array(bytes[..<16]))
    #expect(Array(bus.eeprom.contents[0x1200..<0x1204]) == Array(bytes[16...]))
    let probe = [Word.start, Word.byte(0xA0), Word.stop]
    bus.run(probe)
    #expect(bus.wasRefused())
    var polls = 0
    repeat {
      bus.run(probe)
      polls += 1
    } while bus.wasRefused() && polls < 1000
    #expect((2..<1000).contains(polls))
    let read = bus.run(
      [
        Word.start, Word.byte(0xA0), Word.byte(0x12), Word.byte(0x70), Word.start, Word.byte(0xA1), Word.times(7),
        Word.readAcknowledge, Word.readLast, Word.stop,
      ], receiving: 8)
    #expect(read == Array(bytes[..<8]))
    #expect(!bus.wasRefused())
  }

  @Test("The block bit of the device address selects the upper half of a 24FC1025")
  func blocks() {
    let bus = BusBench()
    bus.run([Word.start, Word.byte(0xA8), Word.byte(0), Word.byte(5), Word.byte(0x77), Word.stop])
    #expect(bus.eeprom.contents[0x1_0005] == 0x77)
    #expect(bus.eeprom.contents[5] == 0xFF)
  }

  @Test("An address that nobody has is not acknowledged, and the list goes on")
  func nobodyAnswers() {
    let bus = BusBench()
    #expect(bus.run([Word.start, Word.byte(0x20), Word.stop]) != nil)
    #expect(bus.bench.events.contains { $0.event == 33 })
    #expect(bus.wasRefused())
  }

  @Test("The temperature sensor gives the temperature of the cycle in which it is read")
  func measures() {
    let bus = BusBench()
    let read = [
      Word.start, Word.byte(0x90), Word.byte(0), Word.start, Word.byte(0x91), Word.readAcknowledge, Word.readLast,
      Word.stop,
    ]
    #expect(bus.run(read, receiving: 2) == [0x19, 0x80])
    bus.wait(1_000_000)
    #expect(bus.run(read, receiving: 2) == [0xF5, 0x80])
  }

  @Test("A bus at rest costs no events, and its counters stand where the hardware's would")
  func restsQuietly() {
    let bus = BusBench()
    bus.run([Word.start, Word.byte(0xA0), Word.stop])
    bus.wait(10_000)
    let looks = bus.bench.run(to: bus.cycle + 10_000_000)
    #expect(looks < 10)
    #expect(bus.bench.udma.possibleEvents(at: bus.cycle + 10_000_000) == EventSet())
  }
}
