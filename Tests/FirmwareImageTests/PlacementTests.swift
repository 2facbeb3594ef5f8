// Segments against a memory map like PULPissimo's: two private banks, interleaved memory, the data alias.

import Testing
import TestSupport

import FirmwareImage

@Suite struct PlacementTests {
  /// PULPissimo hardware reference, section 1.1.
  let ranges = [
    MemoryRange(name: "boot ROM", base: 0x1A00_0000, size: 0x2000, isWritable: false),
    MemoryRange(name: "L2 private bank 0", base: 0x1C00_0000, size: 0x8000),
    MemoryRange(name: "L2 private bank 1", base: 0x1C00_8000, size: 0x8000),
    MemoryRange(name: "L2 interleaved", base: 0x1C01_0000, size: 0x40000),
  ]
  let aliases = [
    AddressAlias(
      name: "data alias of L2", base: 0, size: 0x10_0000, target: 0x1C00_0000, isFetchable: false),
    AddressAlias(
      name: "repetition of the interleaved L2", base: 0x1C05_0000, size: 0x40000, target: 0x1C01_0000,
      isFetchable: true),
  ]

  func refusal(_ builder: ELFBuilder) -> String {
    do {
      _ = try load(builder).place(in: ranges, aliases: aliases)
      return "accepted"
    } catch {
      return error.description
    }
  }

  @Test func `a segment may span banks that touch`() throws {
    var builder = ELFBuilder(program: program)
    builder.segments.append(ELFBuilder.Segment(at: 0x1C00_7FFE, [1, 2, 3, 4], memorySize: 8))
    let parts = try load(builder).place(in: ranges, aliases: aliases)
    #expect(parts.map(\.address) == [0x1C00_8080, 0x1C00_7FFE, 0x1C00_8000])
    #expect(Array(parts[1].data) == [1, 2])
    #expect(parts[1].zeroCount == 0)
    #expect(Array(parts[2].data) == [3, 4])
    #expect(parts[2].zeroCount == 4)
  }

  @Test func `a segment in the data alias is loaded to L2`() throws {
    var builder = ELFBuilder(program: program)
    builder.segments.append(ELFBuilder.Segment(at: 0x0000_0100, [9]))
    #expect(try load(builder).place(in: ranges, aliases: aliases)[1].address == 0x1C00_0100)
  }

  @Test func `no entry may lie in the data alias`() {
    let text = refusal(ELFBuilder(program: program, at: 0x80))
    #expect(text.contains("entry 0x00000080 lies in the data alias of L2"))
  }

  @Test func `a segment across the end of 256 KiB continues at the start, where it repeats`() throws {
    var builder = ELFBuilder(program: program)
    builder.segments.append(ELFBuilder.Segment(at: 0x1C04_FFFF, [1, 2]))
    let parts = try load(builder).place(in: ranges, aliases: aliases)
    #expect(parts.map(\.address) == [0x1C00_8080, 0x1C04_FFFF, 0x1C01_0000])
  }

  @Test func `two segments in one memory under two addresses are refused`() {
    var builder = ELFBuilder(program: program)
    builder.segments.append(ELFBuilder.Segment(at: 0x0000_8080, [9]))
    #expect(
      refusal(builder).contains(
        "segment 1 (0x00008080-0x00008080) and segment 0 (0x1C008080-0x1C00808B) are the same memory")
        || refusal(builder).contains(
          "segment 0 (0x1C008080-0x1C00808B) and segment 1 (0x00008080-0x00008080) are the same memory")
    )
  }

  @Test func `what does not fit is refused with segment, range and what there is`() {
    var builder = ELFBuilder(program: program)
    builder.segments.append(ELFBuilder.Segment(at: 0x1C08_FFFF, [1, 2]))
    #expect(refusal(builder).contains("segment 1 (0x1C08FFFF-0x1C090000) does not fit the memory map"))
    #expect(refusal(builder).contains("memory is 0x1C000000-0x1C04FFFF"))
    #expect(refusal(ELFBuilder(program: program, at: 0x8000_0000)).contains("segment 0 (0x80000000-0x8000000B)"))
    builder = ELFBuilder(program: program)
    builder.segments.append(ELFBuilder.Segment(at: 0x1A00_0000, [1, 2]))
    #expect(refusal(builder).contains("segment 1 (0x1A000000-0x1A000001) lies in the boot ROM"))
  }

  @Test func `the entry must be even and in memory`() {
    var builder = ELFBuilder(program: program)
    builder.entry = 0x1C00_8081
    #expect(refusal(builder).contains("entry 0x1C008081 is odd"))
    builder.entry = 0x2000_0000
    #expect(refusal(builder).contains("entry 0x20000000 is outside memory"))
  }

  @Test func `a segment of almost 4 GiB of zeros is refused without being filled`() {
    var builder = ELFBuilder(program: program)
    builder.segments[0].memorySize = 0xE000_0000
    #expect(refusal(builder).contains("does not fit the memory map"))
  }
}
