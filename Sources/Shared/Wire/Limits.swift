/// What one message may be, on every socket.
public enum WireLimits {
  /// Bytes of a message without its line feed.
  public static let messageBytes = 1_048_576
  /// How deep arrays and objects may nest.
  public static let nesting = 64
  /// The protocol versions that this build speaks.
  public static let protocolVersions = 1...1
}
