// Options that say what is connected to the pins, and the files behind the devices.

import ArgumentParser
import Foundation
import PULPissimo

/// `--board` and `--spi-flash` of `cli.md`.
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

  /// The board with its files, or a refusal: 64 to 66.
  func files() throws -> BoardFiles {
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
    return files
  }
}

/// A board's description with the files that contents come from and go to.
struct BoardFiles {
  var description = BoardDescription.standard
  /// By the device's index in the description.
  var flashPaths: [Int: String] = [:]
  var eepromPaths: [Int: String] = [:]

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
  }
}
