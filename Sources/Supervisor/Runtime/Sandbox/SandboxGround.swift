import Platform

/// What this machine and rbotd's privileges give: one for all strategies.
struct SandboxGround: Equatable, Sendable {
  /// rbotd's own user.
  var ownUser: UInt32
  /// Whether rbotd may start a process as another user.
  var mayChangeUser: Bool
  /// `sandbox.users` of the settings.
  var wantsUsers: Bool
  /// The controllers of the cgroup that rbotd divides; nil where it has none to divide.
  var controllers: Set<String>?
  /// Whether rbotd can hear of refused calls, and connect for a worker. Assumed until a worker shows otherwise.
  var hasListener = true
  /// What all strategies may read, held open for their starts; nil: each start opens it for itself.
  var shared: SharedPlaces?
  var places: Places

  /// Where things are, without symbolic links.
  struct Places: Equatable, Sendable {
    /// The home, or what a service has in its place.
    var state: String
    var runtime: String
    var settings: String
    /// The folder with one folder for each strategy.
    var strategies: String
    /// The folders of our own programs, as they stand on the `PATH` of workers.
    var programs: [String]
    /// `PATH` of workers.
    var searchPath: String
    /// The Python package `rbot`; nil where there is none.
    var sdk: String?
    var gatewaySocket: String

    /// What `PYTHONPATH` of workers names: a folder that holds nothing but a link to the SDK.
    var python: String { runtime + "/python" }
    /// The folder of all state folders.
    var states: String { state + "/state" }
    func state(of name: String) -> String { states + "/" + name }
  }

  /// Why no strategy here has a user of its own although none asked to go without; nil where they may have one.
  var whyNoUsers: String? {
    if !wantsUsers { return "sandbox.users = false in rbotd.toml" }
    if !mayChangeUser { return "rbotd is no root and has no capability to change users" }
    return nil
  }
}

/// What a strategy's manifest says of its cell: what a reload compares.
struct SandboxWish: Equatable, Sendable {
  var network = false
  var read: [String] = []
  var write: [String] = []
  var isRequired = false
  var memoryBytes: UInt64?
  /// Of one processor.
  var processors: Double?
  var processes = 256
  var files = 1024
  var diskBytes: UInt64?
}

/// Why a strategy cannot be run as its manifest wants it: a sentence.
struct SandboxMistake: Error, Equatable, CustomStringConvertible {
  var description: String
  /// The manifest or the machine must change first: another try is of no use.
  var isFinal: Bool

  init(_ description: String, isFinal: Bool = false) {
    self.description = description
    self.isFinal = isFinal
  }
}
