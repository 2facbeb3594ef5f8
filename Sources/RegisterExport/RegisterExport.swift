// The forms in which register declarations leave the emulator, and the files they are kept in.

import HardwareModel

/// A text format for register blocks.
public enum RegisterFormat: String, CaseIterable, Sendable {
  /// For reading in a terminal.
  case text
  case markdown
  /// CMSIS-SVD 1.3, for debuggers and code generators.
  case svd
  /// C, one file a block.
  case header
  case json

  /// The blocks as one text; the same on every run.
  public func render(_ blocks: [PlacedBlock]) -> String {
    switch self {
    case .text: return PlainText.text(for: blocks)
    case .markdown: return Markdown.text(for: blocks)
    case .svd: return SVD.text(for: blocks)
    case .header: return CHeader.files(for: blocks).map(\.content).joined(separator: "\n")
    case .json: return JSON.text(for: blocks)
    }
  }

  /// The blocks as files, by name.
  public func files(for blocks: [PlacedBlock]) -> [(name: String, content: String)] {
    switch self {
    case .text: return [("registers.txt", render(blocks))]
    case .markdown: return [("Registers.md", render(blocks))]
    case .svd: return [("pulpissimo.svd", render(blocks))]
    case .header: return CHeader.files(for: blocks)
    case .json: return [("registers.json", render(blocks))]
    }
  }
}
