// The translator of a hart: machine code for its blocks, where it lies, and how it hangs together.
//
// Code is made for blocks that have run a few times (`Hart.runBlocks`). An exit first leads out of the code; once its
// target has code too, it is led there directly. Dropping a block (its bytes have changed) leads all exits to it out again;
// its own code stays unused until the memory is full and everything is dropped at once, which bounds it.

import HardwareModel
import MachineCode

/// Processors that machine code can be made for.
enum TranslationHost {
  case x86
  case aarch64

  /// The one that this program runs on; nil: there is no target for it, and the block engine runs everything.
  static var current: TranslationHost? {
    #if arch(x86_64)
      .x86
    #elseif arch(arm64)
      .aarch64
    #else
      nil
    #endif
  }
}

/// Executes machine code in the place of the processor that this program runs on: for tests of another host's target.
protocol ForeignProcessor: AnyObject {
  var host: TranslationHost { get }
  /// Calls `entrance` as a C function of two arguments.
  func call(_ entrance: UnsafeRawPointer, _ state: UnsafeMutablePointer<UInt32>, _ code: UnsafeRawPointer)
  /// These bytes of code have changed.
  func changed(_ code: UnsafeRawPointer, _ count: Int)
}

/// What passes between the hart and translated code: the register file and, behind it, these words.
enum TranslatedState {
  static let budgetOffset: Int32 = 160
  static let recordOffset: Int32 = 164
  static let targetOffset: Int32 = 168
  static let lastExitOffset: Int32 = 172
  static let countsOffset: Int32 = 176
  static let memoryOffset: Int32 = 192
  /// The budget before the last division took its cycles.
  static let beforeDivisionOffset: Int32 = 200
  /// The guest's address of the memory at `memoryOffset`.
  static let memoryBaseOffset: Int32 = 204
  /// The CSRs of `BlockCSR`, in its order.
  static let csrOffset: Int32 = 208
  /// Bits that must stay 0 in mstatus.
  static let forbiddenOffset: Int32 = 224
  /// Words of the whole.
  static let size = 64
  /// The last exit when none was taken.
  static let noExit = UInt32.max

  /// A record of leaving before instruction `index` of block `number`; others are numbers of exits.
  static func leaveRecord(block number: UInt32, index: UInt16) -> UInt32 { 1 << 31 | number << 7 | UInt32(index & 127) }
  static func isLeave(_ record: UInt32) -> Bool { record >> 31 != 0 }
  static func block(_ record: UInt32) -> Int { Int((record & 0x7FFF_FFFF) >> 7) }
  static func index(_ record: UInt32) -> Int { Int(record & 127) }
}

/// Totals of a translator's work, for benchmarks.
public struct TranslatorStatistics: Sendable {
  public var blocks = 0
  /// Blocks with a loop of which several turns are taken at once.
  public var loops = 0
  public var instructions = 0
  public var bytes = 0
  public var flushes = 0
  /// Times that code was entered.
  public var entries = 0
}

final class Translator {
  /// Bytes of machine code at most.
  static let codeSize = 16 << 20
  /// More than any block's code.
  private static let roomForBlock = 64 << 10

  private let code: CodeMemory
  private unowned(unsafe) let cache: BlockCache
  private let cycleModel: Bool
  private typealias Enter = @convention(c) (UnsafeMutablePointer<UInt32>, UnsafeRawPointer) -> Void
  private let host: TranslationHost
  private let foreign: ForeignProcessor?
  private let entrance: UnsafeRawPointer
  private let enter: Enter
  private let leaveOffset: Int
  private let firstFree: Int
  private var free: Int
  /// By number of exit.
  private var links: [ExitLink] = []
  /// By number of block: the exits of other blocks that lead directly to its code.
  private var incoming: [Int: [UInt32]] = [:]
  /// By number of block: its place in the table of entries.
  private var places: [Int: UnsafeMutablePointer<UnsafeRawPointer?>] = [:]
  /// What the code that runs in each region may touch (index: its number + 1).
  private var memories = [TranslatedMemory?](repeating: nil, count: 9)
  /// Marks of these memories' lines were all clear when code was made.
  private var assumesNoMarks = false
  private var isStale = false
  private(set) var statistics = TranslatorStatistics()

