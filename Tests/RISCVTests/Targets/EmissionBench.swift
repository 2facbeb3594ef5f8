// One emitted block at a time: its code is made by one target, called with given registers, and looked at afterwards.
//
// x86-64 code runs on this processor, AArch64 code on a model of one.

import Foundation
import HardwareModel
import MachineCode

@testable import RISCV

/// Registers that are mapped or not on one of the hosts or on both.
let emissionRegisters: [UInt8] = [10, 8, 5, 22]

final class EmissionBench<Target: TranslationTarget> {
  static var longest: UInt32 { 40 }
  static var straddle: UInt32 { 1 }
  static var budget: UInt32 { 5000 }
  static var block: UInt32 { 77 }

  private let code: CodeMemory
  private let model: AArch64Model?
  private let leave: Int
  private let first: Int
  private let enter: @convention(c) (UnsafeMutablePointer<UInt32>, UnsafeRawPointer) -> Void
  private let entrance: UnsafeRawPointer
  private var free: Int
  private let page: UnsafeMutableRawPointer
  let state: UnsafeMutablePointer<UInt32>
  let memory: DirectMemory
  let region: CodeRegion
  let reach: TranslatedMemory
  private(set) var calls = 0

  /// `ranges`: offset and size of what the code may touch. nil: this host has nothing to run the code with.
  init?(base: UInt32 = 0x1C00_0000, size: UInt32 = 0x4000, ranges: [(offset: UInt32, size: UInt32)] = [(0, 0x4000)]) {
    let isForeign = Target.self == AArch64Target.self && TranslationHost.current != .aarch64
    guard isForeign || (TranslationHost.current == .x86) == (Target.self == X86Target.self) else { return nil }
    model = isForeign ? AArch64Model() : nil
    guard !isForeign || model != nil, let code = CodeMemory(size: Translator.codeSize) else { return nil }
    self.code = code
    memory = DirectMemory(name: "data", base: base, size: Int(size))
    region = CodeRegion(memory)
    reach = TranslatedMemory(BlockMemory(memory, region, ranges: ranges), checksLines: true)
    page = .allocate(byteCount: 4096, alignment: 4096)
    page.initializeMemory(as: UInt8.self, repeating: 0, count: 4096)
    state = page.bindMemory(to: UInt32.self, capacity: 1024)
    code.beginWriting()
    var target = Target(code.bytes, from: 0, to: Translator.codeSize, leave: 0)
    let ways = target.entrance()
    code.endWriting()
    leave = ways.leave
    first = target.count
    free = target.count
    entrance = code.address(ways.enter)
    enter = unsafeBitCast(entrance, to: (@convention(c) (UnsafeMutablePointer<UInt32>, UnsafeRawPointer) -> Void).self)
    changed(0..<free)
    model?.attach([
      (UnsafeRawPointer(state), 4 * TranslatedState.size), (UnsafeRawPointer(memory.bytes), Int(size)),
      (UnsafeRawPointer(region.lines), Int(size >> CodeRegion.lineShift) + 2),
      (UnsafeRawPointer(region.entries), 8 * (Int(size) / 2 + 2)),
    ])
  }

  deinit { page.deallocate() }

  private func changed(_ range: Range<Int>) {
    code.synchronize(range)
    model?.changed(code.address(range.lowerBound), range.count)
  }

  /// What broke the calling convention so far.
  var broken: [String] { model?.broken ?? [] }

  /// Makes a block; nil if the target refuses it. `indirect`: as jumps of JALR enter it.
  /// `emit` is given where the four counts of an exit lie, as `counts` they are.
  func make(counts: [UInt32] = [1, 0, 0, 0], _ emit: (inout Target, Int) -> Void) -> (
    body: UnsafeRawPointer, indirect: UnsafeRawPointer
  )? {
    if free > Translator.codeSize - 0x1_0000 { free = first }
    let start = free
    code.beginWriting()
    var target = Target(code.bytes, from: start, to: start + 0x1_0000, leave: leave)
    let place = target.counts(counts[0], counts[1], counts[2], counts[3])
    let ways = target.begin(number: Self.block, longest: Self.longest, straddle: Self.straddle, memory: reach)
    emit(&target, place)
    target.leave(index: 99)
    _ = target.finish()
    target.closeLoops(nil, at: 0)
    code.endWriting()
    guard !target.isFull else { return nil }
    free = target.count
    changed(start..<free)
    return (code.address(ways.body), code.address(ways.indirect))
  }

  /// Leads an exit to code, or out.
  func write(_ link: ExitLink, budget: UInt32, to goal: UnsafeRawPointer?) {
    code.beginWriting()
    Target.write(link, in: code.bytes, budget: budget, to: goal.map { $0 - code.address(0) })
    code.endWriting()
    changed(Int(min(link.budget, link.jump))..<Int(max(link.budget, link.jump)) + 4)
  }

  /// How a call ended: the index of the instruction before which the block was left, or the number of the exit.
  enum Outcome: Equatable {
    case left(Int)
    case exit(UInt32)
  }

  func make(_ emit: (inout Target) -> Void) -> (body: UnsafeRawPointer, indirect: UnsafeRawPointer)? {
    make { target, _ in emit(&target) }
  }

  /// Runs code. All registers but those of `registers` hold something of their own, and `after` sees what they hold in the end.
  func run(
    _ body: UnsafeRawPointer, _ registers: [UInt8: UInt32] = [:], budget: UInt32 = EmissionBench.budget
  ) -> (outcome: Outcome, before: [UInt32], after: [UInt32]) {
    calls += 1
    for number in 1..<32 { state[number] = 0x9E37_79B9 &* UInt32(number) }
    state[0] = 0
    for (number, value) in registers { state[Int(number)] = value }
    let before = (0..<32).map { state[$0] }
    state[Int(TranslatedState.budgetOffset) / 4] = budget
    let raw = UnsafeMutableRawPointer(state)
    raw.storeBytes(
      of: UInt(bitPattern: reach.bytes), toByteOffset: Int(TranslatedState.memoryOffset), as: UInt.self)
    state[Int(TranslatedState.memoryBaseOffset) / 4] = reach.base
    if let model { model.call(entrance, state, body) } else { enter(state, body) }
    let record = self[TranslatedState.recordOffset]
    let outcome: Outcome =
      TranslatedState.isLeave(record)
      ? .left(TranslatedState.block(record) == Int(Self.block) ? TranslatedState.index(record) : -1) : .exit(record)
    return (outcome, before, (0..<32).map { state[$0] })
  }

  /// A word of the state.
  subscript(offset: Int32) -> UInt32 {
    get { state[Int(offset) / 4] }
    set { state[Int(offset) / 4] = newValue }
  }
}
