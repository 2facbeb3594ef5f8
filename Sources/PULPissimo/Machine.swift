// PULPissimo: the chip put together. Composition only; behaviour lives in the blocks.

import HardwareModel
import Peripherals
import RISCV
import RetentionAccelerator

/// A PULPissimo with RETA in its HWPE slot.
///
///     let machine = Machine(MachineConfiguration())
///     machine.onCharacter = { print(UnicodeScalar($0), terminator: "") }
///     machine.write(code, at: 0x1C00_8080)
///     machine.boot(at: 0x1C00_8080)
///     let end = machine.run(limits: .init(cycles: 1_000_000))
public final class Machine {
  public let configuration: MachineConfiguration
  public let queue = EventQueue()
  public let l2: DirectMemory
  /// The interleaved banks: a view of `l2`.
  public let interleaved: DirectMemory
  public let rom: DirectMemory
  public private(set) var extraMemories: [DirectMemory] = []

  public let reference: ReferenceClock
  public let interruptController: InterruptController
  public let eventGenerator: SoCEventGenerator
  public let timer: TimerUnit
  public let fll: FLL
  public let stdout = VirtualStdout()
  public let debugModule = DebugModule()
  public let advancedTimer: AdvancedTimer
  public let udma: UDMA
  /// What is behind the pins.
  public let board: Board
  private let udmaMemory: any UDMAMemoryPort
  let interconnect: L2Interconnect?
  /// Whoever drives UART 0's receive pin.
  public let uartLine: UARTLineDriver?
  public let accelerator: RETA
  public let bus: PeripheralBus
  public private(set) var hart: Hart

  /// A character that the firmware prints, by virtual stdout or UART.
  public var onCharacter: ((UInt8) -> Void)?
  /// A character that leaves UART 0's transmit pin; nil: `onCharacter` takes it.
  public var onUARTCharacter: ((UInt8) -> Void)?
  /// A remark about the guest's behaviour, reported once a kind and place.
  public var onDiagnostic: ((MachineDiagnostic) -> Void)?
  private var reported: Set<String> = []
  /// A program that marches through nowhere has something to report at every address.
  private static let mostReported = 4096

  /// Asked now and then during long arithmetic of the accelerator; true ends the run at once with reason `interrupted`.
  /// Memory may then be incomplete.
  public var isAbandoned: (() -> Bool)? {
    didSet {
      accelerator.isAbandoned = isAbandoned.map { isAbandoned in
        { [unowned(unsafe) self] in
          guard isAbandoned() else { return false }
          hart.requestStop(.requested)
          return true
        }
      }
    }
  }

  /// The run was given up in the middle of something: memory is in no state that the machine has ever been in.
  public var isIncomplete: Bool { hart.stopReason == .requested && strictViolation == nil && checkFailure == nil }

  /// Told of what is written into memory behind the machine's back: address and bytes.
  public var onOutsideWrite: ((Address, Int) -> Void)?

  private(set) var exitCode: UInt32?
  func setExitCode(_ code: UInt32) { exitCode = code }
  private(set) var strictViolation: (message: String, pc: Address)?
  private(set) var checkFailure: (message: String, pc: Address)?
  /// Ends the run before the next instruction with reason `check`: the driver checker has found something at `pc`.
  public func endForCheck(_ message: String, pc: Address) {
    guard checkFailure == nil else { return }
    checkFailure = (message, pc)
    hart.requestStop(.requested)
  }
  private var isBooted = false
  /// Presets FC_BOOTADDR.
  private var setBootAddress: ((Address) -> Void)?
  /// Puts levels on the GPIO block's inputs.
  private var setPins: ((UInt32, Cycle) -> Void)?

