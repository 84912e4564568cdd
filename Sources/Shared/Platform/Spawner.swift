import CPlatform
import Glibc

/// A spawn on its way: rbot-exec runs, and its report has yet to come.
struct Launch {
  var pid: Int32
  var pidfd: Int32
  var report: Int32
  var channel: Int32
  var output: Int32?
  var error: Int32?

  /// Closes what would have been the caller's.
  func closeEnds() {
    close(channel)
    if let output { close(output) }
    if let error { close(error) }
  }
}

/// Makes the descriptors of a spawn and starts rbot-exec with them.
enum Spawner {
  /// The numbers in the child are 0 to `count - 1`, so our own ends must lie above.
  private static let count: Int32 = 7

  /// - Parameter underway: how many launches have not taken all that they will.
  /// - Throws: ``SpawnError`` of the stages `descriptors` and `helper`; nothing stays open then.
  static func launch(_ request: SpawnRequest, _ underway: Int) throws(SpawnError) -> Launch {
    guard hasRoom(for: request, underway) else {
      throw SpawnError(stage: "descriptors", code: EMFILE, request: request)
    }
    var ours = DescriptorBag()
    var theirs = DescriptorBag()
    defer { theirs.closeAll() }
    do {
      let places = try open(request, &ours, &theirs)
      let lock = try request.lock.map { fd throws(SpawnError) in try share(fd, request, &theirs) }
      return try start(
        request, places, lock: lock, request.arguments(parent: getpid(), ruleset: places.abi),
        request.environmentLines)
    } catch {
      ours.closeAll()
      throw error
    }
  }

  /// Starts one that waits to be told what to become; nil where it cannot be had.
  static func standby(like request: SpawnRequest, _ terms: Standby.Terms) -> Standby? {
    guard DescriptorRoom.left() >= standbyRoom + request.reserve else { return nil }
    var ours = DescriptorBag()
    var theirs = DescriptorBag()
    defer { theirs.closeAll() }
    do {
      let places = try open(request, &ours, &theirs)
      let words = [request.helper, "--parent", String(getpid()), "--await", "4"]
      let launch = try start(request, places, lock: nil, words, [])
      return Standby(terms: terms, launch: launch, rules: places.abi)
    } catch {
      ours.closeAll()
      return nil
    }
  }

  /// The descriptors of a launch, but for the lock.
  private struct Places {
    var channel: (ours: Int32, theirs: Int32)
    var report: (ours: Int32, theirs: Int32)
    var output: (ours: Int32, theirs: Int32)?
    var error: (ours: Int32, theirs: Int32)?
    var outputEnd: Int32
    var errorEnd: Int32
    var ruleset: Int32?
    /// The version of Landlock that the ruleset is for.
    var abi: Int32?
  }

  private static func open(
    _ request: SpawnRequest, _ ours: inout DescriptorBag, _ theirs: inout DescriptorBag
  ) throws(SpawnError) -> Places {
    let channel = try ends(request, rbot_socketpair, &ours, &theirs)
    let report = try ends(request, rbot_socketpair, &ours, &theirs)
    var output: (ours: Int32, theirs: Int32)?
    var error: (ours: Int32, theirs: Int32)?
    if request.output == .pipes {
      output = try ends(request, rbot_pipe, &ours, &theirs)
      error = try ends(request, rbot_pipe, &ours, &theirs)
    }
    let outputEnd = try above(output?.theirs ?? 1, request, &theirs)
    let errorEnd = try above(error?.theirs ?? 2, request, &theirs)
    let rules = request.sandbox.flatMap { $0.shared?.ruleset(allowsNetwork: $0.allowsNetwork) }
    let ruleset = try rules.map { rules throws(SpawnError) in
      try above(theirs.hold(rules.fd), request, &theirs)
    }
    return Places(
      channel: channel, report: report, output: output, error: error, outputEnd: outputEnd,
      errorEnd: errorEnd, ruleset: ruleset, abi: rules?.abi)
  }

  private static func start(
    _ request: SpawnRequest, _ places: Places, lock: Int32?, _ words: [String], _ variables: [String]
  ) throws(SpawnError) -> Launch {
    let map = [
      -1, places.outputEnd, places.errorEnd, places.channel.theirs, places.report.theirs, lock ?? -1,
      places.ruleset ?? -1,
    ]
    var spawned = rbot_spawned()
    let code = withCStrings(words) { arguments in
      withCStrings(variables) { environment in
        rbot_spawn(&spawned, request.helper, arguments, environment, map, Int32(map.count))
      }
    }
    guard code == 0 else { throw SpawnError(stage: "helper", code: code, request: request) }
    return Launch(
      pid: spawned.pid, pidfd: spawned.pidfd, report: places.report.ours, channel: places.channel.ours,
      output: places.output?.ours, error: places.error?.ours)
  }

  /// What a launch takes: both ends of four, the lock, the ruleset, the pidfd.
  private static let launchNeed = 11
  /// What comes later: the listener of its sandbox, and its place in `/proc`.
  private static let laterNeed = 2

  /// Where there are fewer, none stands by: five stay in use, and a start that does without it takes all of its own.
  private static let standbyRoom = 128

  /// Whether a launch leaves what must be left.
  static func hasRoom(for request: SpawnRequest, _ underway: Int) -> Bool {
    DescriptorRoom.left() >= launchNeed + laterNeed * (underway + 1) + request.reserve
  }

  /// A pipe or socket pair: our end non-blocking, theirs above the numbers that the child uses.
  private static func ends(
    _ request: SpawnRequest, _ make: (UnsafeMutablePointer<Int32>) -> Int32, _ ours: inout DescriptorBag,
    _ theirs: inout DescriptorBag
  ) throws(SpawnError) -> (ours: Int32, theirs: Int32) {
    do {
      let pair = try makePair(make, "make a pipe")
      let our = ours.hold(pair.first)
      let their = theirs.hold(pair.second)
      _ = rbot_set_nonblocking(our, true)
      return (ours: our, theirs: try above(their, request, &theirs))
    } catch let error as SystemError {
      throw SpawnError(stage: "descriptors", code: error.code, request: request)
    } catch {
      throw SpawnError(stage: "descriptors", code: EBADF, request: request)
    }
  }

  /// The same open file under a number that no `dup2` of the child's start can hit.
  private static func above(_ fd: Int32, _ request: SpawnRequest, _ bag: inout DescriptorBag)
    throws(SpawnError) -> Int32
  {
    guard fd < count else { return fd }
    let copy = rbot_duplicate_above(fd, count)
    guard copy >= 0 else { throw SpawnError(stage: "descriptors", code: errno, request: request) }
    return bag.hold(copy)
  }

  /// The worker's own share of the lock.
  private static func share(_ lock: Int32, _ request: SpawnRequest, _ bag: inout DescriptorBag)
    throws(SpawnError) -> Int32
  {
    let fd = LockFile.share(of: lock)
    guard fd >= 0 else { throw SpawnError(stage: "descriptors", code: errno, request: request) }
    return try above(bag.hold(fd), request, &bag)
  }

  /// The strings as a C array that ends with a null pointer.
  private static func withCStrings<R>(
    _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> R
  ) -> R {
    let copies: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) } + [nil]
    defer { for copy in copies { free(copy) } }
    return copies.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { preconditionFailure("the array holds at least its nil") }
      return body(base)
    }
  }
}
