import Wire

/// Has the daemon read the manifests again, and says what came of it for one strategy.
extension Session {
  /// The answer to `reload`.
  func reload(dryRun: Bool = false) async throws -> JSON {
    try await ask("reload", ["dry_run": .bool(dryRun)], timeout: Client.commandTimeout)
  }

  /// Waits until a strategy has arrived somewhere: it runs, has been tried, or is not meant to run.
  ///
  /// - Returns: its part of the status; nil when the daemon does not know it.
  func settled(_ name: String, seconds: Int = 40) async throws -> JSON? {
    let client = try await connect()
    defer { client.close() }
    var tries = 0
    while true {
      let status: JSON
      do {
        status = try await client.request("status", ["strategy": .string(name)])
      } catch let error as RPCError where error.reason == "unknown_strategy" {
        return nil
      }
      guard let strategy = status.items("strategies").first else { return nil }
      let isMoving = ["starting", "stopping"].contains(strategy.text("state"))
      if !isMoving || tries >= seconds * 10 { return strategy }
      tries += 1
      // The daemon has no call that waits for this; a start that takes long is not looked at more often.
      try await Task.sleep(for: .milliseconds(100))
    }
  }

  /// One line about where a strategy has arrived.
  func arrival(_ strategy: JSON) -> Line {
    let state = strategy.text("state")
    let reason = SafeText.lines(strategy.text("reason")).last ?? ""
    return Line([
      Span(strategy.text("name"), .bold), "  ", StateWord.span(state),
      Span(reason.isEmpty ? "" : "  \(reason)", .red),
    ])
  }

  /// The daemon's complaints about files below a folder, `path:line: message`.
  func complaints(_ reload: JSON, below folder: String, in strategies: String) -> [String] {
    ReloadView(result: reload, isDryRun: false).issues("errors").filter { issue in
      issue.hasPrefix(folder + "/") || "\(strategies)/\(issue)".hasPrefix(folder + "/")
    }
  }

  /// The folder of the daemon's strategies.
  ///
  /// - Throws: ``Failure`` when none answers, or one that does not say.
  func strategiesFolder() async throws -> String {
    let status = try await ask("status", ["strategy": nil])
    guard let folder = status["supervisor"]?["strategies_folder"]?.stringValue, !folder.isEmpty else {
      throw Failure(
        .refused, "no_folder", "this rbotd does not say where its strategies are; is it an older one?")
    }
    return folder
  }

  /// The manifest of a strategy by its name; also of one with errors.
  ///
  /// - Throws: ``Failure`` where there is none.
  func manifest(of name: String, in folder: String) throws -> String {
    let found = StrategyFolders(folder)
    if let path = found.manifest(of: name) { return path }
    throw Failure(.refused, "unknown_strategy", NearestName.unknown(name, known: found.names))
  }
}
