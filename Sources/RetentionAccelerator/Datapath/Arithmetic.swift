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

/// Sum of the products of two int8 vectors, modulo 2^32.
///
/// Eight products at a time, written with vectors: the widening to 16 and then 32 bits in two steps is what compiles to
/// one multiply-add instruction; from a scalar loop the compiler makes twice as many.
@inline(__always)
func dotProduct(_ a: UnsafePointer<Int8>, _ b: UnsafePointer<Int8>, _ count: Int) -> Int32 {
  var sums = SIMD8<Int32>(repeating: 0)
  var index = 0
  while index &+ 8 <= count {
    let x = SIMD8<Int16>(truncatingIfNeeded: UnsafeRawPointer(a + index).loadUnaligned(as: SIMD8<Int8>.self))
    let y = SIMD8<Int16>(truncatingIfNeeded: UnsafeRawPointer(b + index).loadUnaligned(as: SIMD8<Int8>.self))
    sums = sums &+ SIMD8<Int32>(truncatingIfNeeded: x) &* SIMD8<Int32>(truncatingIfNeeded: y)
    index = index &+ 8
  }
  var sum = sums.wrappedSum()
  while index < count {
    sum = sum &+ Int32(a[index]) &* Int32(b[index])
    index = index &+ 1
  }
  return sum
}
