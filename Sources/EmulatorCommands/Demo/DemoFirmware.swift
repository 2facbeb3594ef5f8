// The demo's firmware images and how requests and results pass through memory.
//
// The layout is that of firmware/examples/retnet-generate/request.h and firmware/examples/retnet-digits/digits.h.

import FirmwareImage
import Foundation
import Instrumentation
import PULPissimo

/// How the host of the demo drives the accelerator.
enum HostStyle: String, CaseIterable {
  case poll, irq, queue, list, host
}

/// Where the built firmware and the model manifests lie.
struct DemoFirmware {
  let folder: String
  let models: String

  /// `path`: the folder with the ELF files; nil: firmware/build of the working directory or of the executable's checkout.
  init(_ path: String?) throws {
    let manager = FileManager.default
    var roots = [manager.currentDirectoryPath]
    var place = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    for _ in 0..<5 {
      roots.append(place.path)
      place.deleteLastPathComponent()
    }
    let candidates = path.map { [$0] } ?? roots.map { $0 + "/firmware/build" }
    guard let folder = candidates.first(where: { manager.fileExists(atPath: $0 + "/retnet-generate-list.elf") }) else {
      throw HostError.noInput(
        "the demo's firmware is not built: run `make -C firmware` (or scripts/demo), or name its folder with --firmware"
      )
    }
    self.folder = folder
    models = HostFiles.folder(of: folder) + "/models"
  }

  func image(_ name: String) throws -> FirmwareImage { try Session.image(folder + "/\(name).elf") }
}

/// A request to retnet-generate.
struct GenerateRequest {
  static let magic: UInt32 = 0x5154_4E52
  static let resultMagic: UInt32 = 0x5254_4E52
  static let maximumPrompt = 2048
  static let maximumGenerated = 2048

  var prompt: [UInt32]
  var count: Int
  /// Rows of a prefill job.
  var chunk: Int

  /// Puts the request where the firmware looks for it.
  func write(to session: Session) throws {
    guard let symbol = session.image.symbols["retnet_request"] else {
      throw HostError.data("\(session.image.path): has no symbol retnet_request")
    }
    let words = [Self.magic, UInt32(prompt.count), UInt32(count), UInt32(chunk)] + prompt
    let bytes = words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(8 * $0)) } }
    guard session.machine.write(bytes, at: symbol.address) else {
      throw HostError.data("\(session.image.path): retnet_request does not lie in memory")
    }
  }

  /// The tokens that the firmware generated; nil if it did not finish.
  static func result(of session: Session) -> [UInt32]? {
    guard let symbol = session.image.symbols["retnet_result"],
      let head = session.machine.words(symbol.address, count: 3), head[0] == resultMagic, head[1] == 0,
      head[2] <= UInt32(maximumGenerated)
    else { return nil }
    return session.machine.words(symbol.address &+ 12, count: Int(head[2]))
  }
}

/// A request to retnet-digits: up to 128 images of 64 pixels.
struct DigitsRequest {
  static let magic: UInt32 = 0x5147_4944
  static let resultMagic: UInt32 = 0x5247_4944
  static let maximumImages = 128
  static let pixels = 64

  var images: [[UInt8]]

  func write(to session: Session) throws {
    guard let symbol = session.image.symbols["digits_request"] else {
      throw HostError.data("\(session.image.path): has no symbol digits_request")
    }
    let head = [Self.magic, UInt32(images.count)].flatMap { word in
      (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(8 * $0)) }
    }
    guard session.machine.write(head + images.flatMap { $0 }, at: symbol.address) else {
      throw HostError.data("\(session.image.path): digits_request does not lie in memory")
    }
  }

  /// Predictions under the manifest's names.
  static func result(of session: Session, count: Int) -> [String: [UInt8]]? {
    guard let symbol = session.image.symbols["digits_result"],
      let head = session.machine.words(symbol.address, count: 2), head[0] == resultMagic, head[1] == UInt32(count)
    else { return nil }
    var result: [String: [UInt8]] = [:]
    for (index, key) in ["parallel_C64", "chunk_C16", "recurrent_C1"].enumerated() {
      result[key] = session.machine.read(symbol.address &+ UInt32(8 + index * maximumImages), count: count)
    }
    return result
  }
}

extension Machine {
  /// `count` words at `address`, or nil if they do not lie in memory.
  func words(_ address: UInt32, count: Int) -> [UInt32]? {
    guard let bytes = read(address, count: 4 * count) else { return nil }
    return (0..<count).map { index in
      (0..<4).reduce(0) { $0 | UInt32(bytes[4 * index + $1]) << UInt32(8 * $1) }
    }
  }
}
