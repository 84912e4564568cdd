extension SpawnRequest {
  /// The layers that every sandboxed spawn has by the way it is started; the cgroup's are told by
  /// ``CgroupDivision/worker(_:_:)``, the rest by rbot-exec.
  var layers: [SandboxLayer] {
    guard sandbox != nil else { return [] }
    var layers = [SandboxLayer(name: "session", isInForce: true, detail: "a session of its own")]
    layers.append(SandboxLayer(name: "limits", isInForce: true, detail: limits.summary))
    layers.append(
      SandboxLayer(name: "environment", isInForce: true, detail: "\(environment.count + 1) variables"))
    return layers
  }
}

extension SpawnLimits {
  /// "data 512 MB, files 1024, no core file".
  var summary: String {
    var parts: [String] = []
    if let memoryBytes { parts.append("data \(CgroupDivision.size(memoryBytes))") }
    if let files { parts.append("files \(files)") }
    if let tasksOfUser { parts.append("tasks of the user \(tasksOfUser)") }
    if let fileBytes { parts.append("size of a file \(CgroupDivision.size(fileBytes))") }
    return (parts + ["no core file"]).joined(separator: ", ")
  }
}
