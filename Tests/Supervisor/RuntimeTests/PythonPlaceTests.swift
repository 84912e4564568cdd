import Platform
import Testing

@testable import Runtime

@Suite("Where a Python lives")
struct PythonPlaceTests {
  @Test("The answer is the last line, whatever start files print before it")
  func answer() {
    let text =
      "hello\n" + #"{"executable":"/p/bin/python3","prefixes":["/p","/q"],"path":["/p/lib","x.zip"]}"# + "\n"
    #expect(
      PythonPlace(answer: text)
        == PythonPlace(executable: "/p/bin/python3", prefixes: ["/p", "/q"], paths: ["/p/lib"]))
    #expect(PythonPlace(answer: "") == nil && PythonPlace(answer: "{}") == nil)
  }

  @Test("Only interpreters are asked", arguments: ["python", "python3", "python3.12"])
  func names(_ name: String) { #expect(PythonCommand.isPython(name)) }

  @Test("Others are not", arguments: ["pythonic", "python3-config", "bash", "ipython"])
  func others(_ name: String) { #expect(!PythonCommand.isPython(name)) }

  @Test("A virtual environment in the strategy's folder: what its link leads to is asked")
  func environment() {
    var machine = Machine()
    let own = "/srv/strategies/grid/.venv/bin/python"
    machine.links[own] = "/usr/bin/python3.11"
    func asked() -> String? {
      PythonCommand.interpreter(own, folder: "/srv/strategies/grid", machine.ground.places, machine.view)
    }
    #expect(asked() == "/usr/bin/python3.11")
    // One that is the strategy's own file is never run outside of its sandbox.
    machine.links[own] = nil
    machine.add(own, mode: 0o755)
    #expect(asked() == nil)
  }

  @Test("A command is found as execvp finds it")
  func find() {
    var machine = Machine()
    machine.add("/srv/strategies/grid/run.sh", mode: 0o755)
    machine.add("/srv/strategies/grid/data.csv")
    func find(_ word: String) -> String? {
      PythonCommand.find(
        word, folder: "/srv/strategies/grid", searchPath: "/usr/local/bin:/usr/bin", machine.view)
    }
    #expect(find("python3") == "/usr/bin/python3")
    #expect(find("./run.sh") == "/srv/strategies/grid/./run.sh")
    #expect(find("./data.csv") == nil && find("nothing") == nil)
  }
}

@Suite("Which interpreter a command may mean")
struct PythonCandidateTests {
  private var machine: Machine {
    var machine = Machine()
    machine.ground.places.searchPath = "/root/py/bin:/usr/local/bin:/usr/bin"
    for folder in ["/root", "/root/py", "/root/py/bin", "/usr/local", "/usr/local/bin"] {
      machine.add(folder, folder: true)
    }
    machine.add("/root/py/bin/python3", mode: 0o755)
    machine.add("/usr/local/bin/python3", mode: 0o755)
    return machine
  }

  private func candidates(_ word: String, _ machine: Machine) -> [String] {
    PythonCommand.candidates(
      word, folder: "/srv/strategies/grid", machine.ground.places, machine.view)
  }

  @Test("A name means each of that name on the PATH, in its order")
  func name() {
    #expect(
      candidates("python3", machine) == [
        "/root/py/bin/python3", "/usr/local/bin/python3", "/usr/bin/python3",
      ])
  }

  @Test("A path means that one alone, and what is no Python none")
  func path() {
    #expect(candidates("/root/py/bin/python3", machine) == ["/root/py/bin/python3"])
    #expect(candidates("true", machine) == [])
    #expect(candidates("nothing", machine) == [])
  }

  @Test("The system's own is one of them wherever the PATH leads, and none twice")
  func system() {
    var machine = machine
    machine.ground.places.searchPath = "/root/py/bin"
    machine.links["/root/py/bin/python3"] = "/usr/bin/python3.11"
    #expect(candidates("python3", machine) == ["/root/py/bin/python3"])
    machine.links["/root/py/bin/python3"] = nil
    #expect(candidates("python3", machine) == ["/root/py/bin/python3", "/usr/bin/python3"])
    #expect(candidates("python3.9", machine) == [])
  }

  @Test("What was taken in the place of another is told with its user, and only where it has one")
  func note() throws {
    let place = PythonPlace(executable: "/usr/bin/python3.11", prefixes: ["/usr"], paths: [])
    let choice = PythonChoice(place: place, reason: "it runs with that one")
    let plan = try machine.plan(command: ["python3", "x.py"], choice: choice)
    #expect(plan.command == ["/usr/bin/python3.11", "x.py"] && plan.note == "it runs with that one")
    let told = SandboxReport(
      plan, cgroup: [], launched: [.init(name: "user", isInForce: true, detail: "uid 60600")])
    #expect(told.layers.first?.detail == "uid 60600; it runs with that one")
    #expect(try machine.plan(command: ["python3", "x.py"], choice: choice, user: nil).note == nil)
  }
}
