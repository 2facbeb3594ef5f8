// Connections that carry nonsense: the stub answers what it can and is ready for the next packet.

import TestSupport
import Testing

@testable import GDBServer

@Suite struct RobustnessTests {
  /// What comes out must be frames and acknowledgements.
  private static func isSound(_ bytes: [UInt8]) -> Bool {
    var decoder = PacketDecoder()
    return !bytes.contains { byte in if case .damaged? = decoder.take(byte) { true } else { false } }
  }

  private static func packets(_ bytes: [UInt8]) -> [String] {
    var decoder = PacketDecoder()
    return bytes.compactMap {
      if case .packet(let payload)? = decoder.take($0) { String(decoding: payload, as: UTF8.self) } else { nil }
    }
  }

  private static let packets = [
    "?", "!", "g", "G00", "p20", "p382", "P5=78563412", "m100,4", "m10e,8", "M100,2:aabb", "X102,3:abc", "c", "s",
    "C05",
    "S05;1c008080", "bc", "bs", "Z0,100,4", "Z2,100,4", "z0,100,4", "H0", "T1", "vCont?", "vCont;r100,200:1;c",
    "vRun;61",
    "vCont;c", "vMustReplyEmpty", "qSupported:x+", "qC", "qXfer:features:read:target.xml:0,400",
    "qXfer:memory-map:read::0,400", "qRcmd,68656c70", "qfThreadInfo", "qAttached", "QNonStop:1",
  ]

  @Test(arguments: 0..<16)
  func `whatever arrives, answers are whole packets, and a good packet behind it is answered`(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var stub = GDBStub(FakeTarget())
    for _ in 0..<3000 {
      var payload = Array((Self.packets.randomElement(using: &random) ?? "").utf8)
      for _ in 0..<Int.random(in: 0...3, using: &random) where !payload.isEmpty {
        let index = Int.random(in: 0..<payload.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: payload[index] = UInt8.random(in: .min ... .max, using: &random)
        case 1: payload.remove(at: index)
        case 2: payload.insert(UInt8.random(in: .min ... .max, using: &random), at: index)
        default: payload += Array("ffffffff".utf8)
        }
      }
      var bytes = PacketEncoder.frame(payload)
      switch Int.random(in: 0..<8, using: &random) {
      case 0: bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random))
      case 1: bytes[bytes.count - 1] ^= 1
      case 2: bytes.insert(UInt8.random(in: .min ... .max, using: &random), at: 0)
      default: break
      }
      stub.receive(bytes)
      if stub.resumption != nil { stub.stopped(.trap) }
      #expect(Self.isSound(stub.takeOutput()))
      if stub.isKilled || stub.isDetached { stub = GDBStub(FakeTarget()) }
    }
    // Ends whatever packet is open.
    stub.receive(Array("#00".utf8))
    _ = stub.takeOutput()
    stub.receive(PacketEncoder.frame(Array("qC".utf8)))
    #expect(Self.packets(stub.takeOutput()) == ["QC1"])
  }

  @Test func `a packet is taken in pieces of any size, and one that is too long is refused whole`() {
    let stub = GDBStub(FakeTarget())
    for byte in PacketEncoder.frame(Array("m100,4".utf8)) { stub.receive([byte]) }
    #expect(Self.packets(stub.takeOutput()) == ["00010203"])
    let huge = PacketEncoder.frame([UInt8](repeating: UInt8(ascii: "m"), count: 1 << 20))
    stub.receive(huge)
    #expect(stub.takeOutput() == Array("-".utf8))
    stub.receive(PacketEncoder.frame(Array("qC".utf8)))
    #expect(Self.packets(stub.takeOutput()) == ["QC1"])
    // Half a packet is forgotten when the next one begins.
    stub.receive(Array("$m100,".utf8) + PacketEncoder.frame(Array("qC".utf8)))
    #expect(Self.packets(stub.takeOutput()) == ["QC1"])
  }

  @Test func `reads and writes across the ends of memory and of the address space give what there is`() {
    let stub = GDBStub(FakeTarget())
    func ask(_ request: String) -> String? {
      stub.receive(PacketEncoder.frame(Array(request.utf8)))
      return Self.packets(stub.takeOutput()).first
    }
    #expect(ask("m10c,100000") == "0c0d0e0f")
    #expect(ask("mffffffff,10") == "E14")
    #expect(ask("m0,100000000") == "E14")
    #expect(ask("m0,ffffffffffffffff") == "E01")
    #expect(ask("Mfffffffe,4:00000000") == "E14")
    #expect(ask("Z2,fffffffe,8") == "OK")
    #expect(ask("Z2,0,ffffffff") == "E01")
    #expect(ask("qXfer:features:read:target.xml:ffffffffffffffff,ffffffffffffffff") == "l")
    #expect(ask("vCont;rffffffff,100") == "E01")
  }

  @Test func `killed in extended mode the target waits to be started again`() {
    let target = FakeTarget()
    let stub = GDBStub(target)
    func ask(_ request: String) -> String? {
      stub.receive(PacketEncoder.frame(Array(request.utf8)))
      return Self.packets(stub.takeOutput()).first
    }
    #expect(ask("!") == "OK")
    #expect(ask("vKill;1") == "OK")
    #expect(!stub.isKilled && stub.isDead)
    #expect(ask("?") == "X09")
    #expect(ask("vCont;c") == "E01")
    #expect(ask("vRun;")?.hasPrefix("T05") == true)
    #expect(!stub.isDead && target.restarts == 1)
    // Not in extended mode it is the end.
    let plain = GDBStub(FakeTarget())
    plain.receive(PacketEncoder.frame(Array("vKill;1".utf8)))
    #expect(plain.isKilled)
  }

  @Test func `what the target was asked to stop at is no trap, which gdb would take for the end of a step`() {
    let stub = GDBStub(FakeTarget())
    stub.receive(PacketEncoder.frame(Array("vCont;s".utf8)))
    _ = stub.takeOutput()
    stub.stopped(.caught)
    #expect(Self.packets(stub.takeOutput()).first?.hasPrefix("T02") == true)
  }
}
