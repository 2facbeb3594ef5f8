// Going back in time: the state is that of the forward run, and it does not take a run from the start.

import Foundation
import GDBServer
import HardwareModel
import PULPissimo
import TestSupport
import Testing

@testable import EmulatorCommands

@Suite struct ReverseTests {
  private static let programs = [
    SnapshotProgram.named("timers"), SnapshotProgram.named("retnet-generate-irq"),
    SnapshotProgram.named("retnet-generate-shared"), SnapshotProgram.named("camera"),
    SnapshotProgram.named("i2c-devices"),
  ]

  @Test(arguments: programs.indices)
  func `after a step back the whole state is that of the forward run, also in jobs, transfers and sleeps`(index: Int)
    throws
  {
    let program = Self.programs[index]
    let whole = try program.session()
    let length = whole.runOn().cycles
    var random = SplitMix64(seed: 0xBAC4 + UInt64(index))
    var underWay: Set<String> = []
    let bench = try DebugBench(program)
    for _ in 0..<5 {
      let from = bench.target.hart.cycle
      bench.run(to: UInt64.random(in: from..<from + max((length - min(from, length)) / 3, 1), using: &random))
      underWay.formUnion(bench.target.session.underWay)
      // A few steps on and one back, from a snapshot …
      for _ in 0..<3 { try bench.step() }
      let wanted = bench.target.position - 1
      #expect(try bench.go(.reverseStep) == .trap)
      #expect(bench.target.position == wanted)
      // … is where a machine stands that has only gone forward, every instruction looked at.
      let forward = try DebugBench(program, bytes: 0)
      forward.target.observe(.position(wanted))
      while forward.target.position < wanted { _ = forward.target.slice() }
      let (found, expected) = try (bench.visible(), forward.visible())
      #expect(found == expected, "\(program): \(Self.difference(found, expected))")
      // And it goes on to the same place.
      for _ in 0..<20 {
        try bench.step()
        try forward.step()
      }
      #expect(bench.seen == forward.seen, "\(program)")
    }
    bench.run(to: 20_000_000)
    let end = try bench.target.session.summary(bench.target.session.runOn())
    let expected = try program.session().summaryOfRun()
    #expect(end.split(separator: "\n").first == expected.split(separator: "\n").first)
    #expect(!underWay.isEmpty)
  }

  private static func difference(_ a: String, _ b: String) -> String {
    let lines = (a.split(separator: "\n"), b.split(separator: "\n"))
    return zip(lines.0, lines.1).filter { $0 != $1 }.prefix(5).map { "\($0.0.prefix(300)) | \($0.1.prefix(300))" }
      .joined(separator: "\n")
  }

  @Test func `a step back late in a long run simulates a small part of it, within the memory that was allowed`() throws
  {
    let bench = try DebugBench(.named("retnet-generate-shared"), bytes: 4 << 20, period: 20_000)
    bench.run(to: 1_500_000)
    let cycle = bench.target.hart.cycle
    try #require(cycle > 1_000_000)
    #expect(bench.target.snapshots.all.count > 2)
    #expect(bench.target.snapshots.bytes <= 4 << 20)
    #expect(try bench.go(.reverseStep) == .trap)
    let first = try #require(bench.target.cyclesOfLastReverse)
    #expect(first < 100_000, "\(first) of \(cycle) cycles")
    // Further ones find snapshots that the first one has left.
    #expect(try bench.go(.reverseStep) == .trap)
    let second = try #require(bench.target.cyclesOfLastReverse)
    #expect(second < 10_000, "\(second) of \(cycle) cycles")
    #expect(bench.target.snapshots.bytes <= 4 << 20)
    // Without snapshots it is the whole run.
    let without = try DebugBench(.named("retnet-generate-shared"), bytes: 0)
    without.run(to: 1_500_000)
    #expect(try without.go(.reverseStep) == .trap)
    #expect(try #require(without.target.cyclesOfLastReverse) > 1_000_000)
  }

  @Test func `going back to a breakpoint looks at the parts between snapshots, the last one first`() throws {
    let bench = try DebugBench(.named("retnet-generate-irq"), period: 20_000)
    let address = try #require(bench.target.session.image.symbols["reta_submit"]).address
    let point = DebugPoint(.software, address: address, length: 4)
    bench.run(to: 1_000_000)
    let cycle = bench.target.hart.cycle
    _ = bench.target.insert(point)
    #expect(try bench.go(.reverseRun) == .trap)
    #expect(bench.target.hart.pc == address)
    let last = bench.target.place
    #expect(try #require(bench.target.cyclesOfLastReverse) < cycle / 2)
    // Forward again the next one is not before where it came from.
    #expect(try bench.go(.reverseRun) == .trap)
    #expect(bench.target.place < last)
    #expect(try bench.go(.run) == .trap)
    #expect(bench.target.place == last)
    // Back to the start all of them are met.
    var count = 0
    while try bench.go(.reverseRun) == .trap { count += 1 }
    #expect(bench.target.position == 0)
    let forward = try DebugBench(.named("retnet-generate-irq"), bytes: 0)
    _ = forward.target.insert(point)
    var met = 0
    while try forward.go(.run) == .trap, forward.target.place <= last { met += 1 }
    #expect(count + 1 == met)
  }

