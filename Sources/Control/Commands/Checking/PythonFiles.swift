import Glibc
import Wire

/// Python files, looked over by the SDK without running them.
struct PythonFiles {
  /// What is known of one file.
  struct Report {
    /// `class` or `function`; nil where neither was found.
    var kind: String?
    /// The class's name.
    var name: String?
    /// Modules that it imports from its own folder.
    var local: [String]
  }

  let interpreter: String
  let installation: Installation
  let environment: [String: String]
  private(set) var findings: [Finding] = []
  private(set) var reports: [String: Report] = [:]

  init(interpreter: String, installation: Installation, environment: [String: String]) {
    self.interpreter = interpreter
    self.installation = installation
    self.environment = environment
  }

  /// Looks files over. Programs of their own need neither `run()` nor a Strategy class.
  mutating func check(_ files: [String], arePrograms: Bool = false) {
    guard !files.isEmpty else { return }
    guard let folder = installation.python else {
      findings.append(
        Finding(
          .warning, files[0], "not looked into: the Python package rbot is not installed beside rbotctl"))
      return
    }
    var environment = environment
    environment["PYTHONPATH"] = folder
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    let flags = ["--json"] + (arePrograms ? ["--program"] : [])
    do throws(Failure) {
      let end = try ChildProgram.output(
        of: [interpreter, "-m", "rbot", "check"] + flags + files, environment: environment)
      guard let answer = try? JSON.parse(end.output), let reports = answer.arrayValue else {
        findings.append(
          Finding(.error, files[0], "cannot be looked into: \(interpreter) ended with code \(end.code)"))
        return
      }
      for report in reports { take(report) }
    } catch {
      findings.append(Finding(.error, files[0], "cannot be looked into: \(error.message)"))
    }
  }

  private mutating func take(_ report: JSON) {
    let file = report.text("file")
    reports[file] = Report(
      kind: report["kind"]?.stringValue, name: report["name"]?.stringValue,
      local: report.items("local").compactMap(\.stringValue))
    for (key, gravity) in [("errors", Finding.Gravity.error), ("warnings", .warning)] {
      for one in report.items(key) {
        let line = one["line"]?.intValue ?? 0
        findings.append(Finding(gravity, file, line: line > 0 ? line : nil, one.text("message")))
      }
    }
  }
}
