import Accounts
import GatewayService
import Hummingbird
import Wire

/// What a WebSocket's client says, and what it is answered: who it is, and what it wants to see.
struct Conversation: Sendable {
  /// Instruments of one reader.
  private static let instrumentsMax = 100

  let gateway: Gateway
  let authentication: Authentication

  /// Takes one message in.
  func answer(_ text: String, _ reader: StreamReader) {
    do throws(Answer) {
      let message = try Self.parse(text)
      let type = try message.text("type")
      if type == "auth" { return try admit(reader, token: try message.text("token")) }
      guard reader.isAdmitted else {
        throw Answer(.unauthorized, "unauthorized", "say who you are first: {\"type\":\"auth\",\"token\":…}")
      }
      switch type {
      case "subscribe": try subscribe(reader, message)
      case "unsubscribe": try unsubscribe(reader, message)
      case "ping": say(reader, "pong", [:])
      default:
        throw Answer(
          .badRequest, "bad_field",
          "type must be one of auth, subscribe, unsubscribe, ping, not \(type.prefix(32))")
      }
    } catch {
      say(reader, "error", ["error": .string(error.error), "message": .string(error.message)])
    }
  }

  private static func parse(_ text: String) throws(Answer) -> JSON {
    do throws(WireError) {
      let message = try JSON.parse(text)
      guard message.objectValue != nil else { throw WireError("it is no object", at: 0) }
      return message
    } catch {
      throw Answer(.badRequest, "bad_json", "a message must be a JSON object: \(error)")
    }
  }

  private func admit(_ reader: StreamReader, token: String) throws(Answer) {
    let credential = Credential(token: token, isLocal: false)
    let principal = try authentication.principal(of: credential)
    guard principal.may(.events) || principal.may(.market) else {
      throw Answer(.forbidden, "forbidden", "\(principal.name) may see neither events nor prices here")
    }
    reader.credential = credential
    reader.isAdmitted = true
    if !principal.may(.events) { reader.place = nil }
    if !principal.may(.market) { reader.quotes = [:] }
    say(reader, "authenticated", ["name": .string(principal.name)])
  }

  private func subscribe(_ reader: StreamReader, _ message: JSON) throws(Answer) {
    let principal = try authentication.principal(of: reader.credential)
    let channels = try StreamChannels(message.words("channels"))
    if channels.events || !channels.instruments.isEmpty { try channels.check(principal) }
    let after = try message.optionalPlace("after")
    guard Set(reader.quotes.keys).union(channels.instruments).count <= Self.instrumentsMax else {
      throw Answer(.badRequest, "bad_field", "one connection has \(Self.instrumentsMax) instruments at most")
    }
    if channels.events {
      let last = gateway.events.last
      reader.place = after.map { min($0, last) } ?? reader.place ?? last
      reader.filter = EventFilter(
        types: try message.words("types").map(Set.init),
        strategies: try message.words("strategies").map(Set.init))
    }
    // Again from the latest, for one that asks again.
    for instrument in channels.instruments { reader.quotes[instrument] = 0 }
    tell(reader, "subscribed")
  }

  private func unsubscribe(_ reader: StreamReader, _ message: JSON) throws(Answer) {
    let channels = try StreamChannels(message.words("channels"))
    if channels.events { reader.place = nil }
    for instrument in channels.instruments { reader.quotes[instrument] = nil }
    tell(reader, "unsubscribed")
  }

  private func tell(_ reader: StreamReader, _ type: String) {
    let names = (reader.place == nil ? [] : ["events"]) + reader.quotes.keys.sorted().map { "quotes:\($0)" }
    say(
      reader, type,
      ["channels": .array(names.map(JSON.string)), "after": reader.place.map { .int($0) } ?? .null])
  }

  private func say(_ reader: StreamReader, _ type: String, _ payload: JSON) {
    // A reader that asks without reading the answers would have them gather here.
    guard !reader.isClogged else { return reader.end(.policy, "answers are not read") }
    reader.send(reader.format.bytes(type: type, payload: payload))
  }
}

/// What a reader subscribes to: `events`, and `quotes:EUR_USD` for each instrument.
struct StreamChannels: Equatable {
  var events = false
  var instruments: [String] = []

  /// - Parameter names: nil: the events.
  init(_ names: [String]?) throws(Answer) {
    for name in names ?? ["events"] {
      if name == "events" {
        events = true
      } else if name.hasPrefix("quotes:"), (8...71).contains(name.utf8.count) {
        instruments.append(String(name.dropFirst(7)))
      } else {
        throw Answer(
          .badRequest, "bad_field", "a channel is events or quotes:INSTRUMENT, not \(name.prefix(64))")
      }
    }
  }

  func check(_ principal: Principal) throws(Answer) {
    let missing: Permission? =
      events && !principal.may(.events)
      ? .events : !instruments.isEmpty && !principal.may(.market) ? .market : nil
    guard let missing else { return }
    throw Answer(
      .forbidden, "forbidden",
      "\(principal.name) may not \(missing.rawValue) here: that takes another role or scope")
  }
}

extension JSON {
  /// An array of words, or nil when it is absent or null.
  fileprivate func words(_ key: String) throws(Answer) -> [String]? {
    guard let value = self[key], !value.isNull else { return nil }
    let texts = value.arrayValue?.compactMap(\.stringValue)
    guard let texts, texts.count == value.arrayValue?.count, texts.count <= 1_000 else {
      throw Answer(.badRequest, "bad_field", "\(key) must be an array of strings")
    }
    return texts
  }

  /// The number of an event, or nil when it is absent or null.
  fileprivate func optionalPlace(_ key: String) throws(Answer) -> Int64? {
    guard let value = self[key], !value.isNull else { return nil }
    guard let place = value.intValue, place >= 0 else {
      throw Answer(.badRequest, "bad_field", "\(key) must be the number of an event")
    }
    return Int64(place)
  }
}
