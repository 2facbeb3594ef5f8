// Events counted in a region whose end is known only later.
//
// A program may poll for hours, so nothing is kept for each event: only what may still turn out to lie inside or outside.

import HardwareModel

/// Numbers of events in the region, by kind. Kinds are small numbers; those of `Event` are the fixed ones, the rest
/// are given out by whoever counts.
struct RegionCounts {
  enum Event: Int, CaseIterable {
    case read, write, interrupt
  }

  private var inside = [UInt64](repeating: 0, count: Event.allCases.count)
  /// Behind the present end of a region that may grow.
  private var behind = [UInt64](repeating: 0, count: Event.allCases.count)
  /// The last ones behind it, oldest first: those that the end may still be found to lie between.
  private var recent: [(kind: Int, cycle: Cycle)] = []
  /// An access makes two events; more than these are kept only because moving many at once is cheaper.
  private static let fewestRecent = 32
  private static let mostRecent = 256
  /// The region as far as it is known, and the one before.
  private var region: Range<Cycle> = 0..<0
  private var previous: Range<Cycle> = 0..<0
  private var isOpen = false

  subscript(event: Event) -> UInt64 { inside[event.rawValue] }
  subscript(kind: Int) -> UInt64 { kind < inside.count ? inside[kind] : 0 }

  /// The first kind that nobody uses yet.
  var nextKind: Int { inside.count }

  /// Makes room for kinds up to `kind`.
  mutating func reserve(_ kind: Int) {
    while inside.count <= kind {
      inside.append(0)
      behind.append(0)
    }
  }

  mutating func add(_ event: Event, at cycle: Cycle) { add(kind: event.rawValue, at: cycle) }

  /// An event of `cycle`. An access is reported some cycles after it was issued, so the region may have been opened,
  /// extended or closed in between.
  mutating func add(kind: Int, at cycle: Cycle) {
    if region.contains(cycle) || previous.contains(cycle) {
      inside[kind] &+= 1
    } else if isOpen, cycle >= region.upperBound {
      recent.append((kind, cycle))
      guard recent.count >= Self.mostRecent else { return }
      let old = recent.count - Self.fewestRecent
      for index in 0..<old { behind[recent[index].kind] &+= 1 }
      recent.removeFirst(old)
    }
  }

  /// So many events spread over `cycles`, a time in which the region is neither opened nor closed and to which it does
  /// not end: there are later events to tell its end by.
  mutating func add(kind: Int, times: UInt64, in cycles: ClosedRange<Cycle>) {
    if region.contains(cycles.lowerBound) || previous.contains(cycles.lowerBound) {
      inside[kind] &+= times
    } else if isOpen, cycles.lowerBound >= region.upperBound {
      for event in recent { behind[event.kind] &+= 1 }
      recent.removeAll(keepingCapacity: true)
      behind[kind] &+= times
    }
  }

  /// The region begins at `cycle`.
  mutating func open(at cycle: Cycle) {
    previous = region
    region = cycle..<cycle
    isOpen = true
  }

  /// The region reaches to `cycle`, included, and may grow further.
  mutating func extend(through cycle: Cycle) {
    guard isOpen, cycle >= region.upperBound else { return }
    for index in inside.indices {
      inside[index] &+= behind[index]
      behind[index] = 0
    }
    for (kind, at) in recent where at <= cycle { inside[kind] &+= 1 }
    recent.removeAll { $0.cycle <= cycle }
    region = region.lowerBound..<cycle + 1
  }

  /// The region ends before `cycle`.
  mutating func close(at cycle: Cycle) {
    guard isOpen else { return }
    if cycle > region.lowerBound { extend(through: cycle - 1) }
    recent.removeAll()
    isOpen = false
  }
}

extension RegionCounts: StateValue {
  mutating func visitState(_ archive: StateArchive) {
    archive.visit("inside", &inside, most: 1 << 20)
    archive.visit("behind", &behind, most: 1 << 20)
    archive.require(
      inside.count == behind.count && inside.count >= Event.allCases.count, "counts of another set of events")
    archive.elements("recent", &recent, most: Self.mostRecent, new: (0, 0)) {
      archive.visit("kind", &$0.kind, in: 0...max(inside.count - 1, 0))
      archive.visit("cycle", cycle: &$0.cycle)
    }
    Self.visit("region", &region, archive)
    Self.visit("previous", &previous, archive)
    archive.visit("isOpen", &isOpen)
  }

  private static func visit(_ name: StaticString, _ range: inout Range<Cycle>, _ archive: StateArchive) {
    archive.group(name) {
      var (start, end) = (range.lowerBound, range.upperBound)
      archive.visit("start", cycle: &start)
      archive.visit("end", cycle: &end)
      archive.require(start <= end, "it ends before it begins")
      if archive.isLoading, start <= end { range = start..<end }
    }
  }
}
