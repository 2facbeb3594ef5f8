// The I2C master's bus controller: a bit at a time in four phases each, with synchronisers, filters, clock stretching
// and the detection of a busy bus and of lost arbitration.
//
// Follows `udma_i2c_bus_ctrl.sv` of udma_i2c v3.0.0 flip-flop for flip-flop (reference section 5.5).

import HardwareModel

/// The bus controller, one rising edge of the peripheral clock at a time.
struct I2CBusController: Equatable {
  enum Command: UInt8 { case start = 1, stop, write, read, wait }

  private enum Activity: UInt8 { case idle, start, stop, read, wait, write }

  private var activity = Activity.idle
  /// Quarter of the bit, 0...3.
  private var quarter: UInt8 = 0
  /// The lines are released (1) or pulled low.
  private(set) var scl = true
  private(set) var sda = true
  private(set) var isDone = false
  private(set) var isBusy = false
  private(set) var hasLostArbitration = false
  /// SDA at the last rising edge of SCL.
  private(set) var output = true

  private var checksSDA = false
  private var sclBefore = true
  private var isStretched = false
  private var syncedSCL: UInt8 = 0
  private var syncedSDA: UInt8 = 0
  private var filterSCL: UInt8 = 7
  private var filterSDA: UInt8 = 7
  private var seenSCL = true
  private var seenSDA = true
  private var lastSCL = true
  private var lastSDA = true
  private var sawStart = false
  private var sawStop = false
  private var isStopping = false
  // What counts also while nothing else moves.
  private var count: UInt16 = 0
  private var isTick = true
  private var filterCount: UInt16 = 0

  private static func majority(_ bits: UInt8) -> Bool {
    bits & 6 == 6 || bits & 3 == 3 || bits & 5 == 5
  }

  /// One rising edge: `command` is handed over in this cycle, `input` is the bit to be written, the lines have the
  /// levels `busSCL` and `busSDA`.
  mutating func clock(
    _ command: Command?, input: Bool, divider: UInt16, isReset: Bool, busSCL: Bool, busSDA: Bool
  ) {
    let old = self
    sclBefore = old.scl
    if old.seenSCL, !old.lastSCL { output = old.seenSDA }
    if isReset {
      let (output, sclBefore) = (output, sclBefore)
      self = I2CBusController()
      self.output = output
      self.sclBefore = sclBefore
      return
    }
    isStretched = old.scl && !old.sclBefore && !old.seenSCL || old.isStretched && !old.seenSCL
    // Another master pulls SCL low: the low phase starts anew with it.
    if old.count == 0 || old.lastSCL && !old.seenSCL && old.scl {
      count = divider
      isTick = true
    } else {
      if !old.isStretched { count = old.count &- 1 }
      isTick = false
    }
    syncedSCL = (old.syncedSCL << 1 | (busSCL ? 1 : 0)) & 3
    syncedSDA = (old.syncedSDA << 1 | (busSDA ? 1 : 0)) & 3
    if old.filterCount == 0 {
      filterCount = divider >> 2
      filterSCL = (old.filterSCL << 1 | old.syncedSCL >> 1) & 7
      filterSDA = (old.filterSDA << 1 | old.syncedSDA >> 1) & 7
    } else {
      filterCount = old.filterCount &- 1
    }
    seenSCL = Self.majority(old.filterSCL)
    seenSDA = Self.majority(old.filterSDA)
    lastSCL = old.seenSCL
    lastSDA = old.seenSDA
    sawStart = !old.seenSDA && old.lastSDA && old.seenSCL
    sawStop = old.seenSDA && !old.lastSDA && old.seenSCL
    isBusy = (old.sawStart || old.isBusy) && !old.sawStop
    if let command { isStopping = command == .stop }
    hasLostArbitration =
      old.checksSDA && !old.seenSDA && old.sda || old.activity != .idle && old.sawStop && !old.isStopping

    if old.hasLostArbitration {
      activity = .idle
      quarter = 0
      isDone = false
      scl = true
      sda = true
      checksSDA = false
      return
    }
    drive(old, command, input)
  }

