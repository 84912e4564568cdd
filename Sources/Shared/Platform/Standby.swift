import CPlatform
import Glibc

/// An rbot-exec that was started before anybody needed it and waits to be told what to become: with its descriptors, and
/// with a Landlock ruleset that holds already what all sandboxes share. A crashed worker's successor then waits for none
/// of that, which takes half as long as the rest of a start.
///
/// It has nothing of any worker before it is told, and holds no share of the lock: a daemon that ends leaves nobody
/// behind who would keep the next one out.
struct Standby {
  /// What it was started with, and what it cannot change any more.
  struct Terms: Equatable {
    var helper: String
    var shared: SharedPlaces?
    var allowsNetwork: Bool

    /// - Returns: nil where a request is of another kind than those that come again and again.
    init?(_ request: SpawnRequest) {
      guard let sandbox = request.sandbox, request.output == .pipes else { return nil }
      helper = request.helper
      shared = sandbox.shared
      allowsNetwork = sandbox.allowsNetwork
    }
  }

  let terms: Terms
  let launch: Launch
  /// The version of Landlock that its ruleset is for; nil where it has none.
  let rules: Int32?

  /// What rbot-exec takes at the most, see its await.h.
  private static let bytesMax = 64 << 10
  private static let wordsMax = 1_024

  /// Tells it what to become.
  ///
  /// - Returns: false where it cannot be told, or is no more; then it is of no use to anybody.
  func become(_ request: SpawnRequest) -> Bool {
    let words = request.arguments(parent: getpid(), ruleset: rules)
    let variables = request.environmentLines
    guard let text = Self.text(words, variables) else { return false }
    var lock: Int32 = -1
    if let shared = request.lock {
      lock = LockFile.share(of: shared)
      guard lock >= 0 else { return false }
    }
    defer { if lock >= 0 { close(lock) } }
    return text.withUnsafeBytes { rbot_send_whole(launch.report, $0.baseAddress, $0.count, lock) == 0 }
  }

  private static func text(_ words: [String], _ variables: [String]) -> [UInt8]? {
    guard words.count + variables.count <= wordsMax else { return nil }
    let header = 3 * MemoryLayout<UInt32>.size
    var text = [UInt8](repeating: 0, count: header)
    for part in [words, variables] {
      for item in part {
        text += item.utf8
        text.append(0)
      }
    }
    guard text.count - header <= bytesMax else { return nil }
    let numbers = [text.count - header, words.count, variables.count].map { UInt32($0) }
    text.withUnsafeMutableBytes { text in numbers.withUnsafeBytes { text.copyMemory(from: $0) } }
    return text
  }

  /// Ends it; its pidfd is the caller's, who reaps it.
  func dismiss() {
    _ = rbot_pidfd_signal(launch.pidfd, SIGKILL)
    close(launch.report)
    launch.closeEnds()
  }
}

extension SpawnRequest {
  fileprivate var withoutSecrets: SpawnRequest {
    var request = self
    request.environment = [:]
    return request
  }
}

/// The one that stands by.
extension ProcessLoop {
  /// Starts a process: the one that stands by where it will do.
  func launch(_ request: SpawnRequest) throws(SpawnError) -> Launch {
    let underway = launching.values.count { $0.phase == .launching && $0.watch == nil }
    let terms = Standby.Terms(request)
    defer { if terms != nil { standbyWanted = request.withoutSecrets } }
    // It is the first to go where descriptors are few, and goes where things are not what they were.
    let hasRoom = Spawner.hasRoom(for: request, underway)
    if let terms, let found = standby {
      standby = nil
      if hasRoom, found.terms == terms, found.become(request) { return found.launch }
      dismiss(found)
    } else if !hasRoom, let found = standby {
      standby = nil
      dismiss(found)
    }
    return try Spawner.launch(request, underway)
  }

  /// Has one stand by once there is nothing else to do.
  func keepStandby() {
    guard let request = standbyWanted, standby == nil, mailbox.isEmpty else { return }
    // If it cannot be had now, the next start asks again.
    standbyWanted = nil
    guard let terms = Standby.Terms(request) else { return }
    standby = Spawner.standby(like: request, terms)
  }

  private func dismiss(_ standby: Standby) {
    standby.dismiss()
    dismissed.append(standby.launch.pidfd)
    reapDismissed()
  }

  /// Those that ended unused.
  func reapDismissed() {
    var wait = rbot_wait()
    if let found = standby, rbot_wait_pidfd(found.launch.pidfd, true, &wait) == 0, wait.pid != 0 {
      // Somebody has ended it.
      standby = nil
      found.dismiss()
      dismissed.append(found.launch.pidfd)
    }
    dismissed.removeAll { pidfd in
      guard rbot_wait_pidfd(pidfd, false, &wait) != 0 || wait.pid != 0 else { return false }
      close(pidfd)
      return true
    }
  }
}
