import Config
import Glibc
import Lifecycle
import Model
import NIOCore
import Platform
import SupervisorStore

/// What the supervisor knows of sandboxes.
struct SandboxBook: ~Copyable {
  var ground: SandboxGround?
  /// The cgroup that was delegated to us, divided.
  var division: CgroupDivision?
  var users = WorkerUsers(range: 60_600...61_183, taken: [], remembered: [:], owners: [:])
  var pythons = PythonBook()
  /// Kept for as long as workers may run.
  var pins = ProcPins([])
  /// When what all strategies share was last looked at.
  var sharedSeen = Moment.now
}

/// A plan that has been prepared, with what it was made of.
struct PreparedCell: Sendable {
  var plan: WorkerPlan
  var ground: SandboxGround
  var user: UInt32?
  var cell: SandboxPlan
  var made: Moment

  /// Made so short a time ago that it would not come out otherwise.
  func isFresh(at now: Moment) -> Bool { now < made + .seconds(1) }
}

extension Supervisor {
  /// Looks at the machine, and makes the folders that workers need; before the first of them.
  func prepareGround() throws {
    // A database or a log that is made from now on is for our own user alone.
    umask(0o077)
    if let delegated = Cgroup.delegated() { divide(delegated) }
    let held = Capability.inEffect()
    let isAble = held.isSuperset(of: [.setUser, .setGroup, .changeOwner, .kill, .traceOthers])
    var ground = SandboxGround(
      ownUser: PeerCredentials.ownUser, mayChangeUser: isAble, wantsUsers: options.settings.sandbox.users,
      controllers: cells.division?.controllers, places: options.places)
    try SandboxDriver.makeHome(ground.places, opensForUsers: ground.whyNoUsers == nil)
    ground.shared = SandboxDriver.shared(nil, places: ground.places)
    cells.ground = ground
    cells.pins = ProcPins(SandboxPaths.pinned)
    cells.users = WorkerUsers(
      range: options.settings.sandbox.uids, taken: knownUsers(), remembered: rememberedUsers,
      owners: SandboxDriver.owners(in: ground.places.states))
    if let why = ground.whyNoUsers { say(.info, "strategies run as rbotd's own user: \(why)") }
  }

  private func divide(_ delegated: Cgroup) {
    do throws(SystemError) {
      let division = try CgroupDivision(of: delegated)
      let left = division.sweep()
      if !left.killed.isEmpty { say(.warning, "killed what an earlier rbotd had left of \(left.killed)") }
      if !left.stuck.isEmpty { say(.critical, "the kernel does not end what is left of \(left.stuck)") }
      cells.division = division
    } catch {
      say(.warning, "the delegated cgroup cannot be divided, so workers share rbotd's: \(error)")
    }
  }

  /// The sandbox of a worker's next process: the one that it had where nothing has changed, since a restart must be
  /// quick; else a new one, made where waiting keeps nobody waiting.
  func withCell(
    of worker: Worker,
    _ then: @escaping @Sendable (isolated Supervisor, Result<SandboxPlan, SandboxMistake>) -> Void
  ) {
    guard let known = cells.ground else {
      return later { then($0, .failure(SandboxMistake("rbotd is not running yet"))) }
    }
    let user = known.whyNoUsers == nil ? own(worker.name) : nil
    if let cell = worker.cell, cell.plan == worker.plan, cell.ground == known, cell.user == user {
      return then(self, .success(cell.cell))
    }
    worker.cell = nil
    let (name, plan) = (worker.name, worker.plan)
    Task {
      await self.lookAtShared()
      guard let ground = self.cells.ground else { return }
      var user = user
      var seen = await self.lookAround(plan.command[0], folder: plan.folder, user)
      while let taken = user, let stranger = seen.stranger {
        user = self.exchange(taken, of: name, usedBy: stranger)
        seen = await self.lookAround(plan.command[0], folder: plan.folder, user)
      }
      let result = await self.makeCell(name, plan, user, ground, pythons: seen.pythons)
      if case .success(let cell) = result, let worker = self.workers[name] {
        worker.cell = PreparedCell(plan: plan, ground: ground, user: user, cell: cell, made: .now)
      }
      then(self, result)
    }
  }

