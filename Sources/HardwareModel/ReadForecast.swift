// What reads of a register will return, so that a loop that polls it need not be executed round by round.

/// The values that a register reads as from some cycle on, while no event fires and nothing is written on the bus.
/// A block that gives one also says that reading the register changes nothing.
public struct ReadForecast: Sendable, Equatable {
  public enum Course: Sendable, Equatable {
    /// The same value in every cycle.
    case constant
    /// One more in every cycle, modulo 2^32.
    case counting
  }

  public var course: Course
  /// The first cycle in which it may read as something else.
  public var until: Cycle

  public init(_ course: Course, until: Cycle = .never) {
    self.course = course
    self.until = until
  }

  /// The same value until something happens.
  public static let constant = ReadForecast(.constant)
}
