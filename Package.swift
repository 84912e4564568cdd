// swift-tools-version: 6.2
import PackageDescription

/// Settings that every Swift target shares: the next language mode's rules, and no warning survives.
let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .treatAllWarnings(as: .error),
]

/// For programs in C, static and without Swift's start files: SwiftPM would have them load the Swift runtime, and
/// the chain loader is on the way of every start.
let bareC: [LinkerSetting] = [.unsafeFlags(["-nostartfiles", "-static-executable"])]
/// And without a C library, which rbot-exec brings its own few functions for (bare.h says why). A guard of the stack
/// would be the library's to set up.
let barestC: [LinkerSetting] = bareC + [.unsafeFlags(["-Xclang-linker", "-nostdlib"])]
let unguarded: [CSetting] = [.unsafeFlags(["-fno-stack-protector"])]

func nio(_ name: String) -> Target.Dependency { .product(name: name, package: "swift-nio") }

/// A library or executable in `Sources/`, `path` naming the process it belongs to.
func code(_ name: String, _ path: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, path: "Sources/\(path)", swiftSettings: strict)
}

func program(_ name: String, _ path: String, _ dependencies: [Target.Dependency]) -> Target {
  .executableTarget(
    name: name, dependencies: dependencies, path: "Sources/\(path)", swiftSettings: strict)
}

func tests(_ name: String, _ path: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: name, dependencies: dependencies, path: "Tests/\(path)", swiftSettings: strict)
}

let shared: [Target] = [
  code("Model", "Shared/Model"),
  code("Wire", "Shared/Wire", ["Model", nio("NIOCore")]),
  code("IPC", "Shared/IPC", ["Wire", "Platform", nio("NIOCore"), nio("NIOPosix")]),
  code(
    "Config", "Shared/Config",
    ["Model", "Schedule", "Platform", .product(name: "TOMLKit", package: "TOMLKit")]),
  code("Storage", "Shared/Storage", [.product(name: "GRDB", package: "GRDB.swift")]),
  code("Platform", "Shared/Platform", ["CPlatform"]),
  .target(name: "CPlatform", path: "Sources/Shared/CPlatform"),
  code("Matching", "Shared/Matching", ["Model"]),
  // The trading calendars are part of the program, so that none can be missing where it is installed.
  .target(
    name: "Schedule", dependencies: ["Model"], path: "Sources/Shared/Schedule",
    resources: [.embedInCode("Calendars")], swiftSettings: strict),
]

let supervisor: [Target] = [
  code("Lifecycle", "Supervisor/Lifecycle", ["Model"]),
  code(
    "SupervisorStore", "Supervisor/Store",
    ["Model", "Storage", .product(name: "GRDB", package: "GRDB.swift")]),
  code(
    "Runtime", "Supervisor/Runtime",
    [
      "Lifecycle", "SupervisorStore", "Schedule", "IPC", "Wire", "Config", "Platform", "Model",
      nio("NIOCore"), nio("NIOPosix"),
    ]),
  program("rbotd", "Supervisor/rbotd", ["Runtime", "Config", "Platform", "Model"]),
]

let gateway: [Target] = [
  code("BrokerInterface", "Gateway/Brokers/Interface", ["Model"]),
  code("PaperBroker", "Gateway/Brokers/Paper", ["BrokerInterface", "Matching", "Model"]),
  code("RemoteBroker", "Gateway/Brokers/Remote", ["BrokerInterface", "Model"]),
  code("Trading", "Gateway/Trading", ["BrokerInterface", "Schedule", "Model"]),
  code("Feeds", "Gateway/Feeds", ["Model"]),
  code(
    "TradingStore", "Gateway/Store",
    [
      "Trading", "Model", "Storage", .product(name: "GRDB", package: "GRDB.swift"),
      .product(name: "GRDBSQLite", package: "GRDB.swift"),
    ]),
  code(
    "MarketStore", "Gateway/Market", ["Model", "Storage", .product(name: "GRDB", package: "GRDB.swift")]),
  code(
    "Accounts", "Gateway/Accounts",
    [
      "Model", "Wire", "Storage", .product(name: "GRDB", package: "GRDB.swift"),
      .product(name: "Crypto", package: "swift-crypto"),
      .product(name: "CryptoExtras", package: "swift-crypto"), nio("NIOCore"),
    ]),
  code(
    "GatewayService", "Gateway/Service",
    [
      "Accounts", "Trading", "BrokerInterface", "PaperBroker", "Feeds", "TradingStore", "MarketStore",
      "Storage", "IPC", "Wire", "Config", "Schedule", "Platform", "Model",
      nio("NIOCore"), nio("NIOPosix"),
    ]),
  .target(
    name: "API",
    dependencies: [
      "GatewayService", "Accounts", "Trading", "TradingStore", "Storage", "Config", "Model", "Wire",
      .product(name: "Hummingbird", package: "hummingbird"),
      .product(name: "HummingbirdCore", package: "hummingbird"), nio("NIOCore"), nio("NIOHTTP1"),
      nio("NIOWebSocket"), .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
      .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
      .product(name: "NIOSSL", package: "swift-nio-ssl"), .product(name: "Logging", package: "swift-log"),
    ],
    path: "Sources/Gateway/API", resources: [.embedInCode("OpenAPI/Documents")], swiftSettings: strict),
  program(
    "rbot-gateway", "Gateway/rbot-gateway", ["API", "GatewayService", "Config", "Platform", "Model"]),
]

