// The uDMA's channels as a debugger shows them.
//
// Follows the registers of `udma_ch_addrgen.sv` (reference section 5.2): what software has written last is the next
// buffer, what the address generator holds is the running one. Left out: what lies in the FIFOs between.

import HardwareModel

/// One channel: the buffer that software has written last, and what runs.
public struct UDMAChannelStatus: Sendable {
  /// RX, TX or CMD.
  public let name: String
  /// The SoC event of its completion.
  public let event: Int
  /// The buffer in SADDR and SIZE as written last: a transfer that starts or follows takes it.
  public let buffer: Address
  public let size: UInt32
  /// Bytes of a datum.
  public let datum: UInt32
  public let isContinuous: Bool
  public let isRunning: Bool
  /// A second transfer waits for the end of the running one.
  public let isQueued: Bool
  /// Where the running transfer is, and how many bytes of it are left.
  public let place: Address
  public let bytesLeft: UInt32
}

/// One peripheral of the uDMA.
public struct UDMAPeripheralStatus: Sendable {
  public let id: Int
  /// As the register descriptions name the instance: a second UDMA_I2C is UDMA_I2C1.
  public let name: String
  public let isClocked: Bool
  public let channels: [UDMAChannelStatus]
  /// What it waits for that nothing inside it will ever bring.
  public let standstill: String?
}

extension UDMA {
  /// All peripherals with channels, by id, as seen in `cycle`.
  public func status(at cycle: Cycle) -> [UDMAPeripheralStatus] {
    synchronize(to: cycle)
    let clocks = peek(UDMARegisters.cg.offset, at: cycle)
    var counts: [String: Int] = [:]
    return peripherals.enumerated().compactMap { id, peripheral in
      let block = peripheral.registers.name
      let number = counts[block, default: 0]
      counts[block] = number + 1
      let base = UDMARegisters.slotSize &* UInt32(id + 1)
      var channels: [UDMAChannelStatus] = []
      func add(
        _ name: String, _ offset: UInt32, _ event: Int, _ config: UDMAChannelConfiguration,
        _ generator: UDMAAddressGenerator, prefix: UInt32
      ) {
        let word = peek(base + offset + 8, at: cycle)
        channels.append(
          UDMAChannelStatus(
            name: name, event: event, buffer: udmaAddress(config.startAddress, config.destination, prefix: prefix),
            size: config.size, datum: UDMAAddressGenerator.bytes(config.dataSize), isContinuous: config.isContinuous,
            isRunning: word & UDMAChannelConfiguration.enableBit != 0, isQueued: generator.isPending,
            place: udmaAddress(generator.address, config.destination, prefix: prefix), bytesLeft: generator.bytesLeft))
      }
      if let channel = peripheral.receiveChannels.first {
        add(
          "RX", UDMARegisters.receiveOffset, channel.event, channel.config, channel.generator,
          prefix: receive.destinationPrefix)
      }
      let offsets = [("TX", UDMARegisters.transmitOffset), ("CMD", UDMARegisters.commandOffset)]
      for (channel, place) in zip(peripheral.transmitChannels, offsets) {
        add(
          place.0, place.1, channel.event, channel.config, channel.generator, prefix: transmit.sourcePrefix)
      }
      guard !channels.isEmpty else { return nil }
      return UDMAPeripheralStatus(
        id: id, name: number == 0 ? block : "\(block)\(number)", isClocked: clocks >> UInt32(id) & 1 != 0,
        channels: channels, standstill: clocks >> UInt32(id) & 1 != 0 ? peripheral.standstill : nil)
    }
  }
}
