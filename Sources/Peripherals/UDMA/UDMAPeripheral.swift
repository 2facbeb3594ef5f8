// What sits in a slot of the uDMA subsystem.

import HardwareModel

/// A peripheral of the uDMA: a slot of 128 bytes of registers, with channels into the core.
///
/// The subsystem steps it one clock edge at a time while anything moves, and skips cycles while nothing does.
public protocol UDMAPeripheral: Stateful {
  var registers: RegisterBlock { get }
  var transmitChannels: [UDMATransmitChannel] { get }
  var receiveChannels: [UDMAReceiveChannel] { get }

  /// The value of register `offset` in this cycle, but for the channel registers.
  func value(_ offset: UInt32) -> UInt32
  /// True if a read of register `offset` in this cycle would change anything.
  func changesWhenRead(_ offset: UInt32) -> Bool
  /// Software reads register `offset` in this cycle, which changes something: what the read does takes place at its clock edge.
  func willRead(_ offset: UInt32)
  /// Software writes register `offset` in this cycle; lost if the peripheral has no clock.
  func willWrite(_ offset: UInt32, _ value: UInt32)

  /// Trigger `index` (0...3) of the control slot fires in this cycle.
  func trigger(_ index: Int)
  /// Reports the events, other than those of the channels, that are high in `cycle`.
  func emitEvents(at cycle: Cycle, to sink: ((_ event: Int, Cycle) -> Void)?)

  /// Shows what the receive channels offer in this cycle.
  func present()
  /// The clock edge that ends `cycle`, for the side that faces the core (`system`) and the side that faces the pins.
  func clock(system: Bool, pins: Bool, at cycle: Cycle)
  /// A clock edge in the middle of `cycle` for the side that faces the pins: its clock runs at twice the SoC clock.
  func clockPinsMidway(at cycle: Cycle)
  /// How many clock edges from that of `cycle` on change nothing but counters that run towards a known value; 0 while
  /// anything moves.
  func quietEdges(hasClock: Bool, at cycle: Cycle) -> UInt64
  /// Advances those counters.
  func skip(_ edges: UInt64)

  /// The questions that follow are about `cycle`.
  func synchronize(to cycle: Cycle)
  /// SoC events that can still come without the core's doing.
  var possibleEvents: EventSet { get }
  /// The trigger (0...3) that a command waits for.
  var waitedTrigger: Int? { get }
  /// SoC events that can come once that trigger has fired.
  var eventsOnceTriggered: EventSet { get }
  /// What commands wait for that nothing inside the peripheral will ever bring; nil if there is no such wait.
  var standstill: String? { get }
}

extension UDMAPeripheral {
  public func changesWhenRead(_ offset: UInt32) -> Bool { false }
  public func willRead(_ offset: UInt32) {}
  public func synchronize(to cycle: Cycle) {}
  public var waitedTrigger: Int? { nil }
  public var standstill: String? { nil }
  public var eventsOnceTriggered: EventSet {
    var events = possibleEvents
    for channel in transmitChannels { events.insert(channel.event) }
    for channel in receiveChannels { events.insert(channel.event) }
    return events
  }
  public func trigger(_ index: Int) {}
  public func emitEvents(at cycle: Cycle, to sink: ((_ event: Int, Cycle) -> Void)?) {}
  public func clockPinsMidway(at cycle: Cycle) {}
  public func present() {}
  public func skip(_ edges: UInt64) {}
}
