// The vector files of the accelerator's specification through the command's own reader and runner, and files that are
// no vector files. The data (Tests/Vectors) are the specification's, bit for bit.

import ArgumentParser
import Foundation
import Testing

@testable import EmulatorCommands
@testable import RetentionAccelerator

private let vectors = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .appendingPathComponent("Vectors").path

@Suite("Accelerator test vectors")
struct VectorsCommandTests {
  @Test(
    "The model agrees with every vector of the file",
    arguments: [
      ("linear", 18), ("retention", 14), ("norm", 6), ("map", 7), ("list", 4), ("errors", 10), ("registers", 5),
      ("example_block", 10),
    ])
  func agrees(file: String, count: Int) throws {
    let runner = VectorRunner(sha256: HostFiles.digest)
    let outcomes = VectorsCommand.outcomes(of: try VectorFile.read("\(vectors)/\(file).json"), runner)
    #expect(outcomes.count == count)
    for outcome in outcomes { #expect(outcome.agrees, "\(VectorsCommand.line(outcome, file: file))") }
  }

  @Test("A folder stands for its JSON files in order of name")
  func folder() throws {
    let files = try VectorsCommand.files(at: vectors)
    #expect(files.first == "\(vectors)/errors.json")
    #expect(files.count == 8)
  }

  @Test("A vector that expects something else differs, and the line says what")
  func differs() throws {
    guard case .cases(var cases) = try VectorFile.read("\(vectors)/map.json") else {
      Issue.record("map.json holds cases")
      return
    }
    cases[0].expectedMemory[0].bytes[0] ^= 1
    let outcome = VectorRunner().run(cases[0])
    #expect(!outcome.agrees)
    #expect(outcome.difference?.hasPrefix("byte at 0x1c0100b0 is ") == true)
    cases[1].digest?[0] ^= 1
    #expect(VectorRunner(sha256: HostFiles.digest).run(cases[1]).difference?.hasPrefix("SHA-256") == true)
  }

  @Test(
    "A file that is no vector file is refused with a sentence",
    arguments: [
      "", "[", "{}", "[]", "7", "{\"cases\": 3}", "{\"fill\": 300, \"sequences\": []}",
      "{\"fill\": 0, \"sequences\": [{\"name\": \"a\", \"steps\": [[]]}]}",
      "{\"fill\": 0, \"sequences\": [{\"name\": \"a\", \"steps\": [[\"w\", \"0x1000\", 0]]}]}",
      "{\"fill\": 0, \"sequences\": [{\"name\": \"a\", \"steps\": [[\"r\", 0]]}]}",
      "{\"fill\": 0, \"sequences\": [{\"name\": \"a\", \"steps\": [[\"mem\"]]}]}",
      "{\"fill\": 0, \"sequences\": [{\"name\": \"a\", \"steps\": [[\"mem\", \"0x1c08fffd\", 0]]}]}",
      "{\"fill\": 0, \"sequences\": [{\"name\": \"a\", \"steps\": [[\"jump\", 0, 0]]}]}",
      "{\"fill\": -1, \"sequences\": []}", "{\"fill\": 1.5, \"sequences\": []}",
      "{\"words\": [1], \"steps\": [], \"fill\": 0}",
      "{\"words\": [0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,4294967296], \"steps\": [], \"fill\": 0}",
    ])
  func malformed(text: String) throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("vector-\(UUID().uuidString).json").path
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: path) }
    do throws(VectorFile.Failure) {
      _ = try VectorFile.read(path)
      Issue.record("accepted")
    } catch {
      guard case .malformed(let message) = error else {
        Issue.record("\(error)")
        return
      }
      #expect(message.hasPrefix(path))
      #expect(!message.contains("\n"))
    }
  }

  @Test("Runs of a case that reach beyond the binary or the L2 are refused")
  func ranges() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("vectors-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appendingPathComponent("map.json").path
    let text = try String(contentsOfFile: "\(vectors)/map.json", encoding: .utf8)
    for (old, new) in [
      ("\"length\": ", "\"length\": 1"), ("\"offset\": ", "\"offset\": 9999"), ("\"addr\": \"0x1c", "\"addr\": \"0x1d"),
      ("\"macs\"", "\"max\""), ("\"l2_sha256\": \"", "\"l2_sha256\": \"00"), ("\"ERR_NONE\"", "\"ERR_OP\""),
    ] {
      try text.replacingOccurrences(of: old, with: new).write(toFile: path, atomically: true, encoding: .utf8)
      try? FileManager.default.copyItem(
        atPath: "\(vectors)/map.bin", toPath: folder.appendingPathComponent("map.bin").path)
      #expect(throws: VectorFile.Failure.self, "\(new)") { try VectorFile.read(path) }
    }
    try text.replacingOccurrences(of: "map.bin", with: "absent.bin").write(
      toFile: path, atomically: true, encoding: .utf8)
    #expect(throws: VectorFile.Failure.unreadable("\(folder.path)/absent.bin: cannot be read")) {
      try VectorFile.read(path)
    }
  }

  @Test("The exit status tells agreement, a file of no known kind, and one that cannot be read apart")
  func exitStatus() throws {
    try VectorsCommand.parse([vectors]).run()
    #expect(throws: ExitCode(65)) {
      try VectorsCommand.parse(["\(vectors)/sine_rom.hex", "\(vectors)/map.json"]).run()
    }
    #expect(throws: ExitCode(66)) { try VectorsCommand.parse(["\(vectors)/absent.json"]).run() }
  }

  @Test("The sine ROM is the specification's listing")
  func sineROM() throws {
    let text = try String(contentsOfFile: "\(vectors)/sine_rom.hex", encoding: .utf8)
    let listed = text.split(separator: "\n").compactMap { UInt16($0, radix: 16) }
    #expect(listed.count == 1024)
    #expect(SineROM.entries == listed.map { Int16(bitPattern: $0) })
  }
}