  /// nil on hosts without a target or without memory for code. `foreign`: runs the code instead of this processor.
  init?(cache: BlockCache, cycleModel: Bool, foreign: ForeignProcessor? = nil) {
    guard let host = foreign?.host ?? TranslationHost.current, let code = CodeMemory(size: Self.codeSize) else {
      return nil
    }
    self.host = host
    self.foreign = foreign
    self.code = code
    self.cache = cache
    self.cycleModel = cycleModel
    code.beginWriting()
    let ways =
      switch host {
      case .x86: Self.entrance(X86Target.self, code.bytes)
      case .aarch64: Self.entrance(AArch64Target.self, code.bytes)
      }
    code.endWriting()
    entrance = code.address(ways.enter)
    enter = unsafeBitCast(entrance, to: Enter.self)
    leaveOffset = ways.leave
    firstFree = ways.end
    free = ways.end
    cache.onDrop = { [unowned(unsafe) self] numbers in dropped(numbers) }
    changed(0..<ways.end)
  }

  private static func entrance<Target: TranslationTarget>(
    _: Target.Type, _ bytes: UnsafeMutablePointer<UInt8>
  ) -> (enter: Int, leave: Int, end: Int) {
    var target = Target(bytes, from: 0, to: codeSize, leave: 0)
    let (enter, leave) = target.entrance()
    return (enter, leave, target.count)
  }

  /// Code has been written, and may run from now on.
  private func changed(_ range: Range<Int>) {
    code.synchronize(range)
    foreign?.changed(code.address(range.lowerBound), range.count)
  }

  // MARK: Running

  /// True if machine code for blocks in `region` may touch `memory` and nothing else.
  @inline(__always)
  func accepts(_ memory: BlockMemory, region: Int) -> Bool {
    guard !isStale, let known = memories[(region + 1) & 7] else { return false }
    return known.base == memory.base && known.size == memory.size && known.secondOffset == memory.secondOffset
      && known.secondSize == memory.secondSize && known.bytes == memory.bytes
  }

  /// Prepares for blocks in `region`, whose data is in `memory`.
  func adopt(_ memory: BlockMemory, region: Int) {
    if isStale || memories[(region + 1) & 7] != nil { flush() }
    let marked = memory.hasMarks
    memories[(region + 1) & 7] = TranslatedMemory(memory, checksLines: marked)
    if !marked { assumesNoMarks = true }
  }

  /// A line of memory has got its first mark.
  func noteMark(_ line: UnsafeMutablePointer<UInt8>) {
    guard assumesNoMarks, !isStale else { return }
    for case let memory? in memories where !memory.checksLines {
      let lines = (max(memory.size, memory.secondSize > 0 ? memory.secondOffset &+ memory.secondSize : 0) >> 6)
      if line >= memory.lines, line < memory.lines + Int(lines) {
        isStale = true
        return
      }
    }
  }

  /// Runs the machine code of `info` with `budget` cycles before the deadline. `now` is the deadline.
  @inline(__always)
  func run(_ body: UInt32, longest: UInt32, x: UnsafeMutablePointer<UInt32>, budget: UInt32, memory: BlockMemory) {
    statistics.entries += 1
    x[Int(TranslatedState.budgetOffset) / 4] = budget &- longest
    UnsafeMutableRawPointer(x).storeBytes(
      of: UInt(bitPattern: memory.bytes), toByteOffset: Int(TranslatedState.memoryOffset), as: UInt.self)
    x[Int(TranslatedState.memoryBaseOffset) / 4] = memory.base
    if let foreign {
      foreign.call(entrance, x, code.address(Int(body)))
    } else {
      enter(x, code.address(Int(body)))
    }
  }

  /// What to add to the budget that code has left behind through `exit`.
  @inline(__always)
  func correction(_ exit: Int) -> UInt32 { links[exit].added }

  // MARK: Making code

