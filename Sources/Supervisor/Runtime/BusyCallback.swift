import Lifecycle
import Model
import Wire

/// A strategy's callback that runs, as its last heartbeat told. The beats themselves come from another thread, so they
/// go on while a callback hangs.
struct BusyCallback {
  let name: String
  /// When it began, by our clock; later where the process stood still meanwhile.
  var since: Moment

  func time(_ now: Moment) -> Duration { max(now - since, .zero) }

  /// For people: `on_quote has been running for 61 s`.
  func words(_ now: Moment) -> String {
    "\(name) has been running for \(time(now).components.seconds) s"
  }
}

/// How long a callback may run.
enum CallbackLimit {
  /// Where the manifest says nothing.
  static let usual = Duration.seconds(60)
  /// The one function of a file without callbacks. It may well be the strategy's own loop.
  static let ownLoop = "run"

  /// Nil: as long as it likes.
  ///
  /// - Parameter wish: the manifest's `health.callback_timeout`; zero is without end.
  static func of(_ callback: String, wish: Duration?) -> Duration? {
    guard let wish else { return callback == ownLoop ? nil : usual }
    return wish > .zero ? wish : nil
  }
}

extension Supervisor {
  /// Takes in what a heartbeat says of the callback that runs, and ends a strategy in which one has run too long.
  func judge(_ beat: Heartbeat, of worker: Worker, _ generation: Generation) {
    guard let callback = beat.callback, let busy = beat.busyMilliseconds else {
      worker.busy = nil
      return
    }
    let now = Moment.now
    let began = now - .milliseconds(min(busy, 1 << 50))
    let call = BusyCallback(name: Self.oneLine(callback), since: max(began, worker.thawedAt ?? began))
    worker.busy = call
    let isJudged = [.ready, .paused].contains(worker.lifecycle.state) && !worker.lifecycle.isFrozen
    let limit = CallbackLimit.of(callback, wish: worker.plan.callbackTimeout)
    guard isJudged, let limit, call.time(now) > limit else { return }
    let reason = "\(call.words(now)), and health.callback_timeout is \(limit.components.seconds) s"
    apply(.exceeded(generation, reason: reason), to: worker)
  }
}

extension Worker {
  /// The callback that has been running for longer than a heartbeat; nil where none has.
  var stuck: BusyCallback? {
    guard let busy, !lifecycle.isFrozen, [.ready, .paused].contains(lifecycle.state),
      busy.time(.now) > plan.policy.heartbeat
    else { return nil }
    return busy
  }

  /// The same for people, with what comes of it.
  var stuckWords: String? {
    guard let stuck else { return nil }
    let limit = CallbackLimit.of(stuck.name, wish: plan.callbackTimeout)
    return stuck.words(.now)
      + (limit.map { ", and is killed after \($0.components.seconds) s (health.callback_timeout)" } ?? "")
  }
}
