// The uDMA's UART: registers, FIFOs and the two shifters, with the line to the outside.
//
// Follows `udma_uart_top.sv` and `udma_uart_reg_if.sv` (udma_uart e25b51d) flip-flop for flip-flop, so that STATUS has
// the hardware's gaps: TX_BUSY is 0 while a character is still in the FIFOs (reference section 5.3). No character is
// lost to a program that switches off in such a gap and ends: `drain` hands over what was fetched. Left out: flow control.

import HardwareModel

/// A UART in a slot of the uDMA (UDMA_UART).
public final class UDMAUART: UDMAPeripheral {
  /// A character whose last stop bit ends with this cycle.
  public var onTransmit: ((UInt8, Cycle) -> Void)?
  /// The transmit pin changes in `cycle`, `quarter` quarters of a cycle after its start.
  public var onPin: ((_ level: Bool, Cycle, _ quarter: UInt8) -> Void)?
  /// The transmit pin is wired to the receive pin.
  public var isLoopedBack = false
  /// Somebody outside has characters to send, or may have some later.
  public var isInputOpen = false
  /// Level of the receive pin.
  var inputPin = true

  public let transmitChannels: [UDMATransmitChannel]
  public let receiveChannels: [UDMAReceiveChannel]
  /// Events 2 (character) and 3 (error) after the channels' two.
  public let characterEvent: Int
  public let errorEvent: Int

  // Registers.
  private var setup: UInt32 = 0
  private var irqEnable: UInt32 = 0
  private var error: UInt32 = 0
  private var received: UInt32 = 0
  private var isValid = false
  private var statusPipe: (UInt32, UInt32) = (0, 0)
  // Peripheral clock side.
  private var format = UARTFormat()
  private var transmitEnable: UInt8 = 0
  private var receiveEnable: UInt8 = 0
  private var transmitter = UARTTransmitter()
  private var receiver = UARTReceiver()
  // In between.
  private var transmitFIFO = UDMAClockCrossingFIFO()
  private var receiveFIFO = UDMAClockCrossingFIFO()
  /// Characters that are still to find the receive FIFO full, an injected fault.
  public var forcedOverflows = 0
  private var overflowEdge = EdgePropagator()
  private var parityEdge = EdgePropagator()
  private var characterEdge = EdgePropagator()
  // Accesses of this cycle.
  private var written: (offset: UInt32, value: UInt32)?
  private var readOffset: UInt32?

  /// A UART whose four events start at `firstEvent`.
  public init(firstEvent: Int) {
    receiveChannels = [UDMAReceiveChannel(event: firstEvent)]
    transmitChannels = [UDMATransmitChannel(event: firstEvent + 1)]
    characterEvent = firstEvent + 2
    errorEvent = firstEvent + 3
  }

  public var registers: RegisterBlock { UDMAUARTRegisters.block }

  private func has(_ bit: UInt32) -> Bool { setup >> bit & 1 != 0 }
  private var isPolling: Bool { has(4) }
  private var isCleaning: Bool { has(5) }
  private var goesToRegister: Bool { isPolling || irqEnable & 1 != 0 }

  /// The level of the transmit pin in this cycle.
  public var pin: Bool { transmitter.pin }

  // MARK: Registers

  public func value(_ offset: UInt32) -> UInt32 {
    switch offset {
    case UDMAUARTRegisters.status.offset: return statusPipe.1
    case UDMAUARTRegisters.setup.offset: return setup
    case UDMAUARTRegisters.error.offset: return error
    case UDMAUARTRegisters.irqEn.offset: return irqEnable
    case UDMAUARTRegisters.valid.offset: return isValid ? 1 : 0
    case UDMAUARTRegisters.data.offset: return received
    case UDMAUARTRegisters.dst.offset: return receiveChannels[0].config.destination
    default: return 0
    }
  }

  public func changesWhenRead(_ offset: UInt32) -> Bool {
    switch offset {
    case UDMAUARTRegisters.data.offset: goesToRegister
    case UDMAUARTRegisters.error.offset: error != 0
    default: false
    }
  }

  public func willRead(_ offset: UInt32) { readOffset = offset }
  public func willWrite(_ offset: UInt32, _ value: UInt32) { written = (offset, value) }

  // MARK: Clock

  public func present() { receiveChannels[0].offered = receiveFIFO.front }

  public func emitEvents(at cycle: Cycle, to sink: ((Int, Cycle) -> Void)?) {
    if characterEdge.output, irqEnable & 1 != 0, !isPolling { sink?(characterEvent, cycle) }
    if overflowEdge.output || parityEdge.output, irqEnable & 2 != 0 { sink?(errorEvent, cycle) }
  }

  public func clock(system: Bool, pins: Bool, at cycle: Cycle) {
    let wasHigh = pin
    step(system: system, pins: pins, at: cycle)
    written = nil
    readOffset = nil
    if pin != wasHigh { onPin?(pin, cycle &+ 1, 0) }
  }

  public func clockPinsMidway(at cycle: Cycle) {
    let wasHigh = pin
    step(system: false, pins: true, at: cycle)
    if pin != wasHigh { onPin?(pin, cycle, 2) }
  }

