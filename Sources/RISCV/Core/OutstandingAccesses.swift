// Data accesses that the core has issued and that have not taken place yet.

import HardwareModel

/// A data access on its way: it takes place at `phase`, while the core may already run on.
struct OutstandingAccess {
  var pc: Address
  var issued: Cycle
  var phase: Cycle
  var answered: Cycle
  var address: Address
  /// Byte lane of the load's or store's first byte.
  var firstLane: UInt32
  /// Bytes of the whole load or store.
  var size: UInt8
  var isWrite: Bool
  /// The second half of a split access.
  var isSecond: Bool
  var isSplit: Bool
  /// Rotated store data.
  var value: UInt32
  /// The load that it belongs to: what to write where.
  var operation: Operation
  var rd: UInt8
  /// Goes to a direct memory, not to the bus.
  var isDirect: Bool
  /// `HartCounters.storesNotThroughSP` when it was issued.
  var storesBefore: UInt64
}

/// A small queue in order of access phase: at most one load or store is answered at a time, and one more may wait.
struct OutstandingAccesses {
  /// Those before `first` have taken place.
  private var entries: [OutstandingAccess] = []
  private var first = 0

  var isEmpty: Bool { first == entries.count }
  var nextPhase: Cycle { isEmpty ? .never : entries[first].phase }

  mutating func append(_ access: OutstandingAccess) { entries.append(access) }

  mutating func takeFirst() -> OutstandingAccess? {
    if isEmpty { return nil }
    let access = entries[first]
    first += 1
    if first == entries.count {
      entries.removeAll(keepingCapacity: true)
      first = 0
    }
    return access
  }
}

extension OutstandingAccesses: StateValue {
  mutating func visitState(_ archive: StateArchive) {
    archive.omits("first")
    entries.removeFirst(first)
    first = 0
    archive.visit("entries", &entries, most: 16, new: OutstandingAccess())
  }
}
