// The framing of gdb's remote serial protocol: bytes of a connection to packets and back.
//
// Source: GDB manual, appendix E.1 "Overview". Run-length encoding is not produced; gdb never sends it.

/// What arrives from gdb.
public enum Incoming: Equatable, Sendable {
  /// A packet with a right checksum, its escapes undone.
  case packet([UInt8])
  /// A packet whose checksum is wrong.
  case damaged
  /// `+`: our last packet has arrived.
  case acknowledged
  /// `-`: our last packet must be sent again.
  case refused
  /// Ctrl-C, outside of a packet.
  case interrupt
}

/// Takes a connection's bytes as they come, in pieces of any size.
public struct PacketDecoder: Sendable {
  /// Bytes of a packet that are accepted; a longer one counts as damaged.
  public static let longest = 1 << 16

  private enum State: Sendable { case outside, inside, escaped, checksum, checksumLow(UInt8?) }
  private var state = State.outside
  private var payload: [UInt8] = []
  private var sum: UInt8 = 0
  private var isTooLong = false

  public init() {}

  /// What `byte` completes, if anything.
  public mutating func take(_ byte: UInt8) -> Incoming? {
    switch state {
    case .outside:
      switch byte {
      case UInt8(ascii: "$"): begin()
      case UInt8(ascii: "+"): return .acknowledged
      case UInt8(ascii: "-"): return .refused
      case 0x03: return .interrupt
      default: break
      }
    case .inside:
      switch byte {
      case UInt8(ascii: "#"): state = .checksum
      case UInt8(ascii: "$"): begin()
      case UInt8(ascii: "}"):
        sum &+= byte
        state = .escaped
      default:
        sum &+= byte
        append(byte)
      }
    case .escaped:
      sum &+= byte
      append(byte ^ 0x20)
      state = .inside
    case .checksum: state = .checksumLow(Hex.digit(byte))
    case .checksumLow(let high):
      state = .outside
      guard let high, let low = Hex.digit(byte), high << 4 | low == sum, !isTooLong else { return .damaged }
      return .packet(payload)
    }
    return nil
  }

  private mutating func begin() {
    state = .inside
    payload.removeAll(keepingCapacity: true)
    sum = 0
    isTooLong = false
  }

  private mutating func append(_ byte: UInt8) {
    if payload.count >= Self.longest { isTooLong = true } else { payload.append(byte) }
  }
}

/// Packets on their way to gdb.
public enum PacketEncoder {
  /// `payload` with frame, checksum and escapes.
  public static func frame(_ payload: [UInt8]) -> [UInt8] {
    var result: [UInt8] = [UInt8(ascii: "$")]
    result.reserveCapacity(payload.count + 8)
    for byte in payload {
      switch byte {
      case UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "}"), UInt8(ascii: "*"):
        result += [UInt8(ascii: "}"), byte ^ 0x20]
      default: result.append(byte)
      }
    }
    let sum = result.dropFirst().reduce(UInt8(0), &+)
    return result + [UInt8(ascii: "#")] + Hex.bytes([sum])
  }
}

/// Hexadecimal as the protocol writes it.
public enum Hex {
  static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x61...0x66: byte - 0x61 + 10
    case 0x41...0x46: byte - 0x41 + 10
    default: nil
    }
  }

  /// Two digits a byte, as characters.
  public static func bytes(_ data: [UInt8]) -> [UInt8] {
    let digits = Array("0123456789abcdef".utf8)
    return data.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
  }

  /// The text of `bytes`.
  public static func text(_ data: [UInt8]) -> String { String(decoding: bytes(data), as: UTF8.self) }

  /// The bytes that pairs of digits stand for; nil if they are none.
  public static func parse(_ text: some Collection<UInt8>) -> [UInt8]? {
    guard text.count % 2 == 0 else { return nil }
    var result: [UInt8] = []
    var high: UInt8?
    for byte in text {
      guard let digit = digit(byte) else { return nil }
      if let upper = high {
        result.append(upper << 4 | digit)
        high = nil
      } else {
        high = digit
      }
    }
    return result
  }

  /// A number, most significant digit first; nil if it is none or larger than 64 bits.
  public static func number(_ text: some Collection<UInt8>) -> UInt64? {
    guard !text.isEmpty, text.count <= 16 else { return nil }
    var result: UInt64 = 0
    for byte in text {
      guard let digit = digit(byte) else { return nil }
      result = result << 4 | UInt64(digit)
    }
    return result
  }

  /// A register's bytes in the target's order.
  static func word(_ value: UInt32) -> String { text((0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }) }
}
