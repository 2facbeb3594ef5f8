// The board: devices built from a description and wired to the chip's pins.

import HardwareModel
import Peripherals

/// The devices behind a machine's pins.
public final class Board {
  public let description: BoardDescription
  /// In the order of the description.
  public let flashes: [SPINORFlash]
  public let eeproms: [I2CEEPROM]
  public let pads: PadRing

  init(_ description: BoardDescription, queue: EventQueue) {
    self.description = description
    flashes = description.flashes.map { SPINORFlash($0.configuration, contents: $0.contents) }
    eeproms = description.eeproms.map { I2CEEPROM($0.configuration, contents: $0.contents) }
    pads = PadRing(queue: queue, wires: description.wires, stimuli: description.stimuli)
  }

  /// Wires the devices to the masters' pins.
  func connect(_ udma: UDMA, diagnostics: @escaping DiagnosticSink) {
    var selects: [(any SPIDevice)?] = [nil, nil, nil, nil]
    for (part, device) in zip(description.flashes, flashes) where selects.indices.contains(part.chipSelect) {
      selects[part.chipSelect] = device
      device.diagnostics = diagnostics
    }
    if selects.contains(where: { $0 != nil }) { udma.spim?.bus = SPIWiring(devices: selects) }
    for (number, master) in udma.i2c.enumerated() {
      var devices: [any I2CDevice] = []
      for (part, device) in zip(description.eeproms, eeproms) where part.bus == number { devices.append(device) }
      for part in description.thermometers where part.bus == number {
        devices.append(
          I2CThermometer(address: part.address, temperatures: part.readings.map { ($0.from, $0.value) }))
      }
      // The wires themselves: a bus without slaves shows what the master does.
      master.bus = I2CWiring(devices: devices)
    }
    udma.uart?.isLoopedBack = description.isUARTLoopedBack
  }
}
