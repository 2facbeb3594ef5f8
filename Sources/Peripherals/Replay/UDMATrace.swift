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
    case pins([String: UInt64])
    case inputs([String: UInt64])
  }

  public var name: String
  public var part: String
  public var base: Address
  public var cycles: Cycle
  /// SoC cycles of a peripheral clock cycle; 0 if it is not an integer.
  public var period: UInt64
  public var entries: [(cycle: Cycle, entry: Entry)]
  /// RX is wired to TX in the test bench, so `inputs` of `uart_rx` follow the model's own pin.
  public init(
    name: String, part: String, base: Address, cycles: Cycle, period: UInt64, entries: [(cycle: Cycle, entry: Entry)]
  ) {
    self.name = name
    self.part = part
    self.base = base
    self.cycles = cycles
    self.period = period
    self.entries = entries
  }

  /// True if only the UART and the channels behind it do anything.
  public var usesOnlyUART: Bool {
    entries.allSatisfy { _, entry in
      switch entry {
      case .write(let address, let value):
        let offset = address &- base
        // The other peripherals' registers may be touched, but no channel of theirs started.
        return offset < 2 * UDMARegisters.slotSize || offset & 0xF != 8 || value & 0x10 == 0
      case .event(let event): return event < 4
      case .pins(let values): return values.count > 2 || values.keys.allSatisfy { $0 == "uart_tx" }
      default: return true
      }
    }
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
    let udma = UDMA.p8(queue: queue, peripheralClockPeriod: max(period, 1))
    udma.memory = memory
    var expected: [Cycle: [String]] = [:]
    var got: [Cycle: [String]] = [:]
    func hex(_ value: UInt32) -> String { "0x" + String(value, radix: 16) }
    udma.onEvent = { event, cycle in got[cycle, default: []].append("event \(event)") }
    udma.uart?.onPin = { level, cycle in got[cycle, default: []].append("uart_tx \(level ? 1 : 0)") }

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
      case .pins(let values):
        if cycle > 0, let level = values["uart_tx"] { expected[cycle, default: []].append("uart_tx \(level)") }
      default: break
      }
    }

    var next = 0
    for cycle in 0..<cycles {
      var accesses: [Entry] = []
      while next < entries.count, entries[next].cycle == cycle {
        switch entries[next].entry {
        case .inputs(let values):
          if let level = values["uart_rx"], let uart = udma.uart {
            udma.setReceivePin(of: uart, level != 0, at: cycle)
          }
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
      let wanted = (expected[cycle] ?? []).sorted()
      let found = (got[cycle] ?? []).sorted()
      if wanted != found {
        return [
          ReplayMismatch(
            trace: name, cycle: cycle, what: "activity", expected: wanted.joined(separator: "; "),
            got: found.joined(separator: "; "))
        ]
      }
    }
    return []
  }
}
