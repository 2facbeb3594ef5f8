// What can be chosen when a machine is built.

import HardwareModel
import RISCV
import RetentionAccelerator

/// Plain RAM added to the memory map for foreign test programs: no wait cycles, on both ports of the core, seen by no
/// other master.
public struct ExtraMemory: Sendable, Equatable {
  public var base: Address
  /// Bytes.
  public var size: UInt32

  public init(base: Address, size: UInt32) {
    self.base = base
    self.size = size
  }
}

/// The machine's description. `MachineParameters` gives the parts that have names on the command line.
public struct MachineConfiguration: Sendable {
  /// The two consistent hardware revisions of `pulpissimo.md` section 0.
  public enum Profile: String, Sendable, CaseIterable {
    case p8, p7
  }

  public var profile = Profile.p8
  /// Interleaved L2 fitted, KiB: 512 or 256. 256 repeats at 0x1C05_0000.
  public var interleavedKiB = 512
  /// Banks that the interleaved L2 is made of: 4, or 8 for experiments (the chip has 4).
  public var interleavedBanks = 4
  public var hart = HartConfiguration()
  public var accelerator = RETAConfiguration()
  public var extraMemories: [ExtraMemory] = []
  /// What is connected to the pins.
  public var board = BoardDescription.standard
  /// Boot mode pins.
  public var bootSelect: UInt32 = 1
  /// The AXI side's wait cycle between two accesses of one direction (`pulpissimo.md` 7.4, last-but-three row), which
  /// the measured rows of the cycle table do not contain: see Documentation/Timing.md.
  public var sameDirectionWait = false
  /// The plug for an external cluster ends in a decode error instead of never answering, for software that writes to a
  /// cluster without asking whether there is one.
  public var clusterAnswers = false
  /// Masters that want one bank of L2 or the ROM in the same cycle wait for each other: the core's two ports, uDMA and
  /// accelerator. False: every request is granted at once.
  public var contention = true
  /// The first unmapped access, write to read-only memory or execution of data ends the run.
  public var strict = false
  /// With `strict`: where instructions may lie, apart from the boot ROM (the image's executable segments). Empty:
  /// everywhere.
  public var executableRanges: [Range<UInt64>] = []

  public init() {}
}
