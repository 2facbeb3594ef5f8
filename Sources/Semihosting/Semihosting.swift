// Semihosting: a program asks its host for a console, files, the time and its end.
//
// Follows "Semihosting for AArch32 and AArch64" (Arm) with the numbers and parameter blocks of a 32-bit machine, and the
// RISC-V Semihosting specification for how a call looks (`isCall`). Time is the machine's, so that a run stays the same
// run: SYS_TIME counts from 1970 at the start, SYS_ELAPSED in cycles. Left out: SYS_SYSTEM (refused).

/// Carries out the calls of one program.
public final class Semihosting {
  /// Numbers of the operations.
  enum Operation: UInt32 {
    case open = 0x01
    case close = 0x02
    case writeCharacter = 0x03
    case writeText = 0x04
    case write = 0x05
    case read = 0x06
    case readCharacter = 0x07
    case isError = 0x08
    case isTerminal = 0x09
    case seek = 0x0A
    case length = 0x0C
    case temporaryName = 0x0D
    case remove = 0x0E
    case rename = 0x0F
    case clock = 0x10
    case time = 0x11
    case system = 0x12
    case errorNumber = 0x13
    case commandLine = 0x15
    case heapInformation = 0x16
    case exit = 0x18
    case exitExtended = 0x20
    case elapsed = 0x30
    case tickFrequency = 0x31
  }

  private enum Handle {
    case input, output, errors
    /// `:semihosting-features`, read so far.
    case features(Int)
    case file(any HostFile)
  }

  /// Something that the user should know, once for each key.
  public var onRemark: ((_ key: String, _ text: String) -> Void)?

  private let host: any SemihostingHost
  private let machine: any SemihostedMachine
  private let commandLine: [UInt8]
  private var handles: [UInt32: Handle] = [:]
  private var failure: UInt32 = 0

  /// C libraries keep 0 to 2 for themselves.
  private static let firstHandle: UInt32 = 3
  private static let mostHandles: UInt32 = 64
  private static let longestText = 1 << 16
  private static let longestTransfer = 1 << 24
  private static let failed = UInt32.max
  /// ADP_Stopped_ApplicationExit: the program ended as it meant to.
  private static let applicationExit: UInt32 = 0x2_0026
  /// "SHFB"; bit 0: SYS_EXIT_EXTENDED, bit 1: `:tt` opened for appending is standard error.
  private static let features: [UInt8] = [0x53, 0x48, 0x46, 0x42, 0x03]

  /// `commandLine`: what SYS_GET_CMDLINE tells.
  public init(host: any SemihostingHost, machine: any SemihostedMachine, commandLine: String) {
    self.host = host
    self.machine = machine
    self.commandLine = Array(commandLine.utf8)
  }

  /// True if an EBREAK between these two words is a call: slli zero, zero, 0x1f before and srai zero, zero, 7 behind.
  public static func isCall(before: UInt32, behind: UInt32) -> Bool { before == 0x01F0_1013 && behind == 0x4070_5013 }

  /// Carries out operation `number` with `parameter`; the result for a0.
  public func call(_ number: UInt32, _ parameter: UInt32) -> UInt32 {
    guard let operation = Operation(rawValue: number) else {
      onRemark?("operation \(number)", "semihosting: no operation 0x\(String(number, radix: 16)); it returns -1")
      return fail(.notSupported)
    }
    do throws(HostFailure) {
      return try carryOut(operation, parameter)
    } catch {
      return fail(error)
    }
  }

  /// Closes what is still open.
  public func end() {
    for (_, handle) in handles.sorted(by: { $0.key < $1.key }) {
      if case .file(let file) = handle { try? file.close() }
    }
    handles = [:]
  }

  // MARK: Snapshots

  /// What is remembered between two calls, as numbers; nil while a file of the host is open, which nobody can save.
  public var state: [UInt32]? {
    var numbers = [failure]
    for (number, handle) in handles.sorted(by: { $0.key < $1.key }) {
      switch handle {
      case .input: numbers += [number, 0, 0]
      case .output: numbers += [number, 1, 0]
      case .errors: numbers += [number, 2, 0]
      case .features(let position): numbers += [number, 3, UInt32(clamping: position)]
      case .file: return nil
      }
    }
    return numbers
  }

