// Uninitialised values, the stack, code and constants (rules uninit-…, stack-overflow, write-…, execute-data).

import HardwareModel
import PULPissimo
import RISCV

/// Where the stack is.
struct StackState {
  /// The stack pointer before the present instruction.
  var before: Address = 0
  /// First address that the stack may use; nil: not known since the pointer was set.
  fileprivate var floor: UInt64?
  /// The last change was the upper half of an address.
  fileprivate var isHalfSet = false
  /// Frames larger than this are changes of stack.
  fileprivate static let largestFrame: UInt32 = 0x8000
}

/// Code and constants of the program.
struct CodeState {
  /// A bit a page of 256 bytes of L2 that holds code or constants.
  fileprivate var guarded: [Bool] = []
  fileprivate var base: Address = 0
  /// Stores to code that no FENCE.I has followed.
  fileprivate var stale: [(range: Range<UInt64>, site: Site)] = []
  fileprivate var hasFenced = false
  var isStale: Bool { !stale.isEmpty }

  @inline(__always)
  func isGuarded(_ address: Address) -> Bool {
    let page = Int((address &- base) >> 8)
    return page < guarded.count && guarded[page]
  }
}

extension DriverChecker {
  // MARK: Uninitialised values

  private func origin(_ register: UInt8) -> String {
    let address = registers.origin(register)
    return address == 0 ? "x\(register)" : "x\(register), loaded from \(describe(address))"
  }

  func undecidedBranch(_ instruction: Instruction) {
    let unknown = registers[instruction.rs1] != 0 ? instruction.rs1 : instruction.rs2
    let text = origin(unknown)
    registers.set(instruction.rs1, 0)
    registers.set(instruction.rs2, 0)
    if program.stringFunctions.contains(where: { $0.contains(UInt64(pc)) }) { return }
    report(
      MemoryRules.uninitBranch, subject: text,
      message: "a branch depends on uninitialised bits of \(text)")
  }

  func undefinedAddress(_ instruction: Instruction, _ what: String) {
    let text = origin(instruction.rs1)
    registers.set(instruction.rs1, 0)
    report(
      MemoryRules.uninitAddress, subject: text, message: "\(what) is computed from uninitialised bits of \(text)")
  }

  func undefinedRegister(_ instruction: Instruction, _ address: Address) {
    let text = origin(instruction.rs2)
    registers.set(instruction.rs2, 0)
    let reached = machine.bus.register(at: address)
    let name = reached.map { "\($0.block.name).\($0.register?.name ?? hexadecimal(address))" } ?? hexadecimal(address)
    report(
      MemoryRules.uninitRegister, subject: name, message: "\(name) is written with uninitialised bits of \(text)")
  }

  // MARK: Stack

  func stackPointerChanged(_ instruction: Instruction, _ hart: Hart) {
    let before = stack.before
    let now = hart[register: 2]
    let isUpper = instruction.operation == .lui || instruction.operation == .auipc
    defer { stack.isHalfSet = isUpper }
    let isStep =
      instruction.timing == .alu && !stack.isHalfSet && (instruction.rs1 == 2 || instruction.rs2 == 2)
      && now != before
    guard isStep, registers[2] == 0 else {
      if now != before { stack.floor = nil }
      return
    }
    if now > before {
      guard now &- before <= StackState.largestFrame else {
        stack.floor = nil
        return
      }
      // What an overflow has gone through is not the stack's.
      let first = max(before, stack.floor.map { Address(clamping: $0) } ?? 0)
      guard now > first else { return }
      checkReleased(canonical(first), Int(now &- first))
      memory.fill(canonical(first), Int(now &- first), isDefined: false)
      return
    }
    let floor = stack.floor ?? program.floor(ofStack: before)
    stack.floor = floor
    if UInt64(now) < floor, UInt64(before) >= floor {
      report(
        MemoryRules.stackOverflow, subject: "sp = \(hexadecimal(now))",
        message:
          "the stack pointer falls to \(hexadecimal(now)), into \(describe(Address(truncatingIfNeeded: floor &- 1)))")
    }
  }

  // MARK: Code and constants

