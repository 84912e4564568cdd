import Model
import Wire

/// The description of every route, merged from one document for each group of routes.
///
/// A group's file in `Documents/` has `tags`, `paths` and `components`, as in any OpenAPI 3.1 document; it may refer
/// to what `base.json` has (`#/components/responses/NotFound`, `#/components/parameters/limit`, …), and it takes
/// its place in ``groups``. An operation names what it answers itself: merging adds what any route can answer
/// (``OpenAPIMerge/common(_:_:)`` has the list), and leaves alone what the group says of such a status itself.
/// A test holds the routes to the document, and the document to the routes.
enum OpenAPI {
  /// The files in the order in which the document shows them; `base.json` is none of them.
  static let groups: [(name: String, bytes: [UInt8])] = [
    ("system", PackageResources.system_json),
    ("auth", PackageResources.auth_json),
    ("streams", PackageResources.streams_json),
    ("control", PackageResources.control_json),
    ("lists", PackageResources.lists_json),
    ("charter", PackageResources.charter_json),
    ("orders", PackageResources.orders_json),
    ("brokers", PackageResources.brokers_json),
    ("market", PackageResources.market_json),
  ]

  /// The whole document.
  ///
  /// - Throws: ``OpenAPIProblem``, which a test would have found.
  static func document() throws -> JSON {
    var merge = OpenAPIMerge(base: try read("base", PackageResources.base_json))
    merge.setVersion(Version.text)
    for group in groups { try merge.add(try read(group.name, group.bytes), from: group.name) }
    return merge.document
  }

  private static func read(_ name: String, _ bytes: [UInt8]) throws -> JSON {
    do throws(WireError) {
      return try JSON.parse(String(decoding: bytes, as: UTF8.self))
    } catch {
      throw OpenAPIProblem("\(name).json is not JSON: \(error)")
    }
  }
}

/// Why the documents make no whole.
struct OpenAPIProblem: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
