import Accounts
import Config
import GatewayService
import Hummingbird
import Model
import NIOCore
import NIOHTTP1
import Storage
import Wire

/// The paths that HTTP answers.
enum Routes {
  /// Everything.
  static func router(_ gateway: Gateway, host: String) -> Router<ArenaContext> {
    let meter = RequestMeter()
    let authentication = authentication(gateway)
    let router = base(gateway, authentication, meter, host: host)
    let isSecure = gateway.configuration.settings.gateway.tls != nil
    let streams = StreamRoutes(gateway, authentication)
    streams.add(to: router)
    OrderRoutes(gateway: gateway).add(to: router)
    OrderGroupRoutes(gateway: gateway).add(to: router)
    OandaOrderRoutes(gateway: gateway).add(to: router)
    OandaAccountRoutes(gateway: gateway).add(to: router)
    CoinbaseRoutes(gateway: gateway).add(to: router)
    OpenAlgoRoutes(gateway: gateway).add(to: router)
    BrokerRoutes(gateway: gateway).add(to: router)
    MarketRoutes(gateway: gateway).add(to: router)
    CharterRoutes(gateway: gateway).add(to: router)
    AuthRoutes(accounts: gateway.accounts, isSecure: isSecure).add(to: router)
    OpenAPIRoutes().add(to: router)
    StrategyRoutes(gateway: gateway).add(to: router)
    LogRoutes(gateway: gateway, authentication: authentication).add(to: router)
    BotRoutes(gateway: gateway).add(to: router)
    DeskLists(gateway: gateway).add(to: router)
    OtherLists(gateway: gateway).add(to: router)
    NarrationRoutes(gateway: gateway).add(to: router)
    EquityRoutes(gateway: gateway).add(to: router)
    MetricsRoutes(gateway: gateway, meter: meter, streams: streams).add(to: router)
    return router
  }

  /// Prices, candles and health alone.
  static func market(_ gateway: Gateway, host: String) -> Router<ArenaContext> {
    let router = base(gateway, authentication(gateway), RequestMeter(), host: host)
    MarketRoutes(gateway: gateway).addDataAPI(to: router)
    return router
  }

  /// What every listener has.
  private static func base(
    _ gateway: Gateway, _ authentication: Authentication, _ meter: RequestMeter, host: String
  ) -> Router<ArenaContext> {
    let router = Router(context: ArenaContext.self)
    router.add(middleware: Metering(meter: meter, gateway: gateway))
    let settings = gateway.configuration.settings
    let isSecure = settings.gateway.tls != nil
    let hosts = HostRule(listener: host, hosts: settings.http.hosts)
    router.add(middleware: Manners(hosts: hosts, isSecure: isSecure))
    router.add(middleware: authentication)
    router.add(middleware: RequestRates(settings.http, gateway.http))
    let health: @Sendable (Request, ArenaContext) -> Response = { _, _ in
      HealthReport.response(gateway.health.current)
    }
    router.get("health", use: health)
    router.get("api/health", use: health)
    return router
  }

  private static func authentication(_ gateway: Gateway) -> Authentication {
    let settings = gateway.configuration.settings
    return Authentication(
      accounts: gateway.accounts, anonymousRead: settings.gateway.anonymousRead,
      bodyBytesMax: settings.http.bodyMax)
  }
}

/// What every answer has: safe headers, a host that is ours, and an error that programs can read.
struct Manners: RouterMiddleware {
  let hosts: HostRule
  /// Whether this is TLS: browsers are then told never to come without it.
  let isSecure: Bool

  func handle(
    _ request: Request, context: ArenaContext,
    next: (Request, ArenaContext) async throws -> Response
  ) async throws -> Response {
    var response = try await answer(request, context, next)
    response.headers[.xContentTypeOptions] = "nosniff"
    if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
    if isSecure { response.headers[.strictTransportSecurity] = "max-age=31536000" }
    for (name, value) in Self.headers { response.headers.append(.init(name: name, value: value)) }
    return response
  }

