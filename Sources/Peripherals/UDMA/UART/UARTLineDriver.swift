// Whoever sends characters to the UART's receive pin from outside: a terminal, a file, a test.
//
// Frames characters as the receiver is set to expect them and puts them on the pin bit by bit. It waits while the
// receiver is off and, unless told otherwise, while the receive FIFO has no room, as a sender with flow control would.

import HardwareModel

/// Drives the receive pin of a UART with characters.
public final class UARTLineDriver {
  /// Sends on although the receive FIFO is full, so that characters are lost as in hardware.
  public var ignoresOverflow = false

  private let queue: EventQueue
  private let udma: UDMA
  private let uart: UDMAUART
  private var slot: EventQueue.Slot?
  /// More characters may come from outside: a core that waits for one is not locked up.
  public var isOpen = false {
    didSet {
      noteState()
      if isOpen, let slot, queue.dueCycle(of: slot) == .never { queue.schedule(slot, at: 0) }
    }
  }
  /// Cycles between two looks of an open line with nothing to send: what keeps a sleeping machine's time going.
  private static let idlePeriod: Cycle = 1 << 16
  private var characters: [UInt8] = []
  private var next = 0
  /// Levels still to be put on the pin, the next one last, one bit time each.
  private var levels: [Bool] = []
  private var bitCycles: UInt64 = 1

  /// A driver for `uart` in `udma`.
  public init(queue: EventQueue, udma: UDMA, uart: UDMAUART) {
    self.queue = queue
    self.udma = udma
    self.uart = uart
    slot = queue.register("UART line") { [unowned self] cycle in step(cycle) }
  }

  /// True if characters wait or are under way.
  public var isBusy: Bool { next < characters.count || !levels.isEmpty }

  /// Sends `character` after those that already wait, not before `cycle`.
  public func send(_ character: UInt8, at cycle: Cycle) {
    let wasIdle = !isBusy
    characters.append(character)
    noteState()
    if let slot, wasIdle { queue.schedule(slot, at: cycle) }
  }

  private func noteState() { uart.isInputOpen = isOpen || isBusy }

  private func step(_ cycle: Cycle) {
    guard let slot else { return }
    udma.synchronize(to: cycle)
    if let level = levels.popLast() {
      udma.setReceivePin(of: uart, level, at: cycle)
      queue.schedule(slot, at: cycle &+ bitCycles)
      return
    }
    guard next < characters.count else {
      characters = []
      next = 0
      noteState()
      if isOpen { queue.schedule(slot, at: cycle &+ Self.idlePeriod) }
      return
    }
    let format = uart.expectedFormat
    bitCycles = UInt64(format.divider) + 1
    guard uart.isReceiverOn, ignoresOverflow || uart.hasReceiveRoom else {
      // Looks again after the time of a character.
      queue.schedule(slot, at: cycle &+ max(bitCycles &* 10, 256))
      return
    }
    let character = characters[next]
    next += 1
    var parity = false
    levels = [true]
    if format.hasTwoStopBits { levels.append(true) }
    var bits: [Bool] = []
    for bit in 0...format.lastBit {
      let level = character >> bit & 1 != 0
      parity = parity != level
      bits.append(level)
    }
    if format.hasParity { bits.append(parity) }
    levels += bits.reversed()
    udma.setReceivePin(of: uart, false, at: cycle)
    queue.schedule(slot, at: cycle &+ bitCycles)
  }
}

extension UARTLineDriver: Stateful {
  public func visitState(_ archive: StateArchive) {
    // Whether somebody may still type is a matter of what is connected now.
    archive.omits("ignoresOverflow", "queue", "udma", "uart", "slot", "isOpen")
    archive.visit("characters", &characters, most: 1 << 28)
    archive.visit("next", &next, in: 0...characters.count)
    archive.elements("levels", &levels, most: 16, new: true) { archive.visit("level", &$0) }
    archive.visit("bitCycles", &bitCycles, in: 1...1 << 16)
    if archive.isLoading { noteState() }
  }
}
