// The stub's answers, packet by packet, to a target of a few bytes. Expected answers are from the GDB manual, appendix E.

import GDBServer
import Testing

/// 16 bytes of memory at 0x100.
final class FakeTarget: DebugTarget {
  var registers = [UInt32](repeating: 0, count: 33)
  var memory = (0..<16).map { UInt8($0) }
  var points: Set<DebugPoint> = []
  var restarts = 0
  var canReverse = true

  var csrs: [(name: String, number: UInt16)] { [("mepc", 0x341)] }
  var memoryMap: [DebugMemory] {
    [DebugMemory(start: 0x100, size: 16), DebugMemory(start: 0x1000, size: 0x20, isROM: true)]
  }
  func register(_ number: Int) -> UInt32? { registers.indices.contains(number) ? registers[number] : nil }
  func setRegister(_ number: Int, _ value: UInt32) -> Bool {
    guard registers.indices.contains(number) else { return false }
    registers[number] = value
    return true
  }
  func csr(_ number: UInt16) -> UInt32? { number == 0x341 ? 0x1C00_8080 : nil }
  func setCSR(_ number: UInt16, _ value: UInt32) -> Bool { number == 0x341 }
  func read(_ address: UInt32, count: Int) -> [UInt8] {
    guard (0x100..<0x110).contains(address) else { return [] }
    return Array(memory[Int(address - 0x100)...].prefix(count))
  }
  func write(_ bytes: [UInt8], at address: UInt32) -> Bool {
    guard address >= 0x100, Int(address - 0x100) + bytes.count <= 16 else { return false }
    memory.replaceSubrange(Int(address - 0x100)..<Int(address - 0x100) + bytes.count, with: bytes)
    return true
  }
  func insert(_ point: DebugPoint) -> Bool { points.insert(point).inserted }
  func remove(_ point: DebugPoint) -> Bool { points.remove(point) != nil }
  func restart() -> Bool {
    restarts += 1
    return true
  }
  func monitor(_ command: String) -> String { "<\(command)>" }
}

@Suite struct StubTests {
  private let target = FakeTarget()
  private let stub: GDBStub

  init() {
    stub = GDBStub(target)
    stub.receive(PacketEncoder.frame(Array("QStartNoAckMode".utf8)))
    _ = stub.takeOutput()
  }

  /// What the stub answers, without frames.
  private func answers(_ request: [UInt8]) -> [String] {
    stub.receive(PacketEncoder.frame(request))
    return packets(stub.takeOutput())
  }

  private func packets(_ bytes: [UInt8]) -> [String] {
    var decoder = PacketDecoder()
    return bytes.compactMap {
      if case .packet(let payload)? = decoder.take($0) { String(decoding: payload, as: UTF8.self) } else { nil }
    }
  }

  private func answer(_ request: String) -> String? { answers(Array(request.utf8)).first }

  @Test func `packets are acknowledged until gdb asks for no acknowledgements`() {
    let stub = GDBStub(FakeTarget())
    stub.receive(Array("$qC#b4".utf8))
    let answer = PacketEncoder.frame(Array("QC1".utf8))
    #expect(stub.takeOutput() == [0x2B] + answer)
    stub.receive([UInt8(ascii: "-")])
    #expect(stub.takeOutput() == answer)
    stub.receive(Array("+$qC#b5".utf8))
    #expect(stub.takeOutput() == [0x2D])
    stub.receive(PacketEncoder.frame(Array("QStartNoAckMode".utf8)))
    #expect(stub.takeOutput() == Array("+$OK#9a".utf8))
    stub.receive(Array("$qC#b4".utf8))
    #expect(stub.takeOutput() == answer)
  }

