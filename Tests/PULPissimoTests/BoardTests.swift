// What is behind the pins, as a whole program meets it: wires, stimuli, the advanced timer, flash, and waiting in vain.

import HardwareModel
import PULPissimo
import Peripherals
import TestSupport
import Testing

@Suite("Boards")
struct BoardTests {
  private static let gpio = MemoryMap.gpio
  private static let result: UInt32 = 0x1C00_4000

  private static func machine(
    _ board: BoardDescription, _ profile: MachineConfiguration.Profile = .p8, _ body: (Assembly) -> Void
  ) -> Machine {
    var configuration = MachineConfiguration()
    configuration.profile = profile
    configuration.board = board
    let machine = Machine(configuration)
    let code = Assembly { code in
      body(code)
      code.exit()
    }
    machine.write(code.bytes, at: code.base)
    machine.boot(at: code.base)
    return machine
  }

  /// Copies a register's value to `result` + 4 x `index`.
  private static func keep(_ code: Assembly, _ address: UInt32, _ index: Int = 0) {
    code.li(.a0, address)
    code.lw(.a1, 0, .a0)
    code.li(.a0, result)
    code.sw(.a1, 4 * index, .a0)
  }

  private static func kept(_ machine: Machine, _ index: UInt32 = 0) -> UInt32? {
    machine.read(result + 4 * index, count: 4).map { $0.reversed().reduce(0) { $0 << 8 | UInt32($1) } }
  }

  @Test("GPIO 1 wired to 17, and 17 on to 30: what the program drives comes back there, in either profile")
  func wires() {
    var board = BoardDescription.bare
    board.wires = [.init(from: 17, to: 30), .init(from: 1, to: 17)]
    let p8 = Self.machine(board) { code in
      code.store(1 << 2, at: Self.gpio + GPIORegisters.mode[0].offset)
      code.store(.max, at: Self.gpio + GPIORegisters.en.offset)
      code.store(2, at: Self.gpio + GPIORegisters.out.offset)
      code.nops(10)
      Self.keep(code, Self.gpio + GPIORegisters.input.offset)
    }
    #expect(p8.run(limits: .init(cycles: 10_000)).reason == .exit)
    // P8 does not sample a pin that it drives itself.
    #expect(Self.kept(p8) == 1 << 17 | 1 << 30)
    #expect(p8.board.pads.levels == 1 << 1 | 1 << 17 | 1 << 30)
    let p7 = Self.machine(board, .p7) { code in
      code.store(2, at: Self.gpio + APBGPIORegisters.padDir.offset)
      code.store(.max, at: Self.gpio + APBGPIORegisters.gpioEn.offset)
      code.store(2, at: Self.gpio + APBGPIORegisters.padOut.offset)
      code.nops(10)
      Self.keep(code, Self.gpio + APBGPIORegisters.padIn.offset)
    }
    #expect(p7.run(limits: .init(cycles: 10_000)).reason == .exit)
    #expect(Self.kept(p7) == 1 << 1 | 1 << 17 | 1 << 30)
  }

  @Test("A core asleep until a pin rises is woken by a stimulus; without one that is a lock-up")
  func stimuli() {
    func program(_ code: Assembly) {
      code.store(.max, at: Self.gpio + GPIORegisters.en.offset)
      code.store(1 << 3, at: Self.gpio + GPIORegisters.riseEn.offset)
      code.store(1 << 15, at: 0x1A10_9804)
      code.wfi()
    }
    var board = BoardDescription.bare
    board.stimuli = [.init(cycle: 5000, pin: 3, level: true)]
    let end = Self.machine(board, .p8, program).run(limits: .init(cycles: 100_000))
    #expect(end.reason == .exit)
    #expect((5000..<5100).contains(end.cycles))
    #expect(Self.machine(.bare, .p8, program).run(limits: .init(cycles: 100_000)).reason == .lockup)
  }

  @Test("A PWM output of the advanced timer makes an event and line 17, and wakes the core")
  func advancedTimer() {
    let timer = MemoryMap.advancedTimer
    let machine = Self.machine(.bare) { code in
      code.store(1, at: timer + AdvancedTimerRegisters.chEn.offset)
      // Timer 0 counts every cycle from 0 to 999; channel 0 toggles at 500.
      code.store(1 << 12, at: timer + 0x04)
      code.store(999 << 16, at: timer + 0x08)
      code.store(3 << 16 | 500, at: timer + 0x0C)
      code.store(1 << 16, at: timer + AdvancedTimerRegisters.eventCfg.offset)
      code.store(1 << 17, at: 0x1A10_9804)
      code.store(4, at: timer)
      code.store(1, at: timer)
      code.wfi()
      Self.keep(code, timer + 0x2C)
    }
    #expect(machine.run(limits: .init(cycles: 100_000)).reason == .exit)
    #expect((500..<540).contains(Self.kept(machine) ?? 0))
  }

