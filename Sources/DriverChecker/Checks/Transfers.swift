// Transfers of the uDMA from the write that starts them to the program's knowledge of their end.
//
// A transfer is seen through the registers that start it and the event that ends it. The program knows of its end when
// an event of a uDMA peripheral has reached it or it has read a register of the uDMA since; EN = 0 in the channel's CFG
// is the end itself, one cycle before the event. Destinations other than L2 are left out.

import HardwareModel
import PULPissimo
import Peripherals
import RISCV

/// One transfer.
final class Transfer {
  let number: UInt32
  let name: String
  let range: Range<Address>
  /// From a peripheral to L2.
  let isReceive: Bool
  let isContinuous: Bool
  let site: Site
  var isFinished = false
  /// The program has looked how far it is.
  var isWatched = false

  init(number: UInt32, name: String, range: Range<Address>, isReceive: Bool, isContinuous: Bool, site: Site) {
    self.number = number
    self.name = name
    self.range = range
    self.isReceive = isReceive
    self.isContinuous = isContinuous
    self.site = site
  }
}

/// All channels, and the transfers whose end the program does not know.
struct TransferState {
  fileprivate enum Part { case start, size, configuration }

  fileprivate struct Channel {
    let name: String
    let peripheral: Int
    let isReceive: Bool
    var address: UInt32 = 0
    var size: UInt32 = 0
    /// The same as the core has written them: the stores reach the channel some cycles later.
    var issuedAddress: UInt32 = 0
    var issuedSize: UInt32 = 0
    /// At most one running and one queued.
    var active: [Transfer] = []
    /// Events to come of transfers that CFG has shown to be over.
    var seenBefore = 0
  }

  /// A store of EN that the core has issued and that has not reached its channel.
  fileprivate struct Starting {
    let channel: Int
    let range: Range<Address>
    /// The first byte that had never been written then.
    let undefined: Address?
    /// Where the stack has given bytes of it back since.
    var released: (address: Address, site: Site)?
  }

  fileprivate var channels: [Channel] = []
  fileprivate var starting: [Starting] = []
  /// Channel and register at an address.
  fileprivate var registers: [Address: (channel: Int, part: Part)] = [:]
  /// The channel of a completion event.
  fileprivate var completions: [Int: Int] = [:]
  fileprivate var flight: [Transfer] = []
  fileprivate var count: UInt32 = 0

  init(_ machine: Machine) {
    for (id, peripheral) in machine.udma.peripherals.enumerated() {
      let base = MemoryMap.udma &+ UInt32(0x80 * (id + 1))
      var kinds: [(suffix: String, event: Int, isReceive: Bool)] = []
      for (index, channel) in peripheral.transmitChannels.enumerated() {
        kinds.append((index == 0 ? "TX" : "CMD", channel.event, false))
      }
      for channel in peripheral.receiveChannels { kinds.append(("RX", channel.event, true)) }
      for kind in kinds {
        let block = peripheral.registers
        guard let start = block.register(named: kind.suffix + "_SADDR"),
          let size = block.register(named: kind.suffix + "_SIZE"),
          let configuration = block.register(named: kind.suffix + "_CFG")
        else { continue }
        let number = channels.count
        channels.append(Channel(name: block.name + " " + kind.suffix, peripheral: id, isReceive: kind.isReceive))
        registers[base &+ start.offset] = (number, .start)
        registers[base &+ size.offset] = (number, .size)
        registers[base &+ configuration.offset] = (number, .configuration)
        completions[kind.event] = number
      }
    }
  }

  /// The stack gives back bytes: of a transfer, too, that is only on its way to the uDMA.
  fileprivate mutating func released(_ bytes: Range<Address>, at site: @autoclosure () -> Site) {
    for index in starting.indices where starting[index].range.overlaps(bytes) && starting[index].released == nil {
      starting[index].released = (max(starting[index].range.lowerBound, bytes.lowerBound), site())
    }
  }

  /// The running transfer that uses `address`.
  func runningUser(of address: Address) -> Transfer? {
    flight.last { $0.range.contains(address) && !$0.isFinished }
  }
}

extension DriverChecker {
  // MARK: The life of a transfer

  func transferAccessed(_ access: BusAccess) {
    let register = transfers.registers[access.address & ~3]
    guard access.isWrite else {
      for transfer in transfers.flight { transfer.isWatched = true }
      if let (number, part) = register, part == .configuration { sawConfiguration(number, access.value) }
      observeTransfers()
      return
    }
    guard let (number, part) = register else { return }
    switch part {
    case .start: transfers.channels[number].address = access.value
    case .size: transfers.channels[number].size = access.value
    case .configuration:
      if access.value & Configuration.clearBit != 0 {
        stop(number)
      } else if access.value & Configuration.enableBit != 0 {
        start(number, isContinuous: access.value & Configuration.continuousBit != 0, site(of: access))
      }
    }
  }

