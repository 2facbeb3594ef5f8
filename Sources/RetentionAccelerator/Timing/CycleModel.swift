/// Closed formulas for the cost of a descriptor without contention.
///
/// Models: C_op, useful multiply-accumulates and bytes of every operation. `BeatSchedule` enumerates the same cycles
/// one by one; a test holds the two together.
/// Follows: retention-accelerator.md 8.3 and the "MACs" paragraphs of section 6.
/// Where the specification's figures assume the default array of 16 x 16 and beats of 16 bytes, the general form is
/// used: rows of a weight tile and of Z and Y take as many beats as their bytes need, and RETENTION's passes run over
/// A_K inner values and A_N outputs (half and a quarter of A_K where operands are twice and four times as wide).

import HardwareModel

/// What a descriptor costs, fetch and check excluded.
public struct DescriptorCost: Sendable, Equatable {
  /// C_op.
  public var cycles: UInt64 = 0
  public var macs: UInt64 = 0
  public var bytesRead: UInt64 = 0
  public var bytesWritten: UInt64 = 0

  public init() {}
}

/// The formulas, for one configuration. An object because everything that has them holds the same ones: a copy of the configuration
/// in each schedule of beats was a part of what a short descriptor costs the host.
public final class CycleModel: Sendable {
  public let configuration: RETAConfiguration

  public init(_ configuration: RETAConfiguration) {
    self.configuration = configuration
  }

  /// B(b): beats of a run of `bytes` bytes.
  @inline(__always)
  public func beats(_ bytes: Int) -> Int {
    (bytes &+ configuration.beatBytes &- 1) / configuration.beatBytes
  }

  /// Bytes that reading a run of `bytes` bytes moves: whole words.
  @inline(__always)
  func wordBytes(_ bytes: Int) -> Int { (bytes &+ 3) & ~3 }

  /// Cycles of the fetch of a list's descriptor up to the word's arrival in the last beat.
  var fetchBeats: Int { beats(Int(DescriptorFormat.byteCount)) }

  /// The cost of a legal data descriptor. MAP with IDX depends on the indices: `zeroRows` of its rows are outside the
  /// table.
  public func cost(of d: Descriptor, zeroRows: Int = 0) -> DescriptorCost {
    var cost = DescriptorCost()
    if d.usesTable {
      cost.cycles = UInt64(beats(256))
      cost.bytesRead = 256
    }
    switch d.opcode {
    case .linear: addLinear(d, &cost)
    case .retention: addRetention(d, &cost)
    case .norm: addNorm(d, &cost)
    case .map: addMap(d, zeroRows: zeroRows, &cost)
    case .ctrl, .list, nil: break
    }
    return cost
  }

  /// The cost of CTRL.
  func cost(of operation: ControlOperation) -> DescriptorCost {
    var cost = DescriptorCost()
    cost.cycles = 1
    if operation.readsBreakWord {
      cost.cycles += 1 + UInt64(configuration.tFetch)
      cost.bytesRead = 4
    }
    return cost
  }

  /// Full tiles of `size` in `total` and the rest as the size of one more tile (0: none).
  private func tiles(_ total: Int, _ size: Int) -> (full: Int, rest: Int) { (total / size, total % size) }

  private func addLinear(_ d: Descriptor, _ cost: inout DescriptorCost) {
    let rowTiles = tiles(d.rows, configuration.tt)
    let outputTiles = tiles(d.columns, configuration.macColumns)
    let innerTiles = tiles(d.inner, configuration.macRows)
    // Beats and bytes of one row over all inner tiles.
    let rowBeats = innerTiles.full &* beats(configuration.macRows) &+ beats(innerTiles.rest)
    let rowBytes = innerTiles.full &* wordBytes(configuration.macRows) &+ wordBytes(innerTiles.rest)
    let z = d.usesZ ? 1 : 0
    func add(rowTile tt: Int, times: Int) {
      guard tt > 0, times > 0 else { return }
      var cycles = d.output == .argmax ? tt : 0
      var read = 0
      var written = d.output == .argmax ? 4 &* tt : 0
      func add(outputTile nn: Int, times: Int) {
        guard nn > 0, times > 0 else { return }
        var tileCycles = (nn &+ tt) &* rowBeats &+ configuration.tPipe
        var tileRead = (nn &+ tt) &* rowBytes
        if d.f0 {
          tileCycles &+= beats(4 &* nn)
          tileRead &+= 4 &* nn
        }
        switch d.output {
        case .int8:
          tileCycles &+= tt &* beats(nn) &* (1 &+ z)
          tileRead &+= tt &* wordBytes(nn) &* z
          written &+= tt &* nn &* times
        case .int32:
          tileCycles &+= tt &* beats(4 &* nn)
          written &+= 4 &* tt &* nn &* times
        case .argmax, .reserved:
          break
        }
        cycles &+= tileCycles &* times
        read &+= tileRead &* times
      }
      add(outputTile: configuration.macColumns, times: outputTiles.full)
      add(outputTile: outputTiles.rest, times: 1)
      cost.cycles &+= UInt64(cycles) &* UInt64(times)
      cost.bytesRead &+= UInt64(read) &* UInt64(times)
      cost.bytesWritten &+= UInt64(written) &* UInt64(times)
    }
    add(rowTile: configuration.tt, times: rowTiles.full)
    add(rowTile: rowTiles.rest, times: 1)
    cost.macs = UInt64(d.rows) &* UInt64(d.columns) &* UInt64(d.inner)
  }

  /// Compute cycles of one chunk of RETENTION, in time order around the row beats.
  struct ChunkCycles {
    /// Scores, P.V, q.S, norm or requantisation, and the pipeline: between the loads and the row outputs.
    var compute: Int
    /// State update, after the row outputs.
    var update: Int
  }

