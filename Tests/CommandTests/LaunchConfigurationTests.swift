// The editor's launch configurations refer to what there is: programs, the SVD file, the debugger, the port.

import Foundation
import TestSupport
import Testing

@Suite struct LaunchConfigurationTests {
  /// The file as JSON: comments stand on lines of their own.
  private func launch() throws -> [String: Any] {
    let text = try String(contentsOfFile: Repository.path(".vscode/launch.json"), encoding: .utf8)
    let lines = text.split(separator: "\n").filter { !$0.trimmingCharacters(in: .whitespaces).hasPrefix("//") }
    let value = try JSONSerialization.jsonObject(with: Data(lines.joined(separator: "\n").utf8))
    return try #require(value as? [String: Any])
  }

  @Test func `every configuration names programs, files and inputs that exist`() throws {
    let launch = try launch()
    #expect(launch["version"] as? String == "0.2.0")
    let inputs = try #require(launch["inputs"] as? [[String: Any]])
    let defaults = Dictionary(
      uniqueKeysWithValues: inputs.map { ($0["id"] as? String ?? "", $0["default"] as? String ?? "") })
    let configurations = try #require(launch["configurations"] as? [[String: Any]])
    #expect(configurations.count == 2)
    func resolve(_ text: String) throws -> String {
      var text = text.replacing("${workspaceFolder}/", with: "")
      for (id, value) in defaults { text = text.replacing("${input:\(id)}", with: value) }
      try #require(!text.contains("${"), "\(text): a variable that nothing defines")
      return text
    }
    let programs = try String(contentsOfFile: Repository.path("firmware/programs.mk"), encoding: .utf8)
    for configuration in configurations {
      let program = try resolve(try #require((configuration["program"] ?? configuration["executable"]) as? String))
      // Built by make: the file itself may not be there yet.
      #expect(program.hasPrefix("firmware/build/") && program.hasSuffix(".elf"))
      #expect(programs.contains(program.dropFirst("firmware/build/".count).dropLast(".elf".count)))
      let folder = try resolve(try #require(configuration["cwd"] as? String))
      #expect(FileManager.default.fileExists(atPath: Repository.path(folder)))
      if let svd = configuration["svdFile"] as? String {
        #expect(FileManager.default.fileExists(atPath: Repository.path(try resolve(svd))))
      }
      let debugger = try #require((configuration["miDebuggerPath"] ?? configuration["gdbPath"]) as? String)
      #expect(debugger == "gdb-multiarch")
      let address = try #require((configuration["miDebuggerServerAddress"] ?? configuration["gdbTarget"]) as? String)
      #expect(address == "127.0.0.1:3333")
    }
    #expect(configurations.contains { $0["svdFile"] != nil })
    // The port is the one that `pulpemu debug` waits on unless told otherwise.
    let help = try run(Repository.pulpemu, ["debug", "--help"], environment: ["COLUMNS": "80"]).text
    #expect(help.contains("default: 3333"))
    #expect(try String(contentsOfFile: Repository.path("scripts/setup"), encoding: .utf8).contains("gdb-multiarch"))
  }
}
