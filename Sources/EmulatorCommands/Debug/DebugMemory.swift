// Registers and memory as a debugger reads and writes them: reads without side effects, writes kept with their place.

import Foundation
import GDBServer
import HardwareModel
import PULPissimo
import RISCV

extension DebugMachine {
  var csrs: [(name: String, number: UInt16)] {
    (UInt16(0)..<4096).compactMap { number in
      let name = CSRNames.name(number)
      return name.hasPrefix("0x") || hart.peekCSR(number) == nil ? nil : (name, number)
    }
  }

  func register(_ number: Int) -> UInt32? {
    if number == 32 { return hart.pc }
    guard (0..<32).contains(number) else { return nil }
    if number > 0, let load = observer.pendingLoad, load.rd == number { return value(of: load) }
    return hart[register: number]
  }

  /// What a load on its way will bring, as far as it can be seen now.
  private func value(of load: DebugObserver.PendingLoad) -> UInt32 {
    let bytes = read(load.address, count: Int(DebugObserver.size(load.operation)))
    let value = bytes.littleEndian
    switch load.operation {
    case .lb: return UInt32(bitPattern: Int32(Int8(truncatingIfNeeded: value)))
    case .lh: return UInt32(bitPattern: Int32(Int16(truncatingIfNeeded: value)))
    default: return value
    }
  }

  func setRegister(_ number: Int, _ value: UInt32) -> Bool {
    guard (0...32).contains(number) else { return false }
    return make(.register(number, value))
  }

  func csr(_ number: UInt16) -> UInt32? { hart.peekCSR(number) }

  func setCSR(_ number: UInt16, _ value: UInt32) -> Bool { make(.csr(number, value)) }

  func read(_ address: UInt32, count: Int) -> [UInt8] {
    var result: [UInt8] = []
    var place = address
    while result.count < count {
      if let (memory, own) = machine.memory(at: place) {
        let most = min(count - result.count, memory.size - Int(own &- memory.base))
        // A part that lies in one memory by its own addresses also does by an alias, but the alias may end before.
        let inAlias = place < MemoryMap.dataAliasSize ? Int(MemoryMap.dataAliasSize - place) : most
        result += machine.read(place, count: min(most, inAlias)) ?? []
        place &+= UInt32(truncatingIfNeeded: min(most, inAlias))
      } else if let word = word(place) {
        result.append(UInt8(truncatingIfNeeded: word >> (8 * (place & 3))))
        place &+= 1
      } else {
        break
      }
      if place == 0 { break }
    }
    return Array(result.prefix(count))
  }

  /// The word around `address` in a peripheral, or in the repetitions of the ROM.
  private func word(_ address: UInt32) -> UInt32? {
    if address >= MemoryMap.rom && address < MemoryMap.romEnd { return machine.bus.peekFetch(address & ~3) }
    return machine.bus.peek(address & ~3, at: hart.cycle)
  }

  func write(_ bytes: [UInt8], at address: UInt32) -> Bool { make(.memory(address, bytes)) }

  private func make(_ kind: DebugChange.Kind) -> Bool {
    guard apply(kind) else { return false }
    guard canReverse else { return true }
    let here = place
    let isPast = here < farthest || frontier != nil || changes.contains { $0.place > here }
    changes.removeAll { $0.place > here }
    changes.append(DebugChange(id: nextChange, place: here, kind: kind))
    nextChange += 1
    applied = changes.count
    if isPast { diverge() }
    return true
  }

  @discardableResult
  func apply(_ change: DebugChange.Kind) -> Bool {
    observer.isSilent = true
    defer { observer.isSilent = false }
    switch change {
    case .register(32, let value): hart.continueAt(value)
    case .register(let number, let value):
      machine.hart[register: number] = value
      session.checker?.checker.registersLoaded()
    case .csr(let number, let value): return hart.pokeCSR(number, value)
    case .memory(let address, let bytes):
      if machine.memory(at: address) != nil { return machine.write(bytes, at: address) }
      // A register: written as a store would, in the present cycle, which is not behind an event that is still to come.
      guard bytes.count == 4, address & 3 == 0, machine.bus.register(at: address) != nil else { return false }
      let value = bytes.littleEndian
      machine.bus.write(address, value, size: 4, at: min(hart.cycle, machine.queue.next))
    }
    return true
  }

  var memoryMap: [DebugMemory] {
    [
      DebugMemory(start: MemoryMap.dataAlias, size: UInt64(MemoryMap.dataAliasSize)),
      DebugMemory(start: MemoryMap.rom, size: UInt64(MemoryMap.romEnd - MemoryMap.rom), isROM: true),
      DebugMemory(start: MemoryMap.peripherals.lowerBound, size: UInt64(MemoryMap.peripherals.count)),
      DebugMemory(
        start: MemoryMap.privateBank0,
        size: UInt64(2 * MemoryMap.privateBankSize) + UInt64(MemoryMap.interleavedWindow)),
    ] + machine.extraMemories.map { DebugMemory(start: $0.base, size: UInt64($0.size)) }
  }
}