  public init(_ configuration: MachineConfiguration) {
    self.configuration = configuration
    let fitted = UInt32(configuration.interleavedKiB == 256 ? 256 : 512) * 1024
    let l2 = DirectMemory(
      name: "L2", base: MemoryMap.privateBank0, size: Int(2 * MemoryMap.privateBankSize + fitted))
    self.l2 = l2
    interleaved = DirectMemory(
      name: "interleaved L2", viewOf: l2, base: MemoryMap.interleaved, size: Int(fitted))
    rom = DirectMemory(name: "boot ROM", base: MemoryMap.rom, size: Int(MemoryMap.romSize), isWritable: false)
    BootROM.fill(rom)

    var accelerator = configuration.accelerator
    accelerator.l2Hi = MemoryMap.interleaved + fitted
    let interconnect =
      configuration.contention
      ? L2Interconnect(
        l2: l2, acceleratorPorts: accelerator.ports, interleavedBanks: configuration.interleavedBanks) : nil
    self.interconnect = interconnect
    // Before the event generator: with contended ports the accelerator reports a pulse in the cycle after it.
    self.accelerator = RETA(
      queue: queue, memory: interleaved, configuration: accelerator, port: interconnect ?? UncontendedPort())

    reference = ReferenceClock()
    interruptController = InterruptController(queue: queue, reference: reference)
    eventGenerator = SoCEventGenerator(queue: queue, reference: reference)
    timer = TimerUnit(queue: queue, reference: reference)
    advancedTimer = AdvancedTimer(queue: queue, reference: reference)
    fll = FLL(hasClusterLoop: configuration.profile == .p7)
    udma = configuration.profile == .p7 ? UDMA.p7(queue: queue) : UDMA.p8(queue: queue)
    udmaMemory = interconnect ?? UDMAMemory(l2)
    udma.memory = udmaMemory
    board = Board(configuration.board, queue: queue)
    uartLine = udma.uart.map { [queue, udma] in UARTLineDriver(queue: queue, udma: udma, uart: $0) }

    bus = PeripheralBus(
      sameDirectionWait: configuration.sameDirectionWait, clusterAnswers: configuration.clusterAnswers)
    hart = Hart(configuration: configuration.hart, queue: queue, bus: bus)
    EventPath.connect(
      generator: eventGenerator, timer: timer, controller: interruptController,
      trigger: { [unowned udma] event, cycle in udma.trigger(event, at: cycle) })
    interconnect?.accelerator = self.accelerator
    interconnect?.udma = udma
    if configuration.hart.cycleModel { hart.interconnect = interconnect }
    connect()
    mapMemories(fitted: fitted)
    addSlots()
  }

  // MARK: Wiring

  private func connect() {
    bus.rom = rom
    bus.pads = board.pads
    bus.udma = udma
    bus.accelerator = accelerator
    board.connect(udma, diagnostics: { [unowned(unsafe) self] in report($0) })
    board.pads.onInputs = { [unowned(unsafe) self] levels, cycle in
      setPins?(levels, cycle)
      advancedTimer.setInputs(levels, at: cycle)
    }
    advancedTimer.onEvent = { [unowned(unsafe) self] index, level, cycle in
      interruptController.setLine(17 + index, level, at: cycle)
      eventGenerator.setLevel(135 + index, level, at: cycle)
    }
    bus.dataWord = { [unowned(unsafe) self] in dataWord($0) }
    bus.queue = queue
    bus.interruptController = interruptController
    bus.eventGenerator = eventGenerator
    bus.currentAccess = { [unowned(unsafe) self] in (hart.accessPC, hart.cycle) }
    bus.onDiagnostic = { [unowned(unsafe) self] in report($0) }
    hart.onDiagnostic = { [unowned(unsafe) self] in report($0) }
    interruptController.onRequestChange = { [unowned(unsafe) self] line, from in hart.setRequest(line, from: from) }
    accelerator.onEvent = { [unowned(unsafe) self] line, cycle in
      eventGenerator.raise(line == 0 ? RETA.doneEvent : RETA.errorEvent, at: cycle)
    }
    udma.onEvent = { [unowned(unsafe) self] event, cycle in eventGenerator.raise(event, at: cycle) }
    udma.diagnostics = { [unowned(unsafe) self] in report($0) }
    udma.uart?.onTransmit = { [unowned(unsafe) self] character, _ in uartCharacter(character) }
    stdout.onCharacter = { [unowned(unsafe) self] character, _, _, _ in onCharacter?(character) }
    fll.onFrequency = { [unowned(unsafe) self] index, numerator, denominator, cycle in
      // FLL0 drives the SoC: its factor is the number of SoC cycles in a reference period.
      if index == 0 { reference.retune(cyclesPerPeriod: numerator, over: denominator, at: cycle) }
    }
  }

  private func uartCharacter(_ character: UInt8) {
    if let onUARTCharacter { onUARTCharacter(character) } else { onCharacter?(character) }
  }

  /// Hands over what UART 0 has fetched but not sent, for the end of a program that does not wait for its last
  /// character: the hardware goes on sending after the exit store.
  public func drainUART() {
    for character in udma.uart?.drain() ?? [] { uartCharacter(character) }
  }

