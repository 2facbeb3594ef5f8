// The uDMA's UART as firmware uses it: printing, receiving, and what must not go wrong.

import HardwareModel
import Peripherals
import TestSupport
import Testing

@Suite("uDMA and UART")
struct UDMATests {
  private static let setup: UInt32 = 9 << 16 | 0x306

  private static func open(_ bench: Bench, setup: UInt32 = setup) {
    bench.udma.write(UDMARegisters.cg.offset, 1, at: 10)
    bench.queue.run(through: 20)
    bench.udma.write(bench.uart(UDMAUARTRegisters.setup.offset), setup, at: 20)
  }

  private static func transmit(_ bench: Bench, _ bytes: [UInt8], at cycle: Cycle) {
    for (index, byte) in bytes.enumerated() { bench.memory.bytes[0x1C00_2000 + UInt32(index)] = byte }
    bench.queue.run(through: cycle)
    bench.udma.write(bench.uart(UDMARegisters.transmitOffset), 0x1C00_2000, at: cycle)
    bench.queue.run(through: cycle + 5)
    bench.udma.write(bench.uart(UDMARegisters.transmitOffset + 4), UInt32(bytes.count), at: cycle + 5)
    bench.queue.run(through: cycle + 10)
    bench.udma.write(bench.uart(UDMARegisters.transmitOffset + 8), 0x10, at: cycle + 10)
  }

  @Test("Every byte value is sent unchanged, and the wait costs a few events a bit")
  func sendsAllValues() {
    let bench = Bench()
    Self.open(bench, setup: 433 << 16 | 0x306)
    let bytes = (0...255).map(UInt8.init)
    Self.transmit(bench, bytes, at: 100)
    let looks = bench.run(to: 3_000_000)
    #expect(bench.sent == bytes)
    #expect(looks < 256 * 60)
    #expect(bench.udma.possibleEvents(at: 3_000_000) == EventSet())
    #expect(bench.queue.next == .never)
  }

  @Test("A program that ends in the gap of TX_BUSY loses nothing: drain hands over what was fetched")
  func drainsAtTheEnd() throws {
    let bench = Bench()
    Self.open(bench)
    Self.transmit(bench, Array("Hello".utf8), at: 100)
    bench.run(to: 150)
    #expect(bench.sent.isEmpty)
    let uart = try #require(bench.udma.uart)
    #expect(uart.drain() == Array("Hello".utf8))
    #expect(uart.isIdle)
  }

  @Test("With TX wired to RX a byte sent before the receive transfer is started arrives in memory")
  func loopsBack() throws {
    let bench = Bench()
    try #require(bench.udma.uart).isLoopedBack = true
    Self.open(bench)
    Self.transmit(bench, [0xA5], at: 100)
    bench.run(to: 1000)
    for (word, value) in [0x1C00_3000, 1, 0x10].enumerated() as EnumeratedSequence<[UInt32]> {
      let cycle = 1000 + 5 * Cycle(word)
      bench.queue.run(through: cycle)
      bench.udma.write(bench.uart(4 * UInt32(word)), value, at: cycle)
    }
    bench.run(to: 1100)
    #expect(bench.memory.bytes[0x1C00_3000] == 0xA5)
  }

  @Test(
    "Characters from outside arrive in order through polling, whatever the frame format", arguments: [0x316, 0x31F])
  func receivesByPolling(_ format: UInt32) throws {
    let bench = Bench()
    let uart = try #require(bench.udma.uart)
    let driver = UARTLineDriver(queue: bench.queue, udma: bench.udma, uart: uart)
    let text = Array("the quick brown fox".utf8)
    for character in text { driver.send(character, at: 5) }
    Self.open(bench, setup: 15 << 16 | format)
    var received: [UInt8] = []
    var cycle: Cycle = 100
    while received.count < text.count, cycle < 1_000_000 {
      cycle += 500
      bench.queue.run(through: cycle)
      if bench.udma.read(bench.uart(UDMAUARTRegisters.valid.offset), at: cycle) & 1 != 0 {
        received.append(
          UInt8(truncatingIfNeeded: bench.udma.read(bench.uart(UDMAUARTRegisters.data.offset), at: cycle)))
      }
    }
    #expect(received == text)
    #expect(bench.udma.read(bench.uart(UDMAUARTRegisters.error.offset), at: cycle + 10) == 0)
  }

