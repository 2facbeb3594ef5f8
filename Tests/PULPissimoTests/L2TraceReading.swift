// Reads traces of the L2 interconnect from JSON lines.

import Foundation
import HardwareModel
import PULPissimo
import TestSupport

/// Why a trace file could not be read.
struct L2TraceError: Error {
  var message: String
}

/// Every L2 trace of the repository, in order of name.
func l2Traces() throws -> [URL] {
  try FileManager.default.contentsOfDirectory(
    at: Repository.root.appendingPathComponent("Tests/RTLTraces/l2"), includingPropertiesForKeys: nil
  )
  .filter { $0.pathExtension == "jsonl" }
  .sorted { $0.lastPathComponent < $1.lastPathComponent }
}

/// The trace in `file`: a header line, then one line per access.
func readL2Trace(_ file: URL) throws -> L2Trace {
  let names: [String: L2Master] = [
    "FD": .coreData, "FI": .coreInstruction, "TX": .udmaTransmit, "RX": .udmaReceive, "DBG": .debug,
    "H0": .accelerator0, "H1": .accelerator1, "H2": .accelerator2, "H3": .accelerator3,
  ]
  func number(_ value: Any?) -> UInt64? {
    if let text = value as? String { return UInt64(text.dropFirst(2), radix: 16) }
    return (value as? NSNumber)?.uint64Value
  }
  var trace = L2Trace(name: file.lastPathComponent, accesses: [])
  for (index, line) in try String(contentsOf: file, encoding: .utf8).split(separator: "\n").enumerated() {
    guard let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] else {
      throw L2TraceError(message: "\(file.lastPathComponent):\(index + 1): not an object")
    }
    if index == 0 {
      trace.waitStates = Int(number(object["apb_ws"]) ?? 0)
      continue
    }
    guard let name = object["m"] as? String, let master = names[name], let request = number(object["req"]),
      let address = number(object["addr"]), let grant = number(object["gnt"]), let response = number(object["rsp"])
    else { throw L2TraceError(message: "\(file.lastPathComponent):\(index + 1): not an access") }
    trace.accesses.append(
      L2Trace.Access(
        master: master, address: Address(truncatingIfNeeded: address), isWrite: number(object["we"]) == 1,
        request: request, grant: grant, response: response, hasError: number(object["err"]) == 1,
        errorData: number(object["rd"]).map { UInt32(truncatingIfNeeded: $0) },
        earliest: number(object["at"]) ?? 0, gap: number(object["gap"]) ?? 1,
        beat: number(object["beat"]).map { Int($0) }))
  }
  return trace
}
