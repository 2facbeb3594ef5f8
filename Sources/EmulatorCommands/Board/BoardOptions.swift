// Options that say what is connected to the pins, and the files behind the devices.

import ArgumentParser
import Foundation
import PULPissimo

/// `--board` and `--spi-flash` of `cli.md`, and further shorthands for devices.
struct BoardOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "What is connected to the pins, described in a board file. Default: flash and EEPROM, erased, in memory.",
      valueName: "FILE.yaml"))
  var board: String?

  @Option(
    name: .customLong("spi-flash"),
    help: ArgumentHelp(
      "Image file behind the board's SPI flash (chip select 0); what the firmware writes goes back into it at the end.",
      valueName: "FILE"))
  var spiFlash: String?

  @Option(
    help: ArgumentHelp(
      "Picture (PGM, PPM) that a camera at the camera interface sends. Repeatable.", valueName: "FILE"))
  var camera: [String] = []

  @Option(
    name: .customLong("audio-in"),
    help: ArgumentHelp("Sound that is played to the I2S receiver (profile p7).", valueName: "FILE.wav"))
  var audioIn: String?

  @Option(
    name: .customLong("audio-out"),
    help: ArgumentHelp("Where the sound of the I2S transmitter goes at the end (profile p7).", valueName: "FILE.wav"))
  var audioOut: String?

  @Option(
    name: .customLong("gpio-stimuli"),
    help: ArgumentHelp("Changes of GPIO pins from outside, a line each: cycle, pin, value.", valueName: "FILE"))
  var gpioStimuli: String?

  /// The board with its files, or a refusal: 64 to 66.
  func files(_ profile: MachineConfiguration.Profile) throws -> BoardFiles {
    var files = BoardFiles()
    if let board { files = try BoardFile(path: board).read() }
    if let spiFlash {
      guard let index = files.description.flashes.firstIndex(where: { $0.chipSelect == 0 }) else {
        throw HostError.usage("--spi-flash: the board has no flash behind chip select 0 of SPI master 0")
      }
      files.description.flashes[index].contents = try HostFiles.read(spiFlash)
      try files.checkFlash(index, path: spiFlash)
      files.flashPaths[index] = spiFlash
    }
    try addMedia(&files)
    if let gpioStimuli {
      let driven = Set(files.description.wires.map(\.to))
      files.description.stimuli += try StimulusFile(path: gpioStimuli).read(refusing: driven)
    }
    if files.description.audio != nil, profile != .p7 {
      throw HostError.usage("the board has something at the I2S interface, which only --profile p7 has")
    }
    if let path = files.recordingPath { try HostFiles.checkWritable(path) }
    return files
  }

  private func addMedia(_ files: inout BoardFiles) throws {
    if !camera.isEmpty {
      let pictures = try camera.map { try PictureFile(path: $0).read() }
      var sensor = files.description.camera ?? BoardDescription.Camera(pictures: [])
      if files.description.camera == nil, pictures.contains(where: { $0.channels == 3 }) { sensor.format = .rgb565 }
      if sensor.format.samplesPerPixel == 1, let index = pictures.firstIndex(where: { $0.channels == 3 }) {
        throw HostError.data("\(camera[index]): a colour picture; the board's camera is grey")
      }
      sensor.pictures = pictures
      files.description.camera = sensor
    }
    if let audioIn {
      var audio = files.description.audio ?? BoardDescription.Audio()
      guard !audio.isLoopedBack else {
        throw HostError.usage("--audio-in: the board's I2S transmitter is wired to the receiver")
      }
      audio.source = try WaveFile.read(audioIn)
      files.description.audio = audio
    }
    if let audioOut {
      var audio = files.description.audio ?? BoardDescription.Audio()
      if audio.recorder == nil { audio.recorder = .init() }
      files.description.audio = audio
      files.recordingPath = audioOut
    }
  }
}

/// A board's description with the files that contents come from and go to.
struct BoardFiles: Equatable {
  var description = BoardDescription.standard
  /// By the device's index in the description.
  var flashPaths: [Int: String] = [:]
  var eepromPaths: [Int: String] = [:]

  /// Where the recording of the I2S transmitter goes.
  var recordingPath: String?

  /// An image must fit the device.
  func checkFlash(_ index: Int, path: String) throws {
    let flash = description.flashes[index]
    guard flash.contents.count <= flash.configuration.size else {
      throw HostError.data(
        "\(path): \(flash.contents.count) bytes do not fit the flash of \(flash.configuration.size)")
    }
  }

  /// Writes back what the firmware changed; each file whole or not at all.
  func writeBack(_ board: Board) throws {
    for (index, path) in flashPaths.sorted(by: { $0.key < $1.key }) where board.flashes[index].isModified {
      try HostFiles.write(Data(board.flashes[index].contents), to: path)
    }
    for (index, path) in eepromPaths.sorted(by: { $0.key < $1.key }) where board.eeproms[index].isModified {
      try HostFiles.write(Data(board.eeproms[index].contents), to: path)
    }
    if let recordingPath, let recording = board.recording {
      try HostFiles.write(WaveFile.bytes(recording), to: recordingPath)
    }
  }
}