let worker: [Target] = [
  .target(name: "ThreadFiles", path: "Sources/Worker/ThreadFiles"),
  code(
    "StrategyKit", "Worker/StrategyKit",
    ["ThreadFiles", "IPC", "Wire", "Model", "Platform", nio("NIOCore"), nio("NIOPosix")]),
  .executableTarget(
    name: "rbot-exec", path: "Sources/Worker/rbot-exec", cSettings: unguarded, linkerSettings: barestC),
  .executableTarget(
    name: "ema-cross", dependencies: ["StrategyKit"], path: "strategies/ema_cross",
    exclude: ["strategy.toml"], swiftSettings: strict),
  .executableTarget(
    name: "bench-worker", dependencies: ["StrategyKit"], path: "Tests/Benchmarks/BenchWorker",
    swiftSettings: strict),
  .executableTarget(
    name: "paper-desk",
    dependencies: ["Trading", "PaperBroker", "Feeds", "Schedule", "Wire", "Model", nio("NIOCore")],
    path: "Tests/Paper/PaperDesk",
    swiftSettings: strict),
  .executableTarget(
    name: "bench-schedules", dependencies: ["Schedule", "Platform", "Model"],
    path: "Tests/Benchmarks/BenchSchedules", swiftSettings: strict),
  .executableTarget(
    name: "channel-breakout", path: "strategies/channel_breakout", exclude: ["strategy.toml"],
    linkerSettings: bareC),
]

let control: [Target] = [
  code(
    "Commands", "Control/Commands",
    [
      "IPC", "Schedule", "Wire", "Config", "Model", "Platform", nio("NIOCore"), nio("NIOPosix"),
      .product(name: "ArgumentParser", package: "swift-argument-parser"),
    ]),
  program("rbotctl", "Control/rbotctl", ["Commands"]),
]

/// Every test target; its folder mirrors the sources', or says that it needs real processes.
let allTests: [Target] = [
  tests("ModelTests", "Shared/ModelTests", ["Model"]),
  tests("WireTests", "Shared/WireTests", ["Wire", "Model", nio("NIOCore")]),
  tests(
    "IPCTests", "Shared/IPCTests",
    ["IPC", "Wire", "Model", "Platform", nio("NIOCore"), nio("NIOPosix")]),
  tests("ConfigTests", "Shared/ConfigTests", ["Config", "Schedule", "Model"]),
  tests("PlatformTests", "Shared/PlatformTests", ["Platform"]),
  tests("MatchingTests", "Shared/MatchingTests", ["Matching", "Model"]),
  tests("ScheduleTests", "Shared/ScheduleTests", ["Schedule", "Model"]),
  tests("LifecycleTests", "Supervisor/LifecycleTests", ["Lifecycle", "Model"]),
  tests(
    "RuntimeTests", "Supervisor/RuntimeTests",
    ["Runtime", "Lifecycle", "Schedule", "Model", "Platform", "SupervisorStore"]),
  tests(
    "SupervisorStoreTests", "Supervisor/StoreTests",
    ["SupervisorStore", "Storage", "Model", .product(name: "GRDB", package: "GRDB.swift")]),
  tests(
    "TradingTests", "Gateway/TradingTests",
    ["Trading", "BrokerInterface", "PaperBroker", "Feeds", "Schedule", "Model"]),
  tests(
    "SimulationTests", "Gateway/SimulationTests",
    ["Trading", "BrokerInterface", "PaperBroker", "RemoteBroker", "TradingStore", "Storage", "Model"]),
  tests(
    "AccountsTests", "Gateway/AccountsTests",
    [
      "Accounts", "Model", .product(name: "GRDB", package: "GRDB.swift"),
      .product(name: "Crypto", package: "swift-crypto"), nio("NIOCore"), nio("NIOPosix"),
    ]),
  tests("MarketStoreTests", "Gateway/MarketTests", ["MarketStore", "Feeds", "Storage", "Model"]),
  tests("FeedsTests", "Gateway/FeedsTests", ["Feeds", "Model"]),
  tests(
    "TradingStoreTests", "Gateway/StoreTests",
    ["TradingStore", "Trading", "Storage", "Model", .product(name: "GRDB", package: "GRDB.swift")]),
  tests(
    "APITests", "Gateway/APITests",
    [
      "API", "GatewayService", "Config", "Model", "Wire",
      .product(name: "Hummingbird", package: "hummingbird"), nio("NIOCore"),
    ]),
  tests(
    "CommandsTests", "Control/CommandsTests",
    ["Commands", "Config", "IPC", "Wire", "Model", "Platform", nio("NIOCore"), nio("NIOPosix")]),
]

// A developer who works on one room may build its tests alone: RBOT_TESTS=ModelTests,WireTests.
let chosen = Context.environment["RBOT_TESTS"]
  .map { Set($0.split(separator: ",").map(String.init)) }
  .flatMap { $0.isEmpty ? nil : $0 }

let package = Package(
  name: "rbotd",
  products: [
    .library(name: "StrategyKit", targets: ["StrategyKit"]),
    .executable(name: "rbotd", targets: ["rbotd"]),
    .executable(name: "rbot-gateway", targets: ["rbot-gateway"]),
    .executable(name: "rbot-exec", targets: ["rbot-exec"]),
    .executable(name: "rbotctl", targets: ["rbotctl"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.36.0"),
    .package(url: "https://github.com/apple/swift-nio-extras", from: "1.30.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
  ],
  targets: shared + supervisor + gateway + worker + control
    + allTests.filter { chosen?.contains($0.name) ?? true },
  swiftLanguageModes: [.v6]
)
