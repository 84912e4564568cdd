import CPlatform
import Glibc

/// What a worker without a user of its own wants to change of a file beside its content.
///
/// Landlock leaves that to whoever owns the file, and a worker that is rbotd's own user owns the databases, the
/// settings and every other strategy. So rbotd looks where the file is, and makes the change in its place.
struct FileChange: Equatable {
  enum Change: Equatable {
    case mode(UInt32)
    /// Seconds and nanoseconds of access and change, four numbers; none: now.
    case times([Int64])
  }

  var call: String
  /// Absolute, by its letters alone.
  var path: String
  /// Whether a link at the end of the path is followed.
  var follows: Bool
  var change: Change

  /// Whether it would make a program that runs as its owner.
  var gainsRights: Bool {
    if case .mode(let mode) = change { return mode & 0o6000 != 0 }
    return false
  }

  /// Makes it; may wait for a disk.
  ///
  /// - Returns: 0 or an errno.
  func make(folder: String, path: String) -> Int32 {
    let place = rbot_open_place_beneath(folder, path, follows)
    // A link that leads out of the folder.
    guard place >= 0 else { return errno == EXDEV || errno == ELOOP ? EPERM : errno }
    defer { close(place) }
    switch change {
    case .mode(let mode): return rbot_change_mode(place, mode & 0o1777)
    case .times(let times):
      return times.count == 4 ? rbot_change_times(place, times) : rbot_change_times(place, nil)
    }
  }
}

extension WardenReader {
  /// Reads a call that changes a file's mode or times; nil where it is none of those that are made in the caller's
  /// place.
  func change(_ call: String, _ notification: rbot_notification) -> WardenCall? {
    let arguments = notification.arguments
    let here = UInt64(bitPattern: Int64(AT_FDCWD))
    let words: (folder: UInt64, path: UInt64, flags: UInt64)
    var change = FileChange.Change.times([])
    switch rbot_call_kind(notification.number) {
    case RBOT_CALL_CHMOD:
      words = (here, arguments.0, 0)
      change = .mode(UInt32(truncatingIfNeeded: arguments.1))
    case RBOT_CALL_FCHMOD:
      words = (arguments.0, 0, 0)
      change = .mode(UInt32(truncatingIfNeeded: arguments.1))
    case RBOT_CALL_FCHMODAT:
      words = (arguments.0, arguments.1, 0)
      change = .mode(UInt32(truncatingIfNeeded: arguments.2))
    case RBOT_CALL_FCHMODAT2:
      words = (arguments.0, arguments.1, arguments.3)
      change = .mode(UInt32(truncatingIfNeeded: arguments.2))
    case RBOT_CALL_UTIMENSAT:
      words = (arguments.0, arguments.1, arguments.3)
      guard let times = times(at: arguments.2, of: notification.task) else { return nil }
      change = .times(times)
    default: return nil
    }
    let folder = Int32(truncatingIfNeeded: words.folder)
    guard let path = path(at: words.path, from: folder, of: notification.task) else { return nil }
    let follows = words.flags & UInt64(AT_SYMLINK_NOFOLLOW) == 0
    return .change(FileChange(call: call, path: path, follows: follows, change: change))
  }

  /// Four numbers, none where it is to be now; nil where they cannot be read.
  private func times(at address: UInt64, of task: Int32) -> [Int64]? {
    guard address != 0 else { return [] }
    var times = [Int64](repeating: 0, count: 4)
    let size = times.count * MemoryLayout<Int64>.size
    let count = times.withUnsafeMutableBytes { rbot_read_memory(task, address, $0.baseAddress, size) }
    return count == size ? times : nil
  }

  /// The path, made absolute by the folder that it starts from; that folder's own where it is empty.
  private func path(at address: UInt64, from folder: Int32, of task: Int32) -> String? {
    var text = ""
    if address != 0 {
      guard let read = self.text(at: address, of: task) else { return nil }
      text = read
    }
    if text.hasPrefix("/") { return Self.normalised(text) }
    let link = folder == AT_FDCWD ? "/proc/\(task)/cwd" : "/proc/\(task)/fd/\(folder)"
    return Self.link(link).map { Self.normalised($0 + "/" + text) }
  }

  /// A text of the caller's, which ends with a zero; page by page, since the next one may not be there.
  private func text(at address: UInt64, of task: Int32) -> String? {
    let page: UInt64 = 4096
    var bytes: [UInt8] = []
    while bytes.count < Int(PATH_MAX) {
      let from = address &+ UInt64(bytes.count)
      var part = [UInt8](repeating: 0, count: Int(page - from % page))
      let count = rbot_read_memory(task, from, &part, part.count)
      guard count == part.count else { return nil }
      let piece = part.prefix { $0 != 0 }
      bytes += piece
      if piece.count < part.count { return String(validating: bytes, as: UTF8.self) }
    }
    return nil
  }

  static func link(_ path: String) -> String? {
    var target = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = target.withUnsafeMutableBytes { bytes in
      bytes.bindMemory(to: CChar.self).baseAddress.map { readlink(path, $0, bytes.count) } ?? -1
    }
    return count > 0 ? String(validating: target.prefix(count), as: UTF8.self) : nil
  }
}
