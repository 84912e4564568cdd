import ArgumentParser
import Model
import Platform
import Schedule
import Wire

/// When an expression comes next, asked by a person or a line of a batch.
struct FiringQuestion {
  static let countByDefault = 5
  private static let countMax = 10_000
  private static let lineBytesMax = 65_536

  let expression: String
  let hasSeconds: Bool
  let zone: String
  let from: Timestamp
  let count: Int

  /// Why a question cannot be answered, in a sentence.
  struct Mistake: Error, CustomStringConvertible {
    let description: String
  }

  init(expression: String, hasSeconds: Bool, zone: String, from: Timestamp, count: Int) {
    self.expression = expression
    self.hasSeconds = hasSeconds
    self.zone = zone
    self.from = from
    self.count = count
  }

  /// A line of a batch.
  init(line: String, now: Timestamp) throws {
    guard line.utf8.count <= Self.lineBytesMax, let object = try? JSON.parse(line), object.objectValue != nil
    else {
      throw Mistake(description: "the line is no JSON object of at most \(Self.lineBytesMax) bytes")
    }
    guard let text = object["expr"]?.stringValue else {
      throw Mistake(description: "expr is missing: a text")
    }
    expression = text
    hasSeconds = object["seconds"]?.boolValue ?? false
    zone = try Self.text(object, "timezone") ?? "UTC"
    if let time = try Self.text(object, "from") {
      guard let from = Timestamp(time) else {
        throw Mistake(description: "from is no time like 2026-03-08T00:00:00Z: \(time)")
      }
      self.from = from
    } else {
      from = now
    }
    let count = object["count"] ?? .int(Self.countByDefault)
    guard let number = count.intValue, (1...Self.countMax).contains(number) else {
      throw Mistake(description: "count must be 1 to \(Self.countMax)")
    }
    self.count = number
  }

  private static func text(_ object: JSON, _ key: String) throws -> String? {
    guard let value = object[key], !value.isNull else { return nil }
    guard let text = value.stringValue else { throw Mistake(description: "\(key) must be a text") }
    return text
  }

  static func check(count: Int) throws {
    guard (1...countMax).contains(count) else { throw ValidationError("--count is 1 to \(countMax)") }
  }

  /// The next firings, `count` of them where there are as many within 50 years of each other.
  func answer(_ zones: inout ZoneCache) throws -> [Firing] {
    let cron = try CronExpression(expression, seconds: hasSeconds)
    let rules = try zones.rules(zone)
    var found: [Firing] = []
    var after = from.nanoseconds / 1_000_000_000
    while found.count < count, let next = cron.next(after: after, in: rules) {
      found.append(next)
      after = next.second
    }
    return found
  }
}

/// Zones that have been read, so that a batch reads each once.
struct ZoneCache {
  private var known: [String: ZoneRules] = ["UTC": .utc]

  mutating func rules(_ name: String) throws -> ZoneRules {
    if let rules = known[name] { return rules }
    guard let bytes = ZoneDirectory.read(name) else {
      let near = NearestName.among(ZoneDirectory.names(), to: name).map { "; did you mean \($0)?" }
      throw FiringQuestion.Mistake(
        description: "there is no time zone \(name)" + (near ?? ": it is an IANA name like Europe/Berlin"))
    }
    do {
      let rules = try ZoneRules(tzif: bytes)
      known[name] = rules
      return rules
    } catch {
      throw FiringQuestion.Mistake(description: "the time zone \(name) cannot be read: \(error)")
    }
  }
}
