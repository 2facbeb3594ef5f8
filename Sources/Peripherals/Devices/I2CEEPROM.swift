// A 24-series I2C EEPROM: page writes, acknowledge polling, sequential reads.
//
// Follows the data sheets of the 24xx64 to 24xx512 and the 24FC1025 (two address bytes, pages that wrap, a write cycle
// after STOP in which the device does not answer). Left out: write protection by pin, one-byte addresses' block bits.

import HardwareModel

/// Size, address and times of an EEPROM.
public struct I2CEEPROMConfiguration: Sendable, Equatable {
  /// Seven-bit address: 0x50 answers control bytes A0h and A1h.
  public var address: UInt8 = 0x50
  /// Bytes; a power of two. Above 64 KiB bit 2 of the device address selects the block (24FC1025).
  public var size = 128 << 10
  public var pageSize = 128
  /// 1 or 2.
  public var addressBytes = 2
  /// Cycles of a write: 3 ms at 50 MHz.
  public var writeCycles: Cycle = 150_000

  public init() {}
}

/// A serial EEPROM.
public final class I2CEEPROM: I2CDevice {
  public let configuration: I2CEEPROMConfiguration
  /// All bytes; erased ones are FFh.
  public private(set) var contents: [UInt8]
  /// Something was written.
  public private(set) var isModified = false

  private var pointer = 0
  private var addressBytesLeft = 0
  private var block = 0
  private var page: [Int: UInt8] = [:]
  private var busyUntil: Cycle = 0

  /// An EEPROM that holds `contents` from address 0 on.
  public init(_ configuration: I2CEEPROMConfiguration = .init(), contents: [UInt8] = []) {
    self.configuration = configuration
    let size = max(configuration.size, 128)
    self.contents = [UInt8](repeating: 0xFF, count: size)
    let given = contents.prefix(size)
    self.contents.replaceSubrange(0..<given.count, with: given)
  }

  private var hasBlocks: Bool { contents.count > 1 << 16 }

  public func start(address: UInt8, isRead: Bool, at cycle: Cycle) -> Bool {
    let mask: UInt8 = hasBlocks ? 0x7B : 0x7F
    guard address & mask == configuration.address & mask, cycle >= busyUntil else { return false }
    block = hasBlocks && address & 4 != 0 ? 1 << 16 : 0
    addressBytesLeft = isRead ? 0 : configuration.addressBytes
    if !isRead { page = [:] }
    if isRead, hasBlocks { pointer = pointer & 0xFFFF | block }
    return true
  }

  public func write(_ byte: UInt8, at cycle: Cycle) -> Bool {
    if addressBytesLeft > 0 {
      if addressBytesLeft == configuration.addressBytes { pointer = 0 }
      pointer = (pointer << 8 | Int(byte)) & 0xFFFF
      addressBytesLeft -= 1
      if addressBytesLeft == 0 { pointer = (pointer | block) % contents.count }
      return true
    }
    page[pointer] = byte
    let size = max(configuration.pageSize, 1)
    pointer = pointer / size * size + (pointer + 1) % size
    return true
  }

  public func read(at cycle: Cycle) -> UInt8 {
    defer {
      // The block's end is the end of a sequential read.
      pointer = hasBlocks ? pointer & ~0xFFFF | (pointer + 1) & 0xFFFF : (pointer + 1) % contents.count
    }
    return contents[pointer % contents.count]
  }

  public func stop(at cycle: Cycle) {
    guard !page.isEmpty else { return }
    for (place, byte) in page where place < contents.count { contents[place] = byte }
    page = [:]
    isModified = true
    busyUntil =
      cycle.addingReportingOverflow(configuration.writeCycles).overflow
      ? .max : cycle + configuration.writeCycles
  }
}

extension I2CEEPROM {
  public func visitState(_ archive: StateArchive) {
    archive.omits("configuration")
    archive.visit("contents", contents: &contents, most: contents.count)
    archive.visit("isModified", &isModified)
    archive.require(contents.count == max(configuration.size, 128), "not the size of the device")
    archive.visit("pointer", &pointer, in: 0...1 << 24)
    archive.visit("addressBytesLeft", &addressBytesLeft, in: 0...8)
    archive.visit("block", &block, in: 0...1 << 16)
    var bytes = page.sorted { $0.key < $1.key }.map { (place: $0.key, value: $0.value) }
    archive.elements("page", &bytes, most: 1 << 16, new: (0, 0)) {
      archive.visit("place", &$0.place, in: 0...1 << 24)
      archive.visit("value", &$0.value)
    }
    if archive.isLoading { page = Dictionary(bytes.map { ($0.place, $0.value) }) { $1 } }
    archive.visit("busyUntil", due: &busyUntil)
  }
}
