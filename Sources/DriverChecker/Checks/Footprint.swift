// The memory that a job will use, worked out from its descriptor or by walking its list.
//
// A list is walked as the sequencer would walk it, break words taken as never met: what a loop may reach belongs to it.
// Leaves out: descriptors that the list itself writes.

import HardwareModel
import PULPissimo
import RetentionAccelerator

/// Memory of a job, in sorted ranges that do not touch.
struct Footprint {
  /// One tensor of one descriptor.
  struct Operand {
    /// Where the descriptor lies in a list; nil for a register job.
    let descriptor: Address?
    let opcode: Opcode
    let use: TensorUse
    /// The last descriptor that uses it so.
    var last: Address?
  }

  var reads: [Range<Address>] = []
  var writes: [Range<Address>] = []
  /// Descriptors of a list.
  var list: [Range<Address>] = []
  var operands: [Operand] = []
  /// Outputs reach the program before the list has ended.
  var hasProgress = false
  /// A list without loops: what a completed descriptor has used is used no more, unless by a later one.
  var isStraight = true

  private static let mostSteps = 100_000

  private struct Seen: Hashable {
    let address: Address
    let stride: Int
    let rows: Int
    let bytes: Int
    let isWritten: Bool
  }

  private var seen: [Seen: Int] = [:]

  /// What the job with these words uses, started with these registers.
  init(_ words: DescriptorWords, bases: BaseRegisters, counters: [UInt32], _ memory: DirectMemory) {
    let descriptor = Descriptor(words, bases: bases)
    if descriptor.opcode == .list {
      walk(from: descriptor.x, bases, descriptor.f0 ? counters : [0, 0, 0, 0], memory)
    } else {
      add(descriptor, at: nil)
    }
    seen = [:]
    reads = Self.merged(reads)
    writes = Self.merged(writes)
    list = Self.merged(list)
  }

  private mutating func walk(from first: Address, _ bases: BaseRegisters, _ counters: [UInt32], _ memory: DirectMemory)
  {
    var bases = bases
    var counters = counters
    var address = first
    var visited: Set<Address> = []
    for _ in 0..<Self.mostSteps {
      guard address & 3 == 0, memory.contains(address, Int(DescriptorFormat.byteCount)) else {
        if visited.isEmpty { list.append(address..<address &+ DescriptorFormat.byteCount) }
        return
      }
      if visited.insert(address).inserted {
        list.append(address..<address &+ DescriptorFormat.byteCount)
      }
      var words = DescriptorWords(repeating: 0)
      for index in 0..<DescriptorFormat.wordCount { words[index] = memory.word(address &+ 4 &* UInt32(index)) }
      let descriptor = Descriptor(words, bases: bases)
      guard let opcode = descriptor.opcode, opcode != .list else { return }
      if descriptor.evt { hasProgress = true }
      var next = address &+ DescriptorFormat.byteCount
      var ends = descriptor.end
      if opcode == .ctrl {
        let control = ControlOperation(words, bases: bases)
        bases = control.bases
        let step = control.step(counter: counters[control.counter & 3], breakWord: ~control.breakValue)
        counters[control.counter & 3] = step.counter
        if step.taken {
          isStraight = false
          next = control.target
          ends = false
        }
      } else {
        add(descriptor, at: address)
      }
      if ends { return }
      address = next
    }
  }

  private mutating func add(_ descriptor: Descriptor, at address: Address?) {
    guard let opcode = descriptor.opcode else { return }
    descriptor.forEachTensor { use in
      let key = Seen(
        address: use.address, stride: use.stride ?? use.rowBytes, rows: use.rows, bytes: use.rowBytes,
        isWritten: use.isWritten)
      if let known = seen[key] {
        operands[known].last = address
        return
      }
      seen[key] = operands.count
      operands.append(Operand(descriptor: address, opcode: opcode, use: use, last: address))
      use.forEachRow { row in
        if use.isRead { reads.append(row) }
        if use.isWritten { writes.append(row) }
      }
    }
  }

  /// Sorted, with neighbours joined.
  private static func merged(_ ranges: [Range<Address>]) -> [Range<Address>] {
    var result: [Range<Address>] = []
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = result.last, range.lowerBound <= last.upperBound {
        if range.upperBound > last.upperBound { result[result.count - 1] = last.lowerBound..<range.upperBound }
      } else {
        result.append(range)
      }
    }
    return result
  }

  /// True if a descriptor that is not among `completed` writes the byte at `address`, or reads it and `isWrite`.
  func isUsed(_ address: Address, isWrite: Bool, beyond completed: Set<Address>) -> Bool {
    let byte = address..<address &+ 1
    func isOpen(_ descriptor: Address?) -> Bool { descriptor.map { !completed.contains($0) } ?? true }
    if isWrite, Self.contains(list, address) {
      return list.contains { range in
        stride(from: range.lowerBound, to: range.upperBound, by: Int(DescriptorFormat.byteCount)).contains {
          address >= $0 && address - $0 < DescriptorFormat.byteCount && isOpen($0)
        }
      }
    }
    return operands.contains { operand in
      guard operand.use.isWritten || isWrite, isOpen(operand.last) else { return false }
      var isHit = false
      operand.use.forEachRow { if $0.overlaps(byte) { isHit = true } }
      return isHit
    }
  }

  static func contains(_ ranges: [Range<Address>], _ address: Address) -> Bool {
    var low = 0
    var high = ranges.count
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].lowerBound <= address { low = middle + 1 } else { high = middle }
    }
    return low > 0 && ranges[low - 1].contains(address)
  }

  /// The first address in both.
  static func common(_ a: [Range<Address>], _ b: [Range<Address>]) -> Address? {
    var (i, j) = (0, 0)
    while i < a.count, j < b.count {
      if a[i].overlaps(b[j]) { return max(a[i].lowerBound, b[j].lowerBound) }
      if a[i].upperBound <= b[j].upperBound { i += 1 } else { j += 1 }
    }
    return nil
  }
}

extension TensorUse {
  /// Calls `body` with the bytes of each row; of a contiguous or broadcast tensor at once. What wraps is left out.
  func forEachRow(_ body: (Range<Address>) -> Void) {
    guard rows > 0, rowBytes > 0, endAddress <= 1 << 32 - 1 else { return }
    let stride = stride ?? rowBytes
    if stride == rowBytes || stride == 0 || rows == 1 {
      body(address..<address &+ UInt32(truncatingIfNeeded: stride == rowBytes ? rows &* rowBytes : rowBytes))
      return
    }
    for row in 0..<rows {
      let start = address &+ UInt32(truncatingIfNeeded: row &* stride)
      body(start..<start &+ UInt32(truncatingIfNeeded: rowBytes))
    }
  }

  /// The first byte that both tensors have, row by row.
  func firstCommon(_ output: TensorUse) -> Address? {
    let end = output.endAddress
    guard UInt64(address) < end, UInt64(output.address) < endAddress else { return nil }
    let stride = max(output.stride ?? output.rowBytes, 1)
    var found: Address?
    forEachRow { row in
      guard found == nil else { return }
      let first = max(0, (Int(row.lowerBound) - Int(output.address) - output.rowBytes) / stride)
      for index in first..<min(output.rows, first + 3 + row.count / stride) {
        let start = Int(output.address) + index * stride
        let low = max(start, Int(row.lowerBound))
        if low < min(start + output.rowBytes, Int(row.upperBound)) {
          found = Address(truncatingIfNeeded: low)
          return
        }
      }
    }
    return found
  }
}
