import Lifecycle

/// Numbers that are the same for the same seed (SplitMix64).
struct SeededRandom: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }
}

extension Need {
  /// The gateway, which whoever says nothing else starts after.
  static func gateway(_ isReady: Bool) -> Need {
    Need(
      name: "gateway", isRequired: false, standing: isReady ? .ready : .coming,
      state: isReady ? "ready" : "starting")
  }

  static func required(_ name: String, _ standing: Standing, _ state: String = "stopped") -> Need {
    Need(name: name, isRequired: true, standing: standing, state: standing == .ready ? "ready" : state)
  }
}

/// A machine with a clock that the test moves; it keeps what each event led to.
struct Driver {
  var machine: Lifecycle
  var now = Moment(nanoseconds: 1_000_000_000)
  var random = SeededRandom(state: 1)
  private var lastCommand: UInt64 = 0

  init(_ change: (inout WorkerPolicy) -> Void = { _ in }, gatewayIsReady: Bool = true) {
    var policy = WorkerPolicy()
    policy.backoff.jitter = 0
    change(&policy)
    machine = Lifecycle(name: "grid-bot", policy: policy, needs: [.gateway(gatewayIsReady)])
  }

  @discardableResult
  mutating func handle(_ event: Event) -> [Action] { machine.handle(event, now: now, using: &random) }

  mutating func command(_ command: Command) -> (id: CommandID, actions: [Action]) {
    lastCommand += 1
    let id = CommandID(lastCommand)
    return (id, handle(.command(command, id)))
  }

  /// Moves the clock and lets the machine notice.
  @discardableResult
  mutating func pass(_ time: Duration) -> [Action] {
    now = now + time
    return handle(.tick)
  }

  /// Starts it and lets it become ready; the number of the start command's answer is checked by the test.
  mutating func becomeReady() {
    _ = command(.start)
    attempt()
  }

  /// The spawned process says hello and ready.
  mutating func attempt() {
    let generation = machine.generation
    handle(.spawned(generation, pid: Int32(generation) + 100))
    handle(.hello(generation))
    handle(.ready(generation))
  }

  /// The process ends and nothing is left of it.
  @discardableResult
  mutating func end(_ status: ProcessEnd) -> [Action] {
    let generation = machine.generation
    return handle(.exited(generation, status)) + handle(.emptied(generation))
  }
}

extension [Action] {
  /// What a command was answered, if it was.
  func answer(to id: CommandID) -> Answer? {
    for case .answer(id, let answer) in self { return answer }
    return nil
  }

  var spawned: [Int] { compactMap { if case .spawn(let generation) = $0 { generation } else { nil } } }

  var end: RunEnd? {
    for case .runEnded(let end) in self { return end }
    return nil
  }
}
