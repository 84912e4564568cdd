/// What a request may be allowed to do.
public enum Permission: String, CaseIterable, Hashable, Sendable {
  /// Prices and candles.
  case market
  /// Everything that is shown: orders, positions, logs, metrics.
  case read
  /// The streams of events.
  case events
  /// Placing, changing and cancelling orders.
  case trade
  /// Starting, stopping and pausing strategies.
  case control
  /// Users, tokens, modes, the audit log.
  case administer
}

/// What a person may do; each role includes those before it.
public enum Role: String, CaseIterable, Hashable, Sendable {
  case viewer
  case trader
  case admin

  /// All that the role allows.
  public var permissions: Set<Permission> {
    switch self {
    case .viewer: [.market, .read, .events]
    case .trader: [.market, .read, .events, .trade, .control]
    case .admin: Set(Permission.allCases)
    }
  }
}

/// Who is behind a request.
public struct Principal: Hashable, Sendable {
  /// A person, or a program with a token of its own.
  public enum Kind: Hashable, Sendable {
    case user(id: Int64, role: Role)
    case service(id: String)
    /// Somebody without a login, where looking takes none.
    case anybody
  }

  public let kind: Kind
  /// The user's email address, or the token's name; for people and for the audit log.
  public let name: String
  public let permissions: Set<Permission>

  init(kind: Kind, name: String, permissions: Set<Permission>) {
    self.kind = kind
    self.name = name
    self.permissions = permissions
  }

  /// Whoever asks, where looking takes no login: he may see everything and change nothing.
  public static let anybody = Principal(
    kind: .anybody, name: "anybody", permissions: [.market, .read, .events])

  /// Whether he may do that.
  public func may(_ permission: Permission) -> Bool { permissions.contains(permission) }

  /// As the audit log names it: `user:trader@local`, `token:grafana`.
  public var subject: String {
    switch kind {
    case .user: "user:\(name)"
    case .service: "token:\(name)"
    case .anybody: name
    }
  }
}
