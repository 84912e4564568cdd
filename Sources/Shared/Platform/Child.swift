import Glibc

/// One spawned process as the process thread knows it.
final class Child {
  /// Where it is in its life.
  ///
  /// - `launching`: rbot-exec runs. Can transition to: `running`, `failing`.
  /// - `failing`: a stage failed or was taking too long; it is being killed. Can transition to: forgotten.
  /// - `running`: the command runs. Can transition to: `clearing`.
  /// - `clearing`: the leader is a zombie that we keep, so that its pid, which is also its session's, cannot go
  ///   to somebody else while members of the session may live. Can transition to: forgotten.
  enum Phase { case launching, failing, running, clearing }

  let handle: ProcessHandle
  let request: SpawnRequest
  let launch: Launch
  let completion: @Sendable (Result<SpawnedProcess, SpawnError>) -> Void
  var phase = Phase.launching
  /// When it started; asked for once its command runs, since until then the kernel makes whoever asks wait.
  var startTicks: UInt64 = 0
  /// When to look at the report (milliseconds, monotonic): not as each word of it comes, since every look takes time
  /// from the very process that is being started. Nil from then on, when its descriptor is watched.
  var reportDue: UInt64?
  /// When to give up waiting for the command, or for the end of a spawn that failed (milliseconds, monotonic).
  var launchDue: UInt64?
  /// Why the command does not run; told once it has ended.
  var failure: SpawnError?
  /// Where its sandbox reports to.
  var watch: Warden.Watch?
  /// What rbot-exec has reported so far.
  var report = SpawnReport()
  /// Whom the sweep has killed: they count until they are gone, although they cannot be asked whose they are.
  var struck: Set<Int32> = []
  /// Set while the tree is being killed: when to look again, how long to wait after that, when to give up
  /// (milliseconds, monotonic).
  var sweep: (due: UInt64, pause: UInt64, deadline: UInt64)?
  /// Somebody of it lives although SIGKILL has had its time, and that was told.
  var hasResisted = false

  init(
    handle: ProcessHandle, request: SpawnRequest, launch: Launch,
    completion: @escaping @Sendable (Result<SpawnedProcess, SpawnError>) -> Void
  ) {
    self.handle = handle
    self.request = request
    self.launch = launch
    self.completion = completion
  }

  /// What the caller gets once the command runs.
  var spawned: SpawnedProcess {
    SpawnedProcess(
      handle: handle, startTicks: startTicks, channel: launch.channel, standardOutput: launch.output,
      standardError: launch.error, layers: request.layers + report.layers)
  }
}
