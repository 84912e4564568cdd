import Glibc

/// What a cgroup tells about those in it, and how it is waited for.
extension Cgroup {
  /// The last part of its path.
  var name: Substring { path.split(separator: "/").last ?? "" }

  /// The words of one of its files, none where it is not there.
  func names(in file: String) -> [String] {
    (readText(path + "/" + file) ?? "").split(whereSeparator: \.isWhitespace).map(String.init)
  }

  /// How often the kernel killed somebody in it because its memory was full; nil without a memory controller.
  public var memoryKills: Int? { value("oom_kill", in: "memory.events") }

  /// True while every member is stopped.
  public var isFrozen: Bool { value("frozen", in: "cgroup.events") == 1 }

  /// Stops every member, or lets them go on, and waits until it is so.
  ///
  /// - Parameter patience: for how long; a process that the kernel holds may take its time.
  /// - Returns: whether it is so.
  @discardableResult
  public func freeze(_ frozen: Bool, within patience: Duration) throws(SystemError) -> Bool {
    try freeze(frozen)
    let end = MonotonicClock.milliseconds + UInt64(patience / .milliseconds(1))
    while isFrozen != frozen {
      if MonotonicClock.milliseconds >= end { return false }
      usleep(500)
    }
    return true
  }

  /// Removes it and the empty cgroups inside, which its members may have made.
  public func removeAll(depth: Int = 8) throws(SystemError) {
    if depth > 0 { for child in children() { try child.removeAll(depth: depth - 1) } }
    try remove()
  }

  /// The number behind a key in a file of "key number" lines.
  private func value(_ key: String, in file: String) -> Int? {
    for line in (readText(path + "/" + file) ?? "").split(separator: "\n") {
      let words = line.split(separator: " ")
      if words.count == 2, words[0] == key { return Int(words[1]) }
    }
    return nil
  }
}
