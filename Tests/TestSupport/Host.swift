// What the host that runs the tests has.

import Foundation

/// The host of the tests.
public enum Host {
  /// A bare root file system may have no pseudo-terminals.
  public static let hasPseudoTerminals: Bool = {
    let master = open("/dev/ptmx", O_RDWR | O_NOCTTY)
    guard master >= 0 else { return false }
    close(master)
    return true
  }()
}
