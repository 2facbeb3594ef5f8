// Memory for machine code that is made while the emulator runs.
//
// Never writable and executable at one address: the pages of an anonymous file are mapped twice, once to write and once
// to execute. Where that is not possible (no memfd_create), one mapping is switched between the two with mprotect; where
// that is refused too (hardened hosts), there is no code memory and the caller goes on without.

import CInstructionCache

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A fixed number of bytes for machine code.
public final class CodeMemory {
  /// How writing and executing are kept apart.
  public enum Protection: Sendable {
    /// Two mappings of the same pages.
    case twoMappings
    /// One mapping, writable or executable in turn.
    case switched
  }

  public let size: Int
  public let protection: Protection
  private let writeBase: UnsafeMutableRawPointer
  private let executeBase: UnsafeMutableRawPointer
  private var isOpen = false

  /// nil if the host gives no memory that may be executed. `allowTwoMappings`: false tries `switched` only.
  public init?(size: Int, allowTwoMappings: Bool = true) {
    self.size = size
    if allowTwoMappings, let (write, execute) = Self.mapTwice(size) {
      writeBase = write
      executeBase = execute
      protection = .twoMappings
      return
    }
    #if os(Linux)
      guard let one = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), one != MAP_FAILED
      else { return nil }
      guard mprotect(one, size, PROT_READ | PROT_EXEC) == 0 else {
        munmap(one, size)
        return nil
      }
      writeBase = one
      executeBase = one
      protection = .switched
    #else
      return nil
    #endif
  }

  deinit {
    munmap(writeBase, size)
    if protection == .twoMappings { munmap(executeBase, size) }
  }

  private static func mapTwice(_ size: Int) -> (UnsafeMutableRawPointer, UnsafeMutableRawPointer)? {
    #if os(Linux)
      // Not in the headers that Swift sees; every C library since 2018 has it.
      typealias Create = @convention(c) (UnsafePointer<CChar>, UInt32) -> Int32
      guard let symbol = dlsym(nil, "memfd_create") else { return nil }
      let create = unsafeBitCast(symbol, to: Create.self)
      let closeOnExec: UInt32 = 1
      let file = create("translated code", closeOnExec)
      guard file >= 0 else { return nil }
      defer { close(file) }
      guard ftruncate(file, off_t(size)) == 0,
        let write = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0), write != MAP_FAILED
      else { return nil }
      guard let execute = mmap(nil, size, PROT_READ | PROT_EXEC, MAP_SHARED, file, 0), execute != MAP_FAILED else {
        munmap(write, size)
        return nil
      }
      return (write, execute)
    #else
      return nil
    #endif
  }

  /// Where the bytes are written, between `beginWriting` and `endWriting` only.
  public var bytes: UnsafeMutablePointer<UInt8> { writeBase.assumingMemoryBound(to: UInt8.self) }

  /// The address at which the processor finds the byte `offset`.
  public func address(_ offset: Int) -> UnsafeRawPointer { UnsafeRawPointer(executeBase + offset) }

  /// Allows writing. No code in here may run until `endWriting`.
  public func beginWriting() {
    guard protection == .switched, !isOpen else { return }
    isOpen = true
    mprotect(writeBase, size, PROT_READ | PROT_WRITE)
  }

  /// Allows execution again.
  public func endWriting() {
    guard protection == .switched, isOpen else { return }
    isOpen = false
    mprotect(writeBase, size, PROT_READ | PROT_EXEC)
  }

  /// Lets the processor execute what has been written to these bytes. x86-64 keeps what it fetches coherent with what is
  /// written, through whichever mapping; AArch64 has to be told, also of a single changed instruction. The caller is
  /// the thread that will execute.
  public func synchronize(_ range: Range<Int>) {
    guard range.lowerBound >= 0, range.upperBound <= size else { return }
    synchronize_instruction_cache(address(range.lowerBound), range.count)
  }
}
