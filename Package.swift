// swift-tools-version: 6.2
// The module graph. Nothing imports leftwards:
//
//   pulpemu -> EmulatorCommands -> { Instrumentation, DriverChecker, RegisterExport, FirmwareImage, Semihosting, GDBServer } -> PULPissimo
//   PULPissimo -> { RISCV, Peripherals, RetentionAccelerator } -> HardwareModel
//
// RISCV also stands on MachineCode, the assemblers and memory of its translator. The modules of the machine import no package and no Foundation. Documentation/Architecture.md explains each edge.

import PackageDescription

// Tests import the release build, which is what users run; some look inside a module (@testable).
let strict: [SwiftSetting] = [
  .treatAllWarnings(as: .error), .unsafeFlags(["-enable-testing"], .when(configuration: .release)),
]

// The machine is single-threaded by design and its hot state lives behind raw pointers, so dynamic exclusivity
// checks find nothing there and cost a runtime call per register-file access.
let machine: [SwiftSetting] =
  strict + [.unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))]

// Generic types by their accessors instead of by their names: for each name the runtime would look up the conformances that the
// type asks for among all those of the program, a tenth of a short run.
let commands: [SwiftSetting] =
  strict + [
    .unsafeFlags(
      ["-Xfrontend", "-disable-concrete-type-metadata-mangled-name-accessors"], .when(configuration: .release))
  ]

// The emulator carries Swift's libraries in itself: loading and relocating Foundation's shared ones took a third of the CPU time of
// a short run. The driver names the libraries that static Foundation needs only where it also compiles; lld finds them in any order.
// Nobody loads code into the emulator, so it exports no symbols.
let standalone: [LinkerSetting] = [
  .unsafeFlags(
    [
      "-static-stdlib", "-use-ld=lld", "-lFoundation", "-lCoreFoundation", "-lFoundationInternationalization",
      "-lFoundationEssentials", "-l_FoundationCollections", "-l_FoundationICU", "-l_FoundationCShims",
      "-lswiftSynchronization", "-lswift_RegexParser", "-L\(Context.packageDirectory)/linker/host",
      "-Xclang-linker", "-static-libgcc", "-Xlinker", "--no-export-dynamic",
      "-Xlinker", "-z", "-Xlinker", "pack-relative-relocs",
    ], .when(platforms: [.linux]))
]

let package = Package(
  name: "pulpemu",
  products: [
    .executable(name: "pulpemu", targets: ["pulpemu"]),
    .library(name: "PULPissimo", targets: ["PULPissimo"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.6.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
  ],
  targets: [
    // Libraries of the system, found by pkg-config: ELF files, DWARF line tables, SHA-256.
    .systemLibrary(name: "CLibELF", pkgConfig: "libelf", providers: [.apt(["libelf-dev"])]),
    .systemLibrary(name: "CLibDW", pkgConfig: "libdw", providers: [.apt(["libdw-dev"])]),
    .systemLibrary(name: "CNettle", pkgConfig: "nettle", providers: [.apt(["nettle-dev"])]),

    // What Swift has no words for: the maintenance of instruction caches. A header of this repository.
    .systemLibrary(name: "CInstructionCache"),

    // The machine.
    .target(name: "HardwareModel", swiftSettings: machine),
    .target(name: "MachineCode", dependencies: ["CInstructionCache"], swiftSettings: machine),
    .target(name: "RISCV", dependencies: ["HardwareModel", "MachineCode"], swiftSettings: machine),
    .target(name: "Peripherals", dependencies: ["HardwareModel"], swiftSettings: machine),
    .target(name: "RetentionAccelerator", dependencies: ["HardwareModel"], swiftSettings: machine),
    .target(
      name: "PULPissimo", dependencies: ["HardwareModel", "RISCV", "Peripherals", "RetentionAccelerator"],
      swiftSettings: machine),

    // What stands around it.
    .target(name: "FirmwareImage", dependencies: ["CLibELF", "CLibDW"], swiftSettings: strict),
    .target(name: "Semihosting", swiftSettings: strict),
    .target(name: "GDBServer", swiftSettings: strict),
    .target(name: "RegisterExport", dependencies: ["HardwareModel"], swiftSettings: strict),
    .target(name: "Instrumentation", dependencies: ["PULPissimo"], swiftSettings: machine),
    .target(name: "DriverChecker", dependencies: ["PULPissimo"], swiftSettings: machine),
    .target(
      name: "EmulatorCommands",
      dependencies: [
        "PULPissimo", "FirmwareImage", "Instrumentation", "DriverChecker", "RegisterExport", "Semihosting", "GDBServer",
        "CNettle",
        .product(name: "ArgumentParser", package: "swift-argument-parser"), .product(name: "Yams", package: "Yams"),
      ], resources: [.embedInCode("Report/Page")], swiftSettings: commands),
    .executableTarget(
      name: "pulpemu", dependencies: ["EmulatorCommands"], swiftSettings: strict, linkerSettings: standalone),

    // Tests: a target a module, then whole programs.
    .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: strict),
    .testTarget(name: "MachineCodeTests", dependencies: ["MachineCode", "TestSupport"], swiftSettings: strict),
    .testTarget(name: "HardwareModelTests", dependencies: ["HardwareModel"], swiftSettings: strict),
    .testTarget(
      name: "RISCVTests",
      dependencies: ["RISCV", "PULPissimo", "Instrumentation", "FirmwareImage", "CNettle", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "PeripheralTests", dependencies: ["Peripherals", "EmulatorCommands", "TestSupport"], swiftSettings: strict),
    .testTarget(
      name: "RetentionAcceleratorTests", dependencies: ["RetentionAccelerator", "TestSupport"], swiftSettings: strict),
    .testTarget(
      name: "PULPissimoTests", dependencies: ["PULPissimo", "EmulatorCommands", "Instrumentation", "TestSupport"],
      swiftSettings: strict),
    .testTarget(name: "FirmwareImageTests", dependencies: ["FirmwareImage", "TestSupport"], swiftSettings: strict),
    .testTarget(
      name: "RegisterExportTests", dependencies: ["RegisterExport", "PULPissimo", "TestSupport"],
      swiftSettings: strict),
    .testTarget(name: "SemihostingTests", dependencies: ["Semihosting"], swiftSettings: strict),
    .testTarget(name: "GDBServerTests", dependencies: ["GDBServer", "TestSupport"], swiftSettings: strict),
    .testTarget(name: "CommandTests", dependencies: ["EmulatorCommands", "TestSupport"], swiftSettings: strict),
    .testTarget(
      name: "FirmwareTests",
      dependencies: ["EmulatorCommands", "GDBServer", "DriverChecker", "FirmwareImage", "PULPissimo", "TestSupport"],
      swiftSettings: strict),
  ]
)
