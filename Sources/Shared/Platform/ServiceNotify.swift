import CPlatform

/// What the daemon tells systemd (`sd_notify`); every call is harmless without a service manager.
public enum ServiceNotify {
  /// The daemon is up; `systemctl start` returns.
  /// - Parameter status: one line for `systemctl status`.
  public static func ready(_ status: String) { send("READY=1\nSTATUS=\(oneLine(status))") }

  /// One line for `systemctl status`.
  public static func status(_ text: String) { send("STATUS=\(oneLine(text))") }

  /// The configuration is being read again; ``ready(_:)`` ends it.
  public static func reloading() {
    send("RELOADING=1\nMONOTONIC_USEC=\(MonotonicClock.nanoseconds / 1000)")
  }

  /// The daemon is going down.
  public static func stopping(_ status: String) { send("STOPPING=1\nSTATUS=\(oneLine(status))") }

  /// The core lives. To be sent from the core itself, or a hung core would go unnoticed.
  public static func watchdog() { send("WATCHDOG=1") }

  /// Asks for more time than the unit's timeout while a start or stop goes on.
  public static func extendTimeout(seconds: Int) { send("EXTEND_TIMEOUT_USEC=\(seconds * 1_000_000)") }

  /// How often ``watchdog()`` must be called, nil where nobody waits for it: half of what the unit allows.
  public static var watchdogInterval: Duration? {
    let microseconds = rbot_watchdog_usec()
    return microseconds == 0 ? nil : .microseconds(Int64(clamping: microseconds / 2))
  }

  /// The listening sockets that the service manager passed, from descriptor 3 on.
  public static var listeningDescriptors: [Int32] {
    let count = rbot_listen_fds()
    return count > 0 ? Array(3..<3 + count) : []
  }

  private static func oneLine(_ text: String) -> String {
    String(text.map { $0.isNewline ? " " : $0 })
  }

  private static func send(_ state: String) { _ = rbot_notify(state) }
}
