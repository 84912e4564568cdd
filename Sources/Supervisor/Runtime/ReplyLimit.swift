import IPC
import NIOCore
import Wire

/// Keeps answers to control clients below what one message may be: a longer one would end their connection.
enum ReplyLimit {
  /// What the lists of one answer may take together; the rest is for everything around them.
  static let bytes = 900_000
  /// What a list of wrong manifests may take of it.
  static let issueBytes = 100_000

  /// The first of `items` that fit into `room`, which becomes less.
  static func first(of items: [JSON], in room: inout Int) -> [JSON] {
    var scratch = ByteBuffer()
    var count = 0
    for item in items {
      var writer = JSONWriter(scratch)
      writer.value(item)
      // With its comma.
      let size = writer.buffer.readableBytes + 1
      guard size <= room else { break }
      room -= size
      count += 1
      scratch = writer.buffer
      scratch.clear()
    }
    return Array(items.prefix(count))
  }

  /// Wrong manifests, and at the end how many more there are; `notes` are said in any case.
  static func issues(_ issues: [ManifestIssue], folder: String, notes: [String] = []) -> JSON {
    var room = issueBytes
    var shown = first(of: issues.map(\.json), in: &room)
    let more = issues.count - shown.count
    for note in notes + (more > 0 ? ["\(more) more errors are not shown: rbotd's log has them"] : []) {
      shown.append(ManifestIssue(path: folder, line: nil, message: note).json)
    }
    return .array(shown)
  }

  /// The line of what a program said that tells most, at most 300 characters of it, without control characters: the
  /// first, and of a Python traceback the last.
  static func firstLine(of text: String) -> String {
    var text = text
    if text.hasPrefix("Traceback (most recent call last)"),
      let last = text.split(whereSeparator: \.isNewline).last(where: { !$0.allSatisfy(\.isWhitespace) })
    {
      text = String(last)
    }
    let line = text.unicodeScalars.drop { $0.properties.isWhitespace }
      .prefix { $0 != "\n" && $0 != "\r" }.prefix(300)
    return String(
      String.UnicodeScalarView(line.map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 }))
  }
}

extension Connection {
  /// Answers a control client, with an error where the result is longer than a message may be.
  func answer(_ id: RequestID, _ result: JSON) {
    var line = ByteBuffer()
    line.writeResponse(id, result: result)
    // With its line feed.
    if line.readableBytes <= WireLimits.messageBytes + 1 {
      send(encoded: line)
    } else {
      reply(
        to: id,
        error: .refused("too_large", "the answer is longer than a message may be: ask for less at a time"))
    }
  }
}
