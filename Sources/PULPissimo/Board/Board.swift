// The board: devices built from a description and wired to the chip's pins.

import HardwareModel
import Peripherals

/// The devices behind a machine's pins.
public final class Board {
  public let description: BoardDescription
  /// In the order of the description.
  public let flashes: [SPINORFlash]
  public let eeproms: [I2CEEPROM]
  /// The sensor at the camera interface.
  public let sensor: CameraSensor?
  /// What is recorded at the I2S transmitter.
  public var recording: AudioSamples? { audio?.recorder?.samples }
  private let audio: I2SWiring?
  public let pads: PadRing

  init(_ description: BoardDescription, queue: EventQueue) {
    self.description = description
    flashes = description.flashes.map { SPINORFlash($0.configuration, contents: $0.contents) }
    eeproms = description.eeproms.map { I2CEEPROM($0.configuration, contents: $0.contents) }
    sensor = description.camera.map { CameraSensor($0.pictures, format: $0.format, timing: $0.timing) }
    audio = description.audio.map { audio in
      I2SWiring(
        source: audio.source.map { I2SSource($0, repeats: audio.repeats) },
        recorder: audio.recorder.map { I2SRecorder(bits: $0.bits, rate: $0.rate) }, isLoopedBack: audio.isLoopedBack)
    }
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
    udma.camera?.sensor = sensor
    udma.i2s?.bus = audio
    udma.uart?.isLoopedBack = description.isUARTLoopedBack
  }
}
