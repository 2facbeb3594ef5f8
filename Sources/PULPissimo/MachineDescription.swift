// Which register blocks lie where: for register exports, headers and viewers.

import HardwareModel
import Peripherals
import RetentionAccelerator

/// The machine as software sees it.
public enum MachineDescription {
  /// Every register block of the default machine in order of address.
  public static var placedBlocks: [PlacedBlock] { placedBlocks(.p8) }

  /// Every register block of a profile in order of address.
  public static func placedBlocks(_ profile: MachineConfiguration.Profile) -> [PlacedBlock] {
    let isP7 = profile == .p7
    var blocks = [
      PlacedBlock(
        isP7 ? FLLRegisters.blockP7 : FLLRegisters.block, base: isP7 ? MemoryMap.fll : MemoryMap.fllP8),
      PlacedBlock(
        isP7 ? APBGPIORegisters.block : GPIORegisters.block, base: MemoryMap.gpio, interrupts: [.init("GPIO", 15)]),
      PlacedBlock(isP7 ? APBSoCControlRegisters.block : SoCControlRegisters.block, base: MemoryMap.socControl),
      PlacedBlock(
        AdvancedTimerRegisters.block, base: MemoryMap.advancedTimer,
        interrupts: (0..<4).map { .init("ADV_TIMER\($0)", 17 + $0) }),
      PlacedBlock(
        SoCEventGeneratorRegisters.block, base: MemoryMap.eventGenerator,
        interrupts: [.init("EVENTS", InterruptController.eventLine), .init("EVENT_OVERFLOW", 29)]),
      PlacedBlock(InterruptControllerRegisters.block, base: MemoryMap.interruptControllerSoftware),
      PlacedBlock(
        TimerRegisters.block, base: MemoryMap.timer, interrupts: [.init("TIMER_LO", 10), .init("TIMER_HI", 11)]),
      PlacedBlock(RETARegisters.block, base: MemoryMap.accelerator),
      PlacedBlock(VirtualStdoutRegisters.block, base: MemoryMap.stdout),
      PlacedBlock(DebugModuleRegisters.block, base: MemoryMap.debugModule),
    ]
    if !isP7 { blocks.append(PlacedBlock(PadConfigurationRegisters.block, base: MemoryMap.padConfiguration)) }
    blocks += uDMABlocks(profile)
    return blocks.sorted { $0.base < $1.base }
  }

  private static func uDMABlocks(_ profile: MachineConfiguration.Profile) -> [PlacedBlock] {
    // The subsystem knows its slots; this one is built only to be asked.
    let udma = profile == .p7 ? UDMA.p7(queue: EventQueue()) : UDMA.p8(queue: EventQueue())
    var blocks = [PlacedBlock(udma.registers, base: MemoryMap.udma)]
    var counts: [String: Int] = [:]
    for (id, peripheral) in udma.peripherals.enumerated() {
      let block = peripheral.registers
      let number = counts[block.name, default: 0]
      counts[block.name] = number + 1
      blocks.append(
        PlacedBlock(
          block, name: number == 0 ? block.name : "\(block.name)\(number)",
          base: MemoryMap.udma &+ UDMA.slotSize &* UInt32(id + 1)))
    }
    return blocks
  }
}

extension UDMA: SegmentedTarget {
  /// Bytes of a slot.
  static var slotSize: UInt32 { 0x80 }

  public func block(at offset: UInt32) -> RegisterBlock? {
    let slot = Int(offset / Self.slotSize & 31)
    if slot == 0 { return registers }
    return slot <= peripherals.count ? peripherals[slot - 1].registers : nil
  }
}
