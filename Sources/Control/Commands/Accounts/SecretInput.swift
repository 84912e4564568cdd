/// How a command is given a secret: typed twice at a terminal that does not show it, or as one line of standard input.
/// Never as an argument: those are in the shell's history, and every user of the machine can list them.
enum SecretInput {
  /// - Parameter what: `password`, for the questions and for what is wrong.
  static func read(_ what: String, _ session: Session) throws(Failure) -> String {
    guard let secret = session.surroundings.secret else { return try line(what) }
    guard let first = secret("\(what): "), !first.isEmpty else {
      throw Failure(.usage, "no_secret", "no \(what) was given")
    }
    guard secret("the same \(what) again: ") == first else {
      throw Failure(.usage, "secrets_differ", "the two were not the same, so nothing was changed")
    }
    return first
  }

  /// A secret that there is already: it is typed once.
  ///
  /// - Parameter what: `PIN, to release the kill switch`.
  static func known(_ what: String, _ session: Session) throws(Failure) -> String {
    guard let secret = session.surroundings.secret else { return try line(what) }
    guard let typed = secret("\(what): "), !typed.isEmpty else {
      throw Failure(.usage, "no_secret", "nothing was typed, so nothing was changed")
    }
    return typed
  }

  private static func line(_ what: String) throws(Failure) -> String {
    guard let line = readLine(), !line.isEmpty else {
      throw Failure(.usage, "no_secret", "standard input holds no \(what): write it there, as one line")
    }
    return line
  }
}
