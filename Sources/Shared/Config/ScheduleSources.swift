import Glibc
import Platform
public import Schedule

/// Where schedules have their time zones and trading calendars from: the system's zone data; the calendars that are
/// part of the program, and those of a folder, which go before them. Each is read once.
public final class ScheduleSources {
  /// Why there is none, in a sentence.
  public struct Missing: Error, Hashable, CustomStringConvertible {
    public let description: String
  }

  /// The folder of calendars of one's own; nil: none.
  public let folder: String?
  private var zones: [String: ZoneRules] = ["UTC": .utc]
  private var calendars: [String: TradingCalendar] = [:]

  /// - Parameter folder: may be missing.
  public init(calendars folder: String? = nil) { self.folder = folder }

  /// A time zone by its IANA name.
  public func zone(_ name: String) throws(Missing) -> ZoneRules {
    if let rules = zones[name] { return rules }
    guard let bytes = ZoneDirectory.read(name) else {
      let near = NearestKey.among(ZoneDirectory.names(), to: name).map { ", did you mean \"\($0)\"?" }
      throw Missing(
        description: "there is no time zone \"\(name)\""
          + (near ?? ": write an IANA name like \"Europe/Berlin\""))
    }
    do throws(ZoneError) {
      let rules = try ZoneRules(tzif: bytes)
      zones[name] = rules
      return rules
    } catch {
      throw Missing(description: "the time zone \"\(name)\" cannot be read: \(error)")
    }
  }

  /// A trading calendar by its name.
  public func calendar(_ name: String) throws(Missing) -> TradingCalendar {
    if let calendar = calendars[name] { return calendar }
    guard Self.isName(name) else {
      throw Missing(
        description: "\"\(name)\" is no name of a calendar: it has small letters, digits, _ and -")
    }
    let place: String
    let text: String
    if let own = try own(name) {
      (place, text) = (own.path, own.text)
    } else if let given = TradingCalendar.builtIn(name) {
      (place, text) = ("\(name).calendar", given)
    } else {
      throw Missing(description: unknown(name))
    }
    do throws(CalendarFileError) {
      let calendar = try TradingCalendar(name: name, text: text) { try? zone($0) }
      calendars[name] = calendar
      return calendar
    } catch {
      throw Missing(description: "\(place)\(error.line.map { ":\($0)" } ?? ""): \(error.message)")
    }
  }

  /// All names that there are, sorted.
  public var calendarNames: [String] {
    let own = folder.flatMap { Self.files(in: $0) } ?? []
    return Set(own).union(TradingCalendar.builtIn).sorted()
  }

  private func unknown(_ name: String) -> String {
    let known = calendarNames
    let start = "there is no calendar \"\(name)\""
    if let near = NearestKey.among(known, to: name) { return start + ", did you mean \"\(near)\"?" }
    let place = folder.map { ", or put \(name).calendar into \($0)" } ?? ""
    return start + "; there are \(known.joined(separator: ", "))" + place
  }

  private static func isName(_ name: String) -> Bool {
    (1...64).contains(name.utf8.count)
      && name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 95 || $0 == 45 }
  }

  /// - Returns: nil where the folder has none of that name.
  private func own(_ name: String) throws(Missing) -> (path: String, text: String)? {
    guard let folder else { return nil }
    let path = "\(folder)/\(name).calendar"
    guard access(path, F_OK) == 0 || errno != ENOENT && errno != ENOTDIR else { return nil }
    switch readBytes(path) {
    case .success(let bytes):
      guard let text = String(validating: bytes, as: UTF8.self) else {
        throw Missing(description: "\(path) is not UTF-8 text")
      }
      return (path, text)
    case .failure(let issue): throw Missing(description: "\(path) \(issue.message)")
    }
  }

  private static func files(in folder: String) -> [String]? {
    guard let stream = opendir(folder) else { return nil }
    defer { closedir(stream) }
    var names: [String] = []
    while let item = readdir(stream) {
      let name = withUnsafeBytes(of: item.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name.hasSuffix(".calendar"), isName(String(name.dropLast(9))) {
        names.append(String(name.dropLast(9)))
      }
    }
    return names
  }
}