  @Test("A slot that does not exist hangs the bus, the others answer at once")
  func slots() {
    let bench = Bench()
    #expect(bench.udma.answer(0x47C, isWrite: false) == .waitStates(0))
    #expect(bench.udma.answer(0x480, isWrite: false) == .never)
  }

  @Test("A write to a peripheral whose clock is off is lost and reported once")
  func gatedWrite() {
    let bench = Bench()
    var keys: [String] = []
    bench.udma.diagnostics = { keys.append($0.key) }
    bench.udma.write(bench.uart(UDMAUARTRegisters.setup.offset), 0x306, at: 10)
    bench.run(to: 20)
    #expect(bench.udma.read(bench.uart(UDMAUARTRegisters.setup.offset), at: 20) == 0)
    #expect(keys == ["udma-gated-1"])
  }
}

@Suite("Arbitrary accesses")
struct FuzzTests {
  @Test("All ones in every register of every block neither crashes nor makes unbounded work")
  func allOnes() {
    let bench = Bench()
    var cycle: Cycle = 10
    for device in bench.devices where !(device is UDMA) {
      for offset in stride(from: 0 as UInt32, to: device.registers.size, by: 4) {
        cycle += 4
        bench.queue.run(through: cycle)
        device.write(offset, .max, at: cycle)
      }
    }
    // Register tests write the clock gates first and close them again at the end.
    bench.udma.write(UDMARegisters.cg.offset, .max, at: cycle)
    for offset in stride(from: UDMARegisters.slotSize, to: 0x480, by: 4) {
      cycle += 4
      bench.queue.run(through: cycle)
      bench.udma.write(offset, .max, at: cycle)
    }
    cycle += 4
    bench.queue.run(through: cycle)
    bench.udma.write(UDMARegisters.cg.offset, 0, at: cycle)
    let looks = bench.run(to: cycle + 1_000_000)
    #expect(looks < 50_000)
  }

  @Test("Random accesses with random low address bits crash nothing", arguments: 0..<8)
  func random(_ seed: UInt64) {
    let bench = Bench()
    var random = SplitMix64(seed: seed)
    var cycle: Cycle = 0
    let devices = bench.devices
    for _ in 0..<1500 {
      cycle += 1 + random.next() % 40
      bench.queue.run(through: cycle)
      let device = devices[Int(random.next() % UInt64(devices.count))]
      let size = device is UDMA ? 0x480 : device.registers.size
      let offset = UInt32(truncatingIfNeeded: random.next()) % size
      let value = UInt32(truncatingIfNeeded: random.next() & random.next())
      guard device.answer(offset, isWrite: true) != .never else { continue }
      if random.next() & 1 == 0 { device.write(offset, value, at: cycle) } else { _ = device.read(offset, at: cycle) }
      if random.next() % 16 == 0 { bench.gpio.setInputs(UInt32(truncatingIfNeeded: random.next()), at: cycle) }
      if random.next() % 8 == 0 { bench.generator.raise(Int(random.next() % 200), at: cycle) }
      if let request = bench.requests.last, request.line >= 0, request.from < cycle, random.next() % 4 == 0 {
        bench.controller.acknowledge(request.line, at: cycle)
      }
      if random.next() % 32 == 0 {
        for device in devices { _ = (device.possibleLines(at: cycle), device.possibleEvents(at: cycle)) }
      }
    }
    #expect(cycle > 0)
  }
}
