// What can be wired to an I2C bus: slaves that pull SDA, and the logic that turns levels into bytes.
//
// A slave here never stretches the clock. Left out: ten-bit addresses, general call.

import HardwareModel

/// A slave's inside: what it does with bytes.
public protocol I2CDevice: AnyObject {
  /// A START with this seven-bit address in `cycle`; true if the device answers.
  func start(address: UInt8, isRead: Bool, at cycle: Cycle) -> Bool
  /// A byte from the master; true if the device acknowledges it.
  func write(_ byte: UInt8, at cycle: Cycle) -> Bool
  /// The next byte for the master.
  func read(at cycle: Cycle) -> UInt8
  /// A STOP, or a START that ends the transfer.
  func stop(at cycle: Cycle)
}

/// The wiring of an I2C master's lines.
public final class I2CWiring: I2CBus {
  public private(set) var devices: [any I2CDevice]
  private var receivers: [I2CReceiver]
  private var bus = I2CLines()
  /// Bytes whose acknowledge is still to get lost, an injected fault.
  public var refusals = 0

  public init(devices: [any I2CDevice] = []) {
    self.devices = devices
    receivers = devices.map { _ in I2CReceiver() }
  }

  public func linesChanged(_ master: I2CLines, at cycle: Cycle) -> I2CLines {
    // A slave answers a falling SCL only, so its own SDA is never taken for START or STOP.
    for _ in 0..<2 {
      let sda = master.sda && receivers.allSatisfy { !$0.pullsSDA }
      let next = I2CLines(scl: master.scl, sda: sda)
      guard next != bus else { break }
      let old = bus
      bus = next
      for index in devices.indices {
        receivers[index].changed(from: old, to: next, devices[index], &refusals, at: cycle)
      }
    }
    bus.sda = master.sda && receivers.allSatisfy { !$0.pullsSDA }
    return bus
  }
}

/// Bits to bytes, for one slave.
struct I2CReceiver {
  private enum Phase: UInt8 { case idle, address, write, read }

  private(set) var pullsSDA = false
  private var phase = Phase.idle
  private var shift: UInt8 = 0
  /// Rising edges of SCL in the byte under way; the ninth is that of the acknowledge.
  private var edges = 0
  private var isAnswering = false
  private var isAddressed = false
  private var masterAcknowledged = false

  mutating func changed(
    from old: I2CLines, to new: I2CLines, _ device: any I2CDevice, _ refusals: inout Int, at cycle: Cycle
  ) {
    if old.scl, new.scl {
      if old.sda != new.sda {
        // START or STOP.
        if isAddressed { device.stop(at: cycle) }
        self = I2CReceiver()
        phase = new.sda ? .idle : .address
      }
    } else if new.scl {
      rose(new.sda, device, &refusals, at: cycle)
    } else if old.scl {
      fell(device, at: cycle)
    }
  }

  private mutating func rose(_ sda: Bool, _ device: any I2CDevice, _ refusals: inout Int, at cycle: Cycle) {
    guard phase != .idle else { return }
    edges += 1
    if edges > 8 {
      masterAcknowledged = !sda
      return
    }
    guard phase != .read else { return }
    shift = shift << 1 | (sda ? 1 : 0)
    guard edges == 8 else { return }
    if phase == .address {
      isAnswering = device.start(address: shift >> 1, isRead: shift & 1 != 0, at: cycle)
      isAddressed = isAnswering
    } else {
      isAnswering = device.write(shift, at: cycle)
    }
    if isAnswering, refusals > 0 {
      refusals -= 1
      isAnswering = false
    }
  }

  private mutating func fell(_ device: any I2CDevice, at cycle: Cycle) {
    guard phase != .idle else { return }
    switch edges {
    case 8: pullsSDA = phase != .read && isAnswering
    case 9...:
      edges = 0
      pullsSDA = false
      let goesOn = phase == .read ? masterAcknowledged : isAnswering
      guard goesOn else {
        // Until START or STOP.
        phase = .idle
        return
      }
      if phase == .address { phase = shift & 1 != 0 ? .read : .write }
      if phase == .read {
        shift = device.read(at: cycle)
        give()
      }
    default: if phase == .read { give() }
    }
  }

  private mutating func give() {
    pullsSDA = shift & 0x80 == 0
    shift <<= 1
  }
}
