// A serial NOR flash of the S25FS256S class: the command decoder on the pins.
//
// SPI modes 0 and 3: bits are taken at rising clock edges and given at falling ones. Commands, status and times follow
// the S25FS-S data sheet, with the 6Bh/6Ch quad reads and 32h/34h quad programming of the S25FL-S beside them. Left
// out: dual and DDR commands, the OTP region, passwords and sector protection other than BP2:0, the SFDP table,
// suspending; 4 KiB sectors can be erased everywhere, not only in the parameter area.

import HardwareModel

/// Sizes, identification and times of a NOR flash.
public struct SPINORFlashConfiguration: Sendable, Equatable {
  /// Bytes; a power of two.
  public var size = 32 << 20
  /// What RDID (9Fh) gives, repeating from its end with 0.
  public var identification: [UInt8] = [0x01, 0x02, 0x19, 0x4D, 0x01, 0x81]
  public var pageSize = 256
  /// Cycles of a page program, of erasing 4 KiB, 64 KiB and all, and of writing registers (typical values of the data
  /// sheet at 50 MHz: 360 us, 145 ms, 145 ms, 60 s, 145 ms).
  public var programCycles: Cycle = 18_000
  public var sectorEraseCycles: Cycle = 7_250_000
  public var blockEraseCycles: Cycle = 7_250_000
  public var chipEraseCycles: Cycle = 3_000_000_000
  public var registerCycles: Cycle = 7_250_000

  public init() {}
}

/// A serial NOR flash.
public final class SPINORFlash: SPIDevice {
  public let configuration: SPINORFlashConfiguration
  public var diagnostics: DiagnosticSink?
  /// The array, the contents from address 0 on; what lies behind its end is erased (FFh).
  public var contents: [UInt8] { array.bytes }
  /// Something was programmed or erased.
  public var isModified: Bool { array.isModified }

  private enum Phase: UInt8 { case command, address, skip, input, output, ignore }

  private var array: SPINORFlashArray
  private var phase = Phase.ignore
  private var command: UInt8 = 0
  // Bits on their way in.
  private var shift: UInt32 = 0
  private var bits = 0
  private var isQuad = false
  private var input: [UInt8] = []
  private var inputCount = 0
  private var address: UInt32 = 0
  private var skips = 0
  // Bits on their way out.
  private var outputByte: UInt8 = 0
  private var outputBits = 0
  private var outputIndex = 0
  private var drive: (levels: UInt8, driven: UInt8) = (0, 0)
  // Registers.
  private var isWriteEnabled = false
  private var busyUntil: Cycle = 0
  private var hasProgramError = false
  private var hasEraseError = false
  private var status: UInt8 = 0
  private var configurationRegister: UInt8 = 0
  private var usesLongAddresses = false
  private var isResetEnabled = false

  /// A flash that holds `contents` from address 0 on.
  public init(_ configuration: SPINORFlashConfiguration = .init(), contents: [UInt8] = []) {
    self.configuration = configuration
    array = SPINORFlashArray(size: max(configuration.size, 256), bytes: contents)
  }

  public var output: (levels: UInt8, driven: UInt8) { drive }

  /// The bit of the configuration register that lets the quad commands work.
  private static let quadBit: UInt8 = 2

  /// WIP: an operation is under way, or has failed and waits for CLSR.
  private func isBusy(at cycle: Cycle) -> Bool { cycle < busyUntil || hasProgramError || hasEraseError }

  private func status1(at cycle: Cycle) -> UInt8 {
    status & 0x9C | (isBusy(at: cycle) ? 3 : 0) | (isWriteEnabled ? 2 : 0) | (hasEraseError ? 0x20 : 0)
      | (hasProgramError ? 0x40 : 0)
  }

  // MARK: Pins

  public func selectChanged(_ isSelected: Bool, at cycle: Cycle) {
    drive = (0, 0)
    if isSelected {
      phase = .command
      shift = 0
      bits = 0
      isQuad = false
      input = []
      inputCount = 0
      outputIndex = 0
    } else {
      finish(at: cycle)
      phase = .ignore
    }
  }

