// A pulse that crosses from one clock to another.
//
// `edge_propagator_ack.sv` and `pulp_sync_wedge.sv` of common_cells, with which the uDMA's peripherals pass events
// between the system clock and their own.

import HardwareModel

/// A pulse that crosses from one clock to another (`edge_propagator_ack.sv`, `pulp_sync_wedge.sv`).
struct EdgePropagator: Equatable {
  private var input = false
  private var acknowledge: (Bool, Bool) = (false, false)
  private var synced: (Bool, Bool) = (false, false)
  private var last = false

  static func == (x: Self, y: Self) -> Bool {
    x.input == y.input && x.acknowledge == y.acknowledge && x.synced == y.synced && x.last == y.last
  }

  /// The pulse on the far side in this cycle.
  var output: Bool { synced.1 && !last }
  /// Clock edges of the near side without a pulse change nothing.
  var isNearSettled: Bool { !input && acknowledge == (last, last) }
  /// Clock edges of the far side change nothing.
  var isFarSettled: Bool { synced == (input, input) && last == synced.1 }
  var isSettled: Bool { !input && !synced.0 && !synced.1 && !last && !acknowledge.0 && !acknowledge.1 }

  mutating func clock(near: Bool, edge: Bool, far: Bool) {
    let old = self
    if near {
      input = edge || old.input && !old.acknowledge.0
      acknowledge = (old.acknowledge.1, old.last)
    }
    if far {
      synced = (old.input, old.synced.0)
      last = old.synced.1
    }
  }
}

extension EdgePropagator: StateValue {
  mutating func visitState(_ archive: StateArchive) {
    archive.visit("input", &input)
    archive.visit("acknowledge", &acknowledge)
    archive.visit("synced", &synced)
    archive.visit("last", &last)
  }
}
