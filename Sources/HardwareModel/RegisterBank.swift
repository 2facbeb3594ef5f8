// Run-time storage of a register block, with the access rules of its declaration.
//
// One flat record a word: an access is one index and a few masks. A peripheral adds behaviour only where there is some.

/// Values of a block's registers, addressed by byte offset. Offsets outside the block read `unlisted` and ignore writes.
public final class RegisterBank {
  private struct Record {
    var value: UInt32
    var reset: UInt32
    var exists: Bool
    var readable: UInt32
    var writable: UInt32
    var oneClears: UInt32
    var oneSets: UInt32
    var readClears: UInt32
    var writeClears: UInt32
  }

  public let block: RegisterBlock
  /// What a read of an offset that is no register returns.
  public let unlisted: UInt32
  private let records: UnsafeMutablePointer<Record>
  private let count: Int

  public init(_ block: RegisterBlock, unlisted: UInt32 = 0) {
    self.block = block
    self.unlisted = unlisted
    let words = Int((block.registers.last?.offset ?? 0) / 4 + 1)
    count = words
    records = .allocate(capacity: words)
    records.initialize(
      repeating: Record(
        value: unlisted, reset: unlisted, exists: false, readable: .max, writable: 0, oneClears: 0, oneSets: 0,
        readClears: 0, writeClears: 0), count: words)
    for register in block.registers {
      records[Int(register.offset / 4)] = Record(
        value: register.reset, reset: register.reset, exists: true,
        readable: register.mask(
          of: .readWrite, .readOnly, .writeOneToClear, .writeOneToSet, .readToClear, .writeToClear),
        writable: register.mask(of: .readWrite, .writeOnly), oneClears: register.mask(of: .writeOneToClear),
        oneSets: register.mask(of: .writeOneToSet), readClears: register.mask(of: .readToClear),
        writeClears: register.mask(of: .writeToClear))
    }
  }

  deinit { records.deallocate() }

  /// The stored value of the register at `offset`, whatever its access rule: for the peripheral itself.
  public subscript(offset: UInt32) -> UInt32 {
    get { offset / 4 < count ? records[Int(offset / 4)].value : unlisted }
    set { if offset / 4 < count { records[Int(offset / 4)].value = newValue } }
  }

  public subscript(register: Register) -> UInt32 {
    get { self[register.offset] }
    set { self[register.offset] = newValue }
  }

  /// A read by software, with its side effects.
  public func read(_ offset: UInt32) -> UInt32 {
    guard offset / 4 < count else { return unlisted }
    let record = records + Int(offset / 4)
    let value = record.pointee.value & record.pointee.readable
    record.pointee.value &= ~record.pointee.readClears
    return value
  }

  /// True if a read by software has a side effect now.
  public func changesWhenRead(_ offset: UInt32) -> Bool {
    guard offset / 4 < count else { return false }
    let record = records + Int(offset / 4)
    return record.pointee.value & record.pointee.readClears != 0
  }

  /// A write by software. Bits that the declaration does not make writable keep their value.
  public func write(_ offset: UInt32, _ value: UInt32) {
    guard offset / 4 < count else { return }
    let record = records + Int(offset / 4)
    var stored = record.pointee.value
    stored = stored & ~record.pointee.writable | value & record.pointee.writable
    stored &= ~(value & record.pointee.oneClears)
    stored |= value & record.pointee.oneSets
    stored &= ~record.pointee.writeClears
    record.pointee.value = stored
  }

  /// All registers back to their reset values.
  public func reset() {
    for index in 0..<count { records[index].value = records[index].reset }
  }
}

extension RegisterBank: Stateful {
  public func visitState(_ archive: StateArchive) {
    archive.omits("block", "unlisted", "count")
    for index in 0..<count { archive.visit("records", &records[index].value) }
  }
}
