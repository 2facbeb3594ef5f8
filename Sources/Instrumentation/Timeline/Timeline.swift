// A run as pictures need it: slices on tracks, instants, and counters. All times are SoC cycles.

import HardwareModel

/// What a run looks like over time.
public struct Timeline: Sendable {
  /// A row of the picture. Slices of one track nest or follow each other.
  public struct Track: Sendable, Hashable {
    /// Heading under which rows stand together.
    public let group: String
    public let name: String

    public init(_ group: String, _ name: String) {
      self.group = group
      self.name = name
    }
  }

  /// Something that lasts from `start` to `end`, excluded.
  public struct Slice: Sendable {
    public let track: Track
    public let name: String
    public let start: Cycle
    public let end: Cycle
    /// Slices of the same track around it.
    public let depth: Int
    /// Names and values, in order.
    public let details: [(name: String, value: Value)]
  }

  public enum Value: Sendable, Equatable {
    case number(UInt64)
    case text(String)
  }

  public struct Instant: Sendable {
    public let track: Track
    public let name: String
    public let cycle: Cycle
    public let details: [(name: String, value: Value)]
  }

  /// Values that hold from each sample's cycle to the next one's.
  public struct Counter: Sendable {
    public let name: String
    public let unit: String
    public let series: [String]
    public var samples: [(cycle: Cycle, values: [Double])]
  }

  public var slices: [Slice] = []
  public var instants: [Instant] = []
  public var counters: [Counter] = []
  /// The run's first and last cycle that may be drawn.
  public var start: Cycle = 0
  public var end: Cycle = 0
  /// Function slices that were left out because there were too many.
  public var droppedSlices: UInt64 = 0

  /// Every track that has something on it, in the order in which they are shown.
  public var tracks: [Track] {
    var found = Set<Track>()
    for slice in slices { found.insert(slice.track) }
    for instant in instants { found.insert(instant.track) }
    return found.sorted {
      (Self.rank($0.group), $0.group, Self.rank($0.name), $0.name) < (
        Self.rank($1.group), $1.group, Self.rank($1.name), $1.name
      )
    }
  }

  private static let order = [
    "Core", "RETA", "uDMA", "Events", "functions", "state", "interrupts", "context 0", "context 1", "descriptors",
  ]
  private static func rank(_ name: String) -> Int { order.firstIndex(of: name) ?? order.count }
}

extension Timeline.Track {
  static let functions = Self("Core", "functions")
  static let state = Self("Core", "state")
  static let interrupts = Self("Core", "interrupts")
  static func context(_ index: Int) -> Self { Self("RETA", "context \(index)") }
  static let descriptors = Self("RETA", "descriptors")
  static let events = Self("Events", "SoC events")
}