  @Test(arguments: ["vMustReplyEmpty", "QNonStop:1", "qSymbol::", "vFile:setfs:0", "jThreadsInfo", "Z9,0,4", ""])
  func `what is not known is answered empty`(request: String) { #expect(answer(request) == "") }

  @Test func `supported features name the packet size, the documents and going back`() throws {
    let text = try #require(answer("qSupported:swbreak+;xmlRegisters=i386"))
    for feature in ["PacketSize=4000", "qXfer:features:read+", "qXfer:memory-map:read+", "ReverseContinue+"] {
      #expect(text.split(separator: ";").contains(Substring(feature)))
    }
    target.canReverse = false
    #expect(answer("qSupported")?.contains("Reverse") == false)
    #expect(answer("bs") == "")
  }

  @Test func `registers are read and written in the target's byte order`() {
    target.registers[2] = 0x1C08_0000
    target.registers[32] = 0x1C00_8080
    #expect(answer("p2") == "0000081c")
    #expect(answer("p20") == "8080001c")
    #expect(answer("g")?.utf8.count == 33 * 8)
    #expect(answer("p382") == "8080001c", "mepc: 65 + 0x341")
    #expect(answer("p42") == "E01")
    #expect(answer("p21") == "E01", "there are no floating-point registers")
    #expect(answer("P5=78563412") == "OK")
    #expect(target.registers[5] == 0x1234_5678)
    #expect(answer("G" + String(repeating: "01000000", count: 33)) == "OK")
    #expect(target.registers == [UInt32](repeating: 1, count: 33))
    #expect(answer("G00") == "E01")
  }

  @Test func `memory is read as far as it reaches and written whole or not at all`() {
    #expect(answer("m100,4") == "00010203")
    #expect(answer("m10e,8") == "0e0f")
    #expect(answer("m200,4") == "E14")
    #expect(answer("m100000000,4") == "E01")
    #expect(answer("M100,2:aabb") == "OK")
    #expect(answer("M100,3:aabb") == "E01")
    #expect(answer("M10f,2:aabb") == "E14")
    #expect(answers(Array("X102,3:".utf8) + [0x23, 0x7D, 0x00]) == ["OK"])
    #expect(Array(target.memory[0..<6]) == [0xAA, 0xBB, 0x23, 0x7D, 0x00, 5])
    #expect(answer("X100,0:") == "OK", "gdb's probe for the packet")
  }

  @Test func `gdb lets the target go in every way, and hears why it stands`() {
    func goes(_ request: String) -> Resumption? {
      #expect(answers(Array(request.utf8)).isEmpty)
      defer {
        stub.stopped(.trap)
        _ = stub.takeOutput()
      }
      return stub.resumption
    }
    #expect(answer("vCont?") == "vCont;c;C;s;S;r")
    #expect(goes("c") == .run)
    #expect(goes("vCont;c:1") == .run)
    #expect(goes("vCont;s:1;c") == .step(while: 0..<0))
    #expect(goes("vCont;r100,108:1") == .step(while: 0x100..<0x108))
    #expect(goes("bs") == .reverseStep)
    #expect(goes("bc") == .reverseRun)
    #expect(goes("s104") == .step(while: 0..<0))
    #expect(target.registers[32] == 0x104)
    _ = stub.takeOutput()
    stub.receive([3])
    #expect(!stub.wantsInterrupt, "nothing runs")
    _ = goes("c")
    stub.receive(PacketEncoder.frame(Array("c".utf8)))
    stub.receive([3])
    #expect(stub.wantsInterrupt)
    _ = stub.takeOutput()
    stub.stopped(.interrupted)
    #expect(packets(stub.takeOutput()) == ["T0220:04010000;thread:1;"])
    stub.stopped(.watch(.access, address: 0x1A10_C000))
    #expect(packets(stub.takeOutput()) == ["T0520:04010000;thread:1;awatch:1a10c000;"])
    stub.stopped(.start)
    #expect(packets(stub.takeOutput()) == ["T0520:04010000;thread:1;replaylog:begin;"])
    stub.stopped(.exited(7))
    #expect(packets(stub.takeOutput()) == ["W07"])
    #expect(answer("?") == "W07")
    #expect(answer("c") == "E01")
    #expect(answer("vRun;")?.hasPrefix("T05") == true)
    #expect(target.restarts == 1)
  }

  @Test func `breakpoints and watchpoints are set and removed by kind, address and length`() {
    #expect(answer("Z0,1c008080,2") == "OK")
    #expect(answer("Z3,1a10c00c,4") == "OK")
    #expect(
      target.points == [
        DebugPoint(.software, address: 0x1C00_8080, length: 2), DebugPoint(.read, address: 0x1A10_C00C, length: 4),
      ])
    #expect(answer("z0,1c008080,2") == "OK")
    #expect(target.points.count == 1)
    #expect(answer("Z0,1c008080") == "E01")
    #expect(answer("Z2,0,ffffffff") == "E01")
  }

  @Test func `documents come in pieces`() throws {
    let whole = try #require(answer("qXfer:features:read:target.xml:0,3fff"))
    #expect(whole.first == "l" || whole.first == "m")
    #expect(whole.contains("org.gnu.gdb.riscv.cpu") && whole.contains("org.gnu.gdb.riscv.csr"))
    #expect(whole.contains("<reg name=\"mepc\" bitsize=\"32\" regnum=\"898\""))
    #expect(answer("qXfer:features:read:target.xml:0,5") == "m<?xml")
    #expect(answer("qXfer:features:read:target.xml:fffff,5") == "l")
    #expect(answer("qXfer:features:read:other.xml:0,5") == "E00")
    #expect(
      answer("qXfer:memory-map:read::0,fff")?.contains("<memory type=\"rom\" start=\"0x1000\" length=\"0x20\"/>")
        == true)
  }

  @Test func `monitor's text is shown before its OK`() {
    #expect(
      answers(Array("qRcmd,".utf8) + Hex.bytes(Array("reta".utf8))) == ["O" + Hex.text(Array("<reta>".utf8)), "OK"])
  }

  @Test func `there is one thread, attached to, which can be left or ended`() {
    #expect(answer("qAttached") == "1")
    #expect(answer("qfThreadInfo") == "m1")
    #expect(answer("qsThreadInfo") == "l")
    #expect(answer("Hg0") == "OK")
    #expect(answer("T1") == "OK")
    #expect(answer("D") == "OK")
    #expect(stub.isDetached && !stub.isKilled)
    #expect(answers(Array("k".utf8)).isEmpty)
    #expect(stub.isKilled)
  }
}
