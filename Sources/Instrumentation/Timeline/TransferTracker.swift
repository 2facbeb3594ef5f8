// uDMA transfers from what can be seen of them: the registers that start them, the events that end them.
//
// A channel takes a second transfer while one runs (EN while active); the first completion ends the older one. A
// continuous channel goes on after its completions until it is cleared.

import HardwareModel
import PULPissimo
import Peripherals
import RISCV

/// Transfers of all channels.
public struct TransferTracker {
  public struct Transfer: Sendable {
    /// `UDMA_UART RX`.
    public let channel: String
    /// SADDR and SIZE as written.
    public let address: UInt32
    public let size: UInt32
    public var start: Cycle
    public let isContinuous: Bool
    /// To L2.
    public let isWrite: Bool
  }

  private struct Channel {
    var address: UInt32 = 0
    var size: UInt32 = 0
    var active: [Transfer] = []
  }

  private var channels: [String: Channel] = [:]
  /// The channel of a completion event.
  private var completions: [Int: String] = [:]

  public init(_ machine: Machine) {
    for peripheral in machine.udma.peripherals {
      let name = peripheral.registers.name
      for (index, channel) in peripheral.transmitChannels.enumerated() {
        completions[channel.event] = name + (index == 0 ? " TX" : " CMD")
      }
      for channel in peripheral.receiveChannels { completions[channel.event] = name + " RX" }
    }
  }

  /// Channels with a running transfer.
  var activeChannels: [String] { channels.filter { !$0.value.active.isEmpty }.keys.sorted() }
  /// All channels that may run, in order.
  var names: [String] { Set(completions.values).sorted() }

  /// A write to a register of a peripheral; returns transfers that it ends.
  public mutating func wrote(
    _ block: String, _ register: String, _ value: UInt32, at cycle: Cycle
  ) -> [(Transfer, Cycle)] {
    guard block.hasPrefix("UDMA_"), let underscore = register.lastIndex(of: "_") else { return [] }
    let name = block + " " + register[..<underscore]
    switch register[register.index(after: underscore)...] {
    case "SADDR": channels[name, default: Channel()].address = value
    case "SIZE": channels[name, default: Channel()].size = value
    case "CFG":
      var channel = channels[name] ?? Channel()
      var ended: [(Transfer, Cycle)] = []
      if value & 0x40 != 0 {
        ended = channel.active.map { ($0, cycle) }
        channel.active = []
      } else if value & 0x10 != 0, channel.active.count < 2 {
        channel.active.append(
          Transfer(
            channel: name, address: channel.address, size: channel.size, start: cycle,
            isContinuous: value & 1 != 0, isWrite: name.hasSuffix(" RX")))
      }
      channels[name] = channel
      return ended
    default: break
    }
    return []
  }

  /// SoC event `event` of the uDMA fires; returns the transfer that it ends.
  public mutating func fired(_ event: Int, at cycle: Cycle) -> Transfer? {
    guard let name = completions[event], var channel = channels[name], let first = channel.active.first else {
      return nil
    }
    channel.active.removeFirst()
    if first.isContinuous, channel.active.isEmpty {
      channel.active.append(
        Transfer(
          channel: name, address: channel.address, size: channel.size, start: cycle, isContinuous: true,
          isWrite: first.isWrite))
    } else if var next = channel.active.first {
      // It was only waiting.
      next.start = cycle
      channel.active[0] = next
    }
    channels[name] = channel
    return first
  }

  /// What still runs at the end.
  public var open: [Transfer] { channels.sorted { $0.key < $1.key }.flatMap(\.value.active) }
}
