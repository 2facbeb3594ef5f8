// Registers of blocks without much function, register by register: what is written, what is read back.
//
// Expected values are those of the RTL's register files (udma_sdio_reg_if.sv, udma_filter_reg_if.sv,
// udma_hyper_reg_if_common.sv, the padrick output, apb_fll_if) and of the hardware reference, sections 5.6, 6.6, 6.7.

import HardwareModel
import Peripherals
import Testing

@Suite("Register stores")
struct RegisterStoreTests {
  /// Writes ones to every word of a slot of P8's uDMA; returns what is read back then, by offset.
  private static func writesOnes(_ bench: Bench, slot: UInt32) -> [UInt32: UInt32] {
    bench.udma.write(UDMARegisters.cg.offset, .max, at: 10)
    var cycle: Cycle = 20
    for offset in stride(from: 0 as UInt32, to: 0x80, by: 4) {
      bench.queue.run(through: cycle)
      bench.udma.write(slot + offset, .max, at: cycle)
      cycle += 5
    }
    bench.run(to: 1000)
    var values: [UInt32: UInt32] = [:]
    for offset in stride(from: 0 as UInt32, to: 0x80, by: 4) {
      let value = bench.udma.peek(slot + offset, at: 1000)
      if value != 0 { values[offset] = value }
    }
    return values
  }

  @Test("SDIO: commands cannot be read back, the divider can; said once that nothing happens")
  func sdio() {
    let bench = Bench()
    var keys: [String] = []
    bench.udma.diagnostics = { keys.append($0.key) }
    let values = Self.writesOnes(bench, slot: 4 * 0x80)
    #expect(values[0x20] == nil && values[0x24] == nil && values[0x28] == nil && values[0x48] == nil)
    #expect(values[0x40] == 0xFF)
    #expect(values[0x44] == nil)
    // Continuous, running, and (CLR was written too) nothing of a datum size.
    #expect((values[0x08] ?? 0) & 0x6 == 0)
    #expect(keys.contains("store-UDMA_SDIO"))
    #expect(!bench.events.contains { (12...15).contains($0.event) })
  }

  @Test("FILTER: reads show what the last start took over, the result stream's only bit 1 of it")
  func filter() {
    let bench = Bench()
    let slot: UInt32 = 8 * 0x80
    bench.udma.write(UDMARegisters.cg.offset, 1 << 7, at: 10)
    bench.queue.run(through: 20)
    bench.udma.write(slot + 0x40, 0x1234_5678, at: 20)
    bench.queue.run(through: 30)
    #expect(bench.udma.peek(slot + 0x40, at: 30) == 0)
    bench.udma.write(slot + 0x5C, 1, at: 30)
    bench.queue.run(through: 40)
    #expect(bench.udma.peek(slot + 0x40, at: 40) == 0x1234_5678)
    #expect(bench.udma.peek(slot + 0x60, at: 40) == 0)
    let full = Bench()
    let before = Self.writesOnes(full, slot: slot)
    // FILT_CMD was written in the order of the offsets, behind all configuration.
    let expected: [UInt32: UInt32] = [
      0x00: 0x1F_FFFF, 0x04: 0x303, 0x08: 0xF_FFFF, 0x0C: 0xF_FFFF, 0x10: 0xF_FFFF, 0x14: 0x1F_FFFF, 0x18: 0x303,
      0x1C: 0xF_FFFF, 0x20: 0xF_FFFF, 0x24: 0xF_FFFF, 0x28: 1, 0x2C: 0x101, 0x30: 1, 0x34: 1, 0x38: 1,
      0x3C: 0x001F_0F03, 0x40: .max, 0x44: .max, 0x48: .max, 0x4C: 0x800F_FFFF, 0x50: 3, 0x58: 0xF,
    ]
    #expect(before == expected)
  }

  @Test("HYPER: the timing registers have their reset values")
  func hyper() {
    let bench = Bench()
    let values = (0...10).map { bench.udma.peek(7 * 0x80 + 4 * UInt32($0), at: 0) }
    #expect(values == [0, 6, 1, 665, 6, 2, 3, 1, 0, 0, 0])
  }

  @Test("Pads: reset values, writable bits, misses beside the registers, and the function that is reported")
  func pads() {
    let pads = PadConfiguration()
    var selected: [(pad: Int, function: UInt32, cycle: Cycle)] = []
    pads.onSelect = { selected.append(($0, $1, $2)) }
    #expect(pads.read(0, at: 0) == 0x0020_0002)
    for pad in 0..<32 as Range<UInt32> {
      #expect(pads.read(4 + 8 * pad, at: 0) == 4)
      #expect(pads.read(8 + 8 * pad, at: 0) == 14)
      pads.write(4 + 8 * pad, .max, at: 1)
      #expect(pads.read(4 + 8 * pad, at: 2) == 0xF)
    }
    #expect(pads.read(0x104, at: 0) == .max)
    pads.write(0x0A, 40, at: 3)
    pads.write(0x08, 0x1FF, at: 4)
    #expect(pads.read(0x08, at: 5) == 0x3F)
    #expect(selected.map(\.function) == [0x3F])
    #expect(selected.first?.pad == 0 && selected.first?.cycle == 5)
  }

  @Test("FLL: reset values of section 6.6, the factor that STATUS follows, lock, and where the bus hangs")
  func fll() {
    for isP7 in [false, true] {
      let fll = FLL(hasClusterLoop: isP7)
      var frequencies: [(UInt64, UInt64)] = []
      fll.onFrequency = { index, numerator, denominator, _ in
        if index == 0 { frequencies.append((numerator, denominator)) }
      }
      for base in stride(from: 0 as UInt32, to: isP7 ? 0x30 : 0x20, by: 0x10) {
        #expect(fll.read(base + 4, at: 0) == 0x4488_05F5)
        #expect(fll.read(base + 8, at: 0) == 0x0200_4107)
        #expect(fll.read(base + 0xC, at: 0) == 0x0088_0000)
        #expect(fll.read(base, at: 0) == 0x05F5)
        for register in [4, 8, 0xC] as [UInt32] {
          fll.write(base + register, 0x8C00_0400, at: 1)
        }
        #expect(fll.read(base, at: 2) == 0x0400)
        #expect(fll.read(base + 4, at: 2) == 0x8C00_0400)
      }
      // Divider 3: 32,768 Hz x 1024 / 4.
      #expect(frequencies.map(\.0) == [1024] && frequencies.map(\.1) == [4])
      #expect(fll.read(0x3C, at: 0) & 1 == 1)
      #expect(fll.answer(0x24, isWrite: false) == (isP7 ? .waitStates(20) : .never))
      #expect(fll.answer(0x34, isWrite: false) == .never)
    }
  }
}
