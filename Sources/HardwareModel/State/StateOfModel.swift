// The state of memories, register banks and the event queue.

extension DirectMemory: Stateful {

  public func visitState(_ archive: StateArchive) {
    archive.omits("name", "base", "size", "isWritable", "onWrite", "parent", "bytes", "allocation")
    archive.visit(memory: bytes, count: size)
    if archive.isLoading { onWrite?(base, size) }
  }
}

extension StateArchive {
  public func visit(_ name: StaticString, _ events: inout EventSet) { events.exchange(self, name) }

  private static let chunk = 1024

  /// Plain bytes, a block of 1 KiB at a time: 1 and the byte of which a block is made, or 0 and the block.
  public func visit(memory: UnsafeMutableRawPointer, count: Int) {
    var start = 0
    while start < count, problem == nil {
      let length = min(Self.chunk, count - start)
      let block = UnsafeMutableRawBufferPointer(start: memory + start, count: length)
      start += length
      if isLoading {
        guard let kind = takeBytes(1)?.first, kind <= 1 else { return refuse("no block of memory begins here") }
        guard let data = takeBytes(kind == 1 ? 1 : length), let first = data.first else { return }
        if kind == 1 {
          block.initializeMemory(as: UInt8.self, repeating: first)
        } else {
          block.copyBytes(from: data)
        }
      } else {
        let first = block[0]
        let isUniform = block.allSatisfy { $0 == first }
        withUnsafeBytes(of: isUniform ? (UInt8(1), first) : (0, 0)) {
          putBytes(UnsafeRawBufferPointer(rebasing: $0[..<(isUniform ? 2 : 1)]))
        }
        if !isUniform { putBytes(UnsafeRawBufferPointer(block)) }
      }
    }
  }

  /// The contents of a device's memory, at most `most` bytes.
  public func visit(_ name: StaticString, contents: inout [UInt8], most: Int) {
    var count = contents.count
    visit(name, &count, in: 0...(isLoading ? most : .max))
    guard problem == nil else { return }
    if isLoading, count != contents.count { contents = [UInt8](repeating: 0, count: count) }
    contents.withUnsafeMutableBytes { if let start = $0.baseAddress { visit(memory: start, count: $0.count) } }
  }
}
