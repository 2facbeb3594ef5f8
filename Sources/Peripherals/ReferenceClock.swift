// The 32,768 Hz reference clock (slow_clk) as edges at integer SoC cycles.
//
// The SoC clock is the FLL's multiple of the reference clock, so an edge falls on a cycle that follows from its number
// alone; nothing is scheduled for it unless somebody asks. Left out: synchroniser uncertainty and FLL settling time.

import HardwareModel

/// Where the edges of the reference clock fall. Edges are numbered from 0; even ones rise, odd ones fall. "An edge at
/// cycle c" means: the level sampled in c differs from that of c - 1. Before edge 0 the level is low.
public final class ReferenceClock {
  /// A stretch of time with one ratio between the clocks.
  fileprivate struct Segment {
    /// Edges `firstEdge`, `firstEdge + 1`, … fall `(n + 1) * numerator / (2 * denominator)` cycles after `base`.
    var firstEdge: UInt64
    var base: Cycle
    var numerator: UInt64
    var denominator: UInt64
  }

  private var segments: [Segment] = []
  private var script: [Cycle]?

  /// A clock with `numerator / denominator` SoC cycles a period. The default is the FLL's reset setting: 1525 cycles,
  /// that is, a SoC clock of 49.97 MHz.
  public init(cyclesPerPeriod numerator: UInt64 = 1525, over denominator: UInt64 = 1) {
    segments = [
      Segment(firstEdge: 0, base: 0, numerator: max(numerator, 1), denominator: max(denominator, 1))
    ]
  }

  /// A clock whose edges fall on the cycles given, in ascending order, the first one rising: for replayed traces.
  public init(edges: [Cycle]) {
    script = edges
  }

  /// SoC cycles per reference period as a fraction, in the latest segment.
  public var cyclesPerPeriod: (numerator: UInt64, denominator: UInt64) {
    segments.last.map { ($0.numerator, $0.denominator) } ?? (0, 1)
  }

  private var observers: [(Cycle) -> Void] = []

  /// Calls `observer` when edges from a cycle on have moved. Who has scheduled something for an edge looks again then.
  public func onRetune(_ observer: @escaping (_ from: Cycle) -> Void) { observers.append(observer) }

  /// The time from cycle 0 to `cycle`.
  public func seconds(at cycle: Cycle) -> Double {
    guard script == nil, let segment = segments.last(where: { $0.base < cycle }) ?? segments.first else { return 0 }
    let edges =
      Double(segment.firstEdge) + Double(cycle - min(segment.base, cycle)) * 2 * Double(segment.denominator)
      / Double(segment.numerator)
    return edges / 65536
  }

  /// Changes the ratio from `cycle` on, as a write to the FLL's CONF1 does. Periods below 8 cycles are not followed.
  public func retune(cyclesPerPeriod numerator: UInt64, over denominator: UInt64, at cycle: Cycle) {
    guard script == nil, denominator > 0, numerator / denominator >= 8, let last = segments.last,
      last.numerator != numerator || last.denominator != denominator
    else { return }
    let first = firstEdge(atOrAfter: cycle)
    let previous = first > 0 ? edge(first &- 1) : 0
    // The half period under way takes its new length, but no edge is put into the past.
    let half = numerator / (2 &* denominator)
    let base = previous &+ half >= cycle ? previous : cycle &- half
    if segments.count >= 64 { segments.removeFirst(32) }
    segments.append(Segment(firstEdge: first, base: base, numerator: numerator, denominator: denominator))
    for observer in observers { observer(cycle) }
  }

  /// The cycle of edge `index`; `.never` past the end of a script.
  public func edge(_ index: UInt64) -> Cycle {
    if let script { return index < UInt64(script.count) ? script[Int(index)] : .never }
    guard index < 1 << 62 else { return .never }
    var position = segments.count - 1
    while position > 0, segments[position].firstEdge > index { position -= 1 }
    let segment = segments[position]
    guard index >= segment.firstEdge else { return segment.base }
    return segment.base &+ (index &- segment.firstEdge &+ 1) &* segment.numerator / (2 &* segment.denominator)
  }

  /// The number of the first edge at `cycle` or later.
  public func firstEdge(atOrAfter cycle: Cycle) -> UInt64 {
    if let script {
      var low = 0
      var high = script.count
      while low < high {
        let middle = (low + high) / 2
        if script[middle] < cycle { low = middle + 1 } else { high = middle }
      }
      return UInt64(low)
    }
    // Some 65 days of 50 MHz: beyond that there are no edges, and the arithmetic below cannot overflow.
    guard cycle < 1 << 48 else { return .max &- 1 }
    var position = segments.count - 1
    while position > 0, segments[position].base >= cycle { position -= 1 }
    let segment = segments[position]
    var index = segment.firstEdge
    if cycle > segment.base {
      let done = (cycle &- segment.base) &* 2 &* segment.denominator / segment.numerator
      index = segment.firstEdge &+ (done > 2 ? done &- 2 : 0)
    }
    while edge(index) < cycle { index &+= 1 }
    return index
  }

  /// The level sampled in `cycle`.
  public func level(at cycle: Cycle) -> Bool { firstEdge(atOrAfter: cycle &+ 1) & 1 != 0 }

  /// The cycle of the first edge, rising or falling, at `cycle` or later.
  public func nextEdge(atOrAfter cycle: Cycle) -> Cycle { edge(firstEdge(atOrAfter: cycle)) }

  /// The cycle of the first rising edge at `cycle` or later.
  public func nextRising(atOrAfter cycle: Cycle) -> Cycle {
    let index = firstEdge(atOrAfter: cycle)
    return edge(index & 1 == 0 ? index : index &+ 1)
  }

  /// The cycle of the last rising edge before `cycle`, nil if there is none.
  public func lastRising(before cycle: Cycle) -> Cycle? {
    let index = firstEdge(atOrAfter: cycle)
    guard index > 0 else { return nil }
    let last = index &- 1
    if last & 1 == 0 { return edge(last) }
    return edge(last &- 1)
  }
}

extension ReferenceClock.Segment: StateValue {
  fileprivate mutating func visitState(_ archive: StateArchive) {
    archive.visit("firstEdge", cycle: &firstEdge)
    archive.visit("base", cycle: &base)
    archive.visit("numerator", &numerator, in: 1...1 << 40)
    archive.visit("denominator", &denominator, in: 1...1 << 14)
    archive.require(numerator / denominator >= 8, "a period of less than 8 cycles")
  }
}

extension ReferenceClock: Stateful {
  public func visitState(_ archive: StateArchive) {
    archive.omits("script", "observers")
    archive.visit(
      "segments", &segments, most: 64, new: Segment(firstEdge: 0, base: 0, numerator: 1525, denominator: 1))
    archive.require(
      !segments.isEmpty
        && zip(segments, segments.dropFirst()).allSatisfy { $0.base <= $1.base && $0.firstEdge <= $1.firstEdge },
      "no ascending segments")
  }
}
