// The transmit half of the uDMA core: arbiter, request queue and L2 read port of all TX and CMD channels.
//
// Follows `udma_tx_channels.sv` and `udma_arbiter.sv` of udma_core v2.0.0, stage by stage. Left out: stream channels
// and the external channels of the FILTER.

import HardwareModel

/// Moves data from L2 to the peripherals' FIFOs.
final class UDMATransmitEngine {
  fileprivate struct Request {
    var channel: Int
    var dataSize: UInt32
    var destination: UInt32
    var address: UInt32

    /// The datum lies in two words.
    var isSplit: Bool { dataSize == 1 && address & 3 == 3 || dataSize == 2 && address & 3 != 0 }
  }

  /// In the order of arbitration; nil where the slot's peripheral never requests.
  let channels: [UDMATransmitChannel?]
  /// Address bits 31:21 for destination 3.
  var sourcePrefix: UInt32 = 0

  private var pointer = 0
  /// The channel whose datum was taken in the cycle before.
  private var taken = -1
  private var takenDataSize: UInt32 = 0
  private var takenDestination: UInt32 = 0
  private var queue: [Request] = []
  private var isSecondHalf = false
  private var wasSecondHalf = false
  private var responseChannel = 0
  private var deliveryChannel = 0
  private var responseDataSize: UInt32 = 0
  private var responseLane: UInt32 = 0
  private var hasResponse = false
  private var response: UInt32 = 0
  private var data: UInt32 = 0
  private var hasData = false
  // The request on the port: when it is granted, and what it reads.
  private var grant: Cycle?
  private var grantedData: UInt32 = 0
  // Of this cycle: who is served, and the channels' configuration before the peripherals' clock edge.
  private var winner = -1
  private var configs: [UDMAChannelConfiguration]

  init(channels: [UDMATransmitChannel?]) {
    self.channels = channels
    configs = channels.map { _ in UDMAChannelConfiguration() }
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
    guard grant == nil, let head = queue.first, !isStalled else { return }
    var address = head.address & ~3
    if isSecondHalf { address = (address &+ 4) & UDMAChannelConfiguration.addressMask }
    let result =
      port?.read(udmaAddress(address, head.destination, prefix: sourcePrefix), at: cycle) ?? (grant: cycle, data: 0)
    grant = result.grant
    grantedData = result.data
  }

  /// In the RTL the vector of full FIFOs is masked with the *number* of the channel served.
  private var isStalled: Bool {
    guard hasData else { return false }
    for (index, channel) in channels.enumerated() where responseChannel >> index & 1 != 0 {
      if let channel, !channel.fifo.isReady { return true }
    }
    return false
  }

  /// What the channels see in this cycle.
  func present() {
    winner = -1
    for step in 0..<channels.count {
      let index = (pointer + step) % channels.count
      if let channel = channels[index], channel.fifo.isRequesting, isActive(index) {
        winner = index
        break
      }
    }
    for (index, channel) in channels.enumerated() {
      channel?.isGranted = isAccepting && winner == index
      channel?.delivered = hasData && deliveryChannel == index ? data : nil
    }
  }

  /// One clock edge, after `present` and after the peripherals' own clock edge.
  func clock(on port: (any UDMAMemoryPort)?, at cycle: Cycle) {
    let accepting = isAccepting
    if grant == .undecided, let decided = port?.decided(.transmit, by: cycle) {
      grant = decided.grant
      grantedData = decided.data
    }
    let isGranted = grant.map { $0 <= cycle } ?? false
    let head = queue.first
    let old = (
      second: isSecondHalf, hasResponse: hasResponse, response: response, channel: responseChannel, taken: taken,
      dataSize: takenDataSize, destination: takenDestination
    )

    let pushed = old.taken >= 0 ? channels[old.taken].map(\.generator.address) : nil

    // Data side.
    hasData = old.hasResponse && !old.second
    deliveryChannel = old.channel
    if old.hasResponse { data = assembled(old.response) }
    wasSecondHalf = old.second
    hasResponse = isGranted
    response = grantedData
    if isGranted, let head {
      grant = nil
      if !old.second {
        responseChannel = head.channel
        responseDataSize = head.dataSize
        responseLane = head.address & 3
      }
      if head.isSplit, !old.second {
        isSecondHalf = true
      } else {
        isSecondHalf = false
        queue.removeFirst()
      }
    }

    // Request side.
    if let pushed, accepting {
      queue.append(
        Request(
          channel: old.taken, dataSize: old.dataSize, destination: old.destination, address: pushed))
    }
    for (index, channel) in channels.enumerated() {
      channel?.generator.clock(
        configs[index], isAccepting: accepting, isGranted: old.taken == index, dataSize: old.dataSize)
    }
    if accepting {
      taken = winner
      takenDataSize = winner >= 0 ? configs[winner].dataSize : 0
      takenDestination = winner >= 0 ? configs[winner].destination : 0
      if winner >= 0 { pointer = (winner + 1) % channels.count }
    }
  }

