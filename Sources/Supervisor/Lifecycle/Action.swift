public import Model

/// What the driver has to do, in this order.
public enum Action: Hashable, Sendable {
  /// Make the process; answered with `spawned` or `spawnFailed`.
  case spawn(Generation)
  /// Send `stop` on the control channel.
  case askToStop(Generation, within: Duration, reason: String)
  /// Send SIGTERM to the process.
  case terminate(Generation)
  /// Kill the process and everything that it started; answered with `exited` and `emptied`.
  case killAll(Generation)
  /// Stop the process and everything that it started where they are, until `thaw`.
  case freeze(Generation)
  /// Let them go on.
  case thaw(Generation)
  /// Send `pause` or `resume` on the control channel.
  case tell(Generation, paused: Bool)
  /// Have the gateway refuse or allow entries; answered with `tradingApplied`, whether there is a gateway or not.
  case applyTrading(serial: Int, paused: Bool)
  /// The run is over: nothing of this generation is left.
  case runEnded(RunEnd)
  /// What the slot came to; it is told once for each that was opened.
  case slotEnded(SlotID, SlotEnd)
  case answer(CommandID, Answer)
  /// Something that a person should look at.
  case alert(String)
}

/// How a run ended, for the records and for `last_exit`.
public struct RunEnd: Hashable, Sendable {
  public let generation: Generation
  /// Nil when there never was a process, or nobody can tell.
  public let status: ProcessEnd?
  /// A sentence's end: `exited with code 3 before it was ready`.
  public let reason: String
  /// Whether this was asked for, or the end of a one-shot run that did its work.
  public let expected: Bool
}

/// What a command came to.
public struct Answer: Hashable, Sendable {
  public let ok: Bool
  /// A stable word when `ok` is false.
  public let reason: String?
  public let message: String

  public init(ok: Bool, reason: String? = nil, message: String) {
    self.ok = ok
    self.reason = reason
    self.message = message
  }

  static func done(_ message: String) -> Answer { Answer(ok: true, reason: nil, message: message) }

  static func refused(_ reason: String, _ message: String) -> Answer {
    Answer(ok: false, reason: reason, message: message)
  }
}
