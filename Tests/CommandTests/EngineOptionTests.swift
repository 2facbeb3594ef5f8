// `--engine` chooses how instructions are executed, and nothing else.

import Testing

@testable import EmulatorCommands

@Suite struct EngineOptionTests {
  @Test(arguments: [("interpreter", false), ("translator", true), ("auto", true)])
  func theEngineIsChosenAndIsNoPartOfTheMachine(engine: String, translates: Bool) throws {
    let options = try MachineOptions.parse(["--engine", engine])
    let configuration = try options.configuration()
    #expect(configuration.hart.translator == translates)
    #expect(options.differences(configuration).isEmpty)
  }
}
