// The boot ROM's contents.
//
// A small ROM of our own (`pulpissimo.md` section 8, [advice]): sets mie to all ones, then jumps to FC_BOOTADDR when the
// boot mode pins say 3, else waits for a debugger in WFI. Loading from SPI flash is left out.

import HardwareModel

enum BootROM {
  /// Words from the reset entry on.
  static let program: [UInt32] = [
    0xFFF0_0293,  // li    t0, -1
    0x3042_9073,  // csrw  mie, t0
    0x1A10_42B7,  // lui   t0, 0x1a104       soc_ctrl
    0x0C42_A303,  // lw    t1, 0xc4(t0)      BOOTSEL
    0x0030_0393,  // li    t2, 3
    0x0073_1663,  // bne   t1, t2, 1f
    0x0042_A303,  // lw    t1, 4(t0)         FC_BOOTADDR
    0x0003_0067,  // jr    t1
    0x1050_0073,  // 1: wfi
    0xFFDF_F06F,  // j     1b
  ]

  /// Fills `memory`: every vector and the reset entry lead to the program.
  static func fill(_ memory: DirectMemory) {
    let entry = MemoryMap.resetEntry &- MemoryMap.rom
    for vector in stride(from: UInt32(0), to: entry, by: 4) {
      memory.writeWord(memory.base &+ vector, jump(by: entry &- vector))
    }
    for (index, word) in program.enumerated() {
      memory.writeWord(memory.base &+ entry &+ UInt32(4 * index), word)
    }
  }

  /// `j` over `distance` bytes, below 2 KiB.
  private static func jump(by distance: UInt32) -> UInt32 {
    (distance & 0x7FE) << 20 | 0x6F
  }
}
