// Whose cycle is it, and who called whom: programs whose instruction counts can be told by reading them.

import HardwareModel
import TestSupport
import Testing

@testable import Instrumentation
@testable import PULPissimo

@Suite struct ProfilerTests {
  /// A profiled run of `program`; its labels that begin with a letter are functions.
  private func profile(
    _ program: Assembly, _ labels: [String]
  ) throws -> (profiler: Profiler, end: RunEnd, machine: Machine) {
    let machine = Machine(MachineConfiguration())
    machine.write(program.bytes, at: program.base)
    machine.boot(at: program.base)
    let starts = labels.map { (name: $0, address: program.address($0)) }.sorted { $0.address < $1.address }
    let profiler = Profiler(machine) { address in
      let index = starts.lastIndex { $0.address <= address }
      let next = starts.first { $0.address > address }?.address ?? program.here
      guard let index else { return FunctionPlace(name: "?", range: 0..<UInt64(program.base)) }
      return FunctionPlace(name: starts[index].name, range: UInt64(starts[index].address)..<UInt64(next))
    }
    let end = machine.run(limits: RunLimits(cycles: 100_000))
    profiler.finish(at: end.cycles)
    return (profiler, end, machine)
  }

  private func own(_ profiler: Profiler, _ name: String) -> ProfileCosts {
    var sum = ProfileCosts()
    for cell in profiler.cells where profiler.functions[cell.function].name == name { sum += cell.costs }
    return sum
  }

  private func call(_ profiler: Profiler, _ caller: String, _ callee: String) -> (count: UInt64, costs: ProfileCosts) {
    var count: UInt64 = 0
    var sum = ProfileCosts()
    for (call, costs) in profiler.callCosts
    where profiler.functions[call.caller].name == caller && profiler.functions[call.callee].name == callee {
      count += costs.count
      sum += costs.inclusive
    }
    return (count, sum)
  }

