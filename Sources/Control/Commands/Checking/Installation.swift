import Glibc
import Platform

/// Where rbotd's own parts lie, seen from rbotctl.
struct Installation: Sendable {
  /// The programs that workers find first on their `PATH`.
  let programs: [String]
  /// The folder that holds the Python package `rbot`; nil where there is none.
  let python: String?
  /// The folder with the sources of the example in C; nil where there is none.
  let c: String?
  /// The checkout that this program was built in; nil for an installed one.
  let checkout: String?

  /// - Parameter strategies: a folder of strategies, which may bring an SDK of its own.
  init(strategies: String?) {
    let own = Path.folder(Path.real(Executable.path) ?? Executable.path)
    programs = [own, "\(own)/../libexec/rbotd"].compactMap(Path.real)
    let root = Path.real("\(own)/../../..")
    checkout = root.flatMap { Path.kind("\($0)/Sources/Worker/StrategyKit") == .folder ? $0 : nil }
    c = ["\(own)/../share/rbotd/c", "\(own)/../../../strategies/channel_breakout"]
      .first { access($0 + "/link.c", R_OK) == 0 }.flatMap(Path.real)
    python = [
      strategies, "\(own)/../lib/rbotd/python", "\(own)/../share/rbotd/python", "\(own)/../../../strategies",
    ]
    .compactMap { $0 }.first { access($0 + "/rbot/__init__.py", R_OK) == 0 }.flatMap(Path.real)
  }

  /// Looks for a program as a worker's start would: a path is meant from the strategy's folder.
  func find(_ program: String, folder: String, path: String) -> [String] {
    if program.contains("/") { return [program.hasPrefix("/") ? program : "\(folder)/\(program)"] }
    return (programs + path.split(separator: ":").map(String.init)).map { "\($0)/\(program)" }
  }
}
