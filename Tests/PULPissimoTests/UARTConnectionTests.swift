// UART 0 and the outside as a whole program meets them: loopback, input, the last characters, and waiting for one.

import HardwareModel
import PULPissimo
import TestSupport
import Testing

@Suite("UART 0 in the machine")
struct UARTConnectionTests {
  static let slot: UInt32 = 0x1A10_2080
  static let text: UInt32 = 0x1C00_4000
  static let received: UInt32 = 0x1C00_4100

  /// Opens the UART: clock gate, then 8 bits, no parity, transmitter and receiver on, 10 cycles a bit.
  static func open(_ code: Assembly) {
    code.store(1, at: 0x1A10_2000)
    code.store(9 << 16 | 0x306, at: slot + 0x24)
    code.nops(20)
  }

  /// Enqueues a transfer on the channel at offset `channel` of the slot.
  static func enqueue(_ code: Assembly, channel: UInt32, _ address: UInt32, count: UInt32) {
    code.store(address, at: slot + channel)
    code.store(count, at: slot + channel + 4)
    code.store(0x10, at: slot + channel + 8)
  }

  /// Waits until the channel's CFG shows no transfer.
  static func wait(_ code: Assembly, channel: UInt32, label: String) {
    code.li(.a0, slot + channel + 8)
    code.label(label)
    code.lw(.a1, 0, .a0)
    code.andi(.a1, .a1, 0x10)
    code.bne(.a1, .zero, label)
  }

  static func machine(_ code: Assembly, _ characters: [UInt8] = []) -> Machine {
    let machine = Machine(MachineConfiguration())
    machine.write(code.bytes, at: code.base)
    machine.write(characters, at: text)
    machine.boot(at: code.base)
    return machine
  }

  @Test("A program that ends before its last characters are sent loses none of them", arguments: [1, 3, 5])
  func lastCharacters(_ count: Int) {
    let characters = Array("Hello".utf8.prefix(count))
    let code = Assembly { code in
      Self.open(code)
      Self.enqueue(code, channel: 0x10, Self.text, count: UInt32(count))
      Self.wait(code, channel: 0x10, label: "fetched")
      code.exit()
    }
    let machine = Self.machine(code, characters)
    var sent: [UInt8] = []
    machine.onCharacter = { sent.append($0) }
    #expect(machine.run(limits: .init(cycles: 100_000)).reason == .exit)
    // A character lasts 100 cycles; the transfer counts as done when the last one is in the FIFO.
    #expect(sent.count < count)
    machine.drainUART()
    #expect(sent == characters)
    machine.drainUART()
    #expect(sent == characters)
  }

  @Test("With the transmit pin wired to the receive pin a character comes back into memory")
  func loopback() throws {
    let code = Assembly { code in
      Self.open(code)
      Self.enqueue(code, channel: 0x10, Self.text, count: 1)
      Self.enqueue(code, channel: 0, Self.received, count: 1)
      Self.wait(code, channel: 0, label: "received")
      code.li(.a0, Self.received)
      code.lbu(.a2, 0, .a0)
      code.lui(.a3, 0x8000_0000)
      code.add(.a2, .a2, .a3)
      code.li(.a0, 0x1A10_40A0)
      code.sw(.a2, 0, .a0)
    }
    let machine = Self.machine(code, [0xA5])
    try #require(machine.udma.uart).isLoopedBack = true
    #expect(machine.run(limits: .init(cycles: 100_000)).code == 0xA5)
    let unwired = Self.machine(code, [0xA5])
    #expect(unwired.run(limits: .init(cycles: 100_000)).reason == .limit)
  }

  /// Sleeps until a received character ends the RX transfer (event 0, line 26), then ends with the character.
  static var sleeper: Assembly {
    Assembly { code in
      open(code)
      code.store(~1, at: 0x1A10_6004)
      code.store(1 << 26, at: 0x1A10_9804)
      enqueue(code, channel: 0, received, count: 1)
      code.wfi()
      code.li(.a0, received)
      code.lbu(.a2, 0, .a0)
      code.lui(.a3, 0x8000_0000)
      code.add(.a2, .a2, .a3)
      code.li(.a0, 0x1A10_40A0)
      code.sw(.a2, 0, .a0)
    }
  }

  @Test("A core asleep until a character comes is woken by one that is already on its way")
  func wokenByInput() throws {
    let machine = Self.machine(Self.sleeper)
    try #require(machine.uartLine).send(0x5A, at: 0)
    let end = machine.run(limits: .init(cycles: 1_000_000))
    #expect(end.reason == .exit)
    #expect(end.code == 0x5A)
  }

  @Test("Asleep until a character comes: a lock-up if nobody can send, a limit while somebody may")
  func lockup() throws {
    #expect(Self.machine(Self.sleeper).run(limits: .init(cycles: 1_000_000)).reason == .lockup)
    let machine = Self.machine(Self.sleeper)
    let line = try #require(machine.uartLine)
    line.isOpen = true
    #expect(machine.run(limits: .init(cycles: 500_000)).reason == .limit)
    line.send(0x33, at: machine.hart.cycle)
    #expect(machine.run(limits: .init(cycles: 1_000_000)).code == 0x33)
  }

  @Test("A store to the absent cluster hangs the bus, or with the switch is dropped with a remark")
  func cluster() throws {
    let code = Assembly { code in
      code.store(0xABBA_ABBA, at: 0x1000_0000)
      code.exit(7)
    }
    #expect(Self.machine(code).run(limits: .init(cycles: 10_000)).reason == .lockup)
    var configuration = MachineConfiguration()
    let parameter = try #require(MachineParameter.all.first { $0.path == "interconnect.clusterAnswers" })
    #expect(parameter.set("true", in: &configuration) == nil)
    let machine = Machine(configuration)
    var remarks: [String] = []
    machine.onDiagnostic = { remarks.append($0.diagnostic.message) }
    machine.write(code.bytes, at: code.base)
    machine.boot(at: code.base)
    #expect(machine.run(limits: .init(cycles: 10_000)).code == 7)
    #expect(remarks.contains { $0.contains("0x10000000") })
  }
}
