// A machine with a small program, for tests that look at one thing.

import HardwareModel
import PULPissimo
import RISCV
import TestSupport

/// A PULPissimo whose program a test writes instruction by instruction. Code at 0x1C000400, trap table at 0x1C000000.
struct CoreBench {
  static let code: UInt32 = 0x1C00_0400
  static let vectors: UInt32 = 0x1C00_0000
  static let data: UInt32 = 0x1C00_8000
  /// Corestatus: a store of 0x8000_0000 | code ends the program.
  static let coreStatus: UInt32 = 0x1A10_40A0
  static let interruptController: UInt32 = 0x1A10_9800

  let machine: Machine
  var hart: Hart { machine.hart }

  init(_ change: (inout MachineConfiguration) -> Void = { _ in }) {
    var configuration = MachineConfiguration()
    change(&configuration)
    machine = Machine(configuration)
  }

  /// Sets mtvec and the registers by a few instructions of its own, then stands at `address`. mtvec nil: as after reset.
  func boot(at address: UInt32 = code, mtvec: UInt32? = vectors | 1, registers: [Int: UInt32] = [:]) {
    guard let mtvec else { return machine.boot(at: address) }
    let prologue = Self.constant(5, mtvec) + [Instruction(.csrrw, rs1: 5, csr: 0x305)]
    let place = Self.vectors + 0x200
    let rest = Self.constant(5, address) + [Instruction(.jalr, rs1: 5)]
    machine.write(prologue + rest, at: place)
    machine.boot(at: place)
    step(UInt64(prologue.count + rest.count))
    hart[register: 5] = 0
    for (index, value) in registers { hart[register: index] = value }
  }

  /// Starts `program` at `address`; after its last instruction stands a jump to itself.
  func start(
    _ program: [Instruction], at address: UInt32 = code, mtvec: UInt32? = vectors | 1, registers: [Int: UInt32] = [:]
  ) {
    machine.write(program + [Instruction(.jal)], at: address)
    boot(at: address, mtvec: mtvec, registers: registers)
  }

  /// Runs so many instructions (an exception counts as none).
  func step(_ count: UInt64 = 1, within cycles: UInt64 = 10_000) {
    _ = machine.run(limits: RunLimits(cycles: hart.cycle + cycles, instructions: hart.counters.instructions + count))
  }

  /// Runs for so many cycles from now on.
  @discardableResult
  func run(cycles: UInt64) -> RunEnd { machine.run(limits: RunLimits(cycles: hart.cycle + cycles)) }

  func csr(_ number: UInt16) -> UInt32? { hart.peekCSR(number) }

  static func constant(_ rd: UInt8, _ value: UInt32) -> [Instruction] { ProgramBuilder.constant(rd, value) }
}
