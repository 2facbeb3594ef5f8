// The accelerator's beats in time: which words its four ports request in a cycle, stepped only where that matters.
//
// Follows `retention-accelerator.md` 8.2: word j of a beat on port j; a word that is granted is not requested again; the
// beat ends with its last grant, and every cycle beyond its first is a stall. Cycles in which nobody else wants the
// interleaved L2 are skipped in bulk: each beat takes one cycle, and only the arbiters' pointers remember them.

import HardwareModel
import RetentionAccelerator

/// A beat schedule and how far it has come.
struct AcceleratorBeats {
  private var schedule: BeatSchedule
  private let beatBytes: UInt32
  private(set) var touchesAllBanks: Bool
  /// Of beats back to back, so many of the last ones touch every bank that any of them does: with four banks and one row
  /// of words after the other four rows, with eight banks eight rows of beats that do not reach round.
  private let decidingBeats: UInt64
  /// The first cycle that is not accounted for.
  private(set) var now: Cycle
  /// Nothing of it has been stepped.
  private(set) var isUntouched = true
  private(set) var stalls: UInt64 = 0

  // The step under way: idle cycles left, or a run and the beat of it that is next.
  private var idle: UInt64 = 0
  private var run: BeatRun?
  private var beat: UInt64 = 0
  private var beats: UInt64 = 0
  /// Beats of a row of `run`; follows from it.
  private var rowBeats: UInt64 = 1
  /// Ports whose words of the present beat are still to be granted; 0: the beat has not begun.
  private var missing: UInt8 = 0

  init(_ schedule: BeatSchedule, at cycle: Cycle, ports: Int, interleavedBanks: Int) {
    self.schedule = schedule
    beatBytes = UInt32(4 * max(ports, 1))
    touchesAllBanks = ports >= interleavedBanks && schedule.hasFullBeats
    decidingBeats = interleavedBanks > 4 ? 8 * 9 : 4
    now = cycle
  }

  /// Accounts for all cycles before `cycle`, in which nobody else requested a word of interleaved L2.
  mutating func advance(to cycle: Cycle, _ crossbar: inout L2Crossbar) {
    while now < cycle {
      guard prepare() else {
        now = cycle
        return
      }
      isUntouched = false
      let left = cycle &- now
      if idle > 0 {
        let count = min(idle, left)
        idle -= count
        now &+= count
      } else if missing != 0 {
        grantAlone(place(of: beat), ports: missing, &crossbar)
        endBeat()
      } else {
        let count = min(beats &- beat, left)
        // Whatever came before, four beats have been to every bank that their run goes to.
        let deciding = min(count, decidingBeats)
        var place = place(of: beat &+ count &- deciding)
        for _ in 0..<deciding {
          grantAlone(place, ports: place.ports, &crossbar)
          advance(&place)
        }
        beat &+= count
        now &+= count
      }
    }
  }

  /// Adds the arbiter inputs that request in cycle `now`.
  mutating func addRequests(to requests: inout L2Crossbar.Requests, _ crossbar: L2Crossbar) {
    guard prepare(), idle == 0 else { return }
    let place = place(of: beat)
    if missing == 0 { missing = place.ports }
    for port in UInt32(0)..<4 where missing >> UInt8(port) & 1 != 0 {
      requests[crossbar.interleavedBank(place.address &+ 4 &* port).rawValue] |= Self.input(port)
    }
  }

  /// Ends cycle `now`, in which the words of `granted` (arbiter inputs) were granted.
  mutating func endCycle(granted: UInt16) {
    guard prepare() else {
      now &+= 1
      return
    }
    isUntouched = false
    if idle > 0 {
      idle -= 1
      now &+= 1
      return
    }
    missing &= ~UInt8(truncatingIfNeeded: granted >> UInt16(L2Master.accelerator0.rawValue))
    if missing == 0 {
      endBeat()
    } else {
      stalls &+= 1
      now &+= 1
    }
  }

  // MARK: Parts

  /// Makes a step current; false if none is left.
  private mutating func prepare() -> Bool {
    while idle == 0 && beat >= beats {
      guard let step = schedule.next() else {
        return false
      }
      switch step {
      case .idle(let cycles): idle = cycles
      case .beats(let next):
        run = next
        beat = 0
        rowBeats = Self.rowBeats(next, beatBytes)
        beats = next.beats(of: Int(beatBytes))
      }
    }
    return true
  }

  private mutating func endBeat() {
    missing = 0
    beat &+= 1
    now &+= 1
  }

  private static func input(_ port: UInt32) -> UInt16 {
    1 << UInt16(truncatingIfNeeded: UInt32(L2Master.accelerator0.rawValue) &+ port)
  }

  /// Where a beat lies: its row, the bytes before it in the row, and the address of its first word.
  private struct Place {
    var row: Address
    var offset: UInt32
    /// The ports that the beat uses, as a bit set.
    var ports: UInt8
    var address: Address { row &+ offset }
  }

  private static func rowBeats(_ run: BeatRun, _ beatBytes: UInt32) -> UInt64 {
    UInt64(max((run.rowBytes &+ beatBytes &- 1) / beatBytes, 1))
  }

  private func place(of index: UInt64) -> Place {
    guard let run else { return Place(row: 0, offset: 0, ports: 0) }
    let row = rowBeats == 1 ? index : index / rowBeats
    let offset = UInt32(truncatingIfNeeded: index &- row &* rowBeats) &* beatBytes
    return Place(
      row: run.address &+ UInt32(truncatingIfNeeded: row) &* run.rowStride, offset: offset,
      ports: ports(run, at: offset))
  }

  /// The place of the next beat of the run.
  private func advance(_ place: inout Place) {
    guard let run else { return }
    place.offset &+= beatBytes
    if place.offset >= run.rowBytes {
      place.offset = 0
      place.row &+= run.rowStride
    }
    place.ports = ports(run, at: place.offset)
  }

  private func ports(_ run: BeatRun, at offset: UInt32) -> UInt8 {
    let bytes = min(beatBytes, run.rowBytes &- offset)
    let words = min((bytes &+ 3) / 4, 4)
    return UInt8(truncatingIfNeeded: (UInt32(1) << words) &- 1)
  }

  private func grantAlone(_ place: Place, ports: UInt8, _ crossbar: inout L2Crossbar) {
    for port in UInt32(0)..<4 where ports >> UInt8(port) & 1 != 0 {
      guard let master = L2Master(rawValue: L2Master.accelerator0.rawValue + Int(port)) else { continue }
      crossbar.granted(crossbar.interleavedBank(place.address &+ 4 &* port), alone: master)
    }
  }
}

extension AcceleratorBeats {
  /// `accelerator`: whose schedule it is.
  mutating func visitState(_ archive: StateArchive, of accelerator: RETA) {
    archive.omits("beatBytes", "decidingBeats", "rowBeats")
    accelerator.visit(archive, "schedule", &schedule)
    archive.visit("touchesAllBanks", &touchesAllBanks)
    archive.visit("now", cycle: &now)
    archive.visit("isUntouched", &isUntouched)
    archive.visit("stalls", cycle: &stalls)
    archive.visit("idle", cycle: &idle)
    archive.visit("run", &run, new: BeatRun(address: 0, rowBytes: 0))
    if archive.isLoading, let run { rowBeats = Self.rowBeats(run, beatBytes) }
    archive.visit("beat", cycle: &beat)
    archive.visit("beats", cycle: &beats)
    archive.visit("missing", &missing, in: 0...0xF)
  }
}
