// The L2 as its masters share it: core, uDMA and accelerator at the arbiters of the banks, resolved only where they meet.
//
// Follows `rtl-traces/l2/README.md` section 3 (`L2Crossbar`). Who asks when:
// * The core's closed form and blocks run only where nobody else can be; they say so when their use moves a pointer. In
//   every other case the core is stepped and presents its requests cycle by cycle (`arbitrate`).
// * The uDMA raises a request in an event and asks in its next one whether it was granted: by then all requests of the
//   cycle between are known, and whatever the core has not arbitrated is arbitrated without it.
// * The accelerator hands over the schedule of its beats and asks at its end for the stalls. The schedule is stepped only
//   up to cycles in which another master requests a word of interleaved L2.
// Leaves out: the debug module's port, which does nothing here, and the AXI plug.

import HardwareModel
import Peripherals
import RISCV
import RetentionAccelerator

/// The arbiters of the L2 and of the boot ROM, with everyone who uses them.
final class L2Interconnect: HartInterconnect, TCDMPort, UDMAMemoryPort {
  /// The numbers by which the hart knows the memories.
  enum Region {
    static let rom = 0
    static let private0 = 1
    static let private1 = 2
    static let interleaved = 3
  }

  private let l2: DirectMemory
  private let ports: Int
  private var crossbar: L2Crossbar

  // Both live as long as the machine that owns this.
  unowned(unsafe) var accelerator: RETA?
  unowned(unsafe) var udma: UDMA?

  init(l2: DirectMemory, acceleratorPorts: Int, interleavedBanks: Int = 4) {
    self.l2 = l2
    crossbar = L2Crossbar(interleavedBanks: interleavedBanks)
    ports = acceleratorPorts
  }

  // MARK: uDMA

  /// A request of the uDMA that is not granted yet, or its grant that nobody has asked for.
  fileprivate struct Request {
    var address: Address = 0
    var value: UInt32 = 0
    var strobe: UInt8 = 0
    /// The bank, and the first cycle that is not decided; nil: no request waits.
    var bank: L2Bank?
    var from: Cycle = 0
    var granted: (cycle: Cycle, data: UInt32)?
  }

  private var transmit = Request()
  private var receive = Request()
  /// First cycle that has not been arbitrated.
  private var undecided: Cycle = 0

  func read(_ address: Address, at cycle: Cycle) -> (grant: Cycle, data: UInt32) {
    guard l2.contains(address & ~3, 4), case .bank(let bank) = crossbar.target(.udmaTransmit, address) else {
      return (cycle, MemoryMap.decodeErrorData)
    }
    transmit = Request(address: address, bank: bank, from: max(cycle, undecided))
    return (.undecided, 0)
  }

  func write(_ address: Address, _ value: UInt32, strobe: UInt8, at cycle: Cycle) -> Cycle {
    guard l2.contains(address & ~3, 4), case .bank(let bank) = crossbar.target(.udmaReceive, address) else {
      return cycle
    }
    receive = Request(address: address, value: value, strobe: strobe, bank: bank, from: max(cycle, undecided))
    return .undecided
  }

  func decided(_ side: UDMASide, by cycle: Cycle) -> (grant: Cycle, data: UInt32)? {
    resolve(before: cycle + 1)
    let granted = side == .transmit ? transmit.granted : receive.granted
    guard let granted, granted.cycle <= cycle else { return nil }
    if side == .transmit { transmit.granted = nil } else { receive.granted = nil }
    return (granted.cycle, granted.data)
  }

  /// Arbitrates all cycles before `cycle` in which the uDMA waits; the core requests nothing in them.
  private func resolve(before cycle: Cycle) {
    while transmit.bank != nil || receive.bank != nil {
      let first = min(
        transmit.bank != nil ? transmit.from : .never, receive.bank != nil ? receive.from : .never)
      guard first < cycle else { return }
      _ = decide(first, fetch: nil, data: nil)
    }
  }

  // MARK: Accelerator

  private var beats: AcceleratorBeats?
  /// Schedules that have ended and were not stepped: what they did to the pointers is worked out when it matters.
  private var backlog: [(beats: AcceleratorBeats, end: Cycle)] = []

  let isContended = true

  func begin(_ schedule: BeatSchedule?, at cycle: Cycle) {
    resolve(before: cycle)
    if var old = beats {
      beats = nil
      if !old.isUntouched {
        old.advance(to: cycle, &crossbar)
      } else {
        if old.touchesAllBanks { backlog.removeAll(keepingCapacity: true) }
        backlog.append((old, cycle))
        if backlog.count > 8 { settle() }
      }
    }
    if let schedule {
      beats = AcceleratorBeats(schedule, at: cycle, ports: ports, interleavedBanks: crossbar.interleavedBanks)
    }
  }