  private func mapMemories(fitted: UInt32) {
    // With executable ranges the instruction port reaches only those directly; it asks the bus for everything else.
    let fetch = !limitsExecution
    mapBanks(0..<UInt32(l2.size), at: MemoryMap.privateBank0, fetch: fetch)
    if fitted < MemoryMap.interleavedWindow {
      // P8 decodes twice what it fits: the upper half repeats the lower one.
      let offset = 2 * MemoryMap.privateBankSize
      mapBanks(offset..<offset + fitted, at: MemoryMap.interleaved &+ fitted, fetch: fetch)
    }
    mapBanks(0..<min(MemoryMap.dataAliasSize, UInt32(l2.size)), at: MemoryMap.dataAlias, fetch: false)
    hart.map(rom, region: L2Interconnect.Region.rom)
    for extra in configuration.extraMemories {
      let memory = DirectMemory(name: "extra memory", base: extra.base, size: Int(extra.size))
      extraMemories.append(memory)
      hart.map(memory, fetch: fetch)
    }
    if limitsExecution { configuration.executableRanges.forEach(mapExecutable) }
  }

  /// Maps a range of bytes of the L2, bank by bank: they are memories of their own to the core, which may have to wait in
  /// one and not in another.
  private func mapBanks(_ range: Range<UInt32>, at address: Address, data: Bool = true, fetch: Bool) {
    typealias Region = L2Interconnect.Region
    let bank = MemoryMap.privateBankSize
    let banks = [
      (Region.private0, 0..<bank), (Region.private1, bank..<2 * bank), (Region.interleaved, 2 * bank..<UInt32(l2.size)),
    ]
    for (region, bytes) in banks {
      let part = bytes.clamped(to: range)
      guard !part.isEmpty else { continue }
      hart.map(
        l2, at: address &+ (part.lowerBound - range.lowerBound), offset: part.lowerBound, size: UInt32(part.count),
        data: data, fetch: fetch, region: region)
    }
  }

  private var limitsExecution: Bool { configuration.strict && !configuration.executableRanges.isEmpty }

  /// Lets the instruction port reach `range`, as far as memory lies there.
  private func mapExecutable(_ range: Range<UInt64>) {
    var start = range.lowerBound
    while start < range.upperBound, let address = Address(exactly: start) {
      guard address >= MemoryMap.dataAliasSize, let (memory, place) = memory(at: address), memory !== rom else {
        return
      }
      let offset = place &- memory.base
      let size = min(UInt64(memory.size) - UInt64(offset), range.upperBound - start)
      if memory === l2 {
        mapBanks(offset..<offset + UInt32(size), at: address, data: false, fetch: true)
      } else {
        hart.map(memory, at: address, offset: offset, size: UInt32(size), data: false)
      }
      start += size
    }
  }

  /// What the instruction port finds where it is not meant to fetch; nil where there is no memory.
  private func dataWord(_ address: Address) -> UInt32? {
    guard limitsExecution, address >= MemoryMap.dataAliasSize, let (memory, place) = memory(at: address, count: 4)
    else { return nil }
    return memory.word(place)
  }

