// All peripherals on one event queue, wired as in PULPissimo, and a memory for the uDMA.

import HardwareModel
import Peripherals

/// L2 that grants every request at once.
final class OpenMemory: UDMAMemoryPort {
  var bytes: [Address: UInt8] = [:]
  var reads = 0
  var writes = 0

  func read(_ address: Address, at cycle: Cycle) -> (grant: Cycle, data: UInt32) {
    reads += 1
    return (cycle, (0..<4).reduce(0) { $0 | UInt32(bytes[address + $1] ?? 0) << (8 * $1) })
  }

  func write(_ address: Address, _ value: UInt32, strobe: UInt8, at cycle: Cycle) -> Cycle {
    writes += 1
    for lane in 0..<4 as Range<UInt32> where strobe >> UInt8(lane) & 1 != 0 {
      bytes[address + lane] = UInt8(truncatingIfNeeded: value >> (8 * lane))
    }
    return cycle
  }
}

/// The peripherals of profile P8; on request with P7's uDMA.
final class Bench {
  let queue = EventQueue()
  let reference = ReferenceClock()
  let controller: InterruptController
  let generator: SoCEventGenerator
  let timer: TimerUnit
  let socControl = SoCControl()
  let fll = FLL()
  let stdout = VirtualStdout()
  let pads = PadConfiguration()
  let debug = DebugModule()
  let gpio: GPIO
  let advancedTimer: AdvancedTimer
  let udma: UDMA
  let memory = OpenMemory()
  /// The request as the core would see it: line and first cycle, in the order of the calls.
  var requests: [(line: Int, from: Cycle)] = []
  var sent: [UInt8] = []
  /// Events of the uDMA in the order in which they came.
  var events: [(event: Int, cycle: Cycle)] = []

  init(hasP7uDMA: Bool = false) {
    controller = InterruptController(queue: queue, reference: reference)
    generator = SoCEventGenerator(queue: queue, reference: reference)
    timer = TimerUnit(queue: queue, reference: reference)
    gpio = GPIO(queue: queue)
    advancedTimer = AdvancedTimer(queue: queue, reference: reference)
    udma = hasP7uDMA ? UDMA.p7(queue: queue) : UDMA.p8(queue: queue)
    EventPath.connect(generator: generator, timer: timer, controller: controller)
    udma.memory = memory
    udma.onEvent = { [unowned self] event, cycle in
      events.append((event, cycle))
      generator.raise(event, at: cycle)
    }
    udma.uart?.onTransmit = { [unowned self] character, _ in sent.append(character) }
    controller.onRequestChange = { [unowned self] line, from in
      if requests.last?.from == from { requests.removeLast() }
      requests.append((line, from))
    }
    gpio.onInterrupt = { [unowned self] level, cycle in
      controller.setLine(15, level, at: cycle)
      generator.setLevel(139, level, at: cycle)
    }
  }

  var devices: [any BusTarget] {
    [controller, generator, timer, socControl, fll, stdout, pads, debug, gpio, advancedTimer, udma]
  }

  func write(_ device: any BusTarget, _ register: Register, _ value: UInt32, at cycle: Cycle) {
    queue.run(through: cycle)
    device.write(register.offset, value, at: cycle)
  }

  func read(_ device: any BusTarget, _ register: Register, at cycle: Cycle) -> UInt32 {
    queue.run(through: cycle)
    return device.read(register.offset, at: cycle)
  }

  /// A register of the UART, as an offset in the uDMA.
  func uart(_ offset: UInt32) -> UInt32 { UDMARegisters.slotSize + offset }

  /// Puts `words` into memory at `address`.
  func store(_ words: [UInt32], at address: Address) {
    for (index, word) in words.enumerated() {
      for lane in 0..<4 as Range<UInt32> {
        memory.bytes[address + 4 * UInt32(index) + lane] = UInt8(truncatingIfNeeded: word >> (8 * lane))
      }
    }
  }

  /// Starts a transfer of the channel whose SADDR is at `offset` of the uDMA; takes ten cycles.
  func start(_ offset: UInt32, _ address: Address, _ size: Int, cfg: UInt32 = 0x10, at cycle: Cycle) {
    for (word, value) in [address, UInt32(size), cfg].enumerated() {
      let at = cycle + 4 * Cycle(word)
      queue.run(through: at)
      udma.write(offset + 4 * UInt32(word), value, at: at)
    }
  }

  /// Runs the queue up to `cycle`; returns how often it had to be looked at.
  @discardableResult
  func run(to cycle: Cycle) -> Int {
    var looks = 0
    while queue.next <= cycle {
      queue.run(through: queue.next)
      looks += 1
    }
    return looks
  }
}
