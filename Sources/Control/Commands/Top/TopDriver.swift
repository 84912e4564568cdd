import Foundation
import Glibc
import Model
import NIOCore
import Synchronization
import Wire

/// Runs `rbotctl top`: brings keys, data and time to the state, draws it, and does what it asks for.
///
/// Everything ends up in one queue of events; only the loop that reads it knows the state.
final class TopDriver: Sendable {
  enum Event: Sendable {
    case input(TopState.Input)
    /// The size may have changed, or the program was continued.
    case woken
    /// Nobody is at the terminal any more.
    case inputEnded
  }

  private let session: Session
  private let stream: AsyncStream<Event>
  private let events: AsyncStream<Event>.Continuation
  private let logs = TopLogSource()
  /// The connection for status and commands, or the attempt to make it: whoever asks meanwhile waits for the same.
  private let client = Mutex<Task<Client, any Error>?>(nil)

  init(_ session: Session) {
    self.session = session
    // A person cannot type that fast; log lines are counted where they wait.
    (stream, events) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(4_096))
  }

  /// Runs until the person leaves.
  func run() async throws {
    let wake = try TopTerminal.take()
    defer { TopTerminal.giveBack() }
    readKeys(wake)
    let poller = Task { await poll() }
    defer { poller.cancel() }
    let page = session.page
    var state = TopState(size: page.size ?? .init(columns: 80, rows: 24), now: page.now)
    var shown: TopFrame?
    try draw(state, &shown)
    for await event in stream {
      var effects: [TopState.Effect] = []
      let page = session.page
      switch event {
      case .inputEnded: return
      case .woken:
        shown = nil
        effects = state.handle(.resize(page.size ?? state.size), now: page.now)
      case .input(let input): effects = state.handle(input, now: page.now)
      }
      for effect in effects {
        switch effect {
        case .quit: return
        case .redraw: shown = nil
        case .suspend:
          TopTerminal.suspend()
          shown = nil
        default: perform(effect)
        }
      }
      try draw(state, &shown)
    }
  }

  private func draw(_ state: TopState, _ shown: inout TopFrame?) throws {
    let page = session.page
    let frame = TopFrame(
      TopView(state, page: page).rows, size: state.size, isColoured: page.isColoured)
    let changes = frame.changes(from: shown)
    shown = frame
    if !changes.isEmpty { try session.surroundings.output.write(changes) }
  }

  // MARK: Keys

  /// On a thread of its own, which waits in the kernel.
  private func readKeys(_ wake: Int32) {
    let events = events
    Thread.detachNewThread {
      var reader = TopKeyReader()
      var bytes = [UInt8](repeating: 0, count: 1_024)
      while true {
        var waits = [
          pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0),
          pollfd(fd: wake, events: Int16(POLLIN), revents: 0),
        ]
        // An escape that nothing follows within a moment is the key.
        let count = Glibc.poll(&waits, 2, 50)
        if count == 0 {
          for key in reader.settle() { events.yield(.input(.key(key))) }
          _ = Glibc.poll(&waits, 2, 1_000)
        }
        if waits[1].revents != 0, read(wake, &bytes, bytes.count) > 0 { events.yield(.woken) }
        guard waits[0].revents != 0 else { continue }
        let got = read(STDIN_FILENO, &bytes, bytes.count)
        if got > 0 {
          for key in reader.keys(bytes[..<got]) { events.yield(.input(.key(key))) }
        } else if got == 0 || (errno != EINTR && errno != EAGAIN) {
          events.yield(.inputEnded)
          return
        }
      }
    }
  }

  // MARK: The daemon

  /// Asks for the status again and again; a daemon that goes away is waited for.
  private func poll() async {
    while !Task.isCancelled {
      var pause = Duration.seconds(1)
      do {
        let status = try await connected().request("status", ["strategy": nil], timeout: .seconds(5))
        // Many are read by rbotd every two seconds only.
        if status.items("strategies").count > 50 { pause = .seconds(2) }
        events.yield(.input(.status(status)))
      } catch {
        // One that is only slow goes on: a stop that is under way has its answer there.
        if (error as? Failure)?.reason != "timeout" { drop() }
        events.yield(.input(.lost("\(error)")))
      }
      events.yield(.input(.tick))
      try? await Task.sleep(for: pause)
    }
  }

  private func connected() async throws -> Client {
    let session = session
    let attempt = client.withLock { client in
      let attempt = client ?? Task { try await session.connect() }
      client = attempt
      return attempt
    }
    do {
      return try await attempt.value
    } catch {
      client.withLock { if $0 == attempt { $0 = nil } }
      throw error
    }
  }

  private func drop() {
    let old = client.withLock { client in
      defer { client = nil }
      return client
    }
    if let old { Task { try? await old.value.close() } }
  }

  private func perform(_ effect: TopState.Effect) {
    switch effect {
    case .command(let verb, let name): Task { await command(verb, name) }
    case .askRuns(let name): Task { await askRuns(name) }
    case .openLogs(let name): logs.open(name, session, events)
    case .closeLogs: logs.close()
    case .suspend, .redraw, .quit: break
    }
  }

  private func command(_ verb: String, _ name: String) async {
    do {
      // A freeze is a pause that stops the processes as well.
      let isFreeze = verb == "freeze"
      var params = JSONObject()
      params["names"] = [.string(name)]
      params["wait"] = true
      if isFreeze { params["freeze"] = true }
      let answer = try await connected().request(
        "strategy.\(isFreeze ? "pause" : verb)", .object(params), timeout: Client.commandTimeout)
      let result = answer.items("results").first ?? .null
      let isDone = result["ok"]?.boolValue == true
      let said = result.text("message").isEmpty ? result.text("state") : result.text("message")
      events.yield(.input(.answer("\(verb) \(name): \(said)", isTrouble: !isDone)))
    } catch {
      let message = (error as? RPCError)?.message ?? "\(error)"
      events.yield(.input(.answer("\(verb) \(name): \(message)", isTrouble: true)))
    }
  }

  /// A daemon that doesn't know the question leaves that part of the page out.
  private func askRuns(_ name: String) async {
    guard let answer = try? await connected().request("runs", ["name": .string(name), "limit": 20]) else {
      return
    }
    events.yield(.input(.runs(name, answer.items("runs"))))
  }
}
