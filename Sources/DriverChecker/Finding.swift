// What the checker has found.

import HardwareModel

/// Where the program was.
public struct Site: Sendable, Equatable {
  public var cycle: Cycle
  public var pc: Address
  /// Addresses of the calls that lead there, innermost first.
  public var callers: [Address]
}

/// One finding: a rule broken at a place.
public struct Finding: Sendable {
  public let rule: Rule
  /// The first time.
  public let site: Site
  /// The register, field, descriptor or tensor concerned.
  public let subject: String
  /// What happened, in one sentence.
  public let message: String
  /// Other places that belong to it: what they are, and where.
  public let related: [(what: String, site: Site)]
  /// Times that it happened at this place.
  public internal(set) var count: UInt64 = 1
}
