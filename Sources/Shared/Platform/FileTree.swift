import CPlatform
import Glibc

/// A folder of somebody else's, and all that is in it: looked at and handed over without following a link, so that
/// who fills it cannot lead us anywhere. Every call blocks, and is bounded.
public struct FileTree: Sendable {
  /// What a folder holds.
  public struct Size: Equatable, Sendable {
    /// Bytes on the disk, and 512 for each entry, so that a million empty files are something too.
    public var bytes: UInt64 = 0
    public var entries = 0
    public var extent = Extent.whole

    /// How much of the folder was looked at; but for all of it, it holds at least what was counted.
    public enum Extent: Sendable {
      case whole
      /// It has more entries, or folders deeper in each other, than are looked at.
      case tooMany
      /// The look was ended before.
      case stopped
    }
  }

  /// The folder.
  public let path: String
  /// Entries after which a look ends.
  public var entriesMax: Int
  /// How deep folders may lie in each other; each level takes a descriptor while it is looked at.
  static let depthMax = 64
  /// From that depth on only where others have descriptors left: several trees may be looked at side by side.
  private static let depthFree = 8

  public init(path: String, entriesMax: Int = 1_000_000) {
    self.path = path
    self.entriesMax = entriesMax
  }

  /// Measures as the user to whom it belongs: another could not look into it without privileges over all files.
  ///
  /// - Parameter stop: asked now and then; true ends the look.
  public func size(as user: UInt32?, stop: () -> Bool = { false }) throws(SystemError) -> Size {
    try Self.acting(as: user) { () throws(SystemError) in
      var size = Size()
      let fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
      guard fd >= 0 else { throw SystemError("look into \(path)") }
      var isStopped = false
      let isWhole = Self.walk(fd, depth: 0) { _, _, status in
        size.bytes += UInt64(max(0, status.st_blocks)) * 512 + 512
        size.entries += 1
        isStopped = size.entries % 1_024 == 0 && stop()
        return size.entries < entriesMax && !isStopped
      }
      size.extent = isWhole ? .whole : isStopped ? .stopped : .tooMany
      return size
    }
  }

  /// Makes the folder and `tmp` in it, and sees to it that both and all that is in them belong to a user.
  ///
  /// - Parameter user: its id and that of its group; nil: our own.
  /// - Returns: how many files were left alone because they have several names, and may be somebody else's.
  @discardableResult
  public func own(by user: UInt32?) throws(SystemError) -> Int {
    guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw SystemError("make the folder \(path)") }
    var status = stat()
    guard lstat(path, &status) == 0 else { throw SystemError("look at \(path)") }
    guard status.st_mode & S_IFMT == S_IFDIR else { throw SystemError("use \(path)", code: ENOTDIR) }
    let owner = user ?? geteuid()
    var left = 0
    if status.st_uid != owner {
      // Ours first, or we could not look into it; the folder itself comes last, so that a hand-over which did not
      // come to its end is seen the next time.
      if status.st_uid != geteuid(), lchown(path, geteuid(), getegid()) != 0 {
        throw SystemError("take over \(path)")
      }
      left = try giveAway(to: owner)
    }
    _ = chmod(path, 0o700)
    try Self.acting(as: user) { () throws(SystemError) in
      guard mkdir(path + "/tmp", 0o700) == 0 || errno == EEXIST else {
        throw SystemError("make the folder \(path)/tmp")
      }
    }
    return left
  }

  private func giveAway(to owner: UInt32) throws(SystemError) -> Int {
    let group = owner == geteuid() ? getegid() : owner
    let fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard fd >= 0 else { throw SystemError("look into \(path)") }
    let root = dup(fd)
    defer { close(root) }
    var (left, count, failure) = (0, 0, Int32(0))
    func take(_ folder: Int32, _ name: UnsafePointer<CChar>) {
      _ = fchownat(folder, name, geteuid(), getegid(), AT_SYMLINK_NOFOLLOW)
    }
    let isWhole = Self.walk(fd, depth: 0, before: take) { folder, name, status in
      count += 1
      if status.st_mode & S_IFMT != S_IFDIR, status.st_nlink > 1 {
        left += 1
      } else if fchownat(folder, name, owner, group, AT_SYMLINK_NOFOLLOW) != 0, errno != ENOENT {
        failure = errno
      }
      return failure == 0 && count < entriesMax
    }
    guard failure == 0 else { throw SystemError("hand over what is in \(path)", code: failure) }
    guard isWhole else {
      throw SystemError("hand over the \(count) files and more in \(path)", code: E2BIG)
    }
    guard fchown(root, owner, group) == 0 else { throw SystemError("hand over \(path)") }
    return left
  }

  /// Runs `body` with a user's rights to files, on this thread alone.
  private static func acting<Result>(
    as user: UInt32?, _ body: () throws(SystemError) -> Result
  ) throws(SystemError) -> Result {
    guard let user, user != geteuid() else { return try body() }
    guard rbot_set_file_user(user, user) else {
      _ = rbot_set_file_user(geteuid(), getegid())
      throw SystemError("open files as user \(user)", code: EPERM)
    }
    defer { _ = rbot_set_file_user(geteuid(), getegid()) }
    return try body()
  }

  /// Visits everything in a folder, what is in a folder before the folder itself; takes the descriptor. Names are
  /// passed on as they are: they need not be text.
  ///
  /// - Parameters:
  ///   - before: called for a folder that cannot be opened, which is then tried again.
  ///   - visit: gets the descriptor of the folder, the name in it, and what it is; false ends the walk.
  /// - Returns: false where the walk was ended, or folders lie too deep in each other.
  private static func walk(
    _ fd: Int32, depth: Int, before: ((Int32, UnsafePointer<CChar>) -> Void)? = nil,
    visit: (Int32, UnsafePointer<CChar>, stat) -> Bool
  ) -> Bool {
    guard let stream = fdopendir(fd) else {
      close(fd)
      return true
    }
    defer { closedir(stream) }
    while let item = readdir(stream) {
      let goesOn = withUnsafeBytes(of: &item.pointee.d_name) { bytes -> Bool in
        guard let name = bytes.bindMemory(to: CChar.self).baseAddress else { return true }
        if strcmp(name, ".") == 0 || strcmp(name, "..") == 0 { return true }
        var status = stat()
        guard fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return true }
        if status.st_mode & S_IFMT == S_IFDIR, !enter(fd, name, depth, before, visit) { return false }
        return visit(fd, name, status)
      }
      if !goesOn { return false }
    }
    return true
  }

  private static func enter(
    _ fd: Int32, _ name: UnsafePointer<CChar>, _ depth: Int,
    _ before: ((Int32, UnsafePointer<CChar>) -> Void)?, _ visit: (Int32, UnsafePointer<CChar>, stat) -> Bool
  ) -> Bool {
    guard depth < depthMax, depth < depthFree || DescriptorRoom.left() > DescriptorRoom.forControl else {
      return false
    }
    let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
    var inner = openat(fd, name, flags)
    if inner < 0, errno == EACCES, let before {
      before(fd, name)
      inner = openat(fd, name, flags)
    }
    return inner < 0 || walk(inner, depth: depth + 1, before: before, visit: visit)
  }
}
