// What a recorder passes on to those who draw a run: timelines and waves.
//
// A hart has one observer and the accelerator one place for each of its calls; the recorder takes them and tells the
// listeners. Nothing that a listener does can change the run.

import HardwareModel
import PULPissimo
import RISCV
import RetentionAccelerator

/// Told what happens in a run, in the order of the machine's events.
public protocol RunListener: AnyObject {
  /// A job starts: `job.start` is its first cycle.
  func jobStarted(_ job: JobRecord)
  func jobEnded(_ job: JobRecord)
  func descriptorEnded(_ descriptor: DescriptorRecord)
  /// An access outside the direct memories, with what it has reached.
  func accessed(_ access: BusAccess, _ block: RegisterBlock?, _ register: Register?)
  /// The number of committed contexts from `cycle` on, the running one included.
  func queueChanged(_ depth: Int, at cycle: Cycle)
  func tookInterrupt(_ line: Int, at cycle: Cycle, pc: Address)
  func returned(at cycle: Cycle)
  func coreSlept(from: Cycle, until: Cycle)
  func finished(at cycle: Cycle)
}

extension RunListener {
  public func jobStarted(_ job: JobRecord) {}
  public func jobEnded(_ job: JobRecord) {}
  public func descriptorEnded(_ descriptor: DescriptorRecord) {}
  public func accessed(_ access: BusAccess, _ block: RegisterBlock?, _ register: Register?) {}
  public func queueChanged(_ depth: Int, at cycle: Cycle) {}
  public func tookInterrupt(_ line: Int, at cycle: Cycle, pc: Address) {}
  public func returned(at cycle: Cycle) {}
  public func coreSlept(from: Cycle, until: Cycle) {}
  public func finished(at cycle: Cycle) {}
}

/// Several instruction observers in the place of one.
public final class InstructionObservers: InstructionObserver {
  private let members: [any InstructionObserver]

  public init(_ members: [any InstructionObserver]) { self.members = members }

  public func issuing(_ instruction: Instruction, pc: Address, at cycle: Cycle, hart: Hart) {
    for member in members { member.issuing(instruction, pc: pc, at: cycle, hart: hart) }
  }

  public func executed(_ instruction: Instruction, pc: Address, at cycle: Cycle, hart: Hart) {
    for member in members { member.executed(instruction, pc: pc, at: cycle, hart: hart) }
  }

  public func loaded(_ rd: Int, _ value: UInt32, pc: Address) {
    for member in members { member.loaded(rd, value, pc: pc) }
  }

  public func accessed(_ access: BusAccess) {
    for member in members { member.accessed(access) }
  }

  public func tookTrap(cause: UInt32, pc: Address, target: Address, at cycle: Cycle) {
    for member in members { member.tookTrap(cause: cause, pc: pc, target: target, at: cycle) }
  }

  public func slept(from: Cycle, until: Cycle) {
    for member in members { member.slept(from: from, until: until) }
  }

  public func wokeUp(at cycle: Cycle) {
    for member in members { member.wokeUp(at: cycle) }
  }
}
