import Glibc

/// The last way to say something: standard error, which the supervisor keeps too.
public enum Terminal {
  public static func say(_ message: String) {
    let line = Array("rbot-gateway: \(message)\n".utf8)
    _ = write(STDERR_FILENO, line, line.count)
  }
}