  /// Goes on with what `state` gave; false if that is no such list.
  public func restore(_ state: [UInt32]) -> Bool {
    guard state.count % 3 == 1 else { return false }
    failure = state[0]
    handles = [:]
    for index in stride(from: 1, to: state.count, by: 3) {
      let number = state[index]
      guard number >= Self.firstHandle, number < Self.firstHandle + Self.mostHandles else { return false }
      switch state[index + 1] {
      case 0: handles[number] = .input
      case 1: handles[number] = .output
      case 2: handles[number] = .errors
      case 3 where state[index + 2] <= Self.features.count: handles[number] = .features(Int(state[index + 2]))
      default: return false
      }
    }
    return true
  }

  private func fail(_ reason: HostFailure) -> UInt32 {
    failure = reason.rawValue
    return Self.failed
  }

  private func carryOut(_ operation: Operation, _ parameter: UInt32) throws(HostFailure) -> UInt32 {
    switch operation {
    case .open: return try open(try words(parameter, 3))
    case .close:
      let number = try words(parameter, 1)[0]
      if case .file(let file) = try handle(number) { try file.close() }
      handles[number] = nil
      return 0
    case .writeCharacter:
      host.put(try bytes(parameter, 1), isError: false)
      return 0
    case .writeText:
      host.put(try text(parameter), isError: false)
      return 0
    case .write: return try write(try words(parameter, 3))
    case .read: return try read(try words(parameter, 3))
    case .readCharacter: return host.typed(1).first.map(UInt32.init) ?? Self.failed
    case .isError: return try words(parameter, 1)[0] >> 31 != 0 ? 1 : 0
    case .isTerminal:
      switch try handle(try words(parameter, 1)[0]) {
      case .input, .output, .errors: return 1
      case .features, .file: return 0
      }
    case .seek: return try seek(try words(parameter, 2))
    case .length:
      switch try handle(try words(parameter, 1)[0]) {
      case .file(let file): return UInt32(clamping: try file.length())
      case .features: return UInt32(Self.features.count)
      case .input, .output, .errors: return 0
      }
    case .temporaryName:
      let block = try words(parameter, 3)
      let name = Array("semihosting-\(block[1] & 0xFF).tmp".utf8) + [0]
      guard name.count <= block[2] else { throw .invalid }
      try put(name, at: block[0])
      return 0
    case .remove:
      let block = try words(parameter, 2)
      try host.remove(try name(block[0], block[1]))
      return 0
    case .rename:
      let block = try words(parameter, 4)
      try host.rename(try name(block[0], block[1]), to: try name(block[2], block[3]))
      return 0
    case .clock:
      let time = machine.time
      return UInt32(truncatingIfNeeded: time.cycles / max(1, time.frequency / 100))
    case .time:
      let time = machine.time
      return UInt32(truncatingIfNeeded: time.cycles / max(1, time.frequency))
    case .system:
      onRemark?("system", "semihosting: SYS_SYSTEM asks for a command of the host; refused")
      throw .noAccess
    case .errorNumber: return failure
    case .commandLine:
      let block = try words(parameter, 2)
      guard commandLine.count < block[1] else { throw .invalid }
      try put(commandLine + [0], at: block[0])
      try put(littleEndian(UInt32(commandLine.count)), at: parameter &+ 4)
      return 0
    case .heapInformation:
      // Zeros: the program's own linker script decides.
      try put([UInt8](repeating: 0, count: 16), at: try words(parameter, 1)[0])
      return 0
    case .exit:
      machine.end(parameter == Self.applicationExit ? 0 : 1)
      return 0
    case .exitExtended:
      let block = try words(parameter, 2)
      machine.end(block[0] == Self.applicationExit ? block[1] : 1)
      return 0
    case .elapsed:
      let cycles = machine.time.cycles
      try put(
        littleEndian(UInt32(truncatingIfNeeded: cycles)) + littleEndian(UInt32(truncatingIfNeeded: cycles >> 32)),
        at: parameter)
      return 0
    case .tickFrequency: return UInt32(clamping: machine.time.frequency)
    }
  }

