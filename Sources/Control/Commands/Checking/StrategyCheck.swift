import Config
import Glibc

/// Everything that can be said about strategies without starting them.
struct StrategyCheck {
  /// Runs `run = "…"` files; as the daemon's settings say.
  var interpreter = "python3"
  /// The instruments that the gateway has; nil where nobody could be asked.
  var instruments: Set<String>?
  /// The folder of trading calendars that the daemon reads besides its own.
  var calendars: String?
  let installation: Installation
  let environment: [String: String]
  private(set) var findings: [Finding] = []
  /// The manifests that are in order.
  private(set) var manifests: [StrategyManifest] = []
  /// By path: what the SDK says of Python files.
  private(set) var python: [String: PythonFiles.Report] = [:]
  private var scripts: [String] = []
  private var programs: [String] = []

  init(installation: Installation, environment: [String: String]) {
    self.installation = installation
    self.environment = environment
  }

  /// Checks every strategy of a folder, and what they are to each other; or only what concerns those names.
  mutating func folder(_ path: String, only names: [String] = []) {
    let contents = ManifestDirectory.load(path, schedules: ScheduleSources(calendars: calendars))
    func isMeant(_ file: String, _ name: String?) -> Bool {
      names.isEmpty || names.contains(name ?? "") || names.contains(Path.name(Path.folder(file)))
    }
    let named = contents.broken.merging(
      contents.manifests.map { ($0.path, $0.name) }, uniquingKeysWith: { $1 })
    for (issues, gravity) in [(contents.issues, Finding.Gravity.error), (contents.warnings, .warning)] {
      findings += issues.filter { isMeant($0.path, named[$0.path]) }.map { Finding(gravity, $0) }
    }
    for manifest in contents.manifests where isMeant(manifest.path, manifest.name) { take(manifest) }
    let known = Array(named.values) + named.keys.map { Path.name(Path.folder($0)) }
    for name in names where !known.contains(name) {
      findings.append(
        Finding(.error, path, NearestName.unknown(name, known: Set(named.values).sorted())))
    }
  }

  /// Checks one manifest by itself.
  mutating func manifest(_ file: String) {
    do {
      let manifest = try StrategyManifest(
        path: file, schedules: ScheduleSources(calendars: calendars))
      findings += manifest.warnings.map { Finding(.warning, $0) }
      take(manifest)
    } catch {
      findings += error.issues.map { Finding(.error, $0) }
    }
  }

  /// Takes in what a daemon says of the same manifests.
  mutating func settle(_ verdict: [Finding]) { findings.settle(verdict) }

  /// Checks a Python file that has no manifest.
  mutating func script(_ file: String) { scripts.append(file) }

  /// Looks into the Python files that were gathered: one interpreter for all of them.
  mutating func finish() {
    var files = PythonFiles(interpreter: interpreter, installation: installation, environment: environment)
    files.check(scripts)
    files.check(programs, arePrograms: true)
    findings += files.findings
    python = files.reports
    (scripts, programs) = ([], [])
  }

  private mutating func take(_ manifest: StrategyManifest) {
    manifests.append(manifest)
    switch manifest.entry {
    case .python(let file):
      scripts.append(file.hasPrefix("/") ? file : "\(manifest.folder)/\(file)")
    case .command(let words):
      checkProgram(words, manifest)
    }
    if let instruments {
      for name in manifest.trading.instruments ?? [] where !instruments.contains(name) {
        let near = NearestName.among(instruments.sorted(), to: name).map { ", did you mean \($0)?" } ?? ""
        findings.append(
          warning(manifest, "trading.instruments", "the gateway's feed has no \(name)\(near)"))
      }
    }
  }

  private mutating func checkProgram(_ words: [String], _ manifest: StrategyManifest) {
    guard let program = words.first else { return }
    let places = installation.find(
      program, folder: manifest.folder, path: environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin")
    if !places.contains(where: Path.isExecutable) {
      let found = places.first { Path.kind($0) == .file }
      let message =
        if let found {
          "\(found) is not executable; make it so: chmod +x \(found)"
        } else if program.contains("/") {
          "there is no file \(places[0])"
            + (program.contains(".build/") ? "; build it first: swift build -c release" : "")
        } else {
          "there is no program \(program) on the PATH; name its whole path"
        }
      var finding = error(manifest, "command", message)
      finding.isGuess = !program.contains("/")
      findings.append(finding)
    }
    let isPython = Path.name(program).hasPrefix("python")
    if isPython, let file = words.dropFirst().first(where: { !$0.hasPrefix("-") }), file.hasSuffix(".py") {
      let path = file.hasPrefix("/") ? file : "\(manifest.folder)/\(file)"
      if Path.kind(path) == .nothing {
        findings.append(error(manifest, "command", "there is no file \(path)"))
      } else {
        programs.append(path)
      }
    }
  }

  private func error(_ manifest: StrategyManifest, _ key: String, _ message: String) -> Finding {
    Finding(.error, manifest.path, line: manifest.line(of: key), key: key, message)
  }

  private func warning(_ manifest: StrategyManifest, _ key: String, _ message: String) -> Finding {
    Finding(.warning, manifest.path, line: manifest.line(of: key), key: key, message)
  }
}
