/// The common last stage of every primitive that produces int8: activation, then add or multiply by Z.
///
/// Models: y0 -> y1 (ACT) -> y (ELT) of retention-accelerator.md section 3.

import HardwareModel

/// The output stage of one descriptor.
struct OutputStage {
  private let activation: Activation
  private let elementwise: Elementwise
  private let table: UnsafePointer<Int8>?
  private let resultMultiplier: Int64
  private let operandMultiplier: Int64
  private let shift: Int64

  /// `table`: the 256 int8 at L, nil if ACT does not use them.
  init(_ descriptor: Descriptor, table: UnsafePointer<Int8>?) {
    activation = descriptor.activation
    elementwise = descriptor.elementwise
    self.table = table
    resultMultiplier = descriptor.resultMultiplier
    operandMultiplier = descriptor.operandMultiplier
    shift = descriptor.elementShift
  }

  /// Turns `count` values y0 into y in place. `z` is the same row of Z, nil if ELT does not use it.
  func apply(_ row: UnsafeMutablePointer<Int8>, _ count: Int, z: UnsafePointer<Int8>?) {
    switch activation {
    case .relu:
      for index in 0..<count { row[index] = max(row[index], 0) }
    case .lut:
      if let table {
        for index in 0..<count { row[index] = table[Int(UInt8(bitPattern: row[index]))] }
      }
    case .none, .reserved:
      break
    }
    guard let z else { return }
    switch elementwise {
    case .add:
      for index in 0..<count {
        let sum = Int64(row[index]) &* resultMultiplier &+ Int64(z[index]) &* operandMultiplier
        row[index] = saturate8(roundingShift(sum, shift))
      }
    case .multiply:
      for index in 0..<count {
        let product = Int64(row[index]) &* Int64(z[index]) &* resultMultiplier
        row[index] = saturate8(roundingShift(product, shift))
      }
    case .none, .reserved:
      break
    }
  }
}
