// References that nobody counts, for the few calls that every event makes.
//
// Counting takes two atomic operations a call, which is more than most handlers take themselves.

/// An object that is called without being retained. Whoever holds one must go away before the object does, or call it no
/// more: handlers and wires between the units of a machine, which live and die together.
public struct Uncounted<Object: AnyObject> {
  private let reference: Unmanaged<Object>

  public init(_ object: Object) { reference = .passUnretained(object) }

  /// Calls `body` with the object.
  @inline(__always)
  public func call<Result>(_ body: (Object) -> Result) -> Result {
    reference._withUnsafeGuaranteedRef(body)
  }
}
