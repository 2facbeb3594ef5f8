// Ctrl-C: a flag that the run loop looks at.

import Foundation

// Written by a signal handler: one flag of a type that can be written atomically, behind a pointer that never changes.
nonisolated(unsafe) private let signalFlag: UnsafeMutablePointer<sig_atomic_t> = {
  let flag = UnsafeMutablePointer<sig_atomic_t>.allocate(capacity: 1)
  flag.initialize(to: 0)
  return flag
}()

private func noteSignal(_ signal: Int32) {
  // A second one ends the process at once.
  if signalFlag.pointee != 0 {
    HostTerminal.restore()
    _exit(130)
  }
  signalFlag.pointee = 1
}

/// Catches SIGINT and SIGTERM while a machine runs, so that statistics and traces are still written.
enum Interrupts {
  static var isRaised: Bool { signalFlag.pointee != 0 }

  static func catchSignals() {
    signalFlag.pointee = 0
    signal(SIGINT, noteSignal)
    signal(SIGTERM, noteSignal)
    signal(SIGPIPE, SIG_IGN)
    // Whoever started the process may have had them blocked, and a blocked signal would never arrive.
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGINT)
    sigaddset(&signals, SIGTERM)
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
  }
}
