/// The beats of a phase in time order: which cycle uses the ports for what.
///
/// Models: the beat schedule of retention-accelerator.md 8.3, as a sequence that is produced block by block (an output
/// tile, a chunk, a row), so that even the longest descriptor needs little memory.
/// Leaves out: grants; without contention each beat takes one cycle, and the sum equals the formulas of `CycleModel`.

import HardwareModel

/// A lazily produced sequence of `BeatStep`s.
public struct BeatSchedule: IteratorProtocol {
  private enum Source {
    /// Nothing but the prologue.
    case nothing
    /// Indirect: a schedule is copied more often than its descriptor is looked at.
    indirect case descriptor(Descriptor)
  }

  private let model: CycleModel
  private let source: Source
  /// Where MAP finds its row indices; read when the block is produced.
  private let memory: DirectMemory?
  private var buffer: [BeatStep] = []
  private var position = 0
  private var block = 0
  private let blocks: Int

  /// Steps that do not belong to a data descriptor: fetches, break words, waiting.
  init(_ steps: [BeatStep], model: CycleModel) {
    self.model = model
    source = .nothing
    memory = nil
    blocks = 0
    buffer = steps
  }

  /// `lead` idle cycles (start, fetch latency, check), then the operation of a legal data descriptor.
  public init(_ descriptor: Descriptor, lead: UInt64 = 0, model: CycleModel, memory: DirectMemory) {
    self.model = model
    self.memory = memory
    source = .descriptor(descriptor)
    let configuration = model.configuration
    func ceiling(_ total: Int, _ size: Int) -> Int { (total + size - 1) / max(size, 1) }
    switch descriptor.opcode {
    case .linear:
      blocks = ceiling(descriptor.rows, configuration.tt) * ceiling(descriptor.columns, configuration.macColumns)
    case .retention: blocks = descriptor.heads * ceiling(descriptor.rows, descriptor.chunk)
    case .norm, .map: blocks = descriptor.rows
    case .ctrl, .list, nil: blocks = 0
    }
    if lead > 0 { buffer.append(.idle(lead)) }
    if descriptor.usesTable { read(descriptor.l, 256) }
    if descriptor.opcode == .retention, descriptor.f0 { read(descriptor.l, 2 * descriptor.inner) }
  }

  /// True if it is certain to contain a beat that uses every port: after it, each bank of interleaved L2 was used.
  public var hasFullBeats: Bool {
    let beat = model.configuration.beatBytes
    switch source {
    case .nothing:
      return buffer.contains { step in
        if case .beats(let run) = step { run.rowBytes >= UInt32(beat) && run.rows > 0 } else { false }
      }
    case .descriptor(let descriptor):
      switch descriptor.opcode {
      case .linear: return min(descriptor.inner, model.configuration.macRows) >= beat
      case .retention: return max(descriptor.inner, descriptor.columns) >= beat
      case .norm, .map: return descriptor.columns >= beat
      case .ctrl, .list, nil: return false
      }
    }
  }

  public mutating func next() -> BeatStep? {
    while position == buffer.count {
      guard block < blocks, case .descriptor(let descriptor) = source else { return nil }
      buffer.removeAll(keepingCapacity: true)
      position = 0
      appendBlock(descriptor)
      block += 1
    }
    position += 1
    return buffer[position - 1]
  }

  private mutating func appendBlock(_ descriptor: Descriptor) {
    switch descriptor.opcode {
    case .linear: appendLinear(descriptor)
    case .retention: appendRetention(descriptor)
    case .norm: appendNorm(descriptor, row: block)
    case .map: appendMap(descriptor, row: block)
    case .ctrl, .list, nil: break
    }
  }

  // MARK: Steps

  private mutating func idle(_ cycles: Int) {
    if cycles > 0 { buffer.append(.idle(UInt64(cycles))) }
  }

  private mutating func read(_ address: Address, _ bytes: Int, rows: Int = 1, stride: Int = 0) {
    add(address, bytes, rows, stride, isWrite: false)
  }

  private mutating func write(_ address: Address, _ bytes: Int) { add(address, bytes, 1, 0, isWrite: true) }

  private mutating func add(_ address: Address, _ bytes: Int, _ rows: Int, _ stride: Int, isWrite: Bool) {
    buffer.append(
      .beats(
        BeatRun(
          address: address, rowStride: UInt32(truncatingIfNeeded: stride), rows: UInt32(truncatingIfNeeded: rows),
          rowBytes: UInt32(truncatingIfNeeded: bytes), isWrite: isWrite)))
  }

  /// Address of byte `column` of row `row`.
  private func at(_ address: Address, _ row: Int, _ stride: Int, _ column: Int = 0) -> Address {
    address &+ UInt32(truncatingIfNeeded: row &* stride &+ column)
  }

  // MARK: Operations

