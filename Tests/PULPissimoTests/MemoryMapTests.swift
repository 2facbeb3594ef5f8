// What the core finds at each address: `pulpissimo.md` sections 1.1 to 1.3.

import PULPissimo
import RISCV
import TestSupport
import Testing

@Suite struct MemoryMapTests {
  @Test func `the data port sees L2 at address 0 too, the instruction port does not`() {
    let machine = machine(
      Assembly { p in
        p.li(.t0, 0x0001_2340)
        p.li(.t1, 0xCAFE_0123)
        p.sw(.t1, 0, .t0)
        p.li(.t2, 0x1C01_2340)
        p.lw(.a0, 0, .t2)
        p.la(.t0, "target")
        p.slli(.t0, .t0, 12)
        p.srli(.t0, .t0, 12)
        p.jr(.t0)
        p.label("target")
        p.exit(1)
      })
    var messages: [String] = []
    machine.onDiagnostic = { messages.append($0.diagnostic.message) }
    let end = machine.run(limits: patience)
    #expect(machine.hart[register: 10] == 0xCAFE_0123)
    // There it executes the bus error's data, an illegal instruction, at the same vector for ever.
    #expect(end.reason == .lockup)
    #expect(messages.first?.contains("instruction fetch from 0x000080") == true, "\(messages)")
  }

  @Test func `unmapped addresses read BADCAB1E, empty slots DEA110C8, and stores there are dropped`() {
    let unmapped: [UInt32] = [
      0x0010_0000, 0x0FFF_FFFC, 0x1040_0000, 0x19FF_FFFC, 0x1A04_0000, 0x1A0F_FFFC, 0x1A40_0000, 0x1BFF_FFFC,
      0x1C09_0000, 0x8000_0000, 0xFFFF_FFFC, 0x1A12_2000, 0x1A13_FFFC,
    ]
    #expect(loads(unmapped) == unmapped.map { _ in 0xBADC_AB1E })
    // The advanced timer's slot (0x1A10_5000) is left out: it belongs to a peripheral.
    let empty: [UInt32] = [0x1A10_0000, 0x1A10_7000, 0x1A10_8FFC, 0x1A10_D000, 0x1A10_EFFC, 0x1A14_0000, 0x1A3F_FFFC]
    #expect(loads(empty) == empty.map { $0 == 0x1A10_0000 ? 0x05F5 : 0xDEA1_10C8 })
    let machine = machine(
      Assembly { p in
        for address in unmapped + empty.dropFirst() { p.store(0x1234_5678, at: address) }
        p.exit()
      })
    #expect(machine.run(limits: patience).reason == .exit)
  }

  @Test func `the ROM repeats every 8 KiB, and stores to it are ignored`() {
    #expect(loads([0x1A00_0080, 0x1A00_2080, 0x1A03_E080]) == [0x00C0_006F, 0x00C0_006F, 0x00C0_006F])
    let machine = machine(
      Assembly { p in
        p.store(0, at: 0x1A00_0080)
        p.store(0, at: 0x1A00_2080)
        p.li(.t0, 0x1A00_0080)
        p.lw(.a0, 0, .t0)
        p.exit()
      })
    var kinds: [String] = []
    machine.onDiagnostic = { kinds.append($0.diagnostic.kind.rawValue) }
    #expect(machine.run(limits: patience).reason == .exit)
    #expect(machine.hart[register: 10] == 0x00C0_006F)
    #expect(kinds == ["readOnly", "readOnly"])
  }

