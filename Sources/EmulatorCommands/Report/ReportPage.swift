// The report page put together: template, style, scripts, and the data as JSON in the page.

import Foundation
import Instrumentation
import PULPissimo

/// One image of a report.
struct ReportImage: Encodable {
  let name: String
  let statistics: Statistics
  let timeline: ReportTimeline?

  enum CodingKeys: String, CodingKey { case name, statistics, timeline, figures }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(name, forKey: .name)
    try container.encode(statistics, forKey: .statistics)
    try container.encodeIfPresent(timeline, forKey: .timeline)
    var figures: [String: Double] = [:]
    for figure in OverheadFigure.all { figures[figure.name] = figure.value(statistics) }
    try container.encode(figures, forKey: .figures)
  }
}

/// The page.
struct ReportPage {
  let title: String
  let images: [ReportImage]
  let configuration: MachineConfiguration

  private struct Figure: Encodable {
    let group: String
    let name: String
    let title: String
    let form: String
  }

  private struct Constant: Encodable {
    let name: String
    let unit: String
    let basis: String
  }

  private struct Hardware: Encodable {
    let macs: Int
    let bytesPerCycle: Int
  }

  private struct PageData: Encodable {
    let images: [ReportImage]
    let figures: [Figure]
    let constants: [Constant]
    let hardware: Hardware
    let lede: String
    let footer: String
  }

  /// The whole page.
  func html() throws -> String {
    let accelerator = configuration.accelerator
    let differences = images.first?.statistics.configuration ?? [:]
    let changed = differences.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value)" }
    let machine = changed.isEmpty ? "the default machine" : "a machine with " + changed.joined(separator: ", ")
    let data = PageData(
      images: images,
      figures: OverheadFigure.all.map {
        Figure(group: $0.group, name: $0.name, title: $0.title, form: "\($0.form)")
      },
      constants: EnergyAssumptions.constants.map { Constant(name: $0.name, unit: $0.unit, basis: $0.basis) },
      hardware: Hardware(
        macs: accelerator.macRows * accelerator.macColumns, bytesPerCycle: accelerator.beatBytes),
      lede: "\(images.count) firmware image\(images.count == 1 ? "" : "s") on \(machine). Every figure is exact: "
        + "the same on every run, in SoC cycles of the emulated PULPissimo with RETA.",
      footer: "Written by pulpemu \(Pulpemu.configuration.version). "
        + images.map { "\($0.name): SHA-256 \($0.statistics.firmware.sha256.prefix(16))…" }.joined(separator: " · "))
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let json = try? encoder.encode(data) else { throw HostError.cannotCreate("the report cannot be encoded") }
    // A slash after < would end the script element, and <!-- begin a comment.
    let text = String(decoding: json, as: UTF8.self).replacing("<", with: "\\u003c")
    return Self.text(PackageResources.report_html)
      .replacing("{{TITLE}}", with: Self.escaped(title))
      .replacing("{{CSS}}", with: Self.text(PackageResources.report_css))
      .replacing("{{JS}}", with: Self.text(PackageResources.report_js) + Self.text(PackageResources.timeline_js))
      .replacing("{{DATA}}", with: text)
  }

  private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  private static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
      .replacing("\"", with: "&quot;")
  }
}
