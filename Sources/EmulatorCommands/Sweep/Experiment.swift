// An experiment: which images run on which machines with which requests. The cross product of all that is listed.
//
// The file (YAML):
//
//   name: array-geometry                                # optional
//   image: firmware/build/retnet-generate-{style}.elf   # {style} takes each of `styles`; or `images: [...]`
//   styles: [poll, irq, list]
//   parameters:                                         # as `pulpemu parameters` lists them; a value or a list
//     accelerator.macRows: [8, 16]
//     interconnect.contention: true
//   requests:                                           # shapes of retnet-generate's work; or one with lists
//     - {prompt: 24, generate: 8, chunk: 1}
//   region: main:exit_program                           # optional, as `pulpemu overhead --region`
//   maxCycles: 1000000000                               # optional
//
// Paths are relative to the file. Everything is checked before anything runs.

import FirmwareImage
import Foundation
import PULPissimo
import Yams

/// What a job is asked to generate.
struct SweepRequest: Sendable, Equatable, Encodable {
  /// Tokens of the prompt: those of the image's own request, repeated as often as it takes.
  var prompt: Int
  var generate: Int
  /// Rows of a prefill pass.
  var chunk: Int

  static let ranges: [(name: String, keyPath: WritableKeyPath<SweepRequest, Int> & Sendable, range: ClosedRange<Int>)] =
    [
      ("prompt", \.prompt, 1...GenerateRequest.maximumPrompt),
      ("generate", \.generate, 0...GenerateRequest.maximumGenerated),
      ("chunk", \.chunk, 1...64),
    ]
}

/// One run of an experiment.
struct SweepJob {
  let id: String
  let imagePath: String
  /// The image as the experiment names it.
  let image: String
  let style: String?
  let imageHash: String
  let parameters: [(path: String, text: String)]
  let configuration: MachineConfiguration
  let request: SweepRequest?
}

/// An experiment that has been read and checked.
struct Experiment {
  let path: String
  let name: String
  let region: String?
  let maxCycles: UInt64?
  /// In order of their ids; no two are the same.
  let jobs: [SweepJob]

  private static let keys: Set<String> = [
    "name", "image", "images", "styles", "parameters", "requests", "region", "maxCycles",
  ]

  /// True if no key in `node` is a list or a mapping.
  private static func hasPlainKeys(_ node: Node) -> Bool {
    switch node {
    case .mapping(let mapping): mapping.allSatisfy { $0.key.scalar != nil && hasPlainKeys($0.value) }
    case .sequence(let sequence): sequence.allSatisfy(hasPlainKeys)
    default: true
    }
  }

  init(path: String) throws {
    self.path = path
    let text = String(decoding: try HostFiles.read(path), as: UTF8.self)
    func refuse(_ reason: String) -> HostError { HostError.data("\(path): \(reason)") }
    let document: Node?
    do {
      document = try Yams.compose(yaml: text)
    } catch {
      throw refuse("is not YAML: \("\(error)".split(separator: "\n").first ?? "")")
    }
    // Yams traps where it makes a dictionary's key of a list or mapping.
    guard document.map(Self.hasPlainKeys) ?? true else { throw refuse("a key is a list or a mapping") }
    guard let root = document?.any as? [String: Any] else { throw refuse("is no experiment: a mapping is expected") }
    for key in root.keys.sorted() where !Self.keys.contains(key) {
      throw refuse("unknown key '\(key)'; known are \(Self.keys.sorted().joined(separator: ", "))")
    }
    name = (root["name"].map { "\($0)" }) ?? ((path as NSString).lastPathComponent as NSString).deletingPathExtension
    region = root["region"].map { "\($0)" }
    if let limit = root["maxCycles"] {
      guard let number = limit as? Int, number > 0 else {
        throw refuse("maxCycles takes a number above 0, not '\(limit)'")
      }
      maxCycles = UInt64(number)
    } else {
      maxCycles = nil
    }
    let images = try Self.images(root, refuse)
    let axes = try Self.parameters(root["parameters"], refuse)
    let requests = try Self.requests(root["requests"], refuse)
    let folder = HostFiles.folder(of: path)
    var jobs: [String: SweepJob] = [:]
    for (name, style) in images {
      let place = name.hasPrefix("/") || !path.contains("/") ? name : folder + "/" + name
      let image = try Session.image(place)
      if !requests.isEmpty, image.symbols["retnet_request"] == nil {
        throw refuse("\(name) takes no requests: it has no symbol retnet_request")
      }
      if let region { _ = try MeasurementOptions.addresses(region, in: image) }
      let hash = HostFiles.sha256(image.fileBytes)
      for parameters in Self.product(axes) {
        let configuration = try Self.configuration(parameters, refuse)
        for request in requests.isEmpty ? [nil] : requests.map(Optional.some) {
          let id = Self.id(hash, configuration, request, region: region, maxCycles: maxCycles)
          jobs[id] = SweepJob(
            id: id, imagePath: place, image: name, style: style, imageHash: hash, parameters: parameters,
            configuration: configuration, request: request)
        }
      }
    }
    guard !jobs.isEmpty else { throw refuse("there is nothing to run") }
    self.jobs = jobs.values.sorted { $0.id < $1.id }
  }

