/// The engine's door to the interleaved L2: the four TCDM master ports.
///
/// Models: who decides when a beat is granted. The engine hands each phase's beat schedule over when the phase begins
/// and asks at the phase's nominal end how many stall cycles came in between; new ones move the end. So a port that
/// models contention may step the beats lazily, in time with the accesses of the other masters.
/// Follows: retention-accelerator.md 8.2.
/// Leaves out: the data. What a descriptor reads and writes does not depend on when its beats are granted.

import HardwareModel

/// Consecutive beats of one direction: `rows` runs of `rowBytes` bytes, `rowStride` bytes apart.
public struct BeatRun: Sendable, Equatable {
  /// Word-aligned address of the first row.
  public var address: Address
  /// Bytes from row to row; 0 repeats the same row.
  public var rowStride: UInt32
  public var rows: UInt32
  /// Bytes of a row; a row takes ceil(rowBytes / beat bytes) beats, the last one possibly of fewer words.
  public var rowBytes: UInt32
  public var isWrite: Bool

  public init(address: Address, rowStride: UInt32 = 0, rows: UInt32 = 1, rowBytes: UInt32, isWrite: Bool = false) {
    self.address = address
    self.rowStride = rowStride
    self.rows = rows
    self.rowBytes = rowBytes
    self.isWrite = isWrite
  }

  /// Beats of the run when a beat carries `beatBytes` bytes.
  public func beats(of beatBytes: Int) -> UInt64 {
    UInt64(rows) &* ((UInt64(rowBytes) &+ UInt64(beatBytes) &- 1) / UInt64(beatBytes))
  }

  /// Bytes as BYTES_RD and BYTES_WR count them: whole words read, enabled lanes written.
  public var countedBytes: UInt64 { UInt64(rows) &* UInt64(isWrite ? rowBytes : (rowBytes &+ 3) & ~3) }
}

/// What the ports do for one or more cycles.
public enum BeatStep: Sendable, Equatable {
  /// No requests for this many cycles.
  case idle(UInt64)
  /// Beats back to back, word j of each on port j, one a cycle if nothing is in the way.
  case beats(BeatRun)
}

/// The arbiter side of the engine's ports.
public protocol TCDMPort: AnyObject {
  /// False: every beat takes one cycle. The engine then neither builds schedules nor asks for stalls.
  var isContended: Bool { get }

  /// The ports follow `schedule` from `cycle` on; what they followed before is over or dropped. Nil: they are idle.
  func begin(_ schedule: BeatSchedule?, at cycle: Cycle)

  /// Stall cycles of the current schedule in the cycles before `cycle`: cycles in which a beat was not complete.
  func stalls(before cycle: Cycle) -> UInt64
}

/// Ports that nobody competes with.
public final class UncontendedPort: TCDMPort {
  public init() {}
  public var isContended: Bool { false }
  public func begin(_ schedule: BeatSchedule?, at cycle: Cycle) {}
  public func stalls(before cycle: Cycle) -> UInt64 { 0 }
}

extension BeatRun: StateValue {
  public mutating func visitState(_ archive: StateArchive) {
    archive.visit("address", &address)
    archive.visit("rowStride", &rowStride)
    archive.visit("rows", &rows)
    archive.visit("rowBytes", &rowBytes)
    archive.visit("isWrite", &isWrite)
  }
}

extension BeatStep: StateValue {
  public mutating func visitState(_ archive: StateArchive) {
    var cycles: UInt64 = 0
    var run: BeatRun?
    switch self {
    case .idle(let count): cycles = count
    case .beats(let beats): run = beats
    }
    archive.visit("cycles", cycle: &cycles)
    archive.visit("run", &run, new: BeatRun(address: 0, rowBytes: 0))
    self = run.map { .beats($0) } ?? .idle(cycles)
  }
}
