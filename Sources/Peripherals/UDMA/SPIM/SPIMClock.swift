// The clock that the SPI master runs on.
//
// Follows `udma_clkgen.sv` and `udma_clk_div_cnt.sv` of udma_core v2.0.0: undivided after reset, or divided by twice
// the divider; a change stops the clock for a few cycles. Where a divided clock rises in the moment in which the gate
// opens, the gate's latch has not yet opened, as in the traces (`spi-div2`). Left out: the FPGA variant.

import HardwareModel

/// The SPI master's clock generator, one rising edge of the peripheral clock at a time.
struct SPIMClock: Equatable {
  private enum Phase: UInt8 { case idle, stop, wait, release }

  private var phase = Phase.idle
  private var divider: UInt8 = 0
  private(set) var isUndivided = true
  private var isCounting = false
  // The request to change the divider: two synchroniser stages and the one that finds the edge.
  private var arriving = false
  private var synced = false
  private(set) var acknowledge = false
  // The divider.
  private var counter: UInt8 = 0
  private var target: UInt8 = 0
  private var divided = false
  /// The latch of the clock gate, transparent while the clock is low.
  private var gate = true
  /// Level of the clock in the second half of the peripheral clock cycle.
  private(set) var level = false

  /// What the clock does from this edge on until just before the next.
  struct Edges: Equatable {
    /// Level at the edge itself, and whether it rose or fell there.
    var rises = false
    var falls = false
    /// The clock falls in the middle of the peripheral clock cycle (undivided).
    var fallsInTheMiddle = false
  }

  /// One rising edge of the peripheral clock; `isRequested`: a new divider `requested` waits to be taken over.
  mutating func clock(isRequested: Bool, requested: UInt8) -> Edges {
    let old = self
    let isNew = old.synced && !old.acknowledge
    arriving = isRequested
    synced = old.arriving
    acknowledge = old.synced

    if isNew { divider = requested }
    var loads = false
    switch old.phase {
    case .idle:
      isCounting = true
      if isNew { phase = .stop }
    case .stop:
      loads = old.divider != 0
      isUndivided = !loads
      phase = .wait
    case .wait: phase = .release
    case .release: phase = .idle
    }
    if loads {
      target = old.divider
      counter = 0
      divided = false
    } else if old.isCounting {
      if old.target != 0, old.counter == old.target &- 1 {
        divided.toggle()
        counter = 0
      } else {
        counter = old.counter &+ 1
      }
    }

    let first = isUndivided || divided
    // The latch sees a low clock before it sees the gate change.
    if !first { gate = phase == .idle }
    let atEdge = first && gate
    let second = !isUndivided && divided
    if !second { gate = phase == .idle }
    let inTheMiddle = second && gate
    level = inTheMiddle
    return Edges(
      rises: !old.level && atEdge, falls: old.level && !atEdge, fallsInTheMiddle: atEdge && !inTheMiddle)
  }

  /// True if nothing but the divider runs.
  var isSteady: Bool { phase == .idle && isCounting && gate && !arriving && !synced && !acknowledge }

  /// Edges of the peripheral clock before the one at which the clock next changes.
  var quietEdges: UInt64 {
    guard isSteady, !isUndivided else { return 0 }
    guard target != 0 else { return .max }
    return counter < target ? UInt64(target - 1 - counter) : 0
  }

  /// `edges` edges of the peripheral clock at which nobody looks at the clock.
  mutating func skip(_ edges: UInt64) {
    guard isCounting else { return }
    guard target != 0 else {
      counter = UInt8(truncatingIfNeeded: UInt64(counter) &+ edges)
      return
    }
    let total = UInt64(counter) &+ edges
    if total / UInt64(target) & 1 != 0 { divided.toggle() }
    counter = UInt8(truncatingIfNeeded: total % UInt64(target))
    level = !isUndivided && divided
  }
}

extension SPIMClock: StateValue {
  mutating func visitState(_ archive: StateArchive) {
    archive.visit("phase", &phase)
    archive.visit("divider", &divider)
    archive.visit("isUndivided", &isUndivided)
    archive.visit("isCounting", &isCounting)
    archive.visit("arriving", &arriving)
    archive.visit("synced", &synced)
    archive.visit("acknowledge", &acknowledge)
    archive.visit("counter", &counter)
    archive.visit("target", &target)
    archive.visit("divided", &divided)
    archive.visit("gate", &gate)
    archive.visit("level", &level)
  }
}
