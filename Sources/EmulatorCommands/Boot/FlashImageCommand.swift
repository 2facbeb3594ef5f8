// `pulpemu flash-image`: a firmware image as the boot ROM finds it in the serial flash.

import ArgumentParser
import FirmwareImage
import Foundation
import PULPissimo

/// Writes the flash image of a program.
struct FlashImageCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "flash-image",
    abstract: "Write a firmware image for the SPI flash, from which the boot ROM loads it.",
    discussion: """
      The layout is that of PULP's own tools; firmware/boot/boot_rom.S describes it.

      Examples:
        pulpemu flash-image firmware/build/hello.elf -o hello.img
        pulpemu run --boot rom --spi-flash hello.img firmware/build/hello.elf

      Exit status: 65 if the file is not a loadable RV32 ELF or does not fit the memory map, 66 if it cannot be read, \
      73 if the image cannot be written.
      """)

  @Argument(help: "The ELF file.")
  var firmware: String

  @Option(name: [.customShort("o"), .customLong("output")], help: ArgumentHelp("The image.", valueName: "IMAGE"))
  var output: String

  @Flag(help: "Do not list what the image holds.")
  var quiet = false

  func run() throws {
    try Console.reporting {
      let image = try Session.image(firmware)
      let flash: FlashImage
      do throws(FirmwareImageError) {
        let parts = try image.place(
          in: Machine.ranges(interleaved: UInt64(MemoryMap.interleavedWindow)), aliases: [Machine.dataAlias])
        flash = FlashImage(entry: image.entry, parts: parts)
      } catch {
        throw HostError(status: error.exitStatus, description: error.description)
      }
      let bytes = flash.bytes
      if output == "-" {
        try Console.outputFile(Data(bytes))
      } else {
        try HostFiles.checkWritable(output)
        try HostFiles.write(Data(bytes), to: output)
      }
      guard !quiet, output != "-" else { return }
      Console.output("entry \(Session.hex(flash.entry)), \(bytes.count) bytes of flash")
      for (index, area) in flash.areas.enumerated() {
        Console.output(
          "area \(index): \(area.data.count) bytes from \(Session.hex(area.offset)) of the flash to "
            + "\(Session.hex(area.address))" + (area.zeroCount > 0 ? ", then \(area.zeroCount) zeros" : ""))
      }
    }
  }
}