  /// One output tile of one row tile: bias, then weight rows and X rows of each inner tile, then the rows' Z and Y.
  private mutating func appendLinear(_ d: Descriptor) {
    let configuration = model.configuration
    let outputTiles = (d.columns + configuration.macColumns - 1) / configuration.macColumns
    let t0 = block / outputTiles * configuration.tt
    let tile = block % outputTiles
    let n0 = tile * configuration.macColumns
    let tt = min(configuration.tt, d.rows - t0)
    let nn = min(configuration.macColumns, d.columns - n0)
    if d.f0 { read(at(d.b, n0, 4), 4 * nn) }
    for k0 in stride(from: 0, to: d.inner, by: configuration.macRows) {
      let kk = min(configuration.macRows, d.inner - k0)
      read(at(d.w, n0, d.wStride, k0), kk, rows: nn, stride: d.wStride)
      read(at(d.x, t0, d.xStride, k0), kk, rows: tt, stride: d.xStride)
    }
    idle(configuration.tPipe)
    switch d.output {
    case .int8:
      for t in t0..<t0 + tt {
        if d.usesZ { read(at(d.z, t, d.zStride, n0), nn) }
        write(at(d.y, t, d.yStride, n0), nn)
      }
    case .int32:
      for t in t0..<t0 + tt { write(at(d.y, t, d.yStride, 4 * n0), 4 * nn) }
    case .argmax:
      if tile == outputTiles - 1 {
        for t in t0..<t0 + tt { write(at(d.y, t, d.yStride), 4) }
      }
    case .reserved:
      break
    }
  }

  /// One chunk of one head, with the head's state load before its first and the store after its last chunk.
  private mutating func appendRetention(_ d: Descriptor) {
    let chunks = (d.rows + d.chunk - 1) / d.chunk
    let head = block / chunks
    let index = block % chunks
    let t0 = index * d.chunk
    let c = min(d.chunk, d.rows - t0)
    let keyColumn = head * d.inner
    let valueColumn = head * d.columns
    let stateBytes = 4 * d.inner * d.columns
    let usesState = d.loads || index > 0
    let updatesState = d.stores || index < chunks - 1
    let cycles = model.chunkCycles(d, rows: c, usesState: usesState, updatesState: updatesState)
    if index == 0, d.loads { read(at(d.a, head, stateBytes), stateBytes) }
    read(at(d.w, t0, d.wStride, keyColumn), d.inner, rows: c, stride: d.wStride)
    read(at(d.b, t0, d.bStride, valueColumn), d.columns, rows: c, stride: d.bStride)
    read(at(d.x, t0, d.xStride, keyColumn), d.inner, rows: c, stride: d.xStride)
    idle(cycles.compute)
    for t in t0..<t0 + c {
      if d.usesZ { read(at(d.z, t, d.zStride, valueColumn), d.columns) }
      write(at(d.y, t, d.yStride, valueColumn), d.columns)
    }
    idle(cycles.update)
    if index == chunks - 1, d.stores { write(at(d.a, head, stateBytes), stateBytes) }
  }

  private mutating func appendNorm(_ d: Descriptor, row: Int) {
    let configuration = model.configuration
    read(at(d.x, row, d.xStride), d.columns)
    idle(model.normRowCycles(d))
    if row == d.rows - 1 { idle(configuration.tSqrt + configuration.tDiv + configuration.tPipe) }
    if d.usesZ { read(at(d.z, row, d.zStride), d.columns) }
    write(at(d.y, row, d.yStride), d.columns)
  }

  private mutating func appendMap(_ d: Descriptor, row: Int) {
    var source = row
    if d.f0 {
      let indexAddress = at(d.a, row, 4)
      read(indexAddress, 4)
      idle(model.configuration.tFetch)
      let index = memory?.word(indexAddress) ?? 0
      source = index < UInt32(d.inner) ? Int(index) : -1
    }
    if source >= 0 { read(at(d.x, source, d.xStride), d.columns) }
    if d.usesZ { read(at(d.z, row, d.zStride), d.columns) }
    if row == 0 { idle(model.configuration.tPipe) }
    write(at(d.y, row, d.yStride), d.columns)
  }
}

extension RETA {
  /// A schedule of this accelerator, as a port keeps it.
  public func visit(_ archive: StateArchive, _ name: StaticString, _ schedule: inout BeatSchedule) {
    archive.group(name) { archive.parts(of: &schedule) { $0.visitState(archive, self) } }
  }

  /// A schedule without any step.
  public var noBeats: BeatSchedule { BeatSchedule([], model: model) }
}

extension BeatSchedule {
  fileprivate mutating func visitState(_ archive: StateArchive, _ accelerator: RETA) {
    archive.omits("model", "memory", "blocks")
    var descriptor: Descriptor?
    if case .descriptor(let own) = source { descriptor = own }
    archive.optional("source", &descriptor, new: accelerator.descriptor) { archive.visit("descriptor", &$0) }
    if archive.isLoading, archive.problem == nil {
      if let descriptor {
        guard accelerator.isLegal(descriptor) else { return archive.refuse("the beats of an illegal descriptor") }
        self = BeatSchedule(descriptor, model: model, memory: accelerator.memory)
      } else {
        self = BeatSchedule([], model: model)
      }
    }
    archive.visit("buffer", &buffer, most: 1 << 24, new: .idle(0))
    archive.visit("position", &position, in: 0...buffer.count)
    archive.visit("block", &block, in: 0...blocks)
  }
}
