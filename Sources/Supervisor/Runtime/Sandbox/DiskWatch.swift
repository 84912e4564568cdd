import Lifecycle
import Model
import Platform
import SupervisorStore

/// Measures the state folders of those who may not fill the disk.
struct DiskWatch {
  static let every = Duration.seconds(10)

  struct Subject: Sendable {
    var name: String
    var generation: Generation
    var folder: String
    var user: UInt32?
    var limit: UInt64
    /// Its live process, which may hold files that have no name any more.
    var process: SampleSubject.ProcessIdentity?
  }

  /// A look is on its way; the next one waits for its end.
  var isLooking = false
  var isLookingAtRoom = false
  var room = DiskRoomWatch()

  /// Looks into one folder.
  ///
  /// - Returns: why its worker has to end, nil where it need not; a failure where that cannot be told.
  static func look(_ subject: Subject) -> Result<String?, SandboxMistake> {
    // A folder on a slow disk must not keep the others from being looked at.
    let end = ContinuousClock.now + .seconds(5)
    do throws(SystemError) {
      var size = try FileTree(path: subject.folder).size(as: subject.user) { ContinuousClock.now > end }
      if let process = subject.process {
        size.bytes += TreeHoldings.deletedBytes(
          pid: process.pid, startTicks: process.startTicks, folder: subject.folder)
      }
      if let reason = excess(size, subject) { return .success(reason) }
      guard size.extent == .stopped else { return .success(nil) }
      return .failure(
        SandboxMistake("limits.disk is not in force: \(subject.folder) takes longer than 5 s to measure"))
    } catch {
      return .failure(SandboxMistake("limits.disk is not in force: \(error)"))
    }
  }

  /// Why a worker has to end; nil where its folder is within its limit.
  static func excess(_ size: FileTree.Size, _ subject: Subject) -> String? {
    if size.extent == .tooMany {
      return
        "its state folder holds \(size.entries) files and more, or folders too deep in each other; the most is "
        + "\(FileTree(path: "").entriesMax) (limits.disk)"
    }
    guard size.bytes > subject.limit else { return nil }
    return "its state folder holds \(ByteWords.of(size.bytes)), and limits.disk allows "
      + "\(ByteWords.of(subject.limit)): "
      + "remove something from \(subject.folder), or raise the limit"
  }
}

extension Supervisor {
  /// One look at all that have a limit and run; called every ten seconds.
  func watchDisks() {
    guard !disks.isLooking else { return }
    let subjects = strategies.compactMap { worker -> DiskWatch.Subject? in
      guard let limit = worker.plan.wish.diskBytes, worker.process != nil,
        let generation = worker.lifecycle.liveGeneration
      else { return nil }
      return DiskWatch.Subject(
        name: worker.name, generation: generation, folder: options.layout.stateDirectory(of: worker.name),
        user: worker.user, limit: limit,
        process: worker.process.map { .init(pid: $0.pid, startTicks: $0.startTicks) })
    }
    guard !subjects.isEmpty else { return }
    disks.isLooking = true
    Task {
      for subject in subjects {
        let look = await SandboxDriver.away { DiskWatch.look(subject) }
        switch look {
        case .success(let reason?):
          self.workers[subject.name]?.isOverDisk = true
          self.apply(.exceeded(subject.generation, reason: reason), to: subject.name)
        case .success(nil): break
        case .failure(let mistake): self.unmeasured(subject, mistake)
        }
      }
      self.disks.isLooking = false
    }
  }

  /// Looks again before a worker that held too much is started: it would only be ended once more.
  ///
  /// - Parameter then: gets the reason against it, nil where there is none.
  func withinDisk(
    _ worker: Worker, _ generation: Generation,
    _ then: @escaping @Sendable (isolated Supervisor, String?) -> Void
  ) {
    guard worker.isOverDisk, let limit = worker.plan.wish.diskBytes else { return then(self, nil) }
    let subject = DiskWatch.Subject(
      name: worker.name, generation: generation, folder: options.layout.stateDirectory(of: worker.name),
      user: worker.user, limit: limit)
    Task {
      var reason: String?
      if case .success(let found?) = await SandboxDriver.away({ DiskWatch.look(subject) }) { reason = found }
      if reason == nil { self.workers[subject.name]?.isOverDisk = false }
      then(self, reason)
    }
  }

  /// Said once: the next look is ten seconds away.
  private func unmeasured(_ subject: DiskWatch.Subject, _ mistake: SandboxMistake) {
    guard let worker = workers[subject.name], worker.toldWarnings.insert(mistake.description).inserted else {
      return
    }
    log(worker.name, run: worker.run?.id, .supervisor, .warning, mistake.description)
  }
}
