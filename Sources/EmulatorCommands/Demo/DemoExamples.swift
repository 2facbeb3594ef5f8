// `pulpemu demo --examples`: the shipped models on other people's prompts and images.

import Foundation
import PULPissimo

/// Runs the firmware on every entry of a file and compares what comes out with what the file expects.
struct DemoExamples {
  let firmware: DemoFirmware
  let styles: [HostStyle]
  let configuration: MachineConfiguration
  let isQuiet: Bool

  /// Number of values that differ. Fills the entries' keys with what came out.
  func run(_ file: inout ExampleFile, path: String) throws -> Int {
    file.isDigits ? try digits(&file, path: path) : try generate(&file, path: path)
  }

  // MARK: charlm

  private func generate(_ file: inout ExampleFile, path: String) throws -> Int {
    let vocabulary = try Vocabulary(manifest: firmware.models + "/charlm.json")
    let requests = try file.entries.enumerated().map { index, entry in
      try request(entry, "\(path): example \(index)", vocabulary)
    }
    var differences = 0
    for (index, request) in requests.enumerated() {
      for chunk in [1, 16] {
        let key = "greedy_C\(chunk)"
        let textKey = "text_C\(chunk)"
        let expected = (file.entries[index][key] as? [Any])?.map { ($0 as? NSNumber)?.intValue ?? -1 }
        let expectedText = file.entries[index][textKey] as? String
        for style in styles {
          var request = request
          request.chunk = chunk
          let tokens = try run(request, style, "\(path): example \(index)")
          let text = vocabulary.text(tokens)
          if let expected, expected != tokens.map(Int.init) {
            differences += 1
            Console.output("DIFFERS example \(index) \(key) \(style.rawValue): expected \(expected), got \(tokens)")
          } else if let expectedText, expectedText != text {
            differences += 1
            Console.output(
              "DIFFERS example \(index) \(textKey) \(style.rawValue): expected '\(expectedText)', got '\(text)'")
          } else {
            Console.output("ok      example \(index) C=\(chunk) \(style.rawValue): \(Self.visible(text))")
          }
          file.entries[index][key] = tokens.map(Int.init)
          file.entries[index][textKey] = text
          if Interrupts.isRaised { return differences }
        }
      }
    }
    return differences
  }

  private func request(_ entry: [String: Any], _ what: String, _ vocabulary: Vocabulary) throws -> GenerateRequest {
    guard let prompt = entry["prompt"] as? String else { throw HostError.data("\(what): has no 'prompt'") }
    guard let number = entry["n"] as? NSNumber, number.doubleValue == Double(number.intValue), number.intValue >= 0
    else { throw HostError.data("\(what): 'n' is not a number of tokens") }
    let tokens = try vocabulary.tokens(prompt, what)
    guard !tokens.isEmpty else { throw HostError.data("\(what): the prompt is empty") }
    guard tokens.count <= GenerateRequest.maximumPrompt else {
      throw HostError.data(
        "\(what): the prompt has \(tokens.count) characters; at most \(GenerateRequest.maximumPrompt) fit")
    }
    guard number.intValue <= GenerateRequest.maximumGenerated else {
      throw HostError.data("\(what): n is \(number); at most \(GenerateRequest.maximumGenerated) tokens fit")
    }
    return GenerateRequest(prompt: tokens, count: number.intValue, chunk: 1)
  }

  private func run(_ request: GenerateRequest, _ style: HostStyle, _ what: String) throws -> [UInt32] {
    let session = try session("retnet-generate-\(style.rawValue)")
    try request.write(to: session)
    let end = session.run(limits: RunLimits())
    if end.reason == .interrupted { return [] }
    guard end.reason == .exit, end.code == 0, let tokens = GenerateRequest.result(of: session) else {
      throw HostError(
        status: max(1, Session.status(end)),
        description: "\(what), style \(style.rawValue): \(session.lastLine(end))")
    }
    return tokens
  }

  private func session(_ name: String) throws -> Session {
    try Session(
      image: try firmware.image(name), configuration: configuration, output: GuestOutput(descriptor: -1),
      isQuiet: isQuiet)
  }

  private static func visible(_ text: String) -> String {
    text.replacingOccurrences(of: "\n", with: "\\n")
  }

  // MARK: digits

  private func digits(_ file: inout ExampleFile, path: String) throws -> Int {
    let images = try file.entries.enumerated().map { index, entry in
      try pixels(entry["tokens"], "\(path): test \(index)")
    }
    var differences = 0
    var correct = 0
    var labelled = 0
    for start in stride(from: 0, to: images.count, by: DigitsRequest.maximumImages) {
      let part = Array(images[start..<min(start + DigitsRequest.maximumImages, images.count)])
      let session = try session("retnet-digits")
      try DigitsRequest(images: part).write(to: session)
      let end = session.run(limits: RunLimits())
      if end.reason == .interrupted { return differences }
      guard end.reason == .exit, let result = DigitsRequest.result(of: session, count: part.count) else {
        throw HostError(status: max(1, Session.status(end)), description: "\(path): \(session.lastLine(end))")
      }
      for offset in part.indices {
        let index = start + offset
        for (key, values) in result.sorted(by: { $0.key < $1.key }) {
          let got = Int(values[offset])
          if let expected = (file.entries[index][key] as? NSNumber)?.intValue, expected != got {
            differences += 1
            Console.output("DIFFERS test \(index) \(key): expected \(expected), got \(got)")
          }
          file.entries[index][key] = got
        }
        if let label = (file.entries[index]["label"] as? NSNumber)?.intValue {
          labelled += 1
          if label == Int(result["parallel_C64"]?[offset] ?? 255) { correct += 1 }
        }
      }
    }
    let accuracy = labelled > 0 ? ", \(correct) of \(labelled) labels right" : ""
    Console.output("\(images.count) images in 3 forms: \(differences) differ\(accuracy)")
    return differences
  }

  private func pixels(_ value: Any?, _ what: String) throws -> [UInt8] {
    guard let list = value as? [NSNumber], list.count == DigitsRequest.pixels else {
      throw HostError.data("\(what): 'tokens' is not a list of \(DigitsRequest.pixels) pixel values")
    }
    return try list.map { number in
      guard (0...16).contains(number.intValue), number.doubleValue == Double(number.intValue) else {
        throw HostError.data("\(what): \(number) is no pixel value (0 to 16)")
      }
      return UInt8(number.intValue)
    }
  }
}
