/// What a command sees of its process: a test gives it another.
public struct Surroundings: Sendable {
  public var environment: [String: String]
  /// The effective user id.
  public var user: UInt32
  public var output: any Output
  /// What the next output is made for; asked anew for every redraw, for a terminal may change its size.
  public var page: @Sendable () -> Page
  /// Prepares for Ctrl-C during a command that runs until then: it ends well, and a hidden cursor comes back.
  public var untilInterrupted: @Sendable (_ hidesCursor: Bool) -> Void
  /// Asks the person at the terminal, and waits for one line; nil where there is nobody to ask.
  public var question: @Sendable (_ text: String) -> String?
  /// Asks the person at the terminal for what nobody is to see; nil where there is no terminal.
  public var secret: (@Sendable (_ text: String) -> String?)?

  public init(
    environment: [String: String], user: UInt32, output: any Output, page: @escaping @Sendable () -> Page,
    untilInterrupted: @escaping @Sendable (_ hidesCursor: Bool) -> Void,
    question: @escaping @Sendable (_ text: String) -> String? = { _ in nil },
    secret: (@Sendable (_ text: String) -> String?)? = nil
  ) {
    self.secret = secret
    self.question = question
    self.environment = environment
    self.user = user
    self.output = output
    self.page = page
    self.untilInterrupted = untilInterrupted
  }
}

/// Where a command writes.
public protocol Output: Sendable {
  /// Results.
  ///
  /// - Throws: ``OutputError``
  func write(_ text: String) throws(OutputError)
  /// Complaints, which are no results.
  func complain(_ text: String)
}

/// Why nothing more can be written.
public enum OutputError: Error, Hashable, Sendable {
  /// The reader has gone: `rbotctl logs | head`. Nobody is to be told.
  case readerGone
  /// The system's error number.
  case system(Int32)
}
