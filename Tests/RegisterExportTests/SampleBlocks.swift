// Declarations that use everything a declaration can hold, with text that every output format must escape.

import HardwareModel
import RegisterExport

enum Sample {
  static let awkward = "Uses */ and /* and <b>&\"quotes\"</b> | `ticks` * _x_ \\ caf\u{E9}\nsecond line"

  static let block = RegisterBlock("SAMPLE", "A block: \(awkward)", source: "sample.sv <v1>", size: 0x40) {
    Register("CFG", at: 0x00, reset: 0x8000_0001, .readWrite, "Configuration") {
      Field("EN", 0, "Runs")
      Field(
        "MODE", 1...2, awkward,
        values: [EnumeratedValue("OFF", 0, "Stands"), EnumeratedValue("FAST", 3, "Runs & <races>")])
      Field("LOAD", 3, "Loads", .pulse)
      Field("KEY", 4...7, "Key", .writeOnly, notModelled: "not | yet")
      Field("READY", 31, "Ready", .readOnly)
    }
    Register("FLAGS", at: 0x04, .writeOneToClear, "Flags") {
      Field("DONE", 0, "Done")
      Field("SET", 1, "Set", .writeOneToSet)
      Field("SEEN", 2, "Seen", .readToClear)
      Field("ANY", 3, "Any", .writeToClear)
    }
    Register("DATA", at: 0x08, .readToClear, "All 32 bits")
    Register("WIDE", at: 0x0C, .readOnly, "One field of 32 bits") { Field("VALUE", 0...31, "Value") }
    Register.array("CHANNEL", count: 3, at: 0x10, .writeOnly, "A channel") { Field("GO", 0, "Go") }
  }

  static let placed: [PlacedBlock] = [
    PlacedBlock(block, name: "SAMPLE0", base: 0x1A10_C000, interrupts: [.init("DONE", 12)]),
    PlacedBlock(block, name: "SAMPLE1", base: 0x1A10_D000),
    PlacedBlock(
      RegisterBlock("OTHER", "Another block", source: "", size: 4) { Register("ID", at: 0, .readOnly, "Identity") },
      base: 0x1A10_E000),
  ]
}
