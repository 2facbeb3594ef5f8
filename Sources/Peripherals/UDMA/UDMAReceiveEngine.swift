// The receive half of the uDMA core: arbiter, request queue and L2 write port of all RX channels.
//
// Follows `udma_rx_channels.sv` and `udma_arbiter.sv` of udma_core v2.0.0, stage by stage. Left out: stream channels
// and the external channel of the FILTER.

import HardwareModel

/// Moves data from the peripherals to L2.
final class UDMAReceiveEngine {
  fileprivate struct Request {
    var data: UInt32
    var dataSize: UInt32
    var destination: UInt32
    var address: UInt32
    /// Bytes - 1 to be written.
    var bytes: UInt32

    /// The datum lies in two words.
    var isSplit: Bool { dataSize == 1 && address & 3 == 3 || dataSize == 2 && address & 3 != 0 }
  }

  /// In the order of arbitration; nil where the slot's peripheral never offers anything.
  let channels: [UDMAReceiveChannel?]
  /// Address bits 31:21 for destination 3.
  var destinationPrefix: UInt32 = 0

  private var pointer = 0
  private var taken = -1
  private var takenData: UInt32 = 0
  private var takenDataSize: UInt32 = 0
  private var takenDestination: UInt32 = 0
  private var queue: [Request] = []
  private var isSecondHalf = false
  private var grant: Cycle?
  private var winner = -1
  private var configs: [UDMAChannelConfiguration]
  private var offers: [UInt32?]

  init(channels: [UDMAReceiveChannel?]) {
    self.channels = channels
    configs = channels.map { _ in UDMAChannelConfiguration() }
    offers = channels.map { _ in nil }
  }

  private var isAccepting: Bool { queue.count < 4 }

  /// The channel's enable as its CFG register shows it in this cycle.
  func isActive(_ index: Int) -> Bool {
    guard let channel = channels[index] else { return false }
    return channel.generator.isActive(
      channel.config, isAccepting: isAccepting, isGranted: taken == index, dataSize: takenDataSize)
  }

  /// Raises the request on the L2 port that this cycle shows.
  func request(on port: (any UDMAMemoryPort)?, at cycle: Cycle) {
    guard grant == nil, let head = queue.first else { return }
    var address = head.address & ~3
    if isSecondHalf { address = (address &+ 4) & UDMAChannelConfiguration.addressMask }
    let lane = head.address & 3
    // The bytes of the datum, placed in the two words that it may touch.
    let mask: UInt64 = head.dataSize == 3 ? 0 : (1 << UInt64(head.bytes + 1)) &- 1
    let strobes = mask << UInt64(lane)
    let data = UInt64(head.data) << UInt64(8 * lane)
    let strobe = UInt8(truncatingIfNeeded: isSecondHalf ? strobes >> 4 : strobes) & 0xF
    let value = UInt32(truncatingIfNeeded: isSecondHalf ? data >> 32 : data)
    grant =
      port?.write(udmaAddress(address, head.destination, prefix: destinationPrefix), value, strobe: strobe, at: cycle)
      ?? cycle
  }

  /// Keeps the configuration and the offers of this cycle.
  func sample() {
    for (index, channel) in channels.enumerated() {
      guard let channel else { continue }
      configs[index] = channel.config
      offers[index] = channel.offered
    }
  }

  /// What the channels see in this cycle.
  func present() {
    winner = -1
    for step in 0..<channels.count {
      let index = (pointer + step) % channels.count
      if let channel = channels[index], channel.offered != nil, isActive(index) {
        winner = index
        break
      }
    }
    for (index, channel) in channels.enumerated() { channel?.isAccepted = isAccepting && winner == index }
  }

  /// One clock edge, after `present` and `sample`.
  func clock(on port: (any UDMAMemoryPort)?, at cycle: Cycle) {
    if grant == .undecided, let decided = port?.decided(.receive, by: cycle) { grant = decided.grant }
    let accepting = isAccepting
    let old = (taken: taken, dataSize: takenDataSize, destination: takenDestination, data: takenData)
    var pushed: Request?
    if old.taken >= 0, let generator = channels[old.taken]?.generator {
      pushed = Request(
        data: old.data, dataSize: old.dataSize, destination: old.destination, address: generator.address,
        bytes: generator.currentBytes(old.dataSize))
    }
    if let granted = grant, granted <= cycle, let head = queue.first {
      grant = nil
      if head.isSplit, !isSecondHalf {
        isSecondHalf = true
      } else {
        isSecondHalf = false
        queue.removeFirst()
      }
    }
    if let pushed, accepting { queue.append(pushed) }
    for (index, channel) in channels.enumerated() {
      channel?.generator.clock(
        configs[index], isAccepting: accepting, isGranted: old.taken == index, dataSize: old.dataSize)
    }
    if accepting {
      taken = winner
      takenDataSize = winner >= 0 ? configs[winner].dataSize : 0
      takenDestination = winner >= 0 ? configs[winner].destination : 0
      takenData = winner >= 0 ? offers[winner] ?? 0 : 0
      if winner >= 0 { pointer = (winner + 1) % channels.count }
    }
  }

  /// Until when nothing changes without input: this cycle (it is busy), a grant, or never.
  func quietUntil(_ now: Cycle) -> Cycle {
    if taken >= 0 { return now }
    for (index, channel) in channels.enumerated() {
      guard let channel else { continue }
      if channel.config.enable || channel.config.clear || channel.generator.event { return now }
      if channel.offered != nil, isActive(index) { return now }
    }
    if queue.isEmpty { return .never }
    return grant == .undecided ? now : grant ?? now
  }

  /// Calls `body` with the first and the last byte of each datum that waits for the port.
  func forEachRequest(_ body: (Address, Address) -> Void) {
    for request in queue {
      let first = udmaAddress(request.address, request.destination, prefix: destinationPrefix)
      body(first, first &+ 3)
    }
  }
}

extension UDMAReceiveEngine.Request: StateValue {
  fileprivate mutating func visitState(_ archive: StateArchive) {
    archive.visit("data", &data)
    archive.visit("dataSize", &dataSize, in: 0...3)
    archive.visit("destination", &destination, in: 0...3)
    archive.visit("address", &address, in: 0...UDMAChannelConfiguration.addressMask)
    archive.visit("bytes", &bytes, in: 0...3)
  }
}

extension UDMAReceiveEngine: Stateful {
  func visitState(_ archive: StateArchive) {
    archive.omits("channels")
    let last = channels.count - 1
    archive.visit("destinationPrefix", &destinationPrefix)
    archive.visit("pointer", &pointer, in: 0...last)
    archive.visit("taken", &taken, in: -1...last)
    archive.visit("takenData", &takenData)
    archive.visit("takenDataSize", &takenDataSize, in: 0...3)
    archive.visit("takenDestination", &takenDestination, in: 0...3)
    archive.visit(
      "queue", &queue, most: 4, new: Request(data: 0, dataSize: 0, destination: 0, address: 0, bytes: 0))
    archive.visit("isSecondHalf", &isSecondHalf)
    archive.visit("grant", due: &grant)
    archive.visit("winner", &winner, in: -1...last)
    archive.visit("configs", fixed: &configs)
    for index in offers.indices { archive.visit("offers", &offers[index]) }
  }
}
