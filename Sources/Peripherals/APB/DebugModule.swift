// The window of the RISC-V debug module: words that can be written and read back.
//
// The emulator debugs through its own stub, so `dm_mem.sv` (riscv-dbg v0.5.1; reference section 6.9) is not modelled.
// Left out: halting, abstract commands, the program buffer.

import HardwareModel

/// Declaration of the debug module's window.
public enum DebugModuleRegisters {
  public static let halted = Register("HALTED", at: 0x100, .readWrite, "Hart id of a hart that has halted")
  public static let going = Register("GOING", at: 0x104, .readWrite, "Hart id of a hart that runs a command")
  public static let resuming = Register("RESUMING", at: 0x108, .readWrite, "Hart id of a hart that resumes")
  public static let exception = Register("EXCEPTION", at: 0x10C, .readWrite, "Hart id of a hart that took an exception")
  public static let whereTo = Register("WHERETO", at: 0x300, .readWrite, "Where a halted hart jumps to")
  public static let abstractCommand = Register.array(
    "ABSTRACT_CMD", count: 10, at: 0x338, .readWrite, "Code of the abstract command")
  public static let programBuffer = Register.array(
    "PROGBUF", count: 8, at: 0x360, .readWrite, "Program buffer")
  public static let data = Register.array("DATA", count: 2, at: 0x380, .readWrite, "Data of abstract commands")

  public static let block = RegisterBlock(
    "DEBUG", "RISC-V debug module (storage only)", source: "dm_mem.sv (riscv-dbg v0.5.1)", size: 0x1000
  ) {
    halted
    going
    resuming
    exception
    whereTo
    abstractCommand
    programBuffer
    data
  }
}

/// The debug module's window (DEBUG).
public final class DebugModule: BusTarget {
  /// Told once that the module is a plain store.
  public var diagnostics: DiagnosticSink?

  private let bank = RegisterBank(DebugModuleRegisters.block)

  public init() {}

  public var registers: RegisterBlock { bank.block }

  public func answer(_ offset: UInt32, isWrite: Bool) -> BusAnswer { .waitStates(1) }

  public func read(_ offset: UInt32, at cycle: Cycle) -> UInt32 {
    diagnostics?(
      Diagnostic(.notModelled, key: "debug-module", "the debug module is not modelled: its window is a plain store"))
    return peek(offset, at: cycle)
  }

  public func peek(_ offset: UInt32, at cycle: Cycle) -> UInt32 { bank[offset & 0xFFC] }

  public func write(_ offset: UInt32, _ value: UInt32, at cycle: Cycle) {
    diagnostics?(
      Diagnostic(.notModelled, key: "debug-module", "the debug module is not modelled: its window is a plain store"))
    bank.write(offset & 0xFFC, value)
  }
}

extension DebugModule {
  public func visitState(_ archive: StateArchive) {
    archive.omits("diagnostics")
    archive.visit("bank", bank)
  }
}
