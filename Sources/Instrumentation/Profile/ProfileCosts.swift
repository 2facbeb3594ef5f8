// What a profile counts, for an instruction, a function or a call.

/// Something that a profile counts.
public enum ProfileEvent: Int, CaseIterable, Sendable {
  /// SoC cycles from the one in which an instruction leaves ID to that of the next one.
  case cycles
  /// Retired instructions.
  case instructions
  /// Cycles with the core's clock on in which no instruction leaves ID.
  case stalls
  /// The part of them behind a load whose value the next instruction needs.
  case loadUse
  /// The part of them behind jumps and taken branches.
  case jump
  /// Wait cycles of data accesses (G + D), also where other work hides them.
  case busWait
  /// Wait cycles of fetches beyond ideal memory, also where other work hides them.
  case fetchWait
  /// Cycles with the core's clock off.
  case sleep
  /// Accesses to registers of peripherals.
  case reads, writes

  /// The event's name in a callgrind file.
  public var name: String {
    switch self {
    case .cycles: "Cycles"
    case .instructions: "Instructions"
    case .stalls: "Stalls"
    case .loadUse: "LoadUse"
    case .jump: "Jump"
    case .busWait: "BusWait"
    case .fetchWait: "FetchWait"
    case .sleep: "Sleep"
    case .reads: "MMIOReads"
    case .writes: "MMIOWrites"
    }
  }
}

/// A count for each event.
public struct ProfileCosts: Sendable, Equatable {
  private var values = SIMD16<UInt64>()

  public init() {}

  public subscript(event: ProfileEvent) -> UInt64 {
    get { values[event.rawValue] }
    set { values[event.rawValue] = newValue }
  }

  public var isZero: Bool { values == SIMD16() }

  static func += (left: inout ProfileCosts, right: ProfileCosts) { left.values &+= right.values }
  static func - (left: ProfileCosts, right: ProfileCosts) -> ProfileCosts {
    var result = left
    result.values &-= right.values
    return result
  }
}
