// The FIFOs between uDMA core and peripherals.
//
// Follows `io_tx_fifo.sv`, `io_generic_fifo.sv`, `udma_dc_fifo.sv` of udma_core v2.0.0 and `cdc_fifo_gray.sv`,
// `spill_register_flushable.sv` of common_cells v1.35.0. Left out: metastability.

import HardwareModel

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

/// A dual-clock FIFO of four or eight places with a two-entry register behind it (`udma_dc_fifo`, `cdc_fifo_gray`).
struct UDMAClockCrossingFIFO: Equatable {
  private var data = SIMD8<UInt32>()
  private let depth: UInt8
  // Pointers of one bit more than a place's number; on each side two synchroniser stages of the other side's. The RTL
  // passes them in Gray code, which differs only in what metastability could do.
  private var writePointer: UInt8 = 0
  private var readPointer: UInt8 = 0
  private var readSynced: UInt8 = 0
  private var readArriving: UInt8 = 0
  private var writeSynced: UInt8 = 0
  private var writeArriving: UInt8 = 0
  // The spill register: A takes input, B holds what A could not pass on.
  private var a: UInt32?
  private var b: UInt32?

  /// A FIFO of `depth` places, 4 or 8.
  init(depth: UInt8 = 4) { self.depth = depth == 8 ? 8 : 4 }

  var isReady: Bool { writePointer ^ readSynced != depth }
  var front: UInt32? { b ?? a }

  private func next(_ pointer: UInt8) -> UInt8 { (pointer &+ 1) & (2 * depth &- 1) }
  private func place(_ pointer: UInt8) -> Int { Int(pointer & (depth &- 1)) }

  /// Clock edges of the source side (with what it writes), the destination side (with whether it takes the front), or
  /// of both at once.
  mutating func clock(source: Bool, written: UInt32?, destination: Bool, isTaken: Bool) {
    let old = self
    if source {
      if let written, old.isReady {
        data[place(old.writePointer)] = written
        writePointer = next(old.writePointer)
      }
      readSynced = old.readArriving
      readArriving = old.readPointer
    }
    if destination {
      let isFilled = old.a == nil || old.b == nil
      let hasData = old.writeSynced != old.readPointer
      if hasData, isFilled { readPointer = next(old.readPointer) }
      writeSynced = old.writeArriving
      writeArriving = old.writePointer
      let drainsA = old.a != nil && old.b == nil
      if drainsA, !isTaken { b = old.a } else if old.b != nil, isTaken { b = nil }
      if hasData, isFilled { a = old.data[place(old.readPointer)] } else if drainsA { a = nil }
    }
  }

  /// True if clock edges of the source side without input change nothing.
  var isSourceSettled: Bool { readSynced == readPointer && readArriving == readPointer }
  /// True if clock edges of the destination side without a taker change nothing.
  var isDestinationSettled: Bool {
    writeSynced == writePointer && writeArriving == writePointer && !(a != nil && b == nil)
      && (writePointer == readPointer || a != nil && b != nil)
  }
  /// True if clock edges without input and without a taker change nothing.
  var isSettled: Bool { isSourceSettled && isDestinationSettled }

  var isEmpty: Bool { writePointer == readPointer && a == nil && b == nil }

  /// All that is held, oldest first; the FIFO is in its reset state afterwards.
  mutating func drain() -> [UInt32] {
    var all: [UInt32] = []
    if let b { all.append(b) }
    if let a { all.append(a) }
    var pointer = readPointer
    while pointer != writePointer {
      all.append(data[place(pointer)])
      pointer = next(pointer)
    }
    self = UDMAClockCrossingFIFO(depth: depth)
    return all
  }
}

extension UDMATransmitFIFO: StateValue {
  mutating func visitState(_ archive: StateArchive) {
    archive.omits("depth")
    archive.visit("entries", &entries, most: depth)
    archive.visit("inFlight", &inFlight, in: -64...64)
  }
}

extension UDMAClockCrossingFIFO: StateValue {
  mutating func visitState(_ archive: StateArchive) {
    archive.omits("depth")
    for place in 0..<8 { archive.visit("data", &data[place]) }
    let last = 2 * depth - 1
    archive.visit("writePointer", &writePointer, in: 0...last)
    archive.visit("readPointer", &readPointer, in: 0...last)
    archive.visit("readSynced", &readSynced, in: 0...last)
    archive.visit("readArriving", &readArriving, in: 0...last)
    archive.visit("writeSynced", &writeSynced, in: 0...last)
    archive.visit("writeArriving", &writeArriving, in: 0...last)
    archive.visit("a", &a)
    archive.visit("b", &b)
  }
}
