// Plain memory: bounds, byte lanes, views, and who hears of a write.

import HardwareModel
import Testing

@Suite struct DirectMemoryTests {
  @Test func `words are little-endian and aligned down`() {
    let memory = DirectMemory(name: "M", base: 0x1000, size: 16)
    memory.writeWord(0x1004, 0x0403_0201)
    #expect((0..<4).map { memory.bytes.load(fromByteOffset: 4 + $0, as: UInt8.self) } == [1, 2, 3, 4])
    #expect(memory.word(0x1007) == 0x0403_0201)
  }

  @Test(
    arguments: [
      (0b0000, 0xAAAA_AAAA), (0b0001, 0xAAAA_AA44), (0b0110, 0xAA22_33AA), (0b1000, 0x11AA_AAAA), (0b1111, 0x1122_3344),
    ] as [(UInt8, UInt32)])
  func `a strobe selects byte lanes`(strobe: UInt8, expected: UInt32) {
    let memory = DirectMemory(name: "M", base: 0, size: 8)
    memory.writeWord(0, 0xAAAA_AAAA)
    memory.writeWord(0, 0x1122_3344, strobe: strobe)
    #expect(memory.word(0) == expected)
  }

  @Test func `what lies outside reads 0 and swallows writes, also at the ends of the address space`() {
    let memory = DirectMemory(name: "M", base: 0xFFFF_FFF0, size: 16)
    #expect(memory.contains(0xFFFF_FFFC, 4))
    #expect(!memory.contains(0xFFFF_FFFD, 4))
    #expect(!memory.contains(0xFFFF_FFEF))
    #expect(!memory.contains(0, 1))
    #expect(!memory.contains(0xFFFF_FFF0, -1))
    memory.writeWord(0xFFFF_FFFC, 7)
    #expect(memory.word(0xFFFF_FFFF) == 7)
    memory.writeWord(0, 9)
    #expect(memory.word(0) == 0)
    var heard = 0
    memory.onWrite = { _, _ in heard += 1 }
    [UInt8](repeating: 1, count: 5).withUnsafeBytes { memory.write(0xFFFF_FFFC, $0) }
    #expect(memory.word(0xFFFF_FFFC) == 7)
    #expect(heard == 0)
  }

  @Test func `an empty memory holds nothing`() {
    let memory = DirectMemory(name: "M", base: 0x100, size: 0)
    #expect(!memory.contains(0x100))
    memory.writeWord(0x100, 1)
    #expect(memory.word(0x100) == 0)
  }

  @Test func `a view shares the bytes of its parent, and the parent hears of its writes`() {
    let parent = DirectMemory(name: "P", base: 0x1000, size: 0x100)
    let view = DirectMemory(name: "V", viewOf: parent, base: 0x1080, size: 0x40)
    var heard: [(UInt32, Int)] = []
    parent.onWrite = { heard.append(($0, $1)) }
    view.writeWord(0x1084, 0x55)
    [1, 2, 3].withUnsafeBytes { view.write(0x1090, UnsafeRawBufferPointer(rebasing: $0[..<3])) }
    #expect(parent.word(0x1084) == 0x55)
    #expect(heard.map(\.0) == [0x1084, 0x1090])
    #expect(heard.map(\.1) == [4, 3])
    parent.writeWord(0x1088, 0x66)
    #expect(view.word(0x1088) == 0x66)
    #expect(view.word(0x10C0) == 0)
    #expect(!view.contains(0x107C, 4))
  }

  @Test func `events of a set are found again, and only 0 to 255 exist`() {
    var set = EventSet(0, 63, 64, 127, 128, 191, 192, 255)
    for event in 0..<256 {
      #expect(set.contains(event) == [0, 63, 64, 127, 128, 191, 192, 255].contains(event))
    }
    set.insert(256)
    set.insert(-1)
    #expect(!set.contains(256))
    var other = EventSet(5)
    other.formUnion(set)
    #expect(other.contains(5) && other.contains(255))
    #expect(other != set)
    set.insert(5)
    #expect(other == set)
  }
}
