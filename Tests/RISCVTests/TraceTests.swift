// The instruction trace: what its lines say, and that it changes nothing.

import Foundation
import Instrumentation
import PULPissimo
import RISCV
import TestSupport
import Testing

@Suite struct TraceTests {
  private final class Sink {
    var text = ""
    var lines: [String] { text.split(separator: "\n").map(String.init) }
  }

  private func trace(
    _ machine: Machine, _ format: TraceFormat, _ filter: TraceFilter = TraceFilter(), into sink: Sink
  ) -> InstructionTrace {
    InstructionTrace(
      machine, format: format, filter: filter, symbol: { $0 == CoreBench.code ? "main" : nil },
      write: {
        sink.text += $0
        return true
      })
  }

  /// A store to and a load from TIMER, a load from memory, a CSR write, an exception.
  private static let program: [Instruction] = [
    Instruction(.lui, rd: 5, immediate: 0x1A10_B000), Instruction(.addi, rd: 6, immediate: 5),
    Instruction(.sw, rs1: 5, rs2: 6, immediate: 0), Instruction(.lw, rd: 7, rs1: 5, immediate: 0),
    Instruction(.lui, rd: 8, immediate: CoreBench.data), Instruction(.sw, rs1: 8, rs2: 6, immediate: 4),
    Instruction(.lbu, rd: 9, rs1: 8, immediate: 4), Instruction(.csrrw, rs1: 6, csr: 0x340), Instruction(.ecall),
  ]

  private func run(_ format: TraceFormat, _ filter: TraceFilter = TraceFilter()) -> Sink {
    let bench = CoreBench()
    bench.machine.write([Instruction(.jal)], at: CoreBench.vectors)
    bench.start(Self.program)
    let sink = Sink()
    let trace = trace(bench.machine, format, filter, into: sink)
    trace.proceed(from: bench.hart.cycle)
    let end = bench.run(cycles: 60)
    trace.finish(end.reason.rawValue, at: end.cycles)
    return sink
  }

  @Test func aLineTellsPlaceInstructionAndEffects() throws {
    let lines = run(.text).lines
    #expect(lines.first == "# pulpemu-trace/1")
    let instructions = lines.filter { !$0.hasPrefix("#") }
    #expect(instructions[0].contains("0x1c000400 <main>"))
    #expect(instructions[0].contains("lui     t0,0x1a10b"))
    #expect(instructions[0].contains("; t0 <- 0x1a10b000"))
    #expect(instructions[2].contains("TIMER.CFG_LO <- 0x00000005 (ENABLE=1, IRQ_ENABLE=1)"))
    #expect(instructions[3].contains("t2 <- 0x00000005; TIMER.CFG_LO -> 0x00000005"))
    #expect(instructions[5].contains("[0x1c008004:4] <- 0x00000005"))
    #expect(instructions[6].contains("s1 <- 0x00000005; [0x1c008004:1] -> 0x00000005"))
    #expect(instructions[7].contains("mscratch <- 0x00000005"))
    #expect(instructions[8].contains("ecall"))
    #expect(instructions[8].contains("; exception"))
    #expect(instructions[9].contains("exception 11 (environment call), mepc 0x1c000420, to 0x1c000000"))
    #expect(lines.last?.hasPrefix("# end: limit at cycle") == true)
    #expect(lines.last?.hasSuffix("\(instructions.count) lines") == true)
  }

  @Test func everyLineOfAJSONTraceIsAnObject() throws {
    let lines = run(.jsonl).lines
    var objects: [[String: Any]] = []
    for line in lines {
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      objects.append(try #require(object))
    }
    #expect(objects.first?["schema"] as? String == "pulpemu-trace/1")
    let end = try #require(objects.last?["end"] as? [String: Any])
    #expect(end["reason"] as? String == "limit")
    #expect(end["lines"] as? Int == objects.count - 2)
    let store = try #require((objects[3]["mmio"] as? [[String: Any]])?.first)
    #expect(store["block"] as? String == "TIMER")
    #expect(store["register"] as? String == "CFG_LO")
    #expect(store["write"] as? Bool == true)
    #expect(store["fields"] as? String == "ENABLE=1, IRQ_ENABLE=1")
    #expect(objects[3]["word"] as? String == "0x0062a023")
    #expect(objects[1]["rd"] as? String == "t0")
    #expect(objects[1]["cycle"] as? Int == (objects[2]["cycle"] as? Int ?? 0) - 1)
    #expect((objects[10]["trap"] as? [String: Any])?["cause"] as? Int == 11)
    #expect(objects[9]["trapped"] as? Bool == true)
  }

  @Test func onlyWantedAddressesAreTraced() {
    let place = UInt64(CoreBench.code) + 8
    let lines = run(.text, TraceFilter(ranges: [place..<place + 8])).lines.filter { !$0.hasPrefix("#") }
    #expect(lines.count == 2)
    #expect(lines.allSatisfy { $0.contains("TIMER.CFG_LO") })
  }

  /// Every retired instruction has its line, in order; and whether and where a run is traced changes nothing.
  @Test(arguments: [1, 2, 3, 5, 8, 13, 21, 34, 55, 89] as [UInt64])
  func tracingChangesNothing(_ seed: UInt64) throws {
    let program = EngineProgram(seed: seed, limit: 8000)
    let plain = program.machine(blockEngine: true)
    let plainEnd = plain.run(limits: RunLimits(cycles: 8000))
    for window in [0..<UInt64.max, 1000..<3000] as [Range<UInt64>] {
      let traced = program.machine(blockEngine: true)
      let sink = Sink()
      let trace = trace(traced, .jsonl, TraceFilter(from: window.lowerBound, to: window.upperBound), into: sink)
      var reached: UInt64 = 0
      var end = plainEnd
      while reached < 8000 {
        trace.proceed(from: reached)
        let until = min(8000, trace.nextSwitch(after: reached) ?? 8000)
        end = traced.run(limits: RunLimits(cycles: until))
        reached = until
        if end.reason != .limit { break }
      }
      trace.finish(end.reason.rawValue, at: end.cycles)
      let before = VisibleState(plain, end: plainEnd)
      let after = VisibleState(traced, end: end)
      #expect(before == after, "\(after.differences(from: before))")
      #expect(memcmp(plain.l2.bytes, traced.l2.bytes, plain.l2.size) == 0)

      var numbers: [UInt64] = []
      for line in sink.lines {
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        if let number = object?["number"] as? UInt64 {
          numbers.append(number)
          let cycle = try #require(object?["cycle"] as? UInt64)
          #expect(window.contains(cycle))
        }
      }
      #expect(zip(numbers, numbers.dropFirst()).allSatisfy { $1 == $0 + 1 })
      if window.lowerBound == 0 { #expect(numbers.count == Int(traced.hart.counters.instructions)) }
    }
  }

  @Test func aTraceThatCannotBeWrittenEndsByItself() {
    let bench = CoreBench()
    bench.start([Instruction](repeating: Instruction(.addi), count: 50))
    var room = 5
    let trace = InstructionTrace(
      bench.machine, format: .text, filter: TraceFilter(), symbol: { _ in nil },
      write: { _ in
        room -= 1
        return room > 0
      })
    trace.proceed(from: 0)
    bench.run(cycles: 20)
    #expect(trace.hasFailed)
    trace.proceed(from: bench.hart.cycle)
    #expect(bench.hart.instructionObserver == nil)
  }
}
