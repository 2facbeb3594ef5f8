/// MAP: copy, gather, rescale, activate, add, multiply.
///
/// Models: retention-accelerator.md 6.4.

import HardwareModel

extension Datapath {
  func map(_ d: Descriptor) {
    let requantise = Requantiser(d)
    let stage = outputStage(d)
    for t in 0..<d.rows {
      if let source = sourceRow(d, t) {
        let x = bytes(d.x, source, d.xStride)
        for n in 0..<d.columns { row[n] = requantise(Int64(x[n])) }
      } else {
        // rq(0) = 0 for every multiplier and shift.
        for n in 0..<d.columns { row[n] = 0 }
      }
      stage.apply(row, d.columns, z: operand(d, t))
      writeOutput(d, t, row, d.columns)
      if givesUp(after: 8 &* d.columns) { return }
    }
  }

  /// Rows of MAP that an index outside the table turns into zeros; 0 without IDX.
  func zeroRows(_ d: Descriptor) -> Int {
    guard d.opcode == .map, d.f0 else { return 0 }
    var count = 0
    for t in 0..<d.rows where sourceRow(d, t) == nil { count &+= 1 }
    return count
  }

  /// The row of X that row `t` of the output comes from; nil: a row of zeros.
  private func sourceRow(_ d: Descriptor, _ t: Int) -> Int? {
    guard d.f0 else { return t }
    let index = UInt32(littleEndian: words(d.a, as: UInt32.self)[t])
    return index < UInt32(d.inner) ? Int(index) : nil
  }
}