  private func checkSums(_ profiler: Profiler, _ end: RunEnd, _ machine: Machine) {
    var sum = ProfileCosts()
    for cell in profiler.cells { sum += cell.costs }
    #expect(sum == profiler.total)
    #expect(sum[.cycles] == end.cycles)
    #expect(sum[.instructions] == machine.hart.counters.instructions)
    #expect(sum[.sleep] == machine.hart.sleepCycles(at: end.cycles))
    #expect(
      sum[.busWait] + sum[.fetchWait] == machine.hart.counters.dataStallCycles + machine.hart.counters.fetchStallCycles)
    #expect(profiler.nodes.reduce(0) { $0 + $1.cycles } == end.cycles)
    var folded: UInt64 = 0
    for line in profiler.foldedStacks().split(separator: "\n") {
      folded += line.split(separator: " ").last.flatMap { UInt64($0) } ?? 0
    }
    #expect(folded == end.cycles)
  }

  @Test func `calls, a tail call and recursion cost what their instructions say`() throws {
    let program = Assembly { p in
      p.label("start")
      p.li(.sp, 0x1C00_7FF0)  // 2
      p.jal(.ra, "a")
      p.jal(.ra, "a")
      p.addi(.a0, .zero, 3)
      p.jal(.ra, "down")
      p.exit()  // 5
      p.label("a")
      p.nop()
      p.j("b")
      p.label("b")
      p.nop()
      p.nop()
      p.ret()
      p.label("down")
      p.addi(.sp, .sp, -16)
      p.sw(.ra, 0, .sp)
      p.beq(.a0, .zero, "bottom")
      p.addi(.a0, .a0, -1)
      p.jal(.ra, "down")
      p.label("bottom")
      p.lw(.ra, 0, .sp)
      p.addi(.sp, .sp, 16)
      p.ret()
    }
    let (profiler, end, machine) = try profile(program, ["start", "a", "b", "down"])
    #expect(end.reason == .exit)
    checkSums(profiler, end, machine)
    #expect(own(profiler, "start")[.instructions] == 11)
    #expect(own(profiler, "a")[.instructions] == 4)
    #expect(own(profiler, "b")[.instructions] == 6)
    let a = call(profiler, "start", "a")
    #expect(a.count == 2 && a.costs[.instructions] == 10)
    // What is reached by a jump is called from there and returns with it.
    let b = call(profiler, "a", "b")
    #expect(b.count == 2 && b.costs[.instructions] == 6)
    // 4 stays, 3 of which call again; only the outermost counts what lies in it.
    #expect(own(profiler, "down")[.instructions] == 4 * 6 + 3 * 2)
    let down = call(profiler, "start", "down")
    #expect(down.count == 1 && down.costs[.instructions] == 30)
    #expect(down.costs[.cycles] == own(profiler, "down")[.cycles])
    let again = call(profiler, "down", "down")
    #expect(again.count == 3 && again.costs.isZero)
    let branch = try #require(profiler.cell(at: program.address("down") + 8))
    #expect(branch.taken == 1 && branch.costs[.instructions] == 4)
    let folded = profiler.foldedStacks()
    #expect(folded.contains("start;a;b "))
    #expect(folded.contains("start;down;down;down;down "))
  }

  @Test func `a return that skips callers, as longjmp does, leaves all of them`() throws {
    let program = Assembly { p in
      p.label("start")
      p.li(.sp, 0x1C00_7FF0)
      p.la(.s0, "landing")
      p.addi(.s1, .sp, 0)
      p.jal(.ra, "outer")
      p.nop()
      p.label("landing")
      p.jal(.ra, "leaf")
      p.exit()
      p.label("outer")
      p.addi(.sp, .sp, -16)
      p.jal(.ra, "inner")
      p.label("inner")
      p.addi(.sp, .sp, -16)
      p.addi(.sp, .s1, 0)
      p.addi(.ra, .s0, 0)
      p.ret()
      p.label("leaf")
      p.ret()
    }
    let (profiler, end, machine) = try profile(program, ["start", "outer", "inner", "leaf"])
    #expect(end.reason == .exit)
    checkSums(profiler, end, machine)
    #expect(call(profiler, "start", "outer").costs[.instructions] == 6)
    #expect(call(profiler, "outer", "inner").costs[.instructions] == 4)
    // Back in `start`, not still in `outer`.
    #expect(call(profiler, "start", "leaf").count == 1)
    #expect(profiler.foldedStacks().contains("start;leaf "))
  }

  @Test func `an exception's handler costs the exception, not the function that it came from`() throws {
    let program = Assembly { p in
      p.label("start")
      p.la(.t0, "handler")
      p.csrw(0x305, .t0)
      p.jal(.ra, "f")
      p.exit()
      p.label("f")
      p.nop()
      p.ecall()
      p.nop()
      p.ret()
      p.align(to: 0x1C00_8100)
      p.label("handler")
      p.jal(.t0, "work")
      p.csrr(.t1, 0x341)
      p.addi(.t1, .t1, 4)
      p.csrw(0x341, .t1)
      p.mret()
      p.label("work")
      p.nop()
      p.jr(.t0)
    }
    let (profiler, end, machine) = try profile(program, ["start", "f", "handler", "work"])
    #expect(end.reason == .exit)
    checkSums(profiler, end, machine)
    // ECALL does not retire.
    #expect(call(profiler, "start", "f").costs[.instructions] == 3)
    #expect(call(profiler, "exception 11", "handler").costs[.instructions] == 7)
    #expect(own(profiler, "exception 11")[.cycles] > 0)
    #expect(call(profiler, "handler", "work").count == 1)
    #expect(call(profiler, "f", "exception 11").count == 0)
    let folded = profiler.foldedStacks()
    #expect(folded.contains("\nexception 11;handler;work ") || folded.hasPrefix("exception 11;handler;work "))
  }

  @Test func `plain jumps to and fro pile nothing up`() throws {
    let program = Assembly { p in
      p.label("start")
      p.li(.t0, 3000)
      p.label("ping")
      p.j("pong")
      p.label("pong")
      p.addi(.t0, .t0, -1)
      p.bne(.t0, .zero, "ping")
      p.exit()
    }
    let (profiler, end, machine) = try profile(program, ["start", "ping", "pong"])
    #expect(end.reason == .exit)
    checkSums(profiler, end, machine)
    #expect(profiler.nodes.count < 10)
  }
}
