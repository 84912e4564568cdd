/// The first message on every connection.
public struct Hello: Hashable, Sendable {
  /// The lowest and highest protocol version that the sender speaks.
  public let versions: ClosedRange<Int>
  /// Name and version of the library or program, for logs.
  public let software: String
  /// What the sender says of its pid; shown, never trusted.
  public let pid: Int?
  /// The worker's token, to the gateway only.
  public let token: String?

  public init(
    versions: ClosedRange<Int> = WireLimits.protocolVersions, software: String, pid: Int?,
    token: String? = nil
  ) {
    self.versions = versions
    self.software = software
    self.pid = pid
    self.token = token
  }

  public init(_ params: JSON) throws(RPCError) {
    guard let offered = params["protocol"]?.arrayValue, offered.count == 2, let low = offered[0].intValue,
      let high = offered[1].intValue, low <= high
    else { throw .invalidParams("protocol must be [lowest, highest]") }
    versions = low...high
    let named = try params.optionalString("sdk")
    let client = try params.optionalString("client")
    software = named ?? client ?? "unknown"
    pid = try params.optionalInt("pid")
    token = try params.optionalString("token")
  }

  public var params: JSON {
    var object = JSONObject()
    object["protocol"] = [.int(versions.lowerBound), .int(versions.upperBound)]
    object["sdk"] = .string(software)
    if let pid { object["pid"] = .int(pid) }
    if let token { object["token"] = .string(token) }
    return .object(object)
  }

  /// The highest version that both sides speak.
  public func agreedVersion() throws(RPCError) -> Int {
    let ours = WireLimits.protocolVersions
    let version = min(versions.upperBound, ours.upperBound)
    guard version >= versions.lowerBound, version >= ours.lowerBound else {
      throw .version("\(versions.lowerBound) to \(versions.upperBound)")
    }
    return version
  }

  /// The `limits` field of a reply.
  public static let limits: JSON = [
    "message_bytes": .int(WireLimits.messageBytes), "nesting": .int(WireLimits.nesting),
  ]
}
