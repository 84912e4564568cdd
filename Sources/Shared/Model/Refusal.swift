/// A request that was understood and not done, with a stable word for programs and a sentence for people.
public struct Refusal: Error, Hashable, Sendable, CustomStringConvertible {
  /// `oco_required`, `unknown_strategy`: never changes its meaning.
  public let reason: String
  /// What happened, where, and what to do.
  public let message: String

  public init(_ reason: String, _ message: String) {
    self.reason = reason
    self.message = message
  }

  public var description: String { message }
}

/// The one version of all programs of this package.
public enum Version {
  public static let text = "0.1.0"
}
