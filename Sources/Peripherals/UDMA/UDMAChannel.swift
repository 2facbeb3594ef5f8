// A uDMA channel: its configuration in the peripheral, and the address generator in the uDMA core.
//
// Follows `udma_ch_addrgen.sv` of udma_core v2.0.0, flip-flop for flip-flop (reference section 5.2). Left out: streams.

import HardwareModel

/// What the peripheral's registers tell the core about a channel.
public struct UDMAChannelConfiguration: Equatable, Sendable {
  /// Bits 20:0 of the buffer address.
  public var startAddress: UInt32 = 0
  /// Bytes, 20 bits.
  public var size: UInt32 = 0
  public var isContinuous = false
  /// 0: 8 bit, 1: 16 bit, 2: 32 bit.
  public var dataSize: UInt32 = 0
  /// 0: L2, 1: peripherals, 2: cluster, 3: prefix of the control slot.
  public var destination: UInt32 = 0
  /// One-cycle pulses.
  public var enable = false
  public var clear = false

  public init(dataSize: UInt32 = 0) { self.dataSize = dataSize }

  /// Bits of a channel's CFG register.
  public static let continuousBit: UInt32 = 1 << 0
  public static let enableBit: UInt32 = 1 << 4
  public static let pendingBit: UInt32 = 1 << 5
  public static let clearBit: UInt32 = 1 << 6
  static let addressMask: UInt32 = 0x1F_FFFF
  static let sizeMask: UInt32 = 0xF_FFFF

  /// A write to the channel's SADDR, SIZE or CFG (`word` 0, 1, 2).
  mutating func write(word: UInt32, _ value: UInt32, dataSizeIsWritable: Bool) {
    switch word {
    case 0: startAddress = value & Self.addressMask
    case 1: size = value & Self.sizeMask
    case 2:
      isContinuous = value & Self.continuousBit != 0
      enable = value & Self.enableBit != 0
      clear = value & Self.clearBit != 0
      if dataSizeIsWritable { dataSize = value >> 1 & 3 }
    default: break
    }
  }
}

/// The running side of a channel.
struct UDMAAddressGenerator: Equatable {
  var address: UInt32 = 0
  var bytesLeft: UInt32 = 0
  var isEnabled = false
  var hasStarted = false
  var isPending = false
  /// The completion event is high in this cycle.
  var event = false

  /// Bytes that a datum of `dataSize` advances the counters by.
  static func bytes(_ dataSize: UInt32) -> UInt32 { dataSize == 3 ? 0 : 1 << dataSize }

  /// Bytes - 1 of the current datum, as the receive side writes them.
  func currentBytes(_ dataSize: UInt32) -> UInt32 {
    let isLast = bytesLeft <= Self.bytes(dataSize)
    switch dataSize {
    case 1: return isLast && bytesLeft & 3 == 1 ? 0 : 1
    case 2: return isLast && bytesLeft & 3 != 0 ? (bytesLeft & 3) - 1 : 3
    default: return 0
    }
  }

  /// The enable as the arbiter and the CFG register see it in this cycle.
  func isActive(_ config: UDMAChannelConfiguration, isAccepting: Bool, isGranted: Bool, dataSize: UInt32) -> Bool {
    if config.enable, !isEnabled { return true }
    if config.clear { return false }
    if isAccepting, isEnabled, isGranted, bytesLeft <= Self.bytes(dataSize),
      !config.isContinuous, !isPending, !config.enable
    {
      return false
    }
    return isEnabled
  }

