// A register block at its place in a machine: what exports and statistics start from.

/// A declared block with what only the chip knows about it: base address and interrupt lines.
public struct PlacedBlock: Sendable {
  /// An interrupt line of the core that the block can raise.
  public struct Interrupt: Sendable, Equatable {
    public let name: String
    public let number: Int

    public init(_ name: String, _ number: Int) {
      self.name = name
      self.number = number
    }
  }

  public let block: RegisterBlock
  /// The instance's name; the block's own where there is only one, as `UDMA_UART0` of the block `UDMA_UART`.
  public let name: String
  public let base: Address
  public let interrupts: [Interrupt]

  public init(_ block: RegisterBlock, name: String? = nil, base: Address, interrupts: [Interrupt] = []) {
    self.block = block
    self.name = name ?? block.name
    self.base = base
    self.interrupts = interrupts
  }
}