  private typealias Configuration = UDMAChannelConfiguration

  /// The core issues a store to the uDMA. It reaches the channel some cycles later, but what the program does from here
  /// on comes behind it as far as a program can tell: behind a CLR it may touch the buffer, behind an EN it may not.
  func issuesStore(toTransfers address: Address, _ value: UInt32) {
    guard let (number, part) = transfers.registers[address & ~3] else { return }
    switch part {
    case .start: transfers.channels[number].issuedAddress = value
    case .size: transfers.channels[number].issuedSize = value
    case .configuration:
      if value & Configuration.clearBit != 0 {
        stop(number)
      } else if value & Configuration.enableBit != 0 {
        let channel = transfers.channels[number]
        let range = buffer(channel.issuedAddress, channel.issuedSize)
        guard isThere(range), transfers.starting.count < 4 else { return }
        transfers.starting.append(
          TransferState.Starting(
            channel: number, range: range, undefined: memory.firstUndefined(range.lowerBound, range.count)))
      }
    }
  }

  /// The memory that the uDMA takes SADDR and SIZE for.
  private func buffer(_ address: UInt32, _ size: UInt32) -> Range<Address> {
    let first = MemoryMap.privateBank0 &+ (address & 0x1F_FFFF)
    return first..<first &+ max(size & 0xF_FFFF, 1)
  }

  private func isThere(_ range: Range<Address>) -> Bool {
    memory.offset(range.lowerBound) != nil && memory.offset(range.upperBound &- 1) != nil
  }

  /// The stack gives back bytes.
  func releasedForTransfers(_ bytes: Range<Address>) {
    if !transfers.starting.isEmpty { transfers.released(bytes, at: here) }
  }

  private func stop(_ number: Int) {
    for transfer in transfers.channels[number].active { transfer.isFinished = true }
    transfers.channels[number].active = []
    transfers.channels[number].seenBefore = 0
    observeTransfers()
  }

  /// The program has read CFG: what it shows as over is over.
  private func sawConfiguration(_ number: Int, _ value: UInt32) {
    let running = value & Configuration.enableBit == 0 ? 0 : value & Configuration.pendingBit == 0 ? 1 : 2
    while transfers.channels[number].active.count > running {
      transfers.channels[number].active.removeFirst().isFinished = true
      transfers.channels[number].seenBefore += 1
    }
  }

  private func start(_ number: Int, isContinuous: Bool, _ site: Site) {
    let channel = transfers.channels[number]
    let issued = transfers.starting.firstIndex { $0.channel == number }.map { transfers.starting.remove(at: $0) }
    let gates = machine.bus.peek(MemoryMap.udma, at: cycle) ?? 0
    guard gates >> UInt32(channel.peripheral & 31) & 1 != 0, channel.active.count < 2 else { return }
    let range = buffer(channel.address, channel.size)
    let first = range.lowerBound
    let size = UInt32(truncatingIfNeeded: range.count)
    guard checkPlacement(channel, first, size, site) else { return }
    let transfer = Transfer(
      number: transfers.count, name: channel.name, range: range, isReceive: channel.isReceive,
      isContinuous: isContinuous, site: site)
    transfers.count &+= 1
    if let (address, place) = issued?.released {
      report(
        RaceRules.stackBuffer, at: place, pc: place.pc, subject: hexadecimal(address),
        message:
          "the stack is given back, but \(channel.name), which has just been started, uses \(hexadecimal(address))",
        related: [("\(channel.name) was started", site)])
    }
    if channel.isReceive {
      memory.fill(first, Int(size), isDefined: true)
      memory.wrote(first, Int(size), .transfer(transfer.number))
    } else if let undefined = issued?.range == range ? issued?.undefined : memory.firstUndefined(first, Int(size)) {
      report(
        MemoryRules.uninitUDMA, at: site, pc: site.pc, subject: "\(channel.name), \(describe(undefined))",
        message:
          "\(channel.name) sends \(size) bytes from \(describe(first)), and \(describe(undefined)) was never written")
    }
    if let job = jobs.flight.last(where: { conflict(transfer, $0) != nil }), let common = conflict(transfer, job) {
      report(
        RaceRules.udmaReta, at: site, pc: site.pc, subject: describe(common),
        message:
          "\(channel.name) \(channel.isReceive ? "writes" : "reads") \(describe(common)), which job \(job.id) in flight uses",
        related: [("the job was committed", job.site)])
    }
    transfers.channels[number].active.append(transfer)
    transfers.flight.append(transfer)
    mark(transfer)
    checkTouches(since: site.cycle)
  }

