/// The check that every descriptor passes before any of it executes.
///
/// Models: the rules of retention-accelerator.md 4.5 in the order of their codes, each over all tensors, so that the
/// smallest code wins.
/// Leaves out: the check of a descriptor's own address, which is made when it is fetched (`addressError`).

import HardwareModel

/// Finds what is illegal about a descriptor.
struct DescriptorChecker {
  let configuration: RETAConfiguration

  /// The smallest code of all rules that `descriptor` breaks.
  func check(_ descriptor: Descriptor, inList: Bool, bases: BaseRegisters) -> ErrorCode {
    guard let opcode = descriptor.opcode, inList ? opcode != .list : opcode != .ctrl else { return .op }
    if hasIllegalField(descriptor, opcode) { return .field }
    if hasIllegalSize(descriptor, opcode) { return .size }
    switch opcode {
    case .ctrl:
      let operation = ControlOperation(descriptor.words, bases: bases)
      return operation.hasBreak ? addressError(operation.breakAddress, bytes: 4) : .none
    case .list:
      return descriptor.x % 4 != 0 ? .align : .none
    case .linear, .retention, .norm, .map:
      return tensorError(descriptor)
    }
  }

  /// What is wrong with reading `bytes` bytes at `address`.
  func addressError(_ address: Address, bytes: UInt32) -> ErrorCode {
    if address % 4 != 0 { return .align }
    return isReachable(address, UInt64(address) + UInt64(bytes)) ? .none : .addr
  }

  private func isReachable(_ start: Address, _ end: UInt64) -> Bool {
    start >= configuration.l2Lo && end <= UInt64(configuration.l2Hi)
  }

  private func hasIllegalField(_ descriptor: Descriptor, _ opcode: Opcode) -> Bool {
    let words = descriptor.words
    if words[0] & ~opcode.allowedHeader != 0 || words[1] & DescriptorFormat.reservedSelect != 0 { return true }
    switch opcode {
    case .list:
      return false
    case .ctrl:
      return words[6] & DescriptorFormat.reservedMode != 0
        || DescriptorFormat.mode.contains { $0.extract(words) == 3 }
    case .linear, .retention, .norm, .map:
      return descriptor.activation == .reserved || descriptor.elementwise == .reserved
        || descriptor.output == .reserved
        || descriptor.output != .int8 && (descriptor.activation != .none || descriptor.elementwise != .none)
        || words[13] & DescriptorFormat.reservedScale != 0
    }
  }

  private func hasIllegalSize(_ d: Descriptor, _ opcode: Opcode) -> Bool {
    func isHeadSize(_ size: Int) -> Bool { size >= 4 && size <= configuration.dMax && size % 4 == 0 }
    switch opcode {
    case .linear:
      return d.rows == 0 || d.columns == 0 || d.inner == 0
    case .retention:
      return d.rows == 0 || !isHeadSize(d.columns) || !isHeadSize(d.inner) || d.chunk == 0
        || d.chunk > configuration.cMax || d.heads > configuration.hMax
    case .norm:
      return d.rows == 0 || d.columns == 0 || d.inner == 0 || d.inner > configuration.gMax
        || d.columns % max(d.inner, 1) != 0
    case .map:
      return d.rows == 0 || d.columns == 0 || d.f0 && d.inner == 0
    case .ctrl, .list:
      return false
    }
  }

  private func tensorError(_ descriptor: Descriptor) -> ErrorCode {
    var misaligned = false
    var unreachable = false
    descriptor.forEachTensor { tensor in
      if tensor.address % 4 != 0 || (tensor.stride ?? 0) % 4 != 0 { misaligned = true }
      if !isReachable(tensor.address, tensor.endAddress) { unreachable = true }
    }
    if misaligned { return .align }
    if descriptor.rows > 1 && descriptor.yStride < descriptor.outputRowBytes { return .stride }
    return unreachable ? .addr : .none
  }
}
