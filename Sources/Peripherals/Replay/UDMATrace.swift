// A uDMA trace: register accesses, L2 accesses, events and pins of the uDMA subsystem, and a player for it.
//
// The form is that of the uDMA's RTL traces. Reading the JSON lines is left to the caller.

import HardwareModel

/// A recorded sequence of the uDMA subsystem.
public struct UDMATrace: Sendable {
  /// One line of a trace.
  public enum Entry: Sendable {
    case write(Address, UInt32)
    case read(Address, UInt32)
    /// Contents of L2 set before the cycle.
    case memory(Address, [UInt8])
    case l2Read(Address, UInt32)
    case l2Write(Address, UInt32, strobe: UInt8)
    case event(Int)
    /// From this cycle on the read and the write port grant, or do not.
    case grants(read: Bool?, write: Bool?)
    case trigger(UInt8)
    /// Output pins that change in the given quarter of the cycle.
    case pins([String: UInt64], quarter: UInt8)
    case inputs([String: UInt64], quarter: UInt8)
  }

  public var name: String
  public var part: String
  /// The trace was recorded with the I2C master of profile P7.
  public var isP7 = false
  public var base: Address
  public var cycles: Cycle
  /// SoC cycles of a peripheral clock cycle; 0 is half of one, nil what the model does not know.
  public var period: UInt64?
  public var entries: [(cycle: Cycle, entry: Entry)]
  public init(
    name: String, part: String, base: Address, cycles: Cycle, period: UInt64?, entries: [(cycle: Cycle, entry: Entry)]
  ) {
    self.name = name
    self.part = part
    self.base = base
    self.cycles = cycles
    self.period = period
    self.entries = entries
  }
}

/// L2 with grants that a trace withholds.
private final class ScriptedMemory: UDMAMemoryPort {
  var words: [Address: UInt32] = [:]
  var readGrants: [(from: Cycle, isGranting: Bool)] = [(0, true)]
  var writeGrants: [(from: Cycle, isGranting: Bool)] = [(0, true)]
  var reads: [(Cycle, Address, UInt32)] = []
  var writes: [(Cycle, Address, UInt32, UInt8)] = []

  private func grant(_ grants: [(from: Cycle, isGranting: Bool)], _ cycle: Cycle) -> Cycle {
    for (index, entry) in grants.enumerated().reversed() {
      guard entry.from <= cycle else { continue }
      if entry.isGranting { return cycle }
      return grants[(index + 1)...].first { $0.isGranting }?.from ?? .never
    }
    return cycle
  }

  func read(_ address: Address, at cycle: Cycle) -> (grant: Cycle, data: UInt32) {
    let granted = grant(readGrants, cycle)
    let value = words[address] ?? 0
    reads.append((granted, address, value))
    return (granted, value)
  }

  func write(_ address: Address, _ value: UInt32, strobe: UInt8, at cycle: Cycle) -> Cycle {
    let granted = grant(writeGrants, cycle)
    let mask = laneMask(strobe)
    words[address] = (words[address] ?? 0) & ~mask | value & mask
    writes.append((granted, address, value & mask, strobe))
    return granted
  }
}

private func laneMask(_ strobe: UInt8) -> UInt32 {
  (0..<4).reduce(0) { strobe >> UInt8($1) & 1 != 0 ? $0 | 0xFF << UInt32(8 * $1) : $0 }
}