  /// Bank and object of a transfer's buffer; false if there is no such memory.
  private func checkPlacement(_ channel: TransferState.Channel, _ first: Address, _ size: UInt32, _ site: Site) -> Bool
  {
    let verb = channel.isReceive ? "writes" : "reads"
    let isThere = isThere(first..<first &+ size)
    // SADDR has 21 bits: whatever else a program puts there names another place than it means.
    guard isThere, memory.offset(canonical(channel.address)) != nil else {
      report(
        MemoryRules.outsideUDMA, at: site, pc: site.pc, subject: "\(channel.name)_SADDR",
        message:
          "\(channel.name) \(verb) \(size) bytes from \(hexadecimal(channel.address)) on, which is not all L2: the uDMA takes it for \(hexadecimal(first))"
      )
      return isThere
    }
    if let object = program.object(at: first), UInt64(first) + UInt64(size) > object.range.upperBound {
      report(
        MemoryRules.boundsUDMA, at: site, pc: site.pc, subject: "\(channel.name), \(describe(first))",
        message:
          "\(channel.name) \(verb) \(size) bytes from \(describe(first)) on, \(UInt64(first) + UInt64(size) - object.range.upperBound) beyond the end of \(object.name)"
      )
    }
    return true
  }

  private func mark(_ transfer: Transfer) {
    memory.mark([transfer.range], transfer.isReceive ? .transferWrites : .transferReads)
  }

  func markTransfers() { transfers.flight.forEach(mark) }

  func transferCompleted(_ event: Int, at cycle: Cycle) {
    guard let number = transfers.completions[event] else { return }
    guard transfers.channels[number].seenBefore == 0 else {
      transfers.channels[number].seenBefore -= 1
      return
    }
    guard let first = transfers.channels[number].active.first else { return }
    first.isFinished = true
    if !first.isContinuous || transfers.channels[number].active.count > 1 {
      transfers.channels[number].active.removeFirst()
    }
  }

  /// The program may know of all transfers that have finished.
  func observeTransfers() {
    guard transfers.flight.contains(where: \.isFinished) else { return }
    for transfer in transfers.flight where transfer.isFinished { memory.unmark([transfer.range]) }
    transfers.flight.removeAll(where: \.isFinished)
    jobs.flight.forEach { job in
      memory.mark(job.footprint.reads, .jobReads)
      memory.mark(job.footprint.writes, .jobWrites)
      memory.mark(job.footprint.list, .listReads)
    }
    markTransfers()
  }

  // MARK: Races

  /// An address that a transfer and a job use in a way that needs an order.
  private func conflict(_ transfer: Transfer, _ job: Job) -> Address? {
    let range = [transfer.range]
    if let common = Footprint.common(range, job.footprint.writes) { return common }
    guard transfer.isReceive else { return nil }
    return Footprint.common(range, job.footprint.reads) ?? Footprint.common(range, job.footprint.list)
  }

  func checkAgainstTransfers(_ job: Job) {
    for transfer in transfers.flight {
      guard let common = conflict(transfer, job) else { continue }
      report(
        RaceRules.udmaReta, at: job.site, pc: job.site.pc, part: transfer.name, subject: describe(common),
        message:
          "job \(job.id) uses \(describe(common)), which \(transfer.name) \(transfer.isReceive ? "writes" : "reads")\(transfer.isFinished ? ", and the program does not know that it has finished" : "")",
        related: [("the transfer was started", transfer.site)])
    }
  }

  func hostTouchesTransfer(_ bytes: Range<Address>, isWrite: Bool, at site: Site) {
    guard
      let transfer = transfers.flight.last(where: { $0.range.overlaps(bytes) && ($0.isReceive || isWrite) })
    else { return }
    if !isWrite, transfer.isWatched { return }
    if transfer.isContinuous, transfer.isFinished || transfer.isWatched { return }
    if transfer.isFinished {
      report(
        RaceRules.delay, at: site, pc: site.pc, subject: describe(bytes.lowerBound),
        message:
          "\(isWrite ? "store to" : "load from") \(describe(bytes.lowerBound)), the buffer of \(transfer.name), which has finished, but nothing has told the program",
        related: [("the transfer was started", transfer.site)])
      return
    }
    report(
      RaceRules.hostUDMA, at: site, pc: site.pc, subject: describe(bytes.lowerBound),
      message:
        "\(isWrite ? "store to" : "load from") \(describe(bytes.lowerBound)), which \(transfer.name) is \(transfer.isReceive ? "receiving" : "sending")",
      related: [("the transfer was started", transfer.site)])
  }
}
