/// The contexts and the running descriptor as a debugger shows them.
///
/// Models: who of the two contexts of hwpe-ctrl is free, programmed, committed or running.
/// Follows: retention-accelerator.md 4.1.
/// Leaves out: anything that changes state.

import HardwareModel

/// One context of the register file.
public struct ContextStatus: Sendable {
  public enum Use: String, Sendable {
    /// JOB0..15 reach it, and somebody holds the lock.
    case acquired
    /// JOB0..15 reach it, and nobody holds the lock.
    case free
    /// Its job waits.
    case committed
    case running
  }

  public let index: Int
  public let use: Use
  /// The fields of its words that are not 0.
  public let description: String
}

/// The descriptor that is worked on.
public struct DescriptorStatus: Sendable {
  /// Where it lies in a list; nil for the words of a context.
  public let address: Address?
  /// `fetch`, `operation`, …
  public let phase: String
  /// The fields that are not 0, and the sizes of its tensors.
  public let description: String
  /// Its first cycle, and the last one of the phase as far as it is known.
  public let start: Cycle
  public let phaseEnd: Cycle
}

extension RETA {
  /// Both contexts.
  public var contexts: [ContextStatus] {
    (0..<Self.contextCount).map { index in
      let isCommitted = jobs.pending == Self.contextCount || jobs.pending > 0 && index == jobs.running
      let use: ContextStatus.Use =
        isCommitted
        ? (isRunning && index == jobs.running ? .running : .committed)
        : index == jobs.programmed && jobs.isLocked ? .acquired : .free
      return ContextStatus(index: index, use: use, description: DescriptorFormat.describe(jobs.contexts[index]))
    }
  }

  /// What the running job is at.
  public var currentDescriptor: DescriptorStatus? {
    guard isRunning else { return nil }
    let isOfContext = !isList || descriptor.opcode == .list
    return DescriptorStatus(
      address: isOfContext ? nil : listPC, phase: "\(phase)",
      description: phase == .fetch ? "" : descriptor.description, start: descriptorStart, phaseEnd: phaseEnd)
  }

  /// Descriptors of the running job that have ended.
  public var descriptorsDone: UInt64 { isRunning ? record.descriptors : 0 }
}
