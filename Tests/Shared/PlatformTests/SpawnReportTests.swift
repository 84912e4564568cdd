import Testing

@testable import Platform

@Suite struct SpawnReports {
  private func read(_ text: String, pieces: Int = 1) -> SpawnReport {
    var report = SpawnReport()
    let bytes = Array(text.utf8)
    for start in stride(from: 0, to: bytes.count, by: pieces) { report.add(bytes[start...].prefix(pieces)) }
    report.end()
    return report
  }

  @Test("Silence is success, and a stage with an errno is the failure, however it arrives")
  func failures() {
    #expect(read("").failure == nil)
    for pieces in 1...12 {
      let failure = read("directory 2\n", pieces: pieces).failure
      #expect(failure?.stage == "directory" && failure?.code == 2)
    }
    #expect(read("exec 13").failure?.code == 13)
    #expect(read("exec 13\nexec 2\n").failure?.code == 13)
  }

  @Test("Layers are told in order, in force or off with the reason")
  func layers() {
    let report = read(
      "layer user on uid 60601\nlayer files off 38 the kernel has no Landlock\nlayer calls off 1\nlistener\n",
      pieces: 7)
    #expect(report.failure == nil && report.unknown == 0)
    #expect(
      report.layers == [
        SandboxLayer(name: "user", isInForce: true, detail: "uid 60601"),
        SandboxLayer(name: "files", isInForce: false, detail: "the kernel has no Landlock"),
        SandboxLayer(name: "calls", isInForce: false, detail: "Operation not permitted"),
      ])
  }

  @Test("Nonsense, endless lines and endless layers are bounded and counted")
  func nonsense() {
    #expect(read("one\ntwo words and more\nexec x\n\n").unknown == 4)
    #expect(read(String(repeating: "x", count: 100_000) + "\nexec 2\n").failure?.code == 2)
    let many = read(String(repeating: "layer a on b\n", count: 100))
    #expect(many.layers.count == SpawnReport.layersMax && many.unknown == 68)
  }
}
