// The FIFOs between uDMA core and peripherals.
//
// Follows `io_tx_fifo.sv`, `io_generic_fifo.sv`, `udma_dc_fifo.sv` of udma_core v2.0.0 and `cdc_fifo_gray.sv`,
// `spill_register_flushable.sv` of common_cells v1.35.0. Left out: metastability.

/// A FIFO that requests a datum for each of its free places (`io_tx_fifo`).
struct UDMATransmitFIFO: Equatable {
  let depth: Int
  private var entries: [UInt32] = []
  /// Requests granted whose datum has not come yet.
  private var inFlight = 0

  init(depth: Int) { self.depth = depth }

  var isReady: Bool { entries.count < depth }
  var isRequesting: Bool { isReady && depth - entries.count != inFlight }
  var front: UInt32? { entries.first }

  /// One clock edge.
  mutating func clock(isGranted: Bool, delivered: UInt32?, isTaken: Bool) {
    let ready = isReady
    if isRequesting, isGranted {
      if delivered == nil || !ready { inFlight += 1 }
    } else if delivered != nil, ready {
      inFlight -= 1
    }
    let takes = isTaken && !entries.isEmpty
    if let delivered, ready { entries.append(delivered) }
    if takes { entries.removeFirst() }
  }

  /// All that is held, oldest first; the FIFO is empty afterwards.
  mutating func drain() -> [UInt32] {
    defer { entries = [] }
    return entries
  }
}

/// A dual-clock FIFO of four places with a two-entry register behind it (`udma_dc_fifo`, `cdc_fifo_gray`).
struct UDMAClockCrossingFIFO: Equatable {
  private var data: (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0)
  // Three-bit pointers; on each side two synchroniser stages of the other side's.
  private var writePointer: UInt8 = 0
  private var readPointer: UInt8 = 0
  private var readSynced: (UInt8, UInt8) = (0, 0)
  private var writeSynced: (UInt8, UInt8) = (0, 0)
  // The spill register: A takes input, B holds what A could not pass on.
  private var a: UInt32?
  private var b: UInt32?

  static func == (x: Self, y: Self) -> Bool {
    x.data == y.data && x.writePointer == y.writePointer && x.readPointer == y.readPointer
      && x.readSynced == y.readSynced && x.writeSynced == y.writeSynced && x.a == y.a && x.b == y.b
  }

  var isReady: Bool { writePointer ^ readSynced.1 != 4 }
  var front: UInt32? { b ?? a }

  private subscript(index: UInt8) -> UInt32 {
    get {
      switch index & 3 {
      case 0: return data.0
      case 1: return data.1
      case 2: return data.2
      default: return data.3
      }
    }
    set {
      switch index & 3 {
      case 0: data.0 = newValue
      case 1: data.1 = newValue
      case 2: data.2 = newValue
      default: data.3 = newValue
      }
    }
  }

  /// Clock edges of the source side (with what it writes), the destination side (with whether it takes the front), or
  /// of both at once.
  mutating func clock(source: Bool, written: UInt32?, destination: Bool, isTaken: Bool) {
    let old = self
    if source {
      if let written, old.isReady {
        self[old.writePointer] = written
        writePointer = (old.writePointer + 1) & 7
      }
      readSynced = (old.readPointer, old.readSynced.0)
    }
    if destination {
      let isFilled = old.a == nil || old.b == nil
      let hasData = old.writeSynced.1 != old.readPointer
      if hasData, isFilled { readPointer = (old.readPointer + 1) & 7 }
      writeSynced = (old.writePointer, old.writeSynced.0)
      let drainsA = old.a != nil && old.b == nil
      if drainsA, !isTaken { b = old.a } else if old.b != nil, isTaken { b = nil }
      if hasData, isFilled { a = old[old.readPointer] } else if drainsA { a = nil }
    }
  }

  /// True if clock edges without input and without a taker change nothing.
  var isSettled: Bool {
    readSynced == (readPointer, readPointer) && writeSynced == (writePointer, writePointer)
      && !(a != nil && b == nil) && (writePointer == readPointer || a != nil && b != nil)
  }

  var isEmpty: Bool { writePointer == readPointer && a == nil && b == nil }

  /// All that is held, oldest first; the FIFO is in its reset state afterwards.
  mutating func drain() -> [UInt32] {
    var all: [UInt32] = []
    if let b { all.append(b) }
    if let a { all.append(a) }
    var pointer = readPointer
    while pointer != writePointer {
      all.append(self[pointer])
      pointer = (pointer + 1) & 7
    }
    self = UDMAClockCrossingFIFO()
    return all
  }
}
