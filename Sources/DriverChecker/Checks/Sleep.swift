// Sleeping and polling (rules sleep-…, poll-could-sleep).

import HardwareModel
import PULPissimo
import Peripherals
import RISCV
import RetentionAccelerator

/// What the program looked at before it goes to sleep, and what it polls. Counts are instructions outside of handlers.
struct SleepState {
  struct Look {
    var address: Address = 0
    var pc: Address = 0
    var at: UInt64 = 0
    /// A branch followed at once.
    var isJudged = false
  }

  private static let lookCount = 16
  private var looks = InlineArray<16, Look>(repeating: Look())
  private var next = 0
  /// Flags that were looked at before an interrupt, and where.
  private var watched: [Look] = []
  /// Those that its handlers have changed.
  private(set) var changed: [Look] = []
  /// Flags that were looked at before a sleep with interrupts enabled throughout: the look and the sleep.
  private var unsafe: [Address: (pc: Address, site: Site)] = [:]
  /// The last instruction that touched mstatus.
  var statusAt: UInt64 = 0
  /// The stack pointer that the interrupt found.
  private var stackPointer: Address = 0

  /// Instructions between the look at a flag and the sleep: calls and returns of unoptimised code lie in between.
  private static let reach: UInt64 = 48
  /// Instructions between the load of a flag and the branch.
  private static let judgement: UInt64 = 6

  @inline(__always)
  mutating func loaded(_ address: Address, pc: Address, at count: UInt64) {
    looks[next & (Self.lookCount - 1)] = Look(address: address, pc: pc, at: count)
    next &+= 1
    if !changed.isEmpty { changed.removeAll { $0.address & ~3 == address & ~3 } }
  }

  /// A branch of the program: what was loaded right before it is a flag.
  @inline(__always)
  mutating func branched(at count: UInt64) {
    // The interrupt came between the load and the branch.
    for index in changed.indices where count &- changed[index].at <= Self.judgement { changed[index].isJudged = true }
    var index = next
    for _ in 0..<3 {
      index &-= 1
      let slot = index & (Self.lookCount - 1)
      guard count &- looks[slot].at <= Self.judgement else { return }
      looks[slot].isJudged = true
    }
  }

  /// What the program has looked at not long before instruction `count`: flags, and what it has just loaded.
  private func looked(before count: UInt64) -> [Look] {
    (0..<Self.lookCount).map { looks[$0] }.filter {
      $0.address != 0 && count &- $0.at <= ($0.isJudged ? Self.reach : Self.judgement)
    }
  }

  /// A store of the program: it knows what it does with that word.
  @inline(__always)
  mutating func stored(_ address: Address) {
    if !changed.isEmpty { changed.removeAll { $0.address & ~3 == address & ~3 } }
  }

  mutating func interrupted(at count: UInt64, stackPointer: Address) {
    self.stackPointer = stackPointer
    watched = looked(before: count)
  }

  /// A store of a handler. Returns a sleep that would have been wrong, had the store come before it. What lies in the
  /// handler's own frames is no flag, though the program's calls may have had variables there.
  @inline(__always)
  mutating func handlerStored(_ address: Address, stackPointer now: Address) -> (pc: Address, site: Site)? {
    guard !(watched.isEmpty && unsafe.isEmpty), !(now <= address && address < stackPointer) else { return nil }
    if let index = watched.firstIndex(where: { $0.address & ~3 == address & ~3 }) {
      changed.append(watched.remove(at: index))
    }
    return unsafe.isEmpty ? nil : unsafe.removeValue(forKey: address & ~3)
  }

  /// WFI with interrupts enabled.
  mutating func slept(at count: UInt64, _ site: @autoclosure () -> Site) {
    for index in 0..<Self.lookCount where looks[index].isJudged && looks[index].at > statusAt {
      guard count &- looks[index].at <= Self.reach, unsafe.count < 64 else { continue }
      unsafe[looks[index].address & ~3] = (looks[index].pc, site())
    }
  }

  mutating func forget() {
    watched = []
    changed = []
  }

  // MARK: Polling

  struct Poll {
    var address: Address
    var name: String
    var issued: Cycle
    var stores: UInt64
    var accesses: UInt64
    var turns: UInt64 = 0
    var cycles: Cycle = 0
    var site: Site
  }

  var polls: [Address: Poll] = [:]
  var accesses: UInt64 = 0
  /// The last WFI.
  var place: Site?
  var lostWakeUp = false
}

