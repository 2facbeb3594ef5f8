// The declarations of the peripherals' registers are sound, and reset values are what a read returns.

import HardwareModel
import Peripherals
import Testing

@Suite("Register declarations of the peripherals")
struct DeclarationTests {
  static let blocks: [RegisterBlock] = [
    InterruptControllerRegisters.block, SoCEventGeneratorRegisters.block, TimerRegisters.block,
    SoCControlRegisters.block, APBSoCControlRegisters.block, FLLRegisters.block, FLLRegisters.blockP7,
    VirtualStdoutRegisters.block, PadConfigurationRegisters.block, DebugModuleRegisters.block, GPIORegisters.block,
    APBGPIORegisters.block, AdvancedTimerRegisters.block, UDMARegisters.block, UDMAUARTRegisters.block,
    UDMASPIMRegisters.block, UDMAI2CRegisters.block, UDMACPIRegisters.block, UDMACPIRegisters.blockP7,
    UDMASDIORegisters.block,
    UDMAI2SRegisters.block, UDMAFILTERRegisters.block, UDMAHYPERRegisters.channelBlock, UDMAHYPERRegisters.commonBlock,
  ]

  @Test("No block's declaration has duplicates, overlaps or parts without description", arguments: blocks.indices)
  func isSound(_ index: Int) { #expect(Self.blocks[index].problems == []) }

  @Test("After reset every register reads its declared reset value, as far as it can be read")
  func readsResetValues() {
    let bench = Bench()
    for device in bench.devices {
      for register in device.registers.registers {
        let readable = register.mask(
          of: .readWrite, .readOnly, .writeOneToClear, .writeOneToSet, .readToClear, .writeToClear)
        let expected = register.reset & readable
        // The boot mode pins and the fetch enable are inputs; every timer flag is up two cycles after reset.
        if ["BOOTSEL", "FC_FETCH_EN"].contains(register.name) { continue }
        #expect(
          device.peek(register.offset, at: 0) == expected, "\(device.registers.name).\(register.name)")
      }
    }
  }
}