  public func clockChanged(_ isHigh: Bool, lines: UInt8, at cycle: Cycle) {
    if isHigh { take(lines, at: cycle) } else { give(at: cycle) }
  }

  private func take(_ lines: UInt8, at cycle: Cycle) {
    if phase == .skip {
      skips -= 1
      if skips <= 0 { begin(.output) }
      return
    }
    guard phase == .command || phase == .address || phase == .input else { return }
    shift = isQuad ? shift << 4 | UInt32(lines & 15) : shift << 1 | UInt32(lines & 1)
    bits += isQuad ? 4 : 1
    switch phase {
    case .command where bits == 8:
      command = UInt8(truncatingIfNeeded: shift)
      bits = 0
      shift = 0
      decode(at: cycle)
    case .address where bits == addressBits:
      address = shift
      bits = 0
      afterAddress()
    case .input where bits == 8:
      // A page holds the last bytes sent.
      if input.count < configuration.pageSize {
        input.append(UInt8(truncatingIfNeeded: shift))
      } else {
        input[inputCount % configuration.pageSize] = UInt8(truncatingIfNeeded: shift)
      }
      inputCount += 1
      bits = 0
    default: break
    }
  }

  private func begin(_ next: Phase) {
    phase = next
    outputBits = 0
  }

  private func give(at cycle: Cycle) {
    guard phase == .output else { return }
    if outputBits == 0 {
      outputByte = nextByte(at: cycle)
      outputBits = 8
    }
    if isQuadOutput {
      drive = (outputByte >> 4, 0xF)
      outputByte <<= 4
      outputBits -= 4
    } else {
      drive = ((outputByte >> 7) << 1, 2)
      outputByte <<= 1
      outputBits -= 1
    }
  }

  // MARK: Commands

  private var addressBits: Int {
    switch command {
    case 0x13, 0x0C, 0x6C, 0xEC, 0x12, 0x34, 0x21, 0xDC: 32
    default: usesLongAddresses ? 32 : 24
    }
  }

  private var isQuadOutput: Bool { [0x6B, 0x6C, 0xEB, 0xEC].contains(command) }

  private func decode(at cycle: Cycle) {
    let reset = isResetEnabled
    isResetEnabled = false
    switch command {
    case 0x05, 0x07: return begin(.output)
    case 0x30, 0x82:
      hasProgramError = false
      hasEraseError = false
      return begin(.ignore)
    case 0x66:
      isResetEnabled = true
      return begin(.ignore)
    case 0x99, 0xF0:
      if command == 0xF0 || reset {
        busyUntil = 0
        isWriteEnabled = false
        hasProgramError = false
        hasEraseError = false
        usesLongAddresses = false
      }
      return begin(.ignore)
    case 0x65: return begin(.address)
    default: break
    }
    guard !isBusy(at: cycle) else {
      remark("busy", "command \(hex(command)) while an operation is under way (WIP): ignored")
      return begin(.ignore)
    }
    switch command {
    case 0x9F, 0x35: begin(.output)
    case 0x06, 0x04, 0xB7, 0xB8, 0xE9: begin(.ignore)
    case 0x03, 0x13, 0x0B, 0x0C, 0x02, 0x12, 0x20, 0x21, 0xD8, 0xDC, 0x71: begin(.address)
    case 0x6B, 0x6C, 0x32, 0x34, 0xEB, 0xEC:
      guard configurationRegister & Self.quadBit != 0 else {
        remark("quad", "quad command \(hex(command)) without the QUAD bit of the configuration register: ignored")
        return begin(.ignore)
      }
      isQuad = command >= 0xEB
      begin(.address)
    case 0x01: begin(.input)
    case 0x60, 0xC7: begin(.ignore)
    default:
      remark("unknown-\(command)", "command \(hex(command)) is not known: ignored")
      begin(.ignore)
    }
  }

  private func afterAddress() {
    outputIndex = 0
    switch command {
    case 0x03, 0x13: begin(.output)
    case 0x0B, 0x0C, 0x6B, 0x6C, 0x65:
      skips = 8
      begin(.skip)
    case 0xEB, 0xEC:
      // Two clocks of mode bits, eight of latency.
      skips = 10
      begin(.skip)
    case 0x32, 0x34:
      isQuad = true
      begin(.input)
    case 0x02, 0x12, 0x71: begin(.input)
    default: begin(.ignore)
    }
  }