  /// Makes what all strategies share anew where it has changed: looked at when a plan is made, once for all that are made
  /// within a second, and every ten seconds for those that are used again.
  func lookAtShared() async {
    guard let places = cells.ground?.places, cells.sharedSeen + .seconds(1) < .now else { return }
    cells.sharedSeen = .now
    let before = cells.ground?.shared
    let shared = await SandboxDriver.away { SandboxDriver.shared(before, places: places) }
    cells.ground?.shared = shared
  }

  /// The user id that is a strategy's own.
  private func own(_ name: String) -> UInt32? {
    guard let given = cells.users.assign(name) else { return nil }
    if given.isNew { store.save(user: given.user, of: name) }
    return given.user
  }

  /// Another user id for a strategy, since somebody else runs as its own: two rbotd of one machine do not know of each
  /// other, and their strategies would share a user.
  private func exchange(_ user: UInt32, of name: String, usedBy stranger: Int32) -> UInt32? {
    say(
      .warning,
      "\(name) gets another user id than \(user), as which the process \(stranger) runs that is none of ours: "
        + "give each rbotd of this machine a range of its own (sandbox.uids)")
    cells.users.avoid(user)
    return own(name)
  }

  /// What of the machine a plan depends on, all in one look.
  ///
  /// - Parameter word: the command's first.
  private func lookAround(_ word: String, folder: String, _ user: UInt32?) async -> (
    stranger: Int32?, pythons: [PythonBook.Key]
  ) {
    let (range, mark, places) = (cells.users.range, options.mark, options.places)
    return await SandboxDriver.away {
      let view = SandboxDriver.view
      return (
        stranger: user.flatMap { SandboxDriver.stranger($0, in: range, mark: mark) },
        pythons: PythonCommand.candidates(word, folder: folder, places, view).compactMap(PythonBook.Key.init)
      )
    }
  }

  private func makeCell(
    _ name: String, _ plan: WorkerPlan, _ user: UInt32?, _ ground: SandboxGround,
    pythons: [PythonBook.Key]
  ) async -> Result<SandboxPlan, SandboxMistake> {
    let places = ground.places
    let choice: PythonChoice?
    switch await choosePython(pythons, user: user) {
    case nil: choice = nil
    case .success(let found): choice = found
    case .failure(let mistake): return .failure(mistake)
    }
    return await SandboxDriver.away {
      Result { () throws(SandboxMistake) in
        let cell = try SandboxPlan(
          name: name, folder: plan.folder, command: plan.command, wish: plan.wish, python: choice, user: user,
          ground: ground, view: SandboxDriver.view)
        do throws(SystemError) {
          try FileTree(path: places.state(of: name)).own(by: cell.sandbox.user?.uid)
        } catch {
          throw SandboxMistake("\(error)")
        }
        return cell
      }
    }
  }

  /// Takes in what is in force of a worker that runs; what is not is said once, not at every restart.
  func confined(_ worker: Worker, _ cell: SandboxPlan, cgroup: [SandboxLayer], _ process: SpawnedProcess) {
    worker.confinement = SandboxReport(cell, cgroup: cgroup, launched: process.layers)
    for warning in worker.confinement.warnings where worker.toldWarnings.insert(warning).inserted {
      log(worker.name, run: worker.run?.id, .supervisor, .warning, warning)
    }
    if let note = cell.note, worker.toldWarnings.insert(note).inserted {
      log(worker.name, run: worker.run?.id, .supervisor, .info, note)
    }
    // Its own inodes below /proc, see ProcPins.
    worker.pin = ProcPins(["/proc/\(process.pid)"])
    let isMute = process.layers.contains { $0.name == "reports" && !$0.isInForce }
    guard isMute else { return }
    // From now on plans do without it; others may have been started by the old plan at the same time.
    cells.ground?.hasListener = false
    if cell.sandbox.user != nil, let generation = worker.lifecycle.liveGeneration {
      let name = worker.name
      later {
        $0.apply(
          .exceeded(
            generation,
            reason: "cannot reach the gateway as a user of its own on this kernel; without one it can"),
          to: name)
      }
    }
  }
}
