/// Rotary position: the sine ROM and the rotation of pairs of channels.
///
/// Models: SIN, COS and the rotation of retention-accelerator.md section 3. The ROM is computed, not listed: 1024
/// integers that a test compares with the specification's listing.

/// SIN[i] = floor(16384 * sin(2 pi i / 1024) + 1/2).
public enum SineROM {
  /// The 1024 entries.
  public static let entries: [Int16] = {
    // The first quadrant by Taylor series; 16384 * sin is never within 1e-6 of a half there, and the error of the
    // series is below 1e-10, so rounding gives the exact integers. The other quadrants follow by symmetry.
    let quadrant: [Int16] = (0...256).map { index in
      let angle = Double(index) * (Double.pi / 512)
      var term = angle
      var sum = angle
      for order in 1...12 {
        term *= -angle * angle / Double(2 * order * (2 * order + 1))
        sum += term
      }
      return Int16((16384 * sum).rounded())
    }
    return (0..<1024).map { index in
      switch index {
      case 0...256: quadrant[index]
      case 257...512: quadrant[512 - index]
      case 513...768: -quadrant[index - 512]
      default: -quadrant[1024 - index]
      }
    }
  }()
}

/// Rotates rows of one descriptor.
struct Rotation {
  /// The ROM, and the phase steps at L.
  let sine: UnsafePointer<Int16>
  let theta: UnsafePointer<UInt32>

  /// Rotates `count` values of `row` at `position` into `result`.
  func apply(_ row: UnsafePointer<Int8>, _ count: Int, position: UInt32, into result: UnsafeMutablePointer<Int8>) {
    for pair in 0..<count / 2 {
      let phase = position &* UInt32(littleEndian: theta[pair])
      let index = Int((phase &+ (1 << 21)) &>> 22)
      let sin = Int64(sine[index])
      let cos = Int64(sine[(index &+ 256) & 1023])
      let even = Int64(row[2 &* pair])
      let odd = Int64(row[2 &* pair &+ 1])
      result[2 &* pair] = saturate8(roundingShift(even &* cos &- odd &* sin, 14))
      result[2 &* pair &+ 1] = saturate8(roundingShift(odd &* cos &+ even &* sin, 14))
    }
  }
}
