// Damaged and hostile states: what does not fit is refused, and whatever is taken gives a run like any other: one that
// ends at its limit and is the same twice. Nothing in a file can end the emulator.

import Foundation
import PULPissimo
import TestSupport
import Testing

@testable import EmulatorCommands

@Suite struct SnapshotFuzzTests {
  /// States in which much is under way.
  private static let starts: [(name: String, cycle: UInt64)] = [
    ("hello", 3_000), ("timers", 150_000), ("uart-loopback", 100_000), ("camera", 60_000), ("i2s-echo", 120_000),
    ("i2c-devices", 400_000), ("retnet-generate-shared", 700_000), ("retnet-flash", 300_000), ("spi-flash", 60_000),
    ("gpio-pins", 40_000),
  ]

  @Test(arguments: starts.indices)
  func `a state with changed bytes is refused or runs, and never does harm`(index: Int) throws {
    let (name, cycle) = Self.starts[index]
    let program = SnapshotProgram.named(name)
    let saver = try program.session()
    #expect(saver.run(to: cycle).reason == .limit)
    let state = try saver.state()
    // PULPEMU_FUZZ=FIRST:COUNT searches further and leaves the seed under way in a file.
    let wish = ProcessInfo.processInfo.environment["PULPEMU_FUZZ"]?.split(separator: ":").compactMap { UInt64($0) }
    let seeds = wish.map { $0[0]..<$0[0] + $0[1] } ?? 0..<40
    var refused = 0
    for seed in seeds {
      if wish != nil {
        try "\(name) \(seed)\n".write(toFile: "/tmp/pulpemu-fuzz-\(index)", atomically: false, encoding: .utf8)
      }
      let changed = Self.changed(state, seed: seed)
      let ends = try (0..<2).map { _ in try Self.end(program, changed, limit: cycle + 30_000) }
      #expect(ends[0] == ends[1], "\(name), seed \(seed): two runs of one state differ")
      if ends[0] == nil { refused += 1 }
    }
    // Some of it must get through, and some of it must not.
    #expect(refused > 0 && refused < seeds.count)
  }

  /// How a run from `state` goes; nil if it is refused.
  private static func end(_ program: SnapshotProgram, _ state: [UInt8], limit: UInt64) throws -> String? {
    let session = try program.session()
    guard session.load(state: state) == nil else { return nil }
    let end = session.finish(session.machine.run(limits: RunLimits(cycles: limit, instructions: 1 << 40)))
    _ = session.state
    return try session.summary(end)
  }

  /// `state` with one to three places changed: mostly in front and at the end, where no memory of the program lies.
  private static func changed(_ state: [UInt8], seed: UInt64) -> [UInt8] {
    var random = SplitMix64(seed: seed &* 7919 &+ 13)
    var changed = state
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      let part = min(state.count, [4_000, 14_000, state.count][Int.random(in: 0..<3, using: &random)])
      let offset = Int.random(in: 0..<part, using: &random)
      let place = Bool.random(using: &random) ? offset : state.count - 1 - offset
      switch Int.random(in: 0..<6, using: &random) {
      case 0: changed[place] = UInt8.random(in: .min ... .max, using: &random)
      case 1: changed[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      case 2: changed[place] = 0xFF
      case 3: changed[place] = changed[place] &+ 1
      case 4: for byte in place..<min(place + 8, state.count) { changed[byte] = 0xFF }
      default: for byte in place..<min(place + 8, state.count) { changed[byte] = 0 }
      }
    }
    return changed
  }
}