  private func addSlots() {
    let isP7 = configuration.profile == .p7
    var information = SoCControlRegisters.socInfo.reset
    information |= 1 << 21
    let exit: (UInt32, Cycle) -> Void = { [unowned(unsafe) self] code, _ in
      exitCode = code
      hart.requestStop(.ended)
    }
    // Both families of software program the FLL during start-up, at different addresses.
    bus.add(fll, at: MemoryMap.fll, size: MemoryMap.slotSize)
    bus.add(udma, at: MemoryMap.udma, size: 2 * MemoryMap.slotSize)
    if isP7 {
      let control = APBSoCControl(bootSelect: configuration.bootSelect)
      control.onExit = exit
      setBootAddress = { [unowned control] in control.presetBootAddress($0) }
      control.onPadFunction = { [unowned(unsafe) self] pad, function, cycle in
        selectTimer(Self.timerOutputP7(pad: pad, function: function), for: pad, from: cycle)
      }
      bus.add(control, at: MemoryMap.socControl, size: MemoryMap.slotSize)
      let gpio = APBGPIO(queue: queue)
      gpio.onInterrupt = { [unowned(unsafe) self] in gpioInterrupt($0, at: $1) }
      gpio.onOutput = { [unowned(unsafe) self] in board.pads.drive($0, drivers: $1, from: $2) }
      setPins = { [unowned gpio] in gpio.setInputs($0, at: $1) }
      bus.add(gpio, at: MemoryMap.gpio, size: MemoryMap.slotSize)
    } else {
      let control = SoCControl(info: information, bootSelect: configuration.bootSelect)
      control.onExit = exit
      setBootAddress = { [unowned control] in control.presetBootAddress($0) }
      bus.add(control, at: MemoryMap.socControl, size: MemoryMap.slotSize)
      let gpio = GPIO(queue: queue)
      gpio.onInterrupt = { [unowned(unsafe) self] in gpioInterrupt($0, at: $1) }
      gpio.onOutput = { [unowned(unsafe) self] in board.pads.drive($0, drivers: $1, from: $2) }
      setPins = { [unowned gpio] in gpio.setInputs($0, at: $1) }
      bus.add(gpio, at: MemoryMap.gpio, size: MemoryMap.slotSize)
      bus.add(fll, at: MemoryMap.fllP8, size: MemoryMap.slotSize)
      let multiplexer = PadConfiguration()
      multiplexer.onSelect = { [unowned(unsafe) self] pad, function, cycle in
        let timers = PadConfigurationRegisters.firstTimerFunction..<PadConfigurationRegisters.firstTimerFunction + 16
        let output = timers.contains(function) ? UInt8(function - timers.lowerBound) : nil
        selectTimer(output, for: pad, from: cycle)
      }
      bus.add(multiplexer, at: MemoryMap.padConfiguration, size: MemoryMap.slotSize)
    }
    bus.add(advancedTimer, at: MemoryMap.advancedTimer, size: MemoryMap.slotSize)
    bus.add(eventGenerator, at: MemoryMap.eventGenerator, size: MemoryMap.slotSize)
    bus.add(interruptController, at: MemoryMap.interruptController, size: 2 * MemoryMap.slotSize)
    bus.add(timer, at: MemoryMap.timer, size: MemoryMap.slotSize)
    bus.add(accelerator, at: MemoryMap.accelerator, size: MemoryMap.slotSize)
    bus.add(stdout, at: MemoryMap.stdout, size: MemoryMap.slotSize)
    bus.add(debugModule, at: MemoryMap.debugModule, size: 0x1_0000)
  }

  /// The advanced timer's outputs are followed only while a pad shows one.
  private func selectTimer(_ output: UInt8?, for pad: Int, from cycle: Cycle) {
    board.pads.select(timerOutput: output, for: pad, from: cycle)
    guard board.pads.hasTimerPads else {
      advancedTimer.onOutput = nil
      return
    }
    guard advancedTimer.onOutput == nil else { return }
    board.pads.setTimerOutputs(advancedTimer.outputs(at: cycle), from: cycle)
    followTimer()
  }

  /// Follows the advanced timer's outputs if a pad shows one.
  private func followTimer() {
    guard board.pads.hasTimerPads else { return }
    advancedTimer.onOutput = { [unowned(unsafe) self] outputs, cycle in board.pads.setTimerOutputs(outputs, from: cycle)
    }
  }

  /// The output of the advanced timer behind function 2 of a pad of P7 (`pad_control.sv`): timers 1 to 3 on pads 9 to 19.
  private static func timerOutputP7(pad: Int, function: UInt32) -> UInt8? {
    function == 2 && (9...19).contains(pad) ? UInt8(4 + pad - 9) : nil
  }

  /// Pins' interrupt: line 15 and SoC event 139.
  private func gpioInterrupt(_ level: Bool, at cycle: Cycle) {
    interruptController.setLine(15, level, at: cycle)
    eventGenerator.setLevel(139, level, at: cycle)
  }

  // MARK: Loading

  /// All memories in which a program may lie.
  public var memories: [DirectMemory] { [l2] + extraMemories }

  /// The memory and its own address behind bus address `address`, aliases of the data port included.
  public func memory(at address: Address, count: Int = 1) -> (DirectMemory, Address)? {
    var place = address
    if address < MemoryMap.dataAliasSize { place = MemoryMap.privateBank0 &+ address }
    let fitted = UInt32(interleaved.size)
    if fitted < MemoryMap.interleavedWindow, place >= MemoryMap.interleaved &+ fitted,
      place < MemoryMap.interleaved &+ MemoryMap.interleavedWindow
    {
      place -= fitted
    }
    for memory in memories + [rom] where memory.contains(place, count) { return (memory, place) }
    return nil
  }

  /// Copies `data` to `address` behind the machine's back; false if it does not lie in one memory.
  @discardableResult
  public func write(_ data: UnsafeRawBufferPointer, at address: Address) -> Bool {
    guard data.count > 0 else { return true }
    guard let (memory, place) = memory(at: address, count: data.count), memory.isWritable else { return false }
    memory.write(place, data)
    onOutsideWrite?(address, data.count)
    return true
  }

