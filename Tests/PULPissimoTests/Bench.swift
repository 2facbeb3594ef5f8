// Machines with a few instructions in them, and everything about a run that can be compared.

import Foundation
import HardwareModel
import Instrumentation
import PULPissimo
import RISCV
import RetentionAccelerator
import TestSupport

/// The address at which test programs start: that of PULPissimo's own programs.
let entry: UInt32 = 0x1C00_8080

/// A machine with `program` at its own base, ready to run there.
func machine(_ program: Assembly, _ configuration: MachineConfiguration = MachineConfiguration()) -> Machine {
  let machine = Machine(configuration)
  machine.write(program.bytes, at: program.base)
  machine.boot(at: program.base)
  return machine
}

extension Machine {
  /// The word at `address`.
  func word(_ address: UInt32) -> UInt32 {
    (read(address, count: 4) ?? [0, 0, 0, 0]).reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }

  /// Puts a word at `address`.
  func put(_ word: UInt32, at address: UInt32) { write(littleEndian(word), at: address) }
}

/// A limit that no test program of these suites reaches unless it is meant to.
let patience = RunLimits(cycles: 2_000_000)

/// What the loads of `addresses`, one after the other, give.
func loads(_ addresses: [UInt32], _ configuration: MachineConfiguration = MachineConfiguration()) -> [UInt32] {
  let table: UInt32 = 0x1C00_4000
  let machine = machine(
    Assembly { p in
      p.li(.s0, table)
      for address in addresses {
        p.li(.t0, address)
        p.lw(.t1, 0, .t0)
        p.sw(.t1, 0, .s0)
        p.addi(.s0, .s0, 4)
      }
      p.exit()
    }, configuration)
  guard machine.run(limits: patience).reason == .exit else { return [] }
  return addresses.indices.map { machine.word(table + UInt32(4 * $0)) }
}

/// A run with a recorder, and all that it left behind.
struct Observation: Equatable {
  /// How the run ended; the message of a limit names the limit, so it is no part of this.
  struct End: Equatable {
    var reason: RunEnd.Reason
    var code: UInt32
    var pc: UInt32
    var cycles: Cycle
  }

  var end: End
  var counters: HartCounters
  var registers: [UInt32]
  var totals: AcceleratorTotals
  var memory: [UInt8]
  var text: [UInt8]
  /// The statistics as JSON, without host time.
  var statistics: String

  /// Runs `machine` in slices of `slice` cycles up to `limit`.
  init(_ machine: Machine, slice: UInt64 = .max, limit: UInt64 = patience.cycles, records: Bool = true) {
    let recorder = records ? RunRecorder(machine) : nil
    var text: [UInt8] = []
    machine.onCharacter = { text.append($0) }
    var end = machine.run(limits: RunLimits(cycles: min(slice, limit)))
    var next = slice
    while end.reason == .limit, next < limit {
      next = next &+ slice < next ? limit : min(limit, next &+ slice)
      end = machine.run(limits: RunLimits(cycles: next))
    }
    self.end = End(reason: end.reason, code: end.code, pc: end.pc, cycles: end.cycles)
    self.text = text
    counters = machine.hart.counters
    registers = (0..<32).map { machine.hart[register: $0] }
    totals = machine.accelerator.totals(at: end.cycles)
    memory = machine.read(0x1C00_0000, count: machine.l2.size) ?? []
    statistics = ""
    if let recorder {
      recorder.finish(at: end.cycles)
      statistics = Self.json(Self.statistics(machine, recorder, end, message: ""))
    }
  }

  static func statistics(
    _ machine: Machine, _ recorder: RunRecorder, _ end: RunEnd, message: String? = nil
  ) -> Statistics {
    var statistics = Statistics(
      machine, recorder, end: end, firmware: .init(path: "", sha256: ""), configuration: [:], wallSeconds: 0)
    if let message { statistics.exit.message = message }
    return statistics
  }

  static func json(_ value: some Encodable) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
    return String(decoding: (try? encoder.encode(value)) ?? Data(), as: UTF8.self)
  }
}

/// Addresses of registers that the programs use.
enum At {
  static let coreStatus: UInt32 = 0x1A10_40A0
  static let reta: UInt32 = 0x1A10_C000
  static let itc: UInt32 = 0x1A10_9800
  static let eventUnit: UInt32 = 0x1A10_6000
  static let timer: UInt32 = 0x1A10_B000
  static let stdout: UInt32 = 0x1A10_FF80
}

/// Jobs for the accelerator.
enum Job {
  /// Words of MAP: copies `rows` of `columns` bytes from `source` to `target`.
  static func copy(
    rows: UInt32 = 1, columns: UInt32 = 64, from source: UInt32 = 0x1C02_0000, to target: UInt32 = 0x1C03_0000
  ) -> [UInt32] {
    var words = [UInt32](repeating: 0, count: 16)
    words[0] = UInt32(Opcode.map.rawValue)
    words[2] = rows | columns << 16
    words[3] = columns << 16
    words[5] = columns << 16
    words[6] = source
    words[12] = target
    words[13] = 1
    return words
  }

  /// Words of LINEAR with argmax output: one int32 a row from X (1 x inner, broadcast or not) and W (columns x inner).
  static func argmax(rows: UInt32, columns: UInt32, inner: UInt32, xStride: UInt32, wStride: UInt32) -> [UInt32] {
    var words = [UInt32](repeating: 0, count: 16)
    words[0] = UInt32(Opcode.linear.rawValue) | 2 << 10
    words[2] = rows | columns << 16
    words[3] = inner | xStride << 16
    words[4] = wStride
    words[5] = 4 << 16
    words[6] = 0x1C01_0000
    words[7] = 0x1C01_0000
    words[12] = 0x1C01_0000
    words[13] = 1
    return words
  }
}

extension Assembly {
  /// Acquires a context (into s1), programs `job` and triggers. s0 must hold `At.reta`.
  func submit(_ job: [UInt32]) {
    lw(.s1, 4, .s0)
    program(job)
    sw(.zero, 0, .s0)
  }

  /// Writes the words of `job` that are not 0, and the header always.
  func program(_ job: [UInt32]) {
    for (index, word) in job.enumerated() where word != 0 || index == 0 {
      li(.t0, word)
      sw(.t0, 0x40 + 4 * index, .s0)
    }
  }

  /// Reads STATUS until no context is committed.
  func pollStatus(_ name: String = "poll") {
    label(name)
    lw(.t1, 0x0C, .s0)
    slli(.t1, .t1, 16)
    bne(.t1, .zero, name)
  }

  /// Opens the way of RETA's done event to interrupt 26 and sets the vector table.
  func enableDoneInterrupt(vectors: String) {
    la(.t0, vectors)
    addi(.t0, .t0, 1)
    csrw(0x305, .t0)
    // Event 140 is bit 12 of FC_MASK4; 1 = blocked.
    store(~(1 << 12), at: At.eventUnit + 0x14)
    store(1 << 26, at: At.itc + 4)
  }
}
