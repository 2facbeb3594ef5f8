// A uDMA peripheral of which only the registers exist: they store, the channels queue, and nothing ever completes.
//
// Stands in for peripherals that are not modelled yet, so that register tests pass and a program that waits for one
// of them is told why. Left out: the peripheral.

import HardwareModel

/// Registers and channels of a peripheral without its function.
public class UDMARegisterStore: UDMAPeripheral {
  public let transmitChannels: [UDMATransmitChannel]
  public let receiveChannels: [UDMAReceiveChannel]
  /// Told once when software starts to use the peripheral.
  public var diagnostics: DiagnosticSink?

  /// Data that the missing function's own FIFOs hold, per transmit channel, and how many there are.
  private let room: Int
  private var held: [Int]
  let bank: RegisterBank
  private var written: (offset: UInt32, value: UInt32)?
  private var readOffset: UInt32?

  /// A store with the registers of `block`, which fetches `readAhead` data of each transmit channel.
  public init(
    _ block: RegisterBlock, transmit: [UDMATransmitChannel] = [], receive: [UDMAReceiveChannel] = [],
    readAhead: Int = 8
  ) {
    room = max(readAhead - 2, 0)
    held = transmit.map { _ in 0 }
    bank = RegisterBank(block)
    transmitChannels = transmit
    receiveChannels = receive
  }

  public var registers: RegisterBlock { bank.block }

  public func value(_ offset: UInt32) -> UInt32 {
    if let register = registers.register(at: offset), register.name == "DST", let channel = receiveChannels.first {
      return channel.config.destination
    }
    // A read with a side effect clears at the clock edge.
    return bank[offset] & (registers.register(at: offset).map(Self.readable) ?? 0)
  }

  private static func readable(_ register: Register) -> UInt32 {
    register.mask(of: .readWrite, .readOnly, .writeOneToClear, .writeOneToSet, .readToClear, .writeToClear)
  }

  // Not in an extension, where a subclass could not go on with it.
  public func visitState(_ archive: StateArchive) {
    archive.omits("diagnostics", "room")
    archive.visit("transmitChannels", objects: transmitChannels)
    archive.visit("receiveChannels", objects: receiveChannels)
    archive.visit("held", fixed: &held, in: 0...room)
    archive.visit("bank", bank)
    archive.visit("written", &written)
    archive.visit("readOffset", &readOffset)
  }

  public func changesWhenRead(_ offset: UInt32) -> Bool { bank.changesWhenRead(offset) }
  public func willRead(_ offset: UInt32) { readOffset = offset }

  public func willWrite(_ offset: UInt32, _ value: UInt32) { written = (offset, value) }

  public func clock(system: Bool, pins: Bool, at cycle: Cycle) {
    defer {
      written = nil
      readOffset = nil
    }
    guard system else { return }
    for (index, channel) in transmitChannels.enumerated() {
      let isTaken = channel.fifo.front != nil && held[index] < room
      channel.fifo.clock(isGranted: channel.isGranted, delivered: channel.delivered, isTaken: isTaken)
      if isTaken { held[index] += 1 }
      channel.config.enable = false
      channel.config.clear = false
    }
    for channel in receiveChannels {
      channel.config.enable = false
      channel.config.clear = false
    }
    if let readOffset { _ = bank.read(readOffset) }
    if let written { apply(written.offset, written.value) }
  }

  private func apply(_ offset: UInt32, _ value: UInt32) {
    let word = offset >> 2 & 3
    let group = offset & 0x70
    let isUsed = value != 0
    if isUsed {
      diagnostics?(
        Diagnostic(
          .notModelled, key: "store-\(registers.name)",
          "\(registers.name) is not modelled: its registers store what is written, transfers never complete"))
    }
    if word < 3, group == UDMARegisters.receiveOffset, let channel = receiveChannels.first {
      channel.config.write(word: word, value, dataSizeIsWritable: channel.dataSizeIsWritable)
    } else if word < 3, group == UDMARegisters.transmitOffset, let channel = transmitChannels.first {
      channel.config.write(word: word, value, dataSizeIsWritable: channel.dataSizeIsWritable)
    } else if word < 3, group == UDMARegisters.commandOffset, transmitChannels.count > 1 {
      transmitChannels[1].config.write(
        word: word, value, dataSizeIsWritable: transmitChannels[1].dataSizeIsWritable)
    } else if registers.register(at: offset)?.name == "DST", let channel = receiveChannels.first {
      channel.config.destination = value & 3
    } else {
      bank.write(offset, value)
      didWrite(offset, value)
    }
  }

  /// A register other than those of the channels was written.
  func didWrite(_ offset: UInt32, _ value: UInt32) {}

  public func quietEdges(hasClock: Bool, at cycle: Cycle) -> UInt64 {
    if written != nil || readOffset != nil { return 0 }
    for (index, channel) in transmitChannels.enumerated() where hasClock {
      if channel.fifo.front != nil, held[index] < room { return 0 }
    }
    return .max
  }

  public var possibleEvents: EventSet {
    var events = EventSet()
    for channel in transmitChannels where channel.config.enable || channel.generator.isEnabled {
      // The FIFO in front of the missing function still fetches a few data, so a short buffer ends.
      if channel.fifo.isReady || channel.config.enable { events.insert(channel.event) }
    }
    return events
  }
}
