// What semihosting needs from the host: a console, and files by name. Implemented by the command line and by tests.

/// Why something could not be done, with the numbers that C libraries for bare machines know (newlib, picolibc).
public enum HostFailure: UInt32, Error, Sendable {
  case noSuchFile = 2
  case inputOutput = 5
  case badHandle = 9
  case noAccess = 13
  case exists = 17
  case isFolder = 21
  case invalid = 22
  case tooManyFiles = 24
  case noSpace = 28
  case notSupported = 134
}

/// How a file is opened, as fopen names it.
public struct HostFileMode: Sendable, Equatable {
  public enum Base: Sendable { case read, write, append }
  public let base: Base
  /// `+`: reading and writing.
  public let isUpdate: Bool

  /// The mode of SYS_OPEN: 0 r, 1 rb, 2 r+, 3 r+b, 4 w … 11 a+b; nil for another number.
  init?(_ number: UInt32) {
    switch number {
    case 0..<4: base = .read
    case 4..<8: base = .write
    case 8..<12: base = .append
    default: return nil
    }
    isUpdate = number & 2 != 0
  }
}

/// An open file of the host.
public protocol HostFile: AnyObject {
  /// At most `count` bytes; none at the end.
  func read(_ count: Int) throws(HostFailure) -> [UInt8]
  func write(_ bytes: [UInt8]) throws(HostFailure)
  /// Moves to byte `position` from the beginning.
  func seek(_ position: UInt32) throws(HostFailure)
  func length() throws(HostFailure) -> UInt64
  func close() throws(HostFailure)
}

/// The host, as far as the program on the machine may see it.
public protocol SemihostingHost: AnyObject {
  func put(_ bytes: [UInt8], isError: Bool)
  /// At least one and at most `count` characters that somebody types; none: there will be no more.
  func typed(_ count: Int) -> [UInt8]
  func open(_ name: [UInt8], _ mode: HostFileMode) throws(HostFailure) -> any HostFile
  func remove(_ name: [UInt8]) throws(HostFailure)
  func rename(_ name: [UInt8], to new: [UInt8]) throws(HostFailure)
}

/// The machine, as far as semihosting needs it.
public protocol SemihostedMachine: AnyObject {
  /// Bytes of memory; nil if they are not all memory.
  func read(_ address: UInt32, count: Int) -> [UInt8]?
  /// False if they are not all memory that can be written.
  func write(_ bytes: [UInt8], at address: UInt32) -> Bool
  /// Cycles since the start, and how many there are in a second.
  var time: (cycles: UInt64, frequency: UInt64) { get }
  /// The program ends with `code`.
  func end(_ code: UInt32)
}
