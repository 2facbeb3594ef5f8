// Board files: YAML that says what is connected to the chip's pins.
//
//     name: mine
//     spi:  [{device: flash, chip-select: 0, file: image.bin, size: 32M}]
//     i2c:  [{device: eeprom, bus: 0, address: 0x50}, {device: thermometer, address: 0x48, celsius: 21.5}]
//     uart: {loopback: true}
//     camera: {pictures: [a.pgm, b.pgm], format: gray8}
//     audio: {source: {file: in.wav}, recorder: {file: out.wav}}
//     gpio: {wires: [{from: 0-15, to: 16-31}], stimuli: [{cycle: 1000, pin: 3, level: 1}]}
//
// Every key is optional; one that means nothing is refused with file, line and reason (65). Files are named relative to
// the board file.

import Foundation
import PULPissimo
import Yams

/// Reads one board file.
struct BoardFile: DescriptionFile {
  let path: String

  /// The board and the files behind its devices.
  func read() throws -> BoardFiles {
    guard let text = String(bytes: try HostFiles.read(path), encoding: .utf8) else {
      throw HostError.data("\(path): not UTF-8 text")
    }
    var files = BoardFiles()
    files.description = .bare
    guard let root = try root(text) else { return files }
    let top = try map(root, "the board", keys: ["name", "spi", "i2c", "uart", "camera", "audio", "gpio"])
    if let name = top["name"] { files.description.name = try string(name, "name") }
    for node in try list(top["spi"], "spi") { try readFlash(node, &files) }
    for node in try list(top["i2c"], "i2c") { try readI2C(node, &files) }
    if let uart = top["uart"] {
      let keys = try map(uart, "uart", keys: ["loopback"])
      if let loopback = keys["loopback"] { files.description.isUARTLoopedBack = try flag(loopback, "loopback") }
    }
    if let camera = top["camera"] { files.description.camera = try readCamera(camera) }
    if let audio = top["audio"] { try readAudio(audio, &files) }
    if let gpio = top["gpio"] { try readGPIO(gpio, &files) }
    return files
  }
}