  private mutating func drive(_ old: Self, _ command: Command?, _ input: Bool) {
    isDone = false
    checksSDA = false
    if old.activity == .idle {
      switch command {
      case .start: activity = .start
      case .stop: activity = .stop
      case .write: activity = .write
      case .read: activity = .read
      case .wait: activity = .wait
      case nil: break
      }
      quarter = 0
      return
    }
    switch old.activity {
    case .start:
      if old.quarter > 0 { scl = old.quarter < 3 }
      sda = old.quarter < 2
    case .stop:
      scl = old.quarter > 0
      sda = old.quarter == 3
    case .read:
      scl = old.quarter == 1 || old.quarter == 2
      sda = true
    case .write:
      scl = old.quarter == 1 || old.quarter == 2
      sda = input
      checksSDA = old.quarter == 2
    default:
      scl = true
      sda = true
    }
    guard old.isTick else { return }
    if old.quarter == 3 {
      activity = .idle
      quarter = 0
      isDone = true
    } else {
      quarter = old.quarter &+ 1
    }
  }

  // MARK: Skipping

  /// True if `other` differs at most in the two counters that run for ever.
  func equalsBesidesCounters(_ other: Self) -> Bool {
    var copy = other
    copy.count = count
    copy.isTick = isTick
    copy.filterCount = filterCount
    return copy == self
  }

  /// True if the controller waits for a command and its filters have settled on the levels of the lines.
  func isAtRest(busSCL: Bool, busSDA: Bool) -> Bool {
    activity == .idle && !isDone && areFiltersSettled(busSCL, busSDA) && !isStretched
  }

  private func areFiltersSettled(_ scl: Bool, _ sda: Bool) -> Bool {
    syncedSCL == (scl ? 3 : 0) && syncedSDA == (sda ? 3 : 0) && filterSCL == (scl ? 7 : 0) && filterSDA == (sda ? 7 : 0)
      && seenSCL == scl && seenSDA == sda && lastSCL == scl && lastSDA == sda && !sawStart && !sawStop
      && sclBefore == self.scl
  }

  /// Edges at which nothing but the counters moves, if the last edge moved nothing else.
  func quietEdges(busSCL: Bool, busSDA: Bool) -> UInt64 {
    if isTick { return 0 }
    let untilTick = isStretched ? UInt64.max : UInt64(count)
    return areFiltersSettled(busSCL, busSDA) ? untilTick : min(untilTick, UInt64(filterCount))
  }

  mutating func skip(_ edges: UInt64, divider: UInt16) {
    guard edges > 0 else { return }
    if !isStretched {
      isTick = edges > UInt64(count) && (edges &- UInt64(count) &- 1) % (UInt64(divider) + 1) == 0
      count = Self.counted(count, edges, reload: divider)
    }
    filterCount = Self.counted(filterCount, edges, reload: divider >> 2)
  }

  private static func counted(_ count: UInt16, _ edges: UInt64, reload: UInt16) -> UInt16 {
    if edges <= UInt64(count) { return count &- UInt16(edges) }
    let beyond = (edges &- UInt64(count) &- 1) % (UInt64(reload) + 1)
    return reload &- UInt16(beyond)
  }
}

extension I2CBusController: StateValue {
  mutating func visitState(_ archive: StateArchive) {
    archive.visit("activity", &activity)
    archive.visit("quarter", &quarter, in: 0...3)
    archive.visit("scl", &scl)
    archive.visit("sda", &sda)
    archive.visit("isDone", &isDone)
    archive.visit("isBusy", &isBusy)
    archive.visit("hasLostArbitration", &hasLostArbitration)
    archive.visit("output", &output)
    archive.visit("checksSDA", &checksSDA)
    archive.visit("sclBefore", &sclBefore)
    archive.visit("isStretched", &isStretched)
    archive.visit("syncedSCL", &syncedSCL, in: 0...3)
    archive.visit("syncedSDA", &syncedSDA, in: 0...3)
    archive.visit("filterSCL", &filterSCL, in: 0...7)
    archive.visit("filterSDA", &filterSDA, in: 0...7)
    archive.visit("seenSCL", &seenSCL)
    archive.visit("seenSDA", &seenSDA)
    archive.visit("lastSCL", &lastSCL)
    archive.visit("lastSDA", &lastSDA)
    archive.visit("sawStart", &sawStart)
    archive.visit("sawStop", &sawStop)
    archive.visit("isStopping", &isStopping)
    archive.visit("count", &count)
    archive.visit("isTick", &isTick)
    archive.visit("filterCount", &filterCount)
  }
}
