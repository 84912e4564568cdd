import CPlatform
import Glibc
import Synchronization

/// The loop of the warden's thread; only that thread touches it.
final class WardenLoop {
  static let wakeToken = UInt64.max

  /// A watch and what is decided about it.
  private final class Ward {
    let watch: Warden.Watch
    var policy: WardenPolicy
    /// When it may go on, while it asks too fast.
    var resumeAt: UInt64?
    /// One of its connects, or of its changes of a file, is on its way.
    var isConnecting = false
    /// So many connects to the internet are.
    var reaching = 0
    /// When its tally has something that waits.
    var tellAt: UInt64?

    init(_ watch: Warden.Watch, sockets: [String: String], now: UInt64) {
      self.watch = watch
      policy = WardenPolicy(watch.sandbox, sockets: sockets, now: now)
    }
  }

  private let warden: Warden
  private let connector: Connector
  /// Its own threads, so that peers far away keep nobody from the gateway.
  private let farConnector = Connector(threadsMax: 32)
  /// Connects of one tree to the internet that may be on their way while all else of it goes on.
  private static let reachingMax = 4
  private let tell: @Sendable (UInt64) -> Void
  private var wards: [UInt64: Ward] = [:]

  init(_ warden: Warden, _ connector: Connector, tell: @escaping @Sendable (UInt64) -> Void) {
    self.warden = warden
    self.connector = connector
    self.tell = tell
  }

  /// Never returns.
  func run() {
    var events = [rbot_event](repeating: rbot_event(), count: 64)
    while true {
      let count = rbot_epoll_wait(warden.epoll, &events, Int32(events.count), timeout())
      for event in events[..<Int(max(count, 0))] {
        if event.token == Self.wakeToken { finishConnects() } else { handle(event) }
      }
      let now = MonotonicClock.milliseconds
      for ward in wards.values {
        if let resume = ward.resumeAt, resume <= now {
          ward.resumeAt = nil
          listen(ward)
        }
        if let due = ward.tellAt, due <= now { tellDue(ward, now) }
      }
    }
  }

  private func timeout() -> Int32 {
    var next = UInt64.max
    for ward in wards.values { next = min(next, ward.resumeAt ?? .max, ward.tellAt ?? .max) }
    guard next < .max else { return -1 }
    let now = MonotonicClock.milliseconds
    return next <= now ? 0 : Int32(min(next - now, 60_000))
  }

  private func handle(_ event: rbot_event) {
    let now = MonotonicClock.milliseconds
    if event.events & UInt32(RBOT_EVENT_READ) == 0 { return ended(event.token) }
    guard let ward = wards[event.token] ?? adopt(event.token, now) else { return }
    if ward.watch.isHeld.load(ordering: .acquiring) {
      // Its calls wait for the end that is being made of it; a hang-up would be told over and over.
      ward.resumeAt = now + Self.heldPause
      return ignore(ward)
    }
    if let resume = ward.policy.pause(now: now) {
      ward.resumeAt = resume
      return ignore(ward)
    }
    var notification = rbot_notification()
    guard rbot_notify_receive(ward.watch.listener, &notification) == 0 else { return }
    answer(ward, notification, now)
  }

  /// How often a tree that is being killed is looked at again.
  private static let heldPause: UInt64 = 20

  private func adopt(_ id: UInt64, _ now: UInt64) -> Ward? {
    guard let watch = warden.watch(id) else { return nil }
    var sockets: [String: String] = [:]
    for path in watch.sandbox.sockets {
      sockets[WardenReader.normalised(path)] = path
      // The same socket by the real name of its folder, as a relative path would find it.
      if let real = Self.realParent(path) { sockets[real] = path }
    }
    let ward = Ward(watch, sockets: sockets, now: now)
    wards[id] = ward
    return ward
  }

  private static func realParent(_ path: String) -> String? {
    guard let cut = path.lastIndex(of: "/") else { return nil }
    guard let real = realpath(String(path[..<cut]) + "/", nil) else { return nil }
    defer { free(real) }
    return WardenReader.normalised(String(cString: real) + path[cut...])
  }

  /// The last of a tree has ended, perhaps without ever asking for anything.
  private func ended(_ id: UInt64) {
    guard let watch = wards[id]?.watch ?? warden.watch(id) else { return }
    _ = rbot_epoll_remove(warden.epoll, watch.listener)
    wards[id] = nil
    // Untold refusals stay with the process thread, which tells them before the end.
    warden.drop(id)
  }

  private func ignore(_ ward: Ward) { _ = rbot_epoll_remove(warden.epoll, ward.watch.listener) }

  private func listen(_ ward: Ward) {
    guard !ward.isConnecting, ward.reaching < Self.reachingMax, ward.resumeAt == nil else { return }
    _ = rbot_epoll_add(warden.epoll, ward.watch.listener, ward.watch.id, UInt32(RBOT_EVENT_READ))
  }

  // MARK: - Answers

