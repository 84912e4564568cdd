import Config
import Foundation
import GatewayService
import Hummingbird
import Testing
import Wire

@testable import API

/// The document and the routes say the same.
@Suite struct OpenAPITests {
  /// The routes of a gateway in a folder of its own, as `get /api/orders/{id}`.
  private static func routes() throws -> Set<String> {
    let home = FileManager.default.temporaryDirectory.appending(path: "api-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: home) }
    let configuration = GatewayConfiguration(home: home.path, settings: DaemonSettings())
    let gateway = try Gateway.onItsOwnThread(configuration)
    defer { gateway.loop.execute { gateway.assumeIsolated { $0.stop() } } }
    let routes = Routes.router(gateway, host: "127.0.0.1").routes.map { route in
      let path = "\(route.path)".split(separator: "/").map { $0.hasPrefix(":") ? "{\($0.dropFirst())}" : $0 }
      return "\(route.method.rawValue.lowercased()) /\(path.joined(separator: "/"))"
    }
    return Set(routes)
  }

  private static func operations(_ document: JSON) -> [(name: String, operation: JSON)] {
    (document["paths"]?.objectValue?.fields ?? []).flatMap { path in
      (path.value.objectValue?.fields ?? []).filter { OpenAPIMerge.methods.contains($0.key) }
        .map { ("\($0.key) \(path.key)", $0.value) }
    }
  }

  @Test func everyRouteIsDescribedAndEveryDescriptionHasItsRoute() throws {
    let described = Set(Self.operations(try OpenAPI.document()).map(\.name))
    let routes = try Self.routes()
    #expect(routes.subtracting(described).sorted() == [], "routes that no document describes")
    #expect(described.subtracting(routes).sorted() == [], "descriptions without a route")
  }

  @Test func everyOperationHasANameASummaryATagAndAnAnswerThatIsNoError() throws {
    let document = try OpenAPI.document()
    let tags = Set((document["tags"]?.arrayValue ?? []).compactMap { $0["name"]?.stringValue })
    var names: Set<String> = []
    for (name, operation) in Self.operations(document) {
      let id = operation["operationId"]?.stringValue ?? ""
      #expect(!id.isEmpty && names.insert(id).inserted, "\(name): operationId \(id) is missing or not unique")
      #expect(operation["summary"]?.stringValue?.isEmpty == false, "\(name) has no summary")
      let tag = operation["tags"]?.arrayValue?.first?.stringValue ?? ""
      #expect(tags.contains(tag), "\(name) has no tag that is described")
      let statuses = operation["responses"]?.objectValue?.fields.map(\.key) ?? []
      #expect(statuses.contains { $0.hasPrefix("2") || $0 == "101" }, "\(name) has no good answer")
      #expect(Set(statuses).isSuperset(of: ["400", "421", "429", "503"]), "\(name) lacks the common answers")
    }
  }

  @Test func everyReferenceLeadsSomewhere() throws {
    let document = try OpenAPI.document()
    func check(_ value: JSON) {
      switch value {
      case .array(let items): for item in items { check(item) }
      case .object(let object):
        for field in object.fields {
          if field.key == "$ref", let target = field.value.stringValue {
            let path = target.split(separator: "/").dropFirst()
            let found = path.reduce(JSON?.some(document)) { $0?[String($1)] }
            #expect(found != nil, "\(target) leads nowhere")
          }
          check(field.value)
        }
      default: break
      }
    }
    check(document)
  }

  @Test func twoGroupsCannotDescribeTheSameRouteOrSchema() throws {
    let group: JSON = ["paths": ["/x": ["get": ["summary": "one", "responses": [:]]]]]
    var merge = OpenAPIMerge(base: ["paths": [:], "components": [:]])
    try merge.add(group, from: "one")
    #expect(throws: OpenAPIProblem.self) { try merge.add(group, from: "two") }
    let schema: JSON = ["components": ["schemas": ["A": ["type": "object"]]]]
    try merge.add(schema, from: "three")
    #expect(throws: OpenAPIProblem.self) { try merge.add(schema, from: "four") }
  }
}