  @Test(arguments: [(256, 0x1C05_0100 as UInt32, 0x77 as UInt32), (512, 0x1C05_0100, 0)])
  func `fitted with 256 KiB the interleaved L2 repeats at 1C050000, for data and for instructions`(
    fitted: Int, address: UInt32, expected: UInt32
  ) {
    var configuration = MachineConfiguration()
    configuration.interleavedKiB = fitted
    let machine = machine(
      Assembly { p in
        p.store(0x77, at: 0x1C01_0100)
        p.li(.t0, address)
        p.lw(.a0, 0, .t0)
        p.exit()
      }, configuration)
    #expect(machine.run(limits: patience).reason == .exit)
    #expect(machine.hart[register: 10] == expected)
    guard fitted == 256 else { return }
    let code = Assembly(at: 0x1C05_2000) { $0.exit(5) }
    machine.write(code.bytes, at: 0x1C01_2000)
    let other = Machine(configuration)
    other.write(code.bytes, at: 0x1C01_2000)
    other.boot(at: 0x1C05_2000)
    #expect(other.run(limits: patience).code == 5)
    // Whole loops run there too, and at the very end.
    let loop = Assembly(at: 0x1C08_FF80) { p in
      p.addi(.t0, .zero, 100)
      p.label("loop")
      p.addi(.t0, .t0, -1)
      p.bne(.t0, .zero, "loop")
      p.exit(6)
    }
    let far = Machine(configuration)
    far.write(loop.bytes, at: 0x1C04_FF80)
    far.boot(at: loop.base)
    #expect(far.run(limits: patience).code == 6)
    // The accelerator says what it reaches.
    #expect(loads([0x1A10_C418], configuration) == [0x1C05_0000])
  }

  @Test func `blocks repeat in their slots: interrupt controller and timer every 64 bytes, uDMA after 4 KiB`() {
    let machine = machine(
      Assembly { p in
        p.store(0x0000_0400, at: 0x1A10_9000)
        p.store(0x1234, at: 0x1A10_B010)
        p.store(0x3, at: 0x1A10_2000)
        for (index, address) in [0x1A10_9800, 0x1A10_AFC0, 0x1A10_B7D0, 0x1A10_3000].enumerated() {
          p.li(.t0, UInt32(address))
          p.lw(GPR(rawValue: 10 + UInt32(index)) ?? .a0, 0, .t0)
        }
        p.exit()
      })
    #expect(machine.run(limits: patience).reason == .exit)
    #expect((10..<14).map { machine.hart[register: $0] } == [0x400, 0x400, 0x1234, 0x3])
  }

  @Test func `an APB block takes the whole rotated register from a narrow store`() {
    // Timer compare: decodes PADDR[5:0] by equality, so the aligned byte store writes 32 bits and the others miss.
    let machine = machine(
      Assembly { p in
        p.li(.t0, 0x1A10_B010)
        p.li(.t1, 0x1122_3344)
        p.sb(.t1, 0, .t0)
        p.lw(.a0, 0, .t0)
        p.li(.t1, 0x5566_7788)
        p.sb(.t1, 1, .t0)
        p.lw(.a1, 0, .t0)
        // RETA's SCRATCH ignores the low address bits: the data are rotated by the lane.
        p.li(.t0, At.reta + 0x20)
        p.li(.t1, 0x1122_3344)
        p.sh(.t1, 2, .t0)
        p.lw(.a2, 0, .t0)
        p.lbu(.a3, 2, .t0)
        p.exit()
      })
    #expect(machine.run(limits: patience).reason == .exit)
    #expect(machine.hart[register: 10] == 0x1122_3344)
    #expect(machine.hart[register: 11] == 0x1122_3344)
    #expect(machine.hart[register: 12] == 0x3344_1122)
    #expect(machine.hart[register: 13] == 0x44)
  }

