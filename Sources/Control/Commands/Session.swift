import IPC
import Model
import NIOCore
import NIOPosix
import Wire

/// One run of one command: what it was given, and how it speaks to the daemon and to the person.
struct Session: Sendable {
  let surroundings: Surroundings
  let options: ConnectionOptions.Values
  /// The daemon's socket, or why there is none to be looked for.
  let found: Result<SocketPath.Choice, Failure>
  let loop: any EventLoop

  var isJSON: Bool { options.json }
  var page: Page { surroundings.page() }

  func connect() async throws -> Client {
    try await Client.connect(
      to: found.get().path, on: loop, advice: StartAdvice(options, surroundings.environment).text)
  }

  /// A command line that works where this one did, for a sentence that tells what to type next.
  func command(_ words: String) -> String {
    "rbotctl\(options.place) \(words)"
  }

  /// Connects, asks once, and leaves.
  func ask(_ method: String, _ params: JSON = [:], timeout: TimeAmount = Client.requestTimeout) async throws
    -> JSON
  {
    let client = try await connect()
    defer { client.close() }
    return try await client.request(method, params, timeout: timeout)
  }

  /// Asks for a list that may be longer than one answer: page by page, `limit` items at the most.
  ///
  /// - Parameter items: the name of the list in the answer; nil: the method's own.
  func pages(
    _ method: String, _ params: JSON, items name: String? = nil, limit: Int
  ) async throws -> [JSON] {
    let client = try await connect()
    defer { client.close() }
    var found: [JSON] = []
    var question = params.objectValue ?? JSONObject()
    while found.count < limit {
      question["limit"] = .int(min(limit - found.count, Self.pageItems))
      let answer = try await client.request(method, .object(question))
      let items = answer[name ?? method]?.arrayValue ?? []
      found += items
      guard !items.isEmpty, answer["more"]?.boolValue == true, let before = answer["before"] else { break }
      question["before"] = before
    }
    return found
  }

  private static let pageItems = 1_000

  // MARK: Output

  func write(_ lines: [Line]) throws(OutputError) { try surroundings.output.write(page.text(lines)) }

  /// One JSON value on a line of its own.
  func write(_ json: JSON) throws(OutputError) {
    try surroundings.output.write(SafeText.escapedJSON(json.description) + "\n")
  }

  /// The answer as it is with `--json`, else as `lines` shows it.
  func show(_ answer: JSON, as lines: (Page) -> [Line]) throws(OutputError) {
    if isJSON { try write(answer) } else { try write(lines(page)) }
  }

  func complain(_ message: String) {
    let message = options.placing(message)
    surroundings.output.complain(
      "rbotctl: \(SafeText.lines(message).map(SafeText.escaped).joined(separator: "\n  "))\n")
  }

  // MARK: Names

  /// The error with the names that there are, where it is about one of `names` that there is not.
  func hinting(_ error: any Error, _ names: [String]) async -> any Error {
    guard let refusal = error as? RPCError, refusal.reason == "unknown_strategy" else { return error }
    let known = await strategyNames() ?? []
    let others = known + ["gateway", "rbotd"]
    guard let name = names.count == 1 ? names[0] : names.first(where: { !others.contains($0) }) else {
      return error
    }
    return Failure(.refused, "unknown_strategy", NearestName.unknown(name, known: known))
  }

  /// The same about one name.
  func hinting(_ error: any Error, _ name: String?) async -> any Error {
    await hinting(error, name.map { [$0] } ?? [])
  }

  func unknown(_ name: String) async -> String {
    NearestName.unknown(name, known: await strategyNames() ?? [])
  }

  /// Nil where the daemon does not say.
  func strategyNames() async -> [String]? {
    let status = try? await ask("status", ["strategy": nil])
    return status?.items("strategies").map { $0.text("name") }
  }
}
