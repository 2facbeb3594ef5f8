// Which memory the uDMA may touch, for those who share it.

import HardwareModel

extension UDMA {
  /// Calls `body` with first and last address of every buffer that a running, pending or just started channel has, and
  /// of every datum that waits for the L2 ports.
  public func forEachBuffer(_ body: (Address, Address) -> Void) {
    transmit.forEachRequest(body)
    receive.forEachRequest(body)
    for peripheral in peripherals {
      for channel in peripheral.transmitChannels {
        Self.report(channel.config, channel.generator, prefix: transmit.sourcePrefix, body)
      }
      for channel in peripheral.receiveChannels {
        Self.report(channel.config, channel.generator, prefix: receive.destinationPrefix, body)
      }
    }
  }

  private static func report(
    _ config: UDMAChannelConfiguration, _ generator: UDMAAddressGenerator, prefix: UInt32,
    _ body: (Address, Address) -> Void
  ) {
    guard generator.isEnabled || generator.isPending || config.enable else { return }
    func report(_ address: UInt32, _ size: UInt32) {
      let first = udmaAddress(address, config.destination, prefix: prefix)
      body(first, first &+ size &+ 3)
    }
    report(generator.address, generator.bytesLeft)
    if generator.isPending || config.isContinuous || config.enable { report(config.startAddress, config.size) }
  }
}
