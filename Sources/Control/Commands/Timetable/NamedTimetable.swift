import Config
import Schedule
import Wire

/// A strategy's schedule as its manifest says it, read here: nothing is asked of a daemon that need not run.
struct NamedTimetable {
  let name: String
  let timetable: Timetable

  /// - Parameter target: a strategy of the daemon's folder, or the path of a folder or a manifest.
  /// - Throws: ``Failure`` where there is no such strategy, its manifest is wrong, or it has no schedule.
  static func find(_ target: String, _ session: Session) async throws -> NamedTimetable {
    let folder = await StrategiesFolder.find(nil, session)
    let path = try manifest(target, in: folder?.path)
    let manifest: StrategyManifest
    do {
      manifest = try StrategyManifest(
        path: path, schedules: ScheduleSources(calendars: session.calendarFolder(folder?.status)))
    } catch {
      throw Failure(.refused, "has_errors", error.issues.map(\.description).joined(separator: "; "))
    }
    guard let timetable = manifest.schedule else {
      throw Failure(
        .refused, "no_schedule", "\(manifest.name) has no [schedule] in \(path): it runs all the time")
    }
    return NamedTimetable(name: manifest.name, timetable: timetable)
  }

  private static func manifest(_ target: String, in folder: String?) throws -> String {
    if let place = CheckVerb.place(target), place.hasSuffix(".toml") { return place }
    if Path.looksLikeOne(target) {
      throw Failure(.usage, "no_such_file", "\(target) is neither a strategy's folder nor a strategy.toml")
    }
    guard let folder else {
      throw Failure(.usage, "no_folder", "there is no folder of strategies; name the strategy's own folder")
    }
    let found = StrategyFolders(folder)
    guard let path = found.manifest(of: target) else {
      throw Failure(.refused, "unknown_strategy", NearestName.unknown(target, known: found.names))
    }
    return path
  }

  /// The next slots, those that are skipped among them.
  func slots(after second: Int64, count: Int) -> [Slot] {
    var found: [Slot] = []
    var after = second
    while found.count < count {
      do throws(CalendarError) {
        guard let slot = try timetable.slot(after: after) else { break }
        found.append(slot)
        after = slot.second
      } catch {
        found.append(timetable.slot(unknown: error))
        after = error.second
      }
    }
    return found
  }
}
