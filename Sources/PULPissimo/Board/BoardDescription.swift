// What is connected to the chip's pins: the description from which a board is built.
//
// Files do not occur here: contents come in and go out as bytes. The command line's board files are read by
// EmulatorCommands.

import HardwareModel
import Peripherals

/// What is behind the pins.
public struct BoardDescription: Sendable, Equatable {
  /// A serial NOR flash behind a chip select of SPI master 0.
  public struct Flash: Sendable, Equatable {
    public var name: String
    public var chipSelect: Int
    public var configuration = SPINORFlashConfiguration()
    /// The image, from address 0 on; the rest is erased.
    public var contents: [UInt8] = []

    public init(name: String = "flash", chipSelect: Int = 0) {
      self.name = name
      self.chipSelect = chipSelect
    }
  }

  /// A serial EEPROM on an I2C bus.
  public struct EEPROM: Sendable, Equatable {
    public var name: String
    public var bus: Int
    public var configuration = I2CEEPROMConfiguration()
    /// From address 0 on; the rest is erased.
    public var contents: [UInt8] = []

    public init(name: String = "eeprom", bus: Int = 0) {
      self.name = name
      self.bus = bus
    }
  }

  /// A temperature sensor on an I2C bus.
  public struct Thermometer: Sendable, Equatable {
    /// A temperature in 1/256 of a degree Celsius from a cycle on.
    public struct Reading: Sendable, Equatable {
      public var from: Cycle
      public var value: Int16

      public init(from: Cycle, value: Int16) {
        self.from = from
        self.value = value
      }
    }

    public var bus: Int
    /// Seven bits.
    public var address: UInt8 = 0x48
    /// In ascending order of cycles.
    public var readings = [Reading(from: 0, value: 25 * 256)]

    public init(bus: Int = 0) { self.bus = bus }
  }

  /// A wire from one GPIO pin to another.
  public struct Wire: Sendable, Equatable {
    public var from: Int
    public var to: Int

    public init(from: Int, to: Int) {
      self.from = from
      self.to = to
    }
  }

  /// A GPIO pin is driven from outside from a cycle on.
  public struct Stimulus: Sendable, Equatable {
    public var cycle: Cycle
    public var pin: Int
    public var level: Bool

    public init(cycle: Cycle, pin: Int, level: Bool) {
      self.cycle = cycle
      self.pin = pin
      self.level = level
    }
  }

  /// An image sensor at the camera interface.
  public struct Camera: Sendable, Equatable {
    public var pictures: [CameraPicture]
    public var format = CameraFormat.gray8
    public var timing = CameraTiming()

    public init(pictures: [CameraPicture]) { self.pictures = pictures }
  }

  /// What is at the I2S interface (P7).
  public struct Audio: Sendable, Equatable {
    /// Played to the receiver.
    public var source: AudioSamples?
    public var repeats = false
    /// Bits of a sample and rate of the recorder at the transmitter; nil: none.
    public var recorder: Recorder?
    /// The transmitter's data line on the receiver's.
    public var isLoopedBack = false

    public struct Recorder: Sendable, Equatable {
      public var bits = 16
      public var rate = 16000

      public init() {}
    }

    public init() {}
  }

  public var name = "bare"
  public var flashes: [Flash] = []
  public var eeproms: [EEPROM] = []
  public var thermometers: [Thermometer] = []
  /// UART 0's TX is wired to its RX.
  public var isUARTLoopedBack = false
  public var camera: Camera?
  public var audio: Audio?
  public var wires: [Wire] = []
  public var stimuli: [Stimulus] = []

  /// Nothing at all.
  public init() {}

  /// Nothing is connected.
  public static var bare: BoardDescription { BoardDescription() }

  /// A flash behind chip select 0 of SPI master 0 and an EEPROM at A0h on I2C bus 0, both erased.
  public static var standard: BoardDescription {
    var board = BoardDescription()
    board.name = "default"
    board.flashes = [Flash()]
    board.eeproms = [EEPROM()]
    return board
  }
}