  private func nextByte(at cycle: Cycle) -> UInt8 {
    defer { outputIndex += 1 }
    switch command {
    case 0x05: return status1(at: cycle)
    case 0x07: return 0
    case 0x35: return configurationRegister
    case 0x9F: return outputIndex < configuration.identification.count ? configuration.identification[outputIndex] : 0
    case 0x65: return register(address, at: cycle)
    default: return array[address &+ UInt32(truncatingIfNeeded: outputIndex)]
    }
  }

  private func register(_ address: UInt32, at cycle: Cycle) -> UInt8 {
    switch address & 0x7F_FFFF {
    case 0: status1(at: cycle)
    case 2: configurationRegister
    case 3: 0x08 | (usesLongAddresses ? 0x80 : 0)
    default: 0
    }
  }

  // MARK: Writing

  /// The chip select rises: commands that change something act now, if they ended at a byte.
  private func finish(at cycle: Cycle) {
    let isWhole = bits == 0
    guard !isBusy(at: cycle), isWhole else { return }
    switch (phase, command) {
    case (.ignore, 0x06): isWriteEnabled = true
    case (.ignore, 0x04): isWriteEnabled = false
    case (.ignore, 0xB7): usesLongAddresses = true
    case (.ignore, 0xB8), (.ignore, 0xE9): usesLongAddresses = false
    case (.input, 0x01) where !input.isEmpty:
      guard takesWrite() else { return }
      status = input[0] & 0x9C
      if input.count > 1 { configurationRegister = input[1] }
      start(configuration.registerCycles, at: cycle)
    case (.input, 0x71) where !input.isEmpty:
      guard takesWrite() else { return }
      switch address & 0x7F_FFFF {
      case 0: status = input[0] & 0x9C
      case 2: configurationRegister = input[0]
      case 3: usesLongAddresses = input[0] & 0x80 != 0
      default: break
      }
      start(address & 0x80_0000 != 0 ? 1 : configuration.registerCycles, at: cycle)
    case (.input, 0x02), (.input, 0x12), (.input, 0x32), (.input, 0x34):
      if !input.isEmpty { program(at: cycle) }
    case (.ignore, 0x20), (.ignore, 0x21): erase(4096, configuration.sectorEraseCycles, at: cycle)
    case (.ignore, 0xD8), (.ignore, 0xDC): erase(65536, configuration.blockEraseCycles, at: cycle)
    case (.ignore, 0x60), (.ignore, 0xC7):
      guard takesWrite() else { return }
      guard status >> 2 & 7 == 0 else {
        hasEraseError = true
        isWriteEnabled = false
        return
      }
      array.eraseAll()
      start(configuration.chipEraseCycles, at: cycle)
    default: break
    }
  }

  private func start(_ cycles: Cycle, at cycle: Cycle) {
    busyUntil = cycle.addingReportingOverflow(cycles).overflow ? .max : cycle + cycles
    isWriteEnabled = false
  }

  private func takesWrite() -> Bool {
    if !isWriteEnabled {
      remark("write-enable-\(command)", "command \(hex(command)) without write enable (06h): ignored")
    }
    return isWriteEnabled
  }

  /// BP2:0 protect the upper 1/64, 1/32 ... or all of the array, the lower part with TBPROT.
  private func isProtected(_ address: UInt32) -> Bool {
    let level = Int(status >> 2 & 7)
    guard level > 0 else { return false }
    let size = array.size
    let protected = size >> (7 - level)
    let place = Int(address) % size
    return configurationRegister & 0x20 != 0 ? place < protected : place >= size - protected
  }