  /// Makes code for block `number`; false if it must stay without for now.
  func translate(_ number: Int, region: CodeRegion, window: MemoryWindow) -> Bool {
    guard !isStale, let memory = memories[(window.region + 1) & 7] else { return false }
    if free + Self.roomForBlock > Self.codeSize {
      flushCode()
    }
    let info = cache.infos[number]
    if links.count < cache.exitCount {
      links.append(contentsOf: repeatElement(ExitLink(), count: cache.exitCount - links.count))
    }
    let table = UnsafeRawPointer(region.entries + region.index(window.base))
    let start = free
    code.beginWriting()
    let compiled =
      switch host {
      case .x86: compile(X86Target.self, number, memory, window, table)
      case .aarch64: compile(AArch64Target.self, number, memory, window, table)
      }
    code.endWriting()
    guard let compiled else { return false }
    for (exit, link) in compiled.links { links[Int(exit)] = link }
    statistics.blocks += 1
    if compiled.hasTurns { statistics.loops += 1 }
    statistics.instructions += Int(info.opCount)
    statistics.bytes += compiled.end - start
    free = compiled.end
    changed(start..<free)
    cache.infos[number].body = UInt32(compiled.body)
    let place = region.entries + region.index(info.entry.pointee.aux)
    place.pointee = code.address(compiled.indirect)
    places[number] = place
    return true
  }

  private typealias Compiled = (
    indirect: Int, body: Int, links: [(number: UInt32, link: ExitLink)], hasTurns: Bool, end: Int
  )

  private func compile<Target: TranslationTarget>(
    _: Target.Type, _ number: Int, _ memory: TranslatedMemory, _ window: MemoryWindow, _ table: UnsafeRawPointer
  ) -> Compiled? {
    var compiler = BlockCompiler<Target>(
      info: cache.infos[number], exits: cache.exits, memory: memory, cycleModel: cycleModel, codeBase: window.base,
      codeSize: window.size, table: table)
    var target = Target(code.bytes, from: free, to: free + Self.roomForBlock, leave: leaveOffset)
    guard let compiled = compiler.compile(&target, number: UInt32(number)) else { return nil }
    return (compiled.indirect, compiled.body, compiled.links, compiler.hasTurns, target.count)
  }

  private func write(_ exit: Int, to offset: Int?) {
    let link = links[exit]
    let budget = link.unlinked &+ link.added
    switch host {
    case .x86: X86Target.write(link, in: code.bytes, budget: budget, to: offset)
    case .aarch64: AArch64Target.write(link, in: code.bytes, budget: budget, to: offset)
    }
    changed(Int(min(link.budget, link.jump))..<Int(max(link.budget, link.jump)) + 4)
  }

  /// Leads `exit` to block `number`, which has code.
  func link(_ exit: Int, to number: Int) {
    let info = cache.infos[number]
    guard exit < links.count, links[exit].jump != 0, links[exit].added == 0, info.body != 0 else { return }
    let jumps = cache.exits[exit].target & 1 == 0
    let head = info.entry.pointee
    links[exit].added = head.immediate + (jumps ? UInt32(head.index) : 0)
    code.beginWriting()
    write(exit, to: Int(info.body))
    code.endWriting()
    incoming[number, default: []].append(UInt32(exit))
  }

  // MARK: Dropping

  private func dropped(_ numbers: [Int]?) {
    guard let numbers else { return flush() }
    code.beginWriting()
    for number in numbers where cache.infos[number].body != 0 { drop(number) }
    code.endWriting()
  }

  private func drop(_ number: Int) {
    for exit in incoming.removeValue(forKey: number) ?? [] {
      links[Int(exit)].added = 0
      write(Int(exit), to: nil)
    }
    places.removeValue(forKey: number)?.pointee = nil
    cache.infos[number].body = 0
    cache.infos[number].runs = 0
  }

  /// Drops all code and what it assumed.
  func flush() {
    flushCode()
    memories = .init(repeating: nil, count: memories.count)
    assumesNoMarks = false
    isStale = false
  }

  private func flushCode() {
    for (number, place) in places {
      place.pointee = nil
      cache.infos[number].body = 0
      cache.infos[number].runs = 0
    }
    places.removeAll()
    incoming.removeAll()
    links.removeAll(keepingCapacity: true)
    free = firstFree
    statistics.flushes += 1
  }
}
