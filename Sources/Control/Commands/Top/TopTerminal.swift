import Glibc
import Synchronization

/// The terminal while `rbotctl top` has it: raw, on its other screen, without a cursor; and given back as it was,
/// whatever ends the program.
///
/// The handlers of signals do the giving back themselves: it is a `tcsetattr` and a `write`, which both are
/// allowed there, so it works also when nothing else does any more.
enum TopTerminal {
  /// What handlers need. Written before they are installed and never after, so that reading it is safe; only
  /// the flag changes, and that is atomic.
  private struct Saved {
    let before: UnsafeMutablePointer<termios>
    let raw: UnsafeMutablePointer<termios>
    let wake: Int32
  }

  // Set once, on the thread that begins, before the first handler is.
  private nonisolated(unsafe) static var saved: Saved?
  private static let isTaken = Atomic(false)

  private static let fatal = [SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGABRT, SIGFPE]
  private static let ending = [SIGTERM, SIGHUP, SIGINT, SIGQUIT]

  private static let enterText: StaticString = "\u{1B}[?1049h\u{1B}[?25l\u{1B}[?7l\u{1B}[2J\u{1B}[H"
  private static let leaveText: StaticString = "\u{1B}[0m\u{1B}[?2026l\u{1B}[?7h\u{1B}[?25h\u{1B}[?1049l"

  /// Takes the terminal.
  ///
  /// - Returns: a descriptor that can be read when the size has changed or the program was continued.
  /// - Throws: ``Failure`` where input or output is no terminal.
  static func take() throws(Failure) -> Int32 {
    var before = termios()
    guard isatty(STDOUT_FILENO) == 1, tcgetattr(STDIN_FILENO, &before) == 0 else {
      throw Failure(
        .usage, "no_terminal", "top needs a terminal; without one, use \"rbotctl status --watch\" or --once")
    }
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else {
      throw Failure(.refused, "pipe", "cannot make a pipe: \(String(cString: strerror(errno)))")
    }
    // A handler must not wait for a pipe that is full of wakes.
    for end in ends { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
    var raw = before
    cfmakeraw(&raw)
    // Output as ever: a message of another program on this terminal stays readable.
    raw.c_oflag = before.c_oflag
    let saved = Saved(before: .allocate(capacity: 1), raw: .allocate(capacity: 1), wake: ends[1])
    saved.before.initialize(to: before)
    saved.raw.initialize(to: raw)
    self.saved = saved
    enter()
    installHandlers()
    return ends[0]
  }

  /// Gives the terminal back; more than once does no harm.
  static func giveBack() { leave() }

  /// Stops the program as Ctrl-Z does; returns when it is continued.
  static func suspend() {
    leave()
    kill(getpid(), SIGSTOP)
    // The handler of SIGCONT has taken the terminal again.
  }

  private static func enter() {
    guard let saved, !isTaken.exchange(true, ordering: .sequentiallyConsistent) else { return }
    tcsetattr(STDIN_FILENO, TCSANOW, saved.raw)
    _ = write(STDOUT_FILENO, enterText.utf8Start, enterText.utf8CodeUnitCount)
  }

  private static func leave() {
    guard let saved, isTaken.exchange(false, ordering: .sequentiallyConsistent) else { return }
    _ = write(STDOUT_FILENO, leaveText.utf8Start, leaveText.utf8CodeUnitCount)
    tcsetattr(STDIN_FILENO, TCSANOW, saved.before)
  }

  private static func wake() {
    var byte: UInt8 = 1
    if let saved { _ = write(saved.wake, &byte, 1) }
  }

  private static func installHandlers() {
    for number in ending {
      signal(number) { number in
        TopTerminal.leave()
        _exit(number == SIGINT ? 0 : 128 + number)
      }
    }
    for number in fatal {
      signal(number) { number in
        TopTerminal.leave()
        // What it would have done without us: the message and the core.
        signal(number, SIG_DFL)
        raise(number)
      }
    }
    signal(SIGTSTP) { _ in
      let error = errno
      TopTerminal.leave()
      kill(getpid(), SIGSTOP)
      errno = error
    }
    signal(SIGCONT) { _ in
      let error = errno
      // After a stop that nobody can catch as well.
      TopTerminal.isTaken.store(false, ordering: .sequentiallyConsistent)
      TopTerminal.enter()
      TopTerminal.wake()
      errno = error
    }
    signal(SIGWINCH) { _ in
      let error = errno
      TopTerminal.wake()
      errno = error
    }
  }
}
