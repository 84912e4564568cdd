import Platform

/// What this process uses of the machine.
public struct ProcessUsage: Sendable {
  public let cpuSeconds: Double
  public let memoryBytes: Int
  public let threads: Int
  public let files: Int?

  /// Reads it from the kernel; nil where `/proc` does not tell.
  public static func now() -> ProcessUsage? {
    ProcessStatistics.readOwn().map {
      ProcessUsage(
        cpuSeconds: $0.cpuSeconds, memoryBytes: $0.memoryBytes, threads: $0.threads, files: $0.files)
    }
  }
}
