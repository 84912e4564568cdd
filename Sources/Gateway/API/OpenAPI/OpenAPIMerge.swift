import Wire

/// Puts documents of groups together.
struct OpenAPIMerge {
  private(set) var document: JSON

  /// - Parameter base: What is not of any group; it has `paths` and `components`, and the default `security`.
  init(base: JSON) { document = base }

  mutating func setVersion(_ version: String) {
    guard var info = document["info"]?.objectValue else { return }
    info["version"] = .string(version)
    set("info", .object(info))
  }

  /// Adds a group's tags, paths and components.
  ///
  /// - Throws: ``OpenAPIProblem`` where it says again what another one said.
  mutating func add(_ group: JSON, from name: String) throws {
    set("tags", .array((document["tags"]?.arrayValue ?? []) + (group["tags"]?.arrayValue ?? [])))
    var paths = document["paths"]?.objectValue ?? JSONObject()
    for path in group["paths"]?.objectValue?.fields ?? [] {
      var item = paths[path.key]?.objectValue ?? JSONObject()
      for entry in path.value.objectValue?.fields ?? [] {
        guard item[entry.key] == nil else {
          throw OpenAPIProblem("\(name).json has \(entry.key) \(path.key), which another group has as well")
        }
        item[entry.key] =
          Self.methods.contains(entry.key) ? Self.completed(entry.key, entry.value) : entry.value
      }
      paths[path.key] = .object(item)
    }
    set("paths", .object(paths))
    try addComponents(group, from: name)
  }

  private mutating func addComponents(_ group: JSON, from name: String) throws {
    var components = document["components"]?.objectValue ?? JSONObject()
    for kind in group["components"]?.objectValue?.fields ?? [] {
      var known = components[kind.key]?.objectValue ?? JSONObject()
      for entry in kind.value.objectValue?.fields ?? [] {
        guard known[entry.key] == nil else {
          throw OpenAPIProblem("\(name).json has \(kind.key)/\(entry.key), which is known already")
        }
        known[entry.key] = entry.value
      }
      components[kind.key] = .object(known)
    }
    set("components", .object(components))
  }

  private mutating func set(_ key: String, _ value: JSON) {
    guard var object = document.objectValue else { return }
    object[key] = value
    document = .object(object)
  }

  /// The methods that an operation can have, as OpenAPI writes them.
  static let methods: Set<String> = ["get", "put", "post", "delete", "patch", "head", "options"]

  /// The operation with what any route can answer beside what it names itself.
  private static func completed(_ method: String, _ operation: JSON) -> JSON {
    guard var object = operation.objectValue else { return operation }
    var responses = object["responses"]?.objectValue ?? JSONObject()
    for (status, response) in common(method, operation) where responses[status] == nil {
      responses[status] = ["$ref": .string("#/components/responses/\(response)")]
    }
    object["responses"] = .object(responses)
    return .object(object)
  }

  /// What comes from the server itself, not from the route: a bad shape, a wrong host, too many requests, a part that
  /// is missing; for what needs a login, 401 and 403; for what has a body, 413; for what changes something, the
  /// refusal of another site's page.
  static func common(_ method: String, _ operation: JSON) -> [(status: String, response: String)] {
    let isOpen = operation["security"]?.arrayValue?.isEmpty ?? false
    var common = [("400", "BadRequest")]
    if !isOpen { common.append(("401", "Unauthorized")) }
    if !isOpen || method != "get" { common.append(("403", "Forbidden")) }
    if operation["requestBody"] != nil { common.append(("413", "ContentTooLarge")) }
    return common + [("421", "Misdirected"), ("429", "TooManyRequests"), ("503", "Unavailable")]
  }
}
