// The parts of a board file about pictures and sound: the sensor at the camera interface, what is at the I2S interface.

import PULPissimo
import Peripherals
import Yams

extension BoardFile {
  func readCamera(_ node: Node) throws -> BoardDescription.Camera {
    let keys = try map(
      node, "camera",
      keys: [
        "pictures", "format", "pixel-cycles", "vsync", "vsync-pixels", "front-pixels", "line-blank-pixels",
        "back-pixels", "start", "repeat",
      ])
    guard let pictures = keys["pictures"] else { throw refusal(node, "a camera needs pictures") }
    let names = pictures.scalar == nil ? try list(pictures, "pictures") : [pictures]
    guard !names.isEmpty else { throw refusal(pictures, "pictures: at least one") }
    var format = CameraFormat.gray8
    if let name = keys["format"] {
      guard let known = CameraFormat(rawValue: try string(name, "format")) else {
        throw refusal(name, "format takes \(CameraFormat.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      format = known
    }
    var camera = BoardDescription.Camera(
      pictures: try names.map { name in
        let path = try resolved(name)
        let picture = try PictureFile(path: path).read()
        guard picture.channels == 1 || format.samplesPerPixel == 2 else {
          throw refusal(name, "\(path) is a colour picture; format \(format.rawValue) is grey")
        }
        return picture
      })
    camera.format = format
    let most: ClosedRange<UInt64> = 0...1 << 32
    if let node = keys["pixel-cycles"] {
      camera.timing.pixelCycles = try number(node, "pixel-cycles", 2...1 << 20)
    }
    if let node = keys["vsync"] {
      switch try string(node, "vsync") {
      case "pulse": camera.timing.isVsyncLong = false
      case "frame": camera.timing.isVsyncLong = true
      default: throw refusal(node, "vsync takes pulse or frame")
      }
    }
    if let node = keys["vsync-pixels"] { camera.timing.vsync = try number(node, "vsync-pixels", 1...1 << 32) }
    if let node = keys["front-pixels"] { camera.timing.front = try number(node, "front-pixels", most) }
    if let node = keys["line-blank-pixels"] {
      camera.timing.lineBlank = try number(node, "line-blank-pixels", most)
    }
    if let node = keys["back-pixels"] { camera.timing.back = try number(node, "back-pixels", most) }
    if let node = keys["start"], try string(node, "start") != "enable" {
      camera.timing.start = try number(node, "start (or enable)", 0...1 << 62)
    }
    if let node = keys["repeat"] { camera.timing.repeats = try flag(node, "repeat") }
    return camera
  }

  func readAudio(_ node: Node, _ files: inout BoardFiles) throws {
    let keys = try map(node, "audio", keys: ["source", "recorder", "loopback"])
    var audio = BoardDescription.Audio()
    if let source = keys["source"] {
      let parts = try map(source, "source", keys: ["file", "repeat"])
      guard let file = parts["file"] else { throw refusal(source, "a source needs a file") }
      audio.source = try WaveFile.read(try resolved(file))
      if let node = parts["repeat"] { audio.repeats = try flag(node, "repeat") }
    }
    if let recorder = keys["recorder"] {
      let parts = try map(recorder, "recorder", keys: ["file", "bits", "rate"])
      var description = BoardDescription.Audio.Recorder()
      if let node = parts["bits"] {
        description.bits = Int(try number(node, "bits", 8...32))
        guard description.bits % 8 == 0 else { throw refusal(node, "bits takes 8, 16, 24 or 32") }
      }
      if let node = parts["rate"] { description.rate = Int(try number(node, "rate", 1...1_000_000)) }
      if let node = parts["file"] { files.recordingPath = try resolved(node) }
      audio.recorder = description
    }
    if let loopback = keys["loopback"] {
      audio.isLoopedBack = try flag(loopback, "loopback")
      if audio.isLoopedBack, audio.source != nil {
        throw refusal(loopback, "the receiver's data line is driven twice: by the source and by the transmitter")
      }
    }
    files.description.audio = audio
  }
}
