// The arbiters of the L2: against the RTL's traces, and against the properties that the rule must have.

import HardwareModel
import TestSupport
import Testing

@testable import EmulatorCommands
@testable import PULPissimo

/// Every L2 trace of the repository, in order of name.
func l2Traces() -> [String] {
  ReplayCommand.files(at: Repository.root.appendingPathComponent("Tests/RTLTraces/l2").path)
}

func readL2Trace(_ path: String) throws -> L2Trace {
  guard case .l2(let trace) = try ReplayFile.read(path) else { throw HostError.data("\(path): no trace of the L2") }
  return trace
}

@Suite("L2 arbitration")
struct ArbitrationTests {
  @Test("Every access of the RTL's traces is granted and answered in the RTL's cycle", arguments: L2Trace.Mode.allCases)
  func replaysTraces(_ mode: L2Trace.Mode) throws {
    let files = l2Traces()
    #expect(files.count == 92)
    for file in files {
      let trace = try readL2Trace(file)
      #expect(!trace.accesses.isEmpty)
      #expect(trace.firstDifference(mode)?.description == nil, "\(trace.name)")
    }
  }

  @Test("The player notices a grant that is a cycle off")
  func playerIsNotBlind() throws {
    var trace = try readL2Trace(try #require(l2Traces().first { $0.hasSuffix("/rand-s0.jsonl") }))
    trace.accesses[40].grant += 1
    let difference = try #require(trace.firstDifference(.replay))
    #expect(difference.index == 40 && difference.signal == "gnt")
  }

  /// The rule as the reference states it: the smallest index XOR pointer wins, the pointer moves to the next requester.
  @Test("For every pointer and every set of requests the winner is the smallest index XOR pointer")
  func followsTheRule() {
    for pointer in UInt8(0)..<16 {
      for requests in UInt16(1)..<(1 << 13) {
        let set = (0..<16).filter { requests >> UInt16($0) & 1 != 0 }
        var arbiter = BankArbiter()
        arbiter.pointer = pointer
        let winner = arbiter.grant(requests)
        let expected = set.min { $0 ^ Int(pointer) < $1 ^ Int(pointer) }
        let next = set.first { $0 > Int(pointer) } ?? set[0]
        guard winner == expected, arbiter.pointer == UInt8(next) else {
          Issue.record("pointer \(pointer), requests \(requests): \(String(describing: winner)), \(arbiter.pointer)")
          return
        }
      }
    }
  }

  @Test("A cycle without requests grants nothing and leaves the pointer")
  func idleKeepsThePointer() {
    var arbiter = BankArbiter()
    arbiter.pointer = 9
    #expect(arbiter.grant(0) == nil)
    #expect(arbiter.pointer == 9)
  }

  @Test("Under random load every cycle with a request has one grant, and nobody waits longer than there are others")
  func conservesWorkAndStarvesNobody() {
    var random = SplitMix64(seed: 0x5EED)
    for _ in 0..<200 {
      let masters = 2 + Int(random.next() % 12)
      let load = 1 + random.next() % 8
      var arbiter = BankArbiter()
      var waiting = [Int?](repeating: nil, count: masters)
      var grants = 0
      var issued = 0
      for _ in 0..<500 {
        for master in 0..<masters where waiting[master] == nil && random.next() % 8 < load {
          waiting[master] = 0
          issued += 1
        }
        var requests: UInt16 = 0
        for master in 0..<masters where waiting[master] != nil { requests |= 1 << UInt16(master) }
        let winner = arbiter.grant(requests)
        #expect((winner != nil) == (requests != 0))
        guard let winner else { continue }
        #expect(waiting[winner] != nil)
        grants += 1
        waiting[winner] = nil
        for master in 0..<masters {
          guard let lost = waiting[master] else { continue }
          waiting[master] = lost + 1
          #expect(lost + 1 <= masters - 1)
        }
      }
      #expect(grants + waiting.count { $0 != nil } == issued)
    }
  }

  @Test("Masters that always want a bank share it equally, in order of their numbers", arguments: 1...13)
  func isFair(_ count: Int) {
    var arbiter = BankArbiter()
    let requests = UInt16((1 << count) - 1)
    var grants = [Int](repeating: 0, count: count)
    var order: [Int] = []
    for _ in 0..<(20 * count) {
      guard let winner = arbiter.grant(requests) else { continue }
      grants[winner] += 1
      order.append(winner)
    }
    #expect(grants.allSatisfy { $0 == 20 })
    #expect(order.prefix(count) == ArraySlice(0..<count))
  }

  @Test("Addresses go where the decoders of the interconnect send them")
  func decodesAddresses() {
    func target(_ master: L2Master, _ address: Address) -> L2Crossbar.Target { L2Crossbar.target(master, address) }
    #expect(target(.coreData, 0x1C00_7FFC) == .bank(.private0))
    #expect(target(.coreData, 0x0000_8000) == .bank(.private1))
    #expect(target(.coreInstruction, 0x0000_8000) == .axi)
    #expect(target(.udmaTransmit, 0x1C01_0008) == .bank(.interleaved2))
    #expect(target(.coreData, 0x1C08_FFFC) == .bank(.interleaved3))
    #expect(target(.coreData, 0x1C09_0000) == .axi)
    #expect(target(.accelerator2, 0x1C00_8000) == .errorSlave)
    #expect(target(.debug, 0x1A03_FFFC) == .bank(.rom))
    #expect(target(.debug, 0x1A04_0000) == .axi)
  }
}
