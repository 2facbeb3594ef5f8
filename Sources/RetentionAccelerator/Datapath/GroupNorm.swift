/// Group normalisation with integer root and division.
///
/// Models: norm(x[0..n-1]) of retention-accelerator.md section 3, exact for any |x| below 2^51.

/// The norm of one descriptor.
struct GroupNorm {
  private let removesMean: Bool
  private let multiplier: UInt64
  private let shift: Int64

  init(_ descriptor: Descriptor) {
    removesMean = descriptor.removesMean
    multiplier = UInt64(bitPattern: descriptor.multiplier)
    shift = descriptor.shift
  }

  /// Normalises the `count` values of `x`, which is used as scratch, into `result`.
  func apply(_ x: UnsafeMutablePointer<Int64>, _ count: Int, into result: UnsafeMutablePointer<Int8>) {
    var magnitude: UInt64 = 0
    if removesMean {
      var sum: Int64 = 0
      for index in 0..<count { sum = sum &+ x[index] }
      for index in 0..<count { x[index] = Int64(count) &* x[index] &- sum }
    }
    for index in 0..<count { magnitude = max(magnitude, x[index].magnitude) }
    guard magnitude != 0 else {
      for index in 0..<count { result[index] = 0 }
      return
    }
    let exponent = Int64(64 &- magnitude.leadingZeroBitCount) &- 15
    var squares: UInt64 = 0
    if exponent > 0 {
      for index in 0..<count { x[index] = x[index] &>> exponent }
    } else {
      for index in 0..<count { x[index] = x[index] &<< (0 &- exponent) }
    }
    for index in 0..<count { squares = squares &+ UInt64(bitPattern: x[index] &* x[index]) }
    // The largest |t| is at least 2^14, so the root is not 0.
    let scale = Int64(bitPattern: (multiplier &<< 24) / max(integerSquareRoot(squares), 1))
    for index in 0..<count { result[index] = saturate8(roundingShift(x[index] &* scale, shift)) }
  }
}

/// floor(sqrt(x)), exact: the floating-point root is only the first guess.
func integerSquareRoot(_ x: UInt64) -> UInt64 {
  var root = min(UInt64(Double(x).squareRoot()), 0xFFFF_FFFF)
  while root &* root > x { root -= 1 }
  while root < 0xFFFF_FFFF, (root + 1) &* (root + 1) <= x { root += 1 }
  return root
}