  func stalls(before cycle: Cycle) -> UInt64 {
    resolve(before: cycle)
    return beats?.stalls ?? 0
  }

  /// Catches up with schedules that have ended.
  private func settle() {
    for index in backlog.indices { backlog[index].beats.advance(to: backlog[index].end, &crossbar) }
    backlog.removeAll(keepingCapacity: true)
  }

  // MARK: Core

  func region(ofFetch address: Address) -> Int {
    guard case .bank(let bank) = crossbar.target(.coreInstruction, address) else { return -1 }
    return Self.region(of: bank)
  }

  private static func region(of bank: L2Bank) -> Int {
    switch bank {
    case .rom: Region.rom
    case .private0: Region.private0
    case .private1: Region.private1
    default: Region.interleaved
    }
  }

  /// An injected fault: the banks of these regions serve the core only in every (`wait` + 1)th cycle from `from` on.
  var slowness: (regions: RegionSet, wait: Cycle, from: Cycle) = (0, 0, 0)

  private func isHeldBack(_ bank: L2Bank, at cycle: Cycle) -> Bool {
    slowness.regions >> RegionSet(Self.region(of: bank)) & 1 != 0
      && (cycle &- slowness.from) % (slowness.wait &+ 1) != slowness.wait
  }

  var contendedFetches: RegionSet {
    var regions = udmaRegions | slowness.regions
    if accelerator?.isRunning ?? false { regions |= 1 << RegionSet(Region.interleaved) }
    return regions
  }

  var quietRegions: RegionSet {
    var regions: RegionSet = 0
    if crossbar.pointer(.private0) == 0 { regions |= 1 << RegionSet(Region.private0) }
    if crossbar.pointer(.private1) == 0 { regions |= 1 << RegionSet(Region.private1) }
    if backlog.isEmpty, beats == nil, !(accelerator?.isRunning ?? false),
      crossbar.pointer(.interleaved0) == 0, crossbar.pointer(.interleaved1) == 0,
      crossbar.pointer(.interleaved2) == 0, crossbar.pointer(.interleaved3) == 0,
      crossbar.pointer(.interleaved4) == 0, crossbar.pointer(.interleaved5) == 0,
      crossbar.pointer(.interleaved6) == 0, crossbar.pointer(.interleaved7) == 0
    {
      regions |= 1 << RegionSet(Region.interleaved)
    }
    return regions & ~slowness.regions
  }

  func mayContend(_ region: Int, request: Cycle) -> Bool {
    if region == Region.interleaved, accelerator?.isRunning ?? false { return true }
    if slowness.regions >> RegionSet(region & 7) & 1 != 0 { return true }
    guard let udma, udmaRegions >> RegionSet(region & 7) & 1 != 0 else { return false }
    return udma.nextActivity <= request || transmit.bank != nil || receive.bank != nil
  }

  func usedAlone(data address: Address) { usedAlone(.coreData, address) }
  func usedAlone(fetch address: Address) { usedAlone(.coreInstruction, address) }

  private func usedAlone(_ master: L2Master, _ address: Address) {
    guard case .bank(let bank) = crossbar.target(master, address) else { return }
    if bank.interleavedNumber != nil, !backlog.isEmpty { settle() }
    crossbar.granted(bank, alone: master)
  }

  func arbitrate(fetch: Address?, data: Address?, at cycle: Cycle) -> (fetch: Bool, data: Bool) {
    if transmit.bank != nil || receive.bank != nil { resolve(before: cycle) }
    return decide(cycle, fetch: fetch, data: data)
  }

