/// The arithmetic of a whole descriptor, bit for bit.
///
/// Models: what the data opcodes read and write (retention-accelerator.md sections 5 and 6). A descriptor is executed
/// in one go, when the last cycle of its C_op is over: section 5 "Visibility" leaves the moment open, an aborted
/// descriptor so leaves memory untouched, and a run that stops earlier never spends host time on it.
/// Leaves out: time (`CycleModel`) and legality (`DescriptorChecker`): only checked descriptors come here, so every
/// address lies inside the memory.

import HardwareModel

/// The arithmetic units with their buffers, which are allocated once.
final class Datapath {
  let memory: DirectMemory
  /// A row of accumulators or of wide values: the longest row has 65535 elements.
  let accumulators: UnsafeMutablePointer<Int32>
  let wide: UnsafeMutablePointer<Int64>
  /// A row of results.
  let row: UnsafeMutablePointer<Int8>
  let retention: RetentionBuffers

  /// Asked now and then while a descriptor executes; true ends it where it is, with part of its output written.
  var isAbandoned: (() -> Bool)?
  /// Multiply-accumulates since the last question, and how many may pass between two: some milliseconds' worth.
  private var unasked = 0
  static let workBetweenQuestions = 1 << 24

  static let longestRow = 65536

  init(memory: DirectMemory, configuration: RETAConfiguration) {
    self.memory = memory
    accumulators = ZeroedMemory.allocate(Self.longestRow)
    wide = ZeroedMemory.allocate(Self.longestRow)
    row = ZeroedMemory.allocate(Self.longestRow)
    retention = RetentionBuffers(chunk: configuration.cMax, head: configuration.dMax)
  }

  deinit {
    ZeroedMemory.deallocate(accumulators)
    ZeroedMemory.deallocate(wide)
    ZeroedMemory.deallocate(row)
  }

  /// Carries out a legal data descriptor.
  func execute(_ descriptor: Descriptor) {
    switch descriptor.opcode {
    case .linear: linear(descriptor)
    case .retention: retention(descriptor)
    case .norm: norm(descriptor)
    case .map: map(descriptor)
    case .ctrl, .list, nil: break
    }
  }

  /// True if the run is over and the descriptor need not be finished; `work`: multiply-accumulates just done.
  @inline(__always)
  func givesUp(after work: Int) -> Bool {
    unasked &+= work
    return unasked >= Self.workBetweenQuestions && asks()
  }

  @inline(never)
  private func asks() -> Bool {
    unasked = 0
    return isAbandoned?() ?? false
  }

  /// The host's view of byte `column` of row `row` of a tensor.
  @inline(__always)
  func bytes(_ address: Address, _ row: Int = 0, _ stride: Int = 0, _ column: Int = 0) -> UnsafePointer<Int8> {
    let offset = Int(address &- memory.base) &+ row &* stride &+ column
    return UnsafePointer(memory.bytes.advanced(by: offset).assumingMemoryBound(to: Int8.self))
  }

  /// The host's view of a tensor of words.
  @inline(__always)
  func words<T>(_ address: Address, as type: T.Type) -> UnsafePointer<T> {
    UnsafePointer(memory.bytes.advanced(by: Int(address &- memory.base)).assumingMemoryBound(to: T.self))
  }

  /// Z of a row, nil if ELT does not use it.
  @inline(__always)
  func operand(_ d: Descriptor, _ row: Int, column: Int = 0) -> UnsafePointer<Int8>? {
    d.usesZ ? bytes(d.z, row, d.zStride, column) : nil
  }

  func outputStage(_ d: Descriptor) -> OutputStage {
    OutputStage(d, table: d.usesTable ? bytes(d.l) : nil)
  }

  /// Stores `count` bytes at byte `column` of row `row` of Y.
  @inline(__always)
  func writeOutput(_ d: Descriptor, _ row: Int, column: Int = 0, _ data: UnsafeRawPointer, _ count: Int) {
    memory.write(
      d.y &+ UInt32(truncatingIfNeeded: row &* d.yStride &+ column), UnsafeRawBufferPointer(start: data, count: count))
  }
}
