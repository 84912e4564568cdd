/// How a command is given a secret: typed twice at a terminal that does not show it, or as one line of standard input.
/// Never as an argument: those are in the shell's history, and every user of the machine can list them.
enum SecretInput {
  /// - Parameter what: `password`, for the questions and for what is wrong.
  static func read(_ what: String, _ session: Session) throws(Failure) -> String {
    guard let secret = session.surroundings.secret else {
      guard let line = readLine(), !line.isEmpty else {
        throw Failure(.usage, "no_secret", "standard input holds no \(what): write it there, as one line")
      }
      return line
    }
    guard let first = secret("\(what): "), !first.isEmpty else {
      throw Failure(.usage, "no_secret", "no \(what) was given")
    }
    guard secret("the same \(what) again: ") == first else {
      throw Failure(.usage, "secrets_differ", "the two were not the same, so nothing was changed")
    }
    return first
  }
}
