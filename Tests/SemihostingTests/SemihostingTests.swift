// Semihosting calls against a host and a machine that are made up here.

import Testing

@testable import Semihosting

/// 4 KiB of memory at 0x1000, time and an end.
private final class FakeMachine: SemihostedMachine {
  var memory = [UInt8](repeating: 0, count: 4096)
  var time: (cycles: UInt64, frequency: UInt64) = (0, 50_000_000)
  var code: UInt32?

  func read(_ address: UInt32, count: Int) -> [UInt8]? {
    guard address >= 0x1000, Int(address) - 0x1000 + count <= memory.count else { return nil }
    return Array(memory[Int(address) - 0x1000..<Int(address) - 0x1000 + count])
  }

  func write(_ bytes: [UInt8], at address: UInt32) -> Bool {
    guard read(address, count: bytes.count) != nil else { return false }
    memory.replaceSubrange(Int(address) - 0x1000..<Int(address) - 0x1000 + bytes.count, with: bytes)
    return true
  }

  func end(_ code: UInt32) { self.code = code }
}

private final class FakeFile: HostFile {
  var bytes: [UInt8]
  var position = 0
  var isClosed = false
  init(_ bytes: [UInt8]) { self.bytes = bytes }
  func read(_ count: Int) throws(HostFailure) -> [UInt8] {
    defer { position = min(bytes.count, position + count) }
    return Array(bytes.dropFirst(position).prefix(count))
  }
  func write(_ new: [UInt8]) throws(HostFailure) { bytes += new }
  func seek(_ position: UInt32) throws(HostFailure) { self.position = Int(position) }
  func length() throws(HostFailure) -> UInt64 { UInt64(bytes.count) }
  func close() throws(HostFailure) { isClosed = true }
}

private final class FakeHost: SemihostingHost {
  var output = ""
  var errors = ""
  var input: [UInt8] = []
  var files: [String: FakeFile] = [:]
  var log: [String] = []

  func put(_ bytes: [UInt8], isError: Bool) {
    let text = String(decoding: bytes, as: UTF8.self)
    if isError { errors += text } else { output += text }
  }
  func typed(_ count: Int) -> [UInt8] {
    defer { input = Array(input.dropFirst(count)) }
    return Array(input.prefix(count))
  }
  func open(_ name: [UInt8], _ mode: HostFileMode) throws(HostFailure) -> any HostFile {
    let name = String(decoding: name, as: UTF8.self)
    log.append("open \(name) \(mode.base)\(mode.isUpdate ? "+" : "")")
    guard let file = files[name] else { throw .noSuchFile }
    return file
  }
  func remove(_ name: [UInt8]) throws(HostFailure) { log.append("remove \(String(decoding: name, as: UTF8.self))") }
  func rename(_ name: [UInt8], to new: [UInt8]) throws(HostFailure) {
    log.append("rename \(String(decoding: name, as: UTF8.self)) \(String(decoding: new, as: UTF8.self))")
  }
}

@Suite struct SemihostingTests {
  private let machine = FakeMachine()
  private let host = FakeHost()
  private let semihosting: Semihosting
  private static let failed = UInt32.max

  init() { semihosting = Semihosting(host: host, machine: machine, commandLine: "program.elf one") }