extension UDMATrace {
  /// Plays the trace on the profile's uDMA and compares reads, L2 accesses, events and the UART's pin, cycle for cycle.
  /// Returns the first difference.
  public func play() -> [ReplayMismatch] {
    let queue = EventQueue()
    let memory = ScriptedMemory()
    let udma = UDMA.p8(queue: queue, peripheralClockPeriod: period ?? 1, i2cDropsData: isP7)
    udma.memory = memory
    var expected: [Cycle: [String]] = [:]
    var got: [Cycle: [String]] = [:]
    func hex(_ value: UInt32) -> String { "0x" + String(value, radix: 16) }
    udma.onEvent = { event, cycle in got[cycle, default: []].append("event \(event)") }
    func pin(_ name: String, _ value: UInt64, _ quarter: UInt8) -> String {
      "\(name) \(value)" + (quarter == 0 ? "" : " after \(quarter)/4")
    }
    udma.uart?.onPin = { level, cycle, quarter in
      got[cycle, default: []].append(pin("uart_tx", level ? 1 : 0, quarter))
    }
    udma.i2c.first?.onPins = { old, new, cycle, quarter in
      if old.scl != new.scl { got[cycle, default: []].append(pin("i2c_scl", new.scl ? 1 : 0, quarter)) }
      if old.sda != new.sda { got[cycle, default: []].append(pin("i2c_sda", new.sda ? 1 : 0, quarter)) }
    }
    var lines = I2CLines()
    var shown = SPIPins()
    udma.spim?.onPins = { pins, cycle, quarter in
      func note(_ name: String, _ old: UInt8, _ new: UInt8) {
        if old != new { got[cycle, default: []].append(pin(name, UInt64(new), quarter)) }
      }
      note("spi_sck", shown.sck ? 1 : 0, pins.sck ? 1 : 0)
      note("spi_csn", shown.csn, pins.csn)
      note("spi_sdo", shown.sdo, pins.sdo)
      note("spi_oe", shown.oe, pins.oe)
      shown = pins
    }

    for (cycle, entry) in entries {
      switch entry {
      case .memory(let address, let bytes) where cycle == 0:
        for (index, byte) in bytes.enumerated() {
          let at = address &+ UInt32(index)
          let shift = 8 * (at & 3)
          let word = memory.words[at & ~3] ?? 0
          memory.words[at & ~3] = word & ~(0xFF << shift) | UInt32(byte) << shift
        }
      case .grants(let read, let write):
        if let read { memory.readGrants.append((cycle, read)) }
        if let write { memory.writeGrants.append((cycle, write)) }
      case .l2Read(let address, let data):
        expected[cycle, default: []].append("l2r \(hex(address)) \(hex(data))")
      case .l2Write(let address, let data, let strobe):
        expected[cycle, default: []].append("l2w \(hex(address)) \(hex(data & laneMask(strobe))) \(strobe)")
      case .event(let event): expected[cycle, default: []].append("event \(event)")
      case .pins(let values, let quarter):
        if cycle > 0 {
          for (name, value) in values.sorted(by: { $0.key < $1.key }) {
            expected[cycle, default: []].append(pin(name, value, quarter))
          }
        }
      default: break
      }
    }

    func apply(_ values: [String: UInt64], _ cycle: Cycle) {
      if let level = values["uart_rx"], let uart = udma.uart { udma.setReceivePin(of: uart, level != 0, at: cycle) }
      if let i2c = udma.i2c.first, values["i2c_scl"] != nil || values["i2c_sda"] != nil {
        if let level = values["i2c_scl"] { lines.scl = level != 0 }
        if let level = values["i2c_sda"] { lines.sda = level != 0 }
        udma.setBusLines(of: i2c, scl: lines.scl, sda: lines.sda, at: cycle)
      }
      if let levels = values["spi_sdi"], let spim = udma.spim {
        udma.setDataPins(of: spim, UInt8(truncatingIfNeeded: levels), at: cycle)
      }
    }
    var late: [[String: UInt64]] = []
    udma.afterMidway = { cycle in
      for values in late { apply(values, cycle) }
      late = []
    }

    var next = 0
    for cycle in 0..<cycles {
      var accesses: [Entry] = []
      while next < entries.count, entries[next].cycle == cycle {
        switch entries[next].entry {
        case .inputs(let values, let quarter):
          // The later half of a cycle matters only to a peripheral clock that has an edge in its middle.
          if period == 0, quarter >= 2 { late.append(values) } else { apply(values, cycle) }
        case .memory(let address, let bytes) where cycle > 0:
          for (index, byte) in bytes.enumerated() {
            let at = address &+ UInt32(index)
            let shift = 8 * (at & 3)
            memory.words[at & ~3] = (memory.words[at & ~3] ?? 0) & ~(0xFF << shift) | UInt32(byte) << shift
          }
        case .trigger(let event): udma.trigger(event, at: cycle)
        case .read, .write: accesses.append(entries[next].entry)
        default: break
        }
        next += 1
      }
      queue.run(through: cycle)
      for access in accesses {
        switch access {
        case .read(let address, let value):
          expected[cycle, default: []].append("read \(hex(address)) \(hex(value))")
          got[cycle, default: []].append("read \(hex(address)) \(hex(udma.read(address &- base, at: cycle)))")
        case .write(let address, let value): udma.write(address &- base, value, at: cycle)
        default: break
        }
      }
      queue.run(through: cycle)
      for (granted, address, data) in memory.reads {
        got[granted, default: []].append("l2r \(hex(address)) \(hex(data))")
      }
      for (granted, address, data, strobe) in memory.writes {
        got[granted, default: []].append("l2w \(hex(address)) \(hex(data)) \(strobe)")
      }
      memory.reads = []
      memory.writes = []
      if let mismatch = difference(cycle, expected[cycle] ?? [], got[cycle] ?? []) { return [mismatch] }
    }
    return []
  }

  /// What of a cycle's activity is missing, and what is too much.
  private func difference(_ cycle: Cycle, _ expected: [String], _ got: [String]) -> ReplayMismatch? {
    func without(_ all: [String], _ other: [String]) -> [String] {
      var rest = other
      return all.filter { item in
        guard let index = rest.firstIndex(of: item) else { return true }
        rest.remove(at: index)
        return false
      }
    }
    let missing = without(expected, got).sorted()
    let extra = without(got, expected).sorted()
    guard let first = missing.first ?? extra.first else { return nil }
    func text(_ items: [String]) -> String { items.isEmpty ? "nothing" : items.joined(separator: "; ") }
    return ReplayMismatch(
      trace: name, cycle: cycle, what: String(first.prefix { $0 != " " }), expected: text(missing), got: text(extra))
  }
}
