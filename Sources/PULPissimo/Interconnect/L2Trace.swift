// A trace of the L2 interconnect, and a player that lets the arbiters decide again.
//
// The form is that of the RTL traces under Tests/RTLTraces/l2; reading the JSON lines is left to the caller. The player
// models every master of section 3 of `rtl-traces/l2/README.md` and one master at a time on the AXI side (section 4).

import HardwareModel

/// A recorded sequence of accesses to the interconnect.
public struct L2Trace: Sendable {
  /// One word that one master reads or writes.
  public struct Access: Sendable {
    public var master: L2Master
    public var address: Address
    public var isWrite: Bool
    /// Recorded: the request is first asserted, it is granted, it is answered.
    public var request: Cycle
    public var grant: Cycle
    public var response: Cycle
    /// Recorded: the answer carries the error flag; what an access that failed reads.
    public var hasError: Bool
    public var errorData: UInt32?
    /// Closed loop: not before `earliest`, and `gap` cycles after the grant of the access (the end of the beat) before.
    public var earliest: Cycle
    public var gap: Cycle
    /// Words of one number are requested together.
    public var beat: Int?

    public init(
      master: L2Master, address: Address, isWrite: Bool, request: Cycle, grant: Cycle, response: Cycle,
      hasError: Bool = false, errorData: UInt32? = nil, earliest: Cycle = 0, gap: Cycle = 1, beat: Int? = nil
    ) {
      self.master = master
      self.address = address
      self.isWrite = isWrite
      self.request = request
      self.grant = grant
      self.response = response
      self.hasError = hasError
      self.errorData = errorData
      self.earliest = earliest
      self.gap = gap
      self.beat = beat
    }
  }

  public var name: String
  /// Wait states of the one peripheral.
  public var waitStates: Int
  /// Those of a master in program order.
  public var accesses: [Access]

  public init(name: String, waitStates: Int = 0, accesses: [Access]) {
    self.name = name
    self.waitStates = waitStates
    self.accesses = accesses
  }

  /// Where the request cycles come from.
  public enum Mode: String, Sendable, CaseIterable {
    /// From the trace.
    case replay
    /// From the grants: masters that wait for one another.
    case closedLoop = "closed loop"
  }

  /// What became of an access.
  public struct Outcome: Sendable, Equatable {
    public var request: Cycle
    public var grant: Cycle
    public var response: Cycle
    public var hasError = false
    public var errorData: UInt32?
  }

  /// The first difference between a trace and the model.
  public struct Difference: Sendable, CustomStringConvertible {
    public let access: Access
    public let index: Int
    public let signal: String
    public let expected: String
    public let got: String

    public var description: String {
      "access \(index) (\(access.master), requested in cycle \(access.request)): \(signal) expected \(expected), "
        + "got \(got)"
    }
  }

  /// Plays the trace; nil if everything is as recorded.
  public func firstDifference(_ mode: Mode) -> Difference? {
    for (index, (access, outcome)) in zip(accesses, play(mode)).enumerated() {
      func difference<T: Equatable>(_ signal: String, _ expected: T, _ got: T) -> Difference? {
        expected == got
          ? nil
          : Difference(access: access, index: index, signal: signal, expected: "\(expected)", got: "\(got)")
      }
      if let found = difference("req", access.request, outcome.request)
        ?? difference("gnt", access.grant, outcome.grant) ?? difference("rsp", access.response, outcome.response)
        ?? difference("err", access.hasError, outcome.hasError)
        ?? access.errorData.flatMap({ difference("rd", $0, outcome.errorData ?? 0) })
      {
        return found
      }
    }
    return nil
  }

  /// What the model makes of the accesses, in their order.
  public func play(_ mode: Mode, interleavedBanks: Int = 4) -> [Outcome] {
    var player = L2TracePlayer(self, mode, interleavedBanks: interleavedBanks)
    return player.run()
  }
}

/// The state of a replay.
private struct L2TracePlayer {
  private let trace: L2Trace
  private let mode: L2Trace.Mode
  private var crossbar: L2Crossbar
  private var outcomes: [L2Trace.Outcome?]
  /// Of each master: its accesses, how many of them are granted, when the last one is answered.
  private var programs = [[Int]](repeating: [], count: 13)
  private var position = [Int](repeating: 0, count: 13)
  private var answered = [Cycle](repeating: 0, count: 13)
  private var granted = [Cycle?](repeating: nil, count: 13)
  /// Of each beat: words not granted yet, last grant.
  private var missingWords: [Int: Int] = [:]
  private var beatEnd: [Int: Cycle] = [:]
  private var axiAnswer: (read: Cycle, write: Cycle) = (.never, .never)

