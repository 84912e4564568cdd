import Hummingbird
import Model
import NIOCore
import TradingStore
import Wire

/// What stands in one place of a list.
enum Cell {
  case text(String?)
  case number(Amount?)
  case int(Int64?)
  case flag(Bool)
  case time(Timestamp?)
  /// JSON text.
  case json(String)
  case value(JSON)
}

/// One field of each row, in JSON and in CSV.
struct Column<Row> {
  let name: StaticString
  let cell: @Sendable (Row) -> Cell

  init(_ name: StaticString, _ cell: @escaping @Sendable (Row) -> Cell) {
    self.name = name
    self.cell = cell
  }
}

extension Column: Sendable {}

/// A list that HTTP shows: pages of JSON, or with `Accept: text/csv` all of it as a table.
struct Listing<Row: Sendable>: Sendable {
  /// The list's field in a page.
  let name: StaticString
  let columns: [Column<Row>]
  /// A page of at most so many rows with numbers below `before`.
  let page: @Sendable (_ before: Int64?, _ limit: Int) async throws -> ListPage<Row>

  /// Rows of a table that are read at once: what a reader costs while it takes them.
  private static var chunk: Int { 500 }
  static var rowsMax: Int64 { 10_000_000 }

  /// Answers a request; `limit` and `before` are read here.
  func response(to request: Request) async throws -> Response {
    let query = Query(request)
    let before = try query.integer("before", in: 0...Int64.max)
    if request.accepts("text/csv") {
      return try await table(before, rows: try query.integer("limit", in: 1...Self.rowsMax) ?? Self.rowsMax)
    }
    let found = try await page(before, try query.limit())
    var writer = JSONWriter(ByteBuffer())
    writer.beginObject()
    writer.field("ok", true)
    writer.key(name)
    writer.beginArray()
    for row in found.rows { write(row, to: &writer) }
    writer.endArray()
    writer.field("next", found.next)
    writer.endObject()
    return Response(
      status: .ok, headers: [.contentType: "application/json; charset=utf-8"],
      body: ResponseBody(byteBuffer: writer.buffer))
  }

  func write(_ row: Row, to writer: inout JSONWriter) {
    writer.beginObject()
    for column in columns { writer.field(column.name, column.cell(row)) }
    writer.endObject()
  }

  /// A table, written as it is read.
  private func table(_ before: Int64?, rows: Int64) async throws -> Response {
    // The first page before the answer begins, so that what goes wrong has its status.
    let first = try await page(before, Int(min(rows, Int64(Self.chunk))))
    return Response(
      status: .ok,
      headers: [
        .contentType: "text/csv; charset=utf-8", .contentDisposition: "attachment; filename=\"\(name).csv\"",
      ],
      body: ResponseBody { writer in
        var buffer = ByteBuffer()
        buffer.writeCSV(columns.map { .text("\($0.name)") })
        var (found, left) = (first, rows)
        while true {
          for row in found.rows { buffer.writeCSV(columns.map { $0.cell(row) }) }
          if buffer.readableBytes > 0 { try await writer.write(buffer) }
          buffer.clear()
          left -= Int64(found.rows.count)
          guard let next = found.next, left > 0 else { break }
          found = try await page(next, Int(min(left, Int64(Self.chunk))))
        }
        try await writer.finish(nil)
      })
  }
}

extension JSONWriter {
  mutating func field(_ name: StaticString, _ cell: Cell) {
    key(name)
    switch cell {
    case .text(let text?): value(text)
    case .number(let amount?): value(json: amount.description)
    case .int(let number?): value(number)
    case .flag(let flag): value(flag)
    case .time(let time?): value(time)
    case .json(let text): value(json: text)
    case .value(let json): value(json)
    case .text(nil), .number(nil), .int(nil), .time(nil): null()
    }
  }
}