  /// Puts a parameter block and texts in place and calls.
  private func call(_ number: UInt32, _ block: [UInt32], texts: [(UInt32, String)] = []) -> UInt32 {
    for (address, text) in texts { _ = machine.write(Array(text.utf8) + [0], at: address) }
    let bytes = block.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(8 * $0)) } }
    _ = machine.write(bytes, at: 0x1000)
    return semihosting.call(number, 0x1000)
  }

  private func word(_ address: UInt32) -> UInt32 {
    (machine.read(address, count: 4) ?? []).reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }

  private func open(_ name: String, _ mode: UInt32) -> UInt32 {
    call(0x01, [0x1100, mode, UInt32(name.utf8.count)], texts: [(0x1100, name)])
  }

  private var lastError: UInt32 { semihosting.call(0x13, 0) }

  @Test func `a call is an EBREAK between a shift to the left and one to the right, both of zero`() {
    #expect(Semihosting.isCall(before: 0x01F0_1013, behind: 0x4070_5013))
    #expect(!Semihosting.isCall(before: 0x01F0_1013, behind: 0x0000_0013))
    #expect(!Semihosting.isCall(before: 0x0000_0013, behind: 0x4070_5013))
  }

  @Test func `characters and texts go to the console, what is typed comes from it`() {
    _ = machine.write(Array("Hello\0no".utf8), at: 0x1200)
    #expect(semihosting.call(0x04, 0x1200) == 0)
    #expect(semihosting.call(0x03, 0x1206) == 0)
    #expect(host.output == "Hellon")
    host.input = [0x41]
    #expect(semihosting.call(0x07, 0) == 0x41)
    #expect(semihosting.call(0x07, 0) == Self.failed)
  }

  @Test func `the console's three handles are opened as :tt`() {
    let (input, output, errors) = (open(":tt", 0), open(":tt", 4), open(":tt", 8))
    #expect(Set([input, output, errors]).count == 3 && ![input, output, errors].contains(0))
    for handle in [input, output, errors] { #expect(call(0x09, [handle]) == 1) }
    #expect(call(0x05, [output, 0x1200, 2], texts: [(0x1200, "ok")]) == 0)
    #expect(call(0x05, [errors, 0x1200, 2], texts: [(0x1200, "no")]) == 0)
    #expect(host.output == "ok" && host.errors == "no")
    host.input = Array("xyz".utf8)
    #expect(call(0x06, [input, 0x1300, 8]) == 5)
    #expect(machine.read(0x1300, count: 3) == Array("xyz".utf8))
    #expect(call(0x06, [input, 0x1300, 8]) == 8)
    #expect(call(0x06, [output, 0x1300, 8]) == Self.failed && lastError == 9)
    #expect(call(0x05, [input, 0x1200, 1]) == Self.failed && lastError == 9)
  }

  @Test func `a file is opened by its mode, read, written, moved in, measured and closed`() throws {
    let file = FakeFile(Array("0123456789".utf8))
    host.files["data"] = file
    for (mode, text) in [(0, "read"), (3, "read+"), (5, "write"), (6, "write+"), (8, "append"), (11, "append+")] {
      #expect(call(0x02, [open("data", UInt32(mode))]) == 0)
      #expect(host.log.last == "open data \(text)")
    }
    #expect(open("data", 12) == Self.failed && lastError == 22)
    #expect(open("none", 0) == Self.failed && lastError == 2)
    let handle = open("data", 2)
    #expect(call(0x0C, [handle]) == 10)
    #expect(call(0x09, [handle]) == 0)
    #expect(call(0x0A, [handle, 8]) == 0)
    // Two of four are there: two were not read.
    #expect(call(0x06, [handle, 0x1300, 4]) == 2)
    #expect(machine.read(0x1300, count: 2) == Array("89".utf8))
    #expect(call(0x05, [handle, 0x1300, 2]) == 0)
    #expect(String(decoding: file.bytes, as: UTF8.self) == "012345678989")
    #expect(call(0x02, [handle]) == 0)
    #expect(call(0x0C, [handle]) == Self.failed && lastError == 9)
    let left = open("data", 0)
    file.isClosed = false
    semihosting.end()
    #expect(file.isClosed)
    #expect(call(0x0C, [left]) == Self.failed)
  }

  @Test func `handles come to an end and are used again`() {
    host.files["data"] = FakeFile([])
    var handles: Set<UInt32> = []
    while true {
      let handle = open("data", 0)
      if handle == Self.failed { break }
      #expect(handles.insert(handle).inserted)
      if handles.count > 1000 { break }
    }
    #expect(handles.count == 64 && lastError == 24)
    #expect(call(0x02, [handles.min() ?? 0]) == 0)
    #expect(open("data", 0) == handles.min())
  }

  @Test func `files are removed and renamed by name`() {
    let texts: [(UInt32, String)] = [(0x1100, "old"), (0x1200, "newer")]
    #expect(call(0x0E, [0x1100, 3], texts: texts) == 0)
    #expect(call(0x0F, [0x1100, 3, 0x1200, 5], texts: texts) == 0)
    #expect(host.log == ["remove old", "rename old newer"])
  }

  @Test func `the features are SHFB and a byte, which promises an exit with a code and standard error`() {
    let handle = open(":semihosting-features", 0)
    #expect(call(0x0C, [handle]) == 5)
    #expect(call(0x06, [handle, 0x1300, 4]) == 0)
    #expect(call(0x06, [handle, 0x1304, 4]) == 3)
    #expect(machine.read(0x1300, count: 5) == [0x53, 0x48, 0x46, 0x42, 3])
    #expect(open(":semihosting-features", 4) == Self.failed)
  }

  @Test func `time is the machine's`() {
    machine.time = (0x1_0000_0000 + 75_000_000, 50_000_000)
    let cycles = machine.time.cycles
    #expect(semihosting.call(0x10, 0) == UInt32(cycles / 500_000))
    #expect(semihosting.call(0x11, 0) == UInt32(cycles / 50_000_000))
    #expect(semihosting.call(0x31, 0) == 50_000_000)
    #expect(semihosting.call(0x30, 0x1400) == 0)
    #expect(word(0x1400) == 75_000_000 && word(0x1404) == 1)
  }

  @Test(arguments: [(0x2_0026, 0), (0x2_0023, 1), (0, 1)] as [(UInt32, UInt32)])
  func `SYS_EXIT ends with 0 for a program that meant to end`(reason: UInt32, code: UInt32) {
    _ = semihosting.call(0x18, reason)
    #expect(machine.code == code)
  }

  @Test func `SYS_EXIT_EXTENDED ends with the program's own code`() {
    _ = call(0x20, [0x2_0026, 77])
    #expect(machine.code == 77)
    _ = call(0x20, [0x2_0023, 77])
    #expect(machine.code == 1)
  }

  @Test func `the command line, a temporary name and an error's sign are told`() {
    #expect(call(0x15, [0x1400, 16]) == 0)
    #expect(machine.read(0x1400, count: 16) == Array("program.elf one\0".utf8))
    #expect(word(0x1004) == 15)
    #expect(call(0x15, [0x1400, 15]) == Self.failed)
    #expect(call(0x0D, [0x1500, 7, 32]) == 0)
    #expect(machine.read(0x1500, count: 18) == Array("semihosting-7.tmp\0".utf8))
    #expect(call(0x08, [5]) == 0 && call(0x08, [Self.failed]) == 1)
    #expect(call(0x16, [0x1600]) == 0)
  }

  @Test func `whatever a program passes, it gets an error and the host is untouched`() {
    var remarks: [String] = []
    semihosting.onRemark = { _, text in remarks.append(text) }
    for number: UInt32 in [
      0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x08, 0x09, 0x0A, 0x0C, 0x0D, 0x0E, 0x0F, 0x15, 0x16, 0x20,
    ] {
      for parameter: UInt32 in [0, 0xFFF, 0x1FFE, 0x2000, 0xFFFF_FFFC, 0xFFFF_FFFF] {
        // A character and a short text may lie at the very end of memory.
        if parameter == 0x1FFE && (number == 0x03 || number == 0x04) { continue }
        #expect(semihosting.call(number, parameter) == Self.failed, "\(number)")
      }
    }
    for number: UInt32 in [0, 0x0B, 0x12, 0x14, 0x17, 0x32, 0x100, .max] {
      #expect(semihosting.call(number, 0x1000) == Self.failed)
    }
    host.files["data"] = FakeFile([1, 2, 3])
    let handle = open("data", 0)
    // Lengths and buffers that are not memory.
    #expect(call(0x06, [handle, 0x1FFF, 2]) == Self.failed)
    #expect(call(0x06, [handle, 0x1300, .max]) == Self.failed)
    #expect(call(0x05, [handle, 0x1300, 0x8000_0000]) == Self.failed)
    #expect(call(0x01, [0x1100, 0, .max]) == Self.failed)
    #expect(host.files["data"]?.position == 0)
    #expect(!remarks.isEmpty && host.output.isEmpty && machine.code == nil)
  }
}