  private func program(at cycle: Cycle) {
    guard takesWrite() else { return }
    guard !isProtected(address) else {
      hasProgramError = true
      isWriteEnabled = false
      return
    }
    let size = UInt32(configuration.pageSize)
    let page = address & ~(size - 1)
    var offset = address & (size - 1)
    // More bytes than a page: the last ones, from where they fall in the page.
    let first = inputCount > input.count ? inputCount % input.count : 0
    if inputCount > input.count { offset = (offset &+ UInt32(inputCount % Int(size))) & (size - 1) }
    for index in input.indices {
      let value = input[(first + index) % input.count]
      array.program(page | (offset &+ UInt32(index)) & (size - 1), value)
    }
    start(configuration.programCycles, at: cycle)
  }

  private func erase(_ size: UInt32, _ cycles: Cycle, at cycle: Cycle) {
    guard takesWrite() else { return }
    guard !isProtected(address) else {
      hasEraseError = true
      isWriteEnabled = false
      return
    }
    array.erase(address & ~(size - 1), count: Int(size))
    start(cycles, at: cycle)
  }

  // MARK: Remarks

  private func hex(_ command: UInt8) -> String {
    let digits = String(command, radix: 16, uppercase: true)
    return (digits.count < 2 ? "0" : "") + digits + "h"
  }

  private func remark(_ key: String, _ message: String) {
    diagnostics?(Diagnostic(.misuse, key: "flash-\(key)", "SPI flash: \(message)"))
  }
}

/// The memory array of a flash: what lies behind the bytes kept is erased.
struct SPINORFlashArray {
  let size: Int
  private(set) var bytes: [UInt8]
  private(set) var isModified = false

  init(size: Int, bytes: [UInt8]) {
    self.size = size
    self.bytes = Array(bytes.prefix(size))
  }

  private func place(_ address: UInt32) -> Int { Int(address) % size }

  subscript(address: UInt32) -> UInt8 {
    let place = place(address)
    return place < bytes.count ? bytes[place] : 0xFF
  }

  /// Programming only clears bits.
  mutating func program(_ address: UInt32, _ value: UInt8) {
    let place = place(address)
    if place >= bytes.count {
      guard value != 0xFF else { return }
      bytes += [UInt8](repeating: 0xFF, count: place + 1 - bytes.count)
    }
    let new = bytes[place] & value
    if new != bytes[place] {
      bytes[place] = new
      isModified = true
    }
  }

  mutating func erase(_ address: UInt32, count: Int) {
    let start = place(address)
    // What lies behind the bytes kept is erased already.
    guard start < bytes.count else { return }
    for place in start..<min(start + count, bytes.count) {
      if bytes[place] != 0xFF { isModified = true }
      bytes[place] = 0xFF
    }
  }

  mutating func eraseAll() { erase(0, count: size) }
}

extension SPINORFlashArray: StateValue {
  mutating func visitState(_ archive: StateArchive) {
    archive.omits("size")
    archive.visit("bytes", contents: &bytes, most: size)
    archive.visit("isModified", &isModified)
  }
}

extension SPINORFlash {
  public func visitState(_ archive: StateArchive) {
    archive.omits("configuration", "diagnostics")
    archive.visit("array", &array)
    archive.visit("phase", &phase)
    archive.visit("command", &command)
    archive.visit("shift", &shift)
    archive.visit("bits", &bits, in: 0...40)
    archive.visit("isQuad", &isQuad)
    archive.visit("input", &input, most: configuration.pageSize)
    archive.visit("inputCount", &inputCount, in: 0...1 << 48)
    archive.visit("address", &address)
    archive.visit("skips", &skips, in: 0...16)
    archive.visit("outputByte", &outputByte)
    archive.visit("outputBits", &outputBits, in: 0...8)
    archive.visit("outputIndex", &outputIndex, in: 0...1 << 48)
    archive.visit("drive", &drive.levels)
    archive.visit("drive", &drive.driven)
    archive.visit("isWriteEnabled", &isWriteEnabled)
    archive.visit("busyUntil", due: &busyUntil)
    archive.visit("hasProgramError", &hasProgramError)
    archive.visit("hasEraseError", &hasEraseError)
    archive.visit("status", &status)
    archive.visit("configurationRegister", &configurationRegister)
    archive.visit("usesLongAddresses", &usesLongAddresses)
    archive.visit("isResetEnabled", &isResetEnabled)
  }
}
