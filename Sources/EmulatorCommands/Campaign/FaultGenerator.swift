// Random faults for campaigns: each a fault file of one fault, made from a seed and from what the golden run did.

import FirmwareImage
import Foundation
import HardwareModel
import PULPissimo
import RetentionAccelerator

/// What kinds of faults there are in campaigns.
enum CampaignKind: String, CaseIterable {
  /// A SoC event that the golden run had is lost, late or comes twice.
  case event
  /// The accelerator reports an error that is none.
  case error
  /// A job never ends.
  case stuck
  /// The accelerator's ports stand still.
  case stall
  /// A bit flips in an object in interleaved L2: tensors, weights, lists.
  case memory
  /// A bit flips in a register of the accelerator, the event path or the timer.
  case register
  /// Peripherals answer late.
  case bus
  /// L2 serves the core late.
  case slow
  /// A bit flips in a register of the core.
  case core
  /// A bit flips in the private banks: code, stack, the host's data.
  case host
  /// An I2C device does not acknowledge.
  case i2c
  /// UART 0's receive FIFO overflows.
  case uart

  /// As a list with commas. Part of the help text, which is made at every start: `joined` costs more there.
  static func names(_ kinds: [CampaignKind]) -> String {
    var list = ""
    for kind in kinds { list += (list.isEmpty ? "" : ", ") + kind.rawValue }
    return list
  }

  /// What a driver of the accelerator can be expected to cope with: everything outside the processor itself.
  static let standard: [CampaignKind] = [.event, .error, .stuck, .stall, .memory, .register, .bus, .slow]
}

/// What the faultless run did, as far as faults are aimed at it.
struct CampaignTargets {
  var cycles: Cycle
  /// From the start of the first job to the end of the last one.
  var jobCycles: Range<Cycle>
  var jobs: Int
  /// Pulses of SoC events.
  var events: [(event: Int, count: Int)]
  /// Objects in interleaved L2.
  var objects: [Symbol]
  var hostObjects: [Symbol]
  /// Banks of L2 can keep the core waiting.
  var hasArbiters: Bool
}

/// Makes the faults of a campaign.
struct FaultGenerator {
  private var random: SplitMix
  private let targets: CampaignTargets

  /// The generator of run `index` of the campaign with `seed`: the same whatever other runs there are.
  init(seed: UInt64, run index: Int, _ targets: CampaignTargets) {
    random = SplitMix(state: seed &+ UInt64(truncatingIfNeeded: index) &* 0xD1B5_4A32_D192_ED03)
    self.targets = targets
  }

  /// The kinds out of `kinds` that this program gives an occasion for.
  static func possible(_ kinds: [CampaignKind], _ targets: CampaignTargets) -> [CampaignKind] {
    kinds.filter { kind in
      switch kind {
      case .event: !targets.events.isEmpty
      case .error, .stuck, .stall: targets.jobs > 0
      case .memory: !targets.objects.isEmpty
      case .host: !targets.hostObjects.isEmpty
      case .slow: targets.hasArbiters
      default: true
      }
    }
  }

  /// A fault file, and the kind of its fault.
  mutating func next(_ kinds: [CampaignKind]) -> (kind: CampaignKind, text: String) {
    let kind = kinds[below(kinds.count)]
    return (kind, "faults:\n  - \(fault(kind))\n")
  }

  private mutating func below(_ count: Int) -> Int {
    count <= 1 ? 0 : Int(random.next() % UInt64(count))
  }

  private mutating func power(_ exponents: ClosedRange<Int>) -> Int {
    let exponent = exponents.lowerBound + below(exponents.count)
    return 1 << exponent + below(1 << exponent)
  }

  /// Any time of the run; more often one at which jobs run, and their borders.
  private mutating func time() -> String {
    if targets.jobs > 0 {
      switch below(4) {
      case 0: return "{job: \(1 + below(targets.jobs))}"
      case 1: return "{job: \(1 + below(targets.jobs)), when: end}"
      case 2: return "{cycle: \(Int(targets.jobCycles.lowerBound) + below(targets.jobCycles.count))}"
      default: break
      }
    }
    return "{cycle: \(below(Int(min(targets.cycles, 1 << 62))))}"
  }

  private mutating func job() -> String { "{job: \(1 + below(targets.jobs))}" }

  private mutating func fault(_ kind: CampaignKind) -> String {
    switch kind {
    case .event:
      let (event, count) = targets.events[below(targets.events.count)]
      let at = "{at: {event: \(event), occurrence: \(1 + below(count))}, "
      switch below(3) {
      case 0: return at + "drop: {}}"
      case 1: return at + "delay: {cycles: \(power(1...16))}}"
      default: return at + "repeat: {cycles: \(power(0...12))}}"
      }
    case .error: return "{at: \(below(2) == 0 ? job() : time()), error: {code: \(1 + below(6))}}"
    case .stuck: return "{at: \(below(2) == 0 ? job() : time()), stuck: {}}"
    case .stall: return "{at: \(below(2) == 0 ? job() : time()), stall: {cycles: \(power(2...20))}}"
    case .memory: return flip(targets.objects)
    case .host: return flip(targets.hostObjects)
    case .register: return "{at: \(time()), flip: {\(register())}}"
    case .bus: return "{at: \(time()), slow: {wait: \(1 + below(64)), cycles: \(power(4...16))}}"
    case .slow:
      let part = SlowMemory.allCases[below(SlowMemory.allCases.count)].rawValue
      return "{at: \(time()), slow: {memory: \(part), wait: \(1 + below(32)), cycles: \(power(4...16))}}"
    case .core: return "{at: \(time()), flip: {register: x\(1 + below(31)), bit: \(below(32))}}"
    case .i2c: return "{at: \(time()), nack: {bus: \(below(2)), count: \(1 + below(3))}}"
    case .uart: return "{at: \(time()), overflow: {count: \(1 + below(3))}}"
    }
  }

  /// A byte of an object, the larger the more likely.
  private mutating func flip(_ objects: [Symbol]) -> String {
    var byte = below(objects.reduce(0) { $0 + Int($1.size) })
    for object in objects {
      if byte < Int(object.size) {
        return "{at: \(time()), flip: {memory: \(object.name)+\(byte), bit: \(below(8))}}"
      }
      byte -= Int(object.size)
    }
    return "{at: \(time()), flip: {memory: \(objects[0].name), bit: 0}}"
  }

  private mutating func register() -> String {
    let bit = below(32)
    switch below(10) {
    case 0...4: return "register: RETA.JOB\(below(16)), context: \(below(2)), bit: \(bit)"
    case 5: return "register: RETA.BASE\(1 + below(7)), bit: \(bit)"
    case 6: return "register: RETA.CNT\(below(4)), bit: \(bit)"
    case 7: return "register: RETA.EVT_MASK, bit: \(below(3))"
    case 8: return "register: SOC_EVENT.FC_MASK4, bit: \(bit)"
    default: return "register: FC_ITC.MASK, bit: \(bit)"
    }
  }
}

/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
private struct SplitMix {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }
}
