// Reads reference traces: JSON lines recorded on the RTL, of a register block, of the uDMA, or of the L2 interconnect.
//
// A header line says what the trace is of; every other line is an access or a change. A line that makes no sense is
// refused with file, line and reason (65).

import Foundation
import HardwareModel
import PULPissimo
import Peripherals

/// A trace of one of the three kinds.
enum ReplayFile {
  case register(RegisterTrace)
  case udma(UDMATrace)
  case l2(L2Trace)

  /// Longest sequence that is played, cycles.
  static let mostCycles: UInt64 = 1 << 28

  /// Reads the trace in the file at `path`; 65 and 66.
  static func read(_ path: String) throws -> ReplayFile {
    guard let text = String(bytes: try HostFiles.read(path), encoding: .utf8) else {
      throw HostError.data("\(path): not a trace: not UTF-8 text")
    }
    let name = (path as NSString).lastPathComponent
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
      .map { TraceLine(path: path, number: $0 + 1, text: $1) }
      .filter { !$0.text.allSatisfy(\.isWhitespace) }
    guard !lines.isEmpty else { throw HostError.data("\(path): not a trace: it is empty") }
    let header = try lines.removeFirst().object()
    if header["masters"] != nil { return .l2(try l2(name, header, lines)) }
    let cycles = (header["cycles"] as? NSNumber)?.uint64Value
    guard let block = header["block"] as? String, let cycles, cycles <= mostCycles else {
      throw HostError.data(
        "\(path):1: not a trace: a header names a block and at most \(mostCycles) cycles, or masters")
    }
    let base = Address((header["base"] as? String ?? "").dropFirst(2), radix: 16) ?? 0
    if block == "udma" {
      return .udma(
        try udma(UDMATrace(name: name, part: "", base: base, cycles: cycles, period: 1, entries: []), header, lines))
    }
    return .register(
      try register(RegisterTrace(name: name, block: block, base: base, cycles: cycles, entries: []), lines))
  }

  private static func register(_ empty: RegisterTrace, _ lines: [TraceLine]) throws -> RegisterTrace {
    var trace = empty
    for line in lines {
      let object = try line.object()
      let cycle = try line.time(object).cycle
      if let values = object["in"] as? [String: Any] {
        trace.entries.append((cycle, .inputs(try line.signals(values))))
      } else if let values = object["out"] as? [String: Any] {
        trace.entries.append((cycle, .outputs(try line.signals(values))))
      } else if let access = try line.words(object["w"], 2) {
        trace.entries.append((cycle, .write(access[0], access[1])))
      } else if let access = try line.words(object["r"], 2) {
        trace.entries.append((cycle, .read(access[0], access[1])))
      } else {
        throw line.refusal("neither in, out, w nor r")
      }
    }
    return trace
  }

  private static func udma(
    _ empty: UDMATrace, _ header: [String: Any], _ lines: [TraceLine]
  ) throws -> UDMATrace {
    var trace = empty
    trace.part = header["part"] as? String ?? ""
    trace.isP7 = header["profile"] as? String == "p7"
    let period = (header["per_period"] as? NSNumber)?.doubleValue ?? 1
    trace.period =
      period == 0.5 ? 0 : period >= 1 && period <= 1024 && period == period.rounded() ? UInt64(period) : nil
    for line in lines {
      let object = try line.object()
      let (cycle, quarter) = try line.time(object)
      if let access = try line.words(object["w"], 2) {
        trace.entries.append((cycle, .write(access[0], access[1])))
      } else if let access = try line.words(object["r"], 2) {
        trace.entries.append((cycle, .read(access[0], access[1])))
      } else if let access = try line.words(object["l2r"], 2) {
        trace.entries.append((cycle, .l2Read(access[0], access[1])))
      } else if let access = try line.words(object["l2w"], 3) {
        trace.entries.append((cycle, .l2Write(access[0], access[1], strobe: UInt8(access[2] & 0xF))))
      } else if let memory = object["l2"] {
        trace.entries.append((cycle, try line.memory(memory)))
      } else if let event = object["event"] as? NSNumber {
        trace.entries.append((cycle, .event(event.intValue)))
      } else if let grants = object["gnt"] as? [String: NSNumber] {
        trace.entries.append((cycle, .grants(read: grants["r"]?.boolValue, write: grants["w"]?.boolValue)))
      } else if let trigger = object["trig"] as? NSNumber {
        trace.entries.append((cycle, .trigger(trigger.uint8Value)))
      } else if let pins = object["pin"] as? [String: NSNumber] {
        trace.entries.append((cycle, .pins(pins.mapValues(\.uint64Value), quarter: quarter)))
      } else if let inputs = object["in"] as? [String: NSNumber] {
        trace.entries.append((cycle, .inputs(inputs.mapValues(\.uint64Value), quarter: quarter)))
      } else {
        throw line.refusal("no line of a uDMA trace")
      }
    }
    return trace
  }

