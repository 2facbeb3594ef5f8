// What the hart asks of memories in which its two ports can meet each other or other masters.
//
// A region is a memory whose banks have arbiters and behave alike (PULPissimo: boot ROM, two private banks, interleaved
// L2). The SoC numbers them 0...7 when it maps its memories; -1 is memory that nobody competes for.

import HardwareModel

/// A set of regions: bit n is region n.
public typealias RegionSet = UInt8

/// The arbiters between the hart's ports and its memories.
public protocol HartInterconnect: AnyObject {
  /// The region that an instruction fetch from `address` goes to, -1 if there is none. The same for all addresses of
  /// an aligned range of 4 KiB.
  func region(ofFetch address: Address) -> Int

  /// Regions in which another master may delay an instruction fetch at any time from now on.
  var contendedFetches: RegionSet { get }

  /// Regions which the data port may use without telling: no other master is active there at a time that no event
  /// announces, and all pointers stand at the data port already, so that its use leaves no trace.
  var quietRegions: RegionSet { get }

  /// True if an access to `region` whose request may be as late as `request` may meet another master's.
  func mayContend(_ region: Int, request: Cycle) -> Bool

  /// The core's requests of `cycle`, the one in which it stands: which of them are granted. Asked once a cycle.
  func arbitrate(fetch: Address?, data: Address?, at cycle: Cycle) -> (fetch: Bool, data: Bool)

  /// The data port was granted the word at `address` in a cycle without another request.
  func usedAlone(data address: Address)

  /// The instruction port was granted the word at `address` in a cycle without another request.
  func usedAlone(fetch address: Address)
}
