// Inlined functions of the shipped firmware: libdw against GNU addr2line, another reader of the same information.

import Foundation
import TestSupport
import Testing

@testable import FirmwareImage

@Suite struct InlinedFrameTests {
  @Test(arguments: ["retnet-generate-poll", "retnet-generate-host", "retnet-digits"])
  func `functions of addresses are those that addr2line names`(program: String) throws {
    let path = Firmware.path(program)
    let image = try FirmwareImage.load(path: path)
    let frames = InlinedFrames(image)
    let addresses = image.code.flatMap { range in
      stride(from: range.address, to: range.address + UInt32(range.bytes.count), by: 26).map { $0 & ~1 }
    }
    #expect(addresses.count > 200)
    let outcome = try run(
      "riscv64-unknown-elf-addr2line",
      ["-a", "-f", "-i", "-e", path] + addresses.map { "0x" + String($0, radix: 16) })
    #expect(outcome.status == 0)
    // An address line, then a line with a name and one with a place for each frame.
    var expected: [[String]] = []
    var places: [[Substring]] = []
    var isName = false
    for line in outcome.text.split(separator: "\n") {
      if line.hasPrefix("0x") {
        expected.append([])
        places.append([])
        isName = true
      } else {
        if isName, !expected.isEmpty { expected[expected.count - 1].append(String(line)) }
        if !isName, !places.isEmpty { places[places.count - 1].append(line.prefix { $0 != " " }) }
        isName.toggle()
      }
    }
    #expect(expected.count == addresses.count)
    var compared = 0
    var inlined = 0
    for (index, (address, names)) in zip(addresses, expected).enumerated() {
      let found = frames.names(at: address)
      // Assembly and C library without debugging information: addr2line takes the symbol.
      guard !found.isEmpty else { continue }
      #expect(found == names, "\(String(address, radix: 16))")
      // The place of a frame is the line of the call of the frame inside.
      let calls = frames.frames(at: address).dropLast().map { $0.call.map { "\($0)" } ?? "?" }
      #expect(calls.count == places[index].count - 1)
      for (call, place) in zip(calls, places[index].dropFirst()) {
        #expect(place.hasSuffix(call) || call.hasSuffix(place), "\(call), \(place)")
      }
      compared += 1
      if found.count > 1 { inlined += 1 }
    }
    #expect(compared > addresses.count / 2 && inlined > 20)
  }

  @Test func `an image without debugging information has no frames`() throws {
    let builder = ELFBuilder(program: Assembly { $0.exit(0) }.words, at: 0x1C00_8080)
    let image = try FirmwareImage(path: "small.elf", bytes: builder.build())
    #expect(InlinedFrames(image).names(at: 0x1C00_8080).isEmpty)
  }
}