  private static let masters: [String: L2Master] = [
    "FD": .coreData, "FI": .coreInstruction, "TX": .udmaTransmit, "RX": .udmaReceive, "DBG": .debug,
    "H0": .accelerator0, "H1": .accelerator1, "H2": .accelerator2, "H3": .accelerator3,
  ]

  private static func l2(_ name: String, _ header: [String: Any], _ lines: [TraceLine]) throws -> L2Trace {
    var trace = L2Trace(name: name, accesses: [])
    trace.waitStates = Int(min((header["apb_ws"] as? NSNumber)?.uint64Value ?? 0, 1 << 16))
    for line in lines {
      let object = try line.object()
      func number(_ key: String) throws -> UInt64? {
        guard let value = object[key] else { return nil }
        var result = (value as? NSNumber)?.uint64Value
        if let text = value as? String { result = UInt64(text.dropFirst(2), radix: 16) }
        guard let result, result <= max(mostCycles, UInt64(UInt32.max)) else {
          throw line.refusal("'\(key)' is no number, or too large")
        }
        return result
      }
      guard let master = (object["m"] as? String).flatMap({ masters[$0] }), let request = try number("req"),
        let address = try number("addr"), let grant = try number("gnt"), let response = try number("rsp"),
        request <= mostCycles
      else { throw line.refusal("not an access of the interconnect (m, req, addr, gnt, rsp)") }
      trace.accesses.append(
        L2Trace.Access(
          master: master, address: Address(truncatingIfNeeded: address), isWrite: try number("we") == 1,
          request: request, grant: grant, response: response, hasError: try number("err") == 1,
          errorData: try number("rd").map { UInt32(truncatingIfNeeded: $0) }, earliest: try number("at") ?? 0,
          gap: try number("gap") ?? 1, beat: try number("beat").map { Int($0) }))
    }
    return trace
  }
}

/// One line of a trace file.
struct TraceLine {
  let path: String
  let number: Int
  let text: Substring

  func refusal(_ reason: String) -> HostError { .data("\(path):\(number): \(reason)") }

  func object() throws -> [String: Any] {
    guard let object = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] else {
      throw refusal("not a JSON object")
    }
    return object
  }

  /// The line's time: cycle, and the quarter of it.
  func time(_ object: [String: Any]) throws -> (cycle: Cycle, quarter: UInt8) {
    guard let time = (object["c"] as? NSNumber)?.doubleValue, time >= 0, time <= Double(ReplayFile.mostCycles) else {
      throw refusal("without a cycle (c)")
    }
    return (Cycle(time), UInt8((time - time.rounded(.down)) * 4))
  }

  /// At least `count` numbers; nil if there is no such key.
  func words(_ value: Any?, _ count: Int) throws -> [UInt32]? {
    guard let value else { return nil }
    guard let list = value as? [NSNumber], list.count >= count else { throw refusal("not \(count) numbers") }
    return list.map(\.uint32Value)
  }

  func signals(_ values: [String: Any]) throws -> [String: SignalValue] {
    try values.mapValues { value in
      if let list = value as? [NSNumber] { return .indices(list.map(\.intValue)) }
      guard let number = value as? NSNumber else { throw refusal("a signal without a value") }
      return .number(number.uint64Value)
    }
  }

  func memory(_ value: Any) throws -> UDMATrace.Entry {
    guard let parts = value as? [Any], parts.count == 2, let address = parts[0] as? NSNumber,
      let digits = (parts[1] as? String).map(Array.init), digits.count % 2 == 0
    else { throw refusal("l2 takes an address and hexadecimal bytes") }
    let bytes = try stride(from: 0, to: digits.count, by: 2).map { index in
      guard let byte = UInt8(String(digits[index...index + 1]), radix: 16) else {
        throw refusal("l2 takes an address and hexadecimal bytes")
      }
      return byte
    }
    return .memory(address.uint32Value, bytes)
  }
}
