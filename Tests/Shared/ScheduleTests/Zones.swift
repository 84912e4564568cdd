import Foundation
import Model
import Testing

@testable import Schedule

/// The system's zone data; a test that needs a zone which is not there says so.
func zone(_ name: String) throws -> ZoneRules {
  let file = "/usr/share/zoneinfo/\(name)"
  return try ZoneRules(tzif: Array(try Data(contentsOf: URL(filePath: file))))
}

func second(_ text: String) throws -> Int64 {
  try #require(Timestamp(text)).nanoseconds / 1_000_000_000
}

extension Firing {
  /// `2026-03-08T03:00:00-04:00`
  var local: String {
    let wall = Timestamp(nanoseconds: (self.second + offset) * 1_000_000_000).description.prefix(19)
    let minutes = abs(offset) / 60
    let digits = [minutes / 60, minutes % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }
    return "\(wall)\(offset < 0 ? "-" : "+")\(digits[0]):\(digits[1])"
  }
}

/// The next local times of an expression.
func firings(_ text: String, _ name: String, from: String, count: Int) throws -> [String] {
  let expression = try CronExpression(text)
  let rules = try zone(name)
  var after = try second(from)
  var found: [String] = []
  while found.count < count, let next = expression.next(after: after, in: rules) {
    found.append(next.local)
    after = next.second
  }
  return found
}
