/// LINEAR: Y = f(X . W^T + B).
///
/// Models: retention-accelerator.md 6.1, with int8, int32 and argmax outputs.

import HardwareModel

extension Datapath {
  func linear(_ d: Descriptor) {
    let requantise = Requantiser(d)
    let stage = outputStage(d)
    let bias = d.f0 ? words(d.b, as: Int32.self) : nil
    for t in 0..<d.rows {
      // Rows of a broadcast X have the same accumulators.
      if t == 0 || d.xStride != 0 { accumulate(d, bytes(d.x, t, d.xStride), bias) }
      switch d.output {
      case .int8:
        for n in 0..<d.columns { row[n] = requantise(Int64(accumulators[n])) }
        stage.apply(row, d.columns, z: operand(d, t))
        writeOutput(d, t, row, d.columns)
      case .int32:
        writeOutput(d, t, accumulators, 4 &* d.columns)
      case .argmax:
        var best = UInt32(largestAccumulator(d.columns)).littleEndian
        writeOutput(d, t, &best, 4)
      case .reserved:
        break
      }
    }
  }

  /// acc[n] = wrap32(B[n] + sum of X[k] * W[n][k])
  private func accumulate(_ d: Descriptor, _ x: UnsafePointer<Int8>, _ bias: UnsafePointer<Int32>?) {
    let count = d.inner
    let stride = d.wStride
    var weights = bytes(d.w)
    for n in 0..<d.columns {
      let start = bias.map { Int32(littleEndian: $0[n]) } ?? 0
      accumulators[n] = start &+ dotProduct(x, weights, count)
      weights += stride
    }
  }

  /// The smallest index of the largest accumulator.
  private func largestAccumulator(_ count: Int) -> Int {
    var best = 0
    for n in 1..<max(count, 1) where accumulators[n] > accumulators[best] { best = n }
    return best
  }
}
