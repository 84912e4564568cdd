/// This start of the system; pids and start times mean something only together with it.
public enum BootID {
  /// The kernel's identifier, "unknown" where `/proc` does not show it.
  public static var current: String {
    (readText("/proc/sys/kernel/random/boot_id") ?? "unknown").split(separator: "\n").first.map(String.init)
      ?? "unknown"
  }
}
