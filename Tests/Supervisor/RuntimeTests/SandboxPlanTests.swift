import Platform
import Testing

@testable import Runtime

@Suite("What a strategy may reach")
struct SandboxPlanTests {
  @Test("The system, its own folder and the SDK can be read; its state alone can be written")
  func usual() throws {
    let sandbox = try Machine().plan().sandbox
    #expect(
      sandbox.readable == [
        "/usr", "/opt", "/etc/passwd", "/etc/ssl", "/srv/strategies/grid", "/srv/bot/run/python",
        "/srv/strategies/rbot", "/proc/self", "/proc/cpuinfo",
      ])
    #expect(sandbox.writable == ["/srv/bot/state/grid", "/dev/null"])
    #expect(sandbox.sockets == ["/srv/bot/run/gateway.sock"])
    #expect(!sandbox.allowsNetwork && sandbox.user == .init(uid: 60_600, gid: 60_600))
  }

  @Test("A program outside of the system is opened alone, not the folder that it is in")
  func program() throws {
    var machine = Machine()
    machine.ground.places.searchPath = "/home/me/bin:/usr/bin"
    machine.add("/home", folder: true)
    machine.add("/home/me", folder: true)
    machine.add("/home/me/bin", folder: true)
    machine.add("/home/me/bin/trade", mode: 0o755)
    let readable = try machine.plan(command: ["trade"]).sandbox.readable
    #expect(readable.contains("/home/me/bin/trade") && !readable.contains("/home/me/bin"))
  }

  @Test("A home below /usr or /opt keeps that from being opened as a whole")
  func homeInOpt() throws {
    var machine = Machine()
    machine.ground.places.state = "/opt/bot"
    machine.add("/opt/lib", folder: true)
    let readable = try machine.plan().sandbox.readable
    #expect(!readable.contains("/opt") && readable.contains("/opt/lib"))
  }

  @Test(
    "A path that would open what is not the strategy's is refused with a sentence",
    arguments: [
      ("/", "sandbox.read: / is far too much"), ("/srv", "would open the supervisor's database"),
      ("/srv/bot", "would open the supervisor's database"),
      ("/srv/bot/trading.sqlite-wal", "would open the gateway's database"),
      ("/srv/bot/run/control.sock", "would open rbotd's sockets"),
      ("/srv/bot/state/other", "would open the state of other strategies"),
      ("../other", "would open the folder of another strategy, /srv/strategies/other"),
      ("..", "would open the folders of other strategies"), ("/proc", "is far too much"),
      ("data/../../../bot", "would open"), ("/shortcut", "would open the supervisor's database"),
    ])
  func refused(_ path: String, _ sentence: String) {
    var machine = Machine()
    machine.addStrategy("other")
    machine.links["/shortcut"] = "/srv/bot"
    #expect(message { try machine.plan(wish { $0.read = [path] }) }.contains(sentence))
  }

  @Test("Data that strategies share can be read, and so can a strategy's own subfolder")
  func shared() throws {
    var machine = Machine()
    machine.add("/srv/strategies/quotes", folder: true)
    let readable = try machine.plan(wish { $0.read = ["../quotes", "data"] }).sandbox.readable
    #expect(readable.contains("/srv/strategies/quotes"))
  }

  @Test(
    "What is trusted cannot be made writable",
    arguments: [
      (".", "would let it change its own manifest"),
      ("/usr/share", "would let it change the system's programs"),
      ("../rbot", "would let it change the SDK"),
    ])
  func notWritable(_ path: String, _ sentence: String) {
    #expect(message { try Machine().plan(wish { $0.write = [path] }) }.contains(sentence))
  }

  @Test("A folder that holds the databases is no strategy's")
  func folderWithDatabases() {
    let said = message { try Machine().plan(folder: "/srv/bot") }
    #expect(said == "its folder /srv/bot would open the supervisor's database, /srv/bot/supervisor.sqlite")
  }

  private func message(_ body: () throws -> SandboxPlan) -> String {
    do {
      _ = try body()
      return ""
    } catch {
      return "\(error)"
    }
  }
}

@Suite("As whom a strategy runs")
struct SandboxUserTests {
  static let shim = PythonPlace(
    executable: "/root/py/bin/python3", prefixes: ["/root/py"], paths: ["/root/py/lib"])

  private func closedRoot() -> Machine {
    var machine = Machine()
    machine.add("/root", folder: true, mode: 0o700)
    for folder in ["/root/py", "/root/py/bin", "/root/py/lib"] { machine.add(folder, folder: true) }
    machine.add("/root/py/bin/python3", mode: 0o755)
    return machine
  }

