import Platform

/// How the daemon that did not answer is started, as far as that can be told from here.
struct StartAdvice {
  /// What to type; empty where a socket was named, which may be anybody's.
  let text: String

  init(
    _ options: ConnectionOptions.Values, _ environment: [String: String], executable: String = Executable.path
  ) {
    let home = options.home ?? environment["RBOT_HOME"].flatMap { $0.isEmpty ? nil : $0 }
    if options.socket != nil {
      text = ""
    } else if let home {
      text = "start it with: \(Self.daemon(executable)) --home \(ShellWord.quoted(home))"
    } else if executable.contains("/.build/") {
      text = "start it with: make run"
    } else {
      text = "start it with: systemctl start rbotd (the service), or: rbotd"
    }
  }

  /// `rbotd` as a shell finds it: by its path, unless it is where every shell looks.
  private static func daemon(_ executable: String) -> String {
    let folder = executable.split(separator: "/").dropLast()
    return ["usr/bin", "usr/local/bin"].contains(folder.joined(separator: "/"))
      ? "rbotd" : ShellWord.quoted("/" + (folder + ["rbotd"]).joined(separator: "/"))
  }
}

/// A word of a command line.
enum ShellWord {
  /// As a shell reads it back.
  static func quoted(_ word: String) -> String {
    let isPlain =
      !word.isEmpty
      && word.utf8.allSatisfy {
        switch $0 {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"):
          true
        default: "/.-_+=,:@%".utf8.contains($0)
        }
      }
    return isPlain ? word : "'" + word.replacing("'", with: "'\\''") + "'"
  }
}