  /// The program counter leaves the range of code or function that it was in.
  func enteredOtherCode(_ hart: Hart) {
    if code.guarded.isEmpty { guardProgram() }
    let place = UInt64(pc)
    if let function = program.function(at: pc) {
      codeRange = function.range
      if handlerLevel > 0 { enteredInHandler(function.name) }
    } else {
      codeRange = place..<place + 2
    }
    if program.code.isEmpty || program.code.contains(where: { $0.contains(place) }) { return }
    codeRange = 0..<0
    if code.hasFenced || (MemoryMap.rom..<MemoryMap.romEnd).contains(pc) { return }
    // Where nothing can be fetched from, the jump has been reported.
    guard pc >= MemoryMap.dataAliasSize, machine.memory(at: pc) != nil else { return }
    report(
      MemoryRules.executeData, at: here, pc: pc & ~0xFF, subject: describe(pc),
      message: "the core executes \(describe(pc)), which is no code of the program")
  }

  /// A jump to where no instruction can be fetched: the core never gets there.
  func jumpsOutside(_ target: Address) {
    if program.code.isEmpty || program.code.contains(where: { $0.contains(UInt64(target)) }) { return }
    guard target < MemoryMap.dataAliasSize || machine.memory(at: target) == nil else { return }
    report(
      MemoryRules.executeData, subject: hexadecimal(target),
      message: "a jump to \(hexadecimal(target)), where no code can be\(target == 0 ? ": a null pointer" : "")")
  }

  /// ra is loaded from the stack.
  func checkReturnAddress(_ address: Address) {
    guard let expected = trace.expected(at: address), let (bank, place) = machine.memory(at: address, count: 4) else {
      return
    }
    let found = bank.word(place)
    guard found != expected else { return }
    let writer: String
    var related: [(what: String, site: Site)] = []
    switch memory.writer(place) {
    case .core(let pc):
      writer = "a store"
      related = [("that store was", Site(cycle: cycle, pc: pc, callers: []))]
    case .job(let number): writer = "job number \(number &+ 1) of the accelerator"
    case .transfer: writer = "a uDMA transfer"
    case .nobody: writer = "somebody"
    }
    report(
      MemoryRules.stackSmashed, subject: hexadecimal(address),
      message:
        "the return address \(hexadecimal(expected)) at \(hexadecimal(address)) was overwritten by \(writer) with \(hexadecimal(found))",
      related: related)
  }

  private func guardProgram() {
    code.base = memory.base
    code.guarded = Array(repeating: false, count: memory.size / 256 + 1)
    for range in program.code + program.constants {
      guard let first = Address(exactly: range.lowerBound), !range.isEmpty else { continue }
      let start = canonical(first)
      guard let offset = memory.offset(start) else { continue }
      for page in offset / 256...min((offset + range.count - 1) / 256, code.guarded.count - 1) {
        code.guarded[page] = true
      }
    }
  }

  func storedToProgram(_ address: Address, _ size: Int) {
    let bytes = UInt64(address)..<UInt64(address) + UInt64(size)
    if program.code.contains(where: { $0.overlaps(bytes) }) {
      if program.changesCode {
        if code.stale.count < 4096 { code.stale.append((bytes, here)) }
      } else {
        report(
          MemoryRules.writeCode, subject: describe(address),
          message: "store to the instructions at \(describe(address))")
      }
    } else if program.constants.contains(where: { $0.overlaps(bytes) }) {
      report(
        MemoryRules.writeConstant, subject: describe(address), message: "store to the constant \(describe(address))")
    }
  }

  func fenced() {
    code.stale = []
    code.hasFenced = true
  }

  /// An instruction that was stored and not fenced may be executed now.
  func checkStaleCode(_ instruction: Instruction) {
    let bytes = UInt64(pc)..<UInt64(pc) + UInt64(instruction.length)
    guard let index = code.stale.firstIndex(where: { $0.range.overlaps(bytes) }) else { return }
    reportStale(code.stale.remove(at: index))
  }

  func finishCode() {
    for store in code.stale.prefix(16) { reportStale(store) }
    code.stale = []
  }

  private func reportStale(_ store: (range: Range<UInt64>, site: Site)) {
    let address = Address(truncatingIfNeeded: store.range.lowerBound)
    report(
      MemoryRules.writeCode, at: store.site, pc: store.site.pc, subject: describe(address),
      message: "store to the instructions at \(describe(address)), and no FENCE.I follows")
  }
}
