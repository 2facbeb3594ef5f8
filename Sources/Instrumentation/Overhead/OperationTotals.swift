// What the accelerator's descriptors did, by operation and shape: cycles, multiply-accumulates, bytes.
//
// The cycles without contention come from the formulas of retention-accelerator.md 8.3, not from the run.

import HardwareModel
import RetentionAccelerator

/// Descriptors of one operation and shape.
public struct OperationTotal: Sendable, Equatable, Encodable {
  /// `linear`, `retention`, `norm`, `map`, `ctrl`.
  public let operation: String
  /// For example `1x96 k96`: rows, columns, inner size; chunk and heads of a retention.
  public let shape: String
  public var count: UInt64 = 0
  /// First to last cycle of each, fetch and check included, stalls too.
  public var cycles: Cycle = 0
  /// The same by the formulas, without contention.
  public var formulaCycles: Cycle = 0
  public var macs: UInt64 = 0
  public var bytes: UInt64 = 0
}

/// Sums over a run.
final class OperationTotals {
  private var totals: [String: OperationTotal] = [:]
  /// The keys of shapes that were seen before: a list repeats its descriptors, and the texts cost more than the sums.
  private var keys: [DescriptorShape: String] = [:]

  /// In order of operation and shape.
  var all: [OperationTotal] { totals.sorted { $0.key < $1.key }.map(\.value) }

  func add(_ record: DescriptorRecord, _ model: CycleModel) {
    guard record.error == .none else { return }
    let configuration = model.configuration
    let descriptor = record.descriptor
    let key = key(of: descriptor)
    let took = record.end &- record.start &+ 1
    var cost = model.cost(of: descriptor)
    if descriptor.opcode == .ctrl { cost.cycles = descriptor.f0 ? 2 + UInt64(configuration.tFetch) : 1 }
    // A register job's record begins with its start, a list's with the fetch.
    let lead =
      record.address == nil
      ? configuration.tStart + configuration.tCheck
      : model.beats(Int(DescriptorFormat.byteCount)) + configuration.tFetch + configuration.tCheck
    func add(to total: inout OperationTotal) {
      total.count += 1
      total.cycles += took
      total.formulaCycles += UInt64(lead) + cost.cycles
      total.macs += cost.macs
      total.bytes += cost.bytesRead + cost.bytesWritten
    }
    add(to: &totals[key, default: OperationTotal(operation: Self.operation(descriptor), shape: descriptor.shape)])
  }

  private func key(of descriptor: Descriptor) -> String {
    let shape = DescriptorShape(descriptor)
    if let key = keys[shape] { return key }
    let key = Self.operation(descriptor) + " " + descriptor.shape
    keys[shape] = key
    return key
  }

  private static func operation(_ descriptor: Descriptor) -> String {
    descriptor.opcode?.name.lowercased() ?? "illegal"
  }
}

/// What `Descriptor.shape` is made from.
private struct DescriptorShape: Hashable {
  let opcode: UInt8
  let rows, columns, inner, chunk, heads: Int

  init(_ descriptor: Descriptor) {
    opcode = descriptor.opcode?.rawValue ?? .max
    let hasShape = descriptor.opcode != .ctrl
    rows = hasShape ? descriptor.rows : 0
    columns = hasShape ? descriptor.columns : 0
    inner = hasShape ? descriptor.inner : 0
    chunk = hasShape ? descriptor.chunk : 0
    heads = hasShape ? descriptor.heads : 0
  }
}

extension Descriptor {
  /// Rows x columns and whatever else tells how much work the operation is.
  public var shape: String {
    switch opcode {
    case .linear: "\(rows)x\(columns) k\(inner)"
    case .retention: "\(rows)x\(heads)x\(columns) dk\(inner) c\(chunk)"
    case .norm: "\(rows)x\(columns)"
    case .map: "\(rows)x\(columns)"
    case .ctrl, .list, nil: ""
    }
  }
}

extension OperationTotals: Stateful {
  func visitState(_ archive: StateArchive) {
    archive.omits("keys")
    var list = all
    archive.elements("totals", &list, most: 1 << 20, new: OperationTotal(operation: "", shape: "")) {
      var (operation, shape) = ($0.operation, $0.shape)
      archive.visit("operation", &operation)
      archive.visit("shape", &shape)
      if archive.isLoading { $0 = OperationTotal(operation: operation, shape: shape) }
      archive.visit("count", cycle: &$0.count)
      archive.visit("cycles", cycle: &$0.cycles)
      archive.visit("formulaCycles", cycle: &$0.formulaCycles)
      archive.visit("macs", cycle: &$0.macs)
      archive.visit("bytes", cycle: &$0.bytes)
    }
    if archive.isLoading { totals = Dictionary(list.map { ($0.operation + " " + $0.shape, $0) }) { $1 } }
  }
}
