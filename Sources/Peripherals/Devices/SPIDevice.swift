// What can be wired to an SPI master: devices behind its four chip selects.
//
// A device sees the clock edges of its own select; levels are resolved here: a line that nobody drives reads 1.

import HardwareModel

/// A device behind a chip select of an SPI master.
public protocol SPIDevice: Stateful {
  /// The chip select falls or rises in `cycle`.
  func selectChanged(_ isSelected: Bool, at cycle: Cycle)
  /// SCK rises or falls while the device is selected; `lines` are the levels of the four data lines.
  func clockChanged(_ isHigh: Bool, lines: UInt8, at cycle: Cycle)
  /// The levels and the lines (1 = driven) that the device drives.
  var output: (levels: UInt8, driven: UInt8) { get }
}

/// The wiring of an SPI master's pins.
public final class SPIWiring: SPIBus {
  /// By chip select.
  public private(set) var devices: [(any SPIDevice)?]
  private var pins = SPIPins()

  public init(devices: [(any SPIDevice)?] = []) {
    self.devices = Array((devices + [nil, nil, nil, nil]).prefix(4))
  }

  public func pinsChanged(_ pins: SPIPins, at cycle: Cycle) -> UInt8 {
    let old = self.pins
    self.pins = pins
    for (index, device) in devices.enumerated() {
      guard let device else { continue }
      let bit = UInt8(1) << UInt8(index)
      let (was, isNow) = (old.csn & bit == 0, pins.csn & bit == 0)
      if was != isNow { device.selectChanged(isNow, at: cycle) }
      if isNow, was, pins.sck != old.sck {
        // What the master drives before the edge: it changes its lines at edges of its own.
        let lines = pins.sdo & pins.oe | ~pins.oe & 0xF
        device.clockChanged(pins.sck, lines: lines, at: cycle)
      }
    }
    return levels
  }

  private var levels: UInt8 {
    var levels = pins.sdo & pins.oe | ~pins.oe & 0xF
    for (index, device) in devices.enumerated() {
      guard let device, pins.csn >> UInt8(index) & 1 == 0 else { continue }
      let (output, driven) = device.output
      // Where two drive against each other, low wins.
      levels &= output | ~driven
    }
    return levels & 0xF
  }
}

extension SPIWiring {
  public func visitState(_ archive: StateArchive) {
    archive.visit("devices", objects: devices.compactMap { $0 })
    archive.visit("pins", &pins)
  }
}