  func chunkCycles(_ d: Descriptor, rows c: Int, usesState: Bool, updatesState: Bool) -> ChunkCycles {
    let bv = beats(d.columns)
    let innerPasses = (d.inner &+ configuration.macRows &- 1) / configuration.macRows
    let outputPasses = (d.columns &+ configuration.macColumns &- 1) / configuration.macColumns
    let sv = (d.columns &+ configuration.sw &- 1) / configuration.sw
    let wideRows = max(1, configuration.macRows / 4)
    let doubleRows = max(1, configuration.macRows / 2)
    var compute = configuration.tPipe
    compute &+= ceilingSum(c, configuration.macColumns) &* innerPasses
    compute &+= ceilingSum(c, wideRows) &* outputPasses
    if usesState { compute &+= ((c &+ wideRows &- 1) / wideRows) &* d.inner &* sv }
    if d.normalises {
      compute &+=
        c &* max(3 &* bv, configuration.tSqrt, configuration.tDiv) &+ configuration.tSqrt
        &+ configuration.tDiv
    } else {
      compute &+= c &* bv
    }
    let update = updatesState ? ((c &+ doubleRows &- 1) / doubleRows) &* d.inner &* sv : 0
    return ChunkCycles(compute: compute, update: update)
  }

  /// Sum over n = 1...c of ceil(n / size).
  private func ceilingSum(_ c: Int, _ size: Int) -> Int {
    let full = c / size
    return size &* full &* (full &+ 1) / 2 &+ (c % size) &* (full &+ 1)
  }

  private func addRetention(_ d: Descriptor, _ cost: inout DescriptorCost) {
    let bk = beats(d.inner)
    let bv = beats(d.columns)
    let z = d.usesZ ? 1 : 0
    let stateBytes = 4 &* d.inner &* d.columns
    let chunks = (d.rows &+ d.chunk &- 1) / max(d.chunk, 1)
    var cycles = 0
    var macs = 0
    // At most four kinds of chunk: first and last are special, the last one may be shorter.
    func add(first: Bool, last: Bool, times: Int) {
      guard times > 0 else { return }
      let c = last ? d.rows &- (chunks &- 1) &* d.chunk : d.chunk
      let usesState = d.loads || !first
      let updatesState = d.stores || !last
      let chunk = chunkCycles(d, rows: c, usesState: usesState, updatesState: updatesState)
      cycles &+= times &* (c &* (2 &* bk &+ bv) &+ chunk.compute &+ c &* bv &* (1 &+ z) &+ chunk.update)
      let pairs = c &* (c &+ 1) / 2
      let stateMACs = c &* d.inner &* d.columns
      macs &+=
        times
        &* (pairs &* (d.inner &+ d.columns) &+ (usesState ? stateMACs : 0) &+ (updatesState ? stateMACs : 0))
    }
    if chunks == 1 {
      add(first: true, last: true, times: 1)
    } else {
      add(first: true, last: false, times: 1)
      add(first: false, last: false, times: chunks &- 2)
      add(first: false, last: true, times: 1)
    }
    if d.loads { cycles &+= beats(stateBytes) }
    if d.stores { cycles &+= beats(stateBytes) }
    cost.cycles &+= UInt64(d.heads &* cycles)
    cost.macs = UInt64(d.heads &* macs)
    var read = d.rows &* (2 &* d.inner &+ d.columns &* (1 &+ z))
    if d.loads { read &+= stateBytes }
    cost.bytesRead &+= UInt64(d.heads &* read)
    if d.f0 {
      cost.cycles &+= UInt64(beats(2 &* d.inner))
      cost.bytesRead &+= UInt64(2 &* d.inner)
    }
    cost.bytesWritten = UInt64(d.heads &* (d.rows &* d.columns &+ (d.stores ? stateBytes : 0)))
  }

  /// Cycles of the groups of one row of NORM.
  func normRowCycles(_ d: Descriptor) -> Int {
    (d.columns / max(d.inner, 1)) &* max(3 &* beats(d.inner), configuration.tSqrt, configuration.tDiv)
  }

  private func addNorm(_ d: Descriptor, _ cost: inout DescriptorCost) {
    let z = d.usesZ ? 1 : 0
    let row = beats(d.columns) &* (2 &+ z) &+ normRowCycles(d)
    cost.cycles &+= UInt64(d.rows &* row &+ configuration.tSqrt &+ configuration.tDiv &+ configuration.tPipe)
    cost.bytesRead &+= UInt64(d.rows &* wordBytes(d.columns) &* (1 &+ z))
    cost.bytesWritten = UInt64(d.rows &* d.columns)
  }

  private func addMap(_ d: Descriptor, zeroRows: Int, _ cost: inout DescriptorCost) {
    let z = d.usesZ ? 1 : 0
    let rowBeats = beats(d.columns)
    let fetchedRows = d.f0 ? d.rows &- zeroRows : d.rows
    cost.cycles &+= UInt64(configuration.tPipe &+ d.rows &* rowBeats &* (1 &+ z) &+ fetchedRows &* rowBeats)
    cost.bytesRead &+= UInt64(wordBytes(d.columns) &* (fetchedRows &+ d.rows &* z))
    if d.f0 {
      cost.cycles &+= UInt64(d.rows &* (1 &+ configuration.tFetch))
      cost.bytesRead &+= UInt64(4 &* d.rows)
    }
    cost.bytesWritten = UInt64(d.rows &* d.columns)
  }
}

extension DescriptorCost: StateValue {
  public mutating func visitState(_ archive: StateArchive) {
    archive.visit("cycles", cycle: &cycles)
    archive.visit("macs", &macs)
    archive.visit("bytesRead", &bytesRead)
    archive.visit("bytesWritten", &bytesWritten)
  }
}
