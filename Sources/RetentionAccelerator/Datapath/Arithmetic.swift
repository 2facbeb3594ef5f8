/// The elementary arithmetic of the datapath.
///
/// Models: rounding shift and saturation of retention-accelerator.md section 3. All values fit 64 bits with room to
/// spare for every legal descriptor; the operators wrap so that nothing a guest writes can trap.

/// rs(x, s): floor((x + 2^(s-1)) / 2^s); halves go up, also for negative x. s = 0...63.
@inline(__always)
func roundingShift(_ x: Int64, _ s: Int64) -> Int64 {
  s == 0 ? x : (x &+ (1 &<< (s &- 1))) &>> s
}

/// sat8
@inline(__always)
func saturate8(_ x: Int64) -> Int8 {
  Int8(truncatingIfNeeded: max(-128, min(127, x)))
}

/// sat32
@inline(__always)
func saturate32(_ x: Int64) -> Int32 {
  Int32(truncatingIfNeeded: max(Int64(Int32.min), min(Int64(Int32.max), x)))
}

/// Sum of the products of two int8 vectors, modulo 2^32. Simple enough for the compiler to use vector instructions.
@inline(__always)
func dotProduct(_ a: UnsafePointer<Int8>, _ b: UnsafePointer<Int8>, _ count: Int) -> Int32 {
  var sum: Int32 = 0
  for index in 0..<count {
    sum = sum &+ Int32(Int16(a[index]) &* Int16(b[index]))
  }
  return sum
}
