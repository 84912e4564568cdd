import CPlatform

/// Random numbers that nobody can guess.
public enum SecureRandom {
  /// 256 bits as 64 lower-case hex digits: a worker's token.
  ///
  /// - Throws: ``SystemError`` where the kernel gives none, which no kernel that we run on does.
  public static func token() throws(SystemError) -> String {
    var bytes = [UInt8](repeating: 0, count: 32)
    let count = bytes.count
    guard rbot_random(&bytes, count) == 0 else { throw SystemError("read random bytes") }
    return hex(bytes)
  }
}

/// Lower-case hex digits, two per byte.
func hex(_ bytes: some Sequence<UInt8>) -> String {
  let digits = Array("0123456789abcdef".utf8)
  return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}