  @Test func `misaligned accesses are split, also across the end of L2 and of the address space`() {
    let machine = machine(
      Assembly { p in
        p.store(0xAABB_CCDD, at: 0x1C08_FFFC)
        p.li(.t0, 0x1C08_FFFE)
        p.lw(.a0, 0, .t0)
        p.li(.t1, 0x1234_5678)
        p.sw(.t1, 0, .t0)
        p.lw(.a1, -2, .t0)
        p.li(.t0, 0xFFFF_FFFE)
        p.lw(.a2, 0, .t0)
        p.sw(.t1, 0, .t0)
        p.li(.t0, 0)
        p.lw(.a3, 0, .t0)
        p.exit()
      })
    machine.put(0x0102_0304, at: 0x1C00_0000)
    #expect(machine.run(limits: patience).reason == .exit)
    #expect(machine.hart[register: 10] == 0xAB1E_AABB)
    #expect(machine.hart[register: 11] == 0x5678_CCDD)
    // Its second half is the first word of the data alias.
    #expect(machine.hart[register: 12] == 0x0304_BADC)
    #expect(machine.hart[register: 13] == 0x0102_1234)
  }

  @Test func `extra memory is on both ports`() {
    var configuration = MachineConfiguration()
    configuration.extraMemories = [ExtraMemory(base: 0x8000_0000, size: 0x1_0000)]
    let machine = machine(
      Assembly(at: 0x8000_1000) { p in
        p.store(0x55AA, at: 0x8000_FFFC)
        p.li(.t0, 0x8000_FFFC)
        p.lw(.a0, 0, .t0)
        p.lw(.a1, 4, .t0)
        p.exit(3)
      }, configuration)
    let end = machine.run(limits: patience)
    #expect(end.code == 3)
    #expect(machine.hart[register: 10] == 0x55AA)
    #expect(machine.hart[register: 11] == 0xBADC_AB1E)
  }
}

@Suite struct BootTests {
  @Test func `a directly loaded program starts with the state of section 8`() {
    let numbers: [UInt32] = [0x300, 0x304, 0x305, 0x320, 0xF14, 0x301, 0x341, 0x344]
    let machine = machine(
      Assembly { p in
        p.li(.s0, 0x1C00_4000)
        for (index, number) in numbers.enumerated() {
          p.csrr(.t0, number)
          p.sw(.t0, 4 * index, .s0)
        }
        p.exit()
      })
    #expect((0..<32).allSatisfy { machine.hart[register: $0] == 0 })
    #expect(machine.hart.pc == entry)
    #expect(machine.run(limits: patience).reason == .exit)
    let expected: [UInt32] = [0x1800, .max, 1, 0xD, 0x3E0, 0x4000_1104, 0, 0]
    #expect(numbers.indices.map { machine.word(0x1C00_4000 + UInt32(4 * $0)) } == expected)
    // Masks closed: event unit, interrupt controller; clock gates of the uDMA.
    #expect(loads([0x1A10_6004, 0x1A10_9800, 0x1A10_2000]) == [.max, 0, 0])
  }

  @Test func `with boot pins 1 the ROM waits for a debugger for ever`() {
    let machine = Machine(MachineConfiguration())
    machine.bootFromROM()
    let end = machine.run(limits: patience)
    #expect(end.reason == .lockup)
    #expect(end.message.contains("waits for a debugger"))
    #expect(end.pc & 0xFFFF_F000 == 0x1A00_0000)
    #expect(machine.hart.peekCSR(0x304) == .max)
  }

  @Test func `with boot pins 3 the ROM jumps to FC_BOOTADDR`() {
    var configuration = MachineConfiguration()
    configuration.bootSelect = 3
    let machine = Machine(configuration)
    let program = Assembly { $0.exit(42) }
    machine.write(program.bytes, at: program.base)
    machine.bus.write(0x1A10_4004, program.base, size: 4, at: 0)
    machine.bootFromROM()
    let end = machine.run(limits: patience)
    #expect(end.code == 42)
  }

  @Test func `a machine can be built in both profiles, and each has its own blocks`() {
    var configuration = MachineConfiguration()
    configuration.profile = .p7
    let p7 = machine(Assembly { $0.exit(9) }, configuration)
    #expect(p7.run(limits: patience).code == 9)
    #expect(loads([0x1A12_0000], configuration) == [0xBADC_AB1E])
    #expect(loads([0x1A10_0000], configuration) == [0x05F5])
  }
}
