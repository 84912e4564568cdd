import Glibc

/// The compiler's language version, as far as a program can know it.
enum SwiftVersion {
  #if compiler(>=6.4)
    static let text = "6.4 or later"
  #elseif compiler(>=6.3)
    static let text = "6.3"
  #else
    static let text = "6.2"
  #endif
}

/// This process's id.
func getOwnPid() -> Int32 { getpid() }

/// Lets a group use a socket.
func giveToGroup(_ path: String, _ group: UInt32) { _ = chown(path, uid_t.max, group) }
