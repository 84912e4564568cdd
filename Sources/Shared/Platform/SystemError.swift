import Glibc

/// A call to the operating system that failed: what was tried, on what, and the errno.
public struct SystemError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What was tried, in words: "lock /run/rbotd/rbotd.lock".
  public let attempt: String
  /// The errno that the system gave.
  public let code: Int32

  /// - Parameters:
  ///   - attempt: what was tried, as it follows "cannot".
  ///   - code: the errno.
  public init(_ attempt: String, code: Int32) {
    self.attempt = attempt
    self.code = code
  }

  /// The same with the calling thread's last errno.
  public init(_ attempt: String) { self.init(attempt, code: errno) }

  /// A sentence for a person: "cannot lock /run/rbotd/rbotd.lock: Permission denied".
  public var description: String { "cannot \(attempt): \(Self.text(code))" }

  /// The system's own words for an errno.
  public static func text(_ code: Int32) -> String {
    // glibc keeps a buffer per thread, so this is safe on any.
    guard let text = strerror(code) else { return "error \(code)" }
    return String(cString: text)
  }
}
