import Model

/// One process, from the decision to make it until nothing of it is left.
struct Attempt: Sendable {
  let generation: Generation
  /// When it was begun; later by as long as it stood still.
  var began: Moment
  /// Nil while the operating system is still making it.
  var pid: Int32?
  /// It said `hello`, so it hears what it is told.
  var spoke = false
  /// The interval of heartbeats that it was told with its `hello`; a policy that changes does not reach it.
  var heartbeat: Duration?
  var readySince: Moment?
  var lastBeat: Moment
  var channelLost: (at: Moment, reason: String)?
  /// Since when its processes are stopped; nil: they run.
  var frozenSince: Moment?
  /// It was to be frozen before there was a process.
  var freezesWhenMade = false

  init(generation: Generation, began: Moment) {
    self.generation = generation
    self.began = began
    lastBeat = began
  }
}

/// Why and how an attempt is being ended.
struct Ending: Sendable {
  enum Cause: Hashable, Sendable {
    case stop
    case restart
    case shutdown
    /// What it requires has gone; it is started again when that is back.
    case need(String)
    /// It ended by itself.
    case itself
    /// It was ended because it broke a rule.
    case failure(String)
    /// The slot in which it runs is over, or there are none any more.
    case slot(SlotClosing)
  }

  var cause: Cause
  /// Nothing has been sent yet, because others end first; at this moment it is, whatever they do.
  var heldUntil: Moment?
  /// What the worker is told when it is asked.
  var request = ""
  /// When SIGTERM follows the message; nil: it has been sent, or there is no use for it.
  var terminateAt: Moment?
  /// When everything is killed, and again from then on until nothing is left.
  var killAt: Moment
  /// How often it was killed because the deadline had passed.
  var kills = 0
  var killedAtDeadline = false
  var status: ProcessEnd?
  var exited = false
  /// The system was short of something: no fault of the worker.
  var isTemporary = false
  /// No other try can end differently.
  var isFinal = false
  /// What it said of its errors last.
  var lastWords: String?
}

/// Where the machine is; `WorkerState` is what people see of it.
enum Phase: Sendable {
  /// Not running, because nobody wants it to. Can transition to: waiting, starting, scheduled.
  case stopped
  /// Wants to run, but what it depends on is not there yet. Can transition to: starting, stopped.
  case waiting
  /// Being made, or not yet ready. Can transition to: ready, ending, waiting, starting, backoff,
  /// failed.
  case starting(Attempt)
  /// Running. Can transition to: ending, and where that takes no time, to what follows it.
  case ready(Attempt)
  /// Was asked to end, or has, and something of it may be left.
  /// Can transition to: stopped, waiting, starting, backoff, failed, finished, scheduled.
  case ending(Attempt, Ending)
  /// Will be started again. Can transition to: waiting, starting, stopped.
  case backoff(until: Moment)
  /// Ended too often, or may not be restarted. Can transition to: waiting, starting, stopped.
  case failed
  /// Waits for its next slot. Can transition to: waiting, starting, stopped.
  case scheduled
  /// Did its work and ended. Can transition to: waiting, starting, stopped.
  case finished

  var attempt: Attempt? {
    switch self {
    case .starting(let attempt), .ready(let attempt), .ending(let attempt, _): attempt
    case .stopped, .waiting, .backoff, .failed, .scheduled, .finished: nil
    }
  }
}
