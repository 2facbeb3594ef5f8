// A temperature sensor of the LM75 class: a pointer and four registers.
//
// Follows the LM75 data sheet: temperature in steps of 1/2 degree (here 1/256) in 16 bits, configuration, hysteresis and
// limit. Left out: the alarm pin.

import HardwareModel

/// A temperature sensor.
public final class I2CThermometer: I2CDevice {
  /// Seven-bit address.
  public let address: UInt8
  /// Temperatures in 1/256 of a degree Celsius from cycles on, in ascending order.
  public var temperatures: [(from: Cycle, value: Int16)]

  private var pointer: UInt8 = 0
  private var index = 0
  private var registers: [[UInt8]] = [[], [0], [0x4B, 0], [0x50, 0]]
  private var isPointerNext = false

  public init(address: UInt8 = 0x48, temperatures: [(from: Cycle, value: Int16)] = [(0, 25 * 256)]) {
    self.address = address
    self.temperatures = temperatures
  }

  public func start(address: UInt8, isRead: Bool, at cycle: Cycle) -> Bool {
    guard address == self.address else { return false }
    index = 0
    isPointerNext = !isRead
    return true
  }

  public func write(_ byte: UInt8, at cycle: Cycle) -> Bool {
    if isPointerNext {
      pointer = byte & 3
      isPointerNext = false
    } else if pointer > 0, index < registers[Int(pointer)].count {
      registers[Int(pointer)][index] = byte
      index += 1
    }
    return true
  }

  public func read(at cycle: Cycle) -> UInt8 {
    defer { index += 1 }
    if pointer == 0 {
      let value = temperatures.last { $0.from <= cycle }?.value ?? temperatures.first?.value ?? 0
      return UInt8(truncatingIfNeeded: index & 1 == 0 ? value >> 8 : value)
    }
    let bytes = registers[Int(pointer)]
    return bytes[index % bytes.count]
  }

  public func stop(at cycle: Cycle) {}
}

extension I2CThermometer {
  public func visitState(_ archive: StateArchive) {
    archive.omits("address", "temperatures")
    archive.visit("pointer", &pointer, in: 0...3)
    archive.visit("index", &index, in: 0...1 << 48)
    for number in registers.indices { archive.visit("registers", fixed: &registers[number]) }
    archive.visit("isPointerNext", &isPointerNext)
  }
}
