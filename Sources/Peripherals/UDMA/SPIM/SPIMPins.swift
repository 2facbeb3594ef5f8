// The SPI master's pins, and what may hang on them.
//
// SCK is gated from the master's clock by latches and inverted as CPHA and CPOL say (`udma_spim_txrx.sv`): CPHA 0 gives
// pulses in the first half of a clock cycle, CPHA 1 in the second. The data lines change at falling clock edges.

import HardwareModel

/// The levels of an SPI master's output pins.
public struct SPIPins: Equatable, Sendable {
  public var sck = false
  /// Chip selects 0 to 3, active low.
  public var csn: UInt8 = 0xF
  /// Data lines 0 to 3 as the master drives them.
  public var sdo: UInt8 = 0
  /// Lines that the master drives.
  public var oe: UInt8 = 1
}

/// What is wired to an SPI master's pins.
public protocol SPIBus: Stateful {
  /// The master's pins change in `cycle`; returns the levels of the four data lines as the master samples them from
  /// then on. A line that nobody drives reads 1.
  func pinsChanged(_ pins: SPIPins, at cycle: Cycle) -> UInt8
}

/// The flip-flops and latches between shifter and pins.
struct SPIMPinStage: Equatable {
  private var isHigh = false
  /// Latches of the clock gates for CPHA 0 and 1.
  private var gate0 = false
  private var gate1 = false
  private var sdo: UInt8 = 0
  private var mode = SPIMShifter.Mode.standard

  /// A rising edge of the clock, behind which the shifter's state is `shifter`.
  mutating func rise(_ shifter: SPIMShifter, _ request: SPIMShiftRequest) {
    isHigh = true
    gate1 = shifter.isClocking(request)
  }

  /// A falling edge.
  mutating func fall(_ shifter: SPIMShifter, _ request: SPIMShiftRequest) {
    isHigh = false
    gate0 = shifter.isClocking(request)
    let output = shifter.output(request)
    sdo = request.transmitsQuad ? output : sdo & 0xE | output & 1
    mode = shifter.mode(request)
  }

  /// Takes over the clock's level after edges at which nothing else happened.
  mutating func skip(isHigh: Bool) { self.isHigh = isHigh }

  func pins(_ sequencer: SPIMSequencer) -> SPIPins {
    let sck = sequencer.clockPhase ? !isHigh && gate1 : isHigh && gate0
    let oe: UInt8 =
      switch mode {
      case .standard: 1
      case .quadOut: 0xF
      case .quadIn: 0
      }
    return SPIPins(sck: sck != sequencer.clockPolarity, csn: sequencer.selects, sdo: sdo, oe: oe)
  }
}

extension SPIPins: StateValue {
  public mutating func visitState(_ archive: StateArchive) {
    archive.visit("sck", &sck)
    archive.visit("csn", &csn)
    archive.visit("sdo", &sdo)
    archive.visit("oe", &oe)
  }
}

extension SPIMPinStage: StateValue {
  mutating func visitState(_ archive: StateArchive) {
    archive.visit("isHigh", &isHigh)
    archive.visit("gate0", &gate0)
    archive.visit("gate1", &gate1)
    archive.visit("sdo", &sdo)
    archive.visit("mode", &mode)
  }
}