  /// One cycle of all arbiters.
  private func decide(_ cycle: Cycle, fetch: Address?, data: Address?) -> (fetch: Bool, data: Bool) {
    undecided = cycle &+ 1
    var fetchBank: L2Bank?
    var dataBank: L2Bank?
    if let fetch, case .bank(let bank) = crossbar.target(.coreInstruction, fetch) { fetchBank = bank }
    if let data, case .bank(let bank) = crossbar.target(.coreData, data) { dataBank = bank }
    var granted = (fetch: fetchBank == nil, data: dataBank == nil)
    if slowness.regions != 0 {
      if let bank = fetchBank, isHeldBack(bank, at: cycle) { fetchBank = nil }
      if let bank = dataBank, isHeldBack(bank, at: cycle) { dataBank = nil }
    }
    var requests = L2Crossbar.Requests(repeating: 0)
    if let fetchBank { requests[fetchBank.rawValue] |= L2Master.coreInstruction.bit }
    if let dataBank { requests[dataBank.rawValue] |= L2Master.coreData.bit }
    let transmits = transmit.bank != nil && transmit.from <= cycle
    let receives = receive.bank != nil && receive.from <= cycle
    if transmits, let bank = transmit.bank { requests[bank.rawValue] |= L2Master.udmaTransmit.bit }
    if receives, let bank = receive.bank { requests[bank.rawValue] |= L2Master.udmaReceive.bit }

    // The accelerator is stepped only where another master wants the interleaved L2.
    var meetsAccelerator = requests[0] | requests[1] | requests[2] | requests[3] != 0
    if crossbar.interleavedBanks > 4 {
      meetsAccelerator = meetsAccelerator || requests[7] | requests[8] | requests[9] | requests[10] != 0
    }
    if meetsAccelerator {
      if !backlog.isEmpty { settle() }
      beats?.advance(to: cycle, &crossbar)
      beats?.addRequests(to: &requests, crossbar)
    }
    var acceleratorGrants: UInt16 = 0
    for bank in 0..<crossbar.bankCount where requests[bank] != 0 {
      guard let winner = crossbar.grant(bank, requests[bank]) else { continue }
      switch winner {
      case L2Master.coreData.rawValue: granted.data = true
      case L2Master.coreInstruction.rawValue: granted.fetch = true
      case L2Master.udmaTransmit.rawValue:
        transmit.bank = nil
        transmit.granted = (cycle, l2.word(transmit.address))
      case L2Master.udmaReceive.rawValue:
        receive.bank = nil
        receive.granted = (cycle, 0)
        if receive.strobe != 0 { l2.writeWord(receive.address, receive.value, strobe: receive.strobe) }
      default: acceleratorGrants |= 1 << UInt16(winner)
      }
    }
    if transmits, transmit.bank != nil { transmit.from = cycle &+ 1 }
    if receives, receive.bank != nil { receive.from = cycle &+ 1 }
    if meetsAccelerator { beats?.endCycle(granted: acceleratorGrants) }
    return granted
  }

  // MARK: Where the uDMA is at work

  private var knownRevision: UInt64 = .max
  private var knownRegions: RegionSet = 0

  /// Regions in which a running or programmed channel of the uDMA has its buffer.
  private var udmaRegions: RegionSet {
    guard let udma, udma.nextActivity != .never else { return 0 }
    if udma.revision == knownRevision { return knownRegions }
    knownRevision = udma.revision
    var regions: RegionSet = 0
    udma.forEachBuffer { first, last in
      for address in [first, last] {
        guard case .bank(let bank) = crossbar.target(.udmaTransmit, address) else { continue }
        regions |= 1 << RegionSet(Self.region(of: bank))
      }
      // A buffer that begins in private bank 0 and ends in interleaved L2 covers what lies between.
      if regions & 0b1010 == 0b1010 { regions |= 1 << RegionSet(Region.private1) }
    }
    knownRegions = regions
    return regions
  }
}

extension L2Interconnect.Request: StateValue {
  fileprivate mutating func visitState(_ archive: StateArchive) {
    archive.visit("address", &address)
    archive.visit("value", &value)
    archive.visit("strobe", &strobe, in: 0...0xF)
    archive.optional("bank", &bank, new: .interleaved0) { archive.visit("bank", &$0) }
    archive.visit("from", cycle: &from)
    archive.optional("granted", &granted, new: (0, 0)) {
      archive.visit("cycle", cycle: &$0.cycle)
      archive.visit("data", &$0.data)
    }
  }
}

extension L2Interconnect: Stateful {
  func visitState(_ archive: StateArchive) {
    archive.omits("l2", "ports", "accelerator", "udma", "isContended", "knownRevision", "knownRegions")
    if archive.isLoading { knownRevision = .max }
    archive.visit("crossbar", &crossbar)
    archive.visit("transmit", &transmit)
    archive.visit("receive", &receive)
    archive.visit("undecided", cycle: &undecided)
    archive.group("slowness") {
      archive.visit("regions", &slowness.regions, in: 0...0xF)
      archive.visit("wait", cycle: &slowness.wait)
      archive.visit("from", cycle: &slowness.from)
    }
    guard let accelerator else { return }
    func none() -> AcceleratorBeats {
      AcceleratorBeats(accelerator.noBeats, at: 0, ports: ports, interleavedBanks: crossbar.interleavedBanks)
    }
    archive.optional("beats", &beats, new: none()) { beats in
      archive.parts(of: &beats) { $0.visitState(archive, of: accelerator) }
    }
    archive.elements("backlog", &backlog, most: 16, new: (none(), 0)) {
      archive.parts(of: &$0.beats) { $0.visitState(archive, of: accelerator) }
      archive.visit("end", cycle: &$0.end)
    }
    archive.require(
      [transmit, receive].allSatisfy { $0.bank.map { $0.rawValue < crossbar.bankCount } ?? true },
      "a request to a bank that there is not")
  }
}
