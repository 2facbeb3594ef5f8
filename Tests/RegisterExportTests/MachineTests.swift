// The exports of the machine's own declarations, and the generated files in this repository against them.

import Foundation
import HardwareModel
import PULPissimo
import RegisterExport
import Testing
import TestSupport

/// Every block of the machine.
let machineBlocks: [PlacedBlock] = MachineDescription.placedBlocks

/// The blocks that firmware has headers of: also what only profile P7 has.
let firmwareBlocks: [PlacedBlock] =
  machineBlocks + MachineDescription.placedBlocks(.p7).filter { $0.name == "UDMA_I2S" }

struct MachineTests {
  @Test(arguments: machineBlocks)
  func `every declaration is sound`(placed: PlacedBlock) {
    #expect(placed.block.problems == [])
  }

  @Test func `instances have names of their own, and their ranges do not overlap`() {
    #expect(Set(machineBlocks.map(\.name)).count == machineBlocks.count)
    let sorted = machineBlocks.sorted { $0.base < $1.base }
    for (block, next) in zip(sorted, sorted.dropFirst()) {
      #expect(UInt64(block.base) + UInt64(block.block.size) <= UInt64(next.base), "\(block.name), \(next.name)")
    }
  }

  @Test func `no two constants of the C headers have one name`() {
    var seen: Set<String> = []
    var names: Set<String> = []
    for placed in firmwareBlocks where seen.insert(placed.block.name).inserted {
      let instances = firmwareBlocks.filter { $0.block.name == placed.block.name }
      for definition in CHeader.definitions(for: instances) {
        #expect(names.insert(definition.name).inserted, "\(definition.name)")
      }
    }
  }

  @Test(arguments: compilers)
  func `the machine's headers compile without a warning`(compiler: [String]) throws {
    #expect(try compile(headersOf: firmwareBlocks, with: compiler) == "")
  }

  @Test func `an independent parser reads the machine's SVD file as it was declared`() throws {
    #expect(try reading(of: RegisterFormat.svd.render(machineBlocks)) == expectedReading(of: machineBlocks))
  }

  @Test(arguments: [
    (RegisterFormat.header, "firmware/include"), (.markdown, "Documentation"), (.svd, "Documentation"),
  ])
  func `generated files say what the declarations say`(format: RegisterFormat, folder: String) throws {
    for file in format.files(for: format == .header ? firmwareBlocks : machineBlocks) {
      let path = Repository.path("\(folder)/\(file.name)")
      let content = FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
      #expect(content == file.content, "\(folder)/\(file.name) is stale: run scripts/generate")
    }
  }

  @Test func `no header is left of a block that is gone`() throws {
    let folder = Repository.path("firmware/include")
    let present = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix("_regs.h") }
    #expect(Set(present) == Set(RegisterFormat.header.files(for: firmwareBlocks).map(\.name)))
  }
}
