/// Powers of gamma = 1 - 2^-k, generated serially.
///
/// Models: D[i] and g[i] of retention-accelerator.md section 3: g[i] is gamma^i in Q16, g[0] = 65536.

enum DecayPowers {
  /// Fills `g[0...last]` for decay shift `k`; k = 0 means gamma = 1.
  static func fill(_ g: UnsafeMutablePointer<Int64>, last: Int, k: Int64) {
    var power: Int64 = 1 << 30
    for index in 0...max(last, 0) {
      g[index] = roundingShift(power, 14)
      if k != 0 { power = power &- roundingShift(power, k) }
    }
  }
}
