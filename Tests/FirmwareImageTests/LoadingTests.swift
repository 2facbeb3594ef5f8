// What is taken for firmware, what is refused, and in which words.

import Foundation
import Testing
import TestSupport

import FirmwareImage

/// Three instructions: nop, nop, j .
let program: [UInt32] = [0x0000_0013, 0x0000_0013, 0x0000_006F]

func load(_ builder: ELFBuilder) throws(FirmwareImageError) -> FirmwareImage {
  try FirmwareImage(path: "test.elf", bytes: builder.build())
}

/// The reason for which `bytes` are refused; fails the test when they are not.
func refusal(of bytes: [UInt8], sourceLocation: Testing.SourceLocation = #_sourceLocation) -> String {
  do {
    _ = try FirmwareImage(path: "test.elf", bytes: bytes)
  } catch .refused(_, let reason) {
    return reason
  } catch {
    Issue.record("wrong error: \(error)", sourceLocation: sourceLocation)
    return ""
  }
  Issue.record("the file was accepted", sourceLocation: sourceLocation)
  return ""
}

func refusal(of builder: ELFBuilder, sourceLocation: Testing.SourceLocation = #_sourceLocation) -> String {
  refusal(of: builder.build(), sourceLocation: sourceLocation)
}

@Suite struct LoadingTests {
  @Test func `a small program loads with its entry, its bytes and its zero-filled tail`() throws {
    var builder = ELFBuilder(program: program)
    builder.segments[0].memorySize = 64
    let image = try load(builder)
    #expect(image.entry == 0x1C00_8080)
    #expect(image.segments.count == 1)
    #expect(image.segments[0].data == program.flatMap(littleEndian))
    #expect(image.segments[0].memorySize == 64)
    #expect(image.segments[0].label == "segment 0 (0x1C008080-0x1C0080BF)")
  }

  @Test func `only PT_LOAD is memory: the attributes' program header with address 0 is not`() throws {
    var builder = ELFBuilder(program: program)
    builder.segments.insert(ELFBuilder.Segment(type: 0x7000_0003, at: 0, [UInt8](repeating: 1, count: 40)), at: 0)
    let image = try load(builder)
    #expect(image.segments.map(\.index) == [1])
  }

  @Test func `segments go to their physical address`() throws {
    var builder = ELFBuilder(program: program)
    builder.segments.append(ELFBuilder.Segment(at: 0x1C01_0000, physical: 0x1C00_9000, [1, 2, 3]))
    let image = try load(builder)
    #expect(image.segments[1].physicalAddress == 0x1C00_9000)
    #expect(image.segments[1].virtualAddress == 0x1C01_0000)
  }

  @Test func `an empty PT_LOAD segment is left out`() throws {
    var builder = ELFBuilder(program: program)
    builder.segments.append(ELFBuilder.Segment(at: 0xFFFF_FFFF, []))
    #expect(try load(builder).segments.count == 1)
  }

  @Test func `a file that does not exist, or is a folder, cannot be read: status 66`() {
    for path in ["/nonexistent/firmware.elf", "/"] {
      #expect {
        try FirmwareImage.load(path: path)
      } throws: { error in
        guard let error = error as? FirmwareImageError, case .unreadable = error else { return false }
        return error.exitStatus == 66 && error.description.hasPrefix(path)
      }
    }
  }

  @Test func `a refusal has status 65 and names the file`() {
    let error = FirmwareImageError.refused(path: "a.elf", reason: "not an ELF file")
    #expect(error.exitStatus == 65)
    #expect("\(error)" == "a.elf: not an ELF file")
  }
}

@Suite struct RefusalTests {
  @Test func `what is no ELF file is refused as such`() {
    #expect(refusal(of: []) == "not an ELF file: it is empty")
    #expect(refusal(of: Array("#!/bin/sh\n".utf8)) == "not an ELF file")
    #expect(refusal(of: [0x7F, 0x45, 0x4C]) == "not an ELF file")
  }

  @Test func `files of other machines are refused by name`() {
    var builder = ELFBuilder(program: program)
    builder.elfClass = 2
    #expect(refusal(of: builder).contains("64-bit"))
    builder = ELFBuilder(program: program)
    builder.dataEncoding = 2
    #expect(refusal(of: builder).contains("big-endian"))
    builder = ELFBuilder(program: program)
    builder.machine = 40
    #expect(refusal(of: builder) == "an ELF file for Arm, not for RISC-V")
    builder.machine = 999
    #expect(refusal(of: builder).contains("machine 999"))
  }

  @Test(arguments: [
    (UInt16(1), "relocatable object"), (3, "position-independent"), (4, "core dump"), (0, "ELF type 0"),
    (0xFE00, "ELF type 65024"),
  ])
  func `only executables are taken`(type: UInt16, words: String) {
    var builder = ELFBuilder(program: program)
    builder.type = type
    #expect(refusal(of: builder).contains(words))
  }

  @Test func `a file without anything to load is refused`() {
    #expect(refusal(of: ELFBuilder(entry: 0)).contains("no PT_LOAD"))
    #expect(refusal(of: ELFBuilder(entry: 0, [ELFBuilder.Segment(at: 0x1C00_0000, [])])).contains("no PT_LOAD"))
  }

  @Test func `every truncation of a file is refused or loads what it did before`() throws {
    let bytes = ELFBuilder(program: program).build()
    let complete = try FirmwareImage(path: "test.elf", bytes: bytes)
    for count in 0..<bytes.count {
      do {
        let image = try FirmwareImage(path: "test.elf", bytes: Array(bytes[..<count]))
        #expect(image.segments.map(\.data) == complete.segments.map(\.data))
      } catch {
        #expect(error.exitStatus == 65)
      }
    }
    #expect(refusal(of: Array(bytes[..<40])).contains("truncated"))
    #expect(refusal(of: Array(bytes[..<60])).contains("program headers"))
    #expect(refusal(of: Array(bytes[..<90])).contains("segment 0 (0x1C008080-0x1C00808B)"))
  }

  @Test func `sizes and addresses that cannot be are refused with segment and range`() {
    var builder = ELFBuilder(program: program)
    builder.segments[0].memorySize = 4
    #expect(refusal(of: builder).contains("segment 0 (0x1C008080-0x1C008083) has 12 bytes in the file"))

    builder = ELFBuilder(program: program)
    builder.segments.append(ELFBuilder.Segment(at: 0xFFFF_FFF0, [1], memorySize: 0x20))
    #expect(refusal(of: builder).contains("segment 1 (0xFFFFFFF0-0x10000000F) runs past the end"))

    builder = ELFBuilder(program: program)
    builder.segments[0].fileOffset = 0xFFFF_FFFF
    #expect(refusal(of: builder).contains("truncated"))

    builder = ELFBuilder(program: program)
    builder.segments.append(ELFBuilder.Segment(at: 0x1C00_8088, [1, 2, 3, 4]))
    #expect(refusal(of: builder).contains("overlap"))
  }
}
