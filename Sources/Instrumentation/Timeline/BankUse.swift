// How much of each L2 bank's time is used: words granted by window of time.
//
// The accelerator's words are those of its beat schedule, in the cycles in which they go through without contention (a
// stall moves what follows it within its descriptor). The core's are its loads and stores and the words of the
// instructions that it executed; words that it fetched ahead and dropped do not count. A uDMA transfer is spread evenly
// over its time.

import HardwareModel
import PULPissimo
import RetentionAccelerator

/// Words by bank and window.
struct BankUse {
  /// The interleaved banks, then the two private ones.
  let names: [String]
  private let interleavedBanks: Int
  private static let mostWindows = 4096

  /// Cycles of a window: doubled whenever there are too many windows.
  private(set) var width: Cycle = 64
  private var windows: [[Double]] = []
  private let from: Cycle

  /// Counts from cycle `from` on.
  init(from: Cycle, interleavedBanks: Int) {
    self.from = from
    self.interleavedBanks = interleavedBanks
    names = (0..<interleavedBanks).map { "interleaved \($0)" } + ["private 0", "private 1"]
  }

  /// The column of `address`; nil if it lies in no bank.
  private func column(_ master: L2Master, _ address: Address) -> Int? {
    guard case .bank(let bank) = L2Crossbar.target(master, address, interleavedBanks: interleavedBanks) else {
      return nil
    }
    if let number = bank.interleavedNumber { return number }
    return bank == .private0 ? interleavedBanks : bank == .private1 ? interleavedBanks + 1 : nil
  }

  private mutating func add(_ bank: Int, _ count: Double, window: Int) {
    while windows.count <= window { windows.append([Double](repeating: 0, count: names.count)) }
    windows[window][bank] += count
  }

  private mutating func window(of cycle: Cycle) -> Int? {
    guard cycle >= from else { return nil }
    while (cycle - from) / width >= Cycle(Self.mostWindows) {
      width *= 2
      windows = stride(from: 0, to: windows.count, by: 2).map { index in
        index + 1 < windows.count ? zip(windows[index], windows[index + 1]).map { $0 + $1 } : windows[index]
      }
    }
    return Int((cycle - from) / width)
  }

  /// An access of the core.
  mutating func add(_ address: Address, _ master: L2Master, at cycle: Cycle) {
    guard let bank = column(master, address), let window = window(of: cycle) else { return }
    add(bank, 1, window: window)
  }

  /// `counts` words by bank, spread evenly over `start ..< end`.
  mutating func add(_ counts: [Int: UInt64], from start: Cycle, until end: Cycle) {
    guard start < end, window(of: end - 1) != nil else { return }
    var cycle = max(start, from)
    while cycle < end {
      guard let window = window(of: cycle) else { return }
      let next = min(end, from + (Cycle(window) + 1) * width)
      let share = Double(next - cycle) / Double(end - start)
      for (bank, count) in counts { add(bank, Double(count) * share, window: window) }
      cycle = next
    }
  }

  /// The words of `bytes` bytes from `address` on by bank; `rows` runs of them, `stride` bytes apart.
  func words(_ address: Address, bytes: UInt32, rows: UInt32 = 1, stride: UInt32 = 0) -> [Int: UInt64] {
    var counts: [Int: UInt64] = [:]
    let each = UInt64((bytes &+ 3) / 4)
    // Rows that begin in the same bank are alike.
    let round = UInt64(interleavedBanks)
    let kinds: UInt32 = UInt64(stride) % (4 * round) == 0 ? 1 : min(rows, UInt32(interleavedBanks))
    for kind in 0..<kinds {
      let times = UInt64((rows - kind + kinds - 1) / kinds)
      guard let first = column(.udmaTransmit, address &+ kind &* stride) else { continue }
      guard first < interleavedBanks else {
        counts[first, default: 0] += each * times
        continue
      }
      for offset in 0..<round {
        let bank = (first + Int(offset)) % interleavedBanks
        counts[bank, default: 0] += (each + round - 1 - offset) / round * times
      }
    }
    return counts
  }

  /// The beats of a descriptor that has ended.
  mutating func add(_ record: DescriptorRecord, _ configuration: RETAConfiguration, _ memory: DirectMemory) {
    let model = CycleModel(configuration)
    var cycle = record.start
    var lead = UInt64(configuration.tFetch + configuration.tCheck)
    if let address = record.address {
      let fetch = UInt64(model.beats(Int(DescriptorFormat.byteCount)))
      add(words(address, bytes: DescriptorFormat.byteCount), from: cycle, until: cycle + fetch)
      cycle += fetch
    } else {
      lead = UInt64(configuration.tStart + configuration.tCheck)
    }
    guard record.error == .none else { return }
    var schedule = BeatSchedule(record.descriptor, lead: lead, model: model, memory: memory)
    while let step = schedule.next(), cycle <= record.end {
      switch step {
      case .idle(let cycles): cycle += cycles
      case .beats(let run):
        let beats = run.beats(of: configuration.beatBytes)
        add(
          words(run.address, bytes: run.rowBytes, rows: run.rows, stride: run.rowStride), from: cycle,
          until: cycle + beats)
        cycle += beats
      }
    }
  }

  /// Percent of each bank's cycles, by window; equal neighbours are one sample.
  func counter(until end: Cycle) -> Timeline.Counter {
    var samples: [(cycle: Cycle, values: [Double])] = []
    let width = self.width
    for (index, window) in windows.enumerated() {
      let start = from + Cycle(index) * width
      guard start < end else { break }
      let cycles = Double(min(width, end - start))
      let values = window.map { (1000 * min(1, $0 / cycles)).rounded() / 10 }
      if samples.last?.values != values { samples.append((start, values)) }
    }
    return Timeline.Counter(name: "L2 banks in use", unit: "%", series: names, samples: samples)
  }
}