  private func answer(_ ward: Ward, _ notification: rbot_notification, _ now: UInt64) {
    let listener = ward.watch.listener
    let census = warden.census(of: ward.watch)
    let reader = WardenReader(census: census)
    var call = reader.read(notification)
    var pidfd: Int32 = -1
    defer { if pidfd >= 0 { Glibc.close(pidfd) } }
    if rbot_call_kind(notification.number) == RBOT_CALL_SIGNAL_PIDFD {
      pidfd = take(Int32(truncatingIfNeeded: notification.arguments.0), of: notification)
      call = reader.signal(through: pidfd, notification)
    }
    // What was read may have been another's that has got the pid since.
    guard notification.task > 0, rbot_notify_is_valid(listener, notification.id) else {
      _ = rbot_notify_answer(listener, notification.id, EPERM)
      return
    }
    if case .task = call, ward.policy.tasks?.wantsCount(now: now) ?? false {
      let counts = census.tasks()
      let end = MonotonicClock.milliseconds
      ward.policy.tasks?.counted(own: counts.own, unclaimed: counts.unclaimed, took: end - now, now: end)
    }
    let decision = ward.policy.decide(call, now: now)
    if let kind = decision.told { note(kind, ward, now) }
    switch decision.verdict {
    case .proceed where pidfd >= 0:
      // The descriptor may be another by now, so the signal is sent through our copy.
      let status = rbot_pidfd_signal(pidfd, Int32(truncatingIfNeeded: notification.arguments.1))
      _ = rbot_notify_answer(listener, notification.id, status == 0 ? 0 : errno)
    case .proceed: _ = rbot_notify_continue(listener, notification.id)
    case .refuse(let code): _ = rbot_notify_answer(listener, notification.id, code)
    case .connect(let path): connect(ward, notification, to: path)
    case .reach(let address): reach(ward, notification, address)
    case .change(let change, let folder, let path):
      begin(ward, notification, on: connector) { connector, completion in
        connector.perform({ change.make(folder: folder, path: path) }, completion: completion)
      }
    }
  }

  private func take(_ fd: Int32, of notification: rbot_notification) -> Int32 {
    let copy = rbot_take_descriptor(notification.task, fd)
    guard copy < 0, errno == EINVAL else { return copy }
    return rbot_take_descriptor(ProcessTable.process(of: notification.task) ?? notification.task, fd)
  }

  private func reach(_ ward: Ward, _ notification: rbot_notification, _ address: [UInt8]) {
    guard let socket = socket(ward, notification, "an internet address") else { return }
    // Never by a Unix socket that was put in its place: that would be another address altogether.
    guard [AF_INET, AF_INET6].contains(rbot_socket_family(socket)) else {
      Glibc.close(socket)
      note(.init(call: "connect", detail: "address family \(AF_UNIX)"), ward, MonotonicClock.milliseconds)
      _ = rbot_notify_answer(ward.watch.listener, notification.id, EACCES)
      return
    }
    // A peer that does not answer takes ten seconds: the tree's other calls need not wait for it.
    ward.reaching += 1
    if ward.reaching >= Self.reachingMax { ignore(ward) }
    let (id, call) = (ward.watch.id, notification.id)
    let isTaken = farConnector.reach(socket, address) { [warden] code in
      warden.connected(.init(watch: id, notification: call, code: code, isFar: true))
    }
    if !isTaken { finish(.init(watch: id, notification: call, code: EAGAIN, isFar: true)) }
  }

  private func connect(_ ward: Ward, _ notification: rbot_notification, to path: String) {
    guard let socket = socket(ward, notification, path) else { return }
    begin(ward, notification, on: connector, isUnix: true) { $0.connect(socket, path, completion: $1) }
  }

  /// A copy of the socket that is to be connected; nil where it could not be had, and that was answered.
  private func socket(_ ward: Ward, _ notification: rbot_notification, _ goal: String) -> Int32? {
    let listener = ward.watch.listener
    let socket = take(Int32(truncatingIfNeeded: notification.arguments.0), of: notification)
    guard socket >= 0 else {
      let code = errno
      if code != EBADF {
        note(
          .init(call: "connect", detail: "\(goal): its socket cannot be had: \(SystemError.text(code))"),
          ward, MonotonicClock.milliseconds)
      }
      _ = rbot_notify_answer(listener, notification.id, code)
      return nil
    }
    guard rbot_notify_is_valid(listener, notification.id) else {
      Glibc.close(socket)
      return nil
    }
    return socket
  }

  /// Has something done for a tree, which waits for it; an errno of EAGAIN where too much waits already.
  private func begin(
    _ ward: Ward, _ notification: rbot_notification, on connector: Connector, isUnix: Bool = false,
    _ start: (Connector, @escaping @Sendable (Int32) -> Void) -> Bool
  ) {
    ward.isConnecting = true
    ignore(ward)
    let (id, call) = (ward.watch.id, notification.id)
    let isTaken = start(connector) { [warden] code in
      warden.connected(.init(watch: id, notification: call, code: code, isUnix: isUnix))
    }
    if !isTaken { finish(.init(watch: id, notification: call, code: EAGAIN)) }
  }

  private func finishConnects() {
    for result in warden.takeConnected() { finish(result) }
  }

  private func finish(_ result: Warden.Connected) {
    guard let ward = wards[result.watch] else { return }
    _ = rbot_notify_answer(ward.watch.listener, result.notification, result.code)
    if result.isFar {
      ward.reaching -= 1
      guard ward.reaching == Self.reachingMax - 1 else { return }
    } else {
      if result.isUnix, result.code == 0 { ward.policy.connected(now: MonotonicClock.milliseconds) }
      ward.isConnecting = false
    }
    listen(ward)
  }

  // MARK: - Telling

  private func note(_ kind: RefusalTally.Kind, _ ward: Ward, _ now: UInt64) {
    ward.watch.tally.withLock { $0.add(kind, now: now) }
    tellDue(ward, now)
  }

  private func tellDue(_ ward: Ward, _ now: UInt64) {
    ward.tellAt = ward.watch.tally.withLock { $0.nextDue() }
    guard let due = ward.tellAt, due <= now else { return }
    tell(ward.watch.id)
    // The process thread takes it; a look after that finds what is due next.
    ward.tellAt = now + 50
  }
}
