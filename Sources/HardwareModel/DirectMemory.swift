// RAM and ROM storage that a hart reaches without a bus call.

/// A range of the address map that is plain memory: little-endian bytes at a fixed host address.
///
/// Writers other than the core's own stores (loader, uDMA, accelerator, debugger) go through `write…`, which tells
/// `onWrite` which bytes changed, so that decoded code is dropped.
public final class DirectMemory {
  public let name: String
  public let base: Address
  /// Bytes.
  public let size: Int
  public let isWritable: Bool
  /// The host's view. Valid as long as the object lives.
  public let bytes: UnsafeMutableRawPointer
  /// Called after a write by anyone but the core's fast path, with address and byte count.
  public var onWrite: ((Address, Int) -> Void)?
  private var parent: DirectMemory?
  /// What was allocated for `bytes`; nil in a view.
  private let allocation: UnsafeMutableRawPointer?
  private static let alignment = 4096

  /// Zero-filled memory of `size` bytes at `base`.
  public init(name: String, base: Address, size: Int, isWritable: Bool = true) {
    self.name = name
    self.base = base
    self.size = size
    self.isWritable = isWritable
    let allocation = UnsafeMutableRawPointer(ZeroedMemory.allocate(max(size, 4) + Self.alignment - 1, of: UInt8.self))
    self.allocation = allocation
    bytes = allocation.alignedUp(toMultipleOf: Self.alignment)
  }

  /// A part of `parent` under a name of its own, at the same addresses and on the same bytes.
  public init(name: String, viewOf parent: DirectMemory, base: Address, size: Int) {
    precondition(parent.contains(base, size), "a view must lie inside its parent")
    self.name = name
    self.base = base
    self.size = size
    self.isWritable = parent.isWritable
    self.parent = parent
    allocation = nil
    bytes = parent.bytes.advanced(by: Int(base &- parent.base))
  }

  deinit {
    if let allocation { ZeroedMemory.deallocate(allocation) }
  }

  /// True if all `count` bytes at `address` lie inside.
  @inlinable
  public func contains(_ address: Address, _ count: Int = 1) -> Bool {
    count >= 0 && address >= base && Int(address &- base) + count <= size
  }

  /// The aligned word at `address`; 0 outside.
  @inlinable
  public func word(_ address: Address) -> UInt32 {
    guard contains(address & ~3, 4) else { return 0 }
    return UInt32(littleEndian: bytes.load(fromByteOffset: Int(address & ~3 &- base), as: UInt32.self))
  }

  /// Stores the byte lanes of `value` that `strobe` selects into the aligned word at `address`; outside nothing happens.
  public func writeWord(_ address: Address, _ value: UInt32, strobe: UInt8 = 0xF) {
    let aligned = address & ~3
    guard contains(aligned, 4) else { return }
    let offset = Int(aligned &- base)
    if strobe == 0xF {
      bytes.storeBytes(of: value.littleEndian, toByteOffset: offset, as: UInt32.self)
    } else {
      for lane in 0..<4 where strobe & (1 << UInt8(lane)) != 0 {
        bytes.storeBytes(
          of: UInt8(truncatingIfNeeded: value >> UInt32(8 * lane)), toByteOffset: offset + lane, as: UInt8.self)
      }
    }
    changed(aligned, 4)
  }

  /// Copies `data` to `address`; bytes outside are dropped.
  public func write(_ address: Address, _ data: UnsafeRawBufferPointer) {
    guard let source = data.baseAddress, data.count > 0, contains(address, data.count) else { return }
    bytes.advanced(by: Int(address &- base)).copyMemory(from: source, byteCount: data.count)
    changed(address, data.count)
  }

  private func changed(_ address: Address, _ count: Int) {
    onWrite?(address, count)
    parent?.changed(address, count)
  }
}