  /// One clock edge. `isAccepting`: the request queue has room; `isGranted`: the core took a datum of this channel in
  /// the cycle before; `dataSize`: that of the datum taken last, of whichever channel.
  mutating func clock(
    _ config: UDMAChannelConfiguration, isAccepting: Bool, isGranted: Bool, dataSize: UInt32
  ) {
    let step = Self.bytes(dataSize)
    let isLast = bytesLeft <= step
    let old = self
    var next = self
    next.event = false

    if config.enable, old.hasStarted || old.isEnabled, !(isLast && isAccepting && isGranted) {
      next.isPending = true
    } else if old.isEnabled, isGranted, isAccepting, isLast {
      next.isPending = false
    }

    if config.enable, !old.isEnabled {
      next.bytesLeft = config.size
      next.address = config.startAddress
      next.isEnabled = true
      next.hasStarted = false
    } else if config.clear {
      next.bytesLeft = 0
      next.address = 0
      next.isEnabled = false
      next.hasStarted = false
    } else if isAccepting, old.isEnabled, isGranted {
      if isLast {
        next.event = true
        if !config.isContinuous, !old.isPending, !config.enable {
          next.isEnabled = false
          next.hasStarted = false
          next.bytesLeft = 0
          next.address = 0
        } else {
          next.bytesLeft = config.size
          next.address = config.startAddress
          next.isEnabled = true
          next.hasStarted = true
        }
      } else {
        next.hasStarted = true
        next.bytesLeft = (old.bytesLeft &- step) & UDMAChannelConfiguration.sizeMask
        next.address = (old.address &+ step) & UDMAChannelConfiguration.addressMask
      }
    }

    // Some of it reaches the flip-flops only under the RTL's own conditions.
    event = next.event
    isPending = next.isPending
    let loads = config.enable && !old.isEnabled || config.clear || config.enable && isLast && isAccepting
    if loads || isAccepting && old.isEnabled && isGranted {
      bytesLeft = next.bytesLeft
      address = next.address
      if loads || !isLast || !config.isContinuous && !old.isPending {
        if loads || isLast { isEnabled = next.isEnabled }
        hasStarted = next.hasStarted
      }
    }
  }
}

/// A channel from L2 to a peripheral (TX and CMD).
public final class UDMATransmitChannel {
  /// The SoC event of its completion.
  public let event: Int
  var config: UDMAChannelConfiguration
  let dataSizeIsWritable: Bool
  var generator = UDMAAddressGenerator()
  /// The peripheral's first FIFO.
  var fifo: UDMATransmitFIFO
  /// In this cycle the core takes the FIFO's request.
  var isGranted = false
  /// In this cycle the core delivers this datum.
  var delivered: UInt32?

  /// The CFG register shows 0 for the data size (SPI TX).
  let hidesDataSize: Bool

  init(event: Int, dataSize: UInt32 = 0, dataSizeIsWritable: Bool = false, hidesDataSize: Bool = false) {
    self.event = event
    self.dataSizeIsWritable = dataSizeIsWritable
    self.hidesDataSize = hidesDataSize
    config = UDMAChannelConfiguration(dataSize: dataSize)
    fifo = UDMATransmitFIFO(depth: 2)
  }
}

/// A channel from a peripheral to L2 (RX).
public final class UDMAReceiveChannel {
  /// The SoC event of its completion.
  public let event: Int
  var config: UDMAChannelConfiguration
  let dataSizeIsWritable: Bool
  var generator = UDMAAddressGenerator()
  /// The datum that the peripheral offers in this cycle.
  var offered: UInt32?
  /// In this cycle the core takes the datum offered.
  var isAccepted = false

  init(event: Int, dataSize: UInt32 = 0, dataSizeIsWritable: Bool = false) {
    self.event = event
    self.dataSizeIsWritable = dataSizeIsWritable
    config = UDMAChannelConfiguration(dataSize: dataSize)
  }
}

extension UDMAChannelConfiguration: StateValue {
  public mutating func visitState(_ archive: StateArchive) {
    archive.visit("startAddress", &startAddress, in: 0...Self.addressMask)
    archive.visit("size", &size, in: 0...Self.sizeMask)
    archive.visit("isContinuous", &isContinuous)
    archive.visit("dataSize", &dataSize, in: 0...3)
    archive.visit("destination", &destination, in: 0...3)
    archive.visit("enable", &enable)
    archive.visit("clear", &clear)
  }
}

extension UDMAAddressGenerator: StateValue {
  mutating func visitState(_ archive: StateArchive) {
    archive.visit("address", &address, in: 0...UDMAChannelConfiguration.addressMask)
    archive.visit("bytesLeft", &bytesLeft, in: 0...UDMAChannelConfiguration.sizeMask)
    archive.visit("isEnabled", &isEnabled)
    archive.visit("hasStarted", &hasStarted)
    archive.visit("isPending", &isPending)
    archive.visit("event", &event)
  }
}

extension UDMATransmitChannel: Stateful {
  public func visitState(_ archive: StateArchive) {
    archive.omits("event", "dataSizeIsWritable", "hidesDataSize")
    archive.visit("config", &config)
    archive.visit("generator", &generator)
    archive.visit("fifo", &fifo)
    archive.visit("isGranted", &isGranted)
    archive.visit("delivered", &delivered)
  }
}

extension UDMAReceiveChannel: Stateful {
  public func visitState(_ archive: StateArchive) {
    archive.omits("event", "dataSizeIsWritable")
    archive.visit("config", &config)
    archive.visit("generator", &generator)
    archive.visit("offered", &offered)
    archive.visit("isAccepted", &isAccepted)
  }
}
