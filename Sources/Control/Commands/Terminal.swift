import Glibc
import Model
import NIOCore
import NIOPosix

extension Surroundings {
  /// The process's own environment, output and terminal.
  public static func ofProcess(environment: [String: String]) -> Surroundings {
    // A closed pipe is an error of write, not a signal.
    signal(SIGPIPE, SIG_IGN)
    // One connection needs no more.
    NIOSingletons.groupLoopCountSuggestion = 1
    let isTerminal = isatty(STDOUT_FILENO) == 1
    let isColoured =
      isTerminal && environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb"
    return Surroundings(
      environment: environment, user: geteuid(), output: StandardOutput(),
      page: {
        Page(
          size: isTerminal ? terminalSize() : nil, isColoured: isColoured, now: wallClock(),
          localOffset: localOffset)
      }, untilInterrupted: endOnInterrupt, question: ask,
      secret: isatty(STDIN_FILENO) == 1 ? askHidden : nil)
  }

  private static func ask(_ text: String) -> String? {
    guard isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else { return nil }
    StandardOutput().complain(text)
    return readLine()
  }

  /// Asks at the terminal without showing what is typed; the terminal shows it again whatever ends the wait.
  @Sendable private static func askHidden(_ text: String) -> String? {
    var old = termios()
    guard tcgetattr(STDIN_FILENO, &old) == 0 else { return nil }
    var hidden = old
    hidden.c_lflag &= ~tcflag_t(ECHO)
    // Held back until the terminal is as it was: Ctrl-C must not leave it mute.
    var (ending, before) = (sigset_t(), sigset_t())
    for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP] { sigaddset(&ending, number) }
    pthread_sigmask(SIG_BLOCK, &ending, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden)
    defer { tcsetattr(STDIN_FILENO, TCSAFLUSH, &old) }
    let terminal = StandardOutput()
    terminal.complain(text)
    defer { terminal.complain("\n") }
    return readLine()
  }

  private static func terminalSize() -> Page.Size {
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
      return Page.Size(columns: 80, rows: 24)
    }
    return Page.Size(columns: Int(size.ws_col), rows: size.ws_row > 0 ? Int(size.ws_row) : 24)
  }

  private static func wallClock() -> Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
  }

  private static func localOffset(_ time: Timestamp) -> Int64 {
    var seconds = time_t(time.nanoseconds / 1_000_000_000)
    var local = tm()
    return localtime_r(&seconds, &local) == nil ? 0 : Int64(local.tm_gmtoff)
  }

  /// Leaving from the handler itself also ends a process that waits for a terminal to take its output.
  private static func endOnInterrupt(hidesCursor: Bool) {
    if hidesCursor {
      for number in [SIGINT, SIGTERM, SIGHUP] {
        signal(number) { number in
          write(STDOUT_FILENO, "\u{1B}[?25h\n", 7)
          _exit(number == SIGINT ? 0 : 128 + number)
        }
      }
    } else {
      signal(SIGINT) { _ in _exit(0) }
    }
  }
}

/// The process's standard output and standard error.
private struct StandardOutput: Output {
  func write(_ text: String) throws(OutputError) {
    let code = Self.write(text, to: STDOUT_FILENO)
    guard code == 0 else { throw code == EPIPE ? .readerGone : .system(code) }
  }

  func complain(_ text: String) { _ = Self.write(text, to: STDERR_FILENO) }

  /// - Returns: 0, or the error number.
  private static func write(_ text: String, to descriptor: CInt) -> Int32 {
    var text = text
    return text.withUTF8 { bytes in
      var written = 0
      while written < bytes.count, let start = bytes.baseAddress {
        let count = Glibc.write(descriptor, start + written, bytes.count - written)
        if count > 0 {
          written += count
        } else if errno == EAGAIN {
          // Someone else made the terminal non-blocking.
          var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
          poll(&wait, 1, -1)
        } else if errno != EINTR {
          return errno
        }
      }
      return 0
    }
  }
}
