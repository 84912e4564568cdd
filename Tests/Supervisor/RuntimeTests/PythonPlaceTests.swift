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
