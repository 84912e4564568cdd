import CPlatform
import Glibc

/// Descriptors that close together unless they are taken out first: a spawn that fails half-way leaks none.
struct DescriptorBag {
  private var held: [Int32] = []

  mutating func hold(_ fd: Int32) -> Int32 {
    held.append(fd)
    return fd
  }

  mutating func release(_ fd: Int32) { held.removeAll { $0 == fd } }

  mutating func closeAll() {
    for fd in held { close(fd) }
    held.removeAll()
  }
}

/// How many more descriptors this process may open.
///
/// Some must always be left: without one the control socket answers nobody, the databases cannot be opened, and
/// libdispatch ends the whole process where it cannot open a file in `/proc`.
public enum DescriptorRoom {
  /// What a new worker must leave, for control clients, the databases' readers, and looks into `/proc`.
  public static let forControl = 32
  /// What the gateway must leave: without it nothing runs at all.
  public static let forGateway = 16
  /// What a control client must leave.
  public static let forLooks = 12
  /// The soft limit from which on everything has room, workers aside.
  public static let limitMin: UInt64 = 128
  /// More than this nobody needs; a process that closes all that it might have inherited takes its time then.
  private static let limitMax: rlim_t = 65_536

  /// The soft limit now.
  public static var limit: UInt64 {
    var limit = rlimit()
    return getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 ? UInt64(limit.rlim_cur) : .max
  }

  /// Takes as many as this process may have; what it starts inherits that, unless it is given a limit of its own.
  public static func raiseLimit() {
    let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var limit = rlimit()
    guard getrlimit(kind, &limit) == 0 else { return }
    let wanted = min(limit.rlim_max, limitMax)
    guard limit.rlim_cur < wanted else { return }
    limit.rlim_cur = wanted
    setrlimit(kind, &limit)
  }

  /// How many there are. One system call since Linux 6.2; before, a look at each that is open, for which one must
  /// be left.
  public static func left() -> Int {
    let limit = Int(clamping: limit)
    var status = stat()
    if stat("/proc/self/fd", &status) == 0, status.st_size > 0 { return max(0, limit - Int(status.st_size)) }
    guard let open = ProcessTable.numbers(in: "/proc/self/fd") else { return 0 }
    return max(0, limit - open.count)
  }
}

/// Two ends that belong together; close-on-exec, blocking.
func makePair(_ make: (UnsafeMutablePointer<Int32>) -> Int32, _ attempt: String)
  throws(SystemError) -> (first: Int32, second: Int32)
{
  var ends: (Int32, Int32) = (-1, -1)
  let status = withUnsafeMutableBytes(of: &ends) { bytes in
    bytes.baseAddress.map { make($0.assumingMemoryBound(to: Int32.self)) } ?? -1
  }
  guard status == 0 else { throw SystemError(attempt) }
  return (first: ends.0, second: ends.1)
}

/// Reads a small file whole, as those in `/proc` must be; nil where it is gone or may not be read.
///
/// - Parameter limit: bytes after which reading stops.
func readFile(_ path: String, limit: Int = 1 << 20) -> [UInt8]? {
  let fd = open(path, O_RDONLY | O_CLOEXEC)
  guard fd >= 0 else { return nil }
  defer { close(fd) }
  let chunk = 4096
  var bytes: [UInt8] = []
  while bytes.count < limit {
    var count = 0
    let part = [UInt8](unsafeUninitializedCapacity: chunk) { buffer, initialized in
      repeat { count = read(fd, buffer.baseAddress, chunk) } while count < 0 && errno == EINTR
      initialized = max(count, 0)
    }
    if count < 0 { return nil }
    if count == 0 { break }
    if bytes.isEmpty { bytes = part } else { bytes += part }
  }
  return bytes
}

/// Reads a small text file; nil where it is gone, not readable, or not UTF-8.
func readText(_ path: String) -> String? {
  readFile(path).flatMap { String(validating: $0, as: UTF8.self) }
}
