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
}

/// A plan that has been prepared, with what it was made of.
struct PreparedCell: Sendable {
  var plan: WorkerPlan
  var ground: SandboxGround
  var user: UInt32?
  var cell: SandboxPlan
}

extension Supervisor {
  /// Looks at the machine, and makes the folders that workers need; before the first of them.
  func prepareGround() throws {
    // A database or a log that is made from now on is for our own user alone.
    umask(0o077)
    if let delegated = Cgroup.delegated() { divide(delegated) }
    let held = Capability.inEffect()
    let isAble = held.isSuperset(of: [.setUser, .setGroup, .changeOwner, .kill, .traceOthers])
    let ground = SandboxGround(
      ownUser: PeerCredentials.ownUser, mayChangeUser: isAble, wantsUsers: options.settings.sandbox.users,
      controllers: cells.division?.controllers, places: options.places)
    try SandboxDriver.makeHome(ground.places, opensForUsers: ground.whyNoUsers == nil)
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
    guard let ground = cells.ground else {
      return later { then($0, .failure(SandboxMistake("rbotd is not running yet"))) }
    }
    let user = ground.whyNoUsers == nil ? own(worker.name) : nil
    if let cell = worker.cell, cell.plan == worker.plan, cell.ground == ground, cell.user == user {
      return then(self, .success(cell.cell))
    }
    worker.cell = nil
    let (name, plan) = (worker.name, worker.plan)
    Task {
      let result = await self.makeCell(name, plan, user, ground)
      if case .success(let cell) = result, let worker = self.workers[name] {
        worker.cell = PreparedCell(plan: plan, ground: ground, user: user, cell: cell)
      }
      then(self, result)
    }
  }

  /// The user id that is a strategy's own.
  private func own(_ name: String) -> UInt32? {
    guard let given = cells.users.assign(name) else { return nil }
    if given.isNew { store.save(user: given.user, of: name) }
    return given.user
  }

  private func makeCell(_ name: String, _ plan: WorkerPlan, _ user: UInt32?, _ ground: SandboxGround) async
    -> Result<SandboxPlan, SandboxMistake>
  {
    let places = ground.places
    let key = await SandboxDriver.away { () -> PythonBook.Key? in
      let view = SandboxDriver.view
      return PythonCommand.find(
        plan.command[0], folder: plan.folder, searchPath: places.searchPath, view
      ).flatMap { PythonCommand.interpreter($0, folder: plan.folder, places, view) }.flatMap(
        PythonBook.Key.init)
    }
    var python: PythonPlace?
    if let key {
      switch await self.python(key) {
      case .success(let place): python = place
      case .failure(let mistake): return .failure(mistake)
      }
    }
    let known = python
    return await SandboxDriver.away {
      Result { () throws(SandboxMistake) in
        let cell = try SandboxPlan(
          name: name, folder: plan.folder, command: plan.command, wish: plan.wish, python: known, user: user,
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
