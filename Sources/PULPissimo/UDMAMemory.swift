// The uDMA's two ports to the L2, without contention: every request is granted in its own cycle.

import HardwareModel
import Peripherals

/// L2 as the uDMA reaches it. What lies beyond it is a decode error: reads give its data, writes are dropped.
final class UDMAMemory: UDMAMemoryPort {
  private let l2: DirectMemory

  init(_ l2: DirectMemory) { self.l2 = l2 }

  func read(_ address: Address, at cycle: Cycle) -> (grant: Cycle, data: UInt32) {
    (cycle, l2.contains(address & ~3, 4) ? l2.word(address) : MemoryMap.decodeErrorData)
  }

  func write(_ address: Address, _ value: UInt32, strobe: UInt8, at cycle: Cycle) -> Cycle {
    if strobe != 0 { l2.writeWord(address, value, strobe: strobe) }
    return cycle
  }
}