  private func answer(
    _ request: Request, _ context: ArenaContext,
    _ next: (Request, ArenaContext) async throws -> Response
  ) async throws -> Response {
    // A page of another site may have its own name point here; it cannot choose the Host header.
    guard hosts.takes(request.head.authority) else {
      return .failure(.misdirectedRequest, "wrong_host", hosts.sentence)
    }
    if request.method != .get, request.method != .head, let origin = request.headers[.origin],
      !Self.isOwn(origin, request.head.authority)
    {
      return .failure(
        .forbidden, "wrong_origin",
        "A page of another site may not do this: it came from \(origin.prefix(100)).")
    }
    do {
      return try await next(request, context)
    } catch let answer as Answer {
      return answer.response
    } catch let refusal as AccountRefusal {
      return Answer(refusal).response
    } catch let error as HTTPParserError {
      // The server answers what is no HTTP by itself, and closes the connection.
      throw error
    } catch let refusal as Refusal {
      return Answer(refusal).response
    } catch let error as StorageError {
      return Answer(error).response
    } catch let error as HTTPError where error.status == .notFound {
      return .failure(.notFound, "not_found", "There is nothing at \(request.uri.path).")
    } catch let error as HTTPError {
      return .failure(
        error.status, error.status.reasonPhrase.lowercased().replacing(" ", with: "_"),
        error.body ?? error.status.reasonPhrase)
    } catch {
      return .failure(.internalServerError, "internal_error", "The request could not be answered.")
    }
  }

  /// Browsers name the page's own site in a header that its scripts cannot choose.
  static func isOwn(_ origin: String, _ authority: String?) -> Bool {
    guard let authority else { return false }
    return ["http://", "https://"].contains { ($0 + authority).lowercased() == origin.lowercased() }
  }

  private static let headers: [(HTTPFields.Element.Name, String)] = [
    ("X-Frame-Options", "DENY"), ("Referrer-Policy", "no-referrer"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
  ].compactMap { name, value in HTTPFields.Element.Name(name).map { ($0, value) } }
}

/// Which Host headers a server answers to: addresses, its own name, and those that the settings name. A server on the
/// loopback device answers to no addresses but that device's.
struct HostRule: Sendable {
  private let isLocal: Bool
  private let names: Set<String>

  /// - Parameters:
  ///   - host: what it listens on.
  ///   - hosts: the setting, `[http] hosts`.
  init(listener host: String, hosts: [String]) {
    isLocal = Self.isLoopback(host)
    names = Set(hosts.map { $0.lowercased() } + [host.lowercased()])
  }

  /// What who came by another name is told.
  var sentence: String {
    isLocal
      ? "This server answers to localhost, 127.0.0.1, [::1] and the names in [http] hosts alone."
      : "This server answers to addresses, localhost and the names in [http] hosts alone: add this name there."
  }

  func takes(_ authority: String?) -> Bool {
    if Self.isLoopback(authority: authority) { return true }
    // Browsers, of which this is about, always say one.
    guard let authority else { return !isLocal }
    let name = String(authority.prefix { $0 != ":" }).lowercased()
    return names.contains(name) || !isLocal && (Self.isIPv4(name) || Self.isIPv6(authority))
  }

  /// No name ends with a number: what is of digits and points alone is looked up nowhere.
  private static func isIPv4(_ name: String) -> Bool {
    !name.isEmpty && name.utf8.allSatisfy { (48...57).contains($0) || $0 == 46 }
  }

  private static func isIPv6(_ authority: String) -> Bool {
    guard authority.hasPrefix("["), let end = authority.firstIndex(of: "]") else { return false }
    return authority[..<end].dropFirst().allSatisfy { $0.isHexDigit || $0 == ":" || $0 == "." }
  }

  static func isLoopback(_ host: String) -> Bool {
    // A name may begin with these digits as well, and lead anywhere.
    host == "localhost" || host == "::1"
      || host.hasPrefix("127.") && host.utf8.allSatisfy { (48...57).contains($0) || $0 == 46 }
  }

  static func isLoopback(authority: String?) -> Bool {
    guard let authority else { return false }
    if authority.hasPrefix("[::1]") { return true }
    return isLoopback(String(authority.prefix { $0 != ":" }).lowercased())
  }
}

extension Response {
  /// A JSON answer.
  static func json(_ status: HTTPResponse.Status, _ json: JSON) -> Response {
    var buffer = ByteBuffer()
    buffer.writeJSON(json)
    return Response(
      status: status, headers: [.contentType: "application/json; charset=utf-8"],
      body: ResponseBody(byteBuffer: buffer))
  }

  /// An error in the shape that all have.
  static func failure(_ status: HTTPResponse.Status, _ error: String, _ message: String) -> Response {
    let request = String(UInt64.random(in: .min ... .max), radix: 16)
    var response = json(
      status,
      [
        "ok": false, "error": .string(error), "message": .string(message), "request_id": .string(request),
      ])
    response.headers[.requestID] = request
    response.headers[.failureReason] = error
    return response
  }
}
