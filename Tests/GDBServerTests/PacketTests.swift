// Frames of the remote serial protocol. Expected bytes are from the GDB manual, appendix E.1.

import GDBServer
import Testing

@Suite struct PacketTests {
  private func decode(_ bytes: [UInt8]) -> [Incoming] {
    var decoder = PacketDecoder()
    return bytes.compactMap { decoder.take($0) }
  }

  @Test func `a packet is framed with the sum of its bytes modulo 256`() {
    #expect(PacketEncoder.frame(Array("OK".utf8)) == Array("$OK#9a".utf8))
    #expect(PacketEncoder.frame([]) == Array("$#00".utf8))
    #expect(decode(Array("+$g#67\u{3}-".utf8)) == [.acknowledged, .packet([0x67]), .interrupt, .refused])
  }

  @Test func `special characters are escaped on the way out and back`() {
    let payload: [UInt8] = [0x23, 0x24, 0x7D, 0x2A, 0x00, 0x03, 0xFF]
    let frame = PacketEncoder.frame(payload)
    #expect(frame.prefix(5) == [0x24, 0x7D, 0x03, 0x7D, 0x04])
    #expect(decode(frame) == [.packet(payload)])
  }

  @Test func `a wrong checksum, no checksum and an endless packet are damaged, and the next one is read`() {
    #expect(decode(Array("$OK#9b$OK#9a".utf8)) == [.damaged, .packet(Array("OK".utf8))])
    #expect(decode(Array("$OK#zz$OK#9a".utf8)) == [.damaged, .packet(Array("OK".utf8))])
    #expect(decode(Array("$half$OK#9a".utf8)) == [.packet(Array("OK".utf8))])
    let endless = [UInt8](repeating: 0x61, count: PacketDecoder.longest + 1)
    #expect(decode(PacketEncoder.frame(endless)) == [.damaged])
  }

  @Test func `any bytes at all are survived`() {
    var state: UInt32 = 1
    var decoder = PacketDecoder()
    let target = FakeTarget()
    let stub = GDBStub(target)
    for _ in 0..<200_000 {
      state = state &* 1_664_525 &+ 1_013_904_223
      // Mostly characters that mean something.
      let alphabet = Array("$#+-}:;,=0123456789abcdefZzmMXpPgGqvHTcsCSDbR?!\u{3}".utf8)
      let byte = state >> 28 == 0 ? UInt8(truncatingIfNeeded: state >> 8) : alphabet[Int(state >> 16) % alphabet.count]
      if case .packet(let payload)? = decoder.take(byte) { #expect(payload.count <= PacketDecoder.longest) }
    }
    for length in 0..<3000 {
      let payload = (0..<length % 23).map { _ in
        state = state &* 1_664_525 &+ 1_013_904_223
        let alphabet = Array("Zz0123456789abcdef,:;=mMXpPgGqvHTcsCSDbR?!Cont".utf8)
        return alphabet[Int(state >> 16) % alphabet.count]
      }
      stub.receive(PacketEncoder.frame(payload))
      if stub.resumption != nil { stub.stopped(.trap) }
      #expect(stub.takeOutput().first == UInt8(ascii: "+"))
    }
  }
}
