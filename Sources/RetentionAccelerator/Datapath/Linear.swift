/// LINEAR: Y = f(X . W^T + B).
///
/// Models: retention-accelerator.md 6.1, with int8, int32 and argmax outputs.

import HardwareModel

extension Datapath {
  func linear(_ d: Descriptor) {
    let requantise = Requantiser(d)
    let stage = outputStage(d)
    let bias = d.f0 ? words(d.b, as: Int32.self) : nil
    var best: UInt32 = 0
    for t in 0..<d.rows {
      // Rows of a broadcast X have the same accumulators.
      if t == 0 || d.xStride != 0 {
        guard accumulate(d, bytes(d.x, t, d.xStride), bias) else { return }
        if d.output == .argmax { best = UInt32(largestAccumulator(d.columns)).littleEndian }
      }
      switch d.output {
      case .int8:
        for n in 0..<d.columns { row[n] = requantise(Int64(accumulators[n])) }
        stage.apply(row, d.columns, z: operand(d, t))
        writeOutput(d, t, row, d.columns)
      case .int32:
        writeOutput(d, t, accumulators, 4 &* d.columns)
      case .argmax:
        writeOutput(d, t, &best, 4)
      case .reserved:
        break
      }
    }
  }

  /// acc[n] = wrap32(B[n] + sum of X[k] * W[n][k]). False if the run was given up.
  private func accumulate(_ d: Descriptor, _ x: UnsafePointer<Int8>, _ bias: UnsafePointer<Int32>?) -> Bool {
    let count = d.inner
    let stride = d.wStride
    var weights = bytes(d.w)
    if stride == 0 {
      // All rows of W are the same one.
      let product = dotProduct(x, weights, count)
      for n in 0..<d.columns { accumulators[n] = (bias.map { Int32(littleEndian: $0[n]) } ?? 0) &+ product }
      return !givesUp(after: count &+ d.columns)
    }
    let block = max(1, Self.workBetweenQuestions / max(count, 1))
    var n = 0
    while n < d.columns {
      let end = min(n &+ block, d.columns)
      let work = (end &- n) &* count
      while n < end {
        let start = bias.map { Int32(littleEndian: $0[n]) } ?? 0
        accumulators[n] = start &+ dotProduct(x, weights, count)
        weights += stride
        n &+= 1
      }
      if givesUp(after: work) { return false }
    }
    return true
  }

  /// The smallest index of the largest accumulator.
  private func largestAccumulator(_ count: Int) -> Int {
    var best = 0
    for n in 1..<max(count, 1) where accumulators[n] > accumulators[best] { best = n }
    return best
  }
}