  @Test func `what the debugger writes in the past begins another run, and old snapshots have no part in it`() throws {
    let bench = try DebugBench(.named("hello"), period: 1_000)
    bench.run(to: 6_000)
    for _ in 0..<40 { #expect(try bench.go(.reverseStep) == .trap) }
    let place = bench.target.place
    let address: UInt32 = 0x1C07_FF00
    #expect(bench.target.write([1, 2, 3, 4], at: address))
    for _ in 0..<30 { try bench.step() }
    #expect(try bench.go(.reverseStep) == .trap)
    #expect(bench.target.read(address, count: 4) == [1, 2, 3, 4])
    for _ in 0..<29 { #expect(try bench.go(.reverseStep) == .trap) }
    #expect(bench.target.place == place)
    #expect(bench.target.read(address, count: 4) == [1, 2, 3, 4], "the change is part of the place where it was made")
    #expect(try bench.go(.reverseStep) == .trap)
    #expect(bench.target.read(address, count: 4) == [0, 0, 0, 0])
    // Gone on from here, it has never been written.
    for _ in 0..<10 { try bench.step() }
    #expect(bench.target.read(address, count: 4) == [0, 0, 0, 0])
    #expect(bench.target.changes.isEmpty)
    #expect(bench.target.snapshots.all.allSatisfy { $0.changes.isEmpty })
  }

  @Test func `the driver checker has seen the whole run, whatever was looked at in between`() throws {
    let program = SnapshotProgram.named("reta-selftest")
    let plain = try DebugBench(program, isChecked: true, bytes: 0)
    let end = try plain.go(.run)
    let findings = try #require(plain.target.checkReport).checker.findings.map {
      "\($0.rule.id) \($0.site.cycle) \($0.count)"
    }

    let bench = try DebugBench(program, isChecked: true, period: 200_000)
    let address = try #require(bench.target.session.image.symbols["reta_submit"]).address
    let point = DebugPoint(.software, address: address, length: 4)
    _ = bench.target.insert(point)
    for _ in 0..<6 { #expect(try bench.go(.run) == .trap) }
    let place = bench.target.place
    #expect(bench.target.session.checker != nil)
    #expect(try bench.go(.reverseRun) == .trap)
    #expect(bench.target.session.checker == nil, "the past is looked at by a machine of its own")
    #expect(try bench.go(.reverseRun) == .trap)
    for _ in 0..<5 { try bench.step() }
    #expect(try bench.go(.run) == .trap)
    #expect(try bench.go(.run) == .trap)
    #expect(bench.target.place == place)
    #expect(bench.target.session.checker != nil, "the present has come again")
    #expect(try bench.go(.reverseStep) == .trap)
    _ = bench.target.remove(point)
    #expect(try bench.go(.run) == end)
    let found = try #require(bench.target.checkReport).checker.findings.map {
      "\($0.rule.id) \($0.site.cycle) \($0.count)"
    }
    #expect(found == findings)
    #expect(bench.target.session.output.text == plain.target.session.output.text)
  }

  @Test func `checkpoints go back and forth, also to a run that has been left`() throws {
    let bench = try DebugBench(.named("hello"), period: 2_000)
    let target = bench.target
    bench.run(to: 3_000)
    let early = try (bench.state(), target.place)
    #expect(target.monitor("checkpoint save early").hasPrefix("checkpoint early: cycle 3000, at 0x1C00"))
    bench.run(to: 6_000)
    let late = try (bench.state(), target.place)
    #expect(target.monitor("checkpoint save").hasPrefix("checkpoint 1: cycle "))
    #expect(target.monitor("checkpoint list").split(separator: "\n").count == 2)
    #expect(target.monitor("checkpoint restore early").contains("maintenance flush register-cache"))
    #expect(try bench.state() == early.0)
    #expect(target.place == early.1)
    // Another run.
    #expect(target.write([9, 9, 9, 9], at: 0x1C07_FF00))
    bench.run(to: 4_000)
    _ = target.monitor("checkpoint restore 1")
    #expect(try bench.state() == late.0)
    #expect(target.place == late.1)
    #expect(target.read(0x1C07_FF00, count: 4) == [0, 0, 0, 0])
    #expect(try bench.go(.reverseStep) == .trap)
    #expect(target.position == late.1.position - 1)
    #expect(target.monitor("checkpoint restore erly").contains("no checkpoint 'erly' (did you mean early?)"))
    #expect(target.monitor("checkpoint delete early") == "checkpoint early is deleted\n")
    #expect(target.monitor("checkpoint delete early").contains("there is no checkpoint 'early'"))
    #expect(target.monitor("checkpoint").contains("gdb's own"))
    #expect(target.monitor("checkpoint sav").contains("did you mean save?"))
    #expect(try bench.go(.run) == .exited(0))
  }
}

extension Session {
  /// Everything that the end of the whole run can be compared by.
  fileprivate func summaryOfRun() throws -> String { try summary(runOn()) }
}