  @Test("A pad whose multiplexer selects a PWM output shows it, in either profile; a wire brings it to another pin")
  func advancedTimerOnPads() {
    let timer = MemoryMap.advancedTimer
    for profile in MachineConfiguration.Profile.allCases {
      var board = BoardDescription.bare
      board.wires = [.init(from: 9, to: 25)]
      let machine = Self.machine(board, profile) { code in
        // Timer 1, channel 0: P8 selects it by number 44, P7 has it on pad 9 as function 2.
        if profile == .p8 {
          code.store(44, at: MemoryMap.padConfiguration + 0x08 + 8 * 9)
        } else {
          code.store(2 << 18, at: MemoryMap.socControl + 0x10)
        }
        code.store(2, at: timer + AdvancedTimerRegisters.chEn.offset)
        code.store(1 << 12, at: timer + 0x44)
        code.store(99 << 16, at: timer + 0x48)
        // Set at 40, reset at the end of the period.
        code.store(2 << 16 | 40, at: timer + 0x4C)
        code.store(4, at: timer + 0x40)
        code.store(1, at: timer + 0x40)
        code.nops(2000)
      }
      var edges: [(level: Bool, cycle: Cycle)] = []
      var shown = false
      machine.board.pads.onLevels = { levels, cycle in
        #expect(levels >> 9 & 1 == levels >> 25 & 1)
        if (levels >> 9 & 1 != 0) != shown { edges.append((!shown, cycle)) }
        shown = levels >> 9 & 1 != 0
      }
      #expect(machine.run(limits: .init(cycles: 10_000)).reason == .exit)
      #expect(edges.count > 20)
      for (edge, next) in zip(edges, edges.dropFirst()).dropFirst(2) {
        let length = next.cycle - edge.cycle
        // One cycle behind the counter: high while it is at 41 to 99.
        #expect(length == (edge.level ? 59 : 41), "\(profile) \(edge.level) \(length)")
      }
    }
  }

  /// Starts the SPI master's command list at 0x1C00_5000, its EOT event on line 26, and sleeps.
  private static func runsCommands(_ code: Assembly, count: UInt32) {
    code.store(2, at: 0x1A10_2000)
    code.store(~(1 << 7), at: 0x1A10_6004)
    code.store(1 << 26, at: 0x1A10_9804)
    for (offset, value) in [(0x00, 0x1C00_6000), (0x04, 8), (0x08, 0x14)] as [(UInt32, UInt32)] {
      code.store(value, at: 0x1A10_2100 + offset)
    }
    for (offset, value) in [(0x20, 0x1C00_5000), (0x24, 4 * count), (0x28, 0x10)] as [(UInt32, UInt32)] {
      code.store(value, at: 0x1A10_2100 + offset)
    }
    code.wfi()
    code.nops(100)
  }

  private static func bytes(_ words: [UInt32]) -> [UInt8] {
    words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
  }

  @Test("Behind chip select 0 of the default board is a flash that says who it is, in either profile")
  func identifiesFlash() {
    for profile in MachineConfiguration.Profile.allCases {
      let list: [UInt32] = [0x0000_0002, 0x1000_0000, 0x2007_009F, 0x7047_0007, 0x9000_0001]
      let machine = Self.machine(.standard, profile) { Self.runsCommands($0, count: UInt32(list.count)) }
      machine.write(Self.bytes(list), at: 0x1C00_5000)
      #expect(machine.run(limits: .init(cycles: 100_000)).reason == .exit)
      #expect(machine.read(0x1C00_6000, count: 8) == [0x01, 0x02, 0x19, 0x4D, 0x01, 0x81, 0, 0])
    }
  }

  @Test("A command list that waits for a trigger which nothing can fire is a lock-up that names it")
  func waitsInVain() {
    let list: [UInt32] = [0x1000_0000, 0x5000_0002, 0x9000_0001]
    func machine(_ more: (Assembly) -> Void) -> Machine {
      let machine = Self.machine(.standard) { code in
        more(code)
        Self.runsCommands(code, count: UInt32(list.count))
      }
      machine.write(Self.bytes(list), at: 0x1C00_5000)
      return machine
    }
    let end = machine { _ in }.run(limits: .init(cycles: 100_000))
    #expect(end.reason == .lockup)
    #expect(end.message.contains("UDMA_SPIM0 stands still in WAIT for trigger 2"))
    // Trigger 2 is the reference clock, and the event generator lets it through to the uDMA.
    let woken = machine { code in
      code.store(168 << 16, at: 0x1A10_2004)
      code.store(~(1 << 8), at: 0x1A10_6044 + 4 * 5)
    }
    #expect(woken.run(limits: .init(cycles: 100_000)).reason == .exit)
  }
}