  /// Copies bytes to `address` behind the machine's back; false if they do not lie in one memory.
  @discardableResult
  public func write(_ data: [UInt8], at address: Address) -> Bool {
    data.withUnsafeBytes { write($0, at: address) }
  }

  /// `count` bytes at `address`, or nil if they do not lie in one memory.
  public func read(_ address: Address, count: Int) -> [UInt8]? {
    guard count > 0 else { return [] }
    guard let (memory, place) = memory(at: address, count: count) else { return nil }
    return Array(UnsafeRawBufferPointer(start: memory.bytes + Int(place &- memory.base), count: count))
  }

  /// The state at the first instruction of a directly loaded program: PC = `entry`, mie = all ones.
  public func boot(at entry: Address) {
    hart.start(at: entry, mie: .max)
    isBooted = true
  }

  /// The state after reset: the boot ROM runs. `preloaded`: the address that someone has put into FC_BOOTADDR, where
  /// boot mode 3 jumps to.
  public func bootFromROM(preloaded: Address? = nil) {
    if let preloaded { setBootAddress?(preloaded) }
    hart.start(at: MemoryMap.resetEntry, mie: 0)
    isBooted = true
  }

  // MARK: Diagnostics

  /// Reports something about the program that only someone outside can know.
  public func remark(_ diagnostic: Diagnostic) { report(diagnostic, at: hart.pc) }

  /// SoC cycles in a second, as FLL 0 is set.
  public var frequency: UInt64 {
    let period = reference.cyclesPerPeriod
    return 32_768 &* period.numerator / max(period.denominator, 1)
  }

  private func report(_ diagnostic: Diagnostic, at pc: Address? = nil) {
    let isViolation =
      switch diagnostic.kind {
      case .unmapped, .readOnly, .execution: true
      default: false
      }
    let isOfCore = diagnostic.kind == .execution || diagnostic.kind == .illegalInstruction
    let place = pc ?? (isOfCore ? hart.pc : hart.accessPC)
    if configuration.strict && isViolation && strictViolation == nil {
      strictViolation = (diagnostic.message, place)
      hart.requestStop(.requested)
    }
    guard reported.count < Self.mostReported, reported.insert(diagnostic.key).inserted else { return }
    onDiagnostic?(MachineDiagnostic(diagnostic: diagnostic, cycle: hart.cycle, pc: place))
  }
}

/// A diagnostic with the place in the program that it is about.
public struct MachineDiagnostic: Sendable {
  public let diagnostic: Diagnostic
  public let cycle: Cycle
  public let pc: Address
}

extension Machine: Stateful {
  /// The whole machine. A loaded one must have been built from the same configuration and must not have run. Whoever
  /// observes is no part of it.
  public func visitState(_ archive: StateArchive) {
    // Blocks of registers are reached through the bus, what is behind the pins through the uDMA.
    archive.omits(
      "configuration", "interleaved", "rom", "interruptController", "eventGenerator", "timer", "fll", "stdout",
      "debugModule", "advancedTimer", "udma", "udmaMemory", "accelerator", "onCharacter", "onUARTCharacter",
      "onDiagnostic", "isAbandoned", "onOutsideWrite", "setBootAddress", "setPins")
    archive.visit("hart", hart)
    archive.visit("l2", l2)
    archive.visit("extraMemories", objects: extraMemories)
    archive.visit("reference", reference)
    archive.visit("bus", bus)
    archive.visit("board", board.pads)
    archive.visit("uartLine", objects: uartLine.map { [$0] } ?? [])
    archive.visit("interconnect", objects: interconnect.map { [$0] } ?? [])
    var keys = reported.sorted()
    archive.elements("reported", &keys, most: Self.mostReported, new: "") { archive.visit("key", &$0) }
    if archive.isLoading { reported = Set(keys) }
    archive.visit("exitCode", &exitCode)
    archive.optional("strictViolation", &strictViolation, new: ("", 0)) {
      archive.visit("message", &$0.message)
      archive.visit("pc", &$0.pc)
    }
    archive.optional("checkFailure", &checkFailure, new: ("", 0)) {
      archive.visit("message", &$0.message)
      archive.visit("pc", &$0.pc)
    }
    archive.visit("isBooted", &isBooted)
    if archive.isLoading { followTimer() }
    // Last: what was loaded before may have scheduled something.
    archive.visit("queue", queue)
  }
}
