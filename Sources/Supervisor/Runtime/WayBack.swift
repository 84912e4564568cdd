import Platform

/// Where a task of the loop goes on that has waited for another thread.
///
/// Swift resumes a task on no actor at first, and has libdispatch find a thread for that one step back to the loop. Where
/// the system gives no more threads, libdispatch sleeps on whoever resumes, for as long as there are none (see
/// ``WorkThreads``): a start then hangs. This thread is always there, and nothing on it ever waits.
enum WayBack {
  private static let thread = WorkThreads(named: "way back", atOnce: 1...1)

  /// Waits for an answer of another thread.
  ///
  /// - Parameter ask: gets the one who is to be told, once.
  static func answer<Answer: Sendable>(
    isolation: isolated (any Actor)? = #isolation,
    _ ask: @Sendable (CheckedContinuation<Answer, Never>) -> Void
  ) async -> Answer {
    await withTaskExecutorPreference(thread) { await withCheckedContinuation { ask($0) } }
  }

  /// Waits for another task.
  static func value<Value: Sendable>(
    isolation: isolated (any Actor)? = #isolation, of task: Task<Value, Never>
  ) async -> Value {
    await withTaskExecutorPreference(thread) { await task.value }
  }
}