  // MARK: Parts

  private static func list(_ value: Any?) -> [Any] {
    guard let value else { return [] }
    return value as? [Any] ?? [value]
  }

  private static func images(
    _ root: [String: Any], _ refuse: (String) -> HostError
  ) throws -> [(name: String, style: String?)] {
    var names = list(root["images"]).map { "\($0)" }
    if let image = root["image"] { names.append("\(image)") }
    guard !names.isEmpty else { throw refuse("names no image: give 'image' or 'images'") }
    let styles = list(root["styles"]).map { "\($0)" }
    return try names.flatMap { name -> [(String, String?)] in
      guard name.contains("{style}") else { return [(name, nil)] }
      guard !styles.isEmpty else { throw refuse("'\(name)' needs 'styles'") }
      return styles.map { (name.replacing("{style}", with: $0), $0) }
    }
  }

  private static func parameters(
    _ value: Any?, _ refuse: (String) -> HostError
  ) throws -> [(path: String, texts: [String])] {
    guard let value else { return [] }
    guard let mapping = value as? [String: Any] else { throw refuse("'parameters' is no mapping") }
    return try mapping.sorted { $0.key < $1.key }.map { path, values in
      guard let parameter = MachineParameter.all.first(where: { $0.path == path }) else {
        throw refuse("no machine parameter '\(path)': `pulpemu parameters` lists them")
      }
      let texts = list(values).map { "\($0)" }
      guard !texts.isEmpty else { throw refuse("\(path) has no value") }
      for text in texts {
        var scratch = MachineConfiguration()
        if let problem = parameter.set(text, in: &scratch) { throw refuse(problem) }
      }
      return (path, texts)
    }
  }

  private static func product(_ axes: [(path: String, texts: [String])]) -> [[(path: String, text: String)]] {
    axes.reduce([[]]) { rows, axis in
      rows.flatMap { row in axis.texts.map { row + [(axis.path, $0)] } }
    }
  }

  private static func configuration(
    _ parameters: [(path: String, text: String)], _ refuse: (String) -> HostError
  ) throws -> MachineConfiguration {
    var configuration = MachineConfiguration()
    for (path, text) in parameters {
      guard let parameter = MachineParameter.all.first(where: { $0.path == path }) else { continue }
      if let problem = parameter.set(text, in: &configuration) { throw refuse(problem) }
    }
    do {
      try configuration.accelerator.validate()
    } catch {
      throw refuse("\(error)")
    }
    return configuration
  }

  private static func requests(_ value: Any?, _ refuse: (String) -> HostError) throws -> [SweepRequest] {
    try list(value).flatMap { entry -> [SweepRequest] in
      guard let mapping = entry as? [String: Any] else { throw refuse("a request is a mapping, not '\(entry)'") }
      for key in mapping.keys where !SweepRequest.ranges.contains(where: { $0.name == key }) {
        throw refuse("a request has prompt, generate and chunk, not '\(key)'")
      }
      var rows = [SweepRequest(prompt: 24, generate: 8, chunk: 1)]
      for (name, keyPath, range) in SweepRequest.ranges {
        guard let given = mapping[name] else { continue }
        let numbers = try list(given).map { number in
          guard let number = number as? Int, range.contains(number) else {
            throw refuse("\(name) takes \(range.lowerBound) to \(range.upperBound), not '\(number)'")
          }
          return number
        }
        rows = rows.flatMap { row in
          numbers.map { number in
            var row = row
            row[keyPath: keyPath] = number
            return row
          }
        }
      }
      return rows
    }
  }

  // MARK: Identity

  /// A job's id: a digest of everything that its result depends on.
  private static func id(
    _ imageHash: String, _ configuration: MachineConfiguration, _ request: SweepRequest?, region: String?,
    maxCycles: UInt64?
  ) -> String {
    var text = "pulpemu-sweep/1\n\(Pulpemu.configuration.version)\n\(imageHash)\n"
    text += "\(region ?? "")\n\(maxCycles.map(String.init) ?? "")\n"
    for (path, value) in differences(configuration).sorted(by: { $0.key < $1.key }) { text += "\(path)=\(value)\n" }
    if let request { text += "\(request.prompt) \(request.generate) \(request.chunk)\n" }
    return String(HostFiles.sha256(Array(text.utf8)).prefix(20))
  }

  /// The parameters that are not at their defaults.
  static func differences(_ configuration: MachineConfiguration) -> [String: String] {
    let standard = MachineConfiguration()
    var result: [String: String] = [:]
    for parameter in MachineParameter.all where parameter.text(in: configuration) != parameter.text(in: standard) {
      result[parameter.path] = parameter.text(in: configuration)
    }
    return result
  }
}
