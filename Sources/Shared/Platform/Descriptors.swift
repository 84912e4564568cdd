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
