// The virtual standard output of the simulation: a store prints a character.
//
// Follows `tb_fs_handler.sv` of pulp_soc v5.0.1 (reference section 6.8), but hands every character on at once and
// accepts every cluster and core id. Left out: the file interface, which the address map hides.

import HardwareModel

/// Declaration of the virtual stdout's window.
public enum VirtualStdoutRegisters {
  /// One word for each core of each cluster; the fabric controller's core 0 (cluster 31) writes 0xF80.
  public static let character = Register("CHARACTER", at: 0x000, .writeOnly, "Character of core 0 of cluster 0") {
    Field("CHARACTER", 0...7, "Character to print")
  }
  public static let fcCharacter = Register("FC_CHARACTER", at: 0xF80, .writeOnly, "Character of the fabric controller")
  {
    Field("CHARACTER", 0...7, "Character to print")
  }

  public static let block = RegisterBlock(
    "STDOUT", "Virtual standard output", source: "tb_fs_handler.sv (pulp_soc v5.0.1)", size: 0x1000
  ) {
    character
    fcCharacter
  }
}

/// The virtual standard output (STDOUT).
public final class VirtualStdout: BusTarget {
  /// A character that was printed, by which core of which cluster.
  public var onCharacter: ((_ character: UInt8, _ cluster: Int, _ core: Int, Cycle) -> Void)?

  public init() {}

  public var registers: RegisterBlock { VirtualStdoutRegisters.block }

  public func answer(_ offset: UInt32, isWrite: Bool) -> BusAnswer { .waitStates(1) }
  public func read(_ offset: UInt32, at cycle: Cycle) -> UInt32 { 0 }
  public func peek(_ offset: UInt32, at cycle: Cycle) -> UInt32 { 0 }

  public func write(_ offset: UInt32, _ value: UInt32, at cycle: Cycle) {
    onCharacter?(UInt8(truncatingIfNeeded: value), Int(offset >> 7 & 31), Int(offset >> 3 & 15), cycle)
  }
}

extension VirtualStdout {
  public func visitState(_ archive: StateArchive) { archive.omits("onCharacter") }
}
