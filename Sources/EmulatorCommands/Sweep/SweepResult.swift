// The result of one job of a sweep: a line of JSON that depends on nothing but the job.

import Foundation
import Instrumentation
import PULPissimo

/// A line of a sweep's results.
struct SweepResult: Encodable {
  let schema = "pulpemu-sweep/1"
  let job: String
  let version: String
  let image: String
  let style: String?
  let sha256: String
  /// Every parameter that the experiment sets.
  let parameters: [String: String]
  let request: SweepRequest?
  let exit: Statistics.Exit
  let cycles: UInt64
  let instructions: UInt64
  let host: Statistics.Host
  let accelerator: Accelerator
  let overhead: OverheadReport
  let operations: [OperationTotal]
  let energy: EnergyReport?
  /// Digest of the generated tokens; nil if there are none.
  let tokens: String?

  /// The accelerator's totals, without its jobs.
  struct Accelerator: Encodable {
    let jobs: UInt64
    let descriptors: UInt64
    let busyCycles: UInt64
    let stallCycles: UInt64
    let idleCycles: UInt64
    let macs: UInt64
    let bytesRead: UInt64
    let bytesWritten: UInt64
    let errors: UInt64
  }

  enum CodingKeys: String, CodingKey {
    case schema, job, version, image, style, sha256, parameters, request, exit, cycles, instructions, host, accelerator
    case overhead, operations, energy, tokens
  }

  /// Runs `job`.
  init(_ job: SweepJob, of experiment: Experiment) throws {
    let image = try Session.image(job.imagePath)
    let measurement = Measurement(
      path: job.image, image: image, configuration: job.configuration,
      region: try experiment.region.map { try MeasurementOptions.addresses($0, in: image) },
      limits: RunLimits(cycles: experiment.maxCycles ?? UInt64.max - 1),
      prepare: { session in try job.request?.write(to: session) }, profiles: false, comparesContention: false,
      isQuiet: true)
    let (session, end, statistics) = try measurement.run()
    if end.reason == .interrupted { throw HostError(status: ExitStatus.interrupted, description: "interrupted") }
    self.job = job.id
    version = Pulpemu.configuration.version
    self.image = job.image
    style = job.style
    sha256 = job.imageHash
    parameters = Dictionary(job.parameters.map { ($0.path, $0.text) }, uniquingKeysWith: { $1 })
    request = job.request
    exit = statistics.exit
    cycles = statistics.cycles
    instructions = statistics.instructions
    host = statistics.host
    let a = statistics.accelerator
    accelerator = Accelerator(
      jobs: a.jobs, descriptors: a.descriptors, busyCycles: a.busyCycles, stallCycles: a.stallCycles,
      idleCycles: a.idleCycles, macs: a.macs, bytesRead: a.bytesRead, bytesWritten: a.bytesWritten, errors: a.errors)
    overhead = statistics.overhead
    operations = statistics.operations ?? []
    energy = statistics.energy
    tokens = (GenerateRequest.result(of: session)).flatMap { tokens in
      tokens.isEmpty
        ? nil : String(HostFiles.sha256(Array(tokens.map(String.init).joined(separator: " ").utf8)).prefix(16))
    }
  }

  /// The line, without its end.
  func line() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(self) else { throw HostError.cannotCreate("a result cannot be encoded") }
    return String(decoding: data, as: UTF8.self)
  }
}

extension SweepRequest {
  /// Puts the request where the firmware looks for it; its tokens are the image's own, repeated.
  func write(to session: Session) throws {
    guard let symbol = session.image.symbols["retnet_request"],
      let head = session.machine.words(symbol.address, count: 2), head[0] == GenerateRequest.magic, head[1] > 0,
      head[1] <= UInt32(GenerateRequest.maximumPrompt),
      let own = session.machine.words(symbol.address &+ 16, count: Int(head[1]))
    else { throw HostError.data("\(session.image.path): retnet_request holds no request of its own") }
    let tokens = (0..<prompt).map { own[$0 % own.count] }
    try GenerateRequest(prompt: tokens, count: generate, chunk: chunk).write(to: session)
  }
}

/// Results by job, as files hold them.
struct SweepLines {
  private(set) var lines: [String: String] = [:]

  /// The text of a results file: in order of jobs.
  var text: String { lines.sorted { $0.key < $1.key }.map { $0.value + "\n" }.joined() }

  /// Adds the lines of `path`. `isPartial`: a last line that was cut off is left out.
  mutating func read(_ path: String, isPartial: Bool = false) throws {
    let bytes = try HostFiles.read(path)
    let parts = bytes.split(separator: 10, omittingEmptySubsequences: false)
    for (index, part) in parts.enumerated() where !part.isEmpty {
      let line = String(decoding: part, as: UTF8.self)
      guard let id = Self.job(of: line) else {
        // Only a line without its end can have been cut off.
        if isPartial, index == parts.count - 1 { continue }
        throw HostError.data("\(path): line \(index + 1) is no result of a sweep")
      }
      if isPartial, index == parts.count - 1 { continue }
      try add(id, line, path)
    }
  }

  mutating func add(_ id: String, _ line: String, _ path: String) throws {
    if let other = lines[id], other != line {
      throw HostError.data("\(path): job \(id) has another result than in a file before")
    }
    lines[id] = line
  }

  /// The job that `line` is a result of; nil if it is none.
  static func job(of line: String) -> String? {
    guard let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
      object["schema"] as? String == "pulpemu-sweep/1"
    else { return nil }
    return object["job"] as? String
  }
}
