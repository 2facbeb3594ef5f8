// What the protocol needs from the machine that is debugged. No I/O: whoever owns the connection also runs the target.

/// A kind of breakpoint or watchpoint; the raw value is the protocol's.
public enum PointKind: UInt64, Sendable {
  case software = 0
  case hardware = 1
  case write = 2
  case read = 3
  case access = 4
}

/// A breakpoint (`length` does not matter) or the bytes that a watchpoint looks at.
public struct DebugPoint: Hashable, Sendable {
  public let kind: PointKind
  public let address: UInt32
  public let length: UInt32

  public init(_ kind: PointKind, address: UInt32, length: UInt32) {
    self.kind = kind
    self.address = address
    self.length = length
  }
}

/// How the target shall go on.
public enum Resumption: Equatable, Sendable {
  case run
  /// One instruction, and further ones while the program counter is in the range.
  case step(while: Range<UInt32>)
  case reverseRun
  case reverseStep
}

/// Why the target stands.
public enum StopEvent: Equatable, Sendable {
  /// A step is done or a breakpoint reached.
  case trap
  /// gdb asked for it.
  case interrupted
  /// `point` was hit by an access to `address`.
  case watch(PointKind, address: UInt32)
  /// Something else that the target was asked to stop at.
  case caught
  /// Going back ended at the start of the program.
  case start
  /// The program can go on no more, or broke a rule that ends the run; memory and registers can still be looked at.
  case aborted
  /// The program has ended; a process status.
  case exited(UInt8)
}

/// A range of the address map.
public struct DebugMemory: Sendable {
  public let start: UInt32
  public let size: UInt64
  public let isROM: Bool

  public init(start: UInt32, size: UInt64, isROM: Bool = false) {
    self.start = start
    self.size = size
    self.isROM = isROM
  }
}

/// A core and its memories, standing still while it is asked.
public protocol DebugTarget: AnyObject {
  /// Names and numbers of the control and status registers.
  var csrs: [(name: String, number: UInt16)] { get }
  var memoryMap: [DebugMemory] { get }
  /// True if the target can go back in time.
  var canReverse: Bool { get }

  /// x0...x31 by number, the program counter as 32.
  func register(_ number: Int) -> UInt32?
  func setRegister(_ number: Int, _ value: UInt32) -> Bool
  func csr(_ number: UInt16) -> UInt32?
  func setCSR(_ number: UInt16, _ value: UInt32) -> Bool
  /// As many of the bytes as can be read, without any effect on the target.
  func read(_ address: UInt32, count: Int) -> [UInt8]
  func write(_ bytes: [UInt8], at address: UInt32) -> Bool
  func insert(_ point: DebugPoint) -> Bool
  func remove(_ point: DebugPoint) -> Bool
  /// Builds the target anew, at the start of its program; false if that cannot be done.
  func restart() -> Bool
  /// The answer to `monitor TEXT`.
  func monitor(_ command: String) -> String
}
