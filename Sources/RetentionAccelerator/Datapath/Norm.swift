/// NORM: LayerNorm, RMSNorm and GroupNorm of int8 rows.
///
/// Models: retention-accelerator.md 6.3.

import HardwareModel

extension Datapath {
  func norm(_ d: Descriptor) {
    let groupNorm = GroupNorm(d)
    let stage = outputStage(d)
    for t in 0..<d.rows {
      let x = bytes(d.x, t, d.xStride)
      for n in 0..<d.columns { wide[n] = Int64(x[n]) }
      for start in stride(from: 0, to: d.columns, by: max(d.inner, 1)) {
        groupNorm.apply(wide + start, d.inner, into: row + start)
      }
      stage.apply(row, d.columns, z: operand(d, t))
      writeOutput(d, t, row, d.columns)
      if givesUp(after: 32 &* d.columns) { return }
    }
  }
}
