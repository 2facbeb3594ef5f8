// A timeline in the compact form that the report page draws: tables of numbers, names by index.

import Foundation
import Instrumentation

/// What timeline.js reads.
struct ReportTimeline: Encodable {
  /// Functions that are recorded; of those the longest are drawn.
  static let mostRecordedFunctions = 400_000
  private static let mostDrawn = 25_000

  struct Track: Encodable {
    let group: String
    let name: String
    var depths: Int
    /// Start, length, name, depth, details or -1.
    var slices: [[Int]] = []
    /// Cycle, name.
    var instants: [[Int]] = []
  }

  struct Counter: Encodable {
    let name: String
    let unit: String
    let series: [String]
    let most: Double
    /// Cycle, then a value of each series.
    let samples: [[Double]]
  }

  let start: UInt64
  let end: UInt64
  var tracks: [Track] = []
  var names: [String] = []
  let counters: [Counter]

  init(_ timeline: Timeline) {
    start = timeline.start
    end = timeline.end
    counters = timeline.counters.map { counter in
      Counter(
        name: counter.name, unit: counter.unit, series: counter.series,
        most: counter.unit == "%" ? 100 : max(1, counter.samples.compactMap { $0.values.max() }.max() ?? 1),
        samples: counter.samples.map { [Double($0.cycle)] + $0.values })
    }
    var numbers: [String: Int] = [:]
    var names: [String] = []
    func number(_ name: String) -> Int {
      if let known = numbers[name] { return known }
      numbers[name] = names.count
      names.append(name)
      return names.count - 1
    }
    func details(_ list: [(name: String, value: Timeline.Value)]) -> Int {
      guard !list.isEmpty else { return -1 }
      return number(
        list.filter { $0.name != "cycles" && $0.name != "job" }.map { detail in
          switch detail.value {
          case .number(let value): "\(detail.name) \(value)"
          case .text(let text): "\(detail.name) \(text)"
          }
        }.joined(separator: ", "))
    }
    for track in timeline.tracks {
      var slices = timeline.slices.filter { $0.track == track }
      if slices.count > Self.mostDrawn {
        let lengths = slices.map { $0.end - $0.start }.sorted(by: >)
        let shortest = lengths[Self.mostDrawn]
        slices.removeAll { $0.end - $0.start <= shortest }
      }
      // No deeper than anybody can read.
      let depths = min(12, (slices.map(\.depth).max() ?? 0) + 1)
      tracks.append(
        Track(
          group: track.group, name: track.name, depths: depths,
          slices: slices.filter { $0.depth < depths }.map {
            [Int($0.start), Int($0.end - $0.start), number($0.name), $0.depth, details($0.details)]
          },
          instants: timeline.instants.filter { $0.track == track }.map { [Int($0.cycle), number($0.name)] }))
    }
    self.names = names
  }
}