  /// The one peripheral behind the bridges.
  private static let slot: Range<Address> = 0x1A10_1000..<0x1A10_D000

  init(_ trace: L2Trace, _ mode: L2Trace.Mode, interleavedBanks: Int) {
    crossbar = L2Crossbar(interleavedBanks: interleavedBanks)
    self.trace = trace
    self.mode = mode
    outcomes = Array(repeating: nil, count: trace.accesses.count)
    for (index, access) in trace.accesses.enumerated() {
      programs[access.master.rawValue].append(index)
      if let beat = access.beat { missingWords[beat, default: 0] += 1 }
    }
  }

  mutating func run() -> [L2Trace.Outcome] {
    var cycle: Cycle = 0
    var left = trace.accesses.count
    while left > 0 {
      var next = Cycle.never
      var isBusy = false
      var requests = L2Crossbar.Requests(repeating: 0)
      var accesses = InlineArray<13, Int>(repeating: -1)
      for master in 0..<13 {
        guard position[master] < programs[master].count else { continue }
        let index = programs[master][position[master]]
        guard let request = requestCycle(index, master) else { continue }
        // Hidden until the access before is answered.
        let visible = max(request, answered[master])
        if visible > cycle {
          next = min(next, visible)
          continue
        }
        isBusy = true
        let access = trace.accesses[index]
        switch crossbar.target(access.master, access.address) {
        case .bank(let bank):
          requests[bank.rawValue] |= access.master.bit
          accesses[master] = index
        case .errorSlave:
          grant(index, master, at: cycle, answer: cycle + 1, request: request, error: 0xBADA_CCE5)
          left -= 1
        case .axi:
          if (access.isWrite ? axiAnswer.write : axiAnswer.read) == cycle { continue }
          grantAXI(access, index, master, at: cycle, request: request)
          left -= 1
        }
      }
      for bank in L2Bank.allCases where bank.rawValue < crossbar.bankCount {
        guard let winner = crossbar.grant(bank, requests[bank.rawValue]) else { continue }
        let index = accesses[winner]
        grant(index, winner, at: cycle, answer: cycle + 1, request: requestCycle(index, winner) ?? cycle)
        left -= 1
      }
      // Without a request in this cycle the next one is known, unless the trace contradicts itself.
      if !isBusy && next == .never { break }
      cycle = isBusy ? cycle + 1 : next
    }
    return outcomes.map { $0 ?? L2Trace.Outcome(request: .never, grant: .never, response: .never) }
  }

  /// The cycle in which the master's next access is first requested; nil while that is not known.
  private func requestCycle(_ index: Int, _ master: Int) -> Cycle? {
    let access = trace.accesses[index]
    if mode == .replay { return access.request }
    if let beat = access.beat {
      if beat == 0 { return access.earliest }
      guard missingWords[beat - 1] == 0, let end = beatEnd[beat - 1] else { return nil }
      return max(access.earliest, end + access.gap)
    }
    guard let before = granted[master] else { return access.earliest }
    return max(access.earliest, before + access.gap)
  }

  private mutating func grantAXI(
    _ access: L2Trace.Access, _ index: Int, _ master: Int, at cycle: Cycle, request: Cycle
  ) {
    var latency: Cycle
    var error: UInt32?
    if Self.slot.contains(access.address) {
      latency = 4 + Cycle(max(trace.waitStates, 0))
    } else if MemoryMap.peripherals.contains(access.address) {
      latency = 3
      error = MemoryMap.slotErrorData
    } else {
      latency = access.isWrite ? 1 : 2
      error = MemoryMap.decodeErrorData
    }
    if access.isWrite { axiAnswer.write = cycle + latency } else { axiAnswer.read = cycle + latency }
    grant(index, master, at: cycle, answer: cycle + latency, request: request, error: error)
  }

  private mutating func grant(
    _ index: Int, _ master: Int, at cycle: Cycle, answer: Cycle, request: Cycle, error: UInt32? = nil
  ) {
    outcomes[index] = L2Trace.Outcome(
      request: request, grant: cycle, response: answer, hasError: error != nil, errorData: error)
    position[master] += 1
    answered[master] = answer
    granted[master] = cycle
    if let beat = trace.accesses[index].beat {
      missingWords[beat, default: 1] -= 1
      beatEnd[beat] = max(beatEnd[beat] ?? 0, cycle)
    }
  }
}
