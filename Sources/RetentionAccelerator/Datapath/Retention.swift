/// RETENTION: multi-scale retention in chunks, with rotation, group norm and a recurrent state.
///
/// Models: retention-accelerator.md 6.2, one head after the other, one chunk after the other. Sums are exact in 64
/// bits (the hardware needs 48).

import HardwareModel

/// Chunk and state buffers of RETENTION.
final class RetentionBuffers {
  /// Rotated q and k of a chunk, row by row.
  let q: UnsafeMutablePointer<Int8>
  let k: UnsafeMutablePointer<Int8>
  /// S of one head, and a row of its update.
  let state: UnsafeMutablePointer<Int32>
  let update: UnsafeMutablePointer<Int32>
  /// q.S and o of one row.
  let stateSums: UnsafeMutablePointer<Int64>
  let o: UnsafeMutablePointer<Int64>
  /// g[0...c].
  let powers: UnsafeMutablePointer<Int64>
  let sine: UnsafeMutablePointer<Int16>

  init(chunk: Int, head: Int) {
    q = ZeroedMemory.allocate(chunk * head)
    k = ZeroedMemory.allocate(chunk * head)
    state = ZeroedMemory.allocate(head * head)
    update = ZeroedMemory.allocate(head)
    stateSums = ZeroedMemory.allocate(head)
    o = ZeroedMemory.allocate(head)
    powers = ZeroedMemory.allocate(chunk + 1)
    sine = ZeroedMemory.allocate(1024)
    for (index, value) in SineROM.entries.enumerated() { sine[index] = value }
  }

  deinit {
    ZeroedMemory.deallocate(q)
    ZeroedMemory.deallocate(k)
    ZeroedMemory.deallocate(state)
    ZeroedMemory.deallocate(update)
    ZeroedMemory.deallocate(stateSums)
    ZeroedMemory.deallocate(o)
    ZeroedMemory.deallocate(powers)
    ZeroedMemory.deallocate(sine)
  }
}

extension Datapath {
  func retention(_ d: Descriptor) {
    let requantise = Requantiser(d)
    let groupNorm = GroupNorm(d)
    let stage = outputStage(d)
    let dk = d.inner
    let dv = d.columns
    let buffers = retention
    let rotation = d.f0 ? Rotation(sine: buffers.sine, theta: words(d.l, as: UInt32.self)) : nil
    for head in 0..<d.heads {
      let stateAddress = d.a &+ UInt32(truncatingIfNeeded: 4 &* head &* dk &* dv)
      if d.loads {
        let stored = words(stateAddress, as: Int32.self)
        for index in 0..<dk &* dv { buffers.state[index] = Int32(littleEndian: stored[index]) }
      } else {
        for index in 0..<dk &* dv { buffers.state[index] = 0 }
      }
      DecayPowers.fill(buffers.powers, last: min(d.chunk, d.rows), k: d.decayShift(head: head))
      var start = 0
      while start < d.rows {
        let c = min(d.chunk, d.rows &- start)
        loadChunk(d, head, start, c, rotation)
        let usesState = d.loads || start > 0
        for n in 0..<c {
          outputRow(d, head, start, n, usesState: usesState)
          if d.normalises {
            groupNorm.apply(buffers.o, dv, into: row)
          } else {
            for j in 0..<dv { row[j] = requantise(buffers.o[j]) }
          }
          let column = head &* dv
          stage.apply(row, dv, z: operand(d, start &+ n, column: column))
          writeOutput(d, start &+ n, column: column, row, dv)
        }
        if d.stores || start &+ c < d.rows { updateState(d, head, start, c) }
        start &+= c
        if givesUp(after: c &* (c &* (dk &+ dv) &+ 2 &* dk &* dv)) { return }
      }
      if d.stores {
        for index in 0..<dk &* dv { buffers.state[index] = buffers.state[index].littleEndian }
        memory.write(stateAddress, UnsafeRawBufferPointer(start: buffers.state, count: 4 &* dk &* dv))
      }
    }
  }

  /// Fetches q and k of a chunk, rotated if ROT.
  private func loadChunk(_ d: Descriptor, _ head: Int, _ start: Int, _ c: Int, _ rotation: Rotation?) {
    let dk = d.inner
    for m in 0..<c {
      let t = start &+ m
      let q = bytes(d.x, t, d.xStride, head &* dk)
      let k = bytes(d.w, t, d.wStride, head &* dk)
      if let rotation {
        let position = d.position &+ UInt32(truncatingIfNeeded: t)
        rotation.apply(q, dk, position: position, into: retention.q + m &* dk)
        rotation.apply(k, dk, position: position, into: retention.k + m &* dk)
      } else {
        (retention.q + m &* dk).update(from: q, count: dk)
        (retention.k + m &* dk).update(from: k, count: dk)
      }
    }
  }

  /// o[n][j] of row `n` of the chunk.
  private func outputRow(_ d: Descriptor, _ head: Int, _ start: Int, _ n: Int, usesState: Bool) {
    let dk = d.inner
    let dv = d.columns
    let buffers = retention
    let q = buffers.q + n &* dk
    let o = buffers.o
    let g = buffers.powers
    if usesState {
      let sums = buffers.stateSums
      for j in 0..<dv { sums[j] = 0 }
      var state = buffers.state
      for i in 0..<dk {
        let factor = Int64(q[i])
        for j in 0..<dv { sums[j] = sums[j] &+ factor &* Int64(state[j]) }
        state += dv
      }
      for j in 0..<dv { o[j] = roundingShift(sums[j] &* g[n &+ 1], 16) }
    } else {
      for j in 0..<dv { o[j] = 0 }
    }
    var v = bytes(d.b, start, d.bStride, head &* dv)
    for m in 0...n {
      let score = roundingShift(Int64(dotProduct(q, buffers.k + m &* dk, dk)) &* g[n &- m], 8)
      for j in 0..<dv { o[j] = o[j] &+ score &* Int64(v[j]) }
      v += d.bStride
    }
  }

  /// S <- sat32(rs(S * g[c], 16) + sum over m of kd * v)
  private func updateState(_ d: Descriptor, _ head: Int, _ start: Int, _ c: Int) {
    let dk = d.inner
    let dv = d.columns
    let buffers = retention
    let g = buffers.powers
    let update = buffers.update
    var state = buffers.state
    for i in 0..<dk {
      for j in 0..<dv { update[j] = 0 }
      var v = bytes(d.b, start, d.bStride, head &* dv)
      for m in 0..<c {
        // |kd| <= 2^15, so the sum over a chunk stays below 2^30.
        let key = Int32(truncatingIfNeeded: roundingShift(Int64(buffers.k[m &* dk &+ i]) &* g[c &- 1 &- m], 8))
        for j in 0..<dv { update[j] = update[j] &+ key &* Int32(v[j]) }
        v += d.bStride
      }
      for j in 0..<dv {
        state[j] = saturate32(roundingShift(Int64(state[j]) &* g[c], 16) &+ Int64(update[j]))
      }
      state += dv
    }
  }
}
