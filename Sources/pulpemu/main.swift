// The executable: everything is in EmulatorCommands.

import EmulatorCommands

Pulpemu.start(Array(CommandLine.arguments.dropFirst()))