  private func step(system: Bool, pins: Bool, at cycle: Cycle) {
    let transmit = transmitChannels[0]
    let receive = receiveChannels[0]
    let takesData = system && readOffset == UDMAUARTRegisters.data.offset
    let isTakenFromReceiveFIFO = goesToRegister ? takesData : receive.isAccepted
    let outcome =
      pins
      ? receiver.outcome(isFIFOReady: receiveFIFO.isReady && forcedOverflows == 0)
      : UARTReceiver.Outcome()
    if forcedOverflows > 0, outcome.hasOverflow { forcedOverflows -= 1 }
    let oldPin = pin
    let oldStatus: UInt32 = (transmitter.isBusy ? 1 : 0) | (receiver.isBusy ? 2 : 0)
    let fifoFront = transmit.fifo.front
    let isPassedOn = transmitFIFO.isReady
    let toShifter = transmitFIFO.front
    let isSending = pins && transmitter.takes(isEnabled: transmitEnable & 4 != 0)
    let receivedFront = receiveFIFO.front
    let edges = (overflow: overflowEdge.output, parity: parityEdge.output)
    let receiverPin = isLoopedBack ? oldPin : inputPin
    let wanted = (transmit: has(8), receive: has(9))
    let wantedFormat = UARTFormat(
      divider: UInt16(setup >> 16), bits: UInt8(setup >> 1 & 3), hasParity: has(0), hasTwoStopBits: has(3))

    if pins {
      if let character = transmitter.clock(format, isEnabled: transmitEnable & 4 != 0, input: toShifter) {
        onTransmit?(character, cycle)
      }
      receiver.clock(format, isEnabled: receiveEnable & 4 != 0, pin: receiverPin)
      if transmitEnable & 6 == 2 || receiveEnable & 6 == 2 { format = wantedFormat }
      transmitEnable = (transmitEnable << 1 | (wanted.transmit ? 1 : 0)) & 7
      receiveEnable = (receiveEnable << 1 | (wanted.receive ? 1 : 0)) & 7
    }
    overflowEdge.clock(near: pins, edge: outcome.hasOverflow, far: system)
    parityEdge.clock(near: pins, edge: outcome.hasParityError, far: system)
    characterEdge.clock(near: pins, edge: outcome.character != nil, far: system)
    transmitFIFO.clock(source: system, written: fifoFront, destination: pins, isTaken: isSending)
    receiveFIFO.clock(
      source: pins, written: outcome.character.map(UInt32.init), destination: system, isTaken: isTakenFromReceiveFIFO)

    if system {
      transmit.fifo.clock(isGranted: transmit.isGranted, delivered: transmit.delivered, isTaken: isPassedOn)
      statusPipe = (oldStatus, statusPipe.0)
      let clearsError = readOffset == UDMAUARTRegisters.error.offset
      if clearsError { error = 0 }
      if edges.overflow { error |= 1 }
      if edges.parity { error |= 2 }
      if goesToRegister {
        if takesData {
          isValid = false
        } else if let receivedFront {
          received = receivedFront & 0xFF
          isValid = true
        }
      } else {
        isValid = false
      }
      transmit.config.enable = false
      transmit.config.clear = false
      receive.config.enable = false
      receive.config.clear = false
      if let written { apply(written.offset, written.value) }
    }
    if isCleaning { receiveFIFO = UDMAClockCrossingFIFO() }
  }

  private func apply(_ offset: UInt32, _ value: UInt32) {
    switch offset {
    case UDMARegisters.receiveOffset..<UDMARegisters.receiveOffset + 0x10:
      receiveChannels[0].config.write(word: offset / 4, value, dataSizeIsWritable: false)
    case UDMARegisters.transmitOffset..<UDMARegisters.transmitOffset + 0x10:
      transmitChannels[0].config.write(word: offset / 4 & 3, value, dataSizeIsWritable: false)
    case UDMAUARTRegisters.setup.offset: setup = value & 0xFFFF_033F
    case UDMAUARTRegisters.irqEn.offset: irqEnable = value & 3
    case UDMAUARTRegisters.dst.offset: receiveChannels[0].config.destination = value & 3
    default: break
    }
  }

  // MARK: Skipping

