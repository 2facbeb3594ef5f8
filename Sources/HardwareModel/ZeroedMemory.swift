// Host memory that is zero, and that costs nothing before it is used: the host's system maps pages at their first access.
//
// Filling the memories of a machine with zeros took a tenth of the CPU time of a short run.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Zero-filled host memory.
public enum ZeroedMemory {
  /// `count` zero values of `type`, aligned to 16 bytes. To be given back with `deallocate`.
  public static func allocate<T: FixedWidthInteger>(_ count: Int, of type: T.Type = T.self) -> UnsafeMutablePointer<T> {
    guard let memory = calloc(max(count, 1), MemoryLayout<T>.stride) else {
      preconditionFailure("the host has no memory for \(count) values")
    }
    return memory.bindMemory(to: type, capacity: count)
  }

  public static func deallocate(_ memory: UnsafeMutableRawPointer) { free(memory) }
}
