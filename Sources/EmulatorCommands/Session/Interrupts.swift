// Ctrl-C: a flag that the run loop looks at.

import Foundation

/// Catches SIGINT and SIGTERM while a machine runs, so that statistics and traces are still written.
enum Interrupts {
  // Written by a signal handler: one flag of a type that can be written atomically.
  nonisolated(unsafe) private static var flag: sig_atomic_t = 0

  static var isRaised: Bool { flag != 0 }

  static func catchSignals() {
    let handler: @convention(c) (Int32) -> Void = { signal in
      // A second one ends the process at once.
      if flag != 0 { _exit(130) }
      flag = 1
    }
    signal(SIGINT, handler)
    signal(SIGTERM, handler)
    signal(SIGPIPE, SIG_IGN)
  }
}
