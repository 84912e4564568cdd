/// What rbotd's command line says.
public struct DaemonArguments: Sendable {
  public var home: String?
  public var config: String?
  public var strategies: String?
  public var feed: String?
  public var rehearsal: Rehearsal?
  public var wantsVersion = false
  public var wantsHelp = false

  /// What `--help` prints.
  public static let help = """
    rbotd: supervises trading strategies

    usage: rbotd [--home DIR] [--config FILE] [--strategies DIR] [--feed SPEC]
                 [--rehearse FROM[,xRATE]]

      --home DIR         where databases, sockets and the strategies' own files live
                         (as root or a service /etc, /run and /var/lib/rbotd, otherwise ~/.local/state/rbotd)
      --config FILE      the settings (rbotd.toml in the home, or in /etc/rbotd)
      --strategies DIR   the folder with one folder per strategy
      --feed SPEC        synthetic[:SEED] or replay:PATH[,PATH...][@SPEED]
      --rehearse FROM[,xRATE]
                         schedules see a clock that begins at FROM (2026-03-06T14:29:00Z) and runs RATE times as
                         fast; on paper, and in a --home that is used for nothing else
      --version          prints the version
      --help             prints this

    It runs in the foreground until SIGTERM or SIGINT; SIGHUP reads the manifests again.
    Exit codes: 0 stopped cleanly, 1 refused to start, 2 a mistake on the command line.
    """

  /// A mistake on the command line, as a sentence.
  public struct Mistake: Error {
    public let message: String
  }

  /// Reads the words after the program's name.
  public init(_ words: some Sequence<String>) throws(Mistake) {
    var rest = Array(words)[...]
    while let word = rest.popFirst() {
      let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      switch parts[0] {
      case "--version" where parts.count == 1: wantsVersion = true
      case "--help" where parts.count == 1, "-h" where parts.count == 1: wantsHelp = true
      case "--home": home = try Self.value(parts, &rest)
      case "--config": config = try Self.value(parts, &rest)
      case "--strategies": strategies = try Self.value(parts, &rest)
      case "--feed": feed = try Self.value(parts, &rest)
      case "--rehearse": rehearsal = try Self.rehearsal(Self.value(parts, &rest))
      default: throw Mistake(message: "unknown argument \(word); \"rbotd --help\" shows those that there are")
      }
    }
  }

  private static func rehearsal(_ text: String) throws(Mistake) -> Rehearsal {
    do throws(Rehearsal.Mistake) {
      return try Rehearsal(text)
    } catch {
      throw Mistake(message: "--rehearse: \(error.message)")
    }
  }

  private static func value(_ parts: [String], _ rest: inout ArraySlice<String>) throws(Mistake) -> String {
    guard let value = parts.count == 2 ? parts[1] : rest.popFirst(), !value.isEmpty else {
      throw Mistake(message: "\(parts[0]) needs a value; \"rbotd --help\" shows how")
    }
    return value
  }
}
