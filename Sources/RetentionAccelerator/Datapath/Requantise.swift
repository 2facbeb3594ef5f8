/// Requantisation of accumulators to int8.
///
/// Models: rq(a) = sat8(rs(a * MUL, SH)) of retention-accelerator.md section 3.

/// One output tensor's multiplier and shift.
struct Requantiser {
  /// MUL, 0...65535.
  let multiplier: Int64
  /// SH, 0...63.
  let shift: Int64

  init(_ descriptor: Descriptor) {
    multiplier = descriptor.multiplier
    shift = descriptor.shift
  }

  @inline(__always)
  func callAsFunction(_ accumulator: Int64) -> Int8 {
    saturate8(roundingShift(accumulator &* multiplier, shift))
  }
}
