// What a model has to say to the user about the guest's behaviour.

/// A remark about something that the firmware did. The machine adds cycle, PC, symbol and source line.
public struct Diagnostic: Sendable {
  /// What kind of behaviour is reported; decides whether `--strict` ends the run.
  public enum Kind: String, Sendable {
    /// Access to an address that nothing answers at.
    case unmapped
    /// Write to memory or a register that cannot be written.
    case readOnly
    /// An access that the bus never answers.
    case hang
    /// Execution of something that is not code.
    case execution
    /// An instruction or CSR that the core does not have; it takes exception 2, which software may mean to happen.
    case illegalInstruction
    /// A part of the hardware that the emulator does not model.
    case notModelled
    /// A use of a peripheral that its hardware does not do what it seems to do for.
    case misuse
  }

  public let kind: Kind
  /// The same key is reported once a run.
  public let key: String
  /// One sentence: what happened and what the hardware does.
  public let message: String

  public init(_ kind: Kind, key: String, _ message: String) {
    self.kind = kind
    self.key = key
    self.message = message
  }
}

/// Where models send their diagnostics.
public typealias DiagnosticSink = (Diagnostic) -> Void