  /// Keeps the configuration of this cycle.
  func sample() {
    for (index, channel) in channels.enumerated() {
      if let channel { configs[index] = channel.config }
    }
  }

  private func assembled(_ word: UInt32) -> UInt32 {
    let lane = responseLane
    switch responseDataSize {
    case 0: return word >> (8 * lane) & 0xFF
    case 1:
      if isSecondHalf { return word >> 24 }
      if wasSecondHalf { return data & 0xFFFF_00FF | (word & 0xFF) << 8 }
      return word >> (lane < 2 ? 8 * lane : 16) & 0xFFFF
    case 2:
      if isSecondHalf { return lane == 0 ? word >> 24 : word >> (8 * lane) }
      if wasSecondHalf {
        let shift = lane == 0 ? 8 : 8 * (4 - lane)
        return data & ((1 << shift) &- 1) | word << shift
      }
      return word
    default: return 0xDEAD_BEEF
    }
  }

  /// Until when nothing changes without input: this cycle (it is busy), a grant, or never.
  func quietUntil(_ now: Cycle) -> Cycle {
    if taken >= 0 || hasResponse || hasData { return now }
    for (index, channel) in channels.enumerated() {
      guard let channel else { continue }
      if channel.config.enable || channel.config.clear || channel.generator.event { return now }
      if channel.fifo.isRequesting, isActive(index) { return now }
    }
    if queue.isEmpty { return .never }
    return grant == .undecided ? now : grant ?? now
  }

  /// Calls `body` with the first and the last byte of each datum that waits for the port.
  func forEachRequest(_ body: (Address, Address) -> Void) {
    for request in queue {
      let first = udmaAddress(request.address, request.destination, prefix: sourcePrefix)
      body(first, first &+ 3)
    }
  }
}

/// The bus address of a 21-bit uDMA address with a destination.
func udmaAddress(_ address: UInt32, _ destination: UInt32, prefix: UInt32) -> Address {
  switch destination {
  case 1: return address & 0x000F_FFFF | 0x1A10_0000
  case 2: return address & 0x00FF_FFFF | 0x1000_0000
  case 3: return address & UDMAChannelConfiguration.addressMask | prefix << 21
  default: return address & 0x00FF_FFFF | 0x1C00_0000
  }
}

extension UDMATransmitEngine.Request: StateValue {
  fileprivate mutating func visitState(_ archive: StateArchive) {
    archive.visit("channel", &channel, in: 0...31)
    archive.visit("dataSize", &dataSize, in: 0...3)
    archive.visit("destination", &destination, in: 0...3)
    archive.visit("address", &address, in: 0...UDMAChannelConfiguration.addressMask)
  }
}

extension UDMATransmitEngine: Stateful {
  func visitState(_ archive: StateArchive) {
    archive.omits("channels")
    let last = channels.count - 1
    archive.visit("sourcePrefix", &sourcePrefix)
    archive.visit("pointer", &pointer, in: 0...last)
    archive.visit("taken", &taken, in: -1...last)
    archive.visit("takenDataSize", &takenDataSize, in: 0...3)
    archive.visit("takenDestination", &takenDestination, in: 0...3)
    archive.visit(
      "queue", &queue, most: 4, new: Request(channel: 0, dataSize: 0, destination: 0, address: 0))
    archive.visit("isSecondHalf", &isSecondHalf)
    archive.visit("wasSecondHalf", &wasSecondHalf)
    archive.visit("responseChannel", &responseChannel, in: 0...31)
    archive.visit("deliveryChannel", &deliveryChannel, in: 0...31)
    archive.visit("responseDataSize", &responseDataSize, in: 0...3)
    archive.visit("responseLane", &responseLane, in: 0...3)
    archive.visit("hasResponse", &hasResponse)
    archive.visit("response", &response)
    archive.visit("data", &data)
    archive.visit("hasData", &hasData)
    archive.visit("grant", due: &grant)
    archive.visit("grantedData", &grantedData)
    archive.visit("winner", &winner, in: -1...last)
    archive.visit("configs", fixed: &configs)
  }
}