extension DriverChecker {
  /// The program executes WFI.
  func goesToSleep(_ hart: Hart) {
    let site = here
    sleep.place = site
    sleep.lostWakeUp = false
    for job in jobs.flight where job.slept == nil { job.slept = site }
    if handlerLevel == 0, let flag = sleep.changed.first(where: \.isJudged) {
      sleep.lostWakeUp = true
      report(
        SleepRules.lostWakeUp, subject: describe(flag.address),
        message:
          "WFI, although an interrupt handler has changed \(describe(flag.address)) since the program looked at it (at \(hexadecimal(flag.pc)))"
      )
    }
    sleep.forget()
    let isInterruptible = (hart.peekCSR(0x300) ?? 0) & 8 != 0
    if handlerLevel == 0, isInterruptible { sleep.slept(at: events.instructionsOutside, site) }
  }

  /// A store of a handler.
  func handlerStores(_ address: Address, _ hart: Hart) {
    guard let (pc, site) = sleep.handlerStored(address, stackPointer: hart[register: 2]) else { return }
    report(
      SleepRules.unsafeCheck, at: site, pc: site.pc, subject: describe(address),
      message:
        "WFI with interrupts enabled, behind a look at \(describe(address)) (at \(hexadecimal(pc))), which an interrupt handler writes"
    )
  }

  /// The core's clock runs again.
  func woke(from: Cycle, at cycle: Cycle) {
    for key in sleep.polls.keys { sleep.polls[key]?.issued = cycle }
    let line = UInt32(1) << UInt32(InterruptController.eventLine)
    let pending = machine.interruptController.pending & machine.interruptController.mask
    // Who sleeps for one event and wakes knows that it has come.
    if pending & line != 0, let first = events.fifo.first { observeEvent(first, at: cycle) }
    if pending >> 30 != 0 { observeTransfers() }
  }

  func finishSleep(_ end: RunEnd) {
    guard let site = sleep.place else { return }
    let isStuck = end.reason == .lockup && machine.hart.isAsleep
    for job in jobs.flight {
      guard let slept = job.slept, let blocked = job.finished != nil ? job.blocked : doneEventBlocked(at: end.cycles),
        job.finished != nil || isStuck && machine.accelerator.isRunning
      else { continue }
      report(
        EventRules.neverUnmasked, at: slept, pc: slept.pc, subject: blocked,
        message: "the core sleeps while job \(job.id) runs, but its end cannot wake it: \(blocked)",
        related: [("the job was committed", job.site)])
      return
    }
    guard isStuck, !sleep.lostWakeUp else { return }
    let mask = machine.interruptController.mask
    report(
      SleepRules.noWakeUp, at: site, pc: site.pc, subject: "FC_ITC.MASK = \(hexadecimal(mask))", message: end.message)
  }

  // MARK: Polling

  private static let pollThreshold: Cycle = 1000

  /// An access outside of handlers.
  func notePoll(_ access: BusAccess, _ block: String, _ register: Register?) {
    sleep.accesses &+= 1
    guard !access.isWrite, let register else { return }
    switch block {
    case RETARegisters.block.name:
      switch register.offset {
      case RETARegisters.status.offset, RETARegisters.runningJob.offset, RETARegisters.finished.offset,
        RETARegisters.acquire.offset, RETARegisters.progress.offset:
        break
      default: return
      }
    case InterruptControllerRegisters.block.name: break
    case let name where name.hasPrefix("UDMA_"): break
    default: return
    }
    guard var poll = sleep.polls[access.pc], poll.address == access.address else {
      sleep.polls[access.pc] = SleepState.Poll(
        address: access.address, name: "\(block).\(register.name)", issued: access.issued,
        stores: access.storesBefore, accesses: sleep.accesses, site: site(of: access))
      return
    }
    if poll.stores == access.storesBefore, sleep.accesses &- poll.accesses <= 4, access.issued > poll.issued {
      poll.turns &+= 1
      poll.cycles &+= access.issued &- poll.issued
    }
    poll.issued = access.issued
    poll.stores = access.storesBefore
    poll.accesses = sleep.accesses
    sleep.polls[access.pc] = poll
  }

  func finishPolling() {
    for (pc, poll) in sleep.polls.sorted(by: { $0.key < $1.key }) where poll.cycles >= Self.pollThreshold {
      report(
        SleepRules.polling, at: poll.site, pc: pc, subject: poll.name,
        message: "\(poll.name) is polled \(poll.turns) times, for \(poll.cycles) cycles in all")
    }
  }
}
