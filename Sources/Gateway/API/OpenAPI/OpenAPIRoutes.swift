import Hummingbird
import NIOCore
import Wire

/// `GET /openapi.json`.
struct OpenAPIRoutes: Sendable {
  /// The document as it is sent; nil where it could not be put together.
  private let text: ByteBuffer?

  init() {
    text = (try? OpenAPI.document()).map { document in
      var buffer = ByteBuffer()
      buffer.writeJSON(document)
      return buffer
    }
  }

  func add(to router: Router<ArenaContext>) {
    router.get("openapi.json") { [text] _, _ -> Response in
      guard let text else {
        return .failure(.internalServerError, "internal_error", "The document could not be put together.")
      }
      return Response(
        status: .ok, headers: [.contentType: "application/json; charset=utf-8"],
        body: ResponseBody(byteBuffer: text))
    }
  }
}
