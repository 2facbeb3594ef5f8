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