  public func quietEdges(hasClock: Bool, at cycle: Cycle) -> UInt64 {
    if written != nil || readOffset != nil { return 0 }
    guard hasClock else { return .max }
    let transmit = transmitChannels[0]
    let isTransmitting = transmitEnable == 7 && has(8)
    let isReceiving = receiveEnable == 7 && has(9)
    guard isTransmitting || transmitEnable == 0 && !has(8), isReceiving || receiveEnable == 0 && !has(9),
      overflowEdge.isSettled, parityEdge.isSettled, characterEdge.isSettled, transmitFIFO.isSettled,
      receiveFIFO.isSettled || isCleaning, !(transmit.fifo.front != nil && transmitFIFO.isReady)
    else { return 0 }
    let status: UInt32 = (transmitter.isBusy ? 1 : 0) | (receiver.isBusy ? 2 : 0)
    guard statusPipe == (status, status) else { return 0 }
    var edges = UInt64.max
    if transmitter.isBusy {
      guard isTransmitting else { return 0 }
      edges = min(edges, transmitter.baud.quietEdges(target: format.divider))
    } else if transmitFIFO.front != nil, isTransmitting || transmitter.baud != UARTBaudCounter() {
      return 0
    }
    let receiverPin = isLoopedBack ? pin : inputPin
    if isReceiving, receiver.samples != (receiverPin ? 7 : 0) { return 0 }
    if receiver.isBusy {
      guard isReceiving else { return 0 }
      edges = min(edges, receiver.baud.quietEdges(target: receiver.target(format)))
    }
    if goesToRegister {
      if receiveFIFO.front.map({ $0 & 0xFF != received || !isValid }) ?? false { return 0 }
    } else if isValid {
      return 0
    }
    return edges
  }

  public func skip(_ edges: UInt64) {
    let count = UInt16(truncatingIfNeeded: edges)
    if transmitter.isBusy { transmitter.baud.count &+= count }
    if receiver.isBusy { receiver.baud.count &+= count }
  }

  /// A character comes, or is anywhere between the pin and the receive FIFO's end, or may come.
  private var isReceiving: Bool {
    receiver.isBusy || receiver.samples != 7 || !receiveFIFO.isEmpty
      || has(9) && (isInputOpen || !inputPin || isLoopedBack && !isIdle)
  }

  public var possibleEvents: EventSet {
    var events = EventSet()
    let transmit = transmitChannels[0]
    // With the transmitter off the channel still fills the FIFOs, and then stands still.
    if transmit.config.enable || transmit.generator.event
      || transmit.generator.isEnabled && (has(8) || transmit.fifo.isReady)
    {
      events.insert(transmit.event)
    }
    let receive = receiveChannels[0]
    if receive.generator.event { events.insert(receive.event) }
    if isReceiving {
      if receive.config.enable || receive.generator.isEnabled { events.insert(receive.event) }
      events.insert(characterEvent)
      events.insert(errorEvent)
    }
    if !characterEdge.isSettled { events.insert(characterEvent) }
    if !overflowEdge.isSettled || !parityEdge.isSettled { events.insert(errorEvent) }
    return events
  }

  /// True if no character is on its way out.
  public var isIdle: Bool {
    let transmit = transmitChannels[0]
    return !transmitter.isBusy && transmitFIFO.isEmpty && transmit.fifo.front == nil && transmit.delivered == nil
      && !transmit.generator.isEnabled && !transmit.config.enable
  }

  /// The characters that were fetched but not yet sent, for the end of a run; the FIFOs are empty afterwards.
  public func drain() -> [UInt8] {
    var all: [UInt32] = []
    if transmitter.isBusy { all.append(UInt32(transmitter.character)) }
    if let character = transmitter.cutOff { all.append(UInt32(character)) }
    transmitter = UARTTransmitter()
    all += transmitFIFO.drain()
    all += transmitChannels[0].fifo.drain()
    return all.map { UInt8(truncatingIfNeeded: $0) }
  }

  /// The receiver samples its pin.
  public var isReceiverOn: Bool { receiveEnable == 7 && has(9) }
  /// The receive FIFO takes another character.
  public var hasReceiveRoom: Bool { receiveFIFO.isReady && !isCleaning }

  /// What the receiver is set to expect, for whoever drives its pin.
  var expectedFormat: UARTFormat {
    receiveEnable & 4 != 0
      ? format
      : UARTFormat(
        divider: UInt16(setup >> 16), bits: UInt8(setup >> 1 & 3), hasParity: has(0), hasTwoStopBits: has(3))
  }
}

extension UDMAUART {
  public func visitState(_ archive: StateArchive) {
    archive.omits("onTransmit", "onPin", "isLoopedBack", "isInputOpen", "characterEvent", "errorEvent")
    archive.visit("inputPin", &inputPin)
    archive.visit("transmitChannels", objects: transmitChannels)
    archive.visit("receiveChannels", objects: receiveChannels)
    archive.visit("setup", &setup)
    archive.visit("irqEnable", &irqEnable)
    archive.visit("error", &error)
    archive.visit("received", &received)
    archive.visit("isValid", &isValid)
    archive.visit("statusPipe", &statusPipe)
    archive.visit("format", &format)
    archive.visit("transmitEnable", &transmitEnable)
    archive.visit("receiveEnable", &receiveEnable)
    archive.visit("transmitter", &transmitter)
    archive.visit("receiver", &receiver)
    archive.visit("transmitFIFO", &transmitFIFO)
    archive.visit("receiveFIFO", &receiveFIFO)
    archive.visit("forcedOverflows", &forcedOverflows, in: 0...1 << 48)
    archive.visit("overflowEdge", &overflowEdge)
    archive.visit("parityEdge", &parityEdge)
    archive.visit("characterEdge", &characterEdge)
    archive.visit("written", &written)
    archive.visit("readOffset", &readOffset)
  }
}
