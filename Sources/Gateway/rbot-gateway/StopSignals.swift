@preconcurrency import Dispatch
import Glibc

/// SIGTERM and SIGINT as calls.
struct StopSignals {
  private let sources: [any DispatchSourceSignal]

  init(_ stop: @escaping @Sendable () -> Void) {
    sources = [SIGTERM, SIGINT].map { number in
      // The default would end the process before the source is asked.
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler(handler: stop)
      source.resume()
      return source
    }
  }

  func cancel() { for source in sources { source.cancel() } }
}

/// Looks at the file system.
enum FileCheck {
  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }
}
