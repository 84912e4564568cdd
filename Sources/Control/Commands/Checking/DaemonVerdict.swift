import Config
import Wire

extension Session {
  /// What the daemon would say of manifests at a reload.
  ///
  /// - Returns: nil from one that does not know the question.
  /// - Throws: ``Failure`` where it does not answer any more.
  func verdicts(on manifests: [String]) async throws -> [Finding]? {
    let client = try await connect()
    defer { client.close() }
    var findings: [Finding] = []
    for manifest in manifests {
      guard let folder = Path.real(Path.folder(manifest)), let text = try? TextFile.read(manifest) else {
        continue
      }
      do {
        let answer = try await client.request(
          "check", ["folder": .string(folder), "manifest": .string(text)])
        for (key, gravity) in [("errors", Finding.Gravity.error), ("warnings", .warning)] {
          findings += answer.items(key).map { issue in
            Finding(gravity, manifest, line: issue["line"]?.intValue, issue.text("message"))
          }
        }
      } catch let error as RPCError where error.code == RPCError.unknownMethod("").code {
        return nil
      }
    }
    return findings
  }
}