  // MARK: Files

  private func open(_ block: [UInt32]) throws(HostFailure) -> UInt32 {
    let name = try name(block[0], block[2])
    guard let mode = HostFileMode(block[1]) else { throw .invalid }
    guard let number = (Self.firstHandle..<Self.firstHandle + Self.mostHandles).first(where: { handles[$0] == nil })
    else { throw .tooManyFiles }
    switch name {
    case Array(":tt".utf8):
      switch mode.base {
      case .read: handles[number] = .input
      case .write: handles[number] = .output
      case .append: handles[number] = .errors
      }
    case Array(":semihosting-features".utf8):
      guard mode.base == .read, !mode.isUpdate else { throw .noAccess }
      handles[number] = .features(0)
    default: handles[number] = .file(try host.open(name, mode))
    }
    return number
  }

  private func handle(_ number: UInt32) throws(HostFailure) -> Handle {
    guard let handle = handles[number] else { throw .badHandle }
    return handle
  }

  /// The number of bytes that were not written.
  private func write(_ block: [UInt32]) throws(HostFailure) -> UInt32 {
    let data = try bytes(block[1], block[2])
    switch try handle(block[0]) {
    case .output: host.put(data, isError: false)
    case .errors: host.put(data, isError: true)
    case .file(let file): try file.write(data)
    case .input, .features: throw .badHandle
    }
    return 0
  }

  /// The number of bytes that were not read: all of them at the end of the file.
  private func read(_ block: [UInt32]) throws(HostFailure) -> UInt32 {
    // Nothing is taken that could not be stored.
    _ = try bytes(block[1], block[2])
    let count = Int(block[2])
    let data: [UInt8]
    switch try handle(block[0]) {
    case .input: data = count > 0 ? host.typed(count) : []
    case .file(let file): data = try file.read(count)
    case .features(let position):
      data = Array(Self.features.dropFirst(position).prefix(count))
      handles[block[0]] = .features(position + data.count)
    case .output, .errors: throw .badHandle
    }
    try put(data, at: block[1])
    return UInt32(truncatingIfNeeded: count - data.count)
  }

  private func seek(_ block: [UInt32]) throws(HostFailure) -> UInt32 {
    switch try handle(block[0]) {
    case .file(let file): try file.seek(block[1])
    case .features: handles[block[0]] = .features(Int(min(block[1], UInt32(Self.features.count))))
    case .input, .output, .errors: throw .invalid
    }
    return 0
  }

  // MARK: Memory of the machine

  private func bytes(_ address: UInt32, _ count: UInt32) throws(HostFailure) -> [UInt8] {
    guard count <= Self.longestTransfer, let bytes = machine.read(address, count: Int(count)) else {
      onRemark?(
        "memory", "semihosting: a call names \(count) bytes at 0x\(String(address, radix: 16)), which are not memory")
      throw .invalid
    }
    return bytes
  }

  private func words(_ address: UInt32, _ count: UInt32) throws(HostFailure) -> [UInt32] {
    let bytes = try bytes(address, 4 * count)
    return (0..<Int(count)).map { index in
      (0..<4).reduce(0) { $0 | UInt32(bytes[4 * index + $1]) << UInt32(8 * $1) }
    }
  }

  private func put(_ bytes: [UInt8], at address: UInt32) throws(HostFailure) {
    guard bytes.isEmpty || machine.write(bytes, at: address) else { throw .invalid }
  }

  private func name(_ address: UInt32, _ count: UInt32) throws(HostFailure) -> [UInt8] {
    guard count <= Self.longestText else { throw .invalid }
    return try bytes(address, count)
  }

  /// Up to a zero byte.
  private func text(_ address: UInt32) throws(HostFailure) -> [UInt8] {
    var text: [UInt8] = []
    while text.count < Self.longestText {
      let byte = try bytes(address &+ UInt32(text.count), 1)[0]
      if byte == 0 { break }
      text.append(byte)
    }
    return text
  }

  private func littleEndian(_ word: UInt32) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(8 * $0)) }
  }
}
