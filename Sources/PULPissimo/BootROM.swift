// The boot ROM: contents assembled from `firmware/boot/boot_rom.S`, and names for its places.
//
// The source says what each boot mode does and how an image lies in the flash; `BootROMImage.swift` is generated from it.

import HardwareModel

/// The boot ROM of this machine.
public enum BootROM {
  /// Puts the ROM's contents into `memory`.
  static func fill(_ memory: DirectMemory) {
    for (index, word) in BootROMImage.words.enumerated() {
      memory.writeWord(memory.base &+ UInt32(truncatingIfNeeded: 4 * index), word)
    }
  }

  /// `load_area+0x10` for an address of the ROM, repetitions included; nil elsewhere.
  public static func describe(_ address: Address) -> String? {
    guard address >= MemoryMap.rom && address < MemoryMap.romEnd else { return nil }
    let offset = address & (MemoryMap.romSize &- 1)
    guard offset < UInt32(truncatingIfNeeded: 4 * BootROMImage.words.count),
      let symbol = BootROMImage.symbols.last(where: { $0.offset <= offset })
    else { return nil }
    let distance = offset - symbol.offset
    return symbol.name + (distance == 0 ? "" : "+0x" + String(distance, radix: 16))
  }
}