  @Test("An interpreter that the user cannot reach costs the layer, and the warning says what to do")
  func unreachable() throws {
    let plan = try closedRoot().plan(command: ["python3", "x.py"], python: Self.shim)
    #expect(plan.sandbox.user == nil)
    #expect(
      plan.warnings == [
        "it runs as rbotd's own user: /root/py/bin/python3 cannot be reached by uid 60600, since /root is closed to "
          + "it: set supervisor.python = \"/usr/bin/python3\", or open the folder"
      ])
    #expect(plan.command == ["/root/py/bin/python3", "x.py"])
    #expect(plan.sandbox.readable.contains("/root/py"))
  }

  @Test("A virtual environment in the strategy's folder stays the one that runs, with its packages")
  func environment() throws {
    var machine = Machine()
    machine.links["/srv/strategies/grid/.venv/bin/python"] = "/usr/bin/python3.11"
    let system = PythonPlace(executable: "/usr/bin/python3.11", prefixes: ["/usr"], paths: ["/usr/lib"])
    let plan = try machine.plan(command: [".venv/bin/python", "x.py"], python: system)
    #expect(plan.command == [".venv/bin/python", "x.py"])
    #expect(try machine.plan(command: ["python3"], python: system).command == ["/usr/bin/python3.11"])
  }

  @Test("With sandbox.required it does not run")
  func required() {
    let said = #expect(throws: SandboxMistake.self) {
      try closedRoot().plan(wish { $0.isRequired = true }, command: ["python3"], python: Self.shim)
    }
    #expect(said?.description.hasPrefix("sandbox.required: it runs as rbotd's own user: /root/py") == true)
  }

  @Test("Where nobody could have one, that is no warning and no reason not to run")
  func ordinary() throws {
    var machine = Machine()
    machine.ground.mayChangeUser = false
    let plan = try machine.plan(wish { $0.isRequired = true })
    #expect(plan.sandbox.user == nil && plan.warnings.isEmpty)
    #expect(plan.layers.first?.name == "user" && plan.layers.first?.isInForce == false)
  }

  @Test("Without a listener the gateway could not be reached as another user")
  func mute() throws {
    var machine = Machine()
    machine.ground.hasListener = false
    let plan = try machine.plan()
    #expect(plan.sandbox.user == nil && plan.warnings.first?.contains("connect in a worker's name") == true)
  }

  @Test("Owner, group and others are told apart, on every folder of the way")
  func reach() {
    var machine = Machine()
    machine.add("/a", folder: true, mode: 0o711)
    machine.add("/a/b", folder: true, owner: 60_600, mode: 0o700)
    machine.add("/a/b/c", mode: 0o640)
    #expect(Reach.obstacle("/a/b/c", user: 60_600, machine.view) == "/a/b/c")
    machine.add("/a/b/c", owner: 60_600, mode: 0o400)
    #expect(Reach.obstacle("/a/b/c", user: 60_600, machine.view) == nil)
    #expect(Reach.obstacle("/a/b/c", user: 60_601, machine.view) == "/a/b")
    #expect(Reach.obstacle("/a", user: 60_601, machine.view) == "/a", "a folder must be listed")
    #expect(Reach.obstacle(through: "/a", user: 60_601, machine.view) == nil)
    machine.links["/short"] = "/a/b"
    #expect(Reach.obstacle("/short/c", user: 60_601, machine.view) == "/short")
  }
}

@Suite("Limits in force")
struct SandboxTermsTests {
  @Test("A user's tasks are the kernel's to count; without one rbotd is asked; with a cgroup neither")
  func tasks() throws {
    var machine = Machine()
    #expect(try machine.plan().limits.tasksOfUser == 256)
    #expect(try !machine.plan().sandbox.countsTasks)
    machine.ground.wantsUsers = false
    #expect(try machine.plan().limits.tasksOfUser == nil)
    #expect(try machine.plan().sandbox.countsTasks)
    machine.ground.controllers = ["pids"]
    #expect(try !machine.plan().sandbox.countsTasks)
    #expect(try machine.plan().cgroup.tasks == 256)
  }

  @Test("A share of the processor without a controller is a warning, and an error where it is required")
  func processor() throws {
    let half = wish { $0.processors = 0.5 }
    var machine = Machine()
    #expect(try machine.plan(half).warnings.count == 1)
    machine.ground.controllers = ["cpu"]
    #expect(try machine.plan(half).warnings.isEmpty)
    #expect(try machine.plan(half).cgroup.cpuPercent == 50)
  }

  @Test("Memory, files and disk are limits of each process wherever they are")
  func always() throws {
    let limits = try Machine().plan(
      wish {
        $0.memoryBytes = 1 << 20
        $0.diskBytes = 1 << 30
      }
    ).limits
    #expect(limits == SpawnLimits(memoryBytes: 1 << 20, files: 1024, tasksOfUser: 256, fileBytes: 1 << 30))
  }

  @Test("Without a listener nobody admits processes, and no layer says so")
  func mute() throws {
    var machine = Machine()
    machine.ground.wantsUsers = false
    let off = SandboxLayer(name: "reports", isInForce: false, detail: "no notifications")
    let report = SandboxReport(try machine.plan(), cgroup: [], launched: [off])
    #expect(!report.isInForce("processes") && report.layers.count { $0.name == "processes" } == 1)
    #expect(report.warnings.contains { $0.hasPrefix("the layer processes is not in force") })
  }

  @Test("What rbot-exec could not put in force is a warning, but for signals of a user of its own")
  func told() throws {
    let plan = try Machine().plan()
    let off = [
      SandboxLayer(name: "files", isInForce: false, detail: "the kernel has no Landlock"),
      SandboxLayer(name: "signals", isInForce: false, detail: "landlock 5"),
    ]
    let report = SandboxReport(plan, cgroup: [], launched: off)
    #expect(report.warnings == ["the layer files is not in force: the kernel has no Landlock"])
  }
}
