// Sets of cycles as sorted, disjoint intervals.

import HardwareModel

/// A set of cycles. Intervals are half open.
public struct CycleIntervals: Sendable, Equatable {
  public private(set) var intervals: [Range<Cycle>] = []

  public init() {}

  /// Adds `from ..< until`. Intervals may come out of order or overlap; neighbours are merged.
  public mutating func insert(from: Cycle, until: Cycle) {
    guard from < until else { return }
    if let last = intervals.last, from >= last.lowerBound {
      if from <= last.upperBound {
        intervals[intervals.count - 1] = last.lowerBound..<max(last.upperBound, until)
      } else {
        intervals.append(from..<until)
      }
      return
    }
    intervals.append(from..<until)
    intervals.sort { $0.lowerBound < $1.lowerBound }
    var merged: [Range<Cycle>] = []
    for interval in intervals {
      if let last = merged.last, interval.lowerBound <= last.upperBound {
        merged[merged.count - 1] = last.lowerBound..<max(last.upperBound, interval.upperBound)
      } else {
        merged.append(interval)
      }
    }
    intervals = merged
  }

  /// Number of cycles in the set.
  public var count: Cycle { intervals.reduce(0) { $0 &+ ($1.upperBound - $1.lowerBound) } }

  public func contains(_ cycle: Cycle) -> Bool {
    var low = 0
    var high = intervals.count
    while low < high {
      let middle = (low + high) / 2
      if intervals[middle].upperBound <= cycle { low = middle + 1 } else { high = middle }
    }
    return low < intervals.count && intervals[low].contains(cycle)
  }

  /// The cycles that are in both sets.
  public func intersection(_ other: CycleIntervals) -> CycleIntervals {
    var result = CycleIntervals()
    var i = 0
    var j = 0
    while i < intervals.count && j < other.intervals.count {
      let low = max(intervals[i].lowerBound, other.intervals[j].lowerBound)
      let high = min(intervals[i].upperBound, other.intervals[j].upperBound)
      if low < high { result.intervals.append(low..<high) }
      if intervals[i].upperBound < other.intervals[j].upperBound { i += 1 } else { j += 1 }
    }
    return result
  }

  /// The cycles of this set that are not in `other`.
  public func subtracting(_ other: CycleIntervals) -> CycleIntervals {
    var result = CycleIntervals()
    var j = 0
    for interval in intervals {
      var low = interval.lowerBound
      while j < other.intervals.count && other.intervals[j].upperBound <= low { j += 1 }
      var k = j
      while k < other.intervals.count && other.intervals[k].lowerBound < interval.upperBound {
        if other.intervals[k].lowerBound > low { result.intervals.append(low..<other.intervals[k].lowerBound) }
        low = max(low, other.intervals[k].upperBound)
        k += 1
      }
      if low < interval.upperBound { result.intervals.append(low..<interval.upperBound) }
    }
    return result
  }
}

extension CycleIntervals: StateValue {
  public mutating func visitState(_ archive: StateArchive) {
    var last: Cycle = 0
    archive.elements("intervals", &intervals, most: 1 << 30, new: 0..<0) { interval in
      var (start, end) = (interval.lowerBound, interval.upperBound)
      archive.visit("start", cycle: &start)
      archive.visit("end", cycle: &end)
      archive.require(last <= start && start <= end, "no ascending intervals")
      if archive.isLoading, start <= end { interval = start..<end }
      last = end
    }
  }
}
