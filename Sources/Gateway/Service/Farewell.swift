import Glibc
import Model
import NIOCore
import Wire

/// The last words of a gateway that fails before it has spoken with its supervisor.
public enum Farewell {
  /// Says hello, the reason and goodbye in one breath; nobody waits for an answer.
  public static func send(_ failure: GatewayFailure, to descriptor: CInt) {
    var lines = ByteBuffer()
    let hello = Hello(software: "rbot-gateway/\(Version.text)", pid: Int(getpid()))
    lines.writeRequest(.number(1), "hello", hello.params)
    lines.writeLog(LogRecord(level: .critical, message: failure.message, time: WallClock.now))
    lines.writeNotification("status", ["text": .string(failure.message)])
    lines.withUnsafeReadableBytes { bytes in _ = write(descriptor, bytes.baseAddress, bytes.count) }
  }
}
