import CPlatform
import Glibc

/// A cgroup v2 directory that this process may divide.
///
/// Where the service manager has delegated one, each worker gets its own: then a stop is one write that the
/// kernel carries out on every member at once, whatever they have done to hide.
public struct Cgroup: Equatable, Sendable {
  /// The directory.
  public let path: String

  /// A cgroup that exists already, or a plain directory in a test.
  public init(path: String) { self.path = path }

  /// The cgroup that was delegated to this process (`Delegate=yes`), nil where there is none: then sessions
  /// and adopted orphans have to do.
  ///
  /// systemd marks such a directory with an attribute; without one we are guests in somebody else's cgroup
  /// and must not touch it, even where root could.
  public static func delegated() -> Cgroup? {
    guard
      let own = readText("/proc/self/cgroup")?.split(separator: "\n").first(where: { $0.hasPrefix("0::/") })
    else { return nil }
    for mount in ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"] {
      let path = mount + own.dropFirst(3)
      guard access(path + "/cgroup.procs", W_OK) == 0 else { continue }
      if rbot_is_delegated(path) { return Cgroup(path: path) }
    }
    return nil
  }

  /// A cgroup inside this one, made if it is not there.
  public func child(_ name: String) throws(SystemError) -> Cgroup {
    let inner = path + "/" + name
    guard mkdir(inner, 0o755) == 0 || errno == EEXIST else { throw SystemError("make the cgroup \(inner)") }
    return Cgroup(path: inner)
  }

  /// The cgroups directly inside this one: after a crash, what the last supervisor left.
  public func children() -> [Cgroup] {
    guard let stream = opendir(path) else { return [] }
    defer { closedir(stream) }
    var found: [Cgroup] = []
    while let item = readdir(stream) {
      let name = withUnsafeBytes(of: item.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if item.pointee.d_type == UInt8(DT_DIR), !name.hasPrefix(".") {
        found.append(Cgroup(path: path + "/" + name))
      }
    }
    return found
  }

  /// Moves a process into this cgroup; 0 is the caller.
  public func add(pid: Int32) throws(SystemError) { try write(String(pid), to: "cgroup.procs") }

  /// Kills every member, and those of the cgroups inside, at once.
  public func kill() throws(SystemError) { try write("1", to: "cgroup.kill") }

  /// Stops every member from running, or lets them go on.
  public func freeze(_ frozen: Bool) throws(SystemError) {
    try write(frozen ? "1" : "0", to: "cgroup.freeze")
  }

  /// True when no process lives in it or below. A cgroup that is gone is empty.
  public var isEmpty: Bool {
    guard let events = readText(path + "/cgroup.events") else { return true }
    return events.split(separator: "\n").contains("populated 0")
  }

  /// The pids of the direct members.
  public var members: [Int32] {
    (readText(path + "/cgroup.procs") ?? "").split(separator: "\n").compactMap { Int32($0) }
  }

  /// Sets a limit, such as `memory.max`; the controller must be enabled in the parent.
  public func set(_ file: String, _ value: String) throws(SystemError) { try write(value, to: file) }

  /// Removes the empty cgroup.
  public func remove() throws(SystemError) {
    guard rmdir(path) == 0 || errno == ENOENT else { throw SystemError("remove the cgroup \(path)") }
  }

  private func write(_ text: String, to file: String) throws(SystemError) {
    let name = path + "/" + file
    let fd = open(name, O_WRONLY | O_CLOEXEC | O_TRUNC)
    guard fd >= 0 else { throw SystemError("open \(name)") }
    defer { close(fd) }
    guard Glibc.write(fd, text, text.utf8.count) == text.utf8.count else {
      throw SystemError("write \(text) to \(name)")
    }
  }
}
