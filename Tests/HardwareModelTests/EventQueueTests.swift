// The order in which events fire.

import HardwareModel
import Testing

@Suite struct EventQueueTests {
  /// A queue whose slots write down when they fire.
  final class Log {
    let queue = EventQueue()
    var fired: [String] = []

    func slot(_ name: String) -> EventQueue.Slot {
      queue.register(name) { [unowned self] cycle in fired.append("\(name)@\(cycle)") }
    }
  }

  @Test func `events fire in order of time, then of registration`() {
    let log = Log()
    let a = log.slot("a")
    let b = log.slot("b")
    let c = log.slot("c")
    log.queue.schedule(c, at: 5)
    log.queue.schedule(b, at: 9)
    log.queue.schedule(a, at: 9)
    #expect(log.queue.next == 5)
    log.queue.run(through: 8)
    #expect(log.fired == ["c@5"])
    #expect(log.queue.next == 9)
    log.queue.run(through: 9)
    #expect(log.fired == ["c@5", "a@9", "b@9"])
    #expect(log.queue.next == .never)
  }

  @Test func `a slot holds one due cycle, and the last one given counts`() {
    let log = Log()
    let a = log.slot("a")
    let b = log.slot("b")
    log.queue.schedule(a, at: 3)
    log.queue.schedule(b, at: 4)
    log.queue.schedule(a, at: 6)
    #expect(log.queue.next == 4)
    #expect(log.queue.dueCycle(of: a) == 6)
    log.queue.schedule(a, at: 2)
    #expect(log.queue.next == 2)
    log.queue.run(through: 100)
    #expect(log.fired == ["a@2", "b@4"])
  }

  @Test func `a cancelled event does not fire, and cancelling an idle slot does nothing`() {
    let log = Log()
    let a = log.slot("a")
    let b = log.slot("b")
    log.queue.schedule(a, at: 1)
    log.queue.schedule(b, at: 2)
    log.queue.cancel(a)
    log.queue.cancel(a)
    #expect(log.queue.next == 2)
    #expect(log.queue.dueCycle(of: a) == .never)
    log.queue.run(through: 10)
    #expect(log.fired == ["b@2"])
  }

  @Test func `handlers may schedule and cancel, also for the cycle that runs`() {
    let queue = EventQueue()
    var fired: [String] = []
    var slots: [EventQueue.Slot] = []
    slots.append(
      queue.register("first") { cycle in
        fired.append("first@\(cycle)")
        queue.schedule(slots[1], at: cycle)
        queue.cancel(slots[2])
        if cycle < 20 { queue.schedule(slots[0], at: cycle + 10) }
      })
    slots.append(queue.register("second") { fired.append("second@\($0)") })
    slots.append(queue.register("third") { fired.append("third@\($0)") })
    queue.schedule(slots[0], at: 10)
    queue.schedule(slots[2], at: 15)
    queue.run(through: 100)
    #expect(fired == ["first@10", "second@10", "first@20", "second@20"])
  }

  @Test func `an event in the past fires at the next opportunity, with its own cycle`() {
    let log = Log()
    let a = log.slot("a")
    log.queue.run(through: 50)
    log.queue.schedule(a, at: 7)
    #expect(log.queue.scheduled.map(\.name) == ["a"])
    log.queue.run(through: 50)
    #expect(log.fired == ["a@7"])
    #expect(log.queue.scheduled.isEmpty)
  }

  @Test(arguments: [12, 80]) func `random schedules fire exactly as a sorted list says`(count: Int) {
    var seed: UInt64 = 1
    func random(_ bound: UInt64) -> UInt64 {
      seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return (seed >> 33) % bound
    }
    let log = Log()
    let slots = (0..<count).map { log.slot("s\($0)") }
    var due = [Cycle](repeating: .never, count: count)
    var expected: [String] = []
    var now: Cycle = 0
    for _ in 0..<3000 {
      let index = Int(random(UInt64(count)))
      switch random(4) {
      case 0:
        log.queue.cancel(slots[index])
        due[index] = .never
      case 1:
        now += random(20)
        log.queue.run(through: now)
        let firing = due.indices.filter { due[$0] <= now }.sorted { (due[$0], $0) < (due[$1], $1) }
        for index in firing {
          expected.append("s\(index)@\(due[index])")
          due[index] = .never
        }
      default:
        due[index] = now + 1 + random(40)
        log.queue.schedule(slots[index], at: due[index])
      }
      #expect(log.queue.next == due.min())
    }
    #expect(log.fired == expected)
    #expect(expected.count > 300)
  }
}
