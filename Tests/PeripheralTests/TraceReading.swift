// Reads register traces from JSON lines.

import Foundation
import HardwareModel
import Peripherals

/// Why a trace file could not be read.
struct TraceError: Error {
  var message: String
}

/// The trace in `file`, in the form of the RTL traces: a header line, then one line per access or change.
func readRegisterTrace(_ file: URL) throws -> RegisterTrace {
  let text = try String(contentsOf: file, encoding: .utf8)
  var trace = RegisterTrace(name: file.lastPathComponent, block: "", base: 0, cycles: 0, entries: [])
  for (number, line) in text.split(separator: "\n").enumerated() {
    guard let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] else {
      throw TraceError(message: "\(file.lastPathComponent):\(number + 1): not an object")
    }
    if number == 0 {
      trace.block = object["block"] as? String ?? ""
      let base = (object["base"] as? String ?? "").dropFirst(2)
      trace.base = Address(base, radix: 16) ?? 0
      trace.cycles = Cycle(truncating: object["cycles"] as? NSNumber ?? 0)
      continue
    }
    let cycle = Cycle(truncating: object["c"] as? NSNumber ?? 0)
    if let values = object["in"] as? [String: Any] {
      trace.entries.append((cycle, .inputs(signals(values))))
    } else if let values = object["out"] as? [String: Any] {
      trace.entries.append((cycle, .outputs(signals(values))))
    } else if let access = object["w"] as? [NSNumber], access.count >= 2 {
      trace.entries.append((cycle, .write(access[0].uint32Value, access[1].uint32Value)))
    } else if let access = object["r"] as? [NSNumber], access.count == 2 {
      trace.entries.append((cycle, .read(access[0].uint32Value, access[1].uint32Value)))
    } else {
      throw TraceError(message: "\(file.lastPathComponent):\(number + 1): unknown line")
    }
  }
  return trace
}

private func signals(_ values: [String: Any]) -> [String: SignalValue] {
  values.mapValues { value in
    if let list = value as? [NSNumber] { return .indices(list.map(\.intValue)) }
    return .number((value as? NSNumber)?.uint64Value ?? 0)
  }
}

/// The uDMA trace in `file`.
func readUDMATrace(_ file: URL) throws -> UDMATrace {
  let text = try String(contentsOf: file, encoding: .utf8)
  var trace = UDMATrace(name: file.lastPathComponent, part: "", base: 0, cycles: 0, period: 1, entries: [])
  for (number, line) in text.split(separator: "\n").enumerated() {
    guard let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] else {
      throw TraceError(message: "\(file.lastPathComponent):\(number + 1): not an object")
    }
    if number == 0 {
      trace.part = object["part"] as? String ?? ""
      trace.isP7 = object["profile"] as? String == "p7"
      trace.base = Address((object["base"] as? String ?? "").dropFirst(2), radix: 16) ?? 0
      trace.cycles = Cycle(truncating: object["cycles"] as? NSNumber ?? 0)
      let period = (object["per_period"] as? NSNumber)?.doubleValue ?? 1
      trace.period = period >= 1 ? UInt64(period) : 0
      continue
    }
    let time = (object["c"] as? NSNumber)?.doubleValue ?? 0
    let cycle = Cycle(time)
    let quarter = UInt8((time - time.rounded(.down)) * 4)
    func words(_ key: String) -> [UInt32]? { (object[key] as? [NSNumber])?.map(\.uint32Value) }
    func values(_ key: String) -> [String: UInt64]? { (object[key] as? [String: NSNumber])?.mapValues(\.uint64Value) }
    if let access = words("w") {
      trace.entries.append((cycle, .write(access[0], access[1])))
    } else if let access = words("r") {
      trace.entries.append((cycle, .read(access[0], access[1])))
    } else if let access = words("l2r") {
      trace.entries.append((cycle, .l2Read(access[0], access[1])))
    } else if let access = words("l2w") {
      trace.entries.append((cycle, .l2Write(access[0], access[1], strobe: UInt8(access[2]))))
    } else if let memory = object["l2"] as? [Any], let address = memory[0] as? NSNumber, let hex = memory[1] as? String
    {
      let digits = Array(hex)
      let bytes = stride(from: 0, to: digits.count - 1, by: 2).map {
        UInt8(String(digits[$0...$0 + 1]), radix: 16) ?? 0
      }
      trace.entries.append((cycle, .memory(address.uint32Value, bytes)))
    } else if let event = object["event"] as? NSNumber {
      trace.entries.append((cycle, .event(event.intValue)))
    } else if let grants = object["gnt"] as? [String: NSNumber] {
      trace.entries.append((cycle, .grants(read: grants["r"]?.boolValue, write: grants["w"]?.boolValue)))
    } else if let trigger = object["trig"] as? NSNumber {
      trace.entries.append((cycle, .trigger(trigger.uint8Value)))
    } else if let pins = values("pin") {
      trace.entries.append((cycle, .pins(pins, quarter: quarter)))
    } else if let inputs = values("in") {
      trace.entries.append((cycle, .inputs(inputs, quarter: quarter)))
    } else {
      throw TraceError(message: "\(file.lastPathComponent):\(number + 1): unknown line")
    }
  }
  return trace
}
